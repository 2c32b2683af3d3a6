/* Every exported function with arguments that make no sense: a status, a sentence, untouched outputs. */
#include "models/network.h"
#include "models/small_world.h"
#include "support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct everything {
    small_world_t world;
    aigc_tensor_t *images, *labels, *latents;
    aigc_dataset_t *dataset;
    aigc_model_t *model;
    aigc_options_t *options;
    void *poison; /* what outputs hold before; must hold after */
} everything_t;

static int begin(void **state)
{
    everything_t *e = calloc(1, sizeof *e);
    small_world_begin(&e->world, 1);
    e->images = small_pictures(&e->world, 4);
    e->labels = small_labels(&e->world, 4);
    e->dataset = small_dataset(&e->world, 8);
    e->model = small_model(&e->world, SMALL_SIZE);
    check_ok(aigc_tensor_create(&e->latents, e->world.context, AIGC_DTYPE_F32, 2, (int64_t[]){4, 4}));
    e->options = small_options(&e->world, "", NULL);
    e->poison = e;
    *state = e;
    return 0;
}

static int end(void **state)
{
    everything_t *e = *state;
    aigc_tensor_release(e->images);
    aigc_tensor_release(e->labels);
    aigc_tensor_release(e->latents);
    aigc_dataset_free(e->dataset);
    aigc_model_free(e->model);
    aigc_options_free(e->options);
    small_world_end(&e->world);
    free(e);
    return 0;
}

/* The call fails with `expected`, says something, and leaves `out` as it was. */
#define refused(expected, out, call)                                                                                   \
    do {                                                                                                               \
        void *const untouched = e->poison;                                                                             \
        memcpy(&(out), &untouched, sizeof(out));                                                                       \
        assert_int_equal((call), (expected));                                                                          \
        assert_true(strlen(aigc_last_error()) > 10);                                                                   \
        assert_ptr_equal((out), untouched);                                                                            \
    } while (0)

#define refused_plain(expected, call)                                                                                  \
    do {                                                                                                               \
        assert_int_equal((call), (expected));                                                                          \
        assert_true(strlen(aigc_last_error()) > 10);                                                                   \
    } while (0)

enum {
    ARGUMENT = AIGC_ERROR_ARGUMENT,
    HANDLE = AIGC_ERROR_HANDLE,
    OPTION = AIGC_ERROR_OPTION,
    MISSING = AIGC_ERROR_NOT_FOUND
};

static void contexts(void **state)
{
    everything_t *e = *state;
    aigc_context_t *out;
    const aigc_allocator_t broken = {.struct_size = 8};
    refused_plain(ARGUMENT, aigc_context_create(NULL, NULL));
    refused(HANDLE, out, aigc_context_create(&out, (aigc_options_t *)(void *)e->images));
    refused(ARGUMENT, out, aigc_context_create_with(&out, &broken, NULL));
    check_ok(aigc_options_set_string(e->options, "cpu", "abacus"));
    refused(OPTION, out, aigc_context_create(&out, e->options));
    assert_non_null(strstr(aigc_last_error(), "abacus"));
    refused_plain(ARGUMENT, aigc_context_set_log(NULL, NULL, NULL));
    refused_plain(ARGUMENT, aigc_context_memory(NULL, NULL, NULL));
    refused_plain(ARGUMENT, aigc_context_info(NULL, NULL, NULL));
    refused_plain(HANDLE, aigc_context_info((aigc_context_t *)(void *)e->model, NULL, NULL));
    aigc_context_free(NULL);
    aigc_context_cancel(NULL);
}

static void options(void **state)
{
    everything_t *e = *state;
    aigc_option_info_t info = {.struct_size = sizeof info};
    const char *name = "untouched";
    refused_plain(ARGUMENT, aigc_options_create(NULL));
    refused_plain(ARGUMENT, aigc_options_set_int(NULL, "x", 1));
    refused_plain(ARGUMENT, aigc_options_set_int(e->options, NULL, 1));
    refused_plain(ARGUMENT, aigc_options_set_string(e->options, "x", NULL));
    refused_plain(ARGUMENT, aigc_options_set_ints(e->options, "x", NULL, 3));
    refused_plain(ARGUMENT, aigc_options_set_tensor(e->options, "x", NULL));
    refused_plain(HANDLE, aigc_options_set_tensor(e->options, "x", (aigc_tensor_t *)(void *)e->model));
    refused_plain(ARGUMENT, aigc_options_parse(e->options, NULL));
    check_ok(aigc_option_info("load", NULL, 0, &info));
    assert_string_equal(info.name, "finite");
    check_ok(aigc_option_info("decode", "vae", 0, &info));
    assert_string_equal(info.name, "class");
    refused_plain(MISSING, aigc_option_info("swim", NULL, 0, &info));
    refused_plain(MISSING, aigc_option_info("train", "fish", 0, &info));
    refused_plain(MISSING, aigc_option_info("train", "vae", 1000, &info));
    refused_plain(ARGUMENT, aigc_option_info(NULL, "vae", 0, &info));
    info.struct_size = 4;
    refused_plain(ARGUMENT, aigc_option_info("train", "vae", 0, &info));
    refused_plain(MISSING, aigc_kind_info("verb", 0, &name, NULL));
    refused_plain(MISSING, aigc_kind_info("model", 1000, &name, NULL));
    assert_string_equal(name, "untouched");
    aigc_options_free(NULL);
}

static void tensors(void **state)
{
    everything_t *e = *state;
    aigc_tensor_t *out;
    float number = 0;
    aigc_context_t *c = e->world.context;
    refused_plain(ARGUMENT, aigc_tensor_create(NULL, c, AIGC_DTYPE_F32, 0, NULL));
    refused(ARGUMENT, out, aigc_tensor_create(&out, NULL, AIGC_DTYPE_F32, 0, NULL));
    refused(HANDLE, out, aigc_tensor_create(&out, (aigc_context_t *)(void *)e->dataset, AIGC_DTYPE_F32, 0, NULL));
    refused(ARGUMENT, out, aigc_tensor_create(&out, c, 77, 0, NULL));
    refused(ARGUMENT, out, aigc_tensor_create(&out, c, AIGC_DTYPE_F32, 7, (int64_t[7]){0}));
    refused(ARGUMENT, out, aigc_tensor_create(&out, c, AIGC_DTYPE_F32, 1, NULL));
    refused(ARGUMENT, out, aigc_tensor_create(&out, c, AIGC_DTYPE_F32, 1, (int64_t[]){-1}));
    refused(AIGC_ERROR_LIMIT, out,
            aigc_tensor_create(&out, c, AIGC_DTYPE_F32, 3, (int64_t[]){1 << 30, 1 << 30, 1 << 30}));
    refused(ARGUMENT, out, aigc_tensor_wrap(&out, c, NULL, AIGC_DTYPE_F32, 0, NULL, NULL, NULL));
    refused(ARGUMENT, out, aigc_tensor_wrap(&out, c, (char *)&number + 1, AIGC_DTYPE_F32, 0, NULL, NULL, NULL));
    refused(ARGUMENT, out, aigc_tensor_convert(&out, NULL, AIGC_DTYPE_F32));
    refused(ARGUMENT, out, aigc_tensor_convert(&out, e->images, 0));
    refused(AIGC_ERROR_IO, out, aigc_tensor_read(&out, c, small_path(&e->world, "nowhere.npy"), NULL));
    refused(ARGUMENT, out, aigc_tensor_read(&out, c, NULL, NULL));
    refused_plain(ARGUMENT, aigc_tensor_write(e->images, small_path(&e->world, "x.doc"), NULL));
    refused_plain(ARGUMENT, aigc_tensor_write(NULL, small_path(&e->world, "x.npy"), NULL));
    refused_plain(AIGC_ERROR_IO, aigc_tensor_write(e->images, small_path(&e->world, "no/such/folder.npy"), NULL));
    refused_plain(ARGUMENT, aigc_tensor_shape(NULL, NULL, NULL));
    refused_plain(HANDLE, aigc_tensor_info((aigc_tensor_t *)(void *)e->model, NULL, NULL, NULL));
    assert_null(aigc_tensor_data(NULL));
    assert_null(aigc_tensor_data((aigc_tensor_t *)(void *)e->model));
    aigc_tensor_release(NULL);
    aigc_tensor_retain(NULL);
}

static void weights(void **state)
{
    everything_t *e = *state;
    aigc_weights_t *out, *file = NULL;
    aigc_tensor_t *tensor;
    aigc_context_t *c = e->world.context;
    aigc_weights_entry_t entry = {.struct_size = sizeof entry};
    aigc_weights_value_t value = {.struct_size = sizeof value};
    uint64_t index = 77, tensors = 0, values = 0, opaque = 1;
    const char *format = NULL, *name = "untouched";
    refused(AIGC_ERROR_IO, out, aigc_weights_open(&out, c, small_path(&e->world, "nowhere.pt"), NULL));
    check_ok(aigc_tensor_write(e->images, small_path(&e->world, "w.safetensors"), "pictures"));
    check_ok(aigc_weights_open(&file, c, small_path(&e->world, "w.safetensors"), NULL));
    check_ok(aigc_weights_info(file, &format, &tensors, &values, &opaque));
    assert_string_equal(format, "safetensors");
    assert_int_equal(tensors, 1);
    assert_int_equal(opaque, 0);
    check_ok(aigc_weights_tensor(file, 0, &entry));
    assert_string_equal(entry.name, "pictures");
    assert_int_equal(entry.rank, 4);
    check_ok(aigc_weights_find(file, "pictures", &index));
    assert_int_equal(index, 0);
    refused_plain(MISSING, aigc_weights_find(file, "picture", &index));
    refused_plain(MISSING, aigc_weights_tensor(file, 1, &entry));
    refused_plain(MISSING, aigc_weights_value(file, values, &value));
    refused_plain(MISSING, aigc_weights_opaque(file, 0, &name, NULL));
    entry.struct_size = value.struct_size = 4;
    refused_plain(ARGUMENT, aigc_weights_tensor(file, 0, &entry));
    refused_plain(ARGUMENT, aigc_weights_value(file, 0, &value));
    refused(MISSING, tensor, aigc_weights_read(&tensor, file, "picture", 0));
    refused(ARGUMENT, tensor, aigc_weights_read(&tensor, file, NULL, 77));
    refused_plain(ARGUMENT, aigc_weights_write(file, small_path(&e->world, "w.txt"), NULL));
    check_ok(aigc_options_parse(e->options, "rename=wrong"));
    refused_plain(OPTION, aigc_weights_write(file, small_path(&e->world, "w.pt"), e->options));
    check_ok(aigc_options_parse(e->options, "rename=pict=ten"));
    check_ok(aigc_weights_write(file, small_path(&e->world, "w.pt"), e->options));
    check_ok(aigc_options_parse(e->options, "select=x"));
    refused_plain(MISSING, aigc_weights_write(file, small_path(&e->world, "w.pt"), e->options));
    assert_string_equal(name, "untouched");
    aigc_weights_free(file);
    aigc_weights_free(NULL);
}

static void put(const everything_t *e, const char *name, const char *text)
{
    FILE *file = fopen(small_path(&e->world, name), "wb");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

/* Shards lie beside their index, whatever it says. */
static void shards(void **state)
{
    everything_t *e = *state;
    aigc_weights_t *out, *file = NULL;
    aigc_tensor_t *tensor = NULL;
    aigc_context_t *c = e->world.context;
    uint64_t tensors = 0;
    const char *format = NULL;
    static const struct {
        const char *text;
        aigc_status_t status;
    } bad[] = {
        {"{\"weight_map\":{\"a\":\"../s1.safetensors\"}}", AIGC_ERROR_CORRUPT},
        {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", AIGC_ERROR_CORRUPT},
        {"{\"weight_map\":{\"a\":\"bad.index.json\"}}", AIGC_ERROR_CORRUPT},
        {"{\"weight_map\":{\"a\":\"good.index.json\"}}", AIGC_ERROR_CORRUPT},
        {"{\"weight_map\":{\"nothing\":\"s1.safetensors\"}}", AIGC_ERROR_CORRUPT},
        {"{\"weight_map\":{\"a\":\"missing.safetensors\"}}", AIGC_ERROR_IO},
        {"{\"weight_map\":{\"a\":1}}", AIGC_ERROR_CORRUPT},
        {"{\"weight_map\":", AIGC_ERROR_CORRUPT},
    };
    check_ok(aigc_tensor_write(e->images, small_path(&e->world, "s1.safetensors"), "a"));
    check_ok(aigc_tensor_write(e->latents, small_path(&e->world, "s2.safetensors"), "b"));
    put(e, "good.index.json",
        "{\"metadata\":{\"total_size\":1},\"weight_map\":{\"b\":\"s2.safetensors\",\"a\":\"s1.safetensors\"}}");
    check_ok(aigc_weights_open(&file, c, small_path(&e->world, "good.index.json"), NULL));
    check_ok(aigc_weights_info(file, &format, &tensors, NULL, NULL));
    assert_string_equal(format, "safetensors index");
    assert_int_equal(tensors, 2);
    check_ok(aigc_weights_read(&tensor, file, "b", 0));
    assert_memory_equal(aigc_tensor_data(tensor), aigc_tensor_data(e->latents), sizeof(float));
    aigc_tensor_release(tensor);
    aigc_weights_free(file);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(e, "bad.index.json", bad[i].text);
        refused(bad[i].status, out, aigc_weights_open(&out, c, small_path(&e->world, "bad.index.json"), NULL));
    }
}

static void images(void **state)
{
    everything_t *e = *state;
    aigc_tensor_t *out;
    aigc_context_t *c = e->world.context;
    refused(AIGC_ERROR_IO, out, aigc_image_read(&out, c, small_path(&e->world, "nowhere.png"), NULL));
    refused(ARGUMENT, out, aigc_image_read(&out, c, NULL, NULL));
    refused_plain(ARGUMENT, aigc_image_read(NULL, c, "x", NULL));
    check_ok(aigc_options_set_string(e->options, "background", "mauve"));
    refused(OPTION, out, aigc_image_read(&out, c, small_path(&e->world, "x"), e->options));
    refused_plain(ARGUMENT, aigc_image_write(e->latents, small_path(&e->world, "x.png"), NULL));
    refused_plain(ARGUMENT, aigc_image_write(e->images, small_path(&e->world, "x.png"), NULL)); /* four of them */
    refused_plain(ARGUMENT, aigc_image_write_grid(e->images, small_path(&e->world, "x.txt"), NULL));
    refused_plain(ARGUMENT, aigc_image_write_grid(NULL, small_path(&e->world, "x.png"), NULL));
    refused(ARGUMENT, out, aigc_image_grid(&out, e->latents, NULL));
    refused(ARGUMENT, out, aigc_image_resize(&out, NULL, NULL));
    refused(OPTION, out, aigc_image_resize(&out, e->images, e->options));
    refused_plain(ARGUMENT, aigc_animation_write(NULL, small_path(&e->world, "x.png"), NULL));
    refused_plain(ARGUMENT, aigc_animation_write(e->images, NULL, NULL));
    refused_plain(ARGUMENT, aigc_animation_write(e->latents, small_path(&e->world, "x.png"), NULL));
    refused_plain(ARGUMENT, aigc_animation_write(e->images, small_path(&e->world, "x.gif"), NULL));
    refused_plain(OPTION, aigc_animation_write(e->images, small_path(&e->world, "x.png"), e->options));
    refused_plain(AIGC_ERROR_IO, aigc_animation_write(e->images, small_path(&e->world, "no/such/x.png"), NULL));
}

/* Each value of an option that the table forbids. */
static void animation_options(void **state)
{
    static const char *const wrong[] = {"frames_per_second=0",   "frames_per_second=1001",
                                        "frames_per_second=nan", "loops=-1",
                                        "loops=2147483648",      "compression=10"};
    everything_t *e = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        aigc_options_t *options = NULL;
        check_ok(aigc_options_create(&options));
        check_ok(aigc_options_parse(options, wrong[i]));
        refused_plain(OPTION, aigc_animation_write(e->images, small_path(&e->world, "x.png"), options));
        aigc_options_free(options);
    }
}

static void datasets(void **state)
{
    everything_t *e = *state;
    aigc_dataset_t *out, *other = e->poison;
    aigc_tensor_t *pictures;
    const char *name = "untouched";
    aigc_context_t *c = e->world.context;
    refused(MISSING, out, aigc_dataset_create(&out, c, "library", NULL, NULL));
    refused(ARGUMENT, out, aigc_dataset_create(&out, c, NULL, NULL, NULL));
    refused(ARGUMENT, out, aigc_dataset_create(&out, NULL, "home-designs", NULL, NULL));
    refused(ARGUMENT, out, aigc_dataset_create(&out, c, "folder", NULL, NULL));
    refused(AIGC_ERROR_IO, out, aigc_dataset_create(&out, c, "folder", small_path(&e->world, "nowhere"), NULL));
    check_ok(aigc_options_set_int(e->options, "sizes", 8));
    refused(OPTION, out, aigc_dataset_create(&out, c, "home-designs", NULL, e->options));
    assert_non_null(strstr(aigc_last_error(), "'size'"));
    refused(ARGUMENT, out, aigc_dataset_create_array(&out, c, NULL, NULL, NULL));
    refused(ARGUMENT, out, aigc_dataset_create_array(&out, c, e->latents, NULL, NULL));
    refused(ARGUMENT, out, aigc_dataset_create_array(&out, c, e->images, e->latents, NULL));
    refused(ARGUMENT, out, aigc_dataset_create_callback(&out, c, (int64_t[]){4, 8, 8, 1}, NULL, NULL, NULL));
    refused(ARGUMENT, out, aigc_dataset_split(e->dataset, 2, 0, &out, &other));
    assert_ptr_equal(other, e->poison);
    refused(ARGUMENT, pictures, aigc_dataset_batch(e->dataset, (int64_t[]){8}, 1, &pictures, NULL));
    refused(ARGUMENT, pictures, aigc_dataset_batch(e->dataset, (int64_t[]){-1}, 1, &pictures, NULL));
    refused(ARGUMENT, pictures, aigc_dataset_batch(NULL, (int64_t[]){0}, 1, &pictures, NULL));
    refused_plain(ARGUMENT, aigc_dataset_info(NULL, NULL, NULL, NULL, NULL));
    refused_plain(MISSING, aigc_dataset_class_name(e->dataset, 2, &name));
    refused_plain(ARGUMENT, aigc_dataset_export(e->dataset, NULL));
    assert_string_equal(name, "untouched");
    assert_int_equal(aigc_dataset_count(NULL), 0);
    aigc_dataset_free(NULL);
}

static void models(void **state)
{
    everything_t *e = *state;
    aigc_model_t *out;
    const char *text = "untouched";
    uint64_t bytes = 1;
    aigc_metrics_t metrics = {.struct_size = 4};
    aigc_context_t *c = e->world.context;
    refused(MISSING, out, aigc_model_create(&out, c, "oracle", NULL));
    refused(ARGUMENT, out, aigc_model_create(&out, c, NULL, NULL));
    refused(AIGC_ERROR_IO, out, aigc_model_load(&out, c, small_path(&e->world, "nowhere.safetensors"), NULL));
    check_ok(aigc_options_set_int(e->options, "latent_dims", 8));
    refused(OPTION, out, aigc_model_create(&out, c, small_kind->kind, e->options));
    assert_non_null(strstr(aigc_last_error(), "'latent_dim'"));
    refused_plain(AIGC_ERROR_IO, aigc_model_load_weights(e->model, small_path(&e->world, "nowhere"), NULL));
    refused_plain(OPTION, aigc_model_save(e->model, small_path(&e->world, "x.safetensors"), e->options));
    refused_plain(ARGUMENT, aigc_model_train(e->model, NULL, NULL, NULL, NULL, NULL));
    refused_plain(HANDLE, aigc_model_train(e->model, (aigc_dataset_t *)(void *)e->images, NULL, NULL, NULL, NULL));
    refused_plain(OPTION, aigc_model_train(e->model, e->dataset, NULL, e->options, NULL, NULL));
    refused_plain(ARGUMENT, aigc_model_train_step(e->model, e->images, NULL, NULL, &metrics));
    refused_plain(ARGUMENT, aigc_model_train_step(e->model, e->latents, NULL, NULL, NULL));
    refused_plain(ARGUMENT, aigc_model_train_step(e->model, e->images, e->images, NULL, NULL));
    refused_plain(ARGUMENT, aigc_model_train_step(NULL, e->images, NULL, NULL, NULL));
    refused_plain(ARGUMENT, aigc_model_evaluate(e->model, e->dataset, NULL, NULL, NULL, NULL));
    refused_plain(MISSING, aigc_model_parameter(e->model, 1000, &text, NULL));
    refused_plain(ARGUMENT, aigc_model_config(NULL, &text, NULL));
    refused_plain(AIGC_ERROR_UNSUPPORTED, aigc_model_memory(e->model, "swim", NULL, &bytes));
    assert_int_equal(bytes, 1);
    assert_string_equal(text, "untouched");
    aigc_model_free(NULL);
}

static void sampling(void **state)
{
    everything_t *e = *state;
    aigc_tensor_t *out;
    const aigc_status_t encoding = e->model->kind->encode ? ARGUMENT : AIGC_ERROR_UNSUPPORTED;
    aigc_model_t *blank = small_model(&e->world, "");
    refused(AIGC_ERROR_STATE, out, aigc_model_generate(&out, blank, NULL));
    aigc_model_free(blank);
    refused_plain(ARGUMENT, aigc_model_generate(NULL, e->model, NULL));
    refused(HANDLE, out, aigc_model_generate(&out, (aigc_model_t *)(void *)e->dataset, NULL));
    check_ok(aigc_options_set_string(e->options, "class", "sofa"));
    refused(OPTION, out, aigc_model_generate(&out, e->model, e->options));
    refused(encoding, out, aigc_model_encode(&out, e->model, e->latents, NULL, NULL));
    refused(encoding, out, aigc_model_encode(&out, e->model, NULL, NULL, NULL));
    refused(ARGUMENT, out, aigc_model_decode(&out, e->model, e->images, NULL, NULL));
    refused(ARGUMENT, out, aigc_model_decode(&out, e->model, NULL, NULL, NULL));
    refused(encoding, out, aigc_model_reconstruct(&out, e->model, e->latents, NULL, NULL));
    refused(ARGUMENT, out, aigc_model_interpolate(&out, e->model, e->latents, NULL, NULL));
    refused(ARGUMENT, out, aigc_model_interpolate(&out, e->model, e->latents, e->latents, NULL));
}

/* One step, and a training that would write a file, with pictures and labels that are not the model's. */
static void check_unfit(everything_t *e, const char *create, aigc_tensor_t *images, aigc_tensor_t *labels)
{
    aigc_dataset_t *dataset = NULL;
    size_t n = 0, size = 0;
    aigc_model_t *model = small_model(&e->world, create);
    aigc_options_t *options = small_options(&e->world, "epochs=1", "unfit.safetensors");
    float *before = copy_parameters(model, &n);
    refused_plain(ARGUMENT, aigc_model_train_step(model, images, labels, NULL, NULL));
    if (aigc_dataset_create_array(&dataset, e->world.context, images, labels, NULL) == AIGC_OK) {
        const aigc_status_t status = aigc_model_train(model, dataset, NULL, options, NULL, NULL);
        assert_true(status == ARGUMENT || status == AIGC_ERROR_STATE);
        assert_true(strlen(aigc_last_error()) > 10);
    }
    assert_null(read_file(small_path(&e->world, "unfit.safetensors"), &size));
    float *after = copy_parameters(model, &n);
    assert_memory_equal(before, after, n * sizeof *after);
    free(before);
    free(after);
    aigc_options_free(options);
    aigc_dataset_free(dataset);
    aigc_model_free(model);
}

static void data_that_do_not_fit(void **state)
{
    everything_t *e = *state;
    aigc_tensor_t *small = NULL, *colour = NULL, *none = NULL;
    aigc_context_t *c = e->world.context;
    aigc_tensor_t *three = small_labels(&e->world, 3), *high = small_labels(&e->world, 4),
                  *negative = small_labels(&e->world, 4);
    ((int64_t *)aigc_tensor_data(high))[3] = 2;
    ((int64_t *)aigc_tensor_data(negative))[1] = -1;
    check_ok(aigc_tensor_create(&small, c, AIGC_DTYPE_U8, 4, (int64_t[]){4, 4, 8, 1}));
    check_ok(aigc_tensor_create(&colour, c, AIGC_DTYPE_U8, 4, (int64_t[]){4, 8, 8, 3}));
    check_ok(aigc_tensor_create(&none, c, AIGC_DTYPE_U8, 4, (int64_t[]){0, 8, 8, 1}));
    check_unfit(e, SMALL_SIZE, small, NULL);
    check_unfit(e, SMALL_SIZE, colour, NULL);
    check_unfit(e, SMALL_SIZE, none, NULL);
    check_unfit(e, SMALL_SIZE " classes=2", e->images, NULL);
    check_unfit(e, SMALL_SIZE " classes=2", e->images, three);
    check_unfit(e, SMALL_SIZE " classes=2", e->images, high);
    check_unfit(e, SMALL_SIZE " classes=2", e->images, negative);
    aigc_tensor_release(small);
    aigc_tensor_release(colour);
    aigc_tensor_release(none);
    aigc_tensor_release(three);
    aigc_tensor_release(high);
    aigc_tensor_release(negative);
}

/* A callback may cancel, but not use the model it is called from. */
static int32_t re_enter(const aigc_progress_t *progress, void *user)
{
    everything_t *e = user;
    aigc_tensor_t *images = NULL;
    (void)progress;
    assert_int_equal(aigc_model_generate(&images, e->model, NULL), AIGC_ERROR_STATE);
    assert_int_equal(aigc_model_train(e->model, e->dataset, NULL, NULL, re_enter, e), AIGC_ERROR_STATE);
    aigc_context_cancel(e->world.context);
    return 0;
}

static void callbacks(void **state)
{
    everything_t *e = *state;
    aigc_tensor_t *images = NULL;
    refused_plain(AIGC_ERROR_CANCELLED, aigc_model_train(e->model, e->dataset, NULL, NULL, re_enter, e));
    check_ok(aigc_model_generate(&images, e->model, NULL)); /* the cancel is spent */
    aigc_tensor_release(images);
}

static void a_cancel_waits_for_a_call_unless_cleared(void **state)
{
    everything_t *e = *state;
    aigc_tensor_t *images = NULL;
    aigc_context_cancel(e->world.context);
    refused_plain(AIGC_ERROR_CANCELLED, aigc_model_train(e->model, e->dataset, NULL, NULL, NULL, NULL));
    aigc_context_cancel(e->world.context);
    aigc_context_clear_cancel(e->world.context);
    check_ok(aigc_model_generate(&images, e->model, NULL));
    aigc_tensor_release(images);
}

static void names_and_versions(void **state)
{
    (void)state;
    assert_string_equal(aigc_status_name(AIGC_OK), "AIGC_OK");
    assert_string_equal(aigc_status_name(AIGC_ERROR_NOT_FOUND), "AIGC_ERROR_NOT_FOUND");
    assert_string_equal(aigc_status_name(AIGC_ERROR_CORRUPT), "AIGC_ERROR_CORRUPT");
    assert_string_equal(aigc_status_name(1), "AIGC_ERROR_UNKNOWN");
    assert_string_equal(aigc_status_name(-99), "AIGC_ERROR_UNKNOWN");
    assert_string_equal(aigc_status_name(INT32_MIN), "AIGC_ERROR_UNKNOWN");
    assert_int_equal(aigc_api_version(),
                     AIGC_API_VERSION_MAJOR << 16 | AIGC_API_VERSION_MINOR << 8 | AIGC_API_VERSION_PATCH);
    assert_int_equal(aigc_version(), AIGC_VERSION_MAJOR << 16 | AIGC_VERSION_MINOR << 8 | AIGC_VERSION_PATCH);
    assert_non_null(strstr(aigc_build_info(), "libaigc "));
}

/* Handles may go in any order: each keeps what it needs. */
static void handles_go_in_any_order(void **state)
{
    (void)state;
    for (int order = 0; order < 24; order++) {
        small_world_t world;
        aigc_tensor_t *parameter = NULL;
        small_world_begin(&world, 2);
        aigc_dataset_t *dataset = small_dataset(&world, 8);
        aigc_model_t *model = small_model(&world, SMALL_SIZE);
        check_ok(aigc_model_parameter(model, 0, NULL, &parameter));
        int left[4] = {0, 1, 2, 3}, rest = order;
        for (int n = 4; n > 0; n--) {
            const int pick = rest % n, what = left[pick];
            rest /= n;
            left[pick] = left[n - 1];
            if (what == 0) aigc_context_free(world.context);
            if (what == 1) aigc_dataset_free(dataset);
            if (what == 2) aigc_model_free(model);
            if (what == 3) aigc_tensor_release(parameter);
        }
        world.context = NULL;
        small_world_end(&world);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest without_models[] = {
        TEST(contexts), TEST(options),  TEST(tensors),
        TEST(images),   TEST(datasets), cmocka_unit_test(names_and_versions),
        TEST(weights),  TEST(shards),   TEST(animation_options),
    };
    const struct CMUnitTest tests[] = {
        TEST(models),
        TEST(sampling),
        TEST(data_that_do_not_fit),
        TEST(callbacks),
        TEST(a_cancel_waits_for_a_call_unless_cleared),
        cmocka_unit_test(handles_go_in_any_order),
    };
    return cmocka_run_group_tests(without_models, NULL, NULL) + run_on_all_kinds(tests);
}
