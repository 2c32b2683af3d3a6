/* What callbacks may do to the library that calls them: look at numbers, cancel, and free what they like; every
 * other call is refused without harm. */
#include "base/runtime.h"
#include "models/network.h"
#include "models/small_world.h"
#include "support/unit.h"
#include "tensor/dlpack.h"
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct scene {
    small_world_t world;
    aigc_dataset_t *dataset, *validation;
    aigc_model_t *model;
    aigc_tensor_t *images, *latents;
    aigc_options_t *options;
    size_t calls;
} scene_t;

static void scene_begin(scene_t *scene, const char *train)
{
    memset(scene, 0, sizeof *scene);
    small_world_begin(&scene->world, 2);
    scene->dataset = small_dataset(&scene->world, 12);
    scene->validation = small_dataset(&scene->world, 6);
    scene->model = small_model(&scene->world, SMALL_SIZE);
    scene->images = small_pictures(&scene->world, 3);
    check_ok(aigc_tensor_create(&scene->latents, scene->world.context, AIGC_DTYPE_F32, 2, (int64_t[]){3, 4}));
    scene->options = small_options(&scene->world, small_kind->train, "m.safetensors");
    check_ok(aigc_options_parse(scene->options, train));
}

static void scene_end(scene_t *scene)
{
    aigc_options_free(scene->options);
    aigc_tensor_release(scene->images);
    aigc_tensor_release(scene->latents);
    aigc_model_free(scene->model);
    aigc_dataset_free(scene->dataset);
    aigc_dataset_free(scene->validation);
    small_world_end(&scene->world);
}

#define busy(call) assert_int_equal((call), AIGC_ERROR_STATE)

/* Every call that works on the context, from inside one. */
static void try_everything(scene_t *scene)
{
    aigc_context_t *c = scene->world.context;
    aigc_model_t *model = scene->model, *other = NULL;
    aigc_dataset_t *data = scene->dataset, *first = NULL, *second = NULL;
    aigc_tensor_t *images = scene->images, *latents = scene->latents, *out = NULL;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    const char *path = small_path(&scene->world, "inside.png"), *file = small_path(&scene->world, "inside.npy"),
               *text = NULL;
    const int64_t index = 0;
    uint64_t bytes = 0;
    busy(aigc_context_set_log(c, NULL, NULL));
    busy(aigc_tensor_create(&out, c, AIGC_DTYPE_F32, 0, NULL));
    busy(aigc_tensor_wrap(&out, c, aigc_tensor_data(images), AIGC_DTYPE_U8, 0, NULL, NULL, NULL));
    busy(aigc_tensor_convert(&out, images, AIGC_DTYPE_F32));
    busy(aigc_tensor_copy(&out, c, &index, "<i8", 0, NULL, NULL));
    busy(aigc_tensor_from_dlpack(&out, c, &bytes, 1, 1));
    busy(aigc_tensor_write(images, file, NULL));
    busy(aigc_tensor_read(&out, c, file, NULL));
    busy(aigc_image_read(&out, c, path, NULL));
    busy(aigc_image_write(images, path, NULL));
    busy(aigc_image_grid(&out, images, NULL));
    busy(aigc_image_write_grid(images, path, NULL));
    busy(aigc_image_resize(&out, images, NULL));
    busy(aigc_animation_write(images, path, NULL));
    busy(aigc_dataset_create(&first, c, "home-designs", NULL, NULL));
    busy(aigc_dataset_create_array(&first, c, images, NULL, NULL));
    busy(aigc_dataset_split(data, 0.5, 0, &first, &second));
    busy(aigc_dataset_batch(data, &index, 1, &out, NULL));
    busy(aigc_dataset_export(data, scene->world.folder));
    busy(aigc_model_create(&other, c, small_kind->kind, NULL));
    busy(aigc_model_load(&other, c, path, NULL));
    busy(aigc_model_load_weights(model, path, NULL));
    busy(aigc_model_save(model, path, NULL));
    busy(aigc_model_train(model, data, NULL, NULL, NULL, NULL));
    busy(aigc_model_train_step(model, images, NULL, NULL, NULL));
    busy(aigc_model_evaluate(model, data, NULL, &metrics, NULL, NULL));
    busy(aigc_model_generate(&out, model, NULL));
    busy(aigc_model_encode(&out, model, images, NULL, NULL));
    busy(aigc_model_decode(&out, model, latents, NULL, NULL));
    busy(aigc_model_reconstruct(&out, model, images, NULL, NULL));
    busy(aigc_model_interpolate(&out, model, NULL, NULL, NULL));
    busy(aigc_model_parameter(model, 0, &text, &out));
    busy(aigc_model_config(model, &text, NULL));
    busy(aigc_model_option(model, 0, &text, NULL));
    busy(aigc_model_memory(model, "train", NULL, &bytes));
    assert_null(out);
    assert_null(text);
    assert_null(first);
    assert_null(other);
}

/* What only looks, and what has no context. */
static void look(scene_t *scene)
{
    aigc_options_t *options = NULL;
    aigc_tensor_t *view = NULL;
    aigc__dlpack_t *lent = NULL;
    void *managed = NULL;
    uint64_t live = 0;
    uint32_t threads = 0;
    check_ok(aigc_context_memory(scene->world.context, &live, NULL));
    check_ok(aigc_context_info(scene->world.context, &threads, NULL));
    assert_true(live > 0 && threads == 2);
    assert_int_equal(aigc_dataset_count(scene->dataset), 12);
    check_ok(aigc_tensor_info(scene->images, NULL, NULL, NULL));
    check_ok(aigc_tensor_view(&view, scene->images, 0, 1, (int64_t[]){1}));
    aigc_tensor_release(view);
    check_ok(aigc_tensor_to_dlpack(&managed, scene->images, 0));
    lent = managed;
    lent->deleter(lent);
    aigc_tensor_retain(scene->images);
    aigc_tensor_release(scene->images);
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, "epochs=3"));
    aigc_options_free(options);
    scene->calls++;
}

/* Beside the pictures it makes. */
static bool has_losses(const scene_t *scene) { return strcmp(scene->model->kind->name, "vae") == 0; }

static int32_t during_training(const aigc_progress_t *progress, void *user)
{
    (void)progress;
    try_everything(user);
    look(user);
    return 0;
}

static void progress_may_only_look(void **state)
{
    scene_t scene;
    (void)state;
    scene_begin(&scene, "epochs=3 samples=4");
    check_ok(aigc_model_train(scene.model, scene.dataset, scene.validation, scene.options, during_training, &scene));
    assert_true(scene.calls >= 3); /* epochs; in between where they take long */
    scene.calls = 0;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    check_ok(aigc_model_evaluate(scene.model, scene.dataset, NULL, &metrics, during_training, &scene));
    assert_true(scene.calls >= (has_losses(&scene) ? 2 : 1)); /* all pictures were looked at; losses of all measured */
    scene_end(&scene);
}

static void during_log(int32_t level, const char *message, void *user)
{
    (void)level, (void)message;
    try_everything(user);
    look(user);
}

static void a_log_may_only_look(void **state)
{
    scene_t scene;
    (void)state;
    scene_begin(&scene, "epochs=1 samples=0 resume=true"); /* logs that there is nothing to resume */
    check_ok(aigc_context_set_log(scene.world.context, during_log, &scene));
    check_ok(aigc_model_train(scene.model, scene.dataset, NULL, scene.options, NULL, NULL));
    assert_true(scene.calls >= 1); /* a GAN's says what it chose, too */
    check_ok(aigc_context_set_log(scene.world.context, NULL, NULL));
    scene_end(&scene);
}

static int32_t during_fetch(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    scene_t *scene = user;
    (void)label;
    memset(pixels, (int)index, WORLD_PIXELS);
    try_everything(scene);
    look(scene);
    return 0;
}

/* Also from the loader's own thread, and without a deadlock where the dataset asks itself. */
static void a_dataset_may_only_look(void **state)
{
    scene_t scene;
    aigc_dataset_t *asking = NULL;
    aigc_tensor_t *images = NULL;
    (void)state;
    scene_begin(&scene, "epochs=1 samples=0");
    check_ok(aigc_dataset_create_callback(&asking, scene.world.context, (int64_t[]){4, 8, 8, 1}, during_fetch, &scene,
                                          NULL));
    check_ok(aigc_dataset_batch(asking, (int64_t[]){0, 3}, 2, &images, NULL));
    check_ok(aigc_model_train(scene.model, asking, NULL, scene.options, NULL, NULL));
    assert_true(scene.calls >= 6);
    aigc_tensor_release(images);
    aigc_dataset_free(asking);
    scene_end(&scene);
}

/* Pictures by their number; tells whether any was asked for in another thread than `own`. */
typedef struct visits {
    pthread_t own;
    size_t calls, elsewhere;
} visits_t;

static int32_t visit(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    visits_t *visits = user;
    for (size_t i = 0; i < WORLD_PIXELS; i++) pixels[i] = (uint8_t)(index * 31 + i * (index + 1));
    *label = (int64_t)(index % 2);
    visits->calls++; /* one call at a time */
    visits->elsewhere += !pthread_equal(pthread_self(), visits->own);
    return 0;
}

/* Trains and evaluates on the callback, on splits of it and on parts that training splits off. */
static float *use_callback(const char *dataset_options, visits_t *visits, size_t *n)
{
    scene_t scene;
    aigc_dataset_t *dataset = NULL, *first = NULL, *second = NULL;
    aigc_tensor_t *images = NULL;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    scene_begin(&scene, "epochs=2 samples=0 batch_size=5 validation_split=0.25 cache=0");
    *visits = (visits_t){.own = pthread_self()};
    aigc_options_t *options = small_options(&scene.world, dataset_options, NULL);
    check_ok(
        aigc_dataset_create_callback(&dataset, scene.world.context, (int64_t[]){24, 8, 8, 1}, visit, visits, options));
    aigc_options_free(options);
    check_ok(aigc_model_train(scene.model, dataset, NULL, scene.options, NULL, NULL));
    check_ok(aigc_dataset_split(dataset, 0.5, 3, &first, &second));
    aigc_dataset_free(dataset);
    check_ok(aigc_model_train(scene.model, first, NULL, scene.options, NULL, NULL));
    check_ok(aigc_model_evaluate(scene.model, second, NULL, &metrics, NULL, NULL));
    check_ok(aigc_dataset_batch(second, (int64_t[]){0, 1}, 2, &images, NULL));
    check_ok(aigc_dataset_export(second, small_path(&scene.world, "exported")));
    float *parameters = copy_parameters(scene.model, n);
    aigc_tensor_release(images);
    aigc_dataset_free(first);
    aigc_dataset_free(second);
    scene_end(&scene);
    return parameters;
}

static void a_dataset_may_keep_to_the_callers_thread(void **state)
{
    visits_t here, anywhere;
    size_t n = 0;
    (void)state;
    float *quiet = use_callback("classes=2 background=false", &here, &n);
    float *usual = use_callback("classes=2", &anywhere, &n);
    assert_true(here.calls > 50 && here.elsewhere == 0);
    assert_true(anywhere.elsewhere > 50); /* or the above proves nothing */
    assert_memory_equal(quiet, usual, n * sizeof *usual);
    free(quiet);
    free(usual);
}

static int32_t free_everything(const aigc_progress_t *progress, void *user)
{
    scene_t *scene = user;
    if (scene->calls++ == 0) {
        aigc_model_free(scene->model);
        aigc_dataset_free(scene->dataset);
        aigc_dataset_free(scene->validation);
        aigc_options_free(scene->options);
        aigc_context_free(scene->world.context);
        aigc_tensor_release(scene->images);
        aigc_tensor_release(scene->latents);
    }
    return progress->epoch == 2 ? 1 : 0;
}

static void a_callback_may_free_everything(void **state)
{
    (void)state;
    for (int verb = 0; verb < 3; verb++) {
        scene_t scene;
        aigc_metrics_t metrics = {.struct_size = sizeof metrics};
        scene_begin(&scene, verb == 1 ? "epochs=3 samples=4 validation_split=0.3" : "epochs=3 samples=4");
        if (verb == 2)
            check_ok(aigc_model_evaluate(scene.model, scene.dataset, NULL, &metrics, free_everything, &scene));
        else
            check_failure(aigc_model_train(scene.model, scene.dataset, verb ? NULL : scene.validation, scene.options,
                                           free_everything, &scene),
                          AIGC_ERROR_CANCELLED, "returned 1");
        scene.world.context = NULL;
        small_world_end(&scene.world); /* nothing is left */
    }
}

static int32_t free_own_dataset(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    scene_t *scene = user;
    (void)label;
    memset(pixels, (int)index, WORLD_PIXELS);
    if (scene->calls++ == 0) aigc_dataset_free(scene->validation);
    return 0;
}

/* Where the rest of the pictures is still to come. */
static void a_dataset_may_free_itself(void **state)
{
    (void)state;
    for (int verb = 0; verb < 2; verb++) {
        scene_t scene;
        aigc_tensor_t *images = NULL;
        scene_begin(&scene, "epochs=1 samples=0");
        aigc_dataset_free(scene.validation);
        check_ok(aigc_dataset_create_callback(&scene.validation, scene.world.context, (int64_t[]){4, 8, 8, 1},
                                              free_own_dataset, &scene, NULL));
        if (verb == 0)
            check_ok(aigc_dataset_batch(scene.validation, (int64_t[]){0, 1, 3}, 3, &images, NULL));
        else
            check_ok(aigc_dataset_export(scene.validation, scene.world.folder));
        assert_int_equal(scene.calls, verb == 0 ? 3 : 4);
        aigc_tensor_release(images);
        scene.validation = NULL;
        scene_end(&scene);
    }
}

static void data_of_another_context_are_refused(void **state)
{
    scene_t scene;
    small_world_t other;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    (void)state;
    scene_begin(&scene, "epochs=1 samples=0");
    small_world_begin(&other, 1);
    aigc_dataset_t *foreign = small_dataset(&other, 6);
    check_failure(aigc_model_train(scene.model, foreign, NULL, scene.options, NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "'dataset' belongs to another");
    check_failure(aigc_model_train(scene.model, scene.dataset, foreign, scene.options, NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "'validation' belongs");
    check_failure(aigc_model_evaluate(scene.model, foreign, NULL, &metrics, NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "another context");
    assert_int_equal(metrics.count, 0);
    /* tensors are only read: whose they are does not matter */
    aigc_tensor_t *images = small_pictures(&other, 3);
    check_ok(aigc_model_train_step(scene.model, images, NULL, NULL, NULL));
    aigc_tensor_release(images);
    aigc_dataset_free(foreign);
    small_world_end(&other);
    scene_end(&scene);
}

/* A program built with the first header has a shorter record. */
static void a_shorter_record_is_filled_as_far_as_it_goes(void **state)
{
    scene_t scene;
    aigc_metrics_t metrics;
    (void)state;
    scene_begin(&scene, "");
    memset(&metrics, 0xa5, sizeof metrics);
    metrics.struct_size = offsetof(aigc_metrics_t, space);
    check_ok(aigc_model_evaluate(scene.model, scene.dataset, NULL, &metrics, NULL, NULL));
    assert_int_equal(metrics.struct_size, offsetof(aigc_metrics_t, space));
    assert_true(metrics.count > 3);
    for (size_t k = 0; k < sizeof metrics.space; k++) assert_int_equal((unsigned char)metrics.space[k], 0xa5);
    scene_end(&scene);
}

/* A program built with a later header has a longer record. */
static void a_longer_record_keeps_its_size_and_its_end(void **state)
{
    struct {
        aigc_metrics_t metrics;
        uint64_t later;
    } record = {.metrics.struct_size = sizeof record, .later = 77};
    scene_t scene;
    (void)state;
    scene_begin(&scene, "");
    check_ok(aigc_model_train_step(scene.model, scene.images, NULL, NULL, &record.metrics));
    assert_int_equal(record.metrics.struct_size, sizeof record);
    assert_int_equal(record.metrics.step, 1);
    check_ok(aigc_model_evaluate(scene.model, scene.dataset, NULL, &record.metrics, NULL, NULL));
    assert_int_equal(record.metrics.struct_size, sizeof record);
    assert_int_equal(record.metrics.step, 1);
    assert_int_equal(record.later, 77);
    scene_end(&scene);
}

static void options_that_exclude_each_other_are_refused(void **state)
{
    scene_t scene;
    (void)state;
    scene_begin(&scene, "epochs=1 samples=0 validation_split=0.5");
    check_failure(aigc_model_train(scene.model, scene.dataset, scene.validation, scene.options, NULL, NULL),
                  AIGC_ERROR_OPTION, "validation_split");
    aigc_options_t *options = small_options(&scene.world, "schedule=linear schedule_steps=5 warmup_steps=5", NULL);
    check_failure(aigc_model_train_step(scene.model, scene.images, NULL, options, NULL), AIGC_ERROR_OPTION,
                  "warmup_steps");
    check_ok(aigc_options_parse(options, "warmup_steps=4"));
    check_ok(aigc_model_train_step(scene.model, scene.images, NULL, options, NULL));
    check_ok(aigc_options_parse(options, "epsilon=0"));
    check_failure(aigc_model_train_step(scene.model, scene.images, NULL, options, NULL), AIGC_ERROR_OPTION, "1e-30..1");
    aigc_options_free(options);
    scene_end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_may_only_look),
        cmocka_unit_test(a_log_may_only_look),
        cmocka_unit_test(a_dataset_may_only_look),
        cmocka_unit_test(a_dataset_may_keep_to_the_callers_thread),
        cmocka_unit_test(a_callback_may_free_everything),
        cmocka_unit_test(a_dataset_may_free_itself),
        cmocka_unit_test(data_of_another_context_are_refused),
        cmocka_unit_test(a_shorter_record_is_filled_as_far_as_it_goes),
        cmocka_unit_test(a_longer_record_keeps_its_size_and_its_end),
        cmocka_unit_test(options_that_exclude_each_other_are_refused),
    };
    return run_on_all_kinds(tests);
}
