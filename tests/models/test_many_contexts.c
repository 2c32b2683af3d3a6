/* Contexts share nothing: trainings side by side, on threads of the host, make the numbers they make alone; and
 * a cancel from another thread stops one of them anywhere without harm. */
#include "small_world.h"
#include "support/unit.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- side by side ---- */

enum { SIDE_BY_SIDE = 6, LIVES = 40 };

typedef struct job {
    int number;
    aigc_status_t status;
    float *parameters;
    size_t n;
} job_t;

static aigc_status_t train_some(small_world_t *world, int number, job_t *job)
{
    static const char *const kinds[] = {"optimizer=adam ema=0.9", "optimizer=sgd learning_rate=1e-3",
                                        "optimizer=rmsprop flip=true"};
    aigc_tensor_t *images = NULL;
    aigc_dataset_t *data = small_dataset(world, 40);
    aigc_model_t *model = small_model(world, number % 2 ? "conditional=true" : "");
    aigc_options_t *options = small_options(world, kinds[number % 3], NULL);
    check_ok(aigc_options_parse(options, "epochs=6 batch_size=16"));
    check_ok(aigc_options_set_int(options, "seed", number));
    aigc_status_t status = aigc_model_train(model, data, NULL, options, NULL, NULL);
    if (status == AIGC_OK) status = aigc_model_generate(&images, model, NULL);
    job->parameters = copy_parameters(model, &job->n);
    aigc_tensor_release(images);
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    return status;
}

static void *train_in_a_world(void *argument)
{
    job_t *job = argument;
    small_world_t world;
    small_world_begin(&world, 1 + job->number % 3);
    job->status = train_some(&world, job->number, job);
    small_world_end(&world);
    return NULL;
}

static void trainings_side_by_side_are_those_alone(void **state)
{
    job_t alone[SIDE_BY_SIDE] = {{0}}, together[SIDE_BY_SIDE] = {{0}};
    pthread_t threads[SIDE_BY_SIDE];
    (void)state;
    for (int k = 0; k < SIDE_BY_SIDE; k++) {
        alone[k].number = together[k].number = k;
        train_in_a_world(&alone[k]);
    }
    for (int k = 0; k < SIDE_BY_SIDE; k++)
        assert_int_equal(pthread_create(&threads[k], NULL, train_in_a_world, &together[k]), 0);
    for (int k = 0; k < SIDE_BY_SIDE; k++) assert_int_equal(pthread_join(threads[k], NULL), 0);
    for (int k = 0; k < SIDE_BY_SIDE; k++) {
        assert_int_equal(alone[k].status, AIGC_OK);
        assert_int_equal(together[k].status, AIGC_OK);
        assert_int_equal(alone[k].n, together[k].n);
        assert_memory_equal(alone[k].parameters, together[k].parameters, alone[k].n * sizeof(float));
        free(alone[k].parameters);
        free(together[k].parameters);
    }
}

static void *live_and_die(void *argument)
{
    size_t *failures = argument;
    for (int k = 0; k < LIVES; k++) {
        small_world_t world;
        aigc_tensor_t *images = NULL;
        small_world_begin(&world, 2);
        aigc_model_t *model = small_model(&world, SMALL_SIZE);
        *failures += aigc_model_generate(&images, model, NULL) != AIGC_OK;
        *failures += aigc_model_generate(NULL, model, NULL) != AIGC_ERROR_ARGUMENT;
        *failures += strstr(aigc_last_error(), "NULL") == NULL; /* each thread has its own sentence */
        aigc_tensor_release(images);
        aigc_model_free(model);
        small_world_end(&world);
    }
    return NULL;
}

static void contexts_come_and_go_side_by_side(void **state)
{
    pthread_t threads[SIDE_BY_SIDE];
    size_t failures[SIDE_BY_SIDE] = {0};
    (void)state;
    for (int k = 0; k < SIDE_BY_SIDE; k++)
        assert_int_equal(pthread_create(&threads[k], NULL, live_and_die, &failures[k]), 0);
    for (int k = 0; k < SIDE_BY_SIDE; k++) {
        assert_int_equal(pthread_join(threads[k], NULL), 0);
        assert_int_equal(failures[k], 0);
    }
}

/* ---- cancelling from another thread ---- */

typedef struct canceller {
    aigc_context_t *context;
    long nanoseconds;
    int times;
} canceller_t;

static void *cancel_later(void *argument)
{
    const canceller_t *canceller = argument;
    const struct timespec wait = {0, canceller->nanoseconds};
    for (int k = 0; k < canceller->times; k++) {
        nanosleep(&wait, NULL);
        aigc_context_cancel(canceller->context);
    }
    return NULL;
}

/* Trains to the end, however often it is cancelled: once in a while by the thread, before that ends. */
static size_t train_to_the_end(const char *folder, const char *name, long nanoseconds, int times)
{
    small_world_t world;
    pthread_t thread;
    char path[128];
    size_t cancelled = 0;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 40), *validation = small_dataset(&world, 20);
    aigc_model_t *model = small_model(&world, "");
    aigc_options_t *options = small_options(&world, "epochs=6 batch_size=7 samples=9 save_seconds=0 resume=true", NULL);
    check_ok(aigc_options_parse(options, small_kind->train));
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, name);
    check_ok(aigc_options_set_string(options, "output", path));
    canceller_t canceller = {world.context, nanoseconds, times};
    if (times > 0) assert_int_equal(pthread_create(&thread, NULL, cancel_later, &canceller), 0);
    aigc_status_t status = AIGC_ERROR_CANCELLED;
    while (status == AIGC_ERROR_CANCELLED) {
        status = aigc_model_train(model, data, validation, options, NULL, NULL);
        cancelled += status == AIGC_ERROR_CANCELLED;
    }
    check_ok(status);
    if (times > 0) assert_int_equal(pthread_join(thread, NULL), 0);
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    aigc_dataset_free(validation);
    small_world_end(&world);
    return cancelled;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void a_cancel_at_any_moment_loses_nothing(void **state)
{
    static const char *const tails[] = {".safetensors", ".state.safetensors"};
    small_world_t world;
    char straight[64], stopped[64];
    size_t cancelled = 0;
    uint32_t random = 1;
    (void)state;
    small_world_begin(&world, 1);
    train_to_the_end(world.folder, "straight", 0, 0);
    const double begin = now();
    train_to_the_end(world.folder, "again", 0, 0);
    const double lasts = now() - begin;
    const int runs = small_kind == small_kinds ? 100 : 15;
    for (int k = 0; k < runs; k++) {
        random = random * 1664525 + 1013904223;
        const double part = 1.1 * lasts * (random >> 8) / (1 << 24);
        snprintf(stopped, sizeof stopped, "stopped%d", k);
        cancelled +=
            train_to_the_end(world.folder, stopped, (long)(part < 0.9 ? 1e9 * part / (1 + k % 3) : 1e8), 1 + k % 3);
        for (size_t t = 0; t < 2; t++) {
            snprintf(straight, sizeof straight, "straight%s", tails[t]);
            snprintf(stopped, sizeof stopped, "stopped%d%s", k, tails[t]);
            assert_true(files_equal(small_path(&world, straight), small_path(&world, stopped)));
        }
    }
    assert_true((int)cancelled > runs / 4);
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trainings_side_by_side_are_those_alone),
        cmocka_unit_test(contexts_come_and_go_side_by_side),
        cmocka_unit_test(a_cancel_at_any_moment_loses_nothing),
    };
    return run_on_all_kinds(tests);
}
