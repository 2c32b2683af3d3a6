#include "tensor/dlpack.h"
#include "base/sizes.h"
#include "tensor/array_copy.h"
#include <inttypes.h>
#include <string.h>

static aigc_status_t check_major(uint32_t major)
{
    if (major <= AIGC__DLPACK_MAJOR) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_UNSUPPORTED, "DLPack version %" PRIu32 " is not known here; 0 and 1 are", major);
}

/* ---- lending ---- */

/* What a borrower holds: one block, the record first, so that its address is the block's. */
typedef struct loan {
    union {
        aigc__dlpack_t plain;
        aigc__dlpack_versioned_t versioned;
    } record;
    aigc_tensor_t *tensor; /* retained */
    int64_t shape[AIGC_MAX_RANK], strides[AIGC_MAX_RANK];
} loan_t;

/* The tensor keeps its context, and so the memory that the block came from. */
static void end_loan(loan_t *loan)
{
    aigc_tensor_t *tensor = loan->tensor;
    aigc__memory_free(&tensor->context->memory, loan);
    aigc__tensor_release(tensor);
}

static void end_plain(aigc__dlpack_t *self) { end_loan(self->manager); }
static void end_versioned(aigc__dlpack_versioned_t *self) { end_loan(self->manager); }

static aigc__dlpack_tensor_t describe(loan_t *loan)
{
    static const uint8_t codes[] = {[AIGC_DTYPE_F32] = AIGC__DLPACK_FLOAT,   [AIGC_DTYPE_F16] = AIGC__DLPACK_FLOAT,
                                    [AIGC_DTYPE_BF16] = AIGC__DLPACK_BFLOAT, [AIGC_DTYPE_U8] = AIGC__DLPACK_UINT,
                                    [AIGC_DTYPE_I32] = AIGC__DLPACK_INT,     [AIGC_DTYPE_I64] = AIGC__DLPACK_INT};
    const aigc_tensor_t *tensor = loan->tensor;
    int64_t stride = 1;
    for (size_t k = tensor->rank; k-- > 0;) {
        loan->shape[k] = tensor->shape[k];
        loan->strides[k] = stride;
        stride *= tensor->shape[k] > 0 ? tensor->shape[k] : 1;
    }
    return (aigc__dlpack_tensor_t){.data = tensor->data,
                                   .device = {AIGC__DLPACK_CPU, 0},
                                   .rank = (int32_t)tensor->rank,
                                   .dtype = {codes[tensor->dtype], (uint8_t)(8 * aigc__dtype_bytes(tensor->dtype)), 1},
                                   .shape = loan->shape,
                                   .strides = loan->strides};
}

aigc_status_t aigc__tensor_to_dlpack(void **out, aigc_tensor_t *tensor, uint32_t major)
{
    void *block = NULL;
    AIGC__TRY(check_major(major));
    AIGC__TRY(aigc__memory_alloc_zeroed(&tensor->context->memory, sizeof(loan_t), &block));
    loan_t *loan = block;
    loan->tensor = tensor;
    aigc__tensor_retain(tensor);
    if (major == 0)
        loan->record.plain = (aigc__dlpack_t){.tensor = describe(loan), .manager = loan, .deleter = end_plain};
    else
        loan->record.versioned = (aigc__dlpack_versioned_t){.version = {AIGC__DLPACK_MAJOR, AIGC__DLPACK_MINOR},
                                                            .manager = loan,
                                                            .deleter = end_versioned,
                                                            .tensor = describe(loan)};
    *out = &loan->record;
    return AIGC_OK;
}

/* ---- borrowing ---- */

/* Called as the release of wrapped memory. */
static void give_back_plain(void *data, void *managed)
{
    aigc__dlpack_t *plain = managed;
    (void)data;
    if (plain->deleter) plain->deleter(plain);
}

static void give_back_versioned(void *data, void *managed)
{
    aigc__dlpack_versioned_t *versioned = managed;
    (void)data;
    if (versioned->deleter) versioned->deleter(versioned);
}

static aigc_status_t find_element(const aigc__dlpack_tensor_t *from, aigc__element_t *out)
{
    static const struct {
        uint8_t code, bits;
        aigc__element_t element;
    } elements[] = {
        {AIGC__DLPACK_INT, 8, AIGC__ELEMENT_I8},     {AIGC__DLPACK_INT, 16, AIGC__ELEMENT_I16},
        {AIGC__DLPACK_INT, 32, AIGC__ELEMENT_I32},   {AIGC__DLPACK_INT, 64, AIGC__ELEMENT_I64},
        {AIGC__DLPACK_UINT, 8, AIGC__ELEMENT_U8},    {AIGC__DLPACK_UINT, 16, AIGC__ELEMENT_U16},
        {AIGC__DLPACK_UINT, 32, AIGC__ELEMENT_U32},  {AIGC__DLPACK_UINT, 64, AIGC__ELEMENT_U64},
        {AIGC__DLPACK_FLOAT, 16, AIGC__ELEMENT_F16}, {AIGC__DLPACK_FLOAT, 32, AIGC__ELEMENT_F32},
        {AIGC__DLPACK_FLOAT, 64, AIGC__ELEMENT_F64}, {AIGC__DLPACK_BFLOAT, 16, AIGC__ELEMENT_BF16},
        {AIGC__DLPACK_BOOL, 8, AIGC__ELEMENT_BOOL},
    };
    for (size_t k = 0; k < sizeof elements / sizeof *elements && from->dtype.lanes == 1; k++) {
        if (elements[k].code != from->dtype.code || elements[k].bits != from->dtype.bits) continue;
        *out = elements[k].element;
        return AIGC_OK;
    }
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "DLPack elements of type code %d, %d bits and %d lanes are none that tensors can hold",
                      from->dtype.code, from->dtype.bits, from->dtype.lanes);
}

/* The array that the record describes; `strides` is room for them in bytes. */
static aigc_status_t read_record(const aigc__dlpack_tensor_t *from, aigc__array_t *out, int64_t strides[AIGC_MAX_RANK])
{
    uintptr_t address = 0;
    if (from->device.type != AIGC__DLPACK_CPU)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                          "the DLPack tensor lies on device type %" PRId32 "; only memory of the CPU (1) can be used",
                          from->device.type);
    if (from->rank < 0 || from->rank > AIGC_MAX_RANK)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the DLPack tensor has %" PRId32 " dimensions; tensors have 0..%d",
                          from->rank, AIGC_MAX_RANK);
    if (from->rank > 0 && !from->shape) return aigc__fail(AIGC_ERROR_ARGUMENT, "the DLPack tensor's shape is NULL");
    AIGC__TRY(find_element(from, &out->element));
    if (__builtin_add_overflow((uintptr_t)from->data, from->byte_offset, &address))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the DLPack tensor's byte_offset leads outside of the address space");
    out->data = from->data ? (const uint8_t *)from->data + from->byte_offset : NULL;
    out->rank = (size_t)from->rank;
    out->shape = from->shape;
    out->strides = from->strides ? strides : NULL;
    const int64_t width = aigc__element_info(out->element)->bits / 8;
    for (size_t k = 0; from->strides && k < out->rank; k++) {
        const bool matters = from->shape[k] > 1;
        strides[k] = 0;
        if (matters && __builtin_mul_overflow(from->strides[k], width, &strides[k]))
            return aigc__fail(AIGC_ERROR_ARGUMENT, "the DLPack tensor's stride %zu is larger than memory", k);
    }
    return AIGC_OK;
}

/* Why the elements cannot be used where they lie; NULL where they can. */
static const char *reason_to_copy(const aigc__array_t *array, uint64_t flags)
{
    if (flags & AIGC__DLPACK_READ_ONLY) return "it is read-only";
    if (!aigc__element_is_plain(array->element)) return "tensors have no such element type";
    if (!aigc__array_is_dense(array)) return "its elements do not lie dense and row-major";
    if ((uintptr_t)array->data % (aigc__element_info(array->element)->bits / 8) != 0) return "it is not aligned";
    return NULL;
}

aigc_status_t aigc__tensor_from_dlpack(aigc_tensor_t **out, aigc_context_t *context, void *managed, uint32_t major,
                                       int32_t copy)
{
    aigc__array_t array = {.data = NULL};
    int64_t strides[AIGC_MAX_RANK];
    AIGC__TRY(check_major(major));
    if (copy < 0 || copy > 2)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'copy' is %" PRId32 "; expected 0, 1 or 2", copy);
    const aigc__dlpack_versioned_t *versioned = major == 0 ? NULL : managed;
    if (versioned) AIGC__TRY(check_major(versioned->version.major));
    const uint64_t flags = versioned ? versioned->flags : 0;
    const aigc_release_fn give_back = versioned ? give_back_versioned : give_back_plain;
    AIGC__TRY(
        read_record(versioned ? &versioned->tensor : &((const aigc__dlpack_t *)managed)->tensor, &array, strides));
    const char *reason = copy == 2 ? "a copy is wanted" : reason_to_copy(&array, flags);
    if (reason && copy == 0)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "the DLPack tensor cannot be used without copying: %s", reason);
    if (!reason)
        return aigc__tensor_wrap(out, context, (void *)(uintptr_t)array.data, aigc__element_info(array.element)->dtype,
                                 array.rank, array.shape, give_back, managed);
    AIGC__TRY(aigc__array_copy(out, context, &array));
    give_back(NULL, managed);
    return AIGC_OK;
}
