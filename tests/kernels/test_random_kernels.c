/* The random numbers: known words, the same at every level and however a call is cut, with the right
 * distribution. */
#include "walk.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const aigc__stream_t stream = {.seed = 0x123456789abcdef0u, .stream = 1007, .step = 41};

/* Counters on both sides of a carry into their upper half, and odd ones */
static const uint64_t firsts[] = {
    0, 1, 2, 3, 4, 7, 63, 64, 65, 1000003, (UINT64_C(4) << 32) - 37, (UINT64_C(1) << 50) + 5};
enum { FIRSTS = sizeof firsts / sizeof *firsts };

static uint32_t word(uint64_t i)
{
    uint32_t words[4];
    aigc__philox(words, stream, i / 4);
    return words[i % 4];
}

static double normal(uint64_t i)
{
    double radius = sqrt(-2 * log(((double)word(i & ~UINT64_C(1)) + 0.5) * 0x1p-32));
    double angle = 2 * acos(-1.0) * (double)word(i | 1) * 0x1p-32;
    return radius * (i & 1 ? sin(angle) : cos(angle));
}

static void test_uniform_numbers_are_the_stream(void **state)
{
    (void)state;
    area_t area;
    area_make(&area, (WALK_LONGEST + 16) * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (size_t k = 0; kernels && k < FIRSTS * WALK_SIZES; k++) {
            uint64_t first = firsts[k % FIRSTS];
            size_t n = walk_size(k / FIRSTS);
            float *y = area_place(&area, k % WALK_PLACES, n * sizeof *y, sizeof *y);
            kernels->random_uniform(y, n, stream, first);
            for (size_t i = 0; i < n; i++) assert_true(y[i] == (float)(word(first + i) >> 8) * 0x1p-24f);
            area_check(&area, y, n * sizeof *y, "random_uniform");
        }
    }
    area_free(&area);
}

static void test_normal_numbers_are_box_muller(void **state)
{
    (void)state;
    area_t area;
    area_make(&area, (WALK_LONGEST + 16) * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (size_t k = 0; kernels && k < FIRSTS * WALK_SIZES; k += 7) {
            uint64_t first = firsts[k % FIRSTS];
            size_t n = walk_size(k / FIRSTS);
            float *y = area_place(&area, k % WALK_PLACES, n * sizeof *y, sizeof *y);
            kernels->random_normal(y, n, stream, first);
            for (size_t i = 0; i < n; i++) assert_true(fabs((double)y[i] - normal(first + i)) < 1e-6);
            area_check(&area, y, n * sizeof *y, "random_normal");
        }
    }
    area_free(&area);
}

static void test_a_call_may_be_cut_anywhere(void **state)
{
    (void)state;
    enum { N = 300 };
    float whole[N], parts[N];
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (size_t cut = 0; kernels && cut < N; cut++)
            for (int k = 0; k < 2; k++) {
                void (*make)(float *, size_t, aigc__stream_t, uint64_t) =
                    k ? kernels->random_normal : kernels->random_uniform;
                make(whole, N, stream, 9);
                make(parts, cut, stream, 9);
                make(parts + cut, N - cut, stream, 9 + cut);
                assert_memory_equal(whole, parts, sizeof whole);
            }
    }
}

static void test_moments_of_normal_numbers(void **state)
{
    (void)state;
    const size_t n = AIGC_TEST_SAMPLES;
    float *y = malloc(n * sizeof *y);
    assert_non_null(y);
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        if (!kernels) continue;
        kernels->random_normal(y, n, stream, 0);
        double m1 = 0, m2 = 0, m3 = 0, m4 = 0, neighbours = 0, beyond = 0;
        for (size_t i = 0; i < n; i++) {
            double a = (double)y[i];
            m1 += a;
            m2 += a * a;
            m3 += a * a * a;
            m4 += a * a * a * a;
            neighbours += i ? a * (double)y[i - 1] : 0;
            beyond += fabs(a) > 3;
        }
        /* five standard errors of each */
        double unit = 5 / sqrt((double)n);
        assert_true(fabs(m1 / (double)n) < unit);
        assert_true(fabs(m2 / (double)n - 1) < unit * sqrt(2));
        assert_true(fabs(m3 / (double)n) < unit * sqrt(15));
        assert_true(fabs(m4 / (double)n - 3) < unit * sqrt(96));
        assert_true(fabs(neighbours / (double)n) < unit);
        assert_true(fabs(beyond / (double)n - 0.0026998) < unit * sqrt(0.0026998));
    }
    free(y);
}

static void test_moments_of_uniform_numbers(void **state)
{
    (void)state;
    const size_t n = AIGC_TEST_SAMPLES;
    float *y = malloc(n * sizeof *y);
    assert_non_null(y);
    aigc__kernels_best()->random_uniform(y, n, stream, 12345);
    double mean = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        assert_true(y[i] >= 0 && y[i] < 1);
        mean += (double)y[i] / (double)n;
        square += (double)y[i] * (double)y[i] / (double)n;
    }
    assert_true(fabs(mean - 0.5) < 5 * sqrt(1 / 12.0 / (double)n));
    assert_true(fabs(square - 1 / 3.0) < 5 * sqrt(4 / 45.0 / (double)n));
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform_numbers_are_the_stream), cmocka_unit_test(test_normal_numbers_are_box_muller),
        cmocka_unit_test(test_a_call_may_be_cut_anywhere),     cmocka_unit_test(test_moments_of_normal_numbers),
        cmocka_unit_test(test_moments_of_uniform_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
