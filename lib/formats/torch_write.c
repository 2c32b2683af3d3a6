/* A state dict as torch.save() writes it: an archive of a pickle (protocol 2) and a member for each storage. Opcodes as
 * torch.load(weights_only=True) allows them. */
#include "base/sizes.h"
#include "formats/order.h"
#include "formats/weight_files.h"
#include "formats/zip_write.h"
#include <stdio.h>
#include <string.h>

typedef struct text {
    aigc__memory_t *memory;
    uint8_t *data;
    size_t used, room;
    aigc_status_t status; /* sticky */
} text_t;

static void add(text_t *text, const void *bytes, size_t n)
{
    void *block = text->data;
    if (text->status != AIGC_OK) return;
    if (text->used + n > text->room) {
        text->status = aigc__memory_resize(text->memory, 2 * text->room + n + 4096, &block);
        if (text->status != AIGC_OK) return;
        text->data = block;
        text->room = 2 * text->room + n + 4096;
    }
    memcpy(text->data + text->used, bytes, n);
    text->used += n;
}

static void add_op(text_t *text, const char *ops) { add(text, ops, strlen(ops)); }

static void add_little(text_t *text, uint8_t op, uint64_t value, size_t width)
{
    uint8_t bytes[9] = {op};
    for (size_t i = 0; i < width; i++) bytes[1 + i] = (uint8_t)(value >> (8 * i));
    add(text, bytes, 1 + width);
}

static void add_text(text_t *text, const char *string)
{
    add_little(text, 'X', strlen(string), 4);
    add_op(text, string);
}

static void add_int(text_t *text, uint64_t value)
{
    if (value < 256) {
        add_little(text, 'K', value, 1);
    } else if (value <= INT32_MAX) {
        add_little(text, 'J', value, 4);
    } else {
        add(text, "\x8a\x08", 2); /* LONG1 of 8 bytes; never negative */
        add_little(text, (uint8_t)value, value >> 8, 7);
    }
}

/* What PyTorch calls the element's storage, and for those without a class of their own the dtype. */
static const char *storage_class(aigc__element_t element)
{
    static const char *const classes[AIGC__ELEMENTS] = {
        [AIGC__ELEMENT_F64] = "DoubleStorage",       [AIGC__ELEMENT_F32] = "FloatStorage",
        [AIGC__ELEMENT_F16] = "HalfStorage",         [AIGC__ELEMENT_BF16] = "BFloat16Storage",
        [AIGC__ELEMENT_I64] = "LongStorage",         [AIGC__ELEMENT_I32] = "IntStorage",
        [AIGC__ELEMENT_I16] = "ShortStorage",        [AIGC__ELEMENT_I8] = "CharStorage",
        [AIGC__ELEMENT_U8] = "ByteStorage",          [AIGC__ELEMENT_BOOL] = "BoolStorage",
        [AIGC__ELEMENT_C64] = "ComplexFloatStorage", [AIGC__ELEMENT_C128] = "ComplexDoubleStorage",
    };
    return classes[element];
}

static const char *dtype_name(aigc__element_t element)
{
    static const char *const names[AIGC__ELEMENTS] = {
        [AIGC__ELEMENT_U16] = "uint16",
        [AIGC__ELEMENT_U32] = "uint32",
        [AIGC__ELEMENT_U64] = "uint64",
        [AIGC__ELEMENT_F8_E4M3] = "float8_e4m3fn",
        [AIGC__ELEMENT_F8_E5M2] = "float8_e5m2",
        [AIGC__ELEMENT_F8_E4M3FNUZ] = "float8_e4m3fnuz",
        [AIGC__ELEMENT_F8_E8M0] = "float8_e8m0fnu",
        [AIGC__ELEMENT_F8_E5M2FNUZ] = "float8_e5m2fnuz",
    };
    return names[element];
}

static void add_sizes(text_t *text, const aigc__poured_t *tensor, bool strides)
{
    int64_t stride[AIGC__WEIGHTS_RANK], next = 1;
    for (size_t i = tensor->rank; i-- > 0; next *= tensor->shape[i] > 0 ? tensor->shape[i] : 1) stride[i] = next;
    add_op(text, "(");
    for (size_t i = 0; i < tensor->rank; i++) add_int(text, (uint64_t)(strides ? stride[i] : tensor->shape[i]));
    add_op(text, "t");
}

/* key, _rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict()); v3 with a dtype. */
static void add_tensor(text_t *text, const aigc__poured_t *tensor, size_t key)
{
    const char *class = storage_class(tensor->element), *dtype = dtype_name(tensor->element);
    char name[32];
    add_text(text, tensor->name);
    add_op(text, "ctorch._utils\n_rebuild_tensor_v");
    add_op(text, class ? "2\n((" : "3\n((");
    add_text(text, "storage");
    add_op(text, class ? "ctorch\n" : "ctorch.storage\n");
    add_op(text, class ? class : "UntypedStorage");
    add_op(text, "\n");
    snprintf(name, sizeof name, "%zu", key);
    add_text(text, name);
    add_text(text, "cpu");
    add_int(text, class ? tensor->count : tensor->count * aigc__element_info(tensor->element)->bits / 8);
    add_op(text, "tQK");
    add(text, "", 1);
    add_sizes(text, tensor, false);
    add_sizes(text, tensor, true);
    add_op(text, "\x89"
                 "ccollections\nOrderedDict\n)R");
    if (!class) {
        add_op(text, "ctorch\n");
        add_op(text, dtype);
        add_op(text, "\n");
    }
    add_op(text, "tR");
}

/* Which tensors have the same numbers: the first of them has the member. */
static int compare_storages(const void *things, uint32_t a, uint32_t b)
{
    const aigc__poured_t *tensors = things;
    if (tensors[a].storage != tensors[b].storage) return tensors[a].storage < tensors[b].storage ? -1 : 1;
    return a < b ? -1 : a > b;
}

static void number_storages(const aigc__poured_t *tensors, size_t n, uint32_t *order, uint32_t *keys)
{
    aigc__order(order, order + n, n, compare_storages, tensors);
    for (size_t i = 0; i < n; i++) {
        const bool is_shared = i > 0 && tensors[order[i]].storage == tensors[order[i - 1]].storage &&
                               tensors[order[i]].element == tensors[order[i - 1]].element &&
                               tensors[order[i]].count == tensors[order[i - 1]].count;
        keys[order[i]] = is_shared ? keys[order[i - 1]] : order[i];
    }
}

static aigc_status_t make_pickle(text_t *text, const aigc__poured_t *tensors, size_t n, const uint32_t *keys)
{
    add(text, "\x80\x02", 2);
    add_op(text, "ccollections\nOrderedDict\n)R(");
    for (size_t i = 0; i < n; i++) add_tensor(text, &tensors[i], keys[i]);
    add_op(text, "u.");
    return text->status;
}

static aigc_status_t write_member(aigc__zip_writer_t *zip, const char *folder, const char *name, const void *bytes,
                                  size_t n)
{
    char path[1100];
    snprintf(path, sizeof path, "%.1000s/%s", folder, name);
    AIGC__TRY(aigc__zip_begin(zip, path, n));
    AIGC__TRY(aigc__zip_put(zip, bytes, n));
    return aigc__zip_end(zip);
}

static aigc_status_t write_storages(aigc__zip_writer_t *zip, const aigc__poured_t *tensors, size_t n,
                                    const uint32_t *keys, const char *folder)
{
    char path[1100];
    for (size_t i = 0; i < n; i++) {
        if (keys[i] != i) continue;
        snprintf(path, sizeof path, "%.1000s/data/%zu", folder, i);
        AIGC__TRY(aigc__zip_begin(zip, path, tensors[i].count * aigc__element_info(tensors[i].element)->bits / 8));
        AIGC__TRY(aigc__pour(&tensors[i], aigc__zip_put, zip));
        AIGC__TRY(aigc__zip_end(zip));
    }
    return AIGC_OK;
}

aigc_status_t aigc__torch_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__poured_t *tensors, size_t n,
                                const char *folder)
{
    aigc__zip_writer_t zip = {.saver = saver, .memory = memory};
    text_t text = {.memory = memory};
    void *block = NULL;
    aigc_status_t status;
    for (size_t i = 0; i < n; i++)
        if (!storage_class(tensors[i].element) && !dtype_name(tensors[i].element))
            return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                              "writing for PyTorch: tensor '%s' has numbers of type %s, which it "
                              "does not have",
                              tensors[i].name, aigc__element_info(tensors[i].element)->name);
    AIGC__TRY(aigc__memory_alloc(memory, 3 * n * sizeof(uint32_t), &block));
    uint32_t *order = block, *keys = order + 2 * n;
    number_storages(tensors, n, order, keys);
    AIGC__GOTO(done, make_pickle(&text, tensors, n, keys));
    AIGC__GOTO(done, write_member(&zip, folder, "data.pkl", text.data, text.used));
    AIGC__GOTO(done, write_member(&zip, folder, "byteorder", "little", 6));
    AIGC__GOTO(done, write_storages(&zip, tensors, n, keys, folder));
    status = write_member(&zip, folder, "version", "3\n", 2);
done:
    status = aigc__zip_finish(&zip, status);
    aigc__memory_free(memory, text.data);
    aigc__memory_free(memory, block);
    return status;
}
