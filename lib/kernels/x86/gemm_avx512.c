/* Matrix products with AVX-512: 8 x 48 of C in 24 registers, 3 for a row of B, A by broadcast. Of the
 * tiles that fit in 32 registers this one needs the fewest loads for its multiply-adds (11 for 24). */
#include "kernels/gemm.h"
#include "kernels/inline.h"
#include "kernels/unroll.h"
#include <immintrin.h>

enum { UNIT = 16, MR = 8, UNITS = 3 };

static inline __mmask16 mask_of(size_t count) { return (__mmask16)(count >= UNIT ? 0xffffu : (1u << count) - 1u); }

/* Steps of k that the next part of a B from far away is asked for in advance. */
enum { AHEAD = 6 };

/* ROWS x UNITS registers of C; both are constants after inlining, as is `is_far`: whether B comes from beyond the first
 * level cache. */
INLINE void tile(const size_t rows, const size_t units, const bool is_far, const aigc__gemm_strip_t *s, size_t row)
{
    __m512 sum[MR][UNITS];
    const float *a = s->a + row * s->a_row, *b = s->b;
    float *c = s->c + row * s->ldc;
    const size_t a_row = s->a_row, a_k = s->a_k, b_k = s->b_k;
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) AIGC__UNROLL
    for (size_t u = 0; u < units; u++) {
        sum[i][u] = _mm512_setzero_ps();
        _mm_prefetch((const char *)(c + i * s->ldc + u * UNIT), _MM_HINT_T0);
    }
    for (size_t runs = s->more_runs + 1; runs > 0; runs--, a += s->a_skip) {
        for (size_t p = s->k; p > 0; p--) {
            __m512 row_b[UNITS];
            AIGC__UNROLL
            for (size_t u = 0; u < units; u++) {
                row_b[u] = _mm512_loadu_ps(b + u * UNIT);
                if (is_far) _mm_prefetch((const char *)(b + AHEAD * b_k + u * UNIT), _MM_HINT_T0);
            }
            AIGC__UNROLL
            for (size_t i = 0; i < rows; i++) {
                const __m512 x = _mm512_set1_ps(a[i * a_row]);
                AIGC__UNROLL
                for (size_t u = 0; u < units; u++) sum[i][u] = _mm512_fmadd_ps(x, row_b[u], sum[i][u]);
            }
            a += a_k;
            b += b_k;
        }
    }
    const __mmask16 last = mask_of(s->columns - (units - 1) * UNIT);
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) AIGC__UNROLL
    for (size_t u = 0; u < units; u++) {
        float *to = c + i * s->ldc + u * UNIT;
        const __mmask16 mask = u + 1 == units ? last : 0xffff;
        if (s->add) sum[i][u] = _mm512_add_ps(_mm512_maskz_loadu_ps(mask, to), sum[i][u]);
        _mm512_mask_storeu_ps(to, mask, sum[i][u]);
    }
}

INLINE void strip_of(const size_t units, const aigc__gemm_strip_t *s)
{
    enum { NEAR_STEPS = 192 }; /* of full width, and what is read of A beside them */
    size_t row = 0;
    const bool is_far = units == UNITS && s->k * (s->more_runs + 1) > NEAR_STEPS;
    for (; is_far && row + MR <= s->rows; row += MR) tile(MR, units, true, s, row);
    for (; row + MR <= s->rows; row += MR) tile(MR, units, false, s, row);
    switch (s->rows - row) {
    case 1:
        tile(1, units, false, s, row);
        break;
    case 2:
        tile(2, units, false, s, row);
        break;
    case 3:
        tile(3, units, false, s, row);
        break;
    case 4:
        tile(4, units, false, s, row);
        break;
    case 5:
        tile(5, units, false, s, row);
        break;
    case 6:
        tile(6, units, false, s, row);
        break;
    case 7:
        tile(7, units, false, s, row);
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
    const __mmask16 mask = mask_of(columns - whole);
    for (size_t p = 0; p < k; p++, from += ld, to += width) {
        size_t j = 0;
        for (; j < whole; j += UNIT) _mm512_storeu_ps(to + j, _mm512_loadu_ps(from + j));
        for (; j < width; j += UNIT)
            _mm512_storeu_ps(to + j, j == whole ? _mm512_maskz_loadu_ps(mask, from + j) : _mm512_setzero_ps());
    }
}

/* Four rows of four floats as the lanes of one register: the coarse half of a transpose done while
 * loading, which leaves half the shuffles. */
static inline __m512 load_lanes(const float *a, const float *b, const float *c, const float *d)
{
    __m512 r = _mm512_castps128_ps512(_mm_loadu_ps(a));
    r = _mm512_mask_broadcast_f32x4(r, 0x00f0, _mm_loadu_ps(b));
    r = _mm512_mask_broadcast_f32x4(r, 0x0f00, _mm_loadu_ps(c));
    return _mm512_mask_broadcast_f32x4(r, 0xf000, _mm_loadu_ps(d));
}

/* A 4 x 4 transpose within each lane. */
static inline void transpose_lanes(__m512 *r)
{
    const __m512 a = _mm512_unpacklo_ps(r[0], r[1]), b = _mm512_unpackhi_ps(r[0], r[1]);
    const __m512 c = _mm512_unpacklo_ps(r[2], r[3]), d = _mm512_unpackhi_ps(r[2], r[3]);
    r[0] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(c)));
    r[1] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(c)));
    r[2] = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(b), _mm512_castps_pd(d)));
    r[3] = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(b), _mm512_castps_pd(d)));
}

/* Sixteen columns, or `count`: missing ones read the last one and are masked off. */
static void transpose_unit(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t count)
{
    const __mmask16 mask = mask_of(count);
    const float *column[UNIT];
    for (size_t j = 0; j < UNIT; j++) column[j] = from + (j < count ? j : count - 1) * from_ld;
    size_t i = 0;
    for (; i + 4 <= rows; i += 4, to += 4 * to_ld) {
        __m512 r[4];
        AIGC__UNROLL
        for (size_t q = 0; q < 4; q++)
            r[q] = load_lanes(column[q] + i, column[q + 4] + i, column[q + 8] + i, column[q + 12] + i);
        transpose_lanes(r);
        AIGC__UNROLL
        for (size_t q = 0; q < 4; q++) _mm512_mask_storeu_ps(to + q * to_ld, mask, r[q]);
    }
    for (; i < rows; i++, to += to_ld)
        for (size_t j = 0; j < count; j++) to[j] = column[j][i];
}

static void transpose(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t columns)
{
    for (size_t j = 0; j < columns; j += UNIT)
        transpose_unit(to + j, to_ld, from + j * from_ld, from_ld, rows, columns - j < UNIT ? columns - j : UNIT);
}

/* The sums of the 16 registers, register i's in element i. */
static inline __m512 sums_of(const __m512 *r)
{
    __m512 q[4];
    AIGC__UNROLL
    for (size_t g = 0; g < 4; g++) {
        const __m512 *x = r + 4 * g;
        const __m512 a = _mm512_add_ps(_mm512_unpacklo_ps(x[0], x[1]), _mm512_unpackhi_ps(x[0], x[1]));
        const __m512 b = _mm512_add_ps(_mm512_unpacklo_ps(x[2], x[3]), _mm512_unpackhi_ps(x[2], x[3]));
        q[g] = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    }
    const __m512 a = _mm512_add_ps(_mm512_shuffle_f32x4(q[0], q[1], 0x88), _mm512_shuffle_f32x4(q[0], q[1], 0xdd));
    const __m512 b = _mm512_add_ps(_mm512_shuffle_f32x4(q[2], q[3], 0x88), _mm512_shuffle_f32x4(q[2], q[3], 0xdd));
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}

/* rows x columns sums, from a column on; rows and columns that do not exist repeat the last one. */
INLINE void dot_sums(const size_t rows, const size_t columns, const aigc__gemm_dot_t *j, size_t first_column,
                     __m512 *sum)
{
    const float *a[UNIT], *b[UNIT];
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) a[i] = j->a + (i < j->rows ? i : j->rows - 1) * j->lda;
    AIGC__UNROLL
    for (size_t q = 0; q < columns; q++) {
        const size_t column = first_column + q;
        b[q] = j->b + (column < j->columns ? column : j->columns - 1) * j->ldb;
    }
    AIGC__UNROLL
    for (size_t i = 0; i < rows * columns; i++) sum[i] = _mm512_setzero_ps();
    /* Three rows are those of colours: pixels come from far, and the next ones are asked for while these are used. */
    const size_t ahead = 2 * columns * j->ldb;
    size_t at = 0, skipped = 0;
    for (size_t runs = j->more_runs + 1; runs > 0; runs--, skipped += j->b_skip) {
        const size_t end = at + j->k;
        for (; at + UNIT <= end; at += UNIT) {
            __m512 x[UNIT];
            AIGC__UNROLL
            for (size_t i = 0; i < rows; i++) x[i] = _mm512_loadu_ps(a[i] + at);
            AIGC__UNROLL
            for (size_t q = 0; q < columns; q++) {
                const __m512 y = _mm512_loadu_ps(b[q] + at + skipped);
                if (rows == 3) _mm_prefetch((const char *)(b[q] + at + skipped + ahead), _MM_HINT_T0);
                AIGC__UNROLL
                for (size_t i = 0; i < rows; i++) sum[i * columns + q] = _mm512_fmadd_ps(x[i], y, sum[i * columns + q]);
            }
        }
        if (at == end) continue;
        const __mmask16 mask = mask_of(end - at);
        AIGC__UNROLL
        for (size_t i = 0; i < rows; i++) AIGC__UNROLL
        for (size_t q = 0; q < columns; q++)
            sum[i * columns + q] =
                _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a[i] + at),
                                _mm512_maskz_loadu_ps(mask, b[q] + at + skipped), sum[i * columns + q]);
        at = end;
    }
}

static void dot_store(const aigc__gemm_dot_t *j, size_t columns, const __m512 *sum)
{
    float out[UNIT];
    const __m512 sums = sums_of(sum);
    if (j->rows == 1 && j->c_j == 1) {
        const __mmask16 mask = mask_of(j->columns);
        _mm512_mask_storeu_ps(j->c, mask, j->add ? _mm512_add_ps(_mm512_maskz_loadu_ps(mask, j->c), sums) : sums);
        return;
    }
    _mm512_storeu_ps(out, sums);
    for (size_t i = 0; i < j->rows; i++)
        for (size_t q = 0; q < j->columns; q++) {
            float *to = j->c + i * j->c_i + q * j->c_j;
            *to = j->add ? *to + out[i * columns + q] : out[i * columns + q];
        }
}

/* Four rows at a time: with more, their addresses leave the registers. */
static void dot_1_16(const aigc__gemm_dot_t *j)
{
    __m512 sum[UNIT];
    dot_sums(1, 4, j, 0, sum);
    dot_sums(1, 4, j, 4, sum + 4);
    dot_sums(1, 4, j, 8, sum + 8);
    dot_sums(1, 4, j, 12, sum + 12);
    dot_store(j, 16, sum);
}

static void dot_2_8(const aigc__gemm_dot_t *j)
{
    __m512 sum[UNIT];
    dot_sums(2, 8, j, 0, sum);
    dot_store(j, 8, sum);
}

static void dot_3_5(const aigc__gemm_dot_t *j)
{
    __m512 sum[UNIT];
    dot_sums(3, 5, j, 0, sum);
    sum[15] = _mm512_setzero_ps();
    dot_store(j, 5, sum);
}

static void dot_4_4(const aigc__gemm_dot_t *j)
{
    __m512 sum[UNIT];
    dot_sums(4, 4, j, 0, sum);
    dot_store(j, 4, sum);
}

static void dot(const aigc__gemm_dot_t *d)
{
    static void (*const blocks[])(const aigc__gemm_dot_t *) = {NULL, dot_1_16, dot_2_8, dot_3_5, dot_4_4};
    const size_t step_i = d->rows < 4 ? d->rows : 4, step_j = UNIT / step_i;
    for (size_t q = 0; q < d->columns; q += step_j)
        for (size_t i = 0; i < d->rows; i += step_i) {
            aigc__gemm_dot_t block = *d;
            block.rows = d->rows - i < step_i ? d->rows - i : step_i;
            block.columns = d->columns - q < step_j ? d->columns - q : step_j;
            block.a += i * d->lda;
            block.b += q * d->ldb;
            block.c += i * d->c_i + q * d->c_j;
            blocks[step_i](&block);
        }
}

const aigc__gemm_kernel_t aigc__gemm_kernel_avx512 = {
    .unit = UNIT,
    .mr = MR,
    .nr = UNITS * UNIT,
    .mc = 1024,
    .nc = 384,
    .kc = 512,
    .group = 32,
    .copy_kc = 176,
    .copy_nc = 1056,
    .copy_groups = 8,
    .b_floats = 3 << 17,
    .strip = strip,
    .pack_rows = pack_rows,
    .transpose = transpose,
    .dot = dot,
};
