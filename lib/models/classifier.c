#include "models/classifier.h"
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(aigc__classifier_config_t, member)

static const aigc__option_t create_rows[] = {
    {"height", AIGC__OPTION_INT, AT(height), "0", 0, AIGC__LARGEST_SIDE, NULL,
     "picture height in pixels (0: as the training data)"},
    {"width", AIGC__OPTION_INT, AT(width), "0", 0, AIGC__LARGEST_SIDE, NULL,
     "picture width in pixels (0: as the training data)"},
    {"channels", AIGC__OPTION_INT, AT(channels), "0", 0, 4, NULL, "1 gray, 3 RGB, 4 RGBA (0: as the training data)"},
    {"classes", AIGC__OPTION_INT, AT(classes), "0", 0, 65536, NULL, "classes (0: as the training data)"},
    {"widths", AIGC__OPTION_INTS, AT(widths), "32,64,96", 1, 4096, NULL,
     "channels of the convolutions; before each but the first the picture is halved"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL, "names the random initial parameters"},
};

#undef AT

static const size_t create_count = sizeof create_rows / sizeof *create_rows;

typedef struct encode_options {
    int64_t layer;
} encode_options_t;

enum { LAYER_FEATURES, LAYER_PROBABILITIES };

static const aigc__option_t encode_rows[] = {
    {"layer", AIGC__OPTION_CHOICE, offsetof(encode_options_t, layer), "features", 0, 0, "features|probabilities",
     "numbers that describe the picture, or how likely each class is"},
};
static const size_t encode_count = sizeof encode_rows / sizeof *encode_rows;

static const aigc__verb_table_t tables[] = {
    {"create", create_rows, &create_count},
    {"train", aigc__train_rows, &aigc__train_row_count},
    {"train", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"train_step", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"evaluate", aigc__classifier_evaluate_rows, &aigc__classifier_evaluate_row_count},
    {"encode", encode_rows, &encode_count},
    {"save", aigc__save_rows, &aigc__save_row_count},
    {"load_weights", aigc__load_weights_rows, &aigc__load_weights_row_count},
};

/* ---- the kind's row ---- */

static aigc_status_t create(aigc_model_t *model, const aigc_options_t *options)
{
    AIGC__TRY(aigc__memory_alloc_zeroed(&model->context->memory, sizeof(aigc__classifier_t), &model->network));
    aigc__classifier_config_t *config = &((aigc__classifier_t *)model->network)->config;
    AIGC__TRY(aigc__model_options(model, "create", options, (void *[]){config}, 1));
    if (config->channels == 2)
        return aigc__fail(AIGC_ERROR_OPTION, "option channels: pictures have 1, 3 or 4 channels, not 2");
    return aigc__keep_ints(&config->widths, "widths", "widths");
}

static void free_network(aigc_model_t *model)
{
    aigc__classifier_t *classifier = model->network;
    if (classifier == NULL) return;
    aigc__staging_free(model->context, &classifier->staging);
    aigc__memory_free(&model->context->memory, classifier);
}

static void *config(const aigc_model_t *model) { return &((aigc__classifier_t *)model->network)->config; }

static aigc__geometry_t geometry(const aigc_model_t *model)
{
    const aigc__classifier_config_t *c = config(model);
    return (aigc__geometry_t){c->height, c->width, c->channels, c->classes};
}

static void set_geometry(aigc_model_t *model, aigc__geometry_t to)
{
    aigc__classifier_config_t *c = config(model);
    c->height = to.height;
    c->width = to.width;
    c->channels = to.channels;
    c->classes = to.classes;
}

static int64_t code_width(const aigc_model_t *model) { return aigc__classifier_features(config(model)); }

static aigc_status_t declare(aigc_model_t *model, aigc__graph_t *graph)
{
    const aigc__classifier_config_t *c = config(model);
    aigc__plan_recipe_t recipe = {.n_fetches = 0};
    if (c->classes < 1)
        return aigc__fail(AIGC_ERROR_STATE, "a classifier needs pictures with class labels, or option classes");
    AIGC__TRY(aigc__classifier_plan(model, &(aigc__plan_key_t){AIGC__CLASSIFIER_MEASURE, 0, 1}, graph, &recipe));
    return aigc__graph_status(graph);
}

static aigc_status_t encode(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *images,
                            const aigc_tensor_t *labels, const aigc_options_t *options)
{
    encode_options_t given;
    aigc_tensor_t *made = NULL;
    const aigc__classifier_config_t *c = config(model);
    (void)labels;
    AIGC__TRY(aigc__model_options(model, "encode", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_build(model));
    const bool is_features = given.layer == LAYER_FEATURES;
    const aigc__transfer_t t = {
        .builder = aigc__classifier_plan,
        .verb = is_features ? AIGC__CLASSIFIER_FEATURES : AIGC__CLASSIFIER_PROBABILITIES,
        .feed = "images",
        .in_width = (size_t)(c->height * c->width * c->channels),
        .out_width = (size_t)(is_features ? aigc__classifier_features(c) : c->classes),
        .any_rows = is_features, /* convolutions are the same for each picture; products of rows are not */
        .staging = &((aigc__classifier_t *)model->network)->staging};
    AIGC__TRY(aigc__tensor_create_raw(&made, model->context, AIGC_DTYPE_F32, 2,
                                      (int64_t[]){images->shape[0], (int64_t)t.out_width}));
    const aigc_status_t status = aigc__transfer_images(model, &t, images, NULL, made->data);
    if (status == AIGC_OK)
        *out = made;
    else
        aigc__tensor_release(made);
    return status;
}

/* ---- memory ---- */

static aigc_status_t plan_memory(aigc_model_t *model, int32_t verb, size_t n, uint64_t *arena, uint64_t *own)
{
    return aigc__model_plan_bytes(model, &(aigc__plan_key_t){verb, 0, n}, aigc__classifier_plan, arena, own);
}

static aigc_status_t train_memory(aigc_model_t *model, const aigc_options_t *options, uint64_t *arena, uint64_t *own)
{
    enum { SMALL_THINGS = 1 << 19 }; /* plans and their making, lists, a file's buffer */
    const aigc__classifier_config_t *c = config(model);
    aigc__train_options_t given;
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){&given}, 1));
    const size_t n = given.batch_size > 0 ? (size_t)given.batch_size : 64;
    const uint64_t loader = 2 * n * ((uint64_t)(c->height * c->width * c->channels) * sizeof(float) + sizeof(int64_t));
    AIGC__TRY(plan_memory(model, AIGC__CLASSIFIER_TRAIN, n, arena, own));
    AIGC__TRY(
        plan_memory(model, AIGC__CLASSIFIER_TRAIN, n < 4 ? n : 4, arena, own)); /* a last batch may need as much */
    *own += loader + aigc__optimizer_bytes(model->store) + SMALL_THINGS;
    if (given.ema > 0) *own += aigc__store_elements(model->store) * sizeof(float);
    if (given.validation_split <= 0) return AIGC_OK;
    *own += loader;
    return plan_memory(model, AIGC__CLASSIFIER_MEASURE, n, arena, own);
}

static aigc_status_t memory(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes)
{
    uint64_t arena = 0, own = 0;
    AIGC__TRY(aigc__model_build(model));
    if (strcmp(verb, "train") == 0)
        AIGC__TRY(train_memory(model, options, &arena, &own));
    else if (strcmp(verb, "encode") == 0)
        AIGC__TRY(plan_memory(model, AIGC__CLASSIFIER_FEATURES, AIGC__CHUNK, &arena, &own));
    else
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "the memory of '%s' cannot be told; train and encode can", verb);
    *bytes = arena + own;
    return AIGC_OK;
}

const aigc__model_kind_t aigc__model_kind_classifier = {
    .name = "classifier",
    .help = "tells classes of pictures apart: a judge of generative models, and a feature space to measure them in",
    .tables = tables,
    .n_tables = sizeof tables / sizeof *tables,
    .metrics = aigc__classifier_metrics,
    .create = create,
    .free = free_network,
    .config = config,
    .geometry = geometry,
    .set_geometry = set_geometry,
    .declare = declare,
    .train = aigc__classifier_train,
    .train_step = aigc__classifier_train_step,
    .evaluate = aigc__classifier_evaluate,
    .code_width = code_width,
    .encode = encode,
    .memory = memory,
};
