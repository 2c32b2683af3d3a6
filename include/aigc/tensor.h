/** @file
 *  Tensors: counted references to dense row-major numbers, up to six dimensions. */
#ifndef AIGC_TENSOR_H
#define AIGC_TENSOR_H

#include <aigc/context.h>

AIGC_BEGIN_DECLS

/** A counted reference to numbers; made by aigc_tensor_create() and its siblings. */
typedef struct aigc_tensor aigc_tensor_t;

/** Element type, one of the numbers below. */
typedef int32_t aigc_dtype_t;

/** Element types. Numbers never change. */
enum {
    AIGC_DTYPE_F32 = 1,  /**< IEEE single */
    AIGC_DTYPE_F16 = 2,  /**< IEEE half */
    AIGC_DTYPE_BF16 = 3, /**< the upper half of an IEEE single */
    AIGC_DTYPE_U8 = 4,   /**< pictures: 0..255 */
    AIGC_DTYPE_I32 = 5,  /**< whole numbers */
    AIGC_DTYPE_I64 = 6   /**< whole numbers; labels */
};

/** Limits of tensors. */
enum {
    AIGC_MAX_RANK = 6 /**< most dimensions */
};

/** What a number of the list above stands for; any pointer may be NULL.
 *  @param name   "f32", static
 *  @param bytes  of one element
 *  @param type   as NumPy's array interface writes it on this machine, "<f4"; "<V2" for bf16, which it does not know
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND: no such number. Any thread. Since 0.1. */
AIGC_API aigc_status_t aigc_dtype_info(aigc_dtype_t dtype, const char **name, size_t *bytes, const char **type);

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

/** A new tensor with the numbers of an array of any layout. What tensors cannot hold becomes the nearest they can:
 *  f8 becomes f32; u2, u4, i1, i2 and booleans become i32 or i64, u8 i64.
 *  @param type     element type as NumPy's array interface writes it: byte order ('<', '>', '|' or '='), kind ('f',
 *                  'i', 'u', 'b') and bytes, such as "<f8"; also each type that aigc_dtype_info() tells
 *  @param strides  bytes from one element to the next along each dimension, also 0 or negative; NULL: dense and
 *                  row-major. `data` is the first element, which need not be aligned.
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT; AIGC_ERROR_UNSUPPORTED: no such type here, or a number too large for i64;
 *          AIGC_ERROR_LIMIT; AIGC_ERROR_MEMORY
 *  Keeps nothing of `data`. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_copy(aigc_tensor_t **out, aigc_context_t *context, const void *data,
                                        const char *type, size_t rank, const int64_t *shape, const int64_t *strides);

/** A tensor over part of another's elements, in its memory: a row, a slice of the first axis, another shape.
 *  @param first  of the elements, counted from 0; all of the view's must lie in `tensor`
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT; AIGC_ERROR_MEMORY
 *  The memory lives until the last of its tensors is released. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_view(aigc_tensor_t **out, aigc_tensor_t *tensor, uint64_t first, size_t rank,
                                        const int64_t *shape);

/** One more reference. NULL is fine. Any thread. Since 0.1. */
AIGC_API void aigc_tensor_retain(aigc_tensor_t *tensor);

/** One reference fewer; the last one frees. NULL is fine. Any thread. Since 0.1. */
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

/** Lend the elements to another library by DLPack (dmlc/dlpack, dlpack.h 1.1), without copying.
 *  @param out    a DLManagedTensor (`major` 0) or DLManagedTensorVersioned (`major` 1) for the borrower, who calls its
 *                deleter once, from any thread
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT; AIGC_ERROR_UNSUPPORTED: another `major`; AIGC_ERROR_MEMORY
 *  The tensor lives until then. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_to_dlpack(void **out, aigc_tensor_t *tensor, uint32_t major);

/** Borrow another library's elements by DLPack: without copying where they are writable CPU memory, aligned, dense,
 *  row-major and of a type that tensors have, otherwise (and `copy` allowing) by a copy as aigc_tensor_copy() makes it.
 *  @param managed  a DLManagedTensor (`major` 0) or DLManagedTensorVersioned (`major` 1). Taken on success: its deleter
 *                  is called once, when the last reference to the tensor goes or right after copying. On failure it
 *                  is still the caller's.
 *  @param copy     0: never, AIGC_ERROR_UNSUPPORTED where it would be needed; 1: where needed; 2: always
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT; AIGC_ERROR_UNSUPPORTED: not CPU memory, a type tensors cannot hold;
 *          AIGC_ERROR_LIMIT; AIGC_ERROR_MEMORY. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_from_dlpack(aigc_tensor_t **out, aigc_context_t *context, void *managed,
                                               uint32_t major, int32_t copy);

/** Read a `.npy` file, or one tensor `name` of any file that aigc_weights_open() reads (found by content, not by
 *  suffix; `name` may be NULL when the file holds one).
 *  @return AIGC_OK; AIGC_ERROR_IO; AIGC_ERROR_CORRUPT; AIGC_ERROR_UNSUPPORTED (a dtype tensors do not have);
 *          AIGC_ERROR_NOT_FOUND; AIGC_ERROR_ARGUMENT: several tensors and no name; AIGC_ERROR_MEMORY; AIGC_ERROR_LIMIT. Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_read(aigc_tensor_t **out, aigc_context_t *context, const char *path, const char *name);

/** Write a `.npy` or `.safetensors` file by the path's suffix, whole or not at all (`name` is the
 *  safetensors entry, NULL means "tensor"). Since 0.1. */
AIGC_API aigc_status_t aigc_tensor_write(const aigc_tensor_t *tensor, const char *path, const char *name);

AIGC_END_DECLS

#endif
