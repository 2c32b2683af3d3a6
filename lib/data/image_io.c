/* One picture between a file and a tensor. */
#include "data/transform.h"
#include <inttypes.h>
#include <string.h>

aigc_status_t aigc__parse_background(uint8_t rgb[3], const char *text)
{
    uint32_t value = 0;
    size_t digits = 0;
    if (text && strcmp(text, "white") == 0) {
        memset(rgb, 255, 3);
        return AIGC_OK;
    }
    if (text && strcmp(text, "black") == 0) {
        memset(rgb, 0, 3);
        return AIGC_OK;
    }
    for (const char *s = text && text[0] == '#' ? text + 1 : ""; *s && digits < 7; s++, digits++) {
        const char c = *s;
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) break;
        value = value << 4 | (uint32_t)digit;
    }
    if (digits != 6 || strlen(text) != 7)
        return aigc__fail(AIGC_ERROR_OPTION, "option 'background' is '%s'; expected white, black or #rrggbb",
                          text ? text : "");
    for (int i = 0; i < 3; i++) rgb[i] = (uint8_t)(value >> (16 - 8 * i));
    return AIGC_OK;
}

/* The image as pixels of its own; JPEG holds no alpha, white is laid under it. */
static aigc_status_t to_pixels(aigc__pixels_t *out, const aigc_tensor_t *image, bool is_jpeg)
{
    aigc_context_t *context = image->context;
    const int64_t *shape = image->shape + (image->rank - 3);
    const aigc__pixel_request_t opaque = {3, {255, 255, 255}};
    void *block;
    AIGC__TRY(aigc__memory_alloc(&context->memory, image->count, &block));
    *out = (aigc__pixels_t){shape[0], shape[1], shape[2], block};
    aigc__convert(context->kernels, block, AIGC_DTYPE_U8, image->data, image->dtype, image->count);
    return is_jpeg && out->channels == 4 ? aigc__pixels_convert(out, &context->memory, &opaque) : AIGC_OK;
}

static aigc_status_t check_image(const aigc_tensor_t *image)
{
    char text[96];
    AIGC__TRY(aigc__check_handle(image, AIGC__TENSOR, "image"));
    const bool is_pixel = image->dtype == AIGC_DTYPE_U8 || image->dtype == AIGC_DTYPE_F32;
    const bool is_one = image->rank == 3 || (image->rank == 4 && image->shape[0] == 1);
    const int64_t channels = image->rank > 0 ? image->shape[image->rank - 1] : 0;
    if (is_pixel && is_one && image->count > 0 && (channels == 1 || channels == 3 || channels == 4)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT,
                      "argument 'image' is %s %s; expected one image u8 or f32 [1,H,W,C] or [H,W,C] with C 1, 3 or 4",
                      aigc__dtype_name(image->dtype), aigc__shape_text(text, image->rank, image->shape));
}

aigc_status_t aigc__image_write(const aigc_tensor_t *image, const char *path, int quality, int compression)
{
    const bool is_png = aigc__path_has_suffix(path, ".png");
    const bool is_jpeg = aigc__path_has_suffix(path, ".jpg") || aigc__path_has_suffix(path, ".jpeg");
    aigc__pixels_t pixels = {0};
    aigc__saver_t *saver = NULL;
    aigc_status_t status;
    AIGC__TRY(check_image(image));
    aigc_context_t *context = image->context;
    if (!is_png && !is_jpeg)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "%s: pictures are written as PNG or JPEG; expected a name that ends in .png, .jpg or .jpeg",
                          path);
    AIGC__GOTO(done, to_pixels(&pixels, image, is_jpeg));
    AIGC__GOTO(done, aigc__saver_begin(&saver, &context->memory, context->files, path));
    AIGC__GOTO(done, is_png ? aigc__png_write(saver, &context->memory, &pixels, compression)
                            : aigc__jpeg_write(saver, &context->memory, &pixels, quality));
    status = aigc__saver_commit(saver);
    saver = NULL;
done:
    aigc__saver_abort(saver);
    aigc__memory_free(&context->memory, pixels.data);
    return status;
}

aigc_status_t aigc__image_read(aigc_tensor_t **out, aigc_context_t *context, const char *path,
                               const aigc__pixel_request_t *request)
{
    aigc__source_t source = {0};
    aigc__pixels_t pixels = {0};
    aigc_tensor_t *image = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__source_open(&source, context->files, path));
    AIGC__GOTO(done, aigc__pixels_read(&pixels, &context->memory, &source, request));
    AIGC__GOTO(done, aigc__tensor_create_raw(&image, context, AIGC_DTYPE_U8, 4,
                                             (const int64_t[]){1, pixels.height, pixels.width, pixels.channels}));
    memcpy(image->data, pixels.data, image->bytes);
    *out = image;
done:
    aigc__source_close(&source);
    aigc__memory_free(&context->memory, pixels.data);
    return status;
}
