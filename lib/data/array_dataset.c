/* Kind "array": pictures in a tensor of the caller's. */
#include "data/pictures.h"
#include <inttypes.h>
#include <string.h>

typedef struct array {
    aigc_tensor_t *images, *labels; /* retained */
} array_t;

static int64_t label_at(const aigc_tensor_t *labels, size_t index)
{
    return labels->dtype == AIGC_DTYPE_I64 ? ((const int64_t *)labels->data)[index]
                                           : ((const int32_t *)labels->data)[index];
}

static aigc_status_t fetch_array(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    const array_t *array = dataset->implementation;
    const size_t bytes = aigc__dataset_bytes(dataset);
    memcpy(pixels, (const uint8_t *)array->images->data + (size_t)index * bytes, bytes);
    if (array->labels) *label = label_at(array->labels, (size_t)index);
    if (*label < 0 || (array->labels && *label >= dataset->classes))
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "label %" PRIu64 " is %" PRId64 " now; it was below %" PRId64 " when the dataset was made",
                          index, *label, dataset->classes);
    return AIGC_OK;
}

static void close_array(aigc_dataset_t *dataset)
{
    array_t *array = dataset->implementation;
    if (!array) return;
    aigc__tensor_release(array->images);
    aigc__tensor_release(array->labels);
    aigc__memory_free(&dataset->context->memory, array);
}

const aigc__dataset_kind_t aigc__dataset_kind_array = {
    .name = "array", .help = "pictures in a tensor", .fetch = fetch_array, .close = close_array};

static aigc_status_t check_labels(const aigc_tensor_t *labels, int64_t n, int64_t *classes)
{
    char text[96];
    const bool is_integer = labels->dtype == AIGC_DTYPE_I64 || labels->dtype == AIGC_DTYPE_I32;
    if (!is_integer || labels->rank != 1 || labels->shape[0] != n)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'labels' is %s %s; expected i64 or i32 [%" PRId64 "]",
                          aigc__dtype_name(labels->dtype), aigc__shape_text(text, labels->rank, labels->shape), n);
    *classes = 0;
    for (size_t i = 0; i < labels->count; i++) {
        const int64_t label = label_at(labels, i);
        if (label < 0 || label >= AIGC__MAX_CLASSES)
            return aigc__fail(AIGC_ERROR_ARGUMENT, "label %zu is %" PRId64 "; expected 0..%d", i, label,
                              AIGC__MAX_CLASSES - 1);
        if (label >= *classes) *classes = label + 1;
    }
    return AIGC_OK;
}

static aigc_status_t fill_array(aigc_dataset_t *dataset, aigc_tensor_t *images, aigc_tensor_t *labels)
{
    int64_t classes = 0;
    void *block;
    if (labels) AIGC__TRY(check_labels(labels, images->shape[0], &classes));
    AIGC__TRY(aigc__memory_alloc_zeroed(&dataset->context->memory, sizeof(array_t), &block));
    array_t *array = dataset->implementation = block;
    *array = (array_t){images, labels};
    aigc__tensor_retain(images);
    aigc__tensor_retain(labels);
    dataset->count = (uint64_t)images->shape[0];
    dataset->height = images->shape[1];
    dataset->width = images->shape[2];
    dataset->channels = images->shape[3];
    dataset->is_float = images->dtype == AIGC_DTYPE_F32;
    dataset->is_resident = true;
    return classes > 0 ? aigc__dataset_number_classes(dataset, classes, "labels") : AIGC_OK;
}

aigc_status_t aigc__dataset_create_array(aigc_dataset_t **out, aigc_context_t *context, aigc_tensor_t *images,
                                         aigc_tensor_t *labels, const aigc_options_t *options)
{
    aigc_dataset_t *dataset = NULL;
    AIGC__TRY(aigc__options_resolve(options, "dataset array", NULL, 0));
    AIGC__TRY(aigc__check_images(images, "images"));
    if (images->count == 0) return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'images' holds no pixels");
    AIGC__TRY(aigc__dataset_new(&dataset, context, &aigc__dataset_kind_array));
    const aigc_status_t status = fill_array(dataset, images, labels);
    if (status != AIGC_OK) {
        aigc__dataset_release(dataset);
        return status;
    }
    *out = dataset;
    return AIGC_OK;
}
