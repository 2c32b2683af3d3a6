/* The host's own state - rounding, locale, signals, descriptors, a fork - neither changes results nor is changed. */
#define _XOPEN_SOURCE 700
#include "small_world.h"
#include "support/unit.h"
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static char reference[64]; /* a folder with what work() leaves in an undisturbed host */

/* The first half of a picture becomes as dark as only denormal numbers are. */
static void make_tiny(aigc_tensor_t *tensor)
{
    const uint32_t tiny = 70000; /* about 1e-40 */
    uint64_t count = 0;
    check_ok(aigc_tensor_info(tensor, NULL, &count, NULL));
    for (uint64_t i = 0; i < count / 2; i++)
        memcpy((char *)aigc_tensor_data(tensor) + i * sizeof tiny, &tiny, sizeof tiny);
}

/* Data in, training, sampling, data out: 0, or the number of the call that failed. */
static int work_in(small_world_t *world, const char *folder)
{
    char path[128];
    const char *json = NULL;
    aigc_tensor_t *images = NULL, *floats = NULL, *again = NULL, *resized = NULL;
    aigc_model_t *model = small_model(world, ""), *loaded = NULL;
    aigc_dataset_t *data = small_dataset(world, 30);
    aigc_options_t *train =
        small_options(world, "epochs=3 batch_size=8 learning_rate=2.5e-3 samples=5 save_seconds=0", NULL);
    aigc_options_t *sample = small_options(world, "n=5 temperature=0.9", NULL),
                   *size = small_options(world, "height=13 width=5 filter=lanczos", NULL);
    check_ok(aigc_options_parse(train, small_kind->train));
    int failed = 0, call = 0;
#define STEP(expression) (call++, failed = failed ? failed : (expression) == AIGC_OK ? 0 : call)
#define AT(name) (snprintf(path, sizeof path, "%s/%s", folder, name), path)
    check_ok(aigc_options_set_string(train, "output", AT("m.safetensors")));
    STEP(aigc_model_train(model, data, NULL, train, NULL, NULL));
    STEP(aigc_model_load(&loaded, world->context, AT("m.safetensors"), NULL));
    STEP(aigc_model_config(loaded, NULL, &json));
    if (!failed && !strstr(json, "\"latent_dim\":4")) failed = call;
    STEP(aigc_model_generate(&images, loaded, sample));
    STEP(aigc_tensor_write(images, AT("images.npy"), NULL));
    STEP(aigc_image_write_grid(images, AT("grid.png"), NULL));
    STEP(aigc_image_read(&again, world->context, AT("grid.png"), NULL));
    STEP(aigc_tensor_convert(&floats, again, AIGC_DTYPE_F32));
    if (floats) make_tiny(floats);
    STEP(aigc_image_resize(&resized, floats, size));
    STEP(aigc_tensor_write(resized, AT("resized.safetensors"), NULL));
    aigc_tensor_release(images);
    aigc_tensor_release(floats);
    aigc_tensor_release(again);
    aigc_tensor_release(resized);
    aigc_options_free(train);
    aigc_options_free(sample);
    aigc_options_free(size);
    aigc_model_free(loaded);
    aigc_model_free(model);
    aigc_dataset_free(data);
    return failed;
}

static int work(const char *folder)
{
    small_world_t world;
    small_world_begin(&world, 2);
    const int failed = work_in(&world, folder);
    if (failed) print_error("%s, call %d: %s\n", small_kind->name, failed, aigc_last_error());
    small_world_end(&world);
    return failed;
}

static int is_as_ever(const char *folder)
{
    static const char *const names[] = {
        "m.safetensors", "m.state.safetensors", "m.samples/epoch-0003.png", "images.npy",
        "grid.png",      "resized.safetensors"};
    char a[128], b[128];
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        snprintf(a, sizeof a, "%s/%s", reference, names[k]);
        snprintf(b, sizeof b, "%s/%s", folder, names[k]);
        if (files_equal(a, b)) continue;
        print_error("%s differs\n", names[k]);
        return 0;
    }
    return 1;
}

static void make_folder(char folder[64])
{
    strcpy(folder, "/tmp/aigc-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

static int make_reference(void **state)
{
    (void)state;
    make_folder(reference);
    return work(reference);
}

static int drop_reference(void **state)
{
    (void)state;
    remove_folder(reference);
    return 0;
}

/* ---- floating point ---- */

static void rounding_modes_do_not_show(void **state)
{
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    (void)state;
    for (size_t k = 0; k < sizeof modes / sizeof *modes; k++) {
        char folder[64];
        make_folder(folder);
        assert_int_equal(fesetround(modes[k]), 0);
        const int failed = work(folder), after = fegetround();
        fesetround(FE_TONEAREST);
        assert_int_equal(failed, 0);
        assert_int_equal(after, modes[k]);
        assert_true(is_as_ever(folder));
        remove_folder(folder);
    }
}

static void denormals_and_traps_do_not_show(void **state)
{
#if defined(__x86_64__)
    enum {
        FLUSH = 0x8000,
        DENORMALS_ZERO = 0x40,
        MASK_INVALID = 0x80,
        MASK_DIVIDE = 0x200,
        MASK_OVERFLOW = 0x400,
        FLAGS = 0x3f
    };
    static const unsigned set[] = {FLUSH, DENORMALS_ZERO, FLUSH | DENORMALS_ZERO, 0};
    const unsigned before = _mm_getcsr();
    (void)state;
    for (size_t k = 0; k < sizeof set / sizeof *set; k++) {
        char folder[64];
        make_folder(folder);
        const unsigned given =
            ((before | set[k]) & ~(unsigned)(MASK_INVALID | MASK_DIVIDE | MASK_OVERFLOW)) & ~(unsigned)FLAGS;
        _mm_setcsr(given);
        const int failed = work(folder);
        const unsigned after = _mm_getcsr();
        _mm_setcsr(before);
        assert_int_equal(failed, 0);
        assert_int_equal(after & ~(unsigned)FLAGS, given);
        assert_true(is_as_ever(folder));
        remove_folder(folder);
    }
#else
    (void)state;
    skip();
#endif
}

/* ---- locale ---- */

/* Where none with a decimal comma is installed, one is made, if the system can. */
static const char *set_comma_locale(const char *folder)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"};
    char command[192];
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (setlocale(LC_ALL, names[k])) return names[k];
    snprintf(command, sizeof command, "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >'%s/log' 2>&1", folder, folder);
    if (system(command) != 0 || setenv("LOCPATH", folder, 1) != 0) return NULL;
    return setlocale(LC_ALL, names[0]) ? names[0] : NULL;
}

static void the_locale_does_not_show(void **state)
{
    char folder[64];
    (void)state;
    make_folder(folder);
    const char *name = set_comma_locale(folder);
    if (name == NULL) {
        remove_folder(folder);
        print_message("SKIPPED: there is no locale with a decimal comma, and localedef makes none\n");
        skip();
    }
    const int is_comma = strcmp(localeconv()->decimal_point, ",") == 0, failed = work(folder);
    const char *after = setlocale(LC_ALL, NULL);
    const int is_kept = strcmp(after, name) == 0;
    setlocale(LC_ALL, "C");
    assert_true(is_comma);
    assert_true(is_kept);
    assert_int_equal(failed, 0);
    assert_true(is_as_ever(folder));
    remove_folder(folder);
}

/* ---- signals ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
    (void)number;
    alarms++;
}

/* Interrupted calls a thousand times a second, not restarted by the system. */
static void alarms_do_not_show(void **state)
{
    struct sigaction action = {.sa_handler = count_alarm}, before, after;
    const struct itimerval soon = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    sigset_t blocked, still_blocked;
    (void)state;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    for (int k = 0; k < 5 || (alarms < 20 && k < 200); k++) {
        char folder[64];
        make_folder(folder);
        const int failed = work(folder);
        if (failed) setitimer(ITIMER_REAL, &never, NULL);
        assert_int_equal(failed, 0);
        assert_true(is_as_ever(folder));
        remove_folder(folder);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    assert_true(alarms >= 20);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &still_blocked), 0);
    for (int number = 1; number < 32; number++)
        assert_int_equal(sigismember(&blocked, number), sigismember(&still_blocked, number));
    assert_int_equal(sigaction(SIGALRM, &before, &after), 0);
    assert_ptr_equal(after.sa_handler, count_alarm);
}

/* ---- descriptors ---- */

/* Runs `child` in a process of its own; it answers with a number below 256. */
static int answer_of(int (*child)(const char *folder), const char *folder)
{
    int status = 0;
    fflush(NULL);
    const pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) _exit(child(folder));
    assert_int_equal(waitpid(process, &status, 0), process);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* Files opened by the library get the numbers 0, 1 and 2, and must not be written to as something else. */
static int without_descriptors(const char *folder)
{
    for (int number = 0; number < 3; number++) close(number);
    const int failed = work(folder);
    for (int number = 0; number < 3; number++)
        if (fcntl(number, F_GETFD) != -1 || errno != EBADF) return 100 + number; /* left open */
    return failed;
}

static void closed_descriptors_do_not_matter(void **state)
{
    char folder[64];
    (void)state;
    make_folder(folder);
    assert_int_equal(answer_of(without_descriptors, folder), 0);
    assert_true(is_as_ever(folder));
    remove_folder(folder);
}

static int with_captured_output(const char *folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/captured", folder);
    const int file = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    for (int number = 0; number < 3; number++) dup2(file, number);
    small_world_t world;
    small_world_begin(&world, 2);
    aigc_model_t *model = NULL;
    const int failed = work_in(&world, folder);
    if (aigc_model_load(&model, world.context, "/nowhere/at/all", NULL) != AIGC_ERROR_IO) return 100;
    if (aigc_model_create(&model, world.context, "oracle", NULL) != AIGC_ERROR_NOT_FOUND) return 101;
    small_world_end(&world);
    return failed ? failed : lseek(file, 0, SEEK_END) == 0 ? 0 : 102;
}

static void nothing_is_printed(void **state)
{
    char folder[64];
    (void)state;
    make_folder(folder);
    assert_int_equal(answer_of(with_captured_output, folder), 0);
    remove_folder(folder);
}

/* ---- a poor host ---- */

static void *work_on_little_stack(void *argument) { return work(argument) == 0 ? argument : NULL; }

/* As small as threads are in some C libraries. */
static void a_small_stack_is_enough(void **state)
{
    char folder[64];
    pthread_attr_t attributes;
    pthread_t thread;
    void *answer = NULL;
    (void)state;
    make_folder(folder);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, work_on_little_stack, folder), 0);
    assert_int_equal(pthread_join(thread, &answer), 0);
    assert_int_equal(pthread_attr_destroy(&attributes), 0);
    assert_ptr_equal(answer, folder);
    assert_true(is_as_ever(folder));
    remove_folder(folder);
}

static int with_few_descriptors(const char *folder)
{
    const struct rlimit few = {8, 8};
    for (int number = 3; number < 64; number++) close(number);
    return setrlimit(RLIMIT_NOFILE, &few) == 0 ? work(folder) : 100;
}

static void a_few_descriptors_are_enough(void **state)
{
    char folder[64];
    (void)state;
    make_folder(folder);
    assert_int_equal(answer_of(with_few_descriptors, folder), 0);
    assert_true(is_as_ever(folder));
    remove_folder(folder);
}

/* ---- fork ---- */

static small_world_t parent;
static aigc_model_t *parent_model;
static aigc_tensor_t *parent_images;

static int use_the_parents(const char *folder)
{
    aigc_tensor_t *images = NULL;
    aigc_model_t *model = NULL;
    (void)folder;
    if (aigc_model_generate(&images, parent_model, NULL) != AIGC_ERROR_FORKED) return 1;
    if (strstr(aigc_last_error(), "forked") == NULL) return 2;
    if (aigc_model_train_step(parent_model, parent_images, NULL, NULL, NULL) != AIGC_ERROR_FORKED) return 3;
    if (aigc_model_create(&model, parent.context, small_kind->kind, NULL) != AIGC_ERROR_FORKED) return 4;
    if (aigc_tensor_data(parent_images) == NULL) return 5; /* looking needs no threads */
    aigc_context_cancel(parent.context);                   /* its own copy of the flag */
    aigc_tensor_release(parent_images);
    aigc_model_free(parent_model);
    aigc_context_free(parent.context);
    return 0;
}

static int make_its_own(const char *folder)
{
    small_world_t world;
    aigc_tensor_t *images = NULL;
    (void)folder;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_model(&world, SMALL_SIZE);
    const aigc_status_t status = aigc_model_generate(&images, model, NULL);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
    return status == AIGC_OK ? 0 : 1;
}

static void parent_begin(void)
{
    small_world_begin(&parent, 3);
    parent_model = small_model(&parent, SMALL_SIZE);
    parent_images = small_pictures(&parent, 8);
}

static void parent_end(void)
{
    aigc_tensor_release(parent_images);
    aigc_model_free(parent_model);
    small_world_end(&parent);
}

static void a_forked_child_is_told(void **state)
{
    (void)state;
    parent_begin();
    for (int k = 0; k < 20; k++) {
        assert_int_equal(answer_of(use_the_parents, NULL), 0);
        assert_int_equal(answer_of(make_its_own, NULL), 0);
        check_ok(aigc_model_train_step(parent_model, parent_images, NULL, NULL, NULL));
    }
    parent_end();
}

static atomic_bool is_stopping;
static size_t steps;

static void *keep_training(void *argument)
{
    aigc_status_t *status = argument;
    while (!is_stopping && *status == AIGC_OK) {
        *status = aigc_model_train_step(parent_model, parent_images, NULL, NULL, NULL);
        steps++;
    }
    return NULL;
}

static void a_fork_does_not_hurt_a_training(void **state)
{
    aigc_status_t status = AIGC_OK;
    pthread_t thread;
    size_t n = 0;
    (void)state;
    parent_begin();
    is_stopping = false;
    steps = 0;
    assert_int_equal(pthread_create(&thread, NULL, keep_training, &status), 0);
    for (int k = 0; k < 20; k++) assert_int_equal(answer_of(use_the_parents, NULL), 0);
    is_stopping = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    check_ok(status);
    float *trained = copy_parameters(parent_model, &n);
    parent_end();

    parent_begin(); /* the same steps without forks */
    for (size_t k = 0; k < steps; k++) check_ok(aigc_model_train_step(parent_model, parent_images, NULL, NULL, NULL));
    float *expected = copy_parameters(parent_model, &n);
    assert_memory_equal(trained, expected, n * sizeof *trained);
    free(trained);
    free(expected);
    parent_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_modes_do_not_show),       cmocka_unit_test(denormals_and_traps_do_not_show),
        cmocka_unit_test(the_locale_does_not_show),         cmocka_unit_test(alarms_do_not_show),
        cmocka_unit_test(closed_descriptors_do_not_matter), cmocka_unit_test(nothing_is_printed),
        cmocka_unit_test(a_small_stack_is_enough),          cmocka_unit_test(a_few_descriptors_are_enough),
        cmocka_unit_test(a_forked_child_is_told),           cmocka_unit_test(a_fork_does_not_hurt_a_training),
    };
    return run_on_all_kinds_of(tests, sizeof tests / sizeof *tests, make_reference, drop_reference);
}
