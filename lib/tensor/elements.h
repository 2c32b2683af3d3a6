/* Numbers as files and other programs hold them, and the way from there to the dtypes tensors have. */
#ifndef AIGC_TENSOR_ELEMENTS_H
#define AIGC_TENSOR_ELEMENTS_H

#include "tensor/storage.h"

typedef enum aigc__element {
    AIGC__ELEMENT_F64,
    AIGC__ELEMENT_F32,
    AIGC__ELEMENT_F16,
    AIGC__ELEMENT_BF16,
    AIGC__ELEMENT_I64,
    AIGC__ELEMENT_I32,
    AIGC__ELEMENT_I16,
    AIGC__ELEMENT_I8,
    AIGC__ELEMENT_U64,
    AIGC__ELEMENT_U32,
    AIGC__ELEMENT_U16,
    AIGC__ELEMENT_U8,
    AIGC__ELEMENT_BOOL,
    AIGC__ELEMENT_C64,
    AIGC__ELEMENT_F8_E4M3,
    AIGC__ELEMENT_F8_E5M2,
    AIGC__ELEMENT_F8_E8M0,
    AIGC__ELEMENT_F8_E4M3FNUZ,
    AIGC__ELEMENT_F8_E5M2FNUZ,
    AIGC__ELEMENT_F6_E2M3,
    AIGC__ELEMENT_F6_E3M2,
    AIGC__ELEMENT_F4,
    AIGC__ELEMENT_C128, /* safetensors has none from here on */
    AIGC__ELEMENTS
} aigc__element_t;

typedef struct aigc__element_info {
    const char *name; /* as safetensors writes it */
    uint32_t bits;
    aigc_dtype_t dtype; /* the nearest a tensor can have; 0: none */
} aigc__element_info_t;

const aigc__element_info_t *aigc__element_info(aigc__element_t element);
/* The numbers one is made of, whose bytes are turned by themselves: two of half the bits in complex ones. */
size_t aigc__element_part_bytes(aigc__element_t element);

/* An element as NumPy writes it: byte order ('<', '>', '|', '=' or none), kind and bytes, such as "<f8". false
 * where there is none such. Complex numbers ("c8", "c16") have no dtype: see aigc__element_info(). */
bool aigc__element_parse(const char *text, size_t length, aigc__element_t *element, bool *is_big_endian);

/* The same bits inside and outside, apart from their order. */
bool aigc__element_is_plain(aigc__element_t element);

/* n elements in the given byte order -> the element's dtype. `raw` is turned to the host's order on
 * the way; it may be `to` where the element is plain. Returns n, or the place of the first number the dtype cannot
 * hold. */
size_t aigc__elements_decode(void *to, void *raw, aigc__element_t element, bool is_big_endian, size_t n);

/* n elements at `offset` of the source -> the element's dtype, in bounded pieces. The range lies in
 * the source. AIGC_ERROR_UNSUPPORTED where a number does not fit. */
aigc_status_t aigc__elements_read(void *to, const aigc__source_t *source, aigc__memory_t *memory, uint64_t offset,
                                  aigc__element_t element, bool is_big_endian, size_t n);

enum { AIGC__ELEMENTS_PIECE = 65536 }; /* bytes of file read at once where numbers change on the way */

#endif
