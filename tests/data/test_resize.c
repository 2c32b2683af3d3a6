#include "data/data_world.h"
#include "data/transform.h"
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

static const struct {
    int64_t from_height, from_width, to_height, to_width;
} sizes[] = {{1, 1, 5, 7},  {28, 28, 32, 32}, {64, 48, 16, 16}, {37, 53, 11, 19},
             {5, 9, 13, 4}, {100, 3, 7, 7},   {16, 16, 16, 16}};
enum { SIZES = sizeof sizes / sizeof sizes[0], MOST = 8192 };

static aigc__memory_t *memory(void) { return &world.context->memory; }

/* What the weights say, summed directly in double, both directions at once. */
static double filter_at(aigc__filter_t filter, double scale, double centre, int64_t i)
{
    const double stretch = scale > 1 ? scale : 1, x = ((double)i + 0.5 - centre) / stretch, pi = acos(-1);
    if (filter == AIGC__FILTER_BILINEAR) return fmax(0, 1 - fabs(x));
    if (filter == AIGC__FILTER_LANCZOS)
        return fabs(x) >= 3 ? 0 : x == 0 ? 1 : 3 * sin(pi * x) * sin(pi * x / 3) / (pi * pi * x * x);
    if (filter == AIGC__FILTER_NEAREST) return i == (int64_t)floor(centre) ? 1 : 0;
    return fmax(0, fmin((double)i + 1, centre + scale / 2) - fmax((double)i, centre - scale / 2));
}

static double reference(const float *from, int64_t fh, int64_t fw, int64_t th, int64_t tw, int64_t y, int64_t x,
                        aigc__filter_t filter)
{
    const double sy = (double)fh / (double)th, sx = (double)fw / (double)tw;
    double sum = 0, weights = 0;
    for (int64_t j = 0; j < fh; j++)
        for (int64_t i = 0; i < fw; i++) {
            const double w =
                filter_at(filter, sy, ((double)y + 0.5) * sy, j) * filter_at(filter, sx, ((double)x + 0.5) * sx, i);
            sum += w * (double)from[j * fw + i];
            weights += w;
        }
    return sum / weights;
}

static void it_agrees_with_the_definition_in_double(void **state)
{
    float from[MOST], to[MOST];
    (void)state;
    for (size_t i = 0; i < MOST; i++) from[i] = (float)((i * 7919) % 1000) / 1000.0f;
    for (size_t s = 0; s < SIZES; s++)
        for (int filter = AIGC__FILTER_AREA; filter <= AIGC__FILTER_NEAREST; filter++) {
            const int64_t fh = sizes[s].from_height, fw = sizes[s].from_width, th = sizes[s].to_height,
                          tw = sizes[s].to_width;
            check_ok(aigc__resize_f32(memory(), from, fh, fw, to, th, tw, 1, (aigc__filter_t)filter));
            for (int64_t k = 0; k < th * tw; k++)
                assert_true(fabs((double)to[k] -
                                 reference(from, fh, fw, th, tw, k / tw, k % tw, (aigc__filter_t)filter)) < 3e-6);
        }
}

static void a_constant_stays_itself(void **state)
{
    (void)state;
    for (size_t s = 0; s < SIZES; s++)
        for (int filter = 0; filter < 4; filter++)
            for (int value = 0; value <= 255; value += 51) {
                const int64_t fh = sizes[s].from_height, fw = sizes[s].from_width;
                void *data;
                check_ok(aigc__memory_alloc(memory(), (size_t)(fh * fw * 3), &data));
                memset(data, value, (size_t)(fh * fw * 3));
                aigc__pixels_t pixels = {fh, fw, 3, data};
                check_ok(aigc__pixels_resize(&pixels, memory(), sizes[s].to_height, sizes[s].to_width,
                                             (aigc__filter_t)filter));
                for (int64_t k = 0; k < pixels.height * pixels.width * 3; k++) assert_int_equal(pixels.data[k], value);
                aigc__memory_free(memory(), pixels.data);
            }
}

static void a_mirrored_picture_gives_the_mirrored_result(void **state)
{
    float from[53], mirrored[53], a[19], b[19];
    (void)state;
    for (size_t i = 0; i < 53; i++) from[i] = mirrored[52 - i] = (float)((i * 37) % 101) / 101.0f;
    for (int filter = 0; filter < 3; filter++) {
        check_ok(aigc__resize_f32(memory(), from, 1, 53, a, 1, 19, 1, (aigc__filter_t)filter));
        check_ok(aigc__resize_f32(memory(), mirrored, 1, 53, b, 1, 19, 1, (aigc__filter_t)filter));
        for (size_t i = 0; i < 19; i++) assert_true(fabsf(a[i] - b[18 - i]) < 1e-6f);
    }
}

static void known_values(void **state)
{
    const float step[4] = {0, 0, 1, 1};
    float to[8];
    (void)state;
    check_ok(aigc__resize_f32(memory(), step, 1, 4, to, 1, 2, 1, AIGC__FILTER_AREA));
    assert_true(to[0] == 0 && to[1] == 1);
    check_ok(aigc__resize_f32(memory(), step, 1, 4, to, 1, 3, 1, AIGC__FILTER_AREA)); /* 1.33 inputs each */
    assert_true(fabsf(to[1] - 0.5f) < 1e-6f);
    check_ok(aigc__resize_f32(memory(), step, 1, 4, to, 1, 8, 1, AIGC__FILTER_BILINEAR)); /* as Pillow's BILINEAR */
    const float bilinear[8] = {0, 0, 0, 0.25f, 0.75f, 1, 1, 1};
    for (size_t i = 0; i < 8; i++) assert_true(fabsf(to[i] - bilinear[i]) < 1e-6f);
    check_ok(aigc__resize_f32(memory(), step, 1, 4, to, 1, 2, 1,
                              AIGC__FILTER_BILINEAR)); /* triangle of width 4: 1,3,3,1 over 7 at the edge */
    assert_true(fabsf(to[0] - 1.0f / 7) < 1e-6f && fabsf(to[1] - 6.0f / 7) < 1e-6f);
}

/* Colour under zero alpha must not bleed into what is seen. */
static void alpha_weights_colours(void **state)
{
    uint8_t bytes[8] = {255, 0, 0, 255, 0, 255, 0, 0};
    void *data;
    (void)state;
    check_ok(aigc__memory_alloc(memory(), sizeof bytes, &data));
    memcpy(data, bytes, sizeof bytes);
    aigc__pixels_t pixels = {1, 2, 4, data};
    check_ok(aigc__pixels_resize(&pixels, memory(), 1, 1, AIGC__FILTER_AREA));
    const uint8_t expected[4] = {255, 0, 0, 128};
    assert_memory_equal(pixels.data, expected, 4);
    aigc__memory_free(memory(), pixels.data);
}

/* 4 x 8 to 2 x 2 takes the middle 4 x 4. */
static void fitting_cuts_the_middle(void **state)
{
    void *data;
    (void)state;
    check_ok(aigc__memory_alloc(memory(), 32, &data));
    aigc__pixels_t pixels = {4, 8, 1, data};
    for (int i = 0; i < 32; i++) pixels.data[i] = (uint8_t)(i % 8 < 2 || i % 8 > 5 ? 255 : i % 8 < 4 ? 10 : 20);
    check_ok(aigc__pixels_fit(&pixels, memory(), 2, 2, AIGC__FILTER_AREA));
    const uint8_t expected[4] = {10, 20, 10, 20};
    assert_true(pixels.height == 2 && pixels.width == 2);
    assert_memory_equal(pixels.data, expected, 4);
    aigc__memory_free(memory(), pixels.data);
}

static void fitting_a_line_of_pixels_is_bounded(void **state)
{
    void *data;
    (void)state;
    check_ok(aigc__memory_alloc_zeroed(memory(), 16384, &data));
    const uint64_t before = atomic_load(&memory()->peak);
    aigc__pixels_t pixels = {16384, 1, 1, data};
    check_ok(aigc__pixels_fit(&pixels, memory(), 64, 64, AIGC__FILTER_LANCZOS));
    assert_true(atomic_load(&memory()->peak) - before < 100000);
    aigc__memory_free(memory(), pixels.data);
}

static void tensors_of_both_types_are_resized_alike(void **state)
{
    aigc_tensor_t *bytes = NULL, *floats = NULL, *small_bytes = NULL, *small_floats = NULL;
    (void)state;
    check_ok(aigc__tensor_create(&bytes, world.context, AIGC_DTYPE_U8, 4, (const int64_t[]){3, 12, 10, 3}));
    for (size_t i = 0; i < bytes->count; i++) ((uint8_t *)bytes->data)[i] = (uint8_t)(i * 31);
    check_ok(aigc__tensor_convert(&floats, bytes, AIGC_DTYPE_F32));
    check_ok(aigc__image_resize(&small_bytes, bytes, 5, 20, AIGC__FILTER_BILINEAR));
    check_ok(aigc__image_resize(&small_floats, floats, 5, 20, AIGC__FILTER_BILINEAR));
    assert_int_equal(small_bytes->count, 3 * 5 * 20 * 3);
    for (size_t i = 0; i < small_bytes->count; i++)
        assert_true(fabsf((float)((uint8_t *)small_bytes->data)[i] - 255 * ((float *)small_floats->data)[i]) <= 0.501f);
    aigc_tensor_t *none = NULL;
    check_failure(aigc__image_resize(&none, bytes, 0, 20, AIGC__FILTER_AREA), AIGC_ERROR_ARGUMENT, "without pixels");
    assert_null(none);
    aigc__tensor_release(bytes);
    aigc__tensor_release(floats);
    aigc__tensor_release(small_bytes);
    aigc__tensor_release(small_floats);
}

static aigc_status_t resize_once(data_world_t *w)
{
    void *data;
    AIGC__TRY(aigc__memory_alloc_zeroed(&w->context->memory, 300, &data));
    aigc__pixels_t pixels = {10, 10, 3, data};
    const aigc_status_t status = aigc__pixels_fit(&pixels, &w->context->memory, 4, 6, AIGC__FILTER_LANCZOS);
    aigc__memory_free(&w->context->memory, pixels.data);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    assert_true(data_sweep(&world, resize_once) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_agrees_with_the_definition_in_double, setup, teardown),
        cmocka_unit_test_setup_teardown(a_constant_stays_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mirrored_picture_gives_the_mirrored_result, setup, teardown),
        cmocka_unit_test_setup_teardown(known_values, setup, teardown),
        cmocka_unit_test_setup_teardown(alpha_weights_colours, setup, teardown),
        cmocka_unit_test_setup_teardown(fitting_cuts_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(fitting_a_line_of_pixels_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(tensors_of_both_types_are_resized_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
