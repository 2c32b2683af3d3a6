/* The features of VGG-19 with weights drawn at random, batch 1, as style transfer uses them: forward, and forward with
 * the gradient of all features' squares back to the picture.
 *
 *   bench_vgg [--size 512] [--threads 1] [--reps 7] [--case forward|gradient]
 *
 * `memory_mib` is what the plan needs beside the weights and the picture. */
#include "bench.h"
#include "graph/plan.h"
#include "graph/resampling.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include "peak.h"

enum { POOL = 0 };
static const int64_t widths[] = {64,  64,  POOL, 128, 128,  POOL, 256, 256, 256, 256, POOL,
                                 512, 512, 512,  512, POOL, 512,  512, 512, 512, POOL};

typedef struct network {
    aigc_context_t *context;
    aigc__store_t *store;
    aigc__graph_t *graph;
    aigc__plan_t *plan;
    aigc__executor_t *executor;
    float *picture;
    double gflop;
} network_t;

static void require(aigc_status_t status)
{
    if (status == AIGC_OK) return;
    fprintf(stderr, "bench_vgg: %s\n", aigc__failure_text());
    exit(1);
}

static aigc__id_t features(network_t *n, aigc__id_t x)
{
    const aigc__conv_options_t conv = {.kernel = {3}, .padding = {1}};
    const aigc__pool_t pool = {.kernel = {2, 2}};
    char name[32];
    for (size_t k = 0; k < sizeof widths / sizeof *widths; k++) {
        const aigc__shape_t shape = aigc__graph_shape(n->graph, x);
        if (widths[k] == POOL) {
            x = aigc__max_pool(n->graph, x, &pool);
            continue;
        }
        snprintf(name, sizeof name, "features.%zu", k);
        n->gflop += 18e-9 * (double)(shape.dims[1] * shape.dims[2] * shape.dims[3] * widths[k]);
        x = aigc__relu(n->graph, aigc__conv_layer(n->graph, n->store, name, x, widths[k], &conv));
    }
    return x;
}

static void begin(network_t *n, size_t threads, int64_t size, bool has_gradient)
{
    aigc_context_t *context = NULL;
    require(aigc__context_create(&context, NULL, threads, 0, aigc__kernels_best()->level, aigc__kernels_best()));
    n->context = context;
    require(aigc__store_create(&n->store, context));
    require(aigc__graph_create(&n->graph, &context->memory));
    const aigc__id_t x =
        aigc__feed(n->graph, "picture", AIGC_DTYPE_F32, aigc__shape_of(4, (int64_t[]){1, size, size, 3}));
    aigc__id_t y = features(n, x), fetch = y;
    if (has_gradient) {
        const aigc__id_t loss = aigc__sum(n->graph, aigc__square(n->graph, y), AIGC__ALL_AXES, false);
        require(aigc__gradient(n->graph, loss, &x, 1, &fetch));
        n->gflop *= 2;
    }
    require(aigc__graph_status(n->graph));
    require(aigc__store_seal(n->store, 1));
    const aigc__compile_options_t options = {.frozen = true};
    require(aigc__plan_create(&n->plan, &context->memory, n->graph, context->kernels, &fetch, 1, &options));
    require(aigc__executor_create(&n->executor, n->plan, context, n->store, NULL));
    n->picture = calloc((size_t)(size * size * 3), sizeof(float));
    if (!n->picture) exit(1);
    for (size_t i = 0; i < (size_t)(size * size * 3); i++) n->picture[i] = (float)(i * 2654435761u % 1000) / 1000;
    require(aigc__executor_set_feed(n->executor, "picture", n->picture));
}

static void end(network_t *n)
{
    aigc__executor_free(n->executor);
    aigc__plan_free(n->plan);
    aigc__graph_free(n->graph);
    aigc__store_free(n->store);
    free(n->picture);
    aigc__context_release(n->context);
}

static void run(void *user)
{
    network_t *n = user;
    require(aigc__executor_run(n->executor, 1, 0));
}

int main(int argc, char **argv)
{
    const size_t threads = bench_number(argc, argv, "--threads", 1), reps = bench_number(argc, argv, "--reps", 7);
    const size_t size = bench_number(argc, argv, "--size", 512);
    const char *only = bench_text(argc, argv, "--case", NULL);
    for (int has_gradient = 0; has_gradient < 2; has_gradient++) {
        const char *name = has_gradient ? "gradient" : "forward";
        network_t network = {0};
        char title[32], more[64];
        if (only && strcmp(only, name) != 0) continue;
        begin(&network, threads, (int64_t)size, has_gradient);
        const double peak = peak_gflops(network.context->pool, network.context->cpu);
        snprintf(title, sizeof title, "%s_%zu", name, size);
        const bench_time_t t = bench_time(run, &network, reps, 1);
        snprintf(more, sizeof more, ",\"memory_mib\":%.1f",
                 (double)aigc__plan_bytes(network.plan, threads) / (1 << 20));
        bench_print("vgg19", title, threads, t, network.gflop, peak, more);
        end(&network);
    }
    return 0;
}
