/* The build without libzip. */
#include "formats/archive.h"

aigc_status_t aigc__zip_open(aigc__zip_t **out, aigc__memory_t *memory, const aigc__source_t *source)
{
    (void)out;
    (void)memory;
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "%s: a zip archive, as PyTorch and NumPy write them; this build cannot read them: build it with "
                      "-Dzip=enabled",
                      source->name);
}

void aigc__zip_free(aigc__zip_t *zip) { (void)zip; }

size_t aigc__zip_count(const aigc__zip_t *zip)
{
    (void)zip;
    return 0;
}

const aigc__zip_member_t *aigc__zip_member(const aigc__zip_t *zip, size_t index)
{
    (void)zip;
    (void)index;
    return NULL;
}

int64_t aigc__zip_find(const aigc__zip_t *zip, const char *name)
{
    (void)zip;
    (void)name;
    return -1;
}

aigc_status_t aigc__zip_read(aigc__zip_t *zip, size_t index, uint64_t place, void *to, size_t bytes)
{
    (void)zip;
    (void)index;
    (void)place;
    (void)to;
    (void)bytes;
    return AIGC_ERROR_UNSUPPORTED;
}
