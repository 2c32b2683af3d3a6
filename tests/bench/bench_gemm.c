/* Matrix products at the models' shapes.
 * bench_gemm [--threads N] [--reps N] [--only NAME] [--packed 1] [--level NAME]
 * --packed 1: the second operand packed in advance, as for weights that do not change. */
#include "gemm_shapes.h"
#include "peak.h"
#include "workload.h"

typedef struct product {
    aigc__gemm_call_t call;
    aigc__pool_t *pool;
} product_t;

static void pack_tile(void *user, size_t tile, size_t worker) { aigc__gemm_pack_tile(user, tile, worker); }
static void gemm_tile(void *user, size_t tile, size_t worker) { aigc__gemm_tile(user, tile, worker); }

static void run(void *user)
{
    product_t *p = user;
    if (p->call.plan->pack_tiles) aigc__pool_run_whole(p->pool, pack_tile, &p->call, p->call.plan->pack_tiles);
    aigc__pool_run_whole(p->pool, gemm_tile, &p->call, p->call.plan->tiles);
}

static bench_time_t measure(aigc__memory_t *memory, aigc__pool_t *pool, const aigc__kernels_t *kernels,
                            const gemm_case_t *g, size_t reps, bool packed)
{
    const aigc__gemm_shape_t shape = {.m = g->m,
                                      .n = g->n,
                                      .k = g->k,
                                      .ta = g->ta,
                                      .tb = g->tb,
                                      .lda = g->ta ? g->m : g->k,
                                      .ldb = g->tb ? g->k : g->n,
                                      .ldc = g->n,
                                      .batch = 1,
                                      .b_packed = packed};
    aigc__gemm_plan_t plan;
    aigc__gemm_plan(&plan, kernels, &shape);
    float *a = workload_numbers(memory, g->m * g->k), *b = workload_numbers(memory, g->k * g->n);
    float *c = workload_numbers(memory, g->m * g->n);
    void *given = workload_block(memory, plan.packed_b_bytes), *shared = workload_block(memory, plan.shared_bytes);
    void *worker = workload_block(memory, plan.worker_bytes * aigc__pool_threads(pool));
    if (packed) aigc__gemm_pack_b(&plan, b, given);
    product_t p = {.pool = pool};
    p.call =
        (aigc__gemm_call_t){.plan = &plan, .a = a, .b = packed ? given : b, .c = c, .shared = shared, .worker = worker};
    const double flop = 2.0 * (double)g->m * (double)g->n * (double)g->k;
    const bench_time_t t = bench_time(run, &p, reps, (size_t)(1e9 / flop) + 1);
    void *blocks[] = {a, b, c, given, shared, worker};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) aigc__memory_free(memory, blocks[i]);
    return t;
}

int main(int argc, char **argv)
{
    const size_t threads = bench_number(argc, argv, "--threads", 1), reps = bench_number(argc, argv, "--reps", 15);
    const bool packed = bench_number(argc, argv, "--packed", 0) != 0;
    const char *only = bench_text(argc, argv, "--only", NULL);
    const aigc__kernels_t *kernels = workload_kernels(bench_text(argc, argv, "--level", NULL));
    aigc__memory_t memory;
    aigc__pool_t *pool = NULL;
    aigc__memory_init(&memory, NULL, 0);
    if (!kernels || aigc__pool_create(&pool, &memory, threads, NULL) != AIGC_OK) {
        fprintf(stderr, "no such level, or no threads\n");
        return 1;
    }
    const double peak = peak_gflops(pool, kernels->level);
    for (size_t i = 0; i < sizeof gemm_cases / sizeof *gemm_cases; i++) {
        const gemm_case_t *g = &gemm_cases[i];
        if (only && strcmp(only, g->name) != 0) continue;
        const bench_time_t t = measure(&memory, pool, kernels, g, reps, packed);
        bench_print(packed ? "gemm_packed" : "gemm", g->name, threads, t, 2e-9 * (double)(g->m * g->n) * (double)g->k,
                    peak, "");
    }
    aigc__pool_free(pool);
    return 0;
}
