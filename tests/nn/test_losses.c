/* Layers and losses: their values by the double reference against formulas written out here. */
#include "graph/world.h"
#include "nn/layers.h"
#include "nn/losses.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, D = 7 };

typedef struct pair {
    world_t world;
    aigc__id_t x, y;
    double a[N * D], b[N * D];
} pair_t;

/* x is signed, y of the kind asked for; a and b hold their numbers. */
static void pair_begin(pair_t *pair, char kind)
{
    world_begin(&pair->world);
    const aigc__shape_t shape = aigc__shape_of(2, (int64_t[]){N, D});
    pair->x = world_feed(&pair->world, SIGNED, 0, shape);
    pair->y = world_feed(&pair->world, kind, 2, shape);
    for (size_t i = 0; i < N * D; i++) {
        pair->a[i] = world_leaf(&pair->world, pair->x, i);
        pair->b[i] = world_leaf(&pair->world, pair->y, i);
    }
}

static void assert_close(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-9 * (1 + fabs(expected))))
        print_error("%.12g instead of %.12g\n", found, expected);
    assert_true(fabs(found - expected) <= 1e-9 * (1 + fabs(expected)));
}

static void bce_is_the_log_likelihood(void **state)
{
    pair_t p;
    double expected = 0;
    (void)state;
    pair_begin(&p, ZERO_ONE);
    for (size_t i = 0; i < N * D; i++) {
        const double s = 1 / (1 + exp(-p.a[i]));
        expected -= (p.b[i] * log(s) + (1 - p.b[i]) * log(1 - s)) / N;
    }
    assert_close(world_total(&p.world, aigc__bce_with_logits(p.world.graph, p.x, p.y)), expected);
    world_end(&p.world);
}

static void distances_are_sums_over_an_image(void **state)
{
    pair_t p;
    double squares = 0, absolute = 0;
    (void)state;
    pair_begin(&p, SIGNED);
    for (size_t i = 0; i < N * D; i++) {
        squares += pow(p.a[i] - p.b[i], 2) / N;
        absolute += fabs(p.a[i] - p.b[i]) / N;
    }
    const double constant = 0.5 * D * log(2 * 3.14159265358979323846 * 0.3 * 0.3);
    assert_close(world_total(&p.world, aigc__mse(p.world.graph, p.x, p.y)), squares);
    assert_close(world_total(&p.world, aigc__l1(p.world.graph, p.x, p.y)), absolute);
    assert_close(world_total(&p.world, aigc__gaussian_nll(p.world.graph, p.x, p.y, 0.3)),
                 squares / (2 * 0.3 * 0.3) + constant);
    world_end(&p.world);
}

static void kl_is_the_closed_form(void **state)
{
    pair_t p;
    double expected = 0;
    (void)state;
    pair_begin(&p, SIGNED);
    for (size_t i = 0; i < N * D; i++) expected -= 0.5 * (1 + p.b[i] - p.a[i] * p.a[i] - exp(p.b[i])) / N;
    assert_close(world_total(&p.world, aigc__kl_standard_normal(p.world.graph, p.x, p.y)), expected);
    world_end(&p.world);
}

static void cross_entropy_picks_the_label(void **state)
{
    pair_t p;
    double expected = 0;
    (void)state;
    pair_begin(&p, SIGNED);
    const aigc__id_t labels = world_feed(&p.world, INDEX, D, aigc__shape_of(1, (int64_t[]){N}));
    for (size_t n = 0; n < N; n++) {
        double total = 0;
        for (size_t d = 0; d < D; d++) total += exp(p.a[n * D + d]);
        expected -= log(exp(p.a[n * D + (size_t)world_leaf(&p.world, labels, n)]) / total) / N;
    }
    assert_close(world_total(&p.world, aigc__cross_entropy(p.world.graph, p.x, labels)), expected);
    world_end(&p.world);
}

static void softmax_rows_sum_to_one(void **state)
{
    pair_t p;
    (void)state;
    pair_begin(&p, SIGNED);
    const aigc__id_t big = aigc__scale(p.world.graph, p.x, 500); /* would overflow unshifted */
    double *soft = world_compute(&p.world, aigc__softmax(p.world.graph, big));
    double *logs = world_compute(&p.world, aigc__log_softmax(p.world.graph, big));
    for (size_t n = 0; n < N; n++) {
        double total = 0;
        for (size_t d = 0; d < D; d++) {
            total += soft[n * D + d];
            assert_close(exp(logs[n * D + d]), soft[n * D + d]);
        }
        assert_close(total, 1);
    }
    free(soft);
    free(logs);
    world_end(&p.world);
}

/* Every loss against finite differences, and its gradient's gradient too. */
static void losses_have_both_derivatives(void **state)
{
    (void)state;
    for (int which = 0; which < 6; which++) {
        pair_t p;
        pair_begin(&p, which == 0 ? ZERO_ONE : SIGNED);
        aigc__graph_t *g = p.world.graph;
        const aigc__id_t losses[] = {aigc__bce_with_logits(g, p.x, p.y),
                                     aigc__mse(g, p.x, p.y),
                                     aigc__gaussian_nll(g, p.x, p.y, 0.7),
                                     aigc__kl_standard_normal(g, p.x, p.y),
                                     aigc__sum(g, aigc__square(g, aigc__softmax(g, p.x)), AIGC__ALL_AXES, false),
                                     aigc__sum(g, aigc__square(g, aigc__log_softmax(g, p.x)), AIGC__ALL_AXES, false)};
        aigc__id_t dx = 0, ddx = 0;
        check_ok(aigc__gradient(g, losses[which], &p.x, 1, &dx));
        assert_true(world_gradient_error(&p.world, losses[which], &p.x, &dx, 1, 1e-3) < 1e-6);
        const aigc__id_t contracted = world_contract(&p.world, &dx, 1);
        check_ok(aigc__gradient(g, contracted, &p.x, 1, &ddx));
        assert_true(world_gradient_error(&p.world, contracted, &p.x, &ddx, 1, 1e-3) < 1e-6);
        world_end(&p.world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bce_is_the_log_likelihood), cmocka_unit_test(distances_are_sums_over_an_image),
        cmocka_unit_test(kl_is_the_closed_form),     cmocka_unit_test(cross_entropy_picks_the_label),
        cmocka_unit_test(softmax_rows_sum_to_one),   cmocka_unit_test(losses_have_both_derivatives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
