#include "data/data_world.h"
#include "data/transform.h"
#include "support/unit.h"
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

/* Picture i of n is full of i + 1 (u8) or (i + 1) / 10 (f32). */
static aigc_tensor_t *pictures(aigc_dtype_t dtype, int64_t n, int64_t height, int64_t width, int64_t channels)
{
    aigc_tensor_t *images = NULL;
    check_ok(aigc__tensor_create(&images, world.context, dtype, 4, (const int64_t[]){n, height, width, channels}));
    const size_t each = images->count / (size_t)n;
    for (size_t i = 0; i < images->count; i++) {
        if (dtype == AIGC_DTYPE_U8)
            ((uint8_t *)images->data)[i] = (uint8_t)(i / each + 1);
        else
            ((float *)images->data)[i] = (float)(i / each + 1) / 10.0f;
    }
    return images;
}

static void check_shape(const aigc_tensor_t *sheet, int64_t height, int64_t width, int64_t channels)
{
    const int64_t expected[4] = {1, height, width, channels};
    assert_int_equal(sheet->rank, 4);
    assert_memory_equal(sheet->shape, expected, sizeof expected);
}

static void padding_lies_between_and_around(void **state)
{
    static const char *const expected = "9999999"
                                        "9119229"
                                        "9999999"
                                        "9339999"
                                        "9999999";
    aigc_tensor_t *images = pictures(AIGC_DTYPE_U8, 3, 1, 2, 1), *sheet = NULL;
    (void)state;
    check_ok(
        aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 2, .padding = 1, .pad_value = 9 / 255.0}));
    check_shape(sheet, 5, 7, 1);
    for (size_t i = 0; i < sheet->count; i++) assert_int_equal(((uint8_t *)sheet->data)[i], expected[i] - '0');
    aigc__tensor_release(images);
    aigc__tensor_release(sheet);
}

static void one_picture_comes_back_unpadded(void **state)
{
    aigc_tensor_t *images = pictures(AIGC_DTYPE_F32, 1, 3, 4, 3), *sheet = NULL;
    (void)state;
    check_ok(aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 8, .padding = 2}));
    check_shape(sheet, 3, 4, 3);
    assert_memory_equal(sheet->data, images->data, images->bytes);
    aigc__tensor_release(images);
    aigc__tensor_release(sheet);
}

static void fewer_pictures_than_columns_make_a_narrow_sheet(void **state)
{
    aigc_tensor_t *images = pictures(AIGC_DTYPE_F32, 3, 2, 2, 1), *sheet = NULL;
    (void)state;
    check_ok(aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 8, .padding = 2}));
    check_shape(sheet, 6, 14, 1);
    aigc__tensor_release(images);
    aigc__tensor_release(sheet);
}

static void normalizing_stretches_to_0_and_1(void **state)
{
    aigc_tensor_t *images = pictures(AIGC_DTYPE_F32, 3, 1, 1, 1), *sheet = NULL,
                  *bytes = pictures(AIGC_DTYPE_U8, 3, 1, 1, 1), *byte_sheet = NULL;
    (void)state;
    check_ok(aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 3, .normalize = true}));
    const float expected[3] = {0, 0.5f, 1};
    for (size_t i = 0; i < 3; i++) assert_float_equal(((float *)sheet->data)[i], expected[i], 1e-6);
    aigc__tensor_release(sheet);
    check_ok(aigc__image_grid(&sheet, images,
                              &(aigc__grid_options_t){.columns = 3, .normalize = true, .low = 0.15, .high = 0.25}));
    for (size_t i = 0; i < 3; i++) assert_float_equal(((float *)sheet->data)[i], expected[i], 1e-5);
    check_ok(aigc__image_grid(&byte_sheet, bytes, &(aigc__grid_options_t){.columns = 3, .normalize = true}));
    assert_int_equal(((uint8_t *)byte_sheet->data)[1], 128);
    aigc__tensor_release(images);
    aigc__tensor_release(sheet);
    aigc__tensor_release(bytes);
    aigc__tensor_release(byte_sheet);
}

static void alpha_is_opaque_in_the_padding_and_not_stretched(void **state)
{
    aigc_tensor_t *images = pictures(AIGC_DTYPE_U8, 2, 1, 1, 4), *sheet = NULL;
    (void)state;
    check_ok(aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 2, .padding = 1, .normalize = true}));
    const uint8_t *bytes = sheet->data;
    const uint8_t padding[4] = {0, 0, 0, 255}, first[4] = {0, 0, 0, 1}, second[4] = {255, 255, 255, 2};
    assert_memory_equal(bytes, padding, 4);
    assert_memory_equal(bytes + 4 * (5 + 1), first, 4);
    assert_memory_equal(bytes + 4 * (5 + 3), second, 4);
    aigc__tensor_release(images);
    aigc__tensor_release(sheet);
}

static void senseless_grids_are_refused(void **state)
{
    aigc_tensor_t *images = pictures(AIGC_DTYPE_U8, 2, 1, 1, 3), *sheet = NULL, *flat = NULL, *none = NULL;
    (void)state;
    check_ok(aigc__tensor_create(&flat, world.context, AIGC_DTYPE_U8, 2, (const int64_t[]){2, 3}));
    check_ok(aigc__tensor_create(&none, world.context, AIGC_DTYPE_U8, 4, (const int64_t[]){0, 2, 2, 3}));
    check_failure(aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 0}), AIGC_ERROR_ARGUMENT,
                  "0 columns");
    check_failure(aigc__image_grid(&sheet, images, &(aigc__grid_options_t){.columns = 1, .padding = -1}),
                  AIGC_ERROR_ARGUMENT, "padding -1");
    check_failure(aigc__image_grid(&sheet, flat, &(aigc__grid_options_t){.columns = 1}), AIGC_ERROR_ARGUMENT, "[2,3]");
    check_failure(aigc__image_grid(&sheet, none, &(aigc__grid_options_t){.columns = 1}), AIGC_ERROR_ARGUMENT,
                  "no pixels");
    assert_null(sheet);
    aigc__tensor_release(images);
    aigc__tensor_release(flat);
    aigc__tensor_release(none);
}

/* ---- files ---- */

static void a_picture_survives_its_png(void **state)
{
    (void)state;
    for (int64_t channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1) {
        aigc_tensor_t *image = pictures(AIGC_DTYPE_U8, 1, 5, 7, channels), *back = NULL;
        for (size_t i = 0; i < image->count; i++) ((uint8_t *)image->data)[i] = (uint8_t)(i * 11);
        check_ok(aigc__image_write(image, data_path(&world, "a.PNG"), 90, 6));
        check_ok(aigc__image_read(&back, world.context, data_path(&world, "a.PNG"), &(aigc__pixel_request_t){0}));
        check_shape(back, 5, 7, channels);
        assert_memory_equal(back->data, image->data, image->bytes);
        aigc__tensor_release(image);
        aigc__tensor_release(back);
    }
}

static void only_known_suffixes_and_single_images_are_written(void **state)
{
    aigc_tensor_t *one = pictures(AIGC_DTYPE_F32, 1, 2, 2, 3), *two = pictures(AIGC_DTYPE_F32, 2, 2, 2, 3),
                  *back = NULL;
    (void)state;
    check_failure(aigc__image_write(one, data_path(&world, "a.bmp"), 90, 6), AIGC_ERROR_ARGUMENT,
                  ".png, .jpg or .jpeg");
    check_failure(aigc__image_write(two, data_path(&world, "a.png"), 90, 6), AIGC_ERROR_ARGUMENT, "[2,2,2,3]");
    check_failure(aigc__image_write(one, data_path(&world, "no/a.png"), 90, 6), AIGC_ERROR_IO, "no/a.png");
    check_failure(aigc__image_read(&back, world.context, data_path(&world, "a.png"), &(aigc__pixel_request_t){0}),
                  AIGC_ERROR_IO, "a.png");
    assert_null(back);
    aigc__tensor_release(one);
    aigc__tensor_release(two);
}

static void backgrounds_are_names_or_hexadecimal(void **state)
{
    static const char *const bad[] = {"", "red", "#12345", "#1234567", "#12345g", "123456", NULL};
    uint8_t rgb[3];
    (void)state;
    check_ok(aigc__parse_background(rgb, "white"));
    assert_true(rgb[0] == 255 && rgb[1] == 255 && rgb[2] == 255);
    check_ok(aigc__parse_background(rgb, "black"));
    assert_true(rgb[0] == 0 && rgb[1] == 0 && rgb[2] == 0);
    check_ok(aigc__parse_background(rgb, "#1aB0ff"));
    assert_true(rgb[0] == 0x1a && rgb[1] == 0xb0 && rgb[2] == 0xff);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_failure(aigc__parse_background(rgb, bad[i]), AIGC_ERROR_OPTION, "#rrggbb");
}

static aigc_status_t write_and_read(data_world_t *w)
{
    aigc_tensor_t *image = NULL, *back = NULL, *sheet = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__tensor_create(&image, w->context, AIGC_DTYPE_F32, 4, (const int64_t[]){2, 4, 4, 3}));
    AIGC__GOTO(done, aigc__image_grid(&sheet, image, &(aigc__grid_options_t){.columns = 2, .padding = 1}));
    AIGC__GOTO(done, aigc__image_write(sheet, data_path(w, "s.png"), 90, 1));
    AIGC__GOTO(done, aigc__image_read(&back, w->context, data_path(w, "s.png"), &(aigc__pixel_request_t){0}));
done:
    aigc__tensor_release(image);
    aigc__tensor_release(sheet);
    aigc__tensor_release(back);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    assert_true(data_sweep(&world, write_and_read) > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(padding_lies_between_and_around, setup, teardown),
        cmocka_unit_test_setup_teardown(one_picture_comes_back_unpadded, setup, teardown),
        cmocka_unit_test_setup_teardown(fewer_pictures_than_columns_make_a_narrow_sheet, setup, teardown),
        cmocka_unit_test_setup_teardown(normalizing_stretches_to_0_and_1, setup, teardown),
        cmocka_unit_test_setup_teardown(alpha_is_opaque_in_the_padding_and_not_stretched, setup, teardown),
        cmocka_unit_test_setup_teardown(senseless_grids_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_picture_survives_its_png, setup, teardown),
        cmocka_unit_test_setup_teardown(only_known_suffixes_and_single_images_are_written, setup, teardown),
        cmocka_unit_test_setup_teardown(backgrounds_are_names_or_hexadecimal, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
