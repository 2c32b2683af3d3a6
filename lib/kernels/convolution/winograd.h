/* Winograd's minimal filtering in the convolutions: windows of 4 x 4 results. A convolution with stride 2 reads the
 * four phases of the source (even and odd rows and columns) as so many more channels, each with its own taps; an input
 * gradient with a stride makes each residue of its positions by itself. Phases and residues may have a tap fewer than
 * the filter (3 x 3 or 5 x 5 with stride 2): its last tap counts as zero, and so do the weights at the last point of an
 * axis, infinity, which sees that tap only: no product is made there. */
#ifndef AIGC_KERNELS_WINOGRAD_H
#define AIGC_KERNELS_WINOGRAD_H

#include "kernels/convolution/convolution_layout.h"
#include "kernels/kernels.h"

enum { AIGC__WINDOW = 4, AIGC__WINOGRAD_TAPS = 36 /* of a kernel, at most */, AIGC__STAGE_WINDOWS = 16 };

typedef void (*aigc__winograd_fn)(float *to, size_t to_row, size_t to_column, const float *from, size_t from_row,
                                  size_t from_column, size_t channels);
typedef struct aigc__winograd {
    size_t taps, side, points;
    aigc__winograd_fn input, weights, output, output_adjoint, weights_adjoint;
} aigc__winograd_t;

static inline aigc__winograd_t aigc__winograd(const aigc__kernels_t *kernels, size_t taps)
{
    if (taps == 3)
        return (aigc__winograd_t){3,
                                  6,
                                  36,
                                  kernels->winograd3_input,
                                  kernels->winograd3_weights,
                                  kernels->winograd3_output,
                                  kernels->winograd3_output_adjoint,
                                  kernels->winograd3_weights_adjoint};
    return (aigc__winograd_t){2,
                              5,
                              25,
                              kernels->winograd2_input,
                              kernels->winograd2_weights,
                              kernels->winograd2_output,
                              kernels->winograd2_output_adjoint,
                              kernels->winograd2_weights_adjoint};
}

/* Packed weights: strip after strip of [point][phase][channel read][width]; floats from one point to the next, so that
 * points do not fall on the same cache sets. */
static inline size_t aigc__winograd_point_floats(const aigc__convolution_plan_t *plan)
{
    return aigc__spread_ld(plan->read * plan->phases * plan->phases * plan->kernels->gemm->nr);
}

typedef struct aigc__window {
    size_t image, h, w; /* the window's first row and column of the grid; `image` counts depth, too */
} aigc__window_t;
/* Windows along an axis of a grid, and of all its images. */
static inline size_t aigc__windows_along(const aigc__conv_axis_t *axis)
{
    return aigc__ceil_div(axis->count, AIGC__WINDOW);
}
static inline size_t aigc__all_windows(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid)
{
    return plan->shape.images * plan->shape.in[0] * aigc__windows_along(&grid->axes[1]) *
           aigc__windows_along(&grid->axes[2]);
}
static inline aigc__window_t aigc__window_of(const aigc__conv_grid_t *grid, size_t index)
{
    const size_t high = aigc__windows_along(&grid->axes[1]), wide = aigc__windows_along(&grid->axes[2]);
    const size_t row = index / wide;
    return (aigc__window_t){row / high, row % high * AIGC__WINDOW, index % wide * AIGC__WINDOW};
}
/* Rows or columns of a window that begins at `first` which the grid has. */
static inline size_t aigc__window_part(size_t first, size_t count)
{
    return first < count ? aigc__minimum(AIGC__WINDOW, count - first) : 0;
}

/* Windows [first, first + n) of what a grid reads, points of [n][phase][read], with zeros beyond the edges. `edge` is
 * room for a window. */
void aigc__winograd_read(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid, float *to, float *edge,
                         const float *source, size_t first, size_t n);

/* The next phases with products at a point: `*phase` becomes the first of them, the result is how many follow one
 * another; 0 where there are none. */
size_t aigc__winograd_phases(const aigc__convolution_plan_t *plan, const aigc__conv_grid_t *grid, size_t point,
                             size_t *phase);

bool aigc__winograd_can(aigc__convolution_plan_t *plan); /* sets filter_taps and phases */
bool aigc__winograd_pays(const aigc__convolution_plan_t *plan);
void aigc__winograd_plan_result(aigc__convolution_plan_t *plan);
void aigc__winograd_plan_weights(aigc__convolution_plan_t *plan);

/* Weights of one strip of a residue, transformed. */
void aigc__winograd_pack_strip(const aigc__convolution_plan_t *plan, const float *weights, float *to, size_t residue,
                               size_t strip);

/* With weights packed in a phase of their own; or in two stages: windows are transformed by all, then each strip of
 * columns is packed by the tile that makes it. */
void aigc__winograd_windows_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__winograd_strip_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__winograd_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__winograd_slice_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);
void aigc__winograd_sum_tile(const aigc__convolution_call_t *call, size_t tile, size_t worker);

#endif
