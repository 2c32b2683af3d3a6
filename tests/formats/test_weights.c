/* Weights of PyTorch and NumPy: files made by make_weights.py, which says what is in them. */
#include "config.h"
#include "format_maker.h"
#include "formats/weight_files.h"
#include "formats/zip_write.h"
#include "support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static format_world_t world;

static int setup(void **state)
{
    (void)state;
    return format_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return format_world_close(&world);
}

/* A file with its bytes, which live as long. */
typedef struct opened {
    test_bytes_t bytes;
    aigc_weights_t *weights;
} opened_t;

static aigc_status_t try_open(opened_t *out, const char *name, test_bytes_t bytes)
{
    aigc__source_t source;
    *out = (opened_t){bytes, NULL};
    aigc__source_from_memory(&source, name, bytes.data, bytes.size);
    return aigc__weights_open_source(&out->weights, world.context, source);
}

static opened_t open_file(const char *name)
{
    opened_t file;
    check_ok(try_open(&file, name, format_weights_file(name)));
    return file;
}

static void close_file(opened_t *file)
{
    aigc__weights_free(file->weights);
    free(file->bytes.data);
}

static void check_refused(const char *name, test_bytes_t bytes, aigc_status_t status, const char *part)
{
    opened_t file;
    check_failure(try_open(&file, name, bytes), status, part);
    assert_null(file.weights);
    free(bytes.data);
}

/* ---- numbers ---- */

static aigc_status_t collect(void *to, const void *bytes, size_t n)
{
    test_bytes_add(to, bytes, n);
    return AIGC_OK;
}

static test_bytes_t numbers_of(const opened_t *file, size_t index, aigc__weights_entry_t *entry)
{
    test_bytes_t bytes = {0};
    aigc__weights_entry(file->weights, index, entry);
    check_ok(aigc__weights_pour(file->weights, entry, collect, &bytes));
    assert_int_equal(bytes.size, aigc__weights_bytes(entry));
    return bytes;
}

/* bf16 in the one is f32 in the other. */
static void check_same(const opened_t *a, const opened_t *b, const char *name)
{
    aigc__weights_entry_t left, right;
    const int64_t i = aigc__weights_find(a->weights, name), k = aigc__weights_find(b->weights, name);
    assert_true(i >= 0);
    if (k < 0) fail_msg("there is no %s", name);
    test_bytes_t x = numbers_of(a, (size_t)i, &left), y = numbers_of(b, (size_t)k, &right);
    assert_int_equal(left.rank, right.rank);
    assert_memory_equal(left.shape, right.shape, left.rank * sizeof *left.shape);
    if (left.element == AIGC__ELEMENT_BF16 && right.element == AIGC__ELEMENT_F32) {
        for (size_t n = 0; n < left.count; n++)
            assert_int_equal(((uint32_t *)(void *)y.data)[n], (uint32_t)((uint16_t *)(void *)x.data)[n] << 16);
    } else {
        assert_int_equal(left.element, right.element);
        assert_int_equal(x.size, y.size);
        if (x.size > 0) assert_memory_equal(x.data, y.data, x.size);
    }
    free(x.data);
    free(y.data);
}

static void check_all(const opened_t *a, const opened_t *b, size_t n)
{
    assert_int_equal(aigc__weights_count(a->weights), n);
    for (size_t i = 0; i < n; i++) {
        aigc__weights_entry_t entry;
        aigc__weights_entry(a->weights, i, &entry);
        check_same(a, b, entry.name);
    }
}

enum { EVERY = 24 };

static void every_type_and_layout_has_numpys_numbers(void **state)
{
    static const char *const names[] = {"all.pt", "all_deflated.pt", "all_legacy.pt"};
    (void)state;
    opened_t numpy = open_file("all.npz");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        opened_t torch = open_file(names[i]);
        check_all(&torch, &numpy, EVERY);
        assert_int_equal(aigc__weights_n_opaque(torch.weights), 0);
        close_file(&torch);
    }
    close_file(&numpy);
}

static uint64_t storage_of(const opened_t *file, const char *name)
{
    aigc__weights_entry_t entry;
    aigc__weights_entry(file->weights, (size_t)aigc__weights_find(file->weights, name), &entry);
    return entry.storage;
}

static void views_and_tied_tensors_share_a_storage(void **state)
{
    static const char *const names[] = {"all.pt", "all_legacy.pt"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        opened_t file = open_file(names[i]);
        assert_int_equal(storage_of(&file, "tied1"), storage_of(&file, "tied2"));
        assert_int_equal(storage_of(&file, "tied1"), storage_of(&file, "view"));
        assert_int_equal(storage_of(&file, "tied1"), storage_of(&file, "transposed"));
        assert_int_not_equal(storage_of(&file, "tied1"), storage_of(&file, "scalar"));
        close_file(&file);
    }
}

static void numbers_become_what_is_asked_for(void **state)
{
    static const aigc_dtype_t dtypes[] = {AIGC_DTYPE_F32, AIGC_DTYPE_F16, AIGC_DTYPE_BF16,
                                          AIGC_DTYPE_U8,  AIGC_DTYPE_I32, AIGC_DTYPE_I64};
    (void)state;
    opened_t file = open_file("small.pt");
    for (size_t i = 0; i < 6; i++) {
        aigc_tensor_t *tensor = NULL, *wide = NULL;
        check_ok(aigc__weights_read_named(&tensor, file.weights, "w", dtypes[i]));
        assert_int_equal(tensor->dtype, dtypes[i]);
        assert_int_equal(tensor->count, 6);
        if (dtypes[i] == AIGC_DTYPE_U8)
            for (size_t k = 0; k < 6; k++) assert_int_equal(((uint8_t *)tensor->data)[k], k);
        else {
            check_ok(aigc__tensor_convert(&wide, tensor, AIGC_DTYPE_F32));
            for (size_t k = 0; k < 6; k++) assert_true(((float *)wide->data)[k] == (float)k);
        }
        aigc__tensor_release(tensor);
        aigc__tensor_release(wide);
    }
    close_file(&file);
}

static void what_tensors_cannot_hold_is_listed_and_refused(void **state)
{
    aigc_tensor_t *tensor = NULL;
    (void)state;
    opened_t file = open_file("all.pt");
    check_failure(aigc__weights_read_named(&tensor, file.weights, "complex64", 0), AIGC_ERROR_UNSUPPORTED, "type C64");
    check_failure(aigc__weights_read_named(&tensor, file.weights, "rank7", 0), AIGC_ERROR_UNSUPPORTED, "7 dimensions");
    check_failure(aigc__weights_read_named(&tensor, file.weights, "none", 0), AIGC_ERROR_NOT_FOUND, "no tensor 'none'");
    check_failure(aigc__weights_read_named(&tensor, file.weights, NULL, 0), AIGC_ERROR_ARGUMENT, "24 tensors");
    assert_null(tensor);
    close_file(&file);
}

/* ---- values ---- */

static aigc__weights_value_t value_of(const opened_t *file, const char *name)
{
    aigc__weights_value_t value;
    for (size_t i = 0; i < aigc__weights_n_values(file->weights); i++) {
        aigc__weights_value(file->weights, i, &value);
        if (strcmp(value.name, name) == 0) return value;
    }
    fail_msg("there is no value %s", name);
    return value;
}

static void a_checkpoint_tells_its_values(void **state)
{
    (void)state;
    opened_t file = open_file("checkpoint.pt");
    assert_string_equal(value_of(&file, "epoch").type, "int");
    assert_int_equal(value_of(&file, "epoch").integer, 7);
    assert_int_equal(value_of(&file, "negative").integer, -70000);
    assert_true(value_of(&file, "loss").real == 0.25);
    assert_string_equal(value_of(&file, "name").text, "caf\xc3\xa9");
    assert_string_equal(value_of(&file, "none").type, "none");
    assert_string_equal(value_of(&file, "yes").type, "bool");
    assert_true(value_of(&file, "optimizer.param_groups.0.lr").real == 0.0002);
    assert_true(value_of(&file, "optimizer.param_groups.0.betas.1").real == 0.999);
    assert_true(value_of(&file, "args.lr").real == 2e-4);
    assert_true(value_of(&file, "np_float").real == 1.5);
    assert_int_equal(value_of(&file, "np_int").integer, -3);
    assert_string_equal(value_of(&file, "losses").type, "list");
    assert_int_equal(value_of(&file, "losses").integer, 100);
    assert_string_equal(value_of(&file, "device").text, "cpu");
    assert_int_equal(value_of(&file, "size.1").integer, 2);
    assert_true(aigc__weights_find(file.weights, "state_dict.1.num_batches_tracked") >= 0);
    assert_true(aigc__weights_find(file.weights, "optimizer.state.0.exp_avg") >= 0);
    assert_true(aigc__weights_find(file.weights, "parameter") >= 0);
    close_file(&file);
}

static void arrays_within_pickles_are_tensors(void **state)
{
    aigc_tensor_t *tensor = NULL;
    (void)state;
    opened_t file = open_file("checkpoint.pt");
    check_ok(aigc__weights_read_named(&tensor, file.weights, "array", 0));
    assert_memory_equal(tensor->data, ((const int32_t[]){0, 1, 2, 3, 4, 5}), 24);
    aigc__tensor_release(tensor);
    check_ok(aigc__weights_read_named(&tensor, file.weights, "fortran", 0));
    assert_memory_equal(tensor->data, ((const float[]){0, 1, 2, 3, 4, 5}), 24);
    aigc__tensor_release(tensor);
    close_file(&file);
    for (int protocol = 2; protocol <= 5; protocol += protocol == 2 ? 2 : 1) {
        char name[32];
        snprintf(name, sizeof name, "small_p%d.pkl", protocol);
        file = open_file(name);
        check_ok(aigc__weights_read_named(&tensor, file.weights, "a", 0));
        assert_memory_equal(tensor->data, ((const float[]){0, 1, 2, 3}), 16);
        aigc__tensor_release(tensor);
        assert_int_equal(value_of(&file, "e.5.1").integer, 4);
        assert_int_equal(value_of(&file, "s.0").integer, 5);
        close_file(&file);
    }
}

static void a_whole_module_has_the_names_of_its_state_dict(void **state)
{
    (void)state;
    opened_t file = open_file("module.pt");
    assert_int_equal(aigc__weights_count(file.weights), 7);
    assert_true(aigc__weights_find(file.weights, "0.weight") >= 0);
    assert_true(aigc__weights_find(file.weights, "1.running_mean") >= 0);
    assert_int_equal(value_of(&file, "0.in_features").integer, 3);
    close_file(&file);
}

/* ---- what would run ---- */

static void commands_are_listed_and_nothing_happens(void **state)
{
    const char *name = NULL, *call = NULL;
    (void)state;
    opened_t file = open_file("hostile.pt");
    assert_int_equal(aigc__weights_count(file.weights), 1);
    assert_int_equal(aigc__weights_n_opaque(file.weights), 2);
    aigc__weights_opaque(file.weights, 0, &name, &call);
    assert_string_equal(name, "hostile");
    assert_string_equal(call, "posix.system");
    aigc__weights_opaque(file.weights, 1, &name, &call);
    assert_string_equal(name, "inner.0");
    assert_null(fopen("owned", "rb"));
    close_file(&file);
}

/* ---- what is refused ---- */

static test_bytes_t pickle_of(const char *ops, size_t n)
{
    test_bytes_t bytes = test_bytes_copy("\x80\x02", 2);
    test_bytes_add(&bytes, ops, n);
    return bytes;
}

static void other_files_are_told_by_name(void **state)
{
    char tar[512] = "storages";
    (void)state;
    memcpy(tar + 257, "ustar", 5);
    check_refused("old.pth", test_bytes_copy(tar, sizeof tar), AIGC_ERROR_UNSUPPORTED, "a tar archive");
    check_refused("page.pt", test_bytes_copy("<!DOCTYPE html>", 15), AIGC_ERROR_UNSUPPORTED, "a web page");
    check_refused("x.gguf", test_bytes_copy("GGUF\3\0\0\0", 8), AIGC_ERROR_UNSUPPORTED, "GGUF");
    check_refused("empty", test_bytes_copy("", 0), AIGC_ERROR_UNSUPPORTED, "empty: not a file of weights");
    check_refused("p0", pickle_of("I1\n.", 4), AIGC_ERROR_UNSUPPORTED, "opcode 0x49");
#if AIGC_HAVE_ZIP
    check_refused("script.pt", format_weights_file("script.pt"), AIGC_ERROR_UNSUPPORTED, "a TorchScript archive");
#endif
}

static test_bytes_t zip_of(const char *const *names, size_t n)
{
    aigc__saver_t *saver = format_begin(&world);
    aigc__zip_writer_t zip = {.saver = saver, .memory = &world.context->memory};
    for (size_t i = 0; i < n; i++) {
        check_ok(aigc__zip_begin(&zip, names[i], 3));
        check_ok(aigc__zip_put(&zip, "abc", 3));
        check_ok(aigc__zip_end(&zip));
    }
    check_ok(aigc__zip_finish(&zip, AIGC_OK));
    return format_commit(&world, saver);
}

static void archives_that_lie_are_refused(void **state)
{
#if AIGC_HAVE_ZIP
    (void)state;
    check_refused("twice", zip_of((const char *const[]){"a/x", "a/x"}, 2), AIGC_ERROR_CORRUPT, "is there twice");
    check_refused("up", zip_of((const char *const[]){"a/../../x"}, 1), AIGC_ERROR_CORRUPT, "outside of the archive");
    check_refused("root", zip_of((const char *const[]){"/x"}, 1), AIGC_ERROR_CORRUPT, "outside of the archive");
    check_refused("other", zip_of((const char *const[]){"x.txt"}, 1), AIGC_ERROR_UNSUPPORTED, "neither PyTorch's");
    test_bytes_t bytes = zip_of((const char *const[]){"a/x", "a/y"}, 2);
    for (size_t at = bytes.size - 22; at > 0; at--) /* the second entry's member becomes the first's */
        if (memcmp(bytes.data + at, "PK\1\2", 4) == 0) {
            memset(bytes.data + at + 42, 0, 4);
            break;
        }
    check_refused("overlap", bytes, AIGC_ERROR_CORRUPT, "");
#else
    (void)state;
    check_refused("any", zip_of((const char *const[]){"x.npy"}, 1), AIGC_ERROR_UNSUPPORTED, "-Dzip=enabled");
#endif
}

/* ---- writing ---- */

static test_bytes_t written(const opened_t *file, const char *name, const aigc__convert_options_t *options)
{
    char path[64];
    snprintf(path, sizeof path, "/weights/%s", name);
    world.context->files = test_files_calls(world.files);
    check_ok(aigc__weights_write(file->weights, path, options));
    return format_saved(&world, path);
}

static void what_is_written_is_the_same(void **state)
{
    const aigc__convert_options_t plain = {NULL, NULL, 0};
    static const char *const names[] = {"o.pt", "o.npz"};
    (void)state;
    opened_t file = open_file("all_legacy.pt"), numpy;
    for (size_t i = 0; i < 2; i++) {
        check_ok(try_open(&numpy, names[i], written(&file, names[i], &plain)));
        check_all(&file, &numpy, EVERY);
        if (i == 0) assert_int_equal(storage_of(&numpy, "tied1"), storage_of(&numpy, "tied2"));
        close_file(&numpy);
    }
    check_failure(aigc__weights_write(file.weights, "/weights/o.safetensors", &plain), AIGC_ERROR_UNSUPPORTED,
                  "'complex128' has numbers of type C128");
    check_failure(aigc__weights_write(file.weights, "/weights/o.txt", &plain), AIGC_ERROR_ARGUMENT, ".safetensors");
    close_file(&file);
}

static void names_are_selected_and_changed(void **state)
{
    (void)state;
    opened_t file = open_file("checkpoint.pt"), made;
    const aigc__convert_options_t options = {"state_dict.0,state_dict.1", "state_dict.=net.,other=x", 2};
    check_ok(try_open(&made, "made", written(&file, "o.safetensors", &options)));
    assert_int_equal(aigc__weights_count(made.weights), 7);
    aigc__weights_entry_t entry;
    aigc__weights_entry(made.weights, (size_t)aigc__weights_find(made.weights, "net.0.weight"), &entry);
    assert_int_equal(entry.element, AIGC__ELEMENT_F16);
    aigc__weights_entry(made.weights, (size_t)aigc__weights_find(made.weights, "net.1.num_batches_tracked"), &entry);
    assert_int_equal(entry.element, AIGC__ELEMENT_I64);
    close_file(&made);
    const aigc__convert_options_t none = {"nothing", NULL, 0},
                                  same = {"state_dict.0", "state_dict.0.weight=a,state_dict.0.bias=a", 0};
    check_failure(aigc__weights_write(file.weights, "/weights/o.pt", &none), AIGC_ERROR_NOT_FOUND,
                  "no tensor is selected");
    check_failure(aigc__weights_write(file.weights, "/weights/o.pt", &same), AIGC_ERROR_ARGUMENT,
                  "two tensors would be named 'a'");
    close_file(&file);
}

static void every_failing_allocation_is_told_and_leaks_nothing(void **state)
{
    static const char *const names[] = {"small.pt", "small_legacy.pt", "small_p4.pkl", "small.npz",
                                        "small_deflated.pt"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        test_bytes_t bytes = format_weights_file(names[i]);
        const size_t idle = world.memory.blocks;
        size_t at = 1;
        for (; at < 200; at++) {
            aigc_weights_t *weights = NULL;
            aigc_tensor_t *tensor = NULL;
            aigc__source_t source;
            aigc__source_from_memory(&source, names[i], bytes.data, bytes.size);
            test_memory_fail(&world.memory, at, false);
            aigc_status_t status = aigc__weights_open_source(&weights, world.context, source);
            if (status == AIGC_OK) status = aigc__weights_read(&tensor, weights, 0, AIGC_DTYPE_F16);
            test_memory_fail(&world.memory, 0, false);
            aigc__tensor_release(tensor);
            aigc__weights_free(weights);
            assert_int_equal(world.memory.blocks, idle);
            if (status == AIGC_OK) break;
            assert_int_equal(status, AIGC_ERROR_MEMORY);
        }
        assert_in_range(at, 8, 199);
        free(bytes.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_files_are_told_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(archives_that_lie_are_refused, setup, teardown),
#if AIGC_HAVE_ZIP
        cmocka_unit_test_setup_teardown(arrays_within_pickles_are_tensors, setup, teardown),
        cmocka_unit_test_setup_teardown(every_type_and_layout_has_numpys_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(views_and_tied_tensors_share_a_storage, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_become_what_is_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(what_tensors_cannot_hold_is_listed_and_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_checkpoint_tells_its_values, setup, teardown),
        cmocka_unit_test_setup_teardown(a_whole_module_has_the_names_of_its_state_dict, setup, teardown),
        cmocka_unit_test_setup_teardown(commands_are_listed_and_nothing_happens, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_written_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(names_are_selected_and_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_is_told_and_leaks_nothing, setup, teardown),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
