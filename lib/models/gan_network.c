/* The networks of a GAN: those of the DCGAN (Radford et al. 2016, arXiv:1511.06434) with the names of PyTorch's
 * example, linear layers for small data, and what both and the residual ones share: sides, widths, classes. */
#include "models/gan.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include <stdio.h>

enum { NAME_SIZE = 48, SMALLEST = 4, WIDEST = 8 };
static const double slope = 0.2;

int64_t aigc__gan_pixels(const aigc__gan_config_t *config) { return config->height * config->width * config->channels; }

size_t aigc__gan_stages(const aigc__gan_config_t *config)
{
    const int64_t side = config->height > config->width ? config->height : config->width;
    size_t stages = 1;
    while (side >> (stages + 1) >= SMALLEST) stages++;
    return stages;
}

int64_t aigc__gan_first_side(int64_t side, size_t stages)
{
    const int64_t step = (int64_t)1 << stages;
    return (side + step - 1) / step;
}

int64_t aigc__gan_channels(int64_t width, size_t halvings)
{
    const size_t doublings = halvings > 0 ? halvings - 1 : 0;
    return width * (doublings < 3 ? (int64_t)1 << doublings : WIDEST);
}

aigc__id_t aigc__gan_crop(aigc__graph_t *graph, const aigc__gan_config_t *config, aigc__id_t x)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const int64_t sides[] = {config->height, config->width};
    for (uint32_t k = 0; k < 2; k++)
        if (shape.dims[1 + k] > sides[k])
            x = aigc__slice(graph, x, 1 + k, (shape.dims[1 + k] - sides[k]) / 2, sides[k]);
    return x;
}

/* A norm that follows takes a bias away. */
aigc__weight_options_t aigc__gan_weight(const aigc__gan_config_t *config, int part, bool training)
{
    const bool is_normed = part == AIGC__GAN_GENERATOR || config->discriminator_norm == AIGC__GAN_BATCH_NORM;
    return (aigc__weight_options_t){.init = aigc__dcgan_normal,
                                    .bias_init = aigc__zeros,
                                    .no_bias = is_normed && config->architecture == AIGC__GAN_DCGAN,
                                    .spectral_norm = part == AIGC__GAN_DISCRIMINATOR && config->spectral_norm,
                                    .training = training};
}

static const char *numbered(char name[NAME_SIZE], const char *network, size_t index)
{
    snprintf(name, NAME_SIZE, "%s.%zu", network, index);
    return name;
}

static aigc__id_t batch_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, bool training)
{
    const aigc__norm_options_t options = {.weight_deviation = 0.02, .training = training};
    return aigc__batch_norm(graph, store, name, x, &options);
}

/* ---- DCGAN ---- */

static aigc__id_t dcgan_generator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                  aigc__id_t codes, bool training)
{
    static const char *const network = "generator.main";
    char name[NAME_SIZE];
    const size_t stages = aigc__gan_stages(config);
    const aigc__shape_t shape = aigc__graph_shape(graph, codes);
    const aigc__weight_options_t weight = aigc__gan_weight(config, AIGC__GAN_GENERATOR, training);
    const aigc__conv_options_t first = {
        .kernel = {aigc__gan_first_side(config->height, stages), aigc__gan_first_side(config->width, stages)},
        .per_axis = true,
        .weight = weight};
    const aigc__conv_options_t doubling = {.kernel = {4}, .stride = {2}, .padding = {1}, .weight = weight};
    aigc__id_t h = aigc__reshape(graph, codes, aigc__shape_of(4, (int64_t[]){shape.dims[0], 1, 1, shape.dims[1]}));
    for (size_t k = 0; k < stages; k++) {
        const int64_t channels = aigc__gan_channels(config->generator_width, stages - k);
        h = aigc__conv_transpose_layer(graph, store, numbered(name, network, 3 * k), h, channels,
                                       k == 0 ? &first : &doubling);
        h = aigc__relu(graph, batch_norm(graph, store, numbered(name, network, 3 * k + 1), h, training));
    }
    h = aigc__conv_transpose_layer(graph, store, numbered(name, network, 3 * stages), h, config->channels, &doubling);
    return aigc__tanh(graph, aigc__gan_crop(graph, config, h));
}

/* Halves each axis; one that is down to a pixel stays. */
static aigc__conv_options_t halving(const aigc__shape_t *shape, const aigc__weight_options_t *weight)
{
    aigc__conv_options_t options = {.per_axis = true, .weight = *weight};
    for (size_t k = 0; k < 2; k++) {
        const bool halves = shape->dims[1 + k] > 1;
        options.kernel[k] = halves ? 4 : 1;
        options.stride[k] = halves ? 2 : 1;
        options.padding[k] = halves;
    }
    return options;
}

/* The smallest pictures, [n,h,w,c]. */
static aigc__id_t dcgan_features(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                 aigc__id_t pictures, bool training)
{
    static const char *const network = "discriminator.main";
    char name[NAME_SIZE];
    const bool is_normed = config->discriminator_norm == AIGC__GAN_BATCH_NORM;
    aigc__weight_options_t weight = aigc__gan_weight(config, AIGC__GAN_DISCRIMINATOR, training);
    aigc__id_t h = pictures;
    for (size_t k = 0; k < aigc__gan_stages(config); k++) {
        const aigc__shape_t shape = aigc__graph_shape(graph, h);
        const aigc__conv_options_t options = halving(&shape, &weight);
        const size_t index = k == 0 ? 0 : 3 * k - 1;
        h = aigc__conv_layer(graph, store, numbered(name, network, index), h,
                             aigc__gan_channels(config->discriminator_width, k + 1), &options);
        if (k > 0 && is_normed) h = batch_norm(graph, store, numbered(name, network, index + 1), h, training);
        h = aigc__leaky_relu(graph, h, slope);
    }
    return h;
}

/* One number a picture by a kernel as large as what is left. */
static aigc__id_t dcgan_logits(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                               aigc__id_t features, bool training)
{
    char name[NAME_SIZE];
    const aigc__shape_t shape = aigc__graph_shape(graph, features);
    const aigc__conv_options_t options = {.kernel = {shape.dims[1], shape.dims[2]},
                                          .per_axis = true,
                                          .weight = aigc__gan_weight(config, AIGC__GAN_DISCRIMINATOR, training)};
    const size_t index = 3 * aigc__gan_stages(config) - 1;
    const aigc__id_t logits =
        aigc__conv_layer(graph, store, numbered(name, "discriminator.main", index), features, 1, &options);
    return aigc__reshape(graph, logits, aigc__shape_of(2, (int64_t[]){shape.dims[0], 1}));
}

/* ---- linear layers ---- */

static aigc__id_t mlp_generator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                aigc__id_t codes)
{
    char name[NAME_SIZE];
    const size_t layers = config->hidden_dim.n;
    aigc__id_t h = codes;
    for (size_t k = 0; k < layers; k++)
        h = aigc__leaky_relu(
            graph, aigc__linear(graph, store, numbered(name, "generator.layers", k), h, config->hidden_dim.values[k]),
            slope);
    h = aigc__linear(graph, store, numbered(name, "generator.layers", layers), h, aigc__gan_pixels(config));
    return aigc__tanh(
        graph,
        aigc__reshape(graph, h, aigc__shape_of(4, (int64_t[]){-1, config->height, config->width, config->channels})));
}

static aigc__id_t mlp_features(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                               aigc__id_t pictures, bool training)
{
    char name[NAME_SIZE];
    const size_t layers = config->hidden_dim.n;
    const aigc__weight_options_t weight = {.spectral_norm = config->spectral_norm != 0, .training = training};
    aigc__id_t h = aigc__reshape(graph, pictures, aigc__shape_of(2, (int64_t[]){-1, aigc__gan_pixels(config)}));
    for (size_t k = 0; k < layers; k++)
        h = aigc__leaky_relu(graph,
                             aigc__linear_layer(graph, store, numbered(name, "discriminator.layers", k), h,
                                                config->hidden_dim.values[layers - 1 - k], &weight),
                             slope);
    return h;
}

/* ---- all ---- */

/* Latents, and beside them a learnt vector of the class, of length 1 at the start: with as large numbers as the
 * latent's, batch norms would take their variance from the class alone, and each class would become one picture. */
static aigc__id_t codes_of(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                           aigc__id_t latents, aigc__id_t labels)
{
    if (!config->conditional) return latents;
    const aigc__id_t vectors =
        aigc__embedding(graph, store, "generator.embedding", labels, config->classes, config->latent_dim);
    const aigc__id_t scaled = aigc__scale(graph, vectors, 1 / __builtin_sqrt((double)config->latent_dim));
    return aigc__concat(graph, (aigc__id_t[]){latents, scaled}, 2, 1);
}

aigc__id_t aigc__gan_generator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                               aigc__id_t latents, aigc__id_t labels, bool training)
{
    const aigc__id_t codes = codes_of(graph, store, config, latents, labels);
    switch (config->architecture) {
    case AIGC__GAN_MLP:
        return mlp_generator(graph, store, config, codes);
    case AIGC__GAN_RESNET:
        return aigc__gan_resnet_generator(graph, store, config, codes, training);
    default:
        return dcgan_generator(graph, store, config, codes, training);
    }
}

/* logits + features . vector of the class / sqrt(width) (Miyato and Koyama 2018, arXiv:1802.05637). */
static aigc__id_t judge_class(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                              aigc__id_t logits, aigc__id_t features, aigc__id_t labels)
{
    if (!config->conditional) return logits;
    const int64_t width = aigc__graph_shape(graph, features).dims[1];
    const aigc__id_t vectors = aigc__embedding(graph, store, "discriminator.embedding", labels, config->classes, width);
    const aigc__id_t product = aigc__sum(graph, aigc__mul(graph, features, vectors), 1u << 1, true);
    return aigc__add(graph, logits, aigc__scale(graph, product, 1 / __builtin_sqrt((double)width)));
}

aigc__id_t aigc__gan_discriminator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                   aigc__id_t pictures, aigc__id_t labels, bool training)
{
    const aigc__weight_options_t weight = aigc__gan_weight(config, AIGC__GAN_DISCRIMINATOR, training);
    const aigc__weight_options_t plain = {.spectral_norm = weight.spectral_norm, .training = training};
    if (config->architecture == AIGC__GAN_DCGAN) {
        const aigc__id_t h = dcgan_features(graph, store, config, pictures, training);
        const aigc__id_t logits = dcgan_logits(graph, store, config, h, training);
        return judge_class(graph, store, config, logits, aigc__global_average_pool(graph, h, false), labels);
    }
    const bool is_mlp = config->architecture == AIGC__GAN_MLP;
    const aigc__id_t h = is_mlp ? mlp_features(graph, store, config, pictures, training)
                                : aigc__gan_resnet_features(graph, store, config, pictures, training);
    const aigc__id_t logits = aigc__linear_layer(graph, store, "discriminator.linear", h, 1, &plain);
    return judge_class(graph, store, config, logits, h, labels);
}
