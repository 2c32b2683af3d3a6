#include "nn/layers.h"
#include <stdio.h>

enum { NAME_SIZE = 128 };

aigc__initialiser_t aigc__kaiming_uniform(int64_t fan_in)
{
    const double bound = fan_in > 0 ? 1.0 / __builtin_sqrt((double)fan_in) : 0.0;
    return (aigc__initialiser_t){AIGC__INITIAL_UNIFORM, -bound, bound};
}

aigc__initialiser_t aigc__constant_init(double value)
{
    return (aigc__initialiser_t){AIGC__INITIAL_CONSTANT, value, 0};
}

/* The parameter "<layer>.<part>". */
static aigc__id_t layer_parameter(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                                  aigc__shape_t shape, aigc__initialiser_t initialiser)
{
    char name[NAME_SIZE];
    const int length = snprintf(name, sizeof name, "%s.%s", layer, part);
    if (length < 0 || (size_t)length >= sizeof name)
        return aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "the parameter name '%s.%s' is longer than %d bytes", layer,
                                part, NAME_SIZE - 1);
    return aigc__param(graph, store, name, shape, initialiser);
}

static int64_t last_dim(const aigc__shape_t *shape) { return shape->rank ? shape->dims[shape->rank - 1] : 1; }

aigc__id_t aigc__linear(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, int64_t out)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const int64_t in = last_dim(&shape);
    const aigc__initialiser_t initialiser = aigc__kaiming_uniform(in);
    const aigc__id_t weight =
        layer_parameter(graph, store, name, "weight", aigc__shape_of(2, (int64_t[]){out, in}), initialiser);
    const aigc__id_t bias = layer_parameter(graph, store, name, "bias", aigc__shape_of(1, &out), initialiser);
    return aigc__add(graph, aigc__matmul(graph, x, weight, false, true), bias);
}

aigc__id_t aigc__layer_norm(aigc__graph_t *graph, aigc__store_t *store, const char *name, aigc__id_t x, double epsilon)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const int64_t width = last_dim(&shape);
    const uint32_t axis = shape.rank ? 1u << (shape.rank - 1) : 0;
    const aigc__id_t weight =
        layer_parameter(graph, store, name, "weight", aigc__shape_of(1, &width), aigc__constant_init(1));
    const aigc__id_t bias =
        layer_parameter(graph, store, name, "bias", aigc__shape_of(1, &width), aigc__constant_init(0));
    const aigc__id_t centred = aigc__sub(graph, x, aigc__mean(graph, x, axis, true));
    const aigc__id_t variance = aigc__mean(graph, aigc__square(graph, centred), axis, true);
    const aigc__id_t scale = aigc__map1(graph, AIGC__MAP_rsqrt, aigc__shift(graph, variance, epsilon), 0);
    return aigc__add(graph, aigc__mul(graph, aigc__mul(graph, centred, scale), weight), bias);
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

aigc__id_t aigc__relu(aigc__graph_t *graph, aigc__id_t x) { return aigc__map1(graph, AIGC__MAP_relu, x, 0); }

aigc__id_t aigc__sigmoid(aigc__graph_t *graph, aigc__id_t x) { return aigc__map1(graph, AIGC__MAP_sigmoid, x, 0); }
