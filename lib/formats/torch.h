/* PyTorch's files from the inside: a pickle that says what there is, and storages with the numbers. The same goes for
 * plain pickles, whose numbers stand in the pickle itself.
 * Source: pytorch, torch/serialization.py and torch/_utils.py. */
#ifndef AIGC_FORMATS_TORCH_H
#define AIGC_FORMATS_TORCH_H

#include "formats/archive.h"
#include "formats/pickle.h"
#include "formats/weight_files.h"

typedef enum aigc__torch_place {
    AIGC__TORCH_MEMBER, /* at: of the zip archive */
    AIGC__TORCH_SPAN,   /* at: byte of the file */
    AIGC__TORCH_BYTES   /* at: a value of the pickle */
} aigc__torch_place_t;

typedef struct aigc__torch_storage {
    uint64_t at, bytes;
    aigc__torch_place_t place;
    bool is_big_endian;
} aigc__torch_storage_t;

typedef struct aigc__torch_tensor {
    aigc__element_t element;
    uint32_t rank, storage;
    uint64_t first; /* bytes */
    int32_t shape[AIGC__WEIGHTS_RANK];
    uint64_t count;
    int64_t stride[AIGC__WEIGHTS_RANK];
} aigc__torch_tensor_t;

/* A name, and what has it: a tensor's number, or a value of the pickle. */
typedef struct aigc__torch_named {
    size_t name; /* in the texts */
    uint32_t what;
} aigc__torch_named_t;

typedef struct aigc__torch_list {
    aigc__torch_named_t *items;
    size_t n, room;
} aigc__torch_list_t;

typedef struct aigc__torch aigc__torch_t;
struct aigc__torch {
    aigc_context_t *context; /* borrowed */
    const aigc__source_t *source;
    aigc__zip_t *zip;             /* or NULL */
    void *unpacked;               /* a pickle that was deflated */
    aigc__source_t pickle_source; /* where the pickle's places lie */
    aigc__pickle_t *pickle;
    bool is_big_endian;
    const char *folder; /* "name/" of the archive's members */
    uint32_t *keys;     /* of a stream, sorted by text: values of key_list; storage i belongs to key i */
    size_t n_keys;
    aigc__pickle_t *key_list;
    uint32_t *of_member; /* of an archive: its storage + 1 */
    aigc__torch_storage_t *storages;
    aigc__torch_tensor_t *tensors;
    size_t n_storages, storage_room, n_tensors, tensor_room;
    aigc__torch_list_t entries, values, opaque;
    aigc__texts_t texts;
    aigc__budget_t budget;
};

/* What a persistent id names; `bytes` 0 and false: not a storage that can be read. */
typedef struct aigc__torch_slice {
    uint32_t storage;
    uint64_t first, bytes; /* part of it, in bytes */
    aigc__element_t element;
} aigc__torch_slice_t;

/* ---- torch.c ---- */
/* The storage of a persistent id, or of a call that holds one; `*is_known` is false where it is none that can be read.
 */
aigc_status_t aigc__torch_slice(aigc__torch_t *torch, aigc__ref_t ref, aigc__torch_slice_t *out, bool *is_known);
aigc_status_t aigc__torch_add_storage(aigc__torch_t *torch, aigc__torch_place_t place, uint64_t at, uint64_t bytes,
                                      bool is_big_endian, uint32_t *out);
/* The parts of ('storage', class, key, location, count [, view]): false where it is no such thing. */
typedef struct aigc__torch_id {
    const char *key;
    aigc__element_t element;
    int64_t count, view_first, view_count; /* view_count -1: the whole */
    bool is_readable;
} aigc__torch_id_t;
bool aigc__torch_id(const aigc__pickle_t *pickle, aigc__ref_t tuple, aigc__torch_id_t *out);

/* ---- torch_tree.c ---- */
/* Goes through the pickle and lists tensors, values and what is opaque. */
aigc_status_t aigc__torch_list(aigc__torch_t *torch);
/* A plain value of the pickle. */
void aigc__torch_value(const aigc__torch_t *torch, aigc__ref_t ref, aigc__weights_value_t *out);

#endif
