/* Pictures of a tensor as the frames of an animated PNG. */
#include "data/transform.h"
#include "formats/apng.h"

static aigc_status_t check_frames(const aigc_tensor_t *images, const char *path)
{
    AIGC__TRY(aigc__check_images(images, "images"));
    if (images->count == 0) return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'images' holds no pixels");
    if (aigc__path_has_suffix(path, ".png") || aigc__path_has_suffix(path, ".apng")) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT,
                      "%s: animations are written as PNG; expected a name that ends in .png or .apng", path);
}

/* The fraction nearest to 1 / rate that 16 bits hold on both sides; 29.97 becomes 100 / 2997. */
static void find_delay(double rate, aigc__apng_recipe_t *recipe)
{
    double least = 1;
    for (int numerator = 1; numerator <= 1000; numerator++) {
        const double exact = numerator * rate, denominator = (double)(int64_t)(exact + 0.5);
        if (denominator < 1 || denominator > UINT16_MAX) continue;
        const double error = (exact > denominator ? exact - denominator : denominator - exact) / exact;
        if (error > least - 1e-9) continue; /* rounding alone is no reason for a longer fraction */
        least = error;
        recipe->delay_numerator = (uint16_t)numerator;
        recipe->delay_denominator = (uint16_t)denominator;
    }
}

/* `row` holds a picture where the tensor's own are not bytes. */
static const uint8_t *pixels_of(const aigc_tensor_t *images, size_t index, size_t size, uint8_t *row)
{
    if (images->dtype == AIGC_DTYPE_U8) return (const uint8_t *)images->data + index * size;
    aigc__convert(images->context->kernels, row, AIGC_DTYPE_U8, (const float *)images->data + index * size,
                  AIGC_DTYPE_F32, size);
    return row;
}

static aigc_status_t write_frames(aigc__apng_t *apng, const aigc_tensor_t *images)
{
    const size_t n = (size_t)images->shape[0], size = images->count / n;
    aigc_context_t *context = images->context;
    void *block = NULL;
    aigc_status_t status = AIGC_OK;
    if (images->dtype != AIGC_DTYPE_U8) AIGC__TRY(aigc__memory_alloc(&context->memory, size, &block));
    for (size_t i = 0; i < n && status == AIGC_OK; i++) {
        status = aigc__check_cancel(context);
        if (status == AIGC_OK) status = aigc__apng_frame(apng, pixels_of(images, i, size, block));
    }
    aigc__memory_free(&context->memory, block);
    return status;
}

aigc_status_t aigc__animation_write(const aigc_tensor_t *images, const char *path, double frames_per_second,
                                    int64_t loops, int compression)
{
    aigc__saver_t *saver = NULL;
    aigc__apng_t *apng = NULL;
    aigc_status_t status;
    AIGC__TRY(check_frames(images, path));
    aigc_context_t *context = images->context;
    aigc__apng_recipe_t recipe = {.height = images->shape[1],
                                  .width = images->shape[2],
                                  .channels = images->shape[3],
                                  .n_frames = images->shape[0],
                                  .loops = loops,
                                  .compression = compression};
    find_delay(frames_per_second, &recipe);
    AIGC__GOTO(done, aigc__saver_begin(&saver, &context->memory, context->files, path));
    AIGC__GOTO(done, aigc__apng_begin(&apng, saver, &context->memory, &recipe));
    AIGC__GOTO(done, write_frames(apng, images));
    AIGC__GOTO(done, aigc__apng_end(apng));
    status = aigc__saver_commit(saver);
    saver = NULL;
done:
    aigc__apng_free(apng);
    aigc__saver_abort(saver);
    return status;
}
