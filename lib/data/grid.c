/* Sheets of pictures. */
#include "data/transform.h"
#include <inttypes.h>
#include <string.h>

/* Where a value of 0..1 goes: (v clamped to low..high - low) / (high - low). */
typedef struct stretch {
    bool is_on;
    float low, high, scale;
} stretch_t;

static float value_at(const aigc_tensor_t *images, size_t i)
{
    return images->dtype == AIGC_DTYPE_F32 ? ((const float *)images->data)[i]
                                           : (float)((const uint8_t *)images->data)[i] / 255.0f;
}

/* Alpha is no brightness: it is neither looked at nor stretched. */
static bool is_alpha(const aigc_tensor_t *images, size_t i) { return images->shape[3] == 4 && i % 4 == 3; }

static stretch_t find_stretch(const aigc_tensor_t *images, const aigc__grid_options_t *options)
{
    float low = (float)options->low, high = (float)options->high;
    if (!options->normalize) return (stretch_t){.is_on = false};
    if (options->low == options->high) {
        low = high = value_at(images, 0);
        for (size_t i = 0; i < images->count; i++) {
            const float v = value_at(images, i);
            if (is_alpha(images, i)) continue;
            low = v < low ? v : low;
            high = v > high ? v : high;
        }
    }
    const float range = high - low > 1e-5f ? high - low : 1e-5f;
    return (stretch_t){true, low, high, 1 / range};
}

static void copy_pixels(const aigc_tensor_t *images, size_t from, aigc_tensor_t *sheet, size_t to, size_t n,
                        const stretch_t *stretch)
{
    const size_t element = aigc__dtype_bytes(images->dtype);
    if (!stretch->is_on) {
        memcpy((uint8_t *)sheet->data + to * element, (const uint8_t *)images->data + from * element, n * element);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float v = value_at(images, from + i);
        if (!is_alpha(images, from + i)) {
            v = v < stretch->low ? stretch->low : v > stretch->high ? stretch->high : v;
            v = (v - stretch->low) * stretch->scale;
        }
        if (images->dtype == AIGC_DTYPE_F32)
            ((float *)sheet->data)[to + i] = v;
        else
            ((uint8_t *)sheet->data)[to + i] = (uint8_t)(v * 255.0f + 0.5f);
    }
}

static void fill_sheet(aigc_tensor_t *sheet, double value)
{
    const bool has_alpha = sheet->shape[3] == 4;
    for (size_t i = 0; i < sheet->count; i++) {
        const double v = has_alpha && i % 4 == 3 ? 1 : value;
        if (sheet->dtype == AIGC_DTYPE_F32)
            ((float *)sheet->data)[i] = (float)v;
        else
            ((uint8_t *)sheet->data)[i] = (uint8_t)(v <= 0 ? 0 : v >= 1 ? 255 : v * 255 + 0.5);
    }
}

aigc_status_t aigc__image_grid(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc__grid_options_t *options)
{
    aigc_tensor_t *sheet = NULL;
    AIGC__TRY(aigc__check_images(images, "images"));
    if (images->count == 0) return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'images' holds no pixels");
    if (options->columns < 1 || options->padding < 0 || options->padding > 65536)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "a grid of %" PRId64 " columns with padding %" PRId64 "; expected at least 1, and 0..65536",
                          options->columns, options->padding);
    const int64_t n = images->shape[0], height = images->shape[1], width = images->shape[2],
                  channels = images->shape[3];
    const int64_t padding = n == 1 ? 0 : options->padding;
    const int64_t columns = options->columns < n ? options->columns : n, lines = (n + columns - 1) / columns;
    const int64_t shape[4] = {1, lines * (height + padding) + padding, columns * (width + padding) + padding, channels};
    AIGC__TRY(aigc__tensor_create_raw(&sheet, images->context, images->dtype, 4, shape));
    const stretch_t stretch = find_stretch(images, options);
    fill_sheet(sheet, options->pad_value);
    for (int64_t i = 0; i < n; i++)
        for (int64_t y = 0; y < height; y++) {
            const int64_t row = i / columns * (height + padding) + padding + y,
                          column = i % columns * (width + padding) + padding;
            copy_pixels(images, (size_t)((i * height + y) * width * channels), sheet,
                        (size_t)((row * shape[2] + column) * channels), (size_t)(width * channels), &stretch);
        }
    *out = sheet;
    return AIGC_OK;
}
