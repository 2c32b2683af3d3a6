/* Convolutions over one to three spatial axes, channels last, in the three directions of one trilinear
 * form: with x [images, in, in_channels], w [out_channels, in_channels / groups, kernel] and
 * y [images, out, out_channels],
 *
 *   y[n, o, q] = sum over taps k and channels c of x[n, o * stride - before + k * dilation, c] * w[q, c, k]
 *
 * forward makes y from x and w, the input gradient x from y and w, the weight gradient w from x and y;
 * positions outside x count as zeros. Weights lie as model files have them. Each is cut into tiles whose
 * borders depend on the shape and the level only, so results do not depend on the number of threads. */
#ifndef AIGC_KERNELS_CONVOLUTION_H
#define AIGC_KERNELS_CONVOLUTION_H

#include <stdbool.h>
#include <stddef.h>

struct aigc__kernels;

enum { AIGC__SPATIAL = 3, AIGC__MAX_TAPS = 2048 };

/* At most AIGC__MAX_TAPS taps; sizes are below 2^31 each, products of a tensor's sizes were checked by the caller;
 * absent axes come first and have sizes, strides and dilations of 1. */
typedef struct aigc__convolution_shape {
    size_t images, groups, in_channels, out_channels; /* channels of all groups */
    size_t in[AIGC__SPATIAL], out[AIGC__SPATIAL], kernel[AIGC__SPATIAL];
    size_t stride[AIGC__SPATIAL], dilation[AIGC__SPATIAL], before[AIGC__SPATIAL];
} aigc__convolution_shape_t;

/* PATCHES   what each position reads, copied to rows, times packed weights: works always.
 * ROWS      the same with rows of the source in place, where those of the result are long.
 * DOT       the same for few channels made: dot products.
 * SCATTER   input gradients with a stride that make few channels: products of all taps, added where they belong.
 * DEPTHWISE as many groups as channels: sums of products along channels.
 * WINOGRAD  2 or 3 taps a side with stride 1, 3 to 6 with stride 2: products of transformed pictures and weights, fewer
 *           of them. */
enum {
    AIGC__CONV_BEST,
    AIGC__CONV_PATCHES,
    AIGC__CONV_ROWS,
    AIGC__CONV_DOT,
    AIGC__CONV_SCATTER,
    AIGC__CONV_DEPTHWISE,
    AIGC__CONV_WINOGRAD
};

typedef enum aigc__direction { AIGC__FORWARD, AIGC__INPUT_GRADIENT, AIGC__WEIGHT_GRADIENT } aigc__direction_t;

/* Called on finished pieces of the result: `rows` of `n` elements, each `row_step` after the one before, the
 * first at `first`. Pieces cover the result once; none come for a weight gradient. */
typedef void (*aigc__convolution_done_fn)(void *user, size_t first, size_t rows, size_t n, size_t row_step,
                                          size_t worker);

/* Immutable once made; holds no pointers to data. */
typedef struct aigc__convolution_plan {
    const struct aigc__kernels *kernels;
    aigc__convolution_shape_t shape;
    aigc__direction_t direction;
    bool is_packed;      /* weights come packed by aigc__convolution_pack() of this plan */
    size_t tiles[3];     /* of the phases, one after another; a phase without tiles ends the work */
    size_t shared_bytes; /* workspace all workers share, multiple of 64 */
    size_t worker_bytes; /* workspace of each worker, multiple of 64 */
    size_t packed_bytes; /* of packed weights; 0 for a weight gradient */
    size_t pack_tiles;   /* of packing them */
    bool keeps_packed;   /* whether packing frozen weights once is worth the room */

    /* The rest is the business of the convolution files. */
    int method;       /* which path: AIGC__CONV_... */
    size_t flat_taps; /* the kernel is as large as the picture: so many taps count as channels, `shape` is a row of
                         pictures; 0 otherwise */
    aigc__convolution_shape_t weights_shape; /* as weights lie in memory */
    size_t read, made;              /* forward and input gradient: channels of one group of what is read and made */
    size_t residues[AIGC__SPATIAL]; /* positions of the result that see different taps */
    size_t strips;                  /* of the columns of one group */
    size_t tile_strips, column_tiles;
    size_t tile_pixels, pixel_tiles; /* of one residue */
    size_t tile_rows;                /* of pixels in a tile, where rows are not cut */
    size_t kc;                       /* steps of the inner sum between two visits to a piece of the result */
    size_t scratch;                  /* where in a worker's workspace a piece of the result is made, floats */
    size_t slices, slice_pixels;     /* weight gradient: parts of the sum, added in order */
    size_t block;                    /* weight gradient: columns of one tile */
    bool is_turned;                  /* weight gradient by rows: few channels of y, sums lie the other way round */
    size_t phases, filter_taps; /* Winograd: along an axis, source positions apart by the stride, taps of each phase */
    size_t all_windows;         /* 4 x 4 of the result, of all images, of the residue with most of them */
    size_t tile_windows;        /* of one tile */
    bool is_staged;             /* fewer windows than channels made: transformed first, weights by who needs them */
    size_t chunk_strips;        /* of columns multiplied between two transforms */
    size_t read_ld, read_step;  /* transformed pictures: floats from one window to the next, one point to the next */
    size_t made_ld, made_step;  /* products, the same */
} aigc__convolution_plan_t;

void aigc__convolution_plan(aigc__convolution_plan_t *out, const struct aigc__kernels *kernels,
                            const aigc__convolution_shape_t *shape, aigc__direction_t direction, bool is_packed);

/* By a method of the caller's choice, as tests do; false where it cannot do this convolution. */
bool aigc__convolution_plan_by(aigc__convolution_plan_t *out, const struct aigc__kernels *kernels,
                               const aigc__convolution_shape_t *shape, aigc__direction_t direction, bool is_packed,
                               int method);

/* One call's data. `a` and `b`: x and w, y and w, or x and y. */
typedef struct aigc__convolution_call {
    const aigc__convolution_plan_t *plan;
    const float *a, *b;
    float *result;
    void *shared, *worker;          /* aligned to 64 */
    aigc__convolution_done_fn done; /* may be NULL */
    void *user;
} aigc__convolution_call_t;

void aigc__convolution_tile(const aigc__convolution_call_t *call, size_t phase, size_t tile, size_t worker);

/* Packs frozen weights once. */
void aigc__convolution_pack(const aigc__convolution_plan_t *plan, const float *weights, void *packed);

#endif
