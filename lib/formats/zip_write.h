/* Zip archives of stored members, written from front to back: libzip, which reads them, would go back to mend headers,
 * and a saver cannot; nor would it put numbers on multiples of 64 bytes. Sizes and check sums follow each member
 * (APPNOTE.TXT 4.3.9), as in PyTorch's own files; everything is ZIP64 where it must be. */
#ifndef AIGC_FORMATS_ZIP_WRITE_H
#define AIGC_FORMATS_ZIP_WRITE_H

#include "base/files.h"

typedef struct aigc__zip_writer {
    aigc__saver_t *saver;
    aigc__memory_t *memory;
    uint8_t *directory; /* what will be written last */
    size_t used, room, n;
    uint64_t first, size; /* of the member: its local header, its bytes so far */
    uint32_t crc;
    char name[1100];
} aigc__zip_writer_t;

/* Begins a member of `bytes` bytes; they lie on a multiple of 64. */
aigc_status_t aigc__zip_begin(aigc__zip_writer_t *zip, const char *name, uint64_t bytes);
aigc_status_t aigc__zip_put(void *zip, const void *bytes, size_t n);
aigc_status_t aigc__zip_end(aigc__zip_writer_t *zip);
/* The directory; frees in any case. */
aigc_status_t aigc__zip_finish(aigc__zip_writer_t *zip, aigc_status_t status);

#endif
