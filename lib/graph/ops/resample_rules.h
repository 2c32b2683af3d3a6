/* The rows of the matrices that resample applies along an axis. A rule maps `in` numbers to `out` numbers; row o
 * of its matrix is a window of neighbouring columns with a weight each:
 *
 *   nearest          floor(o in / out)
 *   linear           between the two samples around (o + 1/2) in / out - 1/2, outside ones clamped
 *   linear aligned   the same around o (in - 1) / (out - 1): first on first, last on last
 *   area             the mean of floor(o in / out) .. ceil((o + 1) in / out) - 1
 *   average          the mean of a kernel at o stride - before; outside counts as zeros, or not at all
 *   FIR              up - 1 zeros after each sample, `before` zeros before all (negative: cropped), convolution with
 *                    the taps, each `down`-th result:  weight of sample i = tap[o down + taps - 1 - before - i up]
 *   reflect, replicate, circular   sample o - before, mirrored at the border samples, clamped, modulo in
 *
 * The first four are torch.nn.functional.interpolate's. */
#ifndef AIGC_GRAPH_OPS_RESAMPLE_RULES_H
#define AIGC_GRAPH_OPS_RESAMPLE_RULES_H

#include "graph/op.h"
#include "graph/resampling.h"

/* Places in the attributes; two of the first four, for rows and columns. */
enum {
    AIGC__AT_RESULT = 0, /* size of the result */
    AIGC__AT_SPAN = 2,   /* kernel, or up */
    AIGC__AT_STEP = 4,   /* stride, or down */
    AIGC__AT_LEAD = 6,   /* padding before */
    AIGC__AT_RULE = 8,
    AIGC__AT_FLAGS = 9,
    AIGC__AT_TAPS = 10,     /* their number, */
    AIGC__AT_TAP_PAIRS = 11 /* then two f32 in each place */
};
enum {
    AIGC__ALONG_ROWS = 1,    /* moves from row to row: along the height */
    AIGC__ALONG_COLUMNS = 2, /* along the width */
    AIGC__TRANSPOSED = 4,    /* the adjoint: the matrices transposed */
    AIGC__WITHOUT_PADDING = 8
};

typedef struct aigc__rule {
    int64_t kind; /* aigc__resampling_t */
    int64_t in, out, span, step, lead;
    bool without_padding;
    int64_t n_taps;
    float taps[AIGC__MOST_TAPS];
} aigc__rule_t;

typedef struct aigc__window {
    int64_t first, count;
    double weight; /* of each column; for linear of the last of two, 1 less that of the other; not for FIR */
} aigc__window_t;

/* The rule of an axis (0: height, 1: width) from its size in x, the side `in` of the matrix, or in y. */
aigc__rule_t aigc__rule_of(const aigc__attributes_t *attributes, size_t axis, int64_t size);
/* The text of what is wrong; or NULL. */
const char *aigc__rule_check(const aigc__rule_t *rule);
aigc__window_t aigc__rule_window(const aigc__rule_t *rule, int64_t o);
double aigc__rule_weight(const aigc__rule_t *rule, const aigc__window_t *window, int64_t o, int64_t i);

void aigc__rule_set_taps(aigc__attributes_t *attributes, const float *taps, int64_t n);

#endif
