#include "data/data_world.h"
#include "data/drawing.h"
#include "support/unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static data_world_t world;

static int setup(void **state)
{
    (void)state;
    return data_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return data_world_close(&world);
}

static aigc_dataset_t *draw(const char *options)
{
    aigc_dataset_t *dataset = NULL;
    check_ok(aigc__dataset_create(&dataset, world.context, "home-designs", NULL, data_parse(&world, options)));
    return dataset;
}

static uint64_t hash_of(aigc_dataset_t *dataset, uint64_t index, int64_t *label)
{
    uint8_t *pixels = malloc(aigc__dataset_bytes(dataset));
    check_ok(aigc__dataset_fetch_one(dataset, index, pixels, label));
    const uint64_t hash = aigc__hash_bytes(AIGC__HASH_START, pixels, aigc__dataset_bytes(dataset));
    free(pixels);
    return hash;
}

/* Trained models and their recorded results rest on these bytes. */
static void pictures_never_change(void **state)
{
    static const struct {
        const char *options;
        uint64_t index, hash;
    } known[] = {
#include "data/home_hashes.h"
    };
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        aigc_dataset_t *dataset = draw(known[i].options);
        int64_t label;
        const uint64_t hash = hash_of(dataset, known[i].index, &label);
        if (hash != known[i].hash)
            print_error("{\"%s\", %llu, 0x%016llxu},\n", known[i].options, (unsigned long long)known[i].index,
                        (unsigned long long)hash);
        wrong += hash != known[i].hash;
        aigc__dataset_release(dataset);
    }
    assert_int_equal(wrong, 0);
}

static void a_picture_does_not_depend_on_what_was_drawn_before(void **state)
{
    enum { N = 60 };
    uint64_t forward[N];
    int64_t label;
    (void)state;
    aigc_dataset_t *first = draw("n=60 seed=5"), *second = draw("n=60 seed=5");
    for (uint64_t i = 0; i < N; i++) forward[i] = hash_of(first, i, &label);
    for (uint64_t i = N; i-- > 0;) assert_int_equal(hash_of(second, i, &label), forward[i]);
    aigc__dataset_release(first);
    aigc__dataset_release(second);
}

static void pictures_of_a_seed_differ_and_seeds_differ(void **state)
{
    enum { N = 200 };
    uint64_t hashes[2 * N];
    int64_t label;
    (void)state;
    for (size_t seed = 0; seed < 2; seed++) {
        aigc_dataset_t *dataset = draw(seed ? "n=200 seed=1" : "n=200");
        for (uint64_t i = 0; i < N; i++) hashes[seed * N + i] = hash_of(dataset, i, &label);
        aigc__dataset_release(dataset);
    }
    for (size_t i = 0; i < 2 * N; i++)
        for (size_t j = 0; j < i; j++) assert_int_not_equal(hashes[i], hashes[j]);
}

/* A picture is no flat colour: its pixels spread over a good part of the range. */
static void every_size_gives_a_picture(void **state)
{
    static const char *const sizes[] = {"size=16",  "size=17",  "size=32",    "size=33",    "size=64",
                                        "size=100", "size=256", "size=16,40", "size=48,20", "height=24 width=31"};
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        aigc_dataset_t *dataset = draw(sizes[s]);
        const size_t bytes = aigc__dataset_bytes(dataset);
        uint8_t *pixels = malloc(bytes);
        for (uint64_t i = 0; i < 10; i++) {
            int64_t label;
            double sum = 0, squares = 0;
            check_ok(aigc__dataset_fetch_one(dataset, i, pixels, &label));
            for (size_t k = 0; k < bytes; k++) {
                sum += pixels[k];
                squares += (double)pixels[k] * pixels[k];
            }
            const double mean = sum / (double)bytes;
            assert_true(mean > 20 && mean < 245);
            assert_true(squares / (double)bytes - mean * mean > 15 * 15);
        }
        free(pixels);
        aigc__dataset_release(dataset);
    }
}

/* A 64 x 64 picture averaged to 32 x 32 is nearly the 32 x 32 one: the scene is the same at every size. */
static void size_does_not_change_the_scene(void **state)
{
    uint8_t large[64 * 64 * 3], small[32 * 32 * 3];
    int64_t label;
    (void)state;
    aigc_dataset_t *big = draw("size=64"), *little = draw("size=32");
    for (uint64_t i = 0; i < 20; i++) {
        double error = 0;
        check_ok(aigc__dataset_fetch_one(big, i, large, &label));
        check_ok(aigc__dataset_fetch_one(little, i, small, &label));
        for (size_t k = 0; k < sizeof small; k++) {
            const size_t y = k / 96, x = k % 96 / 3, c = k % 3;
            const uint8_t *from = large + (2 * y * 64 + 2 * x) * 3 + c;
            const double difference = (from[0] + from[3] + from[192] + from[195]) / 4.0 - small[k];
            error += difference * difference;
        }
        assert_true(error / sizeof small < 12 * 12); /* two scenes differ by thousands */
    }
    aigc__dataset_release(big);
    aigc__dataset_release(little);
}

static void styles_choose_the_classes(void **state)
{
    int64_t label;
    (void)state;
    aigc_dataset_t *both = draw("n=10"), *rooms = draw("n=10 style=rooms"), *plans = draw("n=10 style=plans");
    assert_int_equal(both->classes, 5);
    assert_int_equal(rooms->classes, 4);
    assert_int_equal(plans->classes, 1);
    assert_string_equal(rooms->class_names[1], "bedroom");
    assert_string_equal(plans->class_names[0], "floor plan");
    assert_string_equal(both->class_names[4], "floor plan");
    hash_of(both, 7, &label);
    assert_int_equal(label, 2);
    hash_of(plans, 7, &label);
    assert_int_equal(label, 0);
    aigc__dataset_release(both);
    aigc__dataset_release(rooms);
    aigc__dataset_release(plans);
}

static void gray_pictures_are_the_colour_ones_without_colour(void **state)
{
    uint8_t color[32 * 32 * 3], gray[32 * 32];
    int64_t label;
    (void)state;
    aigc_dataset_t *a = draw(NULL), *b = draw("channels=1");
    check_ok(aigc__dataset_fetch_one(a, 3, color, &label));
    check_ok(aigc__dataset_fetch_one(b, 3, gray, &label));
    for (size_t i = 0; i < sizeof gray; i++)
        assert_int_equal(gray[i],
                         (299u * color[3 * i] + 587u * color[3 * i + 1] + 114u * color[3 * i + 2] + 500) / 1000);
    aigc__dataset_release(a);
    aigc__dataset_release(b);
}

static void options_out_of_range_are_refused(void **state)
{
    static const struct {
        const char *options, *part;
    } bad[] = {{"size=15", "'size'"},
               {"size=257", "'size'"},
               {"size=32,32,32", "3 numbers"},
               {"height=8", "smallest side is 16"},
               {"channels=2", "expected 1 or 3"},
               {"n=0", "'n'"},
               {"style=castle", "rooms|plans|both"},
               {"sed=1", "did you mean 'seed'"}};
    aigc_dataset_t *dataset = NULL;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_failure(
            aigc__dataset_create(&dataset, world.context, "home-designs", NULL, data_parse(&world, bad[i].options)),
            AIGC_ERROR_OPTION, bad[i].part);
        assert_null(dataset);
    }
}

static aigc_status_t open_and_fetch(data_world_t *w)
{
    aigc_dataset_t *dataset = NULL;
    uint8_t pixels[32 * 32 * 3];
    int64_t label;
    aigc_status_t status = aigc__dataset_create(&dataset, w->context, "home-designs", NULL, NULL);
    if (status == AIGC_OK) status = aigc__dataset_fetch_one(dataset, 0, pixels, &label);
    aigc__dataset_release(dataset);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    assert_true(data_sweep(&world, open_and_fetch) > 5);
}

/* ---- the rasteriser ---- */

static double covered(aigc__canvas_t *canvas)
{
    double sum = 0;
    for (size_t i = 0; i < canvas->size * canvas->size; i++) sum += canvas->pixels[3 * i];
    return sum / (double)(canvas->size * canvas->size);
}

/* Shapes in white on black: what is bright is the area. */
static void coverage_is_the_area(void **state)
{
    const aigc__paint_t white = aigc__paint(aigc__color(0xffffff));
    const aigc__point_t triangle[3] = {{0.1, 0.15}, {0.83, 0.37}, {0.31, 0.92}};
    aigc__canvas_t canvas;
    (void)state;
    check_ok(aigc__canvas_init(&canvas, &world.context->memory, 37));
    aigc__draw_polygon(&canvas, triangle, 3, white);
    assert_true(fabs(covered(&canvas) - 0.5 * fabs(0.73 * 0.77 - 0.21 * 0.22)) < 1e-5);
    aigc__canvas_clear(&canvas, aigc__color(0));
    aigc__draw_rectangle(&canvas, 0.123, 0.2, 0.777, 0.456, white);
    assert_true(fabs(covered(&canvas) - 0.654 * 0.256) < 1e-5);
    aigc__canvas_clear(&canvas, aigc__color(0));
    aigc__draw_ellipse(&canvas, 0.5, 0.5, 0.4, 0.3, white);
    assert_true(fabs(covered(&canvas) - 3.14159265 * 0.12) < 0.003);
    aigc__canvas_free(&canvas);
}

/* What reaches past the canvas is cut exactly at its border, on every side. */
static void shapes_are_cut_at_the_border(void **state)
{
    const aigc__paint_t white = aigc__paint(aigc__color(0xffffff));
    const aigc__point_t diamond[4] = {{0.5, -0.7}, {1.7, 0.5}, {0.5, 1.7}, {-0.7, 0.5}};
    const aigc__point_t outside[3] = {{1.2, 0.1}, {1.9, 0.4}, {1.3, 0.9}};
    aigc__canvas_t canvas;
    (void)state;
    check_ok(aigc__canvas_init(&canvas, &world.context->memory, 16));
    aigc__draw_polygon(&canvas, outside, 3, white);
    assert_true(covered(&canvas) == 0);
    aigc__draw_polygon(&canvas, diamond, 4, white);
    assert_true(fabs(covered(&canvas) - 1) < 1e-6);
    aigc__canvas_clear(&canvas, aigc__color(0));
    for (int side = 0; side < 4; side++) { /* four corner triangles of legs 0.4, drawn far over the edge */
        const double x = side & 1 ? 1 : 0, y = side & 2 ? 1 : 0, dx = side & 1 ? -1 : 1, dy = side & 2 ? -1 : 1;
        const aigc__point_t corner[3] = {{x + 1.4 * dx, y - dy}, {x - dx, y + 1.4 * dy}, {x - 3 * dx, y - 3 * dy}};
        aigc__draw_polygon(&canvas, corner, 3, white);
    }
    assert_true(fabs(covered(&canvas) - 4 * 0.08) < 1e-5);
    aigc__canvas_free(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_never_change, setup, teardown),
        cmocka_unit_test_setup_teardown(a_picture_does_not_depend_on_what_was_drawn_before, setup, teardown),
        cmocka_unit_test_setup_teardown(pictures_of_a_seed_differ_and_seeds_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(every_size_gives_a_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(size_does_not_change_the_scene, setup, teardown),
        cmocka_unit_test_setup_teardown(styles_choose_the_classes, setup, teardown),
        cmocka_unit_test_setup_teardown(gray_pictures_are_the_colour_ones_without_colour, setup, teardown),
        cmocka_unit_test_setup_teardown(options_out_of_range_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(coverage_is_the_area, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_are_cut_at_the_border, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
