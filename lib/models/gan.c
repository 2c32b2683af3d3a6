#include "models/gan.h"
#include "formats/weight_files.h"
#include "models/evaluation.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(aigc__gan_config_t, member)

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
    {"architecture", AIGC__OPTION_CHOICE, AT(architecture), "dcgan", 0, 0, "dcgan|mlp|resnet",
     "convolutions, layers that see all pixels at once (for small data), or residual blocks"},
    {"latent_dim", AIGC__OPTION_INT, AT(latent_dim), "100", 1, 65536, NULL, "numbers a picture is made from"},
    {"generator_width", AIGC__OPTION_INT, AT(generator_width), "0", 0, 1024, NULL,
     "dcgan, resnet: channels of the generator at full size; up to 8 times as many at small sizes (0: 64 of pictures "
     "up "
     "to 32 pixels a side, 32 up to 128, else 16)"},
    {"discriminator_width", AIGC__OPTION_INT, AT(discriminator_width), "0", 0, 1024, NULL,
     "the same of the discriminator, after the first halving"},
    {"hidden_dim", AIGC__OPTION_INTS, AT(hidden_dim), "256,256", 1, 65536, NULL,
     "mlp: widths of the generator's hidden layers; the discriminator has them the other way round"},
    {"discriminator_norm", AIGC__OPTION_CHOICE, AT(discriminator_norm), "batch", 0, 0, "batch|none",
     "dcgan: the discriminator's norm; none suits gradient penalties and few pictures"},
    {"spectral_norm", AIGC__OPTION_BOOL, AT(spectral_norm), "false", 0, 0, NULL,
     "divide the discriminator's weights by their largest singular value"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL, "names the random initial parameters"},
};

#undef AT

static const size_t create_count = sizeof create_rows / sizeof *create_rows;

static const aigc__verb_table_t tables[] = {
    {"create", create_rows, &create_count},
    {"train", aigc__train_rows, &aigc__train_row_count},
    {"train", aigc__gan_game_rows, &aigc__gan_game_row_count},
    {"train", aigc__gan_train_rows, &aigc__gan_train_row_count},
    {"train", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"train_step", aigc__gan_game_rows, &aigc__gan_game_row_count},
    {"train_step", aigc__gan_train_step_rows, &aigc__gan_train_step_row_count},
    {"train_step", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"evaluate", aigc__evaluate_rows, &aigc__evaluate_row_count},
    {"generate", aigc__generate_rows, &aigc__generate_row_count},
    {"interpolate", aigc__interpolate_rows, &aigc__interpolate_row_count},
    {"decode", aigc__class_rows, &aigc__class_row_count},
    {"save", aigc__save_rows, &aigc__save_row_count},
    {"load_weights", aigc__load_weights_rows, &aigc__load_weights_row_count},
};

static const aigc__option_need_t needs[] = {
    {"generator_width", "architecture", "dcgan|resnet"},
    {"discriminator_width", "architecture", "dcgan|resnet"},
    {"hidden_dim", "architecture", "mlp"},
    {"discriminator_norm", "architecture", "dcgan"},
    {"label_smoothing", "loss", "logistic|minimax|least-squares"},
    {NULL, NULL, NULL},
};

/* ---- configuration ---- */

static aigc__gan_config_t *config_of(const aigc_model_t *model) { return &((aigc__gan_t *)model->network)->config; }

/* Widths that were not given, once the size of the pictures is known: with each doubling of the sides at the same width
 * a step takes four times as long, and with half the width a quarter of it. They are part of the configuration then. */
static void settle_widths(aigc__gan_t *gan)
{
    aigc__gan_config_t *c = &gan->config;
    const int64_t side = c->height > c->width ? c->height : c->width;
    const int64_t chosen = c->height == 0 || c->width == 0 ? 0 : side <= 32 ? 64 : side <= 128 ? 32 : 16;
    c->generator_width = gan->asked_width[AIGC__GAN_GENERATOR] ? gan->asked_width[AIGC__GAN_GENERATOR] : chosen;
    c->discriminator_width =
        gan->asked_width[AIGC__GAN_DISCRIMINATOR] ? gan->asked_width[AIGC__GAN_DISCRIMINATOR] : chosen;
}

static aigc_status_t create(aigc_model_t *model, const aigc_options_t *options)
{
    AIGC__TRY(aigc__memory_alloc_zeroed(&model->context->memory, sizeof(aigc__gan_t), &model->network));
    aigc__gan_config_t *config = config_of(model);
    AIGC__TRY(aigc__model_options(model, "create", options, (void *[]){config}, 1));
    AIGC__TRY(aigc__keep_ints(&config->hidden_dim, "hidden_dim", "widths"));
    if (config->channels == 2)
        return aigc__fail(AIGC_ERROR_OPTION, "option channels: pictures have 1, 3 or 4 channels, not 2");
    if (config->classes > 0) config->conditional = 1;
    aigc__gan_t *gan = model->network;
    gan->asked_width[AIGC__GAN_GENERATOR] = config->generator_width;
    gan->asked_width[AIGC__GAN_DISCRIMINATOR] = config->discriminator_width;
    settle_widths(gan);
    return AIGC_OK;
}

static void free_network(aigc_model_t *model)
{
    aigc__gan_t *gan = model->network;
    if (gan == NULL) return;
    aigc__staging_free(model->context, &gan->staging);
    aigc__memory_free(&model->context->memory, gan->undo);
    aigc__memory_free(&model->context->memory, gan);
}

static void *config(const aigc_model_t *model) { return config_of(model); }

static aigc__geometry_t geometry(const aigc_model_t *model)
{
    const aigc__gan_config_t *c = config_of(model);
    return (aigc__geometry_t){c->height, c->width, c->channels, c->classes};
}

static void set_geometry(aigc_model_t *model, aigc__geometry_t to)
{
    aigc__gan_config_t *c = config_of(model);
    c->height = to.height;
    c->width = to.width;
    c->channels = to.channels;
    if (c->conditional) c->classes = to.classes;
    settle_widths(model->network);
}

static void latent_space(const aigc_model_t *model, aigc__latent_space_t *out)
{
    aigc__gan_t *gan = model->network;
    const aigc__gan_config_t *c = &gan->config;
    *out = (aigc__latent_space_t){.dim = c->latent_dim,
                                  .height = c->height,
                                  .width = c->width,
                                  .channels = c->channels,
                                  .classes = c->conditional ? c->classes : 0,
                                  .builder = aigc__gan_plan,
                                  .decode = AIGC__GAN_DECODE,
                                  .any_rows = c->architecture == AIGC__GAN_DCGAN,
                                  .staging = &gan->staging};
}

/* Halving what has no 4 pixels leaves nothing to learn from. */
static aigc_status_t check_sides(const aigc__gan_config_t *c)
{
    enum { LEAST = 4 };
    if (c->architecture == AIGC__GAN_MLP || c->height >= LEAST || c->width >= LEAST) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT,
                      "pictures of %lldx%lld (height, width) are too small for architecture %s, which halves them: a "
                      "side must have at least %d pixels; use architecture=mlp",
                      (long long)c->height, (long long)c->width,
                      c->architecture == AIGC__GAN_DCGAN ? "dcgan" : "resnet", LEAST);
}

/* The discriminator's parameters, then the generator's. */
static aigc_status_t declare(aigc_model_t *model, aigc__graph_t *graph)
{
    const aigc__gan_config_t *c = config_of(model);
    const int64_t one = 1;
    if (c->conditional && c->classes < 1)
        return aigc__fail(AIGC_ERROR_STATE, "a conditional model needs data with class labels, or option classes");
    AIGC__TRY(check_sides(c));
    const aigc__id_t labels = c->conditional ? aigc__feed(graph, "labels", AIGC_DTYPE_I32, aigc__shape_of(1, &one)) : 0;
    const aigc__id_t pictures = aigc__feed(graph, "pictures", AIGC_DTYPE_F32,
                                           aigc__shape_of(4, (int64_t[]){1, c->height, c->width, c->channels}));
    const aigc__id_t latents =
        aigc__feed(graph, "latents", AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){1, c->latent_dim}));
    aigc__gan_discriminator(graph, model->store, c, pictures, labels, false);
    aigc__store_next_part(model->store);
    aigc__gan_generator(graph, model->store, c, latents, labels, false);
    return aigc__graph_status(graph);
}

/* Tensor "main.<index>.weight" of a bare file; false: there is none of that rank. */
static bool find_layer(const aigc_weights_t *file, size_t index, uint32_t rank, aigc__weights_entry_t *out)
{
    char name[32];
    snprintf(name, sizeof name, "main.%zu.weight", index);
    const int64_t place = aigc__weights_find(file, name);
    if (place < 0) return false;
    aigc__weights_entry(file, (size_t)place, out);
    return out->rank == rank;
}

/* The state dict of a DCGAN's generator: a norm follows its first layer, and every third layer doubles the sides. */
static aigc_status_t recognise(const aigc_weights_t *file, aigc_options_t *options, bool *is_mine)
{
    aigc__weights_entry_t first, norm, last = {.rank = 0};
    size_t stages = 0;
    if (!find_layer(file, 0, 4, &first) || !find_layer(file, 1, 1, &norm)) return AIGC_OK;
    while (stages < 10 && find_layer(file, 3 * (stages + 1), 4, &last)) stages++;
    if (stages == 0) return AIGC_OK;
    const struct {
        const char *name;
        int64_t value;
    } set[] = {{"height", first.shape[2] << stages},
               {"width", first.shape[3] << stages},
               {"channels", last.shape[1]},
               {"latent_dim", first.shape[0]},
               {"generator_width", last.shape[0]}};
    for (size_t k = 0; k < sizeof set / sizeof *set; k++)
        AIGC__TRY(aigc__options_set(options, set[k].name, AIGC__OPTION_INT, &set[k].value, 1));
    *is_mine = true;
    return AIGC_OK;
}

static const char *const players[] = {"generator.", "discriminator.", NULL};

/* ---- memory ---- */

/* A plan that a batch is run by. The last batch of an epoch has another number of pictures, and so plans and executors
 * of its own, which are no larger; the arena is the same. */
static aigc_status_t batch_memory(aigc_model_t *model, int32_t verb, size_t n, uint64_t *arena, uint64_t *own)
{
    const uint64_t live = model->context->memory.live;
    uint64_t executor = 0;
    AIGC__TRY(
        aigc__model_plan_bytes(model, &(aigc__plan_key_t){verb, AIGC__GAN_DRAWN, n}, aigc__gan_plan, arena, &executor));
    *own += 2 * executor + (model->context->memory.live - live);
    return AIGC_OK;
}

static aigc_status_t train_memory(aigc_model_t *model, const aigc_options_t *options, uint64_t *arena, uint64_t *own)
{
    enum { SMALL_THINGS = 1 << 19 }; /* the making of plans, lists, a file's buffer */
    aigc__train_options_t given;
    AIGC__TRY(aigc__gan_train_options(model, options, &given));
    aigc__model_forget_plans(model); /* so that what they take is seen */
    const aigc__gan_t *gan = model->network;
    const bool regularises = aigc__gan_regularises(&gan->objective);
    const size_t n = (size_t)given.batch_size;
    const uint64_t picture = (uint64_t)aigc__gan_pixels(config_of(model)) * sizeof(float);
    const uint64_t loader = 2 * gan->updates * n * (picture + sizeof(int64_t));
    if (!regularises || gan->objective.lazy > 1) AIGC__TRY(batch_memory(model, AIGC__GAN_LEARN, n, arena, own));
    if (regularises) AIGC__TRY(batch_memory(model, AIGC__GAN_LEARN_REGULARISED, n, arena, own));
    AIGC__TRY(batch_memory(model, AIGC__GAN_FOLLOW, n, arena, own));
    if (given.validation_split > 0) {
        AIGC__TRY(batch_memory(model, AIGC__GAN_MEASURE, gan->updates * n, arena, own));
        *own += loader;
    }
    *own += loader + aigc__optimizer_bytes(model->store) + SMALL_THINGS;
    *own += aigc__gan_undo_floats(model) * sizeof(float);
    if (given.ema > 0) *own += aigc__store_elements(model->store) * sizeof(float);
    if (given.quality > 0) AIGC__TRY(aigc__evaluate_bytes(model, (size_t)given.quality, own));
    if (given.samples > 0 || given.quality > 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__GAN_DECODE, arena, own));
        *own += 3 * (uint64_t)given.samples * picture; /* pictures, their grid with its borders, its bytes */
    }
    return AIGC_OK;
}

static aigc_status_t memory(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes)
{
    uint64_t arena = 0, own = 0;
    AIGC__TRY(aigc__model_build(model));
    if (strcmp(verb, "train") == 0) {
        AIGC__TRY(train_memory(model, options, &arena, &own));
    } else if (strcmp(verb, "decode") == 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__GAN_DECODE, &arena, &own));
    } else if (strcmp(verb, "generate") == 0) {
        AIGC__TRY(aigc__chunk_memory(model, AIGC__GAN_DECODE, &arena, &own));
        AIGC__TRY(aigc__generate_bytes(model, options, &own));
    } else {
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "the memory of '%s' cannot be told; train, generate and decode can",
                          verb);
    }
    *bytes = arena + own;
    return AIGC_OK;
}

const aigc__model_kind_t aigc__model_kind_gan = {
    .name = "gan",
    .help =
        "generative adversarial network: one network learns to make pictures that another cannot tell from real ones",
    .tables = tables,
    .n_tables = sizeof tables / sizeof *tables,
    .needs = needs,
    .metrics = aigc__gan_metrics,
    .players = players,
    .create = create,
    .free = free_network,
    .config = config,
    .geometry = geometry,
    .set_geometry = set_geometry,
    .declare = declare,
    .latent_space = latent_space,
    .recognise = recognise,
    .train = aigc__gan_train,
    .train_step = aigc__gan_train_step,
    .evaluate = aigc__evaluate,
    .generate = aigc__generate,
    .decode = aigc__decode,
    .interpolate = aigc__interpolate,
    .memory = memory,
};
