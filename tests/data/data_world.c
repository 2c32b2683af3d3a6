#include "data/data_world.h"
#include "support/unit.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep_line(int32_t level, const char *message, void *user)
{
    data_world_t *world = user;
    const size_t used = strlen(world->log);
    (void)level;
    snprintf(world->log + used, sizeof world->log - used, "%s\n", message);
}

int data_world_open(data_world_t *world)
{
    memset(world, 0, sizeof *world);
    test_memory_init(&world->memory);
    snprintf(world->folder, sizeof world->folder, "/tmp/aigc_data_XXXXXX");
    if (!mkdtemp(world->folder)) return 1;
    if (aigc__context_create(&world->context, &world->memory.allocator, 1, 0, AIGC__CPU_C,
                             aigc__kernels_get(AIGC__CPU_C)) != AIGC_OK)
        return 1;
    world->context->log = keep_line;
    world->context->log_user = world;
    world->idle_blocks = world->memory.blocks;
    return 0;
}

static void remove_folder(const char *path)
{
    char name[1024];
    DIR *folder = opendir(path);
    for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder)) {
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (lstat(name, &info) == 0 && S_ISDIR(info.st_mode))
            remove_folder(name);
        else
            unlink(name);
    }
    if (folder) closedir(folder);
    rmdir(path);
}

int data_world_close(data_world_t *world)
{
    const bool is_held = world->memory.blocks != world->idle_blocks;
    aigc__options_free(world->options);
    aigc__context_release(world->context);
    remove_folder(world->folder);
    return is_held || world->memory.blocks || world->memory.mistakes;
}

const char *data_path(const data_world_t *world, const char *name)
{
    static char paths[8][512];
    static size_t turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", world->folder, name);
    return path;
}

void data_make_folder(const data_world_t *world, const char *name)
{
    assert_int_equal(mkdir(data_path(world, name), 0777), 0);
}

void data_write_file(const data_world_t *world, const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(data_path(world, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void data_write_png(data_world_t *world, const char *name, int64_t height, int64_t width, int64_t channels,
                    uint8_t value)
{
    const size_t size = (size_t)(height * width * channels);
    uint8_t *bytes = malloc(size);
    const aigc__pixels_t pixels = {height, width, channels, bytes};
    aigc__saver_t *saver = NULL;
    memset(bytes, value, size);
    check_ok(aigc__saver_begin(&saver, &world->context->memory, &aigc__posix_files, data_path(world, name)));
    check_ok(aigc__png_write(saver, &world->context->memory, &pixels, 1));
    check_ok(aigc__saver_commit(saver));
    free(bytes);
}

const aigc_options_t *data_parse(data_world_t *world, const char *text)
{
    aigc__options_free(world->options);
    world->options = NULL;
    if (!text) return NULL;
    check_ok(aigc__options_create(&world->options));
    check_ok(aigc__options_parse(world->options, text));
    return world->options;
}

static int32_t give_number(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    const int64_t *shape = user;
    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; i++)
        pixels[i] = (uint8_t)(index * 7 + (uint64_t)(i % shape[2]));
    *label = (int64_t)(index % 3);
    return 0;
}

aigc_dataset_t *data_numbers(data_world_t *world, int64_t count, int64_t height, int64_t width, int64_t channels)
{
    static int64_t shapes[16][4];
    static size_t turn;
    int64_t *shape = shapes[turn++ % 16];
    aigc_dataset_t *dataset = NULL;
    memcpy(shape, (const int64_t[]){count, height, width, channels}, 4 * sizeof *shape);
    check_ok(aigc__dataset_create_callback(&dataset, world->context, shape, give_number, shape + 1,
                                           data_parse(world, "classes=3")));
    return dataset;
}

size_t data_sweep(data_world_t *world, aigc_status_t (*attempt)(data_world_t *world))
{
    const size_t before = world->memory.blocks;
    for (size_t at = 1; at < 10000; at++) {
        test_memory_fail(&world->memory, at, false);
        const aigc_status_t status = attempt(world);
        test_memory_fail(&world->memory, 0, false);
        assert_int_equal(world->memory.blocks, before);
        if (status == AIGC_OK) return at;
        if (status != AIGC_ERROR_MEMORY) print_error("allocation %zu: %s\n", at, aigc__failure_text());
        assert_int_equal(status, AIGC_ERROR_MEMORY);
    }
    fail();
    return 0;
}
