#include "nn/parameters.h"
#include <stdio.h>

enum { NAME_SIZE = 128 };

/* "<layer>.<part>"; false, and the graph fails, where that is too long. */
static bool name_part(char name[NAME_SIZE], aigc__graph_t *graph, const char *layer, const char *part)
{
    const int length = snprintf(name, NAME_SIZE, "%s.%s", layer, part);
    if (length >= 0 && length < NAME_SIZE) return true;
    aigc__graph_fail(graph, AIGC_ERROR_ARGUMENT, "the parameter name '%s.%s' is longer than %d bytes", layer, part,
                     NAME_SIZE - 1);
    return false;
}

aigc__id_t aigc__layer_parameter(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                                 aigc__shape_t shape, aigc__initialiser_t initialiser)
{
    char name[NAME_SIZE];
    return name_part(name, graph, layer, part) ? aigc__param(graph, store, name, shape, initialiser) : 0;
}

aigc__id_t aigc__layer_state(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                             aigc__shape_t shape, aigc__initialiser_t initialiser, aigc__role_t role)
{
    char name[NAME_SIZE];
    return name_part(name, graph, layer, part) ? aigc__state_value(graph, store, name, shape, initialiser, role) : 0;
}

void aigc__layer_assign(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part,
                        aigc__id_t value)
{
    char name[NAME_SIZE];
    if (name_part(name, graph, layer, part)) aigc__assign(graph, store, name, value);
}

/* ---- spectral norm ---- */

/* x / max(|x|, 1e-12) */
static aigc__id_t unit(aigc__graph_t *graph, aigc__id_t x)
{
    const aigc__id_t squares = aigc__sum(graph, aigc__square(graph, x), AIGC__ALL_AXES, true);
    const aigc__id_t floor = aigc__constant(graph, 1e-24, aigc__graph_shape(graph, squares));
    return aigc__mul(graph, x, aigc__map1(graph, AIGC__MAP_rsqrt, aigc__map2(graph, AIGC__MAP_max, squares, floor), 0));
}

/* The weight as a matrix [outputs, all else]. */
static aigc__id_t as_matrix(aigc__graph_t *graph, aigc__id_t weight, uint32_t out_axis)
{
    const uint32_t order[AIGC_MAX_RANK] = {1, 0, 2, 3, 4, 5};
    const aigc__id_t outputs_first = out_axis ? aigc__permute(graph, weight, order) : weight;
    const aigc__shape_t shape = aigc__graph_shape(graph, outputs_first);
    return aigc__reshape(graph, outputs_first, aigc__shape_of(2, (int64_t[]){shape.dims[0], -1}));
}

static aigc__id_t column(aigc__graph_t *graph, aigc__store_t *store, const char *layer, const char *part, int64_t n)
{
    const aigc__initialiser_t direction = {AIGC__INITIAL_DIRECTION, 0, 0};
    const aigc__id_t state =
        aigc__layer_state(graph, store, layer, part, aigc__shape_of(1, &n), direction, AIGC__STATE);
    return aigc__reshape(graph, state, aigc__shape_of(2, (int64_t[]){n, 1}));
}

/* v = W^T u / |W^T u|, u = W v / |W v|, without derivatives; sigma = u^T W v */
static aigc__id_t normalised(aigc__graph_t *graph, aigc__store_t *store, const char *layer, aigc__id_t weight,
                             uint32_t out_axis, bool training)
{
    const aigc__id_t matrix = as_matrix(graph, weight, out_axis), constant = aigc__stop_gradient(graph, matrix);
    const aigc__shape_t shape = aigc__graph_shape(graph, matrix);
    aigc__id_t u = column(graph, store, layer, "weight_u", shape.dims[0]);
    aigc__id_t v = column(graph, store, layer, "weight_v", shape.dims[1]);
    if (training) {
        v = unit(graph, aigc__matmul(graph, constant, u, true, false));
        u = unit(graph, aigc__matmul(graph, constant, v, false, false));
        aigc__layer_assign(graph, store, layer, "weight_u", aigc__reshape(graph, u, aigc__shape_of(1, shape.dims)));
        aigc__layer_assign(graph, store, layer, "weight_v", aigc__reshape(graph, v, aigc__shape_of(1, shape.dims + 1)));
    }
    const aigc__id_t sigma = aigc__matmul(graph, u, aigc__matmul(graph, matrix, v, false, false), true, false);
    return aigc__div(graph, weight, aigc__reshape(graph, sigma, aigc__shape_of(0, NULL)));
}

/* ---- weights ---- */

static aigc__initialiser_t initialiser_of(aigc__init_fn init, const aigc__shape_t *weight)
{
    int64_t taps = 1;
    for (uint32_t k = 2; k < weight->rank; k++) taps *= weight->dims[k];
    return (init ? init : aigc__kaiming_uniform)(weight->dims[1] * taps, weight->dims[0] * taps);
}

aigc__id_t aigc__weight(aigc__graph_t *graph, aigc__store_t *store, const char *layer, aigc__shape_t shape,
                        uint32_t out_axis, const aigc__weight_options_t *options)
{
    const char *part = options->spectral_norm ? "weight_orig" : "weight";
    const aigc__id_t weight =
        aigc__layer_parameter(graph, store, layer, part, shape, initialiser_of(options->init, &shape));
    return options->spectral_norm ? normalised(graph, store, layer, weight, out_axis, options->training) : weight;
}

aigc__id_t aigc__add_bias(aigc__graph_t *graph, aigc__store_t *store, const char *layer, aigc__id_t y,
                          const aigc__shape_t *weight_shape, const aigc__weight_options_t *options)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, y);
    if (options->no_bias || shape.rank == 0) return y;
    const aigc__initialiser_t initialiser = initialiser_of(options->bias_init, weight_shape);
    const aigc__shape_t last = aigc__shape_of(1, &shape.dims[shape.rank - 1]);
    return aigc__add(graph, y, aigc__layer_parameter(graph, store, layer, "bias", last, initialiser));
}
