/* Convolutions of each channel by itself, as many groups as channels: there is nothing to multiply matrices with. Each
 * pixel made is the sum over the taps of a pixel read times a row of weights [tap][channel], vectors along channels. */
#include "kernels/convolution/convolution_layout.h"
#include "kernels/kernels.h"
#include <string.h>

/* Where the taps of pixel number `pixel` of a grid read, a pointer a tap: `zeros` outside; returns the pixel's number
 * in an array of `sizes`. */
static size_t find_taps(const float **x, const float *source, const float *zeros, const aigc__conv_grid_t *grid,
                        const size_t *sizes, size_t channels, size_t pixel)
{
    const aigc__conv_axis_t *axes = grid->axes;
    const aigc__conv_place_t place = aigc__conv_place(grid, pixel);
    size_t n = 0;
    for (size_t d = 0; d < axes[0].taps; d++)
        for (size_t h = 0; h < axes[1].taps; h++)
            for (size_t w = 0; w < axes[2].taps; w++) {
                const size_t tap[] = {d, h, w};
                size_t read = place.image;
                bool is_inside = true;
                for (size_t k = 0; k < AIGC__SPATIAL; k++) {
                    const size_t position = aigc__conv_read(&axes[k], place.at[k], tap[k]);
                    is_inside &= position < axes[k].source;
                    read = read * axes[k].source + position;
                }
                x[n++] = is_inside ? source + read * channels : zeros;
            }
    return aigc__conv_made(grid, &place, sizes);
}

void aigc__conv_depthwise_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t residue = tile / p->pixel_tiles, channels = p->shape.groups,
                 first = tile % p->pixel_tiles * p->tile_pixels;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, residue);
    const size_t *sizes = p->direction == AIGC__FORWARD ? p->shape.out : p->shape.in;
    const size_t end = aigc__minimum(first + p->tile_pixels, grid.pixels);
    float *zeros = (float *)((char *)call->worker + worker * p->worker_bytes);
    const float **x = (const float **)(void *)(zeros + p->scratch);
    const float *weights = p->is_packed ? call->b : call->shared;
    for (size_t k = 0; k < residue; k++) weights += aigc__conv_grid(p, k).taps * channels;
    memset(zeros, 0, channels * sizeof *zeros);
    for (size_t pixel = first; pixel < end; pixel++) {
        const size_t made = find_taps(x, call->a, zeros, &grid, sizes, channels, pixel);
        p->kernels->sum_taps(call->result + made * channels, x, weights, grid.taps, channels);
        if (call->done) call->done(call->user, made * channels, 1, channels, channels, worker);
    }
}

/* A slice of the pixels: sums [tap][channel]. */
void aigc__conv_depthwise_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker)
{
    const aigc__convolution_plan_t *p = call->plan;
    const aigc__conv_grid_t grid = aigc__conv_grid(p, 0);
    const size_t channels = p->shape.groups, end = aigc__minimum((tile + 1) * p->slice_pixels, grid.pixels);
    float *zeros = (float *)((char *)call->worker + worker * p->worker_bytes);
    float *sums = (float *)call->shared + tile * grid.taps * channels;
    const float **x = (const float **)(void *)(zeros + p->scratch);
    memset(zeros, 0, channels * sizeof *zeros);
    memset(sums, 0, grid.taps * channels * sizeof *sums);
    for (size_t pixel = tile * p->slice_pixels; pixel < end; pixel++) {
        find_taps(x, call->a, zeros, &grid, p->shape.out, channels, pixel);
        p->kernels->add_taps(sums, x, call->b + pixel * channels, grid.taps, channels);
    }
}

void aigc__conv_depthwise_sum_tile(const aigc__convolution_call_t *call)
{
    const aigc__convolution_plan_t *p = call->plan;
    const size_t channels = p->shape.groups, taps = aigc__conv_grid(p, 0).taps;
    float *sums = call->shared;
    for (size_t slice = 1; slice < p->slices; slice++)
        p->kernels->sum_rows(sums, sums + slice * taps * channels, 1, taps * channels, taps * channels, true);
    p->kernels->transpose(call->result, taps, sums, channels, taps, channels);
}
