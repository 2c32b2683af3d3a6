/* The halves of a VAE made of convolutions. Each stage of the encoder halves the picture, rounding down, and each of
 * the decoder goes back to the size before; an axis that is down to a single pixel stays as it is. The decoder repeats
 * pixels and then convolves: what transposed convolutions draw is hatched. */
#include "graph/resampling.h"
#include "models/vae.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include <stdio.h>

enum { SMALL_SIDE = 4, NAME_SIZE = 32 };

/* Height and width. */
typedef struct sides {
    int64_t of[2];
} sides_t;

static sides_t halved(sides_t sides)
{
    for (int k = 0; k < 2; k++) sides.of[k] = sides.of[k] > 1 ? sides.of[k] / 2 : 1;
    return sides;
}

/* The sides of the picture after so many stages. */
static sides_t sides_after(const aigc__vae_config_t *config, size_t stages)
{
    sides_t sides = {{config->height, config->width}};
    for (; stages > 0; stages--) sides = halved(sides);
    return sides;
}

/* A stage for each width while a side is above SMALL_SIDE; at least one. */
static size_t stages_of(const aigc__vae_config_t *config)
{
    size_t n = 1;
    for (; n < config->widths.n; n++) {
        const sides_t sides = sides_after(config, n);
        if (sides.of[0] <= SMALL_SIDE && sides.of[1] <= SMALL_SIDE) break;
    }
    return n;
}

/* Of the stage that halves these sides. Its norm would take a bias away. */
static aigc__conv_options_t halving(sides_t sides)
{
    aigc__conv_options_t options = {.per_axis = true, .weight.no_bias = true};
    for (int k = 0; k < 2; k++) {
        const bool halves = sides.of[k] > 1;
        options.kernel[k] = halves ? 4 : 1;
        options.stride[k] = halves ? 2 : 1;
        options.padding[k] = halves;
    }
    return options;
}

/* On pictures of these sides, which it keeps. */
static aigc__conv_options_t smoothing(sides_t sides, bool is_normed)
{
    aigc__conv_options_t options = {.per_axis = true, .weight.no_bias = is_normed};
    for (int k = 0; k < 2; k++) {
        options.kernel[k] = sides.of[k] > 1 ? 3 : 1;
        options.padding[k] = sides.of[k] > 1;
    }
    return options;
}

static const char *numbered(char name[NAME_SIZE], const char *network, size_t index)
{
    snprintf(name, NAME_SIZE, "%s.%zu", network, index);
    return name;
}

/* Batch norm learns far faster here than norms of single pictures do, and with the running statistics what becomes
 * of a picture does not depend on the others of its call. A single number has no statistics of its own. */
static aigc__id_t norm_silu(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, bool training)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const bool is_single = shape.dims[0] * shape.dims[1] * shape.dims[2] < 2;
    const aigc__norm_options_t options = {.training = training && !is_single};
    return aigc__silu(graph, aigc__batch_norm(graph, store, name, x, &options));
}

/* What is left of a picture, as one row; false, and the graph fails: more than a layer can have. */
static bool is_small_enough(aigc__graph_t *graph, sides_t sides, int64_t channels)
{
    if (sides.of[0] * sides.of[1] <= INT32_MAX / channels) return true;
    aigc__graph_fail(graph, AIGC_ERROR_OPTION,
                     "option widths: after the convolutions %lldx%lld pixels of %lld channels are left, too many for a "
                     "linear layer; give more or smaller widths",
                     (long long)sides.of[0], (long long)sides.of[1], (long long)channels);
    return false;
}

aigc__vae_codes_t aigc__vae_conv_encoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                                         aigc__id_t images, aigc__id_t labels, bool training)
{
    char name[NAME_SIZE];
    const sides_t whole = sides_after(config, 0);
    const size_t stages = stages_of(config);
    const int64_t n = aigc__graph_shape(graph, images).dims[0];
    if (!is_small_enough(graph, sides_after(config, stages), config->widths.values[stages - 1]))
        return (aigc__vae_codes_t){0, 0};
    aigc__id_t h =
        aigc__reshape(graph, images, aigc__shape_of(4, (int64_t[]){n, whole.of[0], whole.of[1], config->channels}));
    for (size_t k = 0; k < stages; k++) {
        const aigc__conv_options_t options = halving(sides_after(config, k));
        h = aigc__conv_layer(graph, store, numbered(name, "encoder", 3 * k), h, config->widths.values[k], &options);
        h = norm_silu(graph, store, numbered(name, "encoder", 3 * k + 1), h, training);
    }
    h = aigc__permute(graph, h, (uint32_t[]){0, 3, 1, 2}); /* flattened as PyTorch does, channels first */
    h = aigc__reshape(graph, h, aigc__shape_of(2, (int64_t[]){n, -1}));
    h = aigc__vae_with_class(graph, config, h, labels);
    return (aigc__vae_codes_t){aigc__linear(graph, store, "mean", h, config->latent_dim),
                               aigc__linear(graph, store, "log_variance", h, config->latent_dim)};
}

/* The smallest pictures, [n, height, width, channels]. */
static aigc__id_t unfold(aigc__graph_t *graph, aigc__store_t *store, aigc__id_t latents, sides_t sides,
                         int64_t channels)
{
    const int64_t n = aigc__graph_shape(graph, latents).dims[0];
    const aigc__id_t flat = aigc__linear(graph, store, "decoder.0", latents, sides.of[0] * sides.of[1] * channels);
    const aigc__shape_t shape = aigc__shape_of(4, (int64_t[]){n, channels, sides.of[0], sides.of[1]});
    return aigc__permute(graph, aigc__reshape(graph, flat, shape), (uint32_t[]){0, 2, 3, 1});
}

/* Pixels are repeated to these sides, then convolved: in one where they double. */
static aigc__id_t enlarge(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, sides_t sides,
                          int64_t channels, const aigc__conv_options_t *options)
{
    const aigc__shape_t small = aigc__graph_shape(graph, x);
    if (sides.of[0] == 2 * small.dims[1] && sides.of[1] == 2 * small.dims[2])
        return aigc__upsample_conv_layer(graph, store, name, x, channels, options);
    const aigc__id_t repeated = aigc__resize(graph, x, AIGC__RESIZE_NEAREST, sides.of[0], sides.of[1]);
    return aigc__conv_layer(graph, store, name, repeated, channels, options);
}

aigc__id_t aigc__vae_conv_decoder(aigc__graph_t *graph, aigc__store_t *store, const aigc__vae_config_t *config,
                                  aigc__id_t latents, aigc__id_t labels, bool training)
{
    char name[NAME_SIZE];
    const size_t stages = stages_of(config);
    const int64_t *widths = config->widths.values;
    const aigc__id_t told = aigc__vae_with_class(graph, config, latents, labels);
    aigc__id_t h = unfold(graph, store, told, sides_after(config, stages), widths[stages - 1]);
    for (size_t k = 0; k < stages; k++) {
        const size_t back = stages - 1 - k;
        const sides_t sides = sides_after(config, back);
        const aigc__conv_options_t options = smoothing(sides, back > 0);
        h = norm_silu(graph, store, numbered(name, "decoder", 4 * k + 2), h, training);
        h = enlarge(graph, store, numbered(name, "decoder", 4 * k + 5), h, sides,
                    back > 0 ? widths[back - 1] : config->channels, &options);
    }
    return aigc__reshape(graph, h, aigc__shape_of(2, (int64_t[]){aigc__graph_shape(graph, latents).dims[0], -1}));
}
