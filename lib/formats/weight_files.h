/* Weights in files of any kind that is known: named tensors, and what else the file says. Every format is a row; all
 * that reads weights goes through here. */
#ifndef AIGC_FORMATS_WEIGHT_FILES_H
#define AIGC_FORMATS_WEIGHT_FILES_H

#include "tensor/elements.h"
#include <aigc/weights.h>

enum { AIGC__WEIGHTS_RANK = 8, AIGC__WEIGHTS_NAME = 1024, AIGC__WEIGHTS_HEAD = 4096 /* bytes that tell a format */ };

/* A tensor as the file has it: numbers of a storage, which several tensors may share. */
typedef struct aigc__weights_entry {
    const char *name;
    aigc__element_t element;
    uint32_t rank;
    int64_t shape[AIGC__WEIGHTS_RANK], stride[AIGC__WEIGHTS_RANK]; /* strides in elements, 0 or more */
    uint64_t count;                                                /* elements */
    uint64_t storage;                                              /* its number */
    uint64_t first; /* place of the first element in the storage, in bytes */
    bool is_big_endian;
    bool is_sequential; /* the storage is packed: reading back and forth is slow */
} aigc__weights_entry_t;

typedef struct aigc__weights_value {
    const char *name, *type; /* as aigc_weights_value_t has them */
    int64_t integer;
    double real;
    const char *text; /* of a "string"; else NULL */
} aigc__weights_value_t;

typedef struct aigc__weights_format aigc__weights_format_t;
struct aigc__weights_format {
    const char *name;
    /* Whether a file of `size` bytes that begins so is one. NULL: another row's open() finds out. */
    bool (*known)(const uint8_t *head, size_t n, uint64_t size);
    /* The source is borrowed. `*format` may become another row. Every tensor's numbers lie in their storage, which lies
     * in the file, when this is done. */
    aigc_status_t (*open)(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                          const aigc__source_t *source);
    void (*free)(void *file);
    size_t (*count)(const void *file);
    void (*entry)(const void *file, size_t index, aigc__weights_entry_t *out); /* dense strides are set already */
    int64_t (*find)(const void *file, const char *name); /* NULL: there is no better way than a list of names */
    aigc_status_t (*read)(void *file, uint64_t storage, uint64_t place, void *to, size_t bytes);
    /* May be NULL, as the following. */
    size_t (*n_values)(const void *file);
    void (*value)(const void *file, size_t index, aigc__weights_value_t *out);
    const char *(*metadata)(const void *file, const char *key);
    size_t (*n_opaque)(const void *file);
    void (*opaque)(const void *file, size_t index, const char **name, const char **call);
};

struct aigc_weights {
    uint32_t kind;           /* AIGC__WEIGHTS */
    aigc_context_t *context; /* retained */
    aigc__source_t source;
    char *path; /* the source's name */
    const aigc__weights_format_t *format;
    void *file;
    uint32_t *by_name; /* where the format cannot find names */
    char text[AIGC__WEIGHTS_NAME];
};

/* Recognised by content. */
aigc_status_t aigc__weights_open(aigc_weights_t **out, aigc_context_t *context, const char *path);
/* The same over a source, which is closed with it, or by a failure. */
aigc_status_t aigc__weights_open_source(aigc_weights_t **out, aigc_context_t *context, aigc__source_t source);
void aigc__weights_free(aigc_weights_t *weights);

const char *aigc__weights_name(const aigc_weights_t *weights); /* of the file */
size_t aigc__weights_count(const aigc_weights_t *weights);
void aigc__weights_entry(const aigc_weights_t *weights, size_t index, aigc__weights_entry_t *out);
int64_t aigc__weights_find(const aigc_weights_t *weights, const char *name); /* -1: none */
/* What a safetensors file says about itself; NULL: it does not, or is of another format. */
const char *aigc__weights_metadata(const aigc_weights_t *weights, const char *key);
size_t aigc__weights_n_values(const aigc_weights_t *weights);
void aigc__weights_value(const aigc_weights_t *weights, size_t index, aigc__weights_value_t *out);
size_t aigc__weights_n_opaque(const aigc_weights_t *weights);
void aigc__weights_opaque(const aigc_weights_t *weights, size_t index, const char **name, const char **call);

/* ---- weights_read.c: numbers ---- */

/* The entry as a dense tensor of `dtype`; 0: the nearest to what the file has (aigc__element_info()). */
aigc_status_t aigc__weights_read(aigc_tensor_t **out, aigc_weights_t *weights, size_t index, aigc_dtype_t dtype);
/* The same by name; NULL where there is one only. AIGC_ERROR_NOT_FOUND, AIGC_ERROR_ARGUMENT. */
aigc_status_t aigc__weights_read_named(aigc_tensor_t **out, aigc_weights_t *weights, const char *name,
                                       aigc_dtype_t dtype);
/* Its numbers as f32. */
aigc_status_t aigc__weights_read_f32(aigc_weights_t *weights, size_t index, float *to);
/* Its numbers as they are but dense, row-major and little-endian, handed out in pieces. */
typedef aigc_status_t (*aigc__put_fn)(void *to, const void *bytes, size_t n);
aigc_status_t aigc__weights_pour(aigc_weights_t *weights, const aigc__weights_entry_t *entry, aigc__put_fn put,
                                 void *to);
uint64_t aigc__weights_bytes(const aigc__weights_entry_t *entry); /* of all that */

/* Dense strides for the entry's shape. */
void aigc__weights_set_dense(aigc__weights_entry_t *entry);
bool aigc__weights_is_dense(const aigc__weights_entry_t *entry);

/* ---- weights_write.c: files from tensors on their way out of others ---- */

/* A tensor of a file as it goes into another: in `element`, which is the file's own unless a floating one becomes
 * another. */
typedef struct aigc__poured {
    const char *name;
    aigc__element_t element;
    uint32_t rank;
    const int64_t *shape;
    uint64_t count;
    uint64_t storage; /* the same for tensors with the same numbers */
    aigc_weights_t *weights;
    size_t index;
} aigc__poured_t;

/* Hands out all its bytes. */
aigc_status_t aigc__pour(const aigc__poured_t *from, aigc__put_fn put, void *to);

typedef struct aigc__convert_options {
    const char *select, *rename;
    int64_t dtype; /* place in the choices */
} aigc__convert_options_t;

aigc_status_t aigc__weights_write(aigc_weights_t *weights, const char *path, const aigc__convert_options_t *options);

/* zip_write.c: archives of stored members. */
aigc_status_t aigc__npz_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__poured_t *tensors, size_t n);
/* torch_write.c: a state dict. `folder` is the name of the file without its suffix. */
aigc_status_t aigc__torch_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__poured_t *tensors, size_t n,
                                const char *folder);

/* ---- the rows ---- */
extern const aigc__weights_format_t aigc__weights_safetensors, aigc__weights_shards, aigc__weights_npy,
    aigc__weights_npz, aigc__weights_torch_zip, aigc__weights_torch_stream, aigc__weights_pickle;

#endif
