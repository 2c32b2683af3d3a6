/* Convolutions at the models' shapes: forward, gradient of the pictures, gradient of the weights.
 * bench_conv [--threads N] [--reps N] [--only NAME] [--direction fwd|bwd_data|bwd_weights] [--packed 1] [--level NAME]
 * [--method NUMBER]
 * GFLOP/s count two operations for each multiply-add of the direct method. --packed 1: weights packed in advance.
 * --method: one of AIGC__CONV_... of kernels/convolution/convolution.h; directions that cannot be computed so are left
 * out. */
#include "conv_shapes.h"
#include "peak.h"
#include "workload.h"

typedef struct work {
    aigc__convolution_call_t call;
    aigc__pool_t *pool;
    size_t phase;
} work_t;

static void tile(void *user, size_t tile, size_t worker)
{
    const work_t *w = user;
    aigc__convolution_tile(&w->call, w->phase, tile, worker);
}

static void run(void *user)
{
    work_t *w = user;
    for (w->phase = 0; w->phase < 3 && w->call.plan->tiles[w->phase] > 0; w->phase++)
        aigc__pool_run_whole(w->pool, tile, w, w->call.plan->tiles[w->phase]);
}

static size_t made_side(const conv_case_t *c)
{
    return c->transposed ? (c->side - 1) * c->stride + c->kernel - 2 * c->padding
                         : (c->side + 2 * c->padding - c->kernel) / c->stride + 1;
}

/* The convolution behind a case: of a transposed one what comes in is y. */
static aigc__convolution_shape_t shape_of(const conv_case_t *c)
{
    const size_t x = c->transposed ? made_side(c) : c->side, y = c->transposed ? c->side : made_side(c);
    return (aigc__convolution_shape_t){.images = c->n,
                                       .groups = 1,
                                       .in_channels = c->transposed ? c->out : c->in,
                                       .out_channels = c->transposed ? c->in : c->out,
                                       .in = {1, x, x},
                                       .out = {1, y, y},
                                       .kernel = {1, c->kernel, c->kernel},
                                       .stride = {1, c->stride, c->stride},
                                       .dilation = {1, 1, 1},
                                       .before = {0, c->padding, c->padding}};
}

static bench_time_t measure(aigc__memory_t *memory, aigc__pool_t *pool, const aigc__convolution_plan_t *plan,
                            const aigc__convolution_shape_t *s, size_t reps)
{
    const size_t x = s->images * s->in[1] * s->in[2] * s->in_channels;
    const size_t y = s->images * s->out[1] * s->out[2] * s->out_channels;
    const size_t w = s->in_channels * s->out_channels * s->kernel[1] * s->kernel[2];
    const size_t sizes[][3] = {{x, w, y}, {y, w, x}, {x, y, w}};
    float *a = workload_numbers(memory, sizes[plan->direction][0]),
          *b = workload_numbers(memory, sizes[plan->direction][1]);
    float *result = workload_numbers(memory, sizes[plan->direction][2]);
    void *given = workload_block(memory, plan->packed_bytes), *shared = workload_block(memory, plan->shared_bytes);
    void *worker = workload_block(memory, plan->worker_bytes * aigc__pool_threads(pool));
    if (plan->is_packed) aigc__convolution_pack(plan, b, given);
    work_t work = {.pool = pool};
    work.call = (aigc__convolution_call_t){
        .plan = plan, .a = a, .b = plan->is_packed ? given : b, .result = result, .shared = shared, .worker = worker};
    const double flop = 2.0 * (double)(s->images * s->out[1] * s->out[2]) * (double)w;
    const bench_time_t t = bench_time(run, &work, reps, (size_t)(1e9 / flop) + 1);
    void *blocks[] = {a, b, result, given, shared, worker};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) aigc__memory_free(memory, blocks[i]);
    return t;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"fwd", "bwd_data", "bwd_weights"};
    const size_t threads = bench_number(argc, argv, "--threads", 1), reps = bench_number(argc, argv, "--reps", 7);
    const int method = (int)bench_number(argc, argv, "--method", AIGC__CONV_BEST);
    const bool packed = bench_number(argc, argv, "--packed", 0) != 0;
    const char *only = bench_text(argc, argv, "--only", NULL), *way = bench_text(argc, argv, "--direction", NULL);
    const aigc__kernels_t *kernels = workload_kernels(bench_text(argc, argv, "--level", NULL));
    aigc__memory_t memory;
    aigc__pool_t *pool = NULL;
    aigc__memory_init(&memory, NULL, 0);
    if (!kernels || aigc__pool_create(&pool, &memory, threads, NULL) != AIGC_OK) {
        fprintf(stderr, "no such level, or no threads\n");
        return 1;
    }
    const double peak = peak_gflops(pool, kernels->level);
    for (size_t i = 0; i < sizeof conv_cases / sizeof *conv_cases; i++) {
        const conv_case_t *c = &conv_cases[i];
        const aigc__convolution_shape_t s = shape_of(c);
        if (only && strcmp(only, c->name) != 0) continue;
        for (int k = 0; k < 3; k++) {
            /* As the user of the layer sees it: forward of a transposed one is an input gradient. */
            const aigc__direction_t direction = (aigc__direction_t)(c->transposed && k < 2 ? 1 - k : k);
            const bool is_packed = packed && direction != AIGC__WEIGHT_GRADIENT;
            aigc__convolution_plan_t plan;
            char name[96];
            if (!aigc__convolution_plan_by(&plan, kernels, &s, direction, is_packed, method)) continue;
            if (way && strcmp(way, names[k]) != 0) continue;
            snprintf(name, sizeof name, "%s:%s", c->name, names[k]);
            const double flop = 2e-9 * (double)(s.images * s.out[1] * s.out[2]) *
                                (double)(s.in_channels * s.out_channels * s.kernel[1] * s.kernel[2]);
            const bench_time_t t = measure(&memory, pool, &plan, &s, reps);
            bench_print("conv", name, threads, t, flop, peak, "");
        }
    }
    aigc__pool_free(pool);
    return 0;
}
