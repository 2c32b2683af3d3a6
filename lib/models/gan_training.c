/* One step of a GAN: what the training service asks of a kind. A step's pictures are cut into batches; the
 * discriminator learns on each, then the generator follows once. */
#include "models/gan.h"
#include <stddef.h>
#include <string.h>

/* The first are the numbers of the plans, in their order. */
enum { NORM_D = AIGC__GAN_NUMBERS, NORM_G, STRENGTH };
const char *const aigc__gan_metrics[] = {"loss_d",          "real_score",      "fake_score", "variety", "loss_g",
                                         "gradient_norm_d", "gradient_norm_g", "augment",    NULL};

static aigc__gan_t *gan_of(const aigc_model_t *model) { return model->network; }

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
    if (gan->objective.augment && verb != AIGC__GAN_MEASURE)
        AIGC__TRY(aigc__executor_set_feed(*out, "augment_strength", &gan->augment_strength));
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
    aigc__executor_commit(executor, model->average, aigc__optimizer_decay(model->optimizer, part));
    model->parameters_version++;
    return AIGC_OK;
}

enum { MOST_NUMBERS = AIGC__GAN_LEARN_NUMBERS + 1 };

/* The discriminator's turns over a step's pictures, and the means of their numbers. */
static aigc_status_t learn(aigc_model_t *model, const turn_t *step, double means[MOST_NUMBERS], double *norm)
{
    const aigc__gan_t *gan = gan_of(model);
    const aigc__gan_objective_t *objective = &gan->objective;
    const size_t pixels = (size_t)aigc__gan_pixels(&gan->config);
    const bool can_regularise = aigc__gan_regularises(objective);
    const size_t n_numbers = AIGC__GAN_LEARN_NUMBERS + (objective->augment != 0);
    for (size_t first = 0; first < step->n; first += gan->batch_size) {
        const size_t left = step->n - first;
        const uint64_t number = aigc__optimizer_steps(model->optimizer, AIGC__GAN_DISCRIMINATOR);
        const turn_t turn = {.images = step->images + first * pixels,
                             .labels = step->labels ? step->labels + first : NULL,
                             .latents = step->latents,
                             .n = left < gan->batch_size ? left : gan->batch_size,
                             .number = number};
        const bool is_due = can_regularise && number % (uint64_t)objective->lazy == 0;
        double numbers[MOST_NUMBERS];
        AIGC__TRY(play(model, is_due ? AIGC__GAN_LEARN_REGULARISED : AIGC__GAN_LEARN, AIGC__GAN_DISCRIMINATOR, &turn,
                       n_numbers, numbers, norm));
        for (size_t k = 0; k < n_numbers; k++) means[k] += numbers[k] * (double)turn.n / (double)step->n;
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

/* Where the discriminator has been too sure of real pictures over some batches, the strength of the augmentation rises,
 * otherwise it falls, by the pictures seen meanwhile (Karras et al. 2020, arXiv:2006.06676, section 3.2: four batches,
 * a target of 0.6). Beyond 0.8 made pictures may begin to look changed (there, section 2.2). */
static void adapt(aigc_model_t *model, double sureness, size_t n, uint64_t turns)
{
    const double target = 0.6, most = 0.8, after = 4;
    double *own = model->position.own;
    own[AIGC__GAN_OWN_SURE] += sureness * (double)n;
    own[AIGC__GAN_OWN_SEEN] += (double)n;
    own[AIGC__GAN_OWN_TURNS] += (double)turns;
    if (own[AIGC__GAN_OWN_TURNS] < after) return;
    const double seen = own[AIGC__GAN_OWN_SEEN], by = seen / gan_of(model)->augment_images;
    const double moved = own[AIGC__GAN_OWN_STRENGTH] + (own[AIGC__GAN_OWN_SURE] / seen > target ? by : -by);
    own[AIGC__GAN_OWN_STRENGTH] = moved < 0 ? 0 : moved > most ? most : moved;
    own[AIGC__GAN_OWN_SURE] = own[AIGC__GAN_OWN_SEEN] = own[AIGC__GAN_OWN_TURNS] = 0;
}

/* All of it or nothing. */
static aigc_status_t play_step(aigc_model_t *model, const turn_t *step, double numbers[AIGC__GAN_NUMBERS],
                               aigc_metrics_t *metrics)
{
    aigc__gan_t *gan = gan_of(model);
    double norm_d = 0, norm_g = 0, learned[MOST_NUMBERS] = {0};
    const uint64_t steps = aigc__optimizer_steps(model->optimizer, AIGC__GAN_DISCRIMINATOR);
    if (gan->adapts) gan->augment_strength = (float)model->position.own[AIGC__GAN_OWN_STRENGTH];
    copy_pieces(model, false);
    aigc_status_t status = learn(model, step, learned, &norm_d);
    if (status == AIGC_OK) status = follow(model, step, &numbers[AIGC__GAN_LOSS_G], &norm_g);
    if (status != AIGC_OK) {
        copy_pieces(model, true);
        aigc__optimizer_set_steps(model->optimizer, AIGC__GAN_DISCRIMINATOR, steps);
        model->parameters_version++;
        return status;
    }
    memcpy(numbers, learned, AIGC__GAN_LEARN_NUMBERS * sizeof *numbers);
    for (size_t k = 0; k < AIGC__GAN_NUMBERS; k++) aigc__metrics_put(metrics, aigc__gan_metrics[k], numbers[k]);
    aigc__metrics_put(metrics, aigc__gan_metrics[NORM_D], norm_d);
    aigc__metrics_put(metrics, aigc__gan_metrics[NORM_G], norm_g);
    if (gan->objective.augment == 0) return AIGC_OK;
    aigc__metrics_put(metrics, aigc__gan_metrics[STRENGTH], (double)gan->augment_strength);
    if (gan->adapts)
        adapt(model, learned[AIGC__GAN_SURENESS], step->n, aigc__optimizer_steps(model->optimizer, 0) - steps);
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
    model->position.own[AIGC__GAN_OWN_POLICY] = (double)gan->objective.augment;
    model->position.own[AIGC__GAN_OWN_IMAGES] = gan->augment_images;
    model->position.n_own = AIGC__GAN_OWN;
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

/* A training: what was asked for, some of it yet to be chosen. */
typedef struct training {
    aigc__train_options_t common;
    aigc__gan_asked_t asked;
} training_t;

static aigc_status_t choose(void *user, const aigc__position_t *earlier, uint64_t pictures)
{
    aigc_model_t *model = user;
    aigc__gan_t *gan = gan_of(model);
    training_t *training = gan->training;
    AIGC__TRY(aigc__gan_choose(model, &training->asked, earlier, pictures));
    training->common.batch_size = (int64_t)(gan->batch_size * gan->updates);
    return AIGC_OK;
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
    training_t training;
    aigc__optimizer_settings_t given;
    aigc__gan_game_t game;
    aigc__gan_pace_t pace;
    const aigc__trainee_t trainee = {.step = step,
                                     .measure = measure,
                                     .preview = aigc__preview,
                                     .choose = choose,
                                     .begin = begin,
                                     .judge = judge,
                                     .user = model};
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){&training.common, &game, &pace, &given}, 4));
    aigc__gan_settle_common(&training.common);
    aigc__gan_settle(model, &game, &given);
    training.asked = (aigc__gan_asked_t){training.common.batch_size, game.augment, game.augment_images};
    gan->seed = (uint64_t)training.common.seed;
    gan->updates = (uint64_t)pace.discriminator_steps;
    gan->training = &training;
    const aigc_status_t status = aigc__train(model, dataset, validation, &training.common, &trainee, progress, user);
    gan->training = NULL;
    return status;
}

aigc_status_t aigc__gan_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                   const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc__gan_t *gan = gan_of(model);
    aigc__optimizer_settings_t given;
    aigc__gan_game_t game;
    aigc__gan_given_t own;
    const size_t n = (size_t)images->shape[0], pixels = (size_t)aigc__gan_pixels(&gan->config);
    AIGC__TRY(aigc__model_options(model, "train_step", options, (void *[]){&game, &own, &given}, 3));
    AIGC__TRY(aigc__schedule_check(&given.schedule));
    aigc__gan_settle(model, &game, &given);
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
