#include "api/call.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "formats/weight_files.h"
#include "tensor/array_copy.h"
#include "tensor/dlpack.h"
#include <inttypes.h>
#include <string.h>

aigc_status_t aigc_dtype_info(aigc_dtype_t dtype, const char **name, size_t *bytes, const char **type)
{
    if (aigc__dtype_bytes(dtype) == 0)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no element type number %" PRId32, dtype);
    if (name) *name = aigc__dtype_name(dtype);
    if (bytes) *bytes = aigc__dtype_bytes(dtype);
    if (type) *type = aigc__dtype_type(dtype);
    return AIGC_OK;
}

aigc_status_t aigc_tensor_create(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                 const int64_t *shape)
{
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_context(context, "context"));
    return aigc__tensor_create(out, context, dtype, rank, shape);
}

aigc_status_t aigc_tensor_wrap(aigc_tensor_t **out, aigc_context_t *context, void *data, aigc_dtype_t dtype,
                               size_t rank, const int64_t *shape, aigc_release_fn release, void *user)
{
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_context(context, "context"));
    return aigc__tensor_wrap(out, context, data, dtype, rank, shape, release, user);
}

static aigc_status_t copy(aigc_tensor_t **out, aigc_context_t *context, const void *data, const char *type, size_t rank,
                          const int64_t *shape, const int64_t *strides)
{
    aigc__array_t array = {.data = data, .rank = rank, .shape = shape, .strides = strides};
    if (!aigc__element_parse(type, strlen(type), &array.element, &array.is_big_endian) ||
        aigc__element_info(array.element)->dtype == 0)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "elements of type '%.32s' are none that tensors can hold", type);
    return aigc__array_copy(out, context, &array);
}

aigc_status_t aigc_tensor_copy(aigc_tensor_t **out, aigc_context_t *context, const void *data, const char *type,
                               size_t rank, const int64_t *shape, const int64_t *strides)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(type, "type"));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, copy(out, context, data, type, rank, shape, strides));
}

aigc_status_t aigc_tensor_view(aigc_tensor_t **out, aigc_tensor_t *tensor, uint64_t first, size_t rank,
                               const int64_t *shape)
{
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
    /* Past any element there can be, whatever the width of size_t. */
    return aigc__tensor_view(out, tensor, first < SIZE_MAX ? (size_t)first : SIZE_MAX, rank, shape);
}

void aigc_tensor_retain(aigc_tensor_t *tensor)
{
    if (tensor && aigc__check_handle(tensor, AIGC__TENSOR, "tensor") == AIGC_OK) aigc__tensor_retain(tensor);
}

void aigc_tensor_release(aigc_tensor_t *tensor)
{
    if (tensor && aigc__check_handle(tensor, AIGC__TENSOR, "tensor") == AIGC_OK) aigc__tensor_release(tensor);
}

void *aigc_tensor_data(aigc_tensor_t *tensor)
{
    return aigc__check_handle(tensor, AIGC__TENSOR, "tensor") == AIGC_OK ? tensor->data : NULL;
}

aigc_status_t aigc_tensor_shape(const aigc_tensor_t *tensor, size_t *rank, const int64_t **shape)
{
    AIGC__TRY(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
    if (rank) *rank = tensor->rank;
    if (shape) *shape = tensor->shape;
    return AIGC_OK;
}

aigc_status_t aigc_tensor_info(const aigc_tensor_t *tensor, aigc_dtype_t *dtype, uint64_t *count, uint64_t *bytes)
{
    AIGC__TRY(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
    if (dtype) *dtype = tensor->dtype;
    if (count) *count = tensor->count;
    if (bytes) *bytes = tensor->bytes;
    return AIGC_OK;
}

aigc_status_t aigc_tensor_convert(aigc_tensor_t **out, const aigc_tensor_t *tensor, aigc_dtype_t dtype)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
    AIGC__TRY(aigc__call_begin(&call, tensor->context));
    return aigc__call_end(&call, aigc__tensor_convert(out, tensor, dtype));
}

aigc_status_t aigc_tensor_to_dlpack(void **out, aigc_tensor_t *tensor, uint32_t major)
{
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
    return aigc__tensor_to_dlpack(out, tensor, major);
}

aigc_status_t aigc_tensor_from_dlpack(aigc_tensor_t **out, aigc_context_t *context, void *managed, uint32_t major,
                                      int32_t copy)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(managed, "managed"));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, aigc__tensor_from_dlpack(out, context, managed, major, copy));
}

/* ---- files ---- */

static aigc_status_t read_file(aigc_tensor_t **out, aigc_context_t *context, const char *path, const char *name)
{
    aigc_weights_t *weights = NULL;
    AIGC__TRY(aigc__weights_open(&weights, context, path));
    const bool is_npy = weights->format == &aigc__weights_npy; /* its array has no name of its own */
    const aigc_status_t status = aigc__weights_read_named(out, weights, is_npy ? NULL : name, 0);
    aigc__weights_free(weights);
    return status;
}

aigc_status_t aigc_tensor_read(aigc_tensor_t **out, aigc_context_t *context, const char *path, const char *name)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, read_file(out, context, path, name));
}

static aigc_status_t write_contents(aigc__saver_t *saver, const aigc_tensor_t *tensor, const char *name, bool is_npy)
{
    const aigc__safetensors_part_t part = {name ? name : "tensor", tensor->dtype, tensor->rank, tensor->shape,
                                           tensor->data,           tensor->dtype, NULL};
    return is_npy ? aigc__npy_write(saver, tensor) : aigc__safetensors_write(saver, tensor->context, &part, 1, NULL, 0);
}

static aigc_status_t write_file(const aigc_tensor_t *tensor, const char *path, const char *name)
{
    const bool is_npy = aigc__path_has_suffix(path, ".npy");
    aigc__saver_t *saver = NULL;
    if (!is_npy && !aigc__path_has_suffix(path, ".safetensors"))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "'%s': tensors are written as .npy or .safetensors", path);
    AIGC__TRY(aigc__saver_begin(&saver, &tensor->context->memory, tensor->context->files, path));
    const aigc_status_t status = write_contents(saver, tensor, name, is_npy);
    if (status == AIGC_OK) return aigc__saver_commit(saver);
    aigc__saver_abort(saver);
    return status;
}

aigc_status_t aigc_tensor_write(const aigc_tensor_t *tensor, const char *path, const char *name)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(aigc__call_begin(&call, tensor->context));
    return aigc__call_end(&call, write_file(tensor, path, name));
}
