#include "nn/layers.h"

static int64_t last_dim(const aigc__shape_t *shape) { return shape->rank ? shape->dims[shape->rank - 1] : 1; }

aigc__id_t aigc__linear_layer(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out,
                              const aigc__weight_options_t *options)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const aigc__shape_t weight_shape = aigc__shape_of(2, (int64_t[]){out, last_dim(&shape)});
    const aigc__id_t weight = aigc__weight(graph, store, name, weight_shape, 0, options);
    const aigc__id_t y = aigc__matmul(graph, x, weight, false, true);
    return aigc__add_bias(graph, store, name, y, &weight_shape, options);
}

aigc__id_t aigc__linear(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out)
{
    return aigc__linear_layer(graph, store, name, x, out, &(aigc__weight_options_t){0});
}

aigc__id_t aigc__embedding(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t indices,
                           int64_t count, int64_t width)
{
    const aigc__id_t weight = aigc__layer_parameter(
        graph, store, name, "weight", aigc__shape_of(2, (int64_t[]){count, width}), aigc__standard_normal(0, 0));
    return aigc__gather(graph, weight, indices);
}

/* Ones with probability 1 - p, over that. */
static aigc__id_t drop(aigc__graph_t *graph, aigc__id_t x, double p, aigc__shape_t mask)
{
    if (!(p >= 0 && p <= 1)) return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "dropout: a probability lies in 0..1");
    if (p == 0) return x;
    const aigc__id_t kept = aigc__random_bernoulli(graph, 1 - p, mask);
    return aigc__mul(graph, x, aigc__scale(graph, kept, p < 1 ? 1 / (1 - p) : 0));
}

aigc__id_t aigc__dropout(aigc__graph_t *graph, aigc__id_t x, double p, bool training)
{
    return training ? drop(graph, x, p, aigc__graph_shape(graph, x)) : x;
}

aigc__id_t aigc__dropout_channels(aigc__graph_t *graph, aigc__id_t x, double p, bool training)
{
    aigc__shape_t mask = aigc__graph_shape(graph, x);
    for (uint32_t k = 1; k + 1 < mask.rank; k++) mask.dims[k] = 1;
    return training ? drop(graph, x, p, mask) : x;
}

aigc__id_t aigc__global_average_pool(aigc__graph_t *graph, aigc__id_t x, bool keep)
{
    return aigc__mean(graph, x, aigc__spatial_axes(graph, x), keep);
}

aigc__id_t aigc__global_max_pool(aigc__graph_t *graph, aigc__id_t x, bool keep)
{
    return aigc__max_over(graph, x, aigc__spatial_axes(graph, x), keep);
}

uint32_t aigc__spatial_axes(const aigc__graph_t *graph, aigc__id_t x)
{
    const uint32_t rank = aigc__graph_shape(graph, x).rank;
    return rank > 2 ? (1u << (rank - 1)) - 2 : 0;
}
