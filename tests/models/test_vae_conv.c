/* The VAE of convolutions: every size and number of channels, PyTorch's numbers, and what every model must do. */
#include "small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONV "architecture=conv widths=8,12,16 latent_dim=4 "

static aigc_model_t *model_of(small_world_t *world, const char *text)
{
    aigc_model_t *model = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_create(&model, world->context, "vae", options));
    aigc_options_free(options);
    return model;
}

static void check_shape(aigc_tensor_t *tensor, const int64_t *expected)
{
    const int64_t *shape = NULL;
    size_t rank = 0;
    check_ok(aigc_tensor_shape(tensor, &rank, &shape));
    assert_int_equal(rank, 4);
    for (size_t k = 0; k < 4; k++) assert_int_equal(shape[k], expected[k]);
}

/* ---- sizes ---- */

static void go_round(small_world_t *world, int64_t n, int64_t height, int64_t width, int64_t channels)
{
    const int64_t shape[4] = {n, height, width, channels};
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc_tensor_t *images = NULL, *rebuilt = NULL;
    aigc_model_t *model = model_of(world, "architecture=conv widths=3,5 latent_dim=2");
    check_ok(aigc_tensor_create(&images, world->context, AIGC_DTYPE_U8, 4, shape));
    uint8_t *pixels = aigc_tensor_data(images);
    for (int64_t i = 0; i < n * height * width * channels; i++) pixels[i] = (uint8_t)(i * 37);
    check_ok(aigc_model_train_step(model, images, NULL, NULL, &metrics));
    assert_true(isfinite(metrics.values[0]));
    check_ok(aigc_model_reconstruct(&rebuilt, model, images, NULL, NULL));
    check_shape(rebuilt, shape);
    const float *values = aigc_tensor_data(rebuilt);
    for (int64_t i = 0; i < n * height * width * channels; i++) assert_true(values[i] > 0 && values[i] < 1);
    aigc_tensor_release(rebuilt);
    aigc_tensor_release(images);
    aigc_model_free(model);
}

static void pictures_may_have_any_size(void **state)
{
    static const int64_t channels[] = {1, 3, 4};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (int64_t side = 1; side <= 20; side++) {
        go_round(&world, 2, side, side, channels[side % 3]);
        go_round(&world, 1 + side % 2, side, 21 - side, channels[(side + 1) % 3]);
        go_round(&world, 1, side, 1, channels[(side + 2) % 3]);
    }
    small_world_end(&world);
}

/* Stages end when both sides are at most four pixels, and where there are no more widths. */
static void the_smallest_picture_follows_from_the_sides(void **state)
{
    static const struct {
        const char *options;
        int64_t columns; /* of mean.weight */
    } all[] = {{"height=28 width=28 channels=1 widths=2,3,4,5,6", 4 * 3 * 3},
               {"height=64 width=64 channels=3 widths=2,3,4,5,6", 5 * 4 * 4},
               {"height=64 width=64 channels=3 widths=2,3", 3 * 16 * 16},
               {"height=40 width=5 channels=3 widths=2,3,4,5,6", 5 * 2 * 1},
               {"height=3 width=2 channels=4 widths=7,9", 7 * 1 * 1},
               {"height=8 width=8 channels=1 widths=7,9 classes=3", 7 * 4 * 4 + 3}};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        char text[128];
        const char *name = NULL;
        aigc_tensor_t *tensor = NULL;
        const int64_t *shape = NULL;
        bool found = false;
        snprintf(text, sizeof text, "architecture=conv %s", all[k].options);
        aigc_model_t *model = model_of(&world, text);
        for (size_t i = 0; aigc_model_parameter(model, i, &name, &tensor) == AIGC_OK; i++) {
            check_ok(aigc_tensor_shape(tensor, NULL, &shape));
            if (strcmp(name, "mean.weight") == 0) {
                assert_int_equal(shape[1], all[k].columns);
                found = true;
            }
            aigc_tensor_release(tensor);
        }
        assert_true(found);
        aigc_model_free(model);
    }
    small_world_end(&world);
}

static void unless_told_there_are_more_latents(void **state)
{
    small_world_t world;
    const char *json = NULL;
    (void)state;
    small_world_begin(&world, 1);
    for (int conv = 0; conv < 2; conv++) {
        aigc_model_t *model = model_of(&world, conv ? "architecture=conv" : "architecture=mlp");
        check_ok(aigc_model_config(model, NULL, &json));
        assert_non_null(strstr(json, conv ? "\"latent_dim\":64" : "\"latent_dim\":20"));
        aigc_model_free(model);
    }
    small_world_end(&world);
}

static void what_makes_no_network_is_said(void **state)
{
    static const struct {
        const char *options, *part;
    } all[] = {{"architecture=cnn", "mlp"},
               {"architecture=conv widths=0", "'widths' for create vae is 0"},
               {"architecture=conv widths=5000", "4096"},
               {"architecture=conv widths=", "widths"},
               {"architecture=conv channels=2", "channels"},
               {"architecture=conv height=4096 width=4096 channels=4 widths=4096", "after the convolutions 2048x2048"}};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        aigc_model_t *model = NULL;
        aigc_options_t *options = small_options(&world, all[k].options, NULL);
        check_failure(aigc_model_create(&model, world.context, "vae", options), AIGC_ERROR_OPTION, all[k].part);
        assert_null(model);
        aigc_options_free(options);
    }
    small_world_end(&world);
}

/* ---- PyTorch's numbers (torch_conv.safetensors, made by make_torch_conv.py) ---- */

enum { STEPS = 3, BATCH = 4, LATENT = 5, PIXELS = 11 * 9 * 3 };

static aigc_tensor_t *stored(small_world_t *world, const char *name)
{
    aigc_tensor_t *tensor = NULL;
    check_ok(aigc_tensor_read(&tensor, world->context, TORCH_CONV, name));
    return tensor;
}

/* Of a stored tensor [steps, ..]. */
static aigc_tensor_t *step_of(small_world_t *world, aigc_tensor_t *all, int step)
{
    aigc_tensor_t *tensor = NULL;
    aigc_dtype_t dtype;
    uint64_t count = 0;
    size_t rank = 0;
    const int64_t *shape = NULL;
    check_ok(aigc_tensor_info(all, &dtype, &count, NULL));
    check_ok(aigc_tensor_shape(all, &rank, &shape));
    const size_t bytes = (size_t)count / STEPS * (dtype == AIGC_DTYPE_I64 ? 8 : 4);
    check_ok(aigc_tensor_wrap(&tensor, world->context, (char *)aigc_tensor_data(all) + (size_t)step * bytes, dtype,
                              rank - 1, shape + 1, NULL, NULL));
    return tensor;
}

/* Relative to the largest number. */
static void assert_close(aigc_tensor_t *found, aigc_tensor_t *expected, const char *what, double bound)
{
    uint64_t n = 0, n_expected = 0;
    double largest = 0, worst = 0;
    check_ok(aigc_tensor_info(found, NULL, &n, NULL));
    check_ok(aigc_tensor_info(expected, NULL, &n_expected, NULL));
    assert_int_equal(n, n_expected);
    const float *a = aigc_tensor_data(found), *b = aigc_tensor_data(expected);
    for (uint64_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)b[i]));
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    }
    if (!(worst <= bound * largest)) print_error("%s: off by %.3g of %.3g\n", what, worst, largest);
    assert_true(worst <= bound * largest);
}

static aigc_model_t *pytorchs_model(small_world_t *world)
{
    aigc_model_t *model =
        model_of(world, "architecture=conv height=11 width=9 channels=3 widths=4,6,8 latent_dim=5 classes=2");
    aigc_options_t *options = small_options(world, "prefix=before. strict=false", NULL);
    check_ok(aigc_model_load_weights(model, TORCH_CONV, options));
    aigc_options_free(options);
    return model;
}

static void one_step(small_world_t *world, aigc_model_t *model, int step, aigc_tensor_t *const stored_tensors[4])
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc_options_t *options = NULL;
    aigc_tensor_t *images = step_of(world, stored_tensors[0], step), *labels = step_of(world, stored_tensors[1], step),
                  *noise = step_of(world, stored_tensors[2], step);
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_set_tensor(options, "noise", noise));
    check_ok(aigc_model_train_step(model, images, labels, options, &metrics));
    for (int k = 0; k < 3; k++) {
        const double expected = (double)((const float *)aigc_tensor_data(stored_tensors[3]))[3 * step + k];
        assert_true(fabs(metrics.values[k] - expected) <= 1e-5 * fabs(expected));
    }
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    aigc_tensor_release(noise);
}

static void compare_parameters(small_world_t *world, aigc_model_t *model)
{
    const char *name = NULL;
    char full[64];
    aigc_tensor_t *tensor = NULL;
    size_t compared = 0;
    for (size_t k = 0; aigc_model_parameter(model, k, &name, &tensor) == AIGC_OK; k++, compared++) {
        snprintf(full, sizeof full, "after.%s", name);
        aigc_tensor_t *expected = stored(world, full);
        if (strstr(name, "num_batches_tracked"))
            assert_true(((float *)aigc_tensor_data(tensor))[0] == STEPS &&
                        ((int64_t *)aigc_tensor_data(expected))[0] == STEPS);
        else
            assert_close(tensor, expected, name, 1e-4);
        aigc_tensor_release(expected);
        aigc_tensor_release(tensor);
    }
    assert_int_equal(compared, 2 * (1 + 5) + 4 + 2 + 2 * (5 + 1) + 1);
}

static void three_steps_follow_pytorch(void **state)
{
    small_world_t world;
    aigc_tensor_t *mean = NULL, *decoded = NULL;
    (void)state;
    small_world_begin(&world, 2);
    aigc_model_t *model = pytorchs_model(&world);
    aigc_tensor_t *all[4] = {stored(&world, "images"), stored(&world, "labels"), stored(&world, "noise"),
                             stored(&world, "losses")};
    for (int step = 0; step < STEPS; step++) one_step(&world, model, step, all);
    compare_parameters(&world, model);
    /* with the running statistics */
    aigc_tensor_t *images = step_of(&world, all[0], 0), *labels = step_of(&world, all[1], 0),
                  *expected_mean = stored(&world, "mean"), *expected = stored(&world, "decoded");
    check_ok(aigc_model_encode(&mean, model, images, labels, NULL));
    assert_close(mean, expected_mean, "mean", 1e-5);
    check_ok(aigc_model_decode(&decoded, model, expected_mean, labels, NULL));
    assert_close(decoded, expected, "decoded", 1e-5);
    aigc_tensor_t *const made[] = {mean,     decoded, images, labels, expected_mean,
                                   expected, all[0],  all[1], all[2], all[3]};
    for (size_t k = 0; k < sizeof made / sizeof *made; k++) aigc_tensor_release(made[k]);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- training ---- */

static void training_lowers_the_loss(void **state)
{
    small_world_t world;
    aigc_metrics_t before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 64);
    aigc_model_t *model = model_of(&world, CONV "height=8 width=8 channels=1");
    aigc_options_t *options = small_options(&world, "epochs=30 batch_size=16 learning_rate=5e-3", NULL);
    check_ok(aigc_model_evaluate(model, data, NULL, &before, NULL, NULL));
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    check_ok(aigc_model_evaluate(model, data, NULL, &after, NULL, NULL));
    assert_true(after.values[0] < before.values[0] - 10);
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* 50 pictures in batches of 7: the last batch is a single picture. */
static void train_once(const char *folder, int threads, const char *more, const char *output)
{
    small_world_t world;
    char path[128];
    small_world_begin(&world, threads);
    aigc_dataset_t *data = small_dataset(&world, 50);
    aigc_model_t *model = model_of(&world, CONV "conditional=true");
    aigc_options_t *options = small_options(&world, "batch_size=7 seed=3 samples=0 ema=0.9 flip=true", NULL);
    check_ok(aigc_options_parse(options, more));
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, output);
    check_ok(aigc_options_set_string(options, "output", path));
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
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

static void threads_and_stops_do_not_change_a_bit(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    train_once(world.folder, 1, "epochs=3", "straight");
    train_once(world.folder, 2, "epochs=3", "two");
    train_once(world.folder, 7, "epochs=3", "seven");
    train_once(world.folder, 1, "epochs=1", "parts");
    train_once(world.folder, 3, "epochs=3 resume=true", "parts");
    assert_same_run(&world, "straight", "two");
    assert_same_run(&world, "straight", "seven");
    assert_same_run(&world, "straight", "parts");
    small_world_end(&world);
}

/* ---- sampling ---- */

static aigc_tensor_t *generate(const small_world_t *world, aigc_model_t *model, const char *text)
{
    aigc_tensor_t *images = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_generate(&images, model, options));
    aigc_options_free(options);
    return images;
}

static aigc_model_t *trained(small_world_t *world, aigc_dataset_t *data, const char *more, const char *training)
{
    char text[128];
    snprintf(text, sizeof text, CONV "%s", more);
    aigc_model_t *model = model_of(world, text);
    aigc_options_t *options = small_options(world, training, NULL);
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    aigc_options_free(options);
    return model;
}

static void a_seed_is_a_picture_in_any_company(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 3);
    aigc_dataset_t *data = small_dataset(&world, 40);
    aigc_model_t *model = trained(&world, data, "", "epochs=2 batch_size=8 ema=0.8"), *loaded = NULL;
    const char *path = small_path(&world, "m.safetensors");
    check_ok(aigc_model_save(model, path, NULL));
    check_ok(aigc_model_load(&loaded, world.context, path, NULL));
    aigc_tensor_t *many = generate(&world, model, "n=70 seed=5"), *one = generate(&world, model, "seeds=40"),
                  *again = generate(&world, loaded, "seeds=40");
    const float *picture = (const float *)aigc_tensor_data(many) + (size_t)35 * WORLD_PIXELS;
    assert_memory_equal(picture, aigc_tensor_data(one), WORLD_PIXELS * sizeof(float));
    assert_memory_equal(picture, aigc_tensor_data(again), WORLD_PIXELS * sizeof(float));
    assert_memory_not_equal(picture, picture + WORLD_PIXELS, WORLD_PIXELS * sizeof(float));
    aigc_tensor_release(many);
    aigc_tensor_release(one);
    aigc_tensor_release(again);
    aigc_model_free(model);
    aigc_model_free(loaded);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* Class 0 has upright bars, class 1 lying ones: compare how much columns and rows vary. */
static void classes_are_learnt_apart(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 60);
    aigc_model_t *model = trained(&world, data, "conditional=true", "epochs=60 batch_size=20 learning_rate=0.01");
    for (int c = 0; c < 2; c++) {
        aigc_tensor_t *images = generate(&world, model, c ? "n=20 class=1" : "n=20 class=0");
        const float *pictures = aigc_tensor_data(images);
        double upright = 0, lying = 0;
        for (size_t k = 0; k < 20; k++)
            for (size_t y = 0; y + 1 < WORLD_SIDE; y++)
                for (size_t x = 0; x + 1 < WORLD_SIDE; x++) {
                    const float *p = pictures + k * WORLD_PIXELS + y * WORLD_SIDE + x;
                    upright += fabs((double)p[0] - (double)p[1]);
                    lying += fabs((double)p[0] - (double)p[WORLD_SIDE]);
                }
        assert_true(c == 0 ? upright > 2 * lying : lying > 2 * upright);
        aigc_tensor_release(images);
    }
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* ---- memory ---- */

/* Live bytes at most so far, beyond those at the beginning. */
static uint64_t growth(const small_world_t *world, uint64_t live)
{
    uint64_t peak = 0;
    check_ok(aigc_context_memory(world->context, NULL, &peak));
    return peak - live;
}

static void predicted_memory_holds(void **state)
{
    small_world_t world;
    uint64_t predicted = 0, live = 0;
    aigc_tensor_t *images = NULL;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 203); /* a last batch of its own size */
    aigc_model_t *model = model_of(&world, "architecture=conv widths=128,256 height=8 width=8 channels=1");
    aigc_options_t *options =
        small_options(&world, "batch_size=50 ema=0.9 validation_split=0.25 samples=8", "m.safetensors");
    check_ok(aigc_model_memory(model, "train", options, &predicted));
    check_ok(aigc_context_memory(world.context, &live, NULL));
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    uint64_t taken = growth(&world, live);
    if (taken > predicted || predicted > taken + taken / 6)
        print_error("train: %zu of %zu\n", (size_t)taken, (size_t)predicted);
    assert_in_range(predicted, taken, taken + taken / 6);
    aigc_options_free(options);
    aigc_model_free(model);
    model = model_of(&world, "architecture=conv widths=128,256 height=8 width=8 channels=1");
    options = small_options(&world, "n=300", NULL);
    check_ok(aigc_model_memory(model, "generate", options, &predicted));
    check_ok(aigc_context_memory(world.context, &live, NULL));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_may_have_any_size),
        cmocka_unit_test(the_smallest_picture_follows_from_the_sides),
        cmocka_unit_test(unless_told_there_are_more_latents),
        cmocka_unit_test(what_makes_no_network_is_said),
        cmocka_unit_test(three_steps_follow_pytorch),
        cmocka_unit_test(training_lowers_the_loss),
        cmocka_unit_test(threads_and_stops_do_not_change_a_bit),
        cmocka_unit_test(a_seed_is_a_picture_in_any_company),
        cmocka_unit_test(classes_are_learnt_apart),
        cmocka_unit_test(predicted_memory_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
