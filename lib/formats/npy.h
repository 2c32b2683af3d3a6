/* NumPy's .npy, versions 1 to 3 read, 1 written. */
#ifndef AIGC_FORMATS_NPY_H
#define AIGC_FORMATS_NPY_H

#include "tensor/storage.h"

/* Little and big endian, C and Fortran order. f8 comes as f32; i1, i2, u2 and bool as i32 (bool 0/1);
 * u4 and u8 as i64 where every value fits. Object, structured, complex and text arrays: AIGC_ERROR_UNSUPPORTED. */
aigc_status_t aigc__npy_read(aigc_tensor_t **out, aigc_context_t *context, const aigc__source_t *source);
/* bf16 is written as f4. */
aigc_status_t aigc__npy_write(aigc__saver_t *saver, const aigc_tensor_t *tensor);
bool aigc__npy_known(const aigc__source_t *source);

#endif
