#include "base/files.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Linux moves at most 2^31 - 4096 bytes a call. */
enum { MOST_AT_ONCE = 1 << 30 };

static int open_read(const aigc__file_calls_t *calls, const char *path)
{
    int file = 0;
    do file = calls->open_read(calls->user, path);
    while (file == -EINTR);
    return file;
}

aigc_status_t aigc__source_open(aigc__source_t *out, const aigc__file_calls_t *calls, const char *path)
{
    const int file = open_read(calls, path);
    if (file < 0) return aigc__io_fail("open", path, file);
    int64_t size = 0;
    do size = calls->size(calls->user, file);
    while (size == -EINTR);
    if (size < 0) {
        calls->close(calls->user, file);
        return aigc__io_fail("read", path, size);
    }
    *out = (aigc__source_t){.name = path, .size = (uint64_t)size, .calls = calls, .file = file};
    return AIGC_OK;
}

void aigc__source_from_memory(aigc__source_t *out, const char *name, const void *bytes, size_t size)
{
    *out = (aigc__source_t){.name = name, .size = size, .bytes = bytes ? bytes : (const uint8_t *)""};
}

aigc_status_t aigc__source_read(const aigc__source_t *source, uint64_t offset, void *buffer, size_t bytes)
{
    if (offset > source->size || bytes > source->size - offset)
        return aigc__fail(AIGC_ERROR_CORRUPT, "'%s' ends at byte %" PRIu64 "; expected %zu bytes at byte %" PRIu64, source->name,
                          source->size, bytes, offset);
    if (bytes == 0) return AIGC_OK;
    if (source->bytes) {
        memcpy(buffer, source->bytes + offset, bytes);
        return AIGC_OK;
    }
    uint8_t *to = buffer;
    while (bytes > 0) {
        const size_t wanted = bytes < MOST_AT_ONCE ? bytes : MOST_AT_ONCE;
        const int64_t n = source->calls->pread(source->calls->user, source->file, to, wanted, offset);
        if (n == -EINTR) continue;
        if (n < 0) return aigc__io_fail("read", source->name, n);
        if (n == 0)
            return aigc__fail(AIGC_ERROR_IO, "cannot read '%s': it became shorter than %" PRIu64 " bytes meanwhile",
                              source->name, source->size);
        to += n;
        offset += (uint64_t)n;
        bytes -= (size_t)n;
    }
    return AIGC_OK;
}

void aigc__source_close(aigc__source_t *source)
{
    if (source->calls) source->calls->close(source->calls->user, source->file);
    *source = (aigc__source_t){0};
}

aigc_status_t aigc__source_read_all(const aigc__source_t *source, aigc__memory_t *memory, uint64_t limit, void **out,
                                    size_t *size)
{
    if (source->size > limit || source->size > SIZE_MAX)
        return aigc__fail(AIGC_ERROR_LIMIT, "'%s' has %" PRIu64 " bytes; at most %" PRIu64 " are read", source->name, source->size,
                          limit);
    void *bytes = NULL;
    AIGC__TRY(aigc__memory_alloc(memory, (size_t)source->size, &bytes));
    const aigc_status_t status = aigc__source_read(source, 0, bytes, (size_t)source->size);
    if (status != AIGC_OK) {
        aigc__memory_free(memory, bytes);
        return status;
    }
    *out = bytes;
    *size = (size_t)source->size;
    return AIGC_OK;
}

const char *aigc__path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

bool aigc__path_has_suffix(const char *path, const char *suffix)
{
    const size_t n = strlen(path), m = strlen(suffix);
    if (m > n) return false;
    for (size_t i = 0; i < m; i++)
        if (lower(path[n - m + i]) != lower(suffix[i])) return false;
    return true;
}
