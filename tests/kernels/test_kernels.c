/* The kernels of kernels.def but random numbers and optimizers, at every level of this machine. */
#include "walk.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Runs `check` for every level, length and place, on areas that hold WALK_LONGEST elements. */
typedef void (*check_fn)(const aigc__kernels_t *kernels, area_t *a, area_t *b, size_t n, size_t place);

static void walk(check_fn check)
{
    area_t a, b;
    area_make(&a, (WALK_LONGEST + 16) * sizeof(float));
    area_make(&b, (WALK_LONGEST + 16) * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        for (size_t size = 0; kernels && size < WALK_SIZES; size++) {
            check(kernels, &a, &b, walk_size(size), 0);
            check(kernels, &a, &b, walk_size(size), 1 + size % 16);
        }
    }
    area_free(&a);
    area_free(&b);
}

static float *numbers(area_t *area, size_t place, size_t n)
{
    float *a = area_place(area, place, n * sizeof(float), sizeof(float));
    uint64_t seed = n + 10000 * place;
    for (size_t i = 0; i < n; i++) a[i] = walk_float(&seed, 10.0f);
    return a;
}

/* ---- reductions ---- */

/* Each accumulator takes 64 additions, then trees of lanes and a sum in double. */
static void close_sum(float found, double exact, double magnitude)
{
    if (fabs((double)found - exact) > 80 * 0x1p-24 * magnitude) fail_msg("%g for %g", (double)found, exact);
}

static void check_sums(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    const float *a = numbers(area_a, place, n), *b = numbers(area_b, (place + 5) % WALK_PLACES, n);
    double sum = 0, squares = 0, dot = 0, magnitude = 0, dot_magnitude = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i];
        magnitude += fabs((double)a[i]);
        squares += (double)a[i] * (double)a[i];
        dot += (double)a[i] * (double)b[i];
        dot_magnitude += fabs((double)a[i] * (double)b[i]);
    }
    close_sum(kernels->sum(a, n), sum, magnitude);
    close_sum(kernels->sum_squares(a, n), squares, squares);
    close_sum(kernels->dot(a, b, n), dot, dot_magnitude);
}

static void test_sums(void **state)
{
    (void)state;
    walk(check_sums);
}

static void test_long_sums_stay_accurate(void **state)
{
    (void)state;
    const size_t n = 3000001;
    float *a = malloc(n * sizeof *a);
    assert_non_null(a);
    for (size_t i = 0; i < n; i++) a[i] = 0.1f;
    for (int level = 0; level < AIGC__CPU_LEVELS; level++)
        if (walk_level(level)) close_sum(walk_level(level)->sum(a, n), (double)n * (double)0.1f, (double)n / 80);
    free(a);
}

static void check_max_and_finite(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    static const float spoilers[] = {NAN, INFINITY, -INFINITY};
    (void)area_b;
    float *a = numbers(area_a, place, n);
    assert_true(kernels->all_finite(a, n));
    if (!n) return;
    float best = a[0];
    for (size_t i = 0; i < n; i++) best = a[i] > best ? a[i] : best;
    assert_true(kernels->max_value(a, n) == best);
    for (size_t i = 0; i < n; i += 1 + n / 70)
        for (int k = 0; k < 3; k++) {
            float before = a[i];
            a[i] = spoilers[k];
            assert_false(kernels->all_finite(a, n));
            float found = kernels->max_value(a, n);
            assert_true(k == 0 ? isnan(found) : k == 1 ? found == INFINITY : found <= best || n == 1);
            a[i] = before;
        }
    for (size_t i = 0; i < n; i++) a[i] = -5.0f - (float)i; /* a tail must not add a 0 */
    assert_true(kernels->max_value(a, n) == -5.0f);
    a[n - 1] = FLT_MAX;
    assert_true(kernels->all_finite(a, n));
}

static void test_max_and_finite(void **state)
{
    (void)state;
    walk(check_max_and_finite);
}

/* The order of additions is part of the contract, so the result is, too. */
static void check_rows(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    size_t rows = n > 67 ? 7 : 1 + n % 9, stride = rows > 1 ? n + 3 : n, columns = n > 67 ? 139 : n;
    if (n > 67) stride = columns + 2;
    size_t extent = columns ? (rows - 1) * stride + columns : 0;
    float *a = numbers(area_a, place, extent);
    float sums[WALK_LONGEST], most[WALK_LONGEST];
    if (columns) a[(rows / 2) * stride + columns / 2] = NAN;
    for (int add = 0; add < 2; add++) {
        float *y = area_place(area_b, (place + 3) % WALK_PLACES, columns * sizeof *y, sizeof *y);
        for (size_t j = 0; j < columns; j++) {
            sums[j] = y[j] = add ? (float)j : 0.0f;
            most[j] = a[j];
            for (size_t i = 0; i < rows; i++) {
                float x = a[i * stride + j];
                sums[j] += x;
                most[j] = x > most[j] || isnan(x) ? x : most[j];
            }
        }
        kernels->sum_rows(y, a, rows, columns, stride, add);
        for (size_t j = 0; j < columns; j++) assert_true(same_float(y[j], sums[j]));
        area_check(area_b, y, columns * sizeof *y, "sum_rows");
        kernels->max_rows(y, a, rows, columns, stride);
        for (size_t j = 0; j < columns; j++) assert_true(same_float(y[j], most[j]));
        area_check(area_b, y, columns * sizeof *y, "max_rows");
    }
}

static void test_rows(void **state)
{
    (void)state;
    walk(check_rows);
}

/* Down columns and along a row. Each row of one addition, so in f32 the error grows with the rows at most. */
static void check_products(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    enum { ROWS = 3 };
    static const float p[300] = {[0] = 0.5f, [7] = -2, [31] = 10}, q[300] = {[0] = -3, [6] = 1, [32] = 0.25f};
    const size_t columns = n > 67 ? 290 : n;
    const float *a = numbers(area_a, place, ROWS * columns),
                *b = numbers(area_b, (place + 5) % WALK_PLACES, ROWS * columns);
    float y[300];
    double sum = 0, magnitude = 0;
    for (size_t j = 0; j < columns; j++) y[j] = 7;
    kernels->sum_product_rows(y, a, p, b, q, ROWS, columns, columns, false);
    kernels->sum_product_rows(y, a, p, b, q, 1, columns, columns, true);
    for (size_t j = 0; j < columns; j++) {
        double exact = 0, size = 0;
        for (size_t i = 0; i <= ROWS; i++) {
            const size_t at = i % ROWS * columns + j;
            const double term = ((double)a[at] - (double)p[j]) * ((double)b[at] - (double)q[j]);
            exact += term;
            size += fabs(term) + 20 * 0x1p-2;
        }
        close_sum(y[j], exact, size / 8);
    }
    for (size_t i = 0; i < ROWS * columns; i++) {
        sum += ((double)a[i] - 0.5) * ((double)b[i] + 3);
        magnitude += fabs(((double)a[i] - 0.5) * ((double)b[i] + 3)) + 1;
    }
    close_sum(kernels->sum_products(a, 0.5f, b, -3, ROWS * columns), sum, magnitude);
}

static void test_products(void **state)
{
    (void)state;
    walk(check_products);
}

static void test_no_rows_sum_to_nothing(void **state)
{
    (void)state;
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        if (!walk_level(level)) continue;
        float y[20], a[1] = {0};
        for (int j = 0; j < 20; j++) y[j] = 3.0f;
        walk_level(level)->sum_rows(y, a, 0, 10, 10, true);
        walk_level(level)->sum_rows(y + 10, a, 0, 10, 10, false);
        for (int j = 0; j < 20; j++) assert_true(y[j] == (j < 10 ? 3.0f : 0.0f));
    }
}

/* Sums of none, one, two and three rows; repeated and in no order. */
static void check_combine_rows(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    static const uint32_t starts[] = {0, 0, 1, 3, 6, 7};
    static const aigc__tap_t taps[] = {{6, 1}, {2, 0.375f}, {2, -1.5f}, {5, 0.1f}, {0, 0.2f}, {3, 0.7f}, {1, -2}};
    enum { ROWS = 5, FROM = 7 };
    const size_t columns = n > 67 ? 139 : n;
    float *a = numbers(area_a, place, FROM * columns);
    if (columns) a[6 * columns + columns / 2] = NAN;
    float *y = area_place(area_b, (place + 3) % WALK_PLACES, ROWS * columns * sizeof *y, sizeof *y);
    kernels->combine_rows(y, a, starts, taps, ROWS, columns);
    for (size_t r = 0; r < ROWS; r++)
        for (size_t j = 0; j < columns; j++) {
            double exact = 0, magnitude = 0;
            for (uint32_t t = starts[r]; t < starts[r + 1]; t++) {
                const double term = (double)taps[t].weight * (double)a[taps[t].row * columns + j];
                exact += term;
                magnitude += fabs(term);
            }
            const float found = y[r * columns + j];
            assert_true(isnan(exact) ? isnan(found) : fabs((double)found - exact) <= 3 * 0x1p-24 * magnitude);
        }
    area_check(area_b, y, ROWS * columns * sizeof *y, "combine_rows");
}

static void test_combine_rows(void **state)
{
    (void)state;
    walk(check_combine_rows);
}

/* Few different numbers, so that there are equals; NaN and infinities among them. */
static void check_argmax_rows(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    static const int32_t rows[] = {6, 0, 3, 3, 1, 5};
    static const float values[] = {-2, -1, -1, -INFINITY, INFINITY, NAN, -3};
    enum { FROM = 7 };
    const size_t columns = n > 67 ? 139 : n;
    float *a = numbers(area_a, place, FROM * columns);
    uint64_t seed = n + place;
    for (size_t i = 0; i < FROM * columns; i++) a[i] = values[walk_random(&seed) % (i % 3 ? 3 : 7)];
    for (size_t n_rows = 1; n_rows <= sizeof rows / sizeof *rows; n_rows++) {
        int32_t *y = area_place(area_b, (place + 3) % WALK_PLACES, columns * sizeof *y, sizeof *y);
        kernels->argmax_rows(y, a, rows, n_rows, columns);
        for (size_t j = 0; j < columns; j++) {
            int32_t best = rows[0];
            for (size_t t = 1; t < n_rows; t++) {
                const float x = a[(size_t)rows[t] * columns + j], held = a[(size_t)best * columns + j];
                if (x > held || (isnan(x) && !isnan(held))) best = rows[t];
            }
            assert_int_equal(y[j], best);
        }
        area_check(area_b, y, columns * sizeof *y, "argmax_rows");
    }
}

static void test_argmax_rows(void **state)
{
    (void)state;
    walk(check_argmax_rows);
}

/* ---- moving numbers ---- */

static void check_fill(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    (void)area_b;
    float *y = area_place(area_a, place, n * sizeof *y, sizeof *y);
    kernels->fill(y, 2.5f, n);
    for (size_t i = 0; i < n; i++) assert_true(y[i] == 2.5f);
    area_check(area_a, y, n * sizeof *y, "fill");
}

static void test_fill(void **state)
{
    (void)state;
    walk(check_fill);
}

static void one_transpose(const aigc__kernels_t *kernels, area_t *from, area_t *to, size_t rows, size_t columns,
                          size_t place)
{
    size_t a_stride = columns + place % 3, y_stride = rows + place % 2;
    size_t a_extent = rows ? (rows - 1) * a_stride + columns : 0,
           y_extent = columns ? (columns - 1) * y_stride + rows : 0;
    const float *a = numbers(from, place, a_extent);
    float *y = area_place(to, place, y_extent * sizeof *y, sizeof *y);
    float untouched = y_extent ? y[0] : 0;
    kernels->transpose(y, y_stride, a, a_stride, rows, columns);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < y_stride && (j + 1 < columns || i < rows); i++)
            assert_true(y[j * y_stride + i] == (i < rows ? a[i * a_stride + j] : untouched));
    area_check(to, y, y_extent * sizeof *y, "transpose");
}

static void test_transpose(void **state)
{
    (void)state;
    area_t from, to;
    area_make(&from, 20000 * sizeof(float));
    area_make(&to, 20000 * sizeof(float));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        if (!kernels) continue;
        for (size_t rows = 0; rows < 36; rows++)
            for (size_t columns = 0; columns<36; columns += rows> 18 ? 2 : 1)
                one_transpose(kernels, &from, &to, rows ? rows : 1, columns ? columns : 1,
                              (rows + columns) % WALK_PLACES);
        one_transpose(kernels, &from, &to, 130, 70, 0);
        one_transpose(kernels, &from, &to, 65, 150, 2);
        one_transpose(kernels, &from, &to, 1, 1000, 0);
        one_transpose(kernels, &from, &to, 1000, 1, 1);
    }
    area_free(&from);
    area_free(&to);
}

/* ---- conversion ---- */

static uint8_t byte_of(float a)
{
    if (!(a > 0)) return 0;
    float scaled = (a < 1 ? a : 1) * 255.0f;
    return (uint8_t)floorf(scaled + 0.5f);
}

static void check_bytes(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n, size_t place)
{
    uint8_t *bytes = area_place(area_a, place, n, 1);
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)(i * 7 + n);
    float *y = area_place(area_b, place, n * sizeof *y, sizeof *y);
    kernels->u8_to_f32(y, bytes, n);
    for (size_t i = 0; i < n; i++) assert_true(y[i] == (float)bytes[i] * (1.0f / 255.0f));
    area_check(area_b, y, n * sizeof *y, "u8_to_f32");
    bytes = area_place(area_a, place, n, 1);
    kernels->f32_to_u8(bytes, y, n);
    for (size_t i = 0; i < n; i++) assert_int_equal(bytes[i], (uint8_t)(i * 7 + n));
    area_check(area_a, bytes, n, "f32_to_u8");
}

static void test_bytes(void **state)
{
    (void)state;
    walk(check_bytes);
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        if (!kernels) continue;
        float a[256 * 3 + 6] = {NAN, INFINITY, -INFINITY, -0.5f, 7.0f, -0.0f};
        uint8_t y[256 * 3 + 6];
        for (int k = 0; k < 256 * 3; k++) a[6 + k] = ((float)(k / 3) + 0.5f) / 255.0f + (float)(k % 3 - 1) * 0x1p-24f;
        kernels->f32_to_u8(y, a, sizeof y);
        for (size_t i = 0; i < sizeof y; i++) assert_int_equal(y[i], byte_of(a[i]));
        const uint8_t flags[] = {255, 0}; /* as tile programs keep ones and zeros */
        kernels->u8_to_f32(a, flags, 2);
        assert_true(a[0] == 1 && a[1] == 0);
    }
}

/* Value of a half: sign, 5 bits of exponent, 10 of mantissa */
static double half_value(uint16_t half)
{
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    double magnitude = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
    if (exponent == 31) magnitude = mantissa ? (double)NAN : (double)INFINITY;
    return half & 0x8000 ? -magnitude : magnitude;
}

static void check_lengths_of_halves(const aigc__kernels_t *kernels, area_t *area_a, area_t *area_b, size_t n,
                                    size_t place)
{
    for (int brain = 0; brain < 2; brain++) {
        uint16_t *halves = area_place(area_a, place, n * 2, 2);
        for (size_t i = 0; i < n; i++) halves[i] = (uint16_t)(0x3000 + i * 5 + n);
        float *y = area_place(area_b, (place + 1) % WALK_PLACES, n * sizeof *y, sizeof *y);
        (brain ? kernels->bf16_to_f32 : kernels->f16_to_f32)(y, halves, n);
        area_check(area_b, y, n * sizeof *y, "to_f32");
        halves = area_place(area_a, place, n * 2, 2);
        (brain ? kernels->f32_to_bf16 : kernels->f32_to_f16)(halves, y, n);
        area_check(area_a, halves, n * 2, "from_f32");
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(halves[i], 0x3000 + i * 5 + n);
            assert_true(brain ? bits_of_float(y[i]) == (uint32_t)halves[i] << 16
                              : (double)y[i] == half_value(halves[i]));
        }
    }
}

static void test_lengths_of_halves(void **state)
{
    (void)state;
    walk(check_lengths_of_halves);
}

enum { HALVES = 65536 };

static void every_half(const aigc__kernels_t *kernels, uint16_t *halves, float *y)
{
    for (int i = 0; i < HALVES; i++) halves[i] = (uint16_t)i;
    kernels->f16_to_f32(y, halves, HALVES);
    for (int i = 0; i < HALVES; i++) {
        double exact = half_value((uint16_t)i);
        assert_true(isnan(exact) ? isnan(y[i]) : (double)y[i] == exact && !signbit(y[i]) == !signbit(exact));
    }
    kernels->f32_to_f16(halves, y, HALVES);
    for (int i = 0; i < HALVES; i++) {
        if (isnan(half_value((uint16_t)i)))
            assert_true(isnan(half_value(halves[i])));
        else
            assert_int_equal(halves[i], i);
    }
}

/* Between neighbouring halves: the middle goes to the even one, its f32 neighbours to either side. */
static void every_middle(const aigc__kernels_t *kernels, uint16_t *halves, float *y)
{
    for (uint32_t sign = 0; sign < 2; sign++)
        for (int shift = -1; shift < 2; shift++) {
            for (uint32_t i = 0; i < 0x7c00; i++) {
                double next = i == 0x7bff ? 65536.0 : half_value((uint16_t)(i + 1));
                float middle = (float)((half_value((uint16_t)i) + next) / 2); /* exact */
                y[i] = float_of_bits((bits_of_float(middle) + (uint32_t)shift) | sign << 31);
            }
            kernels->f32_to_f16(halves, y, 0x7c00);
            for (uint32_t i = 0; i < 0x7c00; i++)
                assert_int_equal(halves[i], (shift < 0 ? i : shift > 0 ? i + 1 : i + (i & 1)) | sign << 15);
        }
}

static void every_brain_half(const aigc__kernels_t *kernels, uint16_t *halves, float *y)
{
    for (int i = 0; i < HALVES; i++) halves[i] = (uint16_t)i;
    kernels->bf16_to_f32(y, halves, HALVES);
    for (uint32_t i = 0; i < HALVES; i++) assert_int_equal(bits_of_float(y[i]), i << 16);
    static const uint32_t below[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    for (int k = 0; k < 6; k++) {
        for (uint32_t i = 0; i < HALVES; i++) y[i] = float_of_bits(i << 16 | below[k]);
        kernels->f32_to_bf16(halves, y, HALVES);
        for (uint32_t i = 0; i < HALVES; i++) {
            uint32_t up = below[k] > 0x8000 || (below[k] == 0x8000 && (i & 1));
            if (isnan(y[i]))
                assert_true((halves[i] & 0x7f80) == 0x7f80 && (halves[i] & 0x7f));
            else
                assert_int_equal(halves[i], i + up);
        }
    }
}

static void test_every_half(void **state)
{
    (void)state;
    uint16_t *halves = malloc(HALVES * sizeof *halves);
    float *y = malloc(HALVES * sizeof *y);
    assert_true(halves && y);
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        if (!walk_level(level)) continue;
        every_half(walk_level(level), halves, y);
        every_middle(walk_level(level), halves, y);
        every_brain_half(walk_level(level), halves, y);
        float extremes[] = {65519.99f, 65520.0f, 1e30f, 0x1p-25f, 0x1.000002p-25f, 1e-40f, -INFINITY};
        uint16_t found[7];
        static const uint16_t expected[] = {0x7bff, 0x7c00, 0x7c00, 0, 1, 0, 0xfc00};
        walk_level(level)->f32_to_f16(found, extremes, 7);
        assert_memory_equal(found, expected, sizeof found);
    }
    free(halves);
    free(y);
}

/* ---- the table ---- */

static void test_tables_are_whole_and_best_is_runnable(void **state)
{
    (void)state;
    const aigc__kernels_t *best = aigc__kernels_best();
    assert_non_null(best);
    assert_true(aigc__cpu_has(best->level));
    assert_null(aigc__kernels_get(AIGC__CPU_LEVELS));
    assert_non_null(aigc__kernels_get(AIGC__CPU_C));
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = aigc__kernels_get((aigc__cpu_level_t)level);
        if (!kernels) continue;
        assert_int_equal(kernels->level, level);
        assert_string_equal(kernels->name, aigc__cpu_name((aigc__cpu_level_t)level));
        for (int map = 0; map < AIGC__MAPS; map++) assert_true(kernels->map[map] != NULL);
#define KERNEL(type, name, parameters) assert_true(kernels->name != NULL);
#include "kernels/kernels.def"
#undef KERNEL
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),           cmocka_unit_test(test_long_sums_stay_accurate),
        cmocka_unit_test(test_max_and_finite), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_products),       cmocka_unit_test(test_no_rows_sum_to_nothing),
        cmocka_unit_test(test_combine_rows),   cmocka_unit_test(test_argmax_rows),
        cmocka_unit_test(test_fill),           cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_bytes),          cmocka_unit_test(test_lengths_of_halves),
        cmocka_unit_test(test_every_half),     cmocka_unit_test(test_tables_are_whole_and_best_is_runnable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
