/* Every layer with the parameters and inputs that PyTorch had gives PyTorch's outputs, gradients and state
 * (torch_layers.safetensors, made by make_torch_layers.py). */
#include "graph/plan.h"
#include "graph/resampling.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include "support/unit.h"
#include <aigc/tensor.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One parameter name for all layers: "p". */
typedef aigc__id_t (*layer_fn)(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x);

#define LAYER(name, expression)                                                                                        \
    static aigc__id_t name(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)                                           \
    {                                                                                                                  \
        (void)s;                                                                                                       \
        return expression;                                                                                             \
    }
#define CONV(name, out, ...) LAYER(name, aigc__conv_layer(g, s, "p", x, out, &(aigc__conv_options_t){__VA_ARGS__}))
#define TRANSPOSE(name, out, ...)                                                                                      \
    LAYER(name, aigc__conv_transpose_layer(g, s, "p", x, out, &(aigc__conv_options_t){__VA_ARGS__}))
#define NORM(name, kind, ...) LAYER(name, kind(g, s, "p", x, &(aigc__norm_options_t){__VA_ARGS__}))
#define POOL(name, kind, ...) LAYER(name, kind(g, x, &(aigc__pool_t){__VA_ARGS__}))
#define PAD(name, mode, top, left, bottom, right)                                                                      \
    LAYER(name, aigc__extend(g, x, mode, (int64_t[]){top, left}, (int64_t[]){bottom, right}))
#define FIR(name, ...) LAYER(name, aigc__upfirdn(g, x, &(aigc__filter_t){__VA_ARGS__}))

static const aigc__weight_options_t spectral = {.spectral_norm = true, .training = true};

LAYER(linear, aigc__linear(g, s, "p", x, 5))
LAYER(linear_spectral, aigc__linear_layer(g, s, "p", x, 4, &spectral))
LAYER(embedding, aigc__embedding(g, s, "p", x, 5, 3))

CONV(conv1d, 4, .kernel = {5}, .stride = {2}, .padding = {2})
CONV(conv2d, 5, .kernel = {3}, .padding = {1})
CONV(conv2d_half, 6, .kernel = {4}, .stride = {2}, .padding = {1})
CONV(conv2d_dilated, 6, .kernel = {3}, .dilation = {2}, .groups = 2, .weight = {.no_bias = true})
CONV(conv2d_depthwise, 6, .kernel = {3}, .stride = {2}, .padding = {1}, .groups = 6)
CONV(conv2d_odd, 3, .kernel = {3, 1}, .stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 3}, .per_axis = true)
CONV(conv2d_reflect, 2, .kernel = {5}, .padding = {2}, .border = AIGC__BORDER_REFLECT)
CONV(conv2d_replicate, 2, .kernel = {3}, .padding = {2}, .border = AIGC__BORDER_REPLICATE)
CONV(conv2d_circular, 2, .kernel = {3}, .padding = {1}, .border = AIGC__BORDER_CIRCULAR)
CONV(conv2d_spectral, 4, .kernel = {3}, .padding = {1}, .weight = {.spectral_norm = true, .training = true})
CONV(conv3d, 3, .kernel = {2, 3, 3}, .stride = {1, 2, 1}, .padding = {0, 1, 1}, .per_axis = true)
TRANSPOSE(conv_transpose1d, 2, .kernel = {4}, .stride = {2}, .padding = {1})
TRANSPOSE(conv_transpose2d, 3, .kernel = {4}, .stride = {2}, .padding = {1})
TRANSPOSE(conv_transpose2d_output, 3, .kernel = {3}, .stride = {2}, .padding = {1}, .output_padding = {1})
TRANSPOSE(conv_transpose2d_far, 2, .kernel = {3}, .stride = {3}, .output_padding = {2})
TRANSPOSE(conv_transpose2d_groups, 6, .kernel = {3}, .stride = {2}, .dilation = {2}, .groups = 2,
          .weight = {.no_bias = true})
TRANSPOSE(conv_transpose2d_odd, 3, .kernel = {2, 3}, .stride = {1, 3}, .padding = {0, 1}, .output_padding = {0, 2},
          .per_axis = true)
TRANSPOSE(conv_transpose2d_spectral, 4, .kernel = {4}, .stride = {2}, .padding = {1},
          .weight = {.spectral_norm = true, .training = true})
TRANSPOSE(conv_transpose3d, 2, .kernel = {2}, .stride = {2})

NORM(batch_norm, aigc__batch_norm, .training = true)
NORM(batch_norm_plain, aigc__batch_norm, .training = true, .no_affine = true, .momentum = 0.3, .epsilon = 1e-3)
NORM(batch_norm_untracked, aigc__batch_norm, .no_running = true)
NORM(batch_norm_eval, aigc__batch_norm, .training = false)
NORM(instance_norm, aigc__instance_norm, .no_affine = true)
NORM(instance_norm_affine, aigc__instance_norm, .no_affine = false)
LAYER(group_norm, aigc__group_norm(g, s, "p", x, 3, &(aigc__norm_options_t){0}))
LAYER(layer_norm, aigc__layer_norm(g, s, "p", x, 1e-5))
LAYER(layer_norm_two, aigc__layer_norm_over(g, s, "p", x, 2, &(aigc__norm_options_t){.epsilon = 1e-3}))

LAYER(relu, aigc__relu(g, x))
LAYER(leaky_relu, aigc__leaky_relu(g, x, 0.01))
LAYER(leaky_relu_steep, aigc__leaky_relu(g, x, 0.2))
LAYER(elu, aigc__elu(g, x, 1))
LAYER(elu_steep, aigc__elu(g, x, 1.7))
LAYER(silu, aigc__silu(g, x))
LAYER(gelu, aigc__gelu(g, x))
LAYER(gelu_tanh, aigc__gelu_tanh(g, x))
LAYER(softplus, aigc__softplus(g, x))
LAYER(tanh_, aigc__tanh(g, x))
LAYER(sigmoid, aigc__sigmoid(g, x))
LAYER(softmax, aigc__softmax(g, x))
LAYER(log_softmax, aigc__log_softmax(g, x))
LAYER(prelu, aigc__prelu(g, s, "p", x, false))
LAYER(prelu_channels, aigc__prelu(g, s, "p", x, true))

POOL(max_pool, aigc__max_pool, .kernel = {2, 2})
POOL(max_pool_padded, aigc__max_pool, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1})
POOL(max_pool_ceil, aigc__max_pool, .kernel = {3, 2}, .stride = {2, 2}, .padding = {1, 0}, .ceil_mode = true)
POOL(max_pool_dilated, aigc__max_pool, .kernel = {2, 2}, .stride = {1, 1}, .padding = {1, 1}, .dilation = {3, 3})
POOL(avg_pool, aigc__average_pool, .kernel = {2, 2})
POOL(avg_pool_padded, aigc__average_pool, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1})
POOL(avg_pool_without, aigc__average_pool, .kernel = {3, 2}, .stride = {2, 2}, .padding = {1, 1},
     .without_padding = true)
POOL(avg_pool_ceil, aigc__average_pool, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}, .ceil_mode = true)
POOL(avg_pool_ceil_without, aigc__average_pool, .kernel = {3, 3}, .stride = {2, 2}, .ceil_mode = true,
     .without_padding = true)
LAYER(adaptive_avg_pool, aigc__resize(g, x, AIGC__RESIZE_AREA, 3, 2))
LAYER(global_avg_pool, aigc__global_average_pool(g, x, true))
LAYER(global_max_pool, aigc__global_max_pool(g, x, true))

LAYER(nearest, aigc__upsample_nearest(g, x, 2))
LAYER(nearest_odd, aigc__resize(g, x, AIGC__RESIZE_NEAREST, 5, 3))
LAYER(bilinear, aigc__resize(g, x, AIGC__RESIZE_LINEAR, 6, 8))
LAYER(bilinear_odd, aigc__resize(g, x, AIGC__RESIZE_LINEAR, 7, 3))
LAYER(bilinear_aligned, aigc__resize(g, x, AIGC__RESIZE_LINEAR_ALIGNED, 7, 3))
LAYER(bilinear_aligned_one, aigc__resize(g, x, AIGC__RESIZE_LINEAR_ALIGNED, 1, 5))
PAD(pad_reflect, AIGC__PAD_REFLECT, 2, 3, 0, 1)
PAD(pad_replicate, AIGC__PAD_REPLICATE, 2, 3, 5, -1)
PAD(pad_circular, AIGC__PAD_CIRCULAR, 2, 4, 0, 1)
LAYER(pixel_shuffle, aigc__pixel_shuffle(g, x, 3))
LAYER(pixel_unshuffle, aigc__pixel_unshuffle(g, x, 2))

#define SMOOTH .n_taps = 4, .taps = {0.125f, 0.375f, 0.375f, 0.125f}
FIR(upfirdn_up, SMOOTH, .gain = 2, .up = {2, 2}, .before = {2, 2}, .after = {1, 1})
FIR(upfirdn_down, SMOOTH, .down = {2, 2}, .before = {1, 1}, .after = {1, 1})
FIR(upfirdn_odd, .n_taps = 3, .taps = {0.5f, -1.25f, 2}, .up = {3, 1}, .down = {2, 1}, .before = {2, -1},
    .after = {-3, 4})

static aigc__id_t upfirdn_full(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x)
{
    static const float f[] = {0.5f, 1, 0, -1, 0.25f, 2, 1, 0};
    const aigc__filter_t filter = {.up = {1, 2}, .before = {1, 1}, .after = {0, 2}};
    (void)s;
    return aigc__upfirdn_full(g, x, &filter, f, 2, 4);
}

#define ROW(name) {#name, name}
static const struct {
    const char *name;
    layer_fn layer;
} cases[] = {
    ROW(linear), ROW(linear_spectral), ROW(embedding), ROW(conv1d), ROW(conv2d), ROW(conv2d_half), ROW(conv2d_dilated),
    ROW(conv2d_depthwise), ROW(conv2d_odd), ROW(conv2d_reflect), ROW(conv2d_replicate), ROW(conv2d_circular),
    ROW(conv2d_spectral), ROW(conv3d), ROW(conv_transpose1d), ROW(conv_transpose2d), ROW(conv_transpose2d_output),
    ROW(conv_transpose2d_far), ROW(conv_transpose2d_groups), ROW(conv_transpose2d_odd), ROW(conv_transpose2d_spectral),
    ROW(conv_transpose3d), ROW(batch_norm), ROW(batch_norm_plain), ROW(batch_norm_untracked), ROW(batch_norm_eval),
    ROW(instance_norm), ROW(instance_norm_affine), ROW(group_norm), ROW(layer_norm), ROW(layer_norm_two), ROW(relu),
    ROW(leaky_relu), ROW(leaky_relu_steep), ROW(elu), ROW(elu_steep), ROW(silu), ROW(gelu), ROW(gelu_tanh),
    ROW(softplus), {"tanh", tanh_}, ROW(sigmoid), ROW(softmax), ROW(log_softmax), ROW(prelu), ROW(prelu_channels),
    ROW(max_pool), ROW(max_pool_padded), ROW(max_pool_ceil), ROW(max_pool_dilated), ROW(avg_pool), ROW(avg_pool_padded),
    ROW(avg_pool_without), ROW(avg_pool_ceil), ROW(avg_pool_ceil_without), ROW(adaptive_avg_pool), ROW(global_avg_pool),
    ROW(global_max_pool), ROW(nearest), ROW(nearest_odd), ROW(bilinear), ROW(bilinear_odd), ROW(bilinear_aligned),
    ROW(bilinear_aligned_one), ROW(pad_reflect), ROW(pad_replicate), ROW(pad_circular), ROW(pixel_shuffle),
    ROW(pixel_unshuffle), ROW(upfirdn_up), ROW(upfirdn_down), ROW(upfirdn_odd), ROW(upfirdn_full)};

/* ---- the stored numbers ---- */

enum { MOST_PARTS = 8 };

typedef struct bench {
    const char *name;
    aigc_context_t *context;
    aigc__store_t *store;
    aigc__graph_t *graph;
    aigc__plan_t *plan;
    aigc__executor_t *executor;
    aigc_tensor_t *x, *dy;
    int32_t *indices;
    aigc__id_t fetches[MOST_PARTS]; /* y, dx, the trained parameters' gradients */
    size_t n_fetches;
} bench_t;

static aigc_tensor_t *stored(const bench_t *b, const char *part)
{
    char name[96];
    aigc_tensor_t *tensor = NULL;
    snprintf(name, sizeof name, "%s/%s", b->name, part);
    check_ok(aigc_tensor_read(&tensor, b->context, TORCH_LAYERS, name));
    return tensor;
}

static double number_at(const aigc_tensor_t *tensor, size_t i)
{
    aigc_dtype_t dtype;
    aigc_tensor_t *writable = (aigc_tensor_t *)(uintptr_t)tensor;
    check_ok(aigc_tensor_info(tensor, &dtype, NULL, NULL));
    const void *data = aigc_tensor_data(writable);
    return dtype == AIGC_DTYPE_I64 ? (double)((const int64_t *)data)[i] : (double)((const float *)data)[i];
}

/* 1e-5 of the largest number of the tensor. */
static void compare(const bench_t *b, const char *part, const float *found, size_t count)
{
    aigc_tensor_t *expected = stored(b, part);
    uint64_t n = 0;
    double largest = 0, worst = 0;
    check_ok(aigc_tensor_info(expected, NULL, &n, NULL));
    assert_int_equal(n, count);
    for (size_t i = 0; i < count; i++) {
        const double wanted = number_at(expected, i);
        largest = fmax(largest, fabs(wanted));
        worst = fmax(worst, isnan((double)found[i]) ? INFINITY : fabs((double)found[i] - wanted));
    }
    if (!(worst <= 1e-5 * largest)) print_error("%s/%s is off by %g of %g\n", b->name, part, worst, largest);
    assert_true(worst <= 1e-5 * largest);
    aigc_tensor_release(expected);
}

/* ---- one case ---- */

static aigc__shape_t shape_of(const aigc_tensor_t *tensor, uint64_t *count)
{
    const int64_t *dims = NULL;
    size_t rank = 0;
    check_ok(aigc_tensor_info(tensor, NULL, count, NULL));
    check_ok(aigc_tensor_shape(tensor, &rank, &dims));
    return aigc__shape_of(rank, dims);
}

static aigc__id_t feed_x(bench_t *b)
{
    uint64_t n = 0;
    aigc_dtype_t dtype;
    const aigc__shape_t shape = shape_of(b->x, &n);
    check_ok(aigc_tensor_info(b->x, &dtype, NULL, NULL));
    if (dtype == AIGC_DTYPE_F32) return aigc__feed(b->graph, "x", dtype, shape);
    b->indices = malloc((size_t)n * sizeof *b->indices);
    assert_non_null(b->indices);
    for (size_t i = 0; i < n; i++) b->indices[i] = (int32_t)number_at(b->x, i);
    return aigc__feed(b->graph, "x", AIGC_DTYPE_I32, shape);
}

/* y, then the gradients of sum(y dy) with respect to x and the trained parameters. */
static void build(bench_t *b, layer_fn layer)
{
    aigc__id_t wrt[MOST_PARTS];
    size_t n = 0;
    uint64_t count;
    const aigc__id_t x = feed_x(b), y = layer(b->graph, b->store, x);
    check_ok(aigc__graph_status(b->graph));
    const aigc__shape_t made = aigc__graph_shape(b->graph, y), wanted = shape_of(b->dy, &count);
    if (!aigc__shape_equal(&made, &wanted)) print_error("%s has another shape\n", b->name);
    assert_true(aigc__shape_equal(&made, &wanted));
    const aigc__id_t dy = aigc__feed(b->graph, "dy", AIGC_DTYPE_F32, made);
    if (!b->indices) wrt[n++] = x;
    for (size_t k = 0; k < aigc__store_count(b->store); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(b->store, k);
        if (p->role == AIGC__TRAINED) wrt[n++] = aigc__param(b->graph, b->store, p->name, p->shape, p->initialiser);
    }
    b->fetches[0] = y;
    b->n_fetches = n + 1;
    check_ok(aigc__gradient(b->graph, aigc__mul(b->graph, y, dy), wrt, n, b->fetches + 1));
}

static void load_parameters(const bench_t *b)
{
    check_ok(aigc__store_seal(b->store, 1));
    for (size_t k = 0; k < aigc__store_count(b->store); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(b->store, k);
        aigc_tensor_t *tensor = stored(b, p->name);
        uint64_t n = 0;
        const aigc__shape_t shape = shape_of(tensor, &n);
        assert_true(aigc__shape_equal(&shape, &p->shape));
        for (size_t i = 0; i < p->count; i++) aigc__store_data(b->store, k)[i] = (float)number_at(tensor, i);
        aigc_tensor_release(tensor);
    }
}

static void run(bench_t *b)
{
    const aigc__compile_options_t options = {.assigns = true, .poison = true};
    check_ok(aigc__plan_create(&b->plan, &b->context->memory, b->graph, b->context->kernels, b->fetches, b->n_fetches,
                               &options));
    check_ok(aigc__executor_create(&b->executor, b->plan, b->context, b->store, NULL));
    check_ok(aigc__executor_set_feed(b->executor, "x", b->indices ? (void *)b->indices : aigc_tensor_data(b->x)));
    check_ok(aigc__executor_set_feed(b->executor, "dy", aigc_tensor_data(b->dy)));
    check_ok(aigc__executor_run(b->executor, 0, 0));
}

static void check_results(const bench_t *b)
{
    size_t fetch = 0;
    compare(b, "y", aigc__executor_fetch(b->executor, fetch), aigc__graph_value(b->graph, b->fetches[fetch])->count);
    if (!b->indices) {
        fetch++;
        compare(b, "dx", aigc__executor_fetch(b->executor, fetch),
                aigc__graph_value(b->graph, b->fetches[fetch])->count);
    }
    for (size_t k = 0; k < aigc__store_count(b->store); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(b->store, k);
        char part[64];
        if (p->role != AIGC__TRAINED) continue;
        snprintf(part, sizeof part, "g.%s", p->name + 2);
        compare(b, part, aigc__executor_fetch(b->executor, ++fetch), p->count);
    }
    aigc__executor_commit(b->executor, NULL, 0);
    for (size_t k = 0; k < aigc__store_count(b->store); k++) {
        const aigc__parameter_t *p = aigc__store_parameter(b->store, k);
        char part[64];
        if (p->role == AIGC__TRAINED) continue;
        snprintf(part, sizeof part, "s.%s", p->name + 2);
        compare(b, part, aigc__store_data(b->store, k), p->count);
    }
}

static void check_case(aigc_context_t *context, const char *name, layer_fn layer)
{
    bench_t b = {.name = name, .context = context};
    check_ok(aigc__store_create(&b.store, context));
    check_ok(aigc__graph_create(&b.graph, &context->memory));
    b.x = stored(&b, "x");
    b.dy = stored(&b, "dy");
    build(&b, layer);
    load_parameters(&b);
    run(&b);
    check_results(&b);
    aigc__executor_free(b.executor);
    aigc__plan_free(b.plan);
    aigc__graph_free(b.graph);
    aigc__store_free(b.store);
    aigc_tensor_release(b.x);
    aigc_tensor_release(b.dy);
    free(b.indices);
}

/* At every level of this machine. */
static void layers_give_what_pytorch_gives(void **state)
{
    (void)state;
    for (int level = 0; level <= (int)aigc__kernels_best()->level; level++) {
        const aigc__kernels_t *kernels = aigc__kernels_get((aigc__cpu_level_t)level);
        aigc_context_t *context = NULL;
        if (!kernels) continue;
        check_ok(aigc__context_create(&context, NULL, 2, 0, kernels->level, kernels));
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) check_case(context, cases[k].name, cases[k].layer);
        aigc__context_release(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layers_give_what_pytorch_gives)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
