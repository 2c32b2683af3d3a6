/* Resizing, pooling, padding and filtering of pictures x [N, H, W, C]. Pairs are of height, then width. Behind
 * all but max pooling is one op, resample (graph/ops/resample.c), which is its own adjoint. */
#ifndef AIGC_GRAPH_RESAMPLING_H
#define AIGC_GRAPH_RESAMPLING_H

#include "graph/graph.h"

typedef enum aigc__resampling {
    AIGC__RESIZE_NEAREST,
    AIGC__RESIZE_LINEAR,         /* torch: bilinear, align_corners=False */
    AIGC__RESIZE_LINEAR_ALIGNED, /* torch: bilinear, align_corners=True */
    AIGC__RESIZE_AREA,           /* torch: area, and adaptive_avg_pool2d */
    AIGC__POOL_AVERAGE,
    AIGC__FILTER,
    AIGC__PAD_REFLECT, /* the border itself is not repeated; padding is below the size */
    AIGC__PAD_REPLICATE,
    AIGC__PAD_CIRCULAR, /* padding is at most the size */
    AIGC__RESAMPLINGS
} aigc__resampling_t;

/* `mode` is one of AIGC__RESIZE_*. */
aigc__id_t aigc__resize(aigc__graph_t *graph, aigc__id_t x, aigc__resampling_t mode, int64_t height, int64_t width);
/* Each pixel becomes factor x factor equal ones. */
aigc__id_t aigc__upsample_nearest(aigc__graph_t *graph, aigc__id_t x, int64_t factor);

typedef struct aigc__pool {
    int64_t kernel[2];
    int64_t stride[2];    /* 0: as the kernel */
    int64_t padding[2];   /* on both sides, at most half of the kernel */
    int64_t dilation[2];  /* of max pooling; 0: 1 */
    bool ceil_mode;       /* a last window that begins inside or in the first padding counts although it ends outside */
    bool without_padding; /* of average pooling: torch's count_include_pad=False */
} aigc__pool_t;

aigc__id_t aigc__average_pool(aigc__graph_t *graph, aigc__id_t x, const aigc__pool_t *pool);
/* The largest of each window, NaN if any is; the gradient goes to the first of equals. Of a rectifier it is made of what
 * goes into the rectifier, and rectified itself: no gradient comes by way of the rectifier's own value. */
aigc__id_t aigc__max_pool(aigc__graph_t *graph, aigc__id_t x, const aigc__pool_t *pool);

/* `mode` is one of AIGC__PAD_*; negative padding crops. Zeros: aigc__pad(). */
aigc__id_t aigc__extend(aigc__graph_t *graph, aigc__id_t x, aigc__resampling_t mode, const int64_t before[2],
                        const int64_t after[2]);

/* upfirdn2d with a separable filter: zeros between samples, padding or cropping, convolution with the taps along
 * both axes, each `down`-th result. Size of the result: (size up + before + after - taps) / down + 1. */
enum { AIGC__MOST_TAPS = 18 };
typedef struct aigc__filter {
    int64_t n_taps;
    float taps[AIGC__MOST_TAPS];
    double gain;            /* of one axis; 0: 1 */
    int64_t up[2], down[2]; /* 0: 1 */
    int64_t before[2], after[2];
} aigc__filter_t;
aigc__id_t aigc__upfirdn(aigc__graph_t *graph, aigc__id_t x, const aigc__filter_t *filter);
/* The same with any filter f [rows, columns], row-major, at most AIGC__MOST_TAPS each way, as a sum of separable
 * ones, a row each; `taps`, `n_taps` and `gain` of `filter` are not used. */
aigc__id_t aigc__upfirdn_full(aigc__graph_t *graph, aigc__id_t x, const aigc__filter_t *filter, const float *f,
                              int64_t rows, int64_t columns);

/* [N, H, W, C r r] to [N, H r, W r, C] and back; channels as torch.nn.PixelShuffle has them, c r r + i r + j. */
aigc__id_t aigc__pixel_shuffle(aigc__graph_t *graph, aigc__id_t x, int64_t r);
aigc__id_t aigc__pixel_unshuffle(aigc__graph_t *graph, aigc__id_t x, int64_t r);

#endif
