/* The elementwise kernels of a level: one function a line of elementwise.def, on one vector, and one
 * loop that all share. */

typedef struct operands {
    vf a, b, c, p;
} operands_t;

INLINE vf keep_nan(vf a, vf result) { return vf_select(vf_is_nan(a), a, result); }
INLINE vf one_or_zero(vm truth) { return vf_select(truth, vf_set(1.0f), vf_set(0.0f)); }

INLINE vf one_add(operands_t x) { return vf_add(x.a, x.b); }
INLINE vf one_sub(operands_t x) { return vf_sub(x.a, x.b); }
INLINE vf one_mul(operands_t x) { return vf_mul(x.a, x.b); }
INLINE vf one_div(operands_t x) { return vf_div(x.a, x.b); }
INLINE vf one_max(operands_t x) { return keep_nan(x.a, vf_max(x.a, x.b)); }
INLINE vf one_min(operands_t x) { return keep_nan(x.a, vf_min(x.a, x.b)); }
INLINE vf one_fma(operands_t x) { return vf_fma(x.a, x.b, x.c); }
INLINE vf one_scale(operands_t x) { return vf_mul(x.a, x.p); }
INLINE vf one_shift(operands_t x) { return vf_add(x.a, x.p); }
INLINE vf one_neg(operands_t x) { return vf_neg(x.a); }
INLINE vf one_abs(operands_t x) { return vf_abs(x.a); }
INLINE vf one_square(operands_t x) { return vf_mul(x.a, x.a); }
INLINE vf one_sqrt(operands_t x) { return vf_sqrt(x.a); }
INLINE vf one_rsqrt(operands_t x) { return vf_div(vf_set(1.0f), vf_sqrt(x.a)); }
INLINE vf one_reciprocal(operands_t x) { return vf_div(vf_set(1.0f), x.a); }
INLINE vf one_exp(operands_t x) { return exp_any(x.a); }
INLINE vf one_expm1(operands_t x) { return expm1_any(x.a); }
INLINE vf one_log(operands_t x) { return log_any(x.a); }
INLINE vf one_tanh(operands_t x) { return tanh_any(x.a); }
INLINE vf one_sigmoid(operands_t x) { return sigmoid_any(x.a); }
INLINE vf one_softplus(operands_t x) { return softplus_any(x.a); }
INLINE vf one_erf(operands_t x) { return erf_any(x.a); }
INLINE vf one_sin(operands_t x) { return sin_any(x.a); }
INLINE vf one_cos(operands_t x) { return cos_any(x.a); }
INLINE vf one_pow(operands_t x) { return pow_any(x.a, x.p); }
INLINE vf one_relu(operands_t x) { return vf_max(vf_set(0.0f), x.a); }
INLINE vf one_leaky_relu(operands_t x) { return vf_select(vf_lt(vf_set(0.0f), x.a), x.a, vf_mul(x.p, x.a)); }
INLINE vf one_sign(operands_t x)
{
    vf negative = vf_select(vf_lt(x.a, vf_set(0.0f)), vf_set(-1.0f), x.a);
    return vf_select(vf_lt(vf_set(0.0f), x.a), vf_set(1.0f), negative);
}
INLINE vf one_step(operands_t x) { return one_or_zero(vf_lt(vf_set(0.0f), x.a)); }
INLINE vf one_floor(operands_t x) { return vf_floor(x.a); }
INLINE vf one_less(operands_t x) { return one_or_zero(vf_lt(x.a, x.b)); }
INLINE vf one_less_equal(operands_t x) { return one_or_zero(vf_le(x.a, x.b)); }
INLINE vf one_equal(operands_t x) { return one_or_zero(vf_eq(x.a, x.b)); }
INLINE vf one_select(operands_t x) { return vf_select(vf_eq(x.a, vf_set(0.0f)), x.c, x.b); }
INLINE vf one_copy(operands_t x) { return x.a; }

typedef vf (*one_fn)(operands_t);

INLINE void map_group(float *y, const float *a, const float *b, const float *c, size_t n, vf p, int inputs, one_fn one)
{
    operands_t x = {vf_get(a, n), p, p, p};
    if (inputs > 1) x.b = vf_get(b, n);
    if (inputs > 2) x.c = vf_get(c, n);
    vf_put(y, one(x), n);
}

INLINE void map_all(float *y, const float *a, const float *b, const float *c, size_t n, float p, int inputs, one_fn one)
{
    vf parameter = vf_set(p);
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        map_group(y + i, a + i, inputs > 1 ? b + i : b, inputs > 2 ? c + i : c, LANES, parameter, inputs, one);
    if (i < n) map_group(y + i, a + i, inputs > 1 ? b + i : b, inputs > 2 ? c + i : c, n - i, parameter, inputs, one);
}

#define MAP(name, inputs, ulp)                                                                                         \
    static void map_##name(float *y, const float *a, const float *b, const float *c, size_t n, float p)                \
    {                                                                                                                  \
        map_all(y, a, b, c, n, p, inputs, one_##name);                                                                 \
    }
#include "kernels/elementwise.def"
#undef MAP
