/* safetensors: a JSON table of named tensors, then their bytes. The project's native model file; its numbers are read
 * through formats/weight_files.h.
 * Format: https://github.com/huggingface/safetensors (README, "Format"). */
#ifndef AIGC_FORMATS_SAFETENSORS_H
#define AIGC_FORMATS_SAFETENSORS_H

#include "tensor/storage.h"

typedef struct aigc__safetensors aigc__safetensors_t;

/* One entry as the file declares it; all checks are done at opening. */
typedef struct aigc__safetensors_entry {
    const char *name;
    const char *dtype; /* "F32", "BF16", "F8_E4M3", ... */
    uint32_t rank;     /* at most 8; tensors of more than 6 dimensions can be listed but not read */
    int64_t shape[8];
    uint64_t count, first, bytes; /* elements; place in the file */
} aigc__safetensors_entry_t;

/* Reads and checks the header; keeps the source (borrowed: close it after). Every rule of the format
 * holds afterwards: no holes, no overlap, no duplicate names, sizes exact, file size exact. */
aigc_status_t aigc__safetensors_open(aigc__safetensors_t **out, aigc_context_t *context, const aigc__source_t *source);
void aigc__safetensors_free(aigc__safetensors_t *file);
/* Whether a file of `size` bytes that begins so is one. */
bool aigc__safetensors_known(const uint8_t *head, size_t n, uint64_t size);

size_t aigc__safetensors_count(const aigc__safetensors_t *file);
const aigc__safetensors_entry_t *aigc__safetensors_entry(const aigc__safetensors_t *file,
                                                         size_t index);            /* in file order */
int64_t aigc__safetensors_find(const aigc__safetensors_t *file, const char *name); /* -1: none */
/* A value of __metadata__, borrowed; NULL where there is none. */
const char *aigc__safetensors_metadata(const aigc__safetensors_t *file, const char *key);

/* ---- writing ---- */
typedef struct aigc__safetensors_part {
    const char *name;   /* where `poured` is set, this and the shape only */
    aigc_dtype_t dtype; /* in the file: f32, f16, bf16, u8, i32, i64 */
    size_t rank;
    const int64_t *shape;
    const void *data;                  /* elements of source_dtype */
    aigc_dtype_t source_dtype;         /* any floating type where dtype is one; else the same as dtype */
    const struct aigc__poured *poured; /* numbers from elsewhere than memory, of any element; or NULL */
} aigc__safetensors_part_t;

/* Pairs of key and value for __metadata__. Entries are laid out by alignment, then name, as the
 * reference writer does; the same input gives the same bytes. */
aigc_status_t aigc__safetensors_write(aigc__saver_t *saver, aigc_context_t *context,
                                      const aigc__safetensors_part_t *parts, size_t n, const char *const (*metadata)[2],
                                      size_t n_metadata);

#endif
