/* The clock, and what processes use, from /proc. */
#include "wsload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

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

static FILE *open_of(int pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    if (!file) die("a measured process has ended");
    return file;
}

static double cpu_s(int pid) {
    char text[1024] = "";
    FILE *file = open_of(pid, "stat");
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    unsigned long user = 0, system = 0;
    /* The name in brackets may hold anything; the numbers begin after its end. */
    const char *end = strrchr(text, ')');
    if (!end || sscanf(end + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        give_up("cannot read a process's times");
    return (double)(user + system) / sysconf(_SC_CLK_TCK);
}

static long memory_kb(int pid) {
    char line[256];
    long found = 0;
    FILE *file = open_of(pid, "status");
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
