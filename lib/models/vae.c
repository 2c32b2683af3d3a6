#include "models/vae.h"
#include "base/sizes.h"
#include "formats/weight_files.h"
#include "models/evaluation.h"
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(aigc__vae_config_t, member)

static const aigc__option_t create_rows[] = {
    {"height", AIGC__OPTION_INT, AT(height), "0", 0, AIGC__LARGEST_SIDE, NULL,
     "picture height in pixels (0: as the training data)"},
    {"width", AIGC__OPTION_INT, AT(width), "0", 0, AIGC__LARGEST_SIDE, NULL,
     "picture width in pixels (0: as the training data)"},
    {"channels", AIGC__OPTION_INT, AT(channels), "0", 0, 4, NULL, "1 gray, 3 RGB, 4 RGBA (0: as the training data)"},
    {"conditional", AIGC__OPTION_BOOL, AT(conditional), "false", 0, 0, NULL,
     "learn each class of the data apart, to generate by class"},
    {"classes", AIGC__OPTION_INT, AT(classes), "0", 0, 65536, NULL,
     "classes of a conditional model (0: as the training data)"},
    {"architecture", AIGC__OPTION_CHOICE, AT(architecture), "mlp", 0, 0, "mlp|conv",
     "layers that see all pixels at once, or convolutions"},
    {"hidden_dim", AIGC__OPTION_INTS, AT(hidden_dim), "400", 1, 65536, NULL,
     "mlp: widths of the hidden layers, in the encoder's order"},
    {"widths", AIGC__OPTION_INTS, AT(widths), "32,64,128,256", 1, 4096, NULL,
     "conv: channels after each halving of the picture, of which there are no more than it takes to come to 4 pixels"},
    {"latent_dim", AIGC__OPTION_INT, AT(latent_dim), "0", 0, 65536, NULL,
     "numbers that describe a picture (0: 20, or 64 with convolutions)"},
    {"loss", AIGC__OPTION_CHOICE, AT(loss), "bce", 0, 0, "bce|mse",
     "pixels as probabilities, or Gaussian around the output with deviation sigma"},
    {"sigma", AIGC__OPTION_FLOAT, AT(sigma), "0.1", 1e-3, 100, NULL,
     "mse: deviation; reconstruction is sum (x-y)^2 / (2 sigma^2) + D/2 log(2 pi sigma^2)"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL, "names the random initial parameters"},
};

#undef AT

static const size_t create_count = sizeof create_rows / sizeof *create_rows;

static const aigc__verb_table_t tables[] = {
    {"create", create_rows, &create_count},
    {"train", aigc__train_rows, &aigc__train_row_count},
    {"train", aigc__vae_train_rows, &aigc__vae_train_row_count},
    {"train", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"train_step", aigc__vae_train_step_rows, &aigc__vae_train_step_row_count},
    {"train_step", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"evaluate", aigc__vae_evaluate_rows, &aigc__vae_evaluate_row_count},
    {"evaluate", aigc__evaluate_rows, &aigc__evaluate_row_count},
    {"generate", aigc__generate_rows, &aigc__generate_row_count},
    {"interpolate", aigc__interpolate_rows, &aigc__interpolate_row_count},
    {"save", aigc__save_rows, &aigc__save_row_count},
    {"load_weights", aigc__load_weights_rows, &aigc__load_weights_row_count},
    {"encode", aigc__class_rows, &aigc__class_row_count},
    {"decode", aigc__class_rows, &aigc__class_row_count},
    {"reconstruct", aigc__class_rows, &aigc__class_row_count},
};

static const aigc__option_need_t needs[] = {
    {"hidden_dim", "architecture", "mlp"},
    {"widths", "architecture", "conv"},
    {"sigma", "loss", "mse"},
    {NULL, NULL, NULL},
};

/* ---- the kind's row: configuration ---- */

static aigc_status_t create(aigc_model_t *model, const aigc_options_t *options)
{
    AIGC__TRY(aigc__memory_alloc_zeroed(&model->context->memory, sizeof(aigc__vae_t), &model->network));
    aigc__vae_config_t *config = &((aigc__vae_t *)model->network)->config;
    AIGC__TRY(aigc__model_options(model, "create", options, (void *[]){config}, 1));
    AIGC__TRY(aigc__keep_ints(&config->hidden_dim, "hidden_dim", "widths"));
    AIGC__TRY(aigc__keep_ints(&config->widths, "widths", "widths"));
    if (config->channels == 2)
        return aigc__fail(AIGC_ERROR_OPTION, "option channels: pictures have 1, 3 or 4 channels, not 2");
    if (config->classes > 0) config->conditional = 1;
    if (config->latent_dim == 0) config->latent_dim = config->architecture == AIGC__VAE_CONV ? 64 : 20;
    return AIGC_OK;
}

static void free_network(aigc_model_t *model)
{
    aigc__vae_t *vae = model->network;
    if (vae == NULL) return;
    aigc__staging_free(model->context, &vae->staging);
    aigc__memory_free(&model->context->memory, vae);
}

static void *config(const aigc_model_t *model) { return &((aigc__vae_t *)model->network)->config; }

static aigc__geometry_t geometry(const aigc_model_t *model)
{
    const aigc__vae_config_t *c = &((const aigc__vae_t *)model->network)->config;
    return (aigc__geometry_t){c->height, c->width, c->channels, c->classes};
}

static void set_geometry(aigc_model_t *model, aigc__geometry_t to)
{
    aigc__vae_config_t *c = config(model);
    c->height = to.height;
    c->width = to.width;
    c->channels = to.channels;
    if (c->conditional) c->classes = to.classes;
}

static void latent_space(const aigc_model_t *model, aigc__latent_space_t *out)
{
    aigc__vae_t *vae = model->network;
    const aigc__vae_config_t *c = &vae->config;
    *out = (aigc__latent_space_t){.dim = c->latent_dim,
                                  .height = c->height,
                                  .width = c->width,
                                  .channels = c->channels,
                                  .classes = c->conditional ? c->classes : 0,
                                  .builder = aigc__vae_plan,
                                  .decode = AIGC__VAE_DECODE,
                                  .staging = &vae->staging};
}

static int64_t code_width(const aigc_model_t *model)
{
    return ((const aigc__vae_t *)model->network)->config.latent_dim;
}

static aigc_status_t declare(aigc_model_t *model, aigc__graph_t *graph)
{
    const aigc__vae_t *vae = model->network;
    if (vae->config.conditional && vae->config.classes < 1)
        return aigc__fail(AIGC_ERROR_STATE, "a conditional model needs data with class labels, or option classes");
    aigc__plan_recipe_t recipe = {.n_fetches = 0};
    AIGC__TRY(aigc__vae_plan(model, &(aigc__plan_key_t){AIGC__VAE_MEASURE, 0, 1}, graph, &recipe));
    return aigc__graph_status(graph);
}

/* A state dict of the classic network: the widths are in the shapes; the picture is a square, gray where
 * its number of pixels allows. */
static aigc_status_t recognise(const aigc_weights_t *file, aigc_options_t *options, bool *is_mine)
{
    const int64_t first = aigc__weights_find(file, "fc1.weight"), mean = aigc__weights_find(file, "fc21.weight");
    aigc__weights_entry_t fc1, fc21;
    if (first < 0 || mean < 0 || aigc__weights_find(file, "fc4.weight") < 0) return AIGC_OK;
    aigc__weights_entry(file, (size_t)first, &fc1);
    aigc__weights_entry(file, (size_t)mean, &fc21);
    if (fc1.rank != 2 || fc21.rank != 2) return AIGC_OK;
    int64_t channels = 0, side = 0;
    for (int64_t c = 1; c <= 3 && channels == 0; c += 2) {
        for (side = 1; side * side * c < fc1.shape[1];) side++;
        if (side * side * c == fc1.shape[1]) channels = c;
    }
    if (channels == 0) return AIGC_OK;
    const struct {
        const char *name;
        int64_t value;
    } set[] = {{"height", side},
               {"width", side},
               {"channels", channels},
               {"hidden_dim", fc1.shape[0]},
               {"latent_dim", fc21.shape[0]}};
    for (size_t k = 0; k < sizeof set / sizeof *set; k++)
        AIGC__TRY(aigc__options_set(options, set[k].name, AIGC__OPTION_INT, &set[k].value, 1));
    *is_mine = true;
    return AIGC_OK;
}

/* ---- the kind's row: memory ---- */

static uint64_t row_bytes(const aigc_model_t *model)
{
    return (uint64_t)aigc__vae_pixels(config(model)) * sizeof(float);
}

/* A verb's executors for full batches and for a last one of an unknown size, which may need more: products of few
 * rows are done in another way. */
static aigc_status_t batch_memory(aigc_model_t *model, int32_t verb, size_t n, uint64_t *arena, uint64_t *own)
{
    static const size_t few[] = {4, 16};
    uint64_t last = 0;
    AIGC__TRY(aigc__model_plan_bytes(model, &(aigc__plan_key_t){verb, 0, n}, aigc__vae_plan, arena, own));
    for (size_t k = 0; k < 2; k++) {
        uint64_t one = 0;
        const aigc__plan_key_t key = {verb, 0, few[k] < n ? few[k] : n};
        AIGC__TRY(aigc__model_plan_bytes(model, &key, aigc__vae_plan, arena, &one));
        if (one > last) last = one;
    }
    *own += last;
    return AIGC_OK;
}

/* Of a training on pictures in memory. */
static aigc_status_t train_memory(aigc_model_t *model, const aigc_options_t *options, uint64_t *arena, uint64_t *own)
{
    enum { SMALL_THINGS = 1 << 19 }; /* plans and their making, lists, a file's buffer */
    aigc__train_options_t given;
    AIGC__TRY(aigc__vae_train_options(model, options, (void *[]){&given}, 1));
    const size_t n = (size_t)given.batch_size;
    const uint64_t loader = 2 * n * (row_bytes(model) + sizeof(int64_t));
    AIGC__TRY(batch_memory(model, AIGC__VAE_TRAIN, n, arena, own));
    *own += loader + aigc__optimizer_bytes(model->store) + SMALL_THINGS;
    if (given.ema > 0) *own += aigc__store_elements(model->store) * sizeof(float);
    if (given.validation_split > 0) {
        AIGC__TRY(batch_memory(model, AIGC__VAE_MEASURE, n, arena, own));
        *own += loader;
    }
    if (given.quality > 0) AIGC__TRY(aigc__evaluate_bytes(model, (size_t)given.quality, own));
    if (given.samples > 0 || given.quality > 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__VAE_DECODE, arena, own));
        *own += 3 * (uint64_t)given.samples * row_bytes(model); /* pictures, their grid with its borders, its bytes */
    }
    return AIGC_OK;
}

static aigc_status_t memory(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes)
{
    uint64_t arena = 0, own = 0;
    AIGC__TRY(aigc__model_build(model));
    if (strcmp(verb, "train") == 0) {
        AIGC__TRY(train_memory(model, options, &arena, &own));
    } else if (strcmp(verb, "encode") == 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__VAE_ENCODE, &arena, &own));
    } else if (strcmp(verb, "decode") == 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__VAE_DECODE, &arena, &own));
    } else if (strcmp(verb, "generate") == 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__VAE_DECODE, &arena, &own));
        AIGC__TRY(aigc__generate_bytes(model, options, &own));
    } else {
        return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                          "the memory of '%s' cannot be told; train, generate, encode and decode can", verb);
    }
    *bytes = arena + own;
    return AIGC_OK;
}

const aigc__model_kind_t aigc__model_kind_vae = {
    .name = "vae",
    .help =
        "variational autoencoder: learns to compress pictures to a few numbers, and to make new ones from such numbers",
    .tables = tables,
    .n_tables = sizeof tables / sizeof *tables,
    .needs = needs,
    .metrics = aigc__vae_metrics,
    .create = create,
    .free = free_network,
    .config = config,
    .geometry = geometry,
    .set_geometry = set_geometry,
    .declare = declare,
    .latent_space = latent_space,
    .recognise = recognise,
    .train = aigc__vae_train,
    .train_step = aigc__vae_train_step,
    .evaluate = aigc__vae_evaluate,
    .generate = aigc__generate,
    .code_width = code_width,
    .encode = aigc__vae_encode,
    .decode = aigc__decode,
    .reconstruct = aigc__vae_reconstruct,
    .interpolate = aigc__interpolate,
    .memory = memory,
};
