#include "format_maker.h"
#include "support/unit.h"
#include <dirent.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static aigc_status_t read_png(aigc__pixels_t *out, const char *name, test_bytes_t bytes,
                              const aigc__pixel_request_t *request)
{
    aigc__source_t source;
    aigc__source_from_memory(&source, name, bytes.data, bytes.size);
    return aigc__pixels_read(out, &world.context->memory, &source, request);
}

static test_bytes_t write_png(const aigc__pixels_t *pixels, int compression)
{
    aigc__saver_t *saver = format_begin(&world);
    check_ok(aigc__png_write(saver, &world.context->memory, pixels, compression));
    return format_commit(&world, saver);
}

/* ---- round trips ---- */

static void pixels_come_back_as_written(void **state)
{
    (void)state;
    for (int64_t channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1)
        for (int64_t side = 1; side <= 64; side = side * 3 + 1) {
            uint8_t data[64 * 2 * 64 * 4];
            draw_pixels(data, side, side * 2 - 1, channels);
            const aigc__pixels_t written = {side, side * 2 - 1, channels, data};
            const test_bytes_t bytes = write_png(&written, 6);
            aigc__pixels_t read;
            check_ok(read_png(&read, "made", bytes, &as_is));
            assert_int_equal(read.height, side);
            assert_int_equal(read.width, side * 2 - 1);
            assert_int_equal(read.channels, channels);
            assert_memory_equal(read.data, data, (size_t)(side * (side * 2 - 1) * channels));
            aigc__memory_free(&world.context->memory, read.data);
            free(bytes.data);
        }
}

static void compression_changes_size_but_not_pixels(void **state)
{
    (void)state;
    uint8_t data[48 * 48 * 3];
    size_t sizes[10];
    draw_pixels(data, 48, 48, 3);
    const aigc__pixels_t written = {48, 48, 3, data};
    for (int level = 0; level <= 9; level++) {
        const test_bytes_t bytes = write_png(&written, level), again = write_png(&written, level);
        aigc__pixels_t read;
        assert_int_equal(bytes.size, again.size);
        assert_memory_equal(bytes.data, again.data, bytes.size);
        check_ok(read_png(&read, "made", bytes, &as_is));
        assert_memory_equal(read.data, data, sizeof data);
        aigc__memory_free(&world.context->memory, read.data);
        sizes[level] = bytes.size;
        free(bytes.data);
        free(again.data);
    }
    assert_true(sizes[0] > sizeof data && sizes[9] < sizes[0] / 2);
}

static void impossible_pictures_are_not_written(void **state)
{
    (void)state;
    uint8_t data[16] = {0};
    const aigc__pixels_t empty = {0, 2, 3, data}, pair = {2, 2, 2, data}, fine = {2, 2, 3, data};
    aigc__saver_t *saver = format_begin(&world);
    aigc__memory_t *memory = &world.context->memory;
    check_failure(aigc__png_write(saver, memory, &empty, 6), AIGC_ERROR_ARGUMENT, "2 x 0");
    check_failure(aigc__png_write(saver, memory, &pair, 6), AIGC_ERROR_ARGUMENT, "2 channels");
    check_failure(aigc__png_write(saver, memory, &fine, 10), AIGC_ERROR_ARGUMENT, "compression 10");
    aigc__saver_abort(saver);
}

/* ---- requests ---- */

static void alpha_is_blended_over_the_background(void **state)
{
    (void)state;
    const uint8_t rgba[4 * 4] = {255, 0, 10, 255, 255, 0, 10, 0, 200, 100, 50, 128, 1, 2, 3, 1};
    const aigc__pixels_t written = {1, 4, 4, (uint8_t *)rgba};
    const test_bytes_t bytes = write_png(&written, 6);
    const aigc__pixel_request_t rgb = {3, {10, 20, 255}};
    aigc__pixels_t read;
    check_ok(read_png(&read, "made", bytes, &rgb));
    assert_int_equal(read.channels, 3);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 3; k++) {
            const double alpha = rgba[i * 4 + 3] / 255.0;
            const double exact = rgba[i * 4 + k] * alpha + rgb.background[k] * (1 - alpha);
            assert_int_equal(read.data[i * 3 + k], (int)(exact + 0.5));
        }
    aigc__memory_free(&world.context->memory, read.data);
    free(bytes.data);
}

static void channels_are_made_and_dropped_on_request(void **state)
{
    (void)state;
    const uint8_t rgb[6] = {10, 200, 30, 7, 7, 7};
    const aigc__pixels_t color = {1, 2, 3, (uint8_t *)rgb}, gray = {1, 6, 1, (uint8_t *)rgb};
    const test_bytes_t color_bytes = write_png(&color, 6), gray_bytes = write_png(&gray, 6);
    const aigc__pixel_request_t to_gray = {1, {0, 0, 0}}, to_rgb = {3, {0, 0, 0}}, to_rgba = {4, {0, 0, 0}};
    aigc__pixels_t read;
    check_ok(read_png(&read, "color", color_bytes, &to_gray));
    assert_int_equal(read.channels, 1);
    assert_int_equal(read.data[0], 124); /* 0.299 10 + 0.587 200 + 0.114 30 = 123.81 */
    assert_int_equal(read.data[1], 7);
    aigc__memory_free(&world.context->memory, read.data);
    check_ok(read_png(&read, "color", color_bytes, &to_rgba));
    assert_memory_equal(read.data, ((const uint8_t[]){10, 200, 30, 255, 7, 7, 7, 255}), 8);
    aigc__memory_free(&world.context->memory, read.data);
    check_ok(read_png(&read, "gray", gray_bytes, &to_rgb));
    assert_int_equal(read.channels, 3);
    assert_memory_equal(read.data, ((const uint8_t[]){10, 10, 10, 200, 200, 200}), 6);
    aigc__memory_free(&world.context->memory, read.data);
    free(color_bytes.data);
    free(gray_bytes.data);
}

static void gray_with_alpha_becomes_rgba(void **state)
{
    (void)state;
    test_bytes_t png = png_begin(2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, 0);
    const uint8_t rows[5] = {0, 100, 255, 50, 0};
    const aigc__pixel_request_t to_gray = {1, {90, 90, 90}};
    aigc__pixels_t read;
    png_end(&png, rows, sizeof rows);
    check_ok(read_png(&read, "made", png, &as_is));
    assert_int_equal(read.channels, 4);
    assert_memory_equal(read.data, ((const uint8_t[]){100, 100, 100, 255, 50, 50, 50, 0}), 8);
    aigc__memory_free(&world.context->memory, read.data);
    check_ok(read_png(&read, "made", png, &to_gray));
    assert_memory_equal(read.data, ((const uint8_t[]){100, 90}), 2);
    aigc__memory_free(&world.context->memory, read.data);
    free(png.data);
}

static void sixteen_bits_are_scaled_not_cut(void **state)
{
    (void)state;
    test_bytes_t png = png_begin(256, 1, 16, PNG_COLOR_TYPE_GRAY, 0);
    uint8_t rows[1 + 512] = {0};
    aigc__pixels_t read;
    for (unsigned i = 0; i < 256; i++) {
        rows[1 + 2 * i] = (uint8_t)i;
        rows[2 + 2 * i] = (uint8_t)(i * 37);
    }
    png_end(&png, rows, sizeof rows);
    check_ok(read_png(&read, "made", png, &as_is));
    for (unsigned i = 0; i < 256; i++) {
        const unsigned wide = (unsigned)rows[1 + 2 * i] << 8 | rows[2 + 2 * i];
        assert_int_equal(read.data[i], (wide * 255 + 32895) >> 16);
    }
    aigc__memory_free(&world.context->memory, read.data);
    free(png.data);
}

/* ---- what files carry besides pixels ---- */

static void long_private_and_text_chunks_are_skipped(void **state)
{
    (void)state;
    enum { LONG = 9000000 };
    test_bytes_t png = png_begin(1, 1, 8, PNG_COLOR_TYPE_GRAY, 0);
    uint8_t *junk = calloc(1, LONG);
    aigc__pixels_t read;
    png_add_chunk(&png, "iCCP", junk, LONG);
    png_add_chunk(&png, "zTXt", junk, LONG);
    png_add_chunk(&png, "prVt", junk, LONG);
    png_add_chunk(&png, "gAMA", "\0\0\1\0", 4);
    png_end(&png, "\0\x55", 2);
    world.context->memory.peak = 0;
    check_ok(read_png(&read, "made", png, &as_is));
    assert_int_equal(read.data[0], 0x55);
    assert_true(world.context->memory.peak < 1 << 20);
    aigc__memory_free(&world.context->memory, read.data);
    free(png.data);
    free(junk);
}

static void an_animation_gives_its_first_picture(void **state)
{
    (void)state;
    test_bytes_t png = png_begin(1, 1, 8, PNG_COLOR_TYPE_GRAY, 0);
    aigc__pixels_t read;
    png_add_chunk(&png, "acTL", "\0\0\0\1\0\0\0\0", 8);
    png_end(&png, "\0\x66", 2);
    check_ok(read_png(&read, "made", png, &as_is));
    assert_int_equal(read.data[0], 0x66);
    aigc__memory_free(&world.context->memory, read.data);
    free(png.data);
}

/* ---- refusals ---- */

static void oversized_pictures_are_refused_by_size(void **state)
{
    (void)state;
    aigc__pixels_t read = {.data = (uint8_t *)&world};
    test_bytes_t wide = png_begin(AIGC__PICTURE_SIDE + 1, 1, 8, PNG_COLOR_TYPE_GRAY, 0);
    test_bytes_t large = png_begin(16384, 4097, 8, PNG_COLOR_TYPE_GRAY, 0);
    test_bytes_t thin = png_begin(16384, 4096, 8, PNG_COLOR_TYPE_RGB, 0);
    png_end(&wide, "\0\1", 2);
    png_end(&large, "\0\1", 2);
    png_end(&thin, "\0\1", 2);
    check_failure(read_png(&read, "a.png", wide, &as_is), AIGC_ERROR_LIMIT, "a.png: the picture is 16385 x 1");
    check_failure(read_png(&read, "b.png", large, &as_is), AIGC_ERROR_LIMIT, "16384 x 4097");
    check_failure(read_png(&read, "c.png", thin, &as_is), AIGC_ERROR_CORRUPT, "more than a file of");
    assert_ptr_equal(read.data, &world);
    free(wide.data);
    free(large.data);
    free(thin.data);
}

/* 200 KiB of zero bytes that do inflate, for a picture a thousand times that size: only what has been
 * inflated may have been allocated. */
static void memory_follows_the_pixels_that_are_there(void **state)
{
    (void)state;
    for (uint8_t interlace = 0; interlace <= 1; interlace++) {
        test_bytes_t png = png_begin(8192, 8192, 8, PNG_COLOR_TYPE_GRAY, interlace);
        uint8_t *junk = calloc(1, 200000);
        aigc__pixels_t read;
        png_add_chunk(&png, "prVt", junk, 200000);
        png_end(&png, junk, 50000);
        world.context->memory.peak = 0;
        check_failure(read_png(&read, "d.png", png, &as_is), AIGC_ERROR_CORRUPT, "Not enough image data");
        assert_true(world.context->memory.peak < (1 << 20) + 4 * png.size);
        free(junk);
        free(png.data);
    }
}

static void other_files_are_refused_by_name(void **state)
{
    (void)state;
    aigc__pixels_t read;
    check_failure(read_png(&read, "x.png", (test_bytes_t){(uint8_t *)"GIF89a......", 12}, &as_is),
                  AIGC_ERROR_UNSUPPORTED, "x.png: is a GIF file");
    check_failure(read_png(&read, "x.png", (test_bytes_t){(uint8_t *)"RIFF\1\2\3\4WEBPVP8 ", 16}, &as_is),
                  AIGC_ERROR_UNSUPPORTED, "a WebP");
    check_failure(read_png(&read, "x.png", (test_bytes_t){(uint8_t *)"abc", 3}, &as_is), AIGC_ERROR_UNSUPPORTED,
                  "61 62 63");
    check_failure(read_png(&read, "x.png", (test_bytes_t){(uint8_t *)"", 0}, &as_is), AIGC_ERROR_CORRUPT, "empty");
}

static void a_wrong_check_sum_is_an_error_in_any_chunk(void **state)
{
    (void)state;
    test_bytes_t png = png_begin(1, 1, 8, PNG_COLOR_TYPE_GRAY, 0);
    aigc__pixels_t read;
    const size_t at = png.size + 8;
    png_add_chunk(&png, "tEXt", "Comment\0hello", 13);
    png_end(&png, "\0\1", 2);
    png.data[at] ^= 1;
    check_failure(read_png(&read, "e.png", png, &as_is), AIGC_ERROR_CORRUPT, "CRC");
    free(png.data);
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    (void)state;
    uint8_t data[20 * 20 * 4];
    draw_pixels(data, 20, 20, 4);
    const aigc__pixels_t written = {20, 20, 4, data};
    const test_bytes_t bytes = write_png(&written, 6);
    const aigc__pixel_request_t to_rgb = {3, {1, 2, 3}};
    const size_t idle = world.memory.blocks;
    size_t failed = 0;
    for (size_t at = 1; at < 1000; at++) {
        aigc__pixels_t read;
        test_memory_fail(&world.memory, at, false);
        const aigc_status_t status = read_png(&read, "made", bytes, &to_rgb);
        test_memory_fail(&world.memory, 0, false);
        if (status == AIGC_OK) {
            aigc__memory_free(&world.context->memory, read.data);
            break;
        }
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        assert_int_equal(world.memory.blocks, idle);
        failed++;
    }
    assert_in_range(failed, 4, 100);
    free(bytes.data);
}

/* ---- PngSuite, judged by libpng's simplified interface ---- */

/* That interface follows gamma and colour chunks; this library ignores them, so they are taken out. */
static test_bytes_t without_colour_chunks(test_bytes_t png)
{
    test_bytes_t out = test_bytes_copy(png.data, 8);
    for (size_t at = 8; at + 12 <= png.size;) {
        const size_t size = png_get_uint_32(png.data + at) + 12;
        const char *type = (const char *)png.data + at + 4;
        const char *const dropped[] = {"gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD"};
        bool keep = true;
        for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) keep = keep && memcmp(type, dropped[i], 4) != 0;
        if (keep) test_bytes_add(&out, png.data + at, size);
        at += size;
    }
    return out;
}

/* RGBA of the judge; NULL where it refuses the file. */
static uint8_t *judge(test_bytes_t png, uint32_t *width, uint32_t *height)
{
    const test_bytes_t plain = without_colour_chunks(png);
    png_image image = {.version = PNG_IMAGE_VERSION};
    uint8_t *pixels = NULL;
    if (png_image_begin_read_from_memory(&image, plain.data, plain.size)) {
        image.format = PNG_FORMAT_RGBA;
        image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
        pixels = malloc(PNG_IMAGE_SIZE(image));
        if (!png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
            free(pixels);
            pixels = NULL;
        }
        *width = image.width;
        *height = image.height;
    }
    png_image_free(&image);
    free(plain.data);
    return pixels;
}

/* libpng 1.6.39's simplified interface garbles interlaced pictures of 16 bits: their twins without
 * interlace ("basn" in place of "basi" and "bgai") stand in. */
static test_bytes_t twin_of(const char *name, test_bytes_t bytes)
{
    char path[300];
    if (bytes.data[24] != 16 || bytes.data[28] == 0) return (test_bytes_t){0};
    snprintf(path, sizeof path, "pngsuite/basn%s", name + 4);
    return format_shared_file(path);
}

static void check_suite_file(const char *name, test_bytes_t bytes)
{
    const aigc__pixel_request_t rgba = {4, {0, 0, 0}};
    aigc__pixels_t read = {0};
    uint32_t width = 0, height = 0;
    const aigc_status_t status = read_png(&read, name, bytes, &rgba);
    if (name[0] == 'x') {
        if (status == AIGC_OK) print_error("%s was read\n", name);
        assert_true(status == AIGC_ERROR_CORRUPT || status == AIGC_ERROR_UNSUPPORTED);
        assert_non_null(strstr(aigc__failure_text(), name));
        return;
    }
    check_ok(status);
    const test_bytes_t twin = twin_of(name, bytes);
    uint8_t *expected = judge(twin.data ? twin : bytes, &width, &height);
    free(twin.data);
    assert_non_null(expected);
    assert_int_equal(read.width, width);
    assert_int_equal(read.height, height);
    if (memcmp(read.data, expected, (size_t)width * height * 4) != 0) print_error("%s differs\n", name);
    assert_memory_equal(read.data, expected, (size_t)width * height * 4);
    aigc__memory_free(&world.context->memory, read.data);
    free(expected);
}

static void the_png_suite_is_read_as_libpng_reads_it(void **state)
{
    (void)state;
    char folder[4096];
    size_t valid = 0, broken = 0;
    snprintf(folder, sizeof folder, "%s/pngsuite", format_shared_folder());
    DIR *list = opendir(folder);
    if (!list) {
        print_message("SKIPPED: PngSuite, 175 files, is not at %s\n", folder);
        skip();
    }
    for (const struct dirent *entry = readdir(list); entry; entry = readdir(list)) {
        char path[300];
        if (!aigc__path_has_suffix(entry->d_name, ".png")) continue;
        snprintf(path, sizeof path, "pngsuite/%s", entry->d_name);
        const test_bytes_t bytes = format_shared_file(path);
        check_suite_file(entry->d_name, bytes);
        *(entry->d_name[0] == 'x' ? &broken : &valid) += 1;
        free(bytes.data);
    }
    closedir(list);
    print_message("PngSuite: %zu files equal, %zu broken ones refused\n", valid, broken);
    assert_true(valid >= 150 && broken >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pixels_come_back_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(compression_changes_size_but_not_pixels, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_pictures_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(alpha_is_blended_over_the_background, setup, teardown),
        cmocka_unit_test_setup_teardown(channels_are_made_and_dropped_on_request, setup, teardown),
        cmocka_unit_test_setup_teardown(gray_with_alpha_becomes_rgba, setup, teardown),
        cmocka_unit_test_setup_teardown(sixteen_bits_are_scaled_not_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(long_private_and_text_chunks_are_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(an_animation_gives_its_first_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(oversized_pictures_are_refused_by_size, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_follows_the_pixels_that_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_check_sum_is_an_error_in_any_chunk, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_png_suite_is_read_as_libpng_reads_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
