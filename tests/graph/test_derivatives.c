/* First and second derivatives of every op and function, and of the compositions layers are made of,
 * against central differences of the oracle in double. */
#include "graph/samples.h"
#include "support/unit.h"
#include <string.h>

static const double FIRST_BOUND = 1e-6, SECOND_BOUND = 1e-5;

static void check_derivatives(world_t *world, aigc__id_t y, const char *name)
{
    const double bounds[] = {FIRST_BOUND, SECOND_BOUND};
    aigc__id_t feeds[WORLD_FEEDS], g[WORLD_FEEDS];
    check_ok(aigc__graph_status(world->graph));
    if (aigc__graph_value(world->graph, y)->dtype != AIGC_DTYPE_F32) return;
    aigc__id_t scalar = world_contract(world, &y, 1);
    for (size_t order = 0; order < 2 && scalar; order++) {
        const size_t n = world_variables(world, feeds);
        check_ok(aigc__gradient(world->graph, scalar, feeds, n, g));
        const double error = world_gradient_error(world, scalar, feeds, g, n, 1e-2);
        if (!(error <= bounds[order])) print_error("%s: order %zu is off by %g\n", name, order + 1, error);
        assert_true(error <= bounds[order]);
        scalar = world_contract(world, g, n);
    }
}

static void ops_agree_with_differences(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_small_samples; k++) {
        const char *name = aigc__op((uint16_t)small_samples[k].op)->name;
        world_t world;
        /* What it does not let through by intent differs from the differences. */
        if (small_samples[k].op == AIGC__OP_stop_gradient) continue;
        world_begin(&world);
        check_derivatives(&world, sample_build(&world, &small_samples[k]), name);
        world_end(&world);
    }
}

static void functions_agree_with_differences(void **state)
{
    const aigc__shape_t shapes[] = {{2, {3, 5}}, {.rank = 0}, {2, {0, 3}}};
    (void)state;
    for (aigc__map_t map = 0; map < AIGC__MAPS; map++) {
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            world_t world;
            world_begin(&world);
            check_derivatives(&world, sample_map(&world, map, shapes[k]), aigc__map_name(map));
            world_end(&world);
        }
    }
}

static aigc__id_t softmax(aigc__graph_t *g, aigc__id_t x)
{
    const aigc__id_t largest = aigc__stop_gradient(g, aigc__max_over(g, x, 2, true));
    const aigc__id_t e = aigc__exp(g, aigc__sub(g, x, largest));
    return aigc__div(g, e, aigc__sum(g, e, 2, true));
}

static aigc__id_t log_softmax(aigc__graph_t *g, aigc__id_t x)
{
    const aigc__id_t shifted = aigc__sub(g, x, aigc__stop_gradient(g, aigc__max_over(g, x, 2, true)));
    const aigc__id_t total = aigc__sum(g, aigc__exp(g, shifted), 2, true);
    return aigc__sub(g, shifted, aigc__map1(g, AIGC__MAP_log, total, 0));
}

static aigc__id_t layer_norm(aigc__graph_t *g, aigc__id_t x, aigc__id_t gain, aigc__id_t bias)
{
    const aigc__id_t centred = aigc__sub(g, x, aigc__mean(g, x, 2, true));
    const aigc__id_t variance = aigc__mean(g, aigc__square(g, centred), 2, true);
    const aigc__id_t scale = aigc__map1(g, AIGC__MAP_rsqrt, aigc__shift(g, variance, 1e-5), 0);
    return aigc__add(g, aigc__mul(g, aigc__mul(g, centred, scale), gain), bias);
}

/* max(x, 0) - x t + log(1 + exp(-|x|)) */
static aigc__id_t bce_with_logits(aigc__graph_t *g, aigc__id_t x, aigc__id_t t)
{
    const aigc__id_t away = aigc__neg(g, aigc__map1(g, AIGC__MAP_abs, x, 0));
    const aigc__id_t hinge = aigc__sub(g, aigc__map1(g, AIGC__MAP_relu, x, 0), aigc__mul(g, x, t));
    return aigc__add(g, hinge, aigc__map1(g, AIGC__MAP_softplus, away, 0));
}

static void compositions_agree_with_differences(void **state)
{
    const aigc__shape_t shape = {2, {3, 5}}, row = {1, {5}};
    world_t world;
    (void)state;

    world_begin(&world);
    check_derivatives(&world, softmax(world.graph, world_feed(&world, SIGNED, 0, shape)), "softmax");
    world_end(&world);

    world_begin(&world);
    check_derivatives(&world, log_softmax(world.graph, world_feed(&world, SIGNED, 0, shape)), "log-softmax");
    world_end(&world);

    world_begin(&world);
    const aigc__id_t x = world_feed(&world, SIGNED, 0, shape), gain = world_feed(&world, POSITIVE, 0, row);
    check_derivatives(&world, layer_norm(world.graph, x, gain, world_feed(&world, SIGNED, 0, row)), "layer norm");
    world_end(&world);

    world_begin(&world);
    const aigc__id_t logits = world_feed(&world, SIGNED, 0, shape);
    check_derivatives(&world, bce_with_logits(world.graph, logits, world_feed(&world, POSITIVE, 0, shape)), "BCE");
    world_end(&world);
}

/* Broadcasting by the builders: NumPy's rules both ways, and the sums that undo them. */
static void broadcasting_builders_agree_with_differences(void **state)
{
    const aigc__map_t maps[] = {AIGC__MAP_add, AIGC__MAP_sub, AIGC__MAP_mul, AIGC__MAP_div, AIGC__MAP_max};
    const aigc__shape_t a = {3, {2, 1, 3}}, b = {2, {4, 1}}, scalar = {.rank = 0};
    (void)state;
    for (size_t k = 0; k < sizeof maps / sizeof *maps; k++) {
        world_t world;
        world_begin(&world);
        const aigc__id_t x = world_feed(&world, SIGNED, 0, a), y = world_feed(&world, SIGNED, 0, b);
        const aigc__id_t inner = aigc__map2(world.graph, maps[k], x, y);
        const aigc__id_t outer = aigc__map2(world.graph, maps[k], world_feed(&world, SIGNED, 0, scalar), inner);
        check_derivatives(&world, outer, aigc__map_name(maps[k]));
        world_end(&world);
    }
}

static void a_wrong_rule_is_found(void **state)
{
    const aigc__shape_t shape = {2, {3, 5}};
    world_t world;
    aigc__id_t x, g;
    (void)state;
    world_begin(&world);
    x = world_feed(&world, SIGNED, 0, shape);
    /* x * stop_gradient(x) is x^2 whose rule forgets one of the two */
    const aigc__id_t y = aigc__mul(world.graph, x, aigc__stop_gradient(world.graph, x));
    check_ok(aigc__gradient(world.graph, y, &x, 1, &g));
    assert_true(world_gradient_error(&world, y, &x, &g, 1, 1e-2) > 0.1);
    world_end(&world);
}

static void a_slightly_wrong_rule_is_found(void **state)
{
    (void)state;
    for (aigc__map_t map = 0; map < AIGC__MAPS; map++) {
        aigc__id_t feeds[WORLD_FEEDS], g[WORLD_FEEDS];
        bool any = false;
        world_t world;
        world_begin(&world);
        const aigc__id_t y = sample_map(&world, map, (aigc__shape_t){1, {4}});
        const size_t n = world_variables(&world, feeds);
        check_ok(aigc__gradient(world.graph, y, feeds, n, g));
        for (size_t k = 0; k < n; k++) {
            any |= g[k] != 0;
            if (g[k]) g[k] = aigc__scale(world.graph, g[k], 1.00001);
        }
        if (any) assert_true(world_gradient_error(&world, y, feeds, g, n, 1e-2) > FIRST_BOUND);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ops_agree_with_differences),
        cmocka_unit_test(functions_agree_with_differences),
        cmocka_unit_test(compositions_agree_with_differences),
        cmocka_unit_test(broadcasting_builders_agree_with_differences),
        cmocka_unit_test(a_wrong_rule_is_found),
        cmocka_unit_test(a_slightly_wrong_rule_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
