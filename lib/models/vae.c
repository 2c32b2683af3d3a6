#include "models/vae.h"
#include "base/sizes.h"
#include "formats/safetensors.h"
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(aigc__vae_config_t, member)

static const aigc__option_t create_rows[] = {
    {"height", AIGC__OPTION_INT, AT(height), "0", 0, 4096, NULL, "picture height in pixels (0: as the training data)"},
    {"width", AIGC__OPTION_INT, AT(width), "0", 0, 4096, NULL, "picture width in pixels (0: as the training data)"},
    {"channels", AIGC__OPTION_INT, AT(channels), "0", 0, 4, NULL, "1 gray, 3 RGB, 4 RGBA (0: as the training data)"},
    {"conditional", AIGC__OPTION_BOOL, AT(conditional), "false", 0, 0, NULL, "learn each class of the data apart, to generate by class"},
    {"classes", AIGC__OPTION_INT, AT(classes), "0", 0, 65536, NULL, "classes of a conditional model (0: as the training data)"},
    {"hidden_dim", AIGC__OPTION_INTS, AT(hidden_dim), "400", 1, 65536, NULL, "widths of the hidden layers, in the encoder's order"},
    {"latent_dim", AIGC__OPTION_INT, AT(latent_dim), "20", 1, 65536, NULL, "numbers that describe a picture"},
    {"loss", AIGC__OPTION_CHOICE, AT(loss), "bce", 0, 0, "bce|mse", "pixels as probabilities, or Gaussian around the output with deviation sigma"},
    {"sigma", AIGC__OPTION_FLOAT, AT(sigma), "0.1", 1e-3, 100, NULL, "mse: deviation; reconstruction is sum (x-y)^2 / (2 sigma^2) + D/2 log(2 pi sigma^2)"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL, "names the random initial parameters"},
};

#undef AT

/* Of train and train_step, beside the common ones. */
typedef struct step_options {
    double beta;
    aigc_tensor_t *noise;
    int64_t seed;
} step_options_t;

static const aigc__option_t train_rows[] = {
    {"beta", AIGC__OPTION_FLOAT, offsetof(step_options_t, beta), "1", 0, 1e6, NULL, "weight of the KL term in the loss"},
};

static const aigc__option_t train_step_rows[] = {
    {"beta", AIGC__OPTION_FLOAT, offsetof(step_options_t, beta), "1", 0, 1e6, NULL, "weight of the KL term in the loss"},
    {"noise", AIGC__OPTION_TENSOR, offsetof(step_options_t, noise), "", 0, 0, NULL, "f32 [n,latent_dim] used instead of drawn numbers"},
    {"seed", AIGC__OPTION_INT, offsetof(step_options_t, seed), "0", 0, 9e18, NULL, "names the drawn numbers, together with the step"},
};

typedef struct evaluate_options {
    int64_t batch_size, seed;
} evaluate_options_t;

static const aigc__option_t evaluate_rows[] = {
    {"batch_size", AIGC__OPTION_INT, offsetof(evaluate_options_t, batch_size), "128", 1, 65536, NULL, "pictures at a time"},
    {"seed", AIGC__OPTION_INT, offsetof(evaluate_options_t, seed), "0", 0, 9e18, NULL, "names the random numbers"},
};

static const size_t create_count = sizeof create_rows / sizeof *create_rows;
static const size_t train_count = sizeof train_rows / sizeof *train_rows;
static const size_t train_step_count = sizeof train_step_rows / sizeof *train_step_rows;
static const size_t evaluate_count = sizeof evaluate_rows / sizeof *evaluate_rows;

static const aigc__verb_table_t tables[] = {
    {"create", create_rows, &create_count},
    {"train", aigc__train_rows, &aigc__train_row_count},
    {"train", train_rows, &train_count},
    {"train", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"train_step", train_step_rows, &train_step_count},
    {"train_step", aigc__optimizer_rows, &aigc__optimizer_row_count},
    {"evaluate", evaluate_rows, &evaluate_count},
    {"generate", aigc__vae_generate_rows, &aigc__vae_generate_row_count},
    {"interpolate", aigc__vae_interpolate_rows, &aigc__vae_interpolate_row_count},
    {"save", aigc__save_rows, &aigc__save_row_count},
    {"load_weights", aigc__load_weights_rows, &aigc__load_weights_row_count},
    {"encode", NULL, &aigc__no_rows},
    {"decode", NULL, &aigc__no_rows},
    {"reconstruct", NULL, &aigc__no_rows},
};

aigc_status_t aigc__vae_reserve(aigc_model_t *model, size_t n)
{
    aigc__vae_t *vae = model->network;
    aigc__memory_t *memory = &model->context->memory;
    const size_t pixels = (size_t)aigc__vae_pixels(&vae->config), latent = (size_t)vae->config.latent_dim;
    size_t bytes = 0;
    void *images = NULL, *labels = NULL;
    if (n <= vae->capacity) return AIGC_OK;
    AIGC__TRY(aigc__bytes_of(n, (pixels > latent ? pixels : latent) * sizeof(float), &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &images));
    const aigc_status_t status = aigc__memory_alloc(memory, n * sizeof(int32_t), &labels);
    if (status != AIGC_OK) {
        aigc__memory_free(memory, images);
        return status;
    }
    aigc__memory_free(memory, vae->images);
    aigc__memory_free(memory, vae->labels);
    vae->images = images;
    vae->labels = labels;
    vae->capacity = n;
    return AIGC_OK;
}

const float *aigc__vae_images(aigc_model_t *model, const aigc_tensor_t *images, size_t first, size_t n)
{
    const aigc__vae_t *vae = model->network;
    const size_t pixels = (size_t)aigc__vae_pixels(&vae->config);
    if (images->dtype == AIGC_DTYPE_F32) return (const float *)images->data + first * pixels;
    model->context->kernels->u8_to_f32(vae->images, (const uint8_t *)images->data + first * pixels, n * pixels);
    return vae->images;
}

/* ---- the kind's row: configuration ---- */

static aigc_status_t create(aigc_model_t *model, const aigc_options_t *options)
{
    AIGC__TRY(aigc__memory_alloc_zeroed(&model->context->memory, sizeof(aigc__vae_t), &model->network));
    aigc__vae_config_t *config = &((aigc__vae_t *)model->network)->config;
    AIGC__TRY(aigc__model_options(model, "create", options, (void *[]){config}, 1));
    aigc__ints_t *hidden = &config->hidden_dim; /* kept longer than the options it may point into */
    if (hidden->n == 0 || hidden->n > sizeof hidden->own / sizeof *hidden->own)
        return aigc__fail(AIGC_ERROR_OPTION, "option hidden_dim: give 1 to 64 widths");
    memmove(hidden->own, hidden->values, hidden->n * sizeof *hidden->own);
    hidden->values = hidden->own;
    if (config->channels == 2) return aigc__fail(AIGC_ERROR_OPTION, "option channels: pictures have 1, 3 or 4 channels, not 2");
    if (config->classes > 0) config->conditional = 1;
    return AIGC_OK;
}

static void free_network(aigc_model_t *model)
{
    aigc__vae_t *vae = model->network;
    if (vae == NULL) return;
    aigc__memory_free(&model->context->memory, vae->images);
    aigc__memory_free(&model->context->memory, vae->labels);
    aigc__memory_free(&model->context->memory, vae);
}

static void *config(aigc_model_t *model) { return &((aigc__vae_t *)model->network)->config; }

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
static bool recognise(const aigc__safetensors_t *file, aigc_options_t *options)
{
    const int64_t first = aigc__safetensors_find(file, "fc1.weight"), mean = aigc__safetensors_find(file, "fc21.weight");
    if (first < 0 || mean < 0 || aigc__safetensors_find(file, "fc4.weight") < 0) return false;
    const aigc__safetensors_entry_t *fc1 = aigc__safetensors_entry(file, (size_t)first);
    const aigc__safetensors_entry_t *fc21 = aigc__safetensors_entry(file, (size_t)mean);
    if (fc1->rank != 2 || fc21->rank != 2) return false;
    int64_t channels = 0, side = 0;
    for (int64_t c = 1; c <= 3 && channels == 0; c += 2)
        for (side = 1; side * side * c <= fc1->shape[1]; side++)
            if (side * side * c == fc1->shape[1]) {
                channels = c;
                break;
            }
    const struct { const char *name; int64_t value; } set[] = {
        {"height", side}, {"width", side}, {"channels", channels}, {"hidden_dim", fc1->shape[0]}, {"latent_dim", fc21->shape[0]}};
    for (size_t k = 0; k < sizeof set / sizeof *set; k++)
        if (aigc__options_set(options, set[k].name, AIGC__OPTION_INT, &set[k].value, 1) != AIGC_OK) return false;
    return channels > 0;
}

/* ---- the kind's row: training ---- */

enum { LOSS, RECONSTRUCTION, KL, LOSSES };

static void put_losses(const aigc__executor_t *executor, aigc_metrics_t *metrics)
{
    static const char *const names[LOSSES] = {"loss", "reconstruction", "kl"};
    for (size_t k = 0; k < LOSSES; k++)
        aigc__metrics_put(metrics, names[k], (double)*(const float *)aigc__executor_fetch(executor, k));
}

static aigc_status_t feed_batch(aigc_model_t *model, aigc__executor_t *executor, const float *images, const int64_t *labels, size_t n)
{
    aigc__vae_t *vae = model->network;
    AIGC__TRY(aigc__executor_set_feed(executor, "images", images));
    AIGC__TRY(aigc__executor_set_feed(executor, "beta", &vae->beta));
    if (!vae->config.conditional) return AIGC_OK;
    if (labels == NULL) return aigc__fail(AIGC_ERROR_ARGUMENT, "a conditional model needs labels");
    for (size_t i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= vae->config.classes)
            return aigc__fail(AIGC_ERROR_ARGUMENT, "label %zu is %lld; the model knows classes 0 to %d", i, (long long)labels[i],
                              (int)vae->config.classes - 1);
        vae->labels[i] = (int32_t)labels[i];
    }
    return aigc__executor_set_feed(executor, "labels", vae->labels);
}

/* Which numbers made the loss NaN or infinite. */
static aigc_status_t name_bad_loss(aigc_model_t *model, const float *images, size_t n)
{
    const aigc__kernels_t *kernels = model->context->kernels;
    if (!kernels->all_finite(images, n * (size_t)aigc__vae_pixels(config(model))))
        return aigc__fail(AIGC_ERROR_NUMERIC, "the pictures of the batch have NaN or infinite values");
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
        if (!kernels->all_finite(aigc__store_data(model->store, k), parameter->count))
            return aigc__fail(AIGC_ERROR_NUMERIC, "parameter %s has NaN or infinite values", parameter->name);
    }
    return aigc__fail(AIGC_ERROR_NUMERIC, "the loss is not finite although pictures and parameters are");
}

/* One optimizer step; `noise` NULL: drawn. */
static aigc_status_t learn(aigc_model_t *model, const float *images, const int64_t *labels, const float *noise, size_t n,
                           uint64_t step, aigc_metrics_t *metrics)
{
    aigc__vae_t *vae = model->network;
    const aigc__plan_key_t key = {AIGC__VAE_TRAIN, noise ? AIGC__VAE_FED_NOISE : AIGC__VAE_DRAWN_NOISE, n};
    aigc__executor_t *executor = NULL;
    double norm = 0;
    AIGC__TRY(aigc__vae_reserve(model, n));
    AIGC__TRY(aigc__model_executor(model, &key, aigc__vae_plan, &executor));
    AIGC__TRY(feed_batch(model, executor, images, labels, n));
    if (noise) AIGC__TRY(aigc__executor_set_feed(executor, "noise", noise));
    for (size_t k = 0; k < aigc__store_count(model->store); k++)
        AIGC__TRY(aigc__executor_set_fetch(executor, LOSSES + k, aigc__optimizer_gradient(model->optimizer, k)));
    AIGC__TRY(aigc__executor_run(executor, vae->seed, (uint32_t)step));
    const float loss = *(const float *)aigc__executor_fetch(executor, LOSS);
    if (loss - loss != 0) return name_bad_loss(model, images, n);
    AIGC__TRY(aigc__optimizer_step(model->optimizer, &vae->settings, &norm));
    model->parameters_version++;
    put_losses(executor, metrics);
    aigc__metrics_put(metrics, "gradient_norm", norm);
    return AIGC_OK;
}

static aigc_status_t step(void *user, const float *images, const int64_t *labels, size_t n, uint64_t number, aigc_metrics_t *metrics)
{
    return learn(user, images, labels, NULL, n, number, metrics);
}

/* Random numbers of measurements are of a seed of their own, the same every time. */
static aigc_status_t measure(void *user, const float *images, const int64_t *labels, size_t n, uint64_t batch, aigc_metrics_t *metrics)
{
    aigc_model_t *model = user;
    const aigc__vae_t *vae = model->network;
    const aigc__plan_key_t key = {AIGC__VAE_MEASURE, 0, n};
    aigc__executor_t *executor = NULL;
    AIGC__TRY(aigc__vae_reserve(model, n));
    AIGC__TRY(aigc__model_executor(model, &key, aigc__vae_plan, &executor));
    AIGC__TRY(feed_batch(model, executor, images, labels, n));
    AIGC__TRY(aigc__executor_run(executor, vae->seed ^ 0x6d656173757265, (uint32_t)batch));
    put_losses(executor, metrics);
    return AIGC_OK;
}

static void begin(void *user, uint64_t total_steps)
{
    aigc__vae_t *vae = ((aigc_model_t *)user)->network;
    if (vae->settings.schedule.total == 0) vae->settings.schedule.total = (int64_t)total_steps;
}

static aigc__trainee_t trainee_of(aigc_model_t *model)
{
    return (aigc__trainee_t){.step = step, .measure = measure, .preview = aigc__vae_preview, .begin = begin, .user = model};
}

static aigc_status_t train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                           const aigc_options_t *options, aigc_progress_fn progress, void *user)
{
    aigc__vae_t *vae = model->network;
    aigc__train_options_t given;
    step_options_t own;
    const aigc__trainee_t trainee = trainee_of(model);
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){&given, &own, &vae->settings}, 3));
    vae->beta = (float)own.beta;
    vae->seed = (uint64_t)given.seed;
    return aigc__train(model, dataset, validation, &given, &trainee, progress, user);
}

static aigc_status_t train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc__vae_t *vae = model->network;
    step_options_t own;
    const size_t n = (size_t)images->shape[0];
    AIGC__TRY(aigc__model_options(model, "train_step", options, (void *[]){&own, &vae->settings}, 2));
    vae->beta = (float)own.beta;
    vae->seed = (uint64_t)own.seed;
    if (own.noise && (own.noise->dtype != AIGC_DTYPE_F32 || own.noise->count != n * (size_t)vae->config.latent_dim))
        return aigc__fail(AIGC_ERROR_OPTION, "option noise: an f32 tensor [%zu,%d] is needed", n, (int)vae->config.latent_dim);
    if (model->optimizer == NULL)
        AIGC__TRY(aigc__optimizer_create(&model->optimizer, model->context, model->store, model->average, 0));
    AIGC__TRY(aigc__vae_reserve(model, n));
    return learn(model, aigc__vae_images(model, images, 0, n), labels ? labels->data : NULL, own.noise ? own.noise->data : NULL, n,
                 aigc__optimizer_steps(model->optimizer), metrics);
}

static aigc_status_t evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                              aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    aigc__vae_t *vae = model->network;
    evaluate_options_t given;
    const aigc__trainee_t trainee = trainee_of(model);
    AIGC__TRY(aigc__model_options(model, "evaluate", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_fit_dataset(model, dataset));
    vae->beta = 1;
    vae->seed = (uint64_t)given.seed;
    return aigc__measure(model, dataset, (size_t)given.batch_size, &trainee, "evaluate", metrics, progress, user);
}

/* ---- the kind's row: memory ---- */

static aigc_status_t memory(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes)
{
    const aigc__vae_t *vae = model->network;
    const uint64_t row = (uint64_t)aigc__vae_pixels(&vae->config) * sizeof(float);
    const bool trains = strcmp(verb, "train") == 0, encodes = strcmp(verb, "encode") == 0, generates = strcmp(verb, "generate") == 0;
    aigc__plan_key_t key = {encodes ? AIGC__VAE_ENCODE : AIGC__VAE_DECODE, 0, AIGC__VAE_CHUNK};
    aigc__train_options_t given;
    uint64_t extra = AIGC__VAE_CHUNK * row;
    if (!trains && !encodes && !generates && strcmp(verb, "decode") != 0)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "the memory of '%s' cannot be told; train, generate, encode and decode can", verb);
    AIGC__TRY(aigc__model_build(model));
    if (trains) {
        AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){&given}, 1));
        key = (aigc__plan_key_t){AIGC__VAE_TRAIN, AIGC__VAE_DRAWN_NOISE, (size_t)given.batch_size};
        extra = aigc__optimizer_bytes(model->store) + 3 * (uint64_t)given.batch_size * row;
    }
    AIGC__TRY(aigc__model_plan_bytes(model, &key, aigc__vae_plan, bytes));
    *bytes += extra;
    return AIGC_OK;
}

const aigc__model_kind_t aigc__model_kind_vae = {
    .name = "vae",
    .help = "variational autoencoder: learns to compress pictures to a few numbers, and to make new ones from such numbers",
    .tables = tables,
    .n_tables = sizeof tables / sizeof *tables,
    .create = create,
    .free = free_network,
    .config = config,
    .geometry = geometry,
    .set_geometry = set_geometry,
    .declare = declare,
    .recognise = recognise,
    .train = train,
    .train_step = train_step,
    .evaluate = evaluate,
    .generate = aigc__vae_generate,
    .encode = aigc__vae_encode,
    .decode = aigc__vae_decode,
    .reconstruct = aigc__vae_reconstruct,
    .interpolate = aigc__vae_interpolate,
    .memory = memory,
};
