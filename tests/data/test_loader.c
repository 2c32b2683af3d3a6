#include "data/data_world.h"
#include "data/loader.h"
#include "support/unit.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static data_world_t world;

static int setup(void **state)
{
    (void)state;
    return data_world_open(&world);
}

static int teardown(void **state)
{
    (void)state;
    return data_world_close(&world);
}

enum { COUNT = 23, BATCH = 5, HEIGHT = 3, WIDTH = 4, CHANNELS = 3, ELEMENTS = HEIGHT * WIDTH * CHANNELS };

static aigc__loader_options_t options(void)
{
    return (aigc__loader_options_t){.batch_size = BATCH, .seed = 11, .shuffle = true, .flip = true};
}

/* Pictures that are not their own mirror image. */
static int32_t slanted(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    _Atomic size_t *calls = user;
    if (calls) atomic_fetch_add(calls, 1);
    for (size_t i = 0; i < ELEMENTS; i++) pixels[i] = (uint8_t)(index * 10 + i % (WIDTH * CHANNELS));
    *label = (int64_t)(index % 4);
    return 0;
}

static aigc_dataset_t *pictures(_Atomic size_t *calls)
{
    aigc_dataset_t *dataset = NULL;
    check_ok(aigc__dataset_create_callback(&dataset, world.context, (const int64_t[]){COUNT, HEIGHT, WIDTH, CHANNELS},
                                           slanted, calls, data_parse(&world, "classes=4")));
    return dataset;
}

static aigc__loader_t *open_loader(aigc_dataset_t *dataset, aigc__loader_options_t given)
{
    aigc__loader_t *loader = NULL;
    check_ok(aigc__loader_create(&loader, dataset, &given));
    return loader;
}

/* Hashes of the next `n` batches. */
static void read_batches(aigc__loader_t *loader, uint64_t *hashes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        aigc__batch_t batch;
        check_ok(aigc__loader_next(loader, &batch));
        hashes[i] = aigc__hash_bytes(AIGC__HASH_START, batch.images, batch.n * ELEMENTS * sizeof(float));
        hashes[i] = aigc__hash_bytes(hashes[i], batch.labels, batch.n * sizeof(int64_t));
        hashes[i] = aigc__hash_bytes(hashes[i], &batch.last, 1);
    }
}

static void batches_are_the_same_however_they_are_made(void **state)
{
    static const uint64_t caches[] = {0, 1, 300, 1 << 20};
    enum { N = 15 };
    uint64_t expected[N], found[N];
    (void)state;
    aigc_dataset_t *dataset = pictures(NULL);
    aigc__loader_t *loader = open_loader(dataset, options());
    read_batches(loader, expected, N);
    aigc__loader_free(loader);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++) assert_int_not_equal(expected[i], expected[j]);
    for (int background = 0; background < 2; background++)
        for (size_t c = 0; c < 4; c++) {
            aigc__loader_options_t given = options();
            given.cache_bytes = caches[c];
            given.background = background;
            loader = open_loader(dataset, given);
            read_batches(loader, found, N);
            assert_memory_equal(found, expected, sizeof found);
            for (size_t start = 0; start < N; start += 3) { /* from any place, back and forth */
                check_ok(aigc__loader_seek(loader, (N - 1 - start) / 5, (N - 1 - start) % 5));
                read_batches(loader, found, start + 1);
                assert_memory_equal(found, expected + (N - 1 - start), (start + 1) * sizeof found[0]);
            }
            aigc__loader_free(loader);
        }
    aigc__dataset_release(dataset);
}

/* Every picture once an epoch; about half of them mirrored; other epochs and seeds in another order. */
static void an_epoch_shows_every_picture_once(void **state)
{
    (void)state;
    aigc_dataset_t *dataset = pictures(NULL);
    aigc__loader_t *loader = open_loader(dataset, options());
    int order[2][COUNT], flips[2][COUNT], flipped = 0;
    assert_int_equal(aigc__loader_batches(loader), 5);
    for (int epoch = 0; epoch < 2; epoch++) {
        size_t at = 0;
        int seen[COUNT] = {0};
        for (int b = 0; b < 5; b++) {
            aigc__batch_t batch;
            check_ok(aigc__loader_next(loader, &batch));
            assert_int_equal(batch.n, b < 4 ? 5 : 3);
            assert_int_equal(batch.last, b == 4);
            for (size_t i = 0; i < batch.n; i++) {
                const float *image = batch.images + i * ELEMENTS;
                const int a = (int)(image[0] * 255 + 0.5f), z = (int)(image[ELEMENTS - CHANNELS] * 255 + 0.5f);
                const int index = (a < z ? a : z) / 10;
                assert_int_equal(abs(a - z), (WIDTH - 1) * CHANNELS);
                assert_int_equal((int)(image[1] * 255 + 0.5f) - a, 1); /* channels keep their order */
                assert_int_equal(batch.labels[i], index % 4);
                flips[epoch][index] = a > z;
                flipped += a > z;
                seen[index]++;
                order[epoch][at++] = index;
            }
        }
        for (int i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
    }
    assert_true(memcmp(order[0], order[1], sizeof order[0]) != 0);
    assert_true(memcmp(flips[0], flips[1], sizeof flips[0]) != 0);
    assert_true(flipped > 10 && flipped < 36);
    aigc__loader_free(loader);
    aigc__dataset_release(dataset);
}

static void without_shuffle_the_order_is_the_datasets(void **state)
{
    aigc__batch_t batch;
    (void)state;
    aigc_dataset_t *dataset = pictures(NULL);
    aigc__loader_t *loader =
        open_loader(dataset, (aigc__loader_options_t){.batch_size = 10, .drop_last = true, .background = true});
    assert_int_equal(aigc__loader_batches(loader), 2);
    for (size_t b = 0; b < 4; b++) {
        check_ok(aigc__loader_next(loader, &batch));
        assert_int_equal(batch.n, 10);
        for (size_t i = 0; i < 10; i++)
            assert_int_equal(batch.images[i * ELEMENTS] * 255 + 0.5f, (b % 2 * 10 + i) * 10);
    }
    aigc__loader_free(loader);
    aigc__dataset_release(dataset);
}

static void a_filled_cache_ends_fetching_and_allocating(void **state)
{
    uint64_t hashes[5];
    (void)state;
    for (int background = 0; background < 2; background++) {
        _Atomic size_t calls = 0;
        aigc__loader_options_t given = options();
        given.cache_bytes = 1 << 20;
        given.background = background;
        aigc_dataset_t *dataset = pictures(&calls);
        aigc__loader_t *loader = open_loader(dataset, given);
        for (int epoch = 0; epoch < 2; epoch++) read_batches(loader, hashes, 5);
        const size_t allocations = world.memory.allocations;
        for (int epoch = 0; epoch < 2; epoch++) read_batches(loader, hashes, 5);
        assert_int_equal(calls, COUNT);
        assert_int_equal(world.memory.allocations, allocations);
        aigc__loader_free(loader);
        aigc__dataset_release(dataset);
    }
}

static void the_cache_keeps_its_bound(void **state)
{
    const uint64_t room = 10 * (ELEMENTS + 9); /* ten of 23 pictures, with label and flag */
    _Atomic size_t calls = 0;
    uint64_t hashes[5];
    size_t held[2];
    (void)state;
    aigc_dataset_t *dataset = pictures(&calls);
    for (int with = 0; with < 2; with++) {
        aigc__loader_options_t given = options();
        given.cache_bytes = with ? room : 0;
        const size_t before = world.memory.bytes;
        aigc__loader_t *loader = open_loader(dataset, given);
        held[with] = world.memory.bytes - before;
        calls = 0;
        for (int epoch = 0; epoch < 3; epoch++) read_batches(loader, hashes, 5);
        assert_int_equal(calls, with ? COUNT + 2 * 13 : 3 * COUNT);
        aigc__loader_free(loader);
    }
    assert_true(held[1] - held[0] <= room + 3 * 128); /* an allocator's overhead a block */
    aigc__dataset_release(dataset);
}

static void a_batch_stays_until_the_next_is_asked_for(void **state)
{
    float before[BATCH * ELEMENTS];
    (void)state;
    aigc__loader_options_t given = options();
    given.background = true;
    aigc_dataset_t *dataset = pictures(NULL);
    aigc__loader_t *loader = open_loader(dataset, given);
    for (int i = 0; i < 4; i++) {
        aigc__batch_t batch;
        check_ok(aigc__loader_next(loader, &batch));
        memcpy(before, batch.images, batch.n * ELEMENTS * sizeof(float));
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); /* the thread has time to go wrong */
        assert_memory_equal(batch.images, before, batch.n * ELEMENTS * sizeof(float));
    }
    aigc__loader_free(loader);
    aigc__dataset_release(dataset);
}

/* While the caller works, the thread makes one batch ahead and no more. */
static void one_batch_is_made_ahead(void **state)
{
    _Atomic size_t calls = 0;
    aigc__batch_t batch;
    (void)state;
    aigc__loader_options_t given = options();
    given.background = true;
    aigc_dataset_t *dataset = pictures(&calls);
    aigc__loader_t *loader = open_loader(dataset, given);
    assert_int_equal(calls, 0);
    check_ok(aigc__loader_next(loader, &batch));
    for (int i = 0; i < 1000 && calls < 2 * BATCH; i++) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_int_equal(calls, 2 * BATCH);
    aigc__loader_free(loader);
    aigc__dataset_release(dataset);
}

/* ---- failures ---- */

typedef struct fault {
    _Atomic uint64_t bad; /* the picture that fails */
    _Atomic size_t calls;
} fault_t;

static int32_t fail_at(uint8_t *bytes, int64_t *label, uint64_t index, void *user)
{
    fault_t *fault = user;
    (void)label;
    atomic_fetch_add(&fault->calls, 1);
    memset(bytes, (int)index, ELEMENTS);
    return index == atomic_load(&fault->bad) ? 5 : 0;
}

static void a_failure_arrives_with_its_batch_and_can_be_retried(void **state)
{
    (void)state;
    for (int background = 0; background < 2; background++) {
        fault_t fault = {.bad = 12};
        aigc_dataset_t *dataset = NULL;
        aigc__batch_t batch;
        check_ok(aigc__dataset_create_callback(
            &dataset, world.context, (const int64_t[]){COUNT, HEIGHT, WIDTH, CHANNELS}, fail_at, &fault, NULL));
        aigc__loader_t *loader =
            open_loader(dataset, (aigc__loader_options_t){.batch_size = 5, .background = background});
        for (int b = 0; b < 2; b++) check_ok(aigc__loader_next(loader, &batch));
        for (int turn = 0; turn < 3; turn++) {
            aigc__fail(AIGC_ERROR_IO, "another sentence");
            check_failure(aigc__loader_next(loader, &batch), AIGC_ERROR_CANCELLED, "answered 5 for picture 12");
        }
        const size_t calls = fault.calls;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        assert_int_equal(calls, fault.calls);
        assert_int_equal(calls, 10 + 3 * 3); /* nobody tries again unasked */
        fault.bad = UINT64_MAX;
        check_ok(aigc__loader_next(loader, &batch));
        assert_int_equal(batch.images[0] * 255 + 0.5f, 10);
        check_ok(aigc__loader_next(loader, &batch));
        assert_int_equal(batch.images[0] * 255 + 0.5f, 15);
        aigc__loader_free(loader);
        aigc__dataset_release(dataset);
    }
}

static int32_t slow(uint8_t *bytes, int64_t *label, uint64_t index, void *user)
{
    (void)label, (void)user;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    memset(bytes, (int)index, ELEMENTS);
    return 0;
}

/* Cancelling while the batch is still being made; then the batch comes after all. */
static void cancelling_ends_the_wait_and_loses_nothing(void **state)
{
    (void)state;
    for (int background = 0; background < 2; background++) {
        aigc_dataset_t *dataset = NULL;
        aigc__batch_t batch;
        check_ok(aigc__dataset_create_callback(&dataset, world.context,
                                               (const int64_t[]){COUNT, HEIGHT, WIDTH, CHANNELS}, slow, NULL, NULL));
        aigc__loader_t *loader =
            open_loader(dataset, (aigc__loader_options_t){.batch_size = 20, .background = background});
        atomic_store(&world.context->cancelled, 1);
        check_failure(aigc__loader_next(loader, &batch), AIGC_ERROR_CANCELLED, "cancel");
        assert_int_equal(atomic_load(&world.context->cancelled), 0);
        check_ok(aigc__loader_next(loader, &batch));
        assert_int_equal(batch.n, 20);
        assert_int_equal(batch.images[0] * 255 + 0.5f, 0);
        aigc__loader_free(loader);
        aigc__dataset_release(dataset);
    }
}

static void *cancel_soon(void *arg)
{
    (void)arg;
    nanosleep(&(struct timespec){.tv_nsec = 15000000}, NULL);
    atomic_store(&world.context->cancelled, 1);
    return NULL;
}

static void cancelling_from_another_thread_is_noticed_while_waiting(void **state)
{
    (void)state;
    for (int background = 0; background < 2; background++) {
        aigc_dataset_t *dataset = NULL;
        aigc__batch_t batch;
        pthread_t thread;
        check_ok(aigc__dataset_create_callback(&dataset, world.context, (const int64_t[]){200, HEIGHT, WIDTH, CHANNELS},
                                               slow, NULL, NULL));
        aigc__loader_t *loader =
            open_loader(dataset, (aigc__loader_options_t){.batch_size = 200, .background = background});
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
        const double start = aigc__now();
        check_failure(aigc__loader_next(loader, &batch), AIGC_ERROR_CANCELLED, "cancel");
        assert_true(aigc__now() - start < 0.3); /* the batch takes 0.4 */
        pthread_join(thread, NULL);
        aigc__loader_free(loader); /* in the middle of a batch */
        aigc__dataset_release(dataset);
    }
}

static void senseless_requests_are_refused(void **state)
{
    (void)state;
    aigc_dataset_t *dataset = pictures(NULL);
    aigc__loader_t *loader = NULL;
    check_failure(aigc__loader_create(&loader, dataset, &(aigc__loader_options_t){.batch_size = 0}),
                  AIGC_ERROR_ARGUMENT, "batch size");
    check_failure(aigc__loader_create(&loader, dataset, &(aigc__loader_options_t){.batch_size = 24, .drop_last = true}),
                  AIGC_ERROR_ARGUMENT, "23 pictures");
    assert_null(loader);
    loader = open_loader(dataset, options());
    check_failure(aigc__loader_seek(loader, 0, 5), AIGC_ERROR_ARGUMENT, "batch 5 of an epoch of 5");
    aigc__loader_free(loader);
    aigc__loader_free(NULL);
    loader = open_loader(dataset, (aigc__loader_options_t){.batch_size = SIZE_MAX}); /* all in one */
    aigc__batch_t batch;
    check_ok(aigc__loader_next(loader, &batch));
    assert_int_equal(batch.n, COUNT);
    aigc__loader_free(loader);
    aigc__dataset_release(dataset);
}

/* Training and validation read the two halves of one dataset at the same time. */
static void two_loaders_share_a_dataset(void **state)
{
    uint64_t hashes[40];
    (void)state;
    aigc_dataset_t *dataset = pictures(NULL), *first = NULL, *second = NULL;
    check_ok(aigc__dataset_split(dataset, 0.5, 1, &first, &second));
    aigc__loader_options_t given = options();
    given.background = true;
    aigc__loader_t *a = open_loader(first, given), *b = open_loader(second, given);
    for (int i = 0; i < 20; i++) {
        read_batches(a, hashes, 2);
        read_batches(b, hashes, 2);
    }
    aigc__dataset_release(dataset);
    aigc__dataset_release(first);
    aigc__dataset_release(second);
    read_batches(a, hashes, 3); /* it keeps what it needs */
    aigc__loader_free(a);
    aigc__loader_free(b);
}

static aigc_status_t load_some(data_world_t *w)
{
    static const int64_t shape[4] = {COUNT, HEIGHT, WIDTH, CHANNELS};
    aigc_dataset_t *dataset = NULL;
    aigc__loader_t *loader = NULL;
    aigc__loader_options_t given = options();
    aigc__batch_t batch;
    aigc_status_t status;
    given.cache_bytes = 1 << 16;
    AIGC__GOTO(done, aigc__dataset_create_callback(&dataset, w->context, shape, slanted, NULL, w->options));
    AIGC__GOTO(done, aigc__loader_create(&loader, dataset, &given));
    AIGC__GOTO(done, aigc__loader_next(loader, &batch));
done:
    aigc__loader_free(loader);
    aigc__dataset_release(dataset);
    return status;
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    data_parse(&world, "classes=4");
    assert_true(data_sweep(&world, load_some) > 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(batches_are_the_same_however_they_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown(an_epoch_shows_every_picture_once, setup, teardown),
        cmocka_unit_test_setup_teardown(without_shuffle_the_order_is_the_datasets, setup, teardown),
        cmocka_unit_test_setup_teardown(a_filled_cache_ends_fetching_and_allocating, setup, teardown),
        cmocka_unit_test_setup_teardown(the_cache_keeps_its_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_stays_until_the_next_is_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(one_batch_is_made_ahead, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_arrives_with_its_batch_and_can_be_retried, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelling_ends_the_wait_and_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelling_from_another_thread_is_noticed_while_waiting, setup, teardown),
        cmocka_unit_test_setup_teardown(senseless_requests_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(two_loaders_share_a_dataset, setup, teardown),
        cmocka_unit_test_setup_teardown(failing_allocations_leave_nothing_behind, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
