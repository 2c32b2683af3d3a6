/* Convolutions at every level of this machine, in every direction and by every method that can do a shape. Patches,
 * rows and dot products of small whole numbers must be exact; minimal filtering keeps within a bound of a double sum.
 * Arrays lie between forbidden pages, workspaces are full of NaN, tiles are taken in an odd order by two workers. */
#include "kernels/convolution/convolution.h"
#include "walk.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2, STEP = 7, LIMIT = 3, METHODS = 7, DIRECTIONS = 3 };
/* Emulated processors, which the cross tests run with fewer samples, see a part of the shapes. */
enum { THINNED = AIGC_TEST_SAMPLES < (1u << 20) ? 5 : 1 };

static const char *const method_names[] = {"best", "patches", "rows", "dot", "scatter", "depthwise", "winograd"};
static const char *const direction_names[] = {"forward", "input gradient", "weight gradient"};

typedef struct world {
    aigc__convolution_shape_t shape;
    size_t sizes[3]; /* floats of x, w and y */
    area_t areas[3], packed, shared, worker;
    float *data[3];
    double *expected, *magnitude; /* of the result, and the sum of its terms' sizes */
    double largest;               /* of the latter */
} world_t;

/* Which of x, w and y a direction reads first and second and makes. */
static const int roles[DIRECTIONS][3] = {{0, 1, 2}, {2, 1, 0}, {0, 2, 1}};

static size_t product(const size_t *sizes) { return sizes[0] * sizes[1] * sizes[2]; }

/* Adds up one position of y and one tap. */
static void add_meeting(const world_t *w, int direction, size_t x_pixel, size_t y_pixel, size_t tap)
{
    const aigc__convolution_shape_t *s = &w->shape;
    const size_t read = s->in_channels / s->groups, made = s->out_channels / s->groups, taps = product(s->kernel);
    for (size_t q = 0; q < s->out_channels; q++)
        for (size_t c = 0; c < read; c++) {
            const size_t at[] = {x_pixel * s->in_channels + q / made * read + c, (q * read + c) * taps + tap,
                                 y_pixel * s->out_channels + q};
            const int *role = roles[direction];
            const double term = (double)w->data[role[0]][at[role[0]]] * (double)w->data[role[1]][at[role[1]]];
            w->expected[at[role[2]]] += term;
            w->magnitude[at[role[2]]] += fabs(term);
        }
}

static void sum_up(const world_t *w, int direction)
{
    const aigc__convolution_shape_t *s = &w->shape;
    for (size_t y = 0; y < s->images * product(s->out); y++)
        for (size_t tap = 0; tap < product(s->kernel); tap++) {
            size_t position = y, rest = tap, x = 0, step = 1;
            bool is_inside = true;
            for (int k = 2; k >= 0; k--) {
                const size_t at = position % s->out[k] * s->stride[k] + rest % s->kernel[k] * s->dilation[k];
                is_inside &= at >= s->before[k] && at - s->before[k] < s->in[k];
                x += (at - s->before[k]) * step;
                step *= s->in[k];
                position /= s->out[k];
                rest /= s->kernel[k];
            }
            if (is_inside) add_meeting(w, direction, x + position * step, y, tap);
        }
}

static float *array_of(area_t *area, size_t place, size_t floats)
{
    area_make(area, floats * sizeof(float) + 64);
    float *at = area_place(area, place, floats * sizeof(float), sizeof(float));
    for (size_t i = 0; i < floats; i++) at[i] = NAN;
    return at;
}

static void world_make(world_t *w, const aigc__convolution_shape_t *shape, int direction, bool whole)
{
    uint64_t state = 7;
    const aigc__convolution_shape_t *s = &w->shape;
    *w = (world_t){.shape = *shape};
    w->sizes[0] = s->images * product(s->in) * s->in_channels;
    w->sizes[1] = s->out_channels * (s->in_channels / s->groups) * product(s->kernel);
    w->sizes[2] = s->images * product(s->out) * s->out_channels;
    for (int k = 0; k < 3; k++) {
        w->data[k] = array_of(&w->areas[k], (size_t)k, w->sizes[k]);
        for (size_t i = 0; i < w->sizes[k]; i++)
            w->data[k][i] = whole ? (float)(walk_random(&state) % 7) - 3.0f : walk_float(&state, 1.0f);
    }
    const size_t made = w->sizes[roles[direction][2]];
    w->expected = calloc(made + 1, sizeof *w->expected);
    w->magnitude = calloc(made + 1, sizeof *w->magnitude);
    assert_non_null(w->expected);
    assert_non_null(w->magnitude);
    sum_up(w, direction);
    for (size_t i = 0; i < made; i++) w->largest = fmax(w->largest, w->magnitude[i]);
}

static void world_free(world_t *w)
{
    for (int k = 0; k < 3; k++) area_free(&w->areas[k]);
    free(w->expected);
    free(w->magnitude);
}

/* ---- finished pieces ---- */

typedef struct pieces {
    uint8_t *seen;
    const float *result;
    size_t n;
} pieces_t;

static void piece_done(void *user, size_t first, size_t rows, size_t n, size_t row_step, size_t worker)
{
    pieces_t *pieces = user;
    assert_true(worker < WORKERS);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) {
            assert_true(first + i * row_step + j < pieces->n);
            pieces->seen[first + i * row_step + j]++;
            assert_true(pieces->result[first + i * row_step + j] == pieces->result[first + i * row_step + j]);
        }
}

/* ---- one run ---- */

static void run(world_t *w, const aigc__convolution_plan_t *plan, float *result, pieces_t *pieces)
{
    const int *role = roles[plan->direction];
    aigc__convolution_call_t call = {.plan = plan,
                                     .a = w->data[role[0]],
                                     .b = w->data[role[1]],
                                     .result = result,
                                     .done = pieces ? piece_done : NULL,
                                     .user = pieces};
    assert_int_equal(plan->shared_bytes % 64, 0);
    assert_int_equal(plan->worker_bytes % 64, 0);
    call.shared = array_of(&w->shared, 0, plan->shared_bytes / 4);
    call.worker = array_of(&w->worker, 0, plan->worker_bytes / 4 * WORKERS);
    float *packed = array_of(&w->packed, 0, plan->packed_bytes / 4);
    if (plan->is_packed) {
        aigc__convolution_pack(plan, call.b, packed);
        call.b = packed;
    }
    for (size_t phase = 0; phase < 3 && plan->tiles[phase] > 0; phase++) {
        const size_t n = plan->tiles[phase], step = n % STEP ? STEP : 1;
        for (size_t i = 0; i < n; i++) aigc__convolution_tile(&call, phase, i * step % n, i % WORKERS);
    }
    area_free(&w->shared);
    area_free(&w->worker);
    area_free(&w->packed);
}

static void print_shape(const char *level, const aigc__convolution_plan_t *plan, const aigc__convolution_shape_t *s)
{
    print_error(
        "%s, %s by %s%s: %zu x [%zu,%zu,%zu] %zu to [%zu,%zu,%zu] %zu, kernel [%zu,%zu,%zu], stride [%zu,%zu,%zu], "
        "dilation [%zu,%zu,%zu], before [%zu,%zu,%zu], groups %zu\n",
        level, direction_names[plan->direction], method_names[plan->method], plan->is_packed ? ", packed" : "",
        s->images, s->in[0], s->in[1], s->in[2], s->in_channels, s->out[0], s->out[1], s->out[2], s->out_channels,
        s->kernel[0], s->kernel[1], s->kernel[2], s->stride[0], s->stride[1], s->stride[2], s->dilation[0],
        s->dilation[1], s->dilation[2], s->before[0], s->before[1], s->before[2], s->groups);
}

/* Rounding relative to the sum of the terms' sizes. Minimal filtering spreads it over all results of a window, so there
 * it is the largest sum that counts. */
static double bound_of(const world_t *w, const aigc__convolution_plan_t *plan, bool whole, size_t element)
{
    if (plan->method == AIGC__CONV_WINOGRAD) return 1e-6 * w->largest;
    return (whole ? 0 : 6e-7) * w->magnitude[element];
}

static void check_run(world_t *w, const aigc__convolution_plan_t *plan, const char *level, bool whole)
{
    const int made = roles[plan->direction][2];
    const size_t n = w->sizes[made];
    area_t area;
    float *result = array_of(&area, 3, n);
    const bool has_pieces = plan->direction != AIGC__WEIGHT_GRADIENT;
    pieces_t pieces = {calloc(n + 1, 1), result, n};
    assert_non_null(pieces.seen);
    run(w, plan, result, has_pieces ? &pieces : NULL);
    for (size_t i = 0; i < n; i++) {
        const double error = fabs((double)result[i] - w->expected[i]);
        const bool is_near = error == 0 || error <= bound_of(w, plan, whole, i);
        const bool is_once = !has_pieces || pieces.seen[i] == 1;
        if (!is_near || !is_once) {
            print_shape(level, plan, &w->shape);
            print_error("element %zu of %zu is %.9g, not %.9g; announced %u times\n", i, n, (double)result[i],
                        w->expected[i], pieces.seen[i]);
        }
        assert_true(is_near && is_once);
    }
    area_check(&area, result, n * sizeof(float), "the result");
    area_free(&area);
    free(pieces.seen);
}

static size_t runs_by[METHODS][DIRECTIONS];

static void check_shape(const aigc__convolution_shape_t *shape, bool whole)
{
    for (int direction = 0; direction < DIRECTIONS; direction++) {
        world_t w;
        world_make(&w, shape, direction, whole);
        for (int level = 0; level < AIGC__CPU_LEVELS; level++) {
            const aigc__kernels_t *kernels = walk_level(level);
            for (int method = 0; kernels && method < METHODS; method++)
                for (int packed = 0; packed < (direction == AIGC__WEIGHT_GRADIENT ? 1 : 2); packed++) {
                    aigc__convolution_plan_t plan;
                    if (!aigc__convolution_plan_by(&plan, kernels, shape, (aigc__direction_t)direction, packed, method))
                        continue;
                    check_run(&w, &plan, kernels->name, whole);
                    runs_by[method][direction]++;
                }
        }
        world_free(&w);
    }
}

/* ---- shapes ---- */

static size_t out_of(const aigc__convolution_shape_t *s, int axis, size_t after)
{
    const size_t reach = s->dilation[axis] * (s->kernel[axis] - 1) + 1, room = s->in[axis] + s->before[axis] + after;
    return room < reach ? 0 : (room - reach) / s->stride[axis] + 1;
}

/* Two axes, all alike; `after` as `before`. */
static aigc__convolution_shape_t square(size_t images, size_t side, size_t in, size_t out, size_t kernel, size_t stride,
                                        size_t padding)
{
    aigc__convolution_shape_t s = {.images = images,
                                   .groups = 1,
                                   .in_channels = in,
                                   .out_channels = out,
                                   .in = {1, side, side + 1},
                                   .kernel = {1, kernel, kernel},
                                   .stride = {1, stride, stride},
                                   .dilation = {1, 1, 1},
                                   .before = {0, padding, padding}};
    s.out[0] = 1;
    for (int k = 1; k < 3; k++) s.out[k] = out_of(&s, k, padding);
    return s;
}

static void shapes_of_models_are_right(void **state)
{
    const aigc__convolution_shape_t shapes[] = {
        square(1, 20, 3, 21, 3, 1, 1),  square(1, 19, 24, 3, 3, 1, 1),  square(2, 13, 17, 50, 3, 1, 1),
        square(2, 16, 18, 33, 4, 2, 1), square(3, 8, 35, 20, 4, 2, 1),  square(1, 21, 3, 10, 9, 1, 4),
        square(1, 23, 16, 3, 9, 1, 0),  square(2, 17, 16, 18, 3, 2, 0), square(5, 4, 37, 1, 4, 1, 0),
        square(1, 70, 5, 6, 5, 1, 2),   square(2, 9, 49, 67, 1, 1, 0),  square(1, 18, 20, 4, 1, 2, 0),
        square(1, 66, 16, 17, 2, 1, 1), square(1, 1, 3, 5, 3, 1, 1),    square(1, 12, 2, 2, 11, 1, 5),
        square(1, 10, 16, 16, 6, 2, 2), square(2, 15, 18, 20, 5, 2, 2),
    };
    (void)state;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        if (THINNED > 1 && k % THINNED != 0) continue;
        check_shape(&shapes[k], true);
        check_shape(&shapes[k], false);
    }
    /* As large as the picture: a product of matrices. */
    aigc__convolution_shape_t whole = square(19, 4, 21, 2, 4, 1, 0);
    whole.in[2] = 4;
    whole.out[2] = 1;
    check_shape(&whole, true);
    whole.out_channels = 40;
    check_shape(&whole, true);
}

static size_t below(uint64_t *state, size_t n) { return walk_random(state) % n; }

static bool draw_axes(aigc__convolution_shape_t *s, uint64_t *state)
{
    for (int k = 0; k < 3; k++) {
        s->in[k] = k == 0 ? 1 : 1 + below(state, 20);
        s->kernel[k] = k == 0 ? 1 : 1 + below(state, 5);
        s->stride[k] = k == 0 || below(state, 2) ? 1 : 1 + below(state, 4);
        s->dilation[k] = k == 0 || below(state, 3) ? 1 : 1 + below(state, 3);
        s->before[k] = k == 0 ? 0 : below(state, 4);
    }
    if (below(state, 4) == 0) { /* three axes */
        s->in[0] = 1 + below(state, 4);
        s->kernel[0] = 1 + below(state, 3);
        s->stride[0] = 1 + below(state, 2);
        s->dilation[0] = 1 + below(state, 2);
        s->before[0] = below(state, 2);
    }
    for (int k = 0; k < 3; k++) s->out[k] = out_of(s, k, k == 0 ? s->before[0] : below(state, 4));
    return s->out[0] > 0 && s->out[1] > 0 && s->out[2] > 0;
}

static bool draw(aigc__convolution_shape_t *s, uint64_t *state)
{
    *s =
        (aigc__convolution_shape_t){.images = 1 + below(state, 3), .groups = below(state, 4) ? 1 : 1 + below(state, 3)};
    if (below(state, 6) == 0) { /* each channel by itself */
        s->groups = s->in_channels = s->out_channels = 2 + below(state, 40);
        return draw_axes(s, state);
    }
    s->in_channels = s->groups * (1 + below(state, below(state, 2) ? 4 : 40));
    s->out_channels = s->groups * (1 + below(state, below(state, 2) ? 4 : 60));
    return draw_axes(s, state);
}

static void random_shapes_are_right(void **state)
{
    enum { SHAPES = 300 };
    uint64_t random = 3;
    (void)state;
    for (size_t k = 0; k < SHAPES / THINNED;) {
        aigc__convolution_shape_t shape;
        if (!draw(&shape, &random)) continue;
        check_shape(&shape, true);
        k++;
    }
}

/* The tests before this one say little about a method that hardly ever ran. */
static void every_method_ran(void **state)
{
    enum { FEW = 10 / THINNED };
    (void)state;
    for (int method = 0; method < METHODS; method++)
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            const bool is_none = (method == AIGC__CONV_DOT && direction == AIGC__WEIGHT_GRADIENT) ||
                                 (method == AIGC__CONV_SCATTER && direction != AIGC__INPUT_GRADIENT);
            if (!is_none && runs_by[method][direction] < FEW)
                print_error("%s by %s ran %zu times\n", direction_names[direction], method_names[method],
                            runs_by[method][direction]);
            assert_true(is_none || runs_by[method][direction] >= FEW);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_of_models_are_right),
        cmocka_unit_test(random_shapes_are_right),
        cmocka_unit_test(every_method_ran),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
