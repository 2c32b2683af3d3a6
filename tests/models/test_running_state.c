/* A network's state, such as running means, goes into model files and state files with its parameters, under
 * PyTorch's names; an optimizer has no moments for it. */
#include "formats/safetensors.h"
#include "models/training.h"
#include "small_world.h"
#include "support/unit.h"
#include <string.h>

static const aigc__model_kind_t *base;

/* The model with the state of a batch norm that nothing uses. */
static aigc_status_t declare_with_state(aigc_model_t *model, aigc__graph_t *graph)
{
    const aigc__initialiser_t one = {AIGC__INITIAL_CONSTANT, 1, 0};
    aigc__state_value(graph, model->store, "bn.running_mean", aigc__shape_of(1, (int64_t[]){5}), one, AIGC__STATE);
    aigc__state_value(graph, model->store, "bn.num_batches_tracked", aigc__shape_of(0, NULL), one, AIGC__COUNTER);
    return base->declare(model, graph);
}

typedef struct stage {
    small_world_t world;
    aigc__model_kind_t kind;
    aigc_model_t *models[2];
} stage_t;

static float *numbers(aigc_model_t *model, const char *name)
{
    const int64_t index = aigc__store_find(model->store, name);
    assert_true(index >= 0);
    return aigc__store_data(model->store, (size_t)index);
}

/* The first has state of its own, the second what it began with, and another weight. */
static void stage_begin(stage_t *stage)
{
    memset(stage, 0, sizeof *stage);
    small_world_begin(&stage->world, 1);
    aigc_tensor_t *pictures = small_pictures(&stage->world, 2);
    for (int k = 0; k < 2; k++) {
        stage->models[k] = small_model(&stage->world, ""); /* without a size it declares nothing yet */
        if (k == 0) base = stage->models[k]->kind;
        stage->kind = *base;
        stage->kind.declare = declare_with_state;
        stage->models[k]->kind = &stage->kind;
        check_ok(aigc__model_fit_images(stage->models[k], pictures));
        check_ok(aigc__model_build(stage->models[k]));
    }
    aigc_tensor_release(pictures);
    for (int i = 0; i < 5; i++) numbers(stage->models[0], "bn.running_mean")[i] = 0.25f * (float)i;
    numbers(stage->models[0], "bn.num_batches_tracked")[0] = 12345;
    aigc__store_block(stage->models[1]->store)[3] = 9;
}

static void stage_end(stage_t *stage)
{
    for (int k = 0; k < 2; k++) aigc_model_free(stage->models[k]);
    small_world_end(&stage->world);
}

static void check_both_are_equal(const stage_t *stage)
{
    aigc__store_t *a = stage->models[0]->store, *b = stage->models[1]->store;
    assert_memory_equal(aigc__store_block(a), aigc__store_block(b), aigc__store_elements(a) * sizeof(float));
}

static void model_files_have_state_and_counters_as_integers(void **state)
{
    stage_t stage;
    aigc_tensor_t *tensor = NULL;
    aigc_dtype_t dtype;
    (void)state;
    stage_begin(&stage);
    const char *path = small_path(&stage.world, "model.safetensors");
    check_ok(aigc_model_save(stage.models[0], path, NULL));
    check_ok(aigc_tensor_read(&tensor, stage.world.context, path, "bn.num_batches_tracked"));
    check_ok(aigc_tensor_info(tensor, &dtype, NULL, NULL));
    assert_int_equal(dtype, AIGC_DTYPE_I64);
    assert_int_equal(((const int64_t *)aigc_tensor_data(tensor))[0], 12345);
    aigc_tensor_release(tensor);
    check_ok(aigc_model_load_weights(stage.models[1], path, NULL));
    check_both_are_equal(&stage);
    stage_end(&stage);
}

/* 12345 is no bf16 number. */
static void counters_stay_exact_in_small_files(void **state)
{
    stage_t stage;
    aigc_options_t *options = NULL;
    (void)state;
    stage_begin(&stage);
    const char *path = small_path(&stage.world, "small.safetensors");
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, "dtype=bf16"));
    check_ok(aigc_model_save(stage.models[0], path, options));
    aigc_options_free(options);
    check_ok(aigc_model_load_weights(stage.models[1], path, NULL));
    assert_true(numbers(stage.models[1], "bn.num_batches_tracked")[0] == 12345);
    assert_true(numbers(stage.models[1], "bn.running_mean")[3] == 0.75f);
    stage_end(&stage);
}

/* PyTorch wrote none before 0.4.1. */
static void files_without_counters_are_read(void **state)
{
    aigc__safetensors_part_t parts[64];
    stage_t stage;
    (void)state;
    stage_begin(&stage);
    aigc_model_t *model = stage.models[0];
    const char *path = small_path(&stage.world, "old.safetensors");
    size_t n = 0;
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(model->store, k);
        if (p->role != AIGC__COUNTER)
            parts[n++] = (aigc__safetensors_part_t){p->name,
                                                    AIGC_DTYPE_F32,
                                                    p->shape.rank,
                                                    p->shape.dims,
                                                    aigc__store_data(model->store, k),
                                                    AIGC_DTYPE_F32,
                                                    NULL};
    }
    check_ok(aigc__model_write_parts(model, path, parts, n, &(aigc__model_metadata_t){.n = 0}));
    check_ok(aigc_model_load_weights(stage.models[1], path, NULL));
    assert_true(numbers(stage.models[1], "bn.running_mean")[3] == 0.75f);
    assert_true(numbers(stage.models[1], "bn.num_batches_tracked")[0] == 0);
    stage_end(&stage);
}

static void a_training_goes_on_with_its_state(void **state)
{
    stage_t stage;
    aigc__state_t read;
    aigc_tensor_t *tensor = NULL;
    (void)state;
    stage_begin(&stage);
    aigc_model_t *model = stage.models[0];
    const char *path = small_path(&stage.world, "training.safetensors");
    check_ok(aigc__optimizer_create(&model->optimizer, model->context, model->store, NULL, 0));
    aigc__optimizer_moments(model->optimizer, 2)[7] = 0.5f;
    check_ok(aigc__state_save(model, path));
    assert_int_equal(aigc_tensor_read(&tensor, stage.world.context, path, "moment1.bn.running_mean"),
                     AIGC_ERROR_NOT_FOUND);
    model = stage.models[1];
    check_ok(aigc__state_read(&read, model, path, false));
    aigc__state_adopt(model, &read);
    aigc__state_free(model, &read);
    check_both_are_equal(&stage);
    assert_true(aigc__optimizer_moments(model->optimizer, 2)[7] == 0.5f);
    stage_end(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(model_files_have_state_and_counters_as_integers),
                                       cmocka_unit_test(counters_stay_exact_in_small_files),
                                       cmocka_unit_test(files_without_counters_are_read),
                                       cmocka_unit_test(a_training_goes_on_with_its_state)};
    return run_on_all_kinds(tests);
}
