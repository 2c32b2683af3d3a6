/* Model files that lie, and names that are odd: an error with a reason, and never more memory than the file can
 * prove. */
#include "base/runtime.h"
#include "formats/safetensors.h"
#include "models/network.h"
#include "small_world.h"
#include "support/unit.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files made by hand ---- */

enum { MOST = 24 };

typedef struct made {
    const char *metadata[4][2];
    size_t n_metadata, n;
    aigc__safetensors_part_t parts[MOST];
    int64_t shapes[MOST][2];
} made_t;

static const float numbers[4096];

static void add_part(made_t *made, const char *name, int64_t rows, int64_t columns)
{
    int64_t *shape = made->shapes[made->n];
    shape[0] = rows;
    shape[1] = columns;
    made->parts[made->n++] =
        (aigc__safetensors_part_t){name, AIGC_DTYPE_F32, columns ? 2 : 1, shape, numbers, AIGC_DTYPE_F32, NULL};
}

/* The parameters of a network 16-3-2, by the names of the classic one. */
static void add_classic(made_t *made)
{
    static const struct {
        const char *name;
        int64_t rows, columns;
    } all[] = {{"fc1.weight", 3, 16}, {"fc1.bias", 3, 0},  {"fc21.weight", 2, 3}, {"fc21.bias", 2, 0},
               {"fc22.weight", 2, 3}, {"fc22.bias", 2, 0}, {"fc3.weight", 3, 2},  {"fc3.bias", 3, 0},
               {"fc4.weight", 16, 3}, {"fc4.bias", 16, 0}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) add_part(made, all[k].name, all[k].rows, all[k].columns);
}

#define CLASSIC "{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[3],\"latent_dim\":2}"

static void add_metadata(made_t *made, const char *key, const char *value)
{
    made->metadata[made->n_metadata][0] = key;
    made->metadata[made->n_metadata++][1] = value;
}

static const char *write_made(small_world_t *world, const made_t *made)
{
    aigc__saver_t *saver = NULL;
    const char *path = small_path(world, "made.safetensors");
    check_ok(aigc__saver_begin(&saver, &world->context->memory, world->context->files, path));
    check_ok(aigc__safetensors_write(saver, world->context, made->parts, made->n, made->metadata, made->n_metadata));
    check_ok(aigc__saver_commit(saver));
    return path;
}

static aigc_status_t load_made(small_world_t *world, const made_t *made)
{
    aigc_model_t *model = NULL;
    const aigc_status_t status = aigc_model_load(&model, world->context, write_made(world, made), NULL);
    assert_int_equal(model != NULL, status == AIGC_OK);
    aigc_model_free(model);
    return status;
}

static void configurations_are_checked(void **state)
{
    static const struct {
        const char *config;
        aigc_status_t status;
        const char *part;
    } all[] = {
        {CLASSIC, AIGC_OK, ""},
        {"", AIGC_ERROR_CORRUPT, "JSON object"},
        {"[1,2]", AIGC_ERROR_CORRUPT, "JSON object"},
        {"{\"height\":4", AIGC_ERROR_CORRUPT, "JSON object"},
        {"{\"height\":4,\"height\":4}", AIGC_ERROR_CORRUPT, "JSON object"},
        {"{}", AIGC_ERROR_CORRUPT, "no image size"},
        {"{\"height\":{}}", AIGC_ERROR_CORRUPT, "'height'"},
        {"{\"height\":null}", AIGC_ERROR_CORRUPT, "'height'"},
        {"{\"height\":[4,\"4\"]}", AIGC_ERROR_CORRUPT, "'height'"},
        {"{\"height\":1e300}", AIGC_ERROR_CORRUPT, "'height'"},
        {"{\"height\":-4}", AIGC_ERROR_CORRUPT, "'height'"},
        {"{\"height\":5000}", AIGC_ERROR_CORRUPT, "4096"},
        {"{\"channels\":2}", AIGC_ERROR_CORRUPT, "channels"},
        {"{\"hidden_dim\":[]}", AIGC_ERROR_CORRUPT, "hidden_dim"},
        {"{\"hidden_dim\":[0]}", AIGC_ERROR_CORRUPT, "hidden_dim"},
        {"{\"hidden_dim\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
         "1,1,1,1,1,1,"
         "1,1,1,1,1,1,1,1,1,1,1,1,1]}",
         AIGC_ERROR_CORRUPT, "'hidden_dim'"},
        {"{\"loss\":\"hinge\"}", AIGC_ERROR_CORRUPT, "hinge"},
        {"{\"width\":4,\"wings\":2}", AIGC_ERROR_CORRUPT, "wings"},
        {"{\"\":2}", AIGC_ERROR_CORRUPT, "option name"},
        {"{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[3],\"latent_dim\":2,\"conditional\":true}",
         AIGC_ERROR_CORRUPT, "class"},
        {"{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[3],\"latent_dim\":3}", AIGC_ERROR_CORRUPT,
         "fc21.weight [2,3] for [3,3]"},
        {"{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[3,3],\"latent_dim\":2}", AIGC_ERROR_CORRUPT,
         "fc1_2.weight"},
    };
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        made_t made = {.n = 0};
        add_classic(&made);
        add_metadata(&made, "aigc.kind", "vae");
        add_metadata(&made, "aigc.config", all[k].config);
        if (all[k].status == AIGC_OK)
            check_ok(load_made(&world, &made));
        else
            check_failure(load_made(&world, &made), all[k].status, all[k].part);
    }
    made_t made = {.n = 0};
    add_classic(&made);
    add_metadata(&made, "aigc.kind", "oracle");
    add_metadata(&made, "aigc.config", CLASSIC);
    check_failure(load_made(&world, &made), AIGC_ERROR_UNSUPPORTED, "oracle");
    made.n_metadata = 1;
    made.metadata[0][1] = "vae";
    check_failure(load_made(&world, &made), AIGC_ERROR_CORRUPT, "no configuration");
    small_world_end(&world);
}

/* A state dict of another program: the classic network by its tensors alone. */
static void foreign_files_are_recognised(void **state)
{
    small_world_t world;
    made_t made = {.n = 0};
    (void)state;
    small_world_begin(&world, 1);
    add_classic(&made);
    check_ok(load_made(&world, &made));
    add_part(&made, "fc5.weight", 2, 2);
    check_failure(load_made(&world, &made), AIGC_ERROR_CORRUPT, "1 unexpected (fc5.weight)");
    made.n = 1;
    check_failure(load_made(&world, &made), AIGC_ERROR_UNSUPPORTED, "aigc_model_load_weights()");
    small_world_end(&world);
}

/* A few bytes claim a network of terabytes: refused before memory is taken for it. */
static void claims_are_proven_before_memory_is_taken(void **state)
{
    static const char *const claims[] = {
        "{\"height\":4096,\"width\":4096,\"channels\":4,\"hidden_dim\":[65536],\"latent_dim\":65536}",
        "{\"height\":512,\"width\":512,\"channels\":1,\"hidden_dim\":[1024],\"latent_dim\":2}",
        "{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[65536,65536,65536,65536,65536,65536,65536,65536,"
        "65536,65536,65536,65536,"
        "65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,"
        "65536,65536,65536,"
        "65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,65536,"
        "65536,65536,65536,"
        "65536,65536,65536,65536,65536,65536,65536,65536,65536,65536],\"latent_dim\":2}",
        "{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[3],\"latent_dim\":2,\"classes\":65536}",
    };
    (void)state;
    for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
        small_world_t world;
        made_t made = {.n = 0};
        uint64_t live = 0, peak = 0;
        struct stat info;
        small_world_begin(&world, 1);
        add_classic(&made);
        add_metadata(&made, "aigc.kind", "vae");
        add_metadata(&made, "aigc.config", claims[k]);
        check_ok(aigc_context_memory(world.context, &live, NULL));
        check_failure(load_made(&world, &made), AIGC_ERROR_CORRUPT, "fc1.weight [3,16] for");
        check_ok(aigc_context_memory(world.context, NULL, &peak));
        assert_int_equal(stat(small_path(&world, "made.safetensors"), &info), 0);
        assert_true(peak - live < (1 << 20) + 4 * (uint64_t)info.st_size);
        small_world_end(&world);
    }
}

static void thousands_of_names_are_counted_not_listed(void **state)
{
    enum { MANY = 30000 };
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    char(*names)[24] = calloc(MANY, sizeof *names);
    aigc__safetensors_part_t *parts = calloc(MANY, sizeof *parts);
    const int64_t none = 0;
    for (int k = 0; k < MANY; k++) {
        snprintf(names[k], sizeof names[k], "tensor%d", k);
        parts[k] = (aigc__safetensors_part_t){names[k], AIGC_DTYPE_F32, 1, &none, numbers, AIGC_DTYPE_F32, NULL};
    }
    aigc__saver_t *saver = NULL;
    const char *const metadata[][2] = {{"aigc.kind", "vae"}, {"aigc.config", CLASSIC}};
    check_ok(aigc__saver_begin(&saver, &world.context->memory, world.context->files,
                               small_path(&world, "many.safetensors")));
    check_ok(aigc__safetensors_write(saver, world.context, parts, MANY, metadata, 2));
    check_ok(aigc__saver_commit(saver));
    aigc_model_t *model = NULL;
    check_failure(aigc_model_load(&model, world.context, small_path(&world, "many.safetensors"), NULL),
                  AIGC_ERROR_CORRUPT, "10 missing");
    assert_non_null(strstr(aigc_last_error(), "30000 unexpected"));
    free(names);
    free(parts);
    small_world_end(&world);
}

/* ---- numbers ---- */

static void a_model_with_nan_is_refused_unless_asked_for(void **state)
{
    static float bad[48];
    small_world_t world;
    made_t made = {.n = 0};
    (void)state;
    small_world_begin(&world, 1);
    add_classic(&made);
    bad[47] = NAN;
    made.parts[8].data = bad; /* fc4.weight */
    check_failure(load_made(&world, &made), AIGC_ERROR_NUMERIC, "fc4.weight");
    aigc_model_t *model = NULL;
    aigc_options_t *options = small_options(&world, "finite=false", NULL);
    check_ok(aigc_model_load(&model, world.context, small_path(&world, "made.safetensors"), options));
    aigc_model_free(model);
    aigc_options_free(options);
    options = small_options(&world, "finish=false", NULL);
    check_failure(aigc_model_load(&model, world.context, small_path(&world, "made.safetensors"), options),
                  AIGC_ERROR_OPTION, "'finite'");
    aigc_options_free(options);
    small_world_end(&world);
}

static void half_precision_has_a_range(void **state)
{
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_model(&world, SMALL_SIZE), *loaded = NULL;
    aigc_options_t *half = small_options(&world, "dtype=f16", NULL), *brain = small_options(&world, "dtype=bf16", NULL);
    const char *path = small_path(&world, "half.safetensors");
    aigc__store_data(model->store, 2)[1] = 65519; /* rounds to 65504, the largest */
    check_ok(aigc_model_save(model, path, half));
    check_ok(aigc_model_load(&loaded, world.context, path, NULL));
    assert_true(aigc__store_data(loaded->store, 2)[1] == 65504);
    aigc__store_data(model->store, 2)[1] = -65520;
    check_failure(aigc_model_save(model, path, half), AIGC_ERROR_NUMERIC, "bf16");
    check_ok(aigc_model_save(model, path, brain));
    aigc_options_free(half);
    aigc_options_free(brain);
    aigc_model_free(loaded);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- classes ---- */

#define CONDITIONAL "{\"height\":4,\"width\":4,\"channels\":1,\"hidden_dim\":[3],\"latent_dim\":2,\"classes\":2}"

static aigc_status_t load_with_names(small_world_t *world, const char *names)
{
    made_t made = {.n = 0};
    add_classic(&made);
    made.shapes[0][1] = 18; /* the class beside the picture, and beside the latent */
    made.shapes[6][1] = 4;
    add_metadata(&made, "aigc.kind", "vae");
    add_metadata(&made, "aigc.config", CONDITIONAL);
    add_metadata(&made, "aigc.class_names", names);
    return load_made(world, &made);
}

static void class_names_are_checked(void **state)
{
    static const char *const bad[] = {
        "", "{}", "[1,2]", "[\"a\",null]", "[\"a\",\"b\",\"c\"]", "[\"a\"", "[[\"a\"],[\"b\"]]", "nonsense"};
    static const char *const good[] = {"[\"a\",\"b\"]",           "[\"a\"]",       "[]",
                                       "[\"a, b\",\"c\\\", d\"]", "[\"a\",\"a\"]", "[\"\\n\",\"\\u0007\"]"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        check_failure(load_with_names(&world, bad[k]), AIGC_ERROR_CORRUPT, "class names");
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) check_ok(load_with_names(&world, good[k]));
    small_world_end(&world);
}

/* Many values in a short text would be much memory: not more of them than classes are parsed. */
static void class_names_are_bounded(void **state)
{
    enum { MANY = 200000 };
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    char *text = malloc(2 * MANY + 2);
    for (size_t k = 0; k < MANY; k++) memcpy(text + 2 * k, k ? ",1" : "[1", 2);
    memcpy(text + 2 * MANY, "]", 2);
    check_failure(load_with_names(&world, text), AIGC_ERROR_CORRUPT, "more class names than the 2 classes");
    free(text);
    small_world_end(&world);
}

/* Folders by class, a gray picture in each. */
static aigc_dataset_t *folders(small_world_t *world, const char *root, const char *const *names, size_t n)
{
    aigc_dataset_t *dataset = NULL;
    aigc_tensor_t *picture = small_pictures(world, 1);
    char path[512];
    snprintf(path, sizeof path, "%s/%s", world->folder, root);
    assert_int_equal(mkdir(path, 0700), 0);
    for (size_t k = 0; k < n; k++) {
        snprintf(path, sizeof path, "%s/%s/%s", world->folder, root, names[k]);
        assert_int_equal(mkdir(path, 0700), 0);
        strcat(path, "/p.png");
        check_ok(aigc_image_write(picture, path, NULL));
    }
    snprintf(path, sizeof path, "%s/%s", world->folder, root);
    check_ok(aigc_dataset_create(&dataset, world->context, "folder", path, NULL));
    aigc_tensor_release(picture);
    return dataset;
}

static aigc_status_t train_briefly(small_world_t *world, aigc_model_t *model, aigc_dataset_t *data)
{
    aigc_options_t *options = small_options(world, "epochs=1", NULL);
    const aigc_status_t status = aigc_model_train(model, data, NULL, options, NULL, NULL);
    aigc_options_free(options);
    return status;
}

static aigc_status_t generate_class(small_world_t *world, aigc_model_t *model, const char *name)
{
    aigc_tensor_t *images = NULL;
    aigc_options_t *options = small_options(world, "", NULL);
    check_ok(aigc_options_set_string(options, "class", name));
    const aigc_status_t status = aigc_model_generate(&images, model, options);
    aigc_options_free(options);
    aigc_tensor_release(images);
    return status;
}

/* Saves and loads; the loaded one replaces the model. */
static void save_and_load(small_world_t *world, aigc_model_t **model)
{
    aigc_model_t *loaded = NULL;
    check_ok(aigc_model_save(*model, small_path(world, "s.safetensors"), NULL));
    check_ok(aigc_model_load(&loaded, world->context, small_path(world, "s.safetensors"), NULL));
    aigc_model_free(*model);
    *model = loaded;
}

static void odd_folder_names_become_printable(void **state)
{
    static const char *const names[] = {"caf\xc3\xa9", "\xff\xfe\x80", "two\nlines", "a\xcc"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_dataset_t *data = folders(&world, "odd", names, 4);
    aigc_model_t *model = small_model(&world, "conditional=true");
    check_ok(train_briefly(&world, model, data));
    save_and_load(&world, &model);
    check_ok(generate_class(&world, model, "caf\xc3\xa9"));
    check_ok(generate_class(&world, model, "\?\?\?"));
    check_ok(generate_class(&world, model, "two?lines"));
    check_ok(generate_class(&world, model, "3"));
    check_ok(train_briefly(&world, model, data)); /* the names still are the same */
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
}

static void a_class_does_not_become_another(void **state)
{
    static const char *const names[] = {"bed", "lamp", "sofa"}, *const fewer[] = {"bed", "lamp"},
                             *const other[] = {"bed", "sofa"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_dataset_t *data = folders(&world, "all", names, 3), *part = folders(&world, "part", fewer, 2),
                   *wrong = folders(&world, "wrong", other, 2);
    aigc_model_t *model = small_model(&world, "conditional=true");
    check_ok(train_briefly(&world, model, data));
    check_ok(train_briefly(&world, model, part));
    check_failure(train_briefly(&world, model, wrong), AIGC_ERROR_ARGUMENT,
                  "class 1 of the model is 'lamp', of the data 'sofa'");
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    if (model->kind->evaluate)
        check_failure(aigc_model_evaluate(model, wrong, NULL, &metrics, NULL, NULL), AIGC_ERROR_ARGUMENT, "'sofa'");
    aigc_options_t *options = small_options(&world, "epochs=1", NULL);
    check_failure(aigc_model_train(model, data, wrong, options, NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "for validation: class 1");
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    aigc_dataset_free(part);
    aigc_dataset_free(wrong);
    small_world_end(&world);
}

/* More classes than the data have: some have no name, and are called by number. */
static void classes_may_lack_names(void **state)
{
    static const char *const names[] = {"bed", "lamp"};
    small_world_t world;
    (void)state;
    small_world_begin(&world, 1);
    aigc_dataset_t *data = folders(&world, "two", names, 2);
    aigc_model_t *model = small_model(&world, "classes=5");
    check_ok(train_briefly(&world, model, data));
    save_and_load(&world, &model);
    check_ok(generate_class(&world, model, "lamp"));
    check_ok(generate_class(&world, model, "4"));
    check_failure(generate_class(&world, model, "5"), AIGC_ERROR_OPTION, "numbers 0 to 4 or by name");
    check_failure(generate_class(&world, model, "sofa"), AIGC_ERROR_OPTION, "'sofa'");
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
}

static void many_classes_come_back(void **state)
{
    enum { CLASSES = 700 };
    small_world_t world;
    aigc_dataset_t *data = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_tensor_t *images = small_pictures(&world, CLASSES), *labels = small_labels(&world, CLASSES);
    for (int64_t k = 0; k < CLASSES; k++) ((int64_t *)aigc_tensor_data(labels))[k] = k;
    check_ok(aigc_dataset_create_array(&data, world.context, images, labels, NULL));
    aigc_model_t *model = small_model(&world, "conditional=true");
    check_ok(train_briefly(&world, model, data));
    save_and_load(&world, &model);
    check_ok(generate_class(&world, model, "699"));
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    aigc_dataset_free(data);
    aigc_model_free(model);
    small_world_end(&world);
}

static void a_conditional_model_wants_labels_or_a_class(void **state)
{
    small_world_t world;
    aigc_tensor_t *with = NULL, *named = NULL, *copy = NULL, *out = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_vae(&world, "height=8 width=8 channels=1 classes=2");
    aigc_tensor_t *images = small_pictures(&world, 3), *labels = small_labels(&world, 3);
    for (int k = 0; k < 3; k++) ((int64_t *)aigc_tensor_data(labels))[k] = 1;
    aigc_options_t *options = small_options(&world, "class=1", NULL);
    check_failure(aigc_model_encode(&out, model, images, NULL, NULL), AIGC_ERROR_ARGUMENT, "labels");
    check_failure(aigc_model_reconstruct(&out, model, images, NULL, NULL), AIGC_ERROR_ARGUMENT, "labels");
    check_failure(aigc_model_encode(&out, model, images, labels, options), AIGC_ERROR_OPTION, "labels already");
    check_ok(aigc_model_encode(&with, model, images, labels, NULL));
    check_ok(aigc_model_encode(&named, model, images, NULL, options));
    assert_memory_equal(aigc_tensor_data(with), aigc_tensor_data(named), 12 * sizeof(float));
    check_failure(aigc_model_decode(&out, model, with, NULL, NULL), AIGC_ERROR_ARGUMENT, "labels");
    check_ok(aigc_model_decode(&copy, model, with, NULL, options));
    assert_null(out);
    aigc_options_free(options);
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    aigc_tensor_release(with);
    aigc_tensor_release(named);
    aigc_tensor_release(copy);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- the same model makes the same bytes ---- */

static void files_depend_on_nothing_but_the_model(void **state)
{
    small_world_t worlds[2];
    (void)state;
    for (int k = 0; k < 2; k++) {
        small_world_begin(&worlds[k], 1 + k);
        aigc_dataset_t *data = small_dataset(&worlds[k], 20);
        aigc_model_t *model = small_model(&worlds[k], "conditional=true");
        check_ok(train_briefly(&worlds[k], model, data));
        check_ok(aigc_model_save(model, small_path(&worlds[k], "m.safetensors"), NULL));
        save_and_load(&worlds[k], &model);
        check_ok(aigc_model_save(model, small_path(&worlds[k], "again.safetensors"), NULL));
        aigc_model_free(model);
        aigc_dataset_free(data);
        sleep(k == 0 && small_kind == small_kinds); /* another second */
    }
    assert_true(files_equal(small_path(&worlds[0], "m.safetensors"), small_path(&worlds[1], "m.safetensors")));
    assert_true(files_equal(small_path(&worlds[0], "m.safetensors"), small_path(&worlds[0], "again.safetensors")));
    for (int k = 0; k < 2; k++) small_world_end(&worlds[k]);
}

static void sizes_a_file_could_not_hold_are_refused(void **state)
{
    small_world_t world;
    aigc_tensor_t *image = NULL;
    (void)state;
    small_world_begin(&world, 1);
    aigc_model_t *model = small_model(&world, "");
    check_ok(aigc_tensor_create(&image, world.context, AIGC_DTYPE_U8, 4, (int64_t[]){1, 4097, 1, 1}));
    check_failure(aigc_model_train_step(model, image, NULL, NULL, NULL), AIGC_ERROR_LIMIT, "4097x1");
    aigc_tensor_release(image);
    image = small_pictures(&world, 2);
    check_ok(aigc_model_train_step(model, image, NULL, NULL, NULL)); /* the model took nothing over */
    aigc_tensor_release(image);
    aigc_model_free(model);
    small_world_end(&world);
}

/* ---- files of models, edited ---- */

/* A saved model's file, to be written again with changes. */
typedef struct edited {
    small_world_t world;
    aigc_model_t *model;
    char *bytes, path[128];
    size_t size;
    uint64_t header;
} edited_t;

static void edit_begin(edited_t *e)
{
    memset(e, 0, sizeof *e);
    small_world_begin(&e->world, 1);
    e->model = small_model(&e->world, SMALL_SIZE);
    snprintf(e->path, sizeof e->path, "%s/e.safetensors", e->world.folder);
    check_ok(aigc_model_save(e->model, e->path, NULL));
    e->bytes = read_file(e->path, &e->size);
    memcpy(&e->header, e->bytes, sizeof e->header);
}

static void edit_end(edited_t *e)
{
    free(e->bytes);
    aigc_model_free(e->model);
    small_world_end(&e->world);
}

static aigc_status_t load_edited(edited_t *e, size_t size)
{
    aigc_model_t *loaded = NULL;
    FILE *file = fopen(e->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(e->bytes, 1, size, file), size);
    fclose(file);
    const aigc_status_t status = aigc_model_load(&loaded, e->world.context, e->path, NULL);
    assert_int_equal(loaded != NULL, status == AIGC_OK);
    aigc_model_free(loaded);
    return status;
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    edited_t e;
    (void)state;
    edit_begin(&e);
    for (size_t size = 0; size < e.size; size += size < 16 ? 1 : e.size / 97)
        /* of less than the header's size and its first byte nobody knows what it was */
        check_failure(load_edited(&e, size), size < 9 ? AIGC_ERROR_UNSUPPORTED : AIGC_ERROR_CORRUPT, e.path);
    check_failure(load_edited(&e, e.size - 1), AIGC_ERROR_CORRUPT, e.path);
    check_ok(load_edited(&e, e.size));
    edit_end(&e);
}

/* The last letter of each tensor's name, the first digit of its shape, and its first number. */
static void a_tensor_with_another_name_shape_or_nan_is_named(void **state)
{
    static const char mark[] = "\":{\"dtype\"";
    edited_t e;
    size_t tried = 0;
    (void)state;
    edit_begin(&e);
    char *const end = e.bytes + 8 + e.header;
    for (char *at = strstr(e.bytes + 8, mark); at && at < end; at = strstr(at + 1, mark), tried++) {
        char *shape = strstr(at, "\"shape\":[") + 9;
        const char kept = at[-1], digit = *shape;
        if (strncmp(at - 19, "num_batches_tracked", 19) == 0) continue; /* old files have none */
        at[-1] = kept == 'X' ? 'Y' : 'X';
        check_failure(load_edited(&e, e.size), AIGC_ERROR_CORRUPT, "1 missing");
        assert_non_null(strstr(aigc_last_error(), "1 unexpected"));
        at[-1] = kept;
        *shape = digit == '9' ? '8' : (char)(digit + 1);
        assert_int_equal(load_edited(&e, e.size), AIGC_ERROR_CORRUPT);
        *shape = digit;
        const size_t first = strtoul(strstr(at, "\"data_offsets\":[") + 16, NULL, 10);
        char *const number = e.bytes + 8 + e.header + first, name[128] = {0};
        const char *begin = at;
        while (begin[-1] != '"') begin--;
        memcpy(name, begin, (size_t)(at - begin));
        float good, bad = NAN;
        memcpy(&good, number, sizeof good);
        memcpy(number, &bad, sizeof bad);
        check_failure(load_edited(&e, e.size), AIGC_ERROR_NUMERIC, name);
        memcpy(number, &good, sizeof good);
    }
    assert_true(tried >= 8);
    check_ok(load_edited(&e, e.size));
    edit_end(&e);
}

/* Numbers of the configuration, each with another first digit: another network, or none. */
static void an_edited_configuration_is_no_other_network(void **state)
{
    edited_t e;
    size_t refused = 0;
    (void)state;
    edit_begin(&e);
    char *at = strstr(e.bytes + 8, "aigc.config"), *const end = strstr(at, "}\"");
    for (; at < end; at++) {
        const char digit = *at;
        if (digit < '0' || digit > '9' || at[-1] == '.' || (at[-1] >= '0' && at[-1] <= '9')) continue;
        *at = digit == '9' ? '1' : (char)(digit + 1);
        const aigc_status_t status = load_edited(&e, e.size);
        assert_true(status == AIGC_OK || status == AIGC_ERROR_CORRUPT); /* a seed or another loss does no harm */
        refused += status != AIGC_OK;
        *at = digit;
    }
    assert_true(refused >= 4);
    edit_end(&e);
}

/* One message lists all; nothing changes. */
static void weights_of_another_network_are_listed(void **state)
{
    edited_t e;
    char more[160];
    size_t n = 0;
    (void)state;
    edit_begin(&e);
    snprintf(more, sizeof more, "%s %s", SMALL_SIZE, small_kind->other);
    aigc_model_t *other = small_model(&e.world, more);
    float *before = copy_parameters(other, &n);
    check_failure(aigc_model_load_weights(other, e.path, NULL), AIGC_ERROR_CORRUPT, " missing (");
    assert_non_null(strstr(aigc_last_error(), " unexpected ("));
    assert_non_null(strstr(aigc_last_error(), e.path));
    float *after = copy_parameters(other, &n);
    assert_memory_equal(before, after, n * sizeof *after);
    free(before);
    free(after);
    aigc_model_free(other);
    edit_end(&e);
}

/* A file of a few hundred bytes that claims the largest network its kind can be. */
static void claims_of_any_kind_are_proven_first(void **state)
{
    static const char *const claims[] = {
        "{\"height\":4096,\"width\":4096,\"channels\":4,\"latent_dim\":65536}",
        "{\"height\":1,\"width\":1,\"channels\":1,\"latent_dim\":1,\"classes\":65536,\"hidden_dim\":[65536,65536]}"};
    (void)state;
    for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
        small_world_t world;
        made_t made = {.n = 0};
        uint64_t live = 0, peak = 0;
        small_world_begin(&world, 1);
        add_part(&made, "fc1.weight", 3, 16);
        add_metadata(&made, "aigc.kind", small_kind->kind);
        add_metadata(&made, "aigc.config", claims[k]);
        check_ok(aigc_context_memory(world.context, &live, NULL));
        assert_int_equal(load_made(&world, &made), AIGC_ERROR_CORRUPT);
        check_ok(aigc_context_memory(world.context, NULL, &peak));
        assert_true(peak - live < 2 << 20);
        small_world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest of_vaes[] = {
        cmocka_unit_test(configurations_are_checked),
        cmocka_unit_test(foreign_files_are_recognised),
        cmocka_unit_test(claims_are_proven_before_memory_is_taken),
        cmocka_unit_test(thousands_of_names_are_counted_not_listed),
        cmocka_unit_test(a_model_with_nan_is_refused_unless_asked_for),
        cmocka_unit_test(class_names_are_checked),
        cmocka_unit_test(class_names_are_bounded),
        cmocka_unit_test(a_conditional_model_wants_labels_or_a_class),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_precision_has_a_range),
        cmocka_unit_test(odd_folder_names_become_printable),
        cmocka_unit_test(a_class_does_not_become_another),
        cmocka_unit_test(classes_may_lack_names),
        cmocka_unit_test(many_classes_come_back),
        cmocka_unit_test(files_depend_on_nothing_but_the_model),
        cmocka_unit_test(sizes_a_file_could_not_hold_are_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_tensor_with_another_name_shape_or_nan_is_named),
        cmocka_unit_test(an_edited_configuration_is_no_other_network),
        cmocka_unit_test(weights_of_another_network_are_listed),
        cmocka_unit_test(claims_of_any_kind_are_proven_first),
    };
    return cmocka_run_group_tests(of_vaes, NULL, NULL) + run_on_all_kinds(tests);
}
