/* The files below a folder, sorted. */
#ifndef AIGC_DATA_FOLDER_PATHS_H
#define AIGC_DATA_FOLDER_PATHS_H

#include "base/arena.h"
#include "base/runtime.h"

typedef struct aigc__paths {
    aigc__arena_t names;
    const char **items;
    size_t n, capacity;
} aigc__paths_t;

void aigc__paths_init(aigc__paths_t *paths, aigc__memory_t *memory);
void aigc__paths_free(aigc__paths_t *paths); /* also of a zeroed one */
aigc_status_t aigc__paths_add(aigc__paths_t *paths, const char *text, size_t length);
/* Bytewise, ascending. */
void aigc__paths_sort(aigc__paths_t *paths);

/* "root/path" in a new block; `root` itself where `path` is "". */
aigc_status_t aigc__path_join(aigc__memory_t *memory, const char *root, const char *path, char **out);

enum { AIGC__FOLDER_DEPTH = 32 };

/* Adds every file below `root` (paths from there), links followed, names that begin with a dot left
 * out. A sub-folder that cannot be read is an error where `strict`, else logged and counted in
 * `left_out`. AIGC_ERROR_LIMIT where folders lie deeper than AIGC__FOLDER_DEPTH, as they do where one
 * is a link to itself. */
aigc_status_t aigc__folder_walk(aigc__paths_t *files, aigc_context_t *context, const char *root, bool strict,
                                size_t *left_out);

#endif
