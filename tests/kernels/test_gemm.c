/* Matrix products at every level of this machine. Operands of small whole numbers make every order of
 * summation give the same exact result, so most tests ask for equality; one asks how far real numbers
 * are from a double sum. Padding between rows holds NaN, which a kernel that reads it would spread. */
#include "kernels/gemm.h"
#include "walk.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Emulated processors, which the cross tests run with fewer samples, see a part of the shapes. */
enum { THINNED = AIGC_TEST_SAMPLES < (1u << 20) ? 4 : 1 };

typedef struct problem {
    aigc__gemm_shape_t shape;
    bool whole;           /* whole numbers -3 .. 3, else reals */
    size_t place;         /* of every array in its area */
    size_t workers, step; /* tiles go round-robin to workers, in steps of `step` (coprime to their number) */
    aigc__gemm_tile_fn tile_done;
    void *tile_user;
} problem_t;

typedef struct operand {
    size_t rows, columns, ld, step, count, floats;
    area_t area;
    float *data;
} operand_t;

typedef struct world {
    operand_t a, b, c;
    float *before; /* C as it was */
    area_t packed_a, packed_b, shared, worker;
    size_t shared_bytes, worker_bytes;
    aigc__gemm_plan_t plan;
    aigc__gemm_call_t call;
} world_t;

static aigc__gemm_shape_t shape_of(size_t m, size_t n, size_t k, bool ta, bool tb)
{
    return (aigc__gemm_shape_t){
        .m = m, .n = n, .k = k, .ta = ta, .tb = tb, .lda = ta ? m : k, .ldb = tb ? k : n, .ldc = n, .batch = 1};
}

/* Exactly the floats from the first element to the last, between forbidden pages. */
static void operand_make(operand_t *o, size_t rows, size_t columns, size_t ld, size_t step, size_t batch,
                         const problem_t *p, uint64_t *state)
{
    const size_t count = step ? batch : 1;
    *o = (operand_t){.rows = rows, .columns = columns, .ld = ld, .step = step, .count = count};
    if (rows && columns) o->floats = (count - 1) * step + (rows - 1) * ld + columns;
    area_make(&o->area, o->floats * sizeof(float) + 64);
    o->data = area_place(&o->area, p->place, o->floats * sizeof(float), sizeof(float));
    for (size_t i = 0; i < o->floats; i++) o->data[i] = NAN;
    for (size_t q = 0; q < count; q++)
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                o->data[q * step + i * ld + j] =
                    p->whole ? (float)(walk_random(state) % 7) - 3.0f : walk_float(state, 1.0f);
}

static void *workspace_make(area_t *area, size_t bytes)
{
    area_make(area, bytes + 64);
    float *at = area_place(area, 0, bytes, 4);
    for (size_t i = 0; i < bytes / sizeof(float); i++) at[i] = NAN;
    return at;
}

static void world_make(world_t *w, const aigc__kernels_t *kernels, const problem_t *p)
{
    const aigc__gemm_shape_t *s = &p->shape;
    uint64_t state = s->m * 73 + s->n * 1009 + s->k;
    operand_make(&w->a, s->ta ? s->k : s->m, s->ta ? s->m : s->k, s->lda, s->a_step, s->batch, p, &state);
    operand_make(&w->b, s->tb ? s->n : s->k, s->tb ? s->k : s->n, s->ldb, s->b_step, s->batch, p, &state);
    operand_make(&w->c, s->m, s->n, s->ldc, s->c_step, s->batch, p, &state);
    w->before = malloc(w->c.floats * sizeof(float) + 1);
    assert_non_null(w->before);
    memcpy(w->before, w->c.data, w->c.floats * sizeof(float));
    aigc__gemm_plan(&w->plan, kernels, s);
    assert_int_equal(w->plan.shared_bytes % 64, 0);
    assert_int_equal(w->plan.worker_bytes % 64, 0);
    w->call = (aigc__gemm_call_t){.plan = &w->plan,
                                  .a = w->a.data,
                                  .b = w->b.data,
                                  .c = w->c.data,
                                  .tile_done = p->tile_done,
                                  .tile_user = p->tile_user};
    w->call.shared = workspace_make(&w->shared, w->plan.shared_bytes);
    w->call.worker = workspace_make(&w->worker, w->plan.worker_bytes * p->workers);
    float *packed_a = workspace_make(&w->packed_a, w->plan.packed_a_bytes);
    float *packed_b = workspace_make(&w->packed_b, w->plan.packed_b_bytes);
    if (s->a_packed) aigc__gemm_pack_a(&w->plan, w->a.data, packed_a), w->call.a = packed_a;
    if (s->b_packed) aigc__gemm_pack_b(&w->plan, w->b.data, packed_b), w->call.b = packed_b;
}

static void world_free(world_t *w)
{
    area_t *areas[] = {&w->a.area, &w->b.area, &w->c.area, &w->packed_a, &w->packed_b, &w->shared, &w->worker};
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) area_free(areas[i]);
    free(w->before);
}

static void world_run(world_t *w, const problem_t *p)
{
    for (size_t i = 0; i < w->plan.pack_tiles; i++)
        aigc__gemm_pack_tile(&w->call, i * p->step % w->plan.pack_tiles, i % p->workers);
    for (size_t i = 0; i < w->plan.tiles; i++) aigc__gemm_tile(&w->call, i * p->step % w->plan.tiles, i % p->workers);
}

/* One element as doubles add it up, and the sum of magnitudes. */
static double element(const world_t *w, const aigc__gemm_shape_t *s, size_t q, size_t i, size_t j, double *magnitude)
{
    const float *a = w->a.data + q * s->a_step + (s->ta ? i : i * s->lda);
    const float *b = w->b.data + q * s->b_step + (s->tb ? j * s->ldb : j);
    const double before = s->add ? (double)w->before[q * s->c_step + i * s->ldc + j] : 0;
    const size_t a_k = s->ta ? s->lda : 1, b_k = s->tb ? 1 : s->ldb;
    double sum = before;
    *magnitude = fabs(before);
    for (size_t p = 0; p < s->k; p++) {
        const double product = (double)a[p * a_k] * (double)b[p * b_k];
        sum += product;
        *magnitude += fabs(product);
    }
    return sum;
}

/* Every element, exactly or within (k + 64) u times the magnitudes (Higham 2002, section 3.1: a sum of
 * products in any order errs by at most gamma_k, k the longest chain; 64 for slices, lanes and C). */
static void world_check(const world_t *w, const problem_t *p, const char *level)
{
    const aigc__gemm_shape_t *s = &p->shape;
    for (size_t q = 0; q < s->batch; q++)
        for (size_t i = 0; i < s->m; i++)
            for (size_t j = 0; j < s->n; j++) {
                double magnitude;
                const double want = element(w, s, q, i, j, &magnitude);
                const double got = (double)w->c.data[q * s->c_step + i * s->ldc + j];
                const double bound = p->whole ? 0 : ((double)s->k + 64) * 0x1p-24 * magnitude;
                if (!(fabs(got - want) <= bound))
                    fail_msg("%s: %zu x %zu x %zu, ta %d, tb %d, packed %d %d, add %d: C[%zu][%zu,%zu] is %g, not %g",
                             level, s->m, s->n, s->k, s->ta, s->tb, s->a_packed, s->b_packed, s->add, q, i, j, got,
                             want);
            }
    area_check(&w->c.area, w->c.data, w->c.floats * sizeof(float), level);
}

/* Between the rows of C, and between its matrices, all is as it was. */
static void check_gaps(const world_t *w, const aigc__gemm_shape_t *s)
{
    bool *inside = calloc(w->c.floats, sizeof *inside);
    assert_non_null(inside);
    for (size_t q = 0; q < s->batch; q++)
        for (size_t i = 0; i < s->m; i++)
            for (size_t j = 0; j < s->n; j++) inside[q * s->c_step + i * s->ldc + j] = true;
    for (size_t i = 0; i < w->c.floats; i++)
        if (!inside[i]) assert_true(isnan(w->c.data[i]));
    free(inside);
}

static void run(const problem_t *problem)
{
    for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
        const aigc__kernels_t *kernels = walk_level(level);
        if (!kernels) continue;
        problem_t p = *problem;
        if (p.workers == 0) p.workers = 1;
        if (p.step == 0) p.step = 1;
        world_t w;
        world_make(&w, kernels, &p);
        world_run(&w, &p);
        world_check(&w, &p, kernels->name);
        check_gaps(&w, &p.shape);
        world_free(&w);
    }
}

/* All transposes; packing, adding and the places of the arrays vary with the case. */
static void run_ways(size_t m, size_t n, size_t k, size_t variation)
{
    for (size_t way = 0; way < 4; way++) {
        problem_t p = {.shape = shape_of(m, n, k, way & 1, way & 2), .whole = true};
        const size_t v = variation + way;
        p.place = v % 3;
        p.shape.add = v % 2;
        p.shape.a_packed = v % 5 == 0;
        p.shape.b_packed = v % 7 < 2;
        run(&p);
    }
}

static void test_small_shapes_are_exact(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65, 67};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    for (size_t i = 0; i < SIZES; i++)
        for (size_t j = i % THINNED; j < SIZES; j += THINNED)
            run_ways(sizes[i], sizes[j], sizes[(i * 5 + j * 3) % SIZES], i + j);
}

static void test_random_shapes_are_exact(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (size_t i = 0; i < 80 / THINNED; i++)
        run_ways(1 + walk_random(&random) % 67, 1 + walk_random(&random) % 67, 1 + walk_random(&random) % 67, i);
}

static void test_shapes_around_block_borders_are_exact(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{130, 50, 513},  {50, 130, 385},  {40, 1100, 20}, {1030, 17, 24}, {33, 400, 130},
                                       {20, 257, 1030}, {260, 256, 257}, {97, 33, 769},  {9, 640, 140},  {530, 70, 80}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) run_ways(shapes[i][0], shapes[i][1], shapes[i][2], i);
}

static void test_long_sums_are_cut_and_exact(void **state)
{
    (void)state;
    for (size_t v = 0; v < 3; v++) run_ways(9 + v * 11, 10 + v * 7, 8192 + v * 1013, v);
}

static void test_few_rows_or_columns_are_exact(void **state)
{
    (void)state;
    for (size_t few = 1; few <= 8; few++) {
        run_ways(few, 100 + few, 200 + few, few);
        run_ways(100 + few, few, 300 + 3 * few, few);
    }
}

static void test_rows_may_be_longer_than_matrices_are_wide(void **state)
{
    (void)state;
    for (size_t way = 0; way < 32; way++) {
        problem_t p = {.shape = shape_of(35, 61, 140, way & 1, way & 2), .whole = true, .place = way % 2};
        p.shape.lda += 5 + way % 3;
        p.shape.ldb += 11;
        p.shape.ldc += 3;
        p.shape.add = way & 4;
        p.shape.a_packed = way & 8;
        p.shape.b_packed = way & 16;
        run(&p);
    }
}

static void test_columns_of_strided_vectors(void **state)
{
    (void)state;
    for (size_t way = 0; way < 8; way++) {
        problem_t p = {.shape = shape_of(way & 4 ? 1 : 70, way & 4 ? 70 : 1, 90, way & 1, way & 2), .whole = true};
        p.shape.lda += 2;
        p.shape.ldb += 2;
        run(&p);
    }
}

static void test_batches_and_shared_operands(void **state)
{
    (void)state;
    for (size_t way = 0; way < 64; way++) {
        problem_t p = {.shape = shape_of(19, 37, 60, way & 1, way & 2), .whole = true};
        aigc__gemm_shape_t *s = &p.shape;
        if (way % 3 == 2) s->m = 3, s->lda = s->ta ? s->m : s->k;
        s->batch = 3;
        s->a_step = way & 4 ? 0 : 19 * 60 + 10;
        s->b_step = way & 8 ? 0 : 37 * 60 + 6;
        s->c_step = 19 * 37 + 4;
        s->a_packed = way & 16;
        s->b_packed = way & 32;
        s->add = way % 5 == 0;
        run(&p);
    }
}

static void test_large_batches_that_share_an_operand(void **state)
{
    (void)state;
    problem_t p = {.shape = shape_of(600, 40, 40, false, true), .whole = true};
    p.shape.batch = 2;
    p.shape.a_step = 600 * 40;
    p.shape.c_step = 600 * 40;
    run(&p);
    p.shape.b_step = 40 * 40;
    run(&p);
}

static void test_an_empty_sum_is_zero_or_leaves_c(void **state)
{
    (void)state;
    for (size_t way = 0; way < 4; way++)
        for (size_t add = 0; add < 2; add++) {
            problem_t p = {.shape = shape_of(5, 70, 0, way & 1, way & 2), .whole = true};
            p.shape.add = add;
            p.shape.lda += 1;
            p.shape.ldb += 1;
            run(&p);
        }
}

static void test_an_empty_result_has_no_tiles(void **state)
{
    (void)state;
    for (size_t way = 0; way < 8; way++) {
        const size_t m = way & 4 ? 0 : 5;
        problem_t p = {.shape = shape_of(m, m ? 0 : 5, 7, way & 1, way & 2), .whole = true};
        p.shape.lda += 1;
        p.shape.ldb += 1;
        run(&p);
    }
}

/* What makes paths differ: in place, own, shared, swapped, split, dot. */
static const size_t paths[][3] = {{64, 200, 96}, {128, 128, 256}, {600, 50, 130}, {60, 180, 300}, {20, 24, 9000},
                                  {4, 300, 128}, {300, 3, 70},    {97, 1024, 33}, {257, 40, 1029}};
enum { PATHS = sizeof paths / sizeof *paths, PATH_STEP = THINNED == 1 ? 1 : 3 };

static void test_real_numbers_are_within_the_bound_of_their_sum(void **state)
{
    (void)state;
    for (size_t i = 0; i < PATHS * 4; i += PATH_STEP) {
        const size_t *path = paths[i / 4];
        const problem_t p = {.shape = shape_of(path[0], path[1], path[2], i & 1, i & 2)};
        run(&p);
    }
}

static size_t coprime_step(size_t tiles)
{
    for (size_t step = 3;; step++) {
        size_t a = step, b = tiles ? tiles : 1;
        while (b) {
            const size_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1) return step;
    }
}

static void test_bits_depend_on_neither_workers_nor_order(void **state)
{
    (void)state;
    static const size_t workers[] = {1, 2, 3, 7};
    for (int level = 0; level < AIGC__CPU_LEVELS; level++)
        for (size_t i = 0; walk_level(level) && i < PATHS * 4; i += PATH_STEP) {
            const size_t *path = paths[i / 4];
            problem_t p = {.shape = shape_of(path[0], path[1], path[2], i & 1, i & 2), .workers = 1, .step = 1};
            world_t w, other;
            world_make(&w, walk_level(level), &p);
            world_run(&w, &p);
            for (size_t q = 0; q < sizeof workers / sizeof *workers; q++) {
                problem_t p2 = p;
                p2.workers = workers[q];
                p2.step = coprime_step(w.plan.tiles * (w.plan.pack_tiles ? w.plan.pack_tiles : 1));
                world_make(&other, walk_level(level), &p2);
                world_run(&other, &p2);
                assert_memory_equal(w.c.data, other.c.data, w.c.floats * sizeof(float));
                world_free(&other);
            }
            world_free(&w);
        }
}

typedef struct seen {
    const world_t *world;
    const problem_t *problem;
    unsigned char *times;
    size_t narrow, calls;
} seen_t;

/* Final values, each once; then spoils them, so that a later visit would show. */
static void note_tile(void *user, size_t batch, size_t row, size_t rows, size_t column, size_t columns, float *c,
                      size_t ldc, size_t worker)
{
    seen_t *seen = user;
    const aigc__gemm_shape_t *s = &seen->problem->shape;
    assert_true(worker < seen->problem->workers);
    assert_true(row + rows <= s->m && column + columns <= s->n && rows > 0 && columns > 0);
    assert_int_equal(ldc, s->ldc);
    assert_ptr_equal(c, seen->world->call.c + batch * s->c_step + row * ldc + column);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            double magnitude;
            assert_true((double)c[i * ldc + j] == element(seen->world, s, batch, row + i, column + j, &magnitude));
            seen->times[(batch * s->m + row + i) * s->n + column + j]++;
            c[i * ldc + j] = 12345;
        }
    seen->narrow += columns < 64 && columns < s->n;
    seen->calls++;
}

static void test_finished_tiles_cover_the_result_once(void **state)
{
    (void)state;
    for (int level = 0; level < AIGC__CPU_LEVELS; level++)
        for (size_t i = 0; walk_level(level) && i < PATHS * 4; i += PATH_STEP) {
            const size_t *path = paths[i / 4];
            problem_t p = {
                .shape = shape_of(path[0], path[1], path[2], i & 1, i & 2), .whole = true, .workers = 2, .step = 1};
            p.shape.batch = 2;
            p.shape.a_step = p.shape.m * p.shape.k;
            p.shape.c_step = p.shape.m * p.shape.n;
            world_t w;
            seen_t seen = {.world = &w, .problem = &p};
            p.tile_done = note_tile;
            p.tile_user = &seen;
            const size_t elements = 2 * p.shape.m * p.shape.n;
            seen.times = calloc(elements, 1);
            assert_non_null(seen.times);
            world_make(&w, walk_level(level), &p);
            world_run(&w, &p);
            for (size_t q = 0; q < elements; q++) {
                assert_int_equal(seen.times[q], 1);
                assert_true(w.c.data[q] == 12345);
            }
            free(seen.times);
            world_free(&w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_shapes_are_exact),
        cmocka_unit_test(test_random_shapes_are_exact),
        cmocka_unit_test(test_shapes_around_block_borders_are_exact),
        cmocka_unit_test(test_long_sums_are_cut_and_exact),
        cmocka_unit_test(test_few_rows_or_columns_are_exact),
        cmocka_unit_test(test_rows_may_be_longer_than_matrices_are_wide),
        cmocka_unit_test(test_columns_of_strided_vectors),
        cmocka_unit_test(test_batches_and_shared_operands),
        cmocka_unit_test(test_large_batches_that_share_an_operand),
        cmocka_unit_test(test_an_empty_sum_is_zero_or_leaves_c),
        cmocka_unit_test(test_an_empty_result_has_no_tiles),
        cmocka_unit_test(test_real_numbers_are_within_the_bound_of_their_sum),
        cmocka_unit_test(test_bits_depend_on_neither_workers_nor_order),
        cmocka_unit_test(test_finished_tiles_cover_the_result_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
