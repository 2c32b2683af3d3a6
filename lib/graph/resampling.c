#include "graph/resampling.h"
#include "graph/ops/resample_rules.h"
#include "tensor/storage.h"

/* Attributes that leave both axes alone. */
static aigc__attributes_t begin(aigc__resampling_t kind, const aigc__shape_t *x)
{
    aigc__attributes_t attributes = {0};
    attributes.i[AIGC__AT_RULE] = kind;
    for (uint32_t axis = 0; axis < 2; axis++) attributes.i[AIGC__AT_RESULT + axis] = x->dims[1 + axis];
    return attributes;
}

/* Along an axis something happens, and makes its size `size`. */
static void set_axis(aigc__attributes_t *attributes, size_t axis, int64_t size, int64_t span, int64_t step,
                     int64_t lead)
{
    attributes->i[AIGC__AT_FLAGS] |= INT64_C(1) << axis;
    attributes->i[AIGC__AT_RESULT + axis] = size;
    attributes->i[AIGC__AT_SPAN + axis] = span;
    attributes->i[AIGC__AT_STEP + axis] = step;
    attributes->i[AIGC__AT_LEAD + axis] = lead;
}

/* false: not four axes, or ones whose sizes nobody can count with; the graph tells then */
static bool is_picture(aigc__graph_t *graph, aigc__id_t x, const char *what, aigc__shape_t *shape)
{
    char text[96];
    *shape = aigc__graph_shape(graph, x);
    if (shape->rank == 4 && shape->dims[1] <= INT32_MAX && shape->dims[2] <= INT32_MAX) return true;
    if (x)
        aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT,
                         "%s of %s: pictures have four axes: number, height, width below 2^31, channels", what,
                         aigc__shape_text(text, shape->rank, shape->dims));
    return false;
}

static int64_t or_one(int64_t a) { return a ? a : 1; }

aigc__id_t aigc__resize(aigc__graph_t *graph, aigc__id_t x, aigc__resampling_t mode, int64_t height, int64_t width)
{
    const int64_t wanted[2] = {height, width};
    aigc__shape_t shape;
    if (!is_picture(graph, x, "resize", &shape)) return 0;
    aigc__attributes_t attributes = begin(mode, &shape);
    for (uint32_t axis = 0; axis < 2; axis++)
        if (wanted[axis] != shape.dims[1 + axis]) set_axis(&attributes, axis, wanted[axis], 0, 0, 0);
    return aigc__append(graph, AIGC__OP_resample, &attributes, 1, &x);
}

aigc__id_t aigc__upsample_nearest(aigc__graph_t *graph, aigc__id_t x, int64_t factor)
{
    aigc__shape_t shape;
    if (!is_picture(graph, x, "upsample", &shape)) return 0;
    if (factor < 1 || factor > INT32_MAX)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "upsample: a factor is 1..2^31-1");
    return aigc__resize(graph, x, AIGC__RESIZE_NEAREST, shape.dims[1] * factor, shape.dims[2] * factor);
}

/* ---- pooling ---- */

/* How many windows there are; 0 where the kernel does not fit. */
static int64_t windows(const aigc__pool_t *pool, size_t axis, int64_t size)
{
    const int64_t dilation = or_one(pool->dilation[axis]), padding = pool->padding[axis];
    const int64_t stride = pool->stride[axis] ? pool->stride[axis] : pool->kernel[axis];
    const int64_t room = size + 2 * padding - dilation * (pool->kernel[axis] - 1) - 1;
    if (stride < 1 || room < 0) return 0;
    int64_t n = (room + (pool->ceil_mode ? stride - 1 : 0)) / stride + 1;
    /* the last must begin inside or in the padding before */
    if (pool->ceil_mode && (n - 1) * stride >= size + padding) n--;
    return n;
}

/* Numbers with which nothing overflows on the way to the ops, which check them properly. */
static bool is_sound(aigc__graph_t *graph, const aigc__pool_t *pool, const char *what)
{
    for (size_t axis = 0; axis < 2; axis++)
        if (pool->kernel[axis] < 1 || pool->kernel[axis] > INT32_MAX || pool->padding[axis] < 0 ||
            pool->padding[axis] > INT32_MAX || pool->stride[axis] < 0 || pool->stride[axis] > INT32_MAX ||
            pool->dilation[axis] < 0 || pool->dilation[axis] > INT16_MAX) {
            aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: kernel, stride, padding or dilation is out of range",
                             what);
            return false;
        }
    return true;
}

aigc__id_t aigc__average_pool(aigc__graph_t *graph, aigc__id_t x, const aigc__pool_t *pool)
{
    aigc__shape_t shape;
    if (!is_picture(graph, x, "average pool", &shape) || !is_sound(graph, pool, "average pool")) return 0;
    aigc__attributes_t attributes = begin(AIGC__POOL_AVERAGE, &shape);
    if (pool->without_padding) attributes.i[AIGC__AT_FLAGS] |= AIGC__WITHOUT_PADDING;
    for (size_t axis = 0; axis < 2; axis++)
        set_axis(&attributes, axis, windows(pool, axis, shape.dims[1 + axis]), pool->kernel[axis],
                 pool->stride[axis] ? pool->stride[axis] : pool->kernel[axis], pool->padding[axis]);
    return aigc__append(graph, AIGC__OP_resample, &attributes, 1, &x);
}

/* The value that a rectifier rectifies; 0 where `x` is none. */
static aigc__id_t rectified(const aigc__graph_t *graph, aigc__id_t x)
{
    const aigc__value_t *value = aigc__graph_value(graph, x);
    return value->op == AIGC__OP_map && value->attributes.i[0] == AIGC__MAP_relu ? value->inputs[0] : 0;
}

aigc__id_t aigc__max_pool(aigc__graph_t *graph, aigc__id_t x, const aigc__pool_t *pool)
{
    const aigc__attributes_t none = {0};
    aigc__attributes_t attributes = {0};
    aigc__shape_t shape;
    if (!is_picture(graph, x, "max pool", &shape) || !is_sound(graph, pool, "max pool")) return 0;
    /* The largest of what is rectified is the largest, rectified: fewer numbers to rectify, and to keep for the
     * gradient, which is the same: where all are below zero it is nothing. */
    const aigc__id_t raw = rectified(graph, x);
    if (raw) return aigc__map1(graph, AIGC__MAP_relu, aigc__max_pool(graph, raw, pool), 0);
    for (size_t axis = 0; axis < 2; axis++) {
        attributes.i[axis] = windows(pool, axis, shape.dims[1 + axis]);
        attributes.i[2 + axis] = pool->kernel[axis];
        attributes.i[4 + axis] = pool->stride[axis] ? pool->stride[axis] : pool->kernel[axis];
        attributes.i[6 + axis] = or_one(pool->dilation[axis]);
        attributes.i[8 + axis] = pool->padding[axis];
    }
    const aigc__id_t pixels = aigc__append(graph, AIGC__OP_window_argmax, &attributes, 1, &x);
    return aigc__append(graph, AIGC__OP_take, &none, 2, (aigc__id_t[]){x, pixels});
}

/* ---- padding and filters ---- */

aigc__id_t aigc__extend(aigc__graph_t *graph, aigc__id_t x, aigc__resampling_t mode, const int64_t before[2],
                        const int64_t after[2])
{
    aigc__shape_t shape;
    if (!is_picture(graph, x, "padding", &shape)) return 0;
    aigc__attributes_t attributes = begin(mode, &shape);
    for (size_t axis = 0; axis < 2; axis++) {
        if (before[axis] < INT32_MIN || before[axis] > INT32_MAX || after[axis] < INT32_MIN || after[axis] > INT32_MAX)
            return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "padding is out of range");
        if (before[axis] || after[axis])
            set_axis(&attributes, axis, shape.dims[1 + axis] + before[axis] + after[axis], 0, 0, before[axis]);
    }
    return aigc__append(graph, AIGC__OP_resample, &attributes, 1, &x);
}

/* (size up + before + after - taps) / down + 1; 0 where that is nothing or out of range, which infer reports */
static int64_t filtered_size(const aigc__filter_t *filter, size_t axis, int64_t size, int64_t n_taps)
{
    const int64_t up = or_one(filter->up[axis]), down = or_one(filter->down[axis]), most = INT32_MAX;
    const int64_t before = filter->before[axis], after = filter->after[axis];
    if (up < 1 || up > most || down < 1 || before < -most || before > most || after < -most || after > most) return 0;
    const int64_t room = size * up + before + after - n_taps;
    return room < 0 ? 0 : room / down + 1;
}

/* Along the axes whose bits are set. */
static aigc__id_t filter_axes(aigc__graph_t *graph, aigc__id_t x, const aigc__filter_t *filter, unsigned axes,
                              const float *taps, int64_t n_taps)
{
    aigc__shape_t shape;
    if (!is_picture(graph, x, "upfirdn", &shape)) return 0;
    aigc__attributes_t attributes = begin(AIGC__FILTER, &shape);
    if (n_taps < 1 || n_taps > AIGC__MOST_TAPS)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "upfirdn: a filter has 1..%d taps", (int)AIGC__MOST_TAPS);
    aigc__rule_set_taps(&attributes, taps, n_taps);
    for (size_t axis = 0; axis < 2; axis++)
        if (axes >> axis & 1)
            set_axis(&attributes, axis, filtered_size(filter, axis, shape.dims[1 + axis], n_taps),
                     or_one(filter->up[axis]), or_one(filter->down[axis]), filter->before[axis]);
    return aigc__append(graph, AIGC__OP_resample, &attributes, 1, &x);
}

aigc__id_t aigc__upfirdn(aigc__graph_t *graph, aigc__id_t x, const aigc__filter_t *filter)
{
    const double gain = filter->gain != 0 ? filter->gain : 1;
    float taps[AIGC__MOST_TAPS] = {0};
    for (size_t k = 0; k < AIGC__MOST_TAPS; k++) taps[k] = (float)(gain * (double)filter->taps[k]);
    return filter_axes(graph, x, filter, AIGC__ALONG_ROWS | AIGC__ALONG_COLUMNS, taps, filter->n_taps);
}

/* A row of the filter is that row along the width and a single 1 at its place along the height. */
aigc__id_t aigc__upfirdn_full(aigc__graph_t *graph, aigc__id_t x, const aigc__filter_t *filter, const float *f,
                              int64_t rows, int64_t columns)
{
    aigc__id_t sum = 0;
    if (rows < 1 || rows > AIGC__MOST_TAPS)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "upfirdn: a filter has 1..%d rows", (int)AIGC__MOST_TAPS);
    for (int64_t row = 0; row < rows; row++) {
        float place[AIGC__MOST_TAPS] = {0};
        place[row] = 1;
        const aigc__id_t wide = filter_axes(graph, x, filter, AIGC__ALONG_COLUMNS, f + row * columns, columns);
        const aigc__id_t part = filter_axes(graph, wide, filter, AIGC__ALONG_ROWS, place, rows);
        sum = row ? aigc__add(graph, sum, part) : part;
    }
    return sum;
}

/* ---- pixel shuffle ---- */

aigc__id_t aigc__pixel_shuffle(aigc__graph_t *graph, aigc__id_t x, int64_t r)
{
    aigc__shape_t s;
    if (!is_picture(graph, x, "pixel shuffle", &s)) return 0;
    if (r < 1 || r > INT16_MAX || s.dims[3] % (r * r) != 0)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT,
                                "pixel shuffle: the channels are no multiple of the square of the factor");
    const int64_t n = s.dims[0], h = s.dims[1], w = s.dims[2], c = s.dims[3] / (r * r);
    const aigc__id_t split = aigc__reshape(graph, x, aigc__shape_of(6, (int64_t[]){n, h, w, c, r, r}));
    const aigc__id_t moved = aigc__permute(graph, split, (uint32_t[]){0, 1, 4, 2, 5, 3});
    return aigc__reshape(graph, moved, aigc__shape_of(4, (int64_t[]){n, h * r, w * r, c}));
}

aigc__id_t aigc__pixel_unshuffle(aigc__graph_t *graph, aigc__id_t x, int64_t r)
{
    aigc__shape_t s;
    if (!is_picture(graph, x, "pixel unshuffle", &s)) return 0;
    if (r < 1 || r > INT16_MAX || s.dims[1] % r != 0 || s.dims[2] % r != 0)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "pixel unshuffle: a size is no multiple of the factor");
    const int64_t n = s.dims[0], h = s.dims[1] / r, w = s.dims[2] / r, c = s.dims[3];
    const aigc__id_t split = aigc__reshape(graph, x, aigc__shape_of(6, (int64_t[]){n, h, r, w, r, c}));
    const aigc__id_t moved = aigc__permute(graph, split, (uint32_t[]){0, 1, 3, 5, 2, 4});
    return aigc__reshape(graph, moved, aigc__shape_of(4, (int64_t[]){n, h, w, c * r * r}));
}
