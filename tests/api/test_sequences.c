/* 20,000 random sequences of calls on live handles of all kinds, some senseless, with frees in any order: each call
 * succeeds or says why not, what fails writes nothing, and in the end nothing is left. With numbers as arguments it
 * runs those sequences alone. */
#include "base/philox.h"
#include "base/runtime.h"
#include "models/small_world.h"
#include "support/unit.h"
#include "tensor/dlpack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEQUENCES = 20000, LONGEST = 30, ROOM = 6, MOST_CALLS = 24 };

typedef enum kind { CONTEXT, OPTIONS, TENSOR, DATASET, MODEL, KINDS } kind_t;

typedef struct scene {
    test_memory_t memory;
    aigc__random_t random;
    aigc__file_calls_t files; /* those of the system, without waiting for the disk */
    char folder[64];
    void *handles[KINDS][ROOM];
    size_t n[KINDS];
    uint64_t hash;                               /* of all statuses */
    uint64_t calls, successes, fine[MOST_CALLS]; /* fine: of each line of the table below */
} scene_t;

/* ---- choosing ---- */

static uint64_t draw(scene_t *s, uint64_t below) { return aigc__random_below(&s->random, below); }

static bool once_in(scene_t *s, uint64_t n) { return draw(s, n) == 0; }

static void *any(scene_t *s, kind_t kind) { return s->n[kind] ? s->handles[kind][draw(s, s->n[kind])] : NULL; }

/* Mostly a handle of the kind, now and then none or one of another kind. */
static void *pick(scene_t *s, kind_t kind)
{
    if (once_in(s, 50)) return NULL;
    return any(s, once_in(s, 60) ? (kind_t)draw(s, KINDS) : kind);
}

static void *pick_or_none(scene_t *s, kind_t kind) { return once_in(s, 2) ? NULL : pick(s, kind); }

/* ---- keeping and freeing ---- */

static void free_handle(kind_t kind, void *handle)
{
    switch (kind) {
    case CONTEXT:
        aigc_context_free(handle);
        break;
    case OPTIONS:
        aigc_options_free(handle);
        break;
    case TENSOR:
        aigc_tensor_release(handle);
        break;
    case DATASET:
        aigc_dataset_free(handle);
        break;
    default:
        aigc_model_free(handle);
        break;
    }
}

/* Taken out first: freeing may run callbacks. */
static void drop(scene_t *s, kind_t kind, size_t place)
{
    void *handle = s->handles[kind][place];
    s->handles[kind][place] = s->handles[kind][--s->n[kind]];
    free_handle(kind, handle);
}

static void drop_any(scene_t *s, kind_t kind)
{
    if (s->n[kind] > 0) drop(s, kind, (size_t)draw(s, s->n[kind]));
}

static void keep(scene_t *s, kind_t kind, void *handle)
{
    if (handle == NULL) return;
    if (s->n[kind] == ROOM) drop_any(s, kind);
    s->handles[kind][s->n[kind]++] = handle;
}

/* What a call says of itself: success, or a status that misuse can have, and a sentence. */
static bool check(scene_t *s, aigc_status_t status)
{
    s->calls++;
    s->successes += status == AIGC_OK;
    s->hash = (s->hash ^ (uint64_t)(uint32_t)status) * 0x100000001b3u;
    if (status == AIGC_OK) return true;
    const bool is_other_model = strstr(aigc_last_error(), "does not fit the model") != NULL; /* weights of another */
    if (status == AIGC_ERROR_MEMORY || (status == AIGC_ERROR_CORRUPT && !is_other_model) ||
        status == AIGC_ERROR_FORKED || status == AIGC_ERROR_THREAD ||
        strcmp(aigc_status_name(status), "AIGC_ERROR_UNKNOWN") == 0)
        fail_msg("status %s: %s", aigc_status_name(status), aigc_last_error());
    assert_true(strlen(aigc_last_error()) > 10);
    return false;
}

/* A call that makes something, at `place`: kept, or untouched. */
static void made(scene_t *s, kind_t kind, aigc_status_t status, const void *place)
{
    void *handle;
    memcpy(&handle, place, sizeof handle);
    if (!check(s, status)) {
        assert_ptr_equal(handle, s);
        return;
    }
    assert_true(handle != NULL && handle != s);
    keep(s, kind, handle);
}

/* ---- callbacks ---- */

static int32_t draw_picture(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    const int64_t *shape = user;
    memset(pixels, (int)(index * 40), (size_t)(shape[1] * shape[2] * shape[3]));
    *label = (int64_t)index % 2;
    return shape[0] == 5 && index == 4; /* some have a picture that stops everything */
}

/* Frees handles under the running call, or stops it. */
static int32_t on_progress(const aigc_progress_t *progress, void *user)
{
    scene_t *s = user;
    (void)progress;
    if (once_in(s, 3)) drop_any(s, (kind_t)draw(s, KINDS));
    if (once_in(s, 8)) aigc_context_cancel(any(s, CONTEXT));
    return once_in(s, 10);
}

/* ---- calls ---- */

static int no_sync(void *user, int file)
{
    (void)user, (void)file;
    return 0;
}

static int no_folder_sync(void *user, const char *folder)
{
    (void)user, (void)folder;
    return 0;
}

static void call_context(scene_t *s)
{
    aigc_context_t *context = (void *)s;
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, once_in(s, 100)   ? "threads=-1"
                                         : once_in(s, 100) ? "threads=2 cpu=c"
                                                           : "threads=1 cpu=c"));
    const aigc_status_t status = aigc_context_create_with(&context, &s->memory.allocator, options);
    aigc_options_free(options);
    if (status == AIGC_OK) context->files = &s->files;
    made(s, CONTEXT, status, &context);
}

static void call_context_look(scene_t *s)
{
    uint64_t live = 0;
    check(s, aigc_context_memory(pick(s, CONTEXT), &live, NULL));
    check(s, aigc_context_info(pick(s, CONTEXT), NULL, NULL));
    if (once_in(s, 4)) aigc_context_cancel(pick(s, CONTEXT));
}

static void call_options(scene_t *s)
{
    static const char *const texts[] = {"epochs=1 samples=0 batch_size=3",
                                        "n=3",
                                        "seed=5",
                                        "class=1",
                                        "height=8 width=8",
                                        "latent_dim=2 hidden_dim=3",
                                        "beta=2",
                                        "x=\"unclosed",
                                        "learning_rate=0.1",
                                        "columns=2 padding=0",
                                        "n=4 size=8",
                                        "threads=",
                                        "=1",
                                        "seeds=1,2,3",
                                        "epochs=1 samples=0",
                                        "filter=nearest",
                                        "",
                                        "conditional=true classes=2"};
    aigc_options_t *options = (void *)s;
    if (once_in(s, 3)) made(s, OPTIONS, aigc_options_create(&options), &options);
    check(s, aigc_options_parse(pick(s, OPTIONS), texts[draw(s, sizeof texts / sizeof *texts)]));
    if (once_in(s, 4)) check(s, aigc_options_set_int(pick(s, OPTIONS), "seed", (int64_t)draw(s, 9)));
    if (once_in(s, 100)) check(s, aigc_options_set_tensor(pick(s, OPTIONS), "noise", pick(s, TENSOR)));
}

/* Shapes of pictures, latents, labels and things that are none of these. */
static size_t draw_shape(scene_t *s, int64_t shape[4])
{
    const uint64_t what = draw(s, 8);
    const int64_t n = (int64_t)draw(s, 5), pictures[4] = {n, 8, 8, 1}, latents[4] = {n, 2, 1, 1};
    const int64_t odd[4] = {3, (int64_t)draw(s, 4), -1, 1};
    memcpy(shape, what < 5 ? pictures : what < 7 ? latents : odd, 4 * sizeof *shape);
    return what < 5 ? 4 : what < 6 ? 2 : what < 7 ? 1 : (size_t)draw(s, 8);
}

static void call_tensor(scene_t *s)
{
    static const char *const types[] = {"<f4", "|u1", "<i8", ">f8", "|b1", "<c8"};
    static uint8_t bytes[8 * 64 * 8];
    int64_t shape[8] = {0};
    aigc_tensor_t *tensor = (void *)s;
    const size_t rank = draw_shape(s, shape);
    const uint64_t how = draw(s, 8);
    if (how < 3) /* 0 is no type */
        made(s, TENSOR, aigc_tensor_create(&tensor, pick(s, CONTEXT), (aigc_dtype_t)draw(s, 7), rank, shape), &tensor);
    else if (how < 5)
        made(s, TENSOR, aigc_tensor_copy(&tensor, pick(s, CONTEXT), bytes, types[draw(s, 6)], rank, shape, NULL),
             &tensor);
    else if (how < 6)
        made(s, TENSOR, aigc_tensor_convert(&tensor, pick(s, TENSOR), (aigc_dtype_t)draw(s, 7)), &tensor);
    else
        made(s, TENSOR, aigc_tensor_view(&tensor, pick(s, TENSOR), draw(s, 3), rank, shape), &tensor);
}

/* Lent, and taken back in the same or another context. */
static void call_dlpack(scene_t *s)
{
    aigc_tensor_t *tensor = (void *)s;
    void *managed = s;
    if (!check(s, aigc_tensor_to_dlpack(&managed, pick(s, TENSOR), (uint32_t)draw(s, 3)))) {
        assert_ptr_equal(managed, s);
        return;
    }
    const bool is_versioned = ((uint64_t *)managed)[0] == ((uint64_t)1 << 32 | 1); /* else a pointer */
    const aigc_status_t status =
        aigc_tensor_from_dlpack(&tensor, pick(s, CONTEXT), managed, is_versioned, (int32_t)draw(s, 4));
    made(s, TENSOR, status, &tensor);
    if (status == AIGC_OK) return;
    if (is_versioned)
        ((aigc__dlpack_versioned_t *)managed)->deleter(managed);
    else
        ((aigc__dlpack_t *)managed)->deleter(managed);
}

static void call_tensor_look(scene_t *s)
{
    const int64_t *shape = NULL;
    uint64_t count = 0;
    aigc_tensor_t *tensor = pick(s, TENSOR);
    check(s, aigc_tensor_shape(tensor, NULL, &shape));
    if (check(s, aigc_tensor_info(tensor, NULL, &count, NULL)) && count > 0) assert_non_null(aigc_tensor_data(tensor));
    aigc_tensor_retain(tensor);
    aigc_tensor_release(tensor);
}

static void call_image(scene_t *s)
{
    aigc_tensor_t *tensor = (void *)s;
    if (once_in(s, 2))
        made(s, TENSOR, aigc_image_grid(&tensor, pick(s, TENSOR), pick_or_none(s, OPTIONS)), &tensor);
    else
        made(s, TENSOR, aigc_image_resize(&tensor, pick(s, TENSOR), pick_or_none(s, OPTIONS)), &tensor);
}

/* A kind by name, or by no name; drawn rooms are few and small, for they take long. */
static void call_named_dataset(scene_t *s)
{
    static const char *const kinds[] = {"home-designs", "auto", "callback", "nonsense"};
    aigc_dataset_t *dataset = (void *)s;
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, "n=3 size=16"));
    const aigc_status_t status = aigc_dataset_create(&dataset, pick(s, CONTEXT), kinds[draw(s, 4)], NULL, options);
    aigc_options_free(options);
    made(s, DATASET, status, &dataset);
}

static void call_dataset(scene_t *s)
{
    static int64_t shapes[][4] = {{6, 8, 8, 1}, {5, 8, 8, 1}, {4, 4, 4, 3}};
    aigc_dataset_t *dataset = (void *)s;
    int64_t *shape = shapes[draw(s, 3)];
    aigc_context_t *context = pick(s, CONTEXT);
    aigc_status_t status = AIGC_OK;
    if (once_in(s, 8)) {
        call_named_dataset(s);
        return;
    }
    if (once_in(s, 2))
        status =
            aigc_dataset_create_array(&dataset, context, pick(s, TENSOR), once_in(s, 4) ? pick(s, TENSOR) : NULL, NULL);
    else
        status = aigc_dataset_create_callback(&dataset, context, shape, draw_picture, shape, pick_or_none(s, OPTIONS));
    made(s, DATASET, status, &dataset);
}

static void call_split(scene_t *s)
{
    aigc_dataset_t *first = (void *)s, *second = (void *)s;
    const aigc_status_t status =
        aigc_dataset_split(pick(s, DATASET), (double)draw(s, 12) / 10, draw(s, 3), &first, &second);
    made(s, DATASET, status, &first);
    if (status == AIGC_OK)
        keep(s, DATASET, second);
    else
        assert_ptr_equal(second, s);
}

static void call_batch(scene_t *s)
{
    const int64_t indices[] = {(int64_t)draw(s, 4), (int64_t)draw(s, 4)};
    aigc_tensor_t *images = (void *)s, *labels = (void *)s;
    aigc_dataset_t *dataset = pick(s, DATASET);
    const aigc_status_t status =
        aigc_dataset_batch(dataset, indices, draw(s, 3), &images, once_in(s, 2) ? &labels : NULL);
    made(s, TENSOR, status, &images);
    if (status == AIGC_OK && (void *)labels != (void *)s) keep(s, TENSOR, labels);
}

static void call_dataset_look(scene_t *s)
{
    const char *name = NULL;
    check(s, aigc_dataset_info(pick(s, DATASET), NULL, NULL, NULL, NULL));
    check(s, aigc_dataset_class_name(pick(s, DATASET), (int64_t)draw(s, 3), &name));
    aigc_dataset_count(pick(s, DATASET));
}

/* The first more often than the others, whose plans take longer to make. */
static void draw_kind(scene_t *s)
{
    size_t n = 0;
    while (small_kinds[n].name) n++;
    small_kind = &small_kinds[once_in(s, 4) ? draw(s, n) : 0];
}

static void call_model(scene_t *s)
{
    static const char *const texts[] = {SMALL_SIZE " latent_dim=2", "latent_dim=2", "latent_dim=2 conditional=true",
                                        "latent_dim=-1"};
    aigc_model_t *model = (void *)s;
    const char *more = texts[draw(s, 8) % 7 % 4];
    draw_kind(s);
    made(s, MODEL, small_model_create(&model, pick(s, CONTEXT), more), &model);
}

static void call_model_look(scene_t *s)
{
    const char *text = NULL;
    uint64_t bytes = 0;
    aigc_tensor_t *parameter = (void *)s;
    aigc_model_t *model = pick(s, MODEL);
    check(s, aigc_model_config(model, &text, NULL));
    check(s, aigc_model_option(model, draw(s, 11), &text, NULL));
    if (once_in(s, 3)) check(s, aigc_model_memory(model, once_in(s, 2) ? "generate" : "swim", NULL, &bytes));
    made(s, TENSOR, aigc_model_parameter(model, draw(s, 12), &text, &parameter), &parameter);
}

static void call_train_step(scene_t *s)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    check(s, aigc_model_train_step(pick(s, MODEL), pick(s, TENSOR), once_in(s, 5) ? pick(s, TENSOR) : NULL,
                                   once_in(s, 4) ? pick(s, OPTIONS) : NULL, once_in(s, 2) ? &metrics : NULL));
}

/* One short epoch, or whatever a random set of options says; sometimes a file is written. */
static void call_train(scene_t *s)
{
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, once_in(s, 4) ? "epochs=2 samples=0 batch_size=4 validation_split=0.3"
                                                       : "epochs=1 samples=0 batch_size=4"));
    aigc_model_t *model = pick(s, MODEL);
    aigc_dataset_t *dataset = pick(s, DATASET), *validation = once_in(s, 5) ? pick(s, DATASET) : NULL;
    check(s, aigc_model_train(model, dataset, validation, options, once_in(s, 2) ? on_progress : NULL, s));
    aigc_options_free(options);
}

static void call_evaluate(scene_t *s)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc_model_t *model = pick(s, MODEL);
    aigc_dataset_t *dataset = pick(s, DATASET), *real = pick(s, DATASET);
    const aigc_progress_fn progress = once_in(s, 2) ? on_progress : NULL;
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    if (!once_in(s, 100)) check_ok(aigc_options_parse(options, "samples=0"));
    check(s, aigc_model_evaluate(model, dataset, options, &metrics, progress, s));
    aigc_options_free(options);
    if (once_in(s, 100)) check(s, aigc_dataset_compare(dataset, real, NULL, &metrics, progress, s));
}

static void call_sample(scene_t *s)
{
    aigc_tensor_t *out = (void *)s;
    aigc_model_t *model = pick(s, MODEL);
    aigc_tensor_t *in = pick(s, TENSOR), *labels = once_in(s, 5) ? pick(s, TENSOR) : NULL;
    aigc_options_t *options = once_in(s, 3) ? pick(s, OPTIONS) : NULL;
    aigc_status_t status = AIGC_OK;
    switch (draw(s, 6)) {
    case 0:
        status = aigc_model_generate(&out, model, options);
        break;
    case 1:
    case 2:
        status = aigc_model_encode(&out, model, in, labels, options);
        break;
    case 3:
        status = aigc_model_decode(&out, model, in, labels, options);
        break;
    case 4:
        status = aigc_model_reconstruct(&out, model, in, labels, options);
        break;
    default:
        status = aigc_model_interpolate(&out, model, once_in(s, 2) ? in : NULL, labels, options);
        break;
    }
    made(s, TENSOR, status, &out);
}

/* Saved, and loaded into the same or another context. */
static void call_files(scene_t *s)
{
    char path[96];
    aigc_model_t *model = (void *)s, *known = pick(s, MODEL);
    snprintf(path, sizeof path, "%s/m.safetensors", s->folder);
    if (once_in(s, 2)) check(s, aigc_model_save(known, path, NULL));
    if (once_in(s, 2))
        made(s, MODEL, aigc_model_load(&model, pick(s, CONTEXT), path, NULL), &model);
    else
        check(s, aigc_model_load_weights(known, path, NULL));
}

static void call_free(scene_t *s)
{
    const kind_t kind = (kind_t)draw(s, KINDS);
    if (once_in(s, 10))
        free_handle((kind_t)draw(s, KINDS), NULL);
    else
        drop_any(s, kind);
}

/* How often of a hundred; what makes threads, plans or files is rare, for it takes long. */
static const struct {
    void (*run)(scene_t *s);
    unsigned share;
} calls[] = {
    {call_context, 2}, {call_context_look, 4}, {call_options, 10},     {call_tensor, 22}, {call_dlpack, 7},
    {call_image, 4},   {call_tensor_look, 6},  {call_dataset, 8},      {call_split, 3},   {call_batch, 4},
    {call_model, 6},   {call_model_look, 4},   {call_train_step, 3},   {call_train, 1},   {call_evaluate, 1},
    {call_sample, 4},  {call_files, 1},        {call_dataset_look, 3}, {call_free, 7},
};

enum { CALLS = sizeof calls / sizeof *calls };
_Static_assert(sizeof calls / sizeof *calls <= MOST_CALLS, "room for counts");

static void any_call(scene_t *s)
{
    const uint64_t before = s->successes;
    uint64_t place = draw(s, 100);
    size_t k = 0;
    while (place >= calls[k].share) place -= calls[k++].share;
    calls[k].run(s);
    s->fine[k] += s->successes - before;
}

/* In any order of kinds. */
static void free_all(scene_t *s)
{
    while (s->n[CONTEXT] + s->n[OPTIONS] + s->n[TENSOR] + s->n[DATASET] + s->n[MODEL] > 0)
        drop_any(s, (kind_t)draw(s, KINDS));
}

/* Handles that fit each other, as random ones seldom do. */
static void make_fitting(scene_t *s)
{
    aigc_tensor_t *images = NULL;
    aigc_dataset_t *dataset = NULL;
    aigc_model_t *model = NULL;
    aigc_options_t *options = NULL;
    aigc_context_t *context = any(s, CONTEXT);
    check_ok(aigc_options_create(&options));
    draw_kind(s);
    check_ok(aigc_options_parse(options, "learning_rate=0.01"));
    check_ok(aigc_tensor_create(&images, context, AIGC_DTYPE_U8, 4, (int64_t[]){6, 8, 8, 1}));
    check_ok(aigc_dataset_create_array(&dataset, context, images, NULL, NULL));
    check_ok(small_model_create(&model, context, SMALL_SIZE " latent_dim=2"));
    keep(s, OPTIONS, options);
    keep(s, TENSOR, images);
    keep(s, DATASET, dataset);
    keep(s, MODEL, model);
}

static void run_sequence(scene_t *s, uint64_t number)
{
    aigc__random_init(&s->random, (aigc__stream_t){number, 77, 0});
    const uint64_t length = 1 + draw(s, LONGEST - 1);
    call_context(s);
    if (s->n[CONTEXT] > 0 && once_in(s, 3)) make_fitting(s);
    for (uint64_t k = 1; k < length; k++) any_call(s);
    free_all(s);
    if (s->memory.blocks != 0 || s->memory.mistakes != 0)
        fail_msg("sequence %llu leaves something", (unsigned long long)number);
}

static void scene_begin(scene_t *s)
{
    memset(s, 0, sizeof *s);
    test_memory_init(&s->memory);
    s->files = aigc__posix_files;
    s->files.sync = no_sync;
    s->files.sync_folder = no_folder_sync;
    strcpy(s->folder, "/tmp/aigc-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
}

static void scene_end(scene_t *s)
{
    char path[96];
    snprintf(path, sizeof path, "%s/m.safetensors", s->folder);
    remove(path);
    assert_int_equal(remove(s->folder), 0); /* no other file is left */
}

static void sequences_of_calls_do_no_harm(void **state)
{
    scene_t s;
    (void)state;
    scene_begin(&s);
    for (uint64_t number = 0; number < SEQUENCES; number++) run_sequence(&s, number);
    print_message("%llu calls, %llu of them fine\n", (unsigned long long)s.calls, (unsigned long long)s.successes);
    for (size_t k = 0; k + 1 < CALLS; k++) /* all but freeing */
        if (s.fine[k] < 200) fail_msg("line %zu succeeded %llu times only", k, (unsigned long long)s.fine[k]);
    assert_true(s.calls > 200000);
    assert_true(s.successes > s.calls / 3 && s.calls - s.successes > s.calls / 20);
    scene_end(&s);
}

/* The same sequences end in the same way. */
static void sequences_repeat(void **state)
{
    uint64_t hashes[2];
    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        scene_t s;
        scene_begin(&s);
        for (uint64_t number = 0; number < 500; number++) run_sequence(&s, number);
        hashes[pass] = s.hash;
        scene_end(&s);
    }
    assert_int_equal(hashes[0], hashes[1]);
}

static int run_these(int argc, char **argv)
{
    scene_t s;
    scene_begin(&s);
    for (int k = 1; k < argc; k++) run_sequence(&s, (uint64_t)strtoull(argv[k], NULL, 10));
    scene_end(&s);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_of_calls_do_no_harm),
        cmocka_unit_test(sequences_repeat),
    };
    return argc > 1 ? run_these(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
