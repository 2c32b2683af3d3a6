/* The arithmetic limit: independent multiply-add chains in registers, at a CPU level. */
#ifndef AIGC_TESTS_PEAK_H
#define AIGC_TESTS_PEAK_H

#include "base/pool.h"
#include "bench.h"
#include "kernels/unroll.h"
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { PEAK_STEPS = 2000000, PEAK_CHAINS = 12, PEAK_TILES_EACH = 4 };

typedef struct peak_job {
    aigc__pool_t *pool;
    float (*chains)(void); /* PEAK_STEPS multiply-adds in each of PEAK_CHAINS vectors */
    size_t lanes, tiles;
    volatile float sink[256];
} peak_job_t;

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static inline float peak_avx2(void)
{
    __m256 sum[PEAK_CHAINS];
    AIGC__UNROLL
    for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = _mm256_set1_ps((float)i);
    const __m256 a = _mm256_set1_ps(0.999999f), b = _mm256_set1_ps(1e-7f);
    for (int step = 0; step < PEAK_STEPS; step++) {
        AIGC__UNROLL
        for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = _mm256_fmadd_ps(sum[i], a, b);
    }
    AIGC__UNROLL
    for (int i = 1; i < PEAK_CHAINS; i++) sum[0] = _mm256_add_ps(sum[0], sum[i]);
    return _mm256_cvtss_f32(sum[0]);
}

__attribute__((target("avx512f"))) static inline float peak_avx512(void)
{
    __m512 sum[PEAK_CHAINS];
    AIGC__UNROLL
    for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = _mm512_set1_ps((float)i);
    const __m512 a = _mm512_set1_ps(0.999999f), b = _mm512_set1_ps(1e-7f);
    for (int step = 0; step < PEAK_STEPS; step++) {
        AIGC__UNROLL
        for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = _mm512_fmadd_ps(sum[i], a, b);
    }
    AIGC__UNROLL
    for (int i = 1; i < PEAK_CHAINS; i++) sum[0] = _mm512_add_ps(sum[0], sum[i]);
    return _mm512_cvtss_f32(sum[0]);
}

/* The plain C level: what the base instruction set does with a multiply and an add. */
static inline float peak_base(void)
{
    __m128 sum[PEAK_CHAINS];
    AIGC__UNROLL
    for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = _mm_set1_ps((float)i);
    const __m128 a = _mm_set1_ps(0.999999f), b = _mm_set1_ps(1e-7f);
    for (int step = 0; step < PEAK_STEPS; step++) {
        AIGC__UNROLL
        for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = _mm_add_ps(_mm_mul_ps(sum[i], a), b);
    }
    AIGC__UNROLL
    for (int i = 1; i < PEAK_CHAINS; i++) sum[0] = _mm_add_ps(sum[0], sum[i]);
    return _mm_cvtss_f32(sum[0]);
}
#elif defined(__aarch64__)
static inline float peak_base(void)
{
    float32x4_t sum[PEAK_CHAINS];
    AIGC__UNROLL
    for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = vdupq_n_f32((float)i);
    const float32x4_t a = vdupq_n_f32(0.999999f), b = vdupq_n_f32(1e-7f);
    for (int step = 0; step < PEAK_STEPS; step++) {
        AIGC__UNROLL
        for (int i = 0; i < PEAK_CHAINS; i++) sum[i] = vfmaq_f32(b, sum[i], a);
    }
    AIGC__UNROLL
    for (int i = 1; i < PEAK_CHAINS; i++) sum[0] = vaddq_f32(sum[0], sum[i]);
    return vgetq_lane_f32(sum[0], 0);
}
#else
static inline float peak_base(void)
{
    float sum[PEAK_CHAINS * 4];
    for (int i = 0; i < PEAK_CHAINS * 4; i++) sum[i] = (float)i;
    for (int step = 0; step < PEAK_STEPS; step++)
        for (int i = 0; i < PEAK_CHAINS * 4; i++) sum[i] = sum[i] * 0.999999f + 1e-7f;
    for (int i = 1; i < PEAK_CHAINS * 4; i++) sum[0] += sum[i];
    return sum[0];
}
#endif

static inline void peak_tile(void *user, size_t tile, size_t worker)
{
    peak_job_t *job = user;
    (void)worker;
    job->sink[tile % 256] = job->chains();
}

static inline void peak_run(void *user)
{
    peak_job_t *job = user;
    aigc__pool_run_whole(job->pool, peak_tile, job, job->tiles);
}

/* GFLOP/s of the level on all threads of the pool, best of a few runs. */
static inline double peak_gflops(aigc__pool_t *pool, aigc__cpu_level_t level)
{
    peak_job_t job = {
        .pool = pool, .chains = peak_base, .lanes = 4, .tiles = PEAK_TILES_EACH * aigc__pool_threads(pool)};
#if defined(__x86_64__)
    if (level == AIGC__CPU_AVX2) job.chains = peak_avx2, job.lanes = 8;
    if (level == AIGC__CPU_AVX512) job.chains = peak_avx512, job.lanes = 16;
#else
    (void)level;
#endif
    const bench_time_t t = bench_time(peak_run, &job, 5, 1);
    return 2e-9 * PEAK_STEPS * PEAK_CHAINS * (double)(job.lanes * job.tiles) / t.min;
}

/* The same of a pool of so many threads of its own; 0 where there is no memory for it. */
static inline double peak_of_threads(size_t threads)
{
    aigc__memory_t memory;
    aigc__pool_t *pool = NULL;
    aigc__memory_init(&memory, NULL, 0);
    if (aigc__pool_create(&pool, &memory, threads, NULL) != AIGC_OK) return 0;
    const double peak = peak_gflops(pool, aigc__cpu_detect());
    aigc__pool_free(pool);
    return peak;
}

#endif
