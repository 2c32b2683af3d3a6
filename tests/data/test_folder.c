#include "config.h"
#include "data/data_world.h"
#include "data/folder_paths.h"
#include "data/transform.h"
#include "support/unit.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static aigc_dataset_t *open_folder(const char *options)
{
    aigc_dataset_t *dataset = NULL;
    check_ok(aigc__dataset_create(&dataset, world.context, "folder", world.folder, data_parse(&world, options)));
    return dataset;
}

static void check_refused(const char *options, aigc_status_t status, const char *part)
{
    aigc_dataset_t *dataset = NULL;
    check_failure(aigc__dataset_create(&dataset, world.context, "folder", world.folder, data_parse(&world, options)),
                  status, part);
    assert_null(dataset);
}

/* The value that fills picture `index`, and its label. */
static int value_at(aigc_dataset_t *dataset, uint64_t index, int64_t *label)
{
    uint8_t pixels[1024];
    assert_true(aigc__dataset_bytes(dataset) <= sizeof pixels);
    check_ok(aigc__dataset_fetch_one(dataset, index, pixels, label));
    for (size_t i = 1; i < aigc__dataset_bytes(dataset); i++) assert_int_equal(pixels[i], pixels[0]);
    return pixels[0];
}

static void check_values(aigc_dataset_t *dataset, const int *values, size_t n)
{
    int64_t label;
    assert_int_equal(dataset->count, n);
    for (size_t i = 0; i < n; i++) assert_int_equal(value_at(dataset, i, &label), values[i]);
}

/* Written in another order, found bytewise: capitals first, and nothing but pictures. */
static void pictures_come_in_the_order_of_their_paths(void **state)
{
    (void)state;
    data_make_folder(&world, "b");
    data_make_folder(&world, "b/deep");
    data_write_png(&world, "c.png", 2, 2, 1, 5);
    data_write_png(&world, "b/deep/z.png", 2, 2, 1, 4);
    data_write_png(&world, "b/a.png", 2, 2, 1, 3);
    data_write_png(&world, "a.without-suffix", 2, 2, 1, 2);
    data_write_png(&world, "Z.png", 2, 2, 1, 1);
    data_write_png(&world, ".hidden.png", 2, 2, 1, 99);
    data_write_file(&world, "notes.txt", "hello", 5);
    aigc_dataset_t *dataset = open_folder(NULL);
    check_values(dataset, (const int[]){1, 2, 3, 4, 5}, 5);
    assert_int_equal(dataset->classes, 0);
    aigc__dataset_release(dataset);
}

static void sub_folders_are_classes_where_nothing_lies_outside(void **state)
{
    int64_t label;
    (void)state;
    data_make_folder(&world, "cat");
    data_make_folder(&world, "cat-big"); /* sorts before "cat/" as a path, after "cat" as a name */
    data_make_folder(&world, "ant");
    data_make_folder(&world, "ant/queen");
    data_make_folder(&world, "empty");
    data_write_png(&world, "cat/1.png", 2, 2, 1, 30);
    data_write_png(&world, "cat-big/1.png", 2, 2, 1, 20);
    data_write_png(&world, "ant/queen/1.png", 2, 2, 1, 10);
    aigc_dataset_t *dataset = open_folder(NULL);
    assert_int_equal(dataset->classes, 3);
    assert_string_equal(dataset->class_names[0], "ant");
    assert_string_equal(dataset->class_names[1], "cat");
    assert_string_equal(dataset->class_names[2], "cat-big");
    for (uint64_t i = 0; i < 3; i++) {
        const int value = value_at(dataset, i, &label);
        assert_int_equal(label, value == 10 ? 0 : value == 30 ? 1 : 2);
    }
    const uint64_t with_classes = aigc__dataset_fingerprint(dataset);
    aigc__dataset_release(dataset);
    dataset = open_folder("labels=false");
    assert_int_equal(dataset->classes, 0);
    assert_int_not_equal(aigc__dataset_fingerprint(dataset), with_classes);
    aigc__dataset_release(dataset);
    data_write_png(&world, "outside.png", 2, 2, 1, 40);
    dataset = open_folder(NULL);
    assert_int_equal(dataset->classes, 0);
    aigc__dataset_release(dataset);
}

static void size_and_channels_are_the_first_pictures_or_as_asked(void **state)
{
    (void)state;
    data_write_png(&world, "a.png", 6, 8, 3, 50);
    data_write_png(&world, "b.png", 9, 3, 1, 70);
    data_write_png(&world, "c.png", 5, 5, 4, 0); /* clear: the background shows */
    aigc_dataset_t *dataset = open_folder(NULL);
    assert_true(dataset->height == 6 && dataset->width == 8 && dataset->channels == 3);
    assert_non_null(strstr(world.log, "3 pictures, 6 x 8 with 3 channels as in a.png"));
    check_values(dataset, (const int[]){50, 70, 255}, 3);
    aigc__dataset_release(dataset);
    dataset = open_folder("size=4,10 channels=1 background=black filter=lanczos");
    assert_true(dataset->height == 4 && dataset->width == 10 && dataset->channels == 1);
    check_values(dataset, (const int[]){50, 70, 0}, 3);
    aigc__dataset_release(dataset);
    dataset = open_folder("height=7 width=3 size=9");
    assert_true(dataset->height == 7 && dataset->width == 3);
    aigc__dataset_release(dataset);
}

static void colours_are_not_dropped_unasked(void **state)
{
    (void)state;
    data_write_png(&world, "a.png", 6, 8, 1, 50);
    data_write_png(&world, "b.png", 6, 8, 1, 60);
    aigc__dataset_release(open_folder(NULL));
    data_write_png(&world, "d.png", 6, 8, 3, 70);
    check_refused(NULL, AIGC_ERROR_OPTION, "a.png, is gray, and d.png is in colour; give option channels");
    aigc_dataset_t *dataset = open_folder("channels=1");
    check_values(dataset, (const int[]){50, 60, 70}, 3);
    aigc__dataset_release(dataset);
    aigc__dataset_release(open_folder("channels=3"));
    if (!AIGC_HAVE_JPEG) return;
    aigc_tensor_t *image = NULL;
    check_ok(aigc__tensor_create(&image, world.context, AIGC_DTYPE_U8, 3, (int64_t[]){6, 8, 3}));
    check_ok(aigc__image_write(image, data_path(&world, "c.jpg"), 90, 6));
    aigc__tensor_release(image);
    check_refused(NULL, AIGC_ERROR_OPTION, "c.jpg is in colour");
    check_ok(aigc__tensor_create(&image, world.context, AIGC_DTYPE_U8, 3, (int64_t[]){6, 8, 1}));
    check_ok(aigc__image_write(image, data_path(&world, "c.jpg"), 90, 6));
    aigc__tensor_release(image);
    check_refused(NULL, AIGC_ERROR_OPTION, "d.png is in colour");
}

static void damage(const char *name)
{
    uint8_t bytes[2000];
    FILE *file = fopen(data_path(&world, name), "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    data_write_file(&world, name, bytes, size - 20); /* the signature stays, the end is missing */
}

static void write_some_damaged(void)
{
    char name[16];
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%d.png", i);
        data_write_png(&world, name, 4, 4, 1, (uint8_t)(10 * (i + 1)));
        if (i == 0 || i == 3 || i == 5) damage(name);
    }
}

/* 0, 3 and 5 are damaged: 1 stands in for 0, 4 for 3, and around the end 1 for 5. */
static void corrupt_pictures_are_replaced_the_same_in_any_order(void **state)
{
    const int expected[6] = {20, 20, 30, 50, 50, 20};
    int64_t label;
    (void)state;
    write_some_damaged();
    aigc_dataset_t *dataset = open_folder(NULL);
    for (uint64_t i = 6; i-- > 0;) assert_int_equal(value_at(dataset, i, &label), expected[i]);
    check_values(dataset, expected, 6);
    assert_non_null(strstr(world.log, "(3 so far)"));
    assert_null(strstr(world.log, "(4 so far)")); /* told once each */
    assert_non_null(strstr(world.log, "5.png"));
    aigc__dataset_release(dataset);
}

static void strictness_makes_them_errors(void **state)
{
    uint8_t pixels[16];
    int64_t label;
    (void)state;
    write_some_damaged();
    check_refused("strict=true", AIGC_ERROR_CORRUPT, "0.png");
    data_write_png(&world, "0.png", 4, 4, 1, 1);
    aigc_dataset_t *dataset = open_folder("strict=true");
    check_failure(aigc__dataset_fetch_one(dataset, 3, pixels, &label), AIGC_ERROR_CORRUPT, "3.png");
    assert_int_equal(value_at(dataset, 4, &label), 50);
    aigc__dataset_release(dataset);
}

static void files_named_like_pictures_that_are_none_are_left_out(void **state)
{
    (void)state;
    data_write_file(&world, "fake.jpg", "this is text", 12);
    data_write_file(&world, "empty.png", "", 0);
    data_write_png(&world, "good.png", 2, 2, 1, 7);
    aigc_dataset_t *dataset = open_folder(NULL);
    check_values(dataset, (const int[]){7}, 1);
    assert_non_null(strstr(world.log, "left out (2 so far)"));
    aigc__dataset_release(dataset);
    check_refused("strict=true", AIGC_ERROR_CORRUPT, "empty.png");
}

static void a_folder_without_a_good_picture_is_refused(void **state)
{
    (void)state;
    check_refused(NULL, AIGC_ERROR_NOT_FOUND, world.folder);
    data_write_file(&world, "a.txt", "x", 1);
    check_refused(NULL, AIGC_ERROR_NOT_FOUND, "no PNG or JPEG");
    data_write_png(&world, "a.png", 4, 4, 1, 3);
    damage("a.png");
    check_refused(NULL, AIGC_ERROR_CORRUPT, "none of the 1 pictures");
}

static void what_cannot_be_opened_is_left_out(void **state)
{
    (void)state;
    data_write_png(&world, "b.png", 2, 2, 1, 2);
    assert_int_equal(symlink("nowhere", data_path(&world, "a.png")), 0);
    aigc_dataset_t *dataset = open_folder(NULL);
    check_values(dataset, (const int[]){2}, 1);
    assert_non_null(strstr(world.log, "left out (1 so far)"));
    aigc__dataset_release(dataset);
    check_refused("strict=true", AIGC_ERROR_IO, "a.png");
}

static void a_closed_sub_folder_is_left_out(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* nothing is closed to root */
    data_write_png(&world, "b.png", 2, 2, 1, 2);
    data_make_folder(&world, "closed");
    assert_int_equal(chmod(data_path(&world, "closed"), 0), 0);
    aigc_dataset_t *dataset = open_folder(NULL);
    check_values(dataset, (const int[]){2}, 1);
    aigc__dataset_release(dataset);
    check_refused("strict=true", AIGC_ERROR_IO, "closed");
    assert_int_equal(chmod(data_path(&world, "closed"), 0700), 0);
}

/* Replacing it silently would make the result depend on when somebody deletes files. */
static void a_picture_that_vanishes_is_an_error(void **state)
{
    uint8_t pixels[4];
    int64_t label = 77;
    (void)state;
    data_write_png(&world, "a.png", 2, 2, 1, 1);
    data_write_png(&world, "b.png", 2, 2, 1, 2);
    aigc_dataset_t *dataset = open_folder(NULL);
    assert_int_equal(unlink(data_path(&world, "b.png")), 0);
    check_failure(aigc__dataset_fetch_one(dataset, 1, pixels, &label), AIGC_ERROR_IO, "b.png");
    assert_int_equal(label, 77);
    aigc__dataset_release(dataset);
}

static void links_in_a_circle_end(void **state)
{
    (void)state;
    data_make_folder(&world, "in");
    data_write_png(&world, "in/a.png", 2, 2, 1, 1);
    assert_int_equal(symlink("..", data_path(&world, "in/up")), 0);
    assert_int_equal(symlink("../in", data_path(&world, "in/again")), 0);
    check_refused(NULL, AIGC_ERROR_LIMIT, "link to itself");
}

static void a_linked_folder_is_walked(void **state)
{
    (void)state;
    data_make_folder(&world, ".store");
    data_write_png(&world, ".store/a.png", 2, 2, 1, 9);
    assert_int_equal(symlink(".store", data_path(&world, "linked")), 0);
    aigc_dataset_t *dataset = open_folder(NULL);
    check_values(dataset, (const int[]){9}, 1);
    assert_string_equal(dataset->class_names[0], "linked");
    aigc__dataset_release(dataset);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    data_write_png(&world, "a.png", 2, 2, 1, 1);
    check_refused("size=0", AIGC_ERROR_OPTION, "'size'");
    check_refused("size=1,2,3", AIGC_ERROR_OPTION, "'size'");
    check_refused("height=5", AIGC_ERROR_OPTION, "without 'width'");
    check_refused("channels=2", AIGC_ERROR_OPTION, "'channels'");
    check_refused("background=pink", AIGC_ERROR_OPTION, "'background'");
    check_refused("filter=nearest", AIGC_ERROR_OPTION, "area|lanczos|bilinear");
    check_refused("strikt=true", AIGC_ERROR_OPTION, "did you mean 'strict'");
}

static void paths_sort_bytewise(void **state)
{
    static const char *const in[] = {"b", "a", "", "a/", "a-", "\xff", "B", "ab", "a", "c"};
    aigc__paths_t paths;
    (void)state;
    aigc__paths_init(&paths, &world.context->memory);
    for (int turn = 0; turn < 40; turn++)
        for (size_t i = 0; i < 10; i++)
            check_ok(aigc__paths_add(&paths, in[(i * 7 + (size_t)turn) % 10], strlen(in[(i * 7 + (size_t)turn) % 10])));
    aigc__paths_sort(&paths);
    assert_int_equal(paths.n, 400);
    for (size_t i = 1; i < paths.n; i++) assert_true(strcmp(paths.items[i - 1], paths.items[i]) <= 0);
    aigc__paths_free(&paths);
}

static aigc_status_t open_and_fetch(data_world_t *w)
{
    aigc_dataset_t *dataset = NULL;
    uint8_t pixels[16 * 3];
    int64_t label;
    aigc_status_t status = aigc__dataset_create(&dataset, w->context, "folder", w->folder, w->options);
    if (status == AIGC_OK) status = aigc__dataset_fetch_one(dataset, 1, pixels, &label);
    aigc__dataset_release(dataset);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    data_make_folder(&world, "a");
    data_make_folder(&world, "b");
    data_write_png(&world, "a/1.png", 6, 6, 3, 1);
    data_write_png(&world, "b/2.png", 6, 6, 3, 1);
    data_parse(&world, "size=4");
    assert_true(data_sweep(&world, open_and_fetch) > 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pictures_come_in_the_order_of_their_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(sub_folders_are_classes_where_nothing_lies_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(size_and_channels_are_the_first_pictures_or_as_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(colours_are_not_dropped_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(corrupt_pictures_are_replaced_the_same_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(strictness_makes_them_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(files_named_like_pictures_that_are_none_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_without_a_good_picture_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_closed_sub_folder_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_picture_that_vanishes_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(links_in_a_circle_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_linked_folder_is_walked, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_options_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(paths_sort_bytewise, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
