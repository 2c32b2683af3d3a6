/* The loops of a matrix product around the level's strip kernel. How it is cut: gemm_plan.c. */
#include "kernels/gemm.h"
#include "kernels/gemm_layout.h"
#include <string.h>

static const aigc__gemm_kernel_t *kernel_of(const aigc__gemm_plan_t *p) { return p->kernels->gemm; }

static size_t strip_start(const aigc__gemm_plan_t *p, size_t strip)
{
    return aigc__strip_start(kernel_of(p), p->core.n, p->strips, strip);
}

static size_t packed_b_floats(const aigc__gemm_plan_t *p) { return aigc__packed_b_floats(kernel_of(p), &p->core); }

/* Columns [start, start + width) of B, steps [k0, k0 + k). */
static void pack_columns(const aigc__gemm_kernel_t *kernel, const aigc__gemm_shape_t *s, float *to, const float *b,
                         size_t start, size_t width, size_t k0, size_t k)
{
    const size_t columns = aigc__minimum(width, s->n - start);
    if (!s->tb) {
        kernel->pack_rows(to, b + k0 * s->ldb + start, s->ldb, k, columns, width);
        return;
    }
    kernel->transpose(to, width, b + start * s->ldb + k0, s->ldb, k, columns);
    if (columns == width) return;
    for (size_t p = 0; p < k; p++) memset(to + p * width + columns, 0, (width - columns) * sizeof(float));
}

static void pack_strip(const aigc__gemm_plan_t *p, float *to, const float *b, size_t strip, size_t k0, size_t k)
{
    const size_t start = strip_start(p, strip);
    pack_columns(kernel_of(p), &p->core, to, b, start, strip_start(p, strip + 1) - start, k0, k);
}

void aigc__gemm_pack_b(const aigc__gemm_plan_t *plan, const float *b, void *packed)
{
    const aigc__gemm_kernel_t *kernel = kernel_of(plan);
    const aigc__gemm_shape_t *s = &plan->shape;
    const size_t strips = aigc__ceil_div(aigc__round_up(s->n, kernel->unit), kernel->nr);
    for (size_t i = 0; i < (s->b_step ? s->batch : 1); i++) {
        float *to = (float *)packed + i * aigc__packed_b_floats(kernel, s);
        for (size_t strip = 0; strip < strips; strip++) {
            const size_t start = aigc__strip_start(kernel, s->n, strips, strip);
            const size_t width = aigc__strip_start(kernel, s->n, strips, strip + 1) - start;
            pack_columns(kernel, s, to + start * s->k, b + i * s->b_step, start, width, 0, s->k);
        }
    }
}

void aigc__gemm_pack_a(const aigc__gemm_plan_t *plan, const float *a, void *packed)
{
    const aigc__gemm_shape_t *s = &plan->shape;
    const size_t rows = s->ta ? s->k : s->m, columns = s->ta ? s->m : s->k, ld = aigc__packed_a_ld(s);
    for (size_t i = 0; i < (s->a_step ? s->batch : 1); i++) {
        float *to = (float *)packed + i * aigc__packed_a_floats(s);
        const float *from = a + i * s->a_step;
        for (size_t row = 0; row < rows; row++) memcpy(to + row * ld, from + row * s->lda, columns * sizeof(float));
    }
}

/* One tile of C, or of a slice's own C. */
typedef struct tile_job {
    const aigc__gemm_call_t *call;
    size_t batch, slice, worker;
    size_t row, rows, strip, strips; /* strips: one past the last */
    const float *a, *b;              /* the product's whole matrices; b packed or not */
    size_t lda;
    float *c;
    size_t ldc;
    float *own; /* the worker's workspace */
} tile_job_t;

static tile_job_t job_of(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    const aigc__gemm_plan_t *p = call->plan;
    const aigc__gemm_shape_t *s = &p->core;
    tile_job_t j = {.call = call, .worker = worker, .lda = s->a_packed ? aigc__packed_a_ld(s) : s->lda, .ldc = s->ldc};
    const size_t row = tile % p->row_tiles, rest = tile / p->row_tiles;
    const size_t column = rest % p->column_tiles, product = rest / p->column_tiles;
    j.slice = product % p->slices;
    j.batch = product / p->slices;
    j.row = row * p->tile_rows;
    j.rows = aigc__minimum(p->tile_rows, s->m - j.row);
    j.strip = column * p->tile_strips;
    j.strips = aigc__minimum(j.strip + p->tile_strips, p->strips);
    const size_t a_step = s->a_packed && s->a_step ? aigc__packed_a_floats(s) : s->a_step;
    const size_t b_step = p->b_source > AIGC__B_OWN && s->b_step ? packed_b_floats(p) : s->b_step;
    j.a = call->a + j.batch * a_step;
    j.b = (p->b_source == AIGC__B_SHARED ? (const float *)call->shared : call->b) + j.batch * b_step;
    j.c = call->c + j.batch * s->c_step;
    j.own = (float *)((char *)call->worker + worker * p->worker_bytes);
    return j;
}

/* Rows of a transposed A, to panels [k, group_rows]: a few steps of k at a time, across all panels, so
 * that what is read lies together. */
static void copy_a(const tile_job_t *j, size_t row, size_t rows, size_t k0, size_t k)
{
    enum { STEPS = 8 };
    const aigc__gemm_plan_t *p = j->call->plan;
    const size_t group = p->group_rows;
    for (size_t q = 0; q < k; q += STEPS)
        for (size_t i = 0; i < rows; i += group)
            kernel_of(p)->pack_rows(j->own + i * k + q * group, j->a + (k0 + q) * j->lda + row + i, j->lda,
                                    aigc__minimum(STEPS, k - q), aigc__minimum(group, rows - i), group);
}

/* Points the strip at rows of A from step k0 on; `copied`: which row the copies begin with. */
static void point_at_a(const tile_job_t *j, size_t copied, size_t row, size_t k0, aigc__gemm_strip_t *strip)
{
    const aigc__gemm_plan_t *p = j->call->plan;
    const bool ta = p->core.ta;
    strip->a = j->a + (ta ? k0 * j->lda + row : row * j->lda + k0);
    strip->a_row = ta ? 1 : j->lda;
    strip->a_k = ta ? j->lda : 1;
    if (p->a_copy_rows == 0) return;
    strip->a = j->own + (row - copied) * strip->k;
    strip->a_k = p->group_rows;
}

/* A last strip that is not a whole number of units would be read beyond its end. */
static bool is_read_in_place(const aigc__gemm_plan_t *p, size_t strip)
{
    return p->b_source == AIGC__B_IN_PLACE && strip_start(p, strip + 1) <= p->core.n;
}

/* Where the tile packs a strip; of a B read in place there is at most one. */
static float *own_strip(const tile_job_t *j, size_t strip, size_t k)
{
    const aigc__gemm_plan_t *p = j->call->plan;
    if (p->b_source == AIGC__B_IN_PLACE) return j->own + p->own_b;
    return j->own + p->own_b + (strip_start(p, strip) - strip_start(p, j->strip)) * k;
}

static void pack_own_strips(const tile_job_t *j, size_t k0, size_t k)
{
    const aigc__gemm_plan_t *p = j->call->plan;
    if (p->b_source > AIGC__B_OWN) return;
    for (size_t i = j->strip; i < j->strips; i++)
        if (!is_read_in_place(p, i)) pack_strip(p, own_strip(j, i, k), j->b, i, k0, k);
}

static void point_at_b(const tile_job_t *j, size_t index, size_t k0, aigc__gemm_strip_t *strip)
{
    const aigc__gemm_plan_t *p = j->call->plan;
    const size_t start = strip_start(p, index), width = strip_start(p, index + 1) - start;
    strip->columns = aigc__minimum(width, p->core.n - start);
    strip->b_k = width;
    if (is_read_in_place(p, index)) {
        strip->b = j->b + k0 * p->core.ldb + start;
        strip->b_k = p->core.ldb;
    } else if (p->b_source > AIGC__B_OWN) {
        strip->b = j->b + start * p->core.k + k0 * width;
    } else {
        strip->b = own_strip(j, index, strip->k);
    }
}

/* One block of k: groups of rows whose part of A stays in the first level cache, against every strip. */
static void run_block(const tile_job_t *j, size_t k0, size_t k, bool add)
{
    const aigc__gemm_plan_t *p = j->call->plan;
    const size_t end = j->row + j->rows;
    size_t copied = j->row;
    pack_own_strips(j, k0, k);
    for (size_t row = j->row; row < end; row += p->group_rows) {
        aigc__gemm_strip_t strip = {.k = k, .ldc = j->ldc, .add = add, .rows = aigc__minimum(p->group_rows, end - row)};
        if (p->a_copy_rows && (row - j->row) % p->a_copy_rows == 0) {
            copied = row;
            copy_a(j, row, aigc__minimum(p->a_copy_rows, end - row), k0, k);
        }
        point_at_a(j, copied, row, k0, &strip);
        for (size_t i = j->strip; i < j->strips; i++) {
            point_at_b(j, i, k0, &strip);
            strip.c = j->c + row * j->ldc + strip_start(p, i);
            kernel_of(p)->strip(&strip);
        }
    }
}

/* k = 0 runs one empty block, which sets C to zero. */
static void run_tile(const tile_job_t *j, bool add, size_t k_start, size_t k_end)
{
    const aigc__gemm_plan_t *p = j->call->plan;
    size_t k0 = k_start;
    do {
        const size_t k = aigc__minimum(p->kc, k_end - k0);
        run_block(j, k0, k, add || k0 > k_start);
        k0 += k;
    } while (k0 < k_end);
}

static void finish(const tile_job_t *j, size_t row, size_t rows, size_t column, size_t columns)
{
    const aigc__gemm_call_t *call = j->call;
    if (call->tile_done)
        call->tile_done(call->tile_user, j->batch, row, rows, column, columns, j->c + row * j->ldc + column, j->ldc,
                        j->worker);
}

static void blocked_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    const aigc__gemm_plan_t *p = call->plan;
    const tile_job_t j = job_of(call, tile, worker);
    run_tile(&j, p->core.add, 0, p->core.k);
    const size_t column = strip_start(p, j.strip),
                 columns = aigc__minimum(strip_start(p, j.strips), p->core.n) - column;
    finish(&j, j.row, j.rows, column, columns);
}

static void slice_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    const aigc__gemm_plan_t *p = call->plan;
    tile_job_t j = job_of(call, tile, worker);
    j.ldc = aigc__spread_ld(p->core.n);
    j.c = (float *)call->shared + (j.batch * p->slices + j.slice) * p->core.m * j.ldc;
    const size_t k0 = j.slice * p->slice_k;
    run_tile(&j, false, k0, aigc__minimum(k0 + p->slice_k, p->core.k));
}

/* C = the slices' sums, first to last. */
static void sum_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    const aigc__gemm_plan_t *p = call->plan;
    const aigc__gemm_shape_t *s = &p->core;
    const size_t per_product = p->tiles / s->batch, ld = aigc__spread_ld(s->n), step = s->m * ld;
    tile_job_t j = {.call = call, .worker = worker, .batch = tile / per_product, .ldc = s->ldc};
    j.row = tile % per_product * 16;
    j.rows = aigc__minimum(16, s->m - j.row);
    j.c = call->c + j.batch * s->c_step;
    const float *from = (const float *)call->shared + j.batch * p->slices * step;
    for (size_t i = j.row; i < j.row + j.rows; i++) {
        float *c = j.c + i * s->ldc;
        if (!s->add) memset(c, 0, s->n * sizeof(float));
        for (size_t slice = 0; slice < p->slices; slice++)
            for (size_t q = 0; q < s->n; q++) c[q] += from[slice * step + i * ld + q];
    }
    finish(&j, j.row, j.rows, 0, s->n);
}

static void dot_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    const aigc__gemm_plan_t *p = call->plan;
    const aigc__gemm_shape_t *s = &p->core;
    tile_job_t j = {.call = call, .worker = worker, .ldc = s->ldc};
    const size_t row = tile % p->row_tiles, rest = tile / p->row_tiles;
    const size_t column = rest % p->column_tiles * p->tile_strips,
                 columns = aigc__minimum(p->tile_strips, s->n - column);
    j.batch = rest / p->column_tiles;
    j.row = row * p->tile_rows;
    j.rows = aigc__minimum(p->tile_rows, s->m - j.row);
    j.c = call->c + j.batch * s->c_step;
    const float *a = call->a + j.batch * s->a_step + j.row * s->lda,
                *b = call->b + j.batch * s->b_step + column * s->ldb;
    float *c = j.c + j.row * s->ldc + column;
    const bool is_wide = j.rows <= columns;
    const aigc__gemm_dot_t dot = {.rows = is_wide ? j.rows : columns,
                                  .columns = is_wide ? columns : j.rows,
                                  .k = s->k,
                                  .a = is_wide ? a : b,
                                  .b = is_wide ? b : a,
                                  .lda = is_wide ? s->lda : s->ldb,
                                  .ldb = is_wide ? s->ldb : s->lda,
                                  .c = c,
                                  .c_i = is_wide ? s->ldc : 1,
                                  .c_j = is_wide ? 1 : s->ldc,
                                  .add = s->add};
    kernel_of(p)->dot(&dot);
    finish(&j, j.row, j.rows, column, columns);
}

void aigc__gemm_pack_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    const aigc__gemm_plan_t *p = call->plan;
    if (p->variant == AIGC__GEMM_SPLIT) {
        slice_tile(call, tile, worker);
        return;
    }
    const aigc__gemm_shape_t *s = &p->core;
    const size_t strip = tile % p->strips, rest = tile / p->strips, parts = aigc__ceil_div(s->k, p->pack_k);
    const size_t batch = rest / parts, k0 = rest % parts * p->pack_k, start = strip_start(p, strip);
    float *to =
        (float *)call->shared + batch * packed_b_floats(p) + start * s->k + k0 * (strip_start(p, strip + 1) - start);
    pack_strip(p, to, call->b + batch * s->b_step, strip, k0, aigc__minimum(p->pack_k, s->k - k0));
}

void aigc__gemm_tile(const aigc__gemm_call_t *call, size_t tile, size_t worker)
{
    switch (call->plan->variant) {
    case AIGC__GEMM_DOT:
        dot_tile(call, tile, worker);
        break;
    case AIGC__GEMM_SPLIT:
        sum_tile(call, tile, worker);
        break;
    default:
        blocked_tile(call, tile, worker);
        break;
    }
}
