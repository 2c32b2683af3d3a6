/* All elementwise functions. i[0]: which aigc__map_t; p[0]: its parameter. Executed by tile programs
 * (graph/program.c), so there is no run here. Inputs have one shape; broadcasting is a value of its own. */
#include "graph/op.h"
#include "graph/ops/map_rules.h"
#include <math.h>

static const char *infer_map(const aigc__attributes_t *attributes, size_t n, const aigc__value_t *const *in,
                             aigc__shape_t *shape, aigc_dtype_t *dtype)
{
    const int64_t map = attributes->i[0];
    if (map < 0 || map >= AIGC__MAPS) return "there is no such function";
    if (n != aigc__map_inputs((aigc__map_t)map)) return "the number of inputs is wrong";
    for (size_t k = 0; k < n; k++) {
        if (in[k]->dtype != AIGC_DTYPE_F32) return "elementwise functions take f32";
        if (!aigc__shape_equal(&in[k]->shape, &in[0]->shape)) return "the shapes differ";
    }
    *shape = in[0]->shape;
    *dtype = AIGC_DTYPE_F32;
    return NULL;
}

static double sigmoid(double a) { return a >= 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a)); }

static double softplus(double a) { return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a)); }

static double larger(double a, double b) { return isnan(a) || isnan(b) ? a + b : a > b ? a : b; }

double aigc__map_value(aigc__map_t map, double a, double b, double c, double p)
{
    switch (map) {
    case AIGC__MAP_add: return a + b;
    case AIGC__MAP_sub: return a - b;
    case AIGC__MAP_mul: return a * b;
    case AIGC__MAP_div: return a / b;
    case AIGC__MAP_max: return larger(a, b);
    case AIGC__MAP_min: return -larger(-a, -b);
    case AIGC__MAP_fma: return a * b + c;
    case AIGC__MAP_scale: return a * p;
    case AIGC__MAP_shift: return a + p;
    case AIGC__MAP_neg: return -a;
    case AIGC__MAP_abs: return fabs(a);
    case AIGC__MAP_square: return a * a;
    case AIGC__MAP_sqrt: return sqrt(a);
    case AIGC__MAP_rsqrt: return 1 / sqrt(a);
    case AIGC__MAP_reciprocal: return 1 / a;
    case AIGC__MAP_exp: return exp(a);
    case AIGC__MAP_expm1:
        return expm1(a);
    case AIGC__MAP_log: return log(a);
    case AIGC__MAP_tanh: return tanh(a);
    case AIGC__MAP_sigmoid: return sigmoid(a);
    case AIGC__MAP_softplus: return softplus(a);
    case AIGC__MAP_erf:
        return erf(a);
    case AIGC__MAP_sin: return sin(a);
    case AIGC__MAP_cos: return cos(a);
    case AIGC__MAP_pow: return pow(a, p);
    case AIGC__MAP_relu: return larger(a, 0);
    case AIGC__MAP_leaky_relu: return a > 0 ? a : p * a;
    case AIGC__MAP_sign: return a > 0 ? 1 : a < 0 ? -1 : a;
    case AIGC__MAP_step: return a > 0 ? 1 : 0;
    case AIGC__MAP_floor: return floor(a);
    case AIGC__MAP_less: return a < b ? 1 : 0;
    case AIGC__MAP_less_equal: return a <= b ? 1 : 0;
    case AIGC__MAP_equal: return a == b ? 1 : 0;
    case AIGC__MAP_select: return a != 0 ? b : c;
    case AIGC__MAP_copy: return a;
    case AIGC__MAPS: break;
    }
    return NAN;
}

static void reference_map(const aigc__value_t *value, const aigc__value_t *const *in_values, const double *const *in,
                          double *out)
{
    const aigc__map_t map = (aigc__map_t)value->attributes.i[0];
    const double *a = in[0], *b = value->n_inputs > 1 ? in[1] : a, *c = value->n_inputs > 2 ? in[2] : a;
    (void)in_values;
    for (size_t i = 0; i < value->count; i++) out[i] = aigc__map_value(map, a[i], b[i], c[i], value->attributes.p[0]);
}

const aigc__op_t aigc__op_map = {
    .name = "map",
    .flags = AIGC__OP_ELEMENTWISE,
    .infer = infer_map,
    .gradient = aigc__map_gradient,
    .simplify = aigc__map_simplify,
    .reference = reference_map,
    .in_place = 7,
};
