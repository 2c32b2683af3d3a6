#include "tensor/elements.h"
#include "base/sizes.h"
#include <inttypes.h>
#include <string.h>

static const aigc__element_info_t infos[AIGC__ELEMENTS] = {
    [AIGC__ELEMENT_F64] = {"F64", 64, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F32] = {"F32", 32, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F16] = {"F16", 16, AIGC_DTYPE_F16},
    [AIGC__ELEMENT_BF16] = {"BF16", 16, AIGC_DTYPE_BF16},
    [AIGC__ELEMENT_I64] = {"I64", 64, AIGC_DTYPE_I64},
    [AIGC__ELEMENT_I32] = {"I32", 32, AIGC_DTYPE_I32},
    [AIGC__ELEMENT_I16] = {"I16", 16, AIGC_DTYPE_I32},
    [AIGC__ELEMENT_I8] = {"I8", 8, AIGC_DTYPE_I32},
    [AIGC__ELEMENT_U64] = {"U64", 64, AIGC_DTYPE_I64},
    [AIGC__ELEMENT_U32] = {"U32", 32, AIGC_DTYPE_I64},
    [AIGC__ELEMENT_U16] = {"U16", 16, AIGC_DTYPE_I32},
    [AIGC__ELEMENT_U8] = {"U8", 8, AIGC_DTYPE_U8},
    [AIGC__ELEMENT_BOOL] = {"BOOL", 8, AIGC_DTYPE_I32},
    [AIGC__ELEMENT_C64] = {"C64", 64, 0},
    [AIGC__ELEMENT_F8_E4M3] = {"F8_E4M3", 8, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F8_E5M2] = {"F8_E5M2", 8, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F8_E8M0] = {"F8_E8M0", 8, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F8_E4M3FNUZ] = {"F8_E4M3FNUZ", 8, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F8_E5M2FNUZ] = {"F8_E5M2FNUZ", 8, AIGC_DTYPE_F32},
    [AIGC__ELEMENT_F6_E2M3] = {"F6_E2M3", 6, 0},
    [AIGC__ELEMENT_F6_E3M2] = {"F6_E3M2", 6, 0},
    [AIGC__ELEMENT_F4] = {"F4", 4, 0},
    [AIGC__ELEMENT_C128] = {"C128", 128, 0},
};

const aigc__element_info_t *aigc__element_info(aigc__element_t element) { return &infos[element]; }

size_t aigc__element_part_bytes(aigc__element_t element)
{
    const size_t bytes = infos[element].bits / 8;
    return element == AIGC__ELEMENT_C64 || element == AIGC__ELEMENT_C128 ? bytes / 2 : bytes;
}

bool aigc__element_parse(const char *text, size_t length, aigc__element_t *element, bool *is_big_endian)
{
    static const struct {
        char code[4];
        aigc__element_t element;
    } types[] = {
        {"f2", AIGC__ELEMENT_F16},  {"f4", AIGC__ELEMENT_F32}, {"f8", AIGC__ELEMENT_F64},   {"b1", AIGC__ELEMENT_BOOL},
        {"i1", AIGC__ELEMENT_I8},   {"i2", AIGC__ELEMENT_I16}, {"i4", AIGC__ELEMENT_I32},   {"i8", AIGC__ELEMENT_I64},
        {"u1", AIGC__ELEMENT_U8},   {"u2", AIGC__ELEMENT_U16}, {"u4", AIGC__ELEMENT_U32},   {"u8", AIGC__ELEMENT_U64},
        {"V2", AIGC__ELEMENT_BF16}, {"c8", AIGC__ELEMENT_C64}, {"c16", AIGC__ELEMENT_C128},
    };
    const bool has_order = length > 0 && strchr("<>|=", text[0]) && text[0] != '\0';
    const char order = has_order ? text[0] : '=';
    text += has_order;
    length -= has_order;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        if (strlen(types[k].code) != length || memcmp(text, types[k].code, length) != 0) continue;
        /* Two bytes without an order are anything; with one they are what ml_dtypes calls bfloat16. */
        if (types[k].element == AIGC__ELEMENT_BF16 && order != '<' && order != '>') return false;
        *element = types[k].element;
        *is_big_endian = order == '>';
        return true;
    }
    return false;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are written as memory holds the numbers");

static void swap_bytes(uint8_t *raw, size_t width, size_t n)
{
    for (size_t i = 0; i < n; i++, raw += width)
        for (size_t a = 0, b = width - 1; a < b; a++, b--) {
            const uint8_t t = raw[a];
            raw[a] = raw[b];
            raw[b] = t;
        }
}

static float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Sign, exponent and mantissa of an 8-bit float; `is_fnuz`: one NaN (0x80), no infinity, no -0. */
static float decode_f8(uint8_t byte, uint32_t mantissa_bits, int32_t bias, bool is_fnuz)
{
    const uint32_t magnitude = byte & 0x7fu, mantissa = magnitude & ((1u << mantissa_bits) - 1);
    const int32_t exponent = (int32_t)(magnitude >> mantissa_bits);
    const float sign = byte & 0x80 ? -1.0f : 1.0f, nan = float_from_bits(0x7fc00000);
    if (is_fnuz && byte == 0x80) return nan;
    if (!is_fnuz && mantissa_bits == 3 && magnitude == 0x7f) return nan;
    if (!is_fnuz && mantissa_bits == 2 && exponent == 31) return mantissa ? nan : sign * float_from_bits(0x7f800000);
    const uint32_t significand = exponent > 0 ? mantissa | 1u << mantissa_bits : mantissa;
    const int32_t power = (exponent > 0 ? exponent : 1) - bias - (int32_t)mantissa_bits;
    return sign * (float)significand * float_from_bits((uint32_t)(power + 127) << 23);
}

/* A power of two: 2^(byte - 127), 255 is NaN. */
static float decode_e8m0(uint8_t byte)
{
    return float_from_bits(byte == 255 ? 0x7fc00000 : byte == 0 ? 0x00400000 : (uint32_t)byte << 23);
}

static float decode_float8(uint8_t byte, aigc__element_t element)
{
    switch (element) {
    case AIGC__ELEMENT_F8_E4M3:
        return decode_f8(byte, 3, 7, false);
    case AIGC__ELEMENT_F8_E5M2:
        return decode_f8(byte, 2, 15, false);
    case AIGC__ELEMENT_F8_E4M3FNUZ:
        return decode_f8(byte, 3, 8, true);
    case AIGC__ELEMENT_F8_E5M2FNUZ:
        return decode_f8(byte, 2, 16, true);
    default:
        return decode_e8m0(byte);
    }
}

static void decode_float8s(float *to, const uint8_t *raw, aigc__element_t element, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = decode_float8(raw[i], element);
}

static void decode_f64(float *to, const uint8_t *raw, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, raw + i * 8, 8);
        to[i] = (float)value;
    }
}

static size_t decode_u64(int64_t *to, const uint8_t *raw, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value;
        memcpy(&value, raw + i * 8, 8);
        if (value > INT64_MAX) return i;
        to[i] = (int64_t)value;
    }
    return n;
}

static void decode_u32(int64_t *to, const uint8_t *raw, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t value;
        memcpy(&value, raw + i * 4, 4);
        to[i] = (int64_t)value;
    }
}

static void decode_16(int32_t *to, const uint8_t *raw, bool is_signed, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t value;
        memcpy(&value, raw + i * 2, 2);
        to[i] = is_signed ? (int16_t)value : (int32_t)value;
    }
}

static void decode_8(int32_t *to, const uint8_t *raw, aigc__element_t element, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] = element == AIGC__ELEMENT_BOOL ? raw[i] != 0 : (int8_t)raw[i];
}

size_t aigc__elements_decode(void *to, void *raw, aigc__element_t element, bool is_big_endian, size_t n)
{
    const size_t width = infos[element].bits / 8;
    if (is_big_endian) swap_bytes(raw, width, n);
    switch (element) {
    case AIGC__ELEMENT_F64:
        decode_f64(to, raw, n);
        break;
    case AIGC__ELEMENT_U64:
        return decode_u64(to, raw, n);
    case AIGC__ELEMENT_U32:
        decode_u32(to, raw, n);
        break;
    case AIGC__ELEMENT_I16:
    case AIGC__ELEMENT_U16:
        decode_16(to, raw, element == AIGC__ELEMENT_I16, n);
        break;
    case AIGC__ELEMENT_I8:
    case AIGC__ELEMENT_BOOL:
        decode_8(to, raw, element, n);
        break;
    case AIGC__ELEMENT_F8_E4M3:
    case AIGC__ELEMENT_F8_E5M2:
    case AIGC__ELEMENT_F8_E8M0:
    case AIGC__ELEMENT_F8_E4M3FNUZ:
    case AIGC__ELEMENT_F8_E5M2FNUZ:
        decode_float8s(to, raw, element, n);
        break;
    default:
        memmove(to, raw, n * width);
        break;
    }
    return n;
}

bool aigc__element_is_plain(aigc__element_t element)
{
    const uint32_t bits = infos[element].bits;
    return element != AIGC__ELEMENT_U64 && bits == 8 * aigc__dtype_bytes(infos[element].dtype);
}

aigc_status_t aigc__elements_read(void *to, const aigc__source_t *source, aigc__memory_t *memory, uint64_t offset,
                                  aigc__element_t element, bool is_big_endian, size_t n)
{
    const size_t width = infos[element].bits / 8, step = aigc__dtype_bytes(infos[element].dtype);
    if (aigc__element_is_plain(element)) {
        AIGC__TRY(aigc__source_read(source, offset, to, n * width));
        aigc__elements_decode(to, to, element, is_big_endian, n);
        return AIGC_OK;
    }
    void *piece;
    AIGC__TRY(aigc__memory_alloc(memory, AIGC__ELEMENTS_PIECE, &piece));
    aigc_status_t status = AIGC_OK;
    for (size_t done = 0; done < n;) {
        const size_t room = AIGC__ELEMENTS_PIECE / width, now = n - done < room ? n - done : room;
        AIGC__GOTO(end, aigc__source_read(source, offset + (uint64_t)done * width, piece, now * width));
        const size_t good = aigc__elements_decode((uint8_t *)to + done * step, piece, element, is_big_endian, now);
        if (good < now) {
            status = aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: element %zu is larger than a signed 64-bit number",
                                source->name, done + good);
            goto end;
        }
        done += now;
    }
end:
    aigc__memory_free(memory, piece);
    return status;
}
