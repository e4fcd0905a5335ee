/* The publisher: one connection that sends ready-made requests in turn and takes note of each answer. */
#define _GNU_SOURCE
#include "wsload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* In a request, this is replaced by the number of the message, which has as many digits. */
static const char MARK[] = "##########";
enum { ANSWERS_BYTES = 1 << 16 };

struct request {
    char *bytes, *mark; /* `mark` is NULL if the message has no number */
    size_t length;
};

uint32_t refused;
static const struct options *options;
static struct request requests[MAX_REQUESTS];
static int fd = -1;
static char *waiting;                 /* what the connection has not taken yet */
static size_t waiting_length, waiting_room;
static char answers[ANSWERS_BYTES];
static size_t answers_length;
static uint32_t answered;

static struct request read_request(const char *path) {
    struct request read = {.bytes = malloc(1 << 17)};
    FILE *file = fopen(path, "r");
    if (!read.bytes || !file) die(path);
    read.length = fread(read.bytes, 1, (1 << 17) - 1, file);
    fclose(file);
    read.mark = memmem(read.bytes, read.length, MARK, sizeof MARK - 1);
    return read;
}

void publisher_begin(const struct options *given) {
    options = given;
    for (int i = 0; i < options->request_count; i++) requests[i] = read_request(options->requests[i]);
    fd = connect_to(options->publish_port, -1);
    if (watch(fd, &fd) < 0) die("cannot watch the publisher's connection");
}

bool publisher_owns(const void *owner) { return owner == &fd; }

bool publisher_is_free(void) {
    return tally.published - answered < (uint32_t)options->outstanding && !tally_is_full();
}

static void flush(void) {
    size_t sent = 0;
    while (sent < waiting_length) {
        ssize_t count = send(fd, waiting + sent, waiting_length - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN) die("cannot publish");
        if (count < 0) break;
        sent += count;
    }
    waiting_length -= sent;
    memmove(waiting, waiting + sent, waiting_length);
}

void publisher_publish(uint64_t due) {
    uint32_t message = tally_published(due);
    struct request *request = &requests[message % options->request_count];
    if (request->mark) {
        char digits[24];
        int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)(options->first_number + message));
        if (length != sizeof MARK - 1) give_up("numbers must have ten digits");
        memcpy(request->mark, digits, length);
    }
    if (waiting_length + request->length > waiting_room) {
        waiting_room = 2 * (waiting_length + request->length);
        waiting = realloc(waiting, waiting_room);
        if (!waiting) die("no memory");
    }
    memcpy(waiting + waiting_length, request->bytes, request->length);
    waiting_length += request->length;
    flush();
}

/* How long the first answer is; 0 if it is not whole yet. */
static size_t http_answer(void) {
    const char *end = memmem(answers, answers_length, "\r\n\r\n", 4);
    if (!end) return 0;
    const char *length = strcasestr(answers, "\r\ncontent-length:");
    size_t whole = end + 4 - answers + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    if (whole > answers_length) return 0;
    /* "HTTP/1.1 200" */
    if (answers[9] != '2' && !refused++) fprintf(stderr, "wsload: not published: %.*s\n", (int)whole, answers);
    return whole;
}

/* ":1\r\n", or "-ERR ...\r\n" */
static size_t redis_answer(void) {
    const char *end = memmem(answers, answers_length, "\r\n", 2);
    if (!end) return 0;
    if (answers[0] != ':') refused++;
    return end + 2 - answers;
}

static void take_answers(void) {
    uint64_t now = now_ns();
    size_t length;
    answers[answers_length] = 0;
    while ((length = options->answers_in_http ? http_answer() : redis_answer())) {
        answers_length -= length;
        memmove(answers, answers + length, answers_length + 1);
        tally_answered(answered++, now);
    }
    if (answers_length == sizeof answers - 1) give_up("an answer that is too long");
}

void publisher_read(void) {
    if (fd < 0) return;
    if (waiting_length) flush();
    ssize_t count = recv(fd, answers + answers_length, sizeof answers - 1 - answers_length, 0);
    if (count == 0) give_up("the publisher's connection was closed");
    if (count < 0 && errno != EAGAIN) die("cannot read what publishing is answered");
    if (count > 0) {
        answers_length += count;
        take_answers();
    }
}
