/* Tensors lent to and borrowed from other libraries in place: the records of DLPack 1.1 (dmlc/dlpack). */
#ifndef AIGC_TENSOR_DLPACK_H
#define AIGC_TENSOR_DLPACK_H

#include "tensor/storage.h"

enum { AIGC__DLPACK_MAJOR = 1, AIGC__DLPACK_MINOR = 1, AIGC__DLPACK_CPU = 1 };

enum {
    AIGC__DLPACK_INT = 0,
    AIGC__DLPACK_UINT = 1,
    AIGC__DLPACK_FLOAT = 2,
    AIGC__DLPACK_BFLOAT = 4,
    AIGC__DLPACK_BOOL = 6
};

enum { AIGC__DLPACK_READ_ONLY = 1, AIGC__DLPACK_COPIED = 2 }; /* flags */

typedef struct aigc__dlpack_tensor {
    void *data;
    struct {
        int32_t type, id;
    } device;
    int32_t rank;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape, *strides; /* strides in elements; NULL: dense and row-major */
    uint64_t byte_offset;     /* of the first element from `data` */
} aigc__dlpack_tensor_t;

/* Major version 0, which does not tell its version. */
typedef struct aigc__dlpack {
    aigc__dlpack_tensor_t tensor;
    void *manager;
    void (*deleter)(struct aigc__dlpack *self);
} aigc__dlpack_t;

typedef struct aigc__dlpack_versioned {
    struct {
        uint32_t major, minor;
    } version;
    void *manager;
    void (*deleter)(struct aigc__dlpack_versioned *self);
    uint64_t flags;
    aigc__dlpack_tensor_t tensor;
} aigc__dlpack_versioned_t;

/* As aigc_tensor_to_dlpack() and aigc_tensor_from_dlpack() say. */
aigc_status_t aigc__tensor_to_dlpack(void **out, aigc_tensor_t *tensor, uint32_t major);
aigc_status_t aigc__tensor_from_dlpack(aigc_tensor_t **out, aigc_context_t *context, void *managed, uint32_t major,
                                       int32_t copy);

#endif
