/* Generative adversarial networks: against PyTorch's numbers (torch_gan.safetensors, made by make_torch_gan.py), and
 * what a training must do whatever the networks: all or nothing, the same again, every shape. */
#include "models/gan.h"
#include "small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 4, BATCH = 4, LATENT = 6 };

static aigc_model_t *new_gan(small_world_t *world, const char *text)
{
    aigc_model_t *model = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_create(&model, world->context, "gan", options));
    aigc_options_free(options);
    return model;
}

/* ---- PyTorch ---- */

typedef struct torch_case {
    const char *name, *create, *step;
    int64_t shape[3];
    double tolerance; /* of parameters, relative to the largest of each tensor */
} torch_case_t;

#define DCGAN "latent_dim=6 generator_width=4 discriminator_width=4 "

static const torch_case_t torch_cases[] = {
    {"plain", DCGAN "height=16 width=16 channels=3", "", {16, 16, 3}, 1e-4},
    {"slopes",
     DCGAN "height=16 width=16 channels=1 discriminator_norm=none",
     "loss=least-squares r1=1 r2=0.5 regularise_every=2",
     {16, 16, 1},
     1e-4},
    {"spectral",
     DCGAN "height=16 width=16 channels=1 discriminator_norm=none spectral_norm=true",
     "loss=hinge",
     {16, 16, 1},
     1e-4},
    {"layers",
     "architecture=mlp latent_dim=6 hidden_dim=10,7 height=3 width=4 channels=1",
     "loss=relativistic r1=0.3",
     {3, 4, 1},
     1e-4},
};

static aigc_tensor_t *stored(small_world_t *world, const char *name, const char *what)
{
    aigc_tensor_t *tensor = NULL;
    char full[384];
    snprintf(full, sizeof full, "%s.%s", name, what);
    check_ok(aigc_tensor_read(&tensor, world->context, TORCH_GAN, full));
    return tensor;
}

/* Number `index` of equal parts of `all`. */
static aigc_tensor_t *part(small_world_t *world, aigc_tensor_t *all, int index, size_t rank, const int64_t *shape)
{
    aigc_tensor_t *tensor = NULL;
    size_t n = 1;
    for (size_t k = 0; k < rank; k++) n *= (size_t)shape[k];
    check_ok(aigc_tensor_wrap(&tensor, world->context, (float *)aigc_tensor_data(all) + (size_t)index * n,
                              AIGC_DTYPE_F32, rank, shape, NULL, NULL));
    return tensor;
}

static aigc_status_t one_step(small_world_t *world, aigc_model_t *model, const char *text, aigc_tensor_t *images,
                              aigc_tensor_t *latents, aigc_metrics_t *metrics)
{
    aigc_options_t *options = small_options(world, text, NULL);
    if (latents) check_ok(aigc_options_set_tensor(options, "latents", latents));
    const aigc_status_t status = aigc_model_train_step(model, images, NULL, options, metrics);
    aigc_options_free(options);
    return status;
}

static void train_like(small_world_t *world, const torch_case_t *c, aigc_model_t *model)
{
    aigc_tensor_t *images = stored(world, c->name, "images"), *latents = stored(world, c->name, "latents"),
                  *numbers = stored(world, c->name, "numbers");
    const float *expected = aigc_tensor_data(numbers);
    for (int step = 0; step < STEPS; step++) {
        aigc_metrics_t metrics = {.struct_size = sizeof metrics};
        aigc_tensor_t *x = part(world, images, step, 4, (int64_t[]){BATCH, c->shape[0], c->shape[1], c->shape[2]});
        aigc_tensor_t *z = part(world, latents, step, 3, (int64_t[]){2, BATCH, LATENT});
        check_ok(one_step(world, model, c->step, x, z, &metrics));
        static const size_t columns[] = {AIGC__GAN_LOSS_D, AIGC__GAN_REAL_SCORE, AIGC__GAN_FAKE_SCORE,
                                         AIGC__GAN_LOSS_G};
        for (int column = 0; column < 4; column++) {
            const size_t k = columns[column];
            const double e = (double)expected[step * 4 + column];
            if (!(fabs(metrics.values[k] - e) <= 1e-5 * fmax(fabs(e), 0.1)))
                print_error("%s, step %d: %s is %.9g, not %.9g\n", c->name, step, metrics.names[k], metrics.values[k],
                            e);
            assert_true(fabs(metrics.values[k] - e) <= 1e-5 * fmax(fabs(e), 0.1));
        }
        aigc_tensor_release(x);
        aigc_tensor_release(z);
    }
    aigc_tensor_release(images);
    aigc_tensor_release(latents);
    aigc_tensor_release(numbers);
}

static double worst_error(const float *a, const float *b, size_t n)
{
    double largest = 1e-3, worst = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs((double)b[i]));
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    }
    return worst / largest;
}

static void compare_parameters(small_world_t *world, const torch_case_t *c, aigc_model_t *model)
{
    const char *name = NULL;
    char full[256];
    aigc_tensor_t *tensor = NULL;
    for (size_t k = 0; aigc_model_parameter(model, k, &name, &tensor) == AIGC_OK; k++) {
        uint64_t count = 0;
        snprintf(full, sizeof full, "after.%s", name);
        aigc_tensor_t *expected = stored(world, c->name, full);
        check_ok(aigc_tensor_info(tensor, NULL, &count, NULL));
        const double error = worst_error(aigc_tensor_data(tensor), aigc_tensor_data(expected), (size_t)count);
        if (error > c->tolerance) print_error("%s: %s is off by %g\n", c->name, name, error);
        assert_true(error <= c->tolerance);
        aigc_tensor_release(expected);
        aigc_tensor_release(tensor);
    }
}

static void compare_pictures(small_world_t *world, const torch_case_t *c, aigc_model_t *model)
{
    aigc_tensor_t *latents = stored(world, c->name, "latents"), *expected = stored(world, c->name, "decoded"),
                  *images = NULL;
    aigc_tensor_t *z = part(world, latents, 0, 2, (int64_t[]){BATCH, LATENT});
    check_ok(aigc_model_decode(&images, model, z, NULL, NULL));
    const size_t n = BATCH * (size_t)(c->shape[0] * c->shape[1] * c->shape[2]);
    assert_true(worst_error(aigc_tensor_data(images), aigc_tensor_data(expected), n) < 1e-4);
    aigc_tensor_release(images);
    aigc_tensor_release(z);
    aigc_tensor_release(latents);
    aigc_tensor_release(expected);
}

static void steps_follow_pytorch(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof torch_cases / sizeof *torch_cases; k++) {
        const torch_case_t *c = &torch_cases[k];
        small_world_t world;
        char prefix[64];
        small_world_begin(&world, 2);
        aigc_model_t *model = new_gan(&world, c->create);
        snprintf(prefix, sizeof prefix, "prefix=%s.before. strict=false", c->name);
        aigc_options_t *options = small_options(&world, prefix, NULL);
        check_ok(aigc_model_load_weights(model, TORCH_GAN, options));
        aigc_options_free(options);
        train_like(&world, c, model);
        compare_parameters(&world, c, model);
        compare_pictures(&world, c, model);
        aigc_model_free(model);
        small_world_end(&world);
    }
}

/* A seed's picture is a promise: these numbers must never change, beyond what rounding differs between processors. */
static void a_seed_is_the_same_picture_for_ever(void **state)
{
    static const struct {
        const char *seed;
        double numbers[4];
    } promised[] = {{"seed=7", {0.49944320, 0.76920295, 0.49011430, 0.48419452}},
                    {"seed=123456789012", {0.49439430, 0.56221986, 0.58313328, 0.48337302}}};
    static const size_t places[] = {0, (5 * 16 + 9) * 3 + 1, (8 * 16 + 8) * 3 + 2, 16 * 16 * 3 - 1};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = new_gan(&world, torch_cases[0].create);
    aigc_options_t *options = small_options(&world, "prefix=plain.after. strict=false", NULL);
    check_ok(aigc_model_load_weights(model, TORCH_GAN, options));
    aigc_options_free(options);
    for (size_t k = 0; k < 2; k++) {
        aigc_tensor_t *images = NULL;
        options = small_options(&world, promised[k].seed, NULL);
        check_ok(aigc_model_generate(&images, model, options));
        for (size_t i = 0; i < 4; i++) {
            const float *found = aigc_tensor_data(images);
            assert_true(fabs((double)found[places[i]] - promised[k].numbers[i]) < 1e-6);
        }
        aigc_options_free(options);
        aigc_tensor_release(images);
    }
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- all or nothing ---- */

static void a_failed_step_leaves_no_trace(void **state)
{
    static const char *const text = "height=8 width=8 channels=1 latent_dim=6 generator_width=4 discriminator_width=4";
    small_world_t world;
    aigc_tensor_t *latents = NULL;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    size_t n = 0;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *tried = new_gan(&world, text), *never = new_gan(&world, text);
    aigc_tensor_t *images = small_pictures(&world, BATCH);
    check_ok(aigc_tensor_create(&latents, world.context, AIGC_DTYPE_F32, 3, (int64_t[]){2, BATCH, LATENT}));
    float *z = aigc_tensor_data(latents);
    for (int step = 0; step < 3; step++) {
        z[BATCH * LATENT] = NAN; /* the generator's turn fails when the discriminator has learned */
        assert_int_equal(one_step(&world, tried, "", images, latents, &metrics), AIGC_ERROR_NUMERIC);
        z[BATCH * LATENT] = 0.5f;
        check_ok(one_step(&world, tried, "", images, latents, &metrics));
        check_ok(one_step(&world, never, "", images, latents, &metrics));
    }
    float *a = copy_parameters(tried, &n), *b = copy_parameters(never, &n);
    assert_memory_equal(a, b, n * sizeof *a);
    free(a);
    free(b);
    aigc_tensor_release(latents);
    aigc_tensor_release(images);
    aigc_model_free(tried);
    aigc_model_free(never);
    small_world_end(&world);
}

/* ---- training ---- */

static const char *const small_text = "generator_width=4 discriminator_width=4 latent_dim=6";

static void train_to(small_world_t *world, aigc_model_t *model, const char *text, const char *output)
{
    aigc_dataset_t *dataset = small_dataset(world, 20);
    aigc_options_t *options = small_options(world, text, output);
    check_ok(aigc_model_train(model, dataset, NULL, options, NULL, NULL));
    aigc_options_free(options);
    aigc_dataset_free(dataset);
}

/* Also what the averages and the two counts of steps hang on. */
static void resumed_training_and_threads_change_no_byte(void **state)
{
    static const char *const more = "batch_size=4 discriminator_steps=2 r1=0.5 regularise_every=3 "
                                    "samples=4 schedule=linear schedule_steps=100";
    small_world_t world[2];
    char text[256];
    (void)state;
    small_world_begin(&world[0], 1);
    small_world_begin(&world[1], 3);
    aigc_model_t *straight = new_gan(&world[0], small_text), *first = new_gan(&world[1], small_text),
                 *again = new_gan(&world[1], small_text);
    snprintf(text, sizeof text, "epochs=5 %s", more);
    train_to(&world[0], straight, text, "m.safetensors");
    snprintf(text, sizeof text, "epochs=2 %s", more);
    train_to(&world[1], first, text, "m.safetensors");
    snprintf(text, sizeof text, "epochs=5 resume=true %s", more);
    train_to(&world[1], again, text, "m.safetensors");
    assert_true(files_equal(small_path(&world[0], "m.safetensors"), small_path(&world[1], "m.safetensors")));
    assert_true(
        files_equal(small_path(&world[0], "m.state.safetensors"), small_path(&world[1], "m.state.safetensors")));
    aigc_model_free(straight);
    aigc_model_free(first);
    aigc_model_free(again);
    small_world_end(&world[0]);
    small_world_end(&world[1]);
}

static aigc_tensor_t *four_pictures(small_world_t *world, aigc_model_t *model, const char *text)
{
    aigc_tensor_t *images = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_generate(&images, model, options));
    aigc_options_free(options);
    return images;
}

/* A saved GAN samples as the trained one does: with the average. */
static void the_average_is_what_samples_and_what_is_saved(void **state)
{
    small_world_t world;
    aigc_model_t *loaded = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = new_gan(&world, small_text), *plain = new_gan(&world, small_text);
    train_to(&world, model, "epochs=3 batch_size=4", "m.safetensors");
    train_to(&world, plain, "epochs=3 batch_size=4 ema=0", NULL);
    assert_non_null(model->average);
    assert_null(plain->average);
    check_ok(aigc_model_load(&loaded, world.context, small_path(&world, "m.safetensors"), NULL));
    aigc_tensor_t *a = four_pictures(&world, model, "n=4"), *b = four_pictures(&world, loaded, "n=4"),
                  *c = four_pictures(&world, plain, "n=4");
    assert_memory_equal(aigc_tensor_data(a), aigc_tensor_data(b), 4 * WORLD_PIXELS * sizeof(float));
    assert_memory_not_equal(aigc_tensor_data(a), aigc_tensor_data(c), 4 * WORLD_PIXELS * sizeof(float));
    aigc_tensor_release(a);
    aigc_tensor_release(b);
    aigc_tensor_release(c);
    aigc_model_free(loaded);
    aigc_model_free(model);
    aigc_model_free(plain);
    small_world_end(&world);
}

static void check_company(small_world_t *world, const char *text, size_t pixels)
{
    aigc_model_t *model = new_gan(world, text);
    aigc_tensor_t *many = four_pictures(world, model, "n=70 seed=3");
    for (int k = 0; k < 70; k += 23) {
        char one[32], some[32];
        snprintf(one, sizeof one, "seed=%d", 3 + k);
        snprintf(some, sizeof some, "n=%d seed=%d", 1 + k % 9, 3 + k);
        aigc_tensor_t *alone = four_pictures(world, model, one), *with_few = four_pictures(world, model, some);
        const float *expected = (const float *)aigc_tensor_data(many) + (size_t)k * pixels;
        assert_memory_equal(aigc_tensor_data(alone), expected, pixels * sizeof(float));
        assert_memory_equal(aigc_tensor_data(with_few), expected, pixels * sizeof(float));
        aigc_tensor_release(alone);
        aigc_tensor_release(with_few);
    }
    aigc_tensor_release(many);
    aigc_model_free(model);
}

/* However many are asked for at once, and with whatever instructions: few are not padded to many. */
static void a_seed_is_a_picture_in_any_company(void **state)
{
    static const char *const levels[] = {"c", "auto"};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        aigc_options_t *options = NULL;
        small_world_t world;
        small_world_begin(&world, 2);
        aigc_context_free(world.context);
        check_ok(aigc_options_create(&options));
        check_ok(aigc_options_set_string(options, "cpu", levels[k]));
        check_ok(aigc_context_create(&world.context, options));
        aigc_options_free(options);
        check_company(&world, "height=32 width=32 channels=3 generator_width=16 latent_dim=600", 32 * 32 * 3);
        check_company(&world, "height=9 width=45 channels=1 generator_width=20", 9 * 45);
        check_company(&world, "height=28 width=28 channels=1 architecture=mlp hidden_dim=40", 28 * 28);
        check_company(&world, "height=16 width=16 channels=1 generator_width=8 architecture=resnet", 16 * 16);
        small_world_end(&world);
    }
}

/* A step, and a picture, of every network, size, number of channels, with and without classes. */
static void every_network_fits_every_picture(void **state)
{
    static const char *const networks[] = {"architecture=dcgan", "architecture=dcgan discriminator_norm=none",
                                           "architecture=mlp hidden_dim=8", "architecture=resnet",
                                           "architecture=resnet spectral_norm=true"};
    static const int64_t shapes[][3] = {{16, 16, 3}, {9, 20, 1}, {1, 4, 1}, {13, 7, 4}, {5, 33, 1}};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_tensor_t *labels = small_labels(&world, 3);
    for (size_t k = 0; k < sizeof networks / sizeof *networks; k++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (int classes = 0; classes <= 2; classes += 2) {
                char text[256];
                aigc_tensor_t *images = NULL;
                aigc_metrics_t metrics = {.struct_size = sizeof metrics};
                const bool is_mlp = strstr(networks[k], "mlp") != NULL;
                snprintf(text, sizeof text, "%s %s height=%d width=%d channels=%d classes=%d",
                         is_mlp ? "latent_dim=6" : small_text, networks[k], (int)shapes[s][0], (int)shapes[s][1],
                         (int)shapes[s][2], classes);
                aigc_model_t *model = new_gan(&world, text);
                check_ok(aigc_tensor_create(&images, world.context, AIGC_DTYPE_F32, 4,
                                            (int64_t[]){3, shapes[s][0], shapes[s][1], shapes[s][2]}));
                check_ok(aigc_model_train_step(model, images, classes ? labels : NULL, NULL, &metrics));
                for (uint32_t i = 0; i < metrics.count; i++) assert_true(isfinite(metrics.values[i]));
                aigc_tensor_release(images);
                images = four_pictures(&world, model, classes ? "n=4 class=1" : "n=4");
                const int64_t *shape = NULL;
                check_ok(aigc_tensor_shape(images, NULL, &shape));
                assert_memory_equal(shape + 1, shapes[s], sizeof shapes[s]);
                aigc_tensor_release(images);
                aigc_model_free(model);
            }
    aigc_tensor_release(labels);
    small_world_end(&world);
}

static void every_game_can_be_played(void **state)
{
    static const char *const games[] = {"loss=logistic label_smoothing=0.1",
                                        "loss=minimax",
                                        "loss=hinge r1=1",
                                        "loss=least-squares",
                                        "loss=wasserstein",
                                        "loss=relativistic r1=0.1 r2=0.1 regularise_every=2",
                                        "gradient_penalty=1",
                                        "instance_noise=0.3",
                                        "discriminator_rate=1e-3 optimizer=rmsprop"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    for (size_t k = 0; k < sizeof games / sizeof *games; k++) {
        char text[256];
        aigc_metrics_t metrics = {.struct_size = sizeof metrics};
        aigc_model_t *model = new_gan(&world, small_text);
        snprintf(text, sizeof text, "epochs=2 batch_size=4 %s", games[k]);
        train_to(&world, model, text, NULL);
        aigc_tensor_t *images = small_pictures(&world, 4);
        check_ok(one_step(&world, model, games[k], images, NULL, &metrics));
        assert_int_equal(metrics.count, 7);
        for (uint32_t i = 0; i < metrics.count; i++) assert_true(isfinite(metrics.values[i]));
        assert_string_equal(metrics.names[0], "loss_d");
        aigc_tensor_release(images);
        aigc_model_free(model);
    }
    small_world_end(&world);
}

typedef struct told {
    int lead, collapse;
} told_t;

static void listen(int32_t level, const char *message, void *user)
{
    told_t *told = user;
    (void)level;
    told->lead += strstr(message, "tells all pictures apart") != NULL;
    told->collapse += strstr(message, "modes have collapsed") != NULL;
}

/* A generator that does not move makes gray pictures, and the discriminator finds out: both are said once. */
static void a_game_that_is_lost_is_told(void **state)
{
    small_world_t world;
    told_t told = {0, 0}, quiet = {0, 0};
    (void)state;
    small_world_begin(&world, 1);
    check_ok(aigc_context_set_log(world.context, listen, &told));
    aigc_model_t *model = new_gan(&world, small_text);
    train_to(&world, model, "epochs=120 batch_size=4 learning_rate=1e-12 discriminator_rate=2e-2", NULL);
    assert_int_equal(told.lead, 1);
    assert_int_equal(told.collapse, 1);
    aigc_model_free(model);
    check_ok(aigc_context_set_log(world.context, listen, &quiet));
    model = new_gan(&world, small_text);
    train_to(&world, model, "epochs=120 batch_size=4 learning_rate=1e-3 r1=1", NULL);
    assert_int_equal(quiet.lead + quiet.collapse, 0);
    aigc_model_free(model);
    small_world_end(&world);
}

/* The numbers that stay are the same; the others come from further on in the seed's stream. */
static void truncated_latents_keep_what_is_small(void **state)
{
    enum { DIM = 400 };
    const int64_t seed = 9;
    float plain[DIM], cut[DIM];
    small_world_t world;
    aigc_tensor_t *images = NULL;
    size_t kept = 0;
    (void)state;
    small_world_begin(&world, 1);
    aigc__latents_draw(world.context, plain, &seed, 1, DIM, 1, 0);
    aigc__latents_draw(world.context, cut, &seed, 1, DIM, 2, 0.7);
    for (size_t i = 0; i < DIM; i++) {
        const bool is_small = fabsf(plain[i]) <= 0.7f;
        assert_true(fabsf(cut[i]) <= 1.4f && is_small == (cut[i] == 2 * plain[i]));
        kept += is_small;
    }
    assert_true(kept > DIM * 2 / 5 && kept < DIM * 3 / 5); /* 52 of 100 are to be expected */
    aigc_model_t *model = new_gan(&world, "height=8 width=8 channels=1 generator_width=4");
    aigc_tensor_t *a = four_pictures(&world, model, "n=2"), *b = four_pictures(&world, model, "n=2 truncation=0.5");
    assert_memory_not_equal(aigc_tensor_data(a), aigc_tensor_data(b), 2 * WORLD_PIXELS * sizeof(float));
    aigc_options_t *options = small_options(&world, "truncation=0.01", NULL);
    check_failure(aigc_model_generate(&images, model, options), AIGC_ERROR_OPTION, "truncation");
    aigc_options_free(options);
    aigc_tensor_release(a);
    aigc_tensor_release(b);
    aigc_model_free(model);
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
    aigc_tensor_t *images = small_pictures(&world, 4);
    aigc_options_t *options = small_options(&world, "r1=1 regularise_every=2", NULL);
    for (int step = 0; step < 8;
         step++) { /* plans are made in the first two; where one is larger, the others are bound anew */
        if (step == 4) before = world.memory.allocations;
        check_ok(aigc_model_train_step(model, images, NULL, options, &metrics));
    }
    assert_int_equal(world.memory.allocations, before);
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

static void check_refused(const char *create, const char *step, const char *sentence)
{
    small_world_t world;
    aigc_model_t *model = NULL;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    small_world_begin(&world, 1);
    aigc_options_t *options = small_options(&world, create, NULL);
    aigc_status_t status = aigc_model_create(&model, world.context, "gan", options);
    aigc_options_free(options);
    aigc_tensor_t *images = small_pictures(&world, 4);
    if (status == AIGC_OK) status = one_step(&world, model, step, images, NULL, &metrics);
    assert_int_not_equal(status, AIGC_OK);
    if (!strstr(aigc_last_error(), sentence)) print_error("'%s' has no '%s'\n", aigc_last_error(), sentence);
    assert_non_null(strstr(aigc_last_error(), sentence));
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

/* Known when the pictures are, before a step is made. */
static void check_too_small(const char *architecture, int64_t height, int64_t width, bool fits)
{
    small_world_t world;
    aigc_tensor_t *images = NULL;
    aigc_dataset_t *data = NULL;
    small_world_begin(&world, 1);
    check_ok(aigc_tensor_create(&images, world.context, AIGC_DTYPE_U8, 4, (int64_t[]){6, height, width, 3}));
    check_ok(aigc_dataset_create_array(&data, world.context, images, NULL, NULL));
    aigc_model_t *model = new_gan(&world, architecture);
    aigc_options_t *options = small_options(&world, "epochs=1 batch_size=4 samples=0", "m.safetensors");
    const aigc_status_t status = aigc_model_train(model, data, NULL, options, NULL, NULL);
    assert_int_equal(status, fits ? AIGC_OK : AIGC_ERROR_ARGUMENT);
    if (!fits) assert_non_null(strstr(aigc_last_error(), "at least 4 pixels; use architecture=mlp"));
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_dataset_free(data);
    aigc_model_free(model);
    small_world_end(&world);
}

static void impossible_wishes_are_refused(void **state)
{
    (void)state;
    check_refused("channels=2", "", "1, 3 or 4 channels");
    check_refused("", "loss=hinge label_smoothing=0.1", "label_smoothing");
    check_refused("", "loss=hing", "hing");
    check_refused("height=16 width=16 channels=1", "", "8x8");
    check_refused("conditional=true classes=2", "", "labels");
    check_refused("architecture=mlp hidden_dim=", "", "hidden_dim");
    check_refused("", "optimizer=sgd alpha=0.5", "belongs to optimizer=rmsprop");
    check_refused("", "regularise_every=0", "regularise_every");
    check_too_small("architecture=dcgan", 3, 3, false);
    check_too_small("architecture=resnet", 1, 1, false);
    check_too_small("architecture=dcgan", 1, 4, true);
    check_too_small("architecture=mlp", 1, 1, true);
}

/* The same latent everywhere makes one picture of each class: they differ, but only between classes. */
static void variety_of_classes_is_within_them(void **state)
{
    enum { N = 8, SIDE = 6 };
    static const char *const texts[] = {"architecture=mlp hidden_dim=12", "generator_width=4 discriminator_width=4"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_tensor_t *images = NULL, *latents = NULL, *labels = small_labels(&world, N);
    check_ok(aigc_tensor_create(&images, world.context, AIGC_DTYPE_F32, 4, (int64_t[]){N, SIDE, SIDE, 1}));
    check_ok(aigc_tensor_create(&latents, world.context, AIGC_DTYPE_F32, 3, (int64_t[]){2, N, LATENT}));
    for (int i = 0; i < N * SIDE * SIDE; i++) ((float *)aigc_tensor_data(images))[i] = (float)(i * 37 % 101) / 100;
    for (int i = 0; i < 2 * N * LATENT; i++) ((float *)aigc_tensor_data(latents))[i] = 0.5f;
    for (size_t k = 0; k < 2; k++)
        for (int same = 0; same < 2; same++) {
            char text[128];
            aigc_metrics_t metrics = {.struct_size = sizeof metrics};
            aigc_options_t *options = NULL;
            snprintf(text, sizeof text, "%s height=6 width=6 channels=1 latent_dim=6 classes=2", texts[k]);
            aigc_model_t *model = new_gan(&world, text);
            check_ok(aigc_options_create(&options));
            if (same) check_ok(aigc_options_set_tensor(options, "latents", latents));
            check_ok(aigc_model_train_step(model, images, labels, options, &metrics));
            assert_string_equal(metrics.names[3], "variety");
            assert_true(same ? metrics.values[3] < 1e-6 : metrics.values[3] > 1e-6);
            aigc_options_free(options);
            aigc_model_free(model);
        }
    aigc_tensor_release(images);
    aigc_tensor_release(latents);
    aigc_tensor_release(labels);
    small_world_end(&world);
}

static int32_t note_verdict(const aigc_progress_t *progress, void *user)
{
    if (progress->verdict) snprintf(user, 64, "%s", progress->verdict);
    return 0;
}

/* By every loss: a critic has no scores to lead by. */
static void every_game_has_a_verdict(void **state)
{
    static const char *const losses[] = {"logistic",      "minimax",     "hinge",
                                         "least-squares", "wasserstein", "relativistic"};
    static const char *const words = "little variety, varied pictures, even game, discriminator leads, generator leads";
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_dataset_t *data = small_dataset(&world, 24);
    for (size_t k = 0; k < sizeof losses / sizeof *losses; k++) {
        char text[96], verdict[64] = "";
        snprintf(text, sizeof text, "epochs=2 batch_size=8 samples=0 loss=%s", losses[k]);
        aigc_model_t *model = new_gan(&world, "architecture=mlp hidden_dim=8 latent_dim=6");
        aigc_options_t *options = small_options(&world, text, NULL);
        check_ok(aigc_model_train(model, data, NULL, options, note_verdict, verdict));
        assert_true(verdict[0] && strstr(words, verdict));
        if (strcmp(losses[k], "wasserstein") == 0) assert_null(strstr(verdict, "leads"));
        aigc_options_free(options);
        aigc_model_free(model);
    }
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* What would be passed over in silence; what is given as it is anyway does no harm. */
static void options_of_other_networks_are_refused(void **state)
{
    static const char *const refused[] = {"hidden_dim=64", "architecture=mlp generator_width=8",
                                          "architecture=resnet discriminator_norm=none"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        aigc_model_t *model = NULL;
        aigc_options_t *options = small_options(&world, refused[k], NULL);
        check_failure(aigc_model_create(&model, world.context, "gan", options), AIGC_ERROR_OPTION,
                      "has no effect with");
        aigc_options_free(options);
    }
    aigc_model_free(new_gan(&world, "hidden_dim=256,256 generator_width=8"));
    aigc_model_free(new_gan(&world, "architecture=mlp generator_width=0 discriminator_norm=batch"));
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_pytorch),
        cmocka_unit_test(a_seed_is_the_same_picture_for_ever),
        cmocka_unit_test(a_failed_step_leaves_no_trace),
        cmocka_unit_test(resumed_training_and_threads_change_no_byte),
        cmocka_unit_test(the_average_is_what_samples_and_what_is_saved),
        cmocka_unit_test(a_seed_is_a_picture_in_any_company),
        cmocka_unit_test(every_network_fits_every_picture),
        cmocka_unit_test(every_game_can_be_played),
        cmocka_unit_test(a_game_that_is_lost_is_told),
        cmocka_unit_test(truncated_latents_keep_what_is_small),
        cmocka_unit_test(later_steps_allocate_nothing),
        cmocka_unit_test(impossible_wishes_are_refused),
        cmocka_unit_test(variety_of_classes_is_within_them),
        cmocka_unit_test(every_game_has_a_verdict),
        cmocka_unit_test(options_of_other_networks_are_refused),
    };
    return cmocka_run_group_tests_name("gan", tests, NULL, NULL);
}
