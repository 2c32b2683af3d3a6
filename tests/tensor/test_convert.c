/* Conversion between element types, against arithmetic in double. */
#include "base/philox.h"
#include "kernels/kernels.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include "tensor/storage.h"
#include <math.h>
#include <string.h>

static const aigc__kernels_t *kernels;

static int setup(void **state)
{
    (void)state;
    kernels = aigc__kernels_best();
    print_message("kernels: %s\n", kernels->name);
    return 0;
}

/* A binary floating format: stored mantissa bits and the exponent of its smallest normal number. */
typedef struct format {
    aigc_dtype_t dtype;
    int mantissa, least_exponent;
    double most;
} format_t;

static const format_t f16 = {AIGC_DTYPE_F16, 10, -14, 65504};
static const format_t bf16 = {AIGC_DTYPE_BF16, 7, -126, 0x1.fep127};

/* The number that 16 bits of a format mean. */
static double widen(const format_t *format, uint16_t bits)
{
    const int exponent_bits = 15 - format->mantissa, bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = (bits & 0x7fff) >> format->mantissa, mantissa = bits & ((1 << format->mantissa) - 1);
    const double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == (1 << exponent_bits) - 1) return mantissa ? NAN : sign * INFINITY;
    const double fraction = (exponent ? 1 : 0) + ldexp(mantissa, -format->mantissa);
    return sign * ldexp(fraction, (exponent ? exponent : 1) - bias);
}

/* The nearest number of a format, ties to even, in a double. */
static double narrow(const format_t *format, double value)
{
    if (value == 0 || !isfinite(value)) return value;
    int exponent = 0;
    frexp(value, &exponent);
    exponent = exponent - 1 < format->least_exponent ? format->least_exponent : exponent - 1;
    const double unit = ldexp(1, exponent - format->mantissa), rounded = rint(value / unit) * unit;
    return fabs(rounded) > format->most ? copysign(INFINITY, value) : rounded;
}

static bool is_same(double a, double b) { return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b)); }

static void every_16_bit_number_widens_exactly_and_comes_back(void **state)
{
    (void)state;
    static uint16_t bits[65536], back[65536];
    static float wide[65536];
    static const format_t *const formats[] = {&f16, &bf16};
    for (size_t i = 0; i < 65536; i++) bits[i] = (uint16_t)i;
    for (size_t k = 0; k < 2; k++) {
        aigc__convert(kernels, wide, AIGC_DTYPE_F32, bits, formats[k]->dtype, 65536);
        aigc__convert(kernels, back, formats[k]->dtype, wide, AIGC_DTYPE_F32, 65536);
        for (size_t i = 0; i < 65536; i++) {
            const double expected = widen(formats[k], bits[i]);
            assert_true(is_same(wide[i], expected));
            if (isnan(expected))
                assert_true(isnan(widen(formats[k], back[i])));
            else
                assert_int_equal(back[i], bits[i]);
        }
    }
}

static void check_narrow(const format_t *format, const float *values, size_t n)
{
    uint16_t bits[1024];
    aigc__convert(kernels, bits, format->dtype, values, AIGC_DTYPE_F32, n);
    for (size_t i = 0; i < n; i++) {
        if (!is_same(widen(format, bits[i]), narrow(format, values[i])))
            fail_msg("%a became %a, not %a", (double)values[i], widen(format, bits[i]), narrow(format, values[i]));
    }
}

static void numbers_narrow_to_the_nearest(void **state)
{
    (void)state;
    enum { N = 1024 };
    float values[N];
    aigc__random_t random;
    aigc__random_init(&random, (aigc__stream_t){.seed = 1});
    for (size_t round = 0; round < 100; round++) {
        for (size_t i = 0; i < N; i++) {
            const uint32_t bits = aigc__random_u32(&random);
            memcpy(&values[i], &bits, sizeof bits);
            if (round % 2) values[i] = (float)ldexp(aigc__random_unit(&random) * 2 - 1, (int)(bits % 60) - 40);
        }
        check_narrow(&f16, values, N);
        check_narrow(&bf16, values, N);
    }
}

/* Half-way between two neighbours, and one step of a float on either side. */
static void ties_go_to_even(void **state)
{
    (void)state;
    static const format_t *const formats[] = {&f16, &bf16};
    for (size_t k = 0; k < 2; k++) {
        float values[300];
        size_t n = 0;
        for (uint16_t bits = 0x0000; n + 3 <= 300; bits = (uint16_t)(bits + 311)) {
            const double low = widen(formats[k], bits), high = widen(formats[k], (uint16_t)(bits + 1));
            if (!isfinite(low) || !isfinite(high)) continue;
            const float middle = (float)((low + high) / 2);
            assert_true((double)middle == (low + high) / 2);
            values[n++] = middle;
            values[n++] = nextafterf(middle, INFINITY);
            values[n++] = nextafterf(middle, -INFINITY);
        }
        check_narrow(formats[k], values, n);
    }
    static const float edges[] = {65504, 65519.996f, 65520, -65520, 1e38f, 3.4e38f, INFINITY, -INFINITY, NAN, 0x1p-25f, 0x1.8p-25f, 0x1p-149f, -0.0f};
    check_narrow(&f16, edges, sizeof edges / sizeof edges[0]);
    check_narrow(&bf16, edges, sizeof edges / sizeof edges[0]);
}

static void pixels_are_clamped_and_rounded_half_up(void **state)
{
    (void)state;
    static const float values[] = {0, 1, 0.5f, -0.1f, 1.1f, NAN, INFINITY, -INFINITY, 0.1f, 0x1p-149f, 254.4f / 255, 254.6f / 255};
    static const uint8_t expected[] = {0, 255, 128, 0, 255, 0, 255, 0, 26, 0, 254, 255};
    enum { N = sizeof expected };
    uint8_t bytes[256], back[256];
    aigc__convert(kernels, bytes, AIGC_DTYPE_U8, values, AIGC_DTYPE_F32, N);
    assert_memory_equal(bytes, expected, N);
    uint16_t halves[N];
    aigc__convert(kernels, halves, AIGC_DTYPE_F16, values, AIGC_DTYPE_F32, 8);
    aigc__convert(kernels, bytes, AIGC_DTYPE_U8, halves, AIGC_DTYPE_F16, 8);
    assert_memory_equal(bytes, expected, 8);

    float wide[256];
    uint16_t narrow_ones[256];
    for (size_t i = 0; i < 256; i++) bytes[i] = (uint8_t)i;
    aigc__convert(kernels, wide, AIGC_DTYPE_F32, bytes, AIGC_DTYPE_U8, 256);
    /* 1/255 and the product are rounded, each by at most 2^-24 of it. */
    for (size_t i = 0; i < 256; i++) assert_true(fabs((double)wide[i] - (double)i / 255) <= 0x1p-23 * (double)i / 255);
    assert_true(wide[0] == 0 && wide[255] == 1);
    aigc__convert(kernels, back, AIGC_DTYPE_U8, wide, AIGC_DTYPE_F32, 256);
    assert_memory_equal(back, bytes, 256);
    aigc__convert(kernels, narrow_ones, AIGC_DTYPE_F16, bytes, AIGC_DTYPE_U8, 256);
    aigc__convert(kernels, back, AIGC_DTYPE_U8, narrow_ones, AIGC_DTYPE_F16, 256);
    assert_memory_equal(back, bytes, 256);
}

static void floats_become_the_nearest_integers(void **state)
{
    (void)state;
    static const float values[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, NAN, INFINITY, -INFINITY, 3e9f, -3e9f, 1e19f, -1e19f, 0x1.fffffep62f};
    static const int64_t wide[] = {0, 2, 2, 0, -2, 0, INT64_MAX, INT64_MIN, 3000000000, -3000000000, INT64_MAX, INT64_MIN, 0x7fffff8000000000};
    static const int32_t words[] = {0, 2, 2, 0, -2, 0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX};
    enum { N = sizeof values / sizeof values[0] };
    int64_t found[N];
    int32_t found_words[N];
    aigc__convert(kernels, found, AIGC_DTYPE_I64, values, AIGC_DTYPE_F32, N);
    assert_memory_equal(found, wide, sizeof wide);
    aigc__convert(kernels, found_words, AIGC_DTYPE_I32, values, AIGC_DTYPE_F32, N);
    assert_memory_equal(found_words, words, sizeof words);
    const uint16_t half = 0x4100; /* 2.5 */
    aigc__convert(kernels, found, AIGC_DTYPE_I64, &half, AIGC_DTYPE_F16, 1);
    assert_int_equal(found[0], 2);
}

/* Where rounding to f32 first would round twice, the second time the wrong way. */
static void integers_are_rounded_once(void **state)
{
    (void)state;
    const int64_t step = (int64_t)1 << 40, half = (int64_t)1 << 32; /* bf16 near 2^40 goes in steps of 2^33 */
    const int64_t values[] = {step + half, step + half + 1, step + half - 1, step + 3 * half, -(step + half + 1), 1000, INT64_MAX, INT64_MIN};
    const double expected[] = {0x1p40, 0x1.02p40, 0x1p40, 0x1.04p40, -0x1.02p40, 1000, 0x1p63, -0x1p63};
    uint16_t bits[8];
    aigc__convert(kernels, bits, AIGC_DTYPE_BF16, values, AIGC_DTYPE_I64, 8);
    for (size_t i = 0; i < 8; i++) assert_true(widen(&bf16, bits[i]) == expected[i]);

    static const int32_t words[] = {2049, 2051, 65519, 65520, -65520, INT32_MIN};
    static const double halves[] = {2048, 2052, 65504, INFINITY, -INFINITY, -INFINITY};
    aigc__convert(kernels, bits, AIGC_DTYPE_F16, words, AIGC_DTYPE_I32, 6);
    for (size_t i = 0; i < 6; i++) assert_true(widen(&f16, bits[i]) == halves[i]);

    static const int64_t large[] = {16777217, 16777219, INT64_MAX};
    float floats[3];
    aigc__convert(kernels, floats, AIGC_DTYPE_F32, large, AIGC_DTYPE_I64, 3);
    assert_true(floats[0] == 16777216 && floats[1] == 16777220 && floats[2] == 0x1p63f);
}

static void integers_are_clamped_to_integers(void **state)
{
    (void)state;
    static const int64_t values[] = {-1, 0, 255, 256, INT64_MAX, INT64_MIN, 2147483648, -5};
    static const uint8_t bytes[] = {0, 0, 255, 255, 255, 0, 255, 0};
    static const int32_t words[] = {-1, 0, 255, 256, INT32_MAX, INT32_MIN, INT32_MAX, -5};
    uint8_t found_bytes[8];
    int32_t found_words[8];
    int64_t found[8];
    aigc__convert(kernels, found_bytes, AIGC_DTYPE_U8, values, AIGC_DTYPE_I64, 8);
    assert_memory_equal(found_bytes, bytes, sizeof bytes);
    aigc__convert(kernels, found_words, AIGC_DTYPE_I32, values, AIGC_DTYPE_I64, 8);
    assert_memory_equal(found_words, words, sizeof words);
    aigc__convert(kernels, found, AIGC_DTYPE_I64, words, AIGC_DTYPE_I32, 8);
    for (size_t i = 0; i < 8; i++) assert_int_equal(found[i], words[i]);
    aigc__convert(kernels, found_words, AIGC_DTYPE_I32, bytes, AIGC_DTYPE_U8, 8);
    for (size_t i = 0; i < 8; i++) assert_int_equal(found_words[i], bytes[i]);
}

static void tensors_of_any_length_convert(void **state)
{
    (void)state;
    test_memory_t world;
    aigc_context_t *context = NULL;
    aigc_tensor_t *words = NULL, *floats = NULL, *same = NULL, *none = NULL;
    test_memory_init(&world);
    check_ok(aigc__context_create(&context, &world.allocator, 1, 0, AIGC__CPU_C, kernels));
    for (int64_t n = 0; n < 1100; n = n * 2 + 1) {
        check_ok(aigc__tensor_create(&words, context, AIGC_DTYPE_I32, 2, (const int64_t[]){1, n}));
        for (int32_t i = 0; i < n; i++) ((int32_t *)words->data)[i] = i * 3 - 100;
        check_ok(aigc__tensor_convert(&floats, words, AIGC_DTYPE_F32));
        check_ok(aigc__tensor_convert(&same, floats, AIGC_DTYPE_F32));
        assert_true(floats->rank == 2 && floats->shape[1] == n && same->data != floats->data);
        for (int32_t i = 0; i < n; i++) assert_true(((float *)same->data)[i] == (float)(i * 3 - 100));
        assert_int_equal(aigc__tensor_convert(&none, words, 9), AIGC_ERROR_ARGUMENT);
        test_memory_fail(&world, 2, false);
        assert_int_equal(aigc__tensor_convert(&none, words, AIGC_DTYPE_F32), AIGC_ERROR_MEMORY);
        test_memory_fail(&world, 0, false);
        assert_null(none);
        aigc__tensor_release(same);
        aigc__tensor_release(floats);
        aigc__tensor_release(words);
    }
    aigc__context_release(context);
    assert_int_equal(world.blocks + world.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_16_bit_number_widens_exactly_and_comes_back),
        cmocka_unit_test(numbers_narrow_to_the_nearest),
        cmocka_unit_test(ties_go_to_even),
        cmocka_unit_test(pixels_are_clamped_and_rounded_half_up),
        cmocka_unit_test(floats_become_the_nearest_integers),
        cmocka_unit_test(integers_are_rounded_once),
        cmocka_unit_test(integers_are_clamped_to_integers),
        cmocka_unit_test(tensors_of_any_length_convert),
    };
    return cmocka_run_group_tests_name("convert", tests, setup, NULL);
}
