/* Where in each window of pictures [N, H, W, C] the largest number is: row * W + column, the first of equals, a NaN
 * as the largest. With take and put_add this is max pooling: a window's maximum is a choice that stays put under
 * small changes, so its derivatives of any order are those of taking what was chosen. Outside counts as less than
 * anything; -1 stands for a window that dilation leaves nothing inside. Attributes, pairs of height and width: i[0]
 * result, i[2] kernel, i[4] stride, i[6] dilation, i[8] padding before. */
#include "graph/step.h"
#include <math.h>
#include <string.h>

enum { RESULT = 0, KERNEL = 2, STRIDE = 4, DILATION = 6, BEFORE = 8, MOST = 1 << 24, MOST_WINDOW = 1 << 20 };

static const char *check_axis(const int64_t *i, int64_t size)
{
    for (size_t k = KERNEL; k <= DILATION; k += 2)
        if (i[k] < 1 || i[k] > MOST) return "kernel, stride and dilation are 1..2^24";
    if (size < 1 || size > MOST || i[RESULT] < 1 || i[RESULT] > MOST) return "sizes are 1..2^24";
    if (i[BEFORE] < 0 || 2 * i[BEFORE] > (i[KERNEL] - 1) * i[DILATION] + 1)
        return "padding is at most half of the kernel";
    return (i[RESULT] - 1) * i[STRIDE] - i[BEFORE] >= size ? "the last window lies outside" : NULL;
}

static const char *infer_window_argmax(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                       aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    if (n != 1) return "it takes one input";
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the input must be f32";
    if (in[0]->shape.rank != 4) return "pictures have four axes: number, height, width, channels";
    *shape = in[0]->shape;
    *dtype = AIGC_DTYPE_I32;
    for (size_t axis = 0; axis < 2; axis++) {
        const char *wrong = check_axis(attributes->i + axis, in[0]->shape.dims[1 + axis]);
        if (wrong) return wrong;
        shape->dims[1 + axis] = attributes->i[RESULT + axis];
    }
    if (attributes->i[KERNEL] * attributes->i[KERNEL + 1] > MOST_WINDOW) return "a window has at most 2^20 pixels";
    return in[0]->shape.dims[1] * in[0]->shape.dims[2] > INT32_MAX ? "a picture has at most 2^31 - 1 pixels" : NULL;
}

/* The pixels of a window that lie inside, in their order; returns how many. */
static size_t pixels_of(const int64_t *i, const aigc__shape_t *x, int64_t row, int64_t column, int32_t *pixels)
{
    size_t n = 0;
    for (int64_t v = 0; v < i[KERNEL]; v++) {
        const int64_t y = row * i[STRIDE] + v * i[DILATION] - i[BEFORE];
        if (y < 0 || y >= x->dims[1]) continue;
        for (int64_t h = 0; h < i[KERNEL + 1]; h++) {
            const int64_t at = column * i[STRIDE + 1] + h * i[DILATION + 1] - i[BEFORE + 1];
            if (at >= 0 && at < x->dims[2]) pixels[n++] = (int32_t)(y * x->dims[2] + at);
        }
    }
    return n;
}

static void reference_window_argmax(const aigc__value_t *value, const aigc__value_t *const *in_values,
                                    const double *const *in, double *out)
{
    const int64_t *y = value->shape.dims, *x = in_values[0]->shape.dims, *i = value->attributes.i;
    for (int64_t at = 0; at < (int64_t)value->count; at++) {
        const int64_t c = at % y[3], column = at / y[3] % y[2], row = at / y[3] / y[2] % y[1],
                      n = at / y[3] / y[2] / y[1];
        const double *a = in[0] + n * x[1] * x[2] * x[3] + c;
        int64_t best = -1;
        for (int64_t v = 0; v < i[KERNEL]; v++)
            for (int64_t h = 0; h < i[KERNEL + 1]; h++) {
                const int64_t p = row * i[STRIDE] + v * i[DILATION] - i[BEFORE];
                const int64_t q = column * i[STRIDE + 1] + h * i[DILATION + 1] - i[BEFORE + 1], pixel = p * x[2] + q;
                if (p < 0 || p >= x[1] || q < 0 || q >= x[2]) continue;
                if (best < 0 || a[pixel * x[3]] > a[best * x[3]] || (isnan(a[pixel * x[3]]) && !isnan(a[best * x[3]])))
                    best = pixel;
            }
        out[at] = (double)best;
    }
}

static void prepare_window_argmax(aigc__step_t *step)
{
    const int64_t *y = step->value->shape.dims, *i = step->value->attributes.i;
    const size_t window = (size_t)(i[KERNEL] * i[KERNEL + 1]), work = window * (size_t)(y[2] * y[3]);
    if (step->value->count == 0) return;
    step->detail[0] = work < AIGC__TILE_ELEMENTS ? AIGC__TILE_ELEMENTS / work : 1; /* rows in a tile */
    step->tiles[0] = aigc__parts((size_t)(y[0] * y[1]), step->detail[0]);
    step->worker_bytes = aigc__parts(window * sizeof(int32_t), 64) * 64;
}

static void run_window_argmax(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const aigc__shape_t *x = &step->in_values[0]->shape;
    const int64_t *y = step->value->shape.dims, *i = step->value->attributes.i;
    const size_t rows = (size_t)(y[0] * y[1]), group = step->detail[0], channels = (size_t)y[3];
    int32_t *pixels = (int32_t *)(void *)(step->worker + worker * step->worker_bytes);
    (void)phase;
    for (size_t row = tile * group; row < rows && row < (tile + 1) * group; row++) {
        const float *a =
            (const float *)step->inputs[0] + row / (size_t)y[1] * (size_t)(x->dims[1] * x->dims[2]) * channels;
        for (int64_t column = 0; column < y[2]; column++) {
            const size_t n = pixels_of(i, x, (int64_t)(row % (size_t)y[1]), column, pixels);
            int32_t *out = (int32_t *)step->output + (row * (size_t)y[2] + (size_t)column) * channels;
            if (n > 0)
                step->kernels->argmax_rows(out, a, pixels, n, channels);
            else
                memset(out, 0xff, channels * sizeof *out);
        }
    }
}

const aigc__op_t aigc__op_window_argmax = {
    .name = "window_argmax",
    .flags = AIGC__OP_NO_GRADIENT,
    .infer = infer_window_argmax,
    .reference = reference_window_argmax,
    .prepare = prepare_window_argmax,
    .run = run_window_argmax,
};
