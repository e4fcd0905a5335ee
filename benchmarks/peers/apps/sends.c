/* The limit that a fan-out is measured against: one send() per socket and message, and nothing else.
 *
 * sends PORT: GET /ws is a WebSocket that hears every body of POST /publish as a text frame. It answers only the key
 * of RFC 6455's example, which is the one that wsload sends, so it needs no SHA-1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 512, INPUT_BYTES = 1 << 17, MAX_WAITING = 1 << 24, MAX_BOARDS = 1 << 16 };

struct client {
    int fd, place;          /* `place` in `boards`, or -1 for one that speaks HTTP */
    char *input;            /* of HTTP: what is not answered yet */
    size_t input_length;
    char *waiting;          /* what the socket has not taken yet */
    size_t waiting_length;
};

static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char WELCOME[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char TAKEN[] = "HTTP/1.1 204 No Content\r\n\r\n", BAD[] = "HTTP/1.1 400 Bad Request\r\n\r\n";

static struct client *boards[MAX_BOARDS];
static int board_count, poll_fd;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void end(struct client *client) {
    if (client->place >= 0) {
        boards[client->place] = boards[--board_count];
        boards[client->place]->place = client->place;
    }
    close(client->fd);
    free(client->input);
    free(client->waiting);
    free(client);
}

static void watch(struct client *client, int change, uint32_t events) {
    struct epoll_event wanted = {.events = events, .data.ptr = client};
    if (epoll_ctl(poll_fd, change, client->fd, &wanted) < 0) die("epoll_ctl");
}

/* Keep what a full socket did not take. A reader that is megabytes behind is cut off, at its next event. */
static void keep(struct client *client, const char *bytes, size_t length) {
    if (client->waiting_length + length > MAX_WAITING) {
        shutdown(client->fd, SHUT_RDWR);
        return;
    }
    client->waiting = realloc(client->waiting, client->waiting_length + length);
    if (!client->waiting) die("realloc");
    memcpy(client->waiting + client->waiting_length, bytes, length);
    if (!client->waiting_length) watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    client->waiting_length += length;
}

static void put(struct client *client, const char *bytes, size_t length) {
    ssize_t sent = client->waiting_length ? 0 : send(client->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return; /* its next event says that it is gone */
    if (sent < 0) sent = 0;
    if ((size_t)sent < length) keep(client, bytes + sent, length - sent);
}

static void put_waiting(struct client *client) {
    ssize_t sent = send(client->fd, client->waiting, client->waiting_length, MSG_NOSIGNAL);
    if (sent <= 0) return;
    client->waiting_length -= sent;
    memmove(client->waiting, client->waiting + sent, client->waiting_length);
    if (client->waiting_length) return;
    free(client->waiting);
    client->waiting = NULL;
    watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void publish(const char *body, size_t length) {
    static char frame[INPUT_BYTES + 10];
    size_t header = length < 126 ? 2 : length < 65536 ? 4 : 10;
    frame[0] = (char)0x81;
    frame[1] = (char)(header == 2 ? length : header == 4 ? 126 : 127);
    for (size_t i = 2; i < header; i++) frame[i] = (char)(length >> 8 * (header - 1 - i));
    memcpy(frame + header, body, length);
    for (int i = 0; i < board_count; i++) put(boards[i], frame, header + length);
}

static void welcome(struct client *client) {
    if (board_count == MAX_BOARDS) die("too many boards");
    free(client->input);
    client->input = NULL;
    client->place = board_count;
    boards[board_count++] = client;
    put(client, WELCOME, sizeof WELCOME - 1);
}

/* Answer the first request that is whole; return how long it was, or 0. */
static size_t answer(struct client *client) {
    char *head_end = memmem(client->input, client->input_length, "\r\n\r\n", 4);
    if (!head_end) return 0;
    size_t head = head_end + 4 - client->input;
    if (!memcmp(client->input, "GET", 3)) {
        if (memmem(client->input, head, KEY, sizeof KEY - 1)) welcome(client);
        else put(client, BAD, sizeof BAD - 1);
        return head;
    }
    *head_end = 0;
    const char *length = strcasestr(client->input, "\r\ncontent-length:");
    *head_end = '\r';
    size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
    if (client->input_length < head + body) return 0;
    publish(client->input + head, body);
    put(client, TAKEN, sizeof TAKEN - 1);
    return head + body;
}

static void speak_http(struct client *client, const char *bytes, size_t length) {
    size_t taken;
    if (!client->input) client->input = malloc(INPUT_BYTES);
    if (!client->input || client->input_length + length > INPUT_BYTES) die("a request that is too long");
    memcpy(client->input + client->input_length, bytes, length);
    client->input_length += length;
    while (client->place < 0 && (taken = answer(client)) && client->place < 0) {
        client->input_length -= taken;
        memmove(client->input, client->input + taken, client->input_length);
    }
}

static void on_event(struct client *client, uint32_t events) {
    static char bytes[INPUT_BYTES];
    if (events & EPOLLOUT) put_waiting(client);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    ssize_t length = recv(client->fd, bytes, sizeof bytes / 2, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (length <= 0) end(client);
    /* What boards say, pongs and closes, changes nothing here. */
    else if (client->place < 0) speak_http(client, bytes, length);
}

static void accept_all(int listener) {
    int fd, on = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct client *client = calloc(1, sizeof *client);
        if (!client) die("calloc");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        client->fd = fd;
        client->place = -1;
        watch(client, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 4096) < 0) die("listen");
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &wanted);
    return fd;
}

int main(int count, char **words) {
    static struct epoll_event events[EVENTS];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    poll_fd = epoll_create1(0);
    int listener = listen_on(count > 1 ? atoi(words[1]) : 0);
    for (;;) {
        int ready = epoll_wait(poll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.ptr) on_event(events[i].data.ptr, events[i].events);
            else accept_all(listener);
        }
    }
}
