/* A process that saves version after version is killed at any moment: the file is one whole version,
 * and what the killed left behind the next save removes. */
#include "base/files.h"
#include "support/unit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 40000, KILLS = 60 };

static char folder[64], path[128];
static uint64_t words[WORDS];

static aigc_status_t save_version(aigc__memory_t *memory, uint64_t version)
{
    aigc__saver_t *saver = NULL;
    for (size_t i = 0; i < WORDS; i++) words[i] = version * WORDS + i;
    AIGC__TRY(aigc__saver_begin(&saver, memory, &aigc__posix_files, path));
    for (size_t i = 0; i < WORDS; i += 1000) aigc__saver_write(saver, words + i, 1000 * sizeof words[0]);
    return aigc__saver_commit(saver);
}

/* Tells the version saved last through the pipe until it is killed. */
static void save_for_ever(uint64_t version, int pipe_end)
{
    aigc__memory_t memory;
    aigc__memory_init(&memory, NULL, 0);
    for (;; version++) {
        if (save_version(&memory, version) != AIGC_OK) _exit(1);
        if (write(pipe_end, &version, sizeof version) != sizeof version) _exit(2);
    }
}

/* The version in the file; the test fails if it is none or a mixture. */
static uint64_t version_in_file(void)
{
    aigc__source_t source;
    check_ok(aigc__source_open(&source, &aigc__posix_files, path));
    assert_int_equal(source.size, sizeof words);
    check_ok(aigc__source_read(&source, 0, words, sizeof words));
    aigc__source_close(&source);
    const uint64_t version = words[0] / WORDS;
    for (size_t i = 0; i < WORDS; i++) assert_int_equal(words[i], version * WORDS + i);
    return version;
}

static uint64_t last_told(int pipe_end, uint64_t before)
{
    uint64_t version = before, next = 0;
    while (read(pipe_end, &next, sizeof next) == sizeof next) version = next;
    return version;
}

static int count_entries(void *arg, const char *name, bool is_folder)
{
    (void)name;
    (void)is_folder;
    ++*(size_t *)arg;
    return 0;
}

static size_t entries(void)
{
    size_t n = 0;
    assert_int_equal(aigc__posix_files.list(NULL, folder, count_entries, &n), 0);
    return n;
}

static void a_killed_saver_leaves_a_whole_version(void **state)
{
    (void)state;
    aigc__memory_t memory;
    aigc__memory_init(&memory, NULL, 0);
    strcpy(folder, "/tmp/aigc-kill-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model", folder);
    uint64_t version = 1;
    size_t left_overs = 0;
    check_ok(save_version(&memory, version));
    for (unsigned i = 0; i < KILLS; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) save_for_ever(version + 1, ends[1]);
        close(ends[1]);
        /* However slow the disk is, some get as far as a second save. */
        uint64_t told = version;
        if (i % 3 == 0) assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
        nanosleep(&(struct timespec){.tv_nsec = 1000000 + i * 7919 % 9000 * 1000}, NULL);
        kill(child, SIGKILL);
        int result = 0;
        assert_int_equal(waitpid(child, &result, 0), child);
        assert_true(WIFSIGNALED(result));
        told = last_told(ends[0], told);
        const uint64_t found = version_in_file();
        close(ends[0]);
        assert_in_range(found, told, told + 1);
        version = found;
        left_overs += entries() - 1;
    }
    print_message("%d kills, %zu versions, %zu temporary files found after a kill\n", KILLS, (size_t)version, left_overs);
    assert_true(left_overs > 0 && version > 1);
    check_ok(save_version(&memory, version));
    assert_int_equal(entries(), 1);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_killed_saver_leaves_a_whole_version)};
    return cmocka_run_group_tests_name("saver killed", tests, NULL, NULL);
}
