/* Pixel transforms: resize with antialiasing, crop, flip, grids. */
#ifndef AIGC_DATA_TRANSFORM_H
#define AIGC_DATA_TRANSFORM_H

#include "formats/pixels.h"
#include "tensor/storage.h"

typedef enum aigc__filter {
    AIGC__FILTER_AREA,
    AIGC__FILTER_LANCZOS,
    AIGC__FILTER_BILINEAR,
    AIGC__FILTER_NEAREST
} aigc__filter_t;

/* Separable resampling with the filter stretched to the output's pixel where it shrinks (as Pillow
 * does); edges renormalised. Area weights pixels by their exact overlap. f32 [height,width,channels]
 * both; of four channels the last is alpha, and colours are resampled premultiplied. */
aigc_status_t aigc__resize_f32(aigc__memory_t *memory, const float *from, int64_t from_height, int64_t from_width,
                               float *to, int64_t to_height, int64_t to_width, int64_t channels, aigc__filter_t filter);
/* The same on 8-bit pixels, rounded half up; replaces the data. RGBA is resampled premultiplied. */
aigc_status_t aigc__pixels_resize(aigc__pixels_t *pixels, aigc__memory_t *memory, int64_t height, int64_t width,
                                  aigc__filter_t filter);
/* Fills height x width exactly with the largest middle part of the picture that has their proportion. */
aigc_status_t aigc__pixels_fit(aigc__pixels_t *pixels, aigc__memory_t *memory, int64_t height, int64_t width,
                               aigc__filter_t filter);

/* "white", "black" or "#rrggbb"; AIGC_ERROR_OPTION. */
aigc_status_t aigc__parse_background(uint8_t rgb[3], const char *text);

typedef struct aigc__grid_options {
    int64_t columns, padding;
    double pad_value;
    bool normalize;
    double low, high; /* value range for normalize; equal: the images' own */
} aigc__grid_options_t;
/* u8 stays u8, f32 stays f32. */
aigc_status_t aigc__image_grid(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc__grid_options_t *options);
aigc_status_t aigc__image_resize(aigc_tensor_t **out, const aigc_tensor_t *images, int64_t height, int64_t width,
                                 aigc__filter_t filter);
/* [1,H,W,C] or [H,W,C], f32 or u8, to a PNG or JPEG by suffix through the saver rule. */
aigc_status_t aigc__image_write(const aigc_tensor_t *image, const char *path, int quality, int compression);
aigc_status_t aigc__image_read(aigc_tensor_t **out, aigc_context_t *context, const char *path,
                               const aigc__pixel_request_t *request);

/* [N,H,W,C], f32 or u8, to an animated PNG through the saver rule; cancelling is heard between frames. */
aigc_status_t aigc__animation_write(const aigc_tensor_t *images, const char *path, double frames_per_second,
                                    int64_t loops, int compression);

#endif
