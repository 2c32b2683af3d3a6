/* What a GAN's training is asked for, and what it chooses itself where nothing is asked: by the pictures' number and
 * size. */
#include "base/numbers.h"
#include "models/gan.h"
#include "nn/augmentation.h"
#include <stddef.h>
#include <stdio.h>

#define AT(member) offsetof(aigc__gan_game_t, member)

const aigc__option_t aigc__gan_game_rows[] = {
    {"loss", AIGC__OPTION_CHOICE, AT(objective.loss), "logistic", 0, 0,
     "logistic|minimax|hinge|least-squares|wasserstein|relativistic",
     "what the two networks want; minimax is the generator's first form, which learns slowly at the start"},
    {"r1", AIGC__OPTION_FLOAT, AT(objective.r1), "0", 0, 1e6, NULL,
     "weight of the discriminator's squared slope at real pictures, which calms the game"},
    {"r2", AIGC__OPTION_FLOAT, AT(objective.r2), "0", 0, 1e6, NULL, "the same at made pictures"},
    {"gradient_penalty", AIGC__OPTION_FLOAT, AT(objective.gradient_penalty), "-1", -1, 1e6, NULL,
     "weight of (slope - 1)^2 between real and made pictures (-1: 10 for wasserstein, else 0)"},
    {"regularise_every", AIGC__OPTION_INT, AT(objective.lazy), "1", 1, 1000, NULL,
     "steps between two uses of r1, r2 and gradient_penalty, which then count so many times"},
    {"label_smoothing", AIGC__OPTION_FLOAT, AT(objective.label_smoothing), "0", 0, 0.5, NULL,
     "logistic, minimax, least-squares: how far below 1 real pictures' target is"},
    {"instance_noise", AIGC__OPTION_FLOAT, AT(instance_noise), "0", 0, 10, NULL,
     "deviation of numbers added to all the discriminator sees; train: fades to 0 in the end"},
    {"discriminator_rate", AIGC__OPTION_FLOAT, AT(discriminator_rate), "0", 0, 1e3, NULL,
     "the discriminator's own learning rate (0: as the generator's)"},
    {"augment", AIGC__OPTION_CHOICE, AT(augment), "auto", 0, 0,
     "none|translation|cutout|translation+cutout|colour|translation+colour|cutout+colour|translation+cutout+colour|"
     "auto",
     "changes by chance of all pictures the discriminator sees, for little data (auto: train: all of them below 5000 "
     "pictures of 16 x 16 or more, but of mlp none; train_step: none)"},
    {"augment_strength", AIGC__OPTION_FLOAT, AT(augment_strength), "-1", -1, 1, NULL,
     "probability of each change (-1: adaptive, rising from 0 while the discriminator is too sure of real pictures)"},
    {"augment_images", AIGC__OPTION_INT, AT(augment_images), "0", 0, 1e12, NULL,
     "adaptive strength: pictures over which it can go from 0 to 1 (0: train: 50 times the data, 10000 to 500000; "
     "train_step: 500000)"},
};

enum { QUICKEST = 10000, SLOWEST = 500000 }; /* pictures over which an adaptive strength goes from 0 to 1 */
enum { AUTO = AIGC__AUGMENT_ALL + 1 };       /* of augment; the choices before it are bits of a policy */

const aigc__option_t aigc__gan_train_rows[] = {
    {"discriminator_steps", AIGC__OPTION_INT, offsetof(aigc__gan_pace_t, discriminator_steps), "1", 1, 100, NULL,
     "batches the discriminator learns on for each step of the generator"},
};

const aigc__option_t aigc__gan_train_step_rows[] = {
    {"latents", AIGC__OPTION_TENSOR, offsetof(aigc__gan_given_t, latents), "", 0, 0, NULL,
     "f32 [2,n,latent_dim] used instead of drawn numbers: the discriminator's, then the generator's"},
    {"seed", AIGC__OPTION_INT, offsetof(aigc__gan_given_t, seed), "0", 0, 9e18, NULL,
     "names the drawn numbers, together with the step"},
};

#undef AT

const size_t aigc__gan_game_row_count = sizeof aigc__gan_game_rows / sizeof *aigc__gan_game_rows;
const size_t aigc__gan_train_row_count = sizeof aigc__gan_train_rows / sizeof *aigc__gan_train_rows;
const size_t aigc__gan_train_step_row_count = sizeof aigc__gan_train_step_rows / sizeof *aigc__gan_train_step_rows;

/* ---- options ---- */

static void settle_objective(aigc__gan_objective_t *objective, double instance_noise)
{
    if (objective->gradient_penalty < 0)
        objective->gradient_penalty = objective->loss == AIGC__GAN_WASSERSTEIN ? 10 : 0;
    objective->has_noise = instance_noise > 0;
}

static bool is_same(const aigc__gan_objective_t *a, const aigc__gan_objective_t *b)
{
    return a->loss == b->loss && a->r1 == b->r1 && a->r2 == b->r2 && a->gradient_penalty == b->gradient_penalty &&
           a->lazy == b->lazy && a->label_smoothing == b->label_smoothing && a->has_noise == b->has_noise &&
           a->augment == b->augment;
}

/* Adam as the DCGAN has it (Radford et al. 2016, arXiv:1511.06434, section 4). */
static void settle_optimizers(aigc__gan_t *gan, const aigc__optimizer_settings_t *given, double discriminator_rate)
{
    aigc__optimizer_settings_t common = *given;
    const bool adam = common.kind == AIGC__OPTIMIZER_ADAM || common.kind == AIGC__OPTIMIZER_ADAMW;
    if (common.learning_rate == 0) common.learning_rate = adam ? 2e-4 : 1e-4;
    if (common.beta1 < 0) common.beta1 = 0.5;
    gan->settings[AIGC__GAN_GENERATOR] = gan->settings[AIGC__GAN_DISCRIMINATOR] = common;
    if (discriminator_rate > 0) gan->settings[AIGC__GAN_DISCRIMINATOR].learning_rate = discriminator_rate;
}

void aigc__gan_settle_common(aigc__train_options_t *common)
{
    if (common->ema < 0) common->ema = 0.999;
}

/* Takes over what a call asks for; plans that were made for something else go. */
void aigc__gan_settle(aigc_model_t *model, aigc__gan_game_t *game, const aigc__optimizer_settings_t *given)
{
    aigc__gan_t *gan = model->network;
    settle_objective(&game->objective, game->instance_noise);
    game->objective.augment = game->augment == AUTO ? 0 : game->augment;
    if (!is_same(&game->objective, &gan->objective)) aigc__model_forget_plans(model);
    gan->objective = game->objective;
    gan->instance_noise = (float)game->instance_noise;
    gan->noise_at_start = game->instance_noise;
    gan->noise_steps = 0;
    gan->adapts = game->augment_strength < 0;
    gan->augment_strength = gan->adapts ? 0 : (float)game->augment_strength;
    gan->augment_images = game->augment_images > 0 ? (double)game->augment_images : SLOWEST;
    settle_optimizers(gan, given, game->discriminator_rate);
}

/* ---- choices ---- */

/* Large pictures give a step enough to do, and take memory; of few of them more steps are made, since it is steps that
 * a short training lacks. */
static int64_t batch_for(const aigc__gan_config_t *config, uint64_t pictures)
{
    const int64_t side = config->height > config->width ? config->height : config->width;
    const int64_t by_size = side <= 128 ? 64 : side <= 256 ? 32 : 16;
    const int64_t by_number = pictures >= 5000 ? 64 : pictures >= 1000 ? 32 : 16;
    return by_size < by_number ? by_size : by_number;
}

static int64_t policy_for(const aigc__gan_config_t *config, uint64_t pictures)
{
    const bool is_small = config->height < 16 || config->width < 16;
    return pictures >= 5000 || is_small || config->architecture == AIGC__GAN_MLP ? 0 : AIGC__AUGMENT_ALL;
}

/* A discriminator overfits within some tens of passes; five hundred thousand pictures are the paper's. */
static double images_for(uint64_t pictures)
{
    const double some = 50 * (double)pictures;
    return some < QUICKEST ? QUICKEST : some > SLOWEST ? SLOWEST : some;
}

/* What an earlier part of the training was run with, unless its file says something impossible. */
static aigc_status_t choose_again(aigc__gan_t *gan, const aigc__gan_asked_t *asked, const aigc__position_t *earlier,
                                  int64_t *policy)
{
    const double was = earlier->own[AIGC__GAN_OWN_POLICY], images = earlier->own[AIGC__GAN_OWN_IMAGES];
    if (earlier->n_own != AIGC__GAN_OWN) { /* of a version that had none of this */
        if (asked->augment == AUTO) *policy = 0;
        return AIGC_OK;
    }
    if (!(was >= 0 && was <= AIGC__AUGMENT_ALL) || was != (double)(int64_t)was || !(images >= 1) ||
        !(earlier->own[AIGC__GAN_OWN_STRENGTH] >= 0 && earlier->own[AIGC__GAN_OWN_STRENGTH] <= 1))
        return aigc__fail(AIGC_ERROR_CORRUPT, "the training to resume was run with an impossible augmentation");
    if (asked->augment == AUTO) *policy = (int64_t)was;
    if (asked->augment_images == 0) gan->augment_images = images;
    return AIGC_OK;
}

static void tell_choices(const aigc_model_t *model, const aigc__gan_asked_t *asked, int64_t batch_size, int64_t policy,
                         uint64_t pictures)
{
    static const char *const names[] = {"none",   "translation",        "cutout",        "translation+cutout",
                                        "colour", "translation+colour", "cutout+colour", "translation+cutout+colour"};
    const aigc__gan_t *gan = model->network;
    char batch[48] = "", augment[64] = "";
    if (asked->batch_size == 0) snprintf(batch, sizeof batch, "batch_size %lld", (long long)batch_size);
    if (asked->augment == AUTO) snprintf(augment, sizeof augment, "%saugment %s", *batch ? ", " : "", names[policy]);
    if (*batch || *augment)
        aigc__log(model->context, AIGC_LOG_INFO, "chose %s%s for %llu pictures of %lldx%lld", batch, augment,
                  (unsigned long long)pictures, (long long)gan->config.width, (long long)gan->config.height);
}

aigc_status_t aigc__gan_choose(aigc_model_t *model, const aigc__gan_asked_t *asked, const aigc__position_t *earlier,
                               uint64_t pictures)
{
    aigc__gan_t *gan = model->network;
    int64_t batch_size = asked->batch_size, policy = asked->augment;
    if (batch_size == 0) batch_size = batch_for(&gan->config, pictures);
    if (policy == AUTO) policy = policy_for(&gan->config, pictures);
    if (asked->augment_images == 0) gan->augment_images = images_for(pictures);
    if (earlier) AIGC__TRY(choose_again(gan, asked, earlier, &policy));
    if (earlier && asked->batch_size == 0 && earlier->batch_size % gan->updates == 0)
        batch_size = (int64_t)(earlier->batch_size / gan->updates);
    if (policy != gan->objective.augment) aigc__model_forget_plans(model);
    gan->objective.augment = policy;
    gan->batch_size = (size_t)batch_size;
    tell_choices(model, asked, batch_size, policy, pictures);
    return AIGC_OK;
}

/* How many pictures there will be is not known: the most that any number of them takes. */
aigc_status_t aigc__gan_train_options(aigc_model_t *model, const aigc_options_t *options, aigc__train_options_t *common)
{
    aigc__gan_t *gan = model->network;
    aigc__optimizer_settings_t given;
    aigc__gan_game_t game;
    aigc__gan_pace_t pace;
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){common, &game, &pace, &given}, 4));
    if (game.augment == AUTO) game.augment = policy_for(&gan->config, 0);
    aigc__gan_settle(model, &game, &given);
    if (common->batch_size == 0) common->batch_size = batch_for(&gan->config, UINT64_MAX);
    gan->updates = (uint64_t)pace.discriminator_steps;
    aigc__gan_settle_common(common);
    return AIGC_OK;
}
