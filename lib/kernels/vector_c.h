/* The vector of the portable level: one lane, plain C. It is also the description of what the vectors
 * of the other levels do:
 *
 *   vf  LANES floats             vi  LANES words of 32 bits          vm  LANES truth values
 *
 * The *_tail functions take 1 to LANES - 1 elements and touch no memory past them; absent lanes read
 * as 0. vf_min and vf_max give NaN where b is NaN. Shifts take constants. */
#ifndef AIGC_KERNELS_VECTOR_C_H
#define AIGC_KERNELS_VECTOR_C_H

#include "kernels/inline.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 1 };
typedef float vf;
typedef uint32_t vi;
typedef bool vm;

/* ---- memory ---- */
INLINE vf vf_load(const float *p) { return *p; }
INLINE void vf_store(float *p, vf a) { *p = a; }
INLINE vf vf_load_tail(const float *p, size_t n) { return n ? *p : 0.0f; }
INLINE void vf_store_tail(float *p, vf a, size_t n)
{
    if (n) *p = a;
}
INLINE vi vi_load(const uint32_t *p) { return *p; }
INLINE vi vi_load_u8(const uint8_t *p) { return *p; }
INLINE void vi_store_u8(uint8_t *p, vi a) { *p = (uint8_t)a; } /* of 0..255 */
INLINE vi vi_load_u16(const uint16_t *p) { return *p; }
INLINE void vi_store_u16(uint16_t *p, vi a) { *p = (uint16_t)a; } /* of 0..65535 */
/* p[4 i + k] = lane i of the k-th */
INLINE void vf_store_four(float *p, vf a, vf b, vf c, vf d)
{
    p[0] = a;
    p[1] = b;
    p[2] = c;
    p[3] = d;
}

/* ---- words ---- */
INLINE vi vi_set(uint32_t a) { return a; }
INLINE vi vi_add(vi a, vi b) { return a + b; }
INLINE vi vi_sub(vi a, vi b) { return a - b; }
INLINE vi vi_and(vi a, vi b) { return a & b; }
INLINE vi vi_or(vi a, vi b) { return a | b; }
INLINE vi vi_xor(vi a, vi b) { return a ^ b; }
INLINE vi vi_xor3(vi a, vi b, vi c) { return vi_xor(vi_xor(a, b), c); }
INLINE vi vi_shl(vi a, int n) { return a << n; }
INLINE vi vi_shr(vi a, int n) { return a >> n; }
INLINE vi vi_sar(vi a, int n) { return (a >> n) | (a >> 31 ? ~(UINT32_MAX >> n) : 0u); }
INLINE vm vi_eq(vi a, vi b) { return a == b; }
/* both halves of the 64-bit product; b has the same word in all lanes */
INLINE void vi_mul_wide(vi a, vi b, vi *high, vi *low)
{
    uint64_t product = (uint64_t)a * b;
    *high = (uint32_t)(product >> 32);
    *low = (uint32_t)product;
}

/* ---- between words and floats ---- */
INLINE vi vf_bits(vf a)
{
    uint32_t u;
    memcpy(&u, &a, sizeof u);
    return u;
}
INLINE vf vf_of_bits(vi a)
{
    float f;
    memcpy(&f, &a, sizeof f);
    return f;
}
INLINE vf vf_of_signed(vi a) { return (float)(a >> 31 ? -(int32_t)~a - 1 : (int32_t)a); } /* rounded */
INLINE vi vf_truncate(vf a) { return (uint32_t)(int32_t)a; }                              /* |a| < 2^31 */

/* ---- truth ---- */
INLINE vm vf_lt(vf a, vf b) { return a < b; }
INLINE vm vf_le(vf a, vf b) { return a <= b; }
INLINE vm vf_eq(vf a, vf b) { return a == b; }
INLINE vm vf_is_nan(vf a) { return a != a; }
INLINE vm vm_or(vm a, vm b) { return a || b; }
INLINE bool vm_any(vm a) { return a; }
INLINE vf vf_select(vm m, vf yes, vf no) { return m ? yes : no; }
INLINE vi vi_select(vm m, vi yes, vi no) { return m ? yes : no; }

/* ---- floats ---- */
INLINE vf vf_set(float a) { return a; }
INLINE vf vf_add(vf a, vf b) { return a + b; }
INLINE vf vf_sub(vf a, vf b) { return a - b; }
INLINE vf vf_mul(vf a, vf b) { return a * b; }
INLINE vf vf_div(vf a, vf b) { return a / b; }
INLINE vf vf_sqrt(vf a) { return sqrtf(a); }
INLINE vf vf_min(vf a, vf b) { return a < b ? a : b; }
INLINE vf vf_max(vf a, vf b) { return a > b ? a : b; }
INLINE vf vf_abs(vf a) { return vf_of_bits(vf_bits(a) & 0x7fffffffu); }
INLINE vf vf_neg(vf a) { return vf_of_bits(vf_bits(a) ^ 0x80000000u); }
/* a b + c and c - a b, rounded once or twice */
INLINE vf vf_fma(vf a, vf b, vf c) { return a * b + c; }
INLINE vf vf_fnma(vf a, vf b, vf c) { return c - a * b; }
/* a b + c and c - a b as if the product were exact */
INLINE vf vf_fma_exact(vf a, vf b, vf c) { return (float)((double)a * (double)b + (double)c); }
INLINE vf vf_fnma_exact(vf a, vf b, vf c) { return (float)((double)c - (double)a * (double)b); }
/* by hand: floorf is a call where SSE4.1 is not taken for granted */
INLINE vf vf_floor(vf a)
{
    float magnitude = vf_abs(a);
    float whole = (magnitude + 8388608.0f) - 8388608.0f; /* to the nearest whole */
    whole = vf_of_bits(vf_bits(whole) | (vf_bits(a) & 0x80000000u));
    whole = vf_of_bits(vf_bits(whole > a ? whole - 1.0f : whole) | (vf_bits(a) & 0x80000000u));
    return magnitude < 8388608.0f ? whole : a;
}
/* a * 2^n for a whole n, -300 < n < 300, 0.5 <= |a| < 2; rounded once where it is denormal */
INLINE vf vf_scale2(vf a, vf n)
{
    vi whole = vf_bits(n + 12582912.0f) - 0x4b400000u; /* a cast would be undefined for NaN */
    vi half = vi_sar(whole, 1);
    vf first = vf_of_bits((half + 127u) << 23);
    vf second = vf_of_bits((whole - half + 127u) << 23);
    return a * first * second;
}

/* ---- across lanes ---- */
INLINE float vf_sum_lanes(vf a) { return a; }
INLINE float vf_max_lanes(vf a) { return a; } /* no NaN */
/* r[j] lane i <- r[i] lane j */
INLINE void vf_transpose(vf r[LANES]) { (void)r; }

/* ---- half precision ---- */
INLINE vf vf_load_f16(const uint16_t *p)
{
    uint32_t sign = (uint32_t)(*p & 0x8000u) << 16, rest = (uint32_t)(*p & 0x7fffu);
    /* Place exponent and mantissa, then a product with 2^112 mends the bias and makes denormals normal. */
    float value = vf_of_bits(rest << 13) * 5.192296858534828e33f;
    uint32_t special = 0x7f800000u | ((rest & 0x3ffu) << 13) | ((rest & 0x3ffu) ? 0x400000u : 0u);
    return vf_of_bits((rest >= 0x7c00u ? special : vf_bits(value)) | sign);
}
INLINE void vf_store_f16(uint16_t *p, vf a)
{
    uint32_t bits = vf_bits(a), sign = (bits >> 16) & 0x8000u, rest = bits & 0x7fffffffu;
    uint32_t half;
    if (rest > 0x7f800000u)
        half = 0x7e00u | ((rest >> 13) & 0x3ffu);
    else if (rest >= 0x47800000u) /* from 65536 on; what rounds up to it comes out of the last case */
        half = 0x7c00u;
    else if (rest < 0x38800000u) /* denormal: adding 0.5 puts the last place of f16 last in the f32 */
        half = vf_bits(vf_of_bits(rest) + 0.5f) - 0x3f000000u;
    else
        half = (rest + 0xfffu + ((rest >> 13) & 1u) - 0x38000000u) >> 13;
    *p = (uint16_t)(half | sign);
}

#endif
