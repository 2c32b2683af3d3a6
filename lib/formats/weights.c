/* Opening weights: which row a file belongs to, and what all rows share. */
#include "formats/weight_files.h"
#include "base/sizes.h"
#include "formats/order.h"
#include <string.h>

static const aigc__weights_format_t *const formats[] = {
    &aigc__weights_torch_zip,    &aigc__weights_npy,    &aigc__weights_safetensors,
    &aigc__weights_torch_stream, &aigc__weights_pickle, /* a safetensors file may begin with a pickle's two bytes */
    &aigc__weights_shards,
};

/* Files that are no weights themselves, by what stands at a place in them. */
static aigc_status_t refuse(const aigc__source_t *source, const uint8_t *bytes, size_t n_bytes)
{
    static const struct {
        uint64_t place;
        const char *bytes, *what;
    } others[] = {
        {0, "version https://git-lfs", "a Git LFS pointer, not the file itself; fetch it with 'git lfs pull'"},
        {257, "ustar",
         "a tar archive, as PyTorch wrote before version 0.1.12; load and save it again with PyTorch 1.0 to "
         "2.5: torch.save(torch.load('FILE'), 'weights.pt')"},
        {0, "\x89HDF\r\n", "an HDF5 file, as Keras writes; save the weights as safetensors or .npz"},
        {0, "GGUF", "a GGUF file, which has quantised weights; take the safetensors file it was made from"},
        {0, "<!DOCTYPE", "a web page, not the file itself; download it anew"},
        {0, "<html", "a web page, not the file itself; download it anew"},
    };
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        const size_t n = strlen(others[k].bytes);
        if (n_bytes >= others[k].place + n && memcmp(bytes + others[k].place, others[k].bytes, n) == 0)
            return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: %s", source->name, others[k].what);
    }
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "%s: not a file of weights that can be read: PyTorch, pickle, safetensors, .npz and .npy can",
                      source->name);
}

static int compare_names(const void *things, uint32_t a, uint32_t b)
{
    const char *const *names = things;
    return strcmp(names[a], names[b]);
}

/* Names in order, for rows that have no better way. */
static aigc_status_t sort_names(aigc_weights_t *weights)
{
    aigc__memory_t *memory = &weights->context->memory;
    const size_t n = aigc__weights_count(weights);
    void *block = NULL, *names = NULL;
    size_t bytes = 0;
    aigc_status_t status;
    AIGC__TRY(aigc__bytes_of(n, 2 * sizeof *weights->by_name, &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    weights->by_name = block;
    AIGC__GOTO(done, aigc__memory_alloc(memory, n * sizeof(const char *), &names));
    for (size_t i = 0; i < n; i++) {
        aigc__weights_entry_t entry;
        aigc__weights_entry(weights, i, &entry);
        ((const char **)names)[i] = entry.name;
    }
    aigc__order(weights->by_name, weights->by_name + n, n, compare_names, names);
done:
    aigc__memory_free(memory, names);
    return status;
}

static aigc_status_t open_row(aigc_weights_t *weights)
{
    uint8_t head[AIGC__WEIGHTS_HEAD];
    const uint64_t size = weights->source.size;
    const size_t n = size < sizeof head ? (size_t)size : sizeof head;
    AIGC__TRY(aigc__source_read(&weights->source, 0, head, n));
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++) {
        if (!formats[k]->known(head, n, size)) continue;
        weights->format = formats[k];
        AIGC__TRY(formats[k]->open(&weights->file, &weights->format, weights->context, &weights->source));
        return weights->format->find ? AIGC_OK : sort_names(weights);
    }
    return refuse(&weights->source, head, n);
}

aigc_status_t aigc__weights_open_source(aigc_weights_t **out, aigc_context_t *context, aigc__source_t source)
{
    void *block = NULL;
    aigc_status_t status = aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc_weights_t), &block);
    if (status != AIGC_OK) {
        aigc__source_close(&source);
        return status;
    }
    aigc_weights_t *weights = block;
    weights->kind = AIGC__WEIGHTS;
    weights->context = context;
    aigc__context_retain(context);
    weights->source = source;
    AIGC__GOTO(fail, aigc__memory_copy_string(&context->memory, source.name, &weights->path));
    weights->source.name = weights->path;
    AIGC__GOTO(fail, open_row(weights));
    *out = weights;
    return AIGC_OK;
fail:
    aigc__weights_free(weights);
    return status;
}

aigc_status_t aigc__weights_open(aigc_weights_t **out, aigc_context_t *context, const char *path)
{
    aigc__source_t source = {0};
    AIGC__TRY(aigc__source_open(&source, context->files, path));
    return aigc__weights_open_source(out, context, source);
}

void aigc__weights_free(aigc_weights_t *weights)
{
    if (!weights) return;
    aigc_context_t *context = weights->context;
    if (weights->format) weights->format->free(weights->file);
    aigc__source_close(&weights->source);
    aigc__memory_free(&context->memory, weights->path);
    aigc__memory_free(&context->memory, weights->by_name);
    weights->kind = AIGC__DEAD;
    aigc__memory_free(&context->memory, weights);
    aigc__context_release(context);
}

const char *aigc__weights_name(const aigc_weights_t *weights) { return weights->path; }

size_t aigc__weights_count(const aigc_weights_t *weights) { return weights->format->count(weights->file); }

void aigc__weights_entry(const aigc_weights_t *weights, size_t index, aigc__weights_entry_t *out)
{
    *out = (aigc__weights_entry_t){.name = NULL};
    weights->format->entry(weights->file, index, out);
}

int64_t aigc__weights_find(const aigc_weights_t *weights, const char *name)
{
    if (weights->format->find) return weights->format->find(weights->file, name);
    size_t first = 0, end = aigc__weights_count(weights);
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        aigc__weights_entry_t entry;
        aigc__weights_entry(weights, weights->by_name[middle], &entry);
        const int order = strcmp(entry.name, name);
        if (order == 0) return weights->by_name[middle];
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return -1;
}

const char *aigc__weights_metadata(const aigc_weights_t *weights, const char *key)
{
    return weights->format->metadata ? weights->format->metadata(weights->file, key) : NULL;
}

size_t aigc__weights_n_values(const aigc_weights_t *weights)
{
    return weights->format->n_values ? weights->format->n_values(weights->file) : 0;
}

void aigc__weights_value(const aigc_weights_t *weights, size_t index, aigc__weights_value_t *out)
{
    *out = (aigc__weights_value_t){.name = NULL};
    weights->format->value(weights->file, index, out);
}

size_t aigc__weights_n_opaque(const aigc_weights_t *weights)
{
    return weights->format->n_opaque ? weights->format->n_opaque(weights->file) : 0;
}

void aigc__weights_opaque(const aigc_weights_t *weights, size_t index, const char **name, const char **call)
{
    weights->format->opaque(weights->file, index, name, call);
}

void aigc__weights_set_dense(aigc__weights_entry_t *entry)
{
    int64_t stride = 1;
    entry->count = 1;
    for (size_t i = entry->rank; i-- > 0;) {
        entry->stride[i] = stride;
        entry->count *= (uint64_t)entry->shape[i];
        stride *= entry->shape[i] > 0 ? entry->shape[i] : 1;
    }
}

bool aigc__weights_is_dense(const aigc__weights_entry_t *entry)
{
    int64_t stride = 1;
    for (size_t i = entry->rank; i-- > 0; stride *= entry->shape[i])
        if (entry->shape[i] != 1 && entry->stride[i] != stride) return entry->count == 0;
    return true;
}
