#include "formats/zip_write.h"
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum {
    LOCAL = 30,
    CENTRAL = 46,
    ALIGNMENT = 64,
    PADDING = 4,
    MOST_NAME = 1099,
    FLAGS = 0x0808 /* UTF-8, sizes follow */
};

static uint8_t *store(uint8_t *to, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) to[i] = (uint8_t)(value >> (8 * i));
    return to + width;
}

/* ZIP64 where a number does not fit: then all sizes after the member are of 8 bytes. */
static bool is_large(uint64_t size) { return size >= UINT32_MAX; }

/* An extra field "FB" fills the place up to the next multiple of 64, as PyTorch has it. */
aigc_status_t aigc__zip_begin(aigc__zip_writer_t *zip, const char *name, uint64_t bytes)
{
    uint8_t head[LOCAL], extra[20 + PADDING + ALIGNMENT], *at = head, *end = extra;
    const size_t length = strlen(name);
    if (length > MOST_NAME)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "writing a zip archive: '%.64s...' is too long for a name", name);
    snprintf(zip->name, sizeof zip->name, "%s", name);
    zip->first = aigc__saver_size(zip->saver);
    zip->size = 0;
    zip->crc = 0;
    if (is_large(bytes)) {
        end = store(store(end, 1, 2), 16, 2);
        end = store(store(end, 0, 8), 0, 8);
    }
    const uint64_t start = zip->first + LOCAL + length + (uint64_t)(end - extra) + PADDING;
    const size_t padding = (size_t)((ALIGNMENT - start % ALIGNMENT) % ALIGNMENT);
    end = store(end, 'F' | 'B' << 8, 2);
    end = store(end, padding, 2);
    memset(end, 'Z', padding);
    end += padding;
    at = store(at, 0x04034b50, 4);
    at = store(at, is_large(bytes) ? 45 : 20, 2);
    at = store(at, FLAGS, 2);
    at = store(store(store(at, 0, 2), 0, 2), 0x21, 2); /* stored; 1 January 1980: the same input gives the same bytes */
    at = store(at, 0, 4);
    at = store(at, is_large(bytes) ? UINT32_MAX : 0, 4);
    at = store(at, is_large(bytes) ? UINT32_MAX : 0, 4);
    at = store(at, length, 2);
    store(at, (uint64_t)(end - extra), 2);
    AIGC__TRY(aigc__saver_write(zip->saver, head, sizeof head));
    AIGC__TRY(aigc__saver_write(zip->saver, name, length));
    return aigc__saver_write(zip->saver, extra, (size_t)(end - extra));
}

aigc_status_t aigc__zip_put(void *user, const void *bytes, size_t n)
{
    aigc__zip_writer_t *zip = user;
    zip->crc = (uint32_t)crc32_z(zip->crc, bytes, n);
    zip->size += n;
    return aigc__saver_write(zip->saver, bytes, n);
}

static aigc_status_t add_central(aigc__zip_writer_t *zip)
{
    const size_t length = strlen(zip->name);
    uint8_t extra[28] = {0}, *end = extra;
    void *block = zip->directory;
    const bool is_wide = is_large(zip->size) || is_large(zip->first);
    if (is_wide) {
        end = store(store(end, 1, 2), 24, 2);
        end = store(store(store(end, zip->size, 8), zip->size, 8), zip->first, 8);
    }
    const size_t bytes = CENTRAL + length + (size_t)(end - extra);
    if (zip->used + bytes > zip->room) {
        const size_t room = 2 * zip->room + bytes + 4096;
        AIGC__TRY(aigc__memory_resize(zip->memory, room, &block));
        zip->directory = block;
        zip->room = room;
    }
    uint8_t *at = zip->directory + zip->used;
    at = store(at, 0x02014b50, 4);
    at = store(store(at, is_wide ? 45 : 20, 2), is_wide ? 45 : 20, 2);
    at = store(store(store(store(at, FLAGS, 2), 0, 2), 0, 2), 0x21, 2);
    at = store(at, zip->crc, 4);
    at = store(store(at, is_wide ? UINT32_MAX : zip->size, 4), is_wide ? UINT32_MAX : zip->size, 4);
    at = store(store(at, length, 2), (uint64_t)(end - extra), 2);
    at = store(store(store(at, 0, 2), 0, 2), 0, 2);
    at = store(store(at, 0, 4), is_wide ? UINT32_MAX : zip->first, 4);
    memcpy(at, zip->name, length);
    memcpy(at + length, extra, (size_t)(end - extra));
    zip->used += bytes;
    zip->n++;
    return AIGC_OK;
}

aigc_status_t aigc__zip_end(aigc__zip_writer_t *zip)
{
    uint8_t follows[24], *end = follows;
    const size_t width = is_large(zip->size) ? 8 : 4;
    end = store(store(end, 0x08074b50, 4), zip->crc, 4);
    end = store(store(end, zip->size, width), zip->size, width);
    AIGC__TRY(aigc__saver_write(zip->saver, follows, (size_t)(end - follows)));
    return add_central(zip);
}

/* The ZIP64 end record and its locator stand before the plain one, always: 76 bytes. */
static aigc_status_t write_end(aigc__zip_writer_t *zip)
{
    uint8_t ends[56 + 20 + 22], *at = ends;
    const uint64_t start = aigc__saver_size(zip->saver), after = start + zip->used;
    AIGC__TRY(aigc__saver_write(zip->saver, zip->directory, zip->used));
    at = store(store(at, 0x06064b50, 4), 44, 8);
    at = store(store(store(store(at, 45, 2), 45, 2), 0, 4), 0, 4);
    at = store(store(store(store(at, zip->n, 8), zip->n, 8), zip->used, 8), start, 8);
    at = store(store(store(store(at, 0x07064b50, 4), 0, 4), after, 8), 1, 4);
    const uint64_t n = zip->n < 0xffff ? zip->n : 0xffff;
    at = store(store(store(at, 0x06054b50, 4), 0, 2), 0, 2);
    at = store(store(at, n, 2), n, 2);
    at = store(store(at, is_large(zip->used) ? UINT32_MAX : zip->used, 4), is_large(start) ? UINT32_MAX : start, 4);
    at = store(at, 0, 2);
    return aigc__saver_write(zip->saver, ends, (size_t)(at - ends));
}

aigc_status_t aigc__zip_finish(aigc__zip_writer_t *zip, aigc_status_t status)
{
    if (status == AIGC_OK) status = write_end(zip);
    aigc__memory_free(zip->memory, zip->directory);
    zip->directory = NULL;
    return status;
}
