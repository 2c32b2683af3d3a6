#include "format_world.h"
#include "kernels/kernels.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef AIGC_TEST_DATA
#define AIGC_TEST_DATA "../shared/data"
#endif

static const char saved[] = "/saved";

int format_world_open(format_world_t *world)
{
    memset(world, 0, sizeof *world);
    test_memory_init(&world->memory);
    world->files = test_files_create();
    if (aigc__context_create(&world->context, &world->memory.allocator, 1, 0, AIGC__CPU_C,
                             aigc__kernels_get(AIGC__CPU_C)))
        return 1;
    world->idle_blocks = world->memory.blocks;
    return 0;
}

int format_world_close(format_world_t *world)
{
    const size_t left = world->memory.blocks - world->idle_blocks;
    aigc__context_release(world->context);
    test_files_free(world->files);
    if (left || world->memory.mistakes || world->memory.blocks)
        printf("%zu blocks left, %zu mistakes\n", left, (size_t)world->memory.mistakes);
    return left || world->memory.mistakes || world->memory.blocks;
}

aigc__saver_t *format_begin(format_world_t *world)
{
    aigc__saver_t *saver = NULL;
    if (aigc__saver_begin(&saver, &world->context->memory, test_files_calls(world->files), saved) != AIGC_OK) abort();
    return saver;
}

test_bytes_t format_commit(format_world_t *world, aigc__saver_t *saver)
{
    size_t size;
    if (aigc__saver_commit(saver) != AIGC_OK) abort();
    const uint8_t *data = test_files_get(world->files, saved, &size, NULL);
    const test_bytes_t bytes = test_bytes_copy(data, size);
    test_files_free(world->files); /* it remembers every write */
    world->files = test_files_create();
    return bytes;
}

test_bytes_t format_saved(format_world_t *world, const char *path)
{
    size_t size = 0;
    const uint8_t *data = test_files_get(world->files, path, &size, NULL);
    if (!data) abort();
    return test_bytes_copy(data, size);
}

const char *format_shared_folder(void)
{
    const char *folder = getenv("AIGC_TEST_DATA");
    return folder ? folder : AIGC_TEST_DATA;
}

static test_bytes_t read_file(const char *folder, const char *path)
{
    char whole[4096];
    test_bytes_t bytes = {0};
    snprintf(whole, sizeof whole, "%s/%s", folder, path);
    FILE *file = fopen(whole, "rb");
    if (!file) return bytes;
    fseek(file, 0, SEEK_END);
    const long size = ftell(file);
    rewind(file);
    if (size > 0) bytes = (test_bytes_t){malloc((size_t)size), (size_t)size};
    if (!bytes.data || fread(bytes.data, 1, bytes.size, file) != bytes.size) abort();
    fclose(file);
    return bytes;
}

test_bytes_t format_shared_file(const char *path) { return read_file(format_shared_folder(), path); }

test_bytes_t format_weights_file(const char *name) { return read_file(AIGC_TEST_WEIGHTS, name); }

aigc_status_t format_read(aigc_tensor_t **out, aigc_context_t *context, const aigc__source_t *source)
{
    aigc_weights_t *weights = NULL;
    aigc_status_t status = aigc__weights_open_source(&weights, context, *source);
    if (status != AIGC_OK) return status;
    status = aigc__weights_read_named(out, weights, NULL, 0);
    aigc__weights_free(weights);
    return status;
}

void test_bytes_add(test_bytes_t *bytes, const void *data, size_t size)
{
    bytes->data = realloc(bytes->data, bytes->size + size + 1);
    if (!bytes->data) abort();
    if (size > 0) memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

test_bytes_t test_bytes_copy(const void *data, size_t size)
{
    test_bytes_t bytes = {0};
    test_bytes_add(&bytes, data, size);
    return bytes;
}

void test_bytes_add_u32(test_bytes_t *bytes, uint32_t value)
{
    const uint8_t b[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    test_bytes_add(bytes, b, sizeof b);
}

void draw_pixels(uint8_t *data, int64_t height, int64_t width, int64_t channels)
{
    uint32_t noise = 12345;
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++)
            for (int64_t k = 0; k < channels; k++) {
                noise = noise * 1664525 + 1013904223;
                *data++ = (uint8_t)((k + 1) * x * 3 + y * (5 - k) + (int64_t)(noise >> 29));
            }
}
