#include "data/data_world.h"
#include "support/unit.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static data_world_t world;

static int setup(void **state)
{
    (void)state;
    return data_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return data_world_close(&world);
}

/* An IDX file: type, dimensions, then `bytes` of numbers as they are. */
static void write_idx(const char *name, uint8_t type, const uint32_t *shape, uint8_t rank, const void *numbers,
                      size_t bytes)
{
    uint8_t file[4096] = {0, 0, type, rank};
    size_t size = 4;
    for (uint8_t i = 0; i < rank; i++)
        for (int shift = 24; shift >= 0; shift -= 8) file[size++] = (uint8_t)(shape[i] >> shift);
    memcpy(file + size, numbers, bytes);
    size += bytes;
    if (strstr(name, ".gz")) {
        gzFile gz = gzopen(data_path(&world, name), "wb");
        assert_int_equal(gzwrite(gz, file, (unsigned)size), size);
        assert_int_equal(gzclose(gz), Z_OK);
    } else {
        data_write_file(&world, name, file, size);
    }
}

/* Four pictures of 2 x 3: picture i, pixel k is 10 i + k. */
static void write_pictures(const char *name)
{
    uint8_t bytes[24];
    for (size_t i = 0; i < 24; i++) bytes[i] = (uint8_t)(10 * (i / 6) + i % 6);
    write_idx(name, 8, (const uint32_t[]){4, 2, 3}, 3, bytes, sizeof bytes);
}

static void write_labels(const char *name)
{
    write_idx(name, 8, (const uint32_t[]){4}, 1, (const uint8_t[]){3, 0, 1, 3}, 4);
}

static aigc_dataset_t *open_idx(const char *name, const char *options)
{
    aigc_dataset_t *dataset = NULL;
    check_ok(
        aigc__dataset_create(&dataset, world.context, "idx", data_path(&world, name), data_parse(&world, options)));
    return dataset;
}

static void check_refused(const char *name, const char *options, aigc_status_t status, const char *part)
{
    aigc_dataset_t *dataset = NULL;
    check_failure(
        aigc__dataset_create(&dataset, world.context, "idx", data_path(&world, name), data_parse(&world, options)),
        status, part);
    assert_null(dataset);
}

static void pictures_are_found_by_number(void **state)
{
    const uint8_t expected[6] = {20, 21, 22, 23, 24, 25};
    uint8_t pixels[6];
    int64_t label;
    (void)state;
    write_pictures("digits");
    aigc_dataset_t *dataset = open_idx("digits", NULL);
    assert_true(dataset->count == 4 && dataset->height == 2 && dataset->width == 3 && dataset->channels == 1 &&
                dataset->classes == 0);
    check_ok(aigc__dataset_fetch_one(dataset, 2, pixels, &label));
    assert_memory_equal(pixels, expected, 6);
    aigc__dataset_release(dataset);
}

static void labels_are_found_beside_by_the_usual_name(void **state)
{
    static const char *const names[4][2] = {{"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
                                            {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"},
                                            {"a-images-idx3-ubyte.gz", "a-labels-idx1-ubyte"},
                                            {"my-images", "my-labels.gz"}};
    uint8_t pixels[6];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        int64_t label;
        write_pictures(names[i][0]);
        write_labels(names[i][1]);
        aigc_dataset_t *dataset = open_idx(names[i][0], NULL);
        assert_int_equal(dataset->classes, 4);
        assert_string_equal(dataset->class_names[3], "3");
        check_ok(aigc__dataset_fetch_one(dataset, 3, pixels, &label));
        assert_int_equal(label, 3);
        check_ok(aigc__dataset_fetch_one(dataset, 2, pixels, &label));
        assert_int_equal(label, 1);
        aigc__dataset_release(dataset);
        dataset = open_idx(names[i][0], "labels=none");
        assert_int_equal(dataset->classes, 0);
        aigc__dataset_release(dataset);
    }
}

static void labels_can_be_named(void **state)
{
    char options[600] = "labels=";
    (void)state;
    write_pictures("pictures");
    write_labels("numbers");
    strcat(options, data_path(&world, "numbers"));
    aigc_dataset_t *dataset = open_idx("pictures", options);
    assert_int_equal(dataset->classes, 4);
    aigc__dataset_release(dataset);
    strcat(options, "-missing");
    check_refused("pictures", options, AIGC_ERROR_IO, "numbers-missing");
}

static void padding_puts_zeros_around(void **state)
{
    const uint8_t expected[25] = {0, 0, 0, 0, 0, 0, 10, 11, 12, 0, 0, 13, 14, 15, 0};
    uint8_t pixels[25];
    int64_t label;
    (void)state;
    write_pictures("digits");
    aigc_dataset_t *dataset = open_idx("digits", "pad=5");
    assert_true(dataset->height == 5 && dataset->width == 5);
    check_ok(aigc__dataset_fetch_one(dataset, 1, pixels, &label));
    assert_memory_equal(pixels, expected, 25);
    aigc__dataset_release(dataset);
    check_refused("digits", "pad=2", AIGC_ERROR_OPTION, "2 x 3");
}

static void other_numbers_are_scaled_to_the_range(void **state)
{
    const uint8_t shorts[8] = {0xff, 0x38, 0, 0, 0, 100, 0, 200}; /* i16: -200, 0, 100, 200 */
    const uint8_t floats[8] = {0x3e, 0x80, 0, 0, 0x3f, 0, 0, 0};  /* f32: 0.25, 0.5 */
    float pixels[4];
    int64_t label;
    (void)state;
    write_idx("shorts", 0x0b, (const uint32_t[]){1, 2, 2}, 3, shorts, 8);
    aigc_dataset_t *dataset = open_idx("shorts", NULL);
    assert_true(dataset->is_float);
    check_ok(aigc__dataset_fetch_one(dataset, 0, pixels, &label));
    const float expected[4] = {0, 0.5f, 0.75f, 1};
    for (size_t i = 0; i < 4; i++) assert_float_equal(pixels[i], expected[i], 1e-6);
    aigc__dataset_release(dataset);
    write_idx("floats", 0x0d, (const uint32_t[]){1, 1, 2}, 3, floats, 8); /* within 0..1: as they are */
    dataset = open_idx("floats", NULL);
    check_ok(aigc__dataset_fetch_one(dataset, 0, pixels, &label));
    assert_true(pixels[0] == 0.25f && pixels[1] == 0.5f);
    aigc__dataset_release(dataset);
}

static void files_that_fit_no_pictures_are_refused(void **state)
{
    const uint8_t nan[4] = {0x7f, 0xc0, 0, 0};
    (void)state;
    write_labels("labels-only");
    check_refused("labels-only", NULL, AIGC_ERROR_UNSUPPORTED, "[4]");
    write_idx("two-channels", 8, (const uint32_t[]){1, 1, 1, 2}, 4, "ab", 2);
    check_refused("two-channels", NULL, AIGC_ERROR_UNSUPPORTED, "[1,1,1,2]");
    write_idx("none", 8, (const uint32_t[]){0, 2, 2}, 3, "", 0);
    check_refused("none", NULL, AIGC_ERROR_CORRUPT, "no pictures");
    write_idx("nan", 0x0d, (const uint32_t[]){1, 1, 1}, 3, nan, 4);
    check_refused("nan", NULL, AIGC_ERROR_CORRUPT, "not finite");
    write_pictures("few-images");
    write_idx("few-labels", 8, (const uint32_t[]){3}, 1, "abc", 3);
    check_refused("few-images", NULL, AIGC_ERROR_CORRUPT, "few-labels");
    write_pictures("minus-images");
    write_idx("minus-labels", 9, (const uint32_t[]){4}, 1, "\x01\xff\x01\x01", 4); /* i8 */
    check_refused("minus-images", NULL, AIGC_ERROR_CORRUPT, "label 1 is -1");
    check_refused("missing", NULL, AIGC_ERROR_IO, "missing");
}

static void fashion_is_read_where_it_is_there(void **state)
{
    static const char path[] = AIGC_TEST_DATA "/fashion-mnist/t10k-images-idx3-ubyte.gz";
    aigc_dataset_t *dataset = NULL;
    (void)state;
    if (access(path, R_OK) != 0) skip();
    check_ok(aigc__dataset_create(&dataset, world.context, "auto", path, data_parse(&world, "pad=32")));
    assert_true(dataset->count == 10000 && dataset->height == 32 && dataset->classes == 10);
    aigc__dataset_release(dataset);
}

static aigc_status_t open_and_fetch(data_world_t *w)
{
    aigc_dataset_t *dataset = NULL;
    uint8_t pixels[6];
    int64_t label;
    aigc_status_t status = aigc__dataset_create(&dataset, w->context, "idx", data_path(w, "a-images-idx3.gz"), NULL);
    if (status == AIGC_OK) status = aigc__dataset_fetch_one(dataset, 0, pixels, &label);
    aigc__dataset_release(dataset);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    write_pictures("a-images-idx3.gz");
    write_labels("a-labels-idx1.gz");
    assert_true(data_sweep(&world, open_and_fetch) > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_are_found_by_number, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_are_found_beside_by_the_usual_name, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_can_be_named, setup, teardown),
        cmocka_unit_test_setup_teardown(padding_puts_zeros_around, setup, teardown),
        cmocka_unit_test_setup_teardown(other_numbers_are_scaled_to_the_range, setup, teardown),
        cmocka_unit_test_setup_teardown(files_that_fit_no_pictures_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(fashion_is_read_where_it_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
