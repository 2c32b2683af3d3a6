/* A GAN on few pictures: augmentation, whose strength follows the game, and what a training chooses by itself. */
#include "models/gan.h"
#include "nn/augmentation.h"
#include "small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 16, PIXELS = SIDE * SIDE * 3 };

static const char *const small_text = "generator_width=4 discriminator_width=4 latent_dim=6";

static aigc_model_t *new_gan(small_world_t *world, const char *text)
{
    aigc_model_t *model = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_create(&model, world->context, "gan", options));
    aigc_options_free(options);
    return model;
}

/* Coloured squares at all sorts of places; picture `broken` has a NaN. */
static aigc_tensor_t *squares(small_world_t *world, int64_t n, int64_t broken)
{
    aigc_tensor_t *images = NULL;
    check_ok(aigc_tensor_create(&images, world->context, AIGC_DTYPE_F32, 4, (int64_t[]){n, SIDE, SIDE, 3}));
    float *data = aigc_tensor_data(images);
    for (int64_t i = 0; i < n * PIXELS; i++) {
        const int64_t picture = i / PIXELS, row = i / (SIDE * 3) % SIDE, column = i / 3 % SIDE, channel = i % 3;
        const bool is_inside = llabs(row - 3 - picture * 5 % 10) < 3 && llabs(column - 3 - picture * 7 % 11) < 3;
        data[i] = is_inside ? (float)((picture * 13 + channel * 29) % 64) / 64 : 0.3f;
    }
    if (broken >= 0) data[broken * PIXELS] = NAN;
    return images;
}

static aigc_status_t train_on(small_world_t *world, aigc_model_t *model, int64_t n, int64_t broken, const char *text,
                              const char *output)
{
    aigc_dataset_t *dataset = NULL;
    aigc_tensor_t *images = squares(world, n, broken);
    aigc_options_t *options = small_options(world, text, output);
    check_ok(aigc_dataset_create_array(&dataset, world->context, images, NULL, NULL));
    const aigc_status_t status = aigc_model_train(model, dataset, NULL, options, NULL, NULL);
    aigc_options_free(options);
    aigc_dataset_free(dataset);
    aigc_tensor_release(images);
    return status;
}

static double metric(const aigc_metrics_t *metrics, const char *name)
{
    for (uint32_t k = 0; k < metrics->count; k++)
        if (strcmp(metrics->names[k], name) == 0) return metrics->values[k];
    return -1;
}

static aigc_metrics_t step_on(small_world_t *world, aigc_model_t *model, aigc_tensor_t *images, const char *text)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_train_step(model, images, NULL, options, &metrics));
    aigc_options_free(options);
    return metrics;
}

/* ---- steps ---- */

static void every_policy_can_be_played_with_every_loss(void **state)
{
    static const char *const policies[] = {"translation",
                                           "cutout",
                                           "translation+cutout",
                                           "colour",
                                           "cutout+colour",
                                           "translation+colour",
                                           "translation+cutout+colour"};
    static const char *const losses[] = {"logistic r1=1",       "hinge",
                                         "least-squares r2=1",  "wasserstein",
                                         "relativistic r1=0.1", "minimax instance_noise=0.1"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_tensor_t *images = squares(&world, 6, -1);
    for (size_t k = 0; k < 7 * 6; k++) {
        char text[160];
        aigc_model_t *model = new_gan(&world, small_text);
        snprintf(text, sizeof text, "augment=%s augment_strength=0.75 loss=%s", policies[k % 7], losses[k % 6]);
        const aigc_metrics_t metrics = step_on(&world, model, images, text);
        for (uint32_t i = 0; i < metrics.count; i++) assert_true(isfinite(metrics.values[i]));
        assert_true(metric(&metrics, "augment") == 0.75);
        aigc_model_free(model);
    }
    aigc_tensor_release(images);
    small_world_end(&world);
}

/* Without a word about it a step has none, and tells none. */
static void a_step_has_none_unless_asked(void **state)
{
    small_world_t world;
    size_t n = 0;
    (void)state;
    small_world_begin(&world, 1);
    aigc_tensor_t *images = squares(&world, 6, -1);
    aigc_model_t *silent = new_gan(&world, small_text), *none = new_gan(&world, small_text),
                 *some = new_gan(&world, small_text);
    for (int step = 0; step < 3; step++) {
        const aigc_metrics_t metrics = step_on(&world, silent, images, "");
        assert_true(metric(&metrics, "augment") == -1);
        step_on(&world, none, images, "augment=none augment_strength=1");
        step_on(&world, some, images, "augment=cutout augment_strength=1");
    }
    float *a = copy_parameters(silent, &n), *b = copy_parameters(none, &n), *c = copy_parameters(some, &n);
    assert_memory_equal(a, b, n * sizeof *a);
    assert_memory_not_equal(a, c, n * sizeof *a);
    free(a);
    free(b);
    free(c);
    aigc_tensor_release(images);
    aigc_model_free(silent);
    aigc_model_free(none);
    aigc_model_free(some);
    small_world_end(&world);
}

static void later_steps_allocate_nothing(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    size_t before = 0;
    (void)state;
    small_world_begin(&world, 2);
    aigc_model_t *model = new_gan(&world, small_text);
    aigc_tensor_t *images = squares(&world, 6, -1);
    aigc_options_t *options =
        small_options(&world, "augment=translation+cutout+colour r1=1 regularise_every=2 augment_images=40", NULL);
    for (int step = 0; step < 20; step++) {
        if (step == 4) before = world.memory.allocations;
        check_ok(aigc_model_train_step(model, images, NULL, options, &metrics));
    }
    assert_int_equal(world.memory.allocations, before);
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- the adaptive strength ---- */

static double strength_after(const char *text, int64_t n)
{
    small_world_t world;
    small_world_begin(&world, 2);
    aigc_model_t *model = new_gan(&world, "generator_width=8 discriminator_width=8 latent_dim=6");
    check_ok(train_on(&world, model, n, -1, text, NULL));
    const double strength = model->position.own[AIGC__GAN_OWN_STRENGTH];
    aigc_model_free(model);
    small_world_end(&world);
    return strength;
}

/* A discriminator that knows its twelve pictures by heart, and one so slow that it cannot tell. */
static void the_strength_follows_the_discriminator(void **state)
{
    (void)state;
    const double sure =
        strength_after("epochs=150 batch_size=4 samples=0 discriminator_rate=2e-3 augment_images=1000", 12);
    const double unsure = strength_after(
        "epochs=150 batch_size=4 samples=0 learning_rate=2e-3 discriminator_rate=1e-4 augment_images=1000", 12);
    print_message("strength %.2f of a sure discriminator, %.2f of an unsure one\n", sure, unsure);
    assert_true(sure > 0.4 && sure <= 0.8);
    assert_true(unsure < 0.1);
}

/* ---- going on ---- */

static const char *const adaptive = "batch_size=4 discriminator_steps=2 discriminator_rate=2e-3 r1=0.5 "
                                    "regularise_every=3 augment_images=200 samples=4";

/* Stopped in the middle of an epoch by a picture that makes half a step fail, and gone on with on other threads. */
static void resumed_training_changes_no_byte(void **state)
{
    small_world_t world[2];
    char text[256];
    (void)state;
    small_world_begin(&world[0], 1);
    small_world_begin(&world[1], 3);
    aigc_model_t *straight = new_gan(&world[0], small_text), *first = new_gan(&world[1], small_text),
                 *again = new_gan(&world[1], small_text);
    snprintf(text, sizeof text, "epochs=5 %s", adaptive);
    check_ok(train_on(&world[0], straight, 38, -1, text, "m.safetensors"));
    assert_true(straight->position.own[AIGC__GAN_OWN_STRENGTH] > 0);
    assert_true(straight->position.own[AIGC__GAN_OWN_POLICY] == AIGC__AUGMENT_ALL); /* by itself */
    snprintf(text, sizeof text, "epochs=2 %s", adaptive);
    check_ok(train_on(&world[1], first, 38, -1, text, "m.safetensors"));
    snprintf(text, sizeof text, "epochs=5 resume=true %s", adaptive);
    assert_int_equal(train_on(&world[1], first, 38, 22, text, "m.safetensors"), AIGC_ERROR_NUMERIC);
    assert_true(first->position.epoch == 2 && first->position.batch > 0);
    check_ok(train_on(&world[1], again, 38, -1, text, "m.safetensors"));
    assert_true(files_equal(small_path(&world[0], "m.safetensors"), small_path(&world[1], "m.safetensors")));
    assert_true(
        files_equal(small_path(&world[0], "m.state.safetensors"), small_path(&world[1], "m.state.safetensors")));
    aigc_model_free(straight);
    aigc_model_free(first);
    aigc_model_free(again);
    small_world_end(&world[0]);
    small_world_end(&world[1]);
}

/* Another number in the place of the first one after "own":[ in the state file, as long as it. */
static void change_own(const small_world_t *world, size_t which, const char *to)
{
    const char *path = small_path(world, "m.state.safetensors");
    size_t size = 0;
    char *bytes = read_file(path, &size);
    char *at = strstr(bytes + 8, "\\\"own\\\":[");
    assert_non_null(at);
    at += strlen("\\\"own\\\":[");
    for (size_t k = 0; k < which; k++) at = strchr(at, ',') + 1;
    memcpy(at, to, strlen(to));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

static void a_hostile_augmentation_is_refused(void **state)
{
    static const struct {
        size_t which;
        const char *to;
    } changes[] = {{AIGC__GAN_OWN_STRENGTH, "\\\"-"}, {AIGC__GAN_OWN_STRENGTH, "\\\"x"},
                   {AIGC__GAN_OWN_POLICY, "\\\"9"},   {AIGC__GAN_OWN_IMAGES, "\\\"-"},
                   {AIGC__GAN_OWN_IMAGES, "\\\"0.0"}, {AIGC__GAN_OWN_SURE, "true"}};
    (void)state;
    for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
        small_world_t world;
        small_world_begin(&world, 1);
        aigc_model_t *model = new_gan(&world, small_text), *again = new_gan(&world, small_text);
        check_ok(train_on(&world, model, 20, -1,
                          "epochs=1 augment_images=12345678 discriminator_rate=0.01 batch_size=1", "m.safetensors"));
        change_own(&world, changes[k].which, changes[k].to);
        assert_int_equal(train_on(&world, again, 20, -1, "epochs=2 resume=true batch_size=1", "m.safetensors"),
                         AIGC_ERROR_CORRUPT);
        aigc_model_free(model);
        aigc_model_free(again);
        small_world_end(&world);
    }
}

/* ---- choices ---- */

static void listen(int32_t level, const char *message, void *user)
{
    char *heard = user;
    if (level == AIGC_LOG_INFO && strncmp(message, "chose ", 6) == 0) snprintf(heard, 160, "%s", message);
}

/* What is not asked for is chosen by number and size, told, and kept by a resume that is as silent. */
static void what_is_silent_is_chosen_and_told(void **state)
{
    static const struct {
        const char *options;
        int64_t n;
        const char *told;
    } cases[] = {
        {"", 40, "chose batch_size 16, augment translation+cutout+colour for 40 pictures of 16x16"},
        {"batch_size=8", 40, "chose augment translation+cutout+colour for 40 pictures of 16x16"},
        {"augment=cutout", 40, "chose batch_size 16 for 40 pictures of 16x16"},
        {"batch_size=8 augment=none", 40, ""},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        small_world_t world;
        char heard[160] = "", again[160] = "", text[96];
        small_world_begin(&world, 1);
        check_ok(aigc_context_set_log(world.context, listen, heard));
        aigc_model_t *model = new_gan(&world, small_text);
        snprintf(text, sizeof text, "epochs=1 samples=0 %s", cases[k].options);
        check_ok(train_on(&world, model, cases[k].n, -1, text, "m.safetensors"));
        assert_string_equal(heard, cases[k].told);
        check_ok(aigc_context_set_log(world.context, listen, again));
        snprintf(text, sizeof text, "epochs=2 samples=0 resume=true %s", cases[k].options);
        check_ok(train_on(&world, model, cases[k].n, -1, text, "m.safetensors"));
        assert_string_equal(again, heard);
        aigc_model_free(model);
        small_world_end(&world);
    }
}

/* Also where the earlier part was run with what would not be chosen now. */
static void a_resume_goes_on_as_it_began(void **state)
{
    small_world_t world;
    char heard[160] = "";
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = new_gan(&world, small_text), *again = new_gan(&world, small_text);
    check_ok(train_on(&world, model, 40, -1,
                      "epochs=1 batch_size=5 discriminator_steps=2 augment=cutout augment_images=99", "m.safetensors"));
    check_ok(aigc_context_set_log(world.context, listen, heard));
    check_ok(train_on(&world, again, 40, -1, "epochs=2 discriminator_steps=2 resume=true", "m.safetensors"));
    assert_string_equal(heard, "chose batch_size 5, augment cutout for 40 pictures of 16x16");
    assert_true(again->position.own[AIGC__GAN_OWN_IMAGES] == 99);
    aigc_model_free(model);
    aigc_model_free(again);
    small_world_end(&world);
}

static const char *option_of(aigc_model_t *model, const char *wanted)
{
    const char *name = NULL, *value = NULL;
    for (size_t k = 0; aigc_model_option(model, k, &name, &value) == AIGC_OK; k++)
        if (strcmp(name, wanted) == 0) return value;
    return "";
}

/* What is not given is settled when the size is known, and then stays. */
static void widths_follow_the_size(void **state)
{
    static const char *const cases[][3] = {{"height=16 width=32 channels=1", "64", "64"},
                                           {"height=64 width=33 channels=1", "32", "32"},
                                           {"height=64 width=64 channels=1 generator_width=5", "5", "32"},
                                           {"height=129 width=8 channels=1 discriminator_width=7", "16", "7"},
                                           {"channels=1", "0", "0"}};
    small_world_t world;
    aigc_model_t *loaded = NULL;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        aigc_model_t *model = new_gan(&world, cases[k][0]);
        assert_string_equal(option_of(model, "generator_width"), cases[k][1]);
        assert_string_equal(option_of(model, "discriminator_width"), cases[k][2]);
        aigc_model_free(model);
    }
    aigc_model_t *model = new_gan(&world, "discriminator_width=4 latent_dim=6");
    check_ok(train_on(&world, model, 4, -1, "epochs=1", "m.safetensors"));
    check_ok(aigc_model_load(&loaded, world.context, small_path(&world, "m.safetensors"), NULL));
    assert_string_equal(option_of(loaded, "generator_width"), "64");
    assert_string_equal(option_of(loaded, "discriminator_width"), "4");
    aigc_model_free(model);
    aigc_model_free(loaded);
    small_world_end(&world);
}

/* A state file of before there was any of this: the list of own numbers has another name. */
static void an_older_training_goes_on_without(void **state)
{
    small_world_t world;
    char heard[160] = "";
    size_t size = 0;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = new_gan(&world, small_text), *again = new_gan(&world, small_text);
    check_ok(train_on(&world, model, 40, -1, "epochs=1 batch_size=5 augment=none", "m.safetensors"));
    const char *path = small_path(&world, "m.state.safetensors");
    char *bytes = read_file(path, &size);
    char *name = strstr(bytes + 8, "\\\"own\\\"");
    assert_non_null(name);
    memcpy(name, "\\\"owl\\\"", 7);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
    check_ok(aigc_context_set_log(world.context, listen, heard));
    check_ok(train_on(&world, again, 40, -1, "epochs=2 resume=true", "m.safetensors"));
    assert_string_equal(heard, "chose batch_size 5, augment none for 40 pictures of 16x16");
    aigc_model_free(model);
    aigc_model_free(again);
    small_world_end(&world);
}

/* ---- memory ---- */

static void predicted_memory_holds(void **state)
{
    static const char *const trainings[] = {"batch_size=24 samples=4 augment=none",
                                            "batch_size=24 samples=0",
                                            "batch_size=24 samples=0 r1=1 augment=none",
                                            "batch_size=24 samples=16 r1=1 regularise_every=4 discriminator_steps=2",
                                            "batch_size=24 samples=0 loss=wasserstein ema=0",
                                            "batch_size=16 samples=8 validation_split=0.25"};
    (void)state;
    for (size_t k = 0; k < sizeof trainings / sizeof *trainings; k++) {
        small_world_t world;
        uint64_t predicted = 0, live = 0, peak = 0;
        aigc_dataset_t *dataset = NULL;
        small_world_begin(&world, 2);
        aigc_tensor_t *images = squares(&world, 101, -1); /* a last batch of its own size */
        check_ok(aigc_dataset_create_array(&dataset, world.context, images, NULL, NULL));
        aigc_model_t *model =
            new_gan(&world, "height=16 width=16 channels=3 generator_width=64 discriminator_width=64 latent_dim=20");
        char text[160];
        snprintf(text, sizeof text, "epochs=1 %s", trainings[k]);
        aigc_options_t *options = small_options(&world, text, "m.safetensors");
        check_ok(aigc_model_memory(model, "train", options, &predicted));
        check_ok(aigc_context_memory(world.context, &live, NULL));
        check_ok(aigc_model_train(model, dataset, NULL, options, NULL, NULL));
        check_ok(aigc_context_memory(world.context, NULL, &peak));
        const uint64_t taken = peak - live;
        if (taken > predicted || predicted > taken + taken / 3)
            print_error("%s: %zu of %zu\n", trainings[k], (size_t)taken, (size_t)predicted);
        assert_in_range(predicted, taken, taken + taken / 3);
        aigc_options_free(options);
        aigc_model_free(model);
        aigc_dataset_free(dataset);
        aigc_tensor_release(images);
        small_world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_policy_can_be_played_with_every_loss),
        cmocka_unit_test(a_step_has_none_unless_asked),
        cmocka_unit_test(later_steps_allocate_nothing),
        cmocka_unit_test(the_strength_follows_the_discriminator),
        cmocka_unit_test(resumed_training_changes_no_byte),
        cmocka_unit_test(a_hostile_augmentation_is_refused),
        cmocka_unit_test(what_is_silent_is_chosen_and_told),
        cmocka_unit_test(a_resume_goes_on_as_it_began),
        cmocka_unit_test(an_older_training_goes_on_without),
        cmocka_unit_test(widths_follow_the_size),
        cmocka_unit_test(predicted_memory_holds),
    };
    return cmocka_run_group_tests_name("gan_augment", tests, NULL, NULL);
}
