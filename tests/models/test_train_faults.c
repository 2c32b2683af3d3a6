/* A training whose disk fails at any call: an error, nothing half written, and the same files in the end. */
#include "base/runtime.h"
#include "small_world.h"
#include "support/fault_files.h"
#include "support/unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 5 };
static const struct {
    const char *more, *kept[KEPT];
} runs[] = {{"",
             {"/disk/m.safetensors", "/disk/m.state.safetensors", "/disk/m.metrics.jsonl",
              "/disk/m.samples/epoch-0001.png", "/disk/m.samples/epoch-0002.png"}},
            {"samples_every=1",
             {"/disk/m.safetensors", "/disk/m.state.safetensors", "/disk/m.metrics.jsonl",
              "/disk/m.samples/step-00000001.png", "/disk/m.samples/step-00000002.png"}}};
static const char *const *kept;

typedef struct desk {
    small_world_t world;
    test_files_t *files;
    aigc_dataset_t *data;
    aigc_options_t *options;
} desk_t;

static void desk_begin(desk_t *desk, const char *more)
{
    small_world_begin(&desk->world, 1);
    desk->files = test_files_create();
    desk->world.context->files = test_files_calls(desk->files);
    desk->data = small_dataset(&desk->world, 20);
    desk->options = small_options(
        &desk->world, "epochs=2 batch_size=8 samples=4 save_seconds=0 ema=0.5 validation_split=0.2 resume=true", NULL);
    check_ok(aigc_options_parse(desk->options, small_kind->train));
    check_ok(aigc_options_parse(desk->options, more));
    check_ok(aigc_options_set_string(desk->options, "output", kept[0]));
}

static void desk_end(desk_t *desk)
{
    aigc_options_free(desk->options);
    aigc_dataset_free(desk->data);
    test_files_free(desk->files);
    desk->world.context->files = &aigc__posix_files;
    small_world_end(&desk->world);
}

/* Each attempt in a model of its own, as after a restart of the program. */
static aigc_status_t train(desk_t *desk)
{
    aigc_model_t *model = small_model(&desk->world, "");
    const aigc_status_t status = aigc_model_train(model, desk->data, NULL, desk->options, NULL, NULL);
    aigc_model_free(model);
    return status;
}

/* A file without what tells the time: malloc'd text. */
static char *contents(const desk_t *desk, const char *path, size_t *size)
{
    const uint8_t *bytes = test_files_get(desk->files, path, size, NULL);
    assert_non_null(bytes);
    char *text = malloc(*size + 1);
    memcpy(text, bytes, *size);
    text[*size] = '\0';
    for (char *at = strstr(path, ".jsonl") ? text : NULL; at && (at = strstr(at, "\"seconds\": ")) != NULL;) {
        char *end = strchr(at, ',');
        memmove(at, end, strlen(end) + 1);
        *size = strlen(text);
    }
    return text;
}

static void assert_same_files(const desk_t *a, const desk_t *b)
{
    for (size_t k = 0; k < KEPT; k++) {
        size_t size_a = 0, size_b = 0;
        char *in_a = contents(a, kept[k], &size_a), *in_b = contents(b, kept[k], &size_b);
        assert_int_equal(size_a, size_b);
        assert_memory_equal(in_a, in_b, size_a);
        free(in_a);
        free(in_b);
    }
}

static size_t temporary_files(const desk_t *desk)
{
    size_t n = 0;
    for (size_t k = 0; k < test_files_entries(desk->files); k++)
        n += strstr(test_files_entry(desk->files, k), "/.aigc-") != NULL;
    return n;
}

/* Every file that is there loads: none is half of something. */
static void assert_whole(desk_t *desk)
{
    aigc_model_t *model = NULL;
    if (test_files_get(desk->files, kept[0], &(size_t){0}, NULL))
        check_ok(aigc_model_load(&model, desk->world.context, kept[0], NULL));
    aigc_model_free(model);
    for (size_t k = 3; k < KEPT; k++) {
        aigc_tensor_t *image = NULL;
        if (test_files_get(desk->files, kept[k], &(size_t){0}, NULL))
            check_ok(aigc_image_read(&image, desk->world.context, kept[k], NULL));
        aigc_tensor_release(image);
    }
}

static void fail_anywhere(const char *more)
{
    static const int errors[] = {EIO, ENOSPC, EACCES, EMFILE};
    desk_t straight;
    size_t failures = 0;
    desk_begin(&straight, more);
    test_files_fail(straight.files, 0, 0, false);
    check_ok(train(&straight));
    const size_t calls = test_files_count(straight.files);
    for (size_t at = 1; at <= calls; at++) {
        desk_t desk;
        desk_begin(&desk, more);
        test_files_fail(desk.files, at, errors[at % 4], at % 3 == 0);
        const aigc_status_t status = train(&desk);
        const test_call_t failed = test_files_failed_call(desk.files);
        test_files_fail(desk.files, 0, 0, false);
        assert_true(status == AIGC_OK || status == AIGC_ERROR_IO);
        failures += status != AIGC_OK;
        if (status != AIGC_OK) assert_non_null(strstr(aigc_last_error(), "/disk"));
        assert_int_equal(test_files_open(desk.files), 0);
        assert_true(temporary_files(&desk) <= (failed == TEST_UNLINK || at % 3 == 0 ? 1u : 0u));
        assert_whole(&desk);
        check_ok(train(&desk));
        assert_same_files(&straight, &desk);
        desk_end(&desk);
    }
    assert_true(failures > calls / 2);
    desk_end(&straight);
}

static void a_disk_that_fails_anywhere_costs_only_time(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
        kept = runs[k].kept;
        fail_anywhere(runs[k].more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_disk_that_fails_anywhere_costs_only_time)};
    return run_on_all_kinds(tests);
}
