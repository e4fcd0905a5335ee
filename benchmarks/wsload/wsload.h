/* wsload: many WebSockets on one epoll loop, one publisher, and what became of each message.
 * Times are nanoseconds of CLOCK_MONOTONIC. One thread, one process, one of each of these. */
#ifndef WSLOAD_H
#define WSLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_REQUESTS = 64, MAX_PIDS = 8, S = 1000000000 };

struct options {
    int port;                     /* of the server under load, on this machine */
    const char *path;             /* of the WebSocket; a * in it stands for the number of the socket */
    char headers[8192];           /* more header lines of the handshake */
    const char *hello;            /* a message to send after the handshake */
    const char *ready;            /* a socket is open once a message begins so; unset: after the handshake */
    int sockets, at_once;         /* how many; how many handshakes at a time */
    const char *number_after;     /* what stands before a message's number in what is delivered */
    uint64_t first_number;        /* the number of the first message */
    int publish_port;
    bool answers_in_http;         /* else one line each, as Redis answers */
    const char *requests[MAX_REQUESTS]; /* files of what is sent to publish, in turn */
    int request_count, outstanding;     /* at most so many without an answer */
    int at_most;                  /* messages in all; 0: as many as there is time for */
    int window;                   /* messages published and not yet with all sockets ... */
    double rate;                  /* ... or messages per second */
    double warm_up_s, seconds, settle_s;
    int pids[MAX_PIDS], pid_count;      /* whose CPU and memory is measured */
    bool gate;                    /* say "open" when all are, and listen until there is a line to read */
};

/* sockets.c */
extern int opened, failed, closed;
void sockets_begin(const struct options *given);
void sockets_open_more(void);
void sockets_wait(uint64_t until);
int watch(int fd, void *owner);
int connect_to(int port, int index);
void write_all(int fd, const char *bytes, size_t length);

/* publisher.c */
void publisher_begin(const struct options *given);
bool publisher_owns(const void *owner);
bool publisher_is_free(void);
void publisher_publish(uint64_t due);
void publisher_read(void);
extern uint32_t refused;

/* tally.c */
struct tally {
    uint32_t published, complete;  /* `complete` messages have reached all sockets, none before them is missing */
    uint32_t measured_from;        /* the first message that counts for latencies */
    uint64_t received, received_in_time, duplicates, skipped, last_progress;
    bool is_measuring;
};
extern struct tally tally;
void tally_begin(int sockets, int at_most);
bool tally_is_full(void);
uint32_t tally_published(uint64_t due);
void tally_answered(uint32_t message, uint64_t now);
void tally_delivered(uint32_t message, uint32_t *next, uint64_t now);
bool tally_is_under_way(void); /* some sockets have a message that others have not */
uint64_t tally_oldest_due(void);
double tally_latency_ms(double share);
enum from { FROM_DUE, FROM_ANSWER };
double tally_last_ms(enum from from, double share);
double tally_answered_ms(double share);

/* process.c */
uint64_t now_ns(void);
double cpu_of_s(const struct options *options);
double own_cpu_s(void);
long memory_of_kb(const struct options *options);
void die(const char *what) __attribute__((noreturn));     /* with what the system says */
void give_up(const char *what) __attribute__((noreturn)); /* without */

#endif
