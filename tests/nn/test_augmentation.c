/* What augmentation does to pictures, against formulas written out here, and the way of gradients through it. */
#include "graph/plan.h"
#include "graph/world.h"
#include "nn/augmentation.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5 };

typedef struct scene {
    int64_t height, width, channels;
    int policy;
    double strength;
    float *x, *y;
    float numbers[N][AIGC__AUGMENT_NUMBERS];
} scene_t;

static size_t picture_size(const scene_t *s) { return (size_t)(s->height * s->width * s->channels); }

static float uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(*state >> 40) * 0x1p-24f;
}

/* Pictures in -1..1, numbers in 0..1, some of them next to 1. */
static void scene_begin(scene_t *s)
{
    uint64_t state = (uint64_t)(s->height * 100 + s->width * 10 + s->channels);
    const size_t n = N * picture_size(s);
    s->x = malloc(n * sizeof *s->x);
    s->y = malloc(n * sizeof *s->y);
    assert_non_null(s->x);
    assert_non_null(s->y);
    for (size_t i = 0; i < n; i++) s->x[i] = 2 * uniform(&state) - 1;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < AIGC__AUGMENT_NUMBERS; k++) s->numbers[i][k] = uniform(&state);
    s->numbers[0][AIGC__AUGMENT_DOWN] = s->numbers[0][AIGC__AUGMENT_ROW] = 1 - 0x1p-24f;
    s->numbers[0][AIGC__AUGMENT_MOVES] = s->numbers[0][AIGC__AUGMENT_CUTS] = 0;
    s->numbers[1][AIGC__AUGMENT_DOWN] = s->numbers[1][AIGC__AUGMENT_ROW] = 0;
    s->numbers[1][AIGC__AUGMENT_MOVES] = s->numbers[1][AIGC__AUGMENT_CUTS] = 0;
}

static void scene_end(scene_t *s)
{
    free(s->x);
    free(s->y);
}

static void scene_run(scene_t *s, size_t threads)
{
    aigc_context_t *context = NULL;
    aigc__graph_t *graph = NULL;
    aigc__plan_t *plan = NULL;
    aigc__executor_t *executor = NULL;
    const float strength = (float)s->strength;
    check_ok(aigc__context_create(&context, NULL, threads, 0, AIGC__CPU_C, aigc__kernels_best()));
    check_ok(aigc__graph_create(&graph, &context->memory));
    const aigc__id_t x =
        aigc__feed(graph, "x", AIGC_DTYPE_F32, aigc__shape_of(4, (int64_t[]){N, s->height, s->width, s->channels}));
    const aigc__id_t numbers =
        aigc__feed(graph, "numbers", AIGC_DTYPE_F32, aigc__shape_of(2, (int64_t[]){N, AIGC__AUGMENT_NUMBERS}));
    const aigc__id_t y = aigc__augment(graph, x, s->policy, numbers,
                                       aigc__feed(graph, "strength", AIGC_DTYPE_F32, aigc__shape_of(0, NULL)));
    check_ok(aigc__graph_status(graph));
    check_ok(aigc__plan_create(&plan, &context->memory, graph, context->kernels, &y, 1, NULL));
    check_ok(aigc__executor_create(&executor, plan, context, NULL, NULL));
    check_ok(aigc__executor_set_feed(executor, "x", s->x));
    check_ok(aigc__executor_set_feed(executor, "numbers", s->numbers));
    check_ok(aigc__executor_set_feed(executor, "strength", &strength));
    check_ok(aigc__executor_run(executor, 0, 0));
    memcpy(s->y, aigc__executor_fetch(executor, 0), N * picture_size(s) * sizeof *s->y);
    aigc__executor_free(executor);
    aigc__plan_free(plan);
    aigc__graph_free(graph);
    aigc__context_release(context);
}

/* ---- the same, pixel by pixel ---- */

/* One pixel of a picture, recoloured in three steps as the paper has them. */
static double coloured(const scene_t *s, const float *picture, const float *u, int64_t pixel, int64_t channel)
{
    const int64_t colours = s->channels % 2 ? s->channels : s->channels - 1, pixels = s->height * s->width;
    const double b = (double)u[AIGC__AUGMENT_BRIGHTENS] < s->strength ? (double)u[AIGC__AUGMENT_BRIGHTNESS] - 0.5 : 0;
    const double f = (double)u[AIGC__AUGMENT_SATURATES] < s->strength ? 2 * (double)u[AIGC__AUGMENT_SATURATION] : 1;
    const double c = (double)u[AIGC__AUGMENT_CONTRASTS] < s->strength ? (double)u[AIGC__AUGMENT_CONTRAST] + 0.5 : 1;
    double gray = 0, mean = 0;
    if (channel >= colours) return (double)picture[pixel * s->channels + channel];
    for (int64_t k = 0; k < colours; k++) gray += ((double)picture[pixel * s->channels + k] + b) / (double)colours;
    for (int64_t i = 0; i < pixels; i++)
        for (int64_t k = 0; k < colours; k++)
            mean += ((double)picture[i * s->channels + k] + b) / (double)(colours * pixels);
    const double saturated = gray + ((double)picture[pixel * s->channels + channel] + b - gray) * f;
    return mean + (saturated - mean) * c;
}

static int is_cut(const scene_t *s, const float *u, int64_t row, int64_t column)
{
    const int64_t high = (s->height + 1) / 2, wide = (s->width + 1) / 2;
    const int64_t top = (int64_t)((double)u[AIGC__AUGMENT_ROW] * (double)(s->height + 1 - high % 2)) - high / 2;
    const int64_t left = (int64_t)((double)u[AIGC__AUGMENT_COLUMN] * (double)(s->width + 1 - wide % 2)) - wide / 2;
    return (double)u[AIGC__AUGMENT_CUTS] < s->strength && row >= top && row < top + high && column >= left &&
           column < left + wide;
}

static double expected(const scene_t *s, int i, int64_t row, int64_t column, int64_t channel)
{
    const float *u = s->numbers[i], *picture = s->x + (size_t)i * picture_size(s);
    const int64_t reach[2] = {(s->height + 4) / 8, (s->width + 4) / 8};
    if (s->policy & AIGC__AUGMENT_CUTOUT && is_cut(s, u, row, column)) return 0;
    if (s->policy & AIGC__AUGMENT_TRANSLATION && (double)u[AIGC__AUGMENT_MOVES] < s->strength) {
        row -= (int64_t)((double)u[AIGC__AUGMENT_DOWN] * (double)(2 * reach[0] + 1)) - reach[0];
        column -= (int64_t)((double)u[AIGC__AUGMENT_RIGHT] * (double)(2 * reach[1] + 1)) - reach[1];
    }
    if (row < 0 || row >= s->height || column < 0 || column >= s->width) return 0;
    const int64_t pixel = row * s->width + column;
    if (s->policy & AIGC__AUGMENT_COLOUR) return coloured(s, picture, u, pixel, channel);
    return (double)picture[pixel * s->channels + channel];
}

static void check_scene(scene_t *s)
{
    const float *y = s->y;
    for (int i = 0; i < N; i++)
        for (int64_t row = 0; row < s->height; row++)
            for (int64_t column = 0; column < s->width; column++)
                for (int64_t channel = 0; channel < s->channels; channel++, y++) {
                    const double e = expected(s, i, row, column, channel);
                    const double bound = s->policy & AIGC__AUGMENT_COLOUR ? 2e-6 : 0;
                    assert_true(fabs((double)*y - e) <= bound);
                }
}

static void every_policy_does_what_its_formula_says(void **state)
{
    static const int64_t shapes[][3] = {{16, 16, 3}, {9, 20, 1}, {13, 7, 4}, {1, 2, 1}, {33, 5, 2}, {1, 1, 3}};
    static const double strengths[] = {1, 0.5};
    (void)state;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
        for (int policy = 1; policy <= AIGC__AUGMENT_ALL; policy++)
            for (size_t t = 0; t < 2; t++) {
                scene_t s = {.height = shapes[k][0],
                             .width = shapes[k][1],
                             .channels = shapes[k][2],
                             .policy = policy,
                             .strength = strengths[t]};
                scene_begin(&s);
                scene_run(&s, 1 + t);
                check_scene(&s);
                scene_end(&s);
            }
}

static void without_strength_nothing_changes(void **state)
{
    scene_t s = {.height = 12, .width = 10, .channels = 3, .policy = AIGC__AUGMENT_ALL};
    (void)state;
    scene_begin(&s);
    scene_run(&s, 2);
    assert_memory_equal(s.x, s.y, N * picture_size(&s) * sizeof *s.x);
    scene_end(&s);
}

/* ---- derivatives ---- */

static aigc__id_t augmented_feed(world_t *world, int64_t channels, aigc__id_t *x)
{
    aigc__graph_t *g = world->graph;
    const aigc__id_t whole = world_feed(world, INDEX, 1000, aigc__shape_of(2, (int64_t[]){2, AIGC__AUGMENT_NUMBERS}));
    const aigc__id_t numbers = aigc__scale(g, aigc__cast(g, whole, AIGC_DTYPE_F32), 1e-3);
    *x = world_feed(world, SIGNED, 0, aigc__shape_of(4, (int64_t[]){2, 5, 8, channels}));
    return aigc__augment(g, *x, AIGC__AUGMENT_ALL, numbers, aigc__constant(g, 0.9, aigc__shape_of(0, NULL)));
}

/* Of a cubic of what comes out, and of the squared slopes of that: what R1 would be. */
static void gradients_of_both_orders_find_back(void **state)
{
    static const int64_t channels[] = {1, 3, 4};
    (void)state;
    for (size_t k = 0; k < sizeof channels / sizeof *channels; k++) {
        world_t world;
        aigc__id_t x = 0, slope = 0, second = 0;
        world_begin(&world);
        aigc__graph_t *g = world.graph;
        const aigc__id_t y = augmented_feed(&world, channels[k], &x);
        const aigc__id_t cubic = aigc__sum(g, aigc__mul(g, y, aigc__square(g, y)), AIGC__ALL_AXES, false);
        check_ok(aigc__gradient(g, cubic, &x, 1, &slope));
        assert_true(world_gradient_error(&world, cubic, &x, &slope, 1, 1e-2) < 1e-6);
        const aigc__id_t squares = aigc__sum(g, aigc__square(g, slope), AIGC__ALL_AXES, false);
        check_ok(aigc__gradient(g, squares, &x, 1, &second));
        assert_true(world_gradient_error(&world, squares, &x, &second, 1, 1e-2) < 1e-6);
        world_end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_policy_does_what_its_formula_says),
        cmocka_unit_test(without_strength_nothing_changes),
        cmocka_unit_test(gradients_of_both_orders_find_back),
    };
    return cmocka_run_group_tests_name("augmentation", tests, NULL, NULL);
}
