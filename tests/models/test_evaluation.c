/* Judges, evaluate and compare: that their numbers are those of the pictures they are said to be of. */
#include "models/small_world.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double metric(const aigc_metrics_t *metrics, const char *name)
{
    for (uint32_t k = 0; k < metrics->count; k++)
        if (strcmp(metrics->names[k], name) == 0) return metrics->values[k];
    fail_msg("there is no metric %s", name);
    return 0;
}

static bool has_metric(const aigc_metrics_t *metrics, const char *name)
{
    for (uint32_t k = 0; k < metrics->count; k++)
        if (strcmp(metrics->names[k], name) == 0) return true;
    return false;
}

static aigc_metrics_t compare(aigc_dataset_t *made, aigc_dataset_t *real, const aigc_options_t *options)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    check_ok(aigc_dataset_compare(made, real, options, &metrics, NULL, NULL));
    return metrics;
}

static aigc_metrics_t evaluate(aigc_model_t *model, aigc_dataset_t *real, const aigc_options_t *options)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    check_ok(aigc_model_evaluate(model, real, options, &metrics, NULL, NULL));
    return metrics;
}

static aigc_dataset_t *rooms(const small_world_t *world, const char *text)
{
    aigc_dataset_t *dataset = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_dataset_create(&dataset, world->context, "home-designs", NULL, options));
    aigc_options_free(options);
    return dataset;
}

static aigc_model_t *new_model(const small_world_t *world, const char *kind, const char *text)
{
    aigc_model_t *model = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_create(&model, world->context, kind, options));
    aigc_options_free(options);
    return model;
}

/* ---- the built-in space ---- */

/* What it says of given pictures is a promise: numbers written down once still compare. */
static void the_built_in_space_stays_as_it_is(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *a = rooms(&world, "n=40 size=48 seed=1"), *b = rooms(&world, "n=60 size=64 seed=2"),
                   *plans = rooms(&world, "n=40 size=48 seed=1 style=plans");
    aigc_metrics_t near = compare(a, b, NULL), far = compare(plans, b, NULL);
    assert_string_equal(near.space, "builtin-1");
    const double wanted[2][2] = {{0.812537, -0.006109}, {6.827510, 0.042583}};
    const aigc_metrics_t *found[2] = {&near, &far};
    for (size_t k = 0; k < 2; k++) {
        print_message("frechet %.6f kid %.6f\n", metric(found[k], "frechet"), metric(found[k], "kid"));
        assert_true(fabs(metric(found[k], "frechet") - wanted[k][0]) < 1e-3 * wanted[k][0]);
        assert_true(fabs(metric(found[k], "kid") - wanted[k][1]) < 1e-5);
    }
    assert_true(metric(&near, "recall") > 0 && metric(&near, "precision") > 0);
    assert_true(metric(&near, "made") == 40 && metric(&near, "real") == 60);
    aigc_dataset_free(a);
    aigc_dataset_free(b);
    aigc_dataset_free(plans);
    small_world_end(&world);
}

static void a_set_is_at_no_distance_from_itself(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = rooms(&world, "n=30 size=32");
    const aigc_metrics_t found = compare(data, data, NULL);
    assert_true(metric(&found, "frechet") < 1e-6);
    assert_true(metric(&found, "precision") == 1 && metric(&found, "recall") == 1);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* Some of the pictures, evenly: of 30 rooms in three classes in a row, 15 are the same every time. */
static void fewer_pictures_can_be_asked_for(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = rooms(&world, "n=30 size=32");
    aigc_options_t *options = small_options(&world, "samples=15 pictures=15", NULL);
    const aigc_metrics_t found = compare(data, data, options);
    assert_true(metric(&found, "made") == 15 && metric(&found, "real") == 15);
    assert_true(metric(&found, "frechet") < 1e-6);
    aigc_options_free(options);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* ---- pictures of all sorts ---- */

/* Pictures [n,side,side,channels] of bytes: gray steps, the same whatever the channels; alpha is full. */
static aigc_dataset_t *gray_pictures(small_world_t *world, int64_t channels)
{
    enum { N = 6, SIDE = 16 };
    aigc_tensor_t *images = NULL;
    aigc_dataset_t *dataset = NULL;
    check_ok(aigc_tensor_create(&images, world->context, AIGC_DTYPE_U8, 4, (int64_t[]){N, SIDE, SIDE, channels}));
    uint8_t *at = aigc_tensor_data(images);
    for (size_t i = 0; i < N * SIDE * SIDE; i++)
        for (int64_t c = 0; c < channels; c++) *at++ = c == 3 ? 255 : (uint8_t)(i * i % 251);
    check_ok(aigc_dataset_create_array(&dataset, world->context, images, NULL, NULL));
    aigc_tensor_release(images);
    return dataset;
}

static void channels_do_not_matter_where_they_say_the_same(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *gray = gray_pictures(&world, 1), *colour = gray_pictures(&world, 3),
                   *alpha = gray_pictures(&world, 4);
    const aigc_metrics_t one = compare(colour, gray, NULL), other = compare(alpha, gray, NULL);
    assert_true(metric(&one, "frechet") < 1e-6 && metric(&other, "frechet") < 1e-6);
    aigc_dataset_free(gray);
    aigc_dataset_free(colour);
    aigc_dataset_free(alpha);
    small_world_end(&world);
}

/* ---- models ---- */

/* The pictures of a model's seeds as a dataset of bytes. */
static aigc_dataset_t *made_by(const small_world_t *world, aigc_model_t *model, const char *text)
{
    aigc_tensor_t *images = NULL, *bytes = NULL;
    aigc_dataset_t *dataset = NULL;
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_generate(&images, model, options));
    check_ok(aigc_tensor_convert(&bytes, images, AIGC_DTYPE_U8));
    check_ok(aigc_dataset_create_array(&dataset, world->context, bytes, NULL, NULL));
    aigc_tensor_release(images);
    aigc_tensor_release(bytes);
    aigc_options_free(options);
    return dataset;
}

static void evaluating_is_comparing_what_is_generated(void **state)
{
    static const char *const kinds[] = {"vae", "gan"};
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        small_world_t world;
        small_world_begin(&world, 2);
        aigc_dataset_t *real = small_dataset(&world, 20);
        aigc_model_t *model = new_model(&world, kinds[k],
                                        k == 0 ? "height=8 width=8 channels=1 hidden_dim=16 latent_dim=4"
                                               : "height=8 width=8 channels=1 architecture=mlp hidden_dim=16");
        aigc_options_t *options = small_options(&world, "samples=25 seed=7", NULL);
        aigc_dataset_t *made = made_by(&world, model, "n=25 seed=7");
        const aigc_metrics_t told = evaluate(model, real, options), found = compare(made, real, NULL);
        for (uint32_t m = 0; m < found.count; m++) assert_true(metric(&told, found.names[m]) == found.values[m]);
        assert_string_equal(told.space, found.space);
        assert_true(has_metric(&told, "loss") == (k == 0));
        aigc_options_free(options);
        aigc_dataset_free(made);
        aigc_dataset_free(real);
        aigc_model_free(model);
        small_world_end(&world);
    }
}

static void only_losses_can_be_asked_for(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *real = small_dataset(&world, 12);
    aigc_options_t *none = small_options(&world, "samples=0", NULL);
    aigc_model_t *vae = small_vae(&world, "height=8 width=8 channels=1"),
                 *gan = new_model(&world, "gan", "height=8 width=8 channels=1 architecture=mlp hidden_dim=16");
    metrics = evaluate(vae, real, none);
    assert_int_equal(metrics.count, 3);
    assert_string_equal(metrics.space, "");
    check_failure(aigc_model_evaluate(gan, real, none, &metrics, NULL, NULL), AIGC_ERROR_OPTION, "option samples");
    aigc_options_free(none);
    aigc_dataset_free(real);
    aigc_model_free(vae);
    aigc_model_free(gan);
    small_world_end(&world);
}

static void threads_change_nothing(void **state)
{
    aigc_metrics_t found[2];
    (void)state;
    for (int k = 0; k < 2; k++) {
        small_world_t world;
        small_world_begin(&world, k == 0 ? 1 : 3);
        aigc_dataset_t *real = small_dataset(&world, 20);
        aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1");
        found[k] = evaluate(model, real, NULL);
        aigc_dataset_free(real);
        aigc_model_free(model);
        small_world_end(&world);
    }
    assert_int_equal(found[0].count, found[1].count);
    assert_memory_equal(found[0].values, found[1].values, found[0].count * sizeof *found[0].values);
}

/* A conditional model's pictures are of the classes of the real ones: of those that lack a class, none is. */
static void classes_are_those_of_the_real_pictures(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_tensor_t *images = small_pictures(&world, 20), *labels = small_labels(&world, 20);
    aigc_dataset_t *mixed = NULL, *single = NULL;
    aigc_model_t *model = new_model(&world, "vae", "height=8 width=8 channels=1 classes=2 hidden_dim=16 latent_dim=4");
    check_ok(aigc_dataset_create_array(&mixed, world.context, images, labels, NULL));
    const aigc_metrics_t of_both = evaluate(model, mixed, NULL);
    memset(aigc_tensor_data(labels), 0, 20 * sizeof(int64_t));
    ((int64_t *)aigc_tensor_data(labels))[19] = 1;
    check_ok(aigc_dataset_create_array(&single, world.context, images, labels, NULL));
    const aigc_metrics_t of_one = evaluate(model, single, NULL);
    assert_true(metric(&of_both, "frechet") != metric(&of_one, "frechet"));
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    aigc_dataset_free(mixed);
    aigc_dataset_free(single);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- in training ---- */

typedef struct watch {
    double frechet;
    bool has_verdict;
    size_t measured;
} watch_t;

static int32_t watch_quality(const aigc_progress_t *progress, void *user)
{
    watch_t *watch = user;
    if (progress->step < progress->steps) return 0;
    if (!has_metric(progress->metrics, "frechet")) return 0;
    watch->measured++;
    watch->frechet = metric(progress->metrics, "frechet");
    watch->has_verdict = progress->verdict && strstr(progress->verdict, "distance");
    return 0;
}

/* What an epoch's end tells is what evaluate finds afterwards; the prediction holds with it, too. */
static void training_measures_as_it_goes(void **state)
{
    small_world_t world;
    watch_t watch = {.frechet = -1};
    uint64_t predicted = 0, live = 0, peak = 0;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 20);
    aigc_model_t *gan = new_model(&world, "gan", "height=8 width=8 channels=1 architecture=mlp hidden_dim=16");
    aigc_options_t *options = small_options(&world, "epochs=5 batch_size=10 quality=12 quality_every=2", NULL),
                   *same = small_options(&world, "samples=12 pictures=12", NULL);
    check_ok(aigc_model_memory(gan, "train", options, &predicted));
    check_ok(aigc_context_memory(world.context, &live, NULL));
    check_ok(aigc_model_train(gan, data, NULL, options, watch_quality, &watch));
    check_ok(aigc_context_memory(world.context, NULL, &peak));
    assert_true(peak - live <= predicted);
    const aigc_metrics_t found = evaluate(gan, data, same);
    assert_true(watch.frechet == metric(&found, "frechet"));
    assert_true(watch.has_verdict);
    assert_int_equal(watch.measured, 3); /* epochs 2, 4 and the last */
    aigc_options_free(options);
    aigc_options_free(same);
    aigc_model_free(gan);
    aigc_dataset_free(data);
    small_world_end(&world);
}

static void a_training_that_cannot_be_measured_is_refused(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 20);
    aigc_model_t *judge = new_model(&world, "classifier", "widths=4"), *vae = small_vae(&world, "");
    aigc_options_t *some = small_options(&world, "quality=8", NULL), *one = small_options(&world, "quality=1", NULL);
    check_failure(aigc_model_train(judge, data, NULL, some, NULL, NULL), AIGC_ERROR_OPTION, "makes no pictures");
    check_failure(aigc_model_train(vae, data, NULL, one, NULL, NULL), AIGC_ERROR_OPTION, "at least 2");
    aigc_options_free(some);
    aigc_options_free(one);
    aigc_model_free(judge);
    aigc_model_free(vae);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* ---- judges of files ---- */

static void train(const small_world_t *world, aigc_model_t *model, aigc_dataset_t *data, const char *text)
{
    aigc_options_t *options = small_options(world, text, NULL);
    check_ok(aigc_model_train(model, data, NULL, options, NULL, NULL));
    aigc_options_free(options);
}

static void a_classifier_learns_and_judges(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 64);
    aigc_model_t *judge = new_model(&world, "classifier", "widths=4,6"), *again = NULL;
    train(&world, judge, data, "epochs=25 batch_size=16 learning_rate=1e-2");
    const aigc_metrics_t learnt = evaluate(judge, data, NULL);
    assert_true(metric(&learnt, "accuracy") > 0.95 && metric(&learnt, "loss") < 0.3);
    check_ok(aigc_model_save(judge, small_path(&world, "judge.safetensors"), NULL));
    check_ok(aigc_model_load(&again, world.context, small_path(&world, "judge.safetensors"), NULL));
    const aigc_metrics_t same = evaluate(again, data, NULL);
    assert_memory_equal(same.values, learnt.values, learnt.count * sizeof *learnt.values);

    aigc_options_t *options = small_options(&world, "", NULL);
    check_ok(aigc_options_set_string(options, "features", small_path(&world, "judge.safetensors")));
    const aigc_metrics_t found = compare(data, data, options);
    assert_non_null(strstr(found.space, "classifier-8x8x1-"));
    assert_true(fabs(metric(&found, "least_class") - 0.5) < 0.05 && fabs(metric(&found, "most_class") - 0.5) < 0.05);
    assert_true(metric(&found, "frechet") < 1e-6);

    /* Another judge is another space, and says so. */
    train(&world, judge, data, "epochs=1 batch_size=16");
    check_ok(aigc_model_save(judge, small_path(&world, "judge.safetensors"), NULL));
    const aigc_metrics_t other = compare(data, data, options);
    assert_string_not_equal(found.space, other.space);
    aigc_options_free(options);
    aigc_model_free(judge);
    aigc_model_free(again);
    aigc_dataset_free(data);
    small_world_end(&world);
}

static void features_and_probabilities_are_encoded(void **state)
{
    small_world_t world;
    const int64_t *shape = NULL;
    (void)state;
    small_world_begin(&world, 2);
    aigc_tensor_t *images = small_pictures(&world, 70), *features = NULL, *likely = NULL;
    aigc_model_t *judge = new_model(&world, "classifier", "height=8 width=8 channels=1 classes=3 widths=4,6");
    aigc_options_t *options = small_options(&world, "layer=probabilities", NULL);
    check_ok(aigc_model_encode(&features, judge, images, NULL, NULL));
    check_ok(aigc_tensor_shape(features, NULL, &shape));
    assert_true(shape[0] == 70 && shape[1] == 4 + 4 * 6);
    check_ok(aigc_model_encode(&likely, judge, images, NULL, options));
    const float *p = aigc_tensor_data(likely);
    for (size_t i = 0; i < 70; i++) assert_true(fabsf(p[3 * i] + p[3 * i + 1] + p[3 * i + 2] - 1) < 1e-5f);
    /* no matter how many are asked about: one, a few, many */
    for (int64_t few = 1; few <= 20; few += 4 + few) {
        aigc_tensor_t *some = NULL, *again = NULL;
        check_ok(aigc_tensor_view(&some, images, 0, 4, (int64_t[]){few, 8, 8, 1}));
        check_ok(aigc_model_encode(&again, judge, some, NULL, NULL));
        assert_memory_equal(aigc_tensor_data(again), aigc_tensor_data(features), (size_t)few * 28 * sizeof(float));
        aigc_tensor_release(again);
        aigc_tensor_release(some);
    }
    aigc_tensor_release(images);
    aigc_tensor_release(features);
    aigc_tensor_release(likely);
    aigc_options_free(options);
    aigc_model_free(judge);
    small_world_end(&world);
}

static void a_vae_can_be_the_judge(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 12);
    aigc_model_t *vae = small_vae(&world, "height=8 width=8 channels=1");
    aigc_options_t *options = small_options(&world, "", NULL);
    check_ok(aigc_model_save(vae, small_path(&world, "vae.safetensors"), NULL));
    check_ok(aigc_options_set_string(options, "features", small_path(&world, "vae.safetensors")));
    const aigc_metrics_t found = compare(data, data, options);
    assert_non_null(strstr(found.space, "vae-8x8x1-"));
    assert_false(has_metric(&found, "least_class"));
    aigc_options_free(options);
    aigc_model_free(vae);
    aigc_dataset_free(data);
    small_world_end(&world);
}

/* ---- what cannot be ---- */

static void what_cannot_be_measured_is_refused(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics}, before;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 12), *one = small_dataset(&world, 1);
    aigc_model_t *gan = new_model(&world, "gan", "height=8 width=8 channels=1 architecture=mlp hidden_dim=16"),
                 *vae = small_vae(&world, "height=8 width=8 channels=1 classes=2"),
                 *unlabelled = new_model(&world, "classifier", "");
    aigc_options_t *options = small_options(&world, "", NULL);
    memset(&metrics.step, 0x5a, sizeof metrics - offsetof(aigc_metrics_t, step));
    before = metrics;
    check_failure(aigc_dataset_compare(one, data, NULL, &metrics, NULL, NULL), AIGC_ERROR_ARGUMENT, "two pictures");
    check_failure(aigc_model_evaluate(gan, one, NULL, &metrics, NULL, NULL), AIGC_ERROR_ARGUMENT, "1 real");
    check_ok(aigc_model_save(gan, small_path(&world, "gan.safetensors"), NULL));
    check_ok(aigc_options_set_string(options, "features", small_path(&world, "gan.safetensors")));
    check_failure(aigc_dataset_compare(data, data, options, &metrics, NULL, NULL), AIGC_ERROR_OPTION, "kind gan");
    check_ok(aigc_model_save(vae, small_path(&world, "vae.safetensors"), NULL));
    check_ok(aigc_options_set_string(options, "features", small_path(&world, "vae.safetensors")));
    check_failure(aigc_dataset_compare(data, data, options, &metrics, NULL, NULL), AIGC_ERROR_ARGUMENT, "conditional");
    check_ok(aigc_options_set_string(options, "features", small_path(&world, "nothing.safetensors")));
    check_failure(aigc_dataset_compare(data, data, options, &metrics, NULL, NULL), AIGC_ERROR_IO, "nothing");
    aigc_dataset_t *plain = gray_pictures(&world, 1);
    check_failure(aigc_model_train(unlabelled, plain, NULL, NULL, NULL, NULL), AIGC_ERROR_STATE, "class labels");
    assert_memory_equal(&metrics, &before, sizeof metrics);
    aigc_options_free(options);
    aigc_model_free(gan);
    aigc_model_free(vae);
    aigc_model_free(unlabelled);
    aigc_dataset_free(data);
    aigc_dataset_free(one);
    aigc_dataset_free(plain);
    small_world_end(&world);
}

static void broken_parameters_are_named(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc_tensor_t *tensor = NULL;
    const char *name = NULL;
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 12);
    aigc_model_t *gan = new_model(&world, "gan", "height=8 width=8 channels=1 architecture=mlp hidden_dim=16");
    for (size_t k = 0; aigc_model_parameter(gan, k, &name, &tensor) == AIGC_OK; k++) {
        if (strncmp(name, "generator", 9) == 0) ((float *)aigc_tensor_data(tensor))[0] = NAN;
        aigc_tensor_release(tensor);
    }
    check_failure(aigc_model_evaluate(gan, data, NULL, &metrics, NULL, NULL), AIGC_ERROR_NUMERIC, "made pictures");
    aigc_model_free(gan);
    aigc_dataset_free(data);
    small_world_end(&world);
}

static int32_t stop_late(const aigc_progress_t *progress, void *user)
{
    (void)user;
    assert_string_equal(progress->phase, "evaluate");
    assert_true(progress->step <= progress->steps && progress->metrics != NULL);
    return progress->step == progress->steps ? 9 : 0;
}

static void a_callback_can_stop_it(void **state)
{
    small_world_t world;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    (void)state;
    small_world_begin(&world, 2);
    aigc_dataset_t *data = small_dataset(&world, 70);
    check_failure(aigc_dataset_compare(data, data, NULL, &metrics, stop_late, NULL), AIGC_ERROR_CANCELLED,
                  "returned 9");
    aigc_dataset_free(data);
    small_world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_space_stays_as_it_is),
        cmocka_unit_test(a_set_is_at_no_distance_from_itself),
        cmocka_unit_test(fewer_pictures_can_be_asked_for),
        cmocka_unit_test(channels_do_not_matter_where_they_say_the_same),
        cmocka_unit_test(evaluating_is_comparing_what_is_generated),
        cmocka_unit_test(only_losses_can_be_asked_for),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(classes_are_those_of_the_real_pictures),
        cmocka_unit_test(training_measures_as_it_goes),
        cmocka_unit_test(a_training_that_cannot_be_measured_is_refused),
        cmocka_unit_test(a_classifier_learns_and_judges),
        cmocka_unit_test(features_and_probabilities_are_encoded),
        cmocka_unit_test(a_vae_can_be_the_judge),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
        cmocka_unit_test(broken_parameters_are_named),
        cmocka_unit_test(a_callback_can_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
