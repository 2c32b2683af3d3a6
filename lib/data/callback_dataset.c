/* Kind "callback": pictures that a function of the host program makes. */
#include "base/sizes.h"
#include "data/pictures.h"
#include <inttypes.h>
#include <string.h>

typedef struct callback {
    aigc_dataset_fn fn;
    void *user;
} callback_t;

typedef struct callback_options {
    int64_t classes, background;
} callback_options_t;

enum { ROWS = 2 };
static const aigc__option_t rows[ROWS] = {
    {"classes", AIGC__OPTION_INT, offsetof(callback_options_t, classes), "0", 0, AIGC__MAX_CLASSES, NULL,
     "number of classes of the labels (0: no labels)"},
    {"background", AIGC__OPTION_BOOL, offsetof(callback_options_t, background), "true", 0, 0, NULL,
     "pictures may be asked for from a background thread while a training runs"},
};

/* Pixels start as zeros: what the function leaves out is black, not what was there before. */
static aigc_status_t fetch_callback(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    const callback_t *callback = dataset->implementation;
    memset(pixels, 0, aigc__dataset_bytes(dataset));
    const int32_t answer = callback->fn(pixels, label, index, callback->user);
    if (answer != 0)
        return aigc__fail(AIGC_ERROR_CANCELLED, "the dataset's callback answered %" PRId32 " for picture %" PRIu64,
                          answer, index);
    if (dataset->classes == 0 && *label != 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "the dataset's callback gave label %" PRId64 " for picture %" PRIu64
                          ", but option 'classes' says that there are none",
                          *label, index);
    if (*label < 0 || (dataset->classes > 0 && *label >= dataset->classes))
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "the dataset's callback gave label %" PRId64 " for picture %" PRIu64 "; expected 0..%" PRId64,
                          *label, index, dataset->classes - 1);
    return AIGC_OK;
}

static void close_callback(aigc_dataset_t *dataset)
{
    aigc__memory_free(&dataset->context->memory, dataset->implementation);
}

const aigc__dataset_kind_t aigc__dataset_kind_callback = {.name = "callback",
                                                          .help = "pictures made by a function of the host program",
                                                          .options = rows,
                                                          .n_options = ROWS,
                                                          .fetch = fetch_callback,
                                                          .close = close_callback};

static aigc_status_t check_shape(const int64_t *shape)
{
    char text[96];
    size_t count;
    const bool is_image =
        shape[0] > 0 && shape[1] > 0 && shape[2] > 0 && (shape[3] == 1 || shape[3] == 3 || shape[3] == 4);
    if (!is_image)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "argument 'shape' is %s; expected count, height, width and 1, 3 or 4 channels",
                          aigc__shape_text(text, 4, shape));
    return aigc__shape_count(3, shape + 1, &count);
}

static aigc_status_t fill_callback(aigc_dataset_t *dataset, const int64_t *shape, aigc_dataset_fn fn, void *user,
                                   const callback_options_t *options)
{
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(&dataset->context->memory, sizeof(callback_t), &block));
    dataset->implementation = block;
    *(callback_t *)block = (callback_t){fn, user};
    dataset->count = (uint64_t)shape[0];
    dataset->height = shape[1];
    dataset->width = shape[2];
    dataset->channels = shape[3];
    dataset->callers_thread = !options->background;
    return options->classes > 0 ? aigc__dataset_number_classes(dataset, options->classes, "callback") : AIGC_OK;
}

aigc_status_t aigc__dataset_create_callback(aigc_dataset_t **out, aigc_context_t *context, const int64_t *shape,
                                            aigc_dataset_fn fn, void *user, const aigc_options_t *options)
{
    aigc_dataset_t *dataset = NULL;
    callback_options_t given;
    const aigc__option_group_t group = {rows, ROWS, &given};
    AIGC__TRY(aigc__options_resolve(options, "dataset callback", &group, 1));
    AIGC__TRY(check_shape(shape));
    AIGC__TRY(aigc__dataset_new(&dataset, context, &aigc__dataset_kind_callback));
    const aigc_status_t status = fill_callback(dataset, shape, fn, user, &given);
    if (status != AIGC_OK) {
        aigc__dataset_release(dataset);
        return status;
    }
    *out = dataset;
    return AIGC_OK;
}
