/* wsload: open WebSockets, publish, and tell as one line of JSON what arrived when and what it cost the server.
 *
 * cc -O2 -o wsload *.c; benchmarks/measures.py knows how to ask. */
#define _GNU_SOURCE
#include "wsload.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const uint64_t OPENING = 120ull * S, STALLED = 3ull * S, OVERLOADED = 1ull * S, DRAINING = 2ull * S;

/* What the server and we used, and what was published, between the beginning and the end of the measured time. */
struct measured {
    uint64_t began, ended;
    double cpu_s, own_cpu_s;
    uint32_t published;
    bool gave_up;
};

static const struct option NAMES[] = {
    {"port", 1, 0, 'p'}, {"path", 1, 0, 'P'}, {"header", 1, 0, 'H'}, {"hello", 1, 0, 'l'}, {"ready", 1, 0, 'y'},
    {"sockets", 1, 0, 'n'}, {"at-once", 1, 0, 'i'}, {"number-after", 1, 0, 'a'}, {"first-number", 1, 0, 'f'},
    {"publish-port", 1, 0, 'q'}, {"answers", 1, 0, 'A'}, {"request", 1, 0, 'r'}, {"outstanding", 1, 0, 'o'},
    {"window", 1, 0, 'w'}, {"rate", 1, 0, 'R'}, {"warm-up", 1, 0, 'u'}, {"seconds", 1, 0, 's'},
    {"settle", 1, 0, 't'}, {"pid", 1, 0, 'S'}, {"gate", 0, 0, 'g'}, {"at-most", 1, 0, 'm'}, {0},
};

static void set(struct options *options, int name, char *value) {
    size_t length;
    switch (name) {
    case 'p': options->port = atoi(value); break;
    case 'P': options->path = value; break;
    case 'H':
        length = strlen(options->headers);
        snprintf(options->headers + length, sizeof options->headers - length, "%s\r\n", value);
        break;
    case 'l': options->hello = value; break;
    case 'y': options->ready = value; break;
    case 'n': options->sockets = atoi(value); break;
    case 'i': options->at_once = atoi(value); break;
    case 'a': options->number_after = value; break;
    case 'f': options->first_number = strtoull(value, NULL, 10); break;
    case 'q': options->publish_port = atoi(value); break;
    case 'A': options->answers_in_http = !strcmp(value, "http"); break;
    case 'r':
        if (options->request_count < MAX_REQUESTS) options->requests[options->request_count++] = value;
        break;
    case 'o': options->outstanding = atoi(value); break;
    case 'w': options->window = atoi(value); break;
    case 'R': options->rate = atof(value); break;
    case 'u': options->warm_up_s = atof(value); break;
    case 's': options->seconds = atof(value); break;
    case 't': options->settle_s = atof(value); break;
    case 'S':
        if (options->pid_count < MAX_PIDS) options->pids[options->pid_count++] = atoi(value);
        break;
    case 'm': options->at_most = atoi(value); break;
    case 'g': options->gate = true; break;
    default: exit(2);
    }
}

static void allow_many_files(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void wait_for(double seconds) {
    uint64_t end = now_ns() + (uint64_t)(seconds * S);
    while (now_ns() < end) sockets_wait(end);
}

/* Open all; return the seconds that it took. */
static double open_all(const struct options *options) {
    uint64_t began = now_ns();
    while (opened + failed < options->sockets && now_ns() < began + OPENING) {
        sockets_open_more();
        sockets_wait(now_ns() + S / 20);
    }
    return (double)(now_ns() - began) / S;
}

static void begin_measuring(const struct options *options, struct measured *measured) {
    tally.is_measuring = true;
    tally.measured_from = tally.published;
    measured->cpu_s = cpu_of_s(options);
    measured->own_cpu_s = own_cpu_s();
    measured->began = now_ns();
}

static void end_measuring(const struct options *options, struct measured *measured) {
    tally.is_measuring = false;
    measured->ended = now_ns();
    measured->cpu_s = cpu_of_s(options) - measured->cpu_s;
    measured->own_cpu_s = own_cpu_s() - measured->own_cpu_s;
    measured->published = tally.published - tally.measured_from;
}

/* Publish what is due by now at this rate; latencies count from when it was due, however late we are. */
static uint64_t publish_due(const struct options *options, uint64_t began, uint64_t now) {
    uint64_t due;
    while ((due = began + (uint64_t)(tally.published * (S / options->rate))) <= now && publisher_is_free())
        publisher_publish(due);
    return due > now ? due : now + S / 1000;
}

static uint64_t publish_window(const struct options *options, uint64_t now) {
    while (tally.published - tally.complete < (uint32_t)options->window && publisher_is_free()) publisher_publish(now);
    return now + S / 50;
}

/* Whether there is no hope: a message got nowhere in a closed loop, or took far too long in an open one. */
static bool is_hopeless(const struct options *options, uint64_t now) {
    if (closed) return true;
    if (options->rate) return tally_oldest_due() != UINT64_MAX && tally_oldest_due() + OVERLOADED < now;
    return tally.last_progress + STALLED < now;
}

static void drain(const struct options *options) {
    uint64_t before = tally.received, since = now_ns();
    while (tally.received < (uint64_t)tally.published * options->sockets && now_ns() < since + DRAINING) {
        sockets_wait(now_ns() + S / 100);
        if (tally.received != before) since = now_ns();
        before = tally.received;
    }
}

static struct measured publish(const struct options *options) {
    struct measured measured = {0};
    uint64_t began = now_ns(), measure = began + (uint64_t)(options->warm_up_s * S);
    uint64_t end = measure + (uint64_t)(options->seconds * S), now;
    tally.last_progress = began;
    tally.measured_from = UINT32_MAX;
    while ((now = now_ns()) < end && !measured.gave_up && !tally_is_full()) {
        if (!measured.began && now >= measure) begin_measuring(options, &measured);
        uint64_t next = options->rate ? publish_due(options, began, now) : publish_window(options, now);
        /* Waking a sleeping core costs a server up to a third of a send, and who sends fast hardly ever has to. */
        if (options->window == 1 && tally_is_under_way()) next = now;
        sockets_wait(next < end ? next : end);
        measured.gave_up = is_hopeless(options, now);
    }
    if (measured.began) end_measuring(options, &measured);
    if (!measured.gave_up) drain(options);
    return measured;
}

static void tell(const struct options *options, const struct measured *measured) {
    double seconds = measured->began ? (double)(measured->ended - measured->began) / S : 0;
    uint64_t expected = (uint64_t)tally.published * options->sockets;
    printf(",\"seconds\":%.3f,\"gave_up\":%s,\"published\":%u,\"refused\":%u,\"lost\":%llu,\"duplicates\":%llu", seconds,
        measured->gave_up ? "true" : "false", tally.published, refused, (unsigned long long)(expected - tally.received),
        (unsigned long long)tally.duplicates);
    printf(",\"skipped\":%llu,\"deliveries\":%llu", (unsigned long long)tally.skipped,
        (unsigned long long)tally.received_in_time);
    printf(",\"p50_ms\":%.3f,\"p99_ms\":%.3f", tally_latency_ms(0.5), tally_latency_ms(0.99));
    printf(",\"last_p50_ms\":%.3f,\"last_p99_ms\":%.3f", tally_last_ms(FROM_DUE, 0.5), tally_last_ms(FROM_DUE, 0.99));
    printf(",\"answer_last_p50_ms\":%.3f,\"answer_last_p99_ms\":%.3f", tally_last_ms(FROM_ANSWER, 0.5),
        tally_last_ms(FROM_ANSWER, 0.99));
    printf(",\"answered_p50_ms\":%.3f,\"answered_p99_ms\":%.3f", tally_answered_ms(0.5), tally_answered_ms(0.99));
    printf(",\"cpu_s\":%.3f,\"own_cpu_s\":%.3f", measured->cpu_s, measured->own_cpu_s);
}

/* Whoever asked has something to do before the first message, and the sockets stay good meanwhile. */
static void pass_the_gate(void) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    char line[16];
    printf("open\n");
    fflush(stdout);
    while (!poll(&input, 1, 0)) sockets_wait(now_ns() + S / 100);
    if (!fgets(line, sizeof line, stdin)) give_up("nobody opened the gate");
}

int main(int count, char **words) {
    struct options options = {.path = "/", .sockets = 100, .at_once = 64, .outstanding = 8, .seconds = 1, .settle_s = 0.3};
    for (int name; (name = getopt_long(count, words, "", NAMES, NULL)) != -1;) set(&options, name, optarg);
    allow_many_files();
    sockets_begin(&options);
    tally_begin(options.sockets, options.at_most);
    long before_kb = memory_of_kb(&options);
    double opening_s = open_all(&options);
    wait_for(options.settle_s);
    long after_kb = memory_of_kb(&options);
    if (options.gate) pass_the_gate();
    struct measured measured = {0};
    bool publishes = options.request_count && opened == options.sockets;
    if (publishes) {
        publisher_begin(&options);
        measured = publish(&options);
    }
    printf("{\"sockets\":%d,\"opened\":%d,\"closed\":%d,\"opening_s\":%.3f,\"memory_kb\":%ld", options.sockets, opened, closed,
        opening_s, after_kb - before_kb);
    if (publishes) tell(&options, &measured);
    printf("}\n");
    return 0;
}
