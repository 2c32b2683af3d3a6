/* What is computed in a GAN's steps. The discriminator learns on real pictures and on made ones, each in a pass of its
 * own, as batch norms want it; the generator follows by what the discriminator then says of new ones. */
#include "models/gan.h"
#include "nn/activations.h"

/* A plan in the making. */
typedef struct maker {
    aigc__graph_t *graph;
    aigc__store_t *store;
    const aigc__gan_config_t *config;
    const aigc__gan_objective_t *objective;
    int64_t n;
    int32_t variant;
    bool training;
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

/* What the discriminator gets to see of pictures. */
static aigc__id_t shown(const maker_t *m, aigc__id_t pictures)
{
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

/* ---- regularisers ---- */

/* Points between real and made pictures, each pair at a place of its own. */
static aigc__id_t between(const maker_t *m, aigc__id_t real, aigc__id_t fake)
{
    const aigc__id_t place = aigc__random_uniform(m->graph, aigc__shape_of(4, (int64_t[]){m->n, 1, 1, 1}));
    return aigc__add(m->graph, fake, aigc__mul(m->graph, place, aigc__sub(m->graph, real, fake)));
}

static aigc__id_t add_times(const maker_t *m, aigc__id_t sum, aigc__id_t term, double weight)
{
    return aigc__add(m->graph, sum, aigc__scale(m->graph, term, weight * (double)m->objective->lazy));
}

static aigc__id_t regularised(const maker_t *m, aigc__id_t loss, aigc__id_t real, aigc__id_t fake, aigc__id_t on_real,
                              aigc__id_t on_fake)
{
    const aigc__gan_objective_t *o = m->objective;
    if (o->r1 > 0) loss = add_times(m, loss, aigc__gan_squared_slope(m->graph, on_real, real), o->r1 / 2);
    if (o->r2 > 0) loss = add_times(m, loss, aigc__gan_squared_slope(m->graph, on_fake, fake), o->r2 / 2);
    if (o->gradient_penalty > 0) {
        const aigc__id_t x = between(m, real, fake);
        loss = add_times(m, loss, aigc__gan_slope_beside_one(m->graph, judge(m, x), x), o->gradient_penalty);
    }
    return loss;
}

/* ---- plans ---- */

/* The gradients of a part's parameters, written to the optimizer's block. */
static aigc_status_t add_gradients(const maker_t *m, aigc__id_t loss, uint32_t part, aigc__plan_recipe_t *recipe)
{
    aigc__id_t parameters[AIGC__MAX_FETCHES];
    size_t n = 0;
    for (size_t k = 0; k < aigc__store_count(m->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(m->store, k);
        if (parameter->role != AIGC__TRAINED || parameter->part != part) continue;
        if (recipe->n_fetches + n == AIGC__MAX_FETCHES)
            return aigc__fail(AIGC_ERROR_LIMIT, "the network has more than the %d parameters a training can have",
                              AIGC__MAX_FETCHES - AIGC__GAN_NUMBERS);
        parameters[n++] = aigc__param(m->graph, m->store, parameter->name, parameter->shape, parameter->initialiser);
    }
    AIGC__TRY(aigc__gradient(m->graph, loss, parameters, n, recipe->fetches + recipe->n_fetches));
    recipe->n_fetches += n;
    recipe->n_external = n;
    recipe->assigns = true;
    return AIGC_OK;
}

static aigc_status_t learn_plan(const maker_t *m, bool is_regularised, aigc__plan_recipe_t *recipe)
{
    const aigc__id_t real = shown(m, real_pictures(m));
    const aigc__id_t fake = aigc__stop_gradient(m->graph, shown(m, made_pictures(m)));
    const aigc__id_t on_real = judge(m, real), on_fake = judge(m, fake);
    const aigc__id_t loss = aigc__gan_discriminator_loss(m->graph, m->objective, on_real, on_fake);
    recipe->fetches[recipe->n_fetches++] = loss;
    recipe->fetches[recipe->n_fetches++] = score(m, on_real);
    recipe->fetches[recipe->n_fetches++] = score(m, on_fake);
    const aigc__id_t goal = is_regularised ? regularised(m, loss, real, fake, on_real, on_fake) : loss;
    return add_gradients(m, goal, AIGC__GAN_DISCRIMINATOR, recipe);
}

static aigc_status_t follow_plan(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const bool needs_real = m->objective->loss == AIGC__GAN_RELATIVISTIC;
    const aigc__id_t on_real = needs_real ? judge(m, shown(m, real_pictures(m))) : 0;
    const aigc__id_t on_fake = judge(m, shown(m, made_pictures(m)));
    const aigc__id_t loss = aigc__gan_generator_loss(m->graph, m->objective, on_real, on_fake);
    recipe->fetches[recipe->n_fetches++] = loss;
    return add_gradients(m, loss, AIGC__GAN_GENERATOR, recipe);
}

static aigc_status_t measure_plan(const maker_t *m, aigc__plan_recipe_t *recipe)
{
    const aigc__id_t on_real = judge(m, real_pictures(m)), on_fake = judge(m, made_pictures(m));
    recipe->fetches[AIGC__GAN_LOSS_D] = aigc__gan_discriminator_loss(m->graph, m->objective, on_real, on_fake);
    recipe->fetches[AIGC__GAN_REAL_SCORE] = score(m, on_real);
    recipe->fetches[AIGC__GAN_FAKE_SCORE] = score(m, on_fake);
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
        return learn_plan(&m, key->verb == AIGC__GAN_LEARN_REGULARISED, recipe);
    }
}
