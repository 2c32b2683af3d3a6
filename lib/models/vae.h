/* The variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114): its network, and what the files vae*.c
 * have in common. */
#ifndef AIGC_MODELS_VAE_H
#define AIGC_MODELS_VAE_H

#include "models/sampling.h"
#include "models/training.h"

enum { AIGC__VAE_BCE, AIGC__VAE_MSE };
enum { AIGC__VAE_MLP, AIGC__VAE_CONV };

typedef struct aigc__vae_config {
    int64_t height, width, channels, classes;
    int64_t conditional;
    int64_t architecture;
    aigc__ints_t hidden_dim; /* mlp */
    aigc__ints_t widths;     /* conv */
    int64_t latent_dim;
    int64_t loss;
    double sigma;
    int64_t seed;
} aigc__vae_config_t;

typedef struct aigc__vae {
    aigc__vae_config_t config;
    /* the training in progress */
    float beta;
    aigc__optimizer_settings_t settings;
    uint64_t seed;
    aigc__staging_t staging;
} aigc__vae_t;

/* Values of the two halves. Pictures are flat rows [n,D], labels i32 [n] or 0. `training`: norms use the batch. */
typedef struct aigc__vae_codes {
    aigc__id_t mean, log_variance; /* [n,latent_dim] */
} aigc__vae_codes_t;

int64_t aigc__vae_pixels(const aigc__vae_config_t *config); /* D */
aigc__vae_codes_t aigc__vae_encoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                                    aigc__id_t images, aigc__id_t labels, bool training);
/* Logits [n,D]; the picture is their sigmoid. */
aigc__id_t aigc__vae_decoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                             aigc__id_t latents, aigc__id_t labels, bool training);
/* x [n,..] with the class of each row beside it, one-hot, where the model is conditional. */
aigc__id_t aigc__vae_with_class(aigc__graph_t *graph, const aigc__vae_config_t *config, aigc__id_t x,
                                aigc__id_t labels);
/* ---- vae_convolutional.c: the same of convolutions ---- */
aigc__vae_codes_t aigc__vae_conv_encoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                                         aigc__id_t images, aigc__id_t labels, bool training);
aigc__id_t aigc__vae_conv_decoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                                  aigc__id_t latents, aigc__id_t labels, bool training);
/* -log p(x|z) in nats per image. */
aigc__id_t aigc__vae_reconstruction(aigc__graph_t *graph, const aigc__vae_config_t *config, aigc__id_t logits,
                                    aigc__id_t images);

/* ---- plans ---- */
enum { AIGC__VAE_TRAIN, AIGC__VAE_MEASURE, AIGC__VAE_ENCODE, AIGC__VAE_DECODE };
enum { AIGC__VAE_DRAWN_NOISE, AIGC__VAE_FED_NOISE }; /* variants of TRAIN */

/* Feeds: images [n,D], labels [n] (conditional), noise [n,latent_dim] (fed), latents (decode), beta [].
 * Fetches: TRAIN loss, reconstruction, kl, then a gradient a parameter in the store's order; MEASURE
 * the first three; ENCODE the means; DECODE the pictures. */
aigc_status_t aigc__vae_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                             aigc__plan_recipe_t *recipe);

/* ---- vae_encoding.c ---- */
aigc_status_t aigc__vae_encode(aigc_tensor_t **latents, aigc_model_t *model, const aigc_tensor_t *images,
                               const aigc_tensor_t *labels, const aigc_options_t *options);
aigc_status_t aigc__vae_reconstruct(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *images,
                                    const aigc_tensor_t *labels, const aigc_options_t *options);

/* ---- vae_training.c ---- */
aigc_status_t aigc__vae_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                              const aigc_options_t *options, aigc_progress_fn progress, void *user);
aigc_status_t aigc__vae_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                   const aigc_options_t *options, aigc_metrics_t *metrics);
aigc_status_t aigc__vae_evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                                 aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);

/* The options of a training that are common to all kinds, with a batch size. */
aigc_status_t aigc__vae_train_options(const aigc_model_t *model, const aigc_options_t *options, void *const *records,
                                      size_t n_records);

extern const aigc__option_t aigc__vae_train_rows[], aigc__vae_train_step_rows[], aigc__vae_evaluate_rows[];
extern const size_t aigc__vae_train_row_count, aigc__vae_train_step_row_count, aigc__vae_evaluate_row_count;
extern const char *const aigc__vae_metrics[];

#endif
