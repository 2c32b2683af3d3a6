#include "support/fault_memory.h"
#include "support/unit.h"
#include "tensor/storage.h"
#include <pthread.h>
#include <string.h>

static test_memory_t world;
static aigc_context_t *context;

static int setup(void **state)
{
    (void)state;
    test_memory_init(&world);
    return aigc__context_create(&context, &world.allocator, 1, 0, AIGC__CPU_C, NULL) != AIGC_OK;
}

/* Every test ends with nothing held. */
static int teardown(void **state)
{
    (void)state;
    aigc__context_release(context);
    return world.blocks || world.bytes || world.mistakes;
}

static void a_new_tensor_is_zeros(void **state)
{
    (void)state;
    const int64_t shape[] = {3, 5, 7};
    for (aigc_dtype_t dtype = AIGC_DTYPE_F32; dtype <= AIGC_DTYPE_I64; dtype++) {
        aigc_tensor_t *tensor = NULL;
        check_ok(aigc__tensor_create(&tensor, context, dtype, 3, shape));
        assert_int_equal(tensor->count, 105);
        assert_int_equal(tensor->bytes, 105 * aigc__dtype_bytes(dtype));
        assert_int_equal((uintptr_t)tensor->data % 64, 0);
        for (size_t i = 0; i < tensor->bytes; i++) assert_int_equal(((uint8_t *)tensor->data)[i], 0);
        check_ok(aigc__check_handle(tensor, AIGC__TENSOR, "tensor"));
        aigc__tensor_release(tensor);
    }
    aigc__tensor_retain(NULL);
    aigc__tensor_release(NULL);
}

static void numbers_without_a_shape_and_shapes_without_numbers_exist(void **state)
{
    (void)state;
    aigc_tensor_t *tensor = NULL;
    check_ok(aigc__tensor_create(&tensor, context, AIGC_DTYPE_I64, 0, NULL));
    assert_true(tensor->count == 1 && tensor->bytes == 8);
    aigc__tensor_release(tensor);
    check_ok(aigc__tensor_create(&tensor, context, AIGC_DTYPE_F32, 2, (const int64_t[]){4, 0}));
    assert_true(tensor->count == 0 && tensor->bytes == 0 && tensor->data != NULL);
    aigc__tensor_release(tensor);
}

static void impossible_tensors_are_refused(void **state)
{
    (void)state;
    aigc_tensor_t *tensor = NULL;
    const int64_t vast[] = {1 << 30, 1 << 30}, wide[] = {1 << 30, 1 << 20};
    check_failure(aigc__tensor_create(&tensor, context, 0, 0, NULL), AIGC_ERROR_ARGUMENT, "0 is no element type");
    check_failure(aigc__tensor_create(&tensor, context, 7, 0, NULL), AIGC_ERROR_ARGUMENT, "7 is no element type");
    check_failure(aigc__tensor_create(&tensor, context, AIGC_DTYPE_U8, 7, vast), AIGC_ERROR_ARGUMENT, "rank 7");
    check_failure(aigc__tensor_create(&tensor, context, AIGC_DTYPE_U8, 2, vast), AIGC_ERROR_LIMIT, "elements");
    context->memory.limit = 1 << 20;
    check_failure(aigc__tensor_create(&tensor, context, AIGC_DTYPE_I64, 2, wide), AIGC_ERROR_LIMIT, "1048576");
    assert_null(tensor);
}

static void each_failing_allocation_leaves_nothing(void **state)
{
    (void)state;
    const size_t before = world.blocks;
    for (size_t i = 1; i <= 2; i++) {
        aigc_tensor_t *tensor = NULL;
        test_memory_fail(&world, i, false);
        assert_int_equal(aigc__tensor_create(&tensor, context, AIGC_DTYPE_F32, 1, (const int64_t[]){100}), AIGC_ERROR_MEMORY);
        assert_null(tensor);
        assert_int_equal(world.blocks, before);
    }
    assert_int_equal(context->references, 1);
}

static void a_tensor_keeps_its_context(void **state)
{
    (void)state;
    aigc_tensor_t *tensor = NULL;
    check_ok(aigc__tensor_create(&tensor, context, AIGC_DTYPE_F32, 1, (const int64_t[]){2}));
    aigc__context_release(context);
    check_ok(aigc__check_context(tensor->context, "context"));
    context = tensor->context;
    aigc__context_retain(context);
    aigc__tensor_release(tensor);
}

static void a_view_shares_and_keeps_its_owner(void **state)
{
    (void)state;
    aigc_tensor_t *owner = NULL, *view = NULL, *inner = NULL;
    check_ok(aigc__tensor_create(&owner, context, AIGC_DTYPE_F32, 2, (const int64_t[]){4, 6}));
    check_ok(aigc__tensor_view(&view, owner, 6, 2, (const int64_t[]){2, 6}));
    check_ok(aigc__tensor_view(&inner, view, 6, 1, (const int64_t[]){6}));
    float *numbers = owner->data;
    for (size_t i = 0; i < 24; i++) numbers[i] = (float)i;
    assert_ptr_equal(view->data, numbers + 6);
    assert_ptr_equal(inner->data, numbers + 12);
    aigc__tensor_release(owner);
    aigc__tensor_release(view);
    assert_true(((float *)inner->data)[5] == 17);
    aigc__tensor_release(inner);
}

static void a_view_stays_inside_its_owner(void **state)
{
    (void)state;
    aigc_tensor_t *owner = NULL, *view = NULL;
    check_ok(aigc__tensor_create(&owner, context, AIGC_DTYPE_U8, 1, (const int64_t[]){10}));
    check_failure(aigc__tensor_view(&view, owner, 8, 1, (const int64_t[]){3}), AIGC_ERROR_ARGUMENT,
                  "3 elements from element 8 of a tensor of 10");
    assert_int_equal(aigc__tensor_view(&view, owner, SIZE_MAX, 1, (const int64_t[]){2}), AIGC_ERROR_ARGUMENT);
    assert_int_equal(aigc__tensor_view(&view, owner, 0, 1, (const int64_t[]){-1}), AIGC_ERROR_ARGUMENT);
    assert_null(view);
    assert_int_equal(owner->references, 1);
    check_ok(aigc__tensor_view(&view, owner, 10, 1, (const int64_t[]){0}));
    aigc__tensor_release(view);
    aigc__tensor_release(owner);
}

static int releases;
static void count_release(void *data, void *user)
{
    assert_ptr_equal(data, user);
    releases++;
}

static void wrapped_memory_is_given_back_once(void **state)
{
    (void)state;
    int64_t numbers[6] = {1, 2, 3, 4, 5, 6};
    aigc_tensor_t *tensor = NULL, *view = NULL;
    releases = 0;
    check_ok(aigc__tensor_wrap(&tensor, context, numbers, AIGC_DTYPE_I64, 1, (const int64_t[]){6}, count_release, numbers));
    assert_ptr_equal(tensor->data, numbers);
    check_ok(aigc__tensor_view(&view, tensor, 2, 1, (const int64_t[]){2}));
    aigc__tensor_retain(tensor);
    aigc__tensor_release(tensor);
    aigc__tensor_release(tensor);
    assert_int_equal(releases, 0);
    aigc__tensor_release(view);
    assert_int_equal(releases, 1);
    check_ok(aigc__tensor_wrap(&tensor, context, NULL, AIGC_DTYPE_I64, 1, (const int64_t[]){0}, NULL, NULL));
    aigc__tensor_release(tensor);
}

static void memory_that_cannot_be_wrapped_is_not_released(void **state)
{
    (void)state;
    _Alignas(8) uint8_t bytes[64];
    aigc_tensor_t *tensor = NULL;
    const int64_t shape[] = {4};
    releases = 0;
    check_failure(aigc__tensor_wrap(&tensor, context, NULL, AIGC_DTYPE_F32, 1, shape, count_release, NULL), AIGC_ERROR_ARGUMENT,
                  "NULL; expected 16 bytes");
    check_failure(aigc__tensor_wrap(&tensor, context, bytes + 2, AIGC_DTYPE_F32, 1, shape, count_release, NULL),
                  AIGC_ERROR_ARGUMENT, "aligned");
    test_memory_fail(&world, 1, true);
    assert_int_equal(aigc__tensor_wrap(&tensor, context, bytes, AIGC_DTYPE_F32, 1, shape, count_release, NULL), AIGC_ERROR_MEMORY);
    assert_null(tensor);
    assert_int_equal(releases, 0);
    assert_int_equal(context->references, 1);
}

static void *hold_and_let_go(void *arg)
{
    for (size_t i = 0; i < 2000; i++) {
        aigc_tensor_t *view = NULL;
        aigc__tensor_retain(arg);
        if (aigc__tensor_view(&view, arg, i % 10, 0, NULL) == AIGC_OK) aigc__tensor_release(view);
        aigc__tensor_release(arg);
    }
    aigc__tensor_release(arg);
    return NULL;
}

static void references_are_counted_from_any_thread(void **state)
{
    (void)state;
    pthread_t threads[4];
    aigc_tensor_t *tensor = NULL;
    check_ok(aigc__tensor_create(&tensor, context, AIGC_DTYPE_F32, 1, (const int64_t[]){10}));
    for (size_t i = 0; i < 4; i++) {
        aigc__tensor_retain(tensor);
        assert_int_equal(pthread_create(&threads[i], NULL, hold_and_let_go, tensor), 0);
    }
    aigc__tensor_release(tensor);
    for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    assert_int_equal(context->references, 1);
}

static void shapes_are_written_for_messages(void **state)
{
    (void)state;
    char text[96];
    const int64_t wide[] = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    assert_string_equal(aigc__shape_text(text, 0, NULL), "[]");
    assert_string_equal(aigc__shape_text(text, 3, (const int64_t[]){3, 64, 0}), "[3,64,0]");
    assert_string_equal(aigc__shape_text(text, 6, (const int64_t[]){2147483647, 2147483647, 2147483647, 2147483647, 2147483647, 2147483647}),
                        "[2147483647,2147483647,2147483647,2147483647,2147483647,2147483647]");
    aigc__shape_text(text, 6, wide);
    assert_int_equal(strlen(text), 95);
    assert_int_equal(text[94], ']');
}

static void images_are_checked(void **state)
{
    (void)state;
    static const struct {
        aigc_dtype_t dtype;
        size_t rank;
        int64_t shape[5];
        bool is_image;
    } cases[] = {
        {AIGC_DTYPE_U8, 4, {2, 5, 6, 1}, true},    {AIGC_DTYPE_F32, 4, {2, 5, 6, 3}, true},
        {AIGC_DTYPE_F32, 4, {0, 5, 6, 4}, true},   {AIGC_DTYPE_F32, 4, {2, 5, 6, 2}, false},
        {AIGC_DTYPE_F16, 4, {2, 5, 6, 3}, false},  {AIGC_DTYPE_U8, 3, {5, 6, 3}, false},
        {AIGC_DTYPE_U8, 5, {1, 2, 5, 6, 3}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        aigc_tensor_t *tensor = NULL;
        check_ok(aigc__tensor_create(&tensor, context, cases[i].dtype, cases[i].rank, cases[i].shape));
        if (cases[i].is_image)
            check_ok(aigc__check_images(tensor, "images"));
        else
            check_failure(aigc__check_images(tensor, "images"), AIGC_ERROR_ARGUMENT, "argument 'images' is");
        aigc__tensor_release(tensor);
    }
    assert_int_equal(aigc__check_images(NULL, "images"), AIGC_ERROR_ARGUMENT);
    assert_int_equal(aigc__check_images((aigc_tensor_t *)(void *)context, "images"), AIGC_ERROR_HANDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_tensor_is_zeros, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_without_a_shape_and_shapes_without_numbers_exist, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_tensors_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(each_failing_allocation_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tensor_keeps_its_context, setup, teardown),
        cmocka_unit_test_setup_teardown(a_view_shares_and_keeps_its_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(a_view_stays_inside_its_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(wrapped_memory_is_given_back_once, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_that_cannot_be_wrapped_is_not_released, setup, teardown),
        cmocka_unit_test_setup_teardown(references_are_counted_from_any_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(shapes_are_written_for_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(images_are_checked, setup, teardown),
    };
    return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
