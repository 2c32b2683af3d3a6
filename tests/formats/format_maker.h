/* Files made by hand, as no writer of the library would make them. The bytes are the caller's. */
#ifndef AIGC_TEST_FORMAT_MAKER_H
#define AIGC_TEST_FORMAT_MAKER_H

#include "config.h"
#include "format_world.h"

/* ---- PNG: begin, any chunks, end ---- */
test_bytes_t png_begin(uint32_t width, uint32_t height, uint8_t depth, uint8_t color, uint8_t interlace);
void png_add_chunk(test_bytes_t *png, const char *type, const void *data, size_t size);
/* IDAT and IEND; `rows` with a filter byte before each. */
void png_end(test_bytes_t *png, const void *rows, size_t size);
/* Makes every check sum right, as far as the chunks' lengths go. */
void png_repair(test_bytes_t *png);

/* ---- IDX ---- */
test_bytes_t make_idx(uint8_t type, uint8_t rank, const uint32_t *shape, const void *data, size_t size);
test_bytes_t make_gzip(test_bytes_t bytes);

/* ---- npy ---- */
test_bytes_t make_npy(int version, const void *header, size_t header_size, const void *data, size_t size);

/* ---- safetensors ---- */
test_bytes_t make_safetensors(const void *header, size_t header_size, const void *data, size_t size);

/* ---- JPEG, what libjpeg writes with settings the library's own writer does not use ---- */
typedef struct jpeg_recipe {
    int components; /* 1 gray, 3 RGB, 4 CMYK */
    bool is_progressive, has_adobe_marker;
    bool is_dc_alone; /* progressive, one scan */
    int orientation;  /* 0: no EXIF */
    int quality;
} jpeg_recipe_t;

#if AIGC_HAVE_JPEG
test_bytes_t make_jpeg(const aigc__pixels_t *pixels, jpeg_recipe_t recipe);
#endif

#endif
