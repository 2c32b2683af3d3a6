/* aigc_tensor_t from the inside: a counted reference to dense numbers. */
#ifndef AIGC_TENSOR_STORAGE_H
#define AIGC_TENSOR_STORAGE_H

#include "base/runtime.h"
#include <aigc/tensor.h>

struct aigc_tensor {
    uint32_t kind;
    _Atomic uint32_t references;
    aigc_context_t *context; /* retained */
    aigc_dtype_t dtype;
    uint32_t rank;
    int64_t shape[AIGC_MAX_RANK];
    size_t count, bytes;
    void *data;
    aigc_tensor_t *owner; /* a view keeps the tensor it looks into; NULL otherwise */
    aigc_release_fn release; /* wrapped memory only */
    void *release_user;
    bool owned; /* data came from the context's memory */
};

/* Bytes of one element; 0 for no dtype. Name: "f32". Type: as NumPy's array interface writes it, "<f4". */
size_t aigc__dtype_bytes(aigc_dtype_t dtype);
const char *aigc__dtype_name(aigc_dtype_t dtype);
const char *aigc__dtype_type(aigc_dtype_t dtype);

/* Zeroed. */
aigc_status_t aigc__tensor_create(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                  const int64_t *shape);
/* Contents undefined: for who writes every element. */
aigc_status_t aigc__tensor_create_raw(aigc_tensor_t **out, aigc_context_t *context, aigc_dtype_t dtype, size_t rank,
                                      const int64_t *shape);
aigc_status_t aigc__tensor_wrap(aigc_tensor_t **out, aigc_context_t *context, void *data, aigc_dtype_t dtype, size_t rank,
                                const int64_t *shape, aigc_release_fn release, void *user);
/* A tensor over part of another's elements: `first` counts elements; keeps `owner`. */
aigc_status_t aigc__tensor_view(aigc_tensor_t **out, aigc_tensor_t *owner, size_t first, size_t rank, const int64_t *shape);
void aigc__tensor_retain(aigc_tensor_t *tensor);
void aigc__tensor_release(aigc_tensor_t *tensor);

aigc_status_t aigc__tensor_convert(aigc_tensor_t **out, const aigc_tensor_t *tensor, aigc_dtype_t dtype);
/* Raw elements: `n` from one dtype to another by the rules of aigc_tensor_convert(). */
void aigc__convert(const struct aigc__kernels *kernels, void *to, aigc_dtype_t to_dtype, const void *from,
                   aigc_dtype_t from_dtype, size_t n);

/* "[3,64,64]" into buffer (96 bytes); returns it. For messages. */
const char *aigc__shape_text(char *buffer, size_t rank, const int64_t *shape);

/* AIGC_ERROR_ARGUMENT unless images are [N,H,W,C] u8 or f32 (C 1, 3 or 4; `argument` names it). */
aigc_status_t aigc__check_images(const aigc_tensor_t *images, const char *argument);

#endif
