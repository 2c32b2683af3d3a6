/* What the convolution files share: which taps meet which positions, and how patches are copied.
 *
 * Seen from the tensor that is made, forward and input gradient are the same: a position q along an axis
 * reads positions q * source_step + offset + j * offset_step for the taps j. In an input gradient with a stride
 * the positions fall into residues, each of which meets taps of its own; so no multiplication by an
 * inserted zero is ever done. Taps are taken in the order that reads the source upwards. */
#ifndef AIGC_KERNELS_CONVOLUTION_LAYOUT_H
#define AIGC_KERNELS_CONVOLUTION_LAYOUT_H

#include "kernels/convolution/convolution.h"
#include "kernels/gemm_layout.h"

enum { AIGC__CONV_TILES = 16 }; /* wanted, to share out */

typedef struct aigc__conv_axis {
    size_t start, step, count;  /* positions made: start + q * step */
    size_t source, source_step; /* size of the axis that is read */
    ptrdiff_t offset, offset_step;
    size_t taps;
    ptrdiff_t tap, tap_step; /* of the kernel: tap + j * tap_step */
} aigc__conv_axis_t;

typedef struct aigc__conv_grid {
    aigc__conv_axis_t axes[AIGC__SPATIAL];
    size_t pixels; /* of all images */
    size_t taps;
} aigc__conv_grid_t;

/* The positions of residue number `residue` of a plan; of a weight gradient those of the way forward. */
aigc__conv_grid_t aigc__conv_grid(const aigc__convolution_plan_t *plan, size_t residue);
static inline size_t aigc__conv_residues(const aigc__convolution_plan_t *plan)
{
    return plan->residues[0] * plan->residues[1] * plan->residues[2];
}

/* A pixel of a grid, counted along its axes. */
typedef struct aigc__conv_place {
    size_t image, at[AIGC__SPATIAL];
} aigc__conv_place_t;

static inline aigc__conv_place_t aigc__conv_place(const aigc__conv_grid_t *grid, size_t pixel)
{
    aigc__conv_place_t place;
    for (size_t k = AIGC__SPATIAL; k-- > 0; pixel /= grid->axes[k].count) place.at[k] = pixel % grid->axes[k].count;
    place.image = pixel;
    return place;
}

/* Where tap j of an axis reads; not below the size of the axis, as an unsigned number, where that is outside. */
static inline size_t aigc__conv_read(const aigc__conv_axis_t *axis, size_t at, size_t j)
{
    return (size_t)((ptrdiff_t)(at * axis->source_step) + axis->offset + (ptrdiff_t)j * axis->offset_step);
}

/* The number of the pixel made at a place, in an array of `sizes`. */
static inline size_t aigc__conv_made(const aigc__conv_grid_t *grid, const aigc__conv_place_t *place,
                                     const size_t *sizes)
{
    size_t made = place->image;
    for (size_t k = 0; k < AIGC__SPATIAL; k++)
        made = made * sizes[k] + grid->axes[k].start + place->at[k] * grid->axes[k].step;
    return made;
}

/* Weights are packed in a first phase unless they come so; then come `tiles` tiles. */
void aigc__conv_set_phases(aigc__convolution_plan_t *plan, size_t tiles);
/* Steps of the inner sum between two visits to a piece of the result: equal parts of about `most`. */
size_t aigc__conv_even_part(size_t steps, size_t most);

/* First column of a strip; of the one past the last, the padded end. */
static inline size_t aigc__conv_strip(const aigc__convolution_plan_t *plan, size_t strip)
{
    return aigc__strip_start(plan->kernels->gemm, plan->made, plan->strips, strip);
}

/* Patches of `n` pixels of a grid from pixel `first` on, elements [k0, k0 + k) of each, rows `ld` apart. A patch
 * is, tap after tap, the `channels` channels from `channel` on of the source pixel; pixels have `all_channels`. */
void aigc__conv_patches(float *to, size_t ld, const float *source, const aigc__conv_grid_t *grid, size_t first,
                        size_t n, size_t k0, size_t k, size_t channel, size_t channels, size_t all_channels);

void aigc__conv_pack_tile(const aigc__convolution_plan_t *plan, const float *weights, float *packed, size_t tile);
/* The packed weights of a residue, group 0. */
const float *aigc__conv_weights_of(const aigc__convolution_call_t *call, size_t residue);
void aigc__conv_rows_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);

/* Rows of the result, and the rows of the source that they read: the first pixel, and floats from one row to the next
 * and from one tap along the depth to the next. */
typedef struct aigc__conv_rows {
    size_t image, depth, first, n;
    size_t pixel, pixels; /* of each row */
} aigc__conv_rows_t;
typedef struct aigc__conv_band {
    const float *from;
    size_t row_floats, depth_floats;
} aigc__conv_band_t;
void aigc__conv_find_band(aigc__conv_band_t *band, const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid,
                          const float *source, aigc__conv_rows_t rows, float *copy);
size_t aigc__conv_band_floats(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid,
                              size_t rows); /* of a copy */
void aigc__conv_row_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__conv_row_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);

void aigc__conv_scatter_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__conv_depthwise_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__conv_depthwise_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__conv_depthwise_sum_tile(const aigc__convolution_call_t *call);
void aigc__conv_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__conv_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);

enum { AIGC__FLAT_CHANNELS = 8 }; /* of y in one tile of packing where taps count as channels */
enum { AIGC__SUM_ROWS = 8 };      /* of weights in one tile of phase two */

#endif
