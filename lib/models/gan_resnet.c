/* A GAN's networks of residual blocks (Gulrajani et al. 2017, arXiv:1704.00028; Miyato et al. 2018, arXiv:1802.05957):
 * sides double or halve in each block, what goes past it is repeated or averaged. */
#include "graph/resampling.h"
#include "models/gan.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include <stdio.h>

enum { NAME_SIZE = 64 };

typedef struct builder {
    aigc__graph_t *graph;
    aigc__store_t *store;
    const aigc__gan_config_t *config;
    const char *network;
    int part;
    bool training;
} builder_t;

static const char *named(char name[NAME_SIZE], const builder_t *b, size_t block, const char *layer)
{
    snprintf(name, NAME_SIZE, "%s.blocks.%zu.%s", b->network, block, layer);
    return name;
}

static aigc__conv_options_t square(const builder_t *b, int64_t side)
{
    aigc__conv_options_t options = {
        .kernel = {side}, .padding = {side / 2}, .weight = aigc__gan_weight(b->config, b->part, b->training)};
    options.weight.init = aigc__xavier_uniform;
    return options;
}

static aigc__id_t conv(const builder_t *b, size_t block, const char *layer, aigc__id_t x, int64_t channels,
                       int64_t side)
{
    char name[NAME_SIZE];
    const aigc__conv_options_t options = square(b, side);
    return aigc__conv_layer(b->graph, b->store, named(name, b, block, layer), x, channels, &options);
}

static aigc__id_t norm_relu(const builder_t *b, const char *name, aigc__id_t x)
{
    const aigc__norm_options_t options = {.training = b->training};
    return aigc__relu(b->graph, aigc__batch_norm(b->graph, b->store, name, x, &options));
}

static aigc__id_t doubled(const builder_t *b, aigc__id_t x)
{
    const aigc__shape_t shape = aigc__graph_shape(b->graph, x);
    return aigc__resize(b->graph, x, AIGC__RESIZE_NEAREST, 2 * shape.dims[1], 2 * shape.dims[2]);
}

/* norm, relu, twice the sides, 3 x 3, norm, relu, 3 x 3; beside it 1 x 1 and twice the sides. */
static aigc__id_t rising_block(const builder_t *b, size_t block, aigc__id_t x, int64_t channels)
{
    char name[NAME_SIZE];
    const aigc__conv_options_t options = square(b, 3);
    aigc__id_t h = norm_relu(b, named(name, b, block, "norm1"), x);
    h = aigc__upsample_conv_layer(b->graph, b->store, named(name, b, block, "conv1"), h, channels, &options);
    h = norm_relu(b, named(name, b, block, "norm2"), h);
    h = conv(b, block, "conv2", h, channels, 3);
    return aigc__add(b->graph, h, doubled(b, conv(b, block, "skip", x, channels, 1)));
}

aigc__id_t aigc__gan_resnet_generator(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                      aigc__id_t codes, bool training)
{
    const builder_t b = {graph, store, config, "generator", AIGC__GAN_GENERATOR, training};
    const size_t stages = aigc__gan_stages(config);
    const int64_t n = aigc__graph_shape(graph, codes).dims[0], width = config->generator_width;
    const int64_t high = aigc__gan_first_side(config->height, stages),
                  wide = aigc__gan_first_side(config->width, stages);
    const int64_t channels = aigc__gan_channels(width, stages);
    const aigc__conv_options_t last = square(&b, 3);
    aigc__id_t h = aigc__linear(graph, store, "generator.linear", codes, high * wide * channels);
    h = aigc__reshape(graph, h, aigc__shape_of(4, (int64_t[]){n, high, wide, channels}));
    for (size_t k = 0; k < stages; k++) h = rising_block(&b, k, h, aigc__gan_channels(width, stages - 1 - k));
    h = norm_relu(&b, "generator.norm", h);
    h = aigc__conv_layer(graph, store, "generator.conv", h, config->channels, &last);
    return aigc__tanh(graph, aigc__gan_crop(graph, config, h));
}

/* The mean of two by two pixels; an axis that is down to a pixel stays. */
static aigc__id_t halved(const builder_t *b, aigc__id_t x)
{
    const aigc__shape_t shape = aigc__graph_shape(b->graph, x);
    const aigc__pool_t pool = {.kernel = {shape.dims[1] > 1 ? 2 : 1, shape.dims[2] > 1 ? 2 : 1}};
    return pool.kernel[0] * pool.kernel[1] > 1 ? aigc__average_pool(b->graph, x, &pool) : x;
}

/* relu, 3 x 3, relu, 3 x 3, half the sides; beside it 1 x 1 and half the sides. The first block sees pixels: no relu
 * before them. */
static aigc__id_t falling_block(const builder_t *b, size_t block, aigc__id_t x, int64_t channels)
{
    const int64_t before = aigc__graph_shape(b->graph, x).dims[3];
    aigc__id_t h = block > 0 ? aigc__relu(b->graph, x) : x;
    h = conv(b, block, "conv1", h, block > 0 ? before : channels, 3);
    h = conv(b, block, "conv2", aigc__relu(b->graph, h), channels, 3);
    return aigc__add(b->graph, halved(b, h), conv(b, block, "skip", halved(b, x), channels, 1));
}

aigc__id_t aigc__gan_resnet_features(aigc__graph_t *graph, aigc__store_t *store, const aigc__gan_config_t *config,
                                     aigc__id_t pictures, bool training)
{
    const builder_t b = {graph, store, config, "discriminator", AIGC__GAN_DISCRIMINATOR, training};
    aigc__id_t h = pictures;
    for (size_t k = 0; k < aigc__gan_stages(config); k++)
        h = falling_block(&b, k, h, aigc__gan_channels(config->discriminator_width, k + 1));
    return aigc__global_average_pool(graph, aigc__relu(graph, h), false);
}
