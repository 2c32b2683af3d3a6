/* Resampling in two passes, along rows and then along columns. Output pixel x takes the inputs around
 * (x + 0.5) * scale, weighted by the filter, which is stretched by the scale where that is above 1 so
 * that every input counts; weights are normalised, so edges and constants come out right. */
#include "base/angles.h"
#include "base/sizes.h"
#include "data/transform.h"
#include <math.h>
#include <string.h>

/* For every output position: its first input, and `taps` weights (zeros behind the used ones). */
typedef struct weights {
    float *values;
    size_t *first;
    size_t taps;
} weights_t;

static double overlap(double a0, double a1, double b0, double b1)
{
    const double low = a0 > b0 ? a0 : b0, high = a1 < b1 ? a1 : b1;
    return high > low ? high - low : 0;
}

static double sinc(double x) { return x == 0 ? 1 : aigc__sin_pi(x) / (3.14159265358979323846 * x); }

static double lanczos(double x) { return x > -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

static double triangle(double x) { return x < 0 ? (x > -1 ? 1 + x : 0) : (x < 1 ? 1 - x : 0); }

/* Half the width of what an output pixel sees, in inputs. */
static double support_of(aigc__filter_t filter, double scale)
{
    const double stretch = scale > 1 ? scale : 1;
    switch (filter) {
    case AIGC__FILTER_LANCZOS:
        return 3 * stretch;
    case AIGC__FILTER_BILINEAR:
        return stretch;
    case AIGC__FILTER_AREA:
        return 0.5 * scale;
    case AIGC__FILTER_NEAREST:
        break;
    }
    return 0;
}

static double weight_of(aigc__filter_t filter, double scale, double centre, size_t input)
{
    const double stretch = scale > 1 ? scale : 1, distance = ((double)input + 0.5 - centre) / stretch;
    switch (filter) {
    case AIGC__FILTER_LANCZOS:
        return lanczos(distance);
    case AIGC__FILTER_BILINEAR:
        return triangle(distance);
    case AIGC__FILTER_AREA:
        return overlap((double)input, (double)input + 1, centre - 0.5 * scale, centre + 0.5 * scale);
    case AIGC__FILTER_NEAREST:
        break;
    }
    return 1;
}

/* The inputs first .. end - 1 that output position `x` sees; at least one. */
static void find_range(aigc__filter_t filter, double scale, double centre, size_t from, size_t *first, size_t *end)
{
    const double support = support_of(filter, scale), low = floor(centre - support), high = ceil(centre + support);
    *first = low < 0 ? 0 : (size_t)low;
    *end = high > (double)from ? from : (size_t)high;
    if (*first >= from) *first = from - 1;
    if (*end <= *first) *end = *first + 1;
    if (filter == AIGC__FILTER_NEAREST) *end = *first + 1;
}

static void fill_weights(weights_t *weights, aigc__filter_t filter, size_t from, size_t to)
{
    const double scale = (double)from / (double)to;
    for (size_t x = 0; x < to; x++) {
        const double centre = ((double)x + 0.5) * scale;
        float *values = weights->values + x * weights->taps;
        size_t first, end;
        double sum = 0;
        find_range(filter, scale, centre, from, &first, &end);
        for (size_t i = first; i < end; i++) sum += weight_of(filter, scale, centre, i);
        for (size_t i = first; i < end; i++) values[i - first] = (float)(weight_of(filter, scale, centre, i) / sum);
        weights->first[x] = first;
    }
}

static void free_weights(weights_t *weights, aigc__memory_t *memory)
{
    aigc__memory_free(memory, weights->values);
    aigc__memory_free(memory, weights->first);
    *weights = (weights_t){0};
}

static aigc_status_t make_weights(weights_t *weights, aigc__memory_t *memory, aigc__filter_t filter, size_t from,
                                  size_t to)
{
    const double taps = 2 * ceil(support_of(filter, (double)from / (double)to)) + 2;
    size_t count, bytes;
    void *block;
    aigc_status_t status;
    *weights = (weights_t){.taps = taps < (double)from ? (size_t)taps : from};
    AIGC__TRY(aigc__bytes_of(weights->taps, to, &count));
    AIGC__TRY(aigc__bytes_of(count, sizeof(float), &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, bytes, &block));
    weights->values = block;
    AIGC__GOTO(fail, aigc__bytes_of(to, sizeof(size_t), &bytes));
    AIGC__GOTO(fail, aigc__memory_alloc(memory, bytes, &block));
    weights->first = block;
    fill_weights(weights, filter, from, to);
    return AIGC_OK;
fail:
    free_weights(weights, memory);
    return status;
}

/* One row of `from` pixels to one of `to`. */
static void resize_row(const weights_t *weights, const float *from, size_t n_from, float *to, size_t n_to,
                       size_t channels)
{
    for (size_t x = 0; x < n_to; x++) {
        const float *values = weights->values + x * weights->taps;
        const size_t first = weights->first[x], taps = weights->taps < n_from - first ? weights->taps : n_from - first;
        for (size_t c = 0; c < channels; c++) {
            float sum = 0;
            for (size_t i = 0; i < taps; i++) sum += values[i] * from[(first + i) * channels + c];
            to[x * channels + c] = sum;
        }
    }
}

/* Output row `y` as the weighted sum of rows of `n` numbers. */
static void mix_rows(const weights_t *weights, size_t y, const float *rows, size_t n_rows, size_t n, float *to)
{
    const float *values = weights->values + y * weights->taps;
    const size_t first = weights->first[y], taps = weights->taps < n_rows - first ? weights->taps : n_rows - first;
    for (size_t i = 0; i < n; i++) to[i] = values[0] * rows[first * n + i];
    for (size_t tap = 1; tap < taps; tap++) {
        const float weight = values[tap], *row = rows + (first + tap) * n;
        if (weight == 0) continue;
        for (size_t i = 0; i < n; i++) to[i] += weight * row[i];
    }
}

/* Colours times alpha, and back. */
static void premultiply(float *rgba, size_t n)
{
    for (size_t i = 0; i < n; i++, rgba += 4)
        for (size_t c = 0; c < 3; c++) rgba[c] *= rgba[3];
}

static void unpremultiply(float *rgba, size_t n)
{
    for (size_t i = 0; i < n; i++, rgba += 4)
        for (size_t c = 0; c < 3; c++) rgba[c] = rgba[3] > 0 ? rgba[c] / rgba[3] : 0;
}

/* A resize in progress: rows go in, rows come out; `between` holds the rows that passed the first pass. */
typedef struct resizer {
    aigc__memory_t *memory;
    weights_t across, down;
    float *between, *row; /* row: room for one input or output row */
    size_t from_height, from_width, to_height, to_width, channels;
} resizer_t;

static void resizer_free(resizer_t *resizer)
{
    free_weights(&resizer->across, resizer->memory);
    free_weights(&resizer->down, resizer->memory);
    aigc__memory_free(resizer->memory, resizer->between);
    aigc__memory_free(resizer->memory, resizer->row);
}

static aigc_status_t resizer_init(resizer_t *resizer, aigc__memory_t *memory, int64_t from_height, int64_t from_width,
                                  int64_t to_height, int64_t to_width, int64_t channels, aigc__filter_t filter)
{
    size_t bytes, count;
    void *block;
    aigc_status_t status;
    *resizer = (resizer_t){.memory = memory,
                           .from_height = (size_t)from_height,
                           .from_width = (size_t)from_width,
                           .to_height = (size_t)to_height,
                           .to_width = (size_t)to_width,
                           .channels = (size_t)channels};
    if (from_height < 1 || from_width < 1 || to_height < 1 || to_width < 1 || channels < 1)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "a picture without pixels cannot be resized, nor resized to");
    AIGC__GOTO(fail, make_weights(&resizer->across, memory, filter, resizer->from_width, resizer->to_width));
    AIGC__GOTO(fail, make_weights(&resizer->down, memory, filter, resizer->from_height, resizer->to_height));
    AIGC__GOTO(fail, aigc__shape_count(3, (const int64_t[]){from_height, to_width, channels}, &count));
    AIGC__GOTO(fail, aigc__bytes_of(count, sizeof(float), &bytes));
    AIGC__GOTO(fail, aigc__memory_alloc(memory, bytes, &block));
    resizer->between = block;
    AIGC__GOTO(fail, aigc__bytes_of((size_t)(from_width > to_width ? from_width : to_width) * (size_t)channels,
                                    sizeof(float), &bytes));
    AIGC__GOTO(fail, aigc__memory_alloc(memory, bytes, &block));
    resizer->row = block;
    return AIGC_OK;
fail:
    resizer_free(resizer);
    return status;
}

/* Takes the input row in resizer->row as number `y`. */
static void resizer_put(resizer_t *resizer, size_t y)
{
    if (resizer->channels == 4) premultiply(resizer->row, resizer->from_width);
    resize_row(&resizer->across, resizer->row, resizer->from_width,
               resizer->between + y * resizer->to_width * resizer->channels, resizer->to_width, resizer->channels);
}

static void resizer_get(resizer_t *resizer, size_t y, float *to)
{
    mix_rows(&resizer->down, y, resizer->between, resizer->from_height, resizer->to_width * resizer->channels, to);
    if (resizer->channels == 4) unpremultiply(to, resizer->to_width);
}

aigc_status_t aigc__resize_f32(aigc__memory_t *memory, const float *from, int64_t from_height, int64_t from_width,
                               float *to, int64_t to_height, int64_t to_width, int64_t channels, aigc__filter_t filter)
{
    resizer_t resizer;
    AIGC__TRY(resizer_init(&resizer, memory, from_height, from_width, to_height, to_width, channels, filter));
    const size_t from_row = resizer.from_width * resizer.channels, to_row = resizer.to_width * resizer.channels;
    for (size_t y = 0; y < resizer.from_height; y++) {
        memcpy(resizer.row, from + y * from_row, from_row * sizeof(float));
        resizer_put(&resizer, y);
    }
    for (size_t y = 0; y < resizer.to_height; y++) resizer_get(&resizer, y, to + y * to_row);
    resizer_free(&resizer);
    return AIGC_OK;
}

static uint8_t round_to_u8(float v) { return (uint8_t)(v <= 0 ? 0 : v >= 1 ? 255 : (int)(v * 255.0f + 0.5f)); }

/* u8 from `from`, whose rows lie `stride` bytes apart, to dense u8. */
static aigc_status_t resize_u8(aigc__memory_t *memory, const uint8_t *from, size_t stride, int64_t from_height,
                               int64_t from_width, uint8_t *to, int64_t to_height, int64_t to_width, int64_t channels,
                               aigc__filter_t filter)
{
    resizer_t resizer;
    AIGC__TRY(resizer_init(&resizer, memory, from_height, from_width, to_height, to_width, channels, filter));
    const size_t from_row = resizer.from_width * resizer.channels, to_row = resizer.to_width * resizer.channels;
    for (size_t y = 0; y < resizer.from_height; y++) {
        for (size_t i = 0; i < from_row; i++) resizer.row[i] = (float)from[y * stride + i] * (1 / 255.0f);
        resizer_put(&resizer, y);
    }
    for (size_t y = 0; y < resizer.to_height; y++) {
        resizer_get(&resizer, y, resizer.row);
        for (size_t i = 0; i < to_row; i++) to[y * to_row + i] = round_to_u8(resizer.row[i]);
    }
    resizer_free(&resizer);
    return AIGC_OK;
}

/* The part of `pixels` at (top, left) of height x width, resized, as the new contents. */
static aigc_status_t replace(aigc__pixels_t *pixels, aigc__memory_t *memory, int64_t top, int64_t left,
                             int64_t part_height, int64_t part_width, int64_t height, int64_t width,
                             aigc__filter_t filter)
{
    const size_t stride = (size_t)(pixels->width * pixels->channels);
    size_t count;
    void *block;
    if (height == pixels->height && width == pixels->width) return AIGC_OK;
    if (height < 1 || width < 1) return aigc__fail(AIGC_ERROR_ARGUMENT, "a picture cannot be resized to no pixels");
    AIGC__TRY(aigc__shape_count(3, (const int64_t[]){height, width, pixels->channels}, &count));
    AIGC__TRY(aigc__memory_alloc(memory, count, &block));
    const uint8_t *from = pixels->data + (size_t)top * stride + (size_t)(left * pixels->channels);
    const aigc_status_t status =
        resize_u8(memory, from, stride, part_height, part_width, block, height, width, pixels->channels, filter);
    if (status != AIGC_OK) {
        aigc__memory_free(memory, block);
        return status;
    }
    aigc__memory_free(memory, pixels->data);
    *pixels = (aigc__pixels_t){height, width, pixels->channels, block};
    return AIGC_OK;
}

aigc_status_t aigc__pixels_resize(aigc__pixels_t *pixels, aigc__memory_t *memory, int64_t height, int64_t width,
                                  aigc__filter_t filter)
{
    return replace(pixels, memory, 0, 0, pixels->height, pixels->width, height, width, filter);
}

aigc_status_t aigc__pixels_fit(aigc__pixels_t *pixels, aigc__memory_t *memory, int64_t height, int64_t width,
                               aigc__filter_t filter)
{
    int64_t part_height = pixels->height, part_width = pixels->width;
    if (height < 1 || width < 1) return aigc__fail(AIGC_ERROR_ARGUMENT, "a picture cannot be resized to no pixels");
    if (pixels->width * height > pixels->height * width)
        part_width = (2 * pixels->height * width + height) / (2 * height);
    else
        part_height = (2 * pixels->width * height + width) / (2 * width);
    part_height = part_height < 1 ? 1 : part_height;
    part_width = part_width < 1 ? 1 : part_width;
    return replace(pixels, memory, (pixels->height - part_height) / 2, (pixels->width - part_width) / 2, part_height,
                   part_width, height, width, filter);
}

/* ---- tensors ---- */

aigc_status_t aigc__image_resize(aigc_tensor_t **out, const aigc_tensor_t *images, int64_t height, int64_t width,
                                 aigc__filter_t filter)
{
    aigc_tensor_t *resized = NULL;
    AIGC__TRY(aigc__check_images(images, "images"));
    const int64_t *from = images->shape, shape[4] = {from[0], height, width, from[3]};
    AIGC__TRY(aigc__tensor_create_raw(&resized, images->context, images->dtype, 4, shape));
    const size_t element = aigc__dtype_bytes(images->dtype);
    const size_t from_bytes = (size_t)(from[1] * from[2] * from[3]) * element,
                 to_bytes = (size_t)(height * width * from[3]) * element;
    aigc__memory_t *memory = &images->context->memory;
    aigc_status_t status = AIGC_OK;
    for (size_t i = 0; i < (size_t)from[0] && status == AIGC_OK; i++) {
        const void *picture = (const uint8_t *)images->data + i * from_bytes;
        void *to = (uint8_t *)resized->data + i * to_bytes;
        if (images->dtype == AIGC_DTYPE_U8)
            status = resize_u8(memory, picture, (size_t)(from[2] * from[3]), from[1], from[2], to, height, width,
                               from[3], filter);
        else
            status = aigc__resize_f32(memory, picture, from[1], from[2], to, height, width, from[3], filter);
        if (status == AIGC_OK) status = aigc__check_cancel(images->context);
    }
    if (status != AIGC_OK) {
        aigc__tensor_release(resized);
        return status;
    }
    *out = resized;
    return AIGC_OK;
}
