/* S_IFREG is an extension of X/Open. */
#define _XOPEN_SOURCE 700
#include "support/fault_files.h"
#include "support/power_loss.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Tests have memory or end. */
static void *grow(void *block, size_t bytes)
{
    void *grown = realloc(block, bytes ? bytes : 1);
    if (!grown) abort();
    return grown;
}

static char *copy_text(const char *text)
{
    char *copy = grow(NULL, strlen(text) + 1);
    return strcpy(copy, text);
}

/* ---- the file system ---- */

static int find(const test_files_t *files, const char *path)
{
    for (size_t i = 0; i < files->n_entries; i++)
        if (strcmp(files->entries[i].path, path) == 0) return (int)i;
    return -1;
}

static int add_inode(test_files_t *files, uint32_t mode)
{
    files->inodes = grow(files->inodes, (files->n_inodes + 1) * sizeof files->inodes[0]);
    files->inodes[files->n_inodes] = (test_inode_t){.mode = mode};
    return (int)files->n_inodes++;
}

static void link_entry(test_files_t *files, const char *path, int inode)
{
    const int at = find(files, path);
    if (at >= 0) {
        files->entries[at].inode = inode;
        return;
    }
    files->entries = grow(files->entries, (files->n_entries + 1) * sizeof files->entries[0]);
    files->entries[files->n_entries++] = (test_entry_t){.path = copy_text(path), .inode = inode};
}

static void unlink_entry(test_files_t *files, const char *path)
{
    const int at = find(files, path);
    if (at < 0) return;
    free(files->entries[at].path);
    files->entries[at] = files->entries[--files->n_entries];
}

static test_op_t *add_op(test_files_t *files, test_op_kind_t kind, int inode, const char *path)
{
    files->log = grow(files->log, (files->n_log + 1) * sizeof files->log[0]);
    files->log[files->n_log] = (test_op_t){.kind = kind, .inode = inode, .path = path ? copy_text(path) : NULL};
    return &files->log[files->n_log++];
}

/* ---- faults ---- */

/* 0, or the -errno this call is to give. */
static int enter(test_files_t *files, test_call_t call)
{
    const bool is_interruptible = call != TEST_CLOSE && call != TEST_LIST;
    if (files->is_interrupting && is_interruptible) {
        files->was_interrupted = !files->was_interrupted;
        if (files->was_interrupted) return -EINTR;
    }
    files->count++;
    files->count_of[call]++;
    const bool is_hit = files->fail_from_then ? files->count >= files->fail_at : files->count == files->fail_at;
    if (files->fail_at == 0 || !is_hit) return 0;
    if (files->failed_call == TEST_CALLS) files->failed_call = call;
    return -files->error;
}

static size_t shorten(const test_files_t *files, size_t bytes)
{
    return files->most && bytes > files->most ? files->most : bytes;
}

/* ---- the calls ---- */

static int open_file(test_files_t *files, int inode)
{
    for (int i = 0; i < TEST_MAX_OPEN; i++) {
        if (files->open[i].is_used) continue;
        files->open[i] = (test_open_t){.is_used = true, .inode = inode};
        return i;
    }
    return -EMFILE;
}

static int call_open_read(void *user, const char *path)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_OPEN), at = find(files, path);
    if (error) return error;
    return at < 0 ? -ENOENT : open_file(files, files->entries[at].inode);
}

static int call_create(void *user, const char *path, uint32_t mode)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_CREATE);
    if (error) return error;
    if (find(files, path) >= 0) return -EEXIST;
    const int inode = add_inode(files, S_IFREG | (mode ? mode & 07777 : 0644));
    link_entry(files, path, inode);
    add_op(files, TEST_OP_LINK, inode, path);
    return open_file(files, inode);
}

static int64_t call_size(void *user, int file)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_SIZE);
    return error ? error : (int64_t)files->inodes[files->open[file].inode].size;
}

static int64_t call_pread(void *user, int file, void *buffer, size_t bytes, uint64_t offset)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_PREAD);
    if (error) return error;
    const test_inode_t *inode = &files->inodes[files->open[file].inode];
    if (offset >= inode->size) return 0;
    size_t n = shorten(files, bytes);
    if (n > inode->size - offset) n = inode->size - (size_t)offset;
    memcpy(buffer, inode->bytes + offset, n);
    return (int64_t)n;
}

static int64_t call_write(void *user, int file, const void *buffer, size_t bytes)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_WRITE);
    if (error) return error;
    test_open_t *open = &files->open[file];
    test_inode_t *inode = &files->inodes[open->inode];
    const size_t n = shorten(files, bytes);
    test_op_t *op = add_op(files, TEST_OP_WRITE, open->inode, NULL);
    op->offset = open->at;
    op->size = n;
    op->bytes = memcpy(grow(NULL, n), buffer, n);
    if (open->at + n > inode->size) {
        inode->bytes = grow(inode->bytes, open->at + n);
        inode->size = open->at + n;
    }
    memcpy(inode->bytes + open->at, buffer, n);
    open->at += n;
    return (int64_t)n;
}

static int call_sync(void *user, int file)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_SYNC);
    if (error == -EINTR) return error;
    files->second_syncs += files->open[file].had_failed_sync;
    if (error)
        files->open[file].had_failed_sync = true;
    else
        add_op(files, TEST_OP_SYNC, files->open[file].inode, NULL);
    return error;
}

/* Whatever it answers, the file is closed; closing it once more might hit somebody else's file. */
static int call_close(void *user, int file)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_CLOSE);
    if (!files->open[file].is_used) abort();
    files->open[file].is_used = false;
    return error;
}

static int call_rename(void *user, const char *from, const char *to)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_RENAME), at = find(files, from);
    if (error) return error;
    if (at < 0) return -ENOENT;
    const int inode = files->entries[at].inode;
    unlink_entry(files, from);
    link_entry(files, to, inode);
    add_op(files, TEST_OP_LINK, inode, to)->from = copy_text(from);
    return 0;
}

static int call_unlink(void *user, const char *path)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_UNLINK);
    if (error) return error;
    if (find(files, path) < 0) return -ENOENT;
    unlink_entry(files, path);
    add_op(files, TEST_OP_UNLINK, -1, path);
    return 0;
}

static int call_sync_folder(void *user, const char *folder)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_SYNC_FOLDER);
    if (!error) add_op(files, TEST_OP_SYNC_FOLDER, -1, folder);
    return error;
}

static int call_mode(void *user, const char *path, uint32_t *mode)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_MODE), at = find(files, path);
    if (error) return error;
    if (at < 0) return -ENOENT;
    *mode = files->inodes[files->entries[at].inode].mode;
    return 0;
}

static int call_make_folder(void *user, const char *path)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_MAKE_FOLDER);
    if (!error && find(files, path) < 0) link_entry(files, path, add_inode(files, S_IFDIR | 0755));
    return error;
}

static int call_list(void *user, const char *path, int (*visit)(void *arg, const char *name, bool is_folder), void *arg)
{
    test_files_t *files = user;
    const int error = enter(files, TEST_LIST);
    const size_t length = strcmp(path, ".") == 0 ? 0 : strlen(path) + 1;
    for (size_t i = 0; !error && i < files->n_entries; i++) {
        const char *entry = files->entries[i].path;
        if (length && (strncmp(entry, path, length - 1) != 0 || entry[length - 1] != '/')) continue;
        if (strchr(entry + length, '/')) continue;
        if (visit(arg, entry + length, S_ISDIR(files->inodes[files->entries[i].inode].mode)) != 0) break;
    }
    return error;
}

/* ---- for the tests ---- */

test_files_t *test_files_create(void)
{
    test_files_t *files = grow(NULL, sizeof *files);
    *files = (test_files_t){.failed_call = TEST_CALLS};
    files->calls = (aigc__file_calls_t){
        .open_read = call_open_read,
        .create = call_create,
        .size = call_size,
        .pread = call_pread,
        .write = call_write,
        .sync = call_sync,
        .close = call_close,
        .rename = call_rename,
        .unlink = call_unlink,
        .sync_folder = call_sync_folder,
        .mode = call_mode,
        .make_folder = call_make_folder,
        .list = call_list,
        .user = files,
    };
    return files;
}

static void free_log(test_files_t *files)
{
    for (size_t i = 0; i < files->n_log; i++) {
        free(files->log[i].path);
        free(files->log[i].from);
        free(files->log[i].bytes);
    }
    free(files->log);
    files->log = NULL;
    files->n_log = 0;
    for (size_t i = 0; i < files->n_disk; i++) free(files->disk[i].path);
    free(files->disk);
    files->disk = NULL;
    files->n_disk = 0;
}

void test_files_free(test_files_t *files)
{
    free_log(files);
    for (size_t i = 0; i < files->n_entries; i++) free(files->entries[i].path);
    for (size_t i = 0; i < files->n_inodes; i++) {
        free(files->inodes[i].bytes);
        free(files->inodes[i].disk);
    }
    free(files->entries);
    free(files->inodes);
    free(files);
}

const aigc__file_calls_t *test_files_calls(test_files_t *files) { return &files->calls; }

void test_files_put(test_files_t *files, const char *path, const void *bytes, size_t size, uint32_t mode)
{
    const int inode = add_inode(files, S_IFREG | mode);
    files->inodes[inode].bytes = memcpy(grow(NULL, size), bytes, size);
    files->inodes[inode].size = size;
    link_entry(files, path, inode);
}

const uint8_t *test_files_get(const test_files_t *files, const char *path, size_t *size, uint32_t *mode)
{
    static const uint8_t nothing[1];
    const int at = find(files, path);
    if (at < 0) return NULL;
    const test_inode_t *inode = &files->inodes[files->entries[at].inode];
    if (size) *size = inode->size;
    if (mode) *mode = inode->mode & 07777;
    return inode->bytes ? inode->bytes : nothing;
}

size_t test_files_entries(const test_files_t *files) { return files->n_entries; }

const char *test_files_entry(const test_files_t *files, size_t i) { return files->entries[i].path; }

size_t test_files_open(const test_files_t *files)
{
    size_t n = 0;
    for (int i = 0; i < TEST_MAX_OPEN; i++) n += files->open[i].is_used;
    return n;
}

void test_files_fail(test_files_t *files, size_t at, int error, bool from_then)
{
    files->fail_at = at;
    files->error = error;
    files->fail_from_then = from_then;
    files->count = 0;
    memset(files->count_of, 0, sizeof files->count_of);
    files->failed_call = TEST_CALLS;
}

size_t test_files_count(const test_files_t *files) { return files->count; }
size_t test_files_count_of(const test_files_t *files, test_call_t call) { return files->count_of[call]; }
test_call_t test_files_failed_call(const test_files_t *files) { return files->failed_call; }
void test_files_shorten(test_files_t *files, size_t most) { files->most = most; }
void test_files_interrupt(test_files_t *files, bool is_on) { files->is_interrupting = is_on; }
size_t test_files_second_syncs(const test_files_t *files) { return files->second_syncs; }

int test_files_truncate(test_files_t *files, const char *path)
{
    const int at = find(files, path);
    if (at < 0) return -ENOENT;
    files->inodes[files->entries[at].inode].size = 0;
    add_op(files, TEST_OP_TRUNCATE, files->entries[at].inode, NULL);
    return open_file(files, files->entries[at].inode);
}

void test_files_start_log(test_files_t *files)
{
    free_log(files);
    for (size_t i = 0; i < files->n_inodes; i++) {
        test_inode_t *inode = &files->inodes[i];
        inode->disk = grow(inode->disk, inode->size);
        inode->disk_size = inode->size;
        if (inode->size) memcpy(inode->disk, inode->bytes, inode->size);
    }
    files->disk = grow(NULL, files->n_entries * sizeof files->disk[0]);
    files->n_disk = files->n_entries;
    for (size_t i = 0; i < files->n_entries; i++)
        files->disk[i] = (test_entry_t){.path = copy_text(files->entries[i].path), .inode = files->entries[i].inode};
}
