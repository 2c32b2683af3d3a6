/* A file system in memory that fails on request, logs what is done to it, and builds every state a
 * power loss could leave. */
#ifndef AIGC_TEST_FAULT_FILES_H
#define AIGC_TEST_FAULT_FILES_H

#include "base/files.h"

typedef struct test_files test_files_t;

typedef enum test_call {
    TEST_OPEN,
    TEST_CREATE,
    TEST_SIZE,
    TEST_PREAD,
    TEST_WRITE,
    TEST_SYNC,
    TEST_CLOSE,
    TEST_RENAME,
    TEST_UNLINK,
    TEST_SYNC_FOLDER,
    TEST_MODE,
    TEST_MAKE_FOLDER,
    TEST_LIST,
    TEST_CALLS
} test_call_t;

test_files_t *test_files_create(void);
void test_files_free(test_files_t *files);
/* The table to hand to the library; lives as long as `files`. */
const aigc__file_calls_t *test_files_calls(test_files_t *files);

/* A file that is there, and on disk. */
void test_files_put(test_files_t *files, const char *path, const void *bytes, size_t size, uint32_t mode);
/* Its bytes now, NULL where there is no such file; borrowed. */
const uint8_t *test_files_get(const test_files_t *files, const char *path, size_t *size, uint32_t *mode);
size_t test_files_entries(const test_files_t *files);
/* Path of entry `i`. */
const char *test_files_entry(const test_files_t *files, size_t i);
/* Files open now. */
size_t test_files_open(const test_files_t *files);

/* Call number `at` (from 1, counted from here) fails with `error`; `from_then`: all after it too. 0: none. */
void test_files_fail(test_files_t *files, size_t at, int error, bool from_then);
size_t test_files_count(const test_files_t *files);                         /* calls since then */
size_t test_files_count_of(const test_files_t *files, test_call_t call);    /* calls of a kind since then */
test_call_t test_files_failed_call(const test_files_t *files); /* the first that failed; TEST_CALLS: none did */
/* Every pread and write moves at most `most` bytes (0: all of them). */
void test_files_shorten(test_files_t *files, size_t most);
/* Every other call that may be interrupted is, before it does anything. */
void test_files_interrupt(test_files_t *files, bool is_on);
/* A sync asked of a file whose sync failed before. */
size_t test_files_second_syncs(const test_files_t *files);

/* What no saver should do: empties a file and opens it for writing. */
int test_files_truncate(test_files_t *files, const char *path);

/* From here on the log starts and all there is is on disk. */
void test_files_start_log(test_files_t *files);
/* Gets what a disk could hold under `path` after a power loss: `bytes` NULL where there is no such
 * file. `is_finished`: the loss came after the last logged call. */
typedef void (*test_disk_fn)(void *user, const uint8_t *bytes, size_t size, bool is_finished);
/* Visits the states for each moment of the log: of what no sync brought to disk, each directory change
 * may be there or not; writes may be missing, zeros, or torn at a multiple of 512. Returns their number. */
size_t test_files_lose_power(const test_files_t *files, const char *path, test_disk_fn visit, void *user);

#endif
