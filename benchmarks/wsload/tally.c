/* What was published, what arrived where, and how long it took. Messages are counted from 0. */
#include "wsload.h"

#include <stdlib.h>

/* Far more than any run of a few seconds publishes. */
enum { MAX_MESSAGES = 1 << 20 };
static uint32_t at_most = MAX_MESSAGES;

/* A log-linear histogram: 64 steps for each doubling, so that a value is at most 1.6 % off. */
enum { STEPS = 128, BUCKETS = 64 * STEPS };

struct tally tally;
static uint32_t sockets;
static uint64_t *due, *answered, *last; /* by message; 0 is not yet */
static uint32_t *deliveries;            /* by message: how many sockets have it */
static uint64_t buckets[BUCKETS], counted;

void tally_begin(int count, int messages) {
    sockets = count;
    if (messages && messages < MAX_MESSAGES) at_most = messages;
    due = calloc(MAX_MESSAGES, sizeof *due);
    answered = calloc(MAX_MESSAGES, sizeof *answered);
    last = calloc(MAX_MESSAGES, sizeof *last);
    deliveries = calloc(MAX_MESSAGES, sizeof *deliveries);
    if (!due || !answered || !last || !deliveries) die("no memory");
}

bool tally_is_full(void) { return tally.published == at_most; }

uint32_t tally_published(uint64_t at) {
    due[tally.published] = at;
    return tally.published++;
}

void tally_answered(uint32_t message, uint64_t now) { answered[message] = now; }

static void record(uint64_t ns) {
    unsigned exponent = ns < STEPS ? 0 : 57 - __builtin_clzll(ns);
    buckets[exponent * STEPS + ((ns >> exponent) & (STEPS - 1))]++;
    counted++;
}

void tally_delivered(uint32_t message, uint32_t *next, uint64_t now) {
    if (message >= tally.published) return; /* none of this run */
    if (message < *next) {
        tally.duplicates++;
        return;
    }
    tally.skipped += message - *next;
    *next = message + 1;
    tally.received++;
    if (tally.is_measuring) tally.received_in_time++;
    if (message >= tally.measured_from) record(now - due[message]);
    if (++deliveries[message] < sockets) return;
    last[message] = now;
    tally.last_progress = now;
    while (tally.complete < tally.published && deliveries[tally.complete] >= sockets) tally.complete++;
}

bool tally_is_under_way(void) { return tally.received > (uint64_t)tally.complete * sockets; }

uint64_t tally_oldest_due(void) { return tally.complete < tally.published ? due[tally.complete] : UINT64_MAX; }

double tally_latency_ms(double share) {
    uint64_t wanted = (uint64_t)(share * counted), seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++)
        if ((seen += buckets[i]) > wanted) return (double)((uint64_t)(i % STEPS) << (i / STEPS)) / 1e6;
    return 0;
}

static int by_value(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double percentile_ms(int64_t *found, uint32_t count, double share) {
    qsort(found, count, sizeof *found, by_value);
    double value = count ? found[(uint32_t)(share * count)] / 1e6 : 0;
    free(found);
    return value;
}

static int64_t *room(void) {
    int64_t *found = calloc(tally.published + 1, sizeof(int64_t));
    if (!found) die("no memory");
    return found;
}

/* How long the last socket waited for a message, since it was due or since its publishing was answered. */
double tally_last_ms(enum from from, double share) {
    uint32_t count = 0;
    int64_t *found = room();
    for (uint32_t i = tally.measured_from; i < tally.published; i++) {
        uint64_t began = from == FROM_DUE ? due[i] : answered[i];
        /* The answer may come after the last delivery: then nobody waited. */
        if (last[i] && began) found[count++] = last[i] > began ? (int64_t)(last[i] - began) : 0;
    }
    return percentile_ms(found, count, share);
}

/* How long publishing took to be answered. */
double tally_answered_ms(double share) {
    uint32_t count = 0;
    int64_t *found = room();
    for (uint32_t i = tally.measured_from; i < tally.published; i++)
        if (answered[i]) found[count++] = (int64_t)(answered[i] - due[i]);
    return percentile_ms(found, count, share);
}
