/* Every allocation of every operation fails in turn: AIGC_ERROR_MEMORY, nothing leaked, nothing changed, and
 * the same call works afterwards. */
#include "base/runtime.h"
#include "models/network.h"
#include "models/small_world.h"
#include "support/unit.h"
#include "tensor/dlpack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct scene {
    small_world_t world;
    aigc__file_calls_t files; /* those of the system, without waiting for the disk */
    aigc_dataset_t *dataset;
    aigc_model_t *model, *named; /* `named` is conditional and knows names of classes */
    aigc_tensor_t *images;
    aigc_options_t *train, *judged; /* `judged`: of evaluate */
    char path[96], named_path[96];
} scene_t;

/* Does it once; leaves nothing behind on success that end() does not free. */
typedef aigc_status_t (*operation_t)(scene_t *scene);

static aigc_status_t op_context(scene_t *scene)
{
    aigc_context_t *context = NULL;
    const aigc_status_t status = aigc_context_create_with(&context, &scene->world.memory.allocator, NULL);
    aigc_context_free(context);
    return status;
}

static aigc_status_t op_tensor(scene_t *scene)
{
    aigc_tensor_t *tensor = NULL;
    const aigc_status_t status = aigc_tensor_convert(&tensor, scene->images, AIGC_DTYPE_F32);
    aigc_tensor_release(tensor);
    return status;
}

static aigc_status_t op_copy(scene_t *scene)
{
    aigc_tensor_t *tensor = NULL, *view = NULL;
    const uint16_t numbers[6] = {1, 2, 3, 4, 5, 6};
    aigc_status_t status =
        aigc_tensor_copy(&tensor, scene->world.context, numbers, ">u2", 2, (int64_t[]){3, 2}, (int64_t[]){2, 6});
    if (status == AIGC_OK) status = aigc_tensor_view(&view, tensor, 1, 1, (int64_t[]){5});
    aigc_tensor_release(tensor);
    aigc_tensor_release(view);
    return status;
}

/* Lends pictures and borrows them back, shared and copied. */
static aigc_status_t op_dlpack(scene_t *scene)
{
    aigc_status_t status = AIGC_OK;
    for (int32_t copy = 0; copy < 3 && status == AIGC_OK; copy += 2) {
        aigc_tensor_t *tensor = NULL;
        void *managed = NULL;
        status = aigc_tensor_to_dlpack(&managed, scene->images, 1);
        if (status == AIGC_OK) status = aigc_tensor_from_dlpack(&tensor, scene->world.context, managed, 1, copy);
        if (status != AIGC_OK && managed) ((aigc__dlpack_versioned_t *)managed)->deleter(managed);
        aigc_tensor_release(tensor);
    }
    return status;
}

static aigc_status_t op_dataset(scene_t *scene)
{
    aigc_dataset_t *dataset = NULL, *first = NULL, *second = NULL;
    aigc_options_t *options = small_options(&scene->world, "n=6 size=16", NULL);
    aigc_status_t status = aigc_dataset_create(&dataset, scene->world.context, "home-designs", NULL, options);
    if (status == AIGC_OK) status = aigc_dataset_split(dataset, 0.5, 1, &first, &second);
    aigc_options_free(options);
    aigc_dataset_free(dataset);
    aigc_dataset_free(first);
    aigc_dataset_free(second);
    return status;
}

static aigc_status_t op_batch(scene_t *scene)
{
    aigc_tensor_t *images = NULL, *labels = NULL;
    const aigc_status_t status = aigc_dataset_batch(scene->dataset, (int64_t[]){3, 1}, 2, &images, &labels);
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    return status;
}

static aigc_status_t op_export(scene_t *scene)
{
    return aigc_dataset_export(scene->dataset, small_path(&scene->world, "exported"));
}

static aigc_status_t op_create(scene_t *scene)
{
    aigc_model_t *model = NULL;
    const aigc_status_t status = small_model_create(&model, scene->world.context, SMALL_SIZE " classes=2");
    aigc_model_free(model);
    return status;
}

static aigc_status_t op_train_step(scene_t *scene)
{
    return aigc_model_train_step(scene->model, scene->images, NULL, NULL, NULL);
}

/* A model with running statistics: made, trained by a step, used. */
static aigc_status_t op_convolutions(scene_t *scene)
{
    aigc_model_t *model = NULL;
    aigc_tensor_t *images = NULL;
    aigc_options_t *options = small_options(&scene->world, "architecture=conv widths=4,6 latent_dim=2", NULL);
    aigc_status_t status = aigc_model_create(&model, scene->world.context, "vae", options);
    if (status == AIGC_OK) status = aigc_model_train_step(model, scene->images, NULL, NULL, NULL);
    if (status == AIGC_OK) status = aigc_model_reconstruct(&images, model, scene->images, NULL, NULL);
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_model_free(model);
    return status;
}

static aigc_status_t op_train(scene_t *scene)
{
    return aigc_model_train(scene->model, scene->dataset, NULL, scene->train, NULL, NULL);
}

static aigc_status_t op_generate(scene_t *scene)
{
    aigc_tensor_t *images = NULL;
    const aigc_status_t status = aigc_model_generate(&images, scene->model, NULL);
    aigc_tensor_release(images);
    return status;
}

/* What a kind cannot do needs no memory. */
static aigc_status_t op_reconstruct(scene_t *scene)
{
    aigc_tensor_t *images = NULL;
    if (scene->model->kind->reconstruct == NULL) return AIGC_OK;
    const aigc_status_t status = aigc_model_reconstruct(&images, scene->model, scene->images, NULL, NULL);
    aigc_tensor_release(images);
    return status;
}

static aigc_status_t op_evaluate(scene_t *scene)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    if (scene->model->kind->evaluate == NULL) return AIGC_OK;
    return aigc_model_evaluate(scene->model, scene->dataset, scene->judged, &metrics, NULL, NULL);
}

static aigc_status_t op_decode(scene_t *scene)
{
    aigc_tensor_t *latents = NULL, *images = NULL;
    aigc_options_t *options = small_options(&scene->world, "class=1", NULL);
    aigc_status_t status =
        scene->named->kind->encode
            ? aigc_model_encode(&latents, scene->named, scene->images, NULL, options)
            : aigc_tensor_create(&latents, scene->world.context, AIGC_DTYPE_F32, 2, (int64_t[]){3, 4});
    if (status == AIGC_OK) status = aigc_model_decode(&images, scene->named, latents, NULL, options);
    aigc_options_free(options);
    aigc_tensor_release(latents);
    aigc_tensor_release(images);
    return status;
}

static aigc_status_t op_look_inside(scene_t *scene)
{
    const char *name = NULL, *json = NULL;
    aigc_tensor_t *tensor = NULL;
    uint64_t bytes = 0;
    aigc_status_t status = aigc_model_parameter(scene->model, 3, &name, &tensor);
    if (status == AIGC_OK) status = aigc_model_option(scene->model, 5, &name, NULL);
    if (status == AIGC_OK) status = aigc_model_config(scene->model, NULL, &json);
    if (status == AIGC_OK) status = aigc_model_memory(scene->model, "train", NULL, &bytes);
    aigc_tensor_release(tensor);
    return status;
}

static aigc_status_t op_interpolate(scene_t *scene)
{
    aigc_tensor_t *images = NULL;
    const aigc_status_t status = aigc_model_interpolate(&images, scene->model, NULL, NULL, NULL);
    aigc_tensor_release(images);
    return status;
}

static aigc_status_t op_save(scene_t *scene) { return aigc_model_save(scene->model, scene->path, NULL); }

static aigc_status_t op_load(scene_t *scene)
{
    aigc_model_t *model = NULL;
    const aigc_status_t status = aigc_model_load(&model, scene->world.context, scene->path, NULL);
    aigc_model_free(model);
    return status;
}

static aigc_status_t op_load_weights(scene_t *scene)
{
    return aigc_model_load_weights(scene->model, scene->path, NULL);
}

static aigc_status_t op_convert(scene_t *scene)
{
    aigc_weights_t *weights = NULL;
    aigc_tensor_t *tensor = NULL;
    aigc_weights_value_t value = {.struct_size = sizeof value};
    aigc_status_t status = aigc_weights_open(&weights, scene->world.context, scene->path, NULL);
    if (status == AIGC_OK) status = aigc_weights_value(weights, 0, &value);
    if (status == AIGC_OK) status = aigc_weights_read(&tensor, weights, "fc1.weight", AIGC_DTYPE_BF16);
    if (status == AIGC_OK) status = aigc_weights_write(weights, small_path(&scene->world, "sweep.pt"), NULL);
    aigc_tensor_release(tensor);
    aigc_weights_free(weights);
    return status;
}

static aigc_status_t op_save_named(scene_t *scene) { return aigc_model_save(scene->named, scene->named_path, NULL); }

static aigc_status_t op_load_named(scene_t *scene)
{
    aigc_model_t *model = NULL;
    const aigc_status_t status = aigc_model_load(&model, scene->world.context, scene->named_path, NULL);
    aigc_model_free(model);
    return status;
}

static aigc_status_t op_tensor_file(scene_t *scene)
{
    aigc_tensor_t *tensor = NULL;
    const char *path = small_path(&scene->world, "t.safetensors");
    aigc_status_t status = aigc_tensor_write(scene->images, path, NULL);
    if (status == AIGC_OK) status = aigc_tensor_read(&tensor, scene->world.context, path, NULL);
    aigc_tensor_release(tensor);
    return status;
}

static aigc_status_t op_resize(scene_t *scene)
{
    aigc_tensor_t *tensor = NULL;
    const aigc_status_t status = aigc_image_resize(&tensor, scene->images, NULL);
    aigc_tensor_release(tensor);
    return status;
}

static aigc_status_t op_grid(scene_t *scene)
{
    return aigc_image_write_grid(scene->images, small_path(&scene->world, "grid.png"), NULL);
}

static aigc_status_t op_animation(scene_t *scene)
{
    return aigc_animation_write(scene->images, small_path(&scene->world, "film.png"), NULL);
}

static aigc_status_t op_read_image(scene_t *scene)
{
    aigc_tensor_t *image = NULL;
    const aigc_status_t status =
        aigc_image_read(&image, scene->world.context, small_path(&scene->world, "read.png"), NULL);
    aigc_tensor_release(image);
    return status;
}

static int no_sync(void *user, int file)
{
    (void)user, (void)file;
    return 0;
}

static int no_folder_sync(void *user, const char *folder)
{
    (void)user, (void)folder;
    return 0;
}

/* A feature space of a few numbers, so that it is allocations that take the time. */
static void save_judge(scene_t *scene)
{
    aigc_model_t *judge = NULL;
    aigc_options_t *options = small_options(&scene->world, "height=8 width=8 channels=1 classes=2 widths=2", NULL);
    check_ok(aigc_model_create(&judge, scene->world.context, "classifier", options));
    check_ok(aigc_model_save(judge, small_path(&scene->world, "judge.safetensors"), NULL));
    aigc_model_free(judge);
    aigc_options_free(options);
    scene->judged = small_options(&scene->world, "", NULL);
    check_ok(aigc_options_set_string(scene->judged, "features", small_path(&scene->world, "judge.safetensors")));
}

static void scene_begin(scene_t *scene)
{
    memset(scene, 0, sizeof *scene);
    small_world_begin(&scene->world, 2);
    scene->files = aigc__posix_files;
    scene->files.sync = no_sync;
    scene->files.sync_folder = no_folder_sync;
    scene->world.context->files = &scene->files;
    scene->dataset = small_dataset(&scene->world, 12);
    scene->model = small_model(&scene->world, SMALL_SIZE);
    scene->images = small_pictures(&scene->world, 6);
    scene->train =
        small_options(&scene->world, "epochs=2 batch_size=5 samples=4 validation_split=0.25 save_seconds=0 resume=true",
                      "t.safetensors");
    check_ok(aigc_options_parse(scene->train, small_kind->train));
    snprintf(scene->path, sizeof scene->path, "%s/m.safetensors", scene->world.folder);
    snprintf(scene->named_path, sizeof scene->named_path, "%s/n.safetensors", scene->world.folder);
    scene->named = small_model(&scene->world, "conditional=true");
    aigc_options_t *options = small_options(&scene->world, "epochs=1", NULL);
    check_ok(aigc_model_train(scene->named, scene->dataset, NULL, options, NULL, NULL));
    aigc_options_free(options);
    check_ok(aigc_model_save(scene->model, scene->path, NULL));
    check_ok(aigc_model_save(scene->named, scene->named_path, NULL));
    save_judge(scene);
    check_ok(aigc_image_write_grid(scene->images, small_path(&scene->world, "read.png"), NULL));
}

static void scene_end(scene_t *scene)
{
    aigc_options_free(scene->judged);
    aigc_options_free(scene->train);
    aigc_tensor_release(scene->images);
    aigc_model_free(scene->model);
    aigc_model_free(scene->named);
    aigc_dataset_free(scene->dataset);
    small_world_end(&scene->world);
}

/* The parameters after the operation, never disturbed. */
static float *undisturbed(operation_t operation, size_t *n)
{
    scene_t scene;
    scene_begin(&scene);
    check_ok(operation(&scene));
    float *parameters = copy_parameters(scene.model, n);
    scene_end(&scene);
    return parameters;
}

/* Allocation `at` fails, the operation is asked again: true where it needed fewer. */
static bool fail_one(operation_t operation, size_t at, bool from_then, bool keeps, bool trains, const float *expected)
{
    scene_t scene;
    size_t n = 0;
    scene_begin(&scene);
    float *before = copy_parameters(scene.model, &n);
    const size_t blocks = scene.world.memory.blocks;
    test_memory_fail(&scene.world.memory, at, from_then);
    const aigc_status_t status = operation(&scene);
    test_memory_fail(&scene.world.memory, 0, false);
    if (status != AIGC_OK && status != AIGC_ERROR_MEMORY) print_error("allocation %zu: %s\n", at, aigc_last_error());
    assert_true(status == AIGC_OK || status == AIGC_ERROR_MEMORY);
    if (!keeps) assert_int_equal(scene.world.memory.blocks, blocks);
    float *after = copy_parameters(scene.model, &n);
    if (!trains && status != AIGC_OK) assert_memory_equal(before, after, n * sizeof *before);
    free(after);
    if (status != AIGC_OK) check_ok(operation(&scene));
    after = copy_parameters(scene.model, &n);
    assert_memory_equal(after, expected, n * sizeof *after);
    free(before);
    free(after);
    scene_end(&scene);
    return status == AIGC_OK;
}

/* `keeps`: the operation may leave plans and buffers behind in the model even when it fails. */
static void sweep(operation_t operation, bool keeps, bool trains)
{
    const bool is_first = small_kind == small_kinds; /* the others have much in common with it */
    const size_t all = is_first ? 60 : 5, apart = is_first ? 24 : 4;
    size_t n = 0;
    float *expected = undisturbed(operation, &n);
    for (int from_then = 0; from_then < 2; from_then++)
        for (size_t at = 1; !fail_one(operation, at, from_then, keeps, trains, expected);)
            assert_true((at += at < all ? 1 : at / apart) < 100000);
    free(expected);
}

#define SWEEP(name, keeps, trains)                                                                                     \
    static void sweep_##name(void **state)                                                                             \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        sweep(op_##name, keeps, trains);                                                                               \
    }

SWEEP(context, false, false)
SWEEP(tensor, false, false)
SWEEP(copy, false, false)
SWEEP(dlpack, false, false)
SWEEP(dataset, false, false)
SWEEP(batch, false, false)
SWEEP(export, false, false)
SWEEP(create, false, false)
SWEEP(train_step, true, false)
SWEEP(convolutions, false, false)
SWEEP(train, true, true)
SWEEP(generate, true, false)
SWEEP(reconstruct, true, false)
SWEEP(evaluate, true, false)
SWEEP(decode, true, false)
SWEEP(look_inside, true, false)
SWEEP(interpolate, true, false)
SWEEP(save, false, false)
SWEEP(load, false, false)
SWEEP(load_weights, false, false)
SWEEP(convert, false, false)
SWEEP(save_named, false, false)
SWEEP(load_named, false, false)
SWEEP(tensor_file, false, false)
SWEEP(resize, false, false)
SWEEP(grid, false, false)
SWEEP(animation, false, false)
SWEEP(read_image, false, false)

/* The cap: a step that fits passes, one byte less than it needs is refused with both figures. */
static void the_byte_cap_is_held(void **state)
{
    (void)state;
    uint64_t peak = 0;
    for (int pass = 0; pass < 2; pass++) {
        aigc_context_t *context = NULL;
        aigc_options_t *options = NULL;
        aigc_model_t *model = NULL;
        aigc_tensor_t *images = NULL;
        check_ok(aigc_options_create(&options));
        check_ok(aigc_options_parse(options, "threads=1"));
        check_ok(aigc_options_set_int(options, "memory_limit", pass == 0 ? 0 : (int64_t)peak - 1));
        check_ok(aigc_context_create(&context, options));
        aigc_options_free(options);
        check_ok(small_model_create(&model, context, SMALL_SIZE));
        check_ok(aigc_tensor_create(&images, context, AIGC_DTYPE_U8, 4, (int64_t[]){64, 8, 8, 1}));
        const aigc_status_t status = aigc_model_train_step(model, images, NULL, NULL, NULL);
        assert_int_equal(status, pass == 0 ? AIGC_OK : AIGC_ERROR_LIMIT);
        check_ok(aigc_context_memory(context, NULL, &peak));
        aigc_tensor_release(images);
        aigc_model_free(model);
        aigc_context_free(context);
    }
}

/* The largest pictures and latents there are: refused before much is taken, and the context goes on. */
static void a_network_beyond_the_cap_is_refused(void **state)
{
    enum { CAP = 1 << 24 };
    aigc_context_t *context = NULL;
    aigc_options_t *options = NULL;
    aigc_model_t *model = NULL;
    aigc_tensor_t *images = NULL;
    uint64_t live = 0, after = 0, peak = 0;
    (void)state;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_set_int(options, "memory_limit", CAP));
    check_ok(aigc_context_create(&context, options));
    check_ok(aigc_context_memory(context, &live, NULL));
    check_failure(small_model_create(&model, context, "height=4096 width=4096 channels=4 latent_dim=65536"),
                  AIGC_ERROR_LIMIT, "memory");
    assert_null(model);
    check_ok(aigc_context_memory(context, &after, &peak));
    assert_int_equal(live, after);
    assert_true(peak - live < 1 << 22);
    check_ok(small_model_create(&model, context, SMALL_SIZE));
    check_ok(aigc_model_generate(&images, model, NULL));
    aigc_tensor_release(images);
    aigc_model_free(model);
    aigc_context_free(context);
    aigc_options_free(options);
}

int main(void)
{
    const struct CMUnitTest without_models[] = {
        cmocka_unit_test(sweep_context),      cmocka_unit_test(sweep_tensor),      cmocka_unit_test(sweep_copy),
        cmocka_unit_test(sweep_dlpack),       cmocka_unit_test(sweep_dataset),     cmocka_unit_test(sweep_batch),
        cmocka_unit_test(sweep_export),       cmocka_unit_test(sweep_tensor_file), cmocka_unit_test(sweep_resize),
        cmocka_unit_test(sweep_grid),         cmocka_unit_test(sweep_animation),   cmocka_unit_test(sweep_read_image),
        cmocka_unit_test(sweep_convolutions), cmocka_unit_test(sweep_convert),
    };
    const struct CMUnitTest of_all_kinds[] = {
        cmocka_unit_test(sweep_create),         cmocka_unit_test(sweep_train_step),
        cmocka_unit_test(sweep_train),          cmocka_unit_test(sweep_generate),
        cmocka_unit_test(sweep_reconstruct),    cmocka_unit_test(sweep_evaluate),
        cmocka_unit_test(sweep_decode),         cmocka_unit_test(sweep_look_inside),
        cmocka_unit_test(sweep_interpolate),    cmocka_unit_test(sweep_save),
        cmocka_unit_test(sweep_load),           cmocka_unit_test(sweep_load_weights),
        cmocka_unit_test(sweep_save_named),     cmocka_unit_test(sweep_load_named),
        cmocka_unit_test(the_byte_cap_is_held), cmocka_unit_test(a_network_beyond_the_cap_is_refused),
    };
    return cmocka_run_group_tests(without_models, NULL, NULL) + run_on_all_kinds(of_all_kinds);
}
