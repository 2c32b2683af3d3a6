/* Every exported function with every handle it must not take: none, of another kind, freed. The list is
 * handle_calls.def; a function that is not in it makes the test fail. */
#include "base/runtime.h"
#include "models/small_world.h"
#include "support/unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory that outlives what was freed, so that it can be looked at ---- */

enum { MOST_BLOCKS = 4096 };

typedef struct keeper {
    void *blocks[MOST_BLOCKS];
    size_t n, freed;
} keeper_t;

static void *keeper_alloc(size_t bytes, void *user)
{
    keeper_t *keeper = user;
    assert_true(keeper->n < MOST_BLOCKS);
    return keeper->blocks[keeper->n++] = malloc(bytes);
}

static void keeper_free(void *block, size_t bytes, void *user)
{
    (void)block, (void)bytes;
    ((keeper_t *)user)->freed++;
}

/* ---- a handle of every kind, alive and freed ---- */

typedef enum kind { CONTEXT, OPTIONS, TENSOR, DATASET, MODEL, WEIGHTS, KINDS } kind_t;

/* What a call could write to. */
typedef struct outputs {
    aigc_context_t *context;
    aigc_tensor_t *tensor;
    aigc_dataset_t *dataset, *second;
    aigc_model_t *model;
    void *managed;
    const char *text;
    uint64_t bytes;
    int64_t number;
    size_t rank;
    aigc_option_info_t row;
    aigc_metrics_t metrics;
    aigc_weights_t *weights;
    aigc_weights_entry_t entry;
    aigc_weights_value_t value;
} outputs_t;

typedef struct everything {
    keeper_t keeper;
    small_world_t world; /* its context is this one */
    aigc_context_t *context;
    aigc_options_t *options;
    aigc_tensor_t *images, *latents, *latent;
    aigc_dataset_t *dataset;
    aigc_model_t *model;
    aigc_weights_t *weights;
    void *alive[KINDS], *freed[KINDS]; /* options have no allocator: no freed ones */
    int64_t shape[4], indices[1];
    double floats[1];
    outputs_t untouched, out;
} everything_t;

static int32_t no_picture(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    (void)pixels, (void)label, (void)index, (void)user;
    return 1;
}

static aigc_context_t *make_context(keeper_t *keeper)
{
    const aigc_allocator_t allocator = {
        .struct_size = sizeof allocator, .alloc = keeper_alloc, .free = keeper_free, .user = keeper};
    aigc_context_t *context = NULL;
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_parse(options, "threads=1"));
    check_ok(aigc_context_create_with(&context, &allocator, options));
    aigc_options_free(options);
    return context;
}

static void make_freed(everything_t *e)
{
    aigc_context_t *context = make_context(&e->keeper);
    aigc_tensor_t *tensor = small_pictures(&e->world, 2);
    aigc_dataset_t *dataset = small_dataset(&e->world, 4);
    aigc_model_t *model = small_model(&e->world, SMALL_SIZE);
    aigc_weights_t *weights = NULL;
    check_ok(aigc_weights_open(&weights, context, AIGC_TEST_WEIGHTS "/small_p5.pkl", NULL));
    e->freed[WEIGHTS] = weights;
    e->freed[CONTEXT] = context;
    e->freed[TENSOR] = tensor;
    e->freed[DATASET] = dataset;
    e->freed[MODEL] = model;
    aigc_context_free(context);
    aigc_tensor_release(tensor);
    aigc_dataset_free(dataset);
    aigc_model_free(model);
    aigc_weights_free(weights);
}

static int begin(void **state)
{
    everything_t *e = calloc(1, sizeof *e);
    e->context = e->world.context = make_context(&e->keeper);
    e->options = small_options(&e->world, "", NULL);
    e->images = small_pictures(&e->world, 4);
    e->dataset = small_dataset(&e->world, 8);
    e->model = small_model(&e->world, SMALL_SIZE);
    check_ok(aigc_tensor_create(&e->latents, e->context, AIGC_DTYPE_F32, 2, (int64_t[]){4, 4}));
    check_ok(aigc_tensor_view(&e->latent, e->latents, 0, 2, (int64_t[]){1, 4}));
    check_ok(aigc_weights_open(&e->weights, e->context, AIGC_TEST_WEIGHTS "/small_p5.pkl", NULL));
    make_freed(e);
    e->alive[WEIGHTS] = e->weights;
    e->alive[CONTEXT] = e->context;
    e->alive[OPTIONS] = e->options;
    e->alive[TENSOR] = e->images;
    e->alive[DATASET] = e->dataset;
    e->alive[MODEL] = e->model;
    memcpy(e->shape, (int64_t[]){4, 8, 8, 1}, sizeof e->shape);
    memset(&e->untouched, 0xA5, sizeof e->untouched);
    e->untouched.row.struct_size = sizeof e->untouched.row;
    e->untouched.metrics.struct_size = sizeof e->untouched.metrics;
    e->untouched.entry.struct_size = sizeof e->untouched.entry;
    e->untouched.value.struct_size = sizeof e->untouched.value;
    *state = e;
    return 0;
}

static int end(void **state)
{
    everything_t *e = *state;
    aigc_tensor_release(e->latent);
    aigc_tensor_release(e->latents);
    aigc_tensor_release(e->images);
    aigc_dataset_free(e->dataset);
    aigc_model_free(e->model);
    aigc_weights_free(e->weights);
    aigc_options_free(e->options);
    aigc_context_free(e->context);
    assert_int_equal(e->keeper.freed, e->keeper.n); /* nothing lost a reference or got one too many */
    for (size_t i = 0; i < e->keeper.n; i++) free(e->keeper.blocks[i]);
    free(e);
    return 0;
}

/* ---- the calls ---- */

/* For functions without a status: RETURNED says nothing, CODE that the answer was that of a bad handle. */
enum { RETURNED = 1, CODE = 2 };

typedef struct call {
    const char *function, *text;
    bool takes_handle, is_optional;
    kind_t kind;
    aigc_status_t (*run)(everything_t *e, outputs_t *out, void *h);
} call_t;

#define NAME_AT(line) call_##line
#define NAME(line) NAME_AT(line)
#define HANDLE(function, kind, is_optional, call)                                                                      \
    static aigc_status_t NAME(__LINE__)(everything_t * e, outputs_t * out, void *h)                                    \
    {                                                                                                                  \
        (void)e, (void)out;                                                                                            \
        return call;                                                                                                   \
    }
#define POINTER(function, call) HANDLE(function, KINDS, false, call)
#define NOTHING(function)
#include "handle_calls.def"
#undef HANDLE
#undef POINTER
#undef NOTHING

static const call_t calls[] = {
#define HANDLE(function, kind, is_optional, call) {#function, #call, true, is_optional, kind, NAME(__LINE__)},
#define POINTER(function, call) {#function, #call, false, false, KINDS, NAME(__LINE__)},
#define NOTHING(function) {#function, "", false, true, KINDS, NULL},
#include "handle_calls.def"
#undef HANDLE
#undef POINTER
#undef NOTHING
};

enum { CALLS = sizeof calls / sizeof *calls };

/* What the model's kind cannot do at all is said first. */
static bool is_beyond(aigc_status_t status)
{
    return status == AIGC_ERROR_UNSUPPORTED && strstr(aigc_last_error(), " cannot ") && small_kind != small_kinds;
}

/* A status or none, a sentence, untouched outputs. */
static void refused(everything_t *e, const call_t *call, void *h, aigc_status_t expected, const char *what)
{
    e->out = e->untouched;
    aigc__fail(AIGC_OK, "%s", "");
    const aigc_status_t status = call->run(e, &e->out, h);
    const size_t length = strlen(aigc_last_error());
    const bool is_good = status == RETURNED
                             ? h == NULL || length > 10 || strstr(call->text, "cancel") != NULL
                             : (status == CODE || status == expected || is_beyond(status)) && length > 10;
    if (!is_good) print_error("%s with %s: status %d, '%s'\n", call->text, what, (int)status, aigc_last_error());
    assert_true(is_good);
    assert_memory_equal(&e->out, &e->untouched, sizeof e->out);
}

static void null_is_refused(void **state)
{
    everything_t *e = *state;
    for (size_t k = 0; k < CALLS; k++)
        if (calls[k].run && !calls[k].is_optional) refused(e, &calls[k], NULL, AIGC_ERROR_ARGUMENT, "NULL");
}

static void handles_of_another_kind_are_refused(void **state)
{
    static const char *const names[] = {"a context", "options", "a tensor", "a dataset", "a model", "weights"};
    everything_t *e = *state;
    size_t tried = 0;
    for (size_t k = 0; k < CALLS; k++)
        for (kind_t kind = CONTEXT; kind < KINDS && calls[k].takes_handle; kind++, tried++)
            if (kind != calls[k].kind) refused(e, &calls[k], e->alive[kind], AIGC_ERROR_HANDLE, names[kind]);
    assert_true(tried > 400);
}

static void freed_handles_are_refused(void **state)
{
    everything_t *e = *state;
    for (size_t k = 0; k < CALLS; k++)
        for (kind_t kind = CONTEXT; kind < KINDS && calls[k].takes_handle; kind++)
            if (e->freed[kind]) refused(e, &calls[k], e->freed[kind], AIGC_ERROR_HANDLE, "a freed handle");
}

static void every_exported_function_is_tried(void **state)
{
    size_t size = 0;
    char *text = read_file(AIGC_TEST_EXPORTED, &size);
    (void)state;
    assert_non_null(text);
    for (char *name = strtok(text, "\n"); name; name = strtok(NULL, "\n")) {
        bool is_tried = false;
        for (size_t k = 0; k < CALLS; k++) is_tried = is_tried || strcmp(calls[k].function, name) == 0;
        if (!is_tried && name[0] != '#') fail_msg("%s has no line in handle_calls.def", name);
    }
    free(text);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(null_is_refused),
        TEST(handles_of_another_kind_are_refused),
        TEST(freed_handles_are_refused),
        cmocka_unit_test(every_exported_function_is_tried),
    };
    return run_on_all_kinds(tests);
}
