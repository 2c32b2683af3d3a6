/* Each op's run() against its reference: small odd shapes and ones of several tiles, the tiles taken
 * forwards and backwards, with memory around the output and the workspaces that must stay as it was. */
#include "graph/samples.h"
#include "graph/step.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD_BYTES = 256, GUARD = 0x5c };

typedef struct block {
    uint8_t *bytes;
    size_t size;
} block_t;

/* Aligned to 64, full of NaN, guarded on both sides. */
static block_t block_make(size_t size)
{
    const size_t whole = (size + 63) / 64 * 64 + 2 * GUARD_BYTES;
    block_t block = {.bytes = aligned_alloc(64, whole), .size = size};
    assert_non_null(block.bytes);
    memset(block.bytes, GUARD, whole);
    memset(block.bytes + GUARD_BYTES, 0xff, size);
    return block;
}

static void *block_at(const block_t *block) { return block->bytes + GUARD_BYTES; }

static void block_free(block_t *block)
{
    for (size_t k = 0; k < GUARD_BYTES; k++) {
        assert_int_equal(block->bytes[k], GUARD);
        assert_int_equal(block->bytes[GUARD_BYTES + block->size + k], GUARD);
    }
    free(block->bytes);
}

/* Elements in the 4-byte form runs see; from the oracle's doubles. */
static block_t block_of_numbers(const double *numbers, size_t n, aigc_dtype_t dtype)
{
    block_t block = block_make(n * 4);
    float *f = block_at(&block);
    int32_t *whole = block_at(&block);
    for (size_t i = 0; i < n; i++) {
        if (dtype == AIGC_DTYPE_I32)
            whole[i] = (int32_t)numbers[i];
        else
            f[i] = (float)numbers[i];
    }
    return block;
}

static void run_phases(aigc__step_t *step, bool backwards)
{
    const size_t workers = 1;
    block_t shared = block_make(step->shared_bytes), worker = block_make(step->worker_bytes * workers);
    step->shared = block_at(&shared);
    step->worker = block_at(&worker);
    for (size_t phase = 0; phase < AIGC__PHASES && step->tiles[phase] > 0; phase++)
        for (size_t tile = 0; tile < step->tiles[phase]; tile++)
            step->op->run(step, phase, backwards ? step->tiles[phase] - 1 - tile : tile, 0);
    block_free(&shared);
    block_free(&worker);
}

/* As the executor does: sizes, then a plan that expects packed inputs, then the packing. */
static void pack_inputs(aigc__step_t *step, block_t *inputs)
{
    size_t bytes[AIGC__STEP_INPUTS];
    for (size_t k = 0; k < step->n_inputs; k++) {
        bytes[k] = step->op->packed_bytes(step, k);
        if (bytes[k] == 0) continue;
        step->input_packed[k] = true;
        memset(step->tiles, 0, sizeof step->tiles);
        step->op->prepare(step);
    }
    for (size_t k = 0; k < step->n_inputs; k++) {
        if (bytes[k] == 0) continue;
        block_t packed = block_make(bytes[k]);
        step->op->pack(step, k, step->inputs[k], block_at(&packed));
        block_free(&inputs[k]);
        inputs[k] = packed;
        step->inputs[k] = block_at(&packed);
    }
}

/* The output of one value's run; inputs by the oracle. */
static block_t run_value(const world_t *world, aigc__id_t id, bool backwards, bool packed)
{
    const aigc__value_t *value = aigc__graph_value(world->graph, id), *in_values[AIGC__STEP_INPUTS];
    const void *pointers[AIGC__STEP_INPUTS];
    block_t inputs[AIGC__STEP_INPUTS], output = block_make(value->count * 4);
    for (size_t k = 0; k < value->n_inputs; k++) {
        double *numbers = world_compute(world, value->inputs[k]);
        in_values[k] = aigc__graph_value(world->graph, value->inputs[k]);
        inputs[k] = block_of_numbers(numbers, in_values[k]->count, in_values[k]->dtype);
        pointers[k] = block_at(&inputs[k]);
        free(numbers);
    }
    aigc__step_t step = {.op = aigc__op(value->op),
                         .value = value,
                         .in_values = in_values,
                         .kernels = aigc__kernels_best(),
                         .n_inputs = value->n_inputs,
                         .output = block_at(&output),
                         .inputs = pointers,
                         .stream = {.seed = 5, .step = 3}};
    step.op->prepare(&step);
    if (packed) pack_inputs(&step, inputs);
    run_phases(&step, backwards);
    for (size_t k = 0; k < value->n_inputs; k++) block_free(&inputs[k]);
    return output;
}

/* Ops that add: their error is bounded by the sum of the terms' sizes; all others are exact. */
static bool is_convolution(uint16_t op)
{
    return op == AIGC__OP_conv || op == AIGC__OP_conv_input_gradient || op == AIGC__OP_conv_weight_gradient;
}

static bool is_exact(uint16_t op)
{
    return op != AIGC__OP_sum && op != AIGC__OP_sum_products && op != AIGC__OP_scatter_add && op != AIGC__OP_matmul &&
           !is_convolution(op) && op != AIGC__OP_resample && op != AIGC__OP_put_add;
}

/* How many numbers an element of the result is the sum of. */
static size_t terms_of(const aigc__graph_t *graph, const aigc__value_t *value)
{
    const aigc__value_t *a = value->n_inputs > 0 ? aigc__graph_value(graph, value->inputs[0]) : NULL;
    if (!a || value->count == 0) return 1;
    if (value->op == AIGC__OP_matmul) return (size_t)a->shape.dims[a->shape.rank - (value->attributes.i[0] ? 2 : 1)];
    if (value->op == AIGC__OP_conv_weight_gradient) return a->count / (size_t)a->shape.dims[a->shape.rank - 1];
    if (is_convolution(value->op)) {
        const aigc__value_t *w = aigc__graph_value(graph, value->inputs[1]);
        return w->count / (size_t)w->shape.dims[value->op == AIGC__OP_conv ? 0 : 1];
    }
    return a->count / value->count + 1;
}

static void compare(const world_t *world, aigc__id_t id, const block_t *output)
{
    const aigc__value_t *value = aigc__graph_value(world->graph, id);
    double *expected = world_compute(world, id);
    const float *f = block_at(output);
    const int32_t *whole = block_at(output);
    /* terms of at most 1.7; rounding errors of sums behave like a random walk */
    const double terms = (double)terms_of(world->graph, value);
    /* Winograd's transforms lose up to two bits more. */
    const double unit = is_convolution(value->op) ? 16e-7 : 4e-7;
    const double bound = is_exact(value->op) ? 0 : unit * (4 + 4 * sqrt(terms) + 1e-2 * terms);
    for (size_t i = 0; i < value->count; i++) {
        const double found = value->dtype == AIGC_DTYPE_I32 ? (double)whole[i] : (double)f[i];
        const double wanted = value->dtype == AIGC_DTYPE_F32 ? (double)(float)expected[i] : expected[i];
        const bool same = isnan(wanted) ? isnan(found) : fabs(found - wanted) <= bound * (1 + fabs(wanted));
        if (!same) print_error("%s: element %zu is %.9g, not %.9g\n", aigc__op(value->op)->name, i, found, wanted);
        assert_true(same);
    }
    free(expected);
}

static void check_sample(const sample_t *sample)
{
    bool found = false;
    world_t world;
    world_begin(&world);
    sample_build(&world, sample);
    check_ok(aigc__graph_status(world.graph));
    for (aigc__id_t id = 1; id < aigc__graph_count(world.graph); id++) {
        const aigc__op_t *op = aigc__op(aigc__graph_value(world.graph, id)->op);
        if (aigc__graph_value(world.graph, id)->op != sample->op) continue;
        block_t forwards = run_value(&world, id, false, false), backwards = run_value(&world, id, true, false);
        assert_memory_equal(block_at(&forwards), block_at(&backwards), forwards.size);
        if (!(op->flags & AIGC__OP_RANDOM)) compare(&world, id, &forwards);
        block_free(&forwards);
        block_free(&backwards);
        found = true;
        if (!op->pack) continue;
        block_t packed = run_value(&world, id, true, true);
        compare(&world, id, &packed);
        block_free(&packed);
    }
    if (!found) print_error("%s: the sample became something simpler\n", aigc__op((uint16_t)sample->op)->name);
    assert_true(found);
    world_end(&world);
}

static void small_ones_agree_with_the_reference(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_small_samples; k++) check_sample(&small_samples[k]);
}

static void large_ones_agree_with_the_reference(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_large_samples; k++) check_sample(&large_samples[k]);
}

/* Whether the large samples do come to several tiles, and sums to their second phase. */
static void large_ones_have_several_tiles(void **state)
{
    size_t second_phases = 0;
    (void)state;
    for (size_t k = 0; k < n_large_samples; k++) {
        const sample_t *sample = &large_samples[k];
        world_t world;
        world_begin(&world);
        const aigc__value_t *value = aigc__graph_value(world.graph, sample_build(&world, sample)), *in[4];
        for (size_t i = 0; i < value->n_inputs; i++) in[i] = aigc__graph_value(world.graph, value->inputs[i]);
        aigc__step_t step = {.op = aigc__op(value->op),
                             .value = value,
                             .in_values = in,
                             .kernels = aigc__kernels_best(),
                             .n_inputs = value->n_inputs};
        if (value->op == sample->op && value->op != AIGC__OP_matmul && !is_convolution(value->op)) {
            step.op->prepare(&step);
            if (step.tiles[0] < 2 && step.tiles[1] < 2) print_error("%s: sample %zu is one tile\n", step.op->name, k);
            assert_true(step.tiles[0] > 1 || step.tiles[1] > 1); /* resample's first phase makes its tables */
            second_phases += step.tiles[0] > 1 && step.tiles[1] > 0;
        }
        world_end(&world);
    }
    assert_true(second_phases > 4);
}

static void special_numbers_are_kept(void **state)
{
    const aigc__shape_t shape = {2, {2, 3}};
    world_t world;
    (void)state;
    world_begin(&world);
    aigc__graph_t *g = world.graph;
    const aigc__id_t nan = aigc__map1(g, AIGC__MAP_log, aigc__neg(g, world_feed(&world, POSITIVE, 0, shape)), 0);
    const aigc__id_t out_of_range = world_feed(&world, INDEX, 9, aigc__shape_of(1, (int64_t[]){40}));
    const aigc__id_t ids[] = {aigc__sum(g, nan, 1, false),
                              aigc__max_over(g, nan, 2, false),
                              aigc__argmax(g, nan, 1),
                              aigc__cast(g, nan, AIGC_DTYPE_I32),
                              aigc__gather(g, world_feed(&world, SIGNED, 0, shape), out_of_range),
                              aigc__cast(g, aigc__constant(g, 1e20, shape), AIGC_DTYPE_I32)};
    check_ok(aigc__graph_status(g));
    for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
        block_t output = run_value(&world, ids[k], false, false);
        compare(&world, ids[k], &output);
        block_free(&output);
    }
    world_end(&world);
}

static void random_values_have_their_own_streams(void **state)
{
    const aigc__shape_t shape = {1, {40001}};
    world_t world;
    (void)state;
    world_begin(&world);
    const aigc__id_t a = aigc__random_uniform(world.graph, shape), b = aigc__random_uniform(world.graph, shape);
    const aigc__id_t coins = aigc__random_bernoulli(world.graph, 0.25, shape);
    block_t first = run_value(&world, a, false, false), second = run_value(&world, b, false, false);
    block_t third = run_value(&world, coins, true, false);
    const float *x = block_at(&first), *y = block_at(&second), *z = block_at(&third);
    size_t equal = 0, ones = 0;
    for (size_t i = 0; i < 40001; i++) {
        assert_true(x[i] >= 0 && x[i] < 1);
        assert_true(z[i] == 0.0f || z[i] == 1.0f);
        equal += x[i] == y[i];
        ones += z[i] == 1.0f;
    }
    /* of 2^24 values; five deviations of 87 each way */
    assert_true(equal < 20);
    assert_true(ones > 10000 - 435 && ones < 10000 + 435);
    block_free(&first);
    block_free(&second);
    block_free(&third);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones_agree_with_the_reference),  cmocka_unit_test(large_ones_agree_with_the_reference),
        cmocka_unit_test(large_ones_have_several_tiles),        cmocka_unit_test(special_numbers_are_kept),
        cmocka_unit_test(random_values_have_their_own_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
