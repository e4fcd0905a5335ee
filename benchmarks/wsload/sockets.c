/* The sockets: handshakes, frames, and the numbers in what is delivered. */
#define _GNU_SOURCE
#include "wsload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* The example of RFC 6455, section 1.3. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==", ACCEPT[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
enum { EVENTS = 1024, READ_BYTES = 1 << 18, NUMBER_WITHIN = 96, SOCKETS_PER_ADDRESS = 20000, MASKED = 0x80 };
enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };
enum state { CONNECTING, SHAKING_HANDS, GREETING, OPEN, GONE };

struct peer {
    int fd;
    enum state state;
    uint32_t next;                    /* the message that it should get next */
    char *kept;                       /* the beginning of a frame whose end is still to come */
    uint32_t kept_length, kept_room;
};

int opened, failed, closed;
static const struct options *options;
static struct peer *peers;
static int started, under_way, poll_fd;
static char buffer[READ_BYTES];

void sockets_begin(const struct options *given) {
    options = given;
    peers = calloc(options->sockets, sizeof *peers);
    poll_fd = epoll_create1(0);
    if (!peers || poll_fd < 0) die("cannot begin");
}

int watch(int fd, void *owner) {
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = owner};
    return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &wanted);
}

/* Connections come from 127.0.0.2 and up, since each address has only so many ports. */
int connect_to(int port, int index) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    if (fd < 0) die("cannot make a socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (index >= 0) from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + index / SOCKETS_PER_ADDRESS);
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0) die("cannot bind");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) die("cannot connect");
    return fd;
}

/* What a client sends is small; a full buffer only means that the server is slow to read it. */
void write_all(int fd, const char *bytes, size_t length) {
    while (length) {
        ssize_t written = send(fd, bytes, length, MSG_NOSIGNAL);
        if (written < 0 && errno != EAGAIN) return;
        if (written < 0) {
            usleep(100);
            continue;
        }
        bytes += written;
        length -= written;
    }
}

void sockets_open_more(void) {
    while (under_way < options->at_once && started < options->sockets) {
        struct peer *peer = &peers[started];
        peer->fd = connect_to(options->port, started++);
        under_way++;
        if (watch(peer->fd, peer) < 0) die("cannot watch a socket");
    }
}

static void write_path(const struct peer *peer, char *path, size_t size) {
    const char *star = strchr(options->path, '*');
    if (star) snprintf(path, size, "%.*s%d%s", (int)(star - options->path), options->path, (int)(peer - peers), star + 1);
    else snprintf(path, size, "%s", options->path);
}

static void shake_hands(struct peer *peer) {
    char request[sizeof options->headers + 1024], path[512];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    write_path(peer, path, sizeof path);
    int length = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
        path, options->port, KEY, options->headers);
    peer->state = SHAKING_HANDS;
    if (!error) write_all(peer->fd, request, length);
}

static void gone(struct peer *peer) {
    if (peer->state == OPEN) closed++;
    else failed++, under_way--;
    peer->state = GONE;
    close(peer->fd);
}

/* Control frames and a hello: at most 125 bytes, with a mask of zeros. */
static void send_frame(struct peer *peer, int kind, const char *data, size_t length) {
    char frame[6 + 125] = {(char)(0x80 | kind), (char)(MASKED | length)};
    memcpy(frame + 6, data, length);
    write_all(peer->fd, frame, 6 + length);
}

static void is_open(struct peer *peer) {
    peer->state = OPEN;
    opened++;
    under_way--;
}

/* The number stands at the same place in all messages of a run. */
static const char *number_in(const char *data, size_t length) {
    static size_t place;
    size_t before = strlen(options->number_after);
    if (place + before > length || memcmp(data + place, options->number_after, before)) {
        const char *found = memmem(data, length < NUMBER_WITHIN ? length : NUMBER_WITHIN, options->number_after, before);
        if (!found) return NULL;
        place = found - data;
    }
    return data + place + before;
}

static void on_message(struct peer *peer, const char *data, size_t length, uint64_t now) {
    if (peer->state == GREETING) {
        size_t wanted = strlen(options->ready);
        if (length >= wanted && !memcmp(data, options->ready, wanted)) is_open(peer);
        return;
    }
    const char *digits = options->number_after ? number_in(data, length) : NULL;
    if (!digits) return;
    uint64_t number = 0;
    for (; digits < data + length && *digits >= '0' && *digits <= '9'; digits++) number = number * 10 + (*digits - '0');
    if (number >= options->first_number) tally_delivered(number - options->first_number, &peer->next, now);
}

static void on_frame(struct peer *peer, int first, const char *data, size_t length, uint64_t now) {
    int kind = first & 15;
    if ((first & 0xf0) != 0x80 || kind == 0) give_up("a frame that is fragmented or has reserved bits");
    if (kind == PING) send_frame(peer, PONG, data, length);
    else if (kind == CLOSE) gone(peer);
    else if (kind != PONG) on_message(peer, data, length, now);
}

/* Take all whole frames; return how many bytes they had. */
static size_t take_frames(struct peer *peer, const char *bytes, size_t length, uint64_t now) {
    size_t taken = 0;
    while (length - taken >= 2 && peer->state != GONE) {
        const uint8_t *head = (const uint8_t *)bytes + taken;
        size_t left = length - taken, header = 2, size = head[1] & 127;
        if (head[1] & MASKED) give_up("a masked frame from a server");
        if (size >= 126) {
            header = size == 126 ? 4 : 10;
            if (left < header) break;
            size = 0;
            for (size_t i = 2; i < header; i++) size = size << 8 | head[i];
        }
        if (left - header < size) break;
        taken += header + size;
        on_frame(peer, head[0], (const char *)head + header, size, now);
    }
    return taken;
}

/* Take the answer to the handshake; return how many bytes it had, 0 if it is not whole yet. */
static size_t take_answer(struct peer *peer, const char *bytes, size_t length) {
    static bool is_told;
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(bytes, "HTTP/1.1 101", 12) || !memmem(bytes, end - bytes, ACCEPT, strlen(ACCEPT))) {
        if (!is_told) fprintf(stderr, "wsload: refused: %.*s\n", (int)(end - bytes), bytes);
        is_told = true;
        gone(peer);
        return length;
    }
    peer->state = GREETING;
    if (options->hello) send_frame(peer, TEXT, options->hello, strlen(options->hello));
    if (!options->ready) is_open(peer);
    return end + 4 - bytes;
}

static size_t take(struct peer *peer, const char *bytes, size_t length, uint64_t now) {
    size_t taken = peer->state == SHAKING_HANDS ? take_answer(peer, bytes, length) : 0;
    if (peer->state == SHAKING_HANDS || peer->state == GONE) return taken;
    return taken + take_frames(peer, bytes + taken, length - taken, now);
}

static void make_room(struct peer *peer, size_t length) {
    if (peer->kept_room >= length) return;
    peer->kept_room = 2 * length;
    peer->kept = realloc(peer->kept, peer->kept_room);
    if (!peer->kept) die("no memory");
}

static void on_bytes(struct peer *peer, size_t length) {
    uint64_t now = now_ns();
    const char *bytes = buffer;
    if (peer->kept_length) {
        size_t whole = peer->kept_length + length;
        make_room(peer, whole);
        memcpy(peer->kept + peer->kept_length, buffer, length);
        bytes = peer->kept;
        length = whole;
    }
    size_t taken = take(peer, bytes, length, now);
    peer->kept_length = length - taken;
    if (!peer->kept_length) return;
    make_room(peer, peer->kept_length);
    memmove(peer->kept, bytes + taken, peer->kept_length);
}

static void on_readable(struct peer *peer) {
    ssize_t length = sizeof buffer;
    while (length == (ssize_t)sizeof buffer && peer->state != GONE) {
        length = recv(peer->fd, buffer, sizeof buffer, 0);
        if (length > 0) on_bytes(peer, length);
        else if (length == 0 || errno != EAGAIN) gone(peer);
    }
}

/* Take what comes until a time, or for one turn if something came. */
void sockets_wait(uint64_t until) {
    static struct epoll_event events[EVENTS];
    uint64_t now = now_ns(), left = until > now ? until - now : 0;
    struct timespec patience = {.tv_sec = left / S, .tv_nsec = left % S};
    int count = epoll_pwait2(poll_fd, events, EVENTS, &patience, NULL);
    for (int i = 0; i < count; i++) {
        struct peer *peer = events[i].data.ptr;
        /* So that the time of an answer is not that of what came after it. */
        if (publisher_owns(peer) || i % 16 == 0) publisher_read();
        if (publisher_owns(peer) || peer->state == GONE) continue;
        if (peer->state == CONNECTING && events[i].events & EPOLLOUT) shake_hands(peer);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) on_readable(peer);
    }
}
