#include "data/folder_paths.h"
#include "base/sizes.h"
#include <stdio.h>
#include <string.h>

void aigc__paths_init(aigc__paths_t *paths, aigc__memory_t *memory)
{
    *paths = (aigc__paths_t){0};
    aigc__arena_init(&paths->names, memory);
}

void aigc__paths_free(aigc__paths_t *paths)
{
    if (!paths->names.memory) return;
    aigc__memory_free(paths->names.memory, paths->items);
    aigc__arena_free(&paths->names);
    *paths = (aigc__paths_t){0};
}

aigc_status_t aigc__paths_add(aigc__paths_t *paths, const char *text, size_t length)
{
    if (paths->n == paths->capacity) {
        size_t bytes;
        void *block = paths->items;
        const size_t capacity = paths->capacity ? 2 * paths->capacity : 64;
        AIGC__TRY(aigc__bytes_of(capacity, sizeof(char *), &bytes));
        AIGC__TRY(aigc__memory_resize(paths->names.memory, bytes, &block));
        paths->items = block;
        paths->capacity = capacity;
    }
    AIGC__TRY(aigc__arena_copy_string(&paths->names, text, length, &paths->items[paths->n]));
    paths->n++;
    return AIGC_OK;
}

/* Heapsort: in place and without the allocations that qsort() may make. */
static void sift(const char **items, size_t root, size_t n)
{
    const char *moved = items[root];
    for (size_t child = 2 * root + 1; child < n; child = 2 * root + 1) {
        if (child + 1 < n && strcmp(items[child], items[child + 1]) < 0) child++;
        if (strcmp(moved, items[child]) >= 0) break;
        items[root] = items[child];
        root = child;
    }
    items[root] = moved;
}

void aigc__paths_sort(aigc__paths_t *paths)
{
    const char **items = paths->items;
    for (size_t i = paths->n / 2; i-- > 0;) sift(items, i, paths->n);
    for (size_t end = paths->n; end-- > 1;) {
        const char *last = items[end];
        items[end] = items[0];
        items[0] = last;
        sift(items, 0, end);
    }
}

aigc_status_t aigc__path_join(aigc__memory_t *memory, const char *root, const char *path, char **out)
{
    size_t bytes;
    void *block;
    const bool has_slash = !root[0] || root[strlen(root) - 1] == '/';
    AIGC__TRY(aigc__bytes_sum(strlen(root) + 2, strlen(path), &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    snprintf(block, bytes, "%s%s%s", root, has_slash || !path[0] ? "" : "/", path);
    *out = block;
    return AIGC_OK;
}

/* One walk: files go to one list, folders still to be looked into wait in the other. */
typedef struct walk {
    aigc_context_t *context;
    const char *root, *prefix; /* prefix: the folder looked into, below the root */
    aigc__paths_t *files;
    aigc__paths_t folders;
    aigc_status_t status;
    char text[512]; /* the sentence of `status` */
} walk_t;

static int visit_entry(void *arg, const char *name, bool is_folder)
{
    walk_t *walk = arg;
    char *path = NULL;
    if (name[0] == '.') return 0;
    walk->status = aigc__path_join(&walk->context->memory, walk->prefix, name, &path);
    if (walk->status == AIGC_OK)
        walk->status = aigc__paths_add(is_folder ? &walk->folders : walk->files, path, strlen(path));
    aigc__memory_free(&walk->context->memory, path);
    if (walk->status != AIGC_OK) aigc__failure_copy(walk->text);
    return walk->status != AIGC_OK;
}

static aigc_status_t list_folder(walk_t *walk)
{
    const aigc__file_calls_t *calls = walk->context->files;
    char *path = NULL;
    AIGC__TRY(aigc__path_join(&walk->context->memory, walk->root, walk->prefix, &path));
    const int result = calls->list(calls->user, path, visit_entry, walk);
    if (walk->status != AIGC_OK)
        aigc__failure_restore(walk->text);
    else if (result < 0)
        aigc__io_fail("read the folder", path, result);
    aigc__memory_free(&walk->context->memory, path);
    return walk->status != AIGC_OK ? walk->status : result < 0 ? AIGC_ERROR_IO : AIGC_OK;
}

static size_t depth_of(const char *path)
{
    size_t depth = 1;
    for (; *path; path++) depth += *path == '/';
    return depth;
}

/* Without recursion, and deepest first: a link to itself reaches the limit at once. */
static aigc_status_t walk_on(walk_t *walk, bool strict, size_t *left_out)
{
    AIGC__TRY(list_folder(walk));
    while (walk->folders.n > 0) {
        walk->prefix = walk->folders.items[--walk->folders.n];
        if (depth_of(walk->prefix) > AIGC__FOLDER_DEPTH)
            return aigc__fail(AIGC_ERROR_LIMIT,
                              "%s: folders are nested more than %d deep below it; is one a link to itself?", walk->root,
                              AIGC__FOLDER_DEPTH);
        if (atomic_load(&walk->context->cancelled)) AIGC__TRY(aigc__check_cancel(walk->context));
        const aigc_status_t status = list_folder(walk);
        if (status == AIGC_ERROR_IO && !strict)
            aigc__log(walk->context, AIGC_LOG_WARNING, "left out (%zu so far): %s", ++*left_out, aigc__failure_text());
        else if (status != AIGC_OK)
            return status;
    }
    return AIGC_OK;
}

aigc_status_t aigc__folder_walk(aigc__paths_t *files, aigc_context_t *context, const char *root, bool strict,
                                size_t *left_out)
{
    walk_t walk = {.context = context, .root = root, .prefix = "", .files = files};
    aigc__paths_init(&walk.folders, &context->memory);
    const aigc_status_t status = walk_on(&walk, strict, left_out);
    aigc__paths_free(&walk.folders);
    return status;
}
