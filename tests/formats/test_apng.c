#include "format_maker.h"
#include "formats/apng.h"
#include "support/unit.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

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

/* ---- making ---- */

static size_t frame_bytes(const aigc__apng_recipe_t *recipe)
{
    return (size_t)(recipe->height * recipe->width * recipe->channels);
}

/* Every frame another picture. */
static uint8_t *draw_frames(const aigc__apng_recipe_t *recipe)
{
    const size_t size = frame_bytes(recipe);
    uint8_t *frames = malloc(size * (size_t)recipe->n_frames);
    assert_non_null(frames);
    for (int64_t i = 0; i < recipe->n_frames; i++) {
        uint8_t *frame = frames + (size_t)i * size;
        draw_pixels(frame, recipe->height, recipe->width, recipe->channels);
        for (size_t k = 0; k < size; k++) frame[k] = (uint8_t)(frame[k] + 29 * i);
    }
    return frames;
}

static aigc_status_t write_to(aigc__saver_t *saver, const aigc__apng_recipe_t *recipe, const uint8_t *frames)
{
    aigc__apng_t *apng = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__apng_begin(&apng, saver, &world.context->memory, recipe));
    for (int64_t i = 0; i < recipe->n_frames; i++)
        AIGC__GOTO(done, aigc__apng_frame(apng, frames + (size_t)i * frame_bytes(recipe)));
    status = aigc__apng_end(apng);
done:
    aigc__apng_free(apng);
    return status;
}

static test_bytes_t write_film(const aigc__apng_recipe_t *recipe, const uint8_t *frames)
{
    aigc__saver_t *saver = format_begin(&world);
    check_ok(write_to(saver, recipe, frames));
    return format_commit(&world, saver);
}

/* ---- taking apart ---- */

typedef struct chunk {
    const uint8_t *type, *data;
    size_t size;
} chunk_t;

static uint32_t load_u32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The chunk at `at`, which moves behind it; its check sum is right. */
static chunk_t next_chunk(test_bytes_t file, size_t *at)
{
    assert_true(*at + 12 <= file.size);
    const uint8_t *b = file.data + *at;
    const chunk_t chunk = {b + 4, b + 8, load_u32(b)};
    assert_true(chunk.size <= file.size - *at - 12);
    assert_int_equal(load_u32(chunk.data + chunk.size), crc32(0, chunk.type, (uInt)(4 + chunk.size)));
    *at += 12 + chunk.size;
    return chunk;
}

static bool is(chunk_t chunk, const char *type) { return memcmp(chunk.type, type, 4) == 0; }

static void check_control(chunk_t chunk, const aigc__apng_recipe_t *recipe, uint32_t number)
{
    static const uint8_t nothing[8] = {0};
    assert_true(is(chunk, "fcTL"));
    assert_int_equal(chunk.size, 26);
    assert_int_equal(load_u32(chunk.data), number);
    assert_int_equal(load_u32(chunk.data + 4), recipe->width);
    assert_int_equal(load_u32(chunk.data + 8), recipe->height);
    assert_memory_equal(chunk.data + 12, nothing, 8);
    assert_int_equal(load_u32(chunk.data + 20), (uint32_t)recipe->delay_numerator << 16 | recipe->delay_denominator);
    assert_memory_equal(chunk.data + 24, nothing, 2);
}

/* A still PNG of these packed rows, as libpng reads it, is the frame. */
static void check_packed(const aigc__apng_recipe_t *recipe, test_bytes_t packed, const uint8_t *frame)
{
    const uint8_t color = recipe->channels == 1 ? 0 : recipe->channels == 3 ? 2 : 6;
    test_bytes_t png = png_begin((uint32_t)recipe->width, (uint32_t)recipe->height, 8, color, 0);
    aigc__source_t source;
    aigc__pixels_t read;
    png_add_chunk(&png, "IDAT", packed.data, packed.size);
    png_add_chunk(&png, "IEND", NULL, 0);
    aigc__source_from_memory(&source, "frame", png.data, png.size);
    check_ok(aigc__png_read(&read, &world.context->memory, &source, &(aigc__pixel_request_t){0}));
    assert_int_equal(read.height, recipe->height);
    assert_int_equal(read.width, recipe->width);
    assert_int_equal(read.channels, recipe->channels);
    assert_memory_equal(read.data, frame, frame_bytes(recipe));
    aigc__memory_free(&world.context->memory, read.data);
    free(png.data);
}

/* Chunk by chunk what was asked for, and every frame's pixels. Returns the chunks of pixels. */
static size_t check_film(test_bytes_t file, const aigc__apng_recipe_t *recipe, const uint8_t *frames)
{
    size_t at = 8, n_pieces = 0;
    uint32_t number = 0;
    assert_memory_equal(file.data, "\x89PNG\r\n\x1a\n", 8);
    chunk_t chunk = next_chunk(file, &at);
    assert_true(is(chunk, "IHDR") && chunk.size == 13);
    assert_int_equal(load_u32(chunk.data), recipe->width);
    assert_int_equal(load_u32(chunk.data + 4), recipe->height);
    chunk = next_chunk(file, &at);
    assert_true(is(chunk, "acTL") && chunk.size == 8);
    assert_int_equal(load_u32(chunk.data), recipe->n_frames);
    assert_int_equal(load_u32(chunk.data + 4), recipe->loops);
    chunk = next_chunk(file, &at);
    for (int64_t i = 0; i < recipe->n_frames; i++) {
        test_bytes_t packed = {0};
        check_control(chunk, recipe, number++);
        const size_t front = i == 0 ? 0 : 4;
        for (chunk = next_chunk(file, &at); is(chunk, i == 0 ? "IDAT" : "fdAT"); chunk = next_chunk(file, &at)) {
            assert_true(chunk.size > front);
            if (front > 0) assert_int_equal(load_u32(chunk.data), number++);
            test_bytes_add(&packed, chunk.data + front, chunk.size - front);
            n_pieces++;
        }
        check_packed(recipe, packed, frames + (size_t)i * frame_bytes(recipe));
        free(packed.data);
    }
    assert_true(is(chunk, "IEND") && chunk.size == 0);
    assert_int_equal(at, file.size);
    return n_pieces;
}

/* ---- what is promised ---- */

static void every_frame_comes_back(void **state)
{
    (void)state;
    for (int64_t channels = 1; channels <= 4; channels += channels == 1 ? 2 : 1)
        for (int64_t side = 1; side <= 40; side = side * 3 + 1)
            for (int64_t n = 1; n <= 5; n += 2) {
                const aigc__apng_recipe_t recipe = {side, side * 2 - 1, channels, n, n - 1, 1, 24, 6};
                uint8_t *frames = draw_frames(&recipe);
                const test_bytes_t file = write_film(&recipe, frames);
                assert_int_equal(check_film(file, &recipe, frames), n);
                free(file.data);
                free(frames);
            }
}

/* Noise does not pack, so that a frame is longer than a chunk. */
static void long_frames_are_cut_into_chunks(void **state)
{
    const aigc__apng_recipe_t recipe = {200, 300, 3, 3, 0, 3, 100, 6};
    const size_t size = frame_bytes(&recipe) * 3;
    uint8_t *frames = malloc(size);
    uint32_t noise = 1;
    (void)state;
    assert_non_null(frames);
    for (size_t i = 0; i < size; i++) {
        noise = noise * 1664525 + 1013904223;
        frames[i] = (uint8_t)(noise >> 24);
    }
    const test_bytes_t file = write_film(&recipe, frames);
    assert_true(check_film(file, &recipe, frames) >= 15);
    free(file.data);
    free(frames);
}

static void the_first_frame_is_what_other_readers_see(void **state)
{
    const aigc__apng_recipe_t recipe = {9, 7, 4, 3, 0, 1, 10, 6};
    uint8_t *frames = draw_frames(&recipe);
    const test_bytes_t file = write_film(&recipe, frames);
    aigc__source_t source;
    aigc__pixels_t read;
    (void)state;
    aigc__source_from_memory(&source, "film", file.data, file.size);
    check_ok(aigc__pixels_read(&read, &world.context->memory, &source, &(aigc__pixel_request_t){0}));
    assert_memory_equal(read.data, frames, frame_bytes(&recipe));
    aigc__memory_free(&world.context->memory, read.data);
    free(file.data);
    free(frames);
}

static void compression_changes_size_but_not_pixels(void **state)
{
    size_t sizes[10];
    (void)state;
    for (int level = 0; level <= 9; level++) {
        const aigc__apng_recipe_t recipe = {48, 48, 3, 2, 1, 1, 24, level};
        uint8_t *frames = draw_frames(&recipe);
        const test_bytes_t file = write_film(&recipe, frames), again = write_film(&recipe, frames);
        check_film(file, &recipe, frames);
        assert_int_equal(file.size, again.size);
        assert_memory_equal(file.data, again.data, file.size);
        sizes[level] = file.size;
        free(file.data);
        free(again.data);
        free(frames);
    }
    assert_true(sizes[0] > 48 * 48 * 3 * 2 && sizes[9] < sizes[0] / 2);
}

/* ---- filters ---- */

enum { FILTER_WIDTH = 97, FILTER_ROWS = 10 };

/* By the definition: whichever of the three is nearest to their plane, the first of equals. */
static int paeth_of(int left, int up, int corner)
{
    const int candidates[3] = {left, up, corner}, plane = left + up - corner;
    int best = 0;
    for (int i = 1; i < 3; i++)
        if (abs(plane - candidates[i]) < abs(plane - candidates[best])) best = i;
    return candidates[best];
}

/* Odd rows are what filter y / 2 foretells of the noise above them; in the last one jumps keep Paeth's choice from
 * settling on the pixel above, which is another filter. */
static void draw_for_filters(uint8_t *pixels)
{
    uint32_t noise = 7;
    for (int y = 0; y < FILTER_ROWS; y++) {
        uint8_t *row = pixels + y * FILTER_WIDTH;
        const uint8_t *above = row - FILTER_WIDTH;
        for (int x = 0; x < FILTER_WIDTH; x++) {
            const int left = x > 0 ? row[x - 1] : 0;
            noise = noise * 1664525 + 1013904223;
            if (y % 2 == 0 || (y / 2 == 4 && x % 4 == 0))
                row[x] = (uint8_t)(noise >> 24);
            else if (y / 2 == 0)
                row[x] = (uint8_t)(x % 2 * 9);
            else if (y / 2 == 1)
                row[x] = (uint8_t)(left + 1);
            else if (y / 2 == 2)
                row[x] = above[x];
            else if (y / 2 == 3)
                row[x] = (uint8_t)((left + above[x]) / 2);
            else
                row[x] = (uint8_t)paeth_of(left, above[x], x > 0 ? above[x - 1] : 0);
        }
    }
}

static void each_row_gets_the_filter_that_foretells_it(void **state)
{
    const aigc__apng_recipe_t recipe = {FILTER_ROWS, FILTER_WIDTH, 1, 1, 0, 1, 24, 6};
    uint8_t pixels[FILTER_ROWS * FILTER_WIDTH], rows[FILTER_ROWS * (FILTER_WIDTH + 1)];
    uLongf size = sizeof rows;
    size_t at = 8;
    (void)state;
    draw_for_filters(pixels);
    const test_bytes_t file = write_film(&recipe, pixels);
    check_film(file, &recipe, pixels);
    for (int i = 0; i < 3; i++) next_chunk(file, &at);
    const chunk_t chunk = next_chunk(file, &at);
    assert_int_equal(uncompress(rows, &size, chunk.data, (uLong)chunk.size), Z_OK);
    assert_int_equal(size, sizeof rows);
    for (int filter = 0; filter < FILTER_ROWS / 2; filter++)
        assert_int_equal(rows[(2 * filter + 1) * (FILTER_WIDTH + 1)], filter);
    free(file.data);
}

/* ---- refusals and failures ---- */

static void refused(aigc__saver_t *saver, aigc__apng_recipe_t recipe, const char *words)
{
    aigc__apng_t *apng = NULL;
    check_failure(aigc__apng_begin(&apng, saver, &world.context->memory, &recipe), AIGC_ERROR_ARGUMENT, words);
    assert_null(apng);
}

static void impossible_animations_are_not_written(void **state)
{
    aigc__saver_t *saver = format_begin(&world);
    (void)state;
    refused(saver, (aigc__apng_recipe_t){0, 2, 3, 1, 0, 1, 24, 6}, "2 x 0");
    refused(saver, (aigc__apng_recipe_t){2, -1, 3, 1, 0, 1, 24, 6}, "-1 x 2");
    refused(saver, (aigc__apng_recipe_t){2, AIGC__PICTURE_SIDE + 1, 3, 1, 0, 1, 24, 6}, "16385 x 2");
    refused(saver, (aigc__apng_recipe_t){2, 2, 2, 1, 0, 1, 24, 6}, "2 channels");
    refused(saver, (aigc__apng_recipe_t){2, 2, 3, 0, 0, 1, 24, 6}, "of 0 frames");
    refused(saver, (aigc__apng_recipe_t){2, 2, 3, INT64_C(1) << 31, 0, 1, 24, 6}, "of 2147483648 frames");
    refused(saver, (aigc__apng_recipe_t){2, 2, 3, 1, -1, 1, 24, 6}, "-1 times");
    refused(saver, (aigc__apng_recipe_t){2, 2, 3, 1, INT64_C(1) << 31, 1, 24, 6}, "2147483648 times");
    refused(saver, (aigc__apng_recipe_t){2, 2, 3, 1, 0, 1, 24, 10}, "compression 10");
    assert_int_equal(aigc__saver_size(saver), 0);
    aigc__saver_abort(saver);
}

static void as_many_frames_come_as_were_announced(void **state)
{
    const aigc__apng_recipe_t recipe = {2, 2, 1, 2, 0, 1, 24, 6};
    const uint8_t pixels[4] = {1, 2, 3, 4};
    aigc__saver_t *saver = format_begin(&world);
    aigc__apng_t *apng = NULL;
    (void)state;
    check_ok(aigc__apng_begin(&apng, saver, &world.context->memory, &recipe));
    check_ok(aigc__apng_frame(apng, pixels));
    check_failure(aigc__apng_end(apng), AIGC_ERROR_ARGUMENT, "1 frames of the 2");
    check_ok(aigc__apng_frame(apng, pixels));
    check_failure(aigc__apng_frame(apng, pixels), AIGC_ERROR_ARGUMENT, "more frames than the 2");
    check_ok(aigc__apng_end(apng));
    aigc__apng_free(apng);
    aigc__apng_free(NULL);
    aigc__saver_abort(saver);
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    const aigc__apng_recipe_t recipe = {20, 20, 4, 2, 0, 1, 24, 6};
    uint8_t *frames = draw_frames(&recipe);
    size_t failed = 0;
    (void)state;
    for (size_t at = 1;; at++) {
        aigc__saver_t *saver = format_begin(&world);
        const size_t held = world.memory.blocks;
        test_memory_fail(&world.memory, at, false);
        const aigc_status_t status = write_to(saver, &recipe, frames);
        test_memory_fail(&world.memory, 0, false);
        assert_int_equal(world.memory.blocks, held);
        aigc__saver_abort(saver);
        if (status == AIGC_OK) break;
        assert_int_equal(status, AIGC_ERROR_MEMORY);
        failed++;
    }
    assert_in_range(failed, 4, 100);
    free(frames);
}

/* zlib asks for a quarter of a mebibyte; that it was the cap that said no must not be lost on the way. */
static void the_byte_cap_is_told_as_such(void **state)
{
    const aigc__apng_recipe_t recipe = {20, 20, 4, 2, 0, 1, 24, 6};
    uint8_t *frames = draw_frames(&recipe);
    aigc__saver_t *saver = format_begin(&world);
    (void)state;
    world.context->memory.limit = world.context->memory.live + 65536;
    check_failure(write_to(saver, &recipe, frames), AIGC_ERROR_LIMIT, "limit");
    world.context->memory.limit = 0;
    aigc__saver_abort(saver);
    free(frames);
}

/* More than the saver's buffer, so that the disk is met while frames are written. */
static void a_full_disk_is_told(void **state)
{
    const aigc__apng_recipe_t recipe = {256, 256, 4, 4, 0, 1, 24, 0};
    uint8_t *frames = draw_frames(&recipe);
    aigc__saver_t *saver = format_begin(&world);
    (void)state;
    test_files_fail(world.files, 1, ENOSPC, true);
    check_failure(write_to(saver, &recipe, frames), AIGC_ERROR_IO, "/saved");
    test_files_fail(world.files, 0, 0, false);
    aigc__saver_abort(saver);
    assert_int_equal(test_files_entries(world.files), 0);
    free(frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_frame_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(long_frames_are_cut_into_chunks, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_frame_is_what_other_readers_see, setup, teardown),
        cmocka_unit_test_setup_teardown(compression_changes_size_but_not_pixels, setup, teardown),
        cmocka_unit_test_setup_teardown(each_row_gets_the_filter_that_foretells_it, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_animations_are_not_written, setup, teardown),
        cmocka_unit_test_setup_teardown(as_many_frames_come_as_were_announced, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_byte_cap_is_told_as_such, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
