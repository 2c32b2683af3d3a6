#include "graph/running.h"
#include "graph/store.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

typedef struct shop {
    aigc_context_t *context;
    aigc__graph_t *graph;
    aigc__store_t *store;
} shop_t;

static const aigc__initialiser_t ones = {AIGC__INITIAL_CONSTANT, 1, 0};
static const aigc__initialiser_t normal = {AIGC__INITIAL_NORMAL, 2, 3};
static const aigc__initialiser_t uniform = {AIGC__INITIAL_UNIFORM, -0.5, 0.25};

static aigc__shape_t vector(int64_t n) { return aigc__shape_of(1, &n); }

static int open_shop(void **state)
{
    static shop_t shop;
    shop.context = running_context(1, NULL);
    check_ok(aigc__store_create(&shop.store, shop.context));
    check_ok(aigc__graph_create(&shop.graph, &shop.context->memory));
    *state = &shop;
    return 0;
}

static int close_shop(void **state)
{
    shop_t *shop = *state;
    aigc__graph_free(shop->graph);
    aigc__store_free(shop->store);
    aigc__context_release(shop->context);
    return 0;
}

static void a_name_is_one_parameter_and_one_value(void **state)
{
    shop_t *shop = *state;
    const aigc__id_t first = aigc__param(shop->graph, shop->store, "a/weight", vector(5), ones);
    assert_int_equal(aigc__param(shop->graph, shop->store, "a/weight", vector(5), ones), first);
    assert_int_not_equal(aigc__param(shop->graph, shop->store, "b/weight", vector(5), ones), first);
    assert_int_equal(aigc__store_count(shop->store), 2);
    assert_int_equal(aigc__store_find(shop->store, "b/weight"), 1);
    assert_int_equal(aigc__store_find(shop->store, "b"), -1);
    assert_int_equal(aigc__store_parameters(shop->store), 10);
}

static void another_shape_is_refused_with_both(void **state)
{
    shop_t *shop = *state;
    aigc__param(shop->graph, shop->store, "w", vector(5), ones);
    assert_int_equal(aigc__param(shop->graph, shop->store, "w", vector(6), ones), 0);
    check_failure(aigc__graph_status(shop->graph), AIGC_ERROR_ARGUMENT, "[5]");
    check_failure(aigc__graph_status(shop->graph), AIGC_ERROR_ARGUMENT, "[6]");
}

static void an_impossible_shape_fails_the_graph(void **state)
{
    shop_t *shop = *state;
    assert_int_equal(aigc__param(shop->graph, shop->store, "w", vector(-3), ones), 0);
    assert_int_equal(aigc__graph_status(shop->graph), AIGC_ERROR_ARGUMENT);
    assert_int_equal(aigc__store_count(shop->store), 0);
}

static void the_seal_closes_the_set(void **state)
{
    shop_t *shop = *state;
    const aigc__id_t w = aigc__param(shop->graph, shop->store, "w", vector(5), ones);
    assert_false(aigc__store_sealed(shop->store));
    assert_null(aigc__store_block(shop->store));
    check_ok(aigc__store_seal(shop->store, 1));
    assert_true(aigc__store_sealed(shop->store));
    check_failure(aigc__store_seal(shop->store, 1), AIGC_ERROR_STATE, "sealed");
    assert_int_equal(aigc__param(shop->graph, shop->store, "w", vector(5), ones), w);
    assert_int_equal(aigc__param(shop->graph, shop->store, "new", vector(5), ones), 0);
    check_failure(aigc__graph_status(shop->graph), AIGC_ERROR_STATE, "\"new\"");
}

static void parameters_start_at_64_bytes_and_the_rest_is_zero(void **state)
{
    shop_t *shop = *state;
    aigc__param(shop->graph, shop->store, "a", vector(5), ones);
    aigc__param(shop->graph, shop->store, "b", vector(16), ones);
    aigc__param(shop->graph, shop->store, "c", vector(17), ones);
    check_ok(aigc__store_seal(shop->store, 1));
    assert_int_equal(aigc__store_elements(shop->store), 64);
    float sum = 0;
    for (size_t i = 0; i < 64; i++) sum += aigc__store_block(shop->store)[i];
    assert_true(sum == 38);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal((uintptr_t)aigc__store_data(shop->store, k) % 64, 0);
        assert_ptr_equal(aigc__store_data(shop->store, k),
                         aigc__store_block(shop->store) + aigc__store_parameter(shop->store, k)->first);
    }
}

static void numbers_follow_their_distribution(void **state)
{
    enum { N = 20000 };
    shop_t *shop = *state;
    aigc__param(shop->graph, shop->store, "u", vector(N), uniform);
    aigc__param(shop->graph, shop->store, "n", vector(N), normal);
    check_ok(aigc__store_seal(shop->store, 1));
    double u = 0, n = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        const float number = aigc__store_data(shop->store, 0)[i];
        assert_true(number >= -0.5f && number < 0.25f);
        u += (double)number / N;
        n += (double)aigc__store_data(shop->store, 1)[i] / N;
        squares += pow((double)aigc__store_data(shop->store, 1)[i] - 2, 2) / N;
    }
    assert_true(fabs(u + 0.125) < 5 * 0.22 / sqrt(N)); /* five deviations of the mean */
    assert_true(fabs(n - 2) < 5 * 3 / sqrt(N));
    assert_true(fabs(squares - 9) < 5 * 9 * sqrt(2.0 / N));
}

/* The numbers of "x" after a parameter of `before` elements. */
static void draw_after(aigc_context_t *context, int64_t before, uint64_t seed, float out[8])
{
    aigc__graph_t *graph = NULL;
    aigc__store_t *store = NULL;
    check_ok(aigc__graph_create(&graph, &context->memory));
    check_ok(aigc__store_create(&store, context));
    aigc__param(graph, store, "first", vector(before), normal);
    aigc__param(graph, store, "x", vector(8), normal);
    check_ok(aigc__store_seal(store, seed));
    memcpy(out, aigc__store_data(store, 1), 8 * sizeof *out);
    aigc__store_free(store);
    aigc__graph_free(graph);
}

static void numbers_depend_on_seed_and_place_only(void **state)
{
    shop_t *shop = *state;
    float a[8], b[8], c[8];
    draw_after(shop->context, 3, 7, a);
    draw_after(shop->context, 100, 7, b);
    draw_after(shop->context, 3, 8, c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

static void a_clone_is_a_copy_of_its_own(void **state)
{
    shop_t *shop = *state;
    aigc__store_t *clone = NULL;
    aigc__param(shop->graph, shop->store, "w", vector(20), normal);
    check_ok(aigc__store_seal(shop->store, 1));
    check_ok(aigc__store_clone(&clone, shop->store));
    assert_int_equal(aigc__store_find(clone, "w"), 0);
    assert_memory_equal(aigc__store_block(clone), aigc__store_block(shop->store), 32 * sizeof(float));
    aigc__store_block(clone)[3] += 1;
    assert_memory_not_equal(aigc__store_block(clone), aigc__store_block(shop->store), 32 * sizeof(float));
    aigc__store_free(clone);
}

/* Everything a store does, under an allocator of which one allocation fails. */
static aigc_status_t use_store(aigc_context_t *context)
{
    aigc_status_t status = AIGC_OK;
    aigc__graph_t *graph = NULL;
    aigc__store_t *store = NULL, *clone = NULL;
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    const aigc__compile_options_t options = {.assigns = true};
    AIGC__GOTO(done, aigc__graph_create(&graph, &context->memory));
    AIGC__GOTO(done, aigc__store_create(&store, context));
    for (int i = 0; i < 20; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        const aigc__id_t w = aigc__param(graph, store, name, vector(30), normal);
        const char mean[] = {(char)('A' + i), '\0'};
        const aigc__id_t old = aigc__state_value(graph, store, mean, vector(30), ones, AIGC__STATE);
        aigc__assign(graph, store, mean, aigc__add(graph, old, w));
    }
    AIGC__GOTO(done, aigc__graph_status(graph));
    AIGC__GOTO(done, aigc__store_seal(store, 1));
    AIGC__GOTO(done, aigc__store_clone(&clone, store));
    AIGC__GOTO(done, aigc__plan_create(&plan, &context->memory, graph, context->kernels, NULL, 0, &options));
    AIGC__GOTO(done, aigc__executor_create(&executor, plan, context, store, NULL));
    AIGC__GOTO(done, aigc__executor_run(executor, 0, 0));
    aigc__executor_commit(executor, clone, 0);
done:
    aigc__executor_free(executor);
    aigc__plan_free(plan);
    aigc__store_free(clone);
    aigc__store_free(store);
    aigc__graph_free(graph);
    return status;
}

static void a_failed_allocation_leaks_nothing(void **state)
{
    (void)state;
    test_memory_t memory;
    test_memory_init(&memory);
    aigc_context_t *context = running_context(1, &memory.allocator);
    const size_t blocks = memory.blocks;
    aigc_status_t status = AIGC_ERROR_MEMORY;
    size_t at = 0;
    while (status != AIGC_OK) {
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        test_memory_fail(&memory, ++at, false);
        status = use_store(context);
        assert_int_equal(memory.blocks, blocks);
    }
    assert_true(at > 8);
    test_memory_fail(&memory, 0, false);
    aigc__context_release(context);
    assert_int_equal(memory.mistakes, 0);
}

/* ---- state ---- */

static void state_lies_behind_what_is_trained(void **state)
{
    shop_t *shop = *state;
    aigc__param(shop->graph, shop->store, "a", vector(5), ones);
    aigc__state_value(shop->graph, shop->store, "mean", vector(7), ones, AIGC__STATE);
    aigc__param(shop->graph, shop->store, "b", vector(17), ones);
    check_ok(aigc__graph_status(shop->graph));
    check_ok(aigc__store_seal(shop->store, 1));
    assert_int_equal(aigc__store_trained(shop->store), 48);
    assert_int_equal(aigc__store_elements(shop->store), 64);
    assert_int_equal(aigc__store_parameters(shop->store), 22);
    assert_int_equal(aigc__store_parameter(shop->store, 1)->first, 48);
    assert_int_equal(aigc__store_parameter(shop->store, 2)->first, 16);
    assert_true(aigc__store_data(shop->store, 1)[6] == 1);
    aigc__store_t *clone;
    check_ok(aigc__store_clone(&clone, shop->store));
    assert_int_equal(aigc__store_parameter(clone, 1)->first, 48);
    assert_int_equal(aigc__store_parameter(clone, 1)->role, AIGC__STATE);
    aigc__store_free(clone);
}

static void state_and_parameters_are_told_apart(void **state)
{
    shop_t *shop = *state;
    const aigc__id_t w = aigc__param(shop->graph, shop->store, "w", vector(5), ones);
    aigc__assign(shop->graph, shop->store, "w", w);
    check_failure(aigc__graph_status(shop->graph), AIGC_ERROR_ARGUMENT, "\"w\" is no state");
}

static void one_name_is_not_both(void **state)
{
    shop_t *shop = *state;
    aigc__param(shop->graph, shop->store, "w", vector(5), ones);
    assert_int_equal(aigc__state_value(shop->graph, shop->store, "w", vector(5), ones, AIGC__STATE), 0);
    check_failure(aigc__graph_status(shop->graph), AIGC_ERROR_ARGUMENT, "\"w\"");
}

/* state <- 2 state + x, twice in one graph; x is 1. */
static void committed_runs_change_state_and_others_do_not(void **state)
{
    enum { N = 3 };
    shop_t *shop = *state;
    aigc__graph_t *g = shop->graph;
    aigc__plan_t *plan;
    aigc__executor_t *executor;
    aigc__store_t *follower;
    const float x[N] = {1, 1, 1};
    const aigc__id_t feed = aigc__feed(g, "x", AIGC_DTYPE_F32, vector(N));
    for (int k = 0; k < 2; k++) {
        const aigc__id_t old = aigc__state_value(g, shop->store, "s", vector(N), ones, AIGC__STATE);
        aigc__assign(g, shop->store, "s", aigc__add(g, aigc__scale(g, old, 2), feed));
    }
    aigc__state_value(g, shop->store, "t", vector(N), ones, AIGC__STATISTIC);
    aigc__assign(g, shop->store, "t", aigc__scale(g, feed, 3));
    const aigc__id_t y = aigc__scale(g, aigc__state_value(g, shop->store, "s", vector(N), ones, AIGC__STATE), 10);
    check_ok(aigc__graph_status(g));
    check_ok(aigc__store_seal(shop->store, 1));
    check_ok(aigc__store_clone(&follower, shop->store));
    const aigc__compile_options_t options = {.assigns = true, .poison = true};
    check_ok(aigc__plan_create(&plan, &shop->context->memory, g, shop->context->kernels, &y, 1, &options));
    check_ok(aigc__executor_create(&executor, plan, shop->context, shop->store, NULL));
    check_ok(aigc__executor_set_feed(executor, "x", x));
    assert_int_equal(aigc__executor_set_fetch(executor, 1, NULL), AIGC_ERROR_NOT_FOUND);
    check_ok(aigc__executor_run(executor, 0, 0));
    assert_true(aigc__store_data(shop->store, 0)[0] == 1);
    assert_true(((const float *)aigc__executor_fetch(executor, 0))[0] == 70);
    aigc__executor_commit(executor, NULL, 0);
    for (int k = 0; k < N; k++) assert_true(aigc__store_data(shop->store, 0)[k] == 7);
    assert_true(aigc__store_data(follower, 0)[0] == 1);
    check_ok(aigc__executor_run(executor, 0, 1));
    aigc__executor_commit(executor, follower, 0.5f);
    assert_true(aigc__store_data(shop->store, 0)[0] == 31 && aigc__store_data(follower, 0)[2] == 31);
    /* a statistic is averaged: half of the clone's 1, half of 3 */
    assert_true(aigc__store_data(shop->store, 1)[2] == 3 && aigc__store_data(follower, 1)[2] == 2);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
    aigc__store_free(follower);
}

static void orthogonal_matrices_are(void **state)
{
    shop_t *shop = *state;
    const int64_t shapes[][3] = {{5, 4, 2}, {6, 2, 1}};
    for (int64_t k = 0; k < 2; k++) {
        const aigc__initialiser_t orthogonal = {AIGC__INITIAL_ORTHOGONAL, 2, 0};
        aigc__param(shop->graph, shop->store, k ? "tall" : "wide", aigc__shape_of(3, shapes[k]), orthogonal);
    }
    aigc__state_value(shop->graph, shop->store, "u", vector(9), (aigc__initialiser_t){AIGC__INITIAL_DIRECTION, 0, 0},
                      AIGC__STATE);
    check_ok(aigc__store_seal(shop->store, 3));
    const float *wide = aigc__store_data(shop->store, 0), *tall = aigc__store_data(shop->store, 1);
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 5; j++) {
            double dot = 0;
            for (size_t c = 0; c < 8; c++) dot += (double)wide[i * 8 + c] * (double)wide[j * 8 + c];
            assert_true(fabs(dot - (i == j ? 4 : 0)) < 1e-5);
        }
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            double dot = 0;
            for (size_t r = 0; r < 6; r++) dot += (double)tall[r * 2 + i] * (double)tall[r * 2 + j];
            assert_true(fabs(dot - (i == j ? 4 : 0)) < 1e-5);
        }
    double squares = 0;
    for (size_t i = 0; i < 9; i++) squares += pow((double)aigc__store_data(shop->store, 2)[i], 2);
    assert_true(fabs(squares - 1) < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_is_one_parameter_and_one_value, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(another_shape_is_refused_with_both, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(an_impossible_shape_fails_the_graph, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(the_seal_closes_the_set, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(parameters_start_at_64_bytes_and_the_rest_is_zero, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(numbers_follow_their_distribution, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(numbers_depend_on_seed_and_place_only, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(a_clone_is_a_copy_of_its_own, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(state_lies_behind_what_is_trained, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(state_and_parameters_are_told_apart, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(one_name_is_not_both, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(committed_runs_change_state_and_others_do_not, open_shop, close_shop),
        cmocka_unit_test_setup_teardown(orthogonal_matrices_are, open_shop, close_shop),
        cmocka_unit_test(a_failed_allocation_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
