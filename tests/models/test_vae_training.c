#include "models/network.h"
#include "small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double first_metric(const aigc_metrics_t *metrics) { return metrics->values[0]; }

static void training_lowers_the_loss(void **state)
{
    small_world_t world;
    aigc_metrics_t before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 64);
    aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1");
    aigc_options_t *options = small_options(&world, "epochs=40 batch_size=16", NULL);
    check_ok(aigc_model_evaluate(model, data, NULL, &before, NULL, NULL));
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    check_ok(aigc_model_evaluate(model, data, NULL, &after, NULL, NULL));
    assert_true(first_metric(&after) < first_metric(&before) - 5);
    assert_true(fabs(after.values[0] - after.values[1] - after.values[2]) < 1e-3); /* loss = reconstruction + kl */
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* Trains with the options in a world of its own and leaves <stem>.safetensors and its companions. */
typedef struct stop {
    uint64_t epoch, step; /* cancel once this far; epoch 0: never */
} stop_t;

static int32_t stop_there(const aigc_progress_t *progress, void *user)
{
    const stop_t *stop = user;
    return stop->epoch && progress->epoch >= stop->epoch && progress->step >= stop->step ? 42 : 0;
}

static const char *cpu = "auto";

static aigc_status_t train_once(const char *folder, int threads, const char *text, const char *output, stop_t stop)
{
    small_world_t world;
    char path[128];
    if (!small_world_begin_at(&world, threads, cpu)) return AIGC_ERROR_UNSUPPORTED;
    aigc_dataset_t *data = small_dataset(&world, 50);
    aigc_model_t *model = small_model(&world, "conditional=true");
    aigc_options_t *options = small_options(&world, text, NULL);
    snprintf(path, sizeof path, "%s/%s", folder, output);
    check_ok(aigc_options_set_string(options, "output", path));
    const aigc_status_t status = aigc_model_train(model, data, NULL, options, stop_there, &stop);
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
    return status;
}

static void assert_same_run(const small_world_t *world, const char *a, const char *b)
{
    char name_a[64], name_b[64];
    const char *const tails[] = {".safetensors", ".state.safetensors"};
    for (size_t k = 0; k < 2; k++) {
        snprintf(name_a, sizeof name_a, "%s%s", a, tails[k]);
        snprintf(name_b, sizeof name_b, "%s%s", b, tails[k]);
        assert_true(files_equal(small_path(world, name_a), small_path(world, name_b)));
    }
}

/* 50 pictures in batches of 16: the last batch of an epoch is a short one. */
#define RUN "batch_size=16 seed=3 samples=0 ema=0.9 flip=true "
static const stop_t never = {0, 0};

static void seven_and_thirteen_epochs_make_twenty(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    check_ok(train_once(world.folder, 1, RUN "epochs=20", "straight.safetensors", never));
    check_ok(train_once(world.folder, 1, RUN "epochs=7", "parts.safetensors", never));
    check_ok(train_once(world.folder, 3, RUN "epochs=20 resume=true", "parts.safetensors", never));
    assert_same_run(&world, "straight", "parts");
    small_world_end(&world);
}

/* With the instructions of every level that is here. */
static void threads_do_not_change_a_bit(void **state)
{
    char text[160];
    static const char *const levels[] = {"c", "avx2", "avx512", "neon"};
    static const int threads[] = {1, 2, 3, 7, 16};
    small_world_t world;
    char name[32], output[48];
    (void)state;
    small_world_begin(&world, 1);
    snprintf(text, sizeof text, RUN "epochs=2 %s", small_kind->train);
    for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
        cpu = levels[l];
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            snprintf(name, sizeof name, "t%d", threads[t]);
            snprintf(output, sizeof output, "%s.safetensors", name);
            const aigc_status_t status = train_once(world.folder, threads[t], text, output, never);
            if (status == AIGC_ERROR_UNSUPPORTED) break;
            check_ok(status);
            assert_same_run(&world, "t1", name);
        }
    }
    cpu = "auto";
    small_world_end(&world);
}

static void a_stopped_training_goes_on_bit_for_bit(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    check_ok(train_once(world.folder, 1, RUN "epochs=4", "straight.safetensors", never));
    check_failure(train_once(world.folder, 2, RUN "epochs=4", "parts.safetensors", (stop_t){2, 0}),
                  AIGC_ERROR_CANCELLED, "42");
    check_ok(train_once(world.folder, 1, RUN "epochs=4 resume=true", "parts.safetensors", never));
    assert_same_run(&world, "straight", "parts");
    small_world_end(&world);
}

static void metrics_and_samples_stand_beside_the_model(void **state)
{
    small_world_t world;
    size_t size = 0, lines = 0;
    (void)state;
    small_world_begin(&world, 1);
    check_ok(
        train_once(world.folder, 1, "epochs=2 batch_size=16 samples=6 validation_split=0.2", "m.safetensors", never));
    check_ok(train_once(world.folder, 1, "epochs=3 batch_size=16 samples=6 validation_split=0.2 resume=true",
                        "m.safetensors", never));
    char *text = read_file(small_path(&world, "m.metrics.jsonl"), &size);
    for (size_t k = 0; k < size; k++) lines += text[k] == '\n';
    assert_int_equal(lines, 3);
    static const char *const keys[] = {"\"epoch\": 3", "\"step\": 9", "\"images\": 120", "\"seconds\""};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) assert_non_null(strstr(text, keys[k]));
    const char *const *metrics = aigc__model_kind_named(small_kind->kind)->metrics;
    for (size_t k = 0; metrics[k]; k++) {
        char key[64];
        if (strcmp(metrics[k], "augment") == 0) continue; /* only of pictures that are changed by chance */
        snprintf(key, sizeof key, "\"%s\": ", metrics[k]);
        assert_non_null(strstr(text, key));
        snprintf(key, sizeof key, "\"validation_%s\": ", metrics[k]);
        assert_true(strstr(text, key) || strstr(metrics[k], "gradient_norm")); /* there are none */
    }
    free(text);
    aigc_tensor_t *grid = NULL;
    check_ok(aigc_image_read(&grid, world.context, small_path(&world, "m.samples/epoch-0003.png"), NULL));
    aigc_tensor_release(grid);
    small_world_end(&world);
}

typedef struct previews {
    uint64_t steps[8];
    size_t n;
    int cancels;
} previews_t;

static int32_t note_previews(const aigc_progress_t *progress, void *user)
{
    previews_t *seen = user;
    if (progress->preview == NULL) return 0;
    seen->steps[seen->n++ % 8] = (progress->epoch - 1) * progress->steps + progress->step;
    return seen->cancels;
}

/* Grids by step, told to the callback; one that stops at each of them gets on all the same. */
static void samples_come_every_so_many_steps(void **state)
{
    static const char *const missing[] = {"epoch-0001", "epoch-0004", "step-00000004"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (int cancels = 0; cancels < 2; cancels++) {
        previews_t seen = {.cancels = cancels};
        aigc_dataset_t *data = small_dataset(&world, 50); /* 4 steps an epoch */
        aigc_model_t *model = small_vae(&world, "");
        aigc_options_t *options = small_options(&world, "epochs=4 batch_size=16 samples=6 samples_every=5 resume=true",
                                                cancels ? "c.safetensors" : "d");
        aigc_status_t status = AIGC_ERROR_CANCELLED;
        size_t calls = 0;
        for (; status == AIGC_ERROR_CANCELLED && calls < 9; calls++)
            status = aigc_model_train(model, data, NULL, options, note_previews, &seen);
        check_ok(status);
        assert_int_equal(calls, cancels ? 4 : 1);
        assert_int_equal(seen.n, 3);
        for (size_t k = 0; k < 3; k++) assert_int_equal(seen.steps[k], 5 * (k + 1));
        aigc_options_free(options);
        aigc_model_free(model);
        aigc_dataset_free(data);
    }
    assert_true(files_equal(small_path(&world, "c.samples/step-00000010.png"),
                            small_path(&world, "d.samples/step-00000010.png")));
    for (size_t k = 0; k < 3; k++) {
        char name[64];
        size_t size = 0;
        snprintf(name, sizeof name, "d.samples/%s.png", missing[k]);
        assert_null(read_file(small_path(&world, name), &size));
    }
    small_world_end(&world);
}

static void a_bad_picture_stops_with_step_and_reason(void **state)
{
    small_world_t world;
    aigc_tensor_t *images = NULL;
    size_t n = 0;
    (void)state;
    small_world_begin(&world, 2);
    aigc_model_t *model = small_model(&world, SMALL_SIZE);
    check_ok(aigc_tensor_create(&images, world.context, AIGC_DTYPE_F32, 4, (int64_t[]){4, 8, 8, 1}));
    check_ok(aigc_model_train_step(model, images, NULL, NULL, NULL));
    float *before = copy_parameters(model, &n);
    const float bad[] = {NAN, INFINITY, 1e38f};
    for (size_t k = 0; k < 3; k++) {
        ((float *)aigc_tensor_data(images))[77] = bad[k];
        const aigc_status_t status = aigc_model_train_step(model, images, NULL, NULL, NULL);
        if (status == AIGC_OK && k == 2) break; /* weights whose norms are held may bear it */
        assert_int_equal(status, AIGC_ERROR_NUMERIC);
        float *after = copy_parameters(model, &n);
        assert_memory_equal(before, after, n * sizeof *before);
        free(after);
    }
    ((float *)aigc_tensor_data(images))[77] = NAN;
    check_failure(aigc_model_train_step(model, images, NULL, NULL, NULL), AIGC_ERROR_NUMERIC, "pictures");
    aigc_dataset_t *data = NULL;
    check_ok(aigc_dataset_create_array(&data, world.context, images, NULL, NULL));
    check_failure(aigc_model_train(model, data, NULL, NULL, NULL, NULL), AIGC_ERROR_NUMERIC, "step 1");
    aigc_dataset_free(data);
    free(before);
    before = copy_parameters(model, &n);
    for (size_t i = 0; i < n; i++) assert_true(isfinite(before[i]));
    free(before);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

static void a_bad_parameter_is_named(void **state)
{
    small_world_t world;
    const char *name = NULL;
    aigc_tensor_t *tensor = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_model(&world, SMALL_SIZE);
    aigc_tensor_t *images = small_pictures(&world, 4);
    check_ok(aigc_model_parameter(model, 0, &name, &tensor));
    ((float *)aigc_tensor_data(tensor))[1] = NAN;
    check_failure(aigc_model_train_step(model, images, NULL, NULL, NULL), AIGC_ERROR_NUMERIC, name);
    aigc_tensor_release(tensor);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

static void later_steps_allocate_nothing(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    (void)state;
    small_world_begin(&world, 3);
    aigc_model_t *model = small_model(&world, SMALL_SIZE);
    aigc_tensor_t *images = small_pictures(&world, 32);
    size_t allocations = 0;
    for (int k = 0; k < 21; k++) { /* once plans are made, where one is larger, the others are bound anew */
        if (k == 2) allocations = world.memory.allocations;
        check_ok(aigc_model_train_step(model, images, NULL, NULL, &metrics));
    }
    assert_int_equal(world.memory.allocations, allocations);
    assert_int_equal(metrics.step, 21);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

static void every_optimizer_learns(void **state)
{
    static const char *const settings[] = {
        "optimizer=adam",
        "optimizer=adamw",
        "optimizer=sgd learning_rate=1e-3 momentum=0",
        "optimizer=sgd learning_rate=1e-3 nesterov=true",
        "optimizer=rmsprop learning_rate=1e-3 momentum=0",
        "optimizer=adam schedule=cosine schedule_steps=200 warmup_steps=3 gradient_clip=5"};
    (void)state;
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        small_world_t world;
        aigc_metrics_t first = {.struct_size = sizeof first}, last = {.struct_size = sizeof last};
        small_world_begin(&world, 1);
        aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1 loss=mse sigma=0.5");
        aigc_tensor_t *images = small_pictures(&world, 32);
        aigc_options_t *options = small_options(&world, settings[k], NULL);
        check_ok(aigc_model_train_step(model, images, NULL, options, &first));
        for (int step = 0; step < 80; step++) check_ok(aigc_model_train_step(model, images, NULL, options, &last));
        assert_true(first_metric(&last) < first_metric(&first) - 0.5);
        aigc_options_free(options);
        aigc_tensor_release(images);
        aigc_model_free(model);
        small_world_end(&world);
    }
}

/* Live bytes at most so far, beyond those at the beginning. */
static uint64_t growth(const small_world_t *world, uint64_t live)
{
    uint64_t peak = 0;
    check_ok(aigc_context_memory(world->context, NULL, &peak));
    return peak - live;
}

static void predict(small_world_t *world, aigc_model_t *model, const char *verb, aigc_options_t *options,
                    uint64_t *predicted, uint64_t *live)
{
    check_ok(aigc_model_memory(model, verb, options, predicted));
    check_ok(aigc_context_memory(world->context, live, NULL));
}

/* Never less than what is taken, and not much more where the network is not tiny: how many pictures the last batch
 * of an epoch has is not known. */
static void predicted_memory_holds(void **state)
{
    static const char *const trainings[] = {"batch_size=64 samples=16",
                                            "batch_size=50 ema=0.9 validation_split=0.25 samples=8",
                                            "batch_size=64 samples=0 optimizer=sgd"};
    (void)state;
    for (size_t k = 0; k < sizeof trainings / sizeof *trainings; k++) {
        small_world_t world;
        uint64_t predicted = 0, live = 0;
        aigc_tensor_t *images = NULL;
        small_world_begin(&world, 2);
        aigc_dataset_t *data = small_dataset(&world, 203); /* a last batch of its own size */
        char create[128];
        snprintf(create, sizeof create, "%s %s", SMALL_SIZE, small_kind->large);
        aigc_model_t *model = small_model(&world, create);
        aigc_options_t *options = small_options(&world, trainings[k], "m.safetensors");
        predict(&world, model, "train", options, &predicted, &live);
        check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
        const uint64_t taken = growth(&world, live);
        if (taken > predicted || predicted > taken + taken / 6)
            print_error("%zu: %zu of %zu\n", k, (size_t)taken, (size_t)predicted);
        assert_in_range(predicted, taken, taken + taken / 6);
        aigc_options_free(options);
        options = small_options(&world, "n=3", NULL);
        predict(&world, model, "generate", options, &predicted, &live);
        check_ok(aigc_model_generate(&images, model, options));
        uint64_t after = 0;
        check_ok(aigc_context_memory(world.context, &after, NULL));
        assert_true(after - live <= predicted);
        aigc_options_free(options);
        aigc_tensor_release(images);
        aigc_model_free(model);
        aigc_dataset_free(data);
        small_world_end(&world);
    }
}

static void predicted_memory_of_sampling_is_what_it_takes(void **state)
{
    small_world_t world;
    uint64_t predicted = 0, live = 0;
    aigc_tensor_t *images = NULL;
    (void)state;
    small_world_begin(&world, 2);
    char create[128];
    snprintf(create, sizeof create, "%s %s", SMALL_SIZE, small_kind->large);
    aigc_model_t *model = small_model(&world, create);
    aigc_options_t *options = small_options(&world, "n=300", NULL);
    predict(&world, model, "generate", options, &predicted, &live);
    check_ok(aigc_model_generate(&images, model, options));
    const uint64_t taken = growth(&world, live);
    /* plans for one and two pictures beside those for many, where a kind has them, are not made here */
    assert_in_range(predicted, taken, taken + taken / (small_kind == small_kinds ? 10 : 3));
    check_failure(aigc_model_memory(model, "swim", NULL, &predicted), AIGC_ERROR_UNSUPPORTED, "swim");
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

/* As many as the option takes. */
static void sixty_four_hidden_layers_train(void **state)
{
    small_world_t world;
    aigc_options_t *options = NULL;
    int64_t widths[64];
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < 64; k++) widths[k] = 2 + (int64_t)k % 3;
    aigc_model_t *model = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_set_ints(options, "hidden_dim", widths, 64));
    check_ok(aigc_model_create(&model, world.context, "vae", options));
    aigc_tensor_t *images = small_pictures(&world, 4);
    check_ok(aigc_model_train_step(model, images, NULL, NULL, NULL));
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest of_vaes[] = {
        cmocka_unit_test(training_lowers_the_loss),         cmocka_unit_test(every_optimizer_learns),
        cmocka_unit_test(sixty_four_hidden_layers_train),   cmocka_unit_test(predicted_memory_holds),
        cmocka_unit_test(samples_come_every_so_many_steps),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seven_and_thirteen_epochs_make_twenty),
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(a_stopped_training_goes_on_bit_for_bit),
        cmocka_unit_test(metrics_and_samples_stand_beside_the_model),
        cmocka_unit_test(a_bad_picture_stops_with_step_and_reason),
        cmocka_unit_test(a_bad_parameter_is_named),
        cmocka_unit_test(later_steps_allocate_nothing),
        cmocka_unit_test(predicted_memory_of_sampling_is_what_it_takes),
    };
    return cmocka_run_group_tests(of_vaes, NULL, NULL) + run_on_all_kinds(tests);
}
