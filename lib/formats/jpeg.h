/* What the JPEG reader and writer share. */
#ifndef AIGC_FORMATS_JPEG_H
#define AIGC_FORMATS_JPEG_H

#include "formats/pixels.h"

/* The orientation (1 to 8) out of an APP1 marker's payload; 1 where it holds no well-formed EXIF. */
int aigc__exif_orientation(const uint8_t *payload, size_t size);

/* Turns and mirrors the picture so that it stands upright. */
aigc_status_t aigc__pixels_orient(aigc__pixels_t *pixels, aigc__memory_t *memory, int orientation);

#endif
