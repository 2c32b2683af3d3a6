/** @file
 *  Pictures in and out. Images are tensors N,H,W,C: u8 0..255 or f32 0..1, C = 1 gray, 3 RGB, 4 RGBA. */
#ifndef AIGC_IMAGE_H
#define AIGC_IMAGE_H

#include <aigc/options.h>

AIGC_BEGIN_DECLS

/** Read one PNG or JPEG (found by content) as u8 [1,H,W,C].
 *  @param options  verb "image-read": channels (0 = as in the file, 1, 3, 4), background (laid under
 *                  alpha where alpha is not kept: "white", "black", "#rrggbb")
 *  JPEG orientation is applied; 16-bit samples are reduced to 8. Since 0.1.
 *  @return AIGC_OK; AIGC_ERROR_IO; AIGC_ERROR_CORRUPT; AIGC_ERROR_UNSUPPORTED; AIGC_ERROR_LIMIT; AIGC_ERROR_MEMORY */
AIGC_API aigc_status_t aigc_image_read(aigc_tensor_t **out, aigc_context_t *context, const char *path,
                                       const aigc_options_t *options);

/** Write one image [1,H,W,C] or [H,W,C] as PNG or JPEG by the path's suffix, whole or not at all.
 *  JPEG has no alpha: the picture is laid over white.
 *  @param options  verb "image-write": quality (JPEG, 1..100), compression (PNG, 0..9). Since 0.1. */
AIGC_API aigc_status_t aigc_image_write(const aigc_tensor_t *image, const char *path, const aigc_options_t *options);

/** Arrange N images in rows of `columns` with padding between and around, as make_grid users know
 *  it: [N,H,W,C] to [1,rows*(H+p)+p,columns*(W+p)+p,C]; one image comes back without padding.
 *  @param options  verb "image-grid": columns (8), padding (2), pad_value (0..1), normalize, value_range
 *  Since 0.1. */
AIGC_API aigc_status_t aigc_image_grid(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options);

/** aigc_image_grid() and aigc_image_write() in one call, options of both. Since 0.1. */
AIGC_API aigc_status_t aigc_image_write_grid(const aigc_tensor_t *images, const char *path, const aigc_options_t *options);

/** Resize [N,H,W,C] to [N,height,width,C] with antialiasing.
 *  @param options  verb "image-resize": height and width (64), filter ("area", "lanczos", "bilinear", "nearest"). Since 0.1. */
AIGC_API aigc_status_t aigc_image_resize(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options);

/** Write pictures [N,H,W,C], N >= 1, as an animated PNG, one frame each, whole or not at all. The path ends in .png or
 *  .apng; a program that knows no animations shows the first picture, as aigc_image_read() does.
 *  @param images   u8, or f32 0..1
 *  @param options  verb "animation-write": frames_per_second (24; 0.01..1000), loops (0: for ever), compression (0..9)
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT; AIGC_ERROR_OPTION; AIGC_ERROR_IO; AIGC_ERROR_MEMORY; AIGC_ERROR_LIMIT;
 *          AIGC_ERROR_CANCELLED: asked for between two frames. Then the file at `path` is as it was.
 *  Keeps nothing. Since 0.1. Source: W3C, PNG Specification (Third Edition), 2025. */
AIGC_API aigc_status_t aigc_animation_write(const aigc_tensor_t *images, const char *path,
                                            const aigc_options_t *options);

AIGC_END_DECLS

#endif
