/* IDX files (MNIST and its relatives), gzipped or not. */
#ifndef AIGC_FORMATS_IDX_H
#define AIGC_FORMATS_IDX_H

#include "tensor/storage.h"

/* The whole array. u8 comes as u8, i8 and i16 as i32, i32 as i32, f32 and f64 as f32. */
aigc_status_t aigc__idx_read(aigc_tensor_t **out, aigc_context_t *context, const aigc__source_t *source);
/* Does the file begin like an IDX file, or like gzip? */
bool aigc__idx_known(const aigc__source_t *source);

#endif
