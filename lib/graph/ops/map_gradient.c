/* First derivatives of the elementwise functions, made of elementwise functions again. Where a rule
 * can be written with the output y it is, so that the input's memory is free after the forward pass. */
#include "graph/ops/map_rules.h"

typedef struct call {
    aigc__graph_t *g;
    aigc__id_t y, dy;
    const aigc__id_t *in;
    double p;
} call_t;

/* The cotangent of input k. */
typedef aigc__id_t (*rule_fn)(const call_t *c, size_t k);

static aigc__id_t map(const call_t *c, aigc__map_t function, aigc__id_t a) { return aigc__map1(c->g, function, a, 0); }
static aigc__id_t times(const call_t *c, aigc__id_t factor) { return aigc__mul(c->g, c->dy, factor); }

static aigc__id_t rule_none(const call_t *c, size_t k)
{
    (void)c, (void)k;
    return 0;
}

static aigc__id_t rule_pass(const call_t *c, size_t k)
{
    (void)k;
    return c->dy;
}

static aigc__id_t rule_sub(const call_t *c, size_t k) { return k == 0 ? c->dy : aigc__neg(c->g, c->dy); }

static aigc__id_t rule_mul(const call_t *c, size_t k) { return times(c, c->in[1 - k]); }

/* d(a/b)/db = -(a/b)/b */
static aigc__id_t rule_div(const call_t *c, size_t k)
{
    const aigc__id_t quotient = aigc__div(c->g, c->dy, c->in[1]);
    return k == 0 ? quotient : aigc__neg(c->g, aigc__mul(c->g, quotient, c->y));
}

/* The whole of dy where smaller < larger, half of it where they are equal. */
static aigc__id_t share(const call_t *c, aigc__id_t smaller, aigc__id_t larger)
{
    const aigc__id_t tie = aigc__scale(c->g, aigc__map2(c->g, AIGC__MAP_equal, smaller, larger), 0.5);
    return times(c, aigc__add(c->g, aigc__map2(c->g, AIGC__MAP_less, smaller, larger), tie));
}

static aigc__id_t rule_max(const call_t *c, size_t k) { return share(c, c->in[1 - k], c->in[k]); }

static aigc__id_t rule_min(const call_t *c, size_t k) { return share(c, c->in[k], c->in[1 - k]); }

static aigc__id_t rule_fma(const call_t *c, size_t k) { return k == 2 ? c->dy : rule_mul(c, k); }

static aigc__id_t rule_scale(const call_t *c, size_t k)
{
    (void)k;
    return aigc__scale(c->g, c->dy, c->p);
}

static aigc__id_t rule_neg(const call_t *c, size_t k)
{
    (void)k;
    return aigc__neg(c->g, c->dy);
}

static aigc__id_t rule_abs(const call_t *c, size_t k) { return times(c, map(c, AIGC__MAP_sign, c->in[k])); }

static aigc__id_t rule_square(const call_t *c, size_t k) { return times(c, aigc__scale(c->g, c->in[k], 2)); }

static aigc__id_t rule_sqrt(const call_t *c, size_t k)
{
    (void)k;
    return aigc__div(c->g, aigc__scale(c->g, c->dy, 0.5), c->y);
}

/* -y^3 / 2 */
static aigc__id_t rule_rsqrt(const call_t *c, size_t k)
{
    (void)k;
    return times(c, aigc__scale(c->g, aigc__mul(c->g, aigc__square(c->g, c->y), c->y), -0.5));
}

static aigc__id_t rule_reciprocal(const call_t *c, size_t k)
{
    (void)k;
    return aigc__neg(c->g, times(c, aigc__square(c->g, c->y)));
}

static aigc__id_t rule_exp(const call_t *c, size_t k)
{
    (void)k;
    return times(c, c->y);
}

/* y + 1 */
static aigc__id_t rule_expm1(const call_t *c, size_t k)
{
    (void)k;
    return times(c, aigc__shift(c->g, c->y, 1));
}

static aigc__id_t rule_log(const call_t *c, size_t k) { return aigc__div(c->g, c->dy, c->in[k]); }

/* 1 - y^2 */
static aigc__id_t rule_tanh(const call_t *c, size_t k)
{
    (void)k;
    return times(c, aigc__shift(c->g, aigc__neg(c->g, aigc__square(c->g, c->y)), 1));
}

/* y (1 - y), which keeps its digits near y = 1 where y - y^2 loses them */
static aigc__id_t rule_sigmoid(const call_t *c, size_t k)
{
    (void)k;
    return times(c, aigc__mul(c->g, c->y, aigc__shift(c->g, aigc__neg(c->g, c->y), 1)));
}

static aigc__id_t rule_softplus(const call_t *c, size_t k) { return times(c, map(c, AIGC__MAP_sigmoid, c->in[k])); }

/* 2 / sqrt(pi) e^(-a^2) */
static aigc__id_t rule_erf(const call_t *c, size_t k)
{
    const aigc__id_t bell = aigc__exp(c->g, aigc__neg(c->g, aigc__square(c->g, c->in[k])));
    return times(c, aigc__scale(c->g, bell, 1.12837916709551257390));
}

static aigc__id_t rule_sin(const call_t *c, size_t k) { return times(c, map(c, AIGC__MAP_cos, c->in[k])); }

static aigc__id_t rule_cos(const call_t *c, size_t k)
{
    return aigc__neg(c->g, times(c, map(c, AIGC__MAP_sin, c->in[k])));
}

static aigc__id_t rule_pow(const call_t *c, size_t k)
{
    return times(c, aigc__scale(c->g, aigc__map1(c->g, AIGC__MAP_pow, c->in[k], c->p - 1), c->p));
}

/* y > 0 exactly where the input is */
static aigc__id_t rule_relu(const call_t *c, size_t k)
{
    (void)k;
    return times(c, map(c, AIGC__MAP_step, c->y));
}

/* The output tells the input's sign unless the slope is negative. */
static aigc__id_t rule_leaky_relu(const call_t *c, size_t k)
{
    const aigc__id_t positive = map(c, AIGC__MAP_step, c->p >= 0 ? c->y : c->in[k]);
    return aigc__select(c->g, positive, c->dy, aigc__scale(c->g, c->dy, c->p));
}

static aigc__id_t rule_select(const call_t *c, size_t k)
{
    const aigc__id_t zero = aigc__constant(c->g, 0, aigc__graph_shape(c->g, c->y));
    if (k == 0) return 0;
    return k == 1 ? aigc__select(c->g, c->in[0], c->dy, zero) : aigc__select(c->g, c->in[0], zero, c->dy);
}

static const rule_fn rules[AIGC__MAPS] = {
    [AIGC__MAP_add] = rule_pass,      [AIGC__MAP_sub] = rule_sub,         [AIGC__MAP_mul] = rule_mul,
    [AIGC__MAP_div] = rule_div,       [AIGC__MAP_max] = rule_max,         [AIGC__MAP_min] = rule_min,
    [AIGC__MAP_fma] = rule_fma,       [AIGC__MAP_scale] = rule_scale,     [AIGC__MAP_shift] = rule_pass,
    [AIGC__MAP_neg] = rule_neg,       [AIGC__MAP_abs] = rule_abs,         [AIGC__MAP_square] = rule_square,
    [AIGC__MAP_sqrt] = rule_sqrt,     [AIGC__MAP_rsqrt] = rule_rsqrt,     [AIGC__MAP_reciprocal] = rule_reciprocal,
    [AIGC__MAP_exp] = rule_exp,       [AIGC__MAP_expm1] = rule_expm1,     [AIGC__MAP_log] = rule_log,
    [AIGC__MAP_tanh] = rule_tanh,     [AIGC__MAP_sigmoid] = rule_sigmoid, [AIGC__MAP_softplus] = rule_softplus,
    [AIGC__MAP_erf] = rule_erf,       [AIGC__MAP_sin] = rule_sin,         [AIGC__MAP_cos] = rule_cos,
    [AIGC__MAP_pow] = rule_pow,       [AIGC__MAP_relu] = rule_relu,       [AIGC__MAP_leaky_relu] = rule_leaky_relu,
    [AIGC__MAP_sign] = rule_none,     [AIGC__MAP_step] = rule_none,       [AIGC__MAP_floor] = rule_none,
    [AIGC__MAP_less] = rule_none,     [AIGC__MAP_less_equal] = rule_none, [AIGC__MAP_equal] = rule_none,
    [AIGC__MAP_select] = rule_select, [AIGC__MAP_copy] = rule_pass,
};

bool aigc__map_has_gradient(aigc__map_t function) { return rules[function] != rule_none; }

void aigc__map_gradient(aigc__graph_t *graph, aigc__id_t value, aigc__id_t dy, uint32_t want, aigc__id_t *dx)
{
    const aigc__value_t *y = aigc__graph_value(graph, value);
    const call_t call = {.g = graph, .y = value, .dy = dy, .in = y->inputs, .p = y->attributes.p[0]};
    const rule_fn rule = rules[y->attributes.i[0]];
    if (!rule) {
        aigc__graph_fail(graph, AIGC_ERROR_UNSUPPORTED, "%s has no derivative", aigc__op_title(y->op, &y->attributes));
        return;
    }
    for (size_t k = 0; k < y->n_inputs; k++)
        if (want >> k & 1) dx[k] = rule(&call, k);
}
