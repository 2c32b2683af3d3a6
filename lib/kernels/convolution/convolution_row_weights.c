/* Weight gradients where the result has long rows: a row of the result and the rows of the source that it reads are
 * multiplied where they lie, summed over the pixels of the row. Sums are [tap][channel of x][channel of y], vectors
 * along y's channels; or, where these are few, [channel of y][tap][channel of x] with vectors along x's. */
#include "kernels/convolution/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

typedef struct slice {
    const aigc__convolution_call_t *call;
    aigc__conv_grid_t grid;
    float *sums, *band, *padded;
    bool add;
} slice_t;

static size_t sum_floats(const aigc__convolution_plan_t *p)
{
    const size_t columns = p->shape.kernel[0] * p->shape.kernel[1] * p->shape.kernel[2] * p->read;
    return p->is_turned ? p->made * aigc__spread_ld(columns) : columns * p->made_ld;
}

/* A row of y, few channels, times a run of taps and channels. */
static void multiply_turned(const slice_t *s, const float *run, const float *y, float *c)
{
    const aigc__convolution_plan_t *p = s->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__conv_axis_t *axis = &s->grid.axes[2];
    const size_t columns = axis->taps * p->read, ld = aigc__spread_ld(s->grid.taps * p->read);
    for (size_t start = 0; start < columns; start += kernel->nr) {
        const aigc__gemm_strip_t strip = {.rows = p->made,
                                          .columns = aigc__minimum(kernel->nr, columns - start),
                                          .k = axis->count,
                                          .a = y,
                                          .a_row = 1,
                                          .a_k = p->made,
                                          .b = run + start,
                                          .b_k = axis->source_step * p->read,
                                          .c = c + start,
                                          .ldc = ld,
                                          .add = s->add};
        kernel->strip(&strip);
    }
}

/* A run of taps and channels times `pixels` of a row of y: so many that y stays in the first level cache. */
static void multiply_part(const slice_t *s, const float *run, const float *y, size_t y_ld, size_t pixels, float *c,
                          bool add)
{
    const aigc__convolution_plan_t *p = s->call->plan;
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const aigc__conv_axis_t *axis = &s->grid.axes[2];
    const size_t rows = axis->taps * p->read;
    for (size_t row = 0; row < rows; row += kernel->group)
        for (size_t start = 0; start < p->made; start += kernel->nr) {
            const aigc__gemm_strip_t strip = {.rows = aigc__minimum(kernel->group, rows - row),
                                              .columns = aigc__minimum(kernel->nr, p->made - start),
                                              .k = pixels,
                                              .a = run + row,
                                              .a_row = 1,
                                              .a_k = axis->source_step * p->read,
                                              .b = y + start,
                                              .b_k = y_ld,
                                              .c = c + row * p->made_ld + start,
                                              .ldc = p->made_ld,
                                              .add = add};
            kernel->strip(&strip);
        }
}

static void multiply(const slice_t *s, const float *run, const float *y, size_t y_ld, float *c)
{
    enum { PIXELS = 160 };
    const aigc__convolution_plan_t *p = s->call->plan;
    const aigc__conv_axis_t *axis = &s->grid.axes[2];
    for (size_t pixel = 0; pixel < axis->count; pixel += PIXELS)
        multiply_part(s, run + pixel * axis->source_step * p->read, y + pixel * y_ld, y_ld,
                      aigc__minimum(PIXELS, axis->count - pixel), c, s->add || pixel > 0);
}

/* Rows of whole vectors only are read in place. */
static const float *result_row(const slice_t *s, size_t row, size_t *ld)
{
    const aigc__convolution_plan_t *p = s->call->plan;
    const size_t pixels = s->grid.axes[2].count, unit = p->kernels->gemm->unit;
    const float *y = s->call->b + row * pixels * p->made;
    *ld = p->made;
    if (p->made % unit == 0 || p->is_turned) return y;
    *ld = p->made_ld;
    p->kernels->gemm->pack_rows(s->padded, y, p->made, pixels, p->made, p->made_ld);
    return s->padded;
}

static void add_rows(slice_t *s, aigc__conv_rows_t rows, size_t row)
{
    const aigc__convolution_plan_t *p = s->call->plan;
    const aigc__conv_axis_t *axes = s->grid.axes;
    aigc__conv_band_t band;
    aigc__conv_find_band(&band, p, &s->grid, s->call->a, rows, s->band);
    for (size_t i = 0; i < rows.n; i++, s->add = true) {
        size_t y_ld;
        const float *y = result_row(s, row + i, &y_ld);
        for (size_t d = 0; d < axes[0].taps; d++)
            for (size_t h = 0; h < axes[1].taps; h++) {
                const size_t below = i * axes[1].source_step + h * (size_t)axes[1].offset_step;
                const size_t place = (d * axes[1].taps + h) * axes[2].taps * p->read;
                const float *run = band.from + d * band.depth_floats + below * band.row_floats;
                if (p->is_turned)
                    multiply_turned(s, run, y, s->sums + place);
                else
                    multiply(s, run, y, y_ld, s->sums + place * p->made_ld);
            }
    }
}

void aigc__conv_row_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    float *own = (float *)((char *)call->worker + worker * p->worker_bytes);
    slice_t s = {.call = call, .grid = aigc__conv_grid(p, 0), .band = own, .padded = own + p->scratch};
    const size_t height = s.grid.axes[1].count, rows = p->shape.images * s.grid.axes[0].count * height;
    const size_t end = aigc__minimum((tile + 1) * p->slice_pixels, rows);
    s.sums = (float *)call->shared + tile * sum_floats(p);
    for (size_t row = tile * p->slice_pixels, n; row < end; row += n) {
        const size_t first = row % height, depth = row / height;
        n = aigc__minimum(aigc__minimum(p->tile_rows, end - row), height - first);
        add_rows(&s,
                 (aigc__conv_rows_t){depth / s.grid.axes[0].count, depth % s.grid.axes[0].count, first, n, 0,
                                     s.grid.axes[2].count},
                 row);
    }
}

void aigc__conv_row_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t taps = p->shape.kernel[0] * p->shape.kernel[1] * p->shape.kernel[2];
    const size_t first = tile * AIGC__SUM_ROWS, last = aigc__minimum(first + AIGC__SUM_ROWS, p->read);
    float *sums = (float *)((char *)call->worker + worker * p->worker_bytes);
    for (size_t channel = first; channel < last; channel++) {
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t slice = 0; slice < p->slices; slice++)
                p->kernels->sum_rows(sums + tap * p->made_ld,
                                     (const float *)call->shared + slice * sum_floats(p) +
                                         (tap * p->read + channel) * p->made_ld,
                                     1, p->made, p->made, slice > 0);
        p->kernels->transpose(call->result + channel * taps, p->read * taps, sums, p->made_ld, taps, p->made);
    }
}
