/* The build without libjpeg. */
#include "formats/pixels.h"

static aigc_status_t refuse(const char *what)
{
    return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: this build has no JPEG; build it with -Djpeg=enabled", what);
}

aigc_status_t aigc__jpeg_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                              const aigc__pixel_request_t *request)
{
    (void)out;
    (void)memory;
    (void)request;
    return refuse(source->name);
}

aigc_status_t aigc__jpeg_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__pixels_t *pixels, int quality)
{
    (void)saver;
    (void)memory;
    (void)pixels;
    (void)quality;
    return refuse("writing a JPEG");
}
