/* Zip archives: members by name, stored or deflated, read anywhere. By libzip (https://libzip.org), which gets its
 * bytes from a source of ours; what it allocates for an archive's directory it takes from malloc. */
#ifndef AIGC_FORMATS_ARCHIVE_H
#define AIGC_FORMATS_ARCHIVE_H

#include "base/files.h"

typedef struct aigc__zip aigc__zip_t;

typedef struct aigc__zip_member {
    const char *name;
    uint64_t size, packed; /* bytes, and as they lie in the file */
    uint64_t first;        /* where in the file */
    bool is_stored;
} aigc__zip_member_t;

/* Reads the directory and every member's local header. Afterwards: no two members share a name or a byte, all lie in
 * the file, names are relative and have no "..", sizes are possible. The source is borrowed. */
aigc_status_t aigc__zip_open(aigc__zip_t **out, aigc__memory_t *memory, const aigc__source_t *source);
void aigc__zip_free(aigc__zip_t *zip);

size_t aigc__zip_count(const aigc__zip_t *zip);
const aigc__zip_member_t *aigc__zip_member(const aigc__zip_t *zip, size_t index); /* in the directory's order */
int64_t aigc__zip_find(const aigc__zip_t *zip, const char *name);                 /* -1: none */
/* Exactly `bytes` of a member from `place` on. Of a deflated one all before is inflated too, unless that was read last.
 * Stored members' check sums are not looked at: writers may leave them out. */
aigc_status_t aigc__zip_read(aigc__zip_t *zip, size_t index, uint64_t place, void *to, size_t bytes);

#endif
