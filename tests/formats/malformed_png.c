#include "malformed.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

static aigc_status_t read_png(malformed_run_t *run, const aigc__source_t *source, uint64_t *decoded)
{
    const aigc__pixel_request_t request = {3, {1, 2, 3}};
    uint8_t poison;
    aigc__pixels_t pixels = {.data = &poison};
    const aigc_status_t status = aigc__png_read(&pixels, &run->world.context->memory, source, &request);
    if (status != AIGC_OK) {
        if (pixels.data != &poison) malformed_fail(run, "the output was changed");
        return status;
    }
    *decoded = (uint64_t)(pixels.width * pixels.height * 4);
    aigc__memory_free(&run->world.context->memory, pixels.data);
    return AIGC_OK;
}

static void repair(test_bytes_t *bytes, size_t index)
{
    (void)index;
    png_repair(bytes);
}

static test_bytes_t written_seed(malformed_run_t *run, int64_t side, int64_t channels)
{
    uint8_t data[16 * 16 * 4];
    draw_pixels(data, side, side, channels);
    const aigc__pixels_t pixels = {side, side, channels, data};
    aigc__saver_t *saver = format_begin(&run->world);
    if (aigc__png_write(saver, &run->world.context->memory, &pixels, 9) != AIGC_OK) abort();
    return format_commit(&run->world, saver);
}

static test_bytes_t palette_seed(uint8_t interlace)
{
    enum { SIDE = 13, ROW = 1 + 7 };
    uint8_t rows[2 * SIDE * ROW] = {0};
    size_t used = 0;
    test_bytes_t png = png_begin(SIDE, SIDE, 4, PNG_COLOR_TYPE_PALETTE, interlace);
    png_add_chunk(&png, "gAMA", "\0\1\x86\xa0", 4);
    png_add_chunk(&png, "PLTE", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv", 48);
    png_add_chunk(&png, "tRNS", "\1\2\3\4\5\6\7\x80", 8);
    png_add_chunk(&png, "tEXt", "Comment\0hello", 13);
    for (int pass = 0; pass < (interlace ? 7 : 1); pass++) {
        const int columns = interlace ? PNG_PASS_COLS(SIDE, pass) : SIDE,
                  n = interlace ? PNG_PASS_ROWS(SIDE, pass) : SIDE;
        for (int y = 0; y < n; y++, used += (size_t)(columns + 1) / 2 + 1)
            memset(rows + used + 1, 0x12 + y, (size_t)(columns + 1) / 2);
    }
    png_end(&png, rows, used);
    return png;
}

static test_bytes_t deep_seed(void)
{
    enum { SIDE = 6, ROW = 1 + SIDE * 6 };
    uint8_t rows[SIDE * ROW];
    test_bytes_t png = png_begin(SIDE, SIDE, 16, PNG_COLOR_TYPE_RGB, 0);
    draw_pixels(rows, SIDE, ROW, 1);
    for (size_t y = 0; y < SIDE; y++) rows[y * ROW] = (uint8_t)(y % 5);
    png_add_chunk(&png, "tRNS", "\0\1\0\2\0\3", 6);
    png_end(&png, rows, sizeof rows);
    return png;
}

static size_t seeds(malformed_run_t *run, test_bytes_t *out)
{
    out[0] = written_seed(run, 16, 1);
    out[1] = written_seed(run, 10, 3);
    out[2] = written_seed(run, 9, 4);
    out[3] = palette_seed(0);
    out[4] = palette_seed(1);
    out[5] = deep_seed();
    return 6;
}

/* IHDR begins at byte 8: length, type, then its fields from byte 16. */
static void fields(malformed_run_t *run, test_bytes_t seed)
{
    const malformed_field_t header[] = {{8, 4, true},  {16, 4, true}, {20, 4, true}, {24, 1, true}, {25, 1, true},
                                        {26, 1, true}, {27, 1, true}, {28, 1, true}, {33, 4, true}};
    static const uint32_t sides[] = {0,     1,     2,     255,   256,        4096,       8192,      16384,
                                     16385, 32768, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff};
    enum { SIDES = sizeof sides / sizeof *sides };
    malformed_fields(run, seed, header, sizeof header / sizeof *header);
    for (size_t pair = 0; pair < SIDES * SIDES; pair++) {
        const uint32_t values[2] = {sides[pair / SIDES], sides[pair % SIDES]};
        test_bytes_t bytes = test_bytes_copy(seed.data, seed.size);
        for (size_t i = 0; i < 8; i++) bytes.data[16 + i] = (uint8_t)(values[i / 4] >> (24 - 8 * (i % 4)));
        png_repair(&bytes);
        malformed_case(run, bytes.data, bytes.size, values[0] * (uint64_t)values[1] > 256 ? MUST_FAIL : MAY_LOAD);
        free(bytes.data);
    }
}

static void structure(malformed_run_t *run, test_bytes_t seed)
{
    malformed_pieces_t pieces = {.head = 8, .tail = seed.size, .separator = ""};
    for (size_t at = 8; at < seed.size; pieces.n++) {
        const size_t size = png_get_uint_32(seed.data + at) + 12;
        pieces.piece[pieces.n].first = at;
        pieces.piece[pieces.n].size = size;
        at += size;
    }
    malformed_structure(run, seed, &pieces);
}

/* `claim`: the sides in the header; `rows`: zero bytes that are really there. */
static void bomb(malformed_run_t *run, uint32_t width, uint32_t height, uint8_t depth, uint8_t color, uint8_t interlace,
                 size_t rows)
{
    test_bytes_t png = png_begin(width, height, depth, color, interlace);
    uint8_t *zeros = calloc(1, rows + 1);
    if (color == PNG_COLOR_TYPE_PALETTE) png_add_chunk(&png, "PLTE", "abc", 3);
    png_end(&png, zeros, rows);
    malformed_case(run, png.data, png.size, MUST_FAIL);
    free(zeros);
    free(png.data);
}

static void bombs(malformed_run_t *run)
{
    bomb(run, 30000, 30000, 1, PNG_COLOR_TYPE_GRAY, 0, 30000);
    bomb(run, 65535, 65535, 16, PNG_COLOR_TYPE_RGB_ALPHA, 0, 1);
    for (uint8_t interlace = 0; interlace <= 1; interlace++) {
        bomb(run, 16384, 4096, 16, PNG_COLOR_TYPE_RGB_ALPHA, interlace, 100000);
        bomb(run, 16384, 4096, 1, PNG_COLOR_TYPE_GRAY, interlace, 100000);
        bomb(run, 8192, 8192, 1, PNG_COLOR_TYPE_PALETTE, interlace, 100000);
    }
    test_bytes_t many = png_begin(1, 1, 8, PNG_COLOR_TYPE_GRAY, 0);
    for (int i = 0; i < 20000; i++) png_add_chunk(&many, "prVt", "x", 1);
    malformed_case(run, many.data, many.size, MUST_FAIL);
    free(many.data);
}

const malformed_format_t malformed_png = {"png", read_png, seeds, repair, fields, structure, bombs, 6000};
