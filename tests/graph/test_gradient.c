/* What gradient() promises beside right numbers: only what was asked for, any value as wrt, 0 where
 * there is no path, its own results again. */
#include "graph/world.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    static world_t world;
    world_begin(&world);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static aigc__id_t feed2(world_t *world, int64_t rows, int64_t columns)
{
    return world_feed(world, SIGNED, 0, aigc__shape_of(2, (int64_t[]){rows, columns}));
}

static size_t count_ops(const aigc__graph_t *graph, uint16_t op)
{
    size_t n = 0;
    for (aigc__id_t id = 1; id < aigc__graph_count(graph); id++) n += aigc__graph_value(graph, id)->op == op;
    return n;
}

static void expect_values(const world_t *world, aigc__id_t id, const double *expected, size_t n)
{
    double *values = world_compute(world, id);
    assert_int_equal(aigc__graph_value(world->graph, id)->count, n);
    for (size_t i = 0; i < n; i++)
        if (fabs(values[i] - expected[i]) > 1e-12 * (1 + fabs(expected[i]))) {
            print_error("element %zu is %.15g, not %.15g\n", i, values[i], expected[i]);
            fail();
        }
    free(values);
}

static void only_wanted_inputs_are_derived(void **state)
{
    world_t *world = *state;
    const aigc__id_t x = feed2(world, 3, 4), w = feed2(world, 4, 2);
    const aigc__id_t y = aigc__matmul(world->graph, x, w, false, false);
    aigc__id_t dx;
    check_ok(aigc__gradient(world->graph, y, &x, 1, &dx));
    assert_int_equal(count_ops(world->graph, AIGC__OP_matmul), 2);
}

static void contributions_are_added(void **state)
{
    world_t *world = *state;
    aigc__graph_t *g = world->graph;
    const aigc__id_t x = feed2(world, 1, 1);
    const double a = world_leaf(world, x, 0), expected = 2 * a * sin(a) + a * a * cos(a) + 1;
    const aigc__id_t y = aigc__add(g, aigc__mul(g, aigc__square(g, x), aigc__map1(g, AIGC__MAP_sin, x, 0)), x);
    aigc__id_t dx;
    check_ok(aigc__gradient(g, y, &x, 1, &dx));
    expect_values(world, dx, &expected, 1);
}

static void any_value_may_be_wrt(void **state)
{
    world_t *world = *state;
    aigc__graph_t *g = world->graph;
    const aigc__id_t x = feed2(world, 1, 1), z = aigc__map1(g, AIGC__MAP_tanh, x, 0), y = aigc__square(g, z);
    const double h = tanh(world_leaf(world, x, 0)), dz = 2 * h, dx = 2 * h * (1 - h * h), one = 1;
    aigc__id_t out[3];
    check_ok(aigc__gradient(g, y, (aigc__id_t[]){z, x, y}, 3, out));
    expect_values(world, out[0], &dz, 1);
    expect_values(world, out[1], &dx, 1);
    expect_values(world, out[2], &one, 1);
}

static void no_path_gives_nothing(void **state)
{
    world_t *world = *state;
    aigc__graph_t *g = world->graph;
    const aigc__id_t x = feed2(world, 2, 3), other = feed2(world, 2, 3);
    const aigc__id_t stopped = aigc__exp(g, aigc__stop_gradient(g, x));
    const aigc__id_t flat = aigc__map1(g, AIGC__MAP_step, x, 0);
    const aigc__id_t label = aigc__one_hot(g, aigc__argmax(g, x, 1), 3);
    const aigc__id_t y =
        aigc__add(g, aigc__add(g, stopped, flat), aigc__add(g, label, aigc__random_normal(g, aigc__graph_shape(g, x))));
    const aigc__id_t later = aigc__exp(g, y);
    aigc__id_t out[3] = {9, 9, 9};
    check_ok(aigc__gradient(g, y, (aigc__id_t[]){x, other, later}, 3, out));
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], 0);
    assert_int_equal(out[2], 0);
}

static void what_has_no_derivative_is_refused(void **state)
{
    world_t *world = *state;
    const aigc__id_t x = feed2(world, 2, 3), label = aigc__argmax(world->graph, x, 1);
    aigc__id_t out = 9;
    assert_int_equal(aigc__gradient(world->graph, label, &x, 1, &out), AIGC_ERROR_ARGUMENT);
    check_failure(aigc__graph_status(world->graph), AIGC_ERROR_ARGUMENT, "no f32 value");
    assert_int_equal(out, 9);
}

static void its_results_can_be_derived_again(void **state)
{
    world_t *world = *state;
    aigc__graph_t *g = world->graph;
    const aigc__id_t x = feed2(world, 1, 1);
    const double a = world_leaf(world, x, 0), fourth = 120 * a;
    aigc__id_t y = aigc__mul(g, aigc__square(g, aigc__square(g, x)), x);
    for (int order = 0; order < 4; order++) check_ok(aigc__gradient(g, y, &x, 1, &y));
    expect_values(world, y, &fourth, 1);
}

static void equals_share_a_maximum(void **state)
{
    world_t *world = *state;
    aigc__graph_t *g = world->graph;
    const aigc__id_t x = feed2(world, 1, 2);
    const aigc__id_t pair[] = {x, x, aigc__shift(g, x, -1)};
    const aigc__id_t all = aigc__concat(g, pair, 3, 0), y = aigc__max_over(g, all, 1, false);
    const double shares[] = {0.5, 0.5, 0.5, 0.5, 0, 0}, halves[] = {0.5, 0.5};
    aigc__id_t out[2];
    check_ok(aigc__gradient(g, y, &all, 1, out));
    expect_values(world, out[0], shares, 6);
    /* abs(x) and max(x, -x) are equal, but not the same value */
    const aigc__id_t a = aigc__map1(g, AIGC__MAP_abs, x, 0), b = aigc__map2(g, AIGC__MAP_max, x, aigc__neg(g, x));
    check_ok(aigc__gradient(g, aigc__map2(g, AIGC__MAP_min, a, b), (aigc__id_t[]){a, b}, 2, out));
    expect_values(world, out[0], halves, 2);
    expect_values(world, out[1], halves, 2);
}

/* D(x) = sum_j w2_j tanh(x . w1_j), gx = dD/dx, R1 = sum gx^2: the weights' derivatives by hand. */
enum { N = 3, IN = 4, HIDDEN = 5 };

static void penalty_by_hand(const world_t *world, const aigc__id_t ids[3], double *penalty, double dw1[HIDDEN * IN],
                            double dw2[HIDDEN])
{
    double h[HIDDEN], s[HIDDEN], gx[IN];
    memset(dw1, 0, HIDDEN * IN * sizeof *dw1);
    memset(dw2, 0, HIDDEN * sizeof *dw2);
    *penalty = 0;
    for (size_t n = 0; n < N; n++) {
        for (size_t j = 0; j < HIDDEN; j++) {
            double z = 0;
            for (size_t i = 0; i < IN; i++)
                z += world_leaf(world, ids[0], n * IN + i) * world_leaf(world, ids[1], j * IN + i);
            h[j] = tanh(z);
            s[j] = 1 - h[j] * h[j];
        }
        for (size_t i = 0; i < IN; i++) {
            gx[i] = 0;
            for (size_t j = 0; j < HIDDEN; j++)
                gx[i] += world_leaf(world, ids[2], j) * s[j] * world_leaf(world, ids[1], j * IN + i);
            *penalty += gx[i] * gx[i];
        }
        for (size_t j = 0; j < HIDDEN; j++) {
            const double w2 = world_leaf(world, ids[2], j);
            double along = 0;
            for (size_t i = 0; i < IN; i++) along += gx[i] * world_leaf(world, ids[1], j * IN + i);
            dw2[j] += 2 * s[j] * along;
            for (size_t i = 0; i < IN; i++)
                dw1[j * IN + i] +=
                    2 * gx[i] * w2 * s[j] - 4 * along * w2 * h[j] * s[j] * world_leaf(world, ids[0], n * IN + i);
        }
    }
}

static void a_gradient_penalty_agrees_with_the_closed_form(void **state)
{
    world_t *world = *state;
    aigc__graph_t *g = world->graph;
    const aigc__id_t ids[] = {feed2(world, N, IN), feed2(world, HIDDEN, IN), feed2(world, 1, HIDDEN)};
    const aigc__id_t hidden = aigc__map1(g, AIGC__MAP_tanh, aigc__matmul(g, ids[0], ids[1], false, true), 0);
    const aigc__id_t score = aigc__matmul(g, hidden, ids[2], false, true);
    double value, dw1[HIDDEN * IN], dw2[HIDDEN];
    aigc__id_t gx, out[2];
    check_ok(aigc__gradient(g, score, ids, 1, &gx));
    /* two forward, two backward to x: no product for a weight */
    assert_int_equal(count_ops(g, AIGC__OP_matmul), 4);
    const aigc__id_t penalty = aigc__sum(g, aigc__square(g, gx), AIGC__ALL_AXES, false);
    check_ok(aigc__gradient(g, penalty, ids + 1, 2, out));
    penalty_by_hand(world, ids, &value, dw1, dw2);
    expect_values(world, penalty, &value, 1);
    expect_values(world, out[0], dw1, HIDDEN * IN);
    expect_values(world, out[1], dw2, HIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_wanted_inputs_are_derived, setup, teardown),
        cmocka_unit_test_setup_teardown(contributions_are_added, setup, teardown),
        cmocka_unit_test_setup_teardown(any_value_may_be_wrt, setup, teardown),
        cmocka_unit_test_setup_teardown(no_path_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_no_derivative_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(its_results_can_be_derived_again, setup, teardown),
        cmocka_unit_test_setup_teardown(equals_share_a_maximum, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gradient_penalty_agrees_with_the_closed_form, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
