/* Values: shapes are checked with sentences, failures stick, equals are one, simple is preferred. */
#include "graph/world.h"
#include "support/fault_memory.h"
#include "support/unit.h"
#include <stdlib.h>
#include <string.h>

#define shape(...) aigc__shape_of(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

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

static aigc__id_t feed(void **state, aigc__shape_t s) { return world_feed(*state, SIGNED, 0, s); }

static aigc__id_t indices(void **state, aigc__shape_t s) { return world_feed(*state, INDEX, 3, s); }

static aigc__graph_t *graph_of(void **state) { return ((world_t *)*state)->graph; }

/* Each call is made on a graph of its own, whose failure must hold `part`. */
#define expect_failure(part, call)                                                                                     \
    do {                                                                                                               \
        world_t world_of_call, *pointer = &world_of_call;                                                              \
        void *at[] = {pointer}, **state = at;                                                                          \
        world_begin(*state);                                                                                           \
        aigc__graph_t *g = pointer->graph;                                                                             \
        assert_int_equal((call), 0);                                                                                   \
        check_failure(aigc__graph_status(g), AIGC_ERROR_ARGUMENT, part);                                               \
        world_end(pointer);                                                                                            \
    } while (0)

static void wrong_shapes_are_told_by_sentences(void **unused)
{
    const uint32_t twice[] = {0, 0};
    const int64_t none[] = {0, 0}, negative[] = {-1, 0};
    (void)unused;
    expect_failure("add: [3,4] and [5]", aigc__add(g, feed(state, shape(3, 4)), feed(state, shape(5))));
    expect_failure("matmul of [3,4] and [5,6]: the inner sizes differ",
                   aigc__matmul(g, feed(state, shape(3, 4)), feed(state, shape(5, 6)), false, false));
    expect_failure("leading axes",
                   aigc__matmul(g, feed(state, shape(2, 3, 4)), feed(state, shape(5, 4, 6)), false, false));
    expect_failure("matrices", aigc__matmul(g, feed(state, shape(3)), feed(state, shape(3, 4)), false, false));
    expect_failure("number of elements", aigc__reshape(g, feed(state, shape(3, 4)), shape(5, 2)));
    expect_failure("no shape", aigc__reshape(g, feed(state, shape(3, 4)), shape(5, -1)));
    expect_failure("permutation", aigc__permute(g, feed(state, shape(3, 4)), twice));
    expect_failure("would change", aigc__broadcast(g, feed(state, shape(3, 4)), shape(3, 5)));
    expect_failure("fewer axes", aigc__broadcast(g, feed(state, shape(3, 4)), shape(4)));
    expect_failure("reaches outside", aigc__slice(g, feed(state, shape(3, 4)), 1, 2, 3));
    expect_failure("reaches outside", aigc__slice(g, feed(state, shape(3, 4)), 1, 2, INT64_MAX));
    expect_failure("no axis 2", aigc__slice(g, feed(state, shape(3, 4)), 2, 0, 1));
    expect_failure("padding", aigc__pad(g, feed(state, shape(3, 4)), negative, none));
    expect_failure("along another axis",
                   aigc__concat(g, (aigc__id_t[]){feed(state, shape(3, 4)), feed(state, shape(2, 4))}, 2, 1));
    expect_failure("no parts", aigc__concat(g, NULL, 0, 0));
    expect_failure("outside the rank", aigc__sum(g, feed(state, shape(3, 4)), 4, false));
    expect_failure("outside the rank", aigc__flip(g, feed(state, shape(3, 4)), 4));
    expect_failure("largest of nothing", aigc__max_over(g, feed(state, shape(3, 0)), 2, false));
    expect_failure("nothing to take the mean of", aigc__mean(g, feed(state, shape(3, 0)), 2, false));
    expect_failure("no such axis", aigc__argmax(g, feed(state, shape(3)), 1));
    expect_failure("must be i32", aigc__gather(g, feed(state, shape(3, 4)), feed(state, shape(2))));
    expect_failure("one row for each index",
                   aigc__scatter_add(g, feed(state, shape(3, 4)), indices(state, shape(2)), 5));
    expect_failure("six axes", aigc__gather(g, feed(state, shape(1, 1, 1, 1)), indices(state, shape(1, 1, 1, 1))));
    expect_failure("take f32", aigc__neg(g, indices(state, shape(2))));
    expect_failure("probability", aigc__random_bernoulli(g, 1.5, shape(2)));
    expect_failure("f32 or i32", aigc__feed(g, "u8", AIGC_DTYPE_U8, shape(2)));
    expect_failure("-1", aigc__constant(g, 0, shape(2, -1)));
}

static void sizes_that_overflow_are_refused(void **state)
{
    const int64_t none[] = {0, 0}, most[] = {INT32_MAX, INT32_MAX};
    aigc__graph_t *g = graph_of(state);
    assert_int_equal(aigc__pad(g, feed(state, shape(1, 1)), most, none), 0);
    assert_int_not_equal(aigc__graph_status(g), AIGC_OK);
}

static void the_first_failure_sticks(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(3, 4)), wrong = aigc__reshape(g, a, shape(5));
    const uint32_t count = aigc__graph_count(g);
    aigc__id_t derivative = 77;
    assert_int_equal(wrong, 0);
    assert_int_equal(aigc__add(g, wrong, a), 0);
    assert_int_equal(aigc__add(g, a, a), 0);
    assert_int_equal(aigc__sum(g, a, 99, false), 0);
    assert_int_equal(aigc__graph_fail(g, AIGC_ERROR_DOMAIN, "later"), 0);
    assert_int_equal(aigc__graph_count(g), count);
    aigc__fail(AIGC_ERROR_IO, "something else on this thread");
    check_failure(aigc__graph_status(g), AIGC_ERROR_ARGUMENT, "reshape of [3,4]");
    assert_int_equal(aigc__gradient(g, a, &a, 1, &derivative), AIGC_ERROR_ARGUMENT);
    assert_int_equal(derivative, 77);
}

static void nothing_as_an_input_is_a_failure(void **state)
{
    aigc__graph_t *g = graph_of(state);
    assert_int_equal(aigc__add(g, feed(state, shape(3)), 0), 0);
    check_failure(aigc__graph_status(g), AIGC_ERROR_ARGUMENT, "add: input 1 is no value");
}

static void an_id_of_no_value_is_a_failure(void **state)
{
    aigc__graph_t *g = graph_of(state);
    assert_int_equal(aigc__exp(g, 1000), 0);
    check_failure(aigc__graph_status(g), AIGC_ERROR_ARGUMENT, "exp: input 0");
}

static void equal_values_are_one(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(3, 4)), b = feed(state, shape(3, 4));
    assert_int_equal(aigc__exp(g, a), aigc__exp(g, a));
    assert_int_equal(aigc__add(g, a, b), aigc__add(g, b, a));
    assert_int_equal(aigc__scale(g, a, 3), aigc__scale(g, a, 3));
    assert_int_equal(aigc__constant(g, 2, shape(5)), aigc__constant(g, 2, shape(5)));
    assert_int_not_equal(aigc__scale(g, a, 3), aigc__scale(g, a, 4));
    assert_int_not_equal(aigc__sub(g, a, b), aigc__sub(g, b, a));
    assert_int_not_equal(aigc__exp(g, a), aigc__exp(g, b));
    assert_int_not_equal(aigc__sum(g, a, 1, false), aigc__sum(g, a, 1, true));
    check_ok(aigc__graph_status(g));
}

static void random_values_are_never_one(void **state)
{
    aigc__graph_t *g = graph_of(state);
    assert_int_not_equal(aigc__random_normal(g, shape(3)), aigc__random_normal(g, shape(3)));
}

static void equal_values_are_found_in_a_large_graph(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(3));
    const aigc__value_t *value = aigc__graph_value(g, a);
    aigc__id_t ids[3000];
    for (size_t k = 0; k < 3000; k++) ids[k] = aigc__shift(g, a, (double)(k + 1));
    const uint32_t count = aigc__graph_count(g);
    for (size_t k = 0; k < 3000; k++) assert_int_equal(aigc__shift(g, a, (double)(k + 1)), ids[k]);
    assert_int_equal(aigc__graph_count(g), count);
    assert_ptr_equal(aigc__graph_value(g, a), value);
}

static void a_feed_is_one_by_its_name(void **state)
{
    aigc__graph_t *g = graph_of(state);
    char name[] = "images";
    const aigc__id_t a = aigc__feed(g, name, AIGC_DTYPE_F32, shape(3));
    name[0] = 'X';
    assert_string_equal(aigc__graph_value(g, a)->name, "images");
    assert_int_equal(aigc__feed(g, "images", AIGC_DTYPE_F32, shape(3)), a);
    assert_int_not_equal(aigc__feed(g, "labels", AIGC_DTYPE_F32, shape(3)), a);
    assert_int_equal(aigc__feed(g, "images", AIGC_DTYPE_F32, shape(4)), 0);
    check_failure(aigc__graph_status(g), AIGC_ERROR_ARGUMENT, "feed \"images\" is [4] here");
}

static void simpler_equals_of_functions_are_taken(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(3, 4)), b = feed(state, shape(3, 4));
    const aigc__id_t one = aigc__constant(g, 1, shape(4)), three = aigc__constant(g, 3, aigc__shape_of(0, NULL));
    assert_int_equal(aigc__mul(g, a, one), a);
    assert_int_equal(aigc__div(g, a, one), a);
    assert_int_equal(aigc__shift(g, a, 0), a);
    assert_int_equal(aigc__map1(g, AIGC__MAP_copy, a, 0), a);
    assert_int_equal(aigc__neg(g, aigc__neg(g, a)), a);
    assert_int_equal(aigc__mul(g, three, a), aigc__scale(g, a, 3));
    assert_int_equal(aigc__add(g, a, three), aigc__shift(g, a, 3));
    assert_int_equal(aigc__sub(g, a, three), aigc__shift(g, a, -3));
    assert_int_equal(aigc__scale(g, aigc__scale(g, a, 3), 2), aigc__scale(g, a, 6));
    assert_int_equal(aigc__neg(g, aigc__scale(g, a, 3)), aigc__scale(g, a, -3));
    assert_int_equal(aigc__shift(g, aigc__shift(g, a, 3), 2), aigc__shift(g, a, 5));
    assert_int_equal(aigc__add(g, a, aigc__neg(g, b)), aigc__sub(g, a, b));
    assert_int_equal(aigc__sub(g, a, aigc__neg(g, b)), aigc__add(g, a, b));
    assert_int_equal(aigc__neg(g, aigc__sub(g, a, b)), aigc__sub(g, b, a));
    assert_int_equal(aigc__add(g, a, a), aigc__scale(g, a, 2));
    assert_int_equal(aigc__mul(g, a, a), aigc__square(g, a));
    assert_int_equal(aigc__add(g, aigc__scale(g, a, -3), aigc__scale(g, b, 3)), aigc__scale(g, aigc__sub(g, b, a), 3));
    assert_int_equal(aigc__sub(g, aigc__scale(g, a, 3), aigc__scale(g, b, -3)), aigc__scale(g, aigc__add(g, a, b), 3));
    assert_int_equal(aigc__map1(g, AIGC__MAP_pow, a, 1), a);
    assert_int_equal(aigc__add(g, one, one), aigc__constant(g, 2, shape(4)));
    check_ok(aigc__graph_status(g));
}

static void simpler_equals_of_shapes_are_taken(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(3, 4)), tall = feed(state, shape(3, 1, 4)),
                     one = aigc__constant(g, 1, shape(4));
    const uint32_t swap[] = {1, 0}, move[] = {1, 0, 2}, same[] = {0, 1};
    const int64_t none[] = {0, 0}, some[] = {1, 2};
    const aigc__id_t transposed = aigc__permute(g, a, swap);
    assert_int_equal(aigc__reshape(g, a, shape(3, 4)), a);
    assert_int_equal(aigc__reshape(g, aigc__reshape(g, a, shape(12)), shape(2, -1)), aigc__reshape(g, a, shape(2, 6)));
    assert_int_equal(aigc__permute(g, a, same), a);
    assert_int_equal(aigc__permute(g, transposed, swap), a);
    assert_int_equal(aigc__permute(g, tall, move), aigc__reshape(g, tall, shape(1, 3, 4)));
    assert_int_equal(aigc__broadcast(g, a, shape(3, 4)), a);
    assert_int_equal(aigc__broadcast(g, a, shape(1, 3, 4)), aigc__reshape(g, a, shape(1, 3, 4)));
    assert_int_equal(aigc__broadcast(g, aigc__broadcast(g, a, shape(2, 3, 4)), shape(5, 2, 3, 4)),
                     aigc__broadcast(g, a, shape(5, 2, 3, 4)));
    assert_int_equal(aigc__broadcast(g, one, shape(3, 4)), aigc__constant(g, 1, shape(3, 4)));
    assert_int_equal(aigc__sum(g, tall, 2, false), aigc__reshape(g, tall, shape(3, 4)));
    assert_int_equal(aigc__sum(g, one, 1, false), aigc__constant(g, 4, aigc__shape_of(0, NULL)));
    assert_int_equal(aigc__slice(g, a, 1, 0, 4), a);
    assert_int_equal(aigc__slice(g, aigc__slice(g, a, 1, 1, 3), 1, 1, 2), aigc__slice(g, a, 1, 2, 2));
    assert_int_equal(aigc__pad(g, a, none, none), a);
    assert_int_equal(aigc__graph_value(g, aigc__pad(g, aigc__pad(g, a, some, none), none, some))->inputs[0], a);
    assert_int_equal(aigc__flip(g, aigc__flip(g, a, 3), 1), aigc__flip(g, a, 2));
    assert_int_equal(aigc__flip(g, tall, 2), tall);
    assert_int_equal(aigc__concat(g, &a, 1, 0), a);
    assert_int_equal(aigc__cast(g, a, AIGC_DTYPE_F32), a);
    assert_int_equal(aigc__exp(g, aigc__broadcast(g, a, shape(2, 3, 4))),
                     aigc__broadcast(g, aigc__exp(g, a), shape(2, 3, 4)));
    assert_int_equal(aigc__matmul(g, transposed, a, false, false), aigc__matmul(g, a, a, true, false));
    check_ok(aigc__graph_status(g));
}

static void sums_let_out_what_is_constant_along_them(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(3, 4)), b = feed(state, shape(3, 4));
    const aigc__id_t row = feed(state, shape(4)), column = feed(state, shape(3, 1));
    const aigc__id_t sum = aigc__sum(g, a, 1, false), rows = aigc__sum(g, a, 2, false);
    assert_int_equal(aigc__sum(g, a, 1, true), aigc__reshape(g, sum, shape(1, 4)));
    assert_int_equal(aigc__graph_value(g, aigc__sum(g, aigc__scale(g, a, 3), 1, false))->op, AIGC__OP_sum);
    assert_int_equal(aigc__sum(g, aigc__neg(g, aigc__mul(g, a, row)), 1, false), aigc__neg(g, aigc__mul(g, sum, row)));
    assert_int_equal(aigc__sum(g, aigc__mul(g, a, row), 1, false), aigc__mul(g, sum, row));
    assert_int_equal(aigc__sum(g, aigc__mul(g, a, column), 2, false),
                     aigc__mul(g, rows, aigc__reshape(g, column, shape(3))));
    /* not constant along the sum */
    assert_int_equal(aigc__graph_value(g, aigc__sum(g, aigc__mul(g, a, row), 2, false))->op, AIGC__OP_sum);
    /* centred numbers are multiplied where they are summed */
    const aigc__value_t *products = aigc__graph_value(g, aigc__sum(g, aigc__mul(g, b, aigc__sub(g, a, row)), 1, false));
    assert_int_equal(products->op, AIGC__OP_sum_products);
    assert_int_equal(products->inputs[2], a);
    assert_int_equal(products->inputs[3], row);
    assert_int_equal(aigc__graph_value(g, aigc__sum(g, aigc__square(g, aigc__sub(g, a, row)), 1, true))->op,
                     AIGC__OP_reshape);
    assert_int_equal(aigc__graph_value(g, aigc__sum(g, aigc__square(g, a), 1, false))->op, AIGC__OP_sum);
    /* the end of a tile program */
    assert_int_equal(aigc__graph_value(g, aigc__sum(g, aigc__scale(g, a, 3), 3, false))->op, AIGC__OP_sum);
    check_ok(aigc__graph_status(g));
}

static void one_matrix_for_a_batch_is_one_product(void **state)
{
    aigc__graph_t *g = graph_of(state);
    const aigc__id_t a = feed(state, shape(5, 2, 3)), b = feed(state, shape(3, 4));
    const aigc__value_t *y = aigc__graph_value(g, aigc__matmul(g, a, b, false, false));
    assert_int_equal(y->op, AIGC__OP_reshape);
    const aigc__shape_t expected = shape(5, 2, 4), product = aigc__graph_shape(g, y->inputs[0]), flat = shape(10, 4);
    assert_true(aigc__shape_equal(&y->shape, &expected));
    assert_true(aigc__shape_equal(&product, &flat));
}

static void concat_takes_any_number_of_parts(void **state)
{
    aigc__graph_t *g = graph_of(state);
    aigc__id_t parts[70];
    for (size_t k = 0; k < 70; k++) parts[k] = aigc__constant(g, (double)k, shape(2));
    const aigc__id_t y = aigc__concat(g, parts, 70, 0);
    check_ok(aigc__graph_status(g));
    double *values = world_compute(*state, y);
    for (size_t k = 0; k < 140; k++) assert_true(values[k] == (double)(k / 2));
    free(values);
}

static const double numbers[] = {1, 2, 3, 4, 5, 6};

static void numbers_leaf(void *user, const aigc__graph_t *graph, aigc__id_t id, double *out)
{
    (void)user;
    memcpy(out, numbers, aigc__graph_value(graph, id)->count * sizeof *out);
}

static aigc_status_t build_and_differentiate(aigc__memory_t *memory)
{
    const aigc__reference_inputs_t inputs = {.leaf = numbers_leaf};
    aigc__graph_t *g = NULL;
    aigc__reference_t *reference = NULL;
    aigc__id_t derivatives[2];
    aigc_status_t status = aigc__graph_create(&g, memory);
    if (status != AIGC_OK) return status;
    const aigc__id_t x = aigc__feed(g, "x", AIGC_DTYPE_F32, shape(2, 3)),
                     w = aigc__feed(g, "w", AIGC_DTYPE_F32, shape(3, 2));
    aigc__id_t y = aigc__map1(g, AIGC__MAP_tanh, aigc__matmul(g, x, w, false, false), 0);
    for (int k = 0; k < 90; k++) y = aigc__shift(g, aigc__map1(g, AIGC__MAP_sin, y, 0), k);
    y = aigc__sum(g, y, AIGC__ALL_AXES, false);
    status = aigc__gradient(g, y, (aigc__id_t[]){x, w}, 2, derivatives);
    if (status == AIGC_OK) status = aigc__reference_run(&reference, g, derivatives, 2, &inputs);
    assert_int_equal(aigc__graph_status(g) != AIGC_OK && status == AIGC_OK, 0);
    aigc__reference_free(reference);
    aigc__graph_free(g);
    return status;
}

static void every_failing_allocation_is_survived(void **state)
{
    test_memory_t faulty;
    aigc__memory_t memory;
    size_t at = 0;
    (void)state;
    test_memory_init(&faulty);
    aigc__memory_init(&memory, &faulty.allocator, 0);
    for (aigc_status_t status = AIGC_ERROR_MEMORY; status != AIGC_OK; at++) {
        test_memory_fail(&faulty, at + 1, false);
        status = build_and_differentiate(&memory);
        assert_true(status == AIGC_OK || status == AIGC_ERROR_MEMORY);
        assert_int_equal(faulty.blocks, 0);
        assert_int_equal(faulty.mistakes, 0);
    }
    assert_true(at > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_shapes_are_told_by_sentences),
        cmocka_unit_test_setup_teardown(sizes_that_overflow_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_failure_sticks, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_as_an_input_is_a_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(an_id_of_no_value_is_a_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_values_are_one, setup, teardown),
        cmocka_unit_test_setup_teardown(random_values_are_never_one, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_values_are_found_in_a_large_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(a_feed_is_one_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(simpler_equals_of_functions_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(simpler_equals_of_shapes_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(sums_let_out_what_is_constant_along_them, setup, teardown),
        cmocka_unit_test_setup_teardown(one_matrix_for_a_batch_is_one_product, setup, teardown),
        cmocka_unit_test_setup_teardown(concat_takes_any_number_of_parts, setup, teardown),
        cmocka_unit_test(every_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
