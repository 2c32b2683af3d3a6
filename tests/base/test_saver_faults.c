/* Saves that go wrong at each call, in each way, and saves whose machine loses its power. */
#include "base/files.h"
#include "support/fault_files.h"
#include "support/unit.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { SIZE = 140000, OLD_SIZE = 5000 };
static uint8_t fresh[SIZE], old[OLD_SIZE];
static aigc__memory_t memory;

static int setup(void **state)
{
    (void)state;
    aigc__memory_init(&memory, NULL, 0);
    for (size_t i = 0; i < SIZE; i++) fresh[i] = (uint8_t)((i * 7 ^ i >> 9) | 1);
    for (size_t i = 0; i < OLD_SIZE; i++) old[i] = (uint8_t)(i * 11 | 1);
    return 0;
}

static aigc_status_t save_by(const aigc__file_calls_t *calls, aigc_status_t (*commit)(aigc__saver_t *))
{
    aigc__saver_t *saver = NULL;
    AIGC__TRY(aigc__saver_begin(&saver, &memory, calls, "dir/model"));
    aigc__saver_write(saver, fresh, 1000);
    aigc__saver_write(saver, fresh + 1000, SIZE - 1000);
    return commit(saver);
}

static aigc_status_t save(const aigc__file_calls_t *calls) { return save_by(calls, aigc__saver_commit); }

static bool is_whole(const uint8_t *bytes, size_t size, const uint8_t *expected, size_t expected_size)
{
    return bytes && size == expected_size && memcmp(bytes, expected, size) == 0;
}

/* ---- faults ---- */

/* What must hold after a save in which a call failed. */
static void check_after_fault(test_files_t *files, aigc_status_t status, bool had_old)
{
    const test_call_t failed = test_files_failed_call(files);
    size_t size = 0;
    const uint8_t *bytes = test_files_get(files, "dir/model", &size, NULL);
    const bool is_replaced = is_whole(bytes, size, fresh, SIZE);
    if (status == AIGC_OK) {
        /* Only tidying up may fail unseen. */
        assert_true(is_replaced && (failed == TEST_LIST || failed == TEST_CALLS));
    } else {
        assert_int_equal(status, AIGC_ERROR_IO);
        assert_non_null(strstr(aigc__failure_text(), "'dir/model'"));
        if (failed == TEST_SYNC_FOLDER)
            assert_true(is_replaced);
        else
            assert_true(had_old ? is_whole(bytes, size, old, OLD_SIZE) : bytes == NULL);
    }
    for (size_t i = 0; i < test_files_entries(files); i++) {
        const char *entry = test_files_entry(files, i);
        assert_true(strcmp(entry, "dir/model") == 0 || strncmp(entry, "dir/.aigc-model-", 16) == 0);
    }
    assert_int_equal(test_files_open(files), 0);
    assert_int_equal(test_files_second_syncs(files), 0);
    assert_int_equal(memory.live, 0);
}

/* False once `at` lies past the last call of a save. */
static bool fault_once(size_t at, int error, bool from_then, bool had_old)
{
    test_files_t *files = test_files_create();
    if (had_old) test_files_put(files, "dir/model", old, OLD_SIZE, 0644);
    test_files_fail(files, at, error, from_then);
    const aigc_status_t status = save(test_files_calls(files));
    const bool was_hit = test_files_failed_call(files) != TEST_CALLS;
    check_after_fault(files, status, had_old);
    /* A single failure leaves no temporary file behind. */
    const size_t expected = test_files_get(files, "dir/model", NULL, NULL) ? 1 : 0;
    assert_in_range(test_files_entries(files), expected, expected + (from_then ? 1 : 0));
    test_files_fail(files, 0, 0, false);
    check_ok(save(test_files_calls(files)));
    size_t size = 0;
    const uint8_t *bytes = test_files_get(files, "dir/model", &size, NULL);
    assert_true(is_whole(bytes, size, fresh, SIZE));
    test_files_free(files);
    return was_hit;
}

static void every_call_may_fail_in_every_way(void **state)
{
    (void)state;
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EACCES, EMFILE, EROFS, EXDEV, EBADF, ENOMEM, EINVAL};
    size_t runs = 0;
    for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++)
        for (int from_then = 0; from_then < 2; from_then++)
            for (int had_old = 0; had_old < 2; had_old++)
                for (size_t at = 1; fault_once(at, errors[e], from_then, had_old); at++) runs++;
    print_message("%zu faults in a save\n", runs);
    assert_true(runs >= 10 * 2 * 2 * 9);
}

static void each_call_may_be_interrupted_once(void **state)
{
    (void)state;
    test_files_t *files = test_files_create();
    check_ok(save(test_files_calls(files)));
    const size_t calls = test_files_count(files);
    test_files_free(files);
    for (size_t at = 1; at <= calls; at++) {
        files = test_files_create();
        test_files_put(files, "dir/model", old, OLD_SIZE, 0644);
        test_files_fail(files, at, EINTR, false);
        check_ok(save(test_files_calls(files)));
        size_t size = 0;
        const uint8_t *bytes = test_files_get(files, "dir/model", &size, NULL);
        assert_true(is_whole(bytes, size, fresh, SIZE));
        assert_int_equal(test_files_entries(files), 1);
        assert_int_equal(test_files_open(files), 0);
        test_files_free(files);
    }
}

static void a_failed_append_keeps_the_lines(void **state)
{
    (void)state;
    for (size_t at = 1;; at++) {
        test_files_t *files = test_files_create();
        test_files_put(files, "log", "one\n", 4, 0644);
        test_files_fail(files, at, EIO, false);
        const aigc_status_t status = aigc__file_append(&memory, test_files_calls(files), "log", "two\n", 4);
        const test_call_t failed = test_files_failed_call(files);
        size_t size = 0;
        const uint8_t *bytes = test_files_get(files, "log", &size, NULL);
        const bool is_new = is_whole(bytes, size, (const uint8_t *)"one\ntwo\n", 8);
        const bool is_tidying = failed == TEST_LIST || failed == TEST_CALLS;
        /* A source that was read whole may fail to close. */
        if (status == AIGC_OK)
            assert_true(is_new && (is_tidying || failed == TEST_CLOSE));
        else
            assert_true(failed == TEST_SYNC_FOLDER ? is_new : is_whole(bytes, size, (const uint8_t *)"one\n", 4));
        assert_int_equal(test_files_entries(files), 1);
        assert_int_equal(test_files_open(files), 0);
        test_files_free(files);
        if (failed == TEST_CALLS) break;
    }
}

/* ---- power ---- */

typedef struct verdict {
    bool had_old;
    size_t states, bad, news;
} verdict_t;

/* Old or new, whole; once the save has answered, new. */
static void judge(void *user, const uint8_t *bytes, size_t size, bool is_finished)
{
    verdict_t *verdict = user;
    const bool is_new = is_whole(bytes, size, fresh, SIZE);
    const bool is_old = verdict->had_old ? is_whole(bytes, size, old, OLD_SIZE) : bytes == NULL;
    verdict->news += is_new;
    verdict->bad += !(is_new || (is_old && !is_finished));
}

typedef void (*saver_fn)(test_files_t *files);

static verdict_t lose_power(saver_fn saver, bool had_old)
{
    verdict_t verdict = {.had_old = had_old};
    test_files_t *files = test_files_create();
    if (had_old) test_files_put(files, "dir/model", old, OLD_SIZE, 0644);
    test_files_start_log(files);
    saver(files);
    verdict.states = test_files_lose_power(files, "dir/model", judge, &verdict);
    test_files_free(files);
    return verdict;
}

static void right_saver(test_files_t *files)
{
    test_files_shorten(files, 30000);
    check_ok(save(test_files_calls(files)));
}

static void power_may_go_at_any_moment(void **state)
{
    (void)state;
    for (int had_old = 0; had_old < 2; had_old++) {
        const verdict_t verdict = lose_power(right_saver, had_old);
        print_message("%zu states after a loss of power\n", verdict.states);
        assert_int_equal(verdict.bad, 0);
        assert_true(verdict.states > 20 && verdict.news > 0 && verdict.news < verdict.states);
    }
}

static int lie(void *user, int file)
{
    (void)user;
    (void)file;
    return 0;
}

static int lie_about_folder(void *user, const char *folder)
{
    (void)user;
    (void)folder;
    return 0;
}

static void saver_without_sync(test_files_t *files)
{
    aigc__file_calls_t calls = *test_files_calls(files);
    calls.sync = lie;
    check_ok(save(&calls));
}

static void saver_without_folder_sync(test_files_t *files)
{
    aigc__file_calls_t calls = *test_files_calls(files);
    calls.sync_folder = lie_about_folder;
    check_ok(save(&calls));
}

static void saver_that_renames_first(test_files_t *files)
{
    const aigc__file_calls_t *calls = test_files_calls(files);
    const int file = calls->create(calls->user, "dir/temporary", 0644);
    calls->rename(calls->user, "dir/temporary", "dir/model");
    assert_int_equal(calls->write(calls->user, file, fresh, SIZE), SIZE);
    calls->sync(calls->user, file);
    calls->close(calls->user, file);
    calls->sync_folder(calls->user, "dir");
}

static void saver_that_truncates(test_files_t *files)
{
    const aigc__file_calls_t *calls = test_files_calls(files);
    const int file = test_files_truncate(files, "dir/model");
    assert_int_equal(calls->write(calls->user, file, fresh, SIZE), SIZE);
    calls->sync(calls->user, file);
    calls->close(calls->user, file);
    calls->sync_folder(calls->user, "dir");
}

/* Without these the test above would prove nothing. */
static void wrong_savers_are_caught(void **state)
{
    (void)state;
    static const saver_fn savers[] = {saver_without_sync, saver_without_folder_sync, saver_that_renames_first,
                                      saver_that_truncates};
    for (size_t i = 0; i < 4; i++) assert_true(lose_power(savers[i], true).bad > 0);
}

/* What can be made again: whole or as it was whatever call fails, but without waiting for the disk. */
static void a_light_save_is_whole_and_waits_for_nothing(void **state)
{
    (void)state;
    for (size_t at = 1, hit = 1; hit; at++) {
        test_files_t *files = test_files_create();
        test_files_put(files, "dir/model", old, OLD_SIZE, 0644);
        test_files_fail(files, at, EIO, false);
        const aigc_status_t status = save_by(test_files_calls(files), aigc__saver_commit_lightly);
        hit = test_files_failed_call(files) != TEST_CALLS;
        check_after_fault(files, status, true);
        assert_int_equal(test_files_count_of(files, TEST_SYNC) + test_files_count_of(files, TEST_SYNC_FOLDER) +
                             test_files_count_of(files, TEST_LIST), 0);
        assert_int_equal(test_files_entries(files), 1);
        test_files_free(files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_may_fail_in_every_way), cmocka_unit_test(each_call_may_be_interrupted_once),
        cmocka_unit_test(a_failed_append_keeps_the_lines),  cmocka_unit_test(power_may_go_at_any_moment),
        cmocka_unit_test(a_light_save_is_whole_and_waits_for_nothing), cmocka_unit_test(wrong_savers_are_caught),
    };
    return cmocka_run_group_tests_name("saver faults", tests, setup, NULL);
}
