/* Weight gradients by Winograd's minimal filtering, the adjoint of the way forward: windows of x and of y are
 * transformed and multiplied point by point, sums of the products are transformed to taps in the end. */
#include "kernels/convolution/winograd.h"
#include <string.h>

/* The sums of a slice: [point][channel of y][read_ld]. */
static float *sums_of(const aigc__convolution_call_t *call, size_t slice, size_t point, size_t row)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points;
    return (float *)call->shared + ((slice * points + point) * p->shape.out_channels + row) * p->read_ld;
}

/* `columns` channels of windows of y as points of [n][columns]; pixels beyond the edges are zeros. */
static void read_result(const aigc__convolution_call_t *call, const aigc__conv_grid_t *grid, float *to, float *edge,
                        size_t channel, size_t columns, size_t first, size_t n)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__winograd_t winograd = aigc__winograd(p->kernels, p->filter_taps);
    const size_t channels = p->shape.out_channels, height = p->shape.out[1], width = p->shape.out[2];
    for (size_t i = 0; i < n; i++) {
        const aigc__window_t window = aigc__window_of(grid, first + i);
        const size_t rows = aigc__minimum(AIGC__WINDOW, height - window.h);
        const size_t across = aigc__minimum(AIGC__WINDOW, width - window.w);
        const bool is_whole = rows == AIGC__WINDOW && across == AIGC__WINDOW;
        const float *from = call->b + ((window.image * height + window.h) * width + window.w) * channels + channel;
        if (!is_whole) {
            memset(edge, 0, AIGC__WINDOW * AIGC__WINDOW * columns * sizeof *edge);
            for (size_t h = 0; h < rows; h++)
                for (size_t w = 0; w < across; w++)
                    memcpy(edge + (h * AIGC__WINDOW + w) * columns, from + (h * width + w) * channels,
                           columns * sizeof *edge);
        }
        winograd.output_adjoint(to + i * p->made_ld, winograd.side * p->made_step, p->made_step, is_whole ? from : edge,
                                is_whole ? width * channels : AIGC__WINDOW * columns, is_whole ? channels : columns,
                                columns);
    }
}

/* `columns` sums of each row. */
static void multiply_columns(const aigc__convolution_plan_t *p, const float *made, const float *read, size_t rows,
                             size_t columns, size_t k, float *c, bool add)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    for (size_t row = 0; row < rows; row += kernel->group)
        for (size_t start = 0; start < columns; start += kernel->nr) {
            const aigc__gemm_strip_t strip = {.rows = aigc__minimum(kernel->group, rows - row),
                                              .columns = aigc__minimum(kernel->nr, columns - start),
                                              .k = k,
                                              .a = made + row,
                                              .a_row = 1,
                                              .a_k = p->made_ld,
                                              .b = read + start,
                                              .b_k = p->read_ld,
                                              .c = c + row * p->read_ld + start,
                                              .ldc = p->read_ld,
                                              .add = add};
            kernel->strip(&strip);
        }
}

/* Sums at a point; those that only taps beyond the kernel's end would need are left out. */
static void multiply(const aigc__convolution_plan_t *p, const aigc__conv_grid_t *grid, size_t point, const float *made,
                     const float *read, size_t rows, size_t k, float *c, bool add)
{
    for (size_t phase = 0, n; (n = aigc__winograd_phases(p, grid, point, &phase)) > 0; phase += n)
        multiply_columns(p, made, read + phase * p->read, rows, n * p->read, k, c + phase * p->read, add);
}

void aigc__winograd_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t block = tile % p->column_tiles, group = tile / p->column_tiles % p->shape.groups;
    const size_t slice = tile / p->column_tiles / p->shape.groups, column = block * p->block;
    const size_t columns = aigc__minimum(p->block, p->made - column), channel = group * p->made + column;
    const size_t start = slice * p->slice_pixels, end = aigc__minimum(start + p->slice_pixels, p->all_windows);
    float *read = (float *)((char *)call->worker + worker * p->worker_bytes);
    const size_t points = aigc__winograd(p->kernels, p->filter_taps).points;
    float *made = read + points * p->read_step, *edge = read + p->scratch;
    for (size_t first = start; first < end; first += p->tile_windows) {
        const size_t n = aigc__minimum(p->tile_windows, end - first);
        aigc__winograd_read(p, &grid, read, edge, call->a + group * p->read, first, n);
        read_result(call, &grid, made, edge, channel, columns, first, n);
        for (size_t point = 0; point < points; point++)
            multiply(p, &grid, point, made + point * p->made_step, read + point * p->read_step, columns, n,
                     sums_of(call, slice, point, channel), first > start);
    }
}

void aigc__winograd_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__winograd_t winograd = aigc__winograd(p->kernels, p->filter_taps);
    const size_t parts = aigc__ceil_div(p->made, AIGC__SUM_ROWS), group = tile / parts, ld = p->read_ld;
    const size_t first = tile % parts * AIGC__SUM_ROWS, last = aigc__minimum(first + AIGC__SUM_ROWS, p->made);
    const size_t phases = p->phases, all = p->read * phases * phases, width = phases * winograd.taps;
    const size_t *kernel = p->shape.kernel;
    float *sums = (float *)((char *)call->worker + worker * p->worker_bytes), *taps = sums + winograd.points * ld;
    for (size_t row = group * p->made + first; row < group * p->made + last; row++) {
        for (size_t point = 0; point < winograd.points; point++)
            for (size_t slice = 0; slice < p->slices; slice++)
                p->kernels->sum_rows(sums + point * ld, sums_of(call, slice, point, row), 1, all, all, slice > 0);
        for (size_t phase = 0; phase < phases * phases; phase++)
            winograd.weights_adjoint(taps + (phase / phases * width + phase % phases) * p->read,
                                     phases * width * p->read, phases * p->read, sums + phase * p->read,
                                     winograd.side * ld, ld, p->read);
        for (size_t h = 0; h < kernel[1]; h++)
            p->kernels->transpose(call->result + row * p->read * kernel[1] * kernel[2] + h * kernel[2],
                                  kernel[1] * kernel[2], taps + h * width * p->read, p->read, kernel[2], p->read);
    }
}
