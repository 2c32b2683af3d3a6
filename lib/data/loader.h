/* The loader: batches of a dataset in shuffled order, made ready in the background by one thread so
 * that training never waits for decoding, with the decoded pictures kept within a byte bound. */
#ifndef AIGC_DATA_LOADER_H
#define AIGC_DATA_LOADER_H

#include "data/pictures.h"

typedef struct aigc__loader_options {
    size_t batch_size; /* at least 1 */
    uint64_t seed;
    bool shuffle;         /* order of an epoch is a function of (seed, epoch) */
    bool drop_last;       /* leave out a last batch smaller than batch_size */
    bool flip;            /* horizontal flips by (seed, epoch, picture), half of them */
    uint64_t cache_bytes; /* decoded pictures kept, u8 or f32 as the dataset has them */
    bool background;      /* false, or where the dataset wants it so: fetch in the caller's thread */
} aigc__loader_options_t;

typedef struct aigc__batch {
    const float *images;   /* [n,H,W,C] 0..1, valid until the next call */
    const int64_t *labels; /* [n]; zeros where the dataset has none */
    size_t n;
    bool last; /* of the epoch */
} aigc__batch_t;

typedef struct aigc__loader aigc__loader_t;

/* Keeps the dataset; allocates its buffers here and nothing per batch of cached pictures. The thread
 * starts with the first batch asked for. */
aigc_status_t aigc__loader_create(aigc__loader_t **out, aigc_dataset_t *dataset, const aigc__loader_options_t *options);
void aigc__loader_free(aigc__loader_t *loader);            /* stops the thread; NULL is fine */
size_t aigc__loader_batches(const aigc__loader_t *loader); /* of an epoch */
/* Begin epoch `epoch` at batch `batch` (to resume in the middle). */
aigc_status_t aigc__loader_seek(aigc__loader_t *loader, uint64_t epoch, uint64_t batch);
/* The next batch; after the last of an epoch comes the first of the next. Fails with the failure of
 * the picture that could not be fetched; AIGC_ERROR_CANCELLED when the context was cancelled. Asking
 * again after a failure tries the same batch again. */
aigc_status_t aigc__loader_next(aigc__loader_t *loader, aigc__batch_t *out);

#endif
