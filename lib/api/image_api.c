#include "api/call.h"
#include "api/verb_tables.h"
#include "data/transform.h"
#include <aigc/image.h>

static aigc_status_t read_image(aigc_tensor_t **out, aigc_context_t *context, const char *path,
                                const aigc_options_t *options)
{
    aigc__image_read_options_t given;
    aigc__pixel_request_t request;
    const aigc__option_group_t group = aigc__verb_group("image-read", &given);
    AIGC__TRY(aigc__options_resolve(options, "image-read", &group, 1));
    if (given.channels == 2)
        return aigc__fail(AIGC_ERROR_OPTION, "option channels: pictures have 1, 3 or 4 channels, not 2");
    request.channels = given.channels;
    AIGC__TRY(aigc__parse_background(request.background, given.background));
    return aigc__image_read(out, context, path, &request);
}

aigc_status_t aigc_image_read(aigc_tensor_t **out, aigc_context_t *context, const char *path,
                              const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, read_image(out, context, path, options));
}

/* Every other call: a picture, a place for the result, options, and the way in. */
static aigc_status_t begin(aigc__call_t *call, const aigc_tensor_t *images, const char *argument, const void *result,
                           const char *result_argument, const aigc_options_t *options)
{
    AIGC__TRY(aigc__check_pointer(result, result_argument));
    AIGC__TRY(aigc__check_handle(images, AIGC__TENSOR, argument));
    AIGC__TRY(aigc__check_options(options));
    return aigc__call_begin(call, images->context);
}

static aigc_status_t write_image(const aigc_tensor_t *image, const char *path, const aigc_options_t *options)
{
    aigc__image_write_options_t given;
    const aigc__option_group_t group = aigc__verb_group("image-write", &given);
    AIGC__TRY(aigc__options_resolve(options, "image-write", &group, 1));
    return aigc__image_write(image, path, (int)given.quality, (int)given.compression);
}

aigc_status_t aigc_image_write(const aigc_tensor_t *image, const char *path, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, image, "image", path, "path", options));
    return aigc__call_end(&call, write_image(image, path, options));
}

static aigc_status_t grid_options(const aigc__image_grid_options_t *given, aigc__grid_options_t *out)
{
    if (given->value_range.n != 0 && given->value_range.n != 2)
        return aigc__fail(AIGC_ERROR_OPTION, "option value_range: give two numbers, low,high");
    const bool has_range = given->value_range.n == 2;
    *out = (aigc__grid_options_t){given->columns,
                                  given->padding,
                                  given->pad_value,
                                  given->normalize != 0,
                                  has_range ? given->value_range.values[0] : 0,
                                  has_range ? given->value_range.values[1] : 0};
    return AIGC_OK;
}

static aigc_status_t make_grid(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options)
{
    aigc__image_grid_options_t given;
    aigc__grid_options_t grid;
    const aigc__option_group_t group = aigc__verb_group("image-grid", &given);
    AIGC__TRY(aigc__options_resolve(options, "image-grid", &group, 1));
    AIGC__TRY(grid_options(&given, &grid));
    return aigc__image_grid(out, images, &grid);
}

aigc_status_t aigc_image_grid(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, images, "images", out, "out", options));
    return aigc__call_end(&call, make_grid(out, images, options));
}

static aigc_status_t write_grid(const aigc_tensor_t *images, const char *path, const aigc_options_t *options)
{
    aigc__image_grid_options_t given;
    aigc__image_write_options_t write;
    aigc__grid_options_t grid;
    aigc_tensor_t *sheet = NULL;
    const aigc__option_group_t groups[] = {aigc__verb_group("image-grid", &given),
                                           aigc__verb_group("image-write", &write)};
    AIGC__TRY(aigc__options_resolve(options, "image-grid", groups, 2));
    AIGC__TRY(grid_options(&given, &grid));
    AIGC__TRY(aigc__image_grid(&sheet, images, &grid));
    const aigc_status_t status = aigc__image_write(sheet, path, (int)write.quality, (int)write.compression);
    aigc__tensor_release(sheet);
    return status;
}

aigc_status_t aigc_image_write_grid(const aigc_tensor_t *images, const char *path, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, images, "images", path, "path", options));
    return aigc__call_end(&call, write_grid(images, path, options));
}

static aigc_status_t resize(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options)
{
    aigc__image_resize_options_t given;
    const aigc__option_group_t group = aigc__verb_group("image-resize", &given);
    AIGC__TRY(aigc__options_resolve(options, "image-resize", &group, 1));
    return aigc__image_resize(out, images, given.height, given.width, (aigc__filter_t)given.filter);
}

aigc_status_t aigc_image_resize(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, images, "images", out, "out", options));
    return aigc__call_end(&call, resize(out, images, options));
}

static aigc_status_t write_animation(const aigc_tensor_t *images, const char *path, const aigc_options_t *options)
{
    aigc__animation_write_options_t given;
    const aigc__option_group_t group = aigc__verb_group("animation-write", &given);
    AIGC__TRY(aigc__options_resolve(options, "animation-write", &group, 1));
    return aigc__animation_write(images, path, given.frames_per_second, given.loops, (int)given.compression);
}

aigc_status_t aigc_animation_write(const aigc_tensor_t *images, const char *path, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, images, "images", path, "path", options));
    return aigc__call_end(&call, write_animation(images, path, options));
}
