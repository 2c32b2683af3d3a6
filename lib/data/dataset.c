/* The table of kinds, opening and letting go, fetching. */
#include "base/sizes.h"
#include "data/pictures.h"
#include "formats/idx.h"
#include "formats/pixels.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KIND(symbol) extern const aigc__dataset_kind_t aigc__dataset_kind_##symbol;
#include "data/dataset_kinds.def"
#undef KIND

static const aigc__dataset_kind_t *const kinds[] = {
#define KIND(symbol) &aigc__dataset_kind_##symbol,
#include "data/dataset_kinds.def"
#undef KIND
};

const aigc__dataset_kind_t *aigc__dataset_kind(size_t index)
{
    return index < sizeof kinds / sizeof kinds[0] ? kinds[index] : NULL;
}

const aigc__dataset_kind_t *aigc__dataset_kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
    return NULL;
}

/* ---- opening ---- */

aigc_status_t aigc__dataset_new(aigc_dataset_t **out, aigc_context_t *context, const aigc__dataset_kind_t *kind)
{
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc_dataset_t), &block));
    aigc_dataset_t *dataset = block;
    if (pthread_mutex_init(&dataset->lock, NULL) != 0) {
        aigc__memory_free(&context->memory, block);
        return aigc__fail(AIGC_ERROR_THREAD, "a lock for the dataset could not be made");
    }
    dataset->kind_tag = AIGC__DATASET;
    atomic_init(&dataset->references, 1);
    dataset->kind = kind;
    dataset->identity = AIGC__HASH_START;
    aigc__context_retain(context);
    dataset->context = context;
    *out = dataset;
    return AIGC_OK;
}

/* "folder, idx, home-designs": the kinds that can be made by name; with `is_drawn` only those without a source. */
static const char *kind_names(char *text, size_t size, bool is_drawn)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && length < size; i++)
        if (kinds[i]->open && !(is_drawn && kinds[i]->needs_source))
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ", " : "", kinds[i]->name);
    return text;
}

/* What "auto" stands for: first what lies at the path, then a kind's name. */
static aigc_status_t find_kind(const aigc__dataset_kind_t **out, aigc_context_t *context, const char *source)
{
    uint32_t mode = 0;
    char names[200];
    if (!source)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "argument 'source' is NULL; kind \"auto\" needs a path or the name of a kind");
    const bool exists = context->files->mode(context->files->user, source, &mode) >= 0;
    if (exists && S_ISDIR((mode_t)mode)) {
        *out = &aigc__dataset_kind_folder;
        return AIGC_OK;
    }
    if (!exists) {
        const aigc__dataset_kind_t *kind = aigc__dataset_kind_named(source);
        if (!kind || !kind->open || kind->needs_source)
            return aigc__fail(AIGC_ERROR_NOT_FOUND,
                              "%s: there is no folder or file of this name, nor a kind of dataset that needs none (%s)",
                              source, kind_names(names, sizeof names, true));
        *out = kind;
        return AIGC_OK;
    }
    aigc__source_t file = {0};
    AIGC__TRY(aigc__source_open(&file, context->files, source));
    const bool is_idx = aigc__idx_known(&file), is_picture = aigc__pixels_known(&file);
    aigc__source_close(&file);
    if (!is_idx)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: is %s; a dataset is a folder of pictures or an IDX file", source,
                          is_picture ? "a single picture" : "a file of an unknown kind");
    *out = &aigc__dataset_kind_idx;
    return AIGC_OK;
}

aigc_status_t aigc__dataset_create(aigc_dataset_t **out, aigc_context_t *context, const char *kind, const char *source,
                                   const aigc_options_t *options)
{
    aigc_dataset_t *dataset = NULL;
    char names[200];
    const aigc__dataset_kind_t *row = aigc__dataset_kind_named(kind);
    if (strcmp(kind, "auto") == 0) AIGC__TRY(find_kind(&row, context, source));
    if (!row)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no kind of dataset '%s'; there are auto, %s", kind,
                          kind_names(names, sizeof names, false));
    if (!row->open)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "datasets of kind '%s' are made by aigc_dataset_create_%s()", row->name,
                          row->name);
    if (row->needs_source && !source)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'source' is NULL; kind '%s' needs a path", row->name);
    AIGC__TRY(aigc__dataset_new(&dataset, context, row));
    const aigc_status_t status = row->open(dataset, source, options);
    if (status != AIGC_OK) {
        aigc__dataset_release(dataset);
        return status;
    }
    *out = dataset;
    return AIGC_OK;
}

void aigc__dataset_retain(aigc_dataset_t *dataset)
{
    if (dataset) atomic_fetch_add_explicit(&dataset->references, 1, memory_order_relaxed);
}

void aigc__dataset_release(aigc_dataset_t *dataset)
{
    if (!dataset || atomic_fetch_sub_explicit(&dataset->references, 1, memory_order_acq_rel) != 1) return;
    aigc_context_t *context = dataset->context;
    dataset->kind->close(dataset);
    for (int64_t i = 0; dataset->class_names && i < dataset->classes; i++)
        aigc__memory_free(&context->memory, dataset->class_names[i]);
    aigc__memory_free(&context->memory, dataset->class_names);
    pthread_mutex_destroy(&dataset->lock);
    dataset->kind_tag = AIGC__DEAD;
    aigc__memory_free(&context->memory, dataset);
    aigc__context_release(context);
}

/* ---- for the kinds ---- */

size_t aigc__dataset_elements(const aigc_dataset_t *dataset)
{
    return (size_t)dataset->height * (size_t)dataset->width * (size_t)dataset->channels;
}

size_t aigc__dataset_bytes(const aigc_dataset_t *dataset)
{
    return aigc__dataset_elements(dataset) * (dataset->is_float ? sizeof(float) : 1);
}

aigc_status_t aigc__dataset_number_classes(aigc_dataset_t *dataset, int64_t classes, const char *what)
{
    aigc__memory_t *memory = &dataset->context->memory;
    void *block;
    if (classes > AIGC__MAX_CLASSES)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: labels up to %" PRId64 "; at most %d classes", what, classes - 1,
                          AIGC__MAX_CLASSES);
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, (size_t)classes * sizeof(char *), &block));
    dataset->class_names = block;
    dataset->classes = classes;
    for (int64_t i = 0; i < classes; i++) {
        char text[24];
        snprintf(text, sizeof text, "%" PRId64, i);
        AIGC__TRY(aigc__memory_copy_string(memory, text, &dataset->class_names[i]));
    }
    return AIGC_OK;
}

uint64_t aigc__hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *s = bytes;
    for (size_t i = 0; i < size; i++) hash = (hash ^ s[i]) * 0x100000001b3u;
    return hash;
}

aigc_status_t aigc__size_resolve(const aigc__size_options_t *options, int64_t *height, int64_t *width)
{
    const aigc__ints_t *size = &options->size;
    if (size->n > 2)
        return aigc__fail(AIGC_ERROR_OPTION, "option 'size' has %zu numbers; expected one, or HEIGHTxWIDTH", size->n);
    *height = size->n > 0 ? size->values[0] : 0;
    *width = size->n > 0 ? size->values[size->n - 1] : 0;
    if (options->height > 0) *height = options->height;
    if (options->width > 0) *width = options->width;
    if ((*height == 0) != (*width == 0))
        return aigc__fail(AIGC_ERROR_OPTION, "option '%s' is given without '%s'", *height ? "height" : "width",
                          *height ? "width" : "height");
    return AIGC_OK;
}

/* ---- pictures ---- */

aigc_status_t aigc__dataset_fetch_one(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    if (index >= dataset->count)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no picture %" PRIu64 "; the dataset has %" PRIu64, index,
                          dataset->count);
    int64_t found = 0;
    pthread_mutex_lock(&dataset->lock);
    const aigc_status_t status = dataset->kind->fetch(dataset, index, pixels, &found);
    pthread_mutex_unlock(&dataset->lock);
    if (status == AIGC_OK) *label = found;
    return status;
}

aigc_status_t aigc__dataset_fetch(aigc_dataset_t *dataset, const uint64_t *indices, size_t n, float *images,
                                  int64_t *labels)
{
    aigc__memory_t *memory = &dataset->context->memory;
    const size_t elements = aigc__dataset_elements(dataset);
    void *pixels = NULL;
    aigc_status_t status = AIGC_OK;
    if (!dataset->is_float) AIGC__TRY(aigc__memory_alloc(memory, elements, &pixels));
    for (size_t i = 0; i < n; i++) {
        int64_t label = 0;
        float *to = images + i * elements;
        AIGC__GOTO(done, aigc__dataset_fetch_one(dataset, indices[i], pixels ? pixels : to, &label));
        if (pixels) aigc__convert(dataset->context->kernels, to, AIGC_DTYPE_F32, pixels, AIGC_DTYPE_U8, elements);
        if (labels) labels[i] = label;
    }
done:
    aigc__memory_free(memory, pixels);
    return status;
}

uint64_t aigc__dataset_fingerprint(const aigc_dataset_t *dataset)
{
    const uint64_t numbers[] = {dataset->count,
                                (uint64_t)dataset->height,
                                (uint64_t)dataset->width,
                                (uint64_t)dataset->channels,
                                (uint64_t)dataset->is_float,
                                (uint64_t)dataset->classes};
    uint64_t hash = aigc__hash_bytes(dataset->identity, dataset->kind->name, strlen(dataset->kind->name));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        for (int shift = 0; shift < 64; shift += 8)
            hash = aigc__hash_bytes(hash, &(uint8_t){(uint8_t)(numbers[i] >> shift)}, 1);
    for (int64_t i = 0; i < dataset->classes; i++)
        hash = aigc__hash_bytes(hash, dataset->class_names[i], strlen(dataset->class_names[i]) + 1);
    return hash;
}
