#include "base/numbers.h"
#include "base/sizes.h"
#include "data/transform.h"
#include "models/training.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "<stem><tail>" in the context's memory. */
static aigc_status_t join(aigc__run_files_t *files, const char *stem, size_t length, const char *tail, char **out)
{
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc(&files->context->memory, length + strlen(tail) + 1, &block));
    char *text = block;
    memcpy(text, stem, length);
    strcpy(text + length, tail);
    *out = text;
    return AIGC_OK;
}

static aigc_status_t make_folder(aigc_context_t *context, const char *folder)
{
    const int result = context->files->make_folder(context->files->user, folder);
    return result < 0 ? aigc__io_fail("make the folder", folder, result) : AIGC_OK;
}

static aigc_status_t make_parent(aigc__run_files_t *files, const char *path)
{
    const size_t length = (size_t)(aigc__path_name(path) - path);
    char *folder = NULL;
    if (length <= 1) return AIGC_OK;
    AIGC__TRY(join(files, path, length - 1, "", &folder));
    const aigc_status_t status = make_folder(files->context, folder);
    aigc__memory_free(&files->context->memory, folder);
    return status;
}

/* A training of hours must not fail at its end because of the folder: a file is begun and dropped. */
static aigc_status_t prove_writable(aigc__run_files_t *files)
{
    aigc__saver_t *saver = NULL;
    AIGC__TRY(aigc__saver_begin(&saver, &files->context->memory, files->context->files, files->model_path));
    aigc__saver_abort(saver);
    return AIGC_OK;
}

aigc_status_t aigc__run_files_open(aigc__run_files_t *files, aigc_context_t *context, const char *output)
{
    *files = (aigc__run_files_t){.context = context};
    if (output == NULL) return AIGC_OK;
    const char *const suffix = ".safetensors";
    size_t stem = strlen(output);
    if (aigc__path_has_suffix(output, suffix)) stem -= strlen(suffix);
    aigc_status_t status;
    AIGC__GOTO(fail, join(files, output, strlen(output), "", &files->model_path));
    AIGC__GOTO(fail, join(files, output, stem, ".state.safetensors", &files->state_path));
    AIGC__GOTO(fail, join(files, output, stem, ".metrics.jsonl", &files->metrics_path));
    AIGC__GOTO(fail, join(files, output, stem, ".samples", &files->samples_folder));
    AIGC__GOTO(fail, make_parent(files, output));
    AIGC__GOTO(fail, prove_writable(files));
    return AIGC_OK;
fail:
    aigc__run_files_close(files);
    return status;
}

void aigc__run_files_close(aigc__run_files_t *files)
{
    if (files->context == NULL) return;
    aigc__memory_t *memory = &files->context->memory;
    aigc__memory_free(memory, files->model_path);
    aigc__memory_free(memory, files->state_path);
    aigc__memory_free(memory, files->metrics_path);
    aigc__memory_free(memory, files->samples_folder);
    aigc__memory_free(memory, files->lines);
    *files = (aigc__run_files_t){0};
}

aigc_status_t aigc__run_files_keep(aigc__run_files_t *files, uint64_t epochs)
{
    enum { LARGEST = 1 << 28 };
    aigc__source_t source = {0};
    void *text = NULL;
    size_t size = 0, kept = 0;
    uint32_t mode;
    if (files->model_path == NULL || epochs == 0) return AIGC_OK;
    const aigc__file_calls_t *calls = files->context->files;
    if (calls->mode(calls->user, files->metrics_path, &mode) == -ENOENT)
        return AIGC_OK; /* none left by the earlier run */
    AIGC__TRY(aigc__source_open(&source, calls, files->metrics_path));
    const aigc_status_t status = aigc__source_read_all(&source, &files->context->memory, LARGEST, &text, &size);
    aigc__source_close(&source);
    if (status != AIGC_OK) return status;
    for (uint64_t line = 0; line < epochs && kept < size; line++) {
        const char *end = memchr((char *)text + kept, '\n', size - kept);
        if (end == NULL) break;
        kept = (size_t)(end - (char *)text) + 1;
    }
    files->lines = text;
    files->lines_size = kept;
    return AIGC_OK;
}

enum { LINE_SIZE = 2048 };

typedef struct line {
    char text[LINE_SIZE];
    size_t length;
} line_t;

static void put_text(line_t *line, const char *text)
{
    const size_t length = strlen(text);
    if (line->length + length >= sizeof line->text) return;
    memcpy(line->text + line->length, text, length + 1);
    line->length += length;
}

static void put_int(line_t *line, const char *name, uint64_t value)
{
    char text[64];
    snprintf(text, sizeof text, "%s\"%s\": %" PRIu64, line->length > 1 ? ", " : "", name, value);
    put_text(line, text);
}

/* JSON has no NaN or infinity: null. */
static void put_number(line_t *line, const char *prefix, const char *name, double value)
{
    char number[AIGC__NUMBER_SIZE], text[96];
    const bool is_finite = value - value == 0;
    snprintf(text, sizeof text, ", \"%s%s\": %s", prefix, name,
             is_finite ? aigc__format_double(number, value) : "null");
    put_text(line, text);
}

aigc_status_t aigc__run_files_metrics(aigc__run_files_t *files, uint64_t epoch, uint64_t images, double seconds,
                                      const aigc_metrics_t *train, const aigc_metrics_t *validation)
{
    line_t line = {.length = 0};
    aigc__saver_t *saver = NULL;
    if (files->model_path == NULL) return AIGC_OK;
    put_text(&line, "{");
    put_int(&line, "epoch", epoch);
    put_int(&line, "step", train->step);
    put_int(&line, "images", images);
    put_number(&line, "", "seconds", (double)(int64_t)(seconds * 1000 + 0.5) / 1000);
    for (uint32_t k = 0; k < train->count; k++) put_number(&line, "", train->names[k], train->values[k]);
    for (uint32_t k = 0; validation && k < validation->count; k++)
        put_number(&line, "validation_", validation->names[k], validation->values[k]);
    put_text(&line, "}\n");

    void *block = files->lines;
    size_t size = 0;
    AIGC__TRY(aigc__bytes_sum(files->lines_size, line.length, &size));
    AIGC__TRY(aigc__memory_resize(&files->context->memory, size, &block));
    files->lines = block;
    memcpy(files->lines + files->lines_size, line.text, line.length);
    files->lines_size = size;
    AIGC__TRY(aigc__saver_begin(&saver, &files->context->memory, files->context->files, files->metrics_path));
    const aigc_status_t status = aigc__saver_write(saver, files->lines, files->lines_size);
    if (status != AIGC_OK) {
        aigc__saver_abort(saver);
        return status;
    }
    return aigc__saver_commit(saver);
}

aigc_status_t aigc__run_files_samples(aigc__run_files_t *files, const char *unit, int digits, uint64_t number,
                                      const aigc_tensor_t *images)
{
    char name[64];
    char *path = NULL;
    aigc_tensor_t *grid = NULL;
    aigc_status_t status;
    if (files->model_path == NULL || images == NULL) return AIGC_OK;
    const aigc__grid_options_t options = {.columns = 8, .padding = 2};
    snprintf(name, sizeof name, "/%s-%0*" PRIu64 ".png", unit, digits, number);
    AIGC__GOTO(done, make_folder(files->context, files->samples_folder));
    AIGC__GOTO(done, join(files, files->samples_folder, strlen(files->samples_folder), name, &path));
    AIGC__GOTO(done, aigc__image_grid(&grid, images, &options));
    AIGC__GOTO(done, aigc__image_write(grid, path, 90, 6));
done:
    aigc__tensor_release(grid);
    aigc__memory_free(&files->context->memory, path);
    return status;
}
