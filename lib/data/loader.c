/* Two slots: one holds the batch the caller works on, the other the next one. In the background mode a
 * thread fills free slots in order; otherwise the caller does, by the same function, so both modes give
 * the same batches. A batch is a function of (seed, epoch, batch number): order, flips and pictures
 * depend on nothing else, so it does not matter where a run begins or what the cache holds.
 *
 * The cache keeps the first `cached` pictures of the dataset, whichever order they come in: under a
 * shuffle every fixed set is as good as any other, needs no bookkeeping and never changes. */
#include "data/loader.h"
#include "base/philox.h"
#include "base/sizes.h"
#include "base/threads.h"
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 2, POLL_NANOSECONDS = 10000000 };

typedef struct slot {
    float *images;
    int64_t *labels;
    size_t n;
    bool last, is_ready;
    aigc_status_t status;
    char text[512]; /* the sentence of `status` */
} slot_t;

struct aigc__loader {
    aigc_dataset_t *dataset; /* retained */
    aigc__memory_t *memory;
    aigc__loader_options_t options;
    size_t count, batches, elements, bytes; /* pictures; batches an epoch; numbers and bytes of a picture */
    slot_t slots[SLOTS];

    /* Of whoever fills slots. */
    uint64_t *order;
    uint64_t order_epoch;
    bool has_order;
    uint8_t *cache, *is_cached;
    int64_t *cached_labels;
    size_t cached;
    uint8_t *scratch; /* one picture as fetched */

    /* The batch to be made next, and the slot that it goes to; the other slot is the caller's. */
    uint64_t epoch, batch;
    size_t next;

    /* Background only; `lock` guards the positions above and the slots' states. */
    bool has_thread, is_halted; /* halted: after a failure, until the caller asks again */
    pid_t process;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    _Atomic bool is_stopping; /* also polled between pictures */
};

/* ---- making a batch ---- */

static void make_order(aigc__loader_t *loader, uint64_t epoch)
{
    if (loader->has_order && (loader->order_epoch == epoch || !loader->options.shuffle)) return;
    aigc__random_t random;
    aigc__random_init(&random, (aigc__stream_t){loader->options.seed, AIGC__STREAM_SHUFFLE, (uint32_t)epoch});
    if (loader->options.shuffle)
        aigc__random_permutation(&random, loader->order, loader->count);
    else
        for (size_t i = 0; i < loader->count; i++) loader->order[i] = i;
    loader->order_epoch = epoch;
    loader->has_order = true;
}

static bool is_flipped(const aigc__loader_t *loader, uint64_t epoch, uint64_t picture)
{
    uint32_t words[4];
    if (!loader->options.flip) return false;
    aigc__philox(words, (aigc__stream_t){loader->options.seed, AIGC__STREAM_AUGMENT, (uint32_t)epoch}, picture);
    return words[0] & 1;
}

static void flip(float *image, size_t height, size_t width, size_t channels)
{
    for (size_t y = 0; y < height; y++) {
        float *left = image + y * width * channels, *right = left + (width - 1) * channels;
        for (; left < right; left += channels, right -= channels)
            for (size_t c = 0; c < channels; c++) {
                const float kept = left[c];
                left[c] = right[c];
                right[c] = kept;
            }
    }
}

/* The picture as the dataset holds it, from the cache where it is there. */
static aigc_status_t get_picture(aigc__loader_t *loader, uint64_t picture, const void **pixels, int64_t *label)
{
    const size_t place = (size_t)picture;
    if (place >= loader->cached) {
        *pixels = loader->scratch;
        return aigc__dataset_fetch_one(loader->dataset, picture, loader->scratch, label);
    }
    uint8_t *kept = loader->cache + place * loader->bytes;
    if (!loader->is_cached[place]) {
        AIGC__TRY(aigc__dataset_fetch_one(loader->dataset, picture, kept, &loader->cached_labels[place]));
        loader->is_cached[place] = 1;
    }
    *pixels = kept;
    *label = loader->cached_labels[place];
    return AIGC_OK;
}

static aigc_status_t place_picture(aigc__loader_t *loader, uint64_t epoch, uint64_t picture, float *to, int64_t *label)
{
    const aigc_dataset_t *dataset = loader->dataset;
    const void *pixels;
    AIGC__TRY(get_picture(loader, picture, &pixels, label));
    aigc__convert(dataset->context->kernels, to, AIGC_DTYPE_F32, pixels,
                  dataset->is_float ? AIGC_DTYPE_F32 : AIGC_DTYPE_U8, loader->elements);
    if (is_flipped(loader, epoch, picture))
        flip(to, (size_t)dataset->height, (size_t)dataset->width, (size_t)dataset->channels);
    return AIGC_OK;
}

/* In the caller's thread a cancel ends the batch; the background thread leaves it to the caller. */
static bool is_interrupted(const aigc__loader_t *loader)
{
    return loader->has_thread ? atomic_load(&loader->is_stopping)
                              : atomic_load(&loader->dataset->context->cancelled) != 0;
}

/* Fills the slot with a batch; false: interrupted. */
static bool fill_slot(aigc__loader_t *loader, slot_t *slot, uint64_t epoch, uint64_t batch)
{
    const size_t first = (size_t)batch * loader->options.batch_size, left = loader->count - first;
    slot->n = left < loader->options.batch_size ? left : loader->options.batch_size;
    slot->last = batch + 1 == loader->batches;
    slot->status = AIGC_OK;
    make_order(loader, epoch);
    for (size_t i = 0; i < slot->n && slot->status == AIGC_OK; i++) {
        if (is_interrupted(loader)) return false;
        slot->labels[i] = 0;
        slot->status = place_picture(loader, epoch, loader->order[first + i], slot->images + i * loader->elements,
                                     &slot->labels[i]);
    }
    if (slot->status != AIGC_OK) aigc__failure_copy(slot->text);
    return true;
}

static void advance(aigc__loader_t *loader)
{
    if (++loader->batch < loader->batches) return;
    loader->batch = 0;
    loader->epoch++;
}

/* ---- the background thread ---- */

static void *fill_in_background(void *arg)
{
    aigc__loader_t *loader = arg;
    aigc__fp_enter(); /* a new thread inherits its creator's state */
    pthread_mutex_lock(&loader->lock);
    while (!atomic_load(&loader->is_stopping)) {
        slot_t *slot = &loader->slots[loader->next];
        if (slot->is_ready || loader->is_halted) {
            pthread_cond_wait(&loader->changed, &loader->lock);
            continue;
        }
        const uint64_t epoch = loader->epoch, batch = loader->batch;
        pthread_mutex_unlock(&loader->lock);
        const bool is_done = fill_slot(loader, slot, epoch, batch);
        pthread_mutex_lock(&loader->lock);
        if (is_done) {
            slot->is_ready = true;
            loader->is_halted = slot->status != AIGC_OK;
            if (slot->status == AIGC_OK) advance(loader);
        }
        pthread_cond_broadcast(&loader->changed);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

static aigc_status_t start_thread(aigc__loader_t *loader)
{
    atomic_store(&loader->is_stopping, false);
    loader->has_thread = true; /* before it runs: it reads this */
    const int error = aigc__thread_create(&loader->thread, NULL, fill_in_background, loader);
    if (error == 0) return AIGC_OK;
    loader->has_thread = false;
    return aigc__fail(AIGC_ERROR_THREAD, "cannot create the loader's thread (error %d of the system)", error);
}

/* Nothing is to be joined in a forked child: the thread is the parent's. */
static void stop_thread(aigc__loader_t *loader)
{
    if (!loader->has_thread || loader->process != getpid()) return;
    pthread_mutex_lock(&loader->lock);
    atomic_store(&loader->is_stopping, true);
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->lock);
    pthread_join(loader->thread, NULL);
    loader->has_thread = false;
}

/* Until the next batch is ready; looks at the cancel flag between short sleeps. */
static aigc_status_t await_batch(aigc__loader_t *loader)
{
    aigc_status_t status = AIGC_OK;
    pthread_mutex_lock(&loader->lock);
    const slot_t *slot = &loader->slots[loader->next];
    if (!slot->is_ready) loader->is_halted = false;
    pthread_cond_broadcast(&loader->changed);
    while (!slot->is_ready) {
        struct timespec until;
        if (atomic_load(&loader->dataset->context->cancelled)) {
            status = aigc__check_cancel(loader->dataset->context);
            if (status != AIGC_OK) break;
        }
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += POLL_NANOSECONDS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&loader->changed, &loader->lock, &until);
    }
    pthread_mutex_unlock(&loader->lock);
    return status;
}

/* ---- the loader ---- */

static aigc_status_t allocate_array(aigc__memory_t *memory, size_t count, size_t element, void *out_pointer)
{
    size_t bytes;
    void *block;
    AIGC__TRY(aigc__bytes_of(count, element, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, bytes, &block));
    memcpy(out_pointer, &block, sizeof block);
    return AIGC_OK;
}

static aigc_status_t allocate(aigc__loader_t *loader)
{
    aigc__memory_t *memory = loader->memory;
    const aigc__loader_options_t *options = &loader->options;
    const size_t batch = options->batch_size < loader->count ? options->batch_size : loader->count;
    size_t numbers;
    AIGC__TRY(aigc__bytes_of(batch, loader->elements, &numbers));
    for (int i = 0; i < SLOTS; i++) {
        AIGC__TRY(allocate_array(memory, numbers, sizeof(float), &loader->slots[i].images));
        AIGC__TRY(allocate_array(memory, batch, sizeof(int64_t), &loader->slots[i].labels));
    }
    AIGC__TRY(allocate_array(memory, loader->count, sizeof(uint64_t), &loader->order));
    AIGC__TRY(allocate_array(memory, loader->bytes, 1, &loader->scratch));
    const uint64_t each = loader->bytes + sizeof(int64_t) + 1,
                   room = loader->dataset->is_resident ? 0 : options->cache_bytes / each;
    loader->cached = room < loader->count ? (size_t)room : loader->count;
    if (loader->cached == 0) return AIGC_OK;
    AIGC__TRY(allocate_array(memory, loader->cached, loader->bytes, &loader->cache));
    AIGC__TRY(allocate_array(memory, loader->cached, 1, &loader->is_cached));
    return allocate_array(memory, loader->cached, sizeof(int64_t), &loader->cached_labels);
}

static aigc_status_t set_up(aigc__loader_t *loader)
{
    const size_t size = loader->options.batch_size;
    loader->count = (size_t)loader->dataset->count;
    loader->elements = aigc__dataset_elements(loader->dataset);
    loader->bytes = aigc__dataset_bytes(loader->dataset);
    loader->batches = loader->count / size + (!loader->options.drop_last && loader->count % size != 0);
    if (loader->batches == 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "the dataset has %zu pictures; fewer than a batch of %zu, and short batches are dropped",
                          loader->count, size);
    return allocate(loader);
}

aigc_status_t aigc__loader_create(aigc__loader_t **out, aigc_dataset_t *dataset, const aigc__loader_options_t *options)
{
    aigc__memory_t *memory = &dataset->context->memory;
    void *block;
    if (options->batch_size == 0) return aigc__fail(AIGC_ERROR_ARGUMENT, "the batch size is 0");
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(aigc__loader_t), &block));
    aigc__loader_t *loader = block;
    loader->memory = memory;
    loader->options = *options;
    loader->options.background = options->background && !dataset->callers_thread;
    loader->dataset = dataset;
    loader->process = getpid();
    aigc__dataset_retain(dataset);
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->changed, NULL);
    const aigc_status_t status = set_up(loader);
    if (status != AIGC_OK) {
        aigc__loader_free(loader);
        return status;
    }
    *out = loader;
    return AIGC_OK;
}

void aigc__loader_free(aigc__loader_t *loader)
{
    if (!loader) return;
    aigc_context_t *context = loader->dataset->context;
    aigc__context_retain(context); /* the dataset may be the last that holds it */
    const bool is_own = loader->process == getpid();
    stop_thread(loader);
    if (is_own) {
        pthread_mutex_destroy(&loader->lock);
        pthread_cond_destroy(&loader->changed);
    }
    for (int i = 0; i < SLOTS; i++) {
        aigc__memory_free(loader->memory, loader->slots[i].images);
        aigc__memory_free(loader->memory, loader->slots[i].labels);
    }
    aigc__memory_free(loader->memory, loader->order);
    aigc__memory_free(loader->memory, loader->scratch);
    aigc__memory_free(loader->memory, loader->cache);
    aigc__memory_free(loader->memory, loader->is_cached);
    aigc__memory_free(loader->memory, loader->cached_labels);
    aigc__dataset_release(loader->dataset);
    aigc__memory_free(&context->memory, loader);
    aigc__context_release(context);
}

size_t aigc__loader_batches(const aigc__loader_t *loader) { return loader->batches; }

aigc_status_t aigc__loader_seek(aigc__loader_t *loader, uint64_t epoch, uint64_t batch)
{
    if (batch >= loader->batches)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "batch %" PRIu64 " of an epoch of %zu", batch, loader->batches);
    stop_thread(loader);
    for (int i = 0; i < SLOTS; i++) loader->slots[i].is_ready = false;
    loader->next = 0;
    loader->is_halted = false;
    loader->epoch = epoch;
    loader->batch = batch;
    return AIGC_OK;
}

/* The next batch, in the caller's thread. */
static aigc_status_t make_batch(aigc__loader_t *loader)
{
    slot_t *slot = &loader->slots[loader->next];
    while (!fill_slot(loader, slot, loader->epoch, loader->batch))
        AIGC__TRY(aigc__check_cancel(loader->dataset->context));
    if (slot->status == AIGC_OK) advance(loader);
    return AIGC_OK;
}

aigc_status_t aigc__loader_next(aigc__loader_t *loader, aigc__batch_t *out)
{
    AIGC__TRY(aigc__check_cancel(loader->dataset->context));
    if (loader->options.background && !loader->has_thread) AIGC__TRY(start_thread(loader));
    AIGC__TRY(loader->has_thread ? await_batch(loader) : make_batch(loader));
    slot_t *slot = &loader->slots[loader->next];
    const aigc_status_t status = slot->status;
    if (status == AIGC_OK)
        *out = (aigc__batch_t){slot->images, slot->labels, slot->n, slot->last};
    else
        aigc__failure_restore(slot->text);
    pthread_mutex_lock(&loader->lock);
    slot->is_ready = false; /* after a failure: made again when it is asked for again */
    if (status == AIGC_OK) loader->next = (loader->next + 1) % SLOTS;
    pthread_cond_broadcast(&loader->changed);
    pthread_mutex_unlock(&loader->lock);
    return status;
}
