#include "format_maker.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#if AIGC_HAVE_JPEG
#include <jpeglib.h>
#endif

/* ---- PNG ---- */

static uint32_t load_u32(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

void png_add_chunk(test_bytes_t *png, const char *type, const void *data, size_t size)
{
    test_bytes_add_u32(png, (uint32_t)size);
    const size_t first = png->size;
    test_bytes_add(png, type, 4);
    test_bytes_add(png, data, size);
    test_bytes_add_u32(png, (uint32_t)crc32(0, png->data + first, (uInt)(size + 4)));
}

test_bytes_t png_begin(uint32_t width, uint32_t height, uint8_t depth, uint8_t color, uint8_t interlace)
{
    test_bytes_t png = test_bytes_copy("\x89PNG\r\n\x1a\n", 8), header = {0};
    const uint8_t rest[5] = {depth, color, 0, 0, interlace};
    test_bytes_add_u32(&header, width);
    test_bytes_add_u32(&header, height);
    test_bytes_add(&header, rest, sizeof rest);
    png_add_chunk(&png, "IHDR", header.data, header.size);
    free(header.data);
    return png;
}

void png_end(test_bytes_t *png, const void *rows, size_t size)
{
    uLongf packed_size = compressBound((uLong)size);
    uint8_t *packed = malloc(packed_size);
    if (!packed || compress2(packed, &packed_size, rows, (uLong)size, 9) != Z_OK) abort();
    png_add_chunk(png, "IDAT", packed, packed_size);
    png_add_chunk(png, "IEND", NULL, 0);
    free(packed);
}

void png_repair(test_bytes_t *png)
{
    for (size_t at = 8; at + 12 <= png->size;) {
        const size_t size = load_u32(png->data + at);
        if (size > png->size - at - 12) return;
        const uint32_t sum = (uint32_t)crc32(0, png->data + at + 4, (uInt)(size + 4));
        for (size_t i = 0; i < 4; i++) png->data[at + 8 + size + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += size + 12;
    }
}

/* ---- IDX, npy, safetensors ---- */

test_bytes_t make_idx(uint8_t type, uint8_t rank, const uint32_t *shape, const void *data, size_t size)
{
    const uint8_t head[4] = {0, 0, type, rank};
    test_bytes_t bytes = test_bytes_copy(head, sizeof head);
    for (size_t i = 0; i < rank; i++) test_bytes_add_u32(&bytes, shape[i]);
    test_bytes_add(&bytes, data, size);
    return bytes;
}

test_bytes_t make_gzip(test_bytes_t bytes)
{
    z_stream stream = {0};
    test_bytes_t packed = {malloc(bytes.size + 1000), bytes.size + 1000};
    if (!packed.data || deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK) abort();
    stream.next_in = bytes.data;
    stream.avail_in = (uInt)bytes.size;
    stream.next_out = packed.data;
    stream.avail_out = (uInt)packed.size;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) abort();
    packed.size = stream.total_out;
    deflateEnd(&stream);
    return packed;
}

test_bytes_t make_npy(int version, const void *header, size_t header_size, const void *data, size_t size)
{
    test_bytes_t bytes = test_bytes_copy("\x93NUMPY", 6);
    const uint8_t rest[6] = {(uint8_t)version, 0, (uint8_t)header_size, (uint8_t)(header_size >> 8), 0, 0};
    test_bytes_add(&bytes, rest, version == 1 ? 4 : 6);
    test_bytes_add(&bytes, header, header_size);
    test_bytes_add(&bytes, data, size);
    return bytes;
}

test_bytes_t make_safetensors(const void *header, size_t header_size, const void *data, size_t size)
{
    uint8_t length[8];
    for (size_t i = 0; i < 8; i++) length[i] = (uint8_t)((uint64_t)header_size >> (8 * i));
    test_bytes_t bytes = test_bytes_copy(length, 8);
    test_bytes_add(&bytes, header, header_size);
    test_bytes_add(&bytes, data, size);
    return bytes;
}

/* ---- JPEG ---- */

#if AIGC_HAVE_JPEG

static void add_orientation(j_compress_ptr jpeg, int orientation)
{
    const uint8_t exif[] = {'E', 'x', 'i', 'f', 0,    0, 'M', 'M', 0, 42, 0, 0, 0,
                            8,   0,   1,   1,   0x12, 0, 3,   0,   0, 0,  1, 0, (uint8_t)orientation,
                            0,   0,   0,   0,   0,    0};
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, exif, sizeof exif);
}

test_bytes_t make_jpeg(const aigc__pixels_t *pixels, jpeg_recipe_t recipe)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    const jpeg_scan_info dc = {1, {0}, 0, 0, 0, 0};
    unsigned char *data = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = (JDIMENSION)pixels->width;
    jpeg.image_height = (JDIMENSION)pixels->height;
    jpeg.input_components = recipe.components;
    jpeg.in_color_space = recipe.components == 1 ? JCS_GRAYSCALE : recipe.components == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, recipe.quality ? recipe.quality : 95, TRUE);
    if (recipe.is_progressive) jpeg_simple_progression(&jpeg);
    if (recipe.is_dc_alone) {
        jpeg.scan_info = &dc;
        jpeg.num_scans = 1;
    }
    jpeg.write_Adobe_marker = recipe.has_adobe_marker;
    jpeg_start_compress(&jpeg, TRUE);
    if (recipe.orientation) add_orientation(&jpeg, recipe.orientation);
    for (int64_t y = 0; y < pixels->height; y++) {
        JSAMPROW row = pixels->data + y * pixels->width * recipe.components;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    const test_bytes_t bytes = test_bytes_copy(data, size);
    jpeg_destroy_compress(&jpeg);
    free(data);
    return bytes;
}

#endif
