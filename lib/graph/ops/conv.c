/* Convolution and its two adjoints: the three partial derivatives of one form that is linear in pictures x,
 * weights w and result y, so that each one's gradient is made of the other two.
 *
 *   conv(x, w) -> y    conv_input_gradient(y, w) -> x    conv_weight_gradient(x, y) -> w
 *
 * The second is also known as transposed convolution. Shapes and attributes: conv_shape.h. */
#include "graph/ops/conv_shape.h"
#include "graph/step.h"

static aigc__direction_t direction_of(const aigc__value_t *value)
{
    return value->op == AIGC__OP_conv                  ? AIGC__FORWARD
           : value->op == AIGC__OP_conv_input_gradient ? AIGC__INPUT_GRADIENT
                                                       : AIGC__WEIGHT_GRADIENT;
}

/* ---- shapes ---- */

static const char *check_inputs(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in)
{
    if (n != 2) return "it takes two inputs";
    if (in[0]->dtype != AIGC_DTYPE_F32 || in[1]->dtype != AIGC_DTYPE_F32) return "the inputs must be f32";
    if (in[0]->shape.rank != in[1]->shape.rank) return "the inputs have different numbers of axes";
    if (in[0]->shape.rank < 3 || in[0]->shape.rank > 5)
        return "there are one to three axes beside pictures and channels";
    return attributes->i[AIGC__AT_GROUPS] < 1 || attributes->i[AIGC__AT_GROUPS] > INT32_MAX
               ? "there is at least one group"
               : NULL;
}

static const char *infer_conv(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const char *wrong = check_inputs(attributes, n, in);
    *dtype = AIGC_DTYPE_F32;
    return wrong ? wrong : aigc__conv_infer(attributes, &in[0]->shape, &in[1]->shape, shape);
}

static void set_extent(aigc__shape_t *shape, uint32_t first, const aigc__attributes_t *attributes)
{
    for (uint32_t k = 0; k + 2 < shape->rank; k++) shape->dims[first + k] = attributes->i[AIGC__AT_EXTENT + k];
}

static const char *infer_input_gradient(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                        aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    aigc__shape_t y;
    const char *wrong = check_inputs(attributes, n, in);
    if (wrong) return wrong;
    *dtype = AIGC_DTYPE_F32;
    *shape = in[0]->shape;
    set_extent(shape, 1, attributes);
    shape->dims[shape->rank - 1] = in[1]->shape.dims[1] * attributes->i[AIGC__AT_GROUPS];
    wrong = aigc__conv_infer(attributes, shape, &in[1]->shape, &y);
    if (wrong) return wrong;
    return aigc__shape_equal(&y, &in[0]->shape) ? NULL : "pictures of that size would give another result";
}

static const char *infer_weight_gradient(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                         aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    aigc__shape_t y;
    const char *wrong = check_inputs(attributes, n, in);
    if (wrong) return wrong;
    *dtype = AIGC_DTYPE_F32;
    *shape = in[0]->shape;
    shape->dims[0] = in[1]->shape.dims[shape->rank - 1];
    shape->dims[1] = in[0]->shape.dims[shape->rank - 1] / attributes->i[AIGC__AT_GROUPS];
    set_extent(shape, 2, attributes);
    wrong = aigc__conv_infer(attributes, &in[0]->shape, shape, &y);
    if (wrong) return wrong;
    return aigc__shape_equal(&y, &in[1]->shape) ? NULL : "a kernel of that size would give another result";
}

static aigc__convolution_shape_t shape_of(const aigc__value_t *value, const aigc__value_t *const *in)
{
    const aigc__shape_t *a = &in[0]->shape, *b = &in[1]->shape, *c = &value->shape;
    switch (direction_of(value)) {
    case AIGC__FORWARD:
        return aigc__conv_shape(&value->attributes, a, b, c);
    case AIGC__INPUT_GRADIENT:
        return aigc__conv_shape(&value->attributes, c, b, a);
    default:
        return aigc__conv_shape(&value->attributes, a, c, b);
    }
}

/* ---- gradients ---- */

static void gradient_conv(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *d)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__id_t x = y->inputs[0], w = y->inputs[1];
    const aigc__shape_t x_shape = aigc__graph_shape(graph, x), w_shape = aigc__graph_shape(graph, w);
    if (want & 1) d[0] = aigc__conv_input_gradient(graph, dy, w, &y->attributes, &x_shape);
    if (want & 2) d[1] = aigc__conv_weight_gradient(graph, x, dy, &y->attributes, &w_shape);
}

static void gradient_input_gradient(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dx, uint32_t want, aigc__id_t *d)
{
    const aigc__value_t *x = aigc__graph_value(graph, value);
    const aigc__id_t y = x->inputs[0], w = x->inputs[1];
    const aigc__shape_t w_shape = aigc__graph_shape(graph, w);
    if (want & 1) d[0] = aigc__conv(graph, dx, w, &x->attributes);
    if (want & 2) d[1] = aigc__conv_weight_gradient(graph, dx, y, &x->attributes, &w_shape);
}

static void gradient_weight_gradient(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dw, uint32_t want,
                                     aigc__id_t *d)
{
    const aigc__value_t *w = aigc__graph_value(graph, value);
    const aigc__id_t x = w->inputs[0], y = w->inputs[1];
    const aigc__shape_t x_shape = aigc__graph_shape(graph, x);
    if (want & 1) d[0] = aigc__conv_input_gradient(graph, y, dw, &w->attributes, &x_shape);
    if (want & 2) d[1] = aigc__conv(graph, x, dw, &w->attributes);
}

/* ---- meaning ---- */

/* Where tap `tap` of pixel `y_pixel` reads; false where that is outside the picture. */
static bool meets(const aigc__convolution_shape_t *s, size_t y_pixel, size_t tap, size_t *x_pixel)
{
    size_t step = 1;
    *x_pixel = 0;
    for (size_t k = AIGC__SPATIAL; k-- > 0; y_pixel /= s->out[k], tap /= s->kernel[k]) {
        const size_t place = y_pixel % s->out[k] * s->stride[k] + tap % s->kernel[k] * s->dilation[k];
        if (place < s->before[k] || place - s->before[k] >= s->in[k]) return false;
        *x_pixel += (place - s->before[k]) * step;
        step *= s->in[k];
    }
    *x_pixel += y_pixel * step;
    return true;
}

/* One pixel of x, one of y, one tap: every pair of channels of a group. */
static void add_products(const aigc__convolution_shape_t *s, aigc__direction_t direction, const double *a,
                         const double *b, double *out, size_t x_pixel, size_t y_pixel, size_t tap)
{
    const size_t read = s->in_channels / s->groups, made = s->out_channels / s->groups;
    const size_t taps = s->kernel[0] * s->kernel[1] * s->kernel[2];
    for (size_t q = 0; q < s->out_channels; q++)
        for (size_t c = 0; c < read; c++) {
            const size_t x = x_pixel * s->in_channels + q / made * read + c, y = y_pixel * s->out_channels + q;
            const size_t w = (q * read + c) * taps + tap;
            switch (direction) {
            case AIGC__FORWARD:
                out[y] += a[x] * b[w];
                break;
            case AIGC__INPUT_GRADIENT:
                out[x] += a[y] * b[w];
                break;
            case AIGC__WEIGHT_GRADIENT:
                out[w] += a[x] * b[y];
                break;
            }
        }
}

static void reference_conv(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                           double *out)
{
    const aigc__convolution_shape_t s = shape_of(value, in_values);
    const size_t pixels = s.images * s.out[0] * s.out[1] * s.out[2], taps = s.kernel[0] * s.kernel[1] * s.kernel[2];
    for (size_t y_pixel = 0; y_pixel < pixels; y_pixel++)
        for (size_t tap = 0; tap < taps; tap++) {
            size_t x_pixel;
            if (meets(&s, y_pixel, tap, &x_pixel))
                add_products(&s, direction_of(value), in[0], in[1], out, x_pixel, y_pixel, tap);
        }
}

/* ---- running ---- */

static void prepare_conv(aigc__step_t *step)
{
    const aigc__convolution_shape_t s = shape_of(step->value, step->in_values);
    aigc__convolution_plan_t *plan = &step->convolution;
    if (step->value->count == 0) return;
    aigc__convolution_plan(plan, step->kernels, &s, direction_of(step->value), step->input_packed[1]);
    for (size_t k = 0; k < AIGC__PHASES; k++) step->tiles[k] = plan->tiles[k];
    step->shared_bytes = plan->shared_bytes;
    step->worker_bytes = plan->worker_bytes;
}

/* Weights are what can come packed; how it is computed then may be another way. */
static size_t packed_bytes_conv(const aigc__step_t *step, size_t k)
{
    aigc__convolution_plan_t plan;
    if (k != 1 || step->value->count == 0) return 0;
    const aigc__convolution_shape_t s = shape_of(step->value, step->in_values);
    aigc__convolution_plan(&plan, step->kernels, &s, direction_of(step->value), true);
    return plan.keeps_packed ? plan.packed_bytes : 0;
}

static void pack_conv(const aigc__step_t *step, size_t k, const void *raw, void *packed)
{
    (void)k;
    aigc__convolution_pack(&step->convolution, raw, packed);
}

static void piece_done(void *user, size_t first, size_t rows, size_t n, size_t row_step, size_t worker)
{
    const aigc__step_t *step = *(const aigc__step_t **)user;
    const float *c = (const float *)step->output + first;
    if (n == row_step)
        aigc__epilogue_run(step, c, first, rows * n, worker);
    else
        aigc__epilogue_rows(step, c, first, rows, n, row_step, worker);
}

static void run_conv(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const aigc__convolution_call_t call = {.plan = &step->convolution,
                                           .a = step->inputs[0],
                                           .b = step->inputs[1],
                                           .result = step->output,
                                           .shared = step->shared,
                                           .worker = step->worker,
                                           .done = step->epilogue ? piece_done : NULL,
                                           .user = &step};
    aigc__convolution_tile(&call, phase, tile, worker);
}

const aigc__op_t aigc__op_conv = {
    .name = "conv",
    .flags = AIGC__OP_EPILOGUE,
    .infer = infer_conv,
    .gradient = gradient_conv,
    .reference = reference_conv,
    .prepare = prepare_conv,
    .run = run_conv,
    .packed_bytes = packed_bytes_conv,
    .pack = pack_conv,
};

const aigc__op_t aigc__op_conv_input_gradient = {
    .name = "conv_input_gradient",
    .flags = AIGC__OP_EPILOGUE,
    .infer = infer_input_gradient,
    .gradient = gradient_input_gradient,
    .reference = reference_conv,
    .prepare = prepare_conv,
    .run = run_conv,
    .packed_bytes = packed_bytes_conv,
    .pack = pack_conv,
};

const aigc__op_t aigc__op_conv_weight_gradient = {
    .name = "conv_weight_gradient",
    .infer = infer_weight_gradient,
    .gradient = gradient_weight_gradient,
    .reference = reference_conv,
    .prepare = prepare_conv,
    .run = run_conv,
};
