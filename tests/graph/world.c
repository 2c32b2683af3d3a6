#include "graph/world.h"
#include "support/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_begin(world_t *world)
{
    memset(world, 0, sizeof *world);
    aigc__memory_init(&world->memory, NULL, 0);
    check_ok(aigc__graph_create(&world->graph, &world->memory));
}

void world_end(world_t *world)
{
    aigc__graph_free(world->graph);
    assert_int_equal(world->memory.live, 0);
}

aigc__id_t world_feed(world_t *world, char kind, int limit, aigc__shape_t shape)
{
    char name[48];
    snprintf(name, sizeof name, "%c%d_%u", kind, limit, aigc__graph_count(world->graph));
    return aigc__feed(world->graph, name, kind == INDEX ? AIGC_DTYPE_I32 : AIGC_DTYPE_F32, shape);
}

/* [0, 1) with 24 bits, from a mixer of the splitmix64 kind */
static double unit(uint64_t key)
{
    key = (key + 1) * UINT64_C(0x9e3779b97f4a7c15);
    key = (key ^ (key >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    key = (key ^ (key >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((key ^ (key >> 31)) >> 40) / 16777216;
}

double world_leaf(const world_t *world, aigc__id_t id, size_t element)
{
    const aigc__value_t *value = aigc__graph_value(world->graph, id);
    const double u = unit((uint64_t)id << 32 | element), moved = world->moved == id && world->moved_element == element;
    double result;
    if (!value->name) return u;
    switch (value->name[0]) {
    case POSITIVE:
        result = 0.4 + 1.2 * u;
        break;
    case ZERO_ONE:
        result = u < 0.5;
        break;
    case INDEX:
        result = floor(u * atoi(value->name + 1));
        break;
    default:
        result = u < 0.5 ? -0.2 - 2.2 * u : 0.2 + 2.2 * (u - 0.5);
        break;
    }
    return (double)(float)result + moved * world->moved_by;
}

static void fill_leaf(void *user, const aigc__graph_t *graph, aigc__id_t id, double *out)
{
    for (size_t i = 0; i < aigc__graph_value(graph, id)->count; i++) out[i] = world_leaf(user, id, i);
}

double *world_compute(const world_t *world, aigc__id_t id)
{
    const aigc__reference_inputs_t inputs = {.leaf = fill_leaf, .user = (void *)(uintptr_t)world};
    const size_t count = aigc__graph_value(world->graph, id)->count;
    double *copy = malloc((count + 1) * sizeof *copy);
    aigc__reference_t *reference;
    assert_non_null(copy);
    check_ok(aigc__reference_run(&reference, world->graph, &id, 1, &inputs));
    memcpy(copy, aigc__reference_value(reference, id), count * sizeof *copy);
    aigc__reference_free(reference);
    return copy;
}

double world_total(const world_t *world, aigc__id_t id)
{
    double *values = world_compute(world, id), total = 0;
    for (size_t i = 0; i < aigc__graph_value(world->graph, id)->count; i++) total += values[i];
    free(values);
    return total;
}

size_t world_variables(const world_t *world, aigc__id_t feeds[WORLD_FEEDS])
{
    size_t n = 0;
    for (aigc__id_t id = 1; id < aigc__graph_count(world->graph); id++) {
        const aigc__value_t *value = aigc__graph_value(world->graph, id);
        const bool varies = value->name && (value->name[0] == SIGNED || value->name[0] == POSITIVE);
        if (!varies) continue;
        assert_true(n < WORLD_FEEDS);
        feeds[n++] = id;
    }
    return n;
}

/* Fourth-order central difference of sum(y) by one element. */
static double difference(world_t *world, aigc__id_t y, aigc__id_t feed, size_t element)
{
    const double h = 1e-3, steps[] = {-2 * h, -h, h, 2 * h}, weights[] = {1, -8, 8, -1};
    double total = 0;
    world->moved = feed;
    world->moved_element = element;
    for (size_t k = 0; k < 4; k++) {
        world->moved_by = steps[k];
        total += weights[k] * world_total(world, y);
    }
    world->moved = 0;
    return total / (12 * h);
}

double world_gradient_error(world_t *world, aigc__id_t y, const aigc__id_t *feeds, const aigc__id_t *g, size_t n,
                            double floor)
{
    double distance = 0, length = 0;
    for (size_t k = 0; k < n; k++) {
        double *exact = g[k] ? world_compute(world, g[k]) : NULL;
        for (size_t i = 0; i < aigc__graph_value(world->graph, feeds[k])->count; i++) {
            const double numeric = difference(world, y, feeds[k], i);
            distance = hypot(distance, (exact ? exact[i] : 0) - numeric);
            length = hypot(length, numeric);
        }
        free(exact);
    }
    return distance / fmax(length, floor);
}

aigc__id_t world_contract(world_t *world, const aigc__id_t *g, size_t n)
{
    aigc__id_t total = 0;
    for (size_t k = 0; k < n; k++) {
        if (!g[k]) continue;
        const aigc__id_t v = world_feed(world, SIGNED, 0, aigc__graph_shape(world->graph, g[k]));
        const aigc__id_t term = aigc__sum(world->graph, aigc__mul(world->graph, v, g[k]), AIGC__ALL_AXES, false);
        total = total ? aigc__add(world->graph, total, term) : term;
    }
    return total;
}
