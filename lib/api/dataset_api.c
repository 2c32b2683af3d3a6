#include "api/call.h"
#include "data/pictures.h"

aigc_status_t aigc_dataset_create(aigc_dataset_t **out, aigc_context_t *context, const char *kind, const char *source,
                                  const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(kind, "kind"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, aigc__dataset_create(out, context, kind, source, options));
}

aigc_status_t aigc_dataset_create_array(aigc_dataset_t **out, aigc_context_t *context, aigc_tensor_t *images,
                                        aigc_tensor_t *labels, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_handle(images, AIGC__TENSOR, "images"));
    if (labels) AIGC__TRY(aigc__check_handle(labels, AIGC__TENSOR, "labels"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, aigc__dataset_create_array(out, context, images, labels, options));
}

aigc_status_t aigc_dataset_create_callback(aigc_dataset_t **out, aigc_context_t *context, const int64_t *shape,
                                           aigc_dataset_fn fn, void *user, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(shape, "shape"));
    if (fn == NULL) return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'fn' is NULL");
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, aigc__dataset_create_callback(out, context, shape, fn, user, options));
}

void aigc_dataset_free(aigc_dataset_t *dataset)
{
    if (dataset && aigc__check_handle(dataset, AIGC__DATASET, "dataset") == AIGC_OK) aigc__dataset_release(dataset);
}

/* The way in and out of calls that fetch pictures: a callback may free the dataset, which lives until end(). */
static aigc_status_t begin(aigc__call_t *call, aigc_dataset_t *dataset)
{
    AIGC__TRY(aigc__call_begin(call, dataset->context));
    aigc__dataset_retain(dataset);
    return AIGC_OK;
}

static aigc_status_t end(const aigc__call_t *call, aigc_dataset_t *dataset, aigc_status_t status)
{
    aigc__dataset_release(dataset);
    return aigc__call_end(call, status);
}

aigc_status_t aigc_dataset_split(aigc_dataset_t *dataset, double fraction, uint64_t seed, aigc_dataset_t **first,
                                 aigc_dataset_t **second)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_handle(dataset, AIGC__DATASET, "dataset"));
    AIGC__TRY(aigc__check_pointer(first, "first"));
    AIGC__TRY(aigc__check_pointer(second, "second"));
    AIGC__TRY(aigc__call_begin(&call, dataset->context));
    return aigc__call_end(&call, aigc__dataset_split(dataset, fraction, seed, first, second));
}

uint64_t aigc_dataset_count(const aigc_dataset_t *dataset)
{
    return aigc__check_handle(dataset, AIGC__DATASET, "dataset") == AIGC_OK ? dataset->count : 0;
}

aigc_status_t aigc_dataset_info(const aigc_dataset_t *dataset, int64_t *height, int64_t *width, int64_t *channels,
                                int64_t *classes)
{
    AIGC__TRY(aigc__check_handle(dataset, AIGC__DATASET, "dataset"));
    if (height) *height = dataset->height;
    if (width) *width = dataset->width;
    if (channels) *channels = dataset->channels;
    if (classes) *classes = dataset->classes;
    return AIGC_OK;
}

aigc_status_t aigc_dataset_class_name(const aigc_dataset_t *dataset, int64_t index, const char **name)
{
    AIGC__TRY(aigc__check_handle(dataset, AIGC__DATASET, "dataset"));
    AIGC__TRY(aigc__check_pointer(name, "name"));
    if (index < 0 || index >= dataset->classes)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no class %lld; the dataset has %lld", (long long)index,
                          (long long)dataset->classes);
    *name = dataset->class_names[index];
    return AIGC_OK;
}

static aigc_status_t check_indices(const aigc_dataset_t *dataset, const int64_t *indices, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (indices[k] < 0 || (uint64_t)indices[k] >= dataset->count)
            return aigc__fail(AIGC_ERROR_ARGUMENT, "index %lld is outside the dataset's 0..%llu", (long long)indices[k],
                              (unsigned long long)dataset->count - 1);
    return AIGC_OK;
}

static aigc_status_t batch(aigc_dataset_t *dataset, const int64_t *indices, size_t n, aigc_tensor_t **images,
                           aigc_tensor_t **labels)
{
    const int64_t shape[] = {(int64_t)n, dataset->height, dataset->width, dataset->channels};
    aigc_tensor_t *pictures = NULL, *classes = NULL;
    aigc_status_t status;
    AIGC__GOTO(fail, aigc__tensor_create_raw(&pictures, dataset->context, AIGC_DTYPE_F32, 4, shape));
    if (labels && dataset->classes)
        AIGC__GOTO(fail, aigc__tensor_create_raw(&classes, dataset->context, AIGC_DTYPE_I64, 1, shape));
    AIGC__GOTO(fail, aigc__dataset_fetch(dataset, (const uint64_t *)indices, n, pictures->data,
                                         classes ? classes->data : NULL));
    *images = pictures;
    if (labels) *labels = classes;
    return AIGC_OK;
fail:
    aigc__tensor_release(pictures);
    aigc__tensor_release(classes);
    return status;
}

aigc_status_t aigc_dataset_batch(aigc_dataset_t *dataset, const int64_t *indices, size_t n, aigc_tensor_t **images,
                                 aigc_tensor_t **labels)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_handle(dataset, AIGC__DATASET, "dataset"));
    AIGC__TRY(aigc__check_pointer(images, "images"));
    if (n > 0) AIGC__TRY(aigc__check_pointer(indices, "indices"));
    AIGC__TRY(check_indices(dataset, indices, n));
    AIGC__TRY(begin(&call, dataset));
    return end(&call, dataset, batch(dataset, indices, n, images, labels));
}

aigc_status_t aigc_dataset_export(aigc_dataset_t *dataset, const char *folder)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_handle(dataset, AIGC__DATASET, "dataset"));
    AIGC__TRY(aigc__check_pointer(folder, "folder"));
    AIGC__TRY(begin(&call, dataset));
    return end(&call, dataset, aigc__dataset_export(dataset, folder));
}
