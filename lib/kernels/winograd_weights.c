/* Weight gradients of 3 x 3 convolutions by Winograd's minimal filtering, the adjoint of the way forward: windows of x
 * and of y are transformed and multiplied point by point, sums of the products are transformed to 3 x 3 in the end. */
#include "kernels/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

/* The sums of a slice: [point][channel of y][read_ld]. */
static float *sums_of(const aigc__convolution_call_t *call, size_t slice, size_t point, size_t row)
{
    const aigc__convolution_plan_t *p = call->plan;
    return (float *)call->shared + ((slice * AIGC__POINTS + point) * p->shape.out_channels + row) * p->read_ld;
}

/* `columns` channels of windows of y as 36 points of [n][columns]; pixels beyond the edges are zeros. */
static void read_result(const aigc__convolution_call_t *call, float *to, float *edge, size_t channel, size_t columns,
                        size_t first, size_t n)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t channels = p->shape.out_channels, height = p->shape.out[1], width = p->shape.out[2];
    for (size_t i = 0; i < n; i++) {
        const aigc__window_t window = aigc__window_of(p, first + i);
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
        p->kernels->winograd_output_adjoint(to + i * p->made_ld, AIGC__WINDOW_READ * p->made_step, p->made_step,
                                            is_whole ? from : edge, is_whole ? width * channels : AIGC__WINDOW * columns,
                                            is_whole ? channels : columns, columns);
    }
}

static void multiply(const aigc__convolution_plan_t *p, const float *made, const float *read, size_t rows, size_t k,
                     float *c, bool add)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    for (size_t row = 0; row < rows; row += kernel->group)
        for (size_t start = 0; start < p->read; start += kernel->nr) {
            const aigc__gemm_strip_t strip = {.rows = aigc__minimum(kernel->group, rows - row),
                                              .columns = aigc__minimum(kernel->nr, p->read - start),
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

void aigc__winograd_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__conv_grid_t grid = aigc__conv_forward_grid(&p->shape);
    const size_t block = tile % p->column_tiles, group = tile / p->column_tiles % p->shape.groups;
    const size_t slice = tile / p->column_tiles / p->shape.groups, column = block * p->block;
    const size_t columns = aigc__minimum(p->block, p->made - column), channel = group * p->made + column;
    const size_t start = slice * p->slice_pixels, end = aigc__minimum(start + p->slice_pixels, p->all_windows);
    float *read = (float *)((char *)call->worker + worker * p->worker_bytes);
    float *made = read + AIGC__POINTS * p->read_step, *edge = read + p->scratch;
    for (size_t first = start; first < end; first += p->tile_windows) {
        const size_t n = aigc__minimum(p->tile_windows, end - first);
        aigc__winograd_read(p, &grid, read, edge, call->a + group * p->read, first, n);
        read_result(call, made, edge, channel, columns, first, n);
        for (size_t point = 0; point < AIGC__POINTS; point++)
            multiply(p, made + point * p->made_step, read + point * p->read_step, columns, n,
                     sums_of(call, slice, point, channel), first > start);
    }
}

void aigc__winograd_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t parts = aigc__ceil_div(p->made, AIGC__SUM_ROWS), group = tile / parts;
    const size_t first = tile % parts * AIGC__SUM_ROWS, last = aigc__minimum(first + AIGC__SUM_ROWS, p->made);
    float *sums = (float *)((char *)call->worker + worker * p->worker_bytes), *taps = sums + AIGC__POINTS * p->read_ld;
    for (size_t row = group * p->made + first; row < group * p->made + last; row++) {
        for (size_t point = 0; point < AIGC__POINTS; point++)
            for (size_t slice = 0; slice < p->slices; slice++)
                p->kernels->sum_rows(sums + point * p->read_ld, sums_of(call, slice, point, row), 1, p->read, p->read,
                                     slice > 0);
        p->kernels->winograd_weights_adjoint(taps, 3 * p->read_ld, p->read_ld, sums, AIGC__WINDOW_READ * p->read_ld,
                                             p->read_ld, p->read);
        p->kernels->transpose(call->result + row * p->read * 9, 9, taps, p->read_ld, 9, p->read);
    }
}
