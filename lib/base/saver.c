#include "base/files.h"
#include "base/numbers.h"
#include "base/sizes.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { BUFFER_SIZE = 1 << 16, MOST_AT_ONCE = 1 << 30, MESSAGE_SIZE = 512, ATTEMPTS = 100, MOST_LEFT_OVER = 100 };
/* A name has at most 255 bytes; the prefix and "-host-pid-number" take up to 6 + 9 + 11 + 9. */
enum { NAME_PART = 215 };
static const char PREFIX[] = ".aigc-";

struct aigc__saver {
    aigc__memory_t *memory;
    const aigc__file_calls_t *calls;
    char *path, *folder, *temporary;
    int file; /* -1 once closed */
    uint64_t size;
    size_t used; /* of the buffer */
    aigc_status_t status;
    char message[MESSAGE_SIZE];
    uint8_t buffer[BUFFER_SIZE];
};

/* A process number means something only on its own machine. */
static uint32_t host_number(void)
{
    struct utsname host = {0};
    uint32_t hash = 2166136261u; /* FNV-1a */
    if (uname(&host) < 0) return hash;
    for (const char *s = host.nodename; *s; s++) hash = (hash ^ (uint8_t)*s) * 16777619u;
    return hash;
}

/* Longest start of `name` of at most NAME_PART bytes that cuts no UTF-8 sequence. */
static size_t name_part(const char *name)
{
    size_t n = strlen(name);
    if (n <= NAME_PART) return n;
    n = NAME_PART;
    while (n > 0 && ((uint8_t)name[n] & 0xc0) == 0x80) n--;
    return n;
}

/* "dir/.aigc-NAME-HOST-"; returns its length. */
static int stem(char *to, size_t size, const char *path)
{
    const char *name = aigc__path_name(path);
    return snprintf(to, size, "%.*s%s%.*s-%08" PRIx32 "-", (int)(name - path), path, PREFIX, (int)name_part(name), name,
                    host_number());
}

static aigc_status_t make_paths(aigc__saver_t *saver, const char *path)
{
    const size_t length = strlen(path), folder = (size_t)(aigc__path_name(path) - path);
    void *block = NULL;
    AIGC__TRY(aigc__memory_copy_string(saver->memory, path, &saver->path));
    AIGC__TRY(aigc__memory_alloc(saver->memory, length + 64, &block));
    saver->temporary = block;
    AIGC__TRY(aigc__memory_copy_string(saver->memory, folder ? path : ".", &saver->folder));
    /* "/name" lies in "/". */
    if (folder) saver->folder[folder > 1 ? folder - 1 : 1] = '\0';
    return AIGC_OK;
}

/* 0 in `*mode` where nothing is there yet. */
static aigc_status_t find_mode(const aigc__file_calls_t *calls, const char *path, uint32_t *mode)
{
    int result = 0;
    do result = calls->mode(calls->user, path, mode);
    while (result == -EINTR);
    if (result == -ENOENT) {
        *mode = 0;
        return AIGC_OK;
    }
    if (result < 0) return aigc__io_fail("save", path, result);
    if (!S_ISREG((mode_t)*mode)) return aigc__io_fail("save", path, S_ISDIR((mode_t)*mode) ? -EISDIR : -ESPIPE);
    return AIGC_OK;
}

static aigc_status_t create_temporary(aigc__saver_t *saver)
{
    uint32_t mode = 0;
    AIGC__TRY(find_mode(saver->calls, saver->path, &mode));
    const size_t size = strlen(saver->path) + 64;
    const int length = stem(saver->temporary, size, saver->path);
    int file = -EEXIST;
    for (uint32_t attempt = 0; (file == -EEXIST || file == -EINTR) && attempt < ATTEMPTS; attempt++) {
        /* Savers that live at the same time differ in their address; the rest O_EXCL finds out. */
        const uint32_t number = (uint32_t)((uintptr_t)saver >> 6) + attempt * 0x9e3779b9u;
        snprintf(saver->temporary + length, size - (size_t)length, "%ld-%08" PRIx32, (long)getpid(), number);
        file = saver->calls->create(saver->calls->user, saver->temporary, mode);
    }
    if (file < 0) return aigc__io_fail("create a temporary file to save", saver->path, file);
    saver->file = file;
    return AIGC_OK;
}

static void free_saver(aigc__saver_t *saver)
{
    aigc__memory_free(saver->memory, saver->path);
    aigc__memory_free(saver->memory, saver->folder);
    aigc__memory_free(saver->memory, saver->temporary);
    aigc__memory_free(saver->memory, saver);
}

aigc_status_t aigc__saver_begin(aigc__saver_t **out, aigc__memory_t *memory, const aigc__file_calls_t *calls, const char *path)
{
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc(memory, sizeof(aigc__saver_t), &block));
    aigc__saver_t *saver = block;
    memset(saver, 0, offsetof(aigc__saver_t, buffer));
    saver->memory = memory;
    saver->calls = calls;
    saver->file = -1;
    aigc_status_t status = make_paths(saver, path);
    if (status == AIGC_OK) status = create_temporary(saver);
    if (status != AIGC_OK) {
        free_saver(saver);
        return status;
    }
    *out = saver;
    return AIGC_OK;
}

/* Keeps the first failure: its sentence comes back with every further call. */
static aigc_status_t keep(aigc__saver_t *saver, aigc_status_t status)
{
    saver->status = status;
    aigc__failure_copy(saver->message);
    return status;
}

static aigc_status_t write_out(aigc__saver_t *saver, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const size_t wanted = size < MOST_AT_ONCE ? size : MOST_AT_ONCE;
        const int64_t n = saver->calls->write(saver->calls->user, saver->file, bytes, wanted);
        if (n == -EINTR) continue;
        if (n <= 0) return keep(saver, aigc__io_fail("write", saver->path, n < 0 ? n : -EIO));
        bytes += n;
        size -= (size_t)n;
    }
    return AIGC_OK;
}

static aigc_status_t flush(aigc__saver_t *saver)
{
    const size_t used = saver->used;
    saver->used = 0;
    return write_out(saver, saver->buffer, used);
}

aigc_status_t aigc__saver_write(aigc__saver_t *saver, const void *bytes, size_t size)
{
    if (saver->status != AIGC_OK) {
        aigc__failure_restore(saver->message);
        return saver->status;
    }
    if (size > BUFFER_SIZE - saver->used) AIGC__TRY(flush(saver));
    if (size > BUFFER_SIZE) {
        AIGC__TRY(write_out(saver, bytes, size));
    } else if (size > 0) {
        memcpy(saver->buffer + saver->used, bytes, size);
        saver->used += size;
    }
    saver->size += size;
    return AIGC_OK;
}

uint64_t aigc__saver_size(const aigc__saver_t *saver) { return saver->size; }

/* A failed fsync may have thrown the data away and must not be asked again; an interrupted one may. */
static aigc_status_t sync_file(aigc__saver_t *saver)
{
    int result = 0;
    do result = saver->calls->sync(saver->calls->user, saver->file);
    while (result == -EINTR);
    return result < 0 ? aigc__io_fail("bring to disk", saver->path, result) : AIGC_OK;
}

/* An interrupted close has closed; the data is on disk already. */
static aigc_status_t close_file(aigc__saver_t *saver)
{
    const int result = saver->calls->close(saver->calls->user, saver->file);
    saver->file = -1;
    return result < 0 && result != -EINTR ? aigc__io_fail("close", saver->path, result) : AIGC_OK;
}

static aigc_status_t rename_file(const aigc__saver_t *saver)
{
    int result = 0;
    do result = saver->calls->rename(saver->calls->user, saver->temporary, saver->path);
    while (result == -EINTR);
    return result < 0 ? aigc__io_fail("put the new file in place of", saver->path, result) : AIGC_OK;
}

static aigc_status_t sync_folder(const aigc__saver_t *saver)
{
    int result = 0;
    do result = saver->calls->sync_folder(saver->calls->user, saver->folder);
    while (result == -EINTR);
    return result < 0 ? aigc__io_fail("bring to disk the folder of", saver->path, result) : AIGC_OK;
}

/* ---- what killed processes left ---- */

typedef struct search {
    const char *stem;
    size_t length;
    char found[256];
} search_t;

static bool is_left_over(const search_t *search, const char *name)
{
    if (strncmp(name, search->stem, search->length) != 0 || strlen(name) >= sizeof search->found) return false;
    int64_t process = 0;
    const char *number = name + search->length;
    if (!aigc__parse_int(number, strcspn(number, "-"), &process) || process <= 0 || process > INT32_MAX) return false;
    return kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static int find_left_over(void *arg, const char *name, bool is_folder)
{
    search_t *search = arg;
    if (is_folder || !is_left_over(search, name)) return 0;
    strcpy(search->found, name);
    return 1;
}

/* Leftovers are rare, and none of this may make a save fail or last for ever. */
static void remove_left_over(const aigc__saver_t *saver)
{
    char stem_text[256], *const path = saver->temporary;
    const size_t folder = (size_t)(aigc__path_name(path) - path);
    const int length = stem(stem_text, sizeof stem_text, aigc__path_name(saver->path));
    for (int i = 0; i < MOST_LEFT_OVER; i++) {
        search_t search = {.stem = stem_text, .length = (size_t)length};
        saver->calls->list(saver->calls->user, saver->folder, find_left_over, &search);
        if (!search.found[0]) return;
        if (strlen(search.found) >= strlen(saver->path) - folder + 64) return;
        strcpy(path + folder, search.found);
        if (saver->calls->unlink(saver->calls->user, path) < 0) return;
    }
}

static aigc_status_t commit(aigc__saver_t *saver, bool is_light)
{
    bool has_temporary = true;
    aigc_status_t status = aigc__saver_write(saver, NULL, 0);
    if (status == AIGC_OK) status = flush(saver);
    if (status == AIGC_OK && !is_light) status = sync_file(saver);
    if (status == AIGC_OK) status = close_file(saver);
    if (status == AIGC_OK) status = rename_file(saver);
    if (status == AIGC_OK) {
        has_temporary = false;
        if (!is_light) status = sync_folder(saver);
    }
    if (has_temporary) {
        aigc__saver_abort(saver);
        return status;
    }
    if (!is_light) remove_left_over(saver);
    free_saver(saver);
    return status;
}

aigc_status_t aigc__saver_commit(aigc__saver_t *saver) { return commit(saver, false); }

aigc_status_t aigc__saver_commit_lightly(aigc__saver_t *saver) { return commit(saver, true); }

void aigc__saver_abort(aigc__saver_t *saver)
{
    if (!saver) return;
    if (saver->file >= 0) saver->calls->close(saver->calls->user, saver->file);
    int result = 0;
    do result = saver->calls->unlink(saver->calls->user, saver->temporary);
    while (result == -EINTR);
    free_saver(saver);
}

static aigc_status_t copy_old(aigc__saver_t *saver, const aigc__file_calls_t *calls, const char *path)
{
    uint32_t mode = 0;
    AIGC__TRY(find_mode(calls, path, &mode));
    if (mode == 0) return AIGC_OK;
    aigc__source_t source;
    uint8_t piece[2048];
    AIGC__TRY(aigc__source_open(&source, calls, path));
    aigc_status_t status = AIGC_OK;
    for (uint64_t at = 0; at < source.size && status == AIGC_OK;) {
        const size_t n = source.size - at < sizeof piece ? (size_t)(source.size - at) : sizeof piece;
        status = aigc__source_read(&source, at, piece, n);
        if (status == AIGC_OK) status = aigc__saver_write(saver, piece, n);
        at += n;
    }
    aigc__source_close(&source);
    return status;
}

aigc_status_t aigc__file_append(aigc__memory_t *memory, const aigc__file_calls_t *calls, const char *path, const char *text,
                                size_t size)
{
    aigc__saver_t *saver = NULL;
    aigc_status_t status = AIGC_OK;
    AIGC__TRY(aigc__saver_begin(&saver, memory, calls, path));
    AIGC__GOTO(failed, copy_old(saver, calls, path));
    AIGC__GOTO(failed, aigc__saver_write(saver, text, size));
    return aigc__saver_commit(saver);
failed:
    aigc__saver_abort(saver);
    return status;
}
