/* Kind "idx": the pictures of an IDX file (MNIST and its relatives), labels from the file beside it. */
#include "base/sizes.h"
#include "data/pictures.h"
#include "formats/idx.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_SIDE = 8192 };

typedef struct idx_options {
    const char *labels;
    int64_t pad;
} idx_options_t;

static const aigc__option_t rows[] = {
    {"labels", AIGC__OPTION_PATH, offsetof(idx_options_t, labels), "", 0, 0, NULL,
     "IDX file of labels (default: train-labels-idx1-ubyte beside train-images-idx3-ubyte and the like; none: no "
     "labels)"},
    {"pad", AIGC__OPTION_INT, offsetof(idx_options_t, pad), "0", 0, MAX_SIDE, NULL,
     "zeros around each picture up to this side, such as 32 for 28 x 28 (0: none)"},
};

/* Numbers that are not u8 become f32 by (v - low) / (high - low) over the whole file, or stay as they
 * are where all of them lie within 0..1 already. */
typedef struct idx {
    aigc_tensor_t *images, *labels; /* labels NULL: none */
    int64_t height, width;          /* before padding */
    float low, scale;
} idx_t;

static int64_t label_at(const aigc_tensor_t *labels, size_t index)
{
    return labels->dtype == AIGC_DTYPE_U8 ? ((const uint8_t *)labels->data)[index]
                                          : ((const int32_t *)labels->data)[index];
}

static float number_at(const aigc_tensor_t *images, size_t index)
{
    return images->dtype == AIGC_DTYPE_F32 ? ((const float *)images->data)[index]
                                           : (float)((const int32_t *)images->data)[index];
}

static aigc_status_t read_file(aigc_tensor_t **out, aigc_context_t *context, const char *path)
{
    aigc__source_t source = {0};
    AIGC__TRY(aigc__source_open(&source, context->files, path));
    const aigc_status_t status = aigc__idx_read(out, context, &source);
    aigc__source_close(&source);
    return status;
}

static aigc_status_t find_range(idx_t *idx, const char *path)
{
    float low = number_at(idx->images, 0), high = low;
    for (size_t i = 0; i < idx->images->count; i++) {
        const float v = number_at(idx->images, i);
        if (!isfinite(v)) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: number %zu is not finite", path, i);
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    const bool is_unit = idx->images->dtype == AIGC_DTYPE_F32 && low >= 0 && high <= 1;
    idx->low = is_unit ? 0 : low;
    idx->scale = is_unit ? 1 : high > low ? 1 / (high - low) : 0;
    if (!isfinite(high - low)) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the numbers' range is too wide", path);
    return AIGC_OK;
}

static aigc_status_t read_images(aigc_dataset_t *dataset, const char *path, int64_t pad)
{
    idx_t *idx = dataset->implementation;
    char text[96];
    AIGC__TRY(read_file(&idx->images, dataset->context, path));
    const aigc_tensor_t *images = idx->images;
    const int64_t channels = images->rank == 4 ? images->shape[3] : 1;
    if ((images->rank != 3 && images->rank != 4) || (channels != 1 && channels != 3 && channels != 4))
        return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                          "%s: holds %s; expected pictures [N,H,W] or [N,H,W,C] with C 1, 3 or 4", path,
                          aigc__shape_text(text, images->rank, images->shape));
    if (images->count == 0) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: holds no pictures", path);
    idx->height = images->shape[1];
    idx->width = images->shape[2];
    if (pad > 0 && (pad < idx->height || pad < idx->width))
        return aigc__fail(AIGC_ERROR_OPTION, "option 'pad' is %" PRId64 "; the pictures are %" PRId64 " x %" PRId64,
                          pad, idx->height, idx->width);
    dataset->count = (uint64_t)images->shape[0];
    dataset->height = pad > 0 ? pad : idx->height;
    dataset->width = pad > 0 ? pad : idx->width;
    dataset->channels = channels;
    dataset->is_float = images->dtype != AIGC_DTYPE_U8;
    dataset->is_resident = true;
    return dataset->is_float ? find_range(idx, path) : AIGC_OK;
}

/* ---- labels ---- */

/* Replaces the last `from` in `text` by `to` of the same length. */
static bool replace_last(char *text, const char *from, const char *to)
{
    char *found = NULL;
    for (char *s = strstr(text, from); s; s = strstr(s + 1, from)) found = s;
    if (!found) return false;
    memcpy(found, to, strlen(to));
    return true;
}

static bool file_exists(const aigc_context_t *context, const char *path)
{
    uint32_t mode;
    return context->files->mode(context->files->user, path, &mode) >= 0;
}

/* train-images-idx3-ubyte[.gz] -> train-labels-idx1-ubyte, then with .gz; `*out` NULL where neither is there. */
static aigc_status_t find_labels(aigc_context_t *context, const char *path, char **out)
{
    const size_t length = strlen(path);
    void *block;
    AIGC__TRY(aigc__memory_alloc(&context->memory, length + 4, &block));
    char *name = block;
    memcpy(name, path, length + 1);
    char *last = name + (aigc__path_name(path) - path);
    if (aigc__path_has_suffix(last, ".gz")) name[length - 3] = '\0';
    bool found = replace_last(last, "images", "labels");
    if (found) replace_last(last, "idx3", "idx1");
    if (found && !file_exists(context, name)) {
        memcpy(name + strlen(name), ".gz", 4);
        found = file_exists(context, name);
    }
    if (!found) aigc__memory_free(&context->memory, name);
    *out = found ? name : NULL;
    return AIGC_OK;
}

static aigc_status_t read_labels(aigc_dataset_t *dataset, const char *path)
{
    idx_t *idx = dataset->implementation;
    char text[96];
    int64_t classes = 0;
    AIGC__TRY(read_file(&idx->labels, dataset->context, path));
    const aigc_tensor_t *labels = idx->labels;
    if (labels->rank != 1 || labels->shape[0] != (int64_t)dataset->count || labels->dtype == AIGC_DTYPE_F32)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: holds %s %s; expected %" PRIu64 " whole numbers, a label a picture",
                          path, aigc__dtype_name(labels->dtype), aigc__shape_text(text, labels->rank, labels->shape),
                          dataset->count);
    for (size_t i = 0; i < labels->count; i++) {
        const int64_t label = label_at(labels, i);
        if (label < 0) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: label %zu is %" PRId64, path, i, label);
        classes = label >= classes ? label + 1 : classes;
    }
    return aigc__dataset_number_classes(dataset, classes, path);
}

/* ---- the kind ---- */

static aigc_status_t open_idx(aigc_dataset_t *dataset, const char *source, const aigc_options_t *options)
{
    aigc__memory_t *memory = &dataset->context->memory;
    idx_options_t given;
    const aigc__option_group_t group = {rows, sizeof rows / sizeof rows[0], &given};
    char *found = NULL;
    void *block;
    AIGC__TRY(aigc__options_resolve(options, "dataset idx", &group, 1));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(idx_t), &block));
    dataset->implementation = block;
    AIGC__TRY(read_images(dataset, source, given.pad));
    const char *name = aigc__path_name(source);
    dataset->identity = aigc__hash_bytes(dataset->identity, name, strlen(name));
    if (given.labels) return strcmp(given.labels, "none") == 0 ? AIGC_OK : read_labels(dataset, given.labels);
    AIGC__TRY(find_labels(dataset->context, source, &found));
    if (!found) {
        aigc__log(dataset->context, AIGC_LOG_INFO, "%s: no file of labels beside it", source);
        return AIGC_OK;
    }
    const aigc_status_t status = read_labels(dataset, found);
    aigc__memory_free(memory, found);
    return status;
}

static aigc_status_t fetch_idx(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    const idx_t *idx = dataset->implementation;
    const size_t row = (size_t)(idx->width * dataset->channels),
                 padded_row = (size_t)(dataset->width * dataset->channels);
    const size_t left = (size_t)((dataset->width - idx->width) / 2 * dataset->channels),
                 top = (size_t)((dataset->height - idx->height) / 2);
    memset(pixels, 0, aigc__dataset_bytes(dataset));
    for (size_t y = 0; y < (size_t)idx->height; y++) {
        const size_t from = ((size_t)index * (size_t)idx->height + y) * row, to = (top + y) * padded_row + left;
        if (!dataset->is_float) memcpy((uint8_t *)pixels + to, (const uint8_t *)idx->images->data + from, row);
        for (size_t x = 0; dataset->is_float && x < row; x++)
            ((float *)pixels)[to + x] = (number_at(idx->images, from + x) - idx->low) * idx->scale;
    }
    if (idx->labels && dataset->classes > 0) *label = label_at(idx->labels, (size_t)index);
    return AIGC_OK;
}

static void close_idx(aigc_dataset_t *dataset)
{
    idx_t *idx = dataset->implementation;
    if (!idx) return;
    aigc__tensor_release(idx->images);
    aigc__tensor_release(idx->labels);
    aigc__memory_free(&dataset->context->memory, idx);
}

const aigc__dataset_kind_t aigc__dataset_kind_idx = {
    .name = "idx",
    .help = "an IDX file of pictures (MNIST and its relatives), gzipped or not",
    .needs_source = true,
    .options = rows,
    .n_options = sizeof rows / sizeof rows[0],
    .open = open_idx,
    .fetch = fetch_idx,
    .close = close_idx};
