#include "format_maker.h"
#include "support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if AIGC_HAVE_JPEG

static format_world_t world;

static int setup(void **state)
{
    (void)state;
    return format_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return format_world_close(&world);
}

static const aigc__pixel_request_t as_is = {0, {0, 0, 0}};

static aigc_status_t read_jpeg(aigc__pixels_t *out, const char *name, test_bytes_t bytes)
{
    aigc__source_t source;
    aigc__source_from_memory(&source, name, bytes.data, bytes.size);
    return aigc__pixels_read(out, &world.context->memory, &source, &as_is);
}

static test_bytes_t write_jpeg(const aigc__pixels_t *pixels, int quality)
{
    aigc__saver_t *saver = format_begin(&world);
    check_ok(aigc__jpeg_write(saver, &world.context->memory, pixels, quality));
    return format_commit(&world, saver);
}

/* A gradient: what JPEG keeps well. */
static void draw_smooth(uint8_t *data, int64_t height, int64_t width, int64_t channels)
{
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            for (int64_t k = 0; k < channels; k++) *data++ = (uint8_t)(40 + x * (k + 1) + y * (3 - k));
}

static int worst_difference(const uint8_t *a, const uint8_t *b, size_t n)
{
    int worst = 0;
    for (size_t i = 0; i < n; i++) worst = abs(a[i] - b[i]) > worst ? abs(a[i] - b[i]) : worst;
    return worst;
}

/* ---- reading and writing ---- */

static void pictures_come_back_nearly_as_written(void **state)
{
    (void)state;
    uint8_t data[40 * 33 * 3];
    for (int64_t channels = 1; channels <= 3; channels += 2) {
        draw_smooth(data, 33, 40, channels);
        const aigc__pixels_t written = {33, 40, channels, data};
        const test_bytes_t bytes = write_jpeg(&written, 95);
        aigc__pixels_t read;
        check_ok(read_jpeg(&read, "made", bytes));
        assert_int_equal(read.height, 33);
        assert_int_equal(read.width, 40);
        assert_int_equal(read.channels, channels);
        assert_in_range(worst_difference(read.data, data, (size_t)(33 * 40 * channels)), 0, 5);
        aigc__memory_free(&world.context->memory, read.data);
        free(bytes.data);
    }
}

/* SOF0: marker, length, precision, height, width, components, then id and sampling of the first. */
static uint8_t luma_sampling(test_bytes_t jpeg)
{
    for (size_t at = 2; at + 12 < jpeg.size; at += 2 + (size_t)(jpeg.data[at + 2] << 8 | jpeg.data[at + 3]))
        if (jpeg.data[at + 1] == 0xc0) return jpeg.data[at + 11];
    return 0;
}

static void high_quality_keeps_colour_at_full_resolution(void **state)
{
    (void)state;
    uint8_t data[32 * 32 * 3];
    draw_pixels(data, 32, 32, 3);
    const aigc__pixels_t written = {32, 32, 3, data};
    const test_bytes_t low = write_jpeg(&written, 40), middle = write_jpeg(&written, 89),
                       high = write_jpeg(&written, 90);
    assert_true(low.size < middle.size && middle.size < high.size);
    assert_int_equal(luma_sampling(middle), 0x22);
    assert_int_equal(luma_sampling(high), 0x11);
    free(low.data);
    free(middle.data);
    free(high.data);
}

static void impossible_pictures_are_not_written(void **state)
{
    (void)state;
    uint8_t data[16] = {0};
    const aigc__pixels_t rgba = {2, 2, 4, data}, empty = {0, 2, 3, data}, fine = {2, 2, 3, data};
    aigc__saver_t *saver = format_begin(&world);
    aigc__memory_t *memory = &world.context->memory;
    check_failure(aigc__jpeg_write(saver, memory, &rgba, 90), AIGC_ERROR_ARGUMENT, "transparency");
    check_failure(aigc__jpeg_write(saver, memory, &empty, 90), AIGC_ERROR_ARGUMENT, "2 x 0");
    check_failure(aigc__jpeg_write(saver, memory, &fine, 0), AIGC_ERROR_ARGUMENT, "quality 0");
    aigc__saver_abort(saver);
}

static void progressive_files_are_read(void **state)
{
    (void)state;
    uint8_t data[40 * 40 * 3];
    draw_smooth(data, 40, 40, 3);
    const aigc__pixels_t pixels = {40, 40, 3, data};
    const test_bytes_t bytes = make_jpeg(&pixels, (jpeg_recipe_t){.components = 3, .is_progressive = true});
    aigc__pixels_t read;
    check_ok(read_jpeg(&read, "made", bytes));
    assert_in_range(worst_difference(read.data, data, sizeof data), 0, 12);
    aigc__memory_free(&world.context->memory, read.data);
    free(bytes.data);
}

/* Inks on white paper: 255 - ink of each colour, dimmed by black. */
static void inks_become_screen_colours(void **state)
{
    (void)state;
    uint8_t inks[16 * 16 * 4], inverted[sizeof inks];
    for (size_t i = 0; i < sizeof inks; i++) inks[i] = (const uint8_t[]){0, 128, 255, 51}[i % 4];
    for (size_t i = 0; i < sizeof inks; i++) inverted[i] = 255 - inks[i];
    for (int adobe = 0; adobe <= 1; adobe++) {
        const aigc__pixels_t pixels = {16, 16, 4, adobe ? inverted : inks};
        const test_bytes_t bytes = make_jpeg(&pixels, (jpeg_recipe_t){.components = 4, .has_adobe_marker = adobe});
        aigc__pixels_t read;
        check_ok(read_jpeg(&read, "made", bytes));
        assert_int_equal(read.channels, 3);
        assert_in_range(worst_difference(read.data, (const uint8_t[]){204, 102, 0}, 3), 0, 3);
        aigc__memory_free(&world.context->memory, read.data);
        free(bytes.data);
    }
}

/* ---- orientation ---- */

/* The corners of the upright picture, clockwise from the top left, as the brightness each has in the
 * stored one: 0 top left, 1 top right, 2 bottom left, 3 bottom right. EXIF 2.3, table 6. */
static const uint8_t upright[9][4] = {{0},          {0, 1, 3, 2}, {1, 0, 2, 3}, {3, 2, 0, 1}, {2, 3, 1, 0},
                                      {0, 2, 3, 1}, {2, 0, 1, 3}, {3, 1, 0, 2}, {1, 3, 2, 0}};

static void pictures_are_turned_upright(void **state)
{
    (void)state;
    enum { HEIGHT = 16, WIDTH = 32 };
    uint8_t data[HEIGHT * WIDTH];
    for (int i = 0; i < HEIGHT * WIDTH; i++)
        data[i] = (uint8_t)(40 + 60 * ((i % WIDTH >= WIDTH / 2) + 2 * (i / WIDTH >= HEIGHT / 2)));
    for (int orientation = 1; orientation <= 8; orientation++) {
        const aigc__pixels_t pixels = {HEIGHT, WIDTH, 1, data};
        const test_bytes_t bytes = make_jpeg(&pixels, (jpeg_recipe_t){.components = 1, .orientation = orientation});
        aigc__pixels_t read;
        check_ok(read_jpeg(&read, "made", bytes));
        assert_int_equal(read.width, orientation > 4 ? HEIGHT : WIDTH);
        assert_int_equal(read.height, orientation > 4 ? WIDTH : HEIGHT);
        const int64_t bottom = (read.height - 1) * read.width, right = read.width - 1;
        const uint8_t seen[4] = {read.data[0], read.data[right], read.data[bottom + right], read.data[bottom]};
        for (int i = 0; i < 4; i++)
            assert_in_range(seen[i], 38 + 60 * upright[orientation][i], 42 + 60 * upright[orientation][i]);
        aigc__memory_free(&world.context->memory, read.data);
        free(bytes.data);
    }
}

static void a_senseless_orientation_is_ignored(void **state)
{
    (void)state;
    uint8_t data[16 * 8] = {0};
    const aigc__pixels_t pixels = {8, 16, 1, data};
    for (int orientation = 9; orientation < 256; orientation += 41) {
        const test_bytes_t bytes = make_jpeg(&pixels, (jpeg_recipe_t){.components = 1, .orientation = orientation});
        aigc__pixels_t read;
        check_ok(read_jpeg(&read, "made", bytes));
        assert_int_equal(read.width, 16);
        aigc__memory_free(&world.context->memory, read.data);
        free(bytes.data);
    }
}

/* ---- refusals ---- */

static void a_cut_file_is_no_picture(void **state)
{
    (void)state;
    uint8_t data[64 * 64 * 3];
    draw_pixels(data, 64, 64, 3);
    const aigc__pixels_t pixels = {64, 64, 3, data};
    for (int progressive = 0; progressive <= 1; progressive++) {
        test_bytes_t bytes = make_jpeg(&pixels, (jpeg_recipe_t){.components = 3, .is_progressive = progressive});
        const size_t whole = bytes.size;
        for (bytes.size = 3; bytes.size < whole; bytes.size += 7) {
            aigc__pixels_t read;
            check_failure(read_jpeg(&read, "cut.jpg", bytes), AIGC_ERROR_CORRUPT, "cut.jpg");
        }
        free(bytes.data);
    }
}

static void damaged_data_is_no_picture(void **state)
{
    (void)state;
    uint8_t data[64 * 64];
    draw_pixels(data, 64, 64, 1);
    const aigc__pixels_t pixels = {64, 64, 1, data};
    test_bytes_t bytes = write_jpeg(&pixels, 90);
    aigc__pixels_t read;
    memcpy(bytes.data + bytes.size - 200, "\xff\xd9", 2);
    check_failure(read_jpeg(&read, "hole.jpg", bytes), AIGC_ERROR_CORRUPT, "premature end");
    free(bytes.data);
}

static void more_scans_than_anybody_needs_are_refused(void **state)
{
    (void)state;
    uint8_t data[8 * 8] = {0};
    const aigc__pixels_t pixels = {8, 8, 1, data};
    const jpeg_recipe_t recipe = {.components = 1, .is_progressive = true, .is_dc_alone = true};
    test_bytes_t bytes = make_jpeg(&pixels, recipe), bomb = {0};
    aigc__pixels_t read;
    check_ok(read_jpeg(&read, "fine.jpg", bytes));
    aigc__memory_free(&world.context->memory, read.data);
    size_t scan = bytes.size - 2;
    while (bytes.data[scan] != 0xff || bytes.data[scan + 1] != 0xda) scan--;
    test_bytes_add(&bomb, bytes.data, scan);
    for (int i = 0; i < 200; i++) test_bytes_add(&bomb, bytes.data + scan, bytes.size - 2 - scan);
    test_bytes_add(&bomb, "\xff\xd9", 2);
    check_failure(read_jpeg(&read, "bomb.jpg", bomb), AIGC_ERROR_LIMIT, "more than 100 scans");
    free(bytes.data);
    free(bomb.data);
}

/* A header alone, for the largest picture allowed. */
static void a_large_claim_needs_a_large_file(void **state)
{
    (void)state;
    uint8_t data[16 * 16 * 3] = {0};
    const aigc__pixels_t pixels = {16, 16, 3, data};
    for (int progressive = 0; progressive <= 1; progressive++) {
        test_bytes_t bytes = make_jpeg(&pixels, (jpeg_recipe_t){.components = 3, .is_progressive = progressive});
        size_t at = 2;
        while (bytes.data[at + 1] != 0xc0 && bytes.data[at + 1] != 0xc2)
            at += 2 + (size_t)(bytes.data[at + 2] << 8 | bytes.data[at + 3]);
        aigc__pixels_t read;
        memcpy(bytes.data + at + 5, "\x10\x00\x40\x00", 4);
        check_failure(read_jpeg(&read, "claim.jpg", bytes), AIGC_ERROR_CORRUPT, "16384 x 4096");
        memcpy(bytes.data + at + 5, "\x10\x01\x40\x00", 4);
        check_failure(read_jpeg(&read, "claim.jpg", bytes), AIGC_ERROR_LIMIT, "16384 x 4097");
        free(bytes.data);
    }
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    uint8_t data[16 * 16 * 3];
    draw_pixels(data, 16, 16, 3);
    const aigc__pixels_t pixels = {16, 16, 3, data};
    const jpeg_recipe_t recipe = {.components = 3, .orientation = 6};
    const test_bytes_t bytes = make_jpeg(&pixels, recipe);
    const size_t idle = world.memory.blocks;
    size_t failed = 0;
    for (size_t at = 1; at < 1000; at++) {
        aigc__pixels_t read;
        test_memory_fail(&world.memory, at, false);
        const aigc_status_t status = read_jpeg(&read, "made", bytes);
        test_memory_fail(&world.memory, 0, false);
        if (status == AIGC_OK) {
            aigc__memory_free(&world.context->memory, read.data);
            break;
        }
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        assert_int_equal(world.memory.blocks, idle);
        failed++;
    }
    assert_in_range(failed, 3, 100);
    free(bytes.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_come_back_nearly_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(high_quality_keeps_colour_at_full_resolution, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_pictures_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(progressive_files_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(inks_become_screen_colours, setup, teardown),
        cmocka_unit_test_setup_teardown(pictures_are_turned_upright, setup, teardown),
        cmocka_unit_test_setup_teardown(a_senseless_orientation_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_file_is_no_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_data_is_no_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(more_scans_than_anybody_needs_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_claim_needs_a_large_file, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void a_build_without_jpeg_says_how_to_get_it(void **state)
{
    (void)state;
    aigc__pixels_t read;
    aigc__source_t source;
    aigc__memory_t memory;
    const aigc__pixel_request_t as_is = {0, {0, 0, 0}};
    aigc__memory_init(&memory, NULL, 0);
    aigc__source_from_memory(&source, "a.jpg", "\xff\xd8\xff\xe0", 4);
    assert_false(aigc__pixels_known(&source));
    check_failure(aigc__pixels_read(&read, &memory, &source, &as_is), AIGC_ERROR_UNSUPPORTED, "-Djpeg=enabled");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_build_without_jpeg_says_how_to_get_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
