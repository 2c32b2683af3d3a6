#include "models/vae.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include <stdio.h>

int64_t aigc__vae_pixels(const aigc__vae_config_t *config) { return config->height * config->width * config->channels; }

/* "fc1", "fc1_2", "fc1_3", ...: the classic name, then the further hidden layers. */
static const char *layer_name(char name[32], const char *first, size_t index)
{
    if (index == 0)
        snprintf(name, 32, "%s", first);
    else
        snprintf(name, 32, "%s_%zu", first, index + 1);
    return name;
}

aigc__id_t aigc__vae_with_class(aigc__graph_t *graph, const aigc__vae_config_t *config, aigc__id_t x, aigc__id_t labels)
{
    if (!config->conditional) return x;
    return aigc__concat(graph, (aigc__id_t[]){x, aigc__one_hot(graph, labels, config->classes)}, 2, 1);
}

aigc__vae_codes_t aigc__vae_encoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                                    aigc__id_t images, aigc__id_t labels, bool training)
{
    if (config->architecture == AIGC__VAE_CONV)
        return aigc__vae_conv_encoder(graph, store, config, images, labels, training);
    char name[32];
    aigc__id_t h = aigc__vae_with_class(graph, config, images, labels);
    for (size_t k = 0; k < config->hidden_dim.n; k++)
        h = aigc__relu(graph, aigc__linear(graph, store, layer_name(name, "fc1", k), h, config->hidden_dim.values[k]));
    return (aigc__vae_codes_t){aigc__linear(graph, store, "fc21", h, config->latent_dim),
                               aigc__linear(graph, store, "fc22", h, config->latent_dim)};
}

aigc__id_t aigc__vae_decoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                             aigc__id_t latents, aigc__id_t labels, bool training)
{
    if (config->architecture == AIGC__VAE_CONV)
        return aigc__vae_conv_decoder(graph, store, config, latents, labels, training);
    char name[32];
    const size_t layers = config->hidden_dim.n;
    aigc__id_t h = aigc__vae_with_class(graph, config, latents, labels);
    for (size_t k = 0; k < layers; k++)
        h = aigc__relu(graph, aigc__linear(graph, store, layer_name(name, "fc3", k), h,
                                           config->hidden_dim.values[layers - 1 - k]));
    return aigc__linear(graph, store, "fc4", h, aigc__vae_pixels(config));
}

aigc__id_t aigc__vae_reconstruction(aigc__graph_t *graph, const aigc__vae_config_t *config, aigc__id_t logits,
                                    aigc__id_t images)
{
    if (config->loss == AIGC__VAE_BCE) return aigc__bce_with_logits(graph, logits, images);
    return aigc__gaussian_nll(graph, aigc__sigmoid(graph, logits), images, config->sigma);
}

/* ---- plans ---- */

static aigc__id_t feed_labels(aigc__graph_t *graph, const aigc__vae_config_t *config, int64_t n)
{
    return config->conditional ? aigc__feed(graph, "labels", AIGC_DTYPE_I32, aigc__shape_of(1, &n)) : 0;
}

static aigc__id_t feed_matrix(aigc__graph_t *graph, const char *name, int64_t rows, int64_t columns)
{
    return aigc__feed(graph, name, AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){rows, columns}));
}

/* z = mean + noise * exp(log_variance / 2): the random draw outside the path of the gradients. */
static aigc__id_t reparameterise(aigc__graph_t *graph, aigc__vae_codes_t codes, aigc__id_t noise)
{
    const aigc__id_t deviation = aigc__exp(graph, aigc__scale(graph, codes.log_variance, 0.5));
    return aigc__add(graph, codes.mean, aigc__mul(graph, noise, deviation));
}

static aigc_status_t loss_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                               aigc__plan_recipe_t *recipe)
{
    const aigc__vae_config_t *config = &((const aigc__vae_t *)model->network)->config;
    const int64_t n = (int64_t)key->n;
    const bool training = key->verb == AIGC__VAE_TRAIN;
    const aigc__id_t images = feed_matrix(graph, "images", n, aigc__vae_pixels(config)),
                     labels = feed_labels(graph, config, n);
    const aigc__id_t beta = aigc__feed(graph, "beta", AIGC_DTYPE_F32, aigc__shape_of(0, NULL));
    const aigc__vae_codes_t codes = aigc__vae_encoder(graph, model->store, config, images, labels, training);
    const aigc__id_t noise = key->variant == AIGC__VAE_FED_NOISE
                                 ? feed_matrix(graph, "noise", n, config->latent_dim)
                                 : aigc__random_normal(graph, aigc__shape_of(2, (int64_t[]){n, config->latent_dim}));
    const aigc__id_t logits =
        aigc__vae_decoder(graph, model->store, config, reparameterise(graph, codes, noise), labels, training);
    const aigc__id_t reconstruction = aigc__vae_reconstruction(graph, config, logits, images);
    const aigc__id_t kl = aigc__kl_standard_normal(graph, codes.mean, codes.log_variance);
    const aigc__id_t loss = aigc__add(graph, reconstruction, aigc__mul(graph, beta, kl));
    recipe->fetches[recipe->n_fetches++] = loss;
    recipe->fetches[recipe->n_fetches++] = reconstruction;
    recipe->fetches[recipe->n_fetches++] = kl;
    recipe->frozen = !training;
    if (training) AIGC__TRY(aigc__add_gradients(graph, model->store, loss, 0, true, recipe));
    recipe->n_fetches += recipe->n_external; /* the optimizer's */
    return AIGC_OK;
}

aigc_status_t aigc__vae_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                             aigc__plan_recipe_t *recipe)
{
    const aigc__vae_config_t *config = &((const aigc__vae_t *)model->network)->config;
    const int64_t n = (int64_t)key->n;
    if (key->verb == AIGC__VAE_TRAIN || key->verb == AIGC__VAE_MEASURE) return loss_plan(model, key, graph, recipe);
    recipe->frozen = true;
    recipe->n_fetches = 1;
    if (key->verb == AIGC__VAE_ENCODE) {
        const aigc__id_t images = feed_matrix(graph, "images", n, aigc__vae_pixels(config));
        const aigc__id_t labels = feed_labels(graph, config, n);
        recipe->fetches[0] = aigc__vae_encoder(graph, model->store, config, images, labels, false).mean;
    } else {
        const aigc__id_t latents = feed_matrix(graph, "latents", n, config->latent_dim);
        const aigc__id_t labels = feed_labels(graph, config, n);
        recipe->fetches[0] =
            aigc__sigmoid(graph, aigc__vae_decoder(graph, model->store, config, latents, labels, false));
    }
    return AIGC_OK;
}
