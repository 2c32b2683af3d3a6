/* Convolution layers over one, two or three axes: x [N, spatial axes.., C]. Names, shapes, defaults and initial
 * values are those of torch.nn.Conv1d, Conv2d, Conv3d and their transposes. */
#ifndef AIGC_NN_CONVOLUTIONS_H
#define AIGC_NN_CONVOLUTIONS_H

#include "nn/parameters.h"

typedef enum aigc__border {
    AIGC__BORDER_ZEROS,
    AIGC__BORDER_REFLECT,
    AIGC__BORDER_REPLICATE,
    AIGC__BORDER_CIRCULAR
} aigc__border_t;

/* What is 0 is PyTorch's default; only the kernel must be given. Of the triples the first number counts for all
 * axes, or with `per_axis` each for its own: {3} is 3 by 3, per_axis {3, 1} is 3 by 1. */
typedef struct aigc__conv_options {
    int64_t kernel[3];
    int64_t stride[3];         /* 0: 1 */
    int64_t padding[3];        /* on both sides */
    int64_t dilation[3];       /* 0: 1 */
    int64_t output_padding[3]; /* transposed only: rows and columns more at the far sides */
    bool per_axis;
    int64_t groups;        /* 0: 1 */
    aigc__border_t border; /* what padding consists of; other than zeros for pictures and not when transposed */
    aigc__weight_options_t weight;
} aigc__conv_options_t;

/* "<name>.weight" [out, in / groups, kernel..], "<name>.bias" [out]. */
aigc__id_t aigc__conv_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out,
                            const aigc__conv_options_t *options);

/* The same on pictures [N, H, W, C] of which each pixel is repeated 2 x 2, without making these. */
aigc__id_t aigc__upsample_conv_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                                     int64_t out, const aigc__conv_options_t *options);

/* "<name>.weight" [in, out / groups, kernel..], "<name>.bias" [out]. Sizes of the result:
 * (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1. */
aigc__id_t aigc__conv_transpose_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                                      int64_t out, const aigc__conv_options_t *options);

#endif
