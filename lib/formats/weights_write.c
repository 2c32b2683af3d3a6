/* From a file of weights to another: which tensors, under which names, in which element. */
#include "base/sizes.h"
#include "formats/npy.h"
#include "formats/order.h"
#include "formats/safetensors.h"
#include "formats/weight_files.h"
#include "formats/zip_write.h"
#include <stdio.h>
#include <string.h>

/* ---- numbers ---- */

static aigc_status_t pour_turned(const aigc__poured_t *from, aigc__put_fn put, void *to)
{
    aigc_tensor_t *tensor = NULL;
    AIGC__TRY(aigc__weights_read(&tensor, from->weights, from->index, aigc__element_info(from->element)->dtype));
    const aigc_status_t status = put(to, tensor->data, tensor->bytes);
    aigc__tensor_release(tensor);
    return status;
}

aigc_status_t aigc__pour(const aigc__poured_t *from, aigc__put_fn put, void *to)
{
    aigc__weights_entry_t entry;
    if (from->count == 0) return AIGC_OK;
    aigc__weights_entry(from->weights, from->index, &entry);
    return entry.element == from->element ? aigc__weights_pour(from->weights, &entry, put, to)
                                          : pour_turned(from, put, to);
}

static bool is_real(aigc__element_t element)
{
    const aigc_dtype_t dtype = aigc__element_info(element)->dtype;
    return dtype == AIGC_DTYPE_F32 || dtype == AIGC_DTYPE_F16 || dtype == AIGC_DTYPE_BF16;
}

/* ---- names ---- */

/* Whether a comma-separated list is empty or has a beginning of `name`. */
static bool is_selected(const char *list, const char *name)
{
    for (const char *at = list; at && *at;) {
        const size_t length = strcspn(at, ",");
        if (length > 0 && strncmp(name, at, length) == 0) return true;
        at += length + (at[length] == ',');
    }
    return !list || !*list;
}

/* The first OLD=NEW whose OLD begins the name takes it away for NEW. */
static const char *renamed(const char *rules, const char *name, char text[AIGC__WEIGHTS_NAME + 256])
{
    for (const char *at = rules; at && *at;) {
        const size_t length = strcspn(at, ","), old = strcspn(at, "=,");
        if (old < length && strncmp(name, at, old) == 0) {
            snprintf(text, AIGC__WEIGHTS_NAME + 256, "%.*s%s", (int)(length - old - 1), at + old + 1, name + old);
            return text;
        }
        at += length + (at[length] == ',');
    }
    return name;
}

static aigc_status_t check_rules(const char *rules)
{
    for (const char *at = rules; at && *at;) {
        const size_t length = strcspn(at, ",");
        if (strcspn(at, "=") >= length)
            return aigc__fail(AIGC_ERROR_OPTION, "option rename: '%.*s' is not OLD=NEW",
                              (int)(length < 64 ? length : 64), at);
        if (length > 255) return aigc__fail(AIGC_ERROR_OPTION, "option rename: a rule of more than 255 bytes");
        at += length + (at[length] == ',');
    }
    return AIGC_OK;
}

/* ---- what is to be written ---- */

typedef struct job {
    aigc_weights_t *weights;
    const aigc__convert_options_t *options;
    aigc__memory_t *memory;
    aigc__poured_t *tensors;
    int64_t (*shapes)[AIGC__WEIGHTS_RANK];
    char **names; /* NULL: as in the file */
    size_t n;
} job_t;

static aigc_status_t add_tensor(job_t *job, size_t index)
{
    static const aigc__element_t elements[] = {AIGC__ELEMENTS, AIGC__ELEMENT_F32, AIGC__ELEMENT_F16,
                                               AIGC__ELEMENT_BF16};
    aigc__weights_entry_t entry;
    char text[AIGC__WEIGHTS_NAME + 256];
    aigc__weights_entry(job->weights, index, &entry);
    if (!is_selected(job->options->select, entry.name)) return AIGC_OK;
    const char *name = renamed(job->options->rename, entry.name, text);
    if (*name == '\0' || strlen(name) > AIGC__WEIGHTS_NAME)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "tensor '%.200s' would get an impossible name", entry.name);
    aigc__poured_t *tensor = &job->tensors[job->n];
    *tensor = (aigc__poured_t){entry.name,  entry.element, entry.rank,   job->shapes[job->n],
                               entry.count, entry.storage, job->weights, index};
    memcpy(job->shapes[job->n], entry.shape, sizeof entry.shape);
    /* Shared only where all of it is the same: places of a storage become numbers of their own. */
    tensor->storage = entry.storage << 24 ^ entry.first;
    if (!aigc__weights_is_dense(&entry)) tensor->storage = UINT64_MAX - index;
    if (is_real(entry.element) && elements[job->options->dtype] != AIGC__ELEMENTS)
        tensor->element = elements[job->options->dtype];
    if (name == text) {
        AIGC__TRY(aigc__memory_copy_string(job->memory, name, &job->names[job->n]));
        tensor->name = job->names[job->n];
    }
    job->n++;
    return AIGC_OK;
}

static int compare_names(const void *things, uint32_t a, uint32_t b)
{
    const aigc__poured_t *tensors = things;
    return strcmp(tensors[a].name, tensors[b].name);
}

static aigc_status_t check_names(job_t *job)
{
    void *block = NULL;
    aigc_status_t status = AIGC_OK;
    AIGC__TRY(aigc__memory_alloc(job->memory, 2 * job->n * sizeof(uint32_t), &block));
    uint32_t *order = block;
    aigc__order(order, order + job->n, job->n, compare_names, job->tensors);
    for (size_t i = 1; i < job->n && status == AIGC_OK; i++)
        if (compare_names(job->tensors, order[i - 1], order[i]) == 0)
            status =
                aigc__fail(AIGC_ERROR_ARGUMENT, "two tensors would be named '%.200s'", job->tensors[order[i]].name);
    aigc__memory_free(job->memory, block);
    return status;
}

static aigc_status_t collect(job_t *job)
{
    const size_t n = aigc__weights_count(job->weights);
    size_t bytes = 0;
    void *block = NULL;
    AIGC__TRY(check_rules(job->options->rename));
    AIGC__TRY(aigc__bytes_of(n, sizeof *job->tensors + sizeof *job->shapes + sizeof *job->names, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(job->memory, bytes, &block));
    job->tensors = block;
    job->shapes = (int64_t(*)[AIGC__WEIGHTS_RANK])(void *)(job->tensors + n);
    job->names = (char **)(void *)(job->shapes + n);
    for (size_t i = 0; i < n; i++) AIGC__TRY(add_tensor(job, i));
    if (job->n == 0) return aigc__fail(AIGC_ERROR_NOT_FOUND, "%s: no tensor is selected of %zu", job->weights->path, n);
    return check_names(job);
}

/* ---- the formats ---- */

static aigc_status_t write_safetensors(const job_t *job, aigc__saver_t *saver)
{
    static const char *const metadata[][2] = {{"format", "pt"}};
    void *block = NULL;
    size_t bytes = 0;
    AIGC__TRY(aigc__bytes_of(job->n, sizeof(aigc__safetensors_part_t), &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(job->memory, bytes, &block));
    aigc__safetensors_part_t *parts = block;
    for (size_t i = 0; i < job->n; i++)
        parts[i] = (aigc__safetensors_part_t){.name = job->tensors[i].name,
                                              .rank = job->tensors[i].rank,
                                              .shape = job->tensors[i].shape,
                                              .poured = &job->tensors[i]};
    const aigc_status_t status = aigc__safetensors_write(saver, job->weights->context, parts, job->n, metadata, 1);
    aigc__memory_free(job->memory, block);
    return status;
}

/* NumPy has no bf16 nor 8-bit floats: they become f32, which holds them exactly. */
static const char *descr_of(aigc__element_t element)
{
    static const char *const descrs[AIGC__ELEMENTS] = {
        [AIGC__ELEMENT_F64] = "<f8", [AIGC__ELEMENT_F32] = "<f4",   [AIGC__ELEMENT_F16] = "<f2",
        [AIGC__ELEMENT_I64] = "<i8", [AIGC__ELEMENT_I32] = "<i4",   [AIGC__ELEMENT_I16] = "<i2",
        [AIGC__ELEMENT_I8] = "|i1",  [AIGC__ELEMENT_U64] = "<u8",   [AIGC__ELEMENT_U32] = "<u4",
        [AIGC__ELEMENT_U16] = "<u2", [AIGC__ELEMENT_U8] = "|u1",    [AIGC__ELEMENT_BOOL] = "|b1",
        [AIGC__ELEMENT_C64] = "<c8", [AIGC__ELEMENT_C128] = "<c16",
    };
    return descrs[element];
}

static aigc_status_t write_array(aigc__zip_writer_t *zip, const aigc__poured_t *given)
{
    char name[AIGC__WEIGHTS_NAME + 8], head[AIGC__NPY_HEAD];
    aigc__poured_t tensor = *given;
    if (!descr_of(tensor.element) && is_real(tensor.element)) tensor.element = AIGC__ELEMENT_F32;
    if (!descr_of(tensor.element))
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "writing .npz: tensor '%s' has numbers of type %s, which NumPy lacks",
                          tensor.name, aigc__element_info(tensor.element)->name);
    const size_t n = aigc__npy_head(head, descr_of(tensor.element), tensor.rank, tensor.shape);
    snprintf(name, sizeof name, "%s.npy", tensor.name);
    AIGC__TRY(aigc__zip_begin(zip, name, n + tensor.count * aigc__element_info(tensor.element)->bits / 8));
    AIGC__TRY(aigc__zip_put(zip, head, n));
    AIGC__TRY(aigc__pour(&tensor, aigc__zip_put, zip));
    return aigc__zip_end(zip);
}

aigc_status_t aigc__npz_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__poured_t *tensors, size_t n)
{
    aigc__zip_writer_t zip = {.saver = saver, .memory = memory};
    aigc_status_t status = AIGC_OK;
    for (size_t i = 0; i < n && status == AIGC_OK; i++) status = write_array(&zip, &tensors[i]);
    return aigc__zip_finish(&zip, status);
}

/* The top folder is called as the file, without its suffix. */
static aigc_status_t write_torch(const job_t *job, aigc__saver_t *saver, const char *path)
{
    char folder[256];
    const char *name = aigc__path_name(path), *dot = strrchr(name, '.');
    snprintf(folder, sizeof folder, "%.*s", (int)(dot > name ? dot - name : 0), name);
    return aigc__torch_write(saver, job->memory, job->tensors, job->n, *folder ? folder : "archive");
}

static aigc_status_t write_all(const job_t *job, aigc__saver_t *saver, const char *path)
{
    if (aigc__path_has_suffix(path, ".safetensors")) return write_safetensors(job, saver);
    if (aigc__path_has_suffix(path, ".npz")) return aigc__npz_write(saver, job->memory, job->tensors, job->n);
    return write_torch(job, saver, path);
}

static aigc_status_t check_suffix(const char *path)
{
    static const char *const suffixes[] = {".safetensors", ".npz", ".pt", ".pth", ".ckpt", ".bin"};
    for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++)
        if (aigc__path_has_suffix(path, suffixes[k])) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT,
                      "'%.200s': weights are written as .safetensors, .npz, .pt, .pth, .ckpt or .bin", path);
}

aigc_status_t aigc__weights_write(aigc_weights_t *weights, const char *path, const aigc__convert_options_t *options)
{
    job_t job = {.weights = weights, .options = options, .memory = &weights->context->memory};
    aigc__saver_t *saver = NULL;
    aigc_status_t status;
    AIGC__TRY(check_suffix(path));
    AIGC__GOTO(done, collect(&job));
    AIGC__GOTO(done, aigc__saver_begin(&saver, job.memory, weights->context->files, path));
    status = write_all(&job, saver, path);
    if (status == AIGC_OK)
        status = aigc__saver_commit(saver);
    else
        aigc__saver_abort(saver);
done:
    for (size_t i = 0; i < job.n; i++) aigc__memory_free(job.memory, job.names[i]);
    aigc__memory_free(job.memory, job.tensors);
    return status;
}
