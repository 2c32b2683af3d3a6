/* The algebra of elementwise functions: what can be had for less. The identities keep NaN; they may
 * round or overflow at another place. */
#include "graph/ops/map_rules.h"
#include <math.h>

static bool is_map(const aigc__graph_t *graph, aigc__id_t id, aigc__map_t map)
{
    const aigc__value_t *value = aigc__graph_value(graph, id);
    return value->op == AIGC__OP_map && value->attributes.i[0] == (int64_t)map;
}

static aigc__id_t input_of(const aigc__graph_t *graph, aigc__id_t id, size_t k)
{
    return aigc__graph_value(graph, id)->inputs[k];
}

static double parameter_of(const aigc__graph_t *graph, aigc__id_t id)
{
    return aigc__graph_value(graph, id)->attributes.p[0];
}

static aigc__id_t simplify_scale(aigc__graph_t *g, aigc__id_t a, double p)
{
    if (p == 1) return a;
    if (p == -1) return aigc__neg(g, a);
    if (is_map(g, a, AIGC__MAP_scale)) return aigc__scale(g, input_of(g, a, 0), p * parameter_of(g, a));
    if (is_map(g, a, AIGC__MAP_neg)) return aigc__scale(g, input_of(g, a, 0), -p);
    return 0;
}

static aigc__id_t simplify_neg(aigc__graph_t *g, aigc__id_t a)
{
    if (is_map(g, a, AIGC__MAP_neg)) return input_of(g, a, 0);
    if (is_map(g, a, AIGC__MAP_scale)) return aigc__scale(g, input_of(g, a, 0), -parameter_of(g, a));
    if (is_map(g, a, AIGC__MAP_sub)) return aigc__sub(g, input_of(g, a, 1), input_of(g, a, 0));
    return 0;
}

static aigc__id_t simplify_shift(aigc__graph_t *g, aigc__id_t a, double p)
{
    if (p == 0) return a;
    if (is_map(g, a, AIGC__MAP_shift)) return aigc__shift(g, input_of(g, a, 0), p + parameter_of(g, a));
    return 0;
}

static aigc__id_t simplify_pow(aigc__graph_t *g, aigc__id_t a, double p)
{
    if (p == 0) return aigc__constant(g, 1, aigc__graph_shape(g, a));
    if (p == 1) return a;
    if (p == 2) return aigc__square(g, a);
    if (p == -1) return aigc__map1(g, AIGC__MAP_reciprocal, a, 0);
    return 0;
}

/* f(broadcast(x)) is broadcast(f(x)), which computes less. */
static aigc__id_t hoist(aigc__graph_t *g, aigc__map_t map, aigc__id_t a, double p)
{
    if (aigc__graph_value(g, a)->op != AIGC__OP_broadcast) return 0;
    return aigc__broadcast(g, aigc__map1(g, map, input_of(g, a, 0), p), aigc__graph_shape(g, a));
}

static aigc__id_t simplify_one(aigc__graph_t *g, aigc__map_t map, aigc__id_t a, double p)
{
    aigc__id_t result = 0;
    const bool even = map == AIGC__MAP_abs || map == AIGC__MAP_square;
    if (map == AIGC__MAP_copy) result = a;
    if (map == AIGC__MAP_scale) result = simplify_scale(g, a, p);
    if (map == AIGC__MAP_neg) result = simplify_neg(g, a);
    if (map == AIGC__MAP_shift) result = simplify_shift(g, a, p);
    if (map == AIGC__MAP_pow) result = simplify_pow(g, a, p);
    if (even && is_map(g, a, AIGC__MAP_neg)) result = aigc__map1(g, map, input_of(g, a, 0), p);
    return result ? result : hoist(g, map, a, p);
}

/* a op number */
static aigc__id_t with_number(aigc__graph_t *g, aigc__map_t map, aigc__id_t a, double number)
{
    if (map == AIGC__MAP_add) return aigc__shift(g, a, number);
    if (map == AIGC__MAP_sub) return aigc__shift(g, a, -number);
    if (map == AIGC__MAP_mul) return aigc__scale(g, a, number);
    if (map == AIGC__MAP_div && number != 0 && isfinite(number)) return aigc__scale(g, a, 1 / number);
    return 0;
}

/* a p + b p and a p - b p are one multiplication less. */
static aigc__id_t common_factor(aigc__graph_t *g, aigc__map_t map, aigc__id_t a, aigc__id_t b)
{
    if ((map != AIGC__MAP_add && map != AIGC__MAP_sub) || !is_map(g, a, AIGC__MAP_scale) ||
        !is_map(g, b, AIGC__MAP_scale))
        return 0;
    const double p = parameter_of(g, a), q = parameter_of(g, b);
    const aigc__id_t x = input_of(g, a, 0), y = input_of(g, b, 0);
    if (p != q && p != -q) return 0;
    const bool adds = (map == AIGC__MAP_add) == (p == q);
    if (!adds && p < 0) return aigc__scale(g, aigc__sub(g, y, x), -p);
    return aigc__scale(g, adds ? aigc__add(g, x, y) : aigc__sub(g, x, y), p);
}

static bool commutes(aigc__map_t map)
{
    return map == AIGC__MAP_add || map == AIGC__MAP_mul || map == AIGC__MAP_max || map == AIGC__MAP_min ||
           map == AIGC__MAP_equal;
}

static aigc__id_t simplify_two(aigc__graph_t *g, aigc__map_t map, aigc__id_t a, aigc__id_t b)
{
    double number;
    if (aigc__is_constant(g, b, &number)) return with_number(g, map, a, number);
    if (aigc__is_constant(g, a, &number)) {
        if (map == AIGC__MAP_sub) return aigc__shift(g, aigc__neg(g, b), number);
        if (map == AIGC__MAP_div && number == 1) return aigc__map1(g, AIGC__MAP_reciprocal, b, 0);
        if (map == AIGC__MAP_add || map == AIGC__MAP_mul) return with_number(g, map, b, number);
    }
    if (map == AIGC__MAP_add && a == b) return aigc__scale(g, a, 2);
    if (map == AIGC__MAP_mul && a == b) return aigc__square(g, a);
    if (map == AIGC__MAP_add && is_map(g, b, AIGC__MAP_neg)) return aigc__sub(g, a, input_of(g, b, 0));
    if (map == AIGC__MAP_add && is_map(g, a, AIGC__MAP_neg)) return aigc__sub(g, b, input_of(g, a, 0));
    if (map == AIGC__MAP_sub && is_map(g, b, AIGC__MAP_neg)) return aigc__add(g, a, input_of(g, b, 0));
    /* One order for what commutes, so that equal values are found equal. */
    if (commutes(map) && a > b) return aigc__map2(g, map, b, a);
    return common_factor(g, map, a, b);
}

aigc__id_t aigc__map_simplify(aigc__graph_t *graph, const aigc__attributes_t *attributes, size_t n,
                              const aigc__id_t *in)
{
    const aigc__map_t map = (aigc__map_t)attributes->i[0];
    double numbers[3] = {0};
    size_t constants = 0;
    while (constants < n && aigc__is_constant(graph, in[constants], &numbers[constants])) constants++;
    if (constants == n)
        return aigc__constant(graph, aigc__map_value(map, numbers[0], numbers[1], numbers[2], attributes->p[0]),
                              aigc__graph_shape(graph, in[0]));
    if (n == 1) return simplify_one(graph, map, in[0], attributes->p[0]);
    return n == 2 ? simplify_two(graph, map, in[0], in[1]) : 0;
}
