/* Small random graphs over all ops: what a plan computes is what the ops mean, in every mode of the
 * compiler and with any number of threads. */
#include "graph/resampling.h"
#include "graph/running.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_VALUES = 64, OPS = 40, GRAPHS = 60, MOST_RANDOM = 6, MOST_INDICES = 6, PARAMETERS = 3, CONTEXTS = 4 };

typedef struct lab {
    world_t world;
    aigc__store_t *store;
    uint64_t state;
    aigc__id_t feed;                /* [rows, columns] */
    aigc__id_t values[MOST_VALUES]; /* f32, bounded by some tens; first the feed and the parameters */
    size_t n, n_indices;
    int64_t rows, columns;
    aigc__id_t parameters[PARAMETERS];
    aigc__id_t fetches[MOST_FETCHES]; /* the random values first */
    size_t n_fetches, n_random;
    float *random[MOST_RANDOM]; /* what a run drew, for the reference */
} lab_t;

static aigc_context_t *contexts[CONTEXTS];
static const size_t n_threads[CONTEXTS] = {1, 2, 3, 7};

static size_t draw(lab_t *lab, size_t below)
{
    lab->state = lab->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(lab->state >> 33) % below;
}

static aigc__shape_t shape_of(const lab_t *lab, aigc__id_t id) { return aigc__graph_shape(lab->world.graph, id); }

static aigc__id_t any(lab_t *lab) { return lab->values[draw(lab, lab->n)]; }

/* A feed or parameter. Functions with kinks read only these: near a kink rounding would decide. */
static aigc__id_t any_exact(lab_t *lab) { return lab->values[draw(lab, PARAMETERS + 1)]; }

/* A value of this rank; 0 where a few draws find none. */
static aigc__id_t any_of_rank(lab_t *lab, uint32_t rank)
{
    for (int attempt = 0; attempt < 12; attempt++) {
        const aigc__id_t id = any(lab);
        if (shape_of(lab, id).rank == rank) return id;
    }
    return 0;
}

static aigc__id_t bounded(lab_t *lab, aigc__id_t a) { return aigc__map1(lab->world.graph, AIGC__MAP_tanh, a, 0); }

/* ---- a new value of each kind; 0 where the draw does not fit ---- */

static aigc__id_t new_map1(lab_t *lab)
{
    static const aigc__map_t smooth[] = {AIGC__MAP_neg, AIGC__MAP_tanh,     AIGC__MAP_sigmoid, AIGC__MAP_sin,
                                         AIGC__MAP_cos, AIGC__MAP_softplus, AIGC__MAP_scale,   AIGC__MAP_shift};
    static const aigc__map_t kinked[] = {AIGC__MAP_abs,  AIGC__MAP_relu, AIGC__MAP_leaky_relu,
                                         AIGC__MAP_step, AIGC__MAP_sign, AIGC__MAP_floor};
    aigc__graph_t *g = lab->world.graph;
    const aigc__id_t a = any(lab);
    switch (draw(lab, 9)) {
    case 0:
        return aigc__exp(g, bounded(lab, a));
    case 1:
        return aigc__map1(g, AIGC__MAP_log, aigc__shift(g, aigc__map1(g, AIGC__MAP_softplus, a, 0), 0.5), 0);
    case 2:
        return aigc__map1(g, AIGC__MAP_rsqrt, aigc__shift(g, aigc__square(g, bounded(lab, a)), 1), 0);
    case 3:
    case 4:
        return aigc__map1(g, kinked[draw(lab, 6)], any_exact(lab), 0.5);
    default:
        return aigc__map1(g, smooth[draw(lab, 8)], a, 0.5);
    }
}

static bool fit_together(aigc__shape_t a, aigc__shape_t b)
{
    for (uint32_t k = 1; k <= a.rank && k <= b.rank; k++) {
        const int64_t x = a.dims[a.rank - k], y = b.dims[b.rank - k];
        if (x != y && x != 1 && y != 1) return false;
    }
    return true;
}

static aigc__id_t new_map2(lab_t *lab)
{
    static const aigc__map_t smooth[] = {AIGC__MAP_add, AIGC__MAP_sub, AIGC__MAP_mul};
    const aigc__id_t a = any(lab);
    if (draw(lab, 5) == 0)
        return aigc__map2(lab->world.graph, draw(lab, 2) ? AIGC__MAP_max : AIGC__MAP_min, any_exact(lab),
                          any_exact(lab));
    for (int attempt = 0; attempt < 8; attempt++) {
        const aigc__id_t b = any(lab);
        if (!fit_together(shape_of(lab, a), shape_of(lab, b))) continue;
        return aigc__map2(lab->world.graph, smooth[draw(lab, 3)], a, draw(lab, 2) ? bounded(lab, b) : bounded(lab, a));
    }
    return 0;
}

static aigc__id_t new_select(lab_t *lab)
{
    aigc__graph_t *g = lab->world.graph;
    const aigc__shape_t shape = shape_of(lab, lab->feed);
    const aigc__id_t below = aigc__map2(g, AIGC__MAP_less, lab->feed, aigc__constant(g, 0.3, shape));
    for (int attempt = 0; attempt < 8; attempt++) {
        const aigc__id_t a = any(lab);
        const aigc__shape_t other = shape_of(lab, a);
        if (aigc__shape_equal(&shape, &other))
            return aigc__select(g, below, a, aigc__map1(g, AIGC__MAP_step, lab->feed, 0));
    }
    return 0;
}

static aigc__id_t new_reduction(lab_t *lab)
{
    const bool is_max = draw(lab, 3) == 0;
    const aigc__id_t a = is_max ? any_exact(lab) : any(lab);
    const uint32_t axes = draw(lab, 3) == 0 ? AIGC__ALL_AXES : (uint32_t)draw(lab, (size_t)1 << shape_of(lab, a).rank);
    const bool keep = draw(lab, 2) != 0;
    if (is_max) return aigc__max_over(lab->world.graph, a, axes, keep);
    return aigc__mean(lab->world.graph, a, axes, keep);
}

static aigc__id_t new_matmul(lab_t *lab)
{
    aigc__graph_t *g = lab->world.graph;
    const aigc__id_t a = any_of_rank(lab, 2), b = any_of_rank(lab, 2);
    if (!a || !b) return 0;
    const bool ta = draw(lab, 2), tb = draw(lab, 2);
    const int64_t inner = shape_of(lab, a).dims[ta ? 0 : 1];
    if (inner != shape_of(lab, b).dims[tb ? 1 : 0]) return 0;
    return aigc__scale(g, aigc__matmul(g, a, b, ta, tb), 1 / sqrt((double)inner));
}

static aigc__id_t new_shape(lab_t *lab)
{
    aigc__graph_t *g = lab->world.graph;
    const aigc__id_t a = any(lab);
    const aigc__shape_t shape = shape_of(lab, a);
    const uint32_t axis = shape.rank ? (uint32_t)draw(lab, shape.rank) : 0;
    int64_t before[AIGC_MAX_RANK] = {0}, after[AIGC_MAX_RANK] = {0};
    uint32_t order[AIGC_MAX_RANK];
    if (shape.rank == 0) return aigc__broadcast(g, a, aigc__shape_of(2, (int64_t[]){lab->rows, lab->columns}));
    for (uint32_t k = 0; k < shape.rank; k++) order[k] = (k + 1) % shape.rank;
    before[axis] = 1;
    after[axis] = 2;
    switch (draw(lab, 7)) {
    case 0:
        return aigc__reshape(g, a, aigc__shape_of(1, (int64_t[]){-1}));
    case 1:
        return aigc__permute(g, a, order);
    case 2:
        return aigc__slice(g, a, axis, shape.dims[axis] / 3, shape.dims[axis] - shape.dims[axis] / 3);
    case 3:
        return aigc__pad(g, a, before, after);
    case 4:
        return aigc__concat(g, (aigc__id_t[]){a, bounded(lab, a)}, 2, axis);
    case 5:
        return aigc__flip(g, a, 1u << axis);
    default:
        if (shape.rank > 3) return 0;
        memmove(before + 1, shape.dims, shape.rank * sizeof *before);
        before[0] = 2;
        return aigc__broadcast(g, a, aigc__shape_of(shape.rank + 1, before));
    }
}

static aigc__id_t new_indexed(lab_t *lab)
{
    aigc__graph_t *g = lab->world.graph;
    const aigc__id_t a = any(lab);
    const aigc__shape_t shape = shape_of(lab, a);
    if (shape.rank == 0 || lab->n_indices == MOST_INDICES) return 0;
    const int64_t rows = shape.dims[0];
    const aigc__id_t indices = world_feed(&lab->world, INDEX, (int)rows, aigc__shape_of(1, &rows));
    lab->n_indices++;
    switch (draw(lab, 4)) {
    case 0:
        return aigc__gather(g, a, indices);
    case 1:
        return bounded(lab, aigc__scatter_add(g, a, indices, rows));
    case 2:
        return aigc__one_hot(g, indices, 3);
    default:
        return aigc__scale(g, aigc__cast(g, aigc__argmax(g, lab->feed, 1), AIGC_DTYPE_F32), 0.01);
    }
}

/* Rows and columns as height and width, as height and channels, or as pictures and width. */
static aigc__id_t new_picture(lab_t *lab)
{
    static const aigc__resampling_t resizes[] = {AIGC__RESIZE_NEAREST, AIGC__RESIZE_LINEAR, AIGC__RESIZE_LINEAR_ALIGNED,
                                                 AIGC__RESIZE_AREA};
    const aigc__filter_t filter = {
        .n_taps = 3, .taps = {0.5f, 0.25f, -0.5f}, .up = {2, 1}, .down = {1, 2}, .before = {1, 2}, .after = {1, 1}};
    const aigc__pool_t pool = {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}};
    const int64_t one[2] = {1, 0}, two[2] = {0, 2};
    aigc__graph_t *g = lab->world.graph;
    const bool is_max = draw(lab, 4) == 0;
    const aigc__id_t a = is_max ? lab->values[draw(lab, 2)] : any_of_rank(lab, 2);
    if (!a) return 0;
    const int64_t rows = shape_of(lab, a).dims[0], columns = shape_of(lab, a).dims[1];
    const int64_t shapes[][4] = {{1, rows, columns, 1}, {1, rows, 1, columns}, {rows, 1, columns, 1}};
    const aigc__id_t x = aigc__reshape(g, a, aigc__shape_of(4, shapes[draw(lab, 3)]));
    const aigc__shape_t shape = shape_of(lab, x);
    if (is_max) return aigc__max_pool(g, x, &pool);
    switch (draw(lab, 4)) {
    case 0:
        return aigc__average_pool(g, x, &pool);
    case 1:
        return aigc__extend(g, x, AIGC__PAD_REPLICATE, one, two);
    case 2:
        return aigc__upfirdn(g, x, &filter);
    default:
        return aigc__resize(g, x, resizes[draw(lab, 4)], shape.dims[1] * 3 / 2 + 1, shape.dims[2] / 2 + 1);
    }
}

static aigc__id_t new_leaf(lab_t *lab)
{
    aigc__graph_t *g = lab->world.graph;
    const aigc__shape_t shape = shape_of(lab, any(lab));
    const size_t kind = draw(lab, 4);
    if (kind == 0) return aigc__constant(g, 0.75, shape);
    if (lab->n_random == MOST_RANDOM) return 0;
    const aigc__id_t id = kind == 1   ? aigc__random_uniform(g, shape)
                          : kind == 2 ? aigc__random_normal(g, shape)
                                      : aigc__random_bernoulli(g, 0.4, shape);
    lab->fetches[lab->n_random++] = id;
    return id;
}

static void grow(lab_t *lab)
{
    static aigc__id_t (*const kinds[])(lab_t *) = {new_map1,  new_map1,    new_map2,      new_map2,
                                                   new_map2,  new_select,  new_reduction, new_matmul,
                                                   new_shape, new_indexed, new_leaf,      new_picture};
    for (int i = 0; i < OPS && lab->n < MOST_VALUES; i++) {
        const aigc__id_t id = kinds[draw(lab, sizeof kinds / sizeof *kinds)](lab);
        check_ok(aigc__graph_status(lab->world.graph));
        if (id && aigc__graph_value(lab->world.graph, id)->count <= 60000) lab->values[lab->n++] = id;
    }
}

static void add_fetch(lab_t *lab, aigc__id_t id)
{
    if (id && lab->n_fetches < MOST_FETCHES) lab->fetches[lab->n_fetches++] = id;
}

/* Some values, a loss that depends on several, its gradients. */
static void choose_fetches(lab_t *lab)
{
    aigc__graph_t *g = lab->world.graph;
    aigc__id_t loss = 0, gradients[PARAMETERS + 1];
    for (size_t k = 0; k < 6; k++) {
        const aigc__id_t v = lab->values[lab->n - 1 - k];
        const aigc__id_t term = aigc__mean(g, bounded(lab, v), AIGC__ALL_AXES, false);
        loss = loss ? aigc__add(g, loss, term) : term;
    }
    const aigc__id_t wrt[] = {lab->parameters[0], lab->parameters[1], lab->parameters[2], lab->feed};
    check_ok(aigc__gradient(g, loss, wrt, PARAMETERS + 1, gradients));
    lab->n_fetches = lab->n_random;
    for (size_t k = 0; k < 5; k++) add_fetch(lab, any(lab));
    add_fetch(lab, loss);
    for (size_t k = 0; k < PARAMETERS + 1; k++) add_fetch(lab, gradients[k]);
    check_ok(aigc__graph_status(g));
}

static void begin(lab_t *lab, uint64_t seed)
{
    static const int64_t sizes[][2] = {{4, 6}, {1, 1}, {33, 50}, {7, 1}, {150, 130}};
    const aigc__initialiser_t normal = {AIGC__INITIAL_NORMAL, 0, 1};
    memset(lab, 0, sizeof *lab);
    lab->state = seed * 977 + 1;
    lab->rows = sizes[seed % 5][0];
    lab->columns = sizes[seed % 5][1];
    world_begin(&lab->world);
    check_ok(aigc__store_create(&lab->store, contexts[0]));
    aigc__graph_t *g = lab->world.graph;
    const aigc__shape_t full = aigc__shape_of(2, (int64_t[]){lab->rows, lab->columns});
    const aigc__shape_t row = aigc__shape_of(1, full.dims + 1), column = aigc__shape_of(2, (int64_t[]){lab->rows, 1});
    lab->values[0] = lab->feed = world_feed(&lab->world, SIGNED, 0, full);
    lab->values[1] = lab->parameters[0] = aigc__param(g, lab->store, "full", full, normal);
    lab->values[2] = lab->parameters[1] = aigc__param(g, lab->store, "row", row, normal);
    lab->values[3] = lab->parameters[2] = aigc__param(g, lab->store, "column", column, normal);
    lab->n = 4;
    grow(lab);
    choose_fetches(lab);
    check_ok(aigc__store_seal(lab->store, seed));
}

static void end(lab_t *lab)
{
    for (size_t k = 0; k < lab->n_random; k++) free(lab->random[k]);
    aigc__store_free(lab->store);
    world_end(&lab->world);
}

/* ---- running ---- */

static size_t count_of(const lab_t *lab, size_t fetch)
{
    return aigc__graph_value(lab->world.graph, lab->fetches[fetch])->count;
}

typedef struct results {
    float *fetch[MOST_FETCHES];
} results_t;

/* Twice, so that a run over what another left behind counts. */
static results_t run(const lab_t *lab, size_t context, const aigc__compile_options_t *options)
{
    results_t results = {{NULL}};
    running_t running;
    running_begin(&running, &lab->world, contexts[context], lab->store, lab->fetches, lab->n_fetches, options);
    for (int i = 0; i < 2; i++) check_ok(aigc__executor_run(running.executor, 5, 9));
    for (size_t k = 0; k < lab->n_fetches; k++) {
        results.fetch[k] = malloc(count_of(lab, k) * sizeof(float) + 4);
        memcpy(results.fetch[k], aigc__executor_fetch(running.executor, k), count_of(lab, k) * sizeof(float));
    }
    running_end(&running);
    return results;
}

static void free_results(results_t *results)
{
    for (size_t k = 0; k < MOST_FETCHES; k++) free(results->fetch[k]);
}

static void fill_leaf(void *user, const aigc__graph_t *graph, aigc__id_t id, double *out)
{
    const lab_t *lab = user;
    const aigc__value_t *value = aigc__graph_value(graph, id);
    const float *numbers = NULL;
    if (value->op == AIGC__OP_param)
        numbers = aigc__store_data(lab->store, (size_t)aigc__store_find(lab->store, value->name));
    for (size_t k = 0; k < lab->n_random; k++)
        if (lab->fetches[k] == id) numbers = lab->random[k];
    for (size_t i = 0; i < value->count; i++) out[i] = numbers ? (double)numbers[i] : world_leaf(&lab->world, id, i);
}

/* Rounding stays well below this bound, by what the largest number of a tensor is; a stale or misplaced
 * number does not. */
static void check_near(const lab_t *lab, const aigc__reference_t *reference, const results_t *results, uint64_t seed,
                       const char *mode)
{
    for (size_t k = 0; k < lab->n_fetches; k++) {
        const double *expected = aigc__reference_value(reference, lab->fetches[k]);
        double size = 1e-3, error = 0;
        for (size_t i = 0; i < count_of(lab, k); i++) {
            const double distance = fabs((double)results->fetch[k][i] - expected[i]);
            size = fmax(size, fabs(expected[i]));
            error = isnan(distance) ? INFINITY : fmax(error, distance);
        }
        if (error > 3e-4 * size)
            fail_msg("graph %d, fetch %d, %s: error %g of %g", (int)seed, (int)k, mode, error, size);
    }
}

static void check_equal(const lab_t *lab, const results_t *a, results_t b, uint64_t seed, const char *mode)
{
    for (size_t k = 0; k < lab->n_fetches; k++)
        if (memcmp(a->fetch[k], b.fetch[k], count_of(lab, k) * sizeof(float)) != 0)
            fail_msg("graph %d, fetch %d, %s: other bits", (int)seed, (int)k, mode);
    free_results(&b);
}

static void check_graph(uint64_t seed)
{
    static const aigc__compile_options_t plain, no_reuse = {.no_reuse = true}, poison = {.poison = true},
                                                no_fusion = {.no_fusion = true}, frozen = {.frozen = true},
                                                single = {.no_fusion = true, .poison = true, .frozen = true};
    lab_t lab;
    begin(&lab, seed);
    const aigc__compile_options_t external = {.n_external = lab.n_fetches, .poison = true};
    results_t base = run(&lab, 0, &plain);
    for (size_t k = 0; k < lab.n_random; k++) {
        lab.random[k] = base.fetch[k];
        base.fetch[k] = malloc(count_of(&lab, k) * sizeof(float) + 4);
        memcpy(base.fetch[k], lab.random[k], count_of(&lab, k) * sizeof(float));
    }
    aigc__reference_t *reference = NULL;
    const aigc__reference_inputs_t inputs = {.leaf = fill_leaf, .user = &lab};
    check_ok(aigc__reference_run(&reference, lab.world.graph, lab.fetches, lab.n_fetches, &inputs));
    check_near(&lab, reference, &base, seed, "plain");
    for (size_t c = 1; c < CONTEXTS; c++) check_equal(&lab, &base, run(&lab, c, &plain), seed, "threads");
    check_equal(&lab, &base, run(&lab, 0, &no_reuse), seed, "no reuse");
    check_equal(&lab, &base, run(&lab, 1, &poison), seed, "poison");
    check_equal(&lab, &base, run(&lab, 0, &external), seed, "external fetches");
    results_t others[] = {run(&lab, 0, &no_fusion), run(&lab, 1, &frozen), run(&lab, 0, &single)};
    static const char *const modes[] = {"no fusion", "frozen", "no fusion, frozen, poison"};
    for (size_t k = 0; k < 3; k++) {
        check_near(&lab, reference, &others[k], seed, modes[k]);
        free_results(&others[k]);
    }
    free_results(&base);
    aigc__reference_free(reference);
    end(&lab);
}

static void plans_compute_what_ops_mean(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < GRAPHS; seed++) check_graph(seed);
}

static int set_up(void **state)
{
    (void)state;
    for (size_t c = 0; c < CONTEXTS; c++) contexts[c] = running_context(n_threads[c], NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t c = 0; c < CONTEXTS; c++) aigc__context_release(contexts[c]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans_compute_what_ops_mean)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
