/* Matrix products with AVX2: 6 x 16 of C in 12 registers, 2 for a row of B, A by broadcast. */
#include "kernels/gemm.h"
#include "kernels/inline.h"
#include "kernels/unroll.h"
#include <immintrin.h>

enum { UNIT = 8, MR = 6, UNITS = 2 };

/* Eight lanes, the first `count` on. */
static inline __m256i mask_of(size_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count < UNIT ? count : UNIT)), lane);
}

/* rows x units registers of C; both are constants after inlining. */
INLINE void tile(const size_t rows, const size_t units, const aigc__gemm_strip_t *s, size_t row)
{
    __m256 sum[MR][UNITS];
    const float *a = s->a + row * s->a_row, *b = s->b;
    float *c = s->c + row * s->ldc;
    const size_t a_row = s->a_row, a_k = s->a_k, b_k = s->b_k;
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) {
        AIGC__UNROLL
        for (size_t u = 0; u < units; u++) sum[i][u] = _mm256_setzero_ps();
        _mm_prefetch((const char *)(c + i * s->ldc), _MM_HINT_T0);
    }
    for (size_t runs = s->more_runs + 1; runs > 0; runs--, a += s->a_skip) {
        for (size_t p = s->k; p > 0; p--) {
            __m256 row_b[UNITS];
            AIGC__UNROLL
            for (size_t u = 0; u < units; u++) row_b[u] = _mm256_loadu_ps(b + u * UNIT);
            AIGC__UNROLL
            for (size_t i = 0; i < rows; i++) {
                const __m256 x = _mm256_broadcast_ss(a + i * a_row);
                AIGC__UNROLL
                for (size_t u = 0; u < units; u++) sum[i][u] = _mm256_fmadd_ps(x, row_b[u], sum[i][u]);
            }
            a += a_k;
            b += b_k;
        }
    }
    const size_t in_last = s->columns - (units - 1) * UNIT;
    const __m256i last = mask_of(in_last);
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) AIGC__UNROLL
    for (size_t u = 0; u < units; u++) {
        float *to = c + i * s->ldc + u * UNIT;
        if (u + 1 == units && in_last < UNIT) {
            if (s->add) sum[i][u] = _mm256_add_ps(_mm256_maskload_ps(to, last), sum[i][u]);
            _mm256_maskstore_ps(to, last, sum[i][u]);
        } else {
            if (s->add) sum[i][u] = _mm256_add_ps(_mm256_loadu_ps(to), sum[i][u]);
            _mm256_storeu_ps(to, sum[i][u]);
        }
    }
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

static void strip(const aigc__gemm_strip_t *s)
{
    if (s->columns > UNIT)
        strip_of_2(s);
    else
        strip_of_1(s);
}

static void pack_rows(float *to, const float *from, size_t ld, size_t k, size_t columns, size_t width)
{
    const size_t whole = columns - columns % UNIT;
    const __m256i mask = mask_of(columns - whole);
    for (size_t p = 0; p < k; p++, from += ld, to += width) {
        size_t j = 0;
        for (; j < whole; j += UNIT) _mm256_storeu_ps(to + j, _mm256_loadu_ps(from + j));
        for (; j < width; j += UNIT)
            _mm256_storeu_ps(to + j, j == whole ? _mm256_maskload_ps(from + j, mask) : _mm256_setzero_ps());
    }
}

/* Rows i and i + 4 of four floats as the lanes of one register. */
static inline __m256 load_lanes(const float *low, const float *high)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(low)), _mm_loadu_ps(high), 1);
}

/* A 4 x 4 transpose within each lane. */
static inline void transpose_lanes(__m256 *r)
{
    const __m256 a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpackhi_ps(r[0], r[1]);
    const __m256 c = _mm256_unpacklo_ps(r[2], r[3]), d = _mm256_unpackhi_ps(r[2], r[3]);
    r[0] = _mm256_shuffle_ps(a, c, 0x44);
    r[1] = _mm256_shuffle_ps(a, c, 0xee);
    r[2] = _mm256_shuffle_ps(b, d, 0x44);
    r[3] = _mm256_shuffle_ps(b, d, 0xee);
}

/* Eight columns, or `count`: missing ones read the last one and are masked off. */
static void transpose_unit(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t count)
{
    const __m256i mask = mask_of(count);
    const float *column[UNIT];
    for (size_t j = 0; j < UNIT; j++) column[j] = from + (j < count ? j : count - 1) * from_ld;
    size_t i = 0;
    for (; i + 4 <= rows; i += 4, to += 4 * to_ld) {
        __m256 r[4];
        AIGC__UNROLL
        for (size_t q = 0; q < 4; q++) r[q] = load_lanes(column[q] + i, column[q + 4] + i);
        transpose_lanes(r);
        AIGC__UNROLL
        for (size_t q = 0; q < 4; q++) {
            if (count >= UNIT)
                _mm256_storeu_ps(to + q * to_ld, r[q]);
            else
                _mm256_maskstore_ps(to + q * to_ld, mask, r[q]);
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

/* The sums of 8 registers, register i's in element i. */
static inline __m256 sums_of(const __m256 *r)
{
    const __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(r[0], r[1]), _mm256_hadd_ps(r[2], r[3]));
    const __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(r[4], r[5]), _mm256_hadd_ps(r[6], r[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

/* rows x columns sums, at most 8, at once; rows and columns that do not exist repeat the last one. */
INLINE void dot_block(const size_t rows, const size_t columns, const aigc__gemm_dot_t *j)
{
    const float *a[UNIT], *b[UNIT];
    __m256 sum[UNIT];
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) a[i] = j->a + (i < j->rows ? i : j->rows - 1) * j->lda;
    AIGC__UNROLL
    for (size_t i = 0; i < columns; i++) b[i] = j->b + (i < j->columns ? i : j->columns - 1) * j->ldb;
    AIGC__UNROLL
    for (size_t i = 0; i < UNIT; i++) sum[i] = _mm256_setzero_ps();
    const size_t whole = j->k - j->k % UNIT;
    size_t at = 0, skipped = 0;
    for (size_t runs = j->more_runs + 1; runs > 0; runs--, at += j->k, skipped += j->b_skip)
        for (size_t p = 0; p < j->k; p += UNIT) {
            const __m256i mask = mask_of(j->k - p);
            __m256 x[UNIT];
            AIGC__UNROLL
            for (size_t i = 0; i < rows; i++) {
                const float *from = a[i] + at + p;
                x[i] = p < whole ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, mask);
            }
            AIGC__UNROLL
            for (size_t q = 0; q < columns; q++) {
                const float *from = b[q] + at + skipped + p;
                const __m256 y = p < whole ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, mask);
                AIGC__UNROLL
                for (size_t i = 0; i < rows; i++) sum[i * columns + q] = _mm256_fmadd_ps(x[i], y, sum[i * columns + q]);
            }
        }
    float out[UNIT];
    _mm256_storeu_ps(out, sums_of(sum));
    for (size_t i = 0; i < j->rows; i++)
        for (size_t q = 0; q < j->columns; q++) {
            float *to = j->c + i * j->c_i + q * j->c_j;
            *to = j->add ? *to + out[i * columns + q] : out[i * columns + q];
        }
}

static void dot_1_8(const aigc__gemm_dot_t *j) { dot_block(1, 8, j); }
static void dot_2_4(const aigc__gemm_dot_t *j) { dot_block(2, 4, j); }
static void dot_3_2(const aigc__gemm_dot_t *j) { dot_block(3, 2, j); }

static void dot(const aigc__gemm_dot_t *d)
{
    static void (*const blocks[])(const aigc__gemm_dot_t *) = {NULL, dot_1_8, dot_2_4, dot_3_2};
    const size_t step_i = d->rows == 3 ? 3 : d->rows == 1 ? 1 : 2, step_j = UNIT / step_i;
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

const aigc__gemm_kernel_t aigc__gemm_kernel_avx2 = {
    .unit = UNIT,
    .mr = MR,
    .nr = UNITS * UNIT,
    .group = 48,
    .copy_kc = 192,
    .copy_nc = 1024,
    .copy_groups = 5,
    .mc = 960,
    .nc = 384,
    .kc = 384,
    .b_floats = 3 << 17,
    .strip = strip,
    .pack_rows = pack_rows,
    .transpose = transpose,
    .dot = dot,
};
