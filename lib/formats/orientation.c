#include "base/sizes.h"
#include "formats/jpeg.h"
#include <string.h>

typedef struct tiff {
    const uint8_t *bytes;
    size_t size;
    bool is_big_endian;
} tiff_t;

/* `width` (2 or 4) bytes at `offset`; false past the end. */
static bool read_number(const tiff_t *tiff, size_t offset, size_t width, uint32_t *out)
{
    if (offset > tiff->size || tiff->size - offset < width) return false;
    *out = 0;
    for (size_t i = 0; i < width; i++)
        *out = *out << 8 | tiff->bytes[offset + (tiff->is_big_endian ? i : width - 1 - i)];
    return true;
}

/* TIFF 6.0: "II" or "MM", 42, offset of the first directory: u16 count, entries of 12 bytes (tag, type,
 * count, value). EXIF 2.3, 4.6.4: tag 0x0112 is one SHORT, 1 to 8. */
int aigc__exif_orientation(const uint8_t *payload, size_t size)
{
    enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };
    if (size < 14 || memcmp(payload, "Exif\0\0", 6) != 0) return 1;
    tiff_t tiff = {payload + 6, size - 6, payload[6] == 'M'};
    uint32_t magic, directory, entries;
    if (memcmp(tiff.bytes, tiff.is_big_endian ? "MM" : "II", 2) != 0) return 1;
    if (!read_number(&tiff, 2, 2, &magic) || magic != 42 || !read_number(&tiff, 4, 4, &directory)) return 1;
    if (!read_number(&tiff, directory, 2, &entries)) return 1;
    for (size_t i = 0; i < entries; i++) {
        const size_t at = (size_t)directory + 2 + 12 * i;
        uint32_t tag, type, count, value;
        if (!read_number(&tiff, at, 2, &tag) || !read_number(&tiff, at + 2, 2, &type)) return 1;
        if (!read_number(&tiff, at + 4, 4, &count) || !read_number(&tiff, at + 8, 2, &value)) return 1;
        if (tag == TAG_ORIENTATION && type == TYPE_SHORT && count == 1)
            return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* Where the stored picture's row 0 and column 0 are seen: bit 0 mirrors rows, bit 1 columns, bit 2
 * exchanges them first. EXIF 2.3, table 6. */
enum { FLIP_Y = 1, FLIP_X = 2, TRANSPOSE = 4 };
static const uint8_t actions[9] = {0,
                                   0,
                                   FLIP_X,
                                   FLIP_X | FLIP_Y,
                                   FLIP_Y,
                                   TRANSPOSE,
                                   TRANSPOSE | FLIP_X,
                                   TRANSPOSE | FLIP_X | FLIP_Y,
                                   TRANSPOSE | FLIP_Y};

aigc_status_t aigc__pixels_orient(aigc__pixels_t *pixels, aigc__memory_t *memory, int orientation)
{
    const int action = actions[orientation];
    if (action == 0) return AIGC_OK;
    const aigc__pixels_t from = *pixels;
    const int64_t height = action & TRANSPOSE ? from.width : from.height,
                  width = action & TRANSPOSE ? from.height : from.width;
    const size_t channels = (size_t)from.channels;
    size_t bytes;
    void *block;
    AIGC__TRY(aigc__bytes_of((size_t)(height * width), channels, &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    uint8_t *to = block;
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++, to += channels) {
            const int64_t v = action & FLIP_Y ? height - 1 - y : y, u = action & FLIP_X ? width - 1 - x : x;
            const int64_t place = action & TRANSPOSE ? u * from.width + v : v * from.width + u;
            memcpy(to, from.data + (size_t)place * channels, channels);
        }
    aigc__memory_free(memory, from.data);
    *pixels = (aigc__pixels_t){height, width, from.channels, block};
    return AIGC_OK;
}
