/* What the benchmarks share: options by name, repeated timing, one JSON line a measurement. */
#ifndef AIGC_TESTS_BENCH_H
#define AIGC_TESTS_BENCH_H

#include "base/cpu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { BENCH_REPS_MAX = 1000 };

typedef struct bench_time {
    double median, min, max; /* seconds of one run */
} bench_time_t;

/* The value after "--name", or `otherwise`. */
static inline const char *bench_text(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    return otherwise;
}

static inline size_t bench_number(int argc, char **argv, const char *name, size_t otherwise)
{
    const char *text = bench_text(argc, argv, name, NULL);
    return text ? (size_t)strtoul(text, NULL, 10) : otherwise;
}

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Times `reps` repetitions of `inner` runs each, after one repetition that is not counted. */
static inline bench_time_t bench_time(void (*run)(void *user), void *user, size_t reps, size_t inner)
{
    double seconds[BENCH_REPS_MAX] = {0};
    if (reps < 1) reps = 1;
    if (reps > BENCH_REPS_MAX) reps = BENCH_REPS_MAX;
    for (size_t rep = 0; rep <= reps; rep++) {
        const double start = aigc__now();
        for (size_t i = 0; i < inner; i++) run(user);
        if (rep > 0) seconds[rep - 1] = (aigc__now() - start) / (double)inner;
    }
    qsort(seconds, reps, sizeof *seconds, bench_compare);
    return (bench_time_t){(seconds[(reps - 1) / 2] + seconds[reps / 2]) / 2, seconds[0], seconds[reps - 1]};
}

/* Largest memory this process has used so far, MiB. */
static inline double bench_peak_rss(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss / 1024 : 0;
}

/* One line. `gflop` (1e9 operations of one run) and `peak` (GFLOP/s of the machine) are 0 where they
 * mean nothing; `more` is further keys, `,"key":value`, or "". */
static inline void bench_print(const char *bench, const char *name, size_t threads, bench_time_t t, double gflop,
                               double peak, const char *more)
{
    printf("{\"bench\":\"%s\",\"case\":\"%s\",\"threads\":%zu,\"s_median\":%.6g,\"s_min\":%.6g,\"s_max\":%.6g", bench,
           name, threads, t.median, t.min, t.max);
    if (gflop > 0) printf(",\"gflops\":%.2f", gflop / t.median);
    if (gflop > 0 && peak > 0) printf(",\"pct_peak\":%.1f", 100 * gflop / t.median / peak);
    printf(",\"peak_rss_mib\":%.1f%s}\n", bench_peak_rss(), more);
    fflush(stdout);
}

#endif
