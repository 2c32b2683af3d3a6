/* Saving and loading a model while the disk misbehaves: the old file stays whole, the sentence says what
 * happened, the next save works. */
#include "base/runtime.h"
#include "models/small_world.h"
#include "support/fault_files.h"
#include "support/unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const path = "/disk/model.safetensors";

typedef struct desk {
    small_world_t world;
    test_files_t *files;
    aigc_model_t *model, *reference; /* the reference stays as it was saved */
    uint8_t *old;
    size_t old_size;
} desk_t;

/* A model saved once, then changed by a step. */
static void desk_begin(desk_t *desk)
{
    size_t size = 0;
    memset(desk, 0, sizeof *desk);
    small_world_begin(&desk->world, 1);
    desk->files = test_files_create();
    desk->world.context->files = test_files_calls(desk->files);
    desk->model = small_model(&desk->world, SMALL_SIZE);
    check_ok(aigc_model_save(desk->model, path, NULL));
    check_ok(aigc_model_load(&desk->reference, desk->world.context, path, NULL));
    const uint8_t *bytes = test_files_get(desk->files, path, &size, NULL);
    desk->old = malloc(size);
    memcpy(desk->old, bytes, size);
    desk->old_size = size;
    aigc_tensor_t *images = small_pictures(&desk->world, 4);
    check_ok(aigc_model_train_step(desk->model, images, NULL, NULL, NULL));
    aigc_tensor_release(images);
}

static void desk_end(desk_t *desk)
{
    free(desk->old);
    aigc_model_free(desk->model);
    aigc_model_free(desk->reference);
    test_files_free(desk->files);
    desk->world.context->files = &aigc__posix_files;
    small_world_end(&desk->world);
}

static bool is_old(const desk_t *desk)
{
    size_t size = 0;
    const uint8_t *bytes = test_files_get(desk->files, path, &size, NULL);
    return bytes && size == desk->old_size && memcmp(bytes, desk->old, size) == 0;
}

static const int errors[] = {EIO, ENOSPC, EDQUOT, EACCES, EMFILE, EROFS, EXDEV};

static void a_failed_save_leaves_the_old_file(void **state)
{
    (void)state;
    const size_t n = small_kind == small_kinds ? sizeof errors / sizeof *errors : 1;
    for (size_t k = 0; k < n; k++)
        for (int from_then = 0; from_then < 2; from_then++) {
            bool is_done = false;
            for (size_t at = 1; !is_done; at++) {
                desk_t desk;
                desk_begin(&desk);
                test_files_fail(desk.files, at, errors[k], from_then);
                const aigc_status_t status = aigc_model_save(desk.model, path, NULL);
                is_done = test_files_failed_call(desk.files) == TEST_CALLS;
                const test_call_t failed = test_files_failed_call(desk.files);
                test_files_fail(desk.files, 0, 0, false);
                if (status != AIGC_OK) {
                    assert_int_equal(status, AIGC_ERROR_IO);
                    /* after the rename the new file is in place whole; before, the old one */
                    assert_true(is_old(&desk) || failed == TEST_SYNC_FOLDER);
                }
                assert_int_equal(test_files_open(desk.files), 0);
                assert_int_equal(test_files_second_syncs(desk.files), 0);
                check_ok(aigc_model_save(desk.model, path, NULL));
                assert_false(is_old(&desk));
                desk_end(&desk);
                assert_true(at < 1000);
            }
        }
}

static void interruptions_do_not_show(void **state)
{
    desk_t desk;
    aigc_model_t *loaded = NULL;
    size_t n = 0, m = 0;
    (void)state;
    desk_begin(&desk);
    test_files_interrupt(desk.files, true);
    test_files_shorten(desk.files, 7);
    check_ok(aigc_model_save(desk.model, path, NULL));
    check_ok(aigc_model_load(&loaded, desk.world.context, path, NULL));
    float *a = copy_parameters(desk.model, &n), *b = copy_parameters(loaded, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n * sizeof *a);
    free(a);
    free(b);
    aigc_model_free(loaded);
    desk_end(&desk);
}

static void a_failed_load_says_so(void **state)
{
    (void)state;
    bool is_done = false;
    size_t failures = 0;
    for (size_t at = 1; !is_done; at++) {
        desk_t desk;
        aigc_model_t *loaded = NULL;
        desk_begin(&desk);
        test_files_fail(desk.files, at, EIO, false);
        const aigc_status_t status = aigc_model_load(&loaded, desk.world.context, path, NULL);
        is_done = test_files_failed_call(desk.files) == TEST_CALLS;
        test_files_fail(desk.files, 0, 0, false);
        /* one look at the first bytes may fail unnoticed where the next succeeds: then the load is whole */
        if (status == AIGC_OK) {
            size_t n = 0, m = 0;
            float *wanted = copy_parameters(desk.reference, &n), *found = copy_parameters(loaded, &m);
            assert_int_equal(n, m);
            assert_memory_equal(wanted, found, n * sizeof *wanted);
            free(wanted);
            free(found);
        } else {
            assert_int_equal(status, AIGC_ERROR_IO);
            assert_null(loaded);
            assert_non_null(strstr(aigc_last_error(), path));
            failures++;
        }
        aigc_model_free(loaded);
        assert_int_equal(test_files_open(desk.files), 0);
        desk_end(&desk);
    }
    assert_true(failures >= 10);
}

typedef struct disk {
    const desk_t *desk;
    const uint8_t *fresh;
    size_t fresh_size, states;
} disk_t;

static void old_or_new(void *user, const uint8_t *bytes, size_t size, bool is_finished)
{
    disk_t *disk = user;
    const bool old = bytes && size == disk->desk->old_size && memcmp(bytes, disk->desk->old, size) == 0;
    const bool fresh = bytes && size == disk->fresh_size && memcmp(bytes, disk->fresh, size) == 0;
    assert_true(fresh || (old && !is_finished));
    disk->states++;
}

static void a_power_loss_leaves_old_or_new(void **state)
{
    desk_t desk;
    (void)state;
    desk_begin(&desk);
    test_files_start_log(desk.files);
    check_ok(aigc_model_save(desk.model, path, NULL));
    disk_t disk = {.desk = &desk};
    disk.fresh = test_files_get(desk.files, path, &disk.fresh_size, NULL);
    test_files_lose_power(desk.files, path, old_or_new, &disk);
    assert_true(disk.states > 10);
    desk_end(&desk);
}

/* Bits that rot: a damaged file loads only where the damage hit numbers, never as another network. */
static void every_flipped_bit_of_the_header_is_noticed_or_harmless(void **state)
{
    desk_t desk;
    size_t refused = 0;
    (void)state;
    desk_begin(&desk);
    uint64_t header = 0;
    memcpy(&header, desk.old, sizeof header);
    for (size_t bit = 0; bit < 8 * (8 + (size_t)header); bit += small_kind == small_kinds ? 3 : 17) {
        aigc_model_t *loaded = NULL;
        uint8_t *bytes = malloc(desk.old_size);
        memcpy(bytes, desk.old, desk.old_size);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        test_files_put(desk.files, path, bytes, desk.old_size, 0644);
        free(bytes);
        const aigc_status_t status = aigc_model_load(&loaded, desk.world.context, path, NULL);
        refused += status != AIGC_OK;
        assert_true(status == AIGC_OK || strlen(aigc_last_error()) > 10);
        aigc_model_free(loaded);
    }
    assert_true(refused > (size_t)header / (small_kind == small_kinds ? 1 : 6));
    desk_end(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_save_leaves_the_old_file),
        cmocka_unit_test(interruptions_do_not_show),
        cmocka_unit_test(a_failed_load_says_so),
        cmocka_unit_test(a_power_loss_leaves_old_or_new),
        cmocka_unit_test(every_flipped_bit_of_the_header_is_noticed_or_harmless),
    };
    return run_on_all_kinds(tests);
}
