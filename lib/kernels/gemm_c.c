/* Matrix products in plain C: what the other levels must agree with. 4 x 8 of C in eight vectors of four,
 * which every target has or can do without. */
#include "kernels/gemm.h"
#include "kernels/inline.h"
#include "kernels/unroll.h"
#include <string.h>

enum { UNIT = 4, MR = 4, UNITS = 2 };
typedef float quad_t __attribute__((vector_size(16)));

INLINE quad_t load(const float *from)
{
    quad_t x;
    memcpy(&x, from, sizeof x);
    return x;
}

/* rows x units vectors of C; both are constants after inlining. */
INLINE void tile(const size_t rows, const size_t units, const aigc__gemm_strip_t *s, size_t row)
{
    quad_t sum[MR][UNITS] = {{{0}}};
    const float *a = s->a + row * s->a_row, *b = s->b;
    for (size_t runs = s->more_runs + 1; runs > 0; runs--, a += s->a_skip) {
        for (size_t p = 0; p < s->k; p++, a += s->a_k, b += s->b_k) {
            quad_t row_b[UNITS];
            AIGC__UNROLL
            for (size_t u = 0; u < units; u++) row_b[u] = load(b + u * UNIT);
            AIGC__UNROLL
            for (size_t i = 0; i < rows; i++) {
                const float x = a[i * s->a_row];
                AIGC__UNROLL
                for (size_t u = 0; u < units; u++) sum[i][u] += x * row_b[u];
            }
        }
    }
    AIGC__UNROLL
    for (size_t i = 0; i < rows; i++) {
        float *c = s->c + (row + i) * s->ldc;
        float out[UNITS * UNIT];
        AIGC__UNROLL
        for (size_t u = 0; u < units; u++) memcpy(out + u * UNIT, &sum[i][u], sizeof sum[i][u]);
        for (size_t j = 0; j < s->columns; j++) c[j] = s->add ? c[j] + out[j] : out[j];
    }
}

static void strip(const aigc__gemm_strip_t *s)
{
    size_t row = 0;
    if (s->columns > UNIT) {
        for (; row + MR <= s->rows; row += MR) tile(MR, 2, s, row);
        for (; row < s->rows; row++) tile(1, 2, s, row);
    } else {
        for (; row + MR <= s->rows; row += MR) tile(MR, 1, s, row);
        for (; row < s->rows; row++) tile(1, 1, s, row);
    }
}

static void pack_rows(float *to, const float *from, size_t ld, size_t k, size_t columns, size_t width)
{
    for (size_t p = 0; p < k; p++, to += width, from += ld) {
        for (size_t j = 0; j < columns; j++) to[j] = from[j];
        for (size_t j = columns; j < width; j++) to[j] = 0;
    }
}

static void transpose(float *to, size_t to_ld, const float *from, size_t from_ld, size_t rows, size_t columns)
{
    enum { SIDE = 8 };
    for (size_t first = 0; first < rows; first += SIDE)
        for (size_t j = 0; j < columns; j++)
            for (size_t i = first; i < first + SIDE && i < rows; i++) to[i * to_ld + j] = from[j * from_ld + i];
}

static float dot_one(const aigc__gemm_dot_t *d, const float *a, const float *b)
{
    enum { LANES = 8 };
    float lanes[LANES] = {0}, sum = 0;
    for (size_t runs = d->more_runs + 1; runs > 0; runs--, a += d->k, b += d->k + d->b_skip) {
        size_t p = 0;
        for (; p + LANES <= d->k; p += LANES)
            for (size_t i = 0; i < LANES; i++) lanes[i] += a[p + i] * b[p + i];
        for (; p < d->k; p++) sum += a[p] * b[p];
    }
    for (size_t i = 0; i < LANES; i++) sum += lanes[i];
    return sum;
}

static void dot(const aigc__gemm_dot_t *d)
{
    for (size_t j = 0; j < d->columns; j++)
        for (size_t i = 0; i < d->rows; i++) {
            const float sum = dot_one(d, d->a + i * d->lda, d->b + j * d->ldb);
            float *to = d->c + i * d->c_i + j * d->c_j;
            *to = d->add ? *to + sum : sum;
        }
}

const aigc__gemm_kernel_t aigc__gemm_kernel_c = {
    .unit = UNIT,
    .mr = MR,
    .nr = UNITS * UNIT,
    .group = 32,
    .copy_kc = 128,
    .copy_nc = 512,
    .copy_groups = 8,
    .mc = 256,
    .nc = 256,
    .kc = 256,
    .b_floats = 1 << 16,
    .strip = strip,
    .pack_rows = pack_rows,
    .transpose = transpose,
    .dot = dot,
};
