/* Memory lent and borrowed by DLPack: shared where it can be, given back once, never lost. */
#include "models/small_world.h"
#include "support/unit.h"
#include "tensor/dlpack.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What dlpack.h says of 64-bit machines. */
_Static_assert(sizeof(void *) != 8 || (sizeof(aigc__dlpack_tensor_t) == 48 && sizeof(aigc__dlpack_t) == 64 &&
                                       sizeof(aigc__dlpack_versioned_t) == 80),
               "records of DLPack 1.1");
_Static_assert(sizeof(void *) != 8 ||
                   (offsetof(aigc__dlpack_tensor_t, device) == 8 && offsetof(aigc__dlpack_tensor_t, rank) == 16 &&
                    offsetof(aigc__dlpack_tensor_t, dtype) == 20 && offsetof(aigc__dlpack_tensor_t, shape) == 24 &&
                    offsetof(aigc__dlpack_tensor_t, byte_offset) == 40 && offsetof(aigc__dlpack_t, deleter) == 56 &&
                    offsetof(aigc__dlpack_versioned_t, flags) == 24 &&
                    offsetof(aigc__dlpack_versioned_t, tensor) == 32),
               "members of DLPack 1.1");

static small_world_t world;

static int setup(void **state)
{
    (void)state;
    small_world_begin(&world, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    small_world_end(&world); /* nothing is left */
    return 0;
}

static aigc__dlpack_tensor_t *record_of(void *managed, uint32_t major)
{
    return major == 0 ? &((aigc__dlpack_t *)managed)->tensor : &((aigc__dlpack_versioned_t *)managed)->tensor;
}

static void end_loan(void *managed, uint32_t major)
{
    if (major == 0)
        ((aigc__dlpack_t *)managed)->deleter(managed);
    else
        ((aigc__dlpack_versioned_t *)managed)->deleter(managed);
}

/* ---- lending ---- */

static void a_loan_tells_what_the_tensor_is(void **state)
{
    static const uint8_t codes[][2] = {{2, 32}, {2, 16}, {4, 16}, {1, 8}, {0, 32}, {0, 64}};
    (void)state;
    for (aigc_dtype_t dtype = AIGC_DTYPE_F32; dtype <= AIGC_DTYPE_I64; dtype++)
        for (uint32_t major = 0; major < 2; major++) {
            aigc_tensor_t *tensor = NULL;
            void *managed = NULL;
            check_ok(aigc_tensor_create(&tensor, world.context, dtype, 3, (int64_t[]){2, 3, 5}));
            check_ok(aigc_tensor_to_dlpack(&managed, tensor, major));
            const aigc__dlpack_tensor_t *record = record_of(managed, major);
            assert_ptr_equal(record->data, aigc_tensor_data(tensor));
            assert_true(record->device.type == 1 && record->device.id == 0 && record->byte_offset == 0);
            assert_true(record->rank == 3 && record->shape[0] == 2 && record->shape[1] == 3 && record->shape[2] == 5);
            assert_true(record->strides[0] == 15 && record->strides[1] == 5 && record->strides[2] == 1);
            assert_int_equal(record->dtype.code, codes[dtype - 1][0]);
            assert_int_equal(record->dtype.bits, codes[dtype - 1][1]);
            assert_int_equal(record->dtype.lanes, 1);
            if (major == 1) assert_int_equal(((aigc__dlpack_versioned_t *)managed)->version.major, 1);
            if (major == 1) assert_int_equal(((aigc__dlpack_versioned_t *)managed)->flags, 0);
            aigc_tensor_release(tensor);
            end_loan(managed, major);
        }
}

static void *end_elsewhere(void *managed)
{
    end_loan(managed, 1);
    return NULL;
}

/* Whatever else is gone, and in whichever thread. */
static void a_loan_keeps_the_memory(void **state)
{
    aigc_tensor_t *tensor = NULL;
    void *managed = NULL;
    pthread_t thread;
    (void)state;
    check_ok(aigc_tensor_create(&tensor, world.context, AIGC_DTYPE_I32, 1, (int64_t[]){100}));
    ((int32_t *)aigc_tensor_data(tensor))[99] = 7;
    check_ok(aigc_tensor_to_dlpack(&managed, tensor, 1));
    aigc_tensor_release(tensor);
    aigc_context_free(world.context);
    world.context = NULL;
    assert_int_equal(((int32_t *)record_of(managed, 1)->data)[99], 7);
    assert_int_equal(pthread_create(&thread, NULL, end_elsewhere, managed), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void what_is_lent_comes_back_as_the_same_memory(void **state)
{
    (void)state;
    for (aigc_dtype_t dtype = AIGC_DTYPE_F32; dtype <= AIGC_DTYPE_I64; dtype++)
        for (uint32_t major = 0; major < 2; major++)
            for (size_t rank = 0; rank < 4; rank++) {
                aigc_tensor_t *tensor = NULL, *back = NULL;
                aigc_dtype_t found = 0;
                const int64_t shape[] = {2, rank == 3 ? 0 : 3, 4}, *shape_back = NULL;
                size_t rank_back = 9;
                void *managed = NULL;
                check_ok(aigc_tensor_create(&tensor, world.context, dtype, rank, shape));
                void *data = aigc_tensor_data(tensor);
                check_ok(aigc_tensor_to_dlpack(&managed, tensor, major));
                check_ok(aigc_tensor_from_dlpack(&back, world.context, managed, major, 0));
                aigc_tensor_release(tensor);
                check_ok(aigc_tensor_info(back, &found, NULL, NULL));
                check_ok(aigc_tensor_shape(back, &rank_back, &shape_back));
                assert_int_equal(found, dtype);
                assert_int_equal(rank_back, rank);
                if (rank > 0) assert_memory_equal(shape_back, shape, rank * sizeof *shape);
                assert_ptr_equal(aigc_tensor_data(back), data);
                aigc_tensor_release(back);
            }
}

static void other_versions_are_refused(void **state)
{
    aigc_tensor_t *tensor = NULL;
    void *managed = &world;
    (void)state;
    check_ok(aigc_tensor_create(&tensor, world.context, AIGC_DTYPE_F32, 0, NULL));
    assert_int_equal(aigc_tensor_to_dlpack(&managed, tensor, 2), AIGC_ERROR_UNSUPPORTED);
    assert_int_equal(aigc_tensor_to_dlpack(&managed, tensor, UINT32_MAX), AIGC_ERROR_UNSUPPORTED);
    assert_ptr_equal(managed, &world);
    aigc_tensor_release(tensor);
}

/* ---- borrowing ---- */

/* Another library's tensor: f32 [3,2] by default. */
typedef struct foreign {
    aigc__dlpack_t plain;
    aigc__dlpack_versioned_t versioned;
    int64_t shape[AIGC_MAX_RANK + 1], strides[AIGC_MAX_RANK + 1];
    _Alignas(64) float numbers[8];
    int deleted;
} foreign_t;

static void delete_plain(aigc__dlpack_t *self) { ((foreign_t *)self->manager)->deleted++; }
static void delete_versioned(aigc__dlpack_versioned_t *self) { ((foreign_t *)self->manager)->deleted++; }

static aigc__dlpack_tensor_t *foreign_make(foreign_t *foreign, uint32_t major)
{
    memset(foreign, 0, sizeof *foreign);
    for (size_t i = 0; i < 8; i++) foreign->numbers[i] = (float)i;
    foreign->shape[0] = 3;
    foreign->shape[1] = 2;
    foreign->strides[0] = 2;
    foreign->strides[1] = 1;
    const aigc__dlpack_tensor_t tensor = {.data = foreign->numbers,
                                          .device = {1, 0},
                                          .rank = 2,
                                          .dtype = {2, 32, 1},
                                          .shape = foreign->shape,
                                          .strides = foreign->strides};
    foreign->plain = (aigc__dlpack_t){tensor, foreign, delete_plain};
    foreign->versioned = (aigc__dlpack_versioned_t){{1, 0}, foreign, delete_versioned, 0, tensor};
    return major == 0 ? &foreign->plain.tensor : &foreign->versioned.tensor;
}

static aigc_status_t borrow(foreign_t *foreign, uint32_t major, int32_t copy, aigc_tensor_t **out)
{
    void *managed = major == 0 ? (void *)&foreign->plain : (void *)&foreign->versioned;
    return aigc_tensor_from_dlpack(out, world.context, managed, major, copy);
}

static void borrowed_memory_is_given_back_once(void **state)
{
    (void)state;
    for (uint32_t major = 0; major < 2; major++)
        for (int32_t copy = 0; copy < 3; copy++) {
            foreign_t foreign;
            aigc_tensor_t *tensor = NULL, *view = NULL;
            foreign_make(&foreign, major);
            check_ok(borrow(&foreign, major, copy, &tensor));
            assert_int_equal(foreign.deleted, copy == 2); /* a copy needs it no more */
            assert_int_equal(aigc_tensor_data(tensor) == foreign.numbers, copy != 2);
            assert_memory_equal(aigc_tensor_data(tensor), foreign.numbers, 6 * sizeof(float));
            check_ok(aigc_tensor_view(&view, tensor, 2, 1, (int64_t[]){2}));
            aigc_tensor_release(tensor);
            assert_int_equal(foreign.deleted, copy == 2);
            aigc_tensor_release(view);
            assert_int_equal(foreign.deleted, 1);
        }
}

/* Every way in which the memory cannot be used as it lies. */
static void make_indirect(foreign_t *foreign, int way, float expected[6])
{
    aigc__dlpack_tensor_t *tensor = foreign_make(foreign, 1);
    static const float as_it_lies[] = {0, 1, 2, 3, 4, 5}, transposed[] = {0, 3, 1, 4, 2, 5},
                       backwards[] = {5, 4, 3, 2, 1, 0}, repeated[] = {0, 1, 0, 1, 0, 1};
    memcpy(expected,
           way == 1   ? transposed
           : way == 2 ? backwards
           : way == 3 ? repeated
                      : as_it_lies,
           sizeof as_it_lies);
    if (way == 0) foreign->versioned.flags = 1; /* read-only */
    if (way == 1) foreign->strides[0] = 1, foreign->strides[1] = 3;
    if (way == 2) foreign->strides[0] = -2, foreign->strides[1] = -1, tensor->byte_offset = 20;
    if (way == 3) foreign->strides[0] = 0;
    if (way == 4) { /* not aligned */
        memmove((char *)foreign->numbers + 1, foreign->numbers, 6 * sizeof(float));
        tensor->byte_offset = 1;
    }
}

static void what_cannot_be_shared_is_copied(void **state)
{
    (void)state;
    for (int way = 0; way < 5; way++) {
        foreign_t foreign;
        float expected[6];
        aigc_tensor_t *tensor = NULL;
        make_indirect(&foreign, way, expected);
        check_failure(borrow(&foreign, 1, 0, &tensor), AIGC_ERROR_UNSUPPORTED, "without copying: ");
        assert_int_equal(foreign.deleted, 0);
        assert_null(tensor);
        check_ok(borrow(&foreign, 1, 1, &tensor));
        assert_int_equal(foreign.deleted, 1);
        assert_memory_equal(aigc_tensor_data(tensor), expected, sizeof expected);
        aigc_tensor_release(tensor);
        assert_int_equal(foreign.deleted, 1);
    }
}

static void layouts_that_are_dense_are_shared(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        foreign_t foreign;
        aigc_tensor_t *tensor = NULL;
        aigc__dlpack_tensor_t *record = foreign_make(&foreign, 0);
        if (way == 0) record->strides = NULL;
        if (way == 1) record->byte_offset = 8;
        if (way == 2) foreign.shape[0] = 1, foreign.strides[0] = INT64_MIN; /* of one row: never used */
        if (way == 2) foreign.plain.deleter = NULL;                         /* nobody wants to know */
        check_ok(borrow(&foreign, 0, 0, &tensor));
        assert_ptr_equal(aigc_tensor_data(tensor), (char *)foreign.numbers + record->byte_offset);
        aigc_tensor_release(tensor);
        assert_int_equal(foreign.deleted, way != 2);
    }
}

static void types_become_the_nearest(void **state)
{
    static const struct {
        uint8_t code, bits;
        aigc_dtype_t dtype;
        bool is_shared;
    } cases[] = {
        {0, 8, AIGC_DTYPE_I32, false},  {0, 16, AIGC_DTYPE_I32, false}, {0, 32, AIGC_DTYPE_I32, true},
        {0, 64, AIGC_DTYPE_I64, true},  {1, 8, AIGC_DTYPE_U8, true},    {1, 16, AIGC_DTYPE_I32, false},
        {1, 32, AIGC_DTYPE_I64, false}, {1, 64, AIGC_DTYPE_I64, false}, {2, 16, AIGC_DTYPE_F16, true},
        {2, 32, AIGC_DTYPE_F32, true},  {2, 64, AIGC_DTYPE_F32, false}, {4, 16, AIGC_DTYPE_BF16, true},
        {6, 8, AIGC_DTYPE_I32, false},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        foreign_t foreign;
        aigc_tensor_t *tensor = NULL;
        aigc_dtype_t dtype = 0;
        aigc__dlpack_tensor_t *record = foreign_make(&foreign, 1);
        memset(foreign.numbers, 1, sizeof foreign.numbers);
        record->rank = 1;
        record->strides = NULL;
        record->dtype.code = cases[k].code;
        record->dtype.bits = cases[k].bits;
        check_ok(borrow(&foreign, 1, 1, &tensor));
        check_ok(aigc_tensor_info(tensor, &dtype, NULL, NULL));
        assert_int_equal(dtype, cases[k].dtype);
        assert_int_equal(foreign.deleted, !cases[k].is_shared);
        aigc_tensor_release(tensor);
        assert_int_equal(foreign.deleted, 1);
    }
}

/* One thing wrong with the record; what is expected of it. */
static aigc_status_t spoil(foreign_t *foreign, aigc__dlpack_tensor_t *record, int way)
{
    switch (way) {
    case 0:
        record->device.type = 2;
        return AIGC_ERROR_UNSUPPORTED;
    case 1:
        record->device.type = 0;
        return AIGC_ERROR_UNSUPPORTED;
    case 2:
        record->dtype.lanes = 4;
        return AIGC_ERROR_UNSUPPORTED;
    case 3:
        record->dtype.code = 5;
        return AIGC_ERROR_UNSUPPORTED; /* complex */
    case 4:
        record->dtype.bits = 4;
        return AIGC_ERROR_UNSUPPORTED;
    case 5:
        record->dtype.code = 200;
        return AIGC_ERROR_UNSUPPORTED;
    case 6:
        foreign->versioned.version.major = 2;
        return AIGC_ERROR_UNSUPPORTED;
    case 7:
        record->rank = 7;
        return AIGC_ERROR_ARGUMENT;
    case 8:
        record->rank = -1;
        return AIGC_ERROR_ARGUMENT;
    case 9:
        record->rank = INT32_MIN;
        return AIGC_ERROR_ARGUMENT;
    case 10:
        record->shape = NULL;
        return AIGC_ERROR_ARGUMENT;
    case 11:
        foreign->shape[1] = -2;
        return AIGC_ERROR_ARGUMENT;
    case 12:
        foreign->strides[0] = INT64_MAX / 4 + 1;
        return AIGC_ERROR_ARGUMENT;
    case 13:
        foreign->strides[0] = INT64_MAX / 4;
        return AIGC_ERROR_ARGUMENT;
    case 14:
        record->byte_offset = UINT64_MAX;
        return AIGC_ERROR_ARGUMENT;
    case 15:
        record->data = NULL;
        return AIGC_ERROR_ARGUMENT;
    case 16:
        record->strides = NULL, foreign->shape[0] = foreign->shape[1] = INT32_MAX, record->data = NULL;
        return AIGC_ERROR_LIMIT;
    default:
        return AIGC_OK;
    }
}

static void what_is_refused_stays_the_lenders(void **state)
{
    (void)state;
    for (int way = 0;; way++) {
        foreign_t foreign;
        aigc_status_t expected = AIGC_OK;
        for (int32_t copy = 1; copy < 3; copy++) {
            aigc_tensor_t *tensor = (aigc_tensor_t *)(void *)&world;
            aigc__dlpack_tensor_t *record = foreign_make(&foreign, 1);
            expected = spoil(&foreign, record, way);
            if (expected == AIGC_OK) break;
            const aigc_status_t status = borrow(&foreign, 1, copy, &tensor);
            if (status != expected) print_error("way %d, copy %d: %s\n", way, (int)copy, aigc_last_error());
            assert_int_equal(status, expected);
            assert_ptr_equal(tensor, &world);
            assert_int_equal(foreign.deleted, 0);
        }
        if (expected == AIGC_OK) break;
    }
}

static void senseless_arguments_are_refused(void **state)
{
    foreign_t foreign;
    aigc_tensor_t *tensor = NULL;
    (void)state;
    foreign_make(&foreign, 1);
    assert_int_equal(borrow(&foreign, 1, 3, &tensor), AIGC_ERROR_ARGUMENT);
    assert_int_equal(borrow(&foreign, 1, -1, &tensor), AIGC_ERROR_ARGUMENT);
    assert_int_equal(borrow(&foreign, 2, 1, &tensor), AIGC_ERROR_UNSUPPORTED);
    assert_int_equal(borrow(&foreign, 1, 1, NULL), AIGC_ERROR_ARGUMENT);
    assert_int_equal(aigc_tensor_from_dlpack(&tensor, world.context, NULL, 1, 1), AIGC_ERROR_ARGUMENT);
    assert_int_equal(aigc_tensor_from_dlpack(&tensor, NULL, &foreign.versioned, 1, 1), AIGC_ERROR_ARGUMENT);
    assert_int_equal(foreign.deleted, 0);
    assert_null(tensor);
}

static void without_memory_it_stays_the_lenders(void **state)
{
    (void)state;
    for (int32_t copy = 0; copy < 3; copy++)
        for (size_t at = 1;; at++) {
            foreign_t foreign;
            aigc_tensor_t *tensor = NULL;
            foreign_make(&foreign, 1);
            test_memory_fail(&world.memory, at, true);
            const aigc_status_t status = borrow(&foreign, 1, copy, &tensor);
            test_memory_fail(&world.memory, 0, false);
            if (status == AIGC_OK) {
                assert_true(at > 1);
                aigc_tensor_release(tensor);
                break;
            }
            assert_int_equal(status, AIGC_ERROR_MEMORY);
            assert_int_equal(foreign.deleted, 0);
            assert_null(tensor);
        }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_loan_tells_what_the_tensor_is),
        TEST(a_loan_keeps_the_memory),
        TEST(what_is_lent_comes_back_as_the_same_memory),
        TEST(other_versions_are_refused),
        TEST(borrowed_memory_is_given_back_once),
        TEST(what_cannot_be_shared_is_copied),
        TEST(layouts_that_are_dense_are_shared),
        TEST(types_become_the_nearest),
        TEST(what_is_refused_stays_the_lenders),
        TEST(senseless_arguments_are_refused),
        TEST(without_memory_it_stays_the_lenders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
