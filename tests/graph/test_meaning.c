/* What the ops mean, in numbers written out: the reference functions, which everything else is
 * measured by, are themselves measured here. */
#include "graph/op.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

#define shape(...) aigc__shape_of(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})
#define expect(value, ...)                                                                                             \
    expect_numbers(*state, value, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static aigc__memory_t memory;

static int setup(void **state)
{
    aigc__graph_t *graph;
    aigc__memory_init(&memory, NULL, 0);
    check_ok(aigc__graph_create(&graph, &memory));
    *state = graph;
    return 0;
}

static int teardown(void **state)
{
    aigc__graph_free(*state);
    return memory.live != 0;
}

/* "count": 0, 1, 2 ...; "picks": 2, 0, 2, 0 ...; "beyond": -1, 5; "odd": -1.5, 0, 1.5, -1.5 ...; "nan" */
static double element(const char *name, size_t i)
{
    if (strcmp(name, "count") == 0) return (double)i;
    if (strcmp(name, "picks") == 0) return i % 2 ? 0 : 2;
    if (strcmp(name, "beyond") == 0) return i % 2 ? 5 : -1;
    if (strcmp(name, "odd") == 0) return 1.5 * (double)(i % 3) - 1.5;
    return i == 1 ? NAN : (double)i;
}

static void leaf(void *user, const aigc__graph_t *graph, aigc__id_t id, double *out)
{
    const aigc__value_t *value = aigc__graph_value(graph, id);
    (void)user;
    for (size_t i = 0; i < value->count; i++) out[i] = element(value->name, i);
}

static void expect_numbers(const aigc__graph_t *graph, aigc__id_t id, size_t n, const double *expected)
{
    const aigc__reference_inputs_t inputs = {.leaf = leaf};
    aigc__reference_t *reference;
    check_ok(aigc__reference_run(&reference, graph, &id, 1, &inputs));
    const double *values = aigc__reference_value(reference, id);
    assert_int_equal(aigc__graph_value(graph, id)->count, n);
    for (size_t i = 0; i < n; i++) {
        const bool same = isnan(expected[i]) ? isnan(values[i]) : fabs(values[i] - expected[i]) <= 1e-12;
        if (!same) print_error("element %zu is %.15g, not %.15g\n", i, values[i], expected[i]);
        assert_true(same);
    }
    aigc__reference_free(reference);
}

static aigc__id_t feed(aigc__graph_t *graph, const char *name, aigc__shape_t shape)
{
    const bool is_index = strcmp(name, "picks") == 0 || strcmp(name, "beyond") == 0;
    return aigc__feed(graph, name, is_index ? AIGC_DTYPE_I32 : AIGC_DTYPE_F32, shape);
}

static void permutations(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(2, 3, 2));
    expect(aigc__permute(*state, a, (uint32_t[]){1, 2, 0}), 0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11);
    expect(aigc__permute(*state, a, (uint32_t[]){2, 0, 1}), 0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11);
    expect(aigc__permute(*state, a, (uint32_t[]){0, 2, 1}), 0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11);
}

static void broadcasts(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(2, 1));
    expect(aigc__broadcast(*state, a, shape(2, 3)), 0, 0, 0, 1, 1, 1);
    expect(aigc__broadcast(*state, a, shape(2, 2, 2)), 0, 0, 1, 1, 0, 0, 1, 1);
}

static void slices_and_padding(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(3, 4));
    expect(aigc__slice(*state, a, 0, 1, 2), 4, 5, 6, 7, 8, 9, 10, 11);
    expect(aigc__slice(*state, a, 1, 1, 2), 1, 2, 5, 6, 9, 10);
    const aigc__id_t b = aigc__slice(*state, aigc__slice(*state, a, 0, 1, 2), 1, 2, 2);
    expect(b, 6, 7, 10, 11);
    expect(aigc__pad(*state, b, (int64_t[]){1, 0}, (int64_t[]){0, 1}), 0, 0, 0, 6, 7, 0, 10, 11, 0);
}

static void concatenation(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(2, 2)), b = aigc__shift(*state, a, 10);
    expect(aigc__concat(*state, (aigc__id_t[]){a, b}, 2, 0), 0, 1, 2, 3, 10, 11, 12, 13);
    expect(aigc__concat(*state, (aigc__id_t[]){a, b, a}, 3, 1), 0, 1, 10, 11, 0, 1, 2, 3, 12, 13, 2, 3);
}

static void flips(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(2, 3));
    expect(aigc__flip(*state, a, 1), 3, 4, 5, 0, 1, 2);
    expect(aigc__flip(*state, a, 2), 2, 1, 0, 5, 4, 3);
    expect(aigc__flip(*state, a, 3), 5, 4, 3, 2, 1, 0);
}

static void rows_by_index(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(3, 2)), picks = feed(*state, "picks", shape(3));
    const aigc__id_t beyond = feed(*state, "beyond", shape(2));
    expect(aigc__gather(*state, a, picks), 4, 5, 0, 1, 4, 5);
    expect(aigc__gather(*state, a, beyond), NAN, NAN, NAN, NAN);
    expect(aigc__scatter_add(*state, a, picks, 4), 2, 3, 0, 0, 4, 6, 0, 0);
    expect(aigc__scatter_add(*state, aigc__slice(*state, a, 0, 0, 2), beyond, 2), 0, 0, 0, 0);
    expect(aigc__one_hot(*state, picks, 3), 0, 0, 1, 1, 0, 0, 0, 0, 1);
    expect(aigc__one_hot(*state, beyond, 2), 0, 0, 0, 0);
}

static void casts(void **state)
{
    expect(aigc__cast(*state, feed(*state, "odd", shape(3)), AIGC_DTYPE_I32), -1, 0, 1);
    expect(aigc__cast(*state, feed(*state, "picks", shape(3)), AIGC_DTYPE_F32), 2, 0, 2);
    expect(aigc__cast(*state, aigc__constant(*state, NAN, shape(1)), AIGC_DTYPE_I32), 0);
    expect(aigc__cast(*state, aigc__constant(*state, -1e30, shape(1)), AIGC_DTYPE_I32), INT32_MIN);
}

static void reductions(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(2, 3, 2));
    expect(aigc__sum(*state, a, 2, false), 6, 9, 24, 27);
    expect(aigc__sum(*state, a, 5, true), 14, 22, 30);
    expect(aigc__mean(*state, a, AIGC__ALL_AXES, false), 5.5);
    expect(aigc__max_over(*state, aigc__neg(*state, a), 6, false), 0, -6);
    expect(aigc__sum(*state, aigc__slice(*state, a, 1, 0, 0), 2, false), 0, 0, 0, 0);
    expect(aigc__argmax(*state, a, 1), 2, 2, 2, 2);
    expect(aigc__argmax(*state, aigc__map1(*state, AIGC__MAP_step, a, 0), 1), 1, 0, 0, 0);
    const aigc__id_t nan = feed(*state, "nan", shape(3));
    expect(aigc__max_over(*state, nan, 1, false), NAN);
    expect(aigc__argmax(*state, nan, 0), 1);
}

static void products(void **state)
{
    const aigc__id_t a = feed(*state, "count", shape(2, 3)), b = aigc__reshape(*state, a, shape(3, 2));
    expect(aigc__matmul(*state, a, b, false, false), 10, 13, 28, 40);
    expect(aigc__matmul(*state, b, a, true, true), 10, 28, 13, 40);
    expect(aigc__matmul(*state, a, a, false, true), 5, 14, 14, 50);
    expect(aigc__matmul(*state, a, a, true, false), 9, 12, 15, 12, 17, 22, 15, 22, 29);
    const aigc__id_t batch = aigc__concat(*state, (aigc__id_t[]){a, aigc__neg(*state, a)}, 2, 0);
    expect(aigc__matmul(*state, aigc__reshape(*state, batch, shape(2, 2, 3)), b, false, false), 10, 13, 28, 40, -10,
           -13, -28, -40);
    expect(aigc__matmul(*state, aigc__slice(*state, a, 1, 0, 0), aigc__slice(*state, b, 0, 0, 0), false, false), 0, 0,
           0, 0);
}

static void functions(void **state)
{
    const aigc__id_t a = feed(*state, "odd", shape(3)), zero = aigc__constant(*state, 0, shape(3));
    const aigc__id_t b = aigc__add(*state, aigc__map1(*state, AIGC__MAP_sign, a, 0), zero);
    expect(aigc__select(*state, a, a, aigc__shift(*state, a, 7)), -1.5, 7, 1.5);
    expect(aigc__map1(*state, AIGC__MAP_leaky_relu, a, 0.2), -0.3, 0, 1.5);
    expect(aigc__map2(*state, AIGC__MAP_less, a, b), 1, 0, 0);
    expect(aigc__map2(*state, AIGC__MAP_less_equal, a, b), 1, 1, 0);
    expect(aigc__map2(*state, AIGC__MAP_equal, a, b), 0, 1, 0);
    expect(aigc__map2(*state, AIGC__MAP_max, a, b), -1, 0, 1.5);
    expect(aigc__map2(*state, AIGC__MAP_min, a, b), -1.5, 0, 1);
    expect(aigc__map1(*state, AIGC__MAP_floor, a, 0), -2, 0, 1);
    expect(aigc__map1(*state, AIGC__MAP_softplus, aigc__scale(*state, a, 600), 0), 0, log(2), 900);
    expect(aigc__map1(*state, AIGC__MAP_sigmoid, aigc__scale(*state, a, 600), 0), 0, 0.5, 1);
    expect(aigc__map1(*state, AIGC__MAP_pow, a, 3), -3.375, 0, 3.375);
    expect(aigc__map2(*state, AIGC__MAP_max, feed(*state, "nan", shape(3)), a), 0, NAN, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(permutations, setup, teardown),
        cmocka_unit_test_setup_teardown(broadcasts, setup, teardown),
        cmocka_unit_test_setup_teardown(slices_and_padding, setup, teardown),
        cmocka_unit_test_setup_teardown(concatenation, setup, teardown),
        cmocka_unit_test_setup_teardown(flips, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_by_index, setup, teardown),
        cmocka_unit_test_setup_teardown(casts, setup, teardown),
        cmocka_unit_test_setup_teardown(reductions, setup, teardown),
        cmocka_unit_test_setup_teardown(products, setup, teardown),
        cmocka_unit_test_setup_teardown(functions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
