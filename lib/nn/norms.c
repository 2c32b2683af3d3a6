#include "nn/norms.h"
#include "nn/parameters.h"
#include "tensor/storage.h"

static double epsilon_of(const aigc__norm_options_t *options) { return options->epsilon > 0 ? options->epsilon : 1e-5; }

/* 1 / sqrt(variance + epsilon) */
static aigc__id_t scale_of(aigc__graph_t *graph, aigc__id_t variance, double epsilon)
{
    return aigc__map1(graph, AIGC__MAP_rsqrt, aigc__shift(graph, variance, epsilon), 0);
}

/* Mean and variance over some axes, kept as size 1; returns x less its mean. */
static aigc__id_t centre(aigc__graph_t *graph, aigc__id_t x, uint32_t axes, aigc__id_t *mean, aigc__id_t *variance)
{
    *mean = aigc__mean(graph, x, axes, true);
    const aigc__id_t centred = aigc__sub(graph, x, *mean);
    *variance = aigc__mean(graph, aigc__square(graph, centred), axes, true);
    return centred;
}

static aigc__id_t weight_of(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape,
                            const aigc__norm_options_t *options)
{
    aigc__initialiser_t initialiser = aigc__constant_init(1);
    if (options->weight_deviation > 0)
        initialiser = (aigc__initialiser_t){AIGC__INITIAL_NORMAL, 1, options->weight_deviation};
    return aigc__layer_parameter(graph, store, name, "weight", shape, initialiser);
}

static aigc__id_t bias_of(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t shape)
{
    return aigc__layer_parameter(graph, store, name, "bias", shape, aigc__constant_init(0));
}

/* centred (scale weight) + bias: the small product first, so that pictures are multiplied once, and so that the
 * gradients of scale and weight are one sum over them. */
static aigc__id_t affine(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t centred,
                         aigc__id_t scale, aigc__shape_t shape, const aigc__norm_options_t *options)
{
    if (options->no_affine) return aigc__mul(graph, centred, scale);
    const aigc__id_t both = aigc__mul(graph, scale, weight_of(graph, store, name, shape, options));
    return aigc__add(graph, aigc__mul(graph, centred, both), bias_of(graph, store, name, shape));
}

/* The last n sizes. */
static aigc__shape_t last_of(aigc__shape_t shape, uint32_t n) { return aigc__shape_of(n, shape.dims + shape.rank - n); }

/* false, and the graph fails: there are no channels */
static bool has_channels(aigc__graph_t *graph, const char *name, aigc__id_t x, uint32_t least)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    char text[96];
    if (x && shape.rank < least)
        aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: %s has fewer than %u axes", name,
                         aigc__shape_text(text, shape.rank, shape.dims), least);
    return x && shape.rank >= least;
}

/* ---- batch norm ---- */

typedef struct running {
    aigc__id_t mean, variance, count;
} running_t;

static running_t running_of(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__shape_t channels)
{
    const aigc__initialiser_t zero = aigc__constant_init(0), one = aigc__constant_init(1);
    return (running_t){
        aigc__layer_state(graph, store, name, "running_mean", channels, zero, AIGC__STATISTIC),
        aigc__layer_state(graph, store, name, "running_var", channels, one, AIGC__STATISTIC),
        aigc__layer_state(graph, store, name, "num_batches_tracked", aigc__shape_of(0, NULL), zero, AIGC__COUNTER)};
}

static aigc__id_t blend(aigc__graph_t *graph, aigc__id_t old, aigc__id_t new, double momentum)
{
    const aigc__id_t flat = aigc__reshape(graph, new, aigc__graph_shape(graph, old));
    return aigc__add(graph, aigc__scale(graph, old, 1 - momentum), aigc__scale(graph, flat, momentum));
}

/* n: how many numbers each channel has */
static void track(aigc__graph_t *graph, aigc__store_t *store, const char *name, running_t old, aigc__id_t mean,
                  aigc__id_t variance, double n, double momentum)
{
    const aigc__id_t unbiased = aigc__scale(graph, variance, n / (n - 1));
    aigc__layer_assign(graph, store, name, "running_mean", blend(graph, old.mean, mean, momentum));
    aigc__layer_assign(graph, store, name, "running_var", blend(graph, old.variance, unbiased, momentum));
    aigc__layer_assign(graph, store, name, "num_batches_tracked", aigc__shift(graph, old.count, 1));
}

/* x scale + shift with scale = weight / sqrt(variance + epsilon), shift = bias - mean scale, which are folded to two
 * constants where parameters are frozen. */
static aigc__id_t use_running(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                              running_t running, const aigc__norm_options_t *options)
{
    const aigc__shape_t channels = aigc__graph_shape(graph, running.mean);
    aigc__id_t scale = scale_of(graph, running.variance, epsilon_of(options));
    if (options->no_affine) return aigc__mul(graph, aigc__sub(graph, x, running.mean), scale);
    scale = aigc__mul(graph, scale, weight_of(graph, store, name, channels, options));
    const aigc__id_t bias = bias_of(graph, store, name, channels);
    const aigc__id_t shift = aigc__sub(graph, bias, aigc__mul(graph, running.mean, scale));
    return aigc__add(graph, aigc__mul(graph, x, scale), shift);
}

aigc__id_t aigc__batch_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                            const aigc__norm_options_t *options)
{
    if (!has_channels(graph, name, x, 2)) return 0;
    const aigc__shape_t shape = aigc__graph_shape(graph, x), channels = last_of(shape, 1);
    const uint32_t axes = (1u << (shape.rank - 1)) - 1;
    running_t running = {0};
    double n = 1;
    for (uint32_t k = 0; k + 1 < shape.rank; k++) n *= (double)shape.dims[k];
    if (!options->no_running) running = running_of(graph, store, name, channels);
    if (!options->no_running && !options->training) return use_running(graph, store, name, x, running, options);
    if (n < 2)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: the statistics of a single number say nothing", name);
    aigc__id_t mean, variance;
    const aigc__id_t centred = centre(graph, x, axes, &mean, &variance);
    const double momentum = options->momentum > 0 ? options->momentum : 0.1;
    if (!options->no_running) track(graph, store, name, running, mean, variance, n, momentum);
    return affine(graph, store, name, centred, scale_of(graph, variance, epsilon_of(options)), channels, options);
}

/* ---- the others ---- */

/* The means, over groups of neighbouring channels, of sums of `count` numbers a channel, [n, 1, C]; each channel has
 * its group's. */
static aigc__id_t mean_of_groups(aigc__graph_t *graph, aigc__id_t sums, int64_t groups, double count)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, sums);
    const int64_t width = shape.dims[2] / groups;
    const aigc__shape_t split = aigc__shape_of(3, (int64_t[]){shape.dims[0], groups, width});
    const aigc__id_t total = aigc__sum(graph, aigc__reshape(graph, sums, split), 4, true);
    const aigc__id_t mean = aigc__scale(graph, total, count > 0 ? 1 / (count * (double)width) : 0);
    return aigc__reshape(graph, aigc__broadcast(graph, mean, split), shape);
}

/* Sums over pictures are of channels, which are contiguous; only the small sums are put together to groups. */
aigc__id_t aigc__group_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t groups,
                            const aigc__norm_options_t *options)
{
    if (!has_channels(graph, name, x, 2)) return 0;
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const int64_t channels = shape.dims[shape.rank - 1];
    if (groups < 1 || channels % groups != 0)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: %lld channels are no multiple of %lld groups", name,
                                (long long)channels, (long long)groups);
    int64_t pixels = 1;
    for (uint32_t k = 1; k + 1 < shape.rank; k++) pixels *= shape.dims[k];
    const aigc__id_t rows = aigc__reshape(graph, x, aigc__shape_of(3, (int64_t[]){shape.dims[0], pixels, channels}));
    const aigc__id_t mean = mean_of_groups(graph, aigc__sum(graph, rows, 2, true), groups, (double)pixels);
    const aigc__id_t centred = aigc__sub(graph, rows, mean);
    const aigc__id_t squares = aigc__sum(graph, aigc__square(graph, centred), 2, true);
    const aigc__id_t variance = mean_of_groups(graph, squares, groups, (double)pixels);
    const aigc__id_t scale = scale_of(graph, variance, epsilon_of(options));
    return aigc__reshape(graph, affine(graph, store, name, centred, scale, last_of(shape, 1), options), shape);
}

aigc__id_t aigc__instance_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                               const aigc__norm_options_t *options)
{
    if (!has_channels(graph, name, x, 3)) return 0;
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    aigc__id_t mean, variance;
    const aigc__id_t centred = centre(graph, x, (1u << (shape.rank - 1)) - 2, &mean, &variance);
    const aigc__id_t scale = scale_of(graph, variance, epsilon_of(options));
    return affine(graph, store, name, centred, scale, last_of(shape, 1), options);
}

/* Here scale and weight have no axis in common: their product would be as large as x. */
aigc__id_t aigc__layer_norm_over(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, uint32_t n,
                                 const aigc__norm_options_t *options)
{
    if (n < 1) return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "%s: a norm over no axes", name);
    if (!has_channels(graph, name, x, n)) return 0;
    const aigc__shape_t shape = aigc__graph_shape(graph, x), own = last_of(shape, n);
    aigc__id_t mean, variance;
    const aigc__id_t centred = centre(graph, x, ((1u << n) - 1) << (shape.rank - n), &mean, &variance);
    const aigc__id_t y = aigc__mul(graph, centred, scale_of(graph, variance, epsilon_of(options)));
    if (options->no_affine) return y;
    const aigc__id_t weight = weight_of(graph, store, name, own, options);
    return aigc__add(graph, aigc__mul(graph, y, weight), bias_of(graph, store, name, own));
}

aigc__id_t aigc__layer_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, double epsilon)
{
    return aigc__layer_norm_over(graph, store, name, x, 1, &(aigc__norm_options_t){.epsilon = epsilon});
}

aigc__id_t aigc__pixel_norm(aigc__graph_t *graph, aigc__id_t x, double epsilon)
{
    const uint32_t rank = aigc__graph_shape(graph, x).rank;
    const aigc__id_t mean = aigc__mean(graph, aigc__square(graph, x), rank ? 1u << (rank - 1) : 0, true);
    return aigc__mul(graph, x, scale_of(graph, mean, epsilon));
}
