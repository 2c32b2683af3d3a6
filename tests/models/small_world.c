#include "small_world.h"
#include "support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const small_kind_t small_kinds[] = {
    {.name = "vae",
     .kind = "vae",
     .create = "hidden_dim=16 latent_dim=4",
     .other = "hidden_dim=16,8",
     .large = "hidden_dim=700,300",
     .train = "ema=0.5",
     .n_metrics = 4},
    /* batch norms, two optimizers with steps of their own, noise that fades */
    {.name = "gan",
     .kind = "gan",
     .create = "latent_dim=4 generator_width=2 discriminator_width=2",
     .other = "architecture=resnet",
     .large = "generator_width=40 discriminator_width=40",
     .train = "ema=0.5 discriminator_steps=2 instance_noise=0.2",
     .n_metrics = 7},
    /* spectral vectors, regularisers now and then */
    {.name = "gan resnet",
     .kind = "gan",
     .create = "architecture=resnet spectral_norm=true latent_dim=4 generator_width=2 discriminator_width=2",
     .other = "spectral_norm=false discriminator_width=3",
     .large = "generator_width=24 discriminator_width=24",
     .train = "ema=0.5 loss=hinge r1=0.5 gradient_penalty=1 regularise_every=3",
     .n_metrics = 7},
    {.name = NULL}};

const small_kind_t *small_kind = small_kinds;

int run_on_all_kinds_of(const struct CMUnitTest *tests, size_t n, int (*setup)(void **), int (*teardown)(void **))
{
    /* A build that others like it cover may leave out some: how many rows. */
    const char *most = getenv("AIGC_TEST_KINDS");
    const small_kind_t *end = small_kinds + (most ? atoi(most) : 1000);
    int failed = 0;
    for (small_kind = small_kinds; small_kind->name && small_kind < end; small_kind++)
        failed += _cmocka_run_group_tests(small_kind->name, tests, n, setup, teardown);
    small_kind = small_kinds;
    return failed;
}

bool small_world_begin_at(small_world_t *world, int threads, const char *cpu)
{
    aigc_options_t *options = NULL;
    memset(world, 0, sizeof *world);
    test_memory_init(&world->memory);
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_set_int(options, "threads", threads));
    check_ok(aigc_options_set_string(options, "cpu", cpu));
    const aigc_status_t status = aigc_context_create_with(&world->context, &world->memory.allocator, options);
    aigc_options_free(options);
    if (status == AIGC_ERROR_UNSUPPORTED) return false;
    check_ok(status);
    strcpy(world->folder, "/tmp/aigc-test-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    return true;
}

void small_world_begin(small_world_t *world, int threads) { assert_true(small_world_begin_at(world, threads, "auto")); }

void small_world_end(small_world_t *world)
{
    char command[128];
    aigc_context_free(world->context);
    assert_int_equal(world->memory.blocks, 0);
    assert_int_equal(world->memory.mistakes, 0);
    snprintf(command, sizeof command, "rm -rf '%s'", world->folder);
    assert_int_equal(system(command), 0);
}

/* A bright bar, upright in class 0 and lying in class 1, its place and brightness by the number. */
static uint8_t pixel(int64_t picture, int64_t y, int64_t x)
{
    const int64_t along = picture % 2 ? y : x, place = 1 + picture / 2 % 5;
    const int64_t value = along == place || along == place + 1 ? 255 - picture % 7 * 20 : picture % 3 * 15;
    return (uint8_t)value;
}

aigc_tensor_t *small_pictures(small_world_t *world, int64_t n)
{
    aigc_tensor_t *images = NULL;
    check_ok(aigc_tensor_create(&images, world->context, AIGC_DTYPE_U8, 4, (int64_t[]){n, WORLD_SIDE, WORLD_SIDE, 1}));
    uint8_t *data = aigc_tensor_data(images);
    for (int64_t i = 0; i < n * WORLD_PIXELS; i++)
        data[i] = pixel(i / WORLD_PIXELS, i % WORLD_PIXELS / WORLD_SIDE, i % WORLD_SIDE);
    return images;
}

aigc_tensor_t *small_labels(small_world_t *world, int64_t n)
{
    aigc_tensor_t *labels = NULL;
    check_ok(aigc_tensor_create(&labels, world->context, AIGC_DTYPE_I64, 1, &n));
    for (int64_t i = 0; i < n; i++) ((int64_t *)aigc_tensor_data(labels))[i] = i % 2;
    return labels;
}

aigc_dataset_t *small_dataset(small_world_t *world, int64_t n)
{
    aigc_dataset_t *dataset = NULL;
    aigc_tensor_t *images = small_pictures(world, n), *labels = small_labels(world, n);
    check_ok(aigc_dataset_create_array(&dataset, world->context, images, labels, NULL));
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    return dataset;
}

aigc_status_t small_model_create(aigc_model_t **model, aigc_context_t *context, const char *more)
{
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    /* Hidden layers have no effect beside convolutions, and are refused. */
    check_ok(aigc_options_parse(options, strstr(more, "architecture=conv") ? "latent_dim=4" : small_kind->create));
    check_ok(aigc_options_parse(options, more));
    const aigc_status_t status = aigc_model_create(model, context, small_kind->kind, options);
    aigc_options_free(options);
    return status;
}

aigc_model_t *small_model(small_world_t *world, const char *more)
{
    aigc_model_t *model = NULL;
    check_ok(small_model_create(&model, world->context, more));
    return model;
}

aigc_model_t *small_vae(small_world_t *world, const char *more)
{
    assert_ptr_equal(small_kind, small_kinds);
    return small_model(world, more);
}

const char *small_path(const small_world_t *world, const char *name)
{
    static char buffers[4][128];
    static unsigned next;
    char *buffer = buffers[next++ % 4];
    snprintf(buffer, sizeof buffers[0], "%s/%s", world->folder, name);
    return buffer;
}

aigc_options_t *small_options(const small_world_t *world, const char *text, const char *output)
{
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, text));
    if (output) check_ok(aigc_options_set_string(options, "output", small_path(world, output)));
    return options;
}

char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size + 1);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

int files_equal(const char *a, const char *b)
{
    size_t size_a = 0, size_b = 0;
    char *bytes_a = read_file(a, &size_a), *bytes_b = read_file(b, &size_b);
    assert_non_null(bytes_a);
    assert_non_null(bytes_b);
    const int equal = size_a == size_b && memcmp(bytes_a, bytes_b, size_a) == 0;
    free(bytes_a);
    free(bytes_b);
    return equal;
}

float *copy_parameters(aigc_model_t *model, size_t *n)
{
    float *all = NULL;
    aigc_tensor_t *tensor = NULL;
    *n = 0;
    for (size_t k = 0; aigc_model_parameter(model, k, NULL, &tensor) == AIGC_OK; k++) {
        uint64_t count = 0;
        check_ok(aigc_tensor_info(tensor, NULL, &count, NULL));
        all = realloc(all, (*n + count) * sizeof *all);
        memcpy(all + *n, aigc_tensor_data(tensor), count * sizeof *all);
        *n += count;
        aigc_tensor_release(tensor);
    }
    return all;
}
