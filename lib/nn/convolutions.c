#include "nn/convolutions.h"
#include "graph/ops/conv_shape.h"
#include "graph/resampling.h"
#include "tensor/storage.h"

/* The options with every number in its place. */
typedef struct geometry {
    uint32_t spatial;
    int64_t kernel[3], stride[3], padding[3], dilation[3], output_padding[3];
    int64_t groups, in, out;
} geometry_t;

static bool is_inside(int64_t a, int64_t low) { return a >= low && a <= INT16_MAX; }

/* false, and the graph fails: nothing can be counted with these */
static bool settle(geometry_t *g, aigc__graph_t *graph, const char *name, aigc__id_t x, int64_t out,
                   const aigc__conv_options_t *o)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    char text[96];
    *g = (geometry_t){.spatial = shape.rank - 2, .groups = o->groups ? o->groups : 1, .out = out};
    if (!x) return false;
    bool is_sound = shape.rank >= 3 && shape.rank <= 5 && is_inside(g->groups, 1) && out >= 1 && out <= INT32_MAX;
    for (uint32_t k = 0; is_sound && k < g->spatial; k++) {
        const uint32_t from = o->per_axis ? k : 0;
        g->kernel[k] = o->kernel[from];
        g->stride[k] = o->stride[from] ? o->stride[from] : 1;
        g->padding[k] = o->padding[from];
        g->dilation[k] = o->dilation[from] ? o->dilation[from] : 1;
        g->output_padding[k] = o->output_padding[from];
        is_sound = is_inside(g->kernel[k], 1) && is_inside(g->stride[k], 1) && is_inside(g->padding[k], 0) &&
                   is_inside(g->dilation[k], 1) && is_inside(g->output_padding[k], 0) && shape.dims[1 + k] <= INT32_MAX;
    }
    if (is_sound) g->in = shape.dims[shape.rank - 1];
    if (is_sound && g->in % g->groups == 0 && out % g->groups == 0) return true;
    aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT,
                     "%s: a convolution of %s to %lld channels in %lld groups with these sizes does not exist", name,
                     aigc__shape_text(text, shape.rank, shape.dims), (long long)out, (long long)g->groups);
    return false;
}

static aigc__attributes_t attributes_of(const geometry_t *g)
{
    aigc__attributes_t attributes = {0};
    for (uint32_t k = 0; k < g->spatial; k++) {
        attributes.i[AIGC__AT_STRIDE + k] = g->stride[k];
        attributes.i[AIGC__AT_DILATION + k] = g->dilation[k];
        attributes.i[AIGC__AT_BEFORE + k] = attributes.i[AIGC__AT_AFTER + k] = g->padding[k];
    }
    attributes.i[AIGC__AT_GROUPS] = g->groups;
    return attributes;
}

static aigc__shape_t weight_shape(const geometry_t *g, int64_t first, int64_t second)
{
    aigc__shape_t shape = {.rank = g->spatial + 2, .dims = {first, second}};
    for (uint32_t k = 0; k < g->spatial; k++) shape.dims[2 + k] = g->kernel[k];
    return shape;
}

/* Padding that is not zeros goes before the convolution. */
static aigc__id_t pad_border(aigc__graph_t *graph, const char *name, aigc__id_t x, geometry_t *g, aigc__border_t border)
{
    static const aigc__resampling_t modes[] = {[AIGC__BORDER_REFLECT] = AIGC__PAD_REFLECT,
                                               [AIGC__BORDER_REPLICATE] = AIGC__PAD_REPLICATE,
                                               [AIGC__BORDER_CIRCULAR] = AIGC__PAD_CIRCULAR};
    if (border == AIGC__BORDER_ZEROS) return x;
    if (g->spatial != 2)
        return aigc__graph_fail(graph, AIGC_ERROR_UNSUPPORTED,
                                "%s: padding other than zeros is for pictures [N, H, W, C]", name);
    const aigc__id_t padded = aigc__extend(graph, x, modes[border], g->padding, g->padding);
    for (uint32_t k = 0; k < g->spatial; k++) g->padding[k] = 0;
    return padded;
}

aigc__id_t aigc__conv_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out,
                            const aigc__conv_options_t *options)
{
    geometry_t g;
    if (!settle(&g, graph, name, x, out, options)) return 0;
    const aigc__id_t padded = pad_border(graph, name, x, &g, options->border);
    const aigc__shape_t shape = weight_shape(&g, out, g.in / g.groups);
    const aigc__attributes_t attributes = attributes_of(&g);
    const aigc__id_t weight = aigc__weight(graph, store, name, shape, 0, &options->weight);
    return aigc__add_bias(graph, store, name, aigc__conv(graph, padded, weight, &attributes), &shape, &options->weight);
}

/* Whether both are one transposed convolution, and have so many pixels that making its weights costs little. */
static bool is_doubling(const geometry_t *g, const aigc__shape_t *x, const aigc__conv_options_t *o)
{
    enum { PIXELS_A_CHANNEL = 4 };
    const int64_t pixels = x->dims[0] * x->dims[1] * x->dims[2];
    if (g->spatial != 2 || g->groups != 1 || o->border != AIGC__BORDER_ZEROS) return false;
    for (uint32_t k = 0; k < 2; k++)
        if (g->kernel[k] != 3 || g->padding[k] != 1 || g->stride[k] != 1 || g->dilation[k] != 1) return false;
    return pixels >= PIXELS_A_CHANNEL * g->in && pixels >= PIXELS_A_CHANNEL * g->out;
}

/* Repeating pixels is a transposed convolution with ones, 2 x 2 and stride 2; one of 3 x 3 after it makes a transposed
 * one of 4 x 4 of both, whose weights are sums of neighbours. Its results meet 4 taps of the small picture each instead
 * of 9 of the large one. */
static aigc__id_t doubled_weight(aigc__graph_t *graph, aigc__id_t weight)
{
    const aigc__id_t turned = aigc__flip(graph, aigc__permute(graph, weight, (uint32_t[]){1, 0, 2, 3}), 0xc);
    aigc__id_t sum = 0;
    for (int64_t k = 0; k < 4; k++) {
        const int64_t before[] = {0, 0, k / 2, k % 2}, after[] = {0, 0, 1 - k / 2, 1 - k % 2};
        const aigc__id_t padded = aigc__pad(graph, turned, before, after);
        sum = k == 0 ? padded : aigc__add(graph, sum, padded);
    }
    return sum;
}

aigc__id_t aigc__upsample_conv_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                                     int64_t out, const aigc__conv_options_t *options)
{
    geometry_t g;
    if (!settle(&g, graph, name, x, out, options)) return 0;
    const aigc__shape_t shape = weight_shape(&g, out, g.in), small = aigc__graph_shape(graph, x);
    if (!is_doubling(&g, &small, options))
        return aigc__conv_layer(graph, store, name, aigc__upsample_nearest(graph, x, 2), out, options);
    const aigc__shape_t large = {4, {small.dims[0], 2 * small.dims[1], 2 * small.dims[2], out}};
    aigc__attributes_t attributes = attributes_of(&g);
    for (uint32_t k = 0; k < 2; k++) attributes.i[AIGC__AT_STRIDE + k] = 2;
    const aigc__id_t weight = doubled_weight(graph, aigc__weight(graph, store, name, shape, 0, &options->weight));
    const aigc__id_t y = aigc__conv_input_gradient(graph, x, weight, &attributes, &large);
    return aigc__add_bias(graph, store, name, y, &shape, &options->weight);
}

/* The convolution whose adjoint this is maps the result's sizes to x's. Its far padding gives way to
 * output_padding, so that it uses all of the result. */
aigc__id_t aigc__conv_transpose_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x,
                                      int64_t out, const aigc__conv_options_t *options)
{
    geometry_t g;
    if (!settle(&g, graph, name, x, out, options)) return 0;
    if (options->border != AIGC__BORDER_ZEROS)
        return aigc__graph_fail(graph, AIGC_ERROR_UNSUPPORTED, "%s: a transposed convolution is padded with zeros",
                                name);
    aigc__shape_t result = aigc__graph_shape(graph, x);
    const aigc__shape_t shape = weight_shape(&g, g.in, out / g.groups);
    aigc__attributes_t attributes = attributes_of(&g);
    for (uint32_t k = 0; k < g.spatial; k++) {
        const int64_t after = g.padding[k] - g.output_padding[k], reach = g.dilation[k] * (g.kernel[k] - 1) + 1;
        attributes.i[AIGC__AT_AFTER + k] = after > 0 ? after : 0;
        result.dims[1 + k] = (result.dims[1 + k] - 1) * g.stride[k] - 2 * g.padding[k] + reach + g.output_padding[k];
    }
    result.dims[result.rank - 1] = out;
    const aigc__id_t weight = aigc__weight(graph, store, name, shape, 1, &options->weight);
    const aigc__id_t y = aigc__conv_input_gradient(graph, x, weight, &attributes, &result);
    return aigc__add_bias(graph, store, name, y, &shape, &options->weight);
}
