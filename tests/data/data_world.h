/* What the tests of datasets share: a context over a counting allocator, a temporary folder, a log. */
#ifndef AIGC_TEST_DATA_WORLD_H
#define AIGC_TEST_DATA_WORLD_H

#include "data/pictures.h"
#include "formats/pixels.h"
#include "kernels/kernels.h"
#include "support/fault_memory.h"

typedef struct data_world {
    test_memory_t memory;
    aigc_context_t *context;
    aigc_options_t *options; /* filled by data_parse() */
    char folder[64];         /* removed with all in it */
    char log[8192];          /* lines so far */
    size_t idle_blocks;      /* held by the context alone */
} data_world_t;

int data_world_open(data_world_t *world);
/* Non-zero where something is still held or was misused. */
int data_world_close(data_world_t *world);

/* A path in the folder; valid until the eighth call from here. */
const char *data_path(const data_world_t *world, const char *name);
void data_make_folder(const data_world_t *world, const char *name);
void data_write_file(const data_world_t *world, const char *name, const void *bytes, size_t size);
/* A PNG in one colour; `value` goes to every channel. */
void data_write_png(data_world_t *world, const char *name, int64_t height, int64_t width, int64_t channels,
                    uint8_t value);
/* Options from text ("size=8 strict=true"); NULL: none. Borrowed. */
const aigc_options_t *data_parse(data_world_t *world, const char *text);

/* A u8 callback dataset whose picture i is full of (uint8_t)(i * 7 + channel), label i % 3. */
aigc_dataset_t *data_numbers(data_world_t *world, int64_t count, int64_t height, int64_t width, int64_t channels);

/* Calls `attempt` with allocation 1, 2, ... failing until it succeeds; every failure must be one of
 * memory, and nothing may stay held. `attempt` frees what it makes. Returns how many were tried. */
size_t data_sweep(data_world_t *world, aigc_status_t (*attempt)(data_world_t *world));

#endif
