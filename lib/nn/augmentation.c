#include "nn/augmentation.h"

typedef struct chance {
    aigc__graph_t *graph;
    aigc__id_t numbers, strength;
} chance_t;

static aigc__id_t along(aigc__graph_t *graph, aigc__id_t a, int64_t height, int64_t width)
{
    return aigc__reshape(graph, a, aigc__shape_of(4, (int64_t[]){-1, height, width, 1}));
}

/* [n,1,1,1] */
static aigc__id_t number(const chance_t *c, int which)
{
    return along(c->graph, aigc__slice(c->graph, c->numbers, 1, which, 1), 1, 1);
}

/* 1 for the pictures that it happens to, else 0. */
static aigc__id_t happens(const chance_t *c, int which)
{
    return aigc__map2(c->graph, AIGC__MAP_less, number(c, which), c->strength);
}

/* A whole number of 0..choices - 1. A product with an odd number of choices above 1 does not round up to it, so only
 * the others need the limit. */
static aigc__id_t choice(const chance_t *c, int which, int64_t choices)
{
    const aigc__id_t scaled = aigc__scale(c->graph, number(c, which), (double)choices);
    const aigc__id_t whole = aigc__map1(c->graph, AIGC__MAP_floor, scaled, 0);
    return aigc__map2(c->graph, AIGC__MAP_min, whole,
                      aigc__constant(c->graph, (double)(choices - 1), aigc__shape_of(0, NULL)));
}

/* 0, 1, .. n - 1 */
static aigc__id_t counted(aigc__graph_t *graph, int64_t n)
{
    const int64_t one = 1;
    if (n <= 1) return aigc__constant(graph, 0, aigc__shape_of(1, &one));
    const int64_t half = n / 2;
    const aigc__id_t first = counted(graph, half);
    const aigc__id_t rest = aigc__shift(graph, counted(graph, n - half), (double)half);
    return aigc__concat(graph, (aigc__id_t[]){first, rest}, 2, 0);
}

/* 1 where first <= at < first + length, else 0. */
static aigc__id_t within(aigc__graph_t *graph, aigc__id_t at, aigc__id_t first, double length)
{
    const aigc__id_t place = aigc__sub(graph, at, first);
    return aigc__mul(graph,
                     aigc__map2(graph, AIGC__MAP_less_equal, aigc__constant(graph, 0, aigc__shape_of(0, NULL)), place),
                     aigc__map2(graph, AIGC__MAP_less, place, aigc__constant(graph, length, aigc__shape_of(0, NULL))));
}

/* ---- colour ---- */

/* Written so that nothing changes where no part happens: with g a pixel's gray and m the picture's mean,
 * x + (x - g) (s - 1) c + (x - m) (c - 1) + b is ((x - g) s + g - m) c + m + b. */
static aigc__id_t recoloured(const chance_t *c, aigc__id_t x)
{
    aigc__graph_t *g = c->graph;
    const aigc__id_t by = aigc__shift(g, number(c, AIGC__AUGMENT_BRIGHTNESS), -0.5);
    const aigc__id_t brighter = aigc__mul(g, happens(c, AIGC__AUGMENT_BRIGHTENS), by);
    const aigc__id_t more_contrast =
        aigc__mul(g, happens(c, AIGC__AUGMENT_CONTRASTS), aigc__shift(g, number(c, AIGC__AUGMENT_CONTRAST), -0.5));
    const aigc__id_t from_mean = aigc__sub(g, x, aigc__mean(g, x, 1u << 1 | 1u << 2 | 1u << 3, true));
    aigc__id_t change = aigc__add(g, aigc__mul(g, from_mean, more_contrast), brighter);
    if (aigc__graph_shape(g, x).dims[3] > 1) {
        const aigc__id_t factor = aigc__shift(g, aigc__scale(g, number(c, AIGC__AUGMENT_SATURATION), 2), -1);
        const aigc__id_t more_colour =
            aigc__mul(g, aigc__mul(g, happens(c, AIGC__AUGMENT_SATURATES), factor), aigc__shift(g, more_contrast, 1));
        const aigc__id_t from_gray = aigc__sub(g, x, aigc__mean(g, x, 1u << 3, true));
        change = aigc__add(g, aigc__mul(g, from_gray, more_colour), change);
    }
    return aigc__add(g, x, change);
}

static aigc__id_t with_colour(const chance_t *c, aigc__id_t x)
{
    const int64_t channels = aigc__graph_shape(c->graph, x).dims[3];
    if (channels % 2 == 1) return recoloured(c, x);
    const aigc__id_t parts[] = {recoloured(c, aigc__slice(c->graph, x, 3, 0, channels - 1)),
                                aigc__slice(c->graph, x, 3, channels - 1, 1)};
    return aigc__concat(c->graph, parts, 2, 3);
}

/* ---- moving and cutting ---- */

/* Along an axis of the picture: where each place's pixel comes from, and whether that is inside. */
typedef struct axis {
    aigc__id_t from, inside;
} axis_t;

static axis_t moved(const chance_t *c, aigc__id_t places, int64_t size, int which)
{
    aigc__graph_t *g = c->graph;
    const int64_t reach = (2 * size + 8) / 16; /* an eighth, rounded */
    const aigc__id_t shift = aigc__shift(g, choice(c, which, 2 * reach + 1), (double)-reach);
    const aigc__id_t from = aigc__sub(g, places, aigc__mul(g, happens(c, AIGC__AUGMENT_MOVES), shift));
    const aigc__id_t none = aigc__constant(g, 0, aigc__shape_of(0, NULL));
    const aigc__id_t last = aigc__constant(g, (double)(size - 1), aigc__shape_of(0, NULL));
    return (axis_t){.from = aigc__map2(g, AIGC__MAP_min, aigc__map2(g, AIGC__MAP_max, from, none), last),
                    .inside = within(g, from, none, (double)size)};
}

/* Each pixel from its place; the mask is multiplied by what is inside. */
static aigc__id_t translated(const chance_t *c, aigc__id_t x, aigc__id_t rows, aigc__id_t columns, aigc__id_t *mask)
{
    aigc__graph_t *g = c->graph;
    const aigc__shape_t shape = aigc__graph_shape(g, x);
    const aigc__attributes_t none = {0};
    const axis_t down = moved(c, rows, shape.dims[1], AIGC__AUGMENT_DOWN);
    const axis_t right = moved(c, columns, shape.dims[2], AIGC__AUGMENT_RIGHT);
    const aigc__id_t from = aigc__add(g, aigc__scale(g, down.from, (double)shape.dims[2]), right.from);
    const aigc__id_t pixels = aigc__broadcast(g, aigc__cast(g, from, AIGC_DTYPE_I32), shape);
    *mask = aigc__mul(g, down.inside, right.inside);
    return aigc__append(g, AIGC__OP_take, &none, 2, (aigc__id_t[]){x, pixels});
}

/* Of half an axis, rounded up, its middle at one of the axis' places. */
static aigc__id_t cut_along(const chance_t *c, aigc__id_t places, int64_t size, int which)
{
    const int64_t length = (size + 1) / 2, before = length / 2;
    const aigc__id_t middle = choice(c, which, size + (length + 1) % 2);
    return within(c->graph, places, aigc__shift(c->graph, middle, (double)-before), (double)length);
}

static aigc__id_t kept(const chance_t *c, aigc__id_t rows, aigc__id_t columns, const aigc__shape_t *shape)
{
    aigc__graph_t *g = c->graph;
    const aigc__id_t high = cut_along(c, rows, shape->dims[1], AIGC__AUGMENT_ROW);
    const aigc__id_t wide = cut_along(c, columns, shape->dims[2], AIGC__AUGMENT_COLUMN);
    const aigc__id_t cut = aigc__mul(g, aigc__mul(g, high, happens(c, AIGC__AUGMENT_CUTS)), wide);
    return aigc__shift(g, aigc__neg(g, cut), 1);
}

aigc__id_t aigc__augment(aigc__graph_t *graph, aigc__id_t x, int64_t policy, aigc__id_t numbers, aigc__id_t strength)
{
    const aigc__shape_t shape = aigc__graph_shape(graph, x);
    const chance_t c = {.graph = graph, .numbers = numbers, .strength = strength};
    if (policy & AIGC__AUGMENT_COLOUR) x = with_colour(&c, x);
    if (!(policy & (AIGC__AUGMENT_TRANSLATION | AIGC__AUGMENT_CUTOUT))) return x;
    const aigc__id_t rows = along(graph, counted(graph, shape.dims[1]), shape.dims[1], 1);
    const aigc__id_t columns = along(graph, counted(graph, shape.dims[2]), 1, shape.dims[2]);
    aigc__id_t mask = 0;
    if (policy & AIGC__AUGMENT_TRANSLATION) x = translated(&c, x, rows, columns, &mask);
    if (policy & AIGC__AUGMENT_CUTOUT) {
        const aigc__id_t rest = kept(&c, rows, columns, &shape);
        mask = mask ? aigc__mul(graph, mask, rest) : rest;
    }
    return aigc__mul(graph, x, mask);
}
