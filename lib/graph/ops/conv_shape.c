#include "graph/ops/conv_shape.h"

enum { MAX_PADDING = 1 << 20, MAX_STRIDE = 1 << 16 };

static bool is_inside(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

static const char *check_attributes(const aigc__attributes_t *attributes, uint32_t spatial)
{
    for (uint32_t k = 0; k < spatial; k++) {
        const int64_t *i = attributes->i + k;
        if (!is_inside(i[AIGC__AT_STRIDE], 1, MAX_STRIDE)) return "a stride is 1..65536";
        if (!is_inside(i[AIGC__AT_DILATION], 1, MAX_STRIDE)) return "a dilation is 1..65536";
        if (!is_inside(i[AIGC__AT_BEFORE], 0, MAX_PADDING) || !is_inside(i[AIGC__AT_AFTER], 0, MAX_PADDING))
            return "padding is 0..1048576";
    }
    return attributes->i[AIGC__AT_GROUPS] < 1 ? "there is at least one group" : NULL;
}

static const char *check_weights(const aigc__attributes_t *attributes, const aigc__shape_t *x, const aigc__shape_t *w)
{
    const int64_t groups = attributes->i[AIGC__AT_GROUPS], channels = x->dims[x->rank - 1];
    int64_t taps = 1;
    if (w->rank != x->rank) return "the weights have another number of axes than the pictures";
    if (channels < 1 || w->dims[0] < 1) return "there is at least one channel";
    if (channels % groups != 0 || w->dims[0] % groups != 0) return "the channels are no multiple of the groups";
    if (w->dims[1] != channels / groups) return "the weights are for another number of channels";
    for (uint32_t k = 2; k < w->rank; k++) {
        if (!is_inside(w->dims[k], 1, AIGC__MAX_TAPS)) return "a kernel has 1..2048 taps";
        taps *= w->dims[k];
    }
    return taps > AIGC__MAX_TAPS ? "a kernel has 1..2048 taps" : NULL;
}

const char *aigc__conv_infer(const aigc__attributes_t *attributes, const aigc__shape_t *x, const aigc__shape_t *w,
                             aigc__shape_t *y)
{
    if (x->rank < 3 || x->rank > 5) return "the pictures have one to three axes between their number and channels";
    const uint32_t spatial = x->rank - 2;
    const char *wrong = check_attributes(attributes, spatial);
    if (!wrong) wrong = check_weights(attributes, x, w);
    if (wrong) return wrong;
    *y = *x;
    y->dims[x->rank - 1] = w->dims[0];
    for (uint32_t k = 0; k < spatial; k++) {
        const int64_t *i = attributes->i + k;
        const int64_t reach = i[AIGC__AT_DILATION] * (w->dims[2 + k] - 1) + 1;
        const int64_t room = x->dims[1 + k] + i[AIGC__AT_BEFORE] + i[AIGC__AT_AFTER] - reach;
        if (x->dims[1 + k] < 1) return "the pictures are empty";
        if (room < 0) return "the kernel is larger than the padded pictures";
        y->dims[1 + k] = room / i[AIGC__AT_STRIDE] + 1;
    }
    return NULL;
}

aigc__convolution_shape_t aigc__conv_shape(const aigc__attributes_t *attributes, const aigc__shape_t *x,
                                           const aigc__shape_t *w, const aigc__shape_t *y)
{
    const uint32_t spatial = x->rank - 2, absent = AIGC__SPATIAL - spatial;
    aigc__convolution_shape_t s = {.images = (size_t)x->dims[0],
                                   .groups = (size_t)attributes->i[AIGC__AT_GROUPS],
                                   .in_channels = (size_t)x->dims[x->rank - 1],
                                   .out_channels = (size_t)w->dims[0]};
    for (uint32_t k = 0; k < absent; k++) s.in[k] = s.out[k] = s.kernel[k] = s.stride[k] = s.dilation[k] = 1;
    for (uint32_t k = 0; k < spatial; k++) {
        const int64_t *i = attributes->i + k;
        s.in[absent + k] = (size_t)x->dims[1 + k];
        s.out[absent + k] = (size_t)y->dims[1 + k];
        s.kernel[absent + k] = (size_t)w->dims[2 + k];
        s.stride[absent + k] = (size_t)i[AIGC__AT_STRIDE];
        s.dilation[absent + k] = (size_t)i[AIGC__AT_DILATION];
        s.before[absent + k] = (size_t)i[AIGC__AT_BEFORE];
    }
    return s;
}
