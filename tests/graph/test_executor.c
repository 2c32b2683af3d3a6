#include "graph/running.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 40, IN = 30, OUT = 20 };

/* y = relu(x W + b), and the sum of y * y: feed "x0_1", parameters "w" and "b". */
typedef struct layer {
    aigc_context_t *context;
    world_t world;
    aigc__store_t *store;
    aigc__id_t x, y, total;
    float *numbers; /* of x */
} layer_t;

static aigc__shape_t matrix(int64_t rows, int64_t columns) { return aigc__shape_of(2, (int64_t[]){rows, columns}); }

static void open_with(layer_t *layer, const aigc_allocator_t *allocator, size_t threads)
{
    const aigc__initialiser_t normal = {AIGC__INITIAL_NORMAL, 0, 1};
    layer->context = running_context(threads, allocator);
    world_begin(&layer->world);
    check_ok(aigc__store_create(&layer->store, layer->context));
    aigc__graph_t *g = layer->world.graph;
    layer->x = world_feed(&layer->world, SIGNED, 0, matrix(ROWS, IN));
    const aigc__id_t w = aigc__param(g, layer->store, "w", matrix(IN, OUT), normal);
    const aigc__id_t b = aigc__param(g, layer->store, "b", matrix(1, OUT), normal);
    layer->y = aigc__map1(g, AIGC__MAP_relu, aigc__add(g, aigc__matmul(g, layer->x, w, false, false), b), 0);
    layer->total = aigc__sum(g, aigc__square(g, layer->y), AIGC__ALL_AXES, false);
    check_ok(aigc__graph_status(g));
    check_ok(aigc__store_seal(layer->store, 3));
    layer->numbers = running_feed(&layer->world, layer->x);
}

static void close_layer(layer_t *layer)
{
    free(layer->numbers);
    aigc__store_free(layer->store);
    world_end(&layer->world);
    aigc__context_release(layer->context);
}

static int open_layer(void **state)
{
    static layer_t layer;
    open_with(&layer, NULL, 2);
    *state = &layer;
    return 0;
}

static int close_state(void **state)
{
    close_layer(*state);
    return 0;
}

static const char *feed_name(const layer_t *layer) { return aigc__graph_value(layer->world.graph, layer->x)->name; }

/* Sum of squares of y in double, with the numbers that lie in feed and store now. */
static double expected_total(const layer_t *layer, const float *x)
{
    const float *w = aigc__store_data(layer->store, 0), *b = aigc__store_data(layer->store, 1);
    double total = 0;
    for (size_t r = 0; r < ROWS; r++)
        for (size_t c = 0; c < OUT; c++) {
            double y = (double)b[c];
            for (size_t k = 0; k < IN; k++) y += (double)x[r * IN + k] * (double)w[k * OUT + c];
            total += y > 0 ? y * y : 0;
        }
    return total;
}

static void check_total(const layer_t *layer, const aigc__executor_t *executor, size_t fetch, const float *x)
{
    const double expected = expected_total(layer, x),
                 found = (double)*(const float *)aigc__executor_fetch(executor, fetch);
    assert_true(fabs(found - expected) < 1e-5 * expected);
}

static void a_feed_that_was_never_set_is_named(void **state)
{
    const layer_t *layer = *state;
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    check_ok(aigc__plan_create(&plan, &layer->context->memory, layer->world.graph, layer->context->kernels,
                               &layer->total, 1, NULL));
    check_ok(aigc__executor_create(&executor, plan, layer->context, layer->store, NULL));
    check_failure(aigc__executor_run(executor, 0, 0), AIGC_ERROR_STATE, feed_name(layer));
    check_ok(aigc__executor_set_feed(executor, feed_name(layer), layer->numbers));
    check_ok(aigc__executor_run(executor, 0, 0));
    check_total(layer, executor, 0, layer->numbers);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
}

static void unknown_names_and_numbers_are_refused(void **state)
{
    const layer_t *layer = *state;
    running_t running;
    running_begin(&running, &layer->world, layer->context, layer->store, &layer->total, 1, NULL);
    check_failure(aigc__executor_set_feed(running.executor, "nobody", layer->numbers), AIGC_ERROR_NOT_FOUND,
                  "\"nobody\"");
    check_failure(aigc__executor_set_fetch(running.executor, 1, layer->numbers), AIGC_ERROR_NOT_FOUND, "fetch 1");
    running_end(&running);
}

static void feeds_can_be_rebound_between_runs(void **state)
{
    const layer_t *layer = *state;
    float other[ROWS * IN];
    running_t running;
    for (size_t i = 0; i < ROWS * IN; i++) other[i] = layer->numbers[i] * 0.5f;
    running_begin(&running, &layer->world, layer->context, layer->store, &layer->total, 1, NULL);
    for (int i = 0; i < 4; i++) {
        const float *x = i % 2 ? other : layer->numbers;
        check_ok(aigc__executor_set_feed(running.executor, feed_name(layer), x));
        check_ok(aigc__executor_run(running.executor, 0, 0));
        check_total(layer, running.executor, 0, x);
    }
    running_end(&running);
}

static void fetches_can_be_written_to_the_callers_memory(void **state)
{
    const layer_t *layer = *state;
    const aigc__id_t fetches[] = {layer->total, layer->y};
    float mine[ROWS * OUT];
    running_t running;
    running_begin(&running, &layer->world, layer->context, layer->store, fetches, 2, NULL);
    check_ok(aigc__executor_run(running.executor, 0, 0));
    const float *inside = aigc__executor_fetch(running.executor, 1);
    check_ok(aigc__executor_set_fetch(running.executor, 1, mine));
    check_ok(aigc__executor_run(running.executor, 0, 0));
    assert_ptr_equal(aigc__executor_fetch(running.executor, 1), mine);
    check_ok(aigc__executor_set_fetch(running.executor, 1, NULL));
    check_ok(aigc__executor_run(running.executor, 0, 0));
    assert_ptr_equal(aigc__executor_fetch(running.executor, 1), inside);
    assert_memory_equal(inside, mine, sizeof mine);
    running_end(&running);
}

static void external_fetches_take_no_arena_and_are_due(void **state)
{
    const layer_t *layer = *state;
    const aigc__id_t fetches[] = {layer->total, layer->y};
    const aigc__compile_options_t inside = {.n_external = 0}, outside = {.n_external = 1};
    running_t a, b;
    running_begin(&a, &layer->world, layer->context, layer->store, fetches, 2, &inside);
    running_begin(&b, &layer->world, layer->context, layer->store, fetches, 2, &outside);
    assert_true(aigc__plan_bytes(a.plan, 1) >= aigc__plan_bytes(b.plan, 1) + ROWS * OUT * sizeof(float));
    check_ok(aigc__executor_run(a.executor, 0, 0));
    check_ok(aigc__executor_run(b.executor, 0, 0));
    assert_memory_equal(b.external[1], aigc__executor_fetch(a.executor, 1), ROWS * OUT * sizeof(float));
    check_ok(aigc__executor_set_fetch(b.executor, 1, NULL));
    check_failure(aigc__executor_run(b.executor, 0, 0), AIGC_ERROR_STATE, "fetch 1");
    running_end(&a);
    running_end(&b);
}

/* Leaves, repetitions and aliases have no producer of their own that could write to the caller. */
static void what_has_no_step_of_its_own_is_copied_out(void **state)
{
    const layer_t *layer = *state;
    aigc__graph_t *g = layer->world.graph;
    const aigc__id_t flat = aigc__reshape(g, layer->y, aigc__shape_of(1, (int64_t[]){-1}));
    const aigc__id_t constant = aigc__constant(g, 4, aigc__shape_of(1, (int64_t[]){3}));
    const aigc__id_t fetches[] = {layer->y, layer->x, flat, layer->y, constant};
    const aigc__compile_options_t options = {.n_external = 4, .poison = true};
    running_t running;
    running_begin(&running, &layer->world, layer->context, layer->store, fetches, 5, &options);
    for (int i = 0; i < 2; i++) check_ok(aigc__executor_run(running.executor, 0, 0));
    const size_t bytes = ROWS * OUT * sizeof(float);
    assert_memory_equal(running.external[1], layer->numbers, ROWS * IN * sizeof(float));
    assert_memory_equal(running.external[2], aigc__executor_fetch(running.executor, 0), bytes);
    assert_memory_equal(running.external[3], aigc__executor_fetch(running.executor, 0), bytes);
    for (size_t i = 0; i < 3; i++) assert_true(((const float *)running.external[4])[i] == 4);
    running_end(&running);
}

static void a_fetched_leaf_is_where_it_was_put(void **state)
{
    const layer_t *layer = *state;
    running_t running;
    running_begin(&running, &layer->world, layer->context, layer->store, &layer->x, 1, NULL);
    check_ok(aigc__executor_run(running.executor, 0, 0));
    assert_int_equal(aigc__plan_steps(running.plan), 0);
    assert_ptr_equal(aigc__executor_fetch(running.executor, 0), running.feeds[0]);
    running_end(&running);
}

static void frozen_parameters_are_read_once_until_the_thaw(void **state)
{
    layer_t *layer = *state;
    const aigc__compile_options_t frozen = {.frozen = true}, live = {.frozen = false};
    running_t a, b;
    running_begin(&a, &layer->world, layer->context, layer->store, &layer->total, 1, &frozen);
    running_begin(&b, &layer->world, layer->context, layer->store, &layer->total, 1, &live);
    check_ok(aigc__executor_run(a.executor, 0, 0));
    const double before = expected_total(layer, layer->numbers);
    check_total(layer, a.executor, 0, layer->numbers);
    for (size_t i = 0; i < IN * OUT; i++) aigc__store_data(layer->store, 0)[i] *= 0.5f;
    check_ok(aigc__executor_run(a.executor, 0, 0));
    check_ok(aigc__executor_run(b.executor, 0, 0));
    check_total(layer, b.executor, 0, layer->numbers);
    assert_true(fabs((double)*(const float *)aigc__executor_fetch(a.executor, 0) - before) < 1e-5 * before);
    aigc__executor_thaw(a.executor);
    check_ok(aigc__executor_run(a.executor, 0, 0));
    check_total(layer, a.executor, 0, layer->numbers);
    running_end(&a);
    running_end(&b);
}

static void executors_can_share_one_arena(void **state)
{
    layer_t *layer = *state;
    const aigc__compile_options_t options[] = {{.frozen = true}, {.frozen = true, .no_fusion = true}};
    aigc__plan_t *plans[2] = {NULL, NULL};
    aigc__executor_t *executors[2] = {NULL, NULL};
    void *arena = NULL;
    size_t bytes = 0;
    for (size_t k = 0; k < 2; k++) {
        check_ok(aigc__plan_create(&plans[k], &layer->context->memory, layer->world.graph, layer->context->kernels,
                                   &layer->total, 1, &options[k]));
        const size_t own = (size_t)(aigc__plan_bytes(plans[k], 2) - aigc__plan_folded_bytes(plans[k]));
        if (own > bytes) bytes = own;
    }
    check_ok(aigc__memory_alloc(&layer->context->memory, bytes, &arena));
    for (size_t k = 0; k < 2; k++) {
        check_ok(aigc__executor_create(&executors[k], plans[k], layer->context, layer->store, arena));
        check_ok(aigc__executor_set_feed(executors[k], feed_name(layer), layer->numbers));
    }
    for (int i = 0; i < 6; i++) {
        check_ok(aigc__executor_run(executors[i % 2], 0, 0));
        check_total(layer, executors[i % 2], 0, layer->numbers);
    }
    for (size_t k = 0; k < 2; k++) {
        aigc__executor_free(executors[k]);
        aigc__plan_free(plans[k]);
    }
    aigc__memory_free(&layer->context->memory, arena);
}

static void a_plan_runs_on_another_store_with_the_same_names(void **state)
{
    layer_t *layer = *state;
    aigc__store_t *clone = NULL, *original = layer->store;
    running_t a, b;
    check_ok(aigc__store_clone(&clone, layer->store));
    for (size_t i = 0; i < IN * OUT; i++) aigc__store_data(clone, 0)[i] += 0.25f;
    running_begin(&a, &layer->world, layer->context, original, &layer->total, 1, NULL);
    running_begin(&b, &layer->world, layer->context, clone, &layer->total, 1, NULL);
    check_ok(aigc__executor_run(a.executor, 0, 0));
    check_ok(aigc__executor_run(b.executor, 0, 0));
    check_total(layer, a.executor, 0, layer->numbers);
    layer->store = clone;
    check_total(layer, b.executor, 0, layer->numbers);
    layer->store = original;
    running_end(&a);
    running_end(&b);
    aigc__store_free(clone);
}

/* A store of one row "b" where asked for and of "w" with so many columns. */
static aigc__store_t *other_store(aigc_context_t *context, bool with_b, int64_t columns)
{
    const aigc__initialiser_t ones = {AIGC__INITIAL_CONSTANT, 1, 0};
    aigc__graph_t *graph = NULL;
    aigc__store_t *store = NULL;
    check_ok(aigc__graph_create(&graph, &context->memory));
    check_ok(aigc__store_create(&store, context));
    if (with_b) aigc__param(graph, store, "b", matrix(1, OUT), ones);
    aigc__param(graph, store, "w", matrix(IN, columns), ones);
    check_ok(aigc__graph_status(graph));
    aigc__graph_free(graph);
    return store;
}

static void a_store_must_hold_what_the_plan_reads(void **state)
{
    const layer_t *layer = *state;
    aigc__store_t *no_b = other_store(layer->context, false, OUT), *wide = other_store(layer->context, true, OUT + 1);
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    check_ok(aigc__plan_create(&plan, &layer->context->memory, layer->world.graph, layer->context->kernels,
                               &layer->total, 1, NULL));
    check_failure(aigc__executor_create(&executor, plan, layer->context, NULL, NULL), AIGC_ERROR_STATE, "store");
    check_failure(aigc__executor_create(&executor, plan, layer->context, wide, NULL), AIGC_ERROR_STATE, "sealed");
    check_ok(aigc__store_seal(no_b, 0));
    check_ok(aigc__store_seal(wide, 0));
    check_failure(aigc__executor_create(&executor, plan, layer->context, no_b, NULL), AIGC_ERROR_NOT_FOUND, "\"b\"");
    check_failure(aigc__executor_create(&executor, plan, layer->context, wide, NULL), AIGC_ERROR_ARGUMENT, "\"w\"");
    assert_null(executor);
    aigc__store_free(no_b);
    aigc__store_free(wide);
    aigc__plan_free(plan);
}

static void random_values_follow_seed_and_step(void **state)
{
    enum { N = 5000 };
    layer_t *layer = *state;
    float first[N];
    running_t running;
    const aigc__id_t r = aigc__random_normal(layer->world.graph, aigc__shape_of(1, (int64_t[]){N}));
    running_begin(&running, &layer->world, layer->context, NULL, &r, 1, NULL);
    check_ok(aigc__executor_run(running.executor, 1, 2));
    memcpy(first, aigc__executor_fetch(running.executor, 0), sizeof first);
    check_ok(aigc__executor_run(running.executor, 1, 3));
    assert_memory_not_equal(first, aigc__executor_fetch(running.executor, 0), sizeof first);
    check_ok(aigc__executor_run(running.executor, 2, 2));
    assert_memory_not_equal(first, aigc__executor_fetch(running.executor, 0), sizeof first);
    check_ok(aigc__executor_run(running.executor, 1, 2));
    assert_memory_equal(first, aigc__executor_fetch(running.executor, 0), sizeof first);
    running_end(&running);
}

static void a_run_allocates_nothing(void **state)
{
    (void)state;
    test_memory_t memory;
    layer_t layer;
    running_t running;
    const aigc__compile_options_t frozen = {.frozen = true};
    test_memory_init(&memory);
    open_with(&layer, &memory.allocator, 3);
    running_begin(&running, &layer.world, layer.context, layer.store, &layer.total, 1, &frozen);
    const size_t before = memory.allocations;
    for (uint32_t i = 0; i < 5; i++) {
        check_ok(
            aigc__executor_set_feed(running.executor, feed_name(&layer), i % 2 ? layer.numbers : running.feeds[0]));
        if (i == 3) aigc__executor_thaw(running.executor);
        check_ok(aigc__executor_run(running.executor, 1, i));
    }
    assert_int_equal(memory.allocations, before);
    running_end(&running);
    close_layer(&layer);
    assert_int_equal(memory.mistakes, 0);
    assert_int_equal(memory.blocks, 0);
}

static void a_cancelled_run_stops_and_the_next_one_works(void **state)
{
    const layer_t *layer = *state;
    running_t running;
    running_begin(&running, &layer->world, layer->context, layer->store, &layer->total, 1, NULL);
    atomic_store(&layer->context->cancelled, 1);
    check_failure(aigc__executor_run(running.executor, 0, 0), AIGC_ERROR_CANCELLED, "cancelled");
    assert_int_equal(aigc__check_cancel(layer->context), AIGC_ERROR_CANCELLED);
    check_ok(aigc__executor_run(running.executor, 0, 0));
    check_total(layer, running.executor, 0, layer->numbers);
    running_end(&running);
}

static void *cancel_soon(void *context)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
    atomic_store(&((aigc_context_t *)context)->cancelled, 1);
    return NULL;
}

static void another_thread_can_cancel(void **state)
{
    const layer_t *layer = *state;
    running_t running;
    pthread_t thread;
    aigc_status_t status = AIGC_OK;
    running_begin(&running, &layer->world, layer->context, layer->store, &layer->total, 1, NULL);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, layer->context), 0);
    while (status == AIGC_OK) status = aigc__executor_run(running.executor, 0, 0);
    assert_int_equal(status, AIGC_ERROR_CANCELLED);
    pthread_join(thread, NULL);
    running_end(&running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_feed_that_was_never_set_is_named, open_layer, close_state),
        cmocka_unit_test_setup_teardown(unknown_names_and_numbers_are_refused, open_layer, close_state),
        cmocka_unit_test_setup_teardown(feeds_can_be_rebound_between_runs, open_layer, close_state),
        cmocka_unit_test_setup_teardown(fetches_can_be_written_to_the_callers_memory, open_layer, close_state),
        cmocka_unit_test_setup_teardown(external_fetches_take_no_arena_and_are_due, open_layer, close_state),
        cmocka_unit_test_setup_teardown(what_has_no_step_of_its_own_is_copied_out, open_layer, close_state),
        cmocka_unit_test_setup_teardown(a_fetched_leaf_is_where_it_was_put, open_layer, close_state),
        cmocka_unit_test_setup_teardown(frozen_parameters_are_read_once_until_the_thaw, open_layer, close_state),
        cmocka_unit_test_setup_teardown(executors_can_share_one_arena, open_layer, close_state),
        cmocka_unit_test_setup_teardown(a_plan_runs_on_another_store_with_the_same_names, open_layer, close_state),
        cmocka_unit_test_setup_teardown(a_store_must_hold_what_the_plan_reads, open_layer, close_state),
        cmocka_unit_test_setup_teardown(random_values_follow_seed_and_step, open_layer, close_state),
        cmocka_unit_test(a_run_allocates_nothing),
        cmocka_unit_test_setup_teardown(a_cancelled_run_stops_and_the_next_one_works, open_layer, close_state),
        cmocka_unit_test_setup_teardown(another_thread_can_cancel, open_layer, close_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
