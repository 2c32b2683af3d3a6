#include "graph/ops/reduction.h"
#include <string.h>

const char *aigc__reduction_infer(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                  aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the input must be f32";
    if (attributes->i[0] < 0 || attributes->i[0] >> in[0]->shape.rank) return "an axis lies outside the rank";
    *shape = aigc__reduction_kept(attributes, &in[0]->shape);
    *dtype = AIGC_DTYPE_F32;
    if (attributes->i[1]) return NULL;
    shape->rank = 0;
    for (uint32_t k = 0; k < in[0]->shape.rank; k++)
        if (!(attributes->i[0] >> k & 1)) shape->dims[shape->rank++] = in[0]->shape.dims[k];
    return NULL;
}

aigc__shape_t aigc__reduction_kept(const aigc__attributes_t *attributes, const aigc__shape_t *input)
{
    aigc__shape_t shape = *input;
    for (uint32_t k = 0; k < shape.rank; k++)
        if (attributes->i[0] >> k & 1) shape.dims[k] = 1;
    return shape;
}

size_t aigc__reduction_target(const aigc__attributes_t *attributes, const aigc__shape_t *input, size_t i)
{
    size_t stride = 1, target = 0;
    for (uint32_t k = input->rank; k-- > 0;) {
        const size_t dim = (size_t)input->dims[k];
        if (!(attributes->i[0] >> k & 1)) {
            target += i % dim * stride;
            stride *= dim;
        }
        i /= dim;
    }
    return target;
}

bool aigc__reduction_is_reshape(const aigc__attributes_t *attributes, const aigc__shape_t *input)
{
    for (uint32_t k = 0; k < input->rank; k++)
        if ((attributes->i[0] >> k & 1) && input->dims[k] != 1) return false;
    return true;
}

/* The work, after axes of size 1 are dropped and neighbours merged. The result is `outer` rows of
 * `columns` numbers: columns is the innermost group of axes where that is kept, else 1. A row is
 * reduced over `total` = (others) x `run` steps, each a stretch of `columns` numbers; steps of one run
 * are `columns` apart, so that a stretch of a run is contiguous.
 *
 *     kept innermost:     [outer.. | others..] [run] [columns]    -> sum_rows
 *     reduced innermost:  [outer.. | others..] [run]              -> sum
 *
 * Columns are cut into blocks, and long reductions into chunks whose partial results phase 2 reduces
 * in their order; several rows make a tile where they are small. */
typedef struct work {
    size_t outer, columns, total, run;
    size_t block, chunk, chunks, group; /* columns in a block, steps in a chunk, rows in a tile */
    size_t outer_dims[3], outer_strides[3], other_dims[2], other_strides[2]; /* innermost last, unused ones 1 */
} work_t;

_Static_assert(sizeof(work_t) <= sizeof(((aigc__step_t *)0)->detail), "it fits into a step's detail");

enum { BLOCK = 256, MOST_CHUNKS = 256, SHORT = 24 };

/* Merges neighbours that are both kept or both reduced. Returns the number of groups. */
static size_t group_axes(const aigc__value_t *value, const aigc__shape_t *shape, size_t dims[AIGC_MAX_RANK],
                         bool reduced[AIGC_MAX_RANK])
{
    size_t n = 0;
    for (uint32_t k = 0; k < shape->rank; k++) {
        const bool this_reduced = value->attributes.i[0] >> k & 1;
        if (shape->dims[k] == 1) continue;
        if (n > 0 && reduced[n - 1] == this_reduced) {
            dims[n - 1] *= (size_t)shape->dims[k];
        } else {
            dims[n] = (size_t)shape->dims[k];
            reduced[n++] = this_reduced;
        }
    }
    return n;
}

static work_t find_work(const aigc__value_t *value, const aigc__shape_t *shape)
{
    size_t dims[AIGC_MAX_RANK];
    bool reduced[AIGC_MAX_RANK];
    size_t n = group_axes(value, shape, dims, reduced), stride = 1, outers = 3, others = 2;
    work_t w = {.outer = 1, .columns = 1, .run = 1, .outer_dims = {1, 1, 1}, .other_dims = {1, 1}};
    if (n > 0 && !reduced[n - 1]) stride = w.columns = dims[--n];
    if (n > 0 && reduced[n - 1]) {
        w.run = dims[--n];
        stride *= w.run;
    }
    w.total = w.run;
    for (; n-- > 0; stride *= dims[n]) {
        if (reduced[n]) {
            w.other_dims[--others] = dims[n];
            w.other_strides[others] = stride;
            w.total *= dims[n];
        } else {
            w.outer_dims[--outers] = dims[n];
            w.outer_strides[outers] = stride;
            w.outer *= dims[n];
        }
    }
    return w;
}

static void cut_work(work_t *w)
{
    const size_t wanted = w->total > 0 ? AIGC__TILE_ELEMENTS / w->total : AIGC__TILE_ELEMENTS;
    w->block = wanted > BLOCK ? wanted / 16 * 16 : BLOCK;
    if (w->block > w->columns) w->block = w->columns;
    w->chunk = AIGC__TILE_ELEMENTS / w->block > 0 ? AIGC__TILE_ELEMENTS / w->block : 1;
    if (w->chunk < aigc__parts(w->total, MOST_CHUNKS)) w->chunk = aigc__parts(w->total, MOST_CHUNKS);
    /* Two chunks are not worth a second phase. */
    if (w->total <= 2 * w->chunk) w->chunk = w->total;
    w->chunks = w->total > 0 ? aigc__parts(w->total, w->chunk) : 1;
    const size_t row = w->total * w->columns;
    w->group = w->chunks == 1 && row > 0 && row < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / row : 1;
}

static bool is_max(const aigc__step_t *step) { return step->value->op == AIGC__OP_max_over; }

void aigc__reduction_prepare(aigc__step_t *step)
{
    work_t w = find_work(step->value, &step->in_values[0]->shape);
    if (step->value->count == 0) return;
    cut_work(&w);
    memcpy(step->detail, &w, sizeof w);
    const size_t tiles = aigc__parts(w.outer, w.group) * aigc__parts(w.columns, w.block);
    step->tiles[0] = tiles * w.chunks;
    step->tiles[1] = w.chunks > 1 ? tiles : 0;
    step->shared_bytes = w.chunks > 1 ? aigc__parts(w.outer * w.chunks * w.columns * sizeof(float), 64) * 64 : 0;
    step->worker_bytes = is_max(step) ? aigc__parts(w.block * sizeof(float), 64) * 64 : 0;
}

/* y[0..columns) = or (+)= the sums of products of `rows` stretches that begin at `offset`; `y` is for the results
 * from number `at` on. */
static void sum_products(const aigc__step_t *step, float *y, size_t offset, size_t at, size_t rows, size_t columns,
                         size_t stride, bool more)
{
    const float *a = (const float *)step->inputs[0] + offset, *p = (const float *)step->inputs[1] + at;
    const float *b = (const float *)step->inputs[2] + offset, *q = (const float *)step->inputs[3] + at;
    if (stride > 1) {
        step->kernels->sum_product_rows(y, a, p, b, q, rows, columns, stride, more);
        return;
    }
    const float sum = step->kernels->sum_products(a, *p, b, *q, rows);
    y[0] = more ? y[0] + sum : sum;
}

/* y[0..columns) = or (+)= the reduction of `rows` stretches, which begin `stride` apart. */
static void reduce(const aigc__step_t *step, float *y, const float *a, size_t rows, size_t columns, size_t stride,
                   bool more, float *scratch)
{
    const aigc__kernels_t *k = step->kernels;
    const bool sum = !is_max(step);
    if (stride > 1 && sum) {
        k->sum_rows(y, a, rows, columns, stride, more);
    } else if (stride > 1) {
        k->max_rows(more ? scratch : y, a, rows, columns, stride);
        if (more) k->map[AIGC__MAP_max](y, y, scratch, NULL, columns, 0);
    } else if (sum) {
        y[0] = more ? y[0] + k->sum(a, rows) : k->sum(a, rows);
    } else {
        scratch[0] = k->max_value(a, rows);
        if (more)
            k->map[AIGC__MAP_max](y, y, scratch, NULL, 1, 0);
        else
            y[0] = scratch[0];
    }
}

/* Steps [first, end) of result row `row`, for the columns from `column`. */
static void reduce_steps(const aigc__step_t *step, const work_t *w, float *y, size_t row, size_t first, size_t end,
                         size_t column, size_t columns, float *scratch)
{
    const float *a = (const float *)step->inputs[0];
    const size_t result = row * w->columns + column;
    size_t base = column;
    for (size_t k = 3; k-- > 0; row /= w->outer_dims[k]) base += row % w->outer_dims[k] * w->outer_strides[k];
    if (w->total == 0) step->kernels->fill(y, 0, columns);
    for (size_t at = first; at < end;) {
        const size_t offset = at % w->run, piece = w->run - offset < end - at ? w->run - offset : end - at;
        const size_t other = at / w->run;
        const size_t from = base + other % w->other_dims[1] * w->other_strides[1] + offset * w->columns +
                            other / w->other_dims[1] * w->other_strides[0];
        if (step->value->op == AIGC__OP_sum_products)
            sum_products(step, y, from, result, piece, columns, w->columns, at > first);
        else
            reduce(step, y, a + from, piece, columns, w->columns, at > first, scratch);
        at += piece;
    }
}

/* Rows too short for a kernel call each, evenly apart. */
static bool are_short_rows(const work_t *w)
{
    return w->columns == 1 && w->total == w->run && w->total > 0 && w->total <= SHORT && w->outer_dims[1] == 1;
}

static void reduce_short_rows(const aigc__step_t *step, const work_t *w, size_t first, size_t end)
{
    const bool sum = step->value->op == AIGC__OP_sum;
    const float *a = (const float *)step->inputs[0] + first * w->outer_strides[2];
    float *y = (float *)step->output;
    for (size_t row = first; row < end; row++, a += w->outer_strides[2]) {
        float result = a[0];
        for (size_t i = 1; i < w->total; i++) {
            if (sum)
                result += a[i];
            else if (a[i] > result || a[i] != a[i])
                result = a[i];
        }
        y[row] = result;
    }
}

void aigc__reduction_run(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    work_t w;
    memcpy(&w, step->detail, sizeof w);
    float *scratch = step->worker_bytes ? (float *)(void *)(step->worker + worker * step->worker_bytes) : NULL;
    float *partials = step->shared;
    const size_t chunks = phase == 0 ? w.chunks : 1, chunk = tile % chunks, blocks = aigc__parts(w.columns, w.block);
    const size_t column = tile / chunks % blocks * w.block, first = tile / chunks / blocks * w.group;
    const size_t columns = w.columns - column < w.block ? w.columns - column : w.block;
    if (are_short_rows(&w) && step->value->op != AIGC__OP_sum_products) {
        reduce_short_rows(step, &w, first, w.outer - first < w.group ? w.outer : first + w.group);
        return;
    }
    for (size_t row = first; row < first + w.group && row < w.outer; row++) {
        float *y = (float *)step->output + row * w.columns + column;
        float *partial = w.chunks > 1 ? partials + row * w.chunks * w.columns + column : NULL;
        const size_t start = chunk * w.chunk, stop = start + w.chunk < w.total ? start + w.chunk : w.total;
        if (phase == 1)
            reduce(step, y, partial, w.chunks, columns, w.columns, false, scratch);
        else
            reduce_steps(step, &w, partial ? partial + chunk * w.columns : y, row, start, stop, column, columns,
                         scratch);
    }
}
