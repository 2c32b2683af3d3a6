/* Pictures as 8-bit pixels, and the files that hold one: found by content, not by name. */
#ifndef AIGC_FORMATS_PIXELS_H
#define AIGC_FORMATS_PIXELS_H

#include "base/files.h"

/* height x width x channels bytes, row-major; 1 gray, 3 RGB, 4 RGBA. */
typedef struct aigc__pixels {
    int64_t height, width, channels;
    uint8_t *data; /* from the memory given to the reader; freed with aigc__memory_free */
} aigc__pixels_t;

/* What the caller wants to get. */
typedef struct aigc__pixel_request {
    int64_t channels;      /* 0: as in the file (gray, RGB or RGBA), 1, 3, 4 */
    uint8_t background[3]; /* RGB laid under alpha where alpha is not kept */
} aigc__pixel_request_t;

enum {
    AIGC__PICTURE_SIDE = 16384,  /* longest side read */
    AIGC__PICTURE_AREA = 1 << 26 /* most pixels read */
};

/* Every reader: memory before the pixels are proven present is bounded by the file's size.
 * AIGC_ERROR_CORRUPT, _UNSUPPORTED, _LIMIT, _IO, _MEMORY; messages name source and place. */
aigc_status_t aigc__pixels_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                                const aigc__pixel_request_t *request);
/* Does the file begin like a picture this build can read? */
bool aigc__pixels_known(const aigc__source_t *source);

/* Does its header say that it is in colour? false where that cannot be told; nothing is decoded. */
bool aigc__pixels_coloured(const aigc__source_t *source);

aigc_status_t aigc__png_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                             const aigc__pixel_request_t *request);
aigc_status_t aigc__png_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__pixels_t *pixels,
                              int compression);
aigc_status_t aigc__jpeg_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                              const aigc__pixel_request_t *request);
aigc_status_t aigc__jpeg_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__pixels_t *pixels, int quality);

/* Pixels that arrive row by row: the block grows with what has been decoded, so that a header's claim
 * alone allocates nothing large. Zeroed but for `memory` and `total` at the start. */
typedef struct aigc__pixel_rows {
    aigc__memory_t *memory;
    size_t total; /* bytes in the end */
    size_t used, capacity;
    uint8_t *data; /* freed by the owner */
} aigc__pixel_rows_t;

/* Room for `bytes` more at data + used. */
aigc_status_t aigc__pixel_rows_room(aigc__pixel_rows_t *rows, size_t bytes);

/* AIGC_ERROR_LIMIT over AIGC__PICTURE_*; AIGC_ERROR_CORRUPT for an empty side. */
aigc_status_t aigc__pixels_check_size(const aigc__source_t *source, int64_t width, int64_t height);

/* gray, RGB, RGBA -> the requested channels; in place where it shrinks, else a new block. Gray from
 * RGB is 0.299 R + 0.587 G + 0.114 B, rounded; alpha that is not kept is blended over the background,
 * (c a + b (255 - a)) / 255, rounded. */
aigc_status_t aigc__pixels_convert(aigc__pixels_t *pixels, aigc__memory_t *memory,
                                   const aigc__pixel_request_t *request);

#endif
