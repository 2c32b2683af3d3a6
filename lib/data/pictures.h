/* Datasets from the inside: pictures of one size by index, and the table of kinds. */
#ifndef AIGC_DATA_PICTURES_H
#define AIGC_DATA_PICTURES_H

#include "base/runtime.h"
#include "tensor/storage.h"
#include <aigc/dataset.h>
#include <pthread.h>

struct aigc_dataset;

/* A kind of dataset: one row of data/dataset_kinds.def, one file. */
typedef struct aigc__dataset_kind {
    const char *name;
    const char *help;
    bool needs_source;
    const aigc__option_t *options;
    size_t n_options;
    /* Fills the dataset's public fields and `implementation`. NULL: made by a function of its own, not by name. */
    aigc_status_t (*open)(struct aigc_dataset *dataset, const char *source, const aigc_options_t *options);
    /* Picture `index` into `pixels` (height*width*channels elements, u8 or f32 by dataset->is_float) and
     * its label. Called under the dataset's lock, so by one thread at a time, not always the same one;
     * allocates only through the context's memory. Must not touch what other threads write. */
    aigc_status_t (*fetch)(struct aigc_dataset *dataset, uint64_t index, void *pixels, int64_t *label);
    void (*close)(struct aigc_dataset *dataset); /* also of a half-opened one */
} aigc__dataset_kind_t;

struct aigc_dataset {
    uint32_t kind_tag; /* AIGC__DATASET */
    _Atomic uint32_t references;
    aigc_context_t *context; /* retained */
    const aigc__dataset_kind_t *kind;
    uint64_t count;
    int64_t height, width, channels;
    bool is_float;
    bool is_resident;     /* fetching is copying from memory: a cache would only double it */
    bool callers_thread;  /* fetched only in the thread that makes the call */
    int64_t classes;      /* 0: no labels */
    char **class_names;   /* one a class; numbers as text where they have no names */
    uint64_t identity;    /* a number that differs where the kind knows its pictures to differ */
    pthread_mutex_t lock; /* held around kind->fetch: views of one dataset may be read by several threads */
    void *implementation;
};

enum { AIGC__MAX_CLASSES = 65536 };

/* Rows in the order of dataset_kinds.def. NULL past the last. */
const aigc__dataset_kind_t *aigc__dataset_kind(size_t index);
const aigc__dataset_kind_t *aigc__dataset_kind_named(const char *name);

aigc_status_t aigc__dataset_create(aigc_dataset_t **out, aigc_context_t *context, const char *kind, const char *source,
                                   const aigc_options_t *options);
aigc_status_t aigc__dataset_create_array(aigc_dataset_t **out, aigc_context_t *context, aigc_tensor_t *images,
                                         aigc_tensor_t *labels, const aigc_options_t *options);
aigc_status_t aigc__dataset_create_callback(aigc_dataset_t **out, aigc_context_t *context, const int64_t *shape,
                                            aigc_dataset_fn fn, void *user, const aigc_options_t *options);
void aigc__dataset_retain(aigc_dataset_t *dataset);
void aigc__dataset_release(aigc_dataset_t *dataset);
/* A view of some pictures of another dataset (kind "view", not in the table); `indices` is copied. */
aigc_status_t aigc__dataset_view(aigc_dataset_t **out, aigc_dataset_t *base, const uint64_t *indices, uint64_t n);
/* Both views keep the order of the dataset. */
aigc_status_t aigc__dataset_split(aigc_dataset_t *dataset, double fraction, uint64_t seed, aigc_dataset_t **first,
                                  aigc_dataset_t **second);
/* `n` pictures as f32 0..1 and labels, into the caller's memory; labels may be NULL. */
aigc_status_t aigc__dataset_fetch(aigc_dataset_t *dataset, const uint64_t *indices, size_t n, float *images,
                                  int64_t *labels);
/* One picture as the dataset holds it (u8 or f32). Any thread. */
aigc_status_t aigc__dataset_fetch_one(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label);
/* Into `folder`, made if missing: 000000.png ... by index, in a sub-folder per class where there are labels. */
aigc_status_t aigc__dataset_export(aigc_dataset_t *dataset, const char *folder);
/* Changes when kind, count, shape or classes do, and with what the kind knows of its pictures without
 * reading them (paths, seed, indices): for resume checks. */
uint64_t aigc__dataset_fingerprint(const aigc_dataset_t *dataset);

/* ---- for the kinds ---- */

/* A dataset of `kind` without its public fields; on failure of what follows, release it. */
aigc_status_t aigc__dataset_new(aigc_dataset_t **out, aigc_context_t *context, const aigc__dataset_kind_t *kind);
size_t aigc__dataset_elements(const aigc_dataset_t *dataset); /* of a picture */
size_t aigc__dataset_bytes(const aigc_dataset_t *dataset);    /* of a picture as fetched */
/* Sets `classes` and names that are the numbers; AIGC_ERROR_LIMIT past AIGC__MAX_CLASSES. `what` names the dataset. */
aigc_status_t aigc__dataset_number_classes(aigc_dataset_t *dataset, int64_t classes, const char *what);
/* FNV-1a of some bytes, going on from `hash`. */
uint64_t aigc__hash_bytes(uint64_t hash, const void *bytes, size_t size);
static const uint64_t AIGC__HASH_START = 0xcbf29ce484222325u;

/* Options of kinds whose pictures can have any size: `size` is one number or height,width; `height`
 * and `width` replace it. 0: not given. */
typedef struct aigc__size_options {
    aigc__ints_t size;
    int64_t height, width;
} aigc__size_options_t;
aigc_status_t aigc__size_resolve(const aigc__size_options_t *options, int64_t *height, int64_t *width);

#endif
