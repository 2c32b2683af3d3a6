/* The same weights, pictures and noise as PyTorch gave the same numbers (torch_vae.safetensors, made by
 * make_torch_vectors.py). */
#include "small_world.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

enum { STEPS = 10, BATCH = 8, PIXELS = 36, LATENT = 4 };

static aigc_tensor_t *stored(small_world_t *world, const char *name)
{
    aigc_tensor_t *tensor = NULL;
    check_ok(aigc_tensor_read(&tensor, world->context, TORCH_VECTORS, name));
    return tensor;
}

static aigc_tensor_t *part(small_world_t *world, aigc_tensor_t *all, int step, size_t rank, const int64_t *shape)
{
    aigc_tensor_t *tensor = NULL;
    size_t n = 1;
    for (size_t k = 0; k < rank; k++) n *= (size_t)shape[k];
    check_ok(aigc_tensor_wrap(&tensor, world->context, (float *)aigc_tensor_data(all) + (size_t)step * n,
                              AIGC_DTYPE_F32, rank, shape, NULL, NULL));
    return tensor;
}

static void assert_near(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected))) print_error("%.9g instead of %.9g\n", found, expected);
    assert_true(fabs(found - expected) <= relative * fabs(expected));
}

/* One step with the stored batch; compares the three losses. */
static void one_step(small_world_t *world, aigc_model_t *model, int step, aigc_tensor_t *images, aigc_tensor_t *noise,
                     const float *losses)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc_options_t *options = NULL;
    aigc_tensor_t *x = part(world, images, step, 4, (int64_t[]){BATCH, 6, 6, 1});
    aigc_tensor_t *e = part(world, noise, step, 2, (int64_t[]){BATCH, LATENT});
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_set_tensor(options, "noise", e));
    check_ok(aigc_model_train_step(model, x, NULL, options, &metrics));
    assert_string_equal(metrics.names[0], "loss");
    for (size_t k = 0; k < 3; k++) assert_near(metrics.values[k], (double)losses[3 * step + (int)k], 1e-5);
    aigc_options_free(options);
    aigc_tensor_release(x);
    aigc_tensor_release(e);
}

/* Relative to the largest number of each tensor: small ones carry Adam's rounding. */
static void compare_parameters(small_world_t *world, aigc_model_t *model)
{
    const char *name = NULL;
    char full[64] = "after.";
    aigc_tensor_t *tensor = NULL;
    size_t compared = 0;
    for (size_t k = 0; aigc_model_parameter(model, k, &name, &tensor) == AIGC_OK; k++, compared++) {
        uint64_t count = 0;
        double largest = 0, worst = 0;
        strcpy(full + 6, name);
        aigc_tensor_t *expected = stored(world, full);
        check_ok(aigc_tensor_info(tensor, NULL, &count, NULL));
        const float *a = aigc_tensor_data(tensor), *b = aigc_tensor_data(expected);
        for (uint64_t i = 0; i < count; i++) {
            largest = fmax(largest, fabs((double)b[i]));
            worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        }
        assert_true(worst <= 1e-4 * largest);
        aigc_tensor_release(expected);
        aigc_tensor_release(tensor);
    }
    assert_int_equal(compared, 10);
}

static void ten_adam_steps_follow_pytorch(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_model_t *model = small_vae(&world, "height=6 width=6 channels=1");
    aigc_options_t *options = small_options(&world, "prefix=before. strict=false", NULL);
    check_ok(aigc_model_load_weights(model, TORCH_VECTORS, options));
    aigc_options_free(options);
    aigc_tensor_t *images = stored(&world, "images"), *noise = stored(&world, "noise"),
                  *losses = stored(&world, "losses");
    for (int step = 0; step < STEPS; step++) one_step(&world, model, step, images, noise, aigc_tensor_data(losses));
    compare_parameters(&world, model);
    aigc_tensor_release(images);
    aigc_tensor_release(noise);
    aigc_tensor_release(losses);
    aigc_model_free(model);
    small_world_end(&world);
}

/* A control: with another learning rate the trajectory must differ, or the comparison proves nothing. */
static void another_rate_does_not(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_vae(&world, "height=6 width=6 channels=1");
    aigc_options_t *options = small_options(&world, "prefix=before. strict=false", NULL);
    check_ok(aigc_model_load_weights(model, TORCH_VECTORS, options));
    aigc_options_free(options);
    aigc_tensor_t *images = stored(&world, "images"), *noise = stored(&world, "noise"),
                  *losses = stored(&world, "losses");
    for (int step = 0; step < 2; step++) {
        aigc_tensor_t *x = part(&world, images, step, 4, (int64_t[]){BATCH, 6, 6, 1});
        aigc_tensor_t *e = part(&world, noise, step, 2, (int64_t[]){BATCH, LATENT});
        options = small_options(&world, "learning_rate=2e-3", NULL);
        check_ok(aigc_options_set_tensor(options, "noise", e));
        check_ok(aigc_model_train_step(model, x, NULL, options, &metrics));
        aigc_options_free(options);
        aigc_tensor_release(x);
        aigc_tensor_release(e);
    }
    const double expected = (double)((float *)aigc_tensor_data(losses))[3];
    assert_true(fabs(metrics.values[0] - expected) > 1e-5 * expected);
    aigc_tensor_release(images);
    aigc_tensor_release(noise);
    aigc_tensor_release(losses);
    aigc_model_free(model);
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ten_adam_steps_follow_pytorch),
                                       cmocka_unit_test(another_rate_does_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
