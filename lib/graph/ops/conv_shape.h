/* Shapes of the convolution ops: x [N, spatial axes.., C], w [O, C / groups, kernel axes..],
 * y [N, spatial axes.., O], with one to three spatial axes. */
#ifndef AIGC_GRAPH_CONV_SHAPE_H
#define AIGC_GRAPH_CONV_SHAPE_H

#include "graph/op.h"

/* Places of the attributes; one for each spatial axis, but for the groups. */
enum {
    AIGC__AT_STRIDE = 0,
    AIGC__AT_DILATION = 3,
    AIGC__AT_BEFORE = 6, /* zeros around x */
    AIGC__AT_AFTER = 9,
    AIGC__AT_GROUPS = 12,
    AIGC__AT_EXTENT = 13 /* sizes of x (input gradient) or of the kernel (weight gradient) */
};

/* The text of what is wrong with x, w and the attributes; or NULL, and y's shape. */
const char *aigc__conv_infer(const aigc__attributes_t *attributes, const aigc__shape_t *x, const aigc__shape_t *w,
                             aigc__shape_t *y);
/* Of shapes that fit. */
aigc__convolution_shape_t aigc__conv_shape(const aigc__attributes_t *attributes, const aigc__shape_t *x,
                                           const aigc__shape_t *w, const aigc__shape_t *y);

#endif
