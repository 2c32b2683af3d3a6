/* Vectors of 4 lanes with the Advanced SIMD that every AArch64 processor has; see vector_c.h for what
 * each function does. */
#ifndef AIGC_KERNELS_VECTOR_NEON_H
#define AIGC_KERNELS_VECTOR_NEON_H

#include "kernels/inline.h"
#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LANES = 4 };
typedef float32x4_t vf;
typedef uint32x4_t vi;
typedef uint32x4_t vm; /* all bits of a lane */

/* ---- memory ---- */
INLINE vf vf_load(const float *p) { return vld1q_f32(p); }
INLINE void vf_store(float *p, vf a) { vst1q_f32(p, a); }
INLINE vf vf_load_tail(const float *p, size_t n)
{
    float lanes[4] = {0};
    for (size_t i = 0; i < n && i < 4; i++) lanes[i] = p[i];
    return vld1q_f32(lanes);
}
INLINE void vf_store_tail(float *p, vf a, size_t n)
{
    float lanes[4];
    vst1q_f32(lanes, a);
    for (size_t i = 0; i < n && i < 4; i++) p[i] = lanes[i];
}
INLINE vi vi_load(const uint32_t *p) { return vld1q_u32(p); }
INLINE vi vi_load_u8(const uint8_t *p)
{
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(four))));
}
INLINE void vi_store_u8(uint8_t *p, vi a)
{
    uint16x4_t words = vmovn_u32(a);
    uint32_t four = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(words, words))), 0);
    memcpy(p, &four, sizeof four);
}
INLINE vi vi_load_u16(const uint16_t *p) { return vmovl_u16(vld1_u16(p)); }
INLINE void vi_store_u16(uint16_t *p, vi a) { vst1_u16(p, vmovn_u32(a)); }
INLINE void vf_store_four(float *p, vf a, vf b, vf c, vf d)
{
    float32x4x4_t all = {{a, b, c, d}};
    vst4q_f32(p, all);
}

/* ---- words ---- */
INLINE vi vi_set(uint32_t a) { return vdupq_n_u32(a); }
INLINE vi vi_add(vi a, vi b) { return vaddq_u32(a, b); }
INLINE vi vi_sub(vi a, vi b) { return vsubq_u32(a, b); }
INLINE vi vi_and(vi a, vi b) { return vandq_u32(a, b); }
INLINE vi vi_or(vi a, vi b) { return vorrq_u32(a, b); }
INLINE vi vi_xor(vi a, vi b) { return veorq_u32(a, b); }
INLINE vi vi_xor3(vi a, vi b, vi c) { return vi_xor(vi_xor(a, b), c); }
INLINE vi vi_shl(vi a, int n) { return vshlq_u32(a, vdupq_n_s32(n)); }
INLINE vi vi_shr(vi a, int n) { return vshlq_u32(a, vdupq_n_s32(-n)); }
INLINE vi vi_sar(vi a, int n) { return vreinterpretq_u32_s32(vshlq_s32(vreinterpretq_s32_u32(a), vdupq_n_s32(-n))); }
INLINE vm vi_eq(vi a, vi b) { return vceqq_u32(a, b); }
INLINE void vi_mul_wide(vi a, vi b, vi *high, vi *low)
{
    uint32x4_t first = vreinterpretq_u32_u64(vmull_u32(vget_low_u32(a), vget_low_u32(b)));
    uint32x4_t second = vreinterpretq_u32_u64(vmull_high_u32(a, b));
    *low = vuzp1q_u32(first, second);
    *high = vuzp2q_u32(first, second);
}

/* ---- between words and floats ---- */
INLINE vi vf_bits(vf a) { return vreinterpretq_u32_f32(a); }
INLINE vf vf_of_bits(vi a) { return vreinterpretq_f32_u32(a); }
INLINE vf vf_of_signed(vi a) { return vcvtq_f32_s32(vreinterpretq_s32_u32(a)); }
INLINE vi vf_truncate(vf a) { return vreinterpretq_u32_s32(vcvtq_s32_f32(a)); }

/* ---- truth ---- */
INLINE vm vf_lt(vf a, vf b) { return vcltq_f32(a, b); }
INLINE vm vf_le(vf a, vf b) { return vcleq_f32(a, b); }
INLINE vm vf_eq(vf a, vf b) { return vceqq_f32(a, b); }
INLINE vm vf_is_nan(vf a) { return vmvnq_u32(vceqq_f32(a, a)); }
INLINE vm vm_or(vm a, vm b) { return vorrq_u32(a, b); }
INLINE bool vm_any(vm a) { return vmaxvq_u32(a) != 0; }
INLINE vf vf_select(vm m, vf yes, vf no) { return vbslq_f32(m, yes, no); }
INLINE vi vi_select(vm m, vi yes, vi no) { return vbslq_u32(m, yes, no); }

/* ---- floats ---- */
INLINE vf vf_set(float a) { return vdupq_n_f32(a); }
INLINE vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
INLINE vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
INLINE vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
INLINE vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
INLINE vf vf_sqrt(vf a) { return vsqrtq_f32(a); }
INLINE vf vf_min(vf a, vf b) { return vminq_f32(a, b); }
INLINE vf vf_max(vf a, vf b) { return vmaxq_f32(a, b); }
INLINE vf vf_abs(vf a) { return vabsq_f32(a); }
INLINE vf vf_neg(vf a) { return vnegq_f32(a); }
INLINE vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
INLINE vf vf_fnma(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
INLINE vf vf_fma_exact(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
INLINE vf vf_fnma_exact(vf a, vf b, vf c) { return vfmsq_f32(c, a, b); }
INLINE vf vf_floor(vf a) { return vrndmq_f32(a); }
INLINE vf vf_scale2(vf a, vf n)
{
    vi whole = vf_truncate(n), half = vi_sar(whole, 1), bias = vi_set(127);
    vf first = vf_of_bits(vi_shl(vi_add(half, bias), 23));
    vf second = vf_of_bits(vi_shl(vi_add(vi_sub(whole, half), bias), 23));
    return vf_mul(vf_mul(a, first), second);
}

/* ---- across lanes ---- */
INLINE float vf_sum_lanes(vf a) { return vaddvq_f32(a); }
INLINE float vf_max_lanes(vf a) { return vmaxvq_f32(a); }
INLINE void vf_transpose(vf r[LANES])
{
    vf t0 = vtrn1q_f32(r[0], r[1]), t1 = vtrn2q_f32(r[0], r[1]);
    vf t2 = vtrn1q_f32(r[2], r[3]), t3 = vtrn2q_f32(r[2], r[3]);
    r[0] = vcombine_f32(vget_low_f32(t0), vget_low_f32(t2));
    r[1] = vcombine_f32(vget_low_f32(t1), vget_low_f32(t3));
    r[2] = vcombine_f32(vget_high_f32(t0), vget_high_f32(t2));
    r[3] = vcombine_f32(vget_high_f32(t1), vget_high_f32(t3));
}

/* ---- half precision ---- */
INLINE vf vf_load_f16(const uint16_t *p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
INLINE void vf_store_f16(uint16_t *p, vf a) { vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a))); }

#endif
