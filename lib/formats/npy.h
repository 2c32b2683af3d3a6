/* NumPy's .npy, versions 1 to 3 read, 1 written, and archives of them, .npz. Read through formats/weight_files.h: little and
 * big endian, C and Fortran order. */
#ifndef AIGC_FORMATS_NPY_H
#define AIGC_FORMATS_NPY_H

#include "formats/archive.h"
#include "formats/npy_header.h"

/* Bytes from where an array lies. */
typedef aigc_status_t (*aigc__npy_bytes_fn)(void *from, uint64_t place, void *to, size_t bytes);

/* Reads and checks the header of an array of `size` bytes in all; `*data` is where its numbers begin. What is no array
 * of plain numbers is AIGC_ERROR_UNSUPPORTED. */
aigc_status_t aigc__npy_open(aigc__npy_header_t *out, uint64_t *data, const char *name, aigc__memory_t *memory,
                             aigc__npy_bytes_fn read, void *from, uint64_t size);

/* bf16 is written as f4. */
aigc_status_t aigc__npy_write(aigc__saver_t *saver, const aigc_tensor_t *tensor);
/* The header of what is to follow, at most AIGC__NPY_HEAD bytes; `descr` such as "<f4". Returns its size. */
enum { AIGC__NPY_HEAD = 512 };
size_t aigc__npy_head(char text[AIGC__NPY_HEAD], const char *descr, size_t rank, const int64_t *shape);

/* The row of an archive that was opened; takes the archive in any case. */
aigc_status_t aigc__npz_open(void **out, aigc_context_t *context, const aigc__source_t *source, aigc__zip_t *zip);

#endif
