#include "formats/pixels.h"
#include "base/sizes.h"
#include "config.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum { SNIFF_SIZE = 16 };

typedef struct signature {
    const char *name;
    size_t offset, length;
    const char *bytes;
} signature_t;

/* What people name .png by mistake; told by name in the message. */
static const signature_t foreign[] = {
    {"a GIF", 0, 4, "GIF8"},
    {"a WebP", 8, 4, "WEBP"},
    {"a BMP", 0, 2, "BM"},
    {"a TIFF", 0, 4, "II*\0"},
    {"a TIFF", 0, 4, "MM\0*"},
    {"an AVIF", 4, 8, "ftypavif"},
    {"a HEIC", 4, 8, "ftypheic"},
    {"a JPEG XL", 0, 2, "\xff\x0a"},
    {"a JPEG 2000", 4, 4, "jP  "},
    {"a PSD", 0, 4, "8BPS"},
    {"an SVG or other XML", 0, 5, "<?xml"},
    {"an SVG", 0, 4, "<svg"},
    {"a Git LFS pointer", 0, 16, "version https://"},
};

static bool is_png(const uint8_t *head) { return memcmp(head, "\x89PNG\r\n\x1a\n", 8) == 0; }
static bool is_jpeg(const uint8_t *head) { return memcmp(head, "\xff\xd8\xff", 3) == 0; }

/* The first bytes, zeros after a short file's end. */
static aigc_status_t read_head(const aigc__source_t *source, uint8_t head[SNIFF_SIZE])
{
    memset(head, 0, SNIFF_SIZE);
    return aigc__source_read(source, 0, head, source->size < SNIFF_SIZE ? (size_t)source->size : SNIFF_SIZE);
}

bool aigc__pixels_known(const aigc__source_t *source)
{
    uint8_t head[SNIFF_SIZE];
    if (read_head(source, head) != AIGC_OK) return false;
    return is_png(head) || (AIGC_HAVE_JPEG && is_jpeg(head));
}

/* The first chunk is IHDR: length, name, width, height, depth, colour type (2: in colour). */
static bool is_coloured_png(const aigc__source_t *source)
{
    enum { COLOUR_TYPE = 8 + 8 + 4 + 4 + 1, COLOUR = 2 };
    uint8_t type = 0;
    return aigc__source_read(source, COLOUR_TYPE, &type, 1) == AIGC_OK && (type & COLOUR) != 0;
}

/* Segments up to the frame's: marker, length, depth, height, width, components. */
static bool is_coloured_jpeg(const aigc__source_t *source)
{
    enum { MOST_SEGMENTS = 1000, FRAME = 10 };
    uint64_t at = 2;
    for (int k = 0; k < MOST_SEGMENTS && at + FRAME <= source->size; k++) {
        uint8_t s[FRAME];
        if (aigc__source_read(source, at, s, FRAME) != AIGC_OK || s[0] != 0xff) return false;
        const bool is_frame = s[1] >= 0xc0 && s[1] <= 0xcf && s[1] != 0xc4 && s[1] != 0xc8 && s[1] != 0xcc;
        if (is_frame) return s[FRAME - 1] > 1;
        if (s[1] == 0xda || s[1] == 0xd9) return false; /* the scan, or the end */
        at += s[1] == 0xff ? 1 : 2 + ((uint64_t)s[2] << 8 | s[3]);
    }
    return false;
}

bool aigc__pixels_coloured(const aigc__source_t *source)
{
    uint8_t head[SNIFF_SIZE];
    if (read_head(source, head) != AIGC_OK) return false;
    return is_png(head) ? is_coloured_png(source) : is_jpeg(head) && is_coloured_jpeg(source);
}

static aigc_status_t refuse(const aigc__source_t *source, const uint8_t *head)
{
    if (source->size == 0) return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the file is empty", source->name);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (memcmp(head + foreign[i].offset, foreign[i].bytes, foreign[i].length) == 0)
            return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: is %s file; PNG and JPEG can be read", source->name,
                              foreign[i].name);
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "%s: neither a PNG nor a JPEG picture (it begins with bytes %02x %02x %02x)", source->name,
                      (unsigned)head[0], (unsigned)head[1], (unsigned)head[2]);
}

aigc_status_t aigc__pixels_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                                const aigc__pixel_request_t *request)
{
    uint8_t head[SNIFF_SIZE];
    AIGC__TRY(read_head(source, head));
    if (is_png(head)) return aigc__png_read(out, memory, source, request);
    if (is_jpeg(head)) return aigc__jpeg_read(out, memory, source, request);
    return refuse(source, head);
}

aigc_status_t aigc__pixels_check_size(const aigc__source_t *source, int64_t width, int64_t height)
{
    if (width < 1 || height < 1)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the picture is %" PRId64 " x %" PRId64 " pixels", source->name,
                          width, height);
    if (width > AIGC__PICTURE_SIDE || height > AIGC__PICTURE_SIDE || width * height > AIGC__PICTURE_AREA)
        return aigc__fail(AIGC_ERROR_LIMIT,
                          "%s: the picture is %" PRId64 " x %" PRId64
                          " pixels; at most %d a side and %d in all are read",
                          source->name, width, height, AIGC__PICTURE_SIDE, AIGC__PICTURE_AREA);
    return AIGC_OK;
}

enum { FIRST_ROWS = 256 * 1024 };

aigc_status_t aigc__pixel_rows_room(aigc__pixel_rows_t *rows, size_t bytes)
{
    size_t needed, doubled;
    AIGC__TRY(aigc__bytes_sum(rows->used, bytes, &needed));
    if (needed <= rows->capacity) return AIGC_OK;
    AIGC__TRY(aigc__bytes_of(rows->capacity, 2, &doubled));
    size_t capacity = doubled > FIRST_ROWS ? doubled : FIRST_ROWS;
    if (capacity > rows->total) capacity = rows->total;
    if (capacity < needed) capacity = needed;
    void *block = rows->data;
    AIGC__TRY(aigc__memory_resize(rows->memory, capacity, &block));
    rows->data = block;
    rows->capacity = capacity;
    return AIGC_OK;
}

static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((299u * rgb[0] + 587u * rgb[1] + 114u * rgb[2] + 500) / 1000);
}

static void flatten(uint8_t rgb[3], const uint8_t *rgba, const uint8_t *background)
{
    const uint32_t alpha = rgba[3];
    for (size_t k = 0; k < 3; k++) rgb[k] = (uint8_t)((rgba[k] * alpha + background[k] * (255 - alpha) + 127) / 255);
}

/* Front to back; `to` may be `from` where pixels shrink. */
static void convert(uint8_t *to, int64_t to_channels, const uint8_t *from, int64_t from_channels, size_t n,
                    const uint8_t *background)
{
    for (size_t i = 0; i < n; i++, to += to_channels, from += from_channels) {
        uint8_t rgb[3] = {from[0], from[0], from[0]};
        if (from_channels == 3) memcpy(rgb, from, 3);
        if (from_channels == 4) flatten(rgb, from, background);
        if (to_channels == 1)
            to[0] = luma(rgb);
        else
            memcpy(to, rgb, 3);
        if (to_channels == 4) to[3] = 255;
    }
}

aigc_status_t aigc__pixels_convert(aigc__pixels_t *pixels, aigc__memory_t *memory, const aigc__pixel_request_t *request)
{
    const int64_t to = request->channels, from = pixels->channels;
    const size_t n = (size_t)(pixels->height * pixels->width);
    assert(to == 0 || to == 1 || to == 3 || to == 4);
    if (to == 0 || to == from) return AIGC_OK;
    if (to < from) {
        convert(pixels->data, to, pixels->data, from, n, request->background);
    } else {
        size_t bytes;
        void *block;
        AIGC__TRY(aigc__bytes_of(n, (size_t)to, &bytes));
        AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
        convert(block, to, pixels->data, from, n, request->background);
        aigc__memory_free(memory, pixels->data);
        pixels->data = block;
    }
    pixels->channels = to;
    return AIGC_OK;
}
