/* A training process is killed at any moment, again and again; each that follows goes on in a new process, with another
 * number of threads. In the end there are the files of a training that nobody killed, and no others. */
#include "base/runtime.h"
#include "small_world.h"
#include "support/unit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { KILLS = 10 };

/* Power is not lost here: nobody waits for the disk. */
static int no_sync(void *user, int file)
{
    (void)user, (void)file;
    return 0;
}

static int no_folder_sync(void *user, const char *folder)
{
    (void)user, (void)folder;
    return 0;
}

/* In a process of its own, which ends with 0 where the training came to its end. */
static void train_and_exit(const char *folder, const char *output, int threads)
{
    small_world_t world;
    char path[128];
    small_world_begin(&world, threads);
    remove(world.folder); /* a killed process would leave it */
    aigc__file_calls_t files = aigc__posix_files;
    files.sync = no_sync;
    files.sync_folder = no_folder_sync;
    world.context->files = &files;
    aigc_dataset_t *data = small_dataset(&world, 50);
    aigc_model_t *model = small_model(&world, "conditional=true");
    aigc_options_t *options =
        small_options(&world, "epochs=8 batch_size=8 samples=4 validation_split=0.2 save_seconds=0 resume=true", NULL);
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, output);
    check_ok(aigc_options_parse(options, small_kind->train));
    check_ok(aigc_options_set_string(options, "output", path));
    const aigc_status_t status = aigc_model_train(model, data, NULL, options, NULL, NULL);
    if (status != AIGC_OK) print_error("%s\n", aigc_last_error());
    _exit(status == AIGC_OK ? 0 : 1);
}

static pid_t start(const char *folder, const char *output, int threads)
{
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) train_and_exit(folder, output, threads);
    return child;
}

/* Whether it was killed; the test fails where it failed. */
static bool was_killed(pid_t child)
{
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) || WEXITSTATUS(result) == 0);
    return WIFSIGNALED(result);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int count_hidden(void *user, const char *name, bool is_folder)
{
    (void)is_folder;
    *(size_t *)user += name[0] == '.';
    return 0;
}

static void a_killed_training_goes_on(void **state)
{
    static const char *const tails[] = {".safetensors", ".state.safetensors", ".samples/epoch-0001.png",
                                        ".samples/epoch-0008.png"};
    char folder[] = "/tmp/aigc-test-XXXXXX", a[128], b[128];
    size_t killed = 0, hidden = 0;
    (void)state;
    assert_non_null(mkdtemp(folder));
    const double begin = now();
    assert_false(was_killed(start(folder, "straight", 1)));
    const double lasts = now() - begin;
    for (unsigned k = 0; k < KILLS; k++) {
        const double part = lasts * (0.05 + 0.02 * (double)(k * 7 % KILLS));
        const pid_t child = start(folder, "killed", 1 + (int)k % 3);
        nanosleep(&(struct timespec){(time_t)part, (long)(1e9 * (part - (double)(time_t)part))}, NULL);
        kill(child, SIGKILL);
        killed += was_killed(child);
    }
    assert_false(was_killed(start(folder, "killed", 2)));
    for (size_t k = 0; k < sizeof tails / sizeof *tails; k++) {
        snprintf(a, sizeof a, "%s/straight%s", folder, tails[k]);
        snprintf(b, sizeof b, "%s/killed%s", folder, tails[k]);
        assert_true(files_equal(a, b));
    }
    assert_int_equal(aigc__posix_files.list(NULL, folder, count_hidden, &hidden), 0);
    assert_int_equal(hidden, 0); /* what the killed left half written */
    assert_true(killed > 2);
    print_message("%s: %zu killed\n", small_kind->name, killed);
    snprintf(a, sizeof a, "rm -rf '%s'", folder);
    assert_int_equal(system(a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_killed_training_goes_on)};
    return run_on_all_kinds(tests);
}
