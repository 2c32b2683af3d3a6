/* Taking pixels out of pictures [N, H, W, C] by number, row * W + column, each channel its own, and the adjoint:
 *
 *   take(x, p)[n, i, j, c] = x[n, p[n, i, j, c], c]       NaN for a number out of range
 *   put_add(y, p): pictures of i[0] x i[1] zeros to which y[n, i, j, c] is added at p[n, i, j, c], in their order;
 *                  numbers out of range are left out */
#include "graph/step.h"
#include <math.h>
#include <string.h>

static const char *infer_take(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    (void)attributes;
    if (n != 2) return "it takes pictures and numbers of pixels";
    if (in[0]->dtype != AIGC_DTYPE_F32) return "the pictures must be f32";
    if (in[1]->dtype != AIGC_DTYPE_I32) return "the numbers of pixels must be i32";
    if (in[0]->shape.rank != 4 || in[1]->shape.rank != 4)
        return "pictures have four axes: number, height, width, channels";
    if (in[0]->shape.dims[0] != in[1]->shape.dims[0] || in[0]->shape.dims[3] != in[1]->shape.dims[3])
        return "the numbers are for other pictures or channels";
    *shape = in[1]->shape;
    *dtype = AIGC_DTYPE_F32;
    return NULL;
}

static const char *infer_put_add(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                 aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const char *wrong = infer_take(attributes, n, in, shape, dtype);
    if (wrong) return wrong;
    if (!aigc__shape_equal(&in[0]->shape, &in[1]->shape)) return "there must be one number for each pixel";
    for (size_t axis = 0; axis < 2; axis++) {
        if (attributes->i[axis] < 0 || attributes->i[axis] > INT32_MAX) return "sizes are 0..2^31-1";
        shape->dims[1 + axis] = attributes->i[axis];
    }
    return NULL;
}

static void gradient_take(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const aigc__shape_t x = aigc__graph_shape(graph, y->inputs[0]);
    const aigc__attributes_t attributes = {.i = {x.dims[1], x.dims[2]}};
    if (want & 1) dx[0] = aigc__append(graph, AIGC__OP_put_add, &attributes, 2, (aigc__id_t[]){dy, y->inputs[1]});
}

static void gradient_put_add(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dx, uint32_t want, aigc__id_t *dy)
{
    const aigc__attributes_t none = {0};
    const aigc__id_t pixels = aigc__graph_value(graph, value)->inputs[1];
    if (want & 1) dy[0] = aigc__append(graph, AIGC__OP_take, &none, 2, (aigc__id_t[]){dx, pixels});
}

static size_t pixels_of(const aigc__value_t *value) { return (size_t)(value->shape.dims[1] * value->shape.dims[2]); }

static void reference_take(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                           double *out)
{
    const size_t channels = (size_t)value->shape.dims[3], own = pixels_of(value), others = pixels_of(in_values[0]);
    for (size_t i = 0; i < value->count; i++) {
        const bool is_there = in[1][i] >= 0 && in[1][i] < (double)others;
        const size_t picture = i / channels / own * others;
        out[i] = is_there ? in[0][(picture + (size_t)in[1][i]) * channels + i % channels] : NAN;
    }
}

static void reference_put_add(const aigc__value_t *value, const aigc__value_t *const *in_values,
                              const double *const *in, double *out)
{
    const size_t channels = (size_t)value->shape.dims[3], own = pixels_of(value), others = pixels_of(in_values[0]);
    for (size_t i = 0; i < in_values[0]->count; i++) {
        const size_t picture = i / channels / others * own;
        if (in[1][i] >= 0 && in[1][i] < (double)own)
            out[(picture + (size_t)in[1][i]) * channels + i % channels] += in[0][i];
    }
}

static void prepare_take(aigc__step_t *step) { step->tiles[0] = aigc__tile_count(step->value->count); }

static void run_take(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t channels = (size_t)step->value->shape.dims[3], own = pixels_of(step->value);
    const size_t others = pixels_of(step->in_values[0]), first = aigc__tile_first(tile);
    const size_t end = first + aigc__tile_size(step->value->count, tile);
    const int32_t *pixels = step->inputs[1];
    float *y = (float *)step->output;
    (void)phase, (void)worker;
    for (size_t i = first; i < end;) { /* a pixel's channels at a time */
        const float *a = (const float *)step->inputs[0] + i / channels / own * others * channels;
        const size_t c = i % channels, n = channels - c < end - i ? channels - c : end - i;
        for (size_t k = 0; k < n; k++) {
            const int32_t at = pixels[i + k];
            y[i + k] = at >= 0 && (size_t)at < others ? a[(size_t)at * channels + c + k] : NAN;
        }
        i += n;
    }
}

/* A tile owns some channels of a picture, so that additions to a place keep their order. Pixels are zeroed shortly
 * before the first addition beyond them, since numbers mostly come in rising order: then they are still in the
 * cache. */
enum { BLOCK = 16, STRETCH = 256 };

/* Zeroes `width` channels of the pixels from `done` on until pixel `until` is among them; returns how many are. */
static size_t zero_until(float *y, size_t channels, size_t width, size_t done, size_t until, size_t pixels)
{
    size_t end = until - until % STRETCH + STRETCH;
    if (end > pixels) end = pixels;
    if (width == channels && end > done)
        memset(y + done * channels, 0, (end - done) * channels * sizeof *y);
    else
        for (size_t i = done; i < end; i++) memset(y + i * channels, 0, width * sizeof *y);
    return end;
}

static void prepare_put_add(aigc__step_t *step)
{
    const size_t channels = (size_t)step->value->shape.dims[3];
    if (step->value->count > 0) step->tiles[0] = (size_t)step->value->shape.dims[0] * aigc__parts(channels, BLOCK);
}

static void run_put_add(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const size_t channels = (size_t)step->value->shape.dims[3], blocks = aigc__parts(channels, BLOCK);
    const size_t picture = tile / blocks, first = tile % blocks * BLOCK;
    const size_t width = channels - first < BLOCK ? channels - first : BLOCK;
    const size_t own = pixels_of(step->value), others = pixels_of(step->in_values[0]);
    const float *a = (const float *)step->inputs[0] + picture * others * channels + first;
    const int32_t *pixels = (const int32_t *)step->inputs[1] + picture * others * channels + first;
    float *y = (float *)step->output + picture * own * channels + first;
    size_t done = 0;
    (void)phase, (void)worker;
    for (size_t i = 0; i < others; i++, a += channels, pixels += channels)
        for (size_t c = 0; c < width; c++) {
            const size_t at = pixels[c] >= 0 ? (size_t)pixels[c] : own;
            if (at >= own) continue;
            if (at >= done) done = zero_until(y, channels, width, done, at, own);
            y[at * channels + c] += a[c];
        }
    if (done < own) zero_until(y, channels, width, done, own - 1, own);
}

const aigc__op_t aigc__op_take = {
    .name = "take",
    .infer = infer_take,
    .gradient = gradient_take,
    .reference = reference_take,
    .prepare = prepare_take,
    .run = run_take,
};

const aigc__op_t aigc__op_put_add = {
    .name = "put_add",
    .infer = infer_put_add,
    .gradient = gradient_put_add,
    .reference = reference_put_add,
    .prepare = prepare_put_add,
    .run = run_put_add,
};
