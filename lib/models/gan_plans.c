/* What is computed in a GAN's steps. The discriminator learns on real pictures and on made ones, each in a pass of its
 * own, as batch norms want it; the generator follows by what the discriminator then says of new ones. */
#include "models/gan.h"
#include "nn/activations.h"
#include "nn/augmentation.h"

/* A plan in the making. */
typedef struct maker {
    aigc__graph_t *graph;
    aigc__store_t *store;
    const aigc__gan_config_t *config;
    const aigc__gan_objective_t *objective;
    int64_t n;
    int32_t variant;
    bool training, is_regularised;
    aigc__id_t labels; /* 0: not conditional */
} maker_t;

static aigc__id_t feed_rows(const maker_t *m, const char *name, int64_t columns)
{
    return aigc__feed(m->graph, name, AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){m->n, columns}));
}

static aigc__id_t real_pictures(const maker_t *m)
{
    const aigc__gan_config_t *c = m->config;
    const aigc__id_t rows = feed_rows(m, "images", aigc__gan_pixels(c));
    const aigc__id_t pictures =
        aigc__reshape(m->graph, rows, aigc__shape_of(4, (int64_t[]){m->n, c->height, c->width, c->channels}));
    return aigc__shift(m->graph, aigc__scale(m->graph, pictures, 2), -1);
}

static aigc__id_t made_pictures(const maker_t *m)
{
    const int64_t dim = m->config->latent_dim;
    const aigc__id_t latents = m->variant == AIGC__GAN_FED
                                   ? feed_rows(m, "latents", dim)
                                   : aigc__random_normal(m->graph, aigc__shape_of(2, (int64_t[]){m->n, dim}));
    return aigc__gan_generator(m->graph, m->store, m->config, latents, m->labels, m->training);
}

/* Each call draws numbers of its own, for each picture. */
static aigc__id_t augmented(const maker_t *m, aigc__id_t pictures)
{
    if (m->objective->augment == 0 || !m->training) return pictures;
    const aigc__id_t strength = aigc__feed(m->graph, "augment_strength", AIGC_DTYPE_F32, aigc__shape_of(0, NULL));
    const aigc__id_t numbers =
        aigc__random_uniform(m->graph, aigc__shape_of(2, (int64_t[]){m->n, AIGC__AUGMENT_NUMBERS}));
    return aigc__augment(m->graph, pictures, m->objective->augment, numbers, strength);
}

/* What the discriminator gets to see of pictures. */
static aigc__id_t shown(const maker_t *m, aigc__id_t pictures)
{
    pictures = augmented(m, pictures);
    if (!m->objective->has_noise || !m->training) return pictures;
    const aigc__id_t deviation = aigc__feed(m->graph, "instance_noise", AIGC_DTYPE_F32, aigc__shape_of(0, NULL));
    const aigc__id_t noise = aigc__random_normal(m->graph, aigc__graph_shape(m->graph, pictures));
    return aigc__add(m->graph, pictures, aigc__mul(m->graph, noise, deviation));
}

static aigc__id_t judge(const maker_t *m, aigc__id_t pictures)
{
    return aigc__gan_discriminator(m->graph, m->store, m->config, pictures, m->labels, m->training);
}

static aigc__id_t score(const maker_t *m, aigc__id_t logits)
{
    return aigc__mean(m->graph, aigc__sigmoid(m->graph, logits), AIGC__ALL_AXES, false);
}

/* In the place of each picture the mean of those of its class: which pictures are of one class, [n,n], by one row each
 * of 0 and 1. */
static aigc__id_t class_means(const maker_t *m, aigc__id_t pictures)
{
    const aigc__shape_t shape = aigc__graph_shape(m->graph, pictures);
    const aigc__id_t rows =
        aigc__reshape(m->graph, pictures, aigc__shape_of(2, (int64_t[]){m->n, aigc__gan_pixels(m->config)}));
    const aigc__id_t classes = aigc__one_hot(m->graph, m->labels, m->config->classes);
    const aigc__id_t same = aigc__matmul(m->graph, classes, classes, false, true);
    const aigc__id_t sums = aigc__matmul(m->graph, same, rows, false, false);
    return aigc__reshape(m->graph, aigc__div(m->graph, sums, aigc__sum(m->graph, same, 1u << 1, true)), shape);
}

/* How much pictures differ from one another; those of a conditional model from others of their class, as classes that
 * differ say nothing of what the latents do. */
static aigc__id_t spread(const maker_t *m, aigc__id_t pictures)
{
    const aigc__id_t mean = m->labels ? class_means(m, pictures) : aigc__mean(m->graph, pictures, 1u << 0, true);
    return aigc__mean(m->graph, aigc__square(m->graph, aigc__sub(m->graph, pictures, mean)), AIGC__ALL_AXES, false);
}

/* Where no two pictures can be compared, 1. */
static aigc__id_t variety(const maker_t *m, aigc__id_t real, aigc__id_t fake)
{
    const double tiny = 1e-12;
    return aigc__div(m->graph, aigc__shift(m->graph, spread(m, fake), tiny),
                     aigc__shift(m->graph, spread(m, real), tiny));
}

/* ---- regularisers ---- */

/* Points between real and made pictures, each pair at a place of its own. */
static aigc__id_t between(const maker_t *m, aigc__id_t real, aigc__id_t fake)
{
    const aigc__id_t place = aigc__random_uniform(m->graph, aigc__shape_of(4, (int64_t[]){m->n, 1, 1, 1}));
    return aigc__add(m->graph, fake, aigc__mul(m->graph, place, aigc__sub(m->graph, real, fake)));
}

/* A regulariser counts for all the steps until the next one. */
static aigc__id_t add_times(const maker_t *m, aigc__id_t sum, aigc__id_t term, double weight)
{
    return aigc__add(m->graph, sum, aigc__scale(m->graph, term, weight * (double)m->objective->lazy));
}

static aigc__id_t with_slope(const maker_t *m, aigc__id_t loss, aigc__id_t logits, aigc__id_t pictures, double weight)
{
    if (!m->is_regularised || weight <= 0) return loss;
    return add_times(m, loss, aigc__gan_squared_slope(m->graph, logits, pictures), weight / 2);
}

static aigc__id_t with_penalty(const maker_t *m, aigc__id_t loss, aigc__id_t real, aigc__id_t fake)
{
    if (!m->is_regularised || m->objective->gradient_penalty <= 0) return loss;
    const aigc__id_t x = between(m, real, fake);
    return add_times(m, loss, aigc__gan_slope_beside_one(m->graph, judge(m, x), x), m->objective->gradient_penalty);
}

/* ---- plans ---- */

static void fetch_scores(const maker_t *m, aigc__id_t on_real, aigc__id_t on_fake, aigc__plan_recipe_t *recipe)
{
    recipe->fetches[AIGC__GAN_REAL_SCORE] = score(m, on_real);
    recipe->fetches[AIGC__GAN_FAKE_SCORE] = score(m, on_fake);
    if (m->training && m->objective->augment)
        recipe->fetches[AIGC__GAN_SURENESS] = aigc__gan_sureness(m->graph, on_real, on_fake);
}

/* R1, R2 and the penalty take slopes at what the discriminator sees: they are to calm that network, whatever came
 * before it. */
static aigc_status_t learn_from_pairs(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const aigc__gan_objective_t *o = m->objective;
    const aigc__id_t pictures = real_pictures(m), real = shown(m, pictures);
    const aigc__id_t made = aigc__stop_gradient(m->graph, made_pictures(m)), fake = shown(m, made);
    const aigc__id_t on_real = judge(m, real), on_fake = judge(m, fake);
    const aigc__id_t loss = aigc__gan_discriminator_loss(m->graph, o, on_real, on_fake);
    const aigc__id_t goal =
        with_penalty(m, with_slope(m, with_slope(m, loss, on_real, real, o->r1), on_fake, fake, o->r2), real, fake);
    recipe->fetches[AIGC__GAN_LOSS_D] = loss;
    fetch_scores(m, on_real, on_fake, recipe);
    recipe->fetches[AIGC__GAN_VARIETY] = variety(m, pictures, made);
    return aigc__add_gradients(m->graph, m->store, goal, AIGC__GAN_DISCRIMINATOR, true, recipe);
}

static aigc_status_t learn_apart(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const aigc__gan_objective_t *o = m->objective;
    const aigc__id_t pictures = real_pictures(m), real = shown(m, pictures), on_real = judge(m, real);
    const aigc__id_t from_real = aigc__gan_loss_on_real(m->graph, o, on_real);
    const aigc__id_t first_goal = with_slope(m, from_real, on_real, real, o->r1);
    AIGC__TRY(aigc__add_gradients(m->graph, m->store, first_goal, AIGC__GAN_DISCRIMINATOR, true, recipe));
    const aigc__id_t made = aigc__stop_gradient(m->graph, made_pictures(m)), fake = shown(m, made);
    const aigc__id_t on_fake = judge(m, fake);
    const aigc__id_t from_fake = aigc__gan_loss_on_fake(m->graph, o, on_fake);
    const aigc__id_t goal = with_penalty(m, with_slope(m, from_fake, on_fake, fake, o->r2), real, fake);
    recipe->fetches[AIGC__GAN_LOSS_D] = aigc__add(m->graph, from_real, from_fake);
    fetch_scores(m, on_real, on_fake, recipe);
    recipe->fetches[AIGC__GAN_VARIETY] = variety(m, pictures, made);
    return aigc__add_gradients(m->graph, m->store, goal, AIGC__GAN_DISCRIMINATOR, false, recipe);
}

static aigc_status_t learn_plan(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    recipe->n_fetches = AIGC__GAN_LEARN_NUMBERS + (m->objective->augment != 0);
    AIGC__TRY(m->objective->loss == AIGC__GAN_RELATIVISTIC ? learn_from_pairs(m, recipe) : learn_apart(m, recipe));
    recipe->n_fetches += recipe->n_external;
    return AIGC_OK;
}

static aigc_status_t follow_plan(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const bool needs_real = m->objective->loss == AIGC__GAN_RELATIVISTIC;
    const aigc__id_t on_real = needs_real ? judge(m, shown(m, real_pictures(m))) : 0;
    const aigc__id_t on_fake = judge(m, shown(m, made_pictures(m)));
    const aigc__id_t loss = aigc__gan_generator_loss(m->graph, m->objective, on_real, on_fake);
    recipe->fetches[recipe->n_fetches++] = loss;
    AIGC__TRY(aigc__add_gradients(m->graph, m->store, loss, AIGC__GAN_GENERATOR, true, recipe));
    recipe->n_fetches += recipe->n_external;
    return AIGC_OK;
}

static aigc_status_t measure_plan(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const aigc__id_t real = real_pictures(m), fake = made_pictures(m);
    const aigc__id_t on_real = judge(m, real), on_fake = judge(m, fake);
    recipe->fetches[AIGC__GAN_LOSS_D] = aigc__gan_discriminator_loss(m->graph, m->objective, on_real, on_fake);
    fetch_scores(m, on_real, on_fake, recipe);
    recipe->fetches[AIGC__GAN_VARIETY] = variety(m, real, fake);
    recipe->fetches[AIGC__GAN_LOSS_G] = aigc__gan_generator_loss(m->graph, m->objective, on_real, on_fake);
    recipe->n_fetches = AIGC__GAN_NUMBERS;
    recipe->frozen = true;
    return AIGC_OK;
}

/* -1..1 to 0..1 */
static aigc_status_t decode_plan(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const aigc__id_t half = aigc__scale(m->graph, aigc__shift(m->graph, made_pictures(m), 1), 0.5);
    recipe->fetches[0] =
        aigc__reshape(m->graph, half, aigc__shape_of(2, (int64_t[]){m->n, aigc__gan_pixels(m->config)}));
    recipe->n_fetches = 1;
    recipe->frozen = true;
    return AIGC_OK;
}

aigc_status_t aigc__gan_plan(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                             aigc__plan_recipe_t *recipe)
{
    const aigc__gan_t *gan = model->network;
    maker_t m = {.graph = graph,
                 .store = model->store,
                 .config = &gan->config,
                 .objective = &gan->objective,
                 .n = (int64_t)key->n,
                 .variant = key->verb == AIGC__GAN_DECODE ? AIGC__GAN_FED : key->variant,
                 .is_regularised = key->verb == AIGC__GAN_LEARN_REGULARISED,
                 .training = key->verb != AIGC__GAN_MEASURE && key->verb != AIGC__GAN_DECODE};
    if (gan->config.conditional) m.labels = aigc__feed(graph, "labels", AIGC_DTYPE_I32, aigc__shape_of(1, &m.n));
    switch (key->verb) {
    case AIGC__GAN_FOLLOW:
        return follow_plan(&m, recipe);
    case AIGC__GAN_MEASURE:
        return measure_plan(&m, recipe);
    case AIGC__GAN_DECODE:
        return decode_plan(&m, recipe);
    default:
        return learn_plan(&m, recipe);
    }
}
