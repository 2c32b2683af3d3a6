#include "malformed.h"

#if AIGC_HAVE_JPEG

#include <stdlib.h>
#include <string.h>

static aigc_status_t read_jpeg(malformed_run_t *run, const aigc__source_t *source, uint64_t *decoded)
{
    const aigc__pixel_request_t request = {0, {1, 2, 3}};
    uint8_t poison;
    aigc__pixels_t pixels = {.data = &poison};
    const aigc_status_t status = aigc__jpeg_read(&pixels, &run->world.context->memory, source, &request);
    if (status != AIGC_OK) {
        if (pixels.data != &poison) malformed_fail(run, "the output was changed");
        return status;
    }
    *decoded = (uint64_t)(pixels.width * pixels.height * 4);
    aigc__memory_free(&run->world.context->memory, pixels.data);
    return AIGC_OK;
}

/* JPEG has neither check sums nor lengths of the whole. */
static void repair(test_bytes_t *bytes, size_t index)
{
    (void)bytes;
    (void)index;
}

static size_t seeds(malformed_run_t *run, test_bytes_t *out)
{
    uint8_t data[16 * 16 * 4];
    draw_pixels(data, 16, 16, 4);
    (void)run;
    out[0] = make_jpeg(&(aigc__pixels_t){16, 16, 1, data},
                       (jpeg_recipe_t){.components = 1, .quality = 40, .orientation = 6});
    out[1] = make_jpeg(&(aigc__pixels_t){12, 16, 3, data}, (jpeg_recipe_t){.components = 3, .quality = 40});
    out[2] = make_jpeg(&(aigc__pixels_t){16, 12, 3, data},
                       (jpeg_recipe_t){.components = 3, .quality = 40, .is_progressive = true});
    out[3] = make_jpeg(&(aigc__pixels_t){8, 8, 4, data},
                       (jpeg_recipe_t){.components = 4, .quality = 40, .has_adobe_marker = true});
    return 4;
}

static size_t segment_size(test_bytes_t seed, size_t at)
{
    return 2 + (size_t)(seed.data[at + 2] << 8 | seed.data[at + 3]);
}

/* The marker's length, and in a frame header precision, height, width, components, sampling. */
static void fields(malformed_run_t *run, test_bytes_t seed)
{
    for (size_t at = 2; seed.data[at + 1] != 0xda; at += segment_size(seed, at)) {
        const malformed_field_t fields[] = {{at + 2, 2, true}, {at + 4, 1, true},  {at + 5, 2, true}, {at + 7, 2, true},
                                            {at + 9, 1, true}, {at + 11, 1, true}, {at + 12, 1, true}};
        const bool is_frame = seed.data[at + 1] == 0xc0 || seed.data[at + 1] == 0xc2;
        malformed_fields(run, seed, fields, is_frame ? 7 : 2);
    }
}

static void structure(malformed_run_t *run, test_bytes_t seed)
{
    malformed_pieces_t pieces = {.head = 2, .separator = ""};
    size_t at = 2;
    for (; seed.data[at + 1] != 0xda && pieces.n < 32; at += segment_size(seed, at)) {
        pieces.piece[pieces.n].first = at;
        pieces.piece[pieces.n++].size = segment_size(seed, at);
    }
    pieces.tail = at;
    malformed_structure(run, seed, &pieces);
}

static size_t find_marker(test_bytes_t bytes, uint8_t low, uint8_t high)
{
    size_t at = 2;
    while (bytes.data[at + 1] != low && bytes.data[at + 1] != high) at += segment_size(bytes, at);
    return at;
}

static void bombs(malformed_run_t *run)
{
    uint8_t data[8 * 8 * 3] = {0};
    for (int progressive = 0; progressive <= 1; progressive++) {
        test_bytes_t bytes = make_jpeg(&(aigc__pixels_t){8, 8, 3, data},
                                       (jpeg_recipe_t){.components = 3, .is_progressive = progressive});
        const size_t frame = find_marker(bytes, 0xc0, 0xc2);
        const char *const sides[] = {"\xff\xff\xff\xff", "\x40\x00\x10\x00", "\x40\x00\x00\x01", "\x01\x00\x01\x00"};
        for (size_t i = 0; i < 4; i++) {
            memcpy(bytes.data + frame + 5, sides[i], 4);
            malformed_case(run, bytes.data, bytes.size, MUST_FAIL);
        }
        free(bytes.data);
    }
    /* The same scan over and over. */
    test_bytes_t one = make_jpeg(&(aigc__pixels_t){8, 8, 1, data},
                                 (jpeg_recipe_t){.components = 1, .is_progressive = true, .is_dc_alone = true});
    test_bytes_t many = {0};
    const size_t scan = find_marker(one, 0xda, 0xda);
    test_bytes_add(&many, one.data, scan);
    for (int i = 0; i < 10000; i++) test_bytes_add(&many, one.data + scan, one.size - 2 - scan);
    test_bytes_add(&many, "\xff\xd9", 2);
    malformed_case(run, many.data, many.size, MUST_FAIL);
    free(one.data);
    free(many.data);
}

const malformed_format_t malformed_jpeg = {"jpeg", read_jpeg, seeds, repair, fields, structure, bombs, 2500};

#else

typedef int nothing_to_test;

#endif
