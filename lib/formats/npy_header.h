/* The header of a .npy file: a Python dictionary as text. */
#ifndef AIGC_FORMATS_NPY_HEADER_H
#define AIGC_FORMATS_NPY_HEADER_H

#include "tensor/elements.h"

enum { AIGC__NPY_RANK = 8 };

typedef struct aigc__npy_header {
    aigc__element_t element;
    bool is_big_endian, is_fortran;
    size_t rank;
    int64_t shape[AIGC__NPY_RANK];
} aigc__npy_header_t;

/* Exactly the keys descr, fortran_order and shape, in any order. `at` is the text's place in the file,
 * for messages. */
aigc_status_t aigc__npy_parse(aigc__npy_header_t *out, const char *name, const char *text, size_t length, size_t at);

#endif
