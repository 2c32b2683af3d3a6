/* Vectors of 16 lanes with AVX-512 F, BW, DQ and VL; see vector_c.h for what each function does. */
#ifndef AIGC_KERNELS_VECTOR_AVX512_H
#define AIGC_KERNELS_VECTOR_AVX512_H

#include "kernels/inline.h"
#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };
typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

/* ---- memory ---- */
INLINE vm first_lanes(size_t n) { return (__mmask16)((1u << n) - 1u); }
INLINE vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vf_store(float *p, vf a) { _mm512_storeu_ps(p, a); }
INLINE vf vf_load_tail(const float *p, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
INLINE void vf_store_tail(float *p, vf a, size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), a); }
INLINE vi vi_load(const uint32_t *p) { return _mm512_loadu_si512(p); }
INLINE vi vi_load_u8(const uint8_t *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)); }
INLINE void vi_store_u8(uint8_t *p, vi a) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(a)); }
INLINE vi vi_load_u16(const uint16_t *p) { return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)); }
INLINE void vi_store_u16(uint16_t *p, vi a) { _mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(a)); }
INLINE void vf_store_four(float *p, vf a, vf b, vf c, vf d)
{
    __m512 ab_low = _mm512_unpacklo_ps(a, b), ab_high = _mm512_unpackhi_ps(a, b);
    __m512 cd_low = _mm512_unpacklo_ps(c, d), cd_high = _mm512_unpackhi_ps(c, d);
    __m512 r0 = _mm512_shuffle_ps(ab_low, cd_low, 0x44), r1 = _mm512_shuffle_ps(ab_low, cd_low, 0xee);
    __m512 r2 = _mm512_shuffle_ps(ab_high, cd_high, 0x44), r3 = _mm512_shuffle_ps(ab_high, cd_high, 0xee);
    /* quarter k of r0..r3 makes the k-th output */
    __m512 s0 = _mm512_shuffle_f32x4(r0, r1, 0x44), s1 = _mm512_shuffle_f32x4(r2, r3, 0x44);
    __m512 s2 = _mm512_shuffle_f32x4(r0, r1, 0xee), s3 = _mm512_shuffle_f32x4(r2, r3, 0xee);
    _mm512_storeu_ps(p, _mm512_shuffle_f32x4(s0, s1, 0x88));
    _mm512_storeu_ps(p + 16, _mm512_shuffle_f32x4(s0, s1, 0xdd));
    _mm512_storeu_ps(p + 32, _mm512_shuffle_f32x4(s2, s3, 0x88));
    _mm512_storeu_ps(p + 48, _mm512_shuffle_f32x4(s2, s3, 0xdd));
}

/* ---- words ---- */
INLINE vi vi_set(uint32_t a) { return _mm512_set1_epi32((int)a); }
INLINE vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
INLINE vi vi_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
INLINE vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
INLINE vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
INLINE vi vi_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
INLINE vi vi_xor3(vi a, vi b, vi c) { return _mm512_ternarylogic_epi32(a, b, c, 0x96); }
INLINE vi vi_shl(vi a, int n) { return _mm512_slli_epi32(a, (unsigned)n); }
INLINE vi vi_shr(vi a, int n) { return _mm512_srli_epi32(a, (unsigned)n); }
INLINE vi vi_sar(vi a, int n) { return _mm512_srai_epi32(a, (unsigned)n); }
INLINE vm vi_eq(vi a, vi b) { return _mm512_cmpeq_epi32_mask(a, b); }
INLINE void vi_mul_wide(vi a, vi b, vi *high, vi *low)
{
    __m512i even = _mm512_mul_epu32(a, b), odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), b);
    *low = _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
    *high = _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

/* ---- between words and floats ---- */
INLINE vi vf_bits(vf a) { return _mm512_castps_si512(a); }
INLINE vf vf_of_bits(vi a) { return _mm512_castsi512_ps(a); }
INLINE vf vf_of_signed(vi a) { return _mm512_cvtepi32_ps(a); }
INLINE vi vf_truncate(vf a) { return _mm512_cvttps_epi32(a); }

/* ---- truth ---- */
INLINE vm vf_lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
INLINE vm vf_le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
INLINE vm vf_eq(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
INLINE vm vf_is_nan(vf a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
INLINE vm vm_or(vm a, vm b) { return (__mmask16)(a | b); }
INLINE bool vm_any(vm a) { return a != 0; }
INLINE vf vf_select(vm m, vf yes, vf no) { return _mm512_mask_blend_ps(m, no, yes); }
INLINE vi vi_select(vm m, vi yes, vi no) { return _mm512_mask_blend_epi32(m, no, yes); }

/* ---- floats ---- */
INLINE vf vf_set(float a) { return _mm512_set1_ps(a); }
INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
INLINE vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
INLINE vf vf_abs(vf a) { return _mm512_abs_ps(a); }
INLINE vf vf_neg(vf a) { return _mm512_xor_ps(_mm512_set1_ps(-0.0f), a); }
INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_fnma(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE vf vf_fma_exact(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vf vf_fnma_exact(vf a, vf b, vf c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE vf vf_floor(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF); }
INLINE vf vf_scale2(vf a, vf n) { return _mm512_scalef_ps(a, n); }

/* ---- across lanes ---- */
INLINE __m256 vf_low(vf a) { return _mm512_castps512_ps256(a); }
INLINE __m256 vf_high(vf a) { return _mm512_extractf32x8_ps(a, 1); }
INLINE float vf_sum_lanes(vf a)
{
    __m256 eight = _mm256_add_ps(vf_low(a), vf_high(a));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
INLINE float vf_max_lanes(vf a)
{
    __m256 eight = _mm256_max_ps(vf_low(a), vf_high(a));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
/* Pairs, quads, then quarters twice. */
INLINE void vf_transpose(vf r[LANES])
{
    vf t[16], q[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        q[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
        q[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
        q[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        q[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        vf even_top = _mm512_shuffle_f32x4(q[i], q[i + 4], 0x88), odd_top = _mm512_shuffle_f32x4(q[i], q[i + 4], 0xdd);
        vf even_end = _mm512_shuffle_f32x4(q[i + 8], q[i + 12], 0x88);
        vf odd_end = _mm512_shuffle_f32x4(q[i + 8], q[i + 12], 0xdd);
        r[i] = _mm512_shuffle_f32x4(even_top, even_end, 0x88);
        r[i + 4] = _mm512_shuffle_f32x4(odd_top, odd_end, 0x88);
        r[i + 8] = _mm512_shuffle_f32x4(even_top, even_end, 0xdd);
        r[i + 12] = _mm512_shuffle_f32x4(odd_top, odd_end, 0xdd);
    }
}

/* ---- half precision ---- */
INLINE vf vf_load_f16(const uint16_t *p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }
INLINE void vf_store_f16(uint16_t *p, vf a)
{
    _mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

#endif
