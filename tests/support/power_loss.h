/* The inside of the file system in memory, for the part that loses its power. */
#ifndef AIGC_TEST_POWER_LOSS_H
#define AIGC_TEST_POWER_LOSS_H

#include "support/fault_files.h"

enum { TEST_MAX_OPEN = 16 };

typedef struct test_inode {
    uint8_t *bytes, *disk; /* now; when the log started */
    size_t size, disk_size;
    uint32_t mode;
} test_inode_t;

typedef struct test_entry {
    char *path;
    int inode;
} test_entry_t;

typedef struct test_open {
    bool is_used, had_failed_sync;
    int inode;
    size_t at;
} test_open_t;

typedef enum test_op_kind {
    TEST_OP_LINK, /* of `path` to the inode, in place of `from` unless NULL */
    TEST_OP_UNLINK,
    TEST_OP_SYNC_FOLDER,
    TEST_OP_WRITE,
    TEST_OP_TRUNCATE,
    TEST_OP_SYNC
} test_op_kind_t;

typedef struct test_op {
    test_op_kind_t kind;
    int inode;
    char *path, *from;
    size_t offset, size;
    uint8_t *bytes;
} test_op_t;

struct test_files {
    aigc__file_calls_t calls;
    test_inode_t *inodes;
    test_entry_t *entries, *disk; /* now; when the log started */
    test_op_t *log;
    size_t n_inodes, n_entries, n_disk, n_log;
    test_open_t open[TEST_MAX_OPEN];

    size_t fail_at, count, count_of[TEST_CALLS], most, second_syncs;
    int error;
    bool fail_from_then, is_interrupting, was_interrupted;
    test_call_t failed_call;
};

#endif
