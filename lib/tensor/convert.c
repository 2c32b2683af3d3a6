/* Conversion between element types. Every pair goes through one of two exact hubs, a block at a time:
 * floating types and u8 pixels through f32, integers through i64. */
#include "kernels/kernels.h"
#include "tensor/storage.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 256 };

static bool is_floating(aigc_dtype_t dtype)
{
    return dtype == AIGC_DTYPE_F32 || dtype == AIGC_DTYPE_F16 || dtype == AIGC_DTYPE_BF16;
}

static void to_f32(const aigc__kernels_t *kernels, float *to, const void *from, aigc_dtype_t dtype, size_t n)
{
    switch (dtype) {
    case AIGC_DTYPE_F16: kernels->f16_to_f32(to, from, n); break;
    case AIGC_DTYPE_BF16: kernels->bf16_to_f32(to, from, n); break;
    case AIGC_DTYPE_U8: kernels->u8_to_f32(to, from, n); break;
    default: memcpy(to, from, n * sizeof to[0]);
    }
}

static void from_f32(const aigc__kernels_t *kernels, void *to, aigc_dtype_t dtype, const float *from, size_t n)
{
    switch (dtype) {
    case AIGC_DTYPE_F16: kernels->f32_to_f16(to, from, n); break;
    case AIGC_DTYPE_BF16: kernels->f32_to_bf16(to, from, n); break;
    case AIGC_DTYPE_U8: kernels->f32_to_u8(to, from, n); break;
    default: memcpy(to, from, n * sizeof from[0]);
    }
}

static void to_i64(int64_t *to, const void *from, aigc_dtype_t dtype, size_t n)
{
    const int32_t *words = from;
    const uint8_t *bytes = from;
    for (size_t i = 0; i < n && dtype == AIGC_DTYPE_I32; i++) to[i] = words[i];
    for (size_t i = 0; i < n && dtype == AIGC_DTYPE_U8; i++) to[i] = bytes[i];
    if (dtype == AIGC_DTYPE_I64) memcpy(to, from, n * sizeof to[0]);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high) { return value < low ? low : value > high ? high : value; }

static void from_i64(void *to, aigc_dtype_t dtype, const int64_t *from, size_t n)
{
    int32_t *words = to;
    uint8_t *bytes = to;
    for (size_t i = 0; i < n && dtype == AIGC_DTYPE_I32; i++) words[i] = (int32_t)clamp(from[i], INT32_MIN, INT32_MAX);
    for (size_t i = 0; i < n && dtype == AIGC_DTYPE_U8; i++) bytes[i] = (uint8_t)clamp(from[i], 0, UINT8_MAX);
    if (dtype == AIGC_DTYPE_I64) memcpy(to, from, n * sizeof from[0]);
}

static int64_t nearest(float value)
{
    if (isnan(value)) return 0;
    if (value >= 0x1p63f) return INT64_MAX;
    return value <= -0x1p63f ? INT64_MIN : (int64_t)rintf(value);
}

/* The integer cut to 24 bits, the lowest of them set if anything was lost: such a number is a float,
 * and rounding it once more to a type of at most 22 bits gives what rounding once would have given. */
static float round_to_odd(int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int shift = 0;
    while (magnitude >> shift >= (uint64_t)1 << 24) shift++;
    const uint64_t lost = magnitude & (((uint64_t)1 << shift) - 1);
    magnitude = (magnitude >> shift | (lost != 0)) << shift;
    return value < 0 ? -(float)magnitude : (float)magnitude;
}

static void convert_block(const aigc__kernels_t *kernels, void *to, aigc_dtype_t to_dtype, const void *from,
                          aigc_dtype_t from_dtype, size_t n)
{
    float floats[BLOCK];
    int64_t ints[BLOCK];
    const bool is_pixel = from_dtype == AIGC_DTYPE_U8 || to_dtype == AIGC_DTYPE_U8;
    const bool is_from_float = is_floating(from_dtype), is_to_float = is_floating(to_dtype);
    if ((is_from_float && is_to_float) || (is_pixel && (is_from_float || is_to_float))) {
        to_f32(kernels, floats, from, from_dtype, n);
        from_f32(kernels, to, to_dtype, floats, n);
    } else if (is_from_float) {
        to_f32(kernels, floats, from, from_dtype, n);
        for (size_t i = 0; i < n; i++) ints[i] = nearest(floats[i]);
        from_i64(to, to_dtype, ints, n);
    } else if (is_to_float) {
        to_i64(ints, from, from_dtype, n);
        for (size_t i = 0; i < n; i++) floats[i] = to_dtype == AIGC_DTYPE_F32 ? (float)ints[i] : round_to_odd(ints[i]);
        from_f32(kernels, to, to_dtype, floats, n);
    } else {
        to_i64(ints, from, from_dtype, n);
        from_i64(to, to_dtype, ints, n);
    }
}

void aigc__convert(const struct aigc__kernels *kernels, void *to, aigc_dtype_t to_dtype, const void *from,
                   aigc_dtype_t from_dtype, size_t n)
{
    const size_t to_bytes = aigc__dtype_bytes(to_dtype), from_bytes = aigc__dtype_bytes(from_dtype);
    if (n == 0) return;
    if (to_dtype == from_dtype) {
        memcpy(to, from, n * to_bytes);
        return;
    }
    for (size_t i = 0; i < n; i += BLOCK) {
        const size_t m = n - i < BLOCK ? n - i : BLOCK;
        convert_block(kernels, (uint8_t *)to + i * to_bytes, to_dtype, (const uint8_t *)from + i * from_bytes, from_dtype, m);
    }
}

aigc_status_t aigc__tensor_convert(aigc_tensor_t **out, const aigc_tensor_t *tensor, aigc_dtype_t dtype)
{
    aigc_tensor_t *converted = NULL;
    AIGC__TRY(aigc__tensor_create_raw(&converted, tensor->context, dtype, tensor->rank, tensor->shape));
    aigc__convert(tensor->context->kernels, converted->data, dtype, tensor->data, tensor->dtype, tensor->count);
    *out = converted;
    return AIGC_OK;
}
