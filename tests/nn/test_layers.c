/* Layers run through a plan: names, shapes, initial values, numbers. */
#include "graph/plan.h"
#include "nn/layers.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

enum { N = 3, IN = 5, OUT = 4 };

typedef struct bench {
    aigc_context_t *context;
    aigc__store_t *store;
    aigc__graph_t *graph;
    aigc__id_t x;
    float input[N * IN];
} bench_t;

static void bench_begin(bench_t *b)
{
    memset(b, 0, sizeof *b);
    check_ok(aigc__context_create(&b->context, NULL, 1, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    check_ok(aigc__store_create(&b->store, b->context));
    check_ok(aigc__graph_create(&b->graph, &b->context->memory));
    b->x = aigc__feed(b->graph, "x", AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){N, IN}));
    for (int i = 0; i < N * IN; i++) b->input[i] = (float)(i % 7) - 2.5f;
}

/* Runs the graph up to y and copies `n` numbers out. */
static void bench_run(bench_t *b, aigc__id_t y, float *out, size_t n)
{
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    check_ok(aigc__graph_status(b->graph));
    if (!aigc__store_sealed(b->store)) check_ok(aigc__store_seal(b->store, 7));
    check_ok(aigc__plan_create(&plan, &b->context->memory, b->graph, b->context->kernels, &y, 1, NULL));
    check_ok(aigc__executor_create(&executor, plan, b->context, b->store, NULL));
    check_ok(aigc__executor_set_feed(executor, "x", b->input));
    check_ok(aigc__executor_run(executor, 0, 0));
    memcpy(out, aigc__executor_fetch(executor, 0), n * sizeof *out);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
}

static void bench_end(bench_t *b)
{
    aigc__graph_free(b->graph);
    aigc__store_free(b->store);
    aigc__context_release(b->context);
}

static void linear_is_x_w_transposed_plus_b(void **state)
{
    bench_t b;
    float y[N * OUT];
    (void)state;
    bench_begin(&b);
    bench_run(&b, aigc__linear(b.graph, b.store, "fc", b.x, OUT), y, N * OUT);
    assert_int_equal(aigc__store_find(b.store, "fc.weight"), 0);
    assert_int_equal(aigc__store_find(b.store, "fc.bias"), 1);
    const float *w = aigc__store_data(b.store, 0), *bias = aigc__store_data(b.store, 1);
    const double bound = 1 / sqrt(IN);
    for (int i = 0; i < OUT * IN; i++) assert_true(fabs((double)w[i]) <= bound && w[i] != 0);
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double sum = (double)bias[o];
            for (int i = 0; i < IN; i++) sum += (double)b.input[n * IN + i] * (double)w[o * IN + i];
            assert_true(fabs(sum - (double)y[n * OUT + o]) < 1e-5);
        }
    bench_end(&b);
}

static void layer_norm_has_mean_0_and_variance_1(void **state)
{
    bench_t b;
    float y[N * IN];
    (void)state;
    bench_begin(&b);
    bench_run(&b, aigc__layer_norm(b.graph, b.store, "norm", b.x, 1e-5), y, N * IN);
    for (int n = 0; n < N; n++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < IN; i++) {
            sum += (double)y[n * IN + i];
            squares += (double)y[n * IN + i] * (double)y[n * IN + i];
        }
        assert_true(fabs(sum / IN) < 1e-5);
        assert_true(fabs(squares / IN - 1) < 1e-4);
    }
    bench_end(&b);
}

static void a_name_means_one_parameter(void **state)
{
    bench_t b;
    (void)state;
    bench_begin(&b);
    const aigc__id_t once = aigc__linear(b.graph, b.store, "fc", b.x, OUT),
                     twice = aigc__linear(b.graph, b.store, "fc", b.x, OUT);
    assert_int_equal(once, twice);
    assert_int_equal(aigc__linear(b.graph, b.store, "fc", b.x, OUT + 1), 0); /* another shape */
    check_failure(aigc__graph_status(b.graph), AIGC_ERROR_ARGUMENT, "fc.weight");
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(linear_is_x_w_transposed_plus_b),
                                       cmocka_unit_test(layer_norm_has_mean_0_and_variance_1),
                                       cmocka_unit_test(a_name_means_one_parameter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
