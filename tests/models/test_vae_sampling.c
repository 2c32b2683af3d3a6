#include "small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static aigc_tensor_t *generate(const small_world_t *world, aigc_model_t *model, const char *text)
{
    aigc_tensor_t *images = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_generate(&images, model, options));
    aigc_options_free(options);
    return images;
}

static const float *picture(aigc_tensor_t *images, size_t index)
{
    return (float *)aigc_tensor_data(images) + index * WORLD_PIXELS;
}

static void a_seed_is_a_picture_in_any_company(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 3);
    aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1");
    aigc_tensor_t *many = generate(&world, model, "n=70 seed=5"), *one = generate(&world, model, "seeds=40");
    aigc_tensor_t *some = generate(&world, model, "seeds=74,5-7");
    assert_memory_equal(picture(many, 35), picture(one, 0), WORLD_PIXELS * sizeof(float));
    assert_memory_equal(picture(many, 69), picture(some, 0), WORLD_PIXELS * sizeof(float));
    assert_memory_equal(picture(many, 0), picture(some, 1), 3 * WORLD_PIXELS * sizeof(float));
    assert_memory_not_equal(picture(many, 0), picture(many, 1), WORLD_PIXELS * sizeof(float));
    for (size_t i = 0; i < 70 * WORLD_PIXELS; i++) assert_true(picture(many, 0)[i] > 0 && picture(many, 0)[i] < 1);
    aigc_tensor_release(many);
    aigc_tensor_release(one);
    aigc_tensor_release(some);
    aigc_model_free(model);
    small_world_end(&world);
}

static void writing_a_parameter_changes_the_pictures(void **state)
{
    small_world_t world;
    aigc_tensor_t *tensor = NULL;
    const char *name = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1");
    aigc_tensor_t *before = generate(&world, model, "");
    for (size_t k = 0; aigc_model_parameter(model, k, &name, &tensor) == AIGC_OK; k++) {
        if (strcmp(name, "fc4.bias") == 0) ((float *)aigc_tensor_data(tensor))[3] += 1;
        aigc_tensor_release(tensor);
    }
    aigc_tensor_t *after = generate(&world, model, "");
    for (size_t i = 0; i < WORLD_PIXELS; i++) assert_int_equal(picture(before, 0)[i] != picture(after, 0)[i], i == 3);
    aigc_tensor_release(before);
    aigc_tensor_release(after);
    aigc_model_free(model);
    small_world_end(&world);
}

static void decode_undoes_what_generate_draws(void **state)
{
    small_world_t world;
    aigc_tensor_t *images = small_pictures((small_world_begin(&world, 2), &world), 70), *latents = NULL,
                  *decoded = NULL, *rebuilt = NULL;
    const int64_t *shape = NULL;
    (void)state;
    aigc_model_t *model = small_vae(&world, "");
    check_ok(aigc_model_encode(&latents, model, images, NULL, NULL)); /* takes its size from the pictures */
    check_ok(aigc_tensor_shape(latents, NULL, &shape));
    assert_int_equal(shape[0], 70);
    assert_int_equal(shape[1], 4);
    check_ok(aigc_model_decode(&decoded, model, latents, NULL, NULL));
    check_ok(aigc_model_reconstruct(&rebuilt, model, images, NULL, NULL));
    assert_memory_equal(picture(decoded, 0), picture(rebuilt, 0), 70 * WORLD_PIXELS * sizeof(float));
    aigc_tensor_release(latents);
    aigc_tensor_release(decoded);
    aigc_tensor_release(rebuilt);
    aigc_tensor_release(images);
    aigc_model_free(model);
    small_world_end(&world);
}

static void interpolation_begins_and_ends_at_its_ends(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1");
    aigc_tensor_t *ends = generate(&world, model, "seeds=3,9,4");
    for (int linear = 0; linear < 2; linear++) {
        aigc_tensor_t *way = NULL;
        aigc_options_t *options =
            small_options(&world, linear ? "seeds=3,9,4 steps=5 mode=linear" : "seeds=3,9,4 steps=5", NULL);
        check_ok(aigc_model_interpolate(&way, model, NULL, NULL, options));
        const size_t places[] = {0, 4, 5, 9}, expected[] = {0, 1, 1, 2};
        for (size_t k = 0; k < 4; k++)
            for (size_t i = 0; i < WORLD_PIXELS; i++)
                assert_true(fabs((double)picture(way, places[k])[i] - (double)picture(ends, expected[k])[i]) < 1e-6);
        aigc_options_free(options);
        aigc_tensor_release(way);
    }
    aigc_options_t *options = small_options(&world, "seeds=3", NULL);
    aigc_tensor_t *way = NULL;
    check_failure(aigc_model_interpolate(&way, model, NULL, NULL, options), AIGC_ERROR_OPTION, "two");
    assert_null(way);
    aigc_options_free(options);
    aigc_tensor_release(ends);
    aigc_model_free(model);
    small_world_end(&world);
}

static void spherical_ways_keep_the_length(void **state)
{
    small_world_t world;
    aigc_tensor_t *from = NULL, *to = NULL, *way = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1");
    check_ok(aigc_tensor_create(&from, world.context, AIGC_DTYPE_F32, 1, (int64_t[]){4}));
    check_ok(aigc_tensor_create(&to, world.context, AIGC_DTYPE_F32, 1, (int64_t[]){4}));
    ((float *)aigc_tensor_data(from))[0] = 2;
    ((float *)aigc_tensor_data(to))[1] = 2;
    aigc_options_t *options = small_options(&world, "steps=3", NULL);
    check_ok(aigc_model_interpolate(&way, model, from, to, options));
    /* the middle of the quarter circle */
    aigc_tensor_t *middle = NULL, *decoded = NULL;
    check_ok(aigc_tensor_create(&middle, world.context, AIGC_DTYPE_F32, 2, (int64_t[]){1, 4}));
    ((float *)aigc_tensor_data(middle))[0] = ((float *)aigc_tensor_data(middle))[1] = sqrtf(2);
    check_ok(aigc_model_decode(&decoded, model, middle, NULL, NULL));
    for (size_t i = 0; i < WORLD_PIXELS; i++)
        assert_true(fabs((double)picture(way, 1)[i] - (double)picture(decoded, 0)[i]) < 1e-6);
    aigc_options_free(options);
    aigc_tensor_release(from);
    aigc_tensor_release(to);
    aigc_tensor_release(way);
    aigc_tensor_release(middle);
    aigc_tensor_release(decoded);
    aigc_model_free(model);
    small_world_end(&world);
}

static void classes_are_learnt_apart(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 60);
    aigc_model_t *model = small_vae(&world, "conditional=true");
    aigc_options_t *options = small_options(&world, "epochs=120 batch_size=20 learning_rate=0.01", NULL);
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    /* class 0 has upright bars, class 1 lying ones: compare how much columns and rows vary */
    for (int c = 0; c < 2; c++) {
        aigc_tensor_t *images = generate(&world, model, c ? "n=20 class=1" : "n=20 class=0");
        double upright = 0, lying = 0;
        for (size_t k = 0; k < 20; k++)
            for (size_t y = 0; y + 1 < WORLD_SIDE; y++)
                for (size_t x = 0; x + 1 < WORLD_SIDE; x++) {
                    const float *p = picture(images, k) + y * WORLD_SIDE + x;
                    upright += fabs((double)p[0] - (double)p[1]);
                    lying += fabs((double)p[0] - (double)p[WORLD_SIDE]);
                }
        assert_true(c == 0 ? upright > 2 * lying : lying > 2 * upright);
        aigc_tensor_release(images);
    }
    aigc_tensor_t *images = NULL;
    aigc_options_t *wrong = small_options(&world, "class=7", NULL);
    check_failure(aigc_model_generate(&images, model, wrong), AIGC_ERROR_OPTION, "'7'");
    aigc_options_free(wrong);
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seed_is_a_picture_in_any_company),
        cmocka_unit_test(writing_a_parameter_changes_the_pictures),
        cmocka_unit_test(decode_undoes_what_generate_draws),
        cmocka_unit_test(interpolation_begins_and_ends_at_its_ends),
        cmocka_unit_test(spherical_ways_keep_the_length),
        cmocka_unit_test(classes_are_learnt_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
