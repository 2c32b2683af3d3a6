/* What lies between convolutions, forwards and with gradients, through plans: norms, pooling, resizing, filters.
 *
 *   bench_layers [--threads 1] [--reps 15] [--only batch_norm]
 *
 * Bytes are those of one reading of the input and one writing of the output; with gradients, of reading and
 * writing each twice. */
#include "bench.h"
#include "graph/plan.h"
#include "graph/resampling.h"
#include "nn/layers.h"
#include <aigc/aigc.h>

typedef aigc__id_t (*layer_fn)(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x);

static const aigc__norm_options_t training = {.training = true};
static const aigc__pool_t halves = {.kernel = {2, 2}};
static const int64_t one[2] = {1, 1};

static aigc__id_t batch_norm(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    return aigc__batch_norm(g, s, "n", x, &training);
}
static aigc__id_t instance_norm(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    return aigc__instance_norm(g, s, "n", x, &training);
}
static aigc__id_t group_norm(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    return aigc__group_norm(g, s, "n", x, 32, &training);
}
static aigc__id_t max_pool(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    (void)s;
    return aigc__max_pool(g, x, &halves);
}
static aigc__id_t average_pool(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    (void)s;
    return aigc__average_pool(g, x, &halves);
}
static aigc__id_t nearest(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    (void)s;
    return aigc__upsample_nearest(g, x, 2);
}
static aigc__id_t linear(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    const aigc__shape_t shape = aigc__graph_shape(g, x);
    (void)s;
    return aigc__resize(g, x, AIGC__RESIZE_LINEAR, 2 * shape.dims[1], 2 * shape.dims[2]);
}
static aigc__id_t filter_up(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    const aigc__filter_t filter = {.n_taps = 4,
                                   .taps = {0.125f, 0.375f, 0.375f, 0.125f},
                                   .gain = 2,
                                   .up = {2, 2},
                                   .before = {2, 2},
                                   .after = {1, 1}};
    (void)s;
    return aigc__upfirdn(g, x, &filter);
}
static aigc__id_t filter_down(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    const aigc__filter_t filter = {
        .n_taps = 4, .taps = {0.125f, 0.375f, 0.375f, 0.125f}, .down = {2, 2}, .before = {1, 1}, .after = {1, 1}};
    (void)s;
    return aigc__upfirdn(g, x, &filter);
}
static aigc__id_t reflect(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    (void)s;
    return aigc__extend(g, x, AIGC__PAD_REFLECT, one, one);
}

static const struct {
    const char *name;
    layer_fn layer;
    int64_t shape[4];
} cases[] = {
    {"batch_norm/64x32x32x64", batch_norm, {64, 32, 32, 64}},
    {"batch_norm/8x8x8x512", batch_norm, {8, 8, 8, 512}},
    {"instance_norm/1x128x128x128", instance_norm, {1, 128, 128, 128}},
    {"group_norm/1x128x128x128", group_norm, {1, 128, 128, 128}},
    {"max_pool/1x512x512x64", max_pool, {1, 512, 512, 64}},
    {"average_pool/1x512x512x64", average_pool, {1, 512, 512, 64}},
    {"nearest/1x256x256x64", nearest, {1, 256, 256, 64}},
    {"linear/1x256x256x64", linear, {1, 256, 256, 64}},
    {"filter_up/1x256x256x64", filter_up, {1, 256, 256, 64}},
    {"filter_up/1x512x512x3", filter_up, {1, 512, 512, 3}},
    {"filter_down/1x512x512x64", filter_down, {1, 512, 512, 64}},
    {"reflect/1x512x512x64", reflect, {1, 512, 512, 64}},
};

static void require(aigc_status_t status)
{
    if (status == AIGC_OK) return;
    fprintf(stderr, "bench_layers: %s\n", aigc_last_error());
    exit(1);
}

static void run(void *user) { require(aigc__executor_run(user, 0, 0)); }

static float *numbers(size_t n)
{
    float *a = malloc(n * sizeof *a);
    uint32_t state = 1;
    if (!a) exit(1);
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        a[i] = (float)(state >> 8) * 0x1p-24f - 0.5f;
    }
    return a;
}

/* The layer's output; with `gradients` also those of sum(y dy) with respect to x and all parameters. */
static void measure(aigc_context_t *context, size_t which, bool gradients, size_t threads, size_t reps)
{
    aigc__graph_t *g = NULL;
    aigc__store_t *s = NULL;
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    aigc__id_t fetches[4] = {0}, wrt[3];
    size_t n = 0;
    require(aigc__graph_create(&g, &context->memory));
    require(aigc__store_create(&s, context));
    const aigc__id_t x = aigc__feed(g, "x", AIGC_DTYPE_F32, aigc__shape_of(4, cases[which].shape));
    const aigc__id_t y = fetches[0] = cases[which].layer(g, s, x);
    const aigc__id_t dy = aigc__feed(g, "dy", AIGC_DTYPE_F32, aigc__graph_shape(g, y));
    wrt[n++] = x;
    for (size_t k = 0; k < aigc__store_count(s); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(s, k);
        if (p->role == AIGC__TRAINED) wrt[n++] = aigc__param(g, s, p->name, p->shape, p->initialiser);
    }
    if (gradients) require(aigc__gradient(g, aigc__mul(g, y, dy), wrt, n, fetches + 1));
    require(aigc__store_seal(s, 1));
    require(aigc__plan_create(&plan, &context->memory, g, context->kernels, fetches, gradients ? n + 1 : 1, NULL));
    require(aigc__executor_create(&executor, plan, context, s, NULL));
    const size_t x_count = aigc__graph_value(g, x)->count, y_count = aigc__graph_value(g, y)->count;
    float *feeds[] = {numbers(x_count), numbers(y_count)};
    require(aigc__executor_set_feed(executor, "x", feeds[0]));
    if (gradients) require(aigc__executor_set_feed(executor, "dy", feeds[1]));
    char name[96], more[64];
    const bench_time_t t = bench_time(run, executor, reps, 1);
    snprintf(name, sizeof name, "%s/%s", cases[which].name, gradients ? "gradients" : "forward");
    snprintf(more, sizeof more, ",\"gb_s\":%.2f", (double)(x_count + y_count) * (gradients ? 8 : 4) / t.median / 1e9);
    bench_print("layers", name, threads, t, 0, 0, more);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
    aigc__graph_free(g);
    aigc__store_free(s);
    free(feeds[0]);
    free(feeds[1]);
}

int main(int argc, char **argv)
{
    const size_t threads = bench_number(argc, argv, "--threads", 1), reps = bench_number(argc, argv, "--reps", 15);
    const char *only = bench_text(argc, argv, "--only", "");
    const aigc__kernels_t *kernels = aigc__kernels_best();
    aigc_context_t *context = NULL;
    require(aigc__context_create(&context, NULL, threads, 0, kernels->level, kernels));
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        if (!strstr(cases[k].name, only)) continue;
        measure(context, k, false, threads, reps);
        measure(context, k, true, threads, reps);
    }
    aigc__context_release(context);
    return 0;
}
