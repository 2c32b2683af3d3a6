#include "data/data_world.h"
#include "support/unit.h"
#include <stdlib.h>
#include <string.h>

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

static uint8_t first_byte(aigc_dataset_t *dataset, uint64_t index)
{
    uint8_t pixels[256];
    int64_t label;
    assert_true(aigc__dataset_bytes(dataset) <= sizeof pixels);
    check_ok(aigc__dataset_fetch_one(dataset, index, pixels, &label));
    return pixels[0];
}

static void check_refused(const char *kind, const char *source, aigc_status_t status, const char *part)
{
    aigc_dataset_t *dataset = NULL;
    check_failure(aigc__dataset_create(&dataset, world.context, kind, source, NULL), status, part);
    assert_null(dataset);
}

/* ---- opening ---- */

static void the_table_holds_the_kinds_by_name(void **state)
{
    static const char *const names[] = {"folder", "idx", "home-designs", "array", "callback"};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(aigc__dataset_kind(i)->name, names[i]);
        assert_ptr_equal(aigc__dataset_kind_named(names[i]), aigc__dataset_kind(i));
    }
    assert_null(aigc__dataset_kind(5));
    assert_null(aigc__dataset_kind_named("view"));
}

static void auto_finds_the_kind(void **state)
{
    const uint8_t idx[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 42};
    aigc_dataset_t *dataset = NULL;
    (void)state;
    data_make_folder(&world, "pictures");
    data_write_png(&world, "pictures/a.png", 2, 2, 3, 1);
    data_write_file(&world, "numbers", idx, sizeof idx);
    check_ok(aigc__dataset_create(&dataset, world.context, "auto", data_path(&world, "pictures"), NULL));
    assert_string_equal(dataset->kind->name, "folder");
    aigc__dataset_release(dataset);
    check_ok(aigc__dataset_create(&dataset, world.context, "auto", data_path(&world, "numbers"), NULL));
    assert_string_equal(dataset->kind->name, "idx");
    aigc__dataset_release(dataset);
    check_ok(aigc__dataset_create(&dataset, world.context, "auto", "home-designs", data_parse(&world, "n=3")));
    assert_string_equal(dataset->kind->name, "home-designs");
    assert_int_equal(dataset->count, 3);
    aigc__dataset_release(dataset);
}

static void what_is_no_dataset_is_told(void **state)
{
    (void)state;
    data_write_png(&world, "one.png", 2, 2, 3, 1);
    data_write_file(&world, "text", "hello", 5);
    check_refused("library", NULL, AIGC_ERROR_NOT_FOUND, "'library'");
    check_refused("view", "x", AIGC_ERROR_NOT_FOUND, "'view'");
    check_refused("folder", NULL, AIGC_ERROR_ARGUMENT, "'source'");
    check_refused("idx", NULL, AIGC_ERROR_ARGUMENT, "'source'");
    check_refused("folder", "/no/such/place", AIGC_ERROR_IO, "/no/such/place");
    check_refused("array", NULL, AIGC_ERROR_ARGUMENT, "aigc_dataset_create_array()");
    check_refused("callback", NULL, AIGC_ERROR_ARGUMENT, "aigc_dataset_create_callback()");
    check_refused("auto", NULL, AIGC_ERROR_ARGUMENT, "'source'");
    check_refused("auto", "hme-designs", AIGC_ERROR_NOT_FOUND, "home-designs");
    check_refused("auto", "folder", AIGC_ERROR_NOT_FOUND, "no folder or file");
    check_refused("auto", data_path(&world, "one.png"), AIGC_ERROR_UNSUPPORTED, "a single picture");
    check_refused("auto", data_path(&world, "text"), AIGC_ERROR_UNSUPPORTED, "unknown kind");
}

/* ---- arrays and callbacks ---- */

static void arrays_are_looked_into_not_copied(void **state)
{
    aigc_tensor_t *images = NULL, *labels = NULL;
    aigc_dataset_t *dataset = NULL;
    const uint64_t index = 1;
    float pixels[12];
    int64_t label;
    (void)state;
    check_ok(aigc__tensor_create(&images, world.context, AIGC_DTYPE_U8, 4, (const int64_t[]){2, 2, 2, 3}));
    check_ok(aigc__tensor_create(&labels, world.context, AIGC_DTYPE_I32, 1, (const int64_t[]){2}));
    ((int32_t *)labels->data)[1] = 6;
    check_ok(aigc__dataset_create_array(&dataset, world.context, images, labels, NULL));
    assert_int_equal(dataset->classes, 7);
    assert_string_equal(dataset->class_names[6], "6");
    ((uint8_t *)images->data)[12] = 51;
    aigc__tensor_release(images);
    aigc__tensor_release(labels);
    check_ok(aigc__dataset_fetch(dataset, &index, 1, pixels, &label));
    assert_float_equal(pixels[0], 0.2f, 1e-7);
    assert_int_equal(label, 6);
    ((int32_t *)labels->data)[1] = 7; /* the dataset still holds it */
    check_failure(aigc__dataset_fetch(dataset, &index, 1, pixels, &label), AIGC_ERROR_ARGUMENT, "label 1 is 7");
    aigc__dataset_release(dataset);
}

static void arrays_that_do_not_fit_are_refused(void **state)
{
    aigc_tensor_t *images = NULL, *flat = NULL, *none = NULL, *labels = NULL, *few = NULL, *floats = NULL;
    aigc_dataset_t *dataset = NULL;
    (void)state;
    check_ok(aigc__tensor_create(&images, world.context, AIGC_DTYPE_F32, 4, (const int64_t[]){2, 2, 2, 3}));
    check_ok(aigc__tensor_create(&flat, world.context, AIGC_DTYPE_F32, 2, (const int64_t[]){2, 4}));
    check_ok(aigc__tensor_create(&none, world.context, AIGC_DTYPE_F32, 4, (const int64_t[]){0, 2, 2, 3}));
    check_ok(aigc__tensor_create(&labels, world.context, AIGC_DTYPE_I64, 1, (const int64_t[]){2}));
    check_ok(aigc__tensor_create(&few, world.context, AIGC_DTYPE_I64, 1, (const int64_t[]){1}));
    check_ok(aigc__tensor_create(&floats, world.context, AIGC_DTYPE_F32, 1, (const int64_t[]){2}));
    check_failure(aigc__dataset_create_array(&dataset, world.context, flat, NULL, NULL), AIGC_ERROR_ARGUMENT, "[2,4]");
    check_failure(aigc__dataset_create_array(&dataset, world.context, none, NULL, NULL), AIGC_ERROR_ARGUMENT,
                  "no pixels");
    check_failure(aigc__dataset_create_array(&dataset, world.context, images, few, NULL), AIGC_ERROR_ARGUMENT,
                  "i64 or i32 [2]");
    check_failure(aigc__dataset_create_array(&dataset, world.context, images, floats, NULL), AIGC_ERROR_ARGUMENT,
                  "f32 [2]");
    ((int64_t *)labels->data)[0] = -1;
    check_failure(aigc__dataset_create_array(&dataset, world.context, images, labels, NULL), AIGC_ERROR_ARGUMENT,
                  "label 0 is -1");
    ((int64_t *)labels->data)[0] = (int64_t)1 << 40;
    check_failure(aigc__dataset_create_array(&dataset, world.context, images, labels, NULL), AIGC_ERROR_ARGUMENT,
                  "expected 0..65535");
    check_failure(aigc__dataset_create_array(&dataset, world.context, images, NULL, data_parse(&world, "size=3")),
                  AIGC_ERROR_OPTION, "'size'");
    assert_null(dataset);
    aigc_tensor_t *const all[] = {images, flat, none, labels, few, floats};
    for (size_t i = 0; i < 6; i++) aigc__tensor_release(all[i]);
}

static int32_t refuse_two(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    (void)pixels;
    *label = *(int64_t *)user;
    return index == 2 ? 17 : 0;
}

static void callbacks_are_watched(void **state)
{
    aigc_dataset_t *dataset = NULL;
    uint8_t pixels[4] = {9, 9, 9, 9};
    int64_t give = 4, label = 0;
    (void)state;
    check_ok(aigc__dataset_create_callback(&dataset, world.context, (const int64_t[]){3, 2, 2, 1}, refuse_two, &give,
                                           data_parse(&world, "classes=5")));
    check_ok(aigc__dataset_fetch_one(dataset, 1, pixels, &label));
    assert_int_equal(label, 4);
    for (size_t i = 0; i < 4; i++) assert_int_equal(pixels[i], 0); /* what the callback leaves out is black */
    check_failure(aigc__dataset_fetch_one(dataset, 2, pixels, &label), AIGC_ERROR_CANCELLED,
                  "answered 17 for picture 2");
    give = 5;
    check_failure(aigc__dataset_fetch_one(dataset, 0, pixels, &label), AIGC_ERROR_ARGUMENT, "label 5");
    check_failure(aigc__dataset_fetch_one(dataset, 3, pixels, &label), AIGC_ERROR_NOT_FOUND,
                  "no picture 3; the dataset has 3");
    aigc__dataset_release(dataset);
    dataset = NULL;
    check_ok(aigc__dataset_create_callback(&dataset, world.context, (const int64_t[]){3, 2, 2, 1}, refuse_two, &give, NULL));
    check_failure(aigc__dataset_fetch_one(dataset, 1, pixels, &label), AIGC_ERROR_ARGUMENT, "there are none");
    aigc__dataset_release(dataset);
    dataset = NULL;
    check_failure(
        aigc__dataset_create_callback(&dataset, world.context, (const int64_t[]){3, 2, 2, 2}, refuse_two, &give, NULL),
        AIGC_ERROR_ARGUMENT, "[3,2,2,2]");
    check_failure(
        aigc__dataset_create_callback(&dataset, world.context, (const int64_t[]){0, 2, 2, 3}, refuse_two, &give, NULL),
        AIGC_ERROR_ARGUMENT, "[0,2,2,3]");
    assert_null(dataset);
}

/* ---- views and splits ---- */

static void a_view_shows_what_it_names(void **state)
{
    const uint64_t some[3] = {8, 2, 5}, two[2] = {2, 0}, beyond[1] = {10};
    (void)state;
    aigc_dataset_t *base = data_numbers(&world, 10, 2, 2, 1), *view = NULL, *inner = NULL, *none = NULL;
    check_ok(aigc__dataset_view(&view, base, some, 3));
    check_ok(aigc__dataset_view(&inner, view, two, 2));
    check_failure(aigc__dataset_view(&none, base, beyond, 1), AIGC_ERROR_NOT_FOUND, "no picture 10");
    check_failure(aigc__dataset_view(&none, base, some, 0), AIGC_ERROR_ARGUMENT, "no pictures");
    assert_null(none);
    aigc__dataset_release(base);
    assert_int_equal(first_byte(view, 1), 14);
    aigc__dataset_release(view);
    assert_int_equal(inner->count, 2);
    assert_int_equal(first_byte(inner, 0), 35);
    assert_int_equal(first_byte(inner, 1), 56);
    assert_int_equal(inner->classes, 3);
    aigc__dataset_release(inner);
}

static void a_split_takes_each_picture_once(void **state)
{
    (void)state;
    aigc_dataset_t *base = data_numbers(&world, 30, 1, 1, 1), *first = NULL, *second = NULL, *again = NULL,
                   *rest = NULL;
    int seen[256] = {0};
    uint64_t same = 0;
    check_ok(aigc__dataset_split(base, 0.7, 5, &first, &second));
    assert_true(first->count == 21 && second->count == 9);
    for (uint64_t i = 0; i < 21; i++) seen[first_byte(first, i)]++;
    for (uint64_t i = 0; i < 9; i++) seen[first_byte(second, i)]++;
    for (uint64_t i = 0; i < 30; i++) assert_int_equal(seen[(uint8_t)(7 * i)], 1);
    for (uint64_t i = 1; i < 21; i++)
        assert_true(first_byte(first, i - 1) < first_byte(first, i)); /* 7 i is below 256 for all 30 */
    check_ok(aigc__dataset_split(base, 0.7, 5, &again, &rest));
    assert_int_equal(aigc__dataset_fingerprint(again), aigc__dataset_fingerprint(first));
    aigc__dataset_release(again);
    aigc__dataset_release(rest);
    check_ok(aigc__dataset_split(base, 0.7, 6, &again, &rest));
    for (uint64_t i = 0; i < 21; i++) same += first_byte(first, i) == first_byte(again, i);
    assert_true(same < 21);
    assert_int_not_equal(aigc__dataset_fingerprint(again), aigc__dataset_fingerprint(first));
    aigc_dataset_t *const all[] = {base, first, second, again, rest};
    for (size_t i = 0; i < 5; i++) aigc__dataset_release(all[i]);
}

static void a_split_leaves_a_picture_on_each_side(void **state)
{
    (void)state;
    aigc_dataset_t *base = data_numbers(&world, 5, 1, 1, 1), *one = data_numbers(&world, 1, 1, 1, 1), *a = NULL,
                   *b = NULL;
    for (int k = 0; k < 2; k++) {
        check_ok(aigc__dataset_split(base, k, 0, &a, &b));
        assert_true(a->count == (k ? 4 : 1) && b->count == (k ? 1 : 4));
        aigc__dataset_release(a);
        aigc__dataset_release(b);
    }
    a = b = NULL;
    check_failure(aigc__dataset_split(base, 1.01, 0, &a, &b), AIGC_ERROR_ARGUMENT, "'fraction'");
    check_failure(aigc__dataset_split(base, 0.0 / 0.0 * -1, 0, &a, &b), AIGC_ERROR_ARGUMENT, "'fraction'");
    check_failure(aigc__dataset_split(one, 0.5, 0, &a, &b), AIGC_ERROR_ARGUMENT, "cannot be split");
    assert_true(a == NULL && b == NULL);
    aigc__dataset_release(base);
    aigc__dataset_release(one);
}

/* ---- fetching and fingerprints ---- */

static void fetching_gives_floats_and_labels(void **state)
{
    const uint64_t indices[3] = {4, 0, 4}, beyond[1] = {9};
    float images[3 * 12];
    int64_t labels[3];
    (void)state;
    aigc_dataset_t *dataset = data_numbers(&world, 9, 2, 2, 3);
    check_ok(aigc__dataset_fetch(dataset, indices, 3, images, labels));
    for (size_t i = 0; i < 36; i++) assert_float_equal(images[i], (float)(7 * indices[i / 12] + i % 3) / 255, 1e-6);
    assert_true(labels[0] == 1 && labels[1] == 0 && labels[2] == 1);
    check_ok(aigc__dataset_fetch(dataset, indices, 3, images, NULL));
    check_ok(aigc__dataset_fetch(dataset, indices, 0, images, NULL));
    check_failure(aigc__dataset_fetch(dataset, beyond, 1, images, NULL), AIGC_ERROR_NOT_FOUND, "no picture 9");
    aigc__dataset_release(dataset);
}

static void fingerprints_tell_datasets_apart(void **state)
{
    static const char *const options[] = {"n=9",
                                          "n=10",
                                          "n=9 size=33",
                                          "n=9 size=32,33",
                                          "n=9 channels=1",
                                          "n=9 seed=1",
                                          "n=9 style=rooms",
                                          "n=9 style=plans"};
    uint64_t prints[8];
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        for (int turn = 0; turn < 2; turn++) {
            aigc_dataset_t *dataset = NULL;
            check_ok(
                aigc__dataset_create(&dataset, world.context, "home-designs", NULL, data_parse(&world, options[i])));
            if (turn == 1) assert_int_equal(aigc__dataset_fingerprint(dataset), prints[i]);
            prints[i] = aigc__dataset_fingerprint(dataset);
            aigc__dataset_release(dataset);
        }
        for (size_t j = 0; j < i; j++) assert_int_not_equal(prints[i], prints[j]);
    }
}

/* ---- export ---- */

/* What is exported comes back as the same pictures and classes, though by class. */
static void an_exported_dataset_comes_back(void **state)
{
    (void)state;
    aigc_dataset_t *dataset = data_numbers(&world, 7, 3, 2, 3), *back = NULL;
    check_ok(aigc__dataset_export(dataset, data_path(&world, "out")));
    check_ok(aigc__dataset_export(dataset, data_path(&world, "out"))); /* over itself */
    check_ok(aigc__dataset_create(&back, world.context, "folder", data_path(&world, "out"), NULL));
    assert_true(back->count == 7 && back->classes == 3 && back->height == 3 && back->width == 2 && back->channels == 3);
    assert_string_equal(back->class_names[2], "2");
    const uint64_t order[7] = {0, 3, 6, 1, 4, 2, 5};
    for (uint64_t i = 0; i < 7; i++) assert_int_equal(first_byte(back, i), 7 * order[i]);
    check_failure(aigc__dataset_export(dataset, data_path(&world, "no/such")), AIGC_ERROR_IO, "no/such");
    aigc__context_retain(world.context);
    atomic_store(&world.context->cancelled, 1);
    check_failure(aigc__dataset_export(dataset, data_path(&world, "out")), AIGC_ERROR_CANCELLED, "cancel");
    aigc__context_release(world.context);
    aigc__dataset_release(dataset);
    aigc__dataset_release(back);
}

static void floats_are_exported_rounded_and_names_made_safe(void **state)
{
    aigc_tensor_t *images = NULL;
    aigc_dataset_t *dataset = NULL, *back = NULL;
    (void)state;
    check_ok(aigc__tensor_create(&images, world.context, AIGC_DTYPE_F32, 4, (const int64_t[]){1, 1, 1, 1}));
    ((float *)images->data)[0] = 0.5f;
    check_ok(aigc__dataset_create_array(&dataset, world.context, images, NULL, NULL));
    check_ok(aigc__dataset_number_classes(dataset, 1, "test"));
    aigc__memory_free(&world.context->memory, dataset->class_names[0]);
    check_ok(aigc__memory_copy_string(&world.context->memory, "../x", &dataset->class_names[0]));
    check_ok(aigc__dataset_export(dataset, data_path(&world, "out")));
    check_ok(aigc__dataset_create(&back, world.context, "folder", data_path(&world, "out"), NULL));
    assert_string_equal(back->class_names[0], "_._x");
    assert_int_equal(first_byte(back, 0), 128);
    aigc__tensor_release(images);
    aigc__dataset_release(dataset);
    aigc__dataset_release(back);
}

static aigc_status_t split_and_export(data_world_t *w)
{
    static const int64_t shape[4] = {4, 2, 2, 1};
    aigc_dataset_t *dataset = NULL, *a = NULL, *b = NULL;
    int64_t give = 1;
    float pixels[4];
    aigc_status_t status;
    const uint64_t index = 0;
    AIGC__GOTO(done, aigc__dataset_create_callback(&dataset, w->context, shape, refuse_two, &give, w->options));
    AIGC__GOTO(done, aigc__dataset_view(&a, dataset, (const uint64_t[]){0, 1, 3}, 3));
    AIGC__GOTO(done, aigc__dataset_export(a, data_path(w, "out")));
    aigc__dataset_release(a);
    a = NULL;
    AIGC__GOTO(done, aigc__dataset_fetch(dataset, &index, 1, pixels, NULL));
    AIGC__GOTO(done, aigc__dataset_split(dataset, 0.5, 0, &a, &b));
done:
    aigc__dataset_release(a);
    aigc__dataset_release(b);
    aigc__dataset_release(dataset);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    data_parse(&world, "classes=2");
    assert_true(data_sweep(&world, split_and_export) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_table_holds_the_kinds_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(auto_finds_the_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_dataset_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(arrays_are_looked_into_not_copied, setup, teardown),
        cmocka_unit_test_setup_teardown(arrays_that_do_not_fit_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(callbacks_are_watched, setup, teardown),
        cmocka_unit_test_setup_teardown(a_view_shows_what_it_names, setup, teardown),
        cmocka_unit_test_setup_teardown(a_split_takes_each_picture_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_split_leaves_a_picture_on_each_side, setup, teardown),
        cmocka_unit_test_setup_teardown(fetching_gives_floats_and_labels, setup, teardown),
        cmocka_unit_test_setup_teardown(fingerprints_tell_datasets_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(an_exported_dataset_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(floats_are_exported_rounded_and_names_made_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
