/* Which instruction sets this processor and operating system offer, and the floating-point state. */
#ifndef AIGC_BASE_CPU_H
#define AIGC_BASE_CPU_H

#include <stddef.h>
#include <stdint.h>

typedef enum aigc__cpu_level {
    AIGC__CPU_C = 0,
    AIGC__CPU_AVX2 = 1,   /* AVX2, FMA, F16C */
    AIGC__CPU_AVX512 = 2, /* AVX-512 F, BW, DQ, VL */
    AIGC__CPU_NEON = 3,
    AIGC__CPU_LEVELS = 4
} aigc__cpu_level_t;

/* The best level of this machine; asks the processor, not the build. */
aigc__cpu_level_t aigc__cpu_detect(void);
/* Non-zero where this machine can run the level. */
int aigc__cpu_has(aigc__cpu_level_t level);
const char *aigc__cpu_name(aigc__cpu_level_t level);

/* Cores this process may use (affinity and, on Linux, cgroup quota respected), at least 1. */
size_t aigc__cpu_cores(void);
/* Bytes of the first and second level data caches; 32 KiB and 256 KiB where unknown. */
size_t aigc__cpu_cache(int level);

/* Rounding to nearest, denormals kept, no traps; returns the state to give back. Around every public
 * call that computes, so that a caller's state neither changes results nor is changed. */
typedef struct aigc__fp_state {
    uint64_t control;
} aigc__fp_state_t;
aigc__fp_state_t aigc__fp_enter(void);
void aigc__fp_leave(aigc__fp_state_t state);

/* Seconds on a clock that never goes back. */
double aigc__now(void);

#endif
