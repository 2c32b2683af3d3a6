/* Generative adversarial networks (Goodfellow et al. 2014, arXiv:1406.2661): a generator makes pictures from latents, a
 * discriminator learns to tell them from real ones, and the generator learns from it. Their networks, and what the
 * files gan*.c have in common.
 *
 * Inside, pictures are [n,H,W,C] in -1..1; batches come and go as flat rows [n,D] in 0..1. The discriminator is part 0
 * of the store, the generator part 1: they learn in turns. */
#ifndef AIGC_MODELS_GAN_H
#define AIGC_MODELS_GAN_H

#include "models/sampling.h"
#include "models/training.h"
#include "nn/parameters.h"

enum { AIGC__GAN_DCGAN, AIGC__GAN_MLP, AIGC__GAN_RESNET };
enum { AIGC__GAN_BATCH_NORM, AIGC__GAN_NO_NORM };
enum { AIGC__GAN_DISCRIMINATOR, AIGC__GAN_GENERATOR }; /* parts of the store */

typedef struct aigc__gan_config {
    int64_t height, width, channels, classes;
    int64_t conditional;
    int64_t architecture;
    int64_t latent_dim;
    int64_t generator_width, discriminator_width;
    aigc__ints_t hidden_dim; /* mlp */
    int64_t discriminator_norm;
    int64_t spectral_norm;
    int64_t seed;
} aigc__gan_config_t;

/* Losses: of the discriminator (real logits r, fake logits f) and of the generator; E is the mean over a batch.
 *   logistic      E[-log s(r)] + E[-log(1 - s(f))]; the generator's is E[-log s(f)], which does not saturate
 *   minimax       the same; the generator's is E[log(1 - s(f))], as in the first paper
 *   hinge         E[max(0, 1 - r)] + E[max(0, 1 + f)]; -E[f] (Lim and Ye 2017, arXiv:1705.02894)
 *   least-squares E[(r - 1)^2] / 2 + E[f^2] / 2; E[(f - 1)^2] / 2 (Mao et al. 2016, arXiv:1611.04076)
 *   wasserstein   E[f] - E[r]; -E[f] (Arjovsky et al. 2017, arXiv:1701.07875)
 *   relativistic  E[-log s(r - f)]; E[-log s(f - r)], pictures in pairs (Jolicoeur-Martineau 2018, arXiv:1807.00734) */
typedef enum aigc__gan_loss {
    AIGC__GAN_LOGISTIC,
    AIGC__GAN_MINIMAX,
    AIGC__GAN_HINGE,
    AIGC__GAN_LEAST_SQUARES,
    AIGC__GAN_WASSERSTEIN,
    AIGC__GAN_RELATIVISTIC
} aigc__gan_loss_t;

/* What shapes the training's graphs, beside the networks. */
typedef struct aigc__gan_objective {
    int64_t loss; /* aigc__gan_loss_t */
    double r1,
        r2; /* weights w of w/2 E|dD/dx|^2 on real and on made pictures (Mescheder et al. 2018, arXiv:1801.04406) */
    double gradient_penalty; /* w of w E(|dD/dx| - 1)^2 between them (Gulrajani et al. 2017, arXiv:1704.00028) */
    int64_t
        lazy; /* regularised every so many steps, so many times as strongly (Karras et al. 2019, arXiv:1912.04958) */
    double label_smoothing; /* real pictures' target is 1 minus this (Salimans et al. 2016, arXiv:1606.03498) */
    int64_t augment;   /* bits of nn/augmentation.h: what is done to all pictures the discriminator sees, each with the
                        * probability fed as "augment_strength" */
    int64_t has_noise; /* numbers with the deviation fed as "instance_noise" are added to all the discriminator
                        * sees (Sonderby et al. 2016, arXiv:1610.04490) */
} aigc__gan_objective_t;

typedef struct aigc__gan {
    aigc__gan_config_t config;
    int64_t asked_width[AIGC__PARTS]; /* of each network; 0: chosen by the pictures' size */
    aigc__staging_t staging;
    /* the training in progress */
    aigc__gan_objective_t objective; /* the plans in the cache were made for it */
    aigc__optimizer_settings_t settings[AIGC__PARTS];
    float instance_noise; /* deviation of what is added to all pictures the discriminator sees, now */
    double noise_at_start;
    float augment_strength; /* probability of each change, in the step at hand */
    bool adapts;            /* the strength follows how sure the discriminator is of real pictures */
    double augment_images;  /* over which an adaptive strength can go from 0 to 1 */
    uint64_t noise_steps;   /* over which it fades; 0: it does not */
    uint64_t seed;
    size_t batch_size; /* of one update; a step's pictures are cut so */
    uint64_t updates;  /* of the discriminator in a step */
    void *training;    /* gan_training.c: the call that trains, while there is one */
    struct {
        double lead, variety; /* means over the last steps: real score less fake score, and variety */
        uint64_t seen;        /* steps */
        bool told_lead, told_variety;
    } watch;
    float *undo; /* what a step changes first, as it was: to be put back when the rest of the step fails */
} aigc__gan_t;

/* ---- gan_network.c, gan_resnet.c ---- */
int64_t aigc__gan_pixels(const aigc__gan_config_t *config); /* D */
/* Latents [n,dim] and classes i32 [n] (or 0) to pictures; `training`: norms use the batch. */
aigc__id_t aigc__gan_generator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                               aigc__id_t latents, aigc__id_t labels, bool training);
/* Pictures to logits [n,1]: above 0 for real. */
aigc__id_t aigc__gan_discriminator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                   aigc__id_t pictures, aigc__id_t labels, bool training);
aigc__id_t aigc__gan_resnet_generator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                      aigc__id_t codes, bool training);
/* Features [n,c] in front of the last layer. */
aigc__id_t aigc__gan_resnet_features(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                     aigc__id_t pictures, bool training);

/* How often pictures are halved on the way to the smallest, of 4 to 7 pixels a side; the sides of the smallest, from
 * which the generator begins; and the channels of a network of that width where they have been halved `halvings`
 * times. */
size_t aigc__gan_stages(const aigc__gan_config_t *config);
int64_t aigc__gan_first_side(int64_t side, size_t stages);
int64_t aigc__gan_channels(int64_t width, size_t halvings);
/* The picture's part in the middle of what the generator made, which may be larger. */
aigc__id_t aigc__gan_crop(aigc__graph_t *graph, const aigc__gan_config_t *config, aigc__id_t x);
aigc__weight_options_t aigc__gan_weight(const aigc__gan_config_t *config, int part, bool training);

/* ---- gan_losses.c ---- */
static inline bool aigc__gan_regularises(const aigc__gan_objective_t *objective)
{
    return objective->r1 > 0 || objective->r2 > 0 || objective->gradient_penalty > 0;
}
/* The discriminator's, of one kind of pictures and of both; the relativistic one has both only. */
aigc__id_t aigc__gan_loss_on_real(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real);
aigc__id_t aigc__gan_loss_on_fake(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t fake);
aigc__id_t aigc__gan_discriminator_loss(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real,
                                        aigc__id_t fake);
/* `real` is read by the relativistic loss only. */
aigc__id_t aigc__gan_generator_loss(aigc__graph_t *graph, const aigc__gan_objective_t *objective, aigc__id_t real,
                                    aigc__id_t fake);
/* How sure the discriminator is of real pictures, -1..1: the mean sign of their logits (Karras et al. 2020,
 * arXiv:2006.06676, section 3.1), seen from the middle between the means of real and made pictures. 0 is that middle
 * only where the discriminator has come far: before, it may take all pictures for real, and with some losses always. */
aigc__id_t aigc__gan_sureness(aigc__graph_t *graph, aigc__id_t real, aigc__id_t fake);
/* E|d logits / d pictures|^2, and E(|..| - 1)^2: of pictures [n,..] and their logits. */
aigc__id_t aigc__gan_squared_slope(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t pictures);
aigc__id_t aigc__gan_slope_beside_one(aigc__graph_t *graph, aigc__id_t logits, aigc__id_t pictures);

/* ---- gan_plans.c ---- */
enum { AIGC__GAN_LEARN, AIGC__GAN_LEARN_REGULARISED, AIGC__GAN_FOLLOW, AIGC__GAN_MEASURE, AIGC__GAN_DECODE };
enum { AIGC__GAN_DRAWN, AIGC__GAN_FED }; /* variants: where latents come from */
/* Fetches. LEARN: the first of these, where pictures are augmented aigc__gan_sureness(), then a gradient for each of
 * the discriminator's parameters; FOLLOW: the generator's loss and its gradients; MEASURE: all five; DECODE: pictures
 * [n,D]. Scores are E s(logit): 1 for what the discriminator takes for real; variety is how much made pictures differ
 * from one another, 1 where it is as much as real ones do: the ratio of the variances over the batch, within
 * classes if there are some, means over the pixels, before anything is done to the pictures. */
enum {
    AIGC__GAN_LOSS_D,
    AIGC__GAN_REAL_SCORE,
    AIGC__GAN_FAKE_SCORE,
    AIGC__GAN_VARIETY,
    AIGC__GAN_LEARN_NUMBERS,
    AIGC__GAN_SURENESS = AIGC__GAN_LEARN_NUMBERS, /* of LEARN */
    AIGC__GAN_LOSS_G = AIGC__GAN_LEARN_NUMBERS,
    AIGC__GAN_NUMBERS
};
aigc_status_t aigc__gan_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                             aigc__plan_recipe_t *recipe);

/* ---- gan_options.c ---- */
/* Of train and train_step, beside the common ones. */
typedef struct aigc__gan_game {
    aigc__gan_objective_t objective;
    double instance_noise;
    double discriminator_rate;
    int64_t augment; /* a policy, or above all of them: chosen */
    double augment_strength;
    int64_t augment_images;
} aigc__gan_game_t;

typedef struct aigc__gan_pace {
    int64_t discriminator_steps;
} aigc__gan_pace_t;

/* Of train_step. */
typedef struct aigc__gan_given {
    aigc_tensor_t *latents;
    int64_t seed;
} aigc__gan_given_t;

void aigc__gan_settle(aigc_model_t *model, aigc__gan_game_t *game, const aigc__optimizer_settings_t *given);
void aigc__gan_settle_common(aigc__train_options_t *common);
/* What was left to be chosen, now that the number of pictures is known, and what an earlier part of the training was
 * run with (or NULL): it goes on so. */
typedef struct aigc__gan_asked {
    int64_t batch_size, augment, augment_images;
} aigc__gan_asked_t;
aigc_status_t aigc__gan_choose(aigc_model_t *model, const aigc__gan_asked_t *asked, const aigc__position_t *earlier,
                               uint64_t pictures);
/* The common options of a training, and its game settled, as far as memory goes. */
aigc_status_t aigc__gan_train_options(aigc_model_t *model, const aigc_options_t *options,
                                      aigc__train_options_t *common);
/* Of a training's position: what the game goes on from, beside the networks. */
enum {
    AIGC__GAN_OWN_STRENGTH, /* of the augmentation, adaptive */
    AIGC__GAN_OWN_SURE,     /* since it last moved: sum of the sureness of pictures, their number, batches */
    AIGC__GAN_OWN_SEEN,
    AIGC__GAN_OWN_TURNS,
    AIGC__GAN_OWN_POLICY, /* what was chosen */
    AIGC__GAN_OWN_IMAGES,
    AIGC__GAN_OWN
};

/* ---- gan_training.c ---- */
aigc_status_t aigc__gan_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                              const aigc_options_t *options, aigc_progress_fn progress, void *user);
aigc_status_t aigc__gan_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                   const aigc_options_t *options, aigc_metrics_t *metrics);
/* Numbers kept to undo half a step. */
size_t aigc__gan_undo_floats(const aigc_model_t *model);

extern const aigc__option_t aigc__gan_game_rows[], aigc__gan_train_rows[], aigc__gan_train_step_rows[];
extern const size_t aigc__gan_game_row_count, aigc__gan_train_row_count, aigc__gan_train_step_row_count;
extern const char *const aigc__gan_metrics[];

#endif
