#include "nn/activations.h"
#include "nn/parameters.h"

static aigc__id_t map(aigc__graph_t *graph, aigc__map_t function, aigc__id_t x)
{
    return aigc__map1(graph, function, x, 0);
}

aigc__id_t aigc__relu(aigc__graph_t *graph, aigc__id_t x) { return map(graph, AIGC__MAP_relu, x); }

aigc__id_t aigc__leaky_relu(aigc__graph_t *graph, aigc__id_t x, double slope)
{
    return aigc__map1(graph, AIGC__MAP_leaky_relu, x, slope);
}

/* min(x, 0) whose derivative at 0 is 1, so that relu and this share the derivative everywhere. */
static aigc__id_t negative_part(aigc__graph_t *graph, aigc__id_t x)
{
    const aigc__id_t zero = aigc__constant(graph, 0, aigc__graph_shape(graph, x));
    return aigc__select(graph, map(graph, AIGC__MAP_step, x), zero, x);
}

aigc__id_t aigc__prelu(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, bool per_channel)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const int64_t n = per_channel && shape.rank > 0 ? shape.dims[shape.rank - 1] : 1;
    const aigc__id_t weight =
        aigc__layer_parameter(graph, store, name, "weight", aigc__shape_of(1, &n), aigc__constant_init(0.25));
    return aigc__add(graph, aigc__relu(graph, x), aigc__mul(graph, negative_part(graph, x), weight));
}

aigc__id_t aigc__elu(aigc__graph_t *graph, aigc__id_t x, double alpha)
{
    const aigc__id_t below = map(graph, AIGC__MAP_expm1, negative_part(graph, x));
    return aigc__add(graph, aigc__relu(graph, x), aigc__scale(graph, below, alpha));
}

aigc__id_t aigc__sigmoid(aigc__graph_t *graph, aigc__id_t x) { return map(graph, AIGC__MAP_sigmoid, x); }

aigc__id_t aigc__tanh(aigc__graph_t *graph, aigc__id_t x) { return map(graph, AIGC__MAP_tanh, x); }

aigc__id_t aigc__softplus(aigc__graph_t *graph, aigc__id_t x) { return map(graph, AIGC__MAP_softplus, x); }

aigc__id_t aigc__silu(aigc__graph_t *graph, aigc__id_t x) { return aigc__mul(graph, x, aigc__sigmoid(graph, x)); }

aigc__id_t aigc__gelu(aigc__graph_t *graph, aigc__id_t x)
{
    const aigc__id_t error = map(graph, AIGC__MAP_erf, aigc__scale(graph, x, 0.70710678118654752440));
    return aigc__mul(graph, aigc__scale(graph, x, 0.5), aigc__shift(graph, error, 1));
}

aigc__id_t aigc__gelu_tanh(aigc__graph_t *graph, aigc__id_t x)
{
    const aigc__id_t cube = aigc__mul(graph, aigc__square(graph, x), x);
    const aigc__id_t inner = aigc__add(graph, x, aigc__scale(graph, cube, 0.044715));
    const aigc__id_t curve = aigc__tanh(graph, aigc__scale(graph, inner, 0.79788456080286535588));
    return aigc__mul(graph, aigc__scale(graph, x, 0.5), aigc__shift(graph, curve, 1));
}

/* x minus its maximum along the last axis; the maximum is a constant to derivatives, which is exact
 * because softmax does not change when its input is shifted. */
static aigc__id_t shifted(aigc__graph_t *graph, aigc__id_t x, uint32_t *axis)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    *axis = shape.rank ? 1u << (shape.rank - 1) : 0;
    return aigc__sub(graph, x, aigc__stop_gradient(graph, aigc__max_over(graph, x, *axis, true)));
}

aigc__id_t aigc__softmax(aigc__graph_t *graph, aigc__id_t x)
{
    uint32_t axis;
    const aigc__id_t e = aigc__exp(graph, shifted(graph, x, &axis));
    return aigc__div(graph, e, aigc__sum(graph, e, axis, true));
}

aigc__id_t aigc__log_softmax(aigc__graph_t *graph, aigc__id_t x)
{
    uint32_t axis;
    const aigc__id_t s = shifted(graph, x, &axis);
    const aigc__id_t total = aigc__sum(graph, aigc__exp(graph, s), axis, true);
    return aigc__sub(graph, s, aigc__map1(graph, AIGC__MAP_log, total, 0));
}
