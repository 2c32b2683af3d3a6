/* A dataset as a folder of PNG files that kind "folder" reads back. */
#include "data/folder_paths.h"
#include "data/pictures.h"
#include "formats/pixels.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COMPRESSION = 6 };

static aigc_status_t make_folder(aigc_context_t *context, const char *path)
{
    const int result = context->files->make_folder(context->files->user, path);
    return result < 0 ? aigc__io_fail("make the folder", path, result) : AIGC_OK;
}

/* A class's name as a folder's: slashes, control bytes and a leading dot are replaced. */
static void make_safe(char *name)
{
    if (name[0] == '.') name[0] = '_';
    for (unsigned char *s = (unsigned char *)name; *s; s++)
        if (*s == '/' || *s < 0x20 || *s == 0x7f) *s = '_';
}

static aigc_status_t class_folder(char **out, aigc_dataset_t *dataset, const char *folder, int64_t label)
{
    aigc__memory_t *memory = &dataset->context->memory;
    char *name = NULL;
    AIGC__TRY(aigc__memory_copy_string(memory, dataset->class_names[label], &name));
    make_safe(name);
    const aigc_status_t status = aigc__path_join(memory, folder, name[0] ? name : "_", out);
    aigc__memory_free(memory, name);
    return status;
}

static aigc_status_t save(aigc_context_t *context, const char *path, const aigc__pixels_t *pixels)
{
    aigc__saver_t *saver = NULL;
    AIGC__TRY(aigc__saver_begin(&saver, &context->memory, context->files, path));
    const aigc_status_t status = aigc__png_write(saver, &context->memory, pixels, COMPRESSION);
    if (status == AIGC_OK) return aigc__saver_commit_lightly(saver);
    aigc__saver_abort(saver);
    return status;
}

/* `picture` and `bytes` are room for one picture as fetched and as 8-bit pixels. */
static aigc_status_t export_one(aigc_dataset_t *dataset, const char *folder, uint64_t index, void *picture,
                                uint8_t *bytes)
{
    aigc__memory_t *memory = &dataset->context->memory;
    const aigc__pixels_t pixels = {dataset->height, dataset->width, dataset->channels, bytes};
    char name[32], *place = NULL, *path = NULL;
    int64_t label = 0;
    aigc_status_t status;
    AIGC__TRY(aigc__check_cancel(dataset->context));
    AIGC__TRY(aigc__dataset_fetch_one(dataset, index, picture, &label));
    if (dataset->is_float)
        aigc__convert(dataset->context->kernels, bytes, AIGC_DTYPE_U8, picture, AIGC_DTYPE_F32,
                      aigc__dataset_elements(dataset));
    snprintf(name, sizeof name, "%06" PRIu64 ".png", index);
    if (dataset->classes > 0) {
        AIGC__GOTO(done, class_folder(&place, dataset, folder, label));
        AIGC__GOTO(done, make_folder(dataset->context, place));
    }
    AIGC__GOTO(done, aigc__path_join(memory, place ? place : folder, name, &path));
    AIGC__GOTO(done, save(dataset->context, path, &pixels));
done:
    aigc__memory_free(memory, place);
    aigc__memory_free(memory, path);
    return status;
}

aigc_status_t aigc__dataset_export(aigc_dataset_t *dataset, const char *folder)
{
    aigc__memory_t *memory = &dataset->context->memory;
    void *picture = NULL, *bytes = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, make_folder(dataset->context, folder));
    AIGC__GOTO(done, aigc__memory_alloc(memory, aigc__dataset_bytes(dataset), &picture));
    if (dataset->is_float) AIGC__GOTO(done, aigc__memory_alloc(memory, aigc__dataset_elements(dataset), &bytes));
    for (uint64_t i = 0; i < dataset->count; i++)
        AIGC__GOTO(done, export_one(dataset, folder, i, picture, bytes ? bytes : picture));
done:
    aigc__memory_free(memory, picture);
    aigc__memory_free(memory, bytes);
    return status;
}
