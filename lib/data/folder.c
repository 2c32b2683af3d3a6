/* Kind "folder": PNG and JPEG files below a folder.
 *
 * Opening walks the folder (links are followed, to a bounded depth, names that begin with a dot
 * left out) and looks at the first bytes of every file: what does not begin like a picture is not
 * part of the dataset. Pictures are sorted by path, bytewise; so the numbering depends on the names
 * alone. Where every picture lies in a sub-folder, the first sub-folder's name is its class and
 * classes are sorted bytewise. Then pictures are decoded in order until one succeeds: it gives the
 * size and channels that options leave open, and proves that there is a picture at all. Where that one is gray and
 * another is not, whether colours are to be dropped is for the user to say.
 *
 * A file that cannot be opened, or is named like a picture without being one, is left out at opening
 * with a warning. A picture that turns out to be corrupt when it is fetched is replaced, with its
 * label, by the next good one in the order (after the last comes the first), again with a warning: the
 * count stays what it was, and what stands at an index depends on the files only, not on who asked
 * first. With option `strict` each of these is an error instead. Running out of memory, or a file
 * that can no longer be read, always is. */
#include "base/sizes.h"
#include "data/folder_paths.h"
#include "data/pictures.h"
#include "data/transform.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_SIDE = 8192 };

typedef struct folder_options {
    aigc__size_options_t size;
    int64_t channels;
    const char *background;
    int64_t filter, strict, labels;
} folder_options_t;

#define AT(member) offsetof(folder_options_t, member)
static const aigc__option_t rows[] = {
    {"size", AIGC__OPTION_INTS, AT(size.size), "", 1, MAX_SIDE, NULL,
     "picture size: one number, HEIGHTxWIDTH or HEIGHT,WIDTH (default: the first picture's)"},
    {"height", AIGC__OPTION_INT, AT(size.height), "0", 0, MAX_SIDE, NULL, "picture height in pixels (0: by size)"},
    {"width", AIGC__OPTION_INT, AT(size.width), "0", 0, MAX_SIDE, NULL, "picture width in pixels (0: by size)"},
    {"channels", AIGC__OPTION_INT, AT(channels), "0", 0, 4, NULL, "0 as the first picture, 1 gray, 3 RGB, 4 RGBA"},
    {"background", AIGC__OPTION_STRING, AT(background), "white", 0, 0, NULL,
     "laid under alpha where it is not kept: white, black or #rrggbb"},
    {"filter", AIGC__OPTION_CHOICE, AT(filter), "area", 0, 0, "area|lanczos|bilinear",
     "how pixels are weighted when pictures are resized"},
    {"strict", AIGC__OPTION_BOOL, AT(strict), "false", 0, 0, NULL,
     "a corrupt picture is an error instead of being passed over"},
    {"labels", AIGC__OPTION_BOOL, AT(labels), "true", 0, 0, NULL, "sub-folders are classes"},
};
#undef AT

typedef struct folder {
    char *root;
    aigc__paths_t files; /* below the root */
    uint32_t *labels;    /* NULL: none */
    uint8_t *is_bad;     /* found to be corrupt, so passed over without another look */
    size_t n_bad, n_left_out;
    aigc__pixel_request_t request;
    aigc__filter_t filter;
    bool is_strict;
    const char *coloured; /* the first picture in colour, where channels are open; one of `files`; NULL: none */
} folder_t;

/* ---- which files ---- */

static bool is_named_picture(const char *path)
{
    return aigc__path_has_suffix(path, ".png") || aigc__path_has_suffix(path, ".jpg") ||
           aigc__path_has_suffix(path, ".jpeg");
}

/* Is the file a picture by its first bytes, and is it in colour? Fails where it cannot be opened or its name promises
 * a picture. */
static aigc_status_t look_at(aigc_dataset_t *dataset, const char *path, bool *is_picture)
{
    folder_t *folder = dataset->implementation;
    aigc__source_t source = {0};
    char *full = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__path_join(&dataset->context->memory, folder->root, path, &full));
    AIGC__GOTO(done, aigc__source_open(&source, dataset->context->files, full));
    *is_picture = aigc__pixels_known(&source);
    const bool asks = *is_picture && folder->request.channels == 0 && folder->coloured == NULL;
    if (asks && aigc__pixels_coloured(&source)) folder->coloured = path;
    if (!*is_picture && is_named_picture(path)) {
        aigc__pixels_t pixels = {0};
        status = aigc__pixels_read(&pixels, &dataset->context->memory, &source, &folder->request);
        if (status == AIGC_OK) aigc__memory_free(&dataset->context->memory, pixels.data);
    }
done:
    aigc__source_close(&source);
    aigc__memory_free(&dataset->context->memory, full);
    return status;
}

/* Keeps the pictures among the paths. */
static aigc_status_t keep_pictures(aigc_dataset_t *dataset)
{
    folder_t *folder = dataset->implementation;
    size_t kept = 0;
    for (size_t i = 0; i < folder->files.n; i++) {
        bool is_picture = false;
        const aigc_status_t status = look_at(dataset, folder->files.items[i], &is_picture);
        if (status == AIGC_ERROR_MEMORY || status == AIGC_ERROR_LIMIT) return status;
        if (status != AIGC_OK && is_named_picture(folder->files.items[i])) {
            if (folder->is_strict) return status;
            folder->n_left_out++;
            aigc__log(dataset->context, AIGC_LOG_WARNING, "left out (%zu so far): %s", folder->n_left_out,
                      aigc__failure_text());
        }
        if (status == AIGC_OK && is_picture) folder->files.items[kept++] = folder->files.items[i];
        if (atomic_load(&dataset->context->cancelled)) AIGC__TRY(aigc__check_cancel(dataset->context));
    }
    folder->files.n = kept;
    if (kept == 0)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "%s: there is no PNG or JPEG picture in or below the folder",
                          folder->root);
    return AIGC_OK;
}

/* ---- classes ---- */

static size_t class_length(const char *path) { return strcspn(path, "/"); }

/* The first folder of every path, each once. */
static aigc_status_t collect_classes(const folder_t *folder, aigc__paths_t *found)
{
    const char *before = "";
    for (size_t i = 0; i < folder->files.n; i++) {
        const char *path = folder->files.items[i];
        const size_t length = class_length(path);
        if (strncmp(path, before, length) == 0 && before[length] == '/') continue;
        before = path;
        if (found->n == AIGC__MAX_CLASSES)
            return aigc__fail(AIGC_ERROR_LIMIT,
                              "%s: more than %d sub-folders; option labels=false takes them as no classes",
                              folder->root, AIGC__MAX_CLASSES);
        AIGC__TRY(aigc__paths_add(found, path, length));
    }
    return AIGC_OK;
}

static size_t class_index(const char *const *names, size_t n, const char *path)
{
    const size_t length = class_length(path);
    size_t low = 0, high = n;
    while (low + 1 < high) {
        const size_t middle = (low + high) / 2;
        const int order = strncmp(names[middle], path, length);
        if (order > 0 || (order == 0 && names[middle][length] != '\0'))
            high = middle;
        else
            low = middle;
    }
    return low;
}

static aigc_status_t label_pictures(aigc_dataset_t *dataset, aigc__paths_t *names)
{
    aigc__memory_t *memory = &dataset->context->memory;
    folder_t *folder = dataset->implementation;
    size_t bytes;
    void *block;
    AIGC__TRY(collect_classes(folder, names));
    aigc__paths_sort(names);
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, names->n * sizeof(char *), &block));
    dataset->class_names = block;
    dataset->classes = (int64_t)names->n;
    for (size_t i = 0; i < names->n; i++)
        AIGC__TRY(aigc__memory_copy_string(memory, names->items[i], &dataset->class_names[i]));
    AIGC__TRY(aigc__bytes_of(folder->files.n, sizeof(uint32_t), &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    folder->labels = block;
    for (size_t i = 0; i < folder->files.n; i++)
        folder->labels[i] = (uint32_t)class_index(names->items, names->n, folder->files.items[i]);
    return AIGC_OK;
}

static aigc_status_t find_classes(aigc_dataset_t *dataset)
{
    const folder_t *folder = dataset->implementation;
    aigc__paths_t names;
    for (size_t i = 0; i < folder->files.n; i++)
        if (!strchr(folder->files.items[i], '/')) return AIGC_OK;
    aigc__paths_init(&names, &dataset->context->memory);
    const aigc_status_t status = label_pictures(dataset, &names);
    aigc__paths_free(&names);
    return status;
}

/* ---- pictures ---- */

static aigc_status_t decode(aigc_dataset_t *dataset, size_t index, aigc__pixels_t *pixels)
{
    folder_t *folder = dataset->implementation;
    aigc__memory_t *memory = &dataset->context->memory;
    aigc__source_t source = {0};
    char *path = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__path_join(memory, folder->root, folder->files.items[index], &path));
    AIGC__GOTO(done, aigc__source_open(&source, dataset->context->files, path));
    AIGC__GOTO(done, aigc__pixels_read(pixels, memory, &source, &folder->request));
done:
    aigc__source_close(&source);
    aigc__memory_free(memory, path);
    return status;
}

/* Is this the picture's own fault, the same each time? A limit may be the context's, which is not. */
static bool is_bad_picture(const aigc_dataset_t *dataset, aigc_status_t status)
{
    return status == AIGC_ERROR_CORRUPT || status == AIGC_ERROR_UNSUPPORTED ||
           (status == AIGC_ERROR_LIMIT && dataset->context->memory.limit == 0);
}

/* The picture at `index`, or the next good one after it; `*index` tells which. */
static aigc_status_t decode_next(aigc_dataset_t *dataset, size_t *index, aigc__pixels_t *pixels)
{
    folder_t *folder = dataset->implementation;
    for (size_t tried = 0; tried < folder->files.n; tried++, *index = (*index + 1) % folder->files.n) {
        if (folder->is_bad[*index]) continue;
        const aigc_status_t status = decode(dataset, *index, pixels);
        if (status == AIGC_OK || folder->is_strict || !is_bad_picture(dataset, status)) return status;
        folder->is_bad[*index] = 1;
        folder->n_bad++;
        aigc__log(dataset->context, AIGC_LOG_WARNING, "replaced by the next picture (%zu so far): %s", folder->n_bad,
                  aigc__failure_text());
        if (atomic_load(&dataset->context->cancelled)) return aigc__check_cancel(dataset->context);
    }
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: none of the %zu pictures in or below the folder can be read",
                      folder->root, folder->files.n);
}

static aigc_status_t fetch_folder(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    folder_t *folder = dataset->implementation;
    aigc__memory_t *memory = &dataset->context->memory;
    aigc__pixels_t decoded = {0};
    size_t place = (size_t)index;
    AIGC__TRY(decode_next(dataset, &place, &decoded));
    const aigc_status_t status = aigc__pixels_fit(&decoded, memory, dataset->height, dataset->width, folder->filter);
    if (status == AIGC_OK) {
        memcpy(pixels, decoded.data, aigc__dataset_bytes(dataset));
        if (folder->labels) *label = folder->labels[place];
    }
    aigc__memory_free(memory, decoded.data);
    return status;
}

/* Size and channels that options leave open are those of the first good picture. */
static aigc_status_t take_first(aigc_dataset_t *dataset)
{
    folder_t *folder = dataset->implementation;
    aigc__pixels_t first = {0};
    size_t index = 0;
    AIGC__TRY(decode_next(dataset, &index, &first));
    const bool is_open = dataset->height == 0 || folder->request.channels == 0;
    aigc__memory_free(&dataset->context->memory, first.data);
    if (dataset->height == 0) {
        dataset->height = first.height;
        dataset->width = first.width;
    }
    if (folder->request.channels == 0 && first.channels == 1 && folder->coloured)
        return aigc__fail(AIGC_ERROR_OPTION,
                          "%s: the first picture, %s, is gray, and %s is in colour; give option channels: 3 for "
                          "colour, 1 to take all as gray",
                          folder->root, folder->files.items[index], folder->coloured);
    dataset->channels = folder->request.channels = first.channels;
    if (dataset->height > MAX_SIDE || dataset->width > MAX_SIDE)
        return aigc__fail(AIGC_ERROR_LIMIT,
                          "%s/%s: the picture is %" PRId64 " x %" PRId64
                          " (height x width); give option 'size', at most %d",
                          folder->root, folder->files.items[index], dataset->height, dataset->width, MAX_SIDE);
    aigc__log(dataset->context, AIGC_LOG_INFO,
              "%s: %zu pictures, %" PRId64 " x %" PRId64 " with %" PRId64 " channels%s%s", folder->root,
              folder->files.n, dataset->height, dataset->width, dataset->channels, is_open ? " as in " : "",
              is_open ? folder->files.items[index] : "");
    return AIGC_OK;
}

static aigc_status_t read_options(aigc_dataset_t *dataset, folder_options_t *given, const aigc_options_t *options)
{
    folder_t *folder = dataset->implementation;
    const aigc__option_group_t group = {rows, sizeof rows / sizeof rows[0], given};
    AIGC__TRY(aigc__options_resolve(options, "dataset folder", &group, 1));
    AIGC__TRY(aigc__size_resolve(&given->size, &dataset->height, &dataset->width));
    if (given->channels == 2) return aigc__fail(AIGC_ERROR_OPTION, "option 'channels' is 2; expected 0, 1, 3 or 4");
    AIGC__TRY(aigc__parse_background(folder->request.background, given->background));
    folder->request.channels = given->channels;
    folder->filter = (aigc__filter_t)given->filter;
    folder->is_strict = given->strict != 0;
    return AIGC_OK;
}

static aigc_status_t open_folder(aigc_dataset_t *dataset, const char *source, const aigc_options_t *options)
{
    aigc__memory_t *memory = &dataset->context->memory;
    folder_options_t given;
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(folder_t), &block));
    folder_t *folder = dataset->implementation = block;
    aigc__paths_init(&folder->files, memory);
    AIGC__TRY(aigc__memory_copy_string(memory, source, &folder->root));
    AIGC__TRY(read_options(dataset, &given, options));
    AIGC__TRY(aigc__folder_walk(&folder->files, dataset->context, source, folder->is_strict, &folder->n_left_out));
    aigc__paths_sort(&folder->files);
    AIGC__TRY(keep_pictures(dataset));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, folder->files.n, &block));
    folder->is_bad = block;
    dataset->count = folder->files.n;
    if (given.labels) AIGC__TRY(find_classes(dataset));
    AIGC__TRY(take_first(dataset));
    for (size_t i = 0; i < folder->files.n; i++)
        dataset->identity =
            aigc__hash_bytes(dataset->identity, folder->files.items[i], strlen(folder->files.items[i]) + 1);
    return AIGC_OK;
}

static void close_folder(aigc_dataset_t *dataset)
{
    aigc__memory_t *memory = &dataset->context->memory;
    folder_t *folder = dataset->implementation;
    if (!folder) return;
    aigc__memory_free(memory, folder->root);
    aigc__memory_free(memory, folder->labels);
    aigc__memory_free(memory, folder->is_bad);
    aigc__paths_free(&folder->files);
    aigc__memory_free(memory, folder);
}

const aigc__dataset_kind_t aigc__dataset_kind_folder = {
    .name = "folder",
    .help = "PNG and JPEG pictures below a folder; sub-folders are classes",
    .needs_source = true,
    .options = rows,
    .n_options = sizeof rows / sizeof rows[0],
    .open = open_folder,
    .fetch = fetch_folder,
    .close = close_folder};
