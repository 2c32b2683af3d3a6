/* Matrix products with NEON: 6 x 12 of C in 18 registers, 3 for a row of B, 6 for a column of A: with more
 * rows compilers, which load the column ahead, spill. */
#include "kernels/gemm.h"
#include "kernels/inline.h"
#include "kernels/unroll.h"
#include <arm_neon.h>

enum { UNIT = 4, MR = 6, UNITS = 3 };

/* The first `count` of four floats. */
static inline void store_part(float *to, float32x4_t x, size_t count)
{
    float out[UNIT];
    vst1q_f32(out, x);
    for (size_t j = 0; j < count; j++) to[j] = out[j];
}

static inline float32x4_t load_part(const float *from, size_t count)
{
    float in[UNIT] = {0};
    for (size_t j = 0; j < count; j++) in[j] = from[j];
    return vld1q_f32(in);
}

/* A piece of C whose last unit is not whole, rows of the piece `width` apart. */
static void store_edge(const aigc__gemm_strip_t *s, float *c, const float *piece, size_t rows, size_t width)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < s->columns; j++) {
            float *to = c + i * s->ldc + j;
            *to = s->add ? *to + piece[i * width + j] : piece[i * width + j];
        }
}

/* rows x units registers of C; both are constants after inlining. */
INLINE void tile(const size_t rows, const size_t units, const aigc__gemm_strip_t *s, size_t row)
{
    float32x4_t sum[MR][UNITS];
    const float *a = s->a + row * s->a_row, *b = s->b;
    float *c = s->c + row * s->ldc;
    const size_t a_row = s->a_row, a_k = s->a_k, b_k = s->b_k;
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) {
        AIGC__UNROLL
        for (size_t u = 0; u < units; u++) sum[i][u] = vdupq_n_f32(0);
        __builtin_prefetch(c + i * s->ldc, 1);
    }
    for (size_t runs = s->more_runs + 1; runs > 0; runs--, a += s->a_skip) {
        for (size_t p = s->k; p > 0; p--) {
            float32x4_t row_b[UNITS];
            AIGC__UNROLL
            for (size_t u = 0; u < units; u++) row_b[u] = vld1q_f32(b + u * UNIT);
            AIGC__UNROLL
            for (size_t i = 0; i < rows; i++) {
                const float32x4_t x = vld1q_dup_f32(a + i * a_row);
                AIGC__UNROLL
                for (size_t u = 0; u < units; u++) sum[i][u] = vfmaq_f32(sum[i][u], x, row_b[u]);
            }
            a += a_k;
            b += b_k;
        }
    }
    if (s->columns == units * UNIT) {
        AIGC__UNROLL
        for (size_t i = 0; i < rows; i++) AIGC__UNROLL
        for (size_t u = 0; u < units; u++) {
            float *to = c + i * s->ldc + u * UNIT;
            vst1q_f32(to, s->add ? vaddq_f32(vld1q_f32(to), sum[i][u]) : sum[i][u]);
        }
        return;
    }
    float piece[MR * UNITS * UNIT];
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) AIGC__UNROLL
    for (size_t u = 0; u < units; u++) vst1q_f32(piece + (i * units + u) * UNIT, sum[i][u]);
    store_edge(s, c, piece, rows, units * UNIT);
}

INLINE void strip_of(const size_t units, const aigc__gemm_strip_t *s)
{
    size_t row = 0;
    for (; row + MR <= s->rows; row += MR) tile(MR, units, s, row);
    switch (s->rows - row) {
    case 1:
        tile(1, units, s, row);
        break;
    case 2:
        tile(2, units, s, row);
        break;
    case 3:
        tile(3, units, s, row);
        break;
    case 4:
        tile(4, units, s, row);
        break;
    case 5:
        tile(5, units, s, row);
        break;
    default:
        break;
    }
}

/* Functions of their own: clang would make one call of three that differ in a constant, before it is inlined. */
static void strip_of_1(const aigc__gemm_strip_t *s) { strip_of(1, s); }
static void strip_of_2(const aigc__gemm_strip_t *s) { strip_of(2, s); }
static void strip_of_3(const aigc__gemm_strip_t *s) { strip_of(3, s); }

static void strip(const aigc__gemm_strip_t *s)
{
    if (s->columns > 2 * UNIT)
        strip_of_3(s);
    else if (s->columns > UNIT)
        strip_of_2(s);
    else
        strip_of_1(s);
}

static void pack_rows(float *to, const float *from, size_t ld, size_t k, size_t columns, size_t width)
{
    const size_t whole = columns - columns % UNIT;
    for (size_t p = 0; p < k; p++, from += ld, to += width) {
        size_t j = 0;
        for (; j < whole; j += UNIT) vst1q_f32(to + j, vld1q_f32(from + j));
        for (; j < width; j += UNIT)
            vst1q_f32(to + j, j == whole ? load_part(from + j, columns - whole) : vdupq_n_f32(0));
    }
}

/* Four columns, or `count`: missing ones read the last one and are not stored. */
static void transpose_unit(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t count)
{
    const float *column[UNIT];
    for (size_t j = 0; j < UNIT; j++) column[j] = from + (j < count ? j : count - 1) * from_ld;
    size_t i = 0;
    for (; i + 4 <= rows; i += 4, to += 4 * to_ld) {
        const float32x4x2_t a = vtrnq_f32(vld1q_f32(column[0] + i), vld1q_f32(column[1] + i));
        const float32x4x2_t b = vtrnq_f32(vld1q_f32(column[2] + i), vld1q_f32(column[3] + i));
        float32x4_t r[4];
        r[0] = vcombine_f32(vget_low_f32(a.val[0]), vget_low_f32(b.val[0]));
        r[1] = vcombine_f32(vget_low_f32(a.val[1]), vget_low_f32(b.val[1]));
        r[2] = vcombine_f32(vget_high_f32(a.val[0]), vget_high_f32(b.val[0]));
        r[3] = vcombine_f32(vget_high_f32(a.val[1]), vget_high_f32(b.val[1]));
        AIGC__UNROLL
        for (size_t q = 0; q < 4; q++) {
            float *row = to + q * to_ld;
            if (count >= UNIT)
                vst1q_f32(row, r[q]);
            else
                store_part(row, r[q], count);
        }
    }
    for (; i < rows; i++, to += to_ld)
        for (size_t j = 0; j < count && j < UNIT; j++) to[j] = column[j][i];
}

static void transpose(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t columns)
{
    for (size_t j = 0; j < columns; j += UNIT)
        transpose_unit(to + j, to_ld, from + j * from_ld, from_ld, rows, columns - j);
}

/* One row of a with four of b; rows of b that do not exist repeat the last one. */
static void dot_four(const aigc__gemm_dot_t *d, size_t row, size_t column, float *out)
{
    const size_t columns = d->columns - column;
    const float *a = d->a + row * d->lda, *rows[UNIT];
    float32x4_t sum[UNIT];
    for (size_t q = 0; q < UNIT; q++) {
        rows[q] = d->b + (column + (q < columns ? q : columns - 1)) * d->ldb;
        sum[q] = vdupq_n_f32(0);
    }
    size_t at = 0, skipped = 0;
    for (size_t runs = d->more_runs + 1; runs > 0; runs--, skipped += d->b_skip) {
        const size_t end = at + d->k;
        for (; at + UNIT <= end; at += UNIT) {
            const float32x4_t x = vld1q_f32(a + at);
            AIGC__UNROLL
            for (size_t q = 0; q < UNIT; q++) sum[q] = vfmaq_f32(sum[q], x, vld1q_f32(rows[q] + at + skipped));
        }
        if (at == end) continue;
        const float32x4_t x = load_part(a + at, end - at);
        AIGC__UNROLL
        for (size_t q = 0; q < UNIT; q++)
            sum[q] = vfmaq_f32(sum[q], x, load_part(rows[q] + at + skipped, end - at));
        at = end;
    }
    for (size_t q = 0; q < UNIT; q++) out[q] = vaddvq_f32(sum[q]);
}

static void dot(const aigc__gemm_dot_t *d)
{
    for (size_t q = 0; q < d->columns; q += UNIT)
        for (size_t i = 0; i < d->rows; i++) {
            float out[UNIT];
            dot_four(d, i, q, out);
            for (size_t j = 0; j < UNIT && q + j < d->columns; j++) {
                float *to = d->c + i * d->c_i + (q + j) * d->c_j;
                *to = d->add ? *to + out[j] : out[j];
            }
        }
}

const aigc__gemm_kernel_t aigc__gemm_kernel_neon = {
    .unit = UNIT,
    .mr = MR,
    .nr = UNITS * UNIT,
    .group = 36,
    .copy_kc = 128,
    .copy_nc = 480,
    .copy_groups = 8,
    .mc = 504,
    .nc = 240,
    .kc = 256,
    .b_floats = 1 << 16,
    .strip = strip,
    .pack_rows = pack_rows,
    .transpose = transpose,
    .dot = dot,
};
