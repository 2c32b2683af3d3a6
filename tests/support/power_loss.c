#include "support/power_loss.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_PENDING = 8, SECTOR = 512, CUTS = 6 };

typedef struct loss {
    const test_files_t *files;
    size_t moment; /* operations of the log that happened */
    test_disk_fn visit;
    void *user;
    size_t states;
    uint8_t *image;
    size_t capacity;
} loss_t;

static bool is_folder_op(const test_op_t *op) { return op->kind == TEST_OP_LINK || op->kind == TEST_OP_UNLINK; }
static bool is_data_op(const test_op_t *op) { return op->kind == TEST_OP_WRITE || op->kind == TEST_OP_TRUNCATE; }

static bool is_in_folder(const char *path, const char *folder)
{
    const size_t n = (size_t)(aigc__path_name(path) - path);
    if (n == 0) return strcmp(folder, ".") == 0;
    return strlen(folder) == n - 1 && strncmp(path, folder, n - 1) == 0;
}

/* Whether a sync after operation `i` brought it to disk before the power went. */
static bool is_on_disk(const loss_t *loss, size_t i)
{
    const test_op_t *op = &loss->files->log[i];
    for (size_t j = i + 1; j < loss->moment; j++) {
        const test_op_t *sync = &loss->files->log[j];
        if (is_folder_op(op) && sync->kind == TEST_OP_SYNC_FOLDER && is_in_folder(op->path, sync->path)) return true;
        if (is_data_op(op) && sync->kind == TEST_OP_SYNC && sync->inode == op->inode) return true;
    }
    return false;
}

/* ---- the bytes of a file ---- */

typedef enum fate { DROPPED, ZEROED, TORN, KEPT } fate_t;

static void apply(loss_t *loss, const test_op_t *op, fate_t fate, size_t cut, size_t *size)
{
    if (fate == DROPPED) return;
    if (op->kind == TEST_OP_TRUNCATE) {
        *size = 0;
        return;
    }
    const size_t n = fate == TORN ? cut : op->size;
    if (op->offset + n > loss->capacity) {
        loss->capacity = (op->offset + n) * 2;
        loss->image = realloc(loss->image, loss->capacity);
        if (!loss->image) abort();
    }
    if (op->offset > *size) memset(loss->image + *size, 0, op->offset - *size);
    if (fate == ZEROED)
        memset(loss->image + op->offset, 0, n);
    else
        memcpy(loss->image + op->offset, op->bytes, n);
    if (op->offset + n > *size) *size = op->offset + n;
}

/* One state: pending data operations before number `odd` are kept, that one has the fate, those after
 * it have the other one. */
static void visit_bytes(loss_t *loss, int inode, size_t odd, fate_t fate, size_t cut, fate_t rest)
{
    const test_inode_t *start = &loss->files->inodes[inode];
    size_t size = 0, number = 0;
    const test_op_t whole = {.kind = TEST_OP_WRITE, .bytes = start->disk, .size = start->disk_size};
    if (start->disk_size) apply(loss, &whole, KEPT, 0, &size);
    for (size_t i = 0; i < loss->moment; i++) {
        const test_op_t *op = &loss->files->log[i];
        if (!is_data_op(op) || op->inode != inode) continue;
        if (is_on_disk(loss, i)) {
            apply(loss, op, KEPT, 0, &size);
            continue;
        }
        apply(loss, op, number < odd ? KEPT : number == odd ? fate : rest, cut, &size);
        number++;
    }
    loss->states++;
    static const uint8_t nothing[1];
    loss->visit(loss->user, loss->image ? loss->image : nothing, size, loss->moment == loss->files->n_log);
}

static void visit_inode(loss_t *loss, int inode)
{
    size_t number = 0;
    visit_bytes(loss, inode, SIZE_MAX, KEPT, 0, KEPT);
    for (size_t i = 0; i < loss->moment; i++) {
        const test_op_t *op = &loss->files->log[i];
        if (!is_data_op(op) || op->inode != inode || is_on_disk(loss, i)) continue;
        visit_bytes(loss, inode, number, DROPPED, 0, DROPPED);
        visit_bytes(loss, inode, number, DROPPED, 0, KEPT);
        visit_bytes(loss, inode, number, ZEROED, 0, ZEROED);
        visit_bytes(loss, inode, number, ZEROED, 0, KEPT);
        const size_t sectors = op->size / SECTOR;
        for (size_t k = 1; k <= CUTS && k <= sectors; k++)
            visit_bytes(loss, inode, number, TORN, (sectors * k / (CUTS + 1) + 1) * SECTOR, DROPPED);
        number++;
    }
}

/* ---- the folder ---- */

static void change_place(const test_op_t *op, const char *path, int *inode)
{
    if (op->from && strcmp(op->from, path) == 0) *inode = -1;
    if (strcmp(op->path, path) == 0) *inode = op->kind == TEST_OP_LINK ? op->inode : -1;
}

/* Bit k of `kept`: the k-th directory change that no sync brought to disk is there all the same. */
static void visit_folder(loss_t *loss, const char *path, unsigned kept)
{
    int inode = -1;
    unsigned number = 0;
    for (size_t i = 0; i < loss->files->n_disk; i++)
        if (strcmp(loss->files->disk[i].path, path) == 0) inode = loss->files->disk[i].inode;
    for (size_t i = 0; i < loss->moment; i++) {
        const test_op_t *op = &loss->files->log[i];
        if (!is_folder_op(op)) continue;
        if (is_on_disk(loss, i) || kept >> number++ & 1) change_place(op, path, &inode);
    }
    if (inode >= 0) {
        visit_inode(loss, inode);
        return;
    }
    loss->states++;
    loss->visit(loss->user, NULL, 0, loss->moment == loss->files->n_log);
}

size_t test_files_lose_power(const test_files_t *files, const char *path, test_disk_fn visit, void *user)
{
    loss_t loss = {.files = files, .visit = visit, .user = user};
    for (loss.moment = 0; loss.moment <= files->n_log; loss.moment++) {
        unsigned pending = 0;
        for (size_t i = 0; i < loss.moment; i++) pending += is_folder_op(&files->log[i]) && !is_on_disk(&loss, i);
        if (pending > MAX_PENDING) abort();
        for (unsigned kept = 0; kept < 1u << pending; kept++) visit_folder(&loss, path, kept);
    }
    free(loss.image);
    return loss.states;
}
