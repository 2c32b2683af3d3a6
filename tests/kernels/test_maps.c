/* The elementwise kernels: every line of elementwise.def at every level of this machine. */
#include "walk.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool verbose;

static const double bounds[AIGC__MAPS] = {
#define MAP(name, inputs, ulp) ulp,
#include "kernels/elementwise.def"
#undef MAP
};

static double sign(double a) { return a > 0 ? 1.0 : a < 0 ? -1.0 : a; }

/* What the comments of elementwise.def say, in double. */
static double reference(aigc__map_t map, double a, double b, double c, double p)
{
    switch (map) {
    case AIGC__MAP_add:
        return a + b;
    case AIGC__MAP_sub:
        return a - b;
    case AIGC__MAP_mul:
        return a * b;
    case AIGC__MAP_div:
        return a / b;
    case AIGC__MAP_max:
        return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
    case AIGC__MAP_min:
        return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
    case AIGC__MAP_fma:
        return a * b + c;
    case AIGC__MAP_scale:
        return a * p;
    case AIGC__MAP_shift:
        return a + p;
    case AIGC__MAP_neg:
        return -a;
    case AIGC__MAP_abs:
        return fabs(a);
    case AIGC__MAP_square:
        return a * a;
    case AIGC__MAP_sqrt:
        return sqrt(a);
    case AIGC__MAP_rsqrt:
        return 1 / sqrt(a);
    case AIGC__MAP_reciprocal:
        return 1 / a;
    case AIGC__MAP_exp:
        return exp(a);
    case AIGC__MAP_expm1:
        return expm1(a);
    case AIGC__MAP_log:
        return log(a);
    case AIGC__MAP_tanh:
        return tanh(a);
    case AIGC__MAP_sigmoid:
        return a < 0 ? exp(a) / (1 + exp(a)) : 1 / (1 + exp(-a));
    case AIGC__MAP_softplus:
        return (a > 0 ? a : 0) + log1p(exp(-fabs(a)));
    case AIGC__MAP_erf:
        return erf(a);
    case AIGC__MAP_sin:
        return sin(a);
    case AIGC__MAP_cos:
        return cos(a);
    case AIGC__MAP_pow:
        return a < 0 && p != floor(p) ? NAN : pow(a, p);
    case AIGC__MAP_relu:
        return isnan(a) ? a : a > 0 ? a : 0;
    case AIGC__MAP_leaky_relu:
        return a > 0 ? a : p * a;
    case AIGC__MAP_sign:
        return sign(a);
    case AIGC__MAP_step:
        return a > 0 ? 1 : 0;
    case AIGC__MAP_floor:
        return floor(a);
    case AIGC__MAP_less:
        return a < b ? 1 : 0;
    case AIGC__MAP_less_equal:
        return a <= b ? 1 : 0;
    case AIGC__MAP_equal:
        return a == b ? 1 : 0;
    case AIGC__MAP_select:
        return a != 0 ? b : c;
    case AIGC__MAP_copy:
        return a;
    default:
        fail_msg("%s has no reference", aigc__map_name(map));
        return 0;
    }
}

/* In ulp of the result, of a fused product and sum in ulp of the larger part: it may cancel. */
static double error_of(aigc__map_t map, float y, const float x[3], float p)
{
    double exact = reference(map, (double)x[0], (double)x[1], (double)x[2], (double)p);
    double error = ulp_error(y, exact);
    if (map != AIGC__MAP_fma || isnan(exact) || isnan(y) || isinf(y)) return error;
    double largest = fmax(fabs(exact), fmax(fabs((double)x[0] * (double)x[1]), fabs((double)x[2])));
    return fabs((double)y - exact) * ldexp(1.0, 23 - (largest < 0x1p-126 ? -126 : ilogb(largest)));
}

/* Sine and cosine promise accuracy up to 1e5; the unfused product of fma may overflow before the sum. */
static bool in_domain(aigc__map_t map, const float x[3])
{
    if (map == AIGC__MAP_fma) return !(fabs((double)x[0] * (double)x[1]) > (double)FLT_MAX);
    return (map != AIGC__MAP_sin && map != AIGC__MAP_cos) || !(fabsf(x[0]) > 1e5f);
}

/* ---- sweeps ---- */

typedef struct sweep {
    float *a, *b, *c, *y;
    size_t n;
    double worst[AIGC__CPU_LEVELS];
    float where[AIGC__CPU_LEVELS];
} sweep_t;

static void sweep_make(sweep_t *sweep)
{
    memset(sweep, 0, sizeof *sweep);
    size_t bytes = AIGC_TEST_SAMPLES * sizeof(float);
    sweep->a = malloc(bytes);
    sweep->b = malloc(bytes);
    sweep->c = malloc(bytes);
    sweep->y = malloc(bytes);
    assert_true(sweep->a && sweep->b && sweep->c && sweep->y);
}

static void sweep_free(sweep_t *sweep)
{
    free(sweep->a);
    free(sweep->b);
    free(sweep->c);
    free(sweep->y);
}

/* All binades of both signs, infinities and NaN evenly */
static void every_binade(float *x, size_t n, uint64_t seed, bool shuffled)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t width = (uint32_t)(0x100000000u / n), bits = (uint32_t)i * width + walk_random(&seed) % width;
        x[i] = float_of_bits(shuffled ? walk_random(&seed) : bits);
    }
}

static void evenly(float *x, size_t n, double low, double high)
{
    for (size_t i = 0; i < n; i++) x[i] = (float)(low + (high - low) * (double)i / (double)(n - 1));
}

static void sweep_run(sweep_t *sweep, aigc__map_t map, float p)
{
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        if (!kernels) continue;
        kernels->map[map](sweep->y, sweep->a, sweep->b, sweep->c, sweep->n, p);
        for (size_t i = 0; i < sweep->n; i++) {
            float x[3] = {sweep->a[i], sweep->b[i], sweep->c[i]};
            if (!in_domain(map, x)) continue;
            double error = error_of(map, sweep->y[i], x, p);
            if (error > bounds[map] + 1e-6)
                fail_msg("%s(%.9g, %.9g, %.9g; %.9g) at %s: %.9g is off by %.3f ulp", aigc__map_name(map), (double)x[0],
                         (double)x[1], (double)x[2], (double)p, kernels->name, (double)sweep->y[i], error);
            if (error <= sweep->worst[level]) continue;
            sweep->worst[level] = error;
            sweep->where[level] = x[0];
        }
    }
}

static void report(const sweep_t *sweep, aigc__map_t map)
{
    for (int level = 0; level < AIGC__CPU_LEVELS; level++)
        if (verbose && walk_level(level))
            print_message("%-12s %-7s %.3f ulp at %.9g\n", aigc__map_name(map),
                          aigc__cpu_name((aigc__cpu_level_t)level), sweep->worst[level], (double)sweep->where[level]);
}

static void test_error_over_all_binades(void **state)
{
    (void)state;
    for (int map = 0; map < AIGC__MAPS; map++) {
        sweep_t sweep;
        sweep_make(&sweep);
        sweep.n = bounds[map] > 0.5 ? AIGC_TEST_SAMPLES : AIGC_TEST_SAMPLES / 16;
        every_binade(sweep.a, sweep.n, 1, false);
        every_binade(sweep.b, sweep.n, 2, true);
        every_binade(sweep.c, sweep.n, 3, true);
        sweep_run(&sweep, (aigc__map_t)map, 1.7f);
        report(&sweep, (aigc__map_t)map);
        sweep_free(&sweep);
    }
}

static void test_error_where_functions_bend(void **state)
{
    (void)state;
    static const struct {
        aigc__map_t map;
        double low, high;
    } ranges[] = {{AIGC__MAP_exp, -104.5, 89},   {AIGC__MAP_exp, -1, 1},     {AIGC__MAP_log, 0.4, 2.5},
                  {AIGC__MAP_log, 0.99, 1.01},   {AIGC__MAP_tanh, -10, 10},  {AIGC__MAP_tanh, -0.5, 0.5},
                  {AIGC__MAP_sigmoid, -104, 20}, {AIGC__MAP_sigmoid, -2, 2}, {AIGC__MAP_softplus, -104, 20},
                  {AIGC__MAP_softplus, -3, 3},   {AIGC__MAP_expm1, -20, 20}, {AIGC__MAP_expm1, -1, 1},
                  {AIGC__MAP_expm1, 80, 89},     {AIGC__MAP_erf, -4.5, 4.5}, {AIGC__MAP_erf, 0.5, 1.5},
                  {AIGC__MAP_sin, -1e5, 1e5},    {AIGC__MAP_sin, -100, 100}, {AIGC__MAP_sin, -3.2, 3.2},
                  {AIGC__MAP_cos, -1e5, 1e5},    {AIGC__MAP_cos, -100, 100}, {AIGC__MAP_cos, -3.2, 3.2},
                  {AIGC__MAP_rsqrt, 0.9, 4.1},   {AIGC__MAP_sqrt, 0.9, 4.1}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        sweep_t sweep;
        sweep_make(&sweep);
        sweep.n = AIGC_TEST_SAMPLES / 4;
        evenly(sweep.a, sweep.n, ranges[i].low, ranges[i].high);
        sweep_run(&sweep, ranges[i].map, 0);
        report(&sweep, ranges[i].map);
        sweep_free(&sweep);
    }
}

static void test_error_of_pow(void **state)
{
    (void)state;
    static const float powers[] = {0,        1,    2,        3,    -1,          -2,     0.5f,   -0.5f,
                                   1 / 3.0f, 2.4f, 1 / 2.4f, 10,   -7,          0.999f, 1.001f, 100,
                                   -0.01f,   1000, -25000,   1e6f, 33554432.0f, 1e-7f,  1e-40f};
    sweep_t sweep;
    sweep_make(&sweep);
    sweep.n = AIGC_TEST_SAMPLES / 32;
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        every_binade(sweep.a, sweep.n, i, false);
        sweep_run(&sweep, AIGC__MAP_pow, powers[i]);
        /* Where the result neither overflows nor vanishes */
        double spread = fmin(88 / fabs((double)powers[i] + 1e-30), 80);
        for (size_t k = 0; k < sweep.n; k++) sweep.a[k] = (float)exp(spread * (2 * (double)k / (double)sweep.n - 1));
        sweep_run(&sweep, AIGC__MAP_pow, powers[i]);
    }
    report(&sweep, AIGC__MAP_pow);
    sweep_free(&sweep);
}

/* ---- special values ---- */

static void test_special_values(void **state)
{
    (void)state;
    static const float values[] = {0.0f,       -0.0f,       INFINITY,    -INFINITY, NAN,      FLT_MIN,   -FLT_MIN,
                                   1e-45f,     -1e-45f,     1e-40f,      FLT_MAX,   -FLT_MAX, 1.0f,      -1.0f,
                                   0.5f,       -0.5f,       88.7228f,    88.723f,   89.5f,    -87.3366f, -103.972f,
                                   -103.973f,  -104.1f,     -100.0f,     1.5f,      -1.5f,    2.0f,      3.0f,
                                   8388607.5f, -8388607.5f, 16777216.0f, 0x1p-23f};
    enum { VALUES = sizeof values / sizeof *values };
    static const float powers[] = {2, 3, -3, 0.5f, 0, -2.5f};
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (int i = 0; kernels && i < AIGC__MAPS * VALUES * VALUES; i++) {
            aigc__map_t map = (aigc__map_t)(i / (VALUES * VALUES));
            float y, p = powers[i % 6],
                     x[3] = {values[i / VALUES % VALUES], values[i % VALUES], values[(i + 7) % VALUES]};
            if (!in_domain(map, x)) continue;
            kernels->map[map](&y, &x[0], &x[1], &x[2], 1, p);
            double error = error_of(map, y, x, p);
            if (error > bounds[map] + 1e-6)
                fail_msg("%s(%g, %g, %g; %g) at %s gives %g", aigc__map_name(map), (double)x[0], (double)x[1],
                         (double)x[2], (double)p, kernels->name, (double)y);
        }
    }
}

static float at(const aigc__kernels_t *kernels, aigc__map_t map, float a, float p)
{
    float y;
    kernels->map[map](&y, &a, NULL, NULL, 1, p);
    return y;
}

static void test_signs_of_zero_and_infinity(void **state)
{
    (void)state;
    static const aigc__map_t odd[] = {AIGC__MAP_tanh, AIGC__MAP_sin,  AIGC__MAP_sqrt, AIGC__MAP_floor,
                                      AIGC__MAP_neg,  AIGC__MAP_copy, AIGC__MAP_scale};
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        if (!kernels) continue;
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
            assert_true(!signbit(at(kernels, odd[i], -0.0f, 1)) == (odd[i] == AIGC__MAP_neg));
        assert_true(at(kernels, AIGC__MAP_reciprocal, -0.0f, 0) == -INFINITY);
        assert_true(at(kernels, AIGC__MAP_rsqrt, 0.0f, 0) == INFINITY);
        assert_true(at(kernels, AIGC__MAP_log, -0.0f, 0) == -INFINITY);
        assert_true(at(kernels, AIGC__MAP_pow, -0.0f, -3) == -INFINITY);
        assert_true(signbit(at(kernels, AIGC__MAP_pow, -0.0f, 3)));
        assert_true(at(kernels, AIGC__MAP_pow, -2.0f, 3) == -8.0f);
        assert_true(at(kernels, AIGC__MAP_pow, -2.0f, 2) == 4.0f);
        assert_true(isnan(at(kernels, AIGC__MAP_pow, -2.0f, 0.5f)));
        assert_true(at(kernels, AIGC__MAP_sigmoid, -100.0f, 0) > 0.0f);
        assert_true(at(kernels, AIGC__MAP_floor, -0.25f, 0) == -1.0f);
    }
}

static void test_sine_stays_in_range_beyond_its_domain(void **state)
{
    (void)state;
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        uint64_t seed = 5;
        for (int i = 0; kernels && i < 2000; i++) {
            float a = float_of_bits(walk_random(&seed));
            float s = at(kernels, AIGC__MAP_sin, a, 0), c = at(kernels, AIGC__MAP_cos, a, 0);
            assert_true(isfinite(a) ? fabsf(s) <= 1 && fabsf(c) <= 1 : isnan(s) && isnan(c));
        }
    }
}

/* ---- lengths, alignments and aliasing ---- */

static void one_length(const aigc__kernels_t *kernels, aigc__map_t map, area_t area[4], size_t n, size_t place,
                       int alias)
{
    size_t bytes = n * sizeof(float);
    float *x[3], *y = area_place(&area[3], place, bytes, sizeof(float));
    float first[3][WALK_LONGEST], expected[WALK_LONGEST];
    uint64_t seed = n * 1000 + place;
    for (int k = 0; k < 3; k++) {
        x[k] = area_place(&area[k], (place + (size_t)k) % WALK_PLACES, bytes, sizeof(float));
        for (size_t i = 0; i < n; i++) first[k][i] = x[k][i] = walk_float(&seed, 3.0f);
    }
    if (alias >= 0) y = x[alias];
    kernels->map[map](y, x[0], x[1], x[2], n, 1.5f);
    aigc__kernels_get(AIGC__CPU_C)->map[map](expected, first[0], first[1], first[2], n, 1.5f);
    for (size_t i = 0; i < n; i++) {
        float inputs[3] = {first[0][i], first[1][i], first[2][i]};
        bool close =
            bounds[map] > 0.5 ? error_of(map, y[i], inputs, 1.5f) <= bounds[map] : same_float(y[i], expected[i]);
        if (!close)
            fail_msg("%s at %s, n %zu, element %zu: %g", aigc__map_name(map), kernels->name, n, i, (double)y[i]);
    }
    for (int k = 0; k < 4; k++)
        area_check(&area[k],
                   k < 3       ? x[k]
                   : alias < 0 ? y
                               : (void *)area[3].end,
                   k < 3 || alias < 0 ? bytes : 0, aigc__map_name(map));
}

static void test_lengths_alignments_and_aliasing(void **state)
{
    (void)state;
    area_t area[4];
    for (int k = 0; k < 4; k++) area_make(&area[k], (WALK_LONGEST + 16) * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (int map = 0; kernels && map < AIGC__MAPS; map++)
            for (size_t size = 0; size < WALK_SIZES; size++) {
                int inputs = (int)aigc__map_inputs((aigc__map_t)map);
                size_t n = walk_size(size);
                one_length(kernels, (aigc__map_t)map, area, n, 0, -1);
                one_length(kernels, (aigc__map_t)map, area, n, 1 + size % 16, -1);
                one_length(kernels, (aigc__map_t)map, area, n, size % 2, (int)size % inputs);
            }
    }
    for (int k = 0; k < 4; k++) area_free(&area[k]);
}

static void test_names_and_inputs(void **state)
{
    (void)state;
    assert_string_equal(aigc__map_name(AIGC__MAP_sigmoid), "sigmoid");
    assert_int_equal(aigc__map_inputs(AIGC__MAP_select), 3);
    assert_int_equal(aigc__map_inputs(AIGC__MAP_less), 2);
}

int main(int argc, char **argv)
{
    (void)argv;
    verbose = argc > 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_over_all_binades),
        cmocka_unit_test(test_error_where_functions_bend),
        cmocka_unit_test(test_error_of_pow),
        cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_signs_of_zero_and_infinity),
        cmocka_unit_test(test_sine_stays_in_range_beyond_its_domain),
        cmocka_unit_test(test_lengths_alignments_and_aliasing),
        cmocka_unit_test(test_names_and_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
