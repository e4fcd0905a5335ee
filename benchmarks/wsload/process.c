/* The clock, and what processes use, from /proc. */
#include "wsload.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * S + now.tv_nsec;
}

void die(const char *what) {
    fprintf(stderr, "wsload: %s: %s\n", what, strerror(errno));
    exit(2);
}

void give_up(const char *what) {
    fprintf(stderr, "wsload: %s\n", what);
    exit(2);
}

/* What all threads have run, by the scheduler's own clock: /proc/PID/stat only samples at each tick of a timer, and
 * misses most of a server that works for a fraction of a millisecond each time a timer of ours has fired. */
static double cpu_s(int pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (!threads) die("a measured process has ended");
    unsigned long long sum = 0, ran;
    for (struct dirent *thread; (thread = readdir(threads));) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s/schedstat", path, thread->d_name);
        FILE *file = thread->d_name[0] == '.' ? NULL : fopen(name, "r");
        if (!file) continue;
        if (fscanf(file, "%llu", &ran) == 1) sum += ran;
        fclose(file);
    }
    closedir(threads);
    return (double)sum / S;
}

static long memory_kb(int pid) {
    char path[64], line[256];
    long found = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (!file) die("a measured process has ended");
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, "VmRSS:", 6)) found = atol(line + 6);
    fclose(file);
    return found;
}

double cpu_of_s(const struct options *options) {
    double sum = 0;
    for (int i = 0; i < options->pid_count; i++) sum += cpu_s(options->pids[i]);
    return sum;
}

long memory_of_kb(const struct options *options) {
    long sum = 0;
    for (int i = 0; i < options->pid_count; i++) sum += memory_kb(options->pids[i]);
    return sum;
}

double own_cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}
