/* Optimizer updates with the formulas of PyTorch, one pass over memory each. A step handles n <= LANES
 * elements; `momentum` is a constant where it is inlined. */

typedef struct update_arrays {
    float *p;
    const float *g;
    float *m, *v;
} update_arrays_t;

typedef void (*update_fn)(update_arrays_t x, size_t n, const aigc__update_t *update, bool momentum);

INLINE void update_all(update_arrays_t x, size_t n, const aigc__update_t *update, bool momentum, update_fn step)
{
    aigc__update_t u = *update; /* a copy cannot alias the stores */
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        update_arrays_t at = {x.p + i, x.g + i, momentum ? x.m + i : NULL, x.v ? x.v + i : NULL};
        step(at, LANES, &u, momentum);
    }
    if (i == n) return;
    update_arrays_t at = {x.p + i, x.g + i, momentum ? x.m + i : NULL, x.v ? x.v + i : NULL};
    step(at, n - i, &u, momentum);
}

/* The gradient scaled and with coupled weight decay; decoupled decay shrinks *p instead. */
INLINE vf decayed_gradient(update_arrays_t x, size_t n, const aigc__update_t *u, vf *p)
{
    vf g = vf_mul(vf_get(x.g, n), vf_set(u->gradient_scale));
    *p = vf_get(x.p, n);
    if (!u->decoupled) return vf_fma(vf_set(u->weight_decay), *p, g);
    *p = vf_mul(*p, vf_set(1.0f - u->learning_rate * u->weight_decay));
    return g;
}

/* m = beta1 m + g;  p -= rate (nesterov ? g + beta1 m : m) */
INLINE void step_sgd(update_arrays_t x, size_t n, const aigc__update_t *u, bool momentum)
{
    vf p, g = decayed_gradient(x, n, u, &p), direction = g;
    if (momentum) {
        vf beta1 = vf_set(u->beta1), m = vf_fma(beta1, vf_get(x.m, n), g);
        vf_put(x.m, m, n);
        direction = u->nesterov ? vf_fma(beta1, m, g) : m;
    }
    vf_put(x.p, vf_fnma(vf_set(u->learning_rate), direction, p), n);
}

static void update_sgd(float *p, const float *g, float *m, size_t n, const aigc__update_t *update)
{
    update_arrays_t x = {p, g, m, NULL};
    if (m)
        update_all(x, n, update, true, step_sgd);
    else
        update_all(x, n, update, false, step_sgd);
}

/* m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 * p -= rate / correction1 * m / (sqrt(v) / correction2 + epsilon) */
INLINE void step_adam(update_arrays_t x, size_t n, const aigc__update_t *u, bool momentum)
{
    (void)momentum;
    vf p, g = decayed_gradient(x, n, u, &p);
    vf m = vf_fma(vf_set(1.0f - u->beta1), vf_sub(g, vf_get(x.m, n)), vf_get(x.m, n));
    vf v = vf_fma(vf_mul(g, g), vf_set(1.0f - u->beta2), vf_mul(vf_set(u->beta2), vf_get(x.v, n)));
    vf_put(x.m, m, n);
    vf_put(x.v, v, n);
    vf root = vf_fma(vf_sqrt(v), vf_set(1.0f / u->correction2), vf_set(u->epsilon));
    vf_put(x.p, vf_fnma(vf_set(u->learning_rate / u->correction1), vf_div(m, root), p), n);
}

static void update_adam(float *p, const float *g, float *m, float *v, size_t n, const aigc__update_t *update)
{
    update_arrays_t x = {p, g, m, v};
    update_all(x, n, update, true, step_adam);
}

/* v = beta2 v + (1 - beta2) g^2;  d = g / (sqrt(v) + epsilon);  m = beta1 m + d;  p -= rate m */
INLINE void step_rmsprop(update_arrays_t x, size_t n, const aigc__update_t *u, bool momentum)
{
    vf p, g = decayed_gradient(x, n, u, &p);
    vf v = vf_fma(vf_mul(g, g), vf_set(1.0f - u->beta2), vf_mul(vf_set(u->beta2), vf_get(x.v, n)));
    vf_put(x.v, v, n);
    vf direction = vf_div(g, vf_add(vf_sqrt(v), vf_set(u->epsilon)));
    if (momentum) {
        direction = vf_fma(vf_set(u->beta1), vf_get(x.m, n), direction);
        vf_put(x.m, direction, n);
    }
    vf_put(x.p, vf_fnma(vf_set(u->learning_rate), direction, p), n);
}

static void update_rmsprop(float *p, const float *g, float *v, float *m, size_t n, const aigc__update_t *update)
{
    update_arrays_t x = {p, g, m, v};
    if (m)
        update_all(x, n, update, true, step_rmsprop);
    else
        update_all(x, n, update, false, step_rmsprop);
}

static void update_average(float *average, const float *p, size_t n, float decay)
{
    vf weight = vf_set(1.0f - decay);
    size_t i = 0;
    for (; i < n; i += LANES) {
        size_t count = n - i < LANES ? n - i : LANES;
        vf old = vf_get(average + i, count);
        vf_put(average + i, vf_fma(weight, vf_sub(vf_get(p + i, count), old), old), count);
    }
}
