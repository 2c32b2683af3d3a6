/* Layers run through a plan: names, shapes, initial values, numbers. */
#include "graph/plan.h"
#include "graph/resampling.h"
#include "graph/world.h"
#include "nn/convolutions.h"
#include "nn/layers.h"
#include "support/unit.h"
#include <math.h>
#include <string.h>

enum { N = 3, IN = 5, OUT = 4 };

typedef struct bench {
    aigc_context_t *context;
    aigc__store_t *store;
    aigc__graph_t *graph;
    aigc__id_t x;
    float input[N * IN];
} bench_t;

static void bench_begin(bench_t *b)
{
    memset(b, 0, sizeof *b);
    check_ok(aigc__context_create(&b->context, NULL, 1, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    check_ok(aigc__store_create(&b->store, b->context));
    check_ok(aigc__graph_create(&b->graph, &b->context->memory));
    b->x = aigc__feed(b->graph, "x", AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){N, IN}));
    for (int i = 0; i < N * IN; i++) b->input[i] = (float)(i % 7) - 2.5f;
}

/* Runs the graph up to y and copies `n` numbers out. */
static void bench_run(bench_t *b, aigc__id_t y, float *out, size_t n)
{
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    check_ok(aigc__graph_status(b->graph));
    if (!aigc__store_sealed(b->store)) check_ok(aigc__store_seal(b->store, 7));
    check_ok(aigc__plan_create(&plan, &b->context->memory, b->graph, b->context->kernels, &y, 1, NULL));
    check_ok(aigc__executor_create(&executor, plan, b->context, b->store, NULL));
    check_ok(aigc__executor_set_feed(executor, "x", b->input));
    check_ok(aigc__executor_run(executor, 0, 0));
    memcpy(out, aigc__executor_fetch(executor, 0), n * sizeof *out);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
}

static void bench_end(bench_t *b)
{
    aigc__graph_free(b->graph);
    aigc__store_free(b->store);
    aigc__context_release(b->context);
}

static void linear_is_x_w_transposed_plus_b(void **state)
{
    bench_t b;
    float y[N * OUT];
    (void)state;
    bench_begin(&b);
    bench_run(&b, aigc__linear(b.graph, b.store, "fc", b.x, OUT), y, N * OUT);
    assert_int_equal(aigc__store_find(b.store, "fc.weight"), 0);
    assert_int_equal(aigc__store_find(b.store, "fc.bias"), 1);
    const float *w = aigc__store_data(b.store, 0), *bias = aigc__store_data(b.store, 1);
    const double bound = 1 / sqrt(IN);
    for (int i = 0; i < OUT * IN; i++) assert_true(fabs((double)w[i]) <= bound && w[i] != 0);
    for (int n = 0; n < N; n++)
        for (int o = 0; o < OUT; o++) {
            double sum = (double)bias[o];
            for (int i = 0; i < IN; i++) sum += (double)b.input[n * IN + i] * (double)w[o * IN + i];
            assert_true(fabs(sum - (double)y[n * OUT + o]) < 1e-5);
        }
    bench_end(&b);
}

static void layer_norm_has_mean_0_and_variance_1(void **state)
{
    bench_t b;
    float y[N * IN];
    (void)state;
    bench_begin(&b);
    bench_run(&b, aigc__layer_norm(b.graph, b.store, "norm", b.x, 1e-5), y, N * IN);
    for (int n = 0; n < N; n++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < IN; i++) {
            sum += (double)y[n * IN + i];
            squares += (double)y[n * IN + i] * (double)y[n * IN + i];
        }
        assert_true(fabs(sum / IN) < 1e-5);
        assert_true(fabs(squares / IN - 1) < 1e-4);
    }
    bench_end(&b);
}

static void a_name_means_one_parameter(void **state)
{
    bench_t b;
    (void)state;
    bench_begin(&b);
    const aigc__id_t once = aigc__linear(b.graph, b.store, "fc", b.x, OUT),
                     twice = aigc__linear(b.graph, b.store, "fc", b.x, OUT);
    assert_int_equal(once, twice);
    assert_int_equal(aigc__linear(b.graph, b.store, "fc", b.x, OUT + 1), 0); /* another shape */
    check_failure(aigc__graph_status(b.graph), AIGC_ERROR_ARGUMENT, "fc.weight");
    bench_end(&b);
}

/* ---- layers with a mode ---- */

enum { IMAGES = 4, SIDE = 6, CHANNELS = 3, PICTURE = IMAGES * SIDE * SIDE * CHANNELS };

/* A graph over pictures that may be run several times, and committed. */
typedef struct studio {
    aigc_context_t *context;
    aigc__store_t *store;
    aigc__graph_t *graph;
    aigc__plan_t *plan;
    aigc__executor_t *executor;
    aigc__id_t x;
    float input[PICTURE];
} studio_t;

static void studio_begin(studio_t *s)
{
    memset(s, 0, sizeof *s);
    check_ok(aigc__context_create(&s->context, NULL, 1, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
    check_ok(aigc__store_create(&s->store, s->context));
    check_ok(aigc__graph_create(&s->graph, &s->context->memory));
    s->x = aigc__feed(s->graph, "x", AIGC_DTYPE_F32, aigc__shape_of(4, (int64_t[]){IMAGES, SIDE, SIDE, CHANNELS}));
    for (int i = 0; i < PICTURE; i++) s->input[i] = (float)(i % 11) - 4 + (float)(i % CHANNELS);
}

static void studio_compile(studio_t *s, const aigc__id_t *fetches, size_t n, aigc__compile_options_t options)
{
    check_ok(aigc__graph_status(s->graph));
    if (!aigc__store_sealed(s->store)) check_ok(aigc__store_seal(s->store, 7));
    check_ok(aigc__plan_create(&s->plan, &s->context->memory, s->graph, s->context->kernels, fetches, n, &options));
    check_ok(aigc__executor_create(&s->executor, s->plan, s->context, s->store, NULL));
    const aigc_status_t status = aigc__executor_set_feed(s->executor, "x", s->input);
    assert_true(status == AIGC_OK || status == AIGC_ERROR_NOT_FOUND);
}

static const float *studio_run(studio_t *s, uint32_t step)
{
    check_ok(aigc__executor_run(s->executor, 3, step));
    return aigc__executor_fetch(s->executor, 0);
}

static void studio_forget(studio_t *s)
{
    aigc__executor_free(s->executor);
    aigc__plan_free(s->plan);
}

static void studio_end(studio_t *s)
{
    studio_forget(s);
    aigc__graph_free(s->graph);
    aigc__store_free(s->store);
    aigc__context_release(s->context);
}

static const float *part(const studio_t *s, const char *name)
{
    const int64_t index = aigc__store_find(s->store, name);
    assert_true(index >= 0);
    return aigc__store_data(s->store, (size_t)index);
}

/* Two passes in one graph, as of real and of made pictures, are two updates one after the other. */
static void batch_norm_tracks_every_pass(void **state)
{
    const aigc__norm_options_t options = {.training = true};
    double mean = 0, squares = 0;
    studio_t s;
    (void)state;
    studio_begin(&s);
    const aigc__id_t twice = aigc__scale(s.graph, s.x, 2);
    const aigc__id_t y[] = {aigc__batch_norm(s.graph, s.store, "bn", s.x, &options),
                            aigc__batch_norm(s.graph, s.store, "bn", twice, &options)};
    studio_compile(&s, y, 2, (aigc__compile_options_t){.assigns = true});
    studio_run(&s, 0);
    assert_true(part(&s, "bn.running_var")[0] == 1 && part(&s, "bn.num_batches_tracked")[0] == 0);
    aigc__executor_commit(s.executor, NULL, 0);
    for (int i = 0; i < PICTURE; i += CHANNELS) mean += (double)s.input[i] * CHANNELS / PICTURE;
    for (int i = 0; i < PICTURE; i += CHANNELS) squares += pow((double)s.input[i] - mean, 2) / (PICTURE / CHANNELS - 1);
    const double running_mean = 0.9 * 0.1 * mean + 0.1 * 2 * mean;
    const double running_variance = 0.9 * (0.9 + 0.1 * squares) + 0.1 * 4 * squares;
    assert_true(fabs((double)part(&s, "bn.running_mean")[0] - running_mean) < 1e-5);
    assert_true(fabs((double)part(&s, "bn.running_var")[0] - running_variance) < 1e-4);
    assert_true(part(&s, "bn.num_batches_tracked")[0] == 2);
    studio_end(&s);
}

/* With frozen parameters what is left of it is one step: a product and a sum. */
static void batch_norm_is_folded_when_frozen(void **state)
{
    studio_t s;
    (void)state;
    studio_begin(&s);
    const aigc__id_t y = aigc__batch_norm(s.graph, s.store, "bn", s.x, &(aigc__norm_options_t){0});
    studio_compile(&s, &y, 1, (aigc__compile_options_t){.frozen = true});
    char *text = NULL;
    check_ok(aigc__plan_describe(s.plan, &s.context->memory, &text));
    assert_int_equal(aigc__plan_steps(s.plan), 2);
    assert_non_null(strstr(text, "once 0 program [3]"));
    assert_non_null(strstr(text, "\n1 program [432] | %0=mul(direct#"));
    aigc__memory_free(&s.context->memory, text);
    const float *out = studio_run(&s, 0);
    for (int i = 0; i < PICTURE; i++)
        assert_true(fabs((double)out[i] - (double)s.input[i] / sqrt(1 + 1e-5)) < 1e-6 * (1 + fabs((double)s.input[i])));
    studio_end(&s);
}

/* Power iterations find the largest singular value: then the weight's is 1, in the other mode too. */
static void spectral_norm_converges_to_one(void **state)
{
    enum { OUTPUTS = 5, TAPS = CHANNELS * 9 };
    studio_t s;
    (void)state;
    studio_begin(&s);
    aigc__conv_options_t options = {.kernel = {3}, .padding = {1}, .weight = {.spectral_norm = true, .no_bias = true}};
    for (int training = 1; training >= 0; training--) {
        options.weight.training = training;
        if (!training) studio_forget(&s);
        aigc__graph_free(s.graph);
        check_ok(aigc__graph_create(&s.graph, &s.context->memory));
        s.x = aigc__feed(s.graph, "x", AIGC_DTYPE_F32, aigc__shape_of(4, (int64_t[]){IMAGES, SIDE, SIDE, CHANNELS}));
        const aigc__id_t y = aigc__conv_layer(s.graph, s.store, "conv", s.x, OUTPUTS, &options);
        const aigc__value_t *conv = aigc__graph_value(s.graph, y);
        studio_compile(&s, (aigc__id_t[]){conv->inputs[1], y}, 2, (aigc__compile_options_t){.assigns = true});
        for (uint32_t k = 0; training && k < 100; k++) {
            studio_run(&s, k);
            aigc__executor_commit(s.executor, NULL, 0);
        }
        const float *w = studio_run(&s, 0), *u = part(&s, "conv.weight_u"), *v = part(&s, "conv.weight_v");
        double sigma = 0, length = 0;
        for (int o = 0; o < OUTPUTS; o++) {
            length += (double)u[o] * (double)u[o];
            for (int i = 0; i < TAPS; i++) sigma += (double)u[o] * (double)w[o * TAPS + i] * (double)v[i];
        }
        assert_true(fabs(sigma - 1) < 1e-5 && fabs(length - 1) < 1e-5);
    }
    assert_int_equal(aigc__store_parameter(s.store, 0)->role, AIGC__TRAINED);
    assert_int_equal(aigc__store_find(s.store, "conv.weight_orig"), 0);
    assert_int_equal(aigc__store_find(s.store, "conv.weight"), -1);
    studio_end(&s);
}

static void dropout_keeps_the_mean_and_drops_the_gradient_alike(void **state)
{
    enum { MANY = 20000 };
    static float ones[MANY];
    studio_t s;
    (void)state;
    studio_begin(&s);
    for (int i = 0; i < MANY; i++) ones[i] = 1;
    const aigc__id_t feed = aigc__feed(s.graph, "ones", AIGC_DTYPE_F32, aigc__shape_of(1, (int64_t[]){MANY}));
    aigc__id_t y[2] = {aigc__dropout(s.graph, feed, 0.3, true), 0};
    check_ok(aigc__gradient(s.graph, y[0], &feed, 1, &y[1]));
    assert_int_equal(aigc__dropout(s.graph, feed, 0.3, false), feed);
    studio_compile(&s, y, 2, (aigc__compile_options_t){.assigns = false});
    check_ok(aigc__executor_set_feed(s.executor, "ones", ones));
    const float *out = studio_run(&s, 5), *g = aigc__executor_fetch(s.executor, 1);
    size_t kept = 0;
    for (int i = 0; i < MANY; i++) {
        assert_true(out[i] == 0 || fabs((double)out[i] - 1 / 0.7) < 1e-6);
        assert_true(out[i] == g[i]);
        kept += out[i] != 0;
    }
    assert_true(fabs((double)kept - MANY * 0.7) < 5 * 65); /* five deviations */
    const float first = out[0];
    size_t changed = 0;
    for (uint32_t step = 6; step < 20; step++) changed += studio_run(&s, step)[0] != first;
    assert_true(changed > 0);
    assert_true(studio_run(&s, 5)[0] == first);
    studio_end(&s);
}

static void dropped_channels_are_dropped_whole(void **state)
{
    studio_t s;
    (void)state;
    studio_begin(&s);
    for (int i = 0; i < PICTURE; i++) s.input[i] = 1;
    const aigc__id_t y = aigc__dropout_channels(s.graph, s.x, 0.5, true);
    studio_compile(&s, &y, 1, (aigc__compile_options_t){.assigns = false});
    const float *out = studio_run(&s, 1);
    size_t kept = 0;
    for (int i = 0; i < PICTURE; i++) {
        const int first = i / (SIDE * SIDE * CHANNELS) * SIDE * SIDE * CHANNELS + i % CHANNELS;
        assert_true(out[i] == out[first] && (out[i] == 0 || out[i] == 2));
        kept += out[i] != 0;
    }
    assert_true(kept > 0 && kept < PICTURE);
    studio_end(&s);
}

/* ---- derivatives ---- */

/* Layer number k on x; its parameters are named so that the world gives them numbers and varies them. */
static aigc__id_t smooth_layer(aigc__graph_t *g, aigc__store_t *s, aigc__id_t x, size_t k)
{
    const aigc__norm_options_t none = {.no_running = true};
    const aigc__conv_options_t conv = {.kernel = {3}, .stride = {2}, .padding = {1}};
    switch (k) {
    case 0:
        return aigc__batch_norm(g, s, "p", x, &none);
    case 1:
        return aigc__instance_norm(g, s, "p", x, &none);
    case 2:
        return aigc__group_norm(g, s, "p", x, 2, &none);
    case 3:
        return aigc__layer_norm_over(g, s, "p", x, 2, &none);
    case 4:
        return aigc__pixel_norm(g, x, 1e-8);
    case 5:
        return aigc__square(g, aigc__conv_layer(g, s, "p", x, 3, &conv));
    case 6:
        return aigc__square(g, aigc__conv_transpose_layer(g, s, "p", x, 3, &conv));
    case 7:
        return aigc__prelu(g, s, "p", x, true);
    case 8:
        return aigc__elu(g, x, 0.7);
    case 9:
        return aigc__silu(g, x);
    case 10:
        return aigc__gelu(g, x);
    case 11:
        return aigc__gelu_tanh(g, x);
    default:
        return 0;
    }
}

/* As gradient penalties need them: through the gradient, to inputs and parameters. */
static void layers_have_both_derivatives(void **state)
{
    (void)state;
    for (size_t k = 0;; k++) {
        aigc__store_t *store = NULL;
        aigc_context_t *context = NULL;
        aigc__id_t feeds[WORLD_FEEDS], g[WORLD_FEEDS];
        world_t world;
        check_ok(aigc__context_create(&context, NULL, 1, 0, AIGC__CPU_C, aigc__kernels_get(AIGC__CPU_C)));
        check_ok(aigc__store_create(&store, context));
        world_begin(&world);
        const aigc__id_t x = world_feed(&world, SIGNED, 0, (aigc__shape_t){4, {2, 2, 3, 4}});
        const aigc__id_t y = smooth_layer(world.graph, store, x, k);
        check_ok(aigc__graph_status(world.graph));
        aigc__id_t scalar = y ? world_contract(&world, &y, 1) : 0;
        for (size_t order = 0; order < 2 && scalar; order++) {
            const size_t n = world_variables(&world, feeds);
            check_ok(aigc__gradient(world.graph, scalar, feeds, n, g));
            const double error = world_gradient_error(&world, scalar, feeds, g, n, 1e-2);
            if (!(error < 1e-5)) print_error("layer %zu, order %zu: %g\n", k, order + 1, error);
            assert_true(error < 1e-5);
            scalar = world_contract(&world, g, n);
        }
        world_end(&world);
        aigc__store_free(store);
        aigc__context_release(context);
        if (!y) break;
    }
}

/* ---- initial weights ---- */

static void check_spread(const studio_t *s, const char *name, double deviation)
{
    const int64_t index = aigc__store_find(s->store, name);
    assert_true(index >= 0);
    const aigc__parameter_t *p = aigc__store_parameter(s->store, (size_t)index);
    double squares = 0;
    for (size_t i = 0; i < p->count; i++) squares += pow((double)part(s, name)[i], 2) / (double)p->count;
    assert_true(fabs(sqrt(squares) / deviation - 1) < 5 / sqrt(2 * (double)p->count));
}

static void weights_begin_as_pytorch_begins_them(void **state)
{
    const aigc__init_fn inits[] = {NULL, aigc__kaiming_normal, aigc__xavier_uniform, aigc__xavier_normal,
                                   aigc__dcgan_normal};
    const double in = CHANNELS * 25, out = 40 * 25;
    const double deviations[] = {1 / sqrt(3 * in), sqrt(2 / in), sqrt(2 / (in + out)), sqrt(2 / (in + out)), 0.02};
    studio_t s;
    (void)state;
    studio_begin(&s);
    char name[5][16];
    for (int k = 0; k < 5; k++) {
        const aigc__conv_options_t options = {.kernel = {5}, .padding = {2}, .weight = {.init = inits[k]}};
        name[k][0] = (char)('a' + k);
        strcpy(name[k] + 1, ".weight");
        aigc__conv_layer(s.graph, s.store, (char[]){name[k][0], 0}, s.x, 40, &options);
    }
    /* of a transposed convolution the second size of the weight counts */
    const aigc__id_t y =
        aigc__conv_transpose_layer(s.graph, s.store, "t", s.x, 40, &(aigc__conv_options_t){.kernel = {5}});
    aigc__batch_norm(s.graph, s.store, "bn", y, &(aigc__norm_options_t){.weight_deviation = 0.02});
    aigc__prelu(s.graph, s.store, "prelu", y, true);
    check_ok(aigc__graph_status(s.graph));
    check_ok(aigc__store_seal(s.store, 11));
    for (int k = 0; k < 5; k++) check_spread(&s, name[k], deviations[k]);
    check_spread(&s, "t.weight", 1 / sqrt(3 * out));
    for (int i = 0; i < 40; i++) {
        assert_true(fabs((double)part(&s, "a.bias")[i]) <= 1 / sqrt(in));
        assert_true(fabs((double)part(&s, "bn.weight")[i] - 1) < 0.1 && part(&s, "bn.weight")[i] != 1);
        assert_true(part(&s, "prelu.weight")[i] == 0.25f);
    }
    studio_end(&s);
}

static void senseless_layers_fail_the_graph(void **state)
{
    const char *words[] = {"groups", "conv", "zeros", "single number", "groups", "probability", "axes"};
    (void)state;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        aigc__id_t y = 1;
        studio_t s;
        studio_begin(&s);
        const aigc__norm_options_t training = {.training = true};
        const aigc__id_t one = aigc__feed(s.graph, "one", AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){1, 4}));
        switch (k) {
        case 0:
            y = aigc__conv_layer(s.graph, s.store, "c", s.x, 4, &(aigc__conv_options_t){.kernel = {3}, .groups = 2});
            break;
        case 1:
            y = aigc__conv_layer(s.graph, s.store, "c", s.x, 4, &(aigc__conv_options_t){.kernel = {9}});
            break;
        case 2:
            y = aigc__conv_transpose_layer(s.graph, s.store, "c", s.x, 4,
                                           &(aigc__conv_options_t){.kernel = {3}, .border = AIGC__BORDER_REFLECT});
            break;
        case 3:
            y = aigc__batch_norm(s.graph, s.store, "n", one, &training);
            break;
        case 4:
            y = aigc__group_norm(s.graph, s.store, "n", s.x, 2, &training);
            break;
        case 5:
            y = aigc__dropout(s.graph, s.x, 1.5, true);
            break;
        case 6:
            y = aigc__instance_norm(s.graph, s.store, "n", one, &training);
            break;
        default:
            break;
        }
        assert_int_equal(y, 0);
        check_failure(aigc__graph_status(s.graph), k == 2 ? AIGC_ERROR_UNSUPPORTED : AIGC_ERROR_ARGUMENT, words[k]);
        studio_end(&s);
    }
}

/* The fused form and the two layers it stands for, on pictures with one and with several channels, and where only
 * the general form applies. */
static void repeating_and_convolving_is_one_layer(void **state)
{
    const aigc__shape_t shapes[] = {{4, {1, 3, 5, 1}}, {4, {3, 5, 1, 1}}, {4, {3, 1, 1, 5}}};
    (void)state;
    for (size_t k = 0; k < 6; k++) {
        enum { MOST = 4 * N * IN * 4 };
        const aigc__conv_options_t options = {.kernel = {k < 3 ? 3 : 1}, .padding = {k < 3}};
        bench_t b;
        float both[2 * MOST];
        bench_begin(&b);
        const aigc__id_t x = aigc__reshape(b.graph, b.x, shapes[k % 3]);
        const int64_t out = k % 3 == 1 ? 3 : 2;
        const aigc__id_t one = aigc__upsample_conv_layer(b.graph, b.store, "conv", x, out, &options);
        const aigc__id_t two =
            aigc__conv_layer(b.graph, b.store, "conv", aigc__upsample_nearest(b.graph, x, 2), out, &options);
        const aigc__shape_t shape = aigc__graph_shape(b.graph, one), other = aigc__graph_shape(b.graph, two);
        assert_true(aigc__shape_equal(&shape, &other));
        const size_t n = (size_t)(shape.dims[0] * shape.dims[1] * shape.dims[2] * shape.dims[3]);
        assert_true(n <= MOST);
        bench_run(&b, aigc__concat(b.graph, (aigc__id_t[]){one, two}, 2, 0), both, 2 * n);
        for (size_t i = 0; i < n; i++) assert_float_equal(both[i], both[n + i], 1e-5);
        assert_true(k < 2 ? one != two : one == two); /* few pixels for the channels; another kernel */
        bench_end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(repeating_and_convolving_is_one_layer),
                                       cmocka_unit_test(linear_is_x_w_transposed_plus_b),
                                       cmocka_unit_test(layer_norm_has_mean_0_and_variance_1),
                                       cmocka_unit_test(a_name_means_one_parameter),
                                       cmocka_unit_test(layers_have_both_derivatives),
                                       cmocka_unit_test(batch_norm_tracks_every_pass),
                                       cmocka_unit_test(batch_norm_is_folded_when_frozen),
                                       cmocka_unit_test(spectral_norm_converges_to_one),
                                       cmocka_unit_test(dropout_keeps_the_mean_and_drops_the_gradient_alike),
                                       cmocka_unit_test(dropped_channels_are_dropped_whole),
                                       cmocka_unit_test(weights_begin_as_pytorch_begins_them),
                                       cmocka_unit_test(senseless_layers_fail_the_graph)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
