/* What the tests of file formats share: a context over a counting allocator, and savers whose bytes
 * can be looked at. */
#ifndef AIGC_TEST_FORMAT_WORLD_H
#define AIGC_TEST_FORMAT_WORLD_H

#include "base/runtime.h"
#include "formats/pixels.h"
#include "support/fault_files.h"
#include "support/fault_memory.h"
#include "formats/weight_files.h"

typedef struct format_world {
    test_memory_t memory;
    test_files_t *files;
    aigc_context_t *context;
    size_t idle_blocks; /* held by the context alone */
} format_world_t;

/* A file's bytes, from malloc. */
typedef struct test_bytes {
    uint8_t *data;
    size_t size;
} test_bytes_t;

/* Non-zero on failure, as cmocka's fixtures want it. */
int format_world_open(format_world_t *world);
/* Also non-zero where something is still held or was misused. */
int format_world_close(format_world_t *world);

aigc__saver_t *format_begin(format_world_t *world);
/* Commits the saver; the bytes are the caller's. */
test_bytes_t format_commit(format_world_t *world, aigc__saver_t *saver);

/* The first tensor of a file of weights in memory; the same, opened. */
aigc_status_t format_read(aigc_tensor_t **out, aigc_context_t *context, const aigc__source_t *source);
/* What the library wrote to a path of world->files, which the context must have been given. */
test_bytes_t format_saved(format_world_t *world, const char *path);
/* A whole file of weights/, small ones made by make_weights.py. */
test_bytes_t format_weights_file(const char *name);

/* Files of the test data beside the project: "pngsuite/basn0g01.png"; data NULL where it is not there. */
test_bytes_t format_shared_file(const char *path);
/* The folder of those files. */
const char *format_shared_folder(void);

test_bytes_t test_bytes_copy(const void *data, size_t size);
/* Appends. */
void test_bytes_add(test_bytes_t *bytes, const void *data, size_t size);
void test_bytes_add_u32(test_bytes_t *bytes, uint32_t value); /* big-endian */

/* A smooth picture with some noise. */
void draw_pixels(uint8_t *data, int64_t height, int64_t width, int64_t channels);

#endif
