/* Files: a replaceable layer under all input and output, readers that check every length, writers
 * that leave the old file whole until the new one is. */
#ifndef AIGC_BASE_FILES_H
#define AIGC_BASE_FILES_H

#include "base/memory.h"

/* What the operating system offers; each call returns a non-negative result or -errno. Tests replace
 * the table to inject faults. `user` is the table's own pointer. */
typedef struct aigc__file_calls {
    int (*open_read)(void *user, const char *path);
    /* O_CREAT | O_EXCL, for writing; `mode` 0: 0666 & ~umask, otherwise the permission bits of this st_mode. */
    int (*create)(void *user, const char *path, uint32_t mode);
    int64_t (*size)(void *user, int file); /* -ESPIPE for what is no regular file, -EISDIR for a folder */
    int64_t (*pread)(void *user, int file, void *buffer, size_t bytes, uint64_t offset);
    int64_t (*write)(void *user, int file, const void *buffer, size_t bytes);
    int (*sync)(void *user, int file);
    int (*close)(void *user, int file);
    int (*rename)(void *user, const char *from, const char *to);
    int (*unlink)(void *user, const char *path);
    int (*sync_folder)(void *user, const char *folder);
    int (*mode)(void *user, const char *path, uint32_t *mode); /* st_mode */
    int (*make_folder)(void *user, const char *path);          /* 0 also where it exists */
    /* Calls `visit` for each name in a folder except "." and ".." (a link is what it leads to); stops
     * when it returns non-zero. */
    int (*list)(void *user, const char *path, int (*visit)(void *arg, const char *name, bool is_folder), void *arg);
    void *user;
} aigc__file_calls_t;

extern const aigc__file_calls_t aigc__posix_files;

/* AIGC_ERROR_IO and "cannot <what> '<path>': <text of the error> (<its name>)"; `result` is a call's -errno. */
aigc_status_t aigc__io_fail(const char *what, const char *path, int64_t result);

/* ---- reading: bytes at offsets, from a file or from memory ---- */

typedef struct aigc__source {
    const char *name; /* for messages; borrowed */
    uint64_t size;
    const aigc__file_calls_t *calls;
    int file;
    const uint8_t *bytes; /* a memory source where not NULL */
} aigc__source_t;

aigc_status_t aigc__source_open(aigc__source_t *out, const aigc__file_calls_t *calls, const char *path);
void aigc__source_from_memory(aigc__source_t *out, const char *name, const void *bytes, size_t size);
/* Exactly `bytes` at `offset`; AIGC_ERROR_CORRUPT where that lies past the end (named with the
 * offset), AIGC_ERROR_IO. EINTR and short reads are handled here. */
aigc_status_t aigc__source_read(const aigc__source_t *source, uint64_t offset, void *buffer, size_t bytes);
void aigc__source_close(aigc__source_t *source); /* also of a zeroed one */

/* The whole of a small file; at most `limit` bytes, else AIGC_ERROR_LIMIT. Frees with aigc__memory_free. */
aigc_status_t aigc__source_read_all(const aigc__source_t *source, aigc__memory_t *memory, uint64_t limit, void **out,
                                    size_t *size);

/* ---- writing: whole or not at all ---- */

typedef struct aigc__saver aigc__saver_t;

/* Starts a temporary sibling ".aigc-NAME-..." of `path` with the mode of the file it will replace
 * (0666 & ~umask for a new one). A symbolic link is replaced, not followed; what is there and no
 * regular file (a folder, a device) is refused. */
aigc_status_t aigc__saver_begin(aigc__saver_t **out, aigc__memory_t *memory, const aigc__file_calls_t *calls,
                                const char *path);
/* Buffered. Repeats short writes; after a failure every further call gives the same failure. */
aigc_status_t aigc__saver_write(aigc__saver_t *saver, const void *bytes, size_t size);
uint64_t aigc__saver_size(const aigc__saver_t *saver); /* bytes written so far */
/* Flush, fsync, close, rename over `path`, fsync the folder; frees the saver in any case. On failure
 * the old file is whole and the temporary one gone, except when the folder's fsync fails: then the new
 * file is there, and whole, but may not survive a power loss. A success also removes temporary files
 * that killed processes of this machine left for the same `path`. */
aigc_status_t aigc__saver_commit(aigc__saver_t *saver);
/* The same for one of many files that can be made again: whole or not at all while the machine runs, but nothing waits
 * for the disk, and nobody's temporary files are looked for. */
aigc_status_t aigc__saver_commit_lightly(aigc__saver_t *saver);
/* Removes the temporary file and frees. NULL is fine. */
void aigc__saver_abort(aigc__saver_t *saver);

/* Appends whole lines to a log file such as metrics.jsonl: reads it, adds, saves by the rule above. */
aigc_status_t aigc__file_append(aigc__memory_t *memory, const aigc__file_calls_t *calls, const char *path,
                                const char *text, size_t size);

/* "dir/name.ext" -> the parts' places. */
const char *aigc__path_name(const char *path);               /* after the last '/' */
bool aigc__path_has_suffix(const char *path, const char *suffix); /* ASCII case ignored */

#endif
