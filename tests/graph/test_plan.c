/* What the compiler makes of known graphs: which values share a step, where memory is reused. */
#include "graph/running.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct bench {
    aigc_context_t *context;
    world_t world;
} bench_t;

static int open_bench(void **state)
{
    static bench_t bench;
    bench.context = running_context(1, NULL);
    world_begin(&bench.world);
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    bench_t *bench = *state;
    world_end(&bench->world);
    aigc__context_release(bench->context);
    return 0;
}

static aigc__shape_t matrix(int64_t rows, int64_t columns) { return aigc__shape_of(2, (int64_t[]){rows, columns}); }

static aigc__id_t feed(bench_t *bench, int64_t rows, int64_t columns)
{
    return world_feed(&bench->world, SIGNED, 0, matrix(rows, columns));
}

/* Runs twice and compares with the oracle; a plan that reads dead memory finds NaN. */
static void check_run(const running_t *running, double tolerance)
{
    for (int i = 0; i < 2; i++) check_ok(aigc__executor_run(running->executor, 1, 1));
    for (size_t k = 0; k < running->n_fetches; k++) {
        double *expected = world_compute(running->world, running->fetches[k]), size = 1;
        const float *found = aigc__executor_fetch(running->executor, k);
        const size_t count = aigc__graph_value(running->world->graph, running->fetches[k])->count;
        for (size_t i = 0; i < count; i++) size = fmax(size, fabs(expected[i]));
        for (size_t i = 0; i < count; i++) assert_true(fabs((double)found[i] - expected[i]) <= tolerance * size);
        free(expected);
    }
}

/* Compiles with poison, runs, compares; the plan is left to look at. */
static running_t compile(bench_t *bench, const aigc__id_t *fetches, size_t n)
{
    const aigc__compile_options_t options = {.poison = true};
    running_t running;
    check_ok(aigc__graph_status(bench->world.graph));
    running_begin(&running, &bench->world, bench->context, NULL, fetches, n, &options);
    check_run(&running, 1e-5);
    return running;
}

/* ---- fusion ---- */

static void bias_and_activation_hang_on_the_product(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 70, 30), w = feed(bench, 90, 30), b = feed(bench, 1, 90);
    const aigc__id_t y = aigc__map1(g, AIGC__MAP_relu, aigc__add(g, aigc__matmul(g, x, w, false, true), b), 0);
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 1);
    assert_int_equal(running_count(&running, "add(head,expand"), 1);
    running_end(&running);
}

/* Operands that repeat in other ways than a row does: over the products of a batch, along rows, both. */
static void epilogues_read_any_broadcast(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t a = world_feed(&bench->world, SIGNED, 0, aigc__shape_of(3, (int64_t[]){2, 60, 500}));
    const aigc__id_t b = world_feed(&bench->world, SIGNED, 0, aigc__shape_of(3, (int64_t[]){2, 500, 400}));
    const aigc__id_t scale = world_feed(&bench->world, SIGNED, 0, aigc__shape_of(3, (int64_t[]){2, 1, 400}));
    aigc__id_t y = aigc__add(g, aigc__matmul(g, a, b, false, false), feed(bench, 60, 400));
    y = aigc__add(g, aigc__mul(g, y, feed(bench, 60, 1)), scale);
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 1);
    running_end(&running);
}

static void all_elementwise_readers_of_a_product_share_its_step(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 130, 20), w = feed(bench, 20, 140), target = feed(bench, 130, 140);
    const aigc__id_t logits = aigc__matmul(g, x, w, false, false);
    const aigc__id_t loss = aigc__sub(g, aigc__map1(g, AIGC__MAP_softplus, logits, 0), aigc__mul(g, logits, target));
    const aigc__id_t fetches[] = {aigc__sum(g, loss, AIGC__ALL_AXES, false),
                                  aigc__sub(g, aigc__map1(g, AIGC__MAP_sigmoid, logits, 0), target)};
    running_t running = compile(bench, fetches, 2);
    assert_int_equal(aigc__plan_steps(running.plan), 1);
    running_end(&running);
}

static void a_chain_that_ends_in_a_sum_is_one_program(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t a = feed(bench, 300, 200), column = feed(bench, 300, 1), one = feed(bench, 1, 1);
    const aigc__id_t chain = aigc__square(g, aigc__sub(g, aigc__mul(g, a, column), aigc__exp(g, one)));
    const aigc__id_t sum = aigc__sum(g, chain, AIGC__ALL_AXES, true);
    running_t running = compile(bench, &sum, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 2); /* exp of the one number, and the rest */
    assert_int_equal(running_count(&running, "broadcast"), 0);
    assert_true(aigc__plan_bytes(running.plan, 0) < 4096); /* nothing of the size of `a` */
    running_end(&running);
}

static void numbers_known_at_compile_time_take_no_step(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t a = feed(bench, 20, 30);
    const aigc__id_t two = aigc__broadcast(g, aigc__exp(g, aigc__constant(g, 0.7, matrix(1, 1))), matrix(20, 30));
    const aigc__id_t y = aigc__map2(g, AIGC__MAP_max, a, two);
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 1);
    running_end(&running);
}

static void a_sum_that_its_own_terms_read_is_a_step_before(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t e = aigc__exp(g, feed(bench, 20, 30));
    const aigc__id_t y = aigc__div(g, e, aigc__sum(g, e, AIGC__ALL_AXES, true));
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 2);
    running_end(&running);
}

/* a -> matmul -> y with a -> y too: y cannot join the program that makes a. */
static void a_path_through_another_step_keeps_programs_apart(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t a = aigc__exp(g, feed(bench, 24, 24)), m = aigc__matmul(g, a, a, false, true);
    const aigc__id_t y = aigc__add(g, aigc__map1(g, AIGC__MAP_log, m, 0), a);
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 2);
    running_end(&running);
}

/* What only the gradient reads is made there from what lies in memory anyway, not written before. */
static void masks_are_made_where_they_are_read(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 32, 24), w = feed(bench, 24, 40), v = feed(bench, 40, 24);
    const aigc__id_t h = aigc__map1(g, AIGC__MAP_relu, aigc__matmul(g, x, w, false, false), 0);
    const aigc__id_t loss = aigc__sum(g, aigc__square(g, aigc__matmul(g, h, v, false, false)), AIGC__ALL_AXES, false);
    aigc__id_t fetches[2];
    const aigc__id_t wrt[] = {w, v};
    check_ok(aigc__gradient(g, loss, wrt, 2, fetches));
    running_t running = compile(bench, fetches, 2);
    assert_int_equal(running_count(&running, "matmul"), aigc__plan_steps(running.plan));
    assert_int_equal(aigc__plan_steps(running.plan), 5);
    assert_int_equal(running_count(&running, "=step("), 1);
    assert_int_equal(running_count(&running, "=step(direct"), 1);
    running_end(&running);
}

/* Three layers with rectifiers, and the gradient of what they feed in; `loss_of_weights` asks for the weights' too. */
static running_t compile_rectified(bench_t *bench, bool loss_of_weights)
{
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 70, 40);
    aigc__id_t wanted[] = {x, feed(bench, 50, 40), feed(bench, 33, 50), feed(bench, 40, 33)}, y = x, fetches[4];
    for (size_t k = 1; k <= 3; k++) y = aigc__map1(g, AIGC__MAP_relu, aigc__matmul(g, y, wanted[k], false, true), 0);
    const aigc__id_t loss = aigc__sum(g, aigc__square(g, y), AIGC__ALL_AXES, false);
    const size_t n = loss_of_weights ? 4 : 1;
    check_ok(aigc__gradient(g, loss, wanted, n, fetches));
    return compile(bench, fetches, n);
}

static void signs_of_what_is_needed_no_more_wait_as_bytes(void **state)
{
    running_t running = compile_rectified(*state, false);
    assert_int_equal(running_count(&running, "->bytes#"),
                     1);                                   /* of the first layer: the others' gradients follow soon */
    assert_int_equal(running_count(&running, "+3500"), 1); /* 70 x 50 of them */
    running_end(&running);
}

static void outputs_that_weight_gradients_read_stay(void **state)
{
    running_t running = compile_rectified(*state, true);
    assert_int_equal(running_count(&running, "bytes#"), 0);
    running_end(&running);
}

static void fetched_outputs_stay(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 70, 40), w = feed(bench, 50, 40), v = feed(bench, 30, 50), u = feed(bench, 20, 30);
    const aigc__id_t y = aigc__map1(g, AIGC__MAP_relu, aigc__matmul(g, x, w, false, true), 0);
    const aigc__id_t z = aigc__matmul(g, aigc__matmul(g, y, v, false, true), u, false, true);
    aigc__id_t fetches[] = {0, y};
    check_ok(aigc__gradient(g, aigc__sum(g, aigc__square(g, z), AIGC__ALL_AXES, false), &x, 1, fetches));
    running_t running = compile(bench, fetches, 2);
    assert_int_equal(running_count(&running, "bytes#"), 0);
    running_end(&running);
}

static void long_chains_are_cut_into_programs(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    aigc__id_t y = feed(bench, 50, 50);
    for (int i = 0; i < 100; i++) y = aigc__map1(g, i % 2 ? AIGC__MAP_sin : AIGC__MAP_cos, y, 0);
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 4); /* of at most 32 instructions */
    running_end(&running);
}

static void programs_with_many_operands_are_cut(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    aigc__id_t parts[12], y = 0;
    const aigc__id_t base = feed(bench, 10, 480);
    for (int i = 0; i < 12; i++) parts[i] = aigc__slice(g, base, 1, i * 40, 40);
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < i; k++) y = y ? aigc__add(g, y, aigc__mul(g, parts[i], parts[k])) : parts[1];
    for (int i = 0; i < 12; i++) y = aigc__add(g, y, aigc__slice(g, base, 1, i * 40 + 1 - i / 11, 40));
    running_t running = compile(bench, &y, 1);
    assert_true(running_count(&running, "program") > 1);
    running_end(&running);
}

static void without_fusion_every_value_is_a_step(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__compile_options_t options = {.no_fusion = true};
    const aigc__id_t x = feed(bench, 7, 3), w = feed(bench, 9, 3), b = feed(bench, 1, 9);
    const aigc__id_t y = aigc__map1(g, AIGC__MAP_relu, aigc__add(g, aigc__matmul(g, x, w, false, true), b), 0);
    running_t running;
    running_begin(&running, &bench->world, bench->context, NULL, &y, 1, &options);
    check_run(&running, 1e-5);
    assert_int_equal(aigc__plan_steps(running.plan), 4);
    running_end(&running);
}

/* ---- pruning and folding ---- */

static void what_no_fetch_needs_is_not_in_the_plan(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 7, 3), unused = feed(bench, 3, 7);
    aigc__matmul(g, x, unused, false, false);
    const aigc__id_t y = aigc__exp(g, x);
    running_t running = compile(bench, &y, 1);
    assert_int_equal(aigc__plan_steps(running.plan), 1);
    check_failure(aigc__executor_set_feed(running.executor, aigc__graph_value(g, unused)->name, NULL),
                  AIGC_ERROR_NOT_FOUND, "no feed");
    running_end(&running);
}

static void frozen_operands_are_folded_and_packed_once(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__initialiser_t normal = {AIGC__INITIAL_NORMAL, 0, 1};
    const aigc__compile_options_t frozen = {.frozen = true, .poison = true};
    aigc__store_t *store = NULL;
    check_ok(aigc__store_create(&store, bench->context));
    const aigc__id_t w = aigc__scale(g, aigc__param(g, store, "w", matrix(120, 110), normal), 0.1);
    const aigc__id_t y = aigc__matmul(g, feed(bench, 64, 110), w, false, true);
    check_ok(aigc__store_seal(store, 1));
    running_t folded, plain;
    running_begin(&folded, &bench->world, bench->context, store, &y, 1, &frozen);
    running_begin(&plain, &bench->world, bench->context, store, &y, 1, NULL);
    assert_int_equal(running_count(&plain, "once"), 0);
    assert_int_equal(running_count(&folded, "once"), 2); /* scale, pack */
    assert_int_equal(running_count(&folded, "packed"), 1);
    for (int i = 0; i < 2; i++) check_ok(aigc__executor_run(folded.executor, 0, 0));
    check_ok(aigc__executor_run(plain.executor, 0, 0));
    const float *a = aigc__executor_fetch(folded.executor, 0), *b = aigc__executor_fetch(plain.executor, 0);
    for (size_t i = 0; i < 64 * 120; i++) assert_true(fabsf(a[i] - b[i]) < 1e-4f);
    running_end(&folded);
    running_end(&plain);
    aigc__store_free(store);
}

/* ---- memory ---- */

static aigc__id_t chain_of_products(bench_t *bench, int length)
{
    aigc__graph_t *g = bench->world.graph;
    aigc__id_t y = feed(bench, 100, 100);
    const aigc__id_t w = feed(bench, 100, 100);
    for (int i = 0; i < length; i++) y = aigc__scale(g, aigc__matmul(g, y, w, false, false), 0.1);
    return y;
}

static void memory_is_reused_once_nobody_reads_it(void **state)
{
    enum { TENSOR = 100 * 100 * sizeof(float), LENGTH = 12 };
    bench_t *bench = *state;
    const aigc__compile_options_t no_reuse = {.no_reuse = true};
    const aigc__id_t y = chain_of_products(bench, LENGTH);
    running_t running = compile(bench, &y, 1), wide;
    running_begin(&wide, &bench->world, bench->context, NULL, &y, 1, &no_reuse);
    const uint64_t all = aigc__plan_bytes(wide.plan, 0), shared = aigc__plan_bytes(running.plan, 0);
    assert_true(all >= (uint64_t)LENGTH * TENSOR);
    assert_true(shared <= 2 * TENSOR + (all - (uint64_t)LENGTH * TENSOR) / LENGTH); /* two, and one workspace */
    running_end(&running);
    running_end(&wide);
}

static void programs_write_over_operands_that_die(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const uint32_t order[] = {1, 0};
    aigc__id_t y = aigc__permute(g, feed(bench, 100, 100), order);
    y = aigc__add(g, aigc__square(g, y), aigc__map1(g, AIGC__MAP_sin, y, 0));
    running_t running = compile(bench, &y, 1);
    assert_int_equal(running_count(&running, "in place"), 1);
    assert_int_equal(aigc__plan_bytes(running.plan, 0), 100 * 100 * sizeof(float));
    running_end(&running);
}

/* The product reads all of x while tiles of both results are written: x must not be written over. */
static void an_epilogue_spares_what_its_op_reads(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = aigc__flip(g, feed(bench, 150, 150), 1);
    const aigc__id_t y = aigc__add(g, aigc__matmul(g, x, feed(bench, 150, 150), false, false), x);
    const aigc__id_t fetches[] = {y, aigc__square(g, y)};
    running_t running = compile(bench, fetches, 2);
    assert_int_equal(aigc__plan_steps(running.plan), 2);
    assert_int_equal(running_count(&running, "in place"), 0);
    running_end(&running);
}

/* Two results of one epilogue: the first is written while the product is still read for the second. */
static void raw_products_lie_under_the_result_written_last(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t m = aigc__matmul(g, feed(bench, 60, 50), feed(bench, 50, 70), false, false);
    const aigc__id_t fetches[] = {aigc__exp(g, aigc__map1(g, AIGC__MAP_tanh, m, 0)), aigc__square(g, m)};
    running_t running = compile(bench, fetches, 2);
    assert_int_equal(aigc__plan_steps(running.plan), 1);
    running_end(&running);
}

static void the_bytes_foretold_are_the_bytes_used(void **state)
{
    bench_t *bench = *state;
    const aigc__id_t y = chain_of_products(bench, 3);
    aigc_context_t *context = running_context(3, NULL);
    running_t running;
    const uint64_t before = context->memory.live;
    running_begin(&running, &bench->world, context, NULL, &y, 1, NULL);
    aigc__executor_free(running.executor);
    const uint64_t plan_only = context->memory.live;
    check_ok(aigc__executor_create(&running.executor, running.plan, context, NULL, NULL));
    const uint64_t used = context->memory.live - plan_only, foretold = aigc__plan_bytes(running.plan, 3);
    assert_true(used >= foretold && used < foretold + 16384); /* and the tables of the steps */
    running_end(&running);
    assert_int_equal(context->memory.live, before);
    aigc__context_release(context);
}

static void a_plan_past_the_limit_is_refused_before_work(void **state)
{
    bench_t *bench = *state;
    const aigc__id_t y = chain_of_products(bench, 3);
    const aigc__kernels_t *kernels = bench->context->kernels;
    aigc_context_t *context = NULL;
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    check_ok(aigc__context_create(&context, NULL, 1, 100000, kernels->level, kernels));
    check_ok(aigc__plan_create(&plan, &context->memory, bench->world.graph, kernels, &y, 1, NULL));
    check_failure(aigc__executor_create(&executor, plan, context, NULL, NULL), AIGC_ERROR_LIMIT, "100000");
    assert_null(executor);
    aigc__plan_free(plan);
    aigc__context_release(context);
}

/* ---- edges ---- */

static void empty_tensors_are_computed_without_work(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__id_t x = feed(bench, 0, 5), w = feed(bench, 5, 3), thin = feed(bench, 4, 0);
    const aigc__id_t m = aigc__map1(g, AIGC__MAP_relu, aigc__matmul(g, x, w, false, false), 0);
    const aigc__id_t no_inner = aigc__shift(g, aigc__matmul(g, thin, feed(bench, 0, 3), false, false), 2);
    const aigc__id_t fetches[] = {m, aigc__sum(g, aigc__exp(g, x), AIGC__ALL_AXES, false), no_inner};
    running_t running = compile(bench, fetches, 3);
    running_end(&running);
}

static void bad_fetches_are_refused(void **state)
{
    bench_t *bench = *state;
    const aigc__id_t none = 0, far = 1000, x = feed(bench, 2, 2);
    const aigc__compile_options_t options = {.n_external = 2};
    aigc__graph_t *g = bench->world.graph;
    aigc__memory_t *memory = &bench->context->memory;
    aigc__plan_t *plan = NULL;
    check_failure(aigc__plan_create(&plan, memory, g, bench->context->kernels, &none, 1, NULL), AIGC_ERROR_ARGUMENT,
                  "fetch 0");
    check_failure(aigc__plan_create(&plan, memory, g, bench->context->kernels, &far, 1, NULL), AIGC_ERROR_ARGUMENT,
                  "fetch 0");
    check_failure(aigc__plan_create(&plan, memory, g, bench->context->kernels, &x, 1, &options), AIGC_ERROR_ARGUMENT,
                  "external");
    aigc__graph_fail(g, AIGC_ERROR_DOMAIN, "broken on purpose");
    check_failure(aigc__plan_create(&plan, memory, g, bench->context->kernels, &x, 1, NULL), AIGC_ERROR_DOMAIN,
                  "purpose");
    assert_null(plan);
}

/* A network with all kinds of steps, to be compiled, bound, run and described. */
static aigc_status_t use_plan(aigc_context_t *context, const world_t *world, const aigc__id_t *fetches,
                              aigc__store_t *store)
{
    const aigc__compile_options_t options = {.frozen = true};
    aigc_status_t status = AIGC_OK;
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    char *text = NULL;
    AIGC__GOTO(done, aigc__plan_create(&plan, &context->memory, world->graph, context->kernels, fetches, 2, &options));
    AIGC__GOTO(done, aigc__executor_create(&executor, plan, context, store, NULL));
    AIGC__GOTO(done, aigc__plan_describe(plan, &context->memory, &text));
done:
    aigc__memory_free(&context->memory, text);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
    return status;
}

static void a_failed_allocation_leaks_nothing(void **state)
{
    bench_t *bench = *state;
    aigc__graph_t *g = bench->world.graph;
    const aigc__initialiser_t normal = {AIGC__INITIAL_NORMAL, 0, 1};
    test_memory_t memory;
    test_memory_init(&memory);
    aigc_context_t *context = running_context(1, &memory.allocator);
    aigc__store_t *store = NULL;
    check_ok(aigc__store_create(&store, context));
    const aigc__id_t w = aigc__scale(g, aigc__param(g, store, "w", matrix(20, 20), normal), 0.1);
    aigc__id_t y = feed(bench, 20, 20);
    for (int i = 0; i < 12; i++) y = aigc__map1(g, AIGC__MAP_relu, aigc__matmul(g, y, w, false, false), 0);
    const aigc__id_t fetches[] = {y, aigc__sum(g, y, AIGC__ALL_AXES, false)};
    check_ok(aigc__store_seal(store, 1));
    const size_t blocks = memory.blocks;
    aigc_status_t status = AIGC_ERROR_MEMORY;
    size_t at = 0;
    while (status != AIGC_OK) {
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        test_memory_fail(&memory, ++at, false);
        status = use_plan(context, &bench->world, fetches, store);
        assert_int_equal(memory.blocks, blocks);
    }
    assert_true(at > 8);
    test_memory_fail(&memory, 0, false);
    aigc__store_free(store);
    aigc__context_release(context);
    assert_int_equal(memory.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bias_and_activation_hang_on_the_product, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(epilogues_read_any_broadcast, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(all_elementwise_readers_of_a_product_share_its_step, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_chain_that_ends_in_a_sum_is_one_program, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(numbers_known_at_compile_time_take_no_step, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_sum_that_its_own_terms_read_is_a_step_before, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_path_through_another_step_keeps_programs_apart, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(masks_are_made_where_they_are_read, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(signs_of_what_is_needed_no_more_wait_as_bytes, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(outputs_that_weight_gradients_read_stay, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(fetched_outputs_stay, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(long_chains_are_cut_into_programs, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(programs_with_many_operands_are_cut, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(without_fusion_every_value_is_a_step, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(what_no_fetch_needs_is_not_in_the_plan, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(frozen_operands_are_folded_and_packed_once, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(memory_is_reused_once_nobody_reads_it, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(programs_write_over_operands_that_die, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(an_epilogue_spares_what_its_op_reads, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(raw_products_lie_under_the_result_written_last, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(the_bytes_foretold_are_the_bytes_used, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_plan_past_the_limit_is_refused_before_work, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(empty_tensors_are_computed_without_work, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(bad_fetches_are_refused, open_bench, close_bench),
        cmocka_unit_test_setup_teardown(a_failed_allocation_leaks_nothing, open_bench, close_bench),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
