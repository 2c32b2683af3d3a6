/* Which taps meet which positions. */
#include "kernels/convolution/convolution_layout.h"

static size_t common_divisor(size_t a, size_t b)
{
    while (b > 0) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static aigc__conv_axis_t forward_axis(const aigc__convolution_shape_t *s, size_t axis)
{
    return (aigc__conv_axis_t){.step = 1,
                               .count = s->out[axis],
                               .source = s->in[axis],
                               .source_step = s->stride[axis],
                               .offset = -(ptrdiff_t)s->before[axis],
                               .offset_step = (ptrdiff_t)s->dilation[axis],
                               .taps = s->kernel[axis],
                               .tap_step = 1};
}

/* Position i of x meets tap k where i + before - k * dilation is a multiple of the stride, which then is the
 * position of y. Of such taps the last comes first: it reads the lowest position. */
static aigc__conv_axis_t gradient_axis(const aigc__convolution_shape_t *s, size_t axis, size_t residue)
{
    const size_t stride = s->stride[axis], dilation = s->dilation[axis];
    const size_t tap_step = stride / common_divisor(stride, dilation), reach = residue + s->before[axis];
    aigc__conv_axis_t a = {.start = residue, .step = stride, .source = s->out[axis], .source_step = 1};
    size_t tap = 0;
    a.count = residue < s->in[axis] ? aigc__ceil_div(s->in[axis] - residue, stride) : 0;
    while (tap < tap_step && (tap * dilation) % stride != reach % stride) tap++;
    if (tap >= tap_step || tap >= s->kernel[axis]) return a;
    a.taps = aigc__ceil_div(s->kernel[axis] - tap, tap_step);
    a.tap = (ptrdiff_t)(tap + (a.taps - 1) * tap_step);
    a.tap_step = -(ptrdiff_t)tap_step;
    a.offset_step = (ptrdiff_t)(tap_step * dilation / stride);
    a.offset = ((ptrdiff_t)reach - a.tap * (ptrdiff_t)dilation) / (ptrdiff_t)stride;
    return a;
}

static aigc__conv_grid_t grid_of(const aigc__conv_axis_t *axes, size_t images)
{
    aigc__conv_grid_t grid = {.pixels = images, .taps = 1};
    for (size_t k = 0; k < AIGC__SPATIAL; k++) {
        grid.axes[k] = axes[k];
        grid.pixels *= axes[k].count;
        grid.taps *= axes[k].taps;
    }
    return grid;
}

static aigc__conv_grid_t forward_grid(const aigc__convolution_shape_t *shape)
{
    aigc__conv_axis_t axes[AIGC__SPATIAL];
    for (size_t k = 0; k < AIGC__SPATIAL; k++) axes[k] = forward_axis(shape, k);
    return grid_of(axes, shape->images);
}

aigc__conv_grid_t aigc__conv_grid(const aigc__convolution_plan_t *plan, size_t residue)
{
    const aigc__convolution_shape_t *s = &plan->shape;
    aigc__conv_axis_t axes[AIGC__SPATIAL];
    if (plan->direction != AIGC__INPUT_GRADIENT) return forward_grid(s);
    for (size_t k = AIGC__SPATIAL; k-- > 0; residue /= plan->residues[k])
        axes[k] = gradient_axis(s, k, residue % plan->residues[k]);
    return grid_of(axes, s->images);
}
