/* The set of ops is closed: every op that is not marked as having no gradient has one, made of ops that
 * have one. The walk is over the table, so a new op or function is covered, or fails, by itself. */
#include "graph/ops/map_rules.h"
#include "graph/samples.h"
#include "support/unit.h"
#include <string.h>

/* Three sweeps: each sweep's results are made of ops that can be swept again. */
static void check_closed(world_t *world, aigc__id_t y, bool has_gradient)
{
    aigc__id_t feeds[WORLD_FEEDS], g[WORLD_FEEDS];
    check_ok(aigc__graph_status(world->graph));
    for (int order = 0; order < 3 && y; order++) {
        const size_t n = world_variables(world, feeds);
        const aigc__id_t scalar = world_contract(world, &y, 1);
        check_ok(aigc__gradient(world->graph, scalar, feeds, n, g));
        bool any = false;
        for (size_t k = 0; k < n; k++) any |= g[k] != 0;
        if (order == 0) assert_int_equal(any, has_gradient);
        y = world_contract(world, g, n);
        check_ok(aigc__graph_status(world->graph));
    }
}

static bool has_gradient(aigc__op_code_t op) { return !(aigc__op((uint16_t)op)->flags & AIGC__OP_NO_GRADIENT); }

static void every_op_is_sampled(void **state)
{
    (void)state;
    for (aigc__op_code_t op = 1; op < AIGC__OPS; op++) {
        bool found = op == AIGC__OP_map || (aigc__op((uint16_t)op)->flags & AIGC__OP_LEAF);
        for (size_t k = 0; k < n_small_samples; k++) found |= small_samples[k].op == op;
        if (!found) print_error("%s has no sample\n", aigc__op((uint16_t)op)->name);
        assert_true(found);
    }
}

static void every_op_has_what_it_needs(void **state)
{
    (void)state;
    for (uint16_t op = 1; op < AIGC__OPS; op++) {
        const aigc__op_t *row = aigc__op(op);
        assert_non_null(row->infer);
        if (row->flags & AIGC__OP_LEAF) continue;
        assert_int_equal(!row->gradient, !!(row->flags & AIGC__OP_NO_GRADIENT));
        assert_true(row->reference || (row->flags & AIGC__OP_RANDOM));
        assert_true((row->prepare && row->run) || (row->flags & AIGC__OP_ELEMENTWISE));
        for (uint16_t other = 1; other < op; other++) assert_string_not_equal(row->name, aigc__op(other)->name);
    }
}

static void gradients_are_made_of_differentiable_ops(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_small_samples; k++) {
        world_t world;
        world_begin(&world);
        const aigc__id_t y = sample_build(&world, &small_samples[k]);
        check_ok(aigc__graph_status(world.graph));
        if (aigc__graph_value(world.graph, y)->dtype == AIGC_DTYPE_F32)
            check_closed(&world, y, has_gradient(small_samples[k].op));
        world_end(&world);
    }
}

static bool is_flat(aigc__map_t map)
{
    return map == AIGC__MAP_sign || map == AIGC__MAP_step || map == AIGC__MAP_floor || map == AIGC__MAP_less ||
           map == AIGC__MAP_less_equal || map == AIGC__MAP_equal;
}

static void every_function_has_a_derivative_or_is_flat(void **state)
{
    (void)state;
    for (aigc__map_t map = 0; map < AIGC__MAPS; map++) {
        world_t world;
        world_begin(&world);
        assert_int_equal(aigc__map_has_gradient(map), !is_flat(map));
        check_closed(&world, sample_map(&world, map, (aigc__shape_t){2, {2, 3}}), !is_flat(map));
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_is_sampled),
        cmocka_unit_test(every_op_has_what_it_needs),
        cmocka_unit_test(gradients_are_made_of_differentiable_ops),
        cmocka_unit_test(every_function_has_a_derivative_or_is_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
