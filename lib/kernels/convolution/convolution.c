/* Tiles of a convolution's result: patches times packed weights, by the level's strip kernel. */
#include "kernels/convolution/convolution_layout.h"
#include "kernels/convolution/winograd.h"
#include "kernels/kernels.h"
#include <string.h>

/* One group's part of a tile. */
typedef struct tile_job {
    const aigc__convolution_call_t *call;
    aigc__conv_grid_t grid;
    const float *weights;                /* packed, of the residue and group */
    size_t group, steps;                 /* of the inner sum */
    size_t pixel, pixels, strip, strips; /* strips: one past the last */
    float *patches;
    float *made; /* the first strip's column 0 of pixel `pixel` */
    size_t made_ld;
} tile_job_t;

/* Whether patches are the source's own pixels, in their order. */
static bool is_source_itself(const aigc__conv_grid_t *grid)
{
    for (size_t k = 0; k < AIGC__SPATIAL; k++) {
        const aigc__conv_axis_t *a = &grid->axes[k];
        if (a->taps != 1 || a->source_step != 1 || a->offset != 0 || a->count != a->source) return false;
    }
    return true;
}

/* Whether the pixels made follow one another in the result. */
static bool is_dense(const aigc__conv_grid_t *grid)
{
    return grid->axes[0].step == 1 && grid->axes[1].step == 1 && grid->axes[2].step == 1;
}

static void multiply(const tile_job_t *j, const float *a, size_t a_row, size_t k0, size_t k)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t first = aigc__conv_strip(p, j->strip);
    for (size_t row = 0; row < j->pixels; row += kernel->group)
        for (size_t i = j->strip; i < j->strips; i++) {
            const size_t start = aigc__conv_strip(p, i), width = aigc__conv_strip(p, i + 1) - start;
            const aigc__gemm_strip_t strip = {.rows = aigc__minimum(kernel->group, j->pixels - row),
                                              .columns = aigc__minimum(width, p->made - start),
                                              .k = k,
                                              .a = a + row * a_row,
                                              .a_row = a_row,
                                              .a_k = 1,
                                              .b = j->weights + start * j->steps + k0 * width,
                                              .b_k = width,
                                              .c = j->made + row * j->made_ld + start - first,
                                              .ldc = j->made_ld,
                                              .add = k0 > 0};
            kernel->strip(&strip);
        }
}

static void make(const tile_job_t *j)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const aigc__convolution_shape_t *s = &p->shape;
    const size_t channels = p->read * s->groups;
    if (j->steps == 0) {
        multiply(j, j->patches, 0, 0, 0);
        return;
    }
    for (size_t k0 = 0; k0 < j->steps; k0 += p->kc) {
        const size_t k = aigc__minimum(p->kc, j->steps - k0), ld = aigc__spread_ld(k);
        if (is_source_itself(&j->grid)) {
            multiply(j, j->call->a + j->pixel * channels + j->group * p->read + k0, channels, k0, k);
            continue;
        }
        aigc__conv_patches(j->patches, ld, j->call->a, &j->grid, j->pixel, j->pixels, k0, k, j->group * p->read,
                           p->read, channels);
        multiply(j, j->patches, ld, k0, k);
    }
}

/* ---- results that are not dense ---- */

/* Pixels of the grid from number `pixel` on that lie on one row of the result, at most `most`: how many, and which
 * pixel of the result the first is. */
static size_t run_of(const tile_job_t *j, size_t pixel, size_t most, size_t *place)
{
    const aigc__conv_place_t first = aigc__conv_place(&j->grid, pixel);
    *place = aigc__conv_made(&j->grid, &first, j->call->plan->shape.in);
    return aigc__minimum(most, j->grid.axes[2].count - first.at[2]);
}

static void scatter(const tile_job_t *j, size_t columns, size_t column)
{
    const size_t channels = j->call->plan->made * j->call->plan->shape.groups, step = j->grid.axes[2].step * channels;
    for (size_t i = 0, n, place; i < j->pixels; i += n) {
        n = run_of(j, j->pixel + i, j->pixels - i, &place);
        float *to = j->call->result + place * channels + column;
        for (size_t q = 0; q < n; q++) memcpy(to + q * step, j->made + (i + q) * columns, columns * sizeof *to);
    }
}

/* ---- tiles ---- */

static void announce(const tile_job_t *j, size_t column, size_t columns, size_t worker)
{
    const aigc__convolution_call_t *call = j->call;
    const size_t channels = call->plan->made * call->plan->shape.groups, step = j->grid.axes[2].step * channels;
    if (!call->done) return;
    if (is_dense(&j->grid)) {
        call->done(call->user, j->pixel * channels + column, j->pixels, columns, channels, worker);
        return;
    }
    for (size_t i = 0, n, place; i < j->pixels; i += n) {
        n = run_of(j, j->pixel + i, j->pixels - i, &place);
        call->done(call->user, place * channels + column, n, columns, step, worker);
    }
}

static void make_groups(tile_job_t *j, const float *weights, float *scratch, size_t worker)
{
    const aigc__convolution_plan_t *p = j->call->plan;
    const size_t channels = p->made * p->shape.groups, padded = aigc__round_up(p->made, p->kernels->gemm->unit);
    const size_t start = aigc__conv_strip(p, j->strip);
    const size_t columns = aigc__minimum(aigc__conv_strip(p, j->strips), p->made) - start;
    const bool dense = is_dense(&j->grid);
    for (j->group = 0; j->group < p->shape.groups; j->group++) {
        const size_t column = j->group * p->made + start;
        j->weights = weights + j->group * padded * j->steps;
        j->made = dense ? j->call->result + j->pixel * channels + column : scratch;
        j->made_ld = dense ? channels : columns;
        make(j);
        if (!dense) scatter(j, columns, column);
    }
    announce(j, start, p->shape.groups > 1 ? channels : columns, worker);
}

const float *aigc__conv_weights_of(const aigc__convolution_call_t *call, size_t residue)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t padded = p->method == AIGC__CONV_DOT ? p->made : aigc__round_up(p->made, p->kernels->gemm->unit);
    const float *weights = p->is_packed ? call->b : call->shared;
    for (size_t k = 0; k < residue; k++) weights += p->shape.groups * padded * aigc__conv_grid(p, k).taps * p->read;
    return weights;
}

static void result_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t column = tile % p->column_tiles, rest = tile / p->column_tiles, residue = rest / p->pixel_tiles;
    float *own = (float *)((char *)call->worker + worker * p->worker_bytes);
    tile_job_t j = {.call = call, .grid = aigc__conv_grid(p, residue), .patches = own};
    j.steps = j.grid.taps * p->read;
    j.pixel = rest % p->pixel_tiles * p->tile_pixels;
    if (j.pixel >= j.grid.pixels) return;
    j.pixels = aigc__minimum(p->tile_pixels, j.grid.pixels - j.pixel);
    j.strip = column * p->tile_strips;
    j.strips = aigc__minimum(j.strip + p->tile_strips, p->strips);
    make_groups(&j, aigc__conv_weights_of(call, residue), own + p->scratch, worker);
}

/* Phase 0 makes the sums of slices, phase 1 adds them. */
static void weight_tile(const aigc__convolution_call_t *call, size_t phase, size_t tile, size_t worker)
{
    switch (call->plan->method) {
    case AIGC__CONV_WINOGRAD:
        (phase == 0 ? aigc__winograd_slice_tile : aigc__winograd_sum_tile)(call, tile, worker);
        break;
    case AIGC__CONV_ROWS:
        if (phase == 0)
            aigc__conv_row_slice_tile(call, tile, worker);
        else
            (call->plan->is_turned ? aigc__conv_sum_tile : aigc__conv_row_sum_tile)(call, tile, worker);
        break;
    case AIGC__CONV_DEPTHWISE:
        if (phase == 0)
            aigc__conv_depthwise_slice_tile(call, tile, worker);
        else
            aigc__conv_depthwise_sum_tile(call);
        break;
    default:
        (phase == 0 ? aigc__conv_slice_tile : aigc__conv_sum_tile)(call, tile, worker);
        break;
    }
}

void aigc__convolution_tile(const aigc__convolution_call_t *call, size_t phase, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    if (p->direction == AIGC__WEIGHT_GRADIENT) {
        weight_tile(call, phase, tile, worker);
        return;
    }
    if (p->is_staged) {
        (phase == 0 ? aigc__winograd_windows_tile : aigc__winograd_strip_tile)(call, tile, worker);
        return;
    }
    if (phase == 0 && !p->is_packed) {
        aigc__conv_pack_tile(p, call->b, call->shared, tile);
        return;
    }
    switch (p->method) {
    case AIGC__CONV_WINOGRAD:
        aigc__winograd_tile(call, tile, worker);
        break;
    case AIGC__CONV_ROWS:
    case AIGC__CONV_DOT:
        aigc__conv_rows_tile(call, tile, worker);
        break;
    case AIGC__CONV_SCATTER:
        aigc__conv_scatter_tile(call, tile, worker);
        break;
    case AIGC__CONV_DEPTHWISE:
        aigc__conv_depthwise_tile(call, tile, worker);
        break;
    default:
        result_tile(call, tile, worker);
        break;
    }
}
