/* Values without inputs. feed, param: attributes as AIGC__AT_*. constant: shape, p[0] the number.
 * random: shape, i[AIGC__AT_KIND] the distribution, p[0] the probability of a 1 for Bernoulli. */
#include "graph/step.h"

static const char *infer_leaf(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    (void)in;
    if (n != 0) return "it takes no inputs";
    *shape = aigc__attributes_shape(attributes);
    *dtype = (aigc_dtype_t)attributes->i[AIGC__AT_KIND];
    return *dtype == AIGC_DTYPE_F32 || *dtype == AIGC_DTYPE_I32 ? NULL : "values are f32 or i32";
}

const aigc__op_t aigc__op_feed = {.name = "feed", .flags = AIGC__OP_LEAF, .infer = infer_leaf};
const aigc__op_t aigc__op_param = {.name = "param", .flags = AIGC__OP_LEAF, .infer = infer_leaf};

/* ---- made by a step ---- */

static const char *infer_made(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                              aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    (void)in;
    if (n != 0) return "it takes no inputs";
    *shape = aigc__attributes_shape(attributes);
    *dtype = AIGC_DTYPE_F32;
    return NULL;
}

static void prepare_made(aigc__step_t *step) { step->tiles[0] = aigc__tile_count(step->value->count); }

static void reference_constant(const aigc__value_t *value, const aigc__value_t *const *in_values,
                               const double *const *in, double *out)
{
    (void)in_values, (void)in;
    for (size_t i = 0; i < value->count; i++) out[i] = value->attributes.p[0];
}

static void run_constant(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    (void)phase, (void)worker;
    step->kernels->fill((float *)step->output + aigc__tile_first(tile), (float)step->value->attributes.p[0],
                        aigc__tile_size(step->value->count, tile));
}

const aigc__op_t aigc__op_constant = {
    .name = "constant",
    .flags = AIGC__OP_NO_GRADIENT,
    .infer = infer_made,
    .reference = reference_constant,
    .prepare = prepare_made,
    .run = run_constant,
};

static const char *infer_random(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                                aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const int64_t kind = attributes->i[AIGC__AT_KIND];
    const double p = attributes->p[0];
    if (kind < AIGC__RANDOM_UNIFORM || kind > AIGC__RANDOM_BERNOULLI) return "there is no such distribution";
    if (!(p >= 0 && p <= 1)) return "a probability lies in 0..1";
    return infer_made(attributes, n, in, shape, dtype);
}

static void run_random(const aigc__step_t *step, size_t phase, size_t tile, size_t worker)
{
    const aigc__attributes_t *attributes = &step->value->attributes;
    const size_t first = aigc__tile_first(tile), n = aigc__tile_size(step->value->count, tile);
    float *y = (float *)step->output + first;
    aigc__stream_t stream = step->stream;
    (void)phase, (void)worker;
    stream.stream = AIGC__STREAM_GRAPH + (uint32_t)attributes->i[AIGC__AT_NUMBER];
    if (attributes->i[AIGC__AT_KIND] == AIGC__RANDOM_NORMAL) {
        step->kernels->random_normal(y, n, stream, first);
        return;
    }
    step->kernels->random_uniform(y, n, stream, first);
    if (attributes->i[AIGC__AT_KIND] == AIGC__RANDOM_BERNOULLI)
        for (size_t i = 0; i < n; i++) y[i] = (double)y[i] < attributes->p[0] ? 1.0f : 0.0f;
}

const aigc__op_t aigc__op_random = {
    .name = "random",
    .flags = AIGC__OP_NO_GRADIENT | AIGC__OP_RANDOM,
    .infer = infer_random,
    .prepare = prepare_made,
    .run = run_random,
};
