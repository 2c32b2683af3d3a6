/* What the builders of graph/resampling.h promise, by the double reference: closed forms written out here, and
 * derivatives of what is made of several ops. */
#include "graph/resampling.h"
#include "graph/world.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float smooth[] = {0.125f, 0.375f, 0.375f, 0.125f};

static aigc__id_t picture(world_t *world, int64_t n, int64_t h, int64_t w, int64_t c)
{
    return world_feed(world, SIGNED, 0, (aigc__shape_t){4, {n, h, w, c}});
}

static aigc__filter_t filter_of(int64_t up, int64_t down, int64_t before, int64_t after, double gain)
{
    aigc__filter_t filter = {.n_taps = 4, .gain = gain, .up = {up, up}, .down = {down, down}};
    for (size_t k = 0; k < 4; k++) filter.taps[k] = smooth[k];
    for (size_t axis = 0; axis < 2; axis++) {
        filter.before[axis] = before;
        filter.after[axis] = after;
    }
    return filter;
}

static void check_shape(const world_t *world, aigc__id_t id, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const aigc__shape_t found = aigc__graph_shape(world->graph, id), wanted = {4, {n, h, w, c}};
    check_ok(aigc__graph_status(world->graph));
    assert_true(aigc__shape_equal(&found, &wanted));
}

static void check_equal(const world_t *world, aigc__id_t a, aigc__id_t b, double bound)
{
    check_ok(aigc__graph_status(world->graph));
    double *x = world_compute(world, a), *y = world_compute(world, b);
    const aigc__shape_t left = aigc__graph_shape(world->graph, a), right = aigc__graph_shape(world->graph, b);
    assert_true(aigc__shape_equal(&left, &right));
    for (size_t i = 0; i < aigc__graph_value(world->graph, a)->count; i++) assert_true(fabs(x[i] - y[i]) <= bound);
    free(x);
    free(y);
}

/* x[i] of an image of one row, 0 outside. */
static double at(const double *x, int64_t n, int64_t i) { return i >= 0 && i < n ? x[i] : 0; }

/* Along the width only: the height has one row and the centre of a filter that does nothing. */
static void upsampling_by_two_has_its_closed_form(void **state)
{
    enum { N = 7 };
    world_t world;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 1, N, 1, 1);
    aigc__filter_t filter = filter_of(2, 1, 2, 1, 2);
    const aigc__id_t y = aigc__upfirdn(world.graph, x, &filter);
    check_shape(&world, y, 1, 2 * N, 2, 1);
    double *in = world_compute(&world, x), *out = world_compute(&world, y);
    for (int64_t i = 0; i < N; i++) {
        /* 3/4 of the middle sample along the width */
        assert_true(fabs(out[4 * i] - 0.75 * (at(in, N, i - 1) / 4 + 3 * in[i] / 4)) < 1e-12);
        assert_true(fabs(out[4 * i + 2] - 0.75 * (3 * in[i] / 4 + at(in, N, i + 1) / 4)) < 1e-12);
    }
    free(in);
    free(out);
    world_end(&world);
}

static void downsampling_by_two_has_its_closed_form(void **state)
{
    enum { N = 10 };
    world_t world;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 1, N, 2, 1);
    const aigc__filter_t filter = filter_of(1, 2, 1, 1, 0);
    const aigc__id_t y = aigc__upfirdn(world.graph, x, &filter);
    check_shape(&world, y, 1, N / 2, 1, 1);
    double *in = world_compute(&world, x), *out = world_compute(&world, y), column[N];
    for (size_t i = 0; i < N; i++) column[i] = 3 * (in[2 * i] + in[2 * i + 1]) / 8;
    for (int64_t i = 0; i < N / 2; i++) {
        const double sum =
            at(column, N, 2 * i - 1) + 3 * column[2 * i] + 3 * column[2 * i + 1] + at(column, N, 2 * i + 2);
        assert_true(fabs(out[i] - sum / 8) < 1e-12);
    }
    free(in);
    free(out);
    world_end(&world);
}

/* The gradient is the same filter flipped, with up and down swapped and other paddings. */
static void filters_are_adjoint_to_themselves(void **state)
{
    const int64_t cases[][4] = {{2, 1, 2, 1}, {1, 2, 1, 1}, {1, 1, 2, 2}, {3, 2, -1, 4}, {2, 3, 5, -2}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const int64_t up = cases[k][0], down = cases[k][1], before = cases[k][2], size = 9;
        world_t world;
        aigc__id_t dx;
        world_begin(&world);
        const aigc__id_t x = picture(&world, 2, size, size, 2);
        aigc__filter_t forth = filter_of(up, down, before, cases[k][3], 0);
        forth.taps[0] = 0.5f; /* not symmetric */
        forth.taps[1] = -1.25f;
        const aigc__id_t y = aigc__upfirdn(world.graph, x, &forth);
        const int64_t out = aigc__graph_shape(world.graph, y).dims[1];
        const aigc__id_t dy = picture(&world, 2, out, out, 2);
        check_ok(aigc__gradient(world.graph, aigc__mul(world.graph, y, dy), &x, 1, &dx));
        aigc__filter_t back =
            filter_of(down, up, forth.n_taps - before - 1, size * up - out * down + before - up + 1, 0);
        for (size_t t = 0; t < 4; t++) back.taps[t] = forth.taps[3 - t];
        check_equal(&world, dx, aigc__upfirdn(world.graph, dy, &back), 1e-12);
        world_end(&world);
    }
}

static void any_filter_is_a_sum_of_separable_ones(void **state)
{
    float full[4 * 4];
    world_t world;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 1, 5, 6, 2);
    const aigc__filter_t filter = filter_of(2, 1, 2, 1, 0);
    for (size_t i = 0; i < 16; i++) full[i] = smooth[i / 4] * smooth[i % 4];
    check_equal(&world, aigc__upfirdn(world.graph, x, &filter), aigc__upfirdn_full(world.graph, x, &filter, full, 4, 4),
                1e-12);
    /* and one that is not separable: the identity and a shift to the lower right */
    const float two[4] = {1, 0, 0, 1};
    const aigc__filter_t plain = {.before = {1, 1}};
    double *in = world_compute(&world, x);
    double *out = world_compute(&world, aigc__upfirdn_full(world.graph, x, &plain, two, 2, 2));
    for (int64_t r = 0; r < 5; r++)
        for (int64_t c = 0; c < 6; c++) {
            const double before = r > 0 && c > 0 ? in[((r - 1) * 6 + c - 1) * 2] : 0;
            assert_true(fabs(out[(r * 6 + c) * 2] - in[(r * 6 + c) * 2] - before) < 1e-12);
        }
    free(in);
    free(out);
    world_end(&world);
}

static void pools_have_as_many_windows_as_torch_has(void **state)
{
    const struct {
        int64_t size, kernel, stride, padding, dilation, floor, ceil;
    } cases[] = {{7, 2, 2, 0, 1, 3, 4}, {8, 3, 2, 1, 1, 4, 5}, {7, 3, 2, 1, 1, 4, 4}, {5, 2, 3, 1, 1, 2, 2},
                 {4, 2, 3, 1, 1, 2, 2}, {9, 3, 1, 0, 2, 5, 5}, {5, 3, 0, 0, 1, 1, 2}};
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        world_t world;
        world_begin(&world);
        const aigc__id_t x = picture(&world, 1, cases[k].size, cases[k].size, 1);
        aigc__pool_t pool = {.kernel = {cases[k].kernel, cases[k].kernel},
                             .stride = {cases[k].stride, cases[k].stride},
                             .padding = {cases[k].padding, cases[k].padding},
                             .dilation = {cases[k].dilation, cases[k].dilation}};
        check_shape(&world, aigc__max_pool(world.graph, x, &pool), 1, cases[k].floor, cases[k].floor, 1);
        pool.ceil_mode = true;
        check_shape(&world, aigc__max_pool(world.graph, x, &pool), 1, cases[k].ceil, cases[k].ceil, 1);
        if (cases[k].dilation == 1)
            check_shape(&world, aigc__average_pool(world.graph, x, &pool), 1, cases[k].ceil, cases[k].ceil, 1);
        world_end(&world);
    }
}

static void max_pooling_has_both_derivatives(void **state)
{
    const aigc__pool_t pool = {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
    world_t world;
    aigc__id_t g, gg;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 2, 4, 5, 2);
    const aigc__id_t y = aigc__map1(world.graph, AIGC__MAP_tanh, aigc__max_pool(world.graph, x, &pool), 0);
    check_ok(aigc__gradient(world.graph, y, &x, 1, &g));
    assert_true(world_gradient_error(&world, y, &x, &g, 1, 1e-2) < 1e-6);
    const aigc__id_t contracted = world_contract(&world, &g, 1);
    check_ok(aigc__gradient(world.graph, contracted, &x, 1, &gg));
    assert_true(world_gradient_error(&world, contracted, &x, &gg, 1, 1e-2) < 1e-6);
    world_end(&world);
}

/* Rectified numbers are pooled before they are rectified; nothing else about them changes. */
static void pooling_of_rectified_numbers_is_the_same(void **state)
{
    const aigc__pool_t pool = {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
    world_t world;
    aigc__id_t g, h;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 2, 7, 5, 3);
    const aigc__id_t zero = aigc__constant(world.graph, 0, aigc__graph_shape(world.graph, x));
    const aigc__id_t a = aigc__max_pool(world.graph, aigc__map1(world.graph, AIGC__MAP_relu, x, 0), &pool);
    const aigc__id_t b = aigc__max_pool(world.graph, aigc__map2(world.graph, AIGC__MAP_max, x, zero), &pool);
    assert_int_equal(aigc__graph_value(world.graph, a)->op, AIGC__OP_map);
    assert_int_equal(aigc__graph_value(world.graph, b)->op, AIGC__OP_take);
    check_equal(&world, a, b, 0);
    check_ok(aigc__gradient(world.graph, aigc__square(world.graph, a), &x, 1, &g));
    check_ok(aigc__gradient(world.graph, aigc__square(world.graph, b), &x, 1, &h));
    check_equal(&world, g, h, 0);
    world_end(&world);
}

static void equals_send_the_gradient_to_the_first(void **state)
{
    const aigc__pool_t pool = {.kernel = {2, 2}};
    world_t world;
    aigc__id_t g;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 1, 2, 4, 1);
    const aigc__id_t same = aigc__scale(world.graph, x, 0);
    check_ok(aigc__gradient(world.graph, aigc__max_pool(world.graph, same, &pool), &same, 1, &g));
    double *found = world_compute(&world, g);
    for (size_t i = 0; i < 8; i++) assert_true(found[i] == (i == 0 || i == 2));
    free(found);
    world_end(&world);
}

static void shuffling_and_back_is_nothing(void **state)
{
    world_t world;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 2, 3, 4, 18), y = aigc__pixel_shuffle(world.graph, x, 3);
    check_shape(&world, y, 2, 9, 12, 2);
    check_equal(&world, aigc__pixel_unshuffle(world.graph, y, 3), x, 0);
    double *in = world_compute(&world, x), *out = world_compute(&world, y);
    /* channel c r r + i r + j of pixel (0, 1) is channel c of pixel (i, 3 + j) */
    for (size_t c = 0; c < 2; c++)
        for (size_t k = 0; k < 9; k++) assert_true(out[((k / 3) * 12 + 3 + k % 3) * 2 + c] == in[18 + c * 9 + k]);
    free(in);
    free(out);
    world_end(&world);
}

static void what_does_nothing_is_nothing(void **state)
{
    const int64_t none[2] = {0, 0};
    world_t world;
    (void)state;
    world_begin(&world);
    const aigc__id_t x = picture(&world, 1, 3, 4, 2);
    assert_int_equal(aigc__resize(world.graph, x, AIGC__RESIZE_LINEAR, 3, 4), x);
    assert_int_equal(aigc__upsample_nearest(world.graph, x, 1), x);
    assert_int_equal(aigc__extend(world.graph, x, AIGC__PAD_REFLECT, none, none), x);
    world_end(&world);
}

/* Each fails its graph with a sentence that has the word. */
static void mistakes_are_told(void **state)
{
    const int64_t four[2] = {4, 4}, none[2] = {0, 0};
    const aigc__pool_t large = {.kernel = {9, 9}}, padded = {.kernel = {2, 2}, .padding = {2, 2}};
    const char *words[] = {"sizes", "reflection", "circular", "sizes", "half", "factor", "four axes", "sizes", "taps"};
    (void)state;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        const aigc__filter_t cropped = filter_of(1, 1, -2, -2, 0), empty = {0};
        world_t world;
        aigc__id_t y = 1;
        world_begin(&world);
        aigc__graph_t *g = world.graph;
        const aigc__id_t x = picture(&world, 1, 3, 4, 3);
        switch (k) {
        case 0:
            y = aigc__resize(g, x, AIGC__RESIZE_NEAREST, 0, 4);
            break;
        case 1:
            y = aigc__extend(g, x, AIGC__PAD_REFLECT, four, none);
            break;
        case 2:
            y = aigc__extend(g, x, AIGC__PAD_CIRCULAR, none, four);
            break;
        case 3:
            y = aigc__average_pool(g, x, &large);
            break;
        case 4:
            y = aigc__max_pool(g, x, &padded);
            break;
        case 5:
            y = aigc__pixel_shuffle(g, x, 2);
            break;
        case 6:
            y = aigc__upsample_nearest(g, aigc__reshape(g, x, aigc__shape_of(1, (int64_t[]){36})), 2);
            break;
        case 7:
            y = aigc__upfirdn(g, x, &cropped);
            break;
        case 8:
            y = aigc__upfirdn(g, x, &empty);
            break;
        default:
            break;
        }
        assert_int_equal(y, 0);
        check_failure(aigc__graph_status(g), AIGC_ERROR_ARGUMENT, words[k]);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upsampling_by_two_has_its_closed_form),
        cmocka_unit_test(downsampling_by_two_has_its_closed_form),
        cmocka_unit_test(filters_are_adjoint_to_themselves),
        cmocka_unit_test(any_filter_is_a_sum_of_separable_ones),
        cmocka_unit_test(pools_have_as_many_windows_as_torch_has),
        cmocka_unit_test(max_pooling_has_both_derivatives),
        cmocka_unit_test(pooling_of_rectified_numbers_is_the_same),
        cmocka_unit_test(equals_send_the_gradient_to_the_first),
        cmocka_unit_test(shuffling_and_back_is_nothing),
        cmocka_unit_test(what_does_nothing_is_nothing),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
