/* Views: some pictures of another dataset. A view of a view looks into the dataset at the bottom, so
 * that locks never nest deeper than two. */
#include "base/philox.h"
#include "base/sizes.h"
#include "data/pictures.h"
#include <inttypes.h>
#include <string.h>

typedef struct view {
    aigc_dataset_t *base; /* retained */
    uint64_t *indices;
} view_t;

static aigc_status_t fetch_view(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    const view_t *view = dataset->implementation;
    return aigc__dataset_fetch_one(view->base, view->indices[index], pixels, label);
}

static void close_view(aigc_dataset_t *dataset)
{
    aigc__memory_t *memory = &dataset->context->memory;
    view_t *view = dataset->implementation;
    if (!view) return;
    aigc__memory_free(memory, view->indices);
    aigc__dataset_release(view->base);
    aigc__memory_free(memory, view);
}

static const aigc__dataset_kind_t kind_view = {.name = "view",
                                               .help = "some pictures of another dataset",
                                               .fetch = fetch_view,
                                               .close = close_view};

static aigc_status_t copy_class_names(aigc_dataset_t *to, const aigc_dataset_t *from)
{
    aigc__memory_t *memory = &to->context->memory;
    void *block;
    if (from->classes == 0) return AIGC_OK;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, (size_t)from->classes * sizeof(char *), &block));
    to->class_names = block;
    to->classes = from->classes;
    for (int64_t i = 0; i < from->classes; i++)
        AIGC__TRY(aigc__memory_copy_string(memory, from->class_names[i], &to->class_names[i]));
    return AIGC_OK;
}

static aigc_status_t fill_view(aigc_dataset_t *dataset, aigc_dataset_t *base, const uint64_t *indices, uint64_t n)
{
    const view_t *inner = base->kind == &kind_view ? base->implementation : NULL;
    aigc__memory_t *memory = &dataset->context->memory;
    size_t bytes;
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(view_t), &block));
    view_t *view = dataset->implementation = block;
    view->base = inner ? inner->base : base;
    aigc__dataset_retain(view->base);
    AIGC__TRY(aigc__bytes_of((size_t)n, sizeof(uint64_t), &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    view->indices = block;
    dataset->identity = aigc__dataset_fingerprint(view->base);
    for (uint64_t i = 0; i < n; i++) {
        if (indices[i] >= base->count)
            return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no picture %" PRIu64 "; the dataset has %" PRIu64,
                              indices[i], base->count);
        view->indices[i] = inner ? inner->indices[indices[i]] : indices[i];
        dataset->identity = (dataset->identity ^ view->indices[i]) * 0x100000001b3u;
    }
    dataset->count = n;
    dataset->height = base->height;
    dataset->width = base->width;
    dataset->channels = base->channels;
    dataset->is_float = base->is_float;
    dataset->is_resident = base->is_resident;
    dataset->callers_thread = base->callers_thread;
    return copy_class_names(dataset, base);
}

aigc_status_t aigc__dataset_view(aigc_dataset_t **out, aigc_dataset_t *base, const uint64_t *indices, uint64_t n)
{
    aigc_dataset_t *dataset = NULL;
    if (n == 0) return aigc__fail(AIGC_ERROR_ARGUMENT, "a view of no pictures");
    AIGC__TRY(aigc__dataset_new(&dataset, base->context, &kind_view));
    const aigc_status_t status = fill_view(dataset, base, indices, n);
    if (status != AIGC_OK) {
        aigc__dataset_release(dataset);
        return status;
    }
    *out = dataset;
    return AIGC_OK;
}

/* The first `n_first` of `order` to the front and the rest behind them, both ascending; `is_first` is room for a flag a
 * picture. */
static void sort_parts(uint64_t *order, uint8_t *is_first, size_t n_first, size_t count)
{
    memset(is_first, 0, count);
    for (size_t i = 0; i < n_first; i++) is_first[order[i]] = 1;
    size_t first = 0, second = n_first;
    for (size_t i = 0; i < count; i++) order[is_first[i] ? first++ : second++] = i;
}

aigc_status_t aigc__dataset_split(aigc_dataset_t *dataset, double fraction, uint64_t seed, aigc_dataset_t **first,
                                  aigc_dataset_t **second)
{
    aigc__memory_t *memory = &dataset->context->memory;
    const size_t count = (size_t)dataset->count;
    aigc_dataset_t *a = NULL, *b = NULL;
    void *order = NULL, *flags = NULL;
    size_t bytes;
    aigc_status_t status;
    aigc__random_t random;
    if (!(fraction >= 0 && fraction <= 1))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'fraction' lies outside 0..1");
    if (count < 2) return aigc__fail(AIGC_ERROR_ARGUMENT, "a dataset of %zu picture cannot be split", count);
    size_t n_first = (size_t)(fraction * (double)count + 0.5);
    n_first = n_first < 1 ? 1 : n_first > count - 1 ? count - 1 : n_first;
    AIGC__TRY(aigc__bytes_of(count, sizeof(uint64_t), &bytes));
    AIGC__GOTO(done, aigc__memory_alloc(memory, bytes, &order));
    AIGC__GOTO(done, aigc__memory_alloc(memory, count, &flags));
    aigc__random_init(&random, (aigc__stream_t){seed, AIGC__STREAM_SPLIT, 0});
    aigc__random_permutation(&random, order, count);
    sort_parts(order, flags, n_first, count);
    AIGC__GOTO(done, aigc__dataset_view(&a, dataset, order, n_first));
    AIGC__GOTO(done, aigc__dataset_view(&b, dataset, (uint64_t *)order + n_first, count - n_first));
    *first = a;
    *second = b;
    a = NULL;
done:
    aigc__dataset_release(a);
    aigc__memory_free(memory, order);
    aigc__memory_free(memory, flags);
    return status;
}
