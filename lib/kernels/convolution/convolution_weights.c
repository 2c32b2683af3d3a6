/* Weight gradients: the transposed result times patches, a block of columns and a slice of the pixels a tile;
 * then the slices are added in order, and turned to the order that weights have. */
#include "kernels/convolution/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

static size_t columns_of(const aigc__convolution_plan_t *p)
{
    const size_t *kernel = p->shape.kernel;
    return p->read * kernel[0] * kernel[1] * kernel[2];
}

static float *slice_of(const aigc__convolution_call_t *call, size_t slice, size_t row)
{
    const aigc__convolution_plan_t *p = call->plan;
    return (float *)call->shared + (slice * p->shape.out_channels + row) * aigc__spread_ld(columns_of(p));
}

/* Rows of y to panels [k, group], a few pixels at a time across all panels. */
static void copy_panels(const aigc__convolution_plan_t *p, float *to, const float *y, size_t k)
{
    enum { STEPS = 8 };
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    const size_t ld = p->shape.out_channels, group = kernel->group;
    for (size_t q = 0; q < k; q += STEPS)
        for (size_t i = 0; i < p->made; i += group)
            kernel->pack_rows(to + i * k + q * group, y + q * ld + i, ld, aigc__minimum(STEPS, k - q),
                              aigc__minimum(group, p->made - i), group);
}

static void multiply(const aigc__convolution_plan_t *p, const float *panels, const float *patches, size_t ld, size_t k,
                     size_t columns, float *c, bool add)
{
    const aigc__gemm_kernel_t *kernel = p->kernels->gemm;
    for (size_t row = 0; row < p->made; row += kernel->group)
        for (size_t start = 0; start < columns; start += kernel->nr) {
            const size_t c_ld = aigc__spread_ld(columns_of(p));
            const aigc__gemm_strip_t strip = {.rows = aigc__minimum(kernel->group, p->made - row),
                                              .columns = aigc__minimum(kernel->nr, columns - start),
                                              .k = k,
                                              .a = panels + row * k,
                                              .a_row = 1,
                                              .a_k = kernel->group,
                                              .b = patches + start,
                                              .b_k = ld,
                                              .c = c + row * c_ld + start,
                                              .ldc = c_ld,
                                              .add = add};
            kernel->strip(&strip);
        }
}

void aigc__conv_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__convolution_shape_t *s = &p->shape;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t all = columns_of(p), blocks = aigc__ceil_div(all, p->block);
    const size_t block = tile % blocks, group = tile / blocks % s->groups, slice = tile / blocks / s->groups;
    const size_t column = block * p->block, columns = aigc__minimum(p->block, all - column);
    const size_t ld = aigc__round_up(columns, p->kernels->gemm->unit);
    const size_t end = aigc__minimum((slice + 1) * p->slice_pixels, grid.pixels);
    float *panels = (float *)((char *)call->worker + worker * p->worker_bytes), *patches = panels + p->scratch;
    float *c = slice_of(call, slice, group * p->made) + column;
    memset(patches, 0, p->block * p->kc * sizeof *patches); /* what lies beyond the last column is read too */
    if (grid.pixels == 0) multiply(p, panels, patches, ld, 0, columns, c, false);
    for (size_t pixel = slice * p->slice_pixels; pixel < end; pixel += p->kc) {
        const size_t k = aigc__minimum(p->kc, end - pixel);
        copy_panels(p, panels, call->b + pixel * s->out_channels + group * p->made, k);
        aigc__conv_patches(patches, ld, call->a, &grid, pixel, k, column, columns, group * p->read, p->read,
                           s->in_channels);
        multiply(p, panels, patches, ld, k, columns, c, pixel > slice * p->slice_pixels);
    }
}

void aigc__conv_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t columns = columns_of(p), taps = columns / p->read, parts = aigc__ceil_div(p->made, AIGC__SUM_ROWS);
    const size_t first = tile % parts * AIGC__SUM_ROWS, last = aigc__minimum(first + AIGC__SUM_ROWS, p->made);
    float *sum = (float *)((char *)call->worker + worker * p->worker_bytes);
    for (size_t row = tile / parts * p->made + first; row < tile / parts * p->made + last; row++) {
        memset(sum, 0, columns * sizeof *sum);
        for (size_t slice = 0; slice < p->slices; slice++)
            p->kernels->sum_rows(sum, slice_of(call, slice, row), 1, columns, columns, slice > 0);
        p->kernels->transpose(call->result + row * columns, taps, sum, p->read, taps, p->read);
    }
}
