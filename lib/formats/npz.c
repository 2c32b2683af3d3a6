/* NumPy's files as weights: .npy, one array, and .npz, a zip archive of them. */
#include "base/sizes.h"
#include "formats/npy.h"
#include "formats/pile.h"
#include "formats/weight_files.h"
#include <string.h>

typedef struct array {
    aigc__npy_header_t header;
    uint64_t data; /* where its numbers begin in the member */
    size_t name;   /* in the texts */
    uint32_t member;
} array_t;

typedef struct npz {
    aigc__memory_t *memory;
    const aigc__source_t *source; /* of a single array */
    aigc__zip_t *zip;             /* or NULL */
    array_t *arrays;
    uint32_t *others; /* members that are no arrays of plain numbers */
    size_t n, n_others;
    aigc__texts_t texts;
    aigc__budget_t budget;
} npz_t;

static void close_npz(void *file)
{
    npz_t *npz = file;
    if (!npz) return;
    aigc__zip_free(npz->zip);
    aigc__memory_free(npz->memory, npz->texts.data);
    aigc__memory_free(npz->memory, npz->arrays);
    aigc__memory_free(npz->memory, npz->others);
    aigc__memory_free(npz->memory, npz);
}

static aigc_status_t create(npz_t **out, aigc_context_t *context, const aigc__source_t *source, size_t n)
{
    void *block = NULL;
    size_t bytes = 0;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(npz_t), &block));
    npz_t *npz = block;
    aigc_status_t status;
    npz->memory = &context->memory;
    npz->source = source;
    npz->budget = (aigc__budget_t){&context->memory, source->name, 0, (1 << 16) + 4 * source->size};
    AIGC__GOTO(fail, aigc__bytes_of(n, sizeof *npz->arrays, &bytes));
    AIGC__GOTO(fail, aigc__memory_alloc_zeroed(npz->memory, bytes, &block));
    npz->arrays = block;
    AIGC__GOTO(fail, aigc__memory_alloc_zeroed(npz->memory, n * sizeof *npz->others, &block));
    npz->others = block;
    *out = npz;
    return AIGC_OK;
fail:
    close_npz(npz);
    return status;
}

static aigc_status_t set_name(npz_t *npz, array_t *array, const char *name, size_t length)
{
    AIGC__TRY(aigc__texts_add(&npz->texts, &npz->budget, length, &array->name));
    memcpy(npz->texts.data + array->name, name, length);
    aigc__make_printable(npz->texts.data + array->name, length + 1);
    return AIGC_OK;
}

static aigc_status_t read_source(void *from, uint64_t place, void *to, size_t bytes)
{
    return aigc__source_read(from, place, to, bytes);
}

static bool npy_known(const uint8_t *head, size_t n, uint64_t size)
{
    (void)size;
    return n >= 6 && memcmp(head, "\x93NUMPY", 6) == 0;
}

static aigc_status_t open_npy(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                              const aigc__source_t *source)
{
    npz_t *npz = NULL;
    (void)format;
    AIGC__TRY(create(&npz, context, source, 1));
    aigc__source_t copy = *source;
    aigc_status_t status = aigc__npy_open(&npz->arrays->header, &npz->arrays->data, source->name, npz->memory,
                                          read_source, &copy, source->size);
    if (status == AIGC_OK) status = set_name(npz, npz->arrays, "tensor", 6);
    npz->n = 1;
    if (status == AIGC_OK)
        *out = npz;
    else
        close_npz(npz);
    return status;
}

/* ---- archives ---- */

typedef struct member {
    aigc__zip_t *zip;
    size_t index;
} member_t;

static aigc_status_t read_member(void *from, uint64_t place, void *to, size_t bytes)
{
    const member_t *member = from;
    return aigc__zip_read(member->zip, member->index, place, to, bytes);
}

static aigc_status_t add_array(npz_t *npz, size_t index)
{
    const aigc__zip_member_t *member = aigc__zip_member(npz->zip, index);
    const size_t length = strlen(member->name);
    array_t *array = &npz->arrays[npz->n];
    aigc_status_t status = AIGC_ERROR_UNSUPPORTED;
    if (length > 4 && strcmp(member->name + length - 4, ".npy") == 0)
        status = aigc__npy_open(&array->header, &array->data, npz->source->name, npz->memory, read_member,
                                &(member_t){npz->zip, index}, member->size);
    if (status == AIGC_ERROR_UNSUPPORTED) {
        npz->others[npz->n_others++] = (uint32_t)index;
        return AIGC_OK;
    }
    if (status != AIGC_OK) return aigc__fail_within(status, "array '%.64s': ", member->name);
    array->member = (uint32_t)index;
    npz->n++;
    return set_name(npz, array, member->name, length - 4);
}

aigc_status_t aigc__npz_open(void **out, aigc_context_t *context, const aigc__source_t *source, aigc__zip_t *zip)
{
    npz_t *npz = NULL;
    aigc_status_t status = create(&npz, context, source, aigc__zip_count(zip));
    if (status != AIGC_OK) {
        aigc__zip_free(zip);
        return status;
    }
    npz->zip = zip;
    for (size_t i = 0; i < aigc__zip_count(zip) && status == AIGC_OK; i++) status = add_array(npz, i);
    if (status == AIGC_OK)
        *out = npz;
    else
        close_npz(npz);
    return status;
}

/* ---- the rows ---- */

static size_t count(const void *file) { return ((const npz_t *)file)->n; }

static void entry(const void *file, size_t index, aigc__weights_entry_t *out)
{
    const npz_t *npz = file;
    const array_t *array = &npz->arrays[index];
    const aigc__npy_header_t *header = &array->header;
    out->name = npz->texts.data + array->name;
    out->element = header->element;
    out->rank = (uint32_t)header->rank;
    memcpy(out->shape, header->shape, header->rank * sizeof *header->shape);
    aigc__weights_set_dense(out);
    for (size_t i = 0; i < header->rank && header->is_fortran; i++)
        out->stride[i] = i > 0 ? out->stride[i - 1] * (out->shape[i - 1] > 0 ? out->shape[i - 1] : 1) : 1;
    out->storage = index;
    out->first = array->data;
    out->is_big_endian = header->is_big_endian;
    out->is_sequential = npz->zip && !aigc__zip_member(npz->zip, array->member)->is_stored;
}

static aigc_status_t read(void *file, uint64_t storage, uint64_t place, void *to, size_t bytes)
{
    npz_t *npz = file;
    if (npz->zip) return aigc__zip_read(npz->zip, npz->arrays[storage].member, place, to, bytes);
    return aigc__source_read(npz->source, place, to, bytes);
}

static size_t n_opaque(const void *file) { return ((const npz_t *)file)->n_others; }

static void opaque(const void *file, size_t index, const char **name, const char **call)
{
    const npz_t *npz = file;
    *name = aigc__zip_member(npz->zip, npz->others[index])->name;
    *call = "a member that is no array of plain numbers";
}

const aigc__weights_format_t aigc__weights_npy = {"npy", npy_known, open_npy, close_npz, count, entry, NULL,
                                                  read,  NULL,      NULL,     NULL,      NULL,  NULL};
const aigc__weights_format_t aigc__weights_npz = {"npz", NULL, NULL, close_npz, count,    entry, NULL,
                                                  read,  NULL, NULL, NULL,      n_opaque, opaque};
