#include "tensor/storage.h"
#include "base/sizes.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t aigc__dtype_bytes(aigc_dtype_t dtype)
{
    switch (dtype) {
    case AIGC_DTYPE_U8: return 1;
    case AIGC_DTYPE_F16:
    case AIGC_DTYPE_BF16: return 2;
    case AIGC_DTYPE_F32:
    case AIGC_DTYPE_I32: return 4;
    case AIGC_DTYPE_I64: return 8;
    default: return 0;
    }
}

const char *aigc__dtype_name(aigc_dtype_t dtype)
{
    static const char *const names[] = {"f32", "f16", "bf16", "u8", "i32", "i64"};
    return dtype >= AIGC_DTYPE_F32 && dtype <= AIGC_DTYPE_I64 ? names[dtype - AIGC_DTYPE_F32] : "?";
}

const char *aigc__dtype_type(aigc_dtype_t dtype)
{
    static const char *const types[] = {"<f4", "<f2", "<V2", "|u1", "<i4", "<i8"};
    return dtype >= AIGC_DTYPE_F32 && dtype <= AIGC_DTYPE_I64 ? types[dtype - AIGC_DTYPE_F32] : "?";
}

/* A tensor without data. */
static aigc_status_t create_empty(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                  const int64_t *shape)
{
    const size_t element = aigc__dtype_bytes(dtype);
    size_t count = 0, bytes = 0;
    void *block = NULL;
    if (element == 0) return aigc__fail(AIGC_ERROR_ARGUMENT, "%" PRId32 " is no element type", dtype);
    AIGC__TRY(aigc__shape_count(rank, shape, &count));
    AIGC__TRY(aigc__bytes_of(count, element, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc_tensor_t), &block));
    aigc_tensor_t *tensor = block;
    tensor->kind = AIGC__TENSOR;
    atomic_init(&tensor->references, 1);
    aigc__context_retain(context);
    tensor->context = context;
    tensor->dtype = dtype;
    tensor->rank = (uint32_t)rank;
    if (rank) memcpy(tensor->shape, shape, rank * sizeof shape[0]);
    tensor->count = count;
    tensor->bytes = bytes;
    *out = tensor;
    return AIGC_OK;
}

aigc_status_t aigc__tensor_create_raw(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                      const int64_t *shape)
{
    aigc_tensor_t *tensor = NULL;
    AIGC__TRY(create_empty(&tensor, context, dtype, rank, shape));
    const aigc_status_t status = aigc__memory_alloc(&context->memory, tensor->bytes, &tensor->data);
    if (status != AIGC_OK) {
        aigc__tensor_release(tensor);
        return status;
    }
    tensor->owned = true;
    *out = tensor;
    return AIGC_OK;
}

aigc_status_t aigc__tensor_create(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                  const int64_t *shape)
{
    AIGC__TRY(aigc__tensor_create_raw(out, context, dtype, rank, shape));
    memset((*out)->data, 0, (*out)->bytes);
    return AIGC_OK;
}

aigc_status_t aigc__tensor_wrap(aigc_tensor_t **out, aigc_context_t *context, void *data, aigc_dtype_t dtype, size_t rank,
                                const int64_t *shape, aigc_release_fn release, void *user)
{
    aigc_tensor_t *tensor = NULL;
    AIGC__TRY(create_empty(&tensor, context, dtype, rank, shape));
    aigc_status_t status = AIGC_OK;
    if (!data && tensor->count > 0)
        status = aigc__fail(AIGC_ERROR_ARGUMENT, "the memory to wrap is NULL; expected %zu bytes", tensor->bytes);
    else if ((uintptr_t)data % aigc__dtype_bytes(dtype) != 0)
        status = aigc__fail(AIGC_ERROR_ARGUMENT, "the memory to wrap is not aligned to its elements of %zu bytes",
                            aigc__dtype_bytes(dtype));
    if (status != AIGC_OK) {
        aigc__tensor_release(tensor);
        return status;
    }
    tensor->data = data;
    tensor->release = release;
    tensor->release_user = user;
    *out = tensor;
    return AIGC_OK;
}

aigc_status_t aigc__tensor_view(aigc_tensor_t **out, aigc_tensor_t *owner, size_t first, size_t rank, const int64_t *shape)
{
    size_t count = 0;
    AIGC__TRY(aigc__shape_count(rank, shape, &count));
    if (first > owner->count || count > owner->count - first)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "a view of %zu elements from element %zu of a tensor of %zu", count, first,
                          owner->count);
    aigc_tensor_t *tensor = NULL;
    AIGC__TRY(create_empty(&tensor, owner->context, owner->dtype, rank, shape));
    /* A wrapped tensor of no elements may have no memory. */
    tensor->data = owner->data ? (uint8_t *)owner->data + first * aigc__dtype_bytes(owner->dtype) : NULL;
    /* Views of views hold the one at the bottom, so that letting go never recurses deeper than once. */
    tensor->owner = owner->owner ? owner->owner : owner;
    aigc__tensor_retain(tensor->owner);
    *out = tensor;
    return AIGC_OK;
}

void aigc__tensor_retain(aigc_tensor_t *tensor)
{
    if (tensor) atomic_fetch_add_explicit(&tensor->references, 1, memory_order_relaxed);
}

void aigc__tensor_release(aigc_tensor_t *tensor)
{
    if (!tensor || atomic_fetch_sub_explicit(&tensor->references, 1, memory_order_acq_rel) != 1) return;
    aigc_context_t *context = tensor->context;
    if (tensor->release) tensor->release(tensor->data, tensor->release_user);
    if (tensor->owned) aigc__memory_free(&context->memory, tensor->data);
    aigc__tensor_release(tensor->owner);
    tensor->kind = AIGC__DEAD;
    aigc__memory_free(&context->memory, tensor);
    aigc__context_release(context);
}

const char *aigc__shape_text(char *buffer, size_t rank, const int64_t *shape)
{
    enum { SIZE = 96 };
    size_t at = 0;
    buffer[at++] = '[';
    for (size_t i = 0; i < rank && at < SIZE - 1; i++) {
        const int n = snprintf(buffer + at, SIZE - at, "%s%" PRId64, i ? "," : "", shape[i]);
        at = at + (size_t)n < SIZE - 1 ? at + (size_t)n : SIZE - 2;
    }
    buffer[at] = ']';
    buffer[at + 1] = '\0';
    return buffer;
}

aigc_status_t aigc__check_images(const aigc_tensor_t *images, const char *argument)
{
    char text[96];
    AIGC__TRY(aigc__check_handle(images, AIGC__TENSOR, argument));
    const bool is_pixel = images->dtype == AIGC_DTYPE_U8 || images->dtype == AIGC_DTYPE_F32;
    const int64_t channels = images->rank == 4 ? images->shape[3] : 0;
    if (is_pixel && (channels == 1 || channels == 3 || channels == 4)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT, "argument '%s' is %s %s; expected images u8 or f32 [N,H,W,C] with C 1, 3 or 4", argument,
                      aigc__dtype_name(images->dtype), aigc__shape_text(text, images->rank, images->shape));
}
