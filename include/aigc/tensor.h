/* Tensors: counted references to dense row-major numbers, up to six dimensions. */
#ifndef AIGC_TENSOR_H
#define AIGC_TENSOR_H

#include <aigc/context.h>

AIGC_BEGIN_DECLS

typedef struct aigc_tensor aigc_tensor_t;

typedef int32_t aigc_dtype_t;

enum {
    AIGC_DTYPE_F32 = 1,
    AIGC_DTYPE_F16 = 2,
    AIGC_DTYPE_BF16 = 3,
    AIGC_DTYPE_U8 = 4,
    AIGC_DTYPE_I32 = 5,
    AIGC_DTYPE_I64 = 6
};

enum { AIGC_MAX_RANK = 6 };

/** Called once when the last reference to wrapped memory goes; from the thread that lets it go. */
typedef void (*aigc_release_fn)(void *data, void *user);

/** A tensor of zeros, its data aligned to 64 bytes.
 *  @param rank   0..6 (0: one number, `shape` may be NULL)
 *  @param shape  each 0..2^31-1
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT; AIGC_ERROR_LIMIT; AIGC_ERROR_MEMORY
 *  The caller owns one reference. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_create(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                          const int64_t *shape);

/** A tensor over the caller's memory, dense and row-major, aligned at least to its element.
 *  @param release  called with `data` and `user` when the last reference goes; may be NULL. On
 *                  failure it is not called. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_wrap(aigc_tensor_t **out, aigc_context_t *context, void *data, aigc_dtype_t dtype,
                                        size_t rank, const int64_t *shape, aigc_release_fn release, void *user);

/** One more reference / one fewer; the last one frees. NULL is fine. Any thread. Since 0.1. */
AIGC_API void aigc_tensor_retain(aigc_tensor_t *tensor);
AIGC_API void aigc_tensor_release(aigc_tensor_t *tensor);

/** The elements, borrowed while a reference is held; NULL for a bad handle. Since 0.1. */
AIGC_API void *aigc_tensor_data(aigc_tensor_t *tensor);

/** Shape, borrowed while a reference is held. Either pointer may be NULL. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_shape(const aigc_tensor_t *tensor, size_t *rank, const int64_t **shape);

/** Element type, element count and size in bytes. Any pointer may be NULL. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_info(const aigc_tensor_t *tensor, aigc_dtype_t *dtype, uint64_t *count,
                                        uint64_t *bytes);

/** A new tensor of another element type. To u8 from a floating type: 0..1 becomes 0..255, clamped
 *  and rounded half up, NaN becomes 0; from u8 to a floating type: times 1/255. Between others:
 *  the nearest value, ties to even, integers clamped to the target's range, NaN to 0. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_convert(aigc_tensor_t **out, const aigc_tensor_t *tensor, aigc_dtype_t dtype);

/** Read a `.npy` file, or one tensor `name` of a `.safetensors` file (found by content, not by
 *  suffix; `name` may be NULL when the file holds one).
 *  @return AIGC_OK; AIGC_ERROR_IO; AIGC_ERROR_CORRUPT; AIGC_ERROR_UNSUPPORTED (a dtype tensors do not have);
 *          AIGC_ERROR_NOT_FOUND; AIGC_ERROR_ARGUMENT: several tensors and no name; AIGC_ERROR_MEMORY; AIGC_ERROR_LIMIT. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_read(aigc_tensor_t **out, aigc_context_t *context, const char *path, const char *name);

/** Write a `.npy` or `.safetensors` file by the path's suffix, whole or not at all (`name` is the
 *  safetensors entry, NULL means "tensor"). Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_write(const aigc_tensor_t *tensor, const char *path, const char *name);

AIGC_END_DECLS

#endif
