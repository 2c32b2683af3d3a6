#include "base/files.h"
#include "support/fault_files.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static test_memory_t world;
static aigc__memory_t memory;
static test_files_t *files;
static const aigc__file_calls_t *calls;

enum { SIZE = 150001 }; /* more than two buffers of the saver */
static uint8_t pattern[SIZE];

static int setup(void **state)
{
    (void)state;
    test_memory_init(&world);
    aigc__memory_init(&memory, &world.allocator, 0);
    files = test_files_create();
    calls = test_files_calls(files);
    for (size_t i = 0; i < SIZE; i++) pattern[i] = (uint8_t)(i * 31 ^ i >> 8);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    const int is_wrong = world.blocks || world.mistakes || test_files_open(files) != 0;
    test_files_free(files);
    return is_wrong;
}

static void assert_file(const char *path, const void *bytes, size_t size)
{
    size_t found = 0;
    const uint8_t *there = test_files_get(files, path, &found, NULL);
    assert_non_null(there);
    assert_int_equal(found, size);
    assert_memory_equal(there, bytes, size);
}

static aigc_status_t save(const char *path, const void *bytes, size_t size, size_t piece)
{
    aigc__saver_t *saver = NULL;
    AIGC__TRY(aigc__saver_begin(&saver, &memory, calls, path));
    for (size_t at = 0; at < size; at += piece)
        aigc__saver_write(saver, (const uint8_t *)bytes + at, size - at < piece ? size - at : piece);
    assert_int_equal(aigc__saver_size(saver), size);
    return aigc__saver_commit(saver);
}

static void a_saved_file_reads_back_in_any_pieces(void **state)
{
    (void)state;
    static const size_t pieces[] = {1000, 1, SIZE, 65536, 65537, 65535};
    for (size_t i = 0; i < 6; i++) {
        const size_t size = pieces[i] == 1 ? 2000 : SIZE;
        check_ok(save("dir/a", pattern, size, pieces[i]));
        assert_file("dir/a", pattern, size);
        assert_int_equal(test_files_entries(files), 1);
    }
    check_ok(save("dir/a", pattern, 0, 1));
    assert_file("dir/a", pattern, 0);
}

static void interrupts_and_short_transfers_do_not_show(void **state)
{
    (void)state;
    aigc__source_t source;
    void *bytes = NULL;
    size_t size = 0;
    test_files_interrupt(files, true);
    test_files_shorten(files, 777);
    check_ok(save("a", pattern, SIZE, 5000));
    assert_file("a", pattern, SIZE);
    check_ok(aigc__source_open(&source, calls, "a"));
    check_ok(aigc__source_read_all(&source, &memory, SIZE, &bytes, &size));
    assert_int_equal(size, SIZE);
    assert_memory_equal(bytes, pattern, SIZE);
    aigc__source_close(&source);
    aigc__memory_free(&memory, bytes);
    check_ok(aigc__file_append(&memory, calls, "a", "tail", 4));
    assert_int_equal(test_files_entries(files), 1);
}

static void a_save_syncs_the_file_and_its_folder(void **state)
{
    (void)state;
    test_files_fail(files, 0, 0, false);
    check_ok(save("dir/a", pattern, 10, 10));
    assert_int_equal(test_files_count_of(files, TEST_SYNC), 1);
    assert_int_equal(test_files_count_of(files, TEST_SYNC_FOLDER), 1);
}

static void a_replaced_file_keeps_its_mode(void **state)
{
    (void)state;
    uint32_t mode = 0;
    test_files_put(files, "secret", "old", 3, 0600);
    check_ok(save("secret", "new", 3, 3));
    assert_non_null(test_files_get(files, "secret", NULL, &mode));
    assert_int_equal(mode, 0600);
}

static void an_aborted_save_leaves_nothing(void **state)
{
    (void)state;
    aigc__saver_t *saver = NULL;
    test_files_put(files, "a", "old", 3, 0644);
    check_ok(aigc__saver_begin(&saver, &memory, calls, "a"));
    check_ok(aigc__saver_write(saver, pattern, SIZE));
    aigc__saver_abort(saver);
    aigc__saver_abort(NULL);
    assert_file("a", "old", 3);
    assert_int_equal(test_files_entries(files), 1);
}

static void two_savers_of_one_path_do_not_meet(void **state)
{
    (void)state;
    aigc__saver_t *first = NULL, *second = NULL;
    check_ok(aigc__saver_begin(&first, &memory, calls, "a"));
    check_ok(aigc__saver_begin(&second, &memory, calls, "a"));
    check_ok(aigc__saver_write(first, "first", 5));
    check_ok(aigc__saver_write(second, "second", 6));
    check_ok(aigc__saver_commit(second));
    assert_file("a", "second", 6);
    check_ok(aigc__saver_commit(first));
    assert_file("a", "first", 5);
    assert_int_equal(test_files_entries(files), 1);
}

static void a_failed_write_fails_every_call_after_it(void **state)
{
    (void)state;
    aigc__saver_t *saver = NULL;
    check_ok(aigc__saver_begin(&saver, &memory, calls, "a"));
    test_files_fail(files, 1, ENOSPC, false);
    check_failure(aigc__saver_write(saver, pattern, SIZE), AIGC_ERROR_IO, "cannot write 'a': no space left on device (ENOSPC)");
    aigc__fail(AIGC_ERROR_MEMORY, "something else");
    check_failure(aigc__saver_write(saver, "x", 1), AIGC_ERROR_IO, "ENOSPC");
    aigc__fail(AIGC_ERROR_MEMORY, "something else");
    check_failure(aigc__saver_commit(saver), AIGC_ERROR_IO, "ENOSPC");
    assert_int_equal(test_files_entries(files), 0);
}

static void a_save_survives_each_failing_allocation(void **state)
{
    (void)state;
    test_files_put(files, "a", "old", 3, 0644);
    size_t i = 1;
    for (;; i++) {
        test_memory_fail(&world, i, false);
        const aigc_status_t status = save("a", "newer", 5, 5);
        if (status == AIGC_OK) break;
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        assert_file("a", "old", 3);
        assert_int_equal(test_files_entries(files), 1);
        assert_int_equal(world.blocks, 0);
    }
    assert_true(i > 1);
}

static void lines_are_appended_whole(void **state)
{
    (void)state;
    check_ok(aigc__file_append(&memory, calls, "log", "one\n", 4));
    check_ok(aigc__file_append(&memory, calls, "log", "two\n", 4));
    assert_file("log", "one\ntwo\n", 8);
    test_files_put(files, "big", pattern, SIZE, 0644);
    check_ok(aigc__file_append(&memory, calls, "big", "end", 3));
    size_t size = 0;
    const uint8_t *bytes = test_files_get(files, "big", &size, NULL);
    assert_int_equal(size, SIZE + 3);
    assert_memory_equal(bytes, pattern, SIZE);
    assert_memory_equal(bytes + SIZE, "end", 3);
}

static void reads_past_the_end_are_refused(void **state)
{
    (void)state;
    uint8_t buffer[16] = {0};
    void *all = NULL;
    size_t size = 0;
    aigc__source_t sources[2];
    test_files_put(files, "a", "0123456789", 10, 0644);
    check_ok(aigc__source_open(&sources[0], calls, "a"));
    aigc__source_from_memory(&sources[1], "a", "0123456789", 10);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sources[i].size, 10);
        check_ok(aigc__source_read(&sources[i], 7, buffer, 3));
        assert_memory_equal(buffer, "789", 3);
        check_ok(aigc__source_read(&sources[i], 10, buffer, 0));
        check_failure(aigc__source_read(&sources[i], 7, buffer, 4), AIGC_ERROR_CORRUPT,
                      "'a' ends at byte 10; expected 4 bytes at byte 7");
        assert_int_equal(aigc__source_read(&sources[i], UINT64_MAX, buffer, 2), AIGC_ERROR_CORRUPT);
        assert_int_equal(aigc__source_read(&sources[i], 11, buffer, 0), AIGC_ERROR_CORRUPT);
        check_failure(aigc__source_read_all(&sources[i], &memory, 9, &all, &size), AIGC_ERROR_LIMIT, "at most 9");
        aigc__source_close(&sources[i]);
    }
    aigc__source_close(&(aigc__source_t){0});
}

static void a_file_that_shrinks_and_one_that_fails_are_io_errors(void **state)
{
    (void)state;
    aigc__source_t source;
    uint8_t buffer[16];
    test_files_put(files, "a", "0123456789", 10, 0644);
    check_ok(aigc__source_open(&source, calls, "a"));
    calls->close(calls->user, test_files_truncate(files, "a"));
    check_failure(aigc__source_read(&source, 0, buffer, 10), AIGC_ERROR_IO, "shorter than 10 bytes");
    test_files_fail(files, 1, EIO, false);
    check_failure(aigc__source_read(&source, 0, buffer, 10), AIGC_ERROR_IO, "cannot read 'a': input/output error (EIO)");
    aigc__source_close(&source);
    check_failure(aigc__source_open(&source, calls, "b"), AIGC_ERROR_IO, "cannot open 'b': no such file or folder (ENOENT)");
    test_files_fail(files, 2, 12345, false);
    check_failure(aigc__source_open(&source, calls, "a"), AIGC_ERROR_IO, "error 12345");
}

/* ---- the real file system ---- */

static char folder[64];

static const char *in_folder(char *path, const char *name)
{
    snprintf(path, 512, "%s/%s", folder, name);
    return path;
}

static int count(void *arg, const char *name, bool is_folder)
{
    (void)is_folder;
    size_t *n = arg;
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) ++*n;
    return 0;
}

static size_t entries_of_folder(void)
{
    size_t n = 0;
    assert_int_equal(aigc__posix_files.list(NULL, folder, count, &n), 0);
    return n;
}

static int setup_real(void **state)
{
    strcpy(folder, "/tmp/aigc-test-XXXXXX");
    if (!mkdtemp(folder)) return 1;
    const int result = setup(state);
    calls = &aigc__posix_files;
    return result;
}

static int remove_name(void *arg, const char *name, bool is_folder)
{
    char path[512];
    (void)arg;
    in_folder(path, name);
    if (is_folder)
        rmdir(path);
    else
        unlink(path);
    return 0;
}

static int teardown_real(void **state)
{
    aigc__posix_files.list(NULL, folder, remove_name, NULL);
    return rmdir(folder) != 0 || teardown(state);
}

static void real_files_are_saved_with_the_right_mode(void **state)
{
    (void)state;
    char path[512];
    struct stat info;
    const mode_t mask = umask(027);
    check_ok(save(in_folder(path, "a"), pattern, SIZE, 4096));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, SIZE);
    assert_int_equal(info.st_mode & 07777, 0640);
    assert_int_equal(chmod(path, 0606), 0); /* more than the mask allows */
    check_ok(save(path, pattern, 100, 100));
    umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 100);
    assert_int_equal(info.st_mode & 07777, 0606);
    assert_int_equal(entries_of_folder(), 1);
}

static void what_is_no_regular_file_is_refused(void **state)
{
    (void)state;
    char path[512];
    aigc__source_t source;
    check_failure(save("/dev/null", "x", 1, 1), AIGC_ERROR_IO, "no regular file");
    check_failure(save(folder, "x", 1, 1), AIGC_ERROR_IO, "it is a folder");
    check_failure(aigc__source_open(&source, calls, folder), AIGC_ERROR_IO, "it is a folder");
    check_failure(aigc__source_open(&source, calls, "/dev/null"), AIGC_ERROR_IO, "no regular file");
    assert_int_equal(mkfifo(in_folder(path, "fifo"), 0600), 0);
    check_failure(aigc__source_open(&source, calls, path), AIGC_ERROR_IO, "no regular file");
    check_failure(save(path, "x", 1, 1), AIGC_ERROR_IO, "no regular file");
    check_failure(save(in_folder(path, "none/a"), "x", 1, 1), AIGC_ERROR_IO, "ENOENT");
}

static void long_names_and_links_work(void **state)
{
    (void)state;
    char path[512], link_path[512], name[256];
    memset(name, 'n', 255);
    for (size_t i = 0; i < 252; i += 3) memcpy(name + i, "\xe2\x82\xac", 3);
    name[255] = '\0';
    check_ok(save(in_folder(path, name), "long", 4, 4));
    assert_int_equal(entries_of_folder(), 1);
    assert_int_equal(symlink(path, in_folder(link_path, "link")), 0);
    check_ok(save(link_path, "other", 5, 5));
    struct stat info;
    assert_int_equal(lstat(link_path, &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 4);
}

static void folders_are_made_and_listed(void **state)
{
    (void)state;
    char path[512];
    assert_int_equal(calls->make_folder(NULL, in_folder(path, "sub")), 0);
    assert_int_equal(calls->make_folder(NULL, path), 0);
    check_ok(save(in_folder(path, "a"), "x", 1, 1));
    assert_int_equal(calls->make_folder(NULL, path), -EEXIST);
    assert_int_equal(entries_of_folder(), 2);
    assert_int_equal(calls->list(NULL, in_folder(path, "none"), count, NULL), -ENOENT);
}

static void paths_are_taken_apart(void **state)
{
    (void)state;
    assert_string_equal(aigc__path_name("a/b/c.png"), "c.png");
    assert_string_equal(aigc__path_name("c.png"), "c.png");
    assert_string_equal(aigc__path_name("a/"), "");
    assert_true(aigc__path_has_suffix("x.PnG", ".png"));
    assert_false(aigc__path_has_suffix("png", ".png"));
    assert_false(aigc__path_has_suffix("x.png.txt", ".png"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_saved_file_reads_back_in_any_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(interrupts_and_short_transfers_do_not_show, setup, teardown),
        cmocka_unit_test_setup_teardown(a_save_syncs_the_file_and_its_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(a_replaced_file_keeps_its_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(an_aborted_save_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(two_savers_of_one_path_do_not_meet, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_write_fails_every_call_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_save_survives_each_failing_allocation, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_are_appended_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_past_the_end_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_shrinks_and_one_that_fails_are_io_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(real_files_are_saved_with_the_right_mode, setup_real, teardown_real),
        cmocka_unit_test_setup_teardown(what_is_no_regular_file_is_refused, setup_real, teardown_real),
        cmocka_unit_test_setup_teardown(long_names_and_links_work, setup_real, teardown_real),
        cmocka_unit_test_setup_teardown(folders_are_made_and_listed, setup_real, teardown_real),
        cmocka_unit_test(paths_are_taken_apart),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
