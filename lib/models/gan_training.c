/* One step of a GAN: what the training service asks of a kind. A step's pictures are cut into batches; the
 * discriminator learns on each, then the generator follows once. */
#include "models/gan.h"
#include <stddef.h>
#include <string.h>

/* Of train and train_step, beside the common ones. */
typedef struct game_options {
    aigc__gan_objective_t objective;
    double instance_noise;
    double discriminator_rate;
} game_options_t;

#define AT(member) offsetof(game_options_t, member)

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
};

typedef struct train_options {
    int64_t discriminator_steps;
} train_options_t;

const aigc__option_t aigc__gan_train_rows[] = {
    {"discriminator_steps", AIGC__OPTION_INT, offsetof(train_options_t, discriminator_steps), "1", 1, 100, NULL,
     "batches the discriminator learns on for each step of the generator"},
};

typedef struct step_options {
    aigc_tensor_t *latents;
    int64_t seed;
} step_options_t;

const aigc__option_t aigc__gan_train_step_rows[] = {
    {"latents", AIGC__OPTION_TENSOR, offsetof(step_options_t, latents), "", 0, 0, NULL,
     "f32 [2,n,latent_dim] used instead of drawn numbers: the discriminator's, then the generator's"},
    {"seed", AIGC__OPTION_INT, offsetof(step_options_t, seed), "0", 0, 9e18, NULL,
     "names the drawn numbers, together with the step"},
};

#undef AT

const size_t aigc__gan_game_row_count = sizeof aigc__gan_game_rows / sizeof *aigc__gan_game_rows;
const size_t aigc__gan_train_row_count = sizeof aigc__gan_train_rows / sizeof *aigc__gan_train_rows;
const size_t aigc__gan_train_step_row_count = sizeof aigc__gan_train_step_rows / sizeof *aigc__gan_train_step_rows;

/* The first are the numbers of the plans, in their order. */
enum { NORM_D = AIGC__GAN_NUMBERS, NORM_G };
const char *const aigc__gan_metrics[] = {"loss_d", "real_score",      "fake_score",      "variety",
                                         "loss_g", "gradient_norm_d", "gradient_norm_g", NULL};

static aigc__gan_t *gan_of(const aigc_model_t *model) { return model->network; }

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
           a->lazy == b->lazy && a->label_smoothing == b->label_smoothing && a->has_noise == b->has_noise;
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

/* Takes over what a call asks for; plans that were made for something else go. */
static aigc_status_t settle(aigc_model_t *model, game_options_t *game, const aigc__optimizer_settings_t *given)
{
    aigc__gan_t *gan = gan_of(model);
    settle_objective(&game->objective, game->instance_noise);
    if (!is_same(&game->objective, &gan->objective)) aigc__model_forget_plans(model);
    gan->objective = game->objective;
    gan->instance_noise = (float)game->instance_noise;
    gan->noise_at_start = game->instance_noise;
    gan->noise_steps = 0;
    settle_optimizers(gan, given, game->discriminator_rate);
    return AIGC_OK;
}

static void settle_common(aigc__train_options_t *common)
{
    if (common->batch_size == 0) common->batch_size = 64;
    if (common->ema < 0) common->ema = 0.999;
}

aigc_status_t aigc__gan_train_options(const aigc_model_t *model, const aigc_options_t *options,
                                      aigc__train_options_t *common)
{
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){common}, 1));
    settle_common(common);
    return AIGC_OK;
}

/* ---- undoing half a step ---- */

typedef struct piece {
    float *at;
    size_t n;
} piece_t;

enum { PIECES = 6 };

/* What the discriminator's turn changes: its parameters, their moments, their average, and all state. */
static size_t pieces_of(const aigc_model_t *model, piece_t pieces[PIECES])
{
    const aigc__store_t *store = model->store;
    const size_t own = aigc__store_part_start(store, 1), trained = aigc__store_trained(store);
    const size_t state = aigc__store_elements(store) - trained;
    size_t n = 0;
    pieces[n++] = (piece_t){aigc__store_block(store), own};
    pieces[n++] = (piece_t){aigc__store_block(store) + trained, state};
    pieces[n++] = (piece_t){aigc__optimizer_moments(model->optimizer, 1), own};
    pieces[n++] = (piece_t){aigc__optimizer_moments(model->optimizer, 2), own};
    if (!model->average) return n;
    pieces[n++] = (piece_t){aigc__store_block(model->average), own};
    pieces[n++] = (piece_t){aigc__store_block(model->average) + trained, state};
    return n;
}

size_t aigc__gan_undo_floats(const aigc_model_t *model)
{
    const aigc__store_t *store = model->store;
    return 4 * aigc__store_part_start(store, 1) + 2 * (aigc__store_elements(store) - aigc__store_trained(store));
}

static aigc_status_t reserve_undo(aigc_model_t *model)
{
    aigc__gan_t *gan = gan_of(model);
    void *block = NULL;
    if (gan->undo) return AIGC_OK;
    AIGC__TRY(aigc__memory_alloc(&model->context->memory, aigc__gan_undo_floats(model) * sizeof(float), &block));
    gan->undo = block;
    return AIGC_OK;
}

static void copy_pieces(const aigc_model_t *model, bool back)
{
    piece_t pieces[PIECES];
    float *kept = gan_of(model)->undo;
    const size_t n = pieces_of(model, pieces);
    for (size_t k = 0; k < n; kept += pieces[k++].n)
        memcpy(back ? pieces[k].at : kept, back ? kept : pieces[k].at, pieces[k].n * sizeof(float));
}

/* ---- a step ---- */

/* What a turn of either player works on: pictures of one batch. */
typedef struct turn {
    const float *images;
    const int64_t *labels;
    const float *latents; /* NULL: drawn */
    size_t n;
    uint64_t number; /* keys the drawn numbers */
} turn_t;

static aigc_status_t prepare(aigc_model_t *model, int32_t verb, const turn_t *turn, aigc__executor_t **out)
{
    aigc__gan_t *gan = gan_of(model);
    const bool is_conditional = gan->config.conditional != 0;
    const int32_t variant = turn->latents ? AIGC__GAN_FED : AIGC__GAN_DRAWN;
    const bool reads_images = verb != AIGC__GAN_FOLLOW || gan->objective.loss == AIGC__GAN_RELATIVISTIC;
    AIGC__TRY(aigc__check_labels(model, turn->labels, turn->n));
    AIGC__TRY(aigc__staging_reserve(model->context, &gan->staging, 0, is_conditional ? turn->n : 0));
    AIGC__TRY(aigc__model_executor(model, &(aigc__plan_key_t){verb, variant, turn->n}, aigc__gan_plan, out));
    if (reads_images) AIGC__TRY(aigc__executor_set_feed(*out, "images", turn->images));
    if (turn->latents) AIGC__TRY(aigc__executor_set_feed(*out, "latents", turn->latents));
    if (gan->objective.has_noise && verb != AIGC__GAN_MEASURE)
        AIGC__TRY(aigc__executor_set_feed(*out, "instance_noise", &gan->instance_noise));
    if (!is_conditional) return AIGC_OK;
    for (size_t i = 0; i < turn->n; i++) gan->staging.labels[i] = (int32_t)turn->labels[i];
    return aigc__executor_set_feed(*out, "labels", gan->staging.labels);
}

static double fetched(const aigc__executor_t *executor, size_t fetch)
{
    return (double)*(const float *)aigc__executor_fetch(executor, fetch);
}

static aigc_status_t name_bad_loss(const aigc_model_t *model, const char *player, const turn_t *turn)
{
    const size_t numbers = turn->n * (size_t)aigc__gan_pixels(&gan_of(model)->config);
    if (turn->images && !model->context->kernels->all_finite(turn->images, numbers))
        return aigc__fail(AIGC_ERROR_NUMERIC, "the pictures of the batch have NaN or infinite values");
    if (aigc__model_check_finite(model, true, aigc__store_block(model->store)) != AIGC_OK)
        return aigc__fail_within(AIGC_ERROR_NUMERIC, "parameter ");
    return aigc__fail(AIGC_ERROR_NUMERIC, "the %s's loss is not finite although pictures and parameters are", player);
}

/* Drawn numbers of steps beyond 32 bits, and of the two players, differ. */
static uint64_t seed_of(const aigc__gan_t *gan, uint32_t part, uint64_t number)
{
    return gan->seed ^ (number >> 32) * 0x9e3779b97f4a7c15u ^ part * 0xd1b54a32d192ed03u;
}

/* A player's turn: one pass, one step of its optimizer. */
static aigc_status_t play(aigc_model_t *model, int32_t verb, uint32_t part, const turn_t *turn, size_t n_numbers,
                          double *numbers, double *norm)
{
    const aigc__gan_t *gan = gan_of(model);
    aigc__executor_t *executor = NULL;
    AIGC__TRY(prepare(model, verb, turn, &executor));
    AIGC__TRY(aigc__take_gradients(model, executor, n_numbers, part));
    AIGC__TRY(aigc__executor_run(executor, seed_of(gan, part, turn->number), (uint32_t)turn->number));
    for (size_t k = 0; k < n_numbers; k++) numbers[k] = fetched(executor, k);
    if (numbers[0] - numbers[0] != 0)
        return name_bad_loss(model, part == AIGC__GAN_GENERATOR ? "generator" : "discriminator", turn);
    AIGC__TRY(aigc__optimizer_step(model->optimizer, part, &gan->settings[part], norm));
    aigc__executor_commit(executor, model->average);
    model->parameters_version++;
    return AIGC_OK;
}

/* The discriminator's turns over a step's pictures, and the means of their numbers. */
static aigc_status_t learn(aigc_model_t *model, const turn_t *step, double means[AIGC__GAN_LEARN_NUMBERS], double *norm)
{
    const aigc__gan_t *gan = gan_of(model);
    const aigc__gan_objective_t *objective = &gan->objective;
    const size_t pixels = (size_t)aigc__gan_pixels(&gan->config);
    const bool can_regularise = objective->r1 > 0 || objective->r2 > 0 || objective->gradient_penalty > 0;
    for (size_t first = 0; first < step->n; first += gan->batch_size) {
        const size_t left = step->n - first;
        const uint64_t number = aigc__optimizer_steps(model->optimizer, AIGC__GAN_DISCRIMINATOR);
        const turn_t turn = {.images = step->images + first * pixels,
                             .labels = step->labels ? step->labels + first : NULL,
                             .latents = step->latents,
                             .n = left < gan->batch_size ? left : gan->batch_size,
                             .number = number};
        const bool is_due = can_regularise && number % (uint64_t)objective->lazy == 0;
        double numbers[AIGC__GAN_LEARN_NUMBERS];
        AIGC__TRY(play(model, is_due ? AIGC__GAN_LEARN_REGULARISED : AIGC__GAN_LEARN, AIGC__GAN_DISCRIMINATOR, &turn,
                       AIGC__GAN_LEARN_NUMBERS, numbers, norm));
        for (size_t k = 0; k < AIGC__GAN_LEARN_NUMBERS; k++) means[k] += numbers[k] * (double)turn.n / (double)step->n;
    }
    return AIGC_OK;
}

static aigc_status_t follow(aigc_model_t *model, const turn_t *step, double *loss, double *norm)
{
    const aigc__gan_t *gan = gan_of(model);
    turn_t turn = *step;
    if (turn.n > gan->batch_size) turn.n = gan->batch_size;
    if (turn.latents) turn.latents += turn.n * (size_t)gan->config.latent_dim;
    turn.number = aigc__optimizer_steps(model->optimizer, AIGC__GAN_GENERATOR);
    return play(model, AIGC__GAN_FOLLOW, AIGC__GAN_GENERATOR, &turn, 1, loss, norm);
}

/* All of it or nothing. */
static aigc_status_t play_step(aigc_model_t *model, const turn_t *step, double numbers[AIGC__GAN_NUMBERS],
                               aigc_metrics_t *metrics)
{
    double norm_d = 0, norm_g = 0;
    const uint64_t steps = aigc__optimizer_steps(model->optimizer, AIGC__GAN_DISCRIMINATOR);
    copy_pieces(model, false);
    aigc_status_t status = learn(model, step, numbers, &norm_d);
    if (status == AIGC_OK) status = follow(model, step, &numbers[AIGC__GAN_LOSS_G], &norm_g);
    if (status != AIGC_OK) {
        copy_pieces(model, true);
        aigc__optimizer_set_steps(model->optimizer, AIGC__GAN_DISCRIMINATOR, steps);
        model->parameters_version++;
        return status;
    }
    for (size_t k = 0; k < AIGC__GAN_NUMBERS; k++) aigc__metrics_put(metrics, aigc__gan_metrics[k], numbers[k]);
    aigc__metrics_put(metrics, aigc__gan_metrics[NORM_D], norm_d);
    aigc__metrics_put(metrics, aigc__gan_metrics[NORM_G], norm_g);
    return AIGC_OK;
}

/* ---- watching the game ---- */

/* What a person would see in the numbers, told once in a training. */
static void watch(aigc_model_t *model, const double numbers[AIGC__GAN_NUMBERS], uint64_t step)
{
    enum { WARM = 200, SPAN = 100 };
    aigc__gan_t *gan = gan_of(model);
    const double lead = numbers[AIGC__GAN_REAL_SCORE] - numbers[AIGC__GAN_FAKE_SCORE];
    const uint64_t span = ++gan->watch.seen < SPAN ? gan->watch.seen : SPAN;
    gan->watch.lead += (lead - gan->watch.lead) / (double)span;
    gan->watch.variety += (numbers[AIGC__GAN_VARIETY] - gan->watch.variety) / (double)span;
    if (step < WARM) return;
    if (gan->watch.lead > 0.98 && !gan->watch.told_lead) {
        gan->watch.told_lead = true;
        aigc__log(model->context, AIGC_LOG_WARNING,
                  "the discriminator tells all pictures apart (real_score - fake_score is above 0.98): the generator "
                  "learns little; try r1=1, label_smoothing=0.1 or instance_noise=0.1");
    }
    if (gan->watch.variety < 0.05 && !gan->watch.told_variety) {
        gan->watch.told_variety = true;
        aigc__log(model->context, AIGC_LOG_WARNING,
                  "the generator makes nearly the same picture of all latents (variety is below 0.05): its modes have "
                  "collapsed; try r1=1, another seed or a smaller learning_rate");
    }
}

/* ---- the service's questions ---- */

static aigc_status_t step(void *user, const float *images, const int64_t *labels, size_t n, uint64_t number,
                          aigc_metrics_t *metrics)
{
    aigc_model_t *model = user;
    aigc__gan_t *gan = gan_of(model);
    const double done = gan->noise_steps > 0 ? (double)number / (double)gan->noise_steps : 0;
    double numbers[AIGC__GAN_NUMBERS] = {0};
    gan->instance_noise = (float)(gan->noise_at_start * (done < 1 ? 1 - done : 0));
    AIGC__TRY(reserve_undo(model));
    AIGC__TRY(play_step(model, &(turn_t){.images = images, .labels = labels, .n = n}, numbers, metrics));
    watch(model, numbers, number);
    return AIGC_OK;
}

static aigc_status_t measure(void *user, const float *images, const int64_t *labels, size_t n, uint64_t batch,
                             aigc_metrics_t *metrics)
{
    aigc_model_t *model = user;
    aigc__executor_t *executor = NULL;
    const turn_t turn = {.images = images, .labels = labels, .n = n};
    AIGC__TRY(prepare(model, AIGC__GAN_MEASURE, &turn, &executor));
    AIGC__TRY(aigc__executor_run(executor, seed_of(gan_of(model), AIGC__PARTS, batch), (uint32_t)batch));
    for (size_t k = 0; k < AIGC__GAN_NUMBERS; k++)
        aigc__metrics_put(metrics, aigc__gan_metrics[k], fetched(executor, k));
    return AIGC_OK;
}

/* Which player leads is seen in the scores only where they are probabilities; else in the discriminator's loss beside
 * what it is when all pictures look the same to it. The Wasserstein loss has no such value. */
static const char *judge(void *user, const aigc_metrics_t *means)
{
    static const double even[] = {
        [AIGC__GAN_HINGE] = 2, [AIGC__GAN_LEAST_SQUARES] = 0.25, [AIGC__GAN_RELATIVISTIC] = 0.6931};
    const int64_t loss = gan_of(user)->objective.loss;
    const double *value = means->values;
    const double lead = value[AIGC__GAN_REAL_SCORE] - value[AIGC__GAN_FAKE_SCORE];
    const bool by_scores = loss == AIGC__GAN_LOGISTIC || loss == AIGC__GAN_MINIMAX;
    if (means->count < AIGC__GAN_NUMBERS) return NULL;
    if (value[AIGC__GAN_VARIETY] < 0.3) return "little variety";
    if (loss == AIGC__GAN_WASSERSTEIN) return "varied pictures";
    const double part = by_scores ? 1 - lead : value[AIGC__GAN_LOSS_D] / even[loss]; /* 1: even, 0: all told apart */
    return part < 0.2 ? "discriminator leads" : part > 1.1 ? "generator leads" : "even game";
}

/* A step of the service has several of the discriminator. */
static aigc_status_t begin(void *user, uint64_t total_steps)
{
    const aigc_model_t *model = user;
    aigc__gan_t *gan = gan_of(model);
    for (uint32_t part = 0; part < 2; part++) {
        aigc__schedule_t *schedule = &gan->settings[part].schedule;
        const uint64_t steps = part == AIGC__GAN_DISCRIMINATOR ? total_steps * gan->updates : total_steps;
        if (schedule->total == 0) schedule->total = (int64_t)steps;
        AIGC__TRY(aigc__schedule_check(schedule));
    }
    gan->noise_steps = total_steps * gan->updates;
    gan->watch.lead = gan->watch.variety = 0;
    gan->watch.seen = 0;
    gan->watch.told_lead = gan->watch.told_variety = false;
    return AIGC_OK;
}

aigc_status_t aigc__gan_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                              const aigc_options_t *options, aigc_progress_fn progress, void *user)
{
    aigc__gan_t *gan = gan_of(model);
    aigc__train_options_t common;
    aigc__optimizer_settings_t given;
    game_options_t game;
    train_options_t own;
    const aigc__trainee_t trainee = {
        .step = step, .measure = measure, .preview = aigc__preview, .begin = begin, .judge = judge, .user = model};
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){&common, &game, &own, &given}, 4));
    settle_common(&common);
    AIGC__TRY(settle(model, &game, &given));
    gan->seed = (uint64_t)common.seed;
    gan->batch_size = (size_t)common.batch_size;
    gan->updates = (uint64_t)own.discriminator_steps;
    common.batch_size *= own.discriminator_steps;
    return aigc__train(model, dataset, validation, &common, &trainee, progress, user);
}

aigc_status_t aigc__gan_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                   const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc__gan_t *gan = gan_of(model);
    aigc__optimizer_settings_t given;
    game_options_t game;
    step_options_t own;
    const size_t n = (size_t)images->shape[0], pixels = (size_t)aigc__gan_pixels(&gan->config);
    AIGC__TRY(aigc__model_options(model, "train_step", options, (void *[]){&game, &own, &given}, 3));
    AIGC__TRY(aigc__schedule_check(&given.schedule));
    AIGC__TRY(settle(model, &game, &given));
    gan->seed = (uint64_t)own.seed;
    gan->batch_size = n;
    if (own.latents &&
        (own.latents->dtype != AIGC_DTYPE_F32 || own.latents->count != 2 * n * (size_t)gan->config.latent_dim))
        return aigc__fail(AIGC_ERROR_OPTION, "option latents: an f32 tensor [2,%zu,%d] is needed", n,
                          (int)gan->config.latent_dim);
    if (model->optimizer == NULL)
        AIGC__TRY(aigc__optimizer_create(&model->optimizer, model->context, model->store, NULL, 0));
    if (images->dtype != AIGC_DTYPE_F32) AIGC__TRY(aigc__staging_reserve(model->context, &gan->staging, n * pixels, 0));
    double numbers[AIGC__GAN_NUMBERS] = {0};
    AIGC__TRY(reserve_undo(model));
    return play_step(model,
                     &(turn_t){.images = aigc__staged_images(model, &gan->staging, images, 0, n, pixels),
                               .labels = labels ? labels->data : NULL,
                               .latents = own.latents ? own.latents->data : NULL,
                               .n = n},
                     numbers, metrics);
}
