/* One step of a VAE, and measuring it: what the training service asks of a kind. */
#include "models/evaluation.h"
#include "models/vae.h"
#include <stddef.h>
#include <string.h>

/* Of train and train_step, beside the common ones. */
typedef struct step_options {
    double beta;
    aigc_tensor_t *noise;
    int64_t seed;
} step_options_t;

const aigc__option_t aigc__vae_train_rows[] = {
    {"beta", AIGC__OPTION_FLOAT, offsetof(step_options_t, beta), "1", 0, 1e6, NULL,
     "weight of the KL term in the loss"},
};

const aigc__option_t aigc__vae_train_step_rows[] = {
    {"beta", AIGC__OPTION_FLOAT, offsetof(step_options_t, beta), "1", 0, 1e6, NULL,
     "weight of the KL term in the loss"},
    {"noise", AIGC__OPTION_TENSOR, offsetof(step_options_t, noise), "", 0, 0, NULL,
     "f32 [n,latent_dim] used instead of drawn numbers"},
    {"seed", AIGC__OPTION_INT, offsetof(step_options_t, seed), "0", 0, 9e18, NULL,
     "names the drawn numbers, together with the step"},
};

typedef struct evaluate_options {
    int64_t batch_size;
} evaluate_options_t;

const aigc__option_t aigc__vae_evaluate_rows[] = {
    {"batch_size", AIGC__OPTION_INT, offsetof(evaluate_options_t, batch_size), "128", 1, 65536, NULL,
     "pictures at a time whose losses are measured"},
};

const size_t aigc__vae_train_row_count = sizeof aigc__vae_train_rows / sizeof *aigc__vae_train_rows;
const size_t aigc__vae_train_step_row_count = sizeof aigc__vae_train_step_rows / sizeof *aigc__vae_train_step_rows;
const size_t aigc__vae_evaluate_row_count = sizeof aigc__vae_evaluate_rows / sizeof *aigc__vae_evaluate_rows;

/* Of a step: the first three are fetches of the plans. */
enum { LOSS, RECONSTRUCTION, KL, LOSSES, GRADIENT_NORM = LOSSES };
const char *const aigc__vae_metrics[] = {"loss", "reconstruction", "kl", "gradient_norm", NULL};

static void put_losses(const aigc__executor_t *executor, aigc_metrics_t *metrics)
{
    for (size_t k = 0; k < LOSSES; k++)
        aigc__metrics_put(metrics, aigc__vae_metrics[k], (double)*(const float *)aigc__executor_fetch(executor, k));
}

static aigc_status_t feed_batch(aigc_model_t *model, aigc__executor_t *executor, const float *images,
                                const int64_t *labels, size_t n)
{
    aigc__vae_t *vae = model->network;
    AIGC__TRY(aigc__executor_set_feed(executor, "images", images));
    AIGC__TRY(aigc__executor_set_feed(executor, "beta", &vae->beta));
    if (!vae->config.conditional) return AIGC_OK;
    for (size_t i = 0; i < n; i++) vae->staging.labels[i] = (int32_t)labels[i];
    return aigc__executor_set_feed(executor, "labels", vae->staging.labels);
}

/* Staging for so many pictures and labels. */
static aigc_status_t reserve(aigc_model_t *model, size_t pictures, size_t labels)
{
    aigc__vae_t *vae = model->network;
    return aigc__staging_reserve(model->context, &vae->staging, pictures * (size_t)aigc__vae_pixels(&vae->config),
                                 vae->config.conditional ? labels : 0);
}

/* The executor of a plan for n pictures, fed. */
static aigc_status_t prepare(aigc_model_t *model, const aigc__plan_key_t *key, const float *images,
                             const int64_t *labels, aigc__executor_t **out)
{
    AIGC__TRY(aigc__check_labels(model, labels, key->n));
    AIGC__TRY(reserve(model, 0, key->n));
    AIGC__TRY(aigc__model_executor(model, key, aigc__vae_plan, out));
    return feed_batch(model, *out, images, labels, key->n);
}

/* Which numbers made the loss NaN or infinite. */
static aigc_status_t name_bad_loss(const aigc_model_t *model, const float *images, const float *noise, size_t n)
{
    const aigc__kernels_t *kernels = model->context->kernels;
    const aigc__vae_config_t *config = &((const aigc__vae_t *)model->network)->config;
    if (!kernels->all_finite(images, n * (size_t)aigc__vae_pixels(config)))
        return aigc__fail(AIGC_ERROR_NUMERIC, "the pictures of the batch have NaN or infinite values");
    if (noise && !kernels->all_finite(noise, n * (size_t)config->latent_dim))
        return aigc__fail(AIGC_ERROR_NUMERIC, "the noise has NaN or infinite values");
    if (aigc__model_check_finite(model, true, aigc__store_block(model->store)) != AIGC_OK)
        return aigc__fail_within(AIGC_ERROR_NUMERIC, "parameter ");
    return aigc__fail(AIGC_ERROR_NUMERIC, "the loss is not finite although pictures and parameters are");
}

/* Steps beyond 32 bits have random numbers of their own too. */
static uint64_t seed_of(uint64_t seed, uint64_t step) { return seed ^ (step >> 32) * 0x9e3779b97f4a7c15u; }

/* One optimizer step; `noise` NULL: drawn. */
static aigc_status_t learn(aigc_model_t *model, const float *images, const int64_t *labels, const float *noise,
                           size_t n, uint64_t step, aigc_metrics_t *metrics)
{
    const aigc__vae_t *vae = model->network;
    const aigc__plan_key_t key = {AIGC__VAE_TRAIN, noise ? AIGC__VAE_FED_NOISE : AIGC__VAE_DRAWN_NOISE, n};
    aigc__executor_t *executor = NULL;
    double norm = 0;
    AIGC__TRY(prepare(model, &key, images, labels, &executor));
    if (noise) AIGC__TRY(aigc__executor_set_feed(executor, "noise", noise));
    AIGC__TRY(aigc__take_gradients(model, executor, LOSSES, 0));
    AIGC__TRY(aigc__executor_run(executor, seed_of(vae->seed, step), (uint32_t)step));
    const float loss = *(const float *)aigc__executor_fetch(executor, LOSS);
    if (loss - loss != 0) return name_bad_loss(model, images, noise, n);
    AIGC__TRY(aigc__optimizer_step(model->optimizer, 0, &vae->settings, &norm));
    aigc__executor_commit(executor, model->average, aigc__optimizer_decay(model->optimizer, 0));
    model->parameters_version++;
    put_losses(executor, metrics);
    aigc__metrics_put(metrics, aigc__vae_metrics[GRADIENT_NORM], norm);
    return AIGC_OK;
}

static aigc_status_t step(void *user, const float *images, const int64_t *labels, size_t n, uint64_t number,
                          aigc_metrics_t *metrics)
{
    return learn(user, images, labels, NULL, n, number, metrics);
}

/* Random numbers of measurements are of a seed of their own, the same every time. */
static aigc_status_t measure(void *user, const float *images, const int64_t *labels, size_t n, uint64_t batch,
                             aigc_metrics_t *metrics)
{
    aigc_model_t *model = user;
    const aigc__vae_t *vae = model->network;
    const aigc__plan_key_t key = {AIGC__VAE_MEASURE, 0, n};
    aigc__executor_t *executor = NULL;
    AIGC__TRY(prepare(model, &key, images, labels, &executor));
    AIGC__TRY(aigc__executor_run(executor, seed_of(vae->seed ^ 0x6d656173757265, batch), (uint32_t)batch));
    put_losses(executor, metrics);
    return AIGC_OK;
}

static aigc_status_t begin(void *user, uint64_t total_steps)
{
    aigc__schedule_t *schedule = &((aigc__vae_t *)((aigc_model_t *)user)->network)->settings.schedule;
    if (schedule->total == 0) schedule->total = (int64_t)total_steps;
    return aigc__schedule_check(schedule);
}

static aigc__trainee_t trainee_of(aigc_model_t *model)
{
    return (aigc__trainee_t){.step = step, .measure = measure, .preview = aigc__preview, .begin = begin, .user = model};
}

/* A step of convolutions costs much the same for each picture, however few there are, and many small steps learn
 * more than few large ones; products of matrices need many rows to be fast. */
aigc_status_t aigc__vae_train_options(const aigc_model_t *model, const aigc_options_t *options, void *const *records,
                                      size_t n_records)
{
    const aigc__vae_config_t *config = &((const aigc__vae_t *)model->network)->config;
    aigc__train_options_t *common = records[0];
    AIGC__TRY(aigc__model_options(model, "train", options, records, n_records));
    if (common->batch_size == 0) common->batch_size = config->architecture == AIGC__VAE_CONV ? 16 : 128;
    return AIGC_OK;
}

aigc_status_t aigc__vae_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                              const aigc_options_t *options, aigc_progress_fn progress, void *user)
{
    aigc__vae_t *vae = model->network;
    aigc__train_options_t given;
    step_options_t own;
    const aigc__trainee_t trainee = trainee_of(model);
    AIGC__TRY(aigc__vae_train_options(model, options, (void *[]){&given, &own, &vae->settings}, 3));
    vae->beta = (float)own.beta;
    vae->seed = (uint64_t)given.seed;
    return aigc__train(model, dataset, validation, &given, &trainee, progress, user);
}

aigc_status_t aigc__vae_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                   const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc__vae_t *vae = model->network;
    step_options_t own;
    const size_t n = (size_t)images->shape[0];
    AIGC__TRY(aigc__model_options(model, "train_step", options, (void *[]){&own, &vae->settings}, 2));
    AIGC__TRY(aigc__schedule_check(&vae->settings.schedule));
    vae->beta = (float)own.beta;
    vae->seed = (uint64_t)own.seed;
    if (own.noise && (own.noise->dtype != AIGC_DTYPE_F32 || own.noise->count != n * (size_t)vae->config.latent_dim))
        return aigc__fail(AIGC_ERROR_OPTION, "option noise: an f32 tensor [%zu,%d] is needed", n,
                          (int)vae->config.latent_dim);
    if (model->optimizer == NULL)
        AIGC__TRY(aigc__optimizer_create(&model->optimizer, model->context, model->store, NULL, 0));
    if (images->dtype != AIGC_DTYPE_F32) AIGC__TRY(reserve(model, n, 0));
    return learn(model, aigc__staged_images(model, &vae->staging, images, 0, n, (size_t)aigc__vae_pixels(&vae->config)),
                 labels ? labels->data : NULL, own.noise ? own.noise->data : NULL, n,
                 aigc__optimizer_steps(model->optimizer, 0), metrics);
}

aigc_status_t aigc__vae_evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                                 aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    aigc__vae_t *vae = model->network;
    evaluate_options_t given;
    aigc__evaluate_options_t common = {.is_repeated = false};
    aigc_metrics_t distances = {.struct_size = sizeof distances};
    const aigc__trainee_t trainee = trainee_of(model);
    AIGC__TRY(aigc__model_options(model, "evaluate", options, (void *[]){&given, &common}, 2));
    AIGC__TRY(aigc__model_fit_dataset(model, dataset));
    vae->beta = 1;
    vae->seed = (uint64_t)common.seed;
    /* First what reads the options: a callback may free them. */
    AIGC__TRY(aigc__evaluate_samples(model, dataset, &common, &distances, progress, user));
    AIGC__TRY(aigc__measure(model, dataset, (size_t)given.batch_size, &trainee, "evaluate", metrics, progress, user));
    aigc__metrics_accumulate(metrics, &distances, 1);
    memcpy(metrics->space, distances.space, sizeof metrics->space);
    return AIGC_OK;
}
