/* A training that was stopped anywhere goes on bit for bit, whatever its options; what cannot go on says why
 * and leaves everything as it was. */
#include "base/runtime.h"
#include "models/network.h"
#include "small_world.h"
#include "support/unit.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PICTURES = 50, VALIDATION = 12 };

/* Where a run is cancelled: at the how-manieth picture that is fetched for training or validation, or the
 * how-manieth file that is put in place; 0: nowhere. */
typedef struct stop {
    int picture, validation, rename;
} stop_t;

typedef struct source {
    aigc_context_t *context;
    int count, cancel_at;
} source_t;

static int32_t draw(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    source_t *source = user;
    for (int64_t i = 0; i < WORLD_PIXELS; i++) {
        const int64_t along = index % 2 ? i / WORLD_SIDE : i % WORLD_SIDE;
        pixels[i] = (uint8_t)(along == 1 + (int64_t)index / 2 % 6 ? 250 - index : index % 5 * 9);
    }
    *label = (int64_t)index % 2;
    if (++source->count == source->cancel_at) aigc_context_cancel(source->context);
    return 0;
}

static aigc_dataset_t *drawn(source_t *source, int64_t n)
{
    aigc_dataset_t *dataset = NULL;
    aigc_options_t *options = NULL;
    check_ok(aigc_options_create(&options));
    check_ok(aigc_options_set_int(options, "classes", 2));
    check_ok(aigc_dataset_create_callback(&dataset, source->context, (int64_t[]){n, WORLD_SIDE, WORLD_SIDE, 1}, draw,
                                          source, options));
    aigc_options_free(options);
    return dataset;
}

/* The rename that is counted knows whom to cancel by this; each run sets it. */
typedef struct hook {
    aigc__file_calls_t calls;
    source_t renames;
} hook_t;

static int counted_rename(void *user, const char *from, const char *to)
{
    hook_t *hook = user;
    const int result = aigc__posix_files.rename(NULL, from, to);
    if (++hook->renames.count == hook->renames.cancel_at) aigc_context_cancel(hook->renames.context);
    return result;
}

typedef struct options {
    const char *model, *train;
    bool validates;
} options_t;

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

static int32_t check_progress(const aigc_progress_t *progress, void *user)
{
    (void)user;
    assert_true(progress->epoch >= 1 && progress->epoch <= progress->epochs);
    assert_true(progress->step >= 1 && progress->step <= progress->steps);
    assert_true(progress->seconds >= 0 && progress->seconds_left >= -1 && progress->seconds_left < 1e6);
    assert_true(progress->metrics->count == small_kind->n_metrics && progress->metrics->step > 0);
    return 0;
}

/* In a world of its own; leaves <output>.safetensors and its companions in `folder`. */
static aigc_status_t train_once(const char *folder, int threads, const options_t *options, const char *more,
                                const char *output, stop_t stop)
{
    small_world_t world;
    char path[128];
    small_world_begin(&world, threads);
    source_t train = {world.context, 0, stop.picture}, check = {world.context, 0, stop.validation};
    hook_t hook = {aigc__posix_files, {world.context, 0, stop.rename}};
    hook.calls.rename = counted_rename;
    hook.calls.sync = no_sync; /* no power is lost here */
    hook.calls.sync_folder = no_folder_sync;
    hook.calls.user = &hook;
    world.context->files = &hook.calls;
    aigc_dataset_t *data = drawn(&train, PICTURES), *validation = options->validates ? drawn(&check, VALIDATION) : NULL;
    aigc_model_t *model = small_model(&world, options->model);
    aigc_options_t *given = small_options(&world, "batch_size=16 seed=3 samples=4 cache=0 save_seconds=0", NULL);
    check_ok(aigc_options_parse(given, options->train));
    check_ok(aigc_options_parse(given, more));
    snprintf(path, sizeof path, "%s/%s.safetensors", folder, output);
    check_ok(aigc_options_set_string(given, "output", path));
    const aigc_status_t status = aigc_model_train(model, data, validation, given, check_progress, NULL);
    aigc_options_free(given);
    aigc_model_free(model);
    aigc_dataset_free(data);
    aigc_dataset_free(validation);
    world.context->files = &aigc__posix_files;
    small_world_end(&world);
    return status;
}

/* The metrics of a run without its times. */
static char *timeless(const small_world_t *world, const char *name)
{
    size_t size = 0;
    char *text = read_file(small_path(world, name), &size);
    assert_non_null(text);
    for (char *at = text; (at = strstr(at, "\"seconds\": ")) != NULL;) {
        char *end = strchr(at, ',');
        memmove(at, end, strlen(end) + 1);
    }
    return text;
}

static void assert_same_run(const small_world_t *world, const char *a, const char *b)
{
    static const char *const tails[] = {".safetensors", ".state.safetensors"};
    char first[64], second[64], command[384];
    for (size_t k = 0; k < 2; k++) {
        snprintf(first, sizeof first, "%s%s", a, tails[k]);
        snprintf(second, sizeof second, "%s%s", b, tails[k]);
        assert_true(files_equal(small_path(world, first), small_path(world, second)));
    }
    snprintf(first, sizeof first, "%s.metrics.jsonl", a);
    snprintf(second, sizeof second, "%s.metrics.jsonl", b);
    char *one = timeless(world, first), *other = timeless(world, second);
    assert_string_equal(one, other);
    free(one);
    free(other);
    snprintf(command, sizeof command,
             "cd '%s'; [ ! -e %s.samples ] && [ ! -e %s.samples ] || diff -r %s.samples %s.samples", world->folder, a,
             b, a, b);
    assert_int_equal(system(command), 0);
}

static const options_t combinations[] = {
    {"", "epochs=3", false},
    {"", "epochs=3 ema=0.9 flip=true", false},
    {"conditional=true", "epochs=3 ema=0.5 validation_split=0.2", false},
    {"loss=mse sigma=0.3", "epochs=3 optimizer=adamw weight_decay=0.1 validation_split=0.3", false},
    {"", "epochs=3 optimizer=sgd learning_rate=1e-3 nesterov=true flip=true", true},
    {"conditional=true", "epochs=3 optimizer=rmsprop momentum=0.5 shuffle=false ema=0.99", true},
    {"hidden_dim=12,9", "epochs=3 schedule=cosine warmup_steps=3 gradient_clip=5", true},
    {"", "epochs=3 schedule=linear final_rate=0.1 batch_size=7 beta=0.5", false},
    {"", "epochs=3 batch_size=64 optimizer=sgd momentum=0", false},
    {"architecture=conv widths=4,6", "epochs=3 ema=0.9 flip=true", true},
    {"", "epochs=3 ema=0.9 samples_every=3", true},
    {"conditional=true", "epochs=3 samples_every=1 validation_split=0.2", false},
};

static const options_t of_gans[] = {
    {"conditional=true", "epochs=3 schedule=linear discriminator_rate=1e-3 gradient_clip=0.1 flip=true", false},
    {"", "epochs=3 ema=0 loss=relativistic r1=1 r2=0.1 regularise_every=2 validation_split=0.2", false},
};

/* How many of the runs were stopped. */
static size_t stop_anywhere(const options_t *options)
{
    static const stop_t stops[] = {{1, 0, 0}, {33, 0, 0}, {60, 0, 0}, {101, 0, 0}, {150, 0, 0},
                                   {0, 1, 0}, {0, 20, 0}, {0, 0, 1},  {0, 0, 2},   {0, 0, 4}};
    size_t stopped = 0;
    small_world_t world;
    small_world_begin(&world, 1);
    check_ok(train_once(world.folder, 1, options, "", "straight", (stop_t){0, 0, 0}));
    for (size_t k = 0; k < sizeof stops / sizeof *stops; k += small_kind == small_kinds ? 1 : 3) {
        char name[16];
        snprintf(name, sizeof name, "parts%zu", k);
        /* in three parts: the second is stopped where the first was, counted from its own beginning */
        const aigc_status_t first = train_once(world.folder, 2, options, "", name, stops[k]);
        const aigc_status_t second = train_once(world.folder, 1, options, "resume=true", name, stops[k]);
        assert_true(first == AIGC_OK || first == AIGC_ERROR_CANCELLED);
        if (second != AIGC_OK && second != AIGC_ERROR_CANCELLED) print_error("%zu: %s\n", k, aigc_last_error());
        assert_true(second == AIGC_OK || second == AIGC_ERROR_CANCELLED);
        stopped += (size_t)(first != AIGC_OK) + (size_t)(second != AIGC_OK);
        check_ok(train_once(world.folder, 3, options, "resume=true", name, (stop_t){0, 0, 0}));
        assert_same_run(&world, "straight", name);
    }
    small_world_end(&world);
    return stopped;
}

/* With what the row has, and with classes and pictures for validation. */
static void any_training_stopped_anywhere_goes_on(void **state)
{
    char train[256];
    (void)state;
    snprintf(train, sizeof train, "epochs=3 %s", small_kind->train);
    assert_true(stop_anywhere(&(options_t){"", train, true}) > 2); /* or the stops were nowhere */
    assert_true(stop_anywhere(&(options_t){"conditional=true", train, false}) > 1);
}

static void a_vae_with_any_options_goes_on(void **state)
{
    size_t stopped = 0;
    (void)state;
    for (size_t k = 0; k < sizeof combinations / sizeof *combinations; k++) stopped += stop_anywhere(&combinations[k]);
    assert_true(stopped > 80);
}

static void a_gan_with_any_options_goes_on(void **state)
{
    (void)state;
    if (strcmp(small_kind->kind, "gan") != 0) return;
    for (size_t k = 0; k < sizeof of_gans / sizeof *of_gans; k++) assert_true(stop_anywhere(&of_gans[k]) > 1);
}

/* ---- what is saved is needed ---- */

/* A state from the end of an epoch, before it is looked back at, for runs that each find another part of it changed. */
typedef struct control {
    small_world_t world;
    options_t options;
    char *state;
    size_t size, changes, refusals, n_spectral, shown_spectral;
} control_t;

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* Resumed from the changed bytes, the training fails or leaves other files than the straight one. */
static void must_show(control_t *c, const char *what)
{
    write_file(small_path(&c->world, "parts.state.safetensors"), c->state, c->size);
    const aigc_status_t status = train_once(c->world.folder, 1, &c->options, "resume=true", "parts", (stop_t){0, 0, 0});
    bool shows = status != AIGC_OK;
    if (!shows) {
        char *a = timeless(&c->world, "straight.metrics.jsonl"), *b = timeless(&c->world, "parts.metrics.jsonl");
        shows =
            strcmp(a, b) != 0 ||
            !files_equal(small_path(&c->world, "straight.safetensors"), small_path(&c->world, "parts.safetensors")) ||
            !files_equal(small_path(&c->world, "straight.state.safetensors"),
                         small_path(&c->world, "parts.state.safetensors"));
        free(a);
        free(b);
    }
    const bool is_spectral = strstr(what, ".weight_u") != NULL; /* of a weight with one row it is always the same */
    c->n_spectral += is_spectral;
    c->shown_spectral += is_spectral && shows;
    if (!shows && !is_spectral) fail_msg("%s: a change of %s does not show", small_kind->name, what);
    c->changes++;
    c->refusals += status != AIGC_OK;
}

/* What a step makes anew without looking: the average of running statistics, which is a copy of them, and a spectral
 * norm's second vector, which its first makes. */
static bool is_made_anew(const control_t *c, const char *name)
{
    char moment[192];
    if (strstr(name, ".weight_v")) return true;
    if (strncmp(name, "average.", 8) != 0) return false;
    snprintf(moment, sizeof moment, "\"moment1.%s\"", name + 8);
    return strstr(c->state + 8, moment) == NULL;
}

/* The middle number of each tensor. */
static void change_tensors(control_t *c)
{
    uint64_t header = 0;
    size_t n = 0;
    memcpy(&header, c->state, sizeof header);
    const char *const end = c->state + 8 + header;
    for (const char *at = strstr(c->state + 8, "\":{\"dtype\""); at && at < end; at = strstr(at + 1, "\":{\"dtype\"")) {
        char name[160], *offsets = strstr(at, "\"data_offsets\":[") + 16, *comma;
        const char *begin = at;
        while (begin[-1] != '"') begin--;
        snprintf(name, sizeof name, "%.*s", (int)(at - begin), begin);
        const size_t first = strtoul(offsets, &comma, 10), last = strtoul(comma + 1, NULL, 10);
        char *const place = c->state + 8 + header + first + (last - first) / 8 * 4;
        float kept, changed;
        if (first == last || is_made_anew(c, name)) continue;
        if (small_kind - small_kinds > 1 && !strstr(name, ".weight_u") && n++ % 4 > 0) continue; /* some are enough */
        memcpy(&kept, place, sizeof kept);
        changed = kept + 0.25f;
        memcpy(place, &changed, sizeof changed);
        must_show(c, name);
        memcpy(place, &kept, sizeof kept);
    }
}

/* A digit of each number of the position: where the training stands, the random numbers' seed, sums so far. */
static void change_position(control_t *c)
{
    char *at = strstr(c->state + 8, "\"aigc.position\"") + 16, *const end = strstr(at, "}\"");
    assert_null(strstr(at, "\\\"batch\\\":0"));
    while ((at = strstr(at, "\\\":")) != NULL && at < end) {
        char name[160], *digit = at + 3 + strspn(at + 3, "\\\"");
        const char *begin = at;
        while (begin[-1] != '"') begin--;
        snprintf(name, sizeof name, "%.*s", (int)(at - begin), begin);
        at += 3;
        if (strncmp(name, "sums", 4) == 0) continue; /* an object */
        if (strcspn(digit, ".") > strspn(digit, "-0123456789"))
            digit += strspn(digit, "-0123456789") - 1;
        else
            digit += *digit == '-'; /* the last of a fraction may be lost in a sum */
        const char kept = *digit;
        *digit = kept == '9' ? '8' : (char)(kept + 1);
        must_show(c, name);
        *digit = kept;
    }
}

static void all_of_a_state_is_needed(void **state)
{
    char train[256];
    control_t c = {.options = {"", train, true}};
    (void)state;
    snprintf(train, sizeof train, "%s epochs=2 batch_size=25 samples=0", small_kind->train);
    small_world_begin(&c.world, 1);
    check_ok(train_once(c.world.folder, 1, &c.options, "", "straight", (stop_t){0, 0, 0}));
    assert_int_equal(train_once(c.world.folder, 1, &c.options, "", "parts", (stop_t){0, 1, 0}), AIGC_ERROR_CANCELLED);
    c.state = read_file(small_path(&c.world, "parts.state.safetensors"), &c.size);
    change_tensors(&c);
    change_position(&c);
    write_file(small_path(&c.world, "parts.state.safetensors"), c.state, c.size);
    check_ok(train_once(c.world.folder, 1, &c.options, "resume=true", "parts", (stop_t){0, 0, 0}));
    assert_same_run(&c.world, "straight", "parts"); /* or all of the above proves nothing */
    assert_true(2 * c.shown_spectral >= c.n_spectral);
    print_message("%zu changes of a state, %zu of them refused\n", c.changes, c.refusals);
    free(c.state);
    small_world_end(&c.world);
}

/* ---- within one handle ---- */

typedef struct bench {
    small_world_t world;
    aigc_dataset_t *data;
    aigc_model_t *model;
} bench_t;

static void bench_begin(bench_t *bench, const char *more)
{
    small_world_begin(&bench->world, 2);
    bench->data = small_dataset(&bench->world, PICTURES);
    bench->model = small_model(&bench->world, more);
}

static void bench_end(bench_t *bench)
{
    aigc_model_free(bench->model);
    aigc_dataset_free(bench->data);
    small_world_end(&bench->world);
}

static aigc_status_t bench_train(bench_t *bench, const char *text, const char *output)
{
    aigc_options_t *options = small_options(&bench->world, text, output);
    check_ok(aigc_options_parse(options, "batch_size=16 samples=0"));
    const aigc_status_t status = aigc_model_train(bench->model, bench->data, NULL, options, NULL, NULL);
    aigc_options_free(options);
    return status;
}

static void assert_parameters(bench_t *bench, const float *expected)
{
    size_t n = 0;
    float *found = copy_parameters(bench->model, &n);
    assert_memory_equal(expected, found, n * sizeof *found);
    free(found);
}

static void a_handle_goes_on_without_files(void **state)
{
    bench_t straight, parts;
    size_t n = 0;
    (void)state;
    bench_begin(&straight, "");
    check_ok(bench_train(&straight, "epochs=5 ema=0.9", NULL));
    float *expected = copy_parameters(straight.model, &n);
    bench_begin(&parts, "");
    check_ok(bench_train(&parts, "epochs=2 ema=0.9", NULL));
    check_ok(bench_train(&parts, "epochs=5 ema=0.9 resume=true", NULL));
    assert_parameters(&parts, expected);
    free(expected);
    bench_end(&parts);
    bench_end(&straight);
}

static void a_new_training_starts_its_average_anew(void **state)
{
    bench_t bench;
    (void)state;
    bench_begin(&bench, "");
    check_ok(bench_train(&bench, "epochs=2 ema=0.999", NULL));
    check_ok(bench_train(&bench, "epochs=1 ema=0 seed=1", NULL)); /* the parameters themselves from here */
    float *trained = malloc(aigc__store_trained(bench.model->store) * sizeof *trained);
    memcpy(trained, aigc__store_block(bench.model->store), aigc__store_trained(bench.model->store) * sizeof *trained);
    check_ok(bench_train(&bench, "epochs=1 ema=0.999999 learning_rate=1e-9 seed=2", NULL));
    const float *averaged = aigc__store_block(bench.model->average);
    for (size_t i = 0; i < aigc__store_trained(bench.model->store); i++)
        assert_true(fabsf(trained[i] - averaged[i]) < 1e-6f);
    free(trained);
    bench_end(&bench);
}

static void an_average_may_begin_and_end_with_a_resume(void **state)
{
    bench_t bench;
    size_t n = 0;
    (void)state;
    bench_begin(&bench, "");
    check_ok(bench_train(&bench, "epochs=1 ema=0", "m.safetensors"));
    check_ok(bench_train(&bench, "epochs=2 ema=0.9 resume=true", "m.safetensors"));
    assert_non_null(bench.model->average);
    float *average = copy_parameters(bench.model, &n);
    const float *own = aigc__store_data(bench.model->store, 0);
    assert_memory_not_equal(average, own, 16 * sizeof *own);
    check_ok(bench_train(&bench, "epochs=3 ema=0 resume=true", "m.safetensors"));
    assert_null(bench.model->average);
    free(average);
    bench_end(&bench);
}

/* A tensor over the averaged parameters outlives the average. */
static void lent_parameters_stay_valid(void **state)
{
    bench_t bench;
    aigc_tensor_t *lent = NULL;
    (void)state;
    bench_begin(&bench, "");
    check_ok(bench_train(&bench, "epochs=1 ema=0.9", NULL));
    check_ok(aigc_model_parameter(bench.model, 0, NULL, &lent));
    check_ok(bench_train(&bench, "epochs=1", NULL));
    ((float *)aigc_tensor_data(lent))[0] = 1;
    check_ok(bench_train(&bench, "epochs=1 ema=0.9", NULL));
    ((float *)aigc_tensor_data(lent))[0] = 2;
    aigc_tensor_t *again = NULL;
    check_ok(aigc_model_parameter(bench.model, 0, NULL, &again));
    assert_true(((float *)aigc_tensor_data(again))[0] == 2);
    aigc_tensor_release(again);
    aigc_tensor_release(lent);
    bench_end(&bench);
}

/* ---- what cannot go on ---- */

static void a_refused_resume_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        aigc_status_t status;
        const char *part;
    } refused[] = {
        {"epochs=3 seed=5 resume=true ema=0.9", AIGC_ERROR_STATE, "seed 0, not 5"},
        {"epochs=3 batch_size=10 resume=true ema=0.9", AIGC_ERROR_STATE, "batch_size 16, not 10"},
        {"epochs=3 validation_split=0.2 resume=true ema=0.9", AIGC_ERROR_STATE, "other pictures"},
        {"epochs=3 schedule=cosine warmup_steps=100 resume=true", AIGC_ERROR_OPTION, "warmup_steps"},
        {"epochs=3 optimizer=sgd resume=true ema=0.9", AIGC_ERROR_STATE, "with optimizer adam, not sgd"},
        {"epochs=3 learning_rate=-1 resume=true", AIGC_ERROR_OPTION, "learning_rate"},
    };
    bench_t bench;
    size_t n = 0;
    (void)state;
    bench_begin(&bench, "");
    check_ok(bench_train(&bench, "epochs=1", "m.safetensors"));
    check_ok(bench_train(&bench, "epochs=2 ema=0.5 seed=9", NULL)); /* the handle holds another training now */
    float *before = copy_parameters(bench.model, &n);
    for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
        aigc_options_t *options = small_options(&bench.world, "batch_size=16 samples=0", "m.safetensors");
        check_ok(aigc_options_parse(options, refused[k].text));
        const uint64_t steps = aigc__optimizer_steps(bench.model->optimizer, 0);
        check_failure(aigc_model_train(bench.model, bench.data, NULL, options, NULL, NULL), refused[k].status,
                      refused[k].part);
        assert_int_equal(aigc__optimizer_steps(bench.model->optimizer, 0), steps);
        assert_int_equal(bench.model->position.epoch, 2);
        assert_parameters(&bench, before);
        aigc_options_free(options);
    }
    free(before);
    bench_end(&bench);
}

typedef struct told {
    char text[512];
    int n;
} told_t;

static void note_warning(int32_t level, const char *message, void *user)
{
    told_t *told = user;
    if (level != AIGC_LOG_WARNING) return;
    snprintf(told->text, sizeof told->text, "%s", message);
    told->n++;
}

static void a_change_of_the_course_is_told(void **state)
{
    static const struct {
        const char *text, *part; /* NULL: nothing is said */
    } changes[] = {
        {"epochs=2 ema=0.9", "ema is 0.9 (before: -1)"},
        {"epochs=3 ema=0.9 samples_every=2 save_seconds=1", NULL},
        {"epochs=4 ema=0.9 optimizer=adamw beta=2", "optimizer is adamw (before: adam)"},
        {"epochs=5 ema=0.9 optimizer=adamw beta=2 schedule=cosine", "schedule is cosine (before: constant)"},
        {"epochs=6 ema=0.9 optimizer=adamw beta=2 schedule=cosine", "epochs is 6 (before: 5)"},
        {"epochs=7 schedule=cosine", "ema is -1 (before: 0.9)"},
    };
    (void)state;
    for (int in_files = 0; in_files < 2; in_files++) {
        bench_t bench;
        told_t told = {.n = 0};
        int expected = 0;
        bench_begin(&bench, "");
        check_ok(aigc_context_set_log(bench.world.context, note_warning, &told));
        check_ok(bench_train(&bench, "epochs=1", in_files ? "m.safetensors" : NULL));
        for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
            char text[128];
            snprintf(text, sizeof text, "resume=true %s", changes[k].text);
            check_ok(bench_train(&bench, text, in_files ? "m.safetensors" : NULL));
            if (changes[k].part == NULL) continue;
            assert_int_equal(told.n, ++expected);
            assert_non_null(strstr(told.text, changes[k].part));
        }
        assert_int_equal(told.n, expected);
        bench_end(&bench);
    }
}

static void another_configuration_is_named(void **state)
{
    bench_t bench;
    (void)state;
    bench_begin(&bench, "");
    check_ok(bench_train(&bench, "epochs=1", "m.safetensors"));
    aigc_model_free(bench.model);
    bench.model = small_vae(&bench.world, "latent_dim=7 hidden_dim=16,8");
    check_failure(
        bench_train(&bench, "epochs=2 resume=true", "m.safetensors"), AIGC_ERROR_STATE,
        "another configuration: hidden_dim is [16,8] here and [16] in the file, latent_dim is 7 here and 4 in "
        "the file");
    bench_end(&bench);
}

/* In the state file, the first `from` becomes `to`, of the same length. */
static void change_state(const bench_t *bench, const char *from, const char *to)
{
    const char *path = small_path(&bench->world, "m.state.safetensors");
    size_t size = 0, at = 0;
    char *bytes = read_file(path, &size);
    assert_int_equal(strlen(from), strlen(to));
    while (at + strlen(from) <= size && memcmp(bytes + at, from, strlen(from)) != 0) at++;
    assert_true(at + strlen(from) <= size);
    memcpy(bytes + at, to, strlen(to));
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

static void a_hostile_position_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        aigc_status_t status;
    } changes[] = {
        {"{\\\"version\\\":1", "{\\\"version\\\":2", AIGC_ERROR_CORRUPT},
        {"{\\\"version\\\":1", "[\\\"version\\\":1", AIGC_ERROR_CORRUPT},
        {"\\\"batch\\\":0", "\\\"batch\\\":9", AIGC_ERROR_CORRUPT},
        {"\\\"epoch\\\":1", "\\\"epoch\\\":-", AIGC_ERROR_CORRUPT},
        {"\\\"seed\\\":\\\"0\\\"", "\\\"seed\\\":\\\"x\\\"", AIGC_ERROR_CORRUPT},
        {"\\\"sums\\\":{}", "\\\"sums\\\":[]", AIGC_ERROR_CORRUPT},
        {"\\\"steps\\\":", "\\\"stepz\\\":", AIGC_ERROR_CORRUPT},
        {"aigc.position", "aigc.pozition", AIGC_ERROR_CORRUPT},
        {"aigc.kind", "aigc.kine", AIGC_ERROR_CORRUPT},
        {"\\\"latent_dim\\\":4", "\\\"latent_dim\\\":5", AIGC_ERROR_STATE},
    };
    (void)state;
    for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
        bench_t bench;
        size_t n = 0;
        bench_begin(&bench, "");
        check_ok(bench_train(&bench, "epochs=1", "m.safetensors"));
        float *before = copy_parameters(bench.model, &n);
        change_state(&bench, changes[k].from, changes[k].to);
        check_failure(bench_train(&bench, "epochs=2 resume=true", "m.safetensors"), changes[k].status, "");
        assert_parameters(&bench, before);
        free(before);
        bench_end(&bench);
    }
}

/* One number of a tensor in the state file. */
static void plant(const bench_t *bench, const char *name, float number)
{
    const char *path = small_path(&bench->world, "m.state.safetensors");
    size_t size = 0;
    uint64_t header = 0;
    char *bytes = read_file(path, &size);
    memcpy(&header, bytes, sizeof header);
    const char *entry = strstr(bytes + 8, name);
    assert_non_null(entry);
    const long begin = strtol(strstr(entry, "\"data_offsets\":[") + 16, NULL, 10);
    memcpy(bytes + 8 + header + (size_t)begin + 8, &number, sizeof number);
    FILE *file = fopen(path, "wb");
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    free(bytes);
}

/* The last that has three numbers. */
static const char *last_parameter(const aigc_model_t *model)
{
    size_t k = aigc__store_count(model->store);
    while (aigc__store_parameter(model->store, --k)->role != AIGC__TRAINED ||
           aigc__store_parameter(model->store, k)->count < 3)
        ;
    return aigc__store_parameter(model->store, k)->name;
}

static void bad_numbers_in_a_state_are_named(void **state)
{
    static const struct {
        const char *name;
        float number;
        aigc_status_t status;
    } plants[] = {
        {"parameter.", NAN, AIGC_ERROR_NUMERIC}, {"moment1.", INFINITY, AIGC_ERROR_NUMERIC},
        {"moment2.", NAN, AIGC_ERROR_NUMERIC},   {"average.", -INFINITY, AIGC_ERROR_NUMERIC},
        {"moment2.", -1, AIGC_ERROR_CORRUPT},
    };
    (void)state;
    for (size_t k = 0; k < sizeof plants / sizeof *plants; k++) {
        bench_t bench;
        char name[160];
        size_t n = 0;
        bench_begin(&bench, "");
        check_ok(bench_train(&bench, "epochs=1 ema=0.5", "m.safetensors"));
        float *before = copy_parameters(bench.model, &n);
        snprintf(name, sizeof name, "%s%s", plants[k].name, last_parameter(bench.model));
        plant(&bench, name, plants[k].number);
        char part[10] = {0};
        memcpy(part, plants[k].name, strlen(plants[k].name) - 1);
        check_failure(bench_train(&bench, "epochs=2 ema=0.5 resume=true", "m.safetensors"), plants[k].status, part);
        assert_parameters(&bench, before);
        free(before);
        bench_end(&bench);
    }
}

static int no_access(void *user, const char *path, uint32_t *mode)
{
    (void)user;
    return strstr(path, ".state.") ? -EACCES : aigc__posix_files.mode(NULL, path, mode);
}

/* A state that cannot be reached is not taken for none: a new training would be saved over it. */
static void an_unreachable_state_is_an_error(void **state)
{
    bench_t bench;
    (void)state;
    bench_begin(&bench, "");
    aigc__file_calls_t calls = aigc__posix_files;
    calls.mode = no_access;
    bench.world.context->files = &calls;
    check_failure(bench_train(&bench, "epochs=1 resume=true", "m.safetensors"), AIGC_ERROR_IO, "m.state.safetensors");
    bench.world.context->files = &aigc__posix_files;
    check_ok(bench_train(&bench, "epochs=1 resume=true", "m.safetensors")); /* none there: a new one */
    bench_end(&bench);
}

/* ---- what is broken is not saved over what is good ---- */

static int32_t spoil(const aigc_progress_t *progress, void *user)
{
    bench_t *bench = user;
    if (progress->epoch == 2 && progress->step == progress->steps) aigc__store_data(bench->model->store, 0)[3] = NAN;
    return 0;
}

static void a_broken_model_is_not_saved(void **state)
{
    bench_t bench;
    size_t size = 0;
    (void)state;
    bench_begin(&bench, "");
    check_ok(bench_train(&bench, "epochs=1 ema=0.5", "m.safetensors"));
    for (int saves_soon = 0; saves_soon < 2; saves_soon++) {
        aigc_options_t *options =
            small_options(&bench.world, "epochs=9 batch_size=16 samples=0 ema=0.5 resume=true", "m.safetensors");
        check_ok(aigc_options_set_int(options, "save_seconds", saves_soon ? 0 : 1000));
        assert_int_equal(aigc_model_train(bench.model, bench.data, NULL, options, spoil, &bench), AIGC_ERROR_NUMERIC);
        assert_non_null(strstr(aigc_last_error(), saves_soon ? "step 8" : "step 9"));
        assert_non_null(strstr(aigc_last_error(), aigc__store_parameter(bench.model->store, 0)->name));
        aigc_options_free(options);
    }
    aigc_model_t *saved = NULL;
    check_ok(aigc_model_load(&saved, bench.world.context, small_path(&bench.world, "m.safetensors"), NULL));
    char *text = read_file(small_path(&bench.world, "m.state.safetensors"), &size);
    assert_non_null(strstr(text + 8, "\\\"epoch\\\":1,"));
    free(text);
    aigc_model_free(saved);
    bench_end(&bench);
}

typedef struct names {
    const char *seen[AIGC_MAX_METRICS];
    uint32_t count;
} names_t;

static int32_t note_names(const aigc_progress_t *progress, void *user)
{
    names_t *names = user;
    memcpy(names->seen, progress->metrics->names, sizeof names->seen);
    names->count = progress->metrics->count;
    return 0;
}

/* Names of numbers are static strings, also of numbers that came from a file. */
static void names_outlive_the_model(void **state)
{
    small_world_t world;
    names_t names = {.count = 0};
    const options_t plain = {"", "epochs=1", false};
    (void)state;
    small_world_begin(&world, 1);
    assert_int_equal(train_once(world.folder, 1, &plain, "", "m", (stop_t){49, 0, 0}), AIGC_ERROR_CANCELLED);
    source_t source = {world.context, 0, 0};
    aigc_dataset_t *data = drawn(&source, PICTURES);
    aigc_model_t *model = small_model(&world, "");
    aigc_options_t *options =
        small_options(&world, "epochs=1 batch_size=16 seed=3 samples=0 resume=true", "m.safetensors");
    check_ok(aigc_model_train(model, data, NULL, options, note_names, &names));
    aigc_options_free(options);
    aigc_model_free(model);
    aigc_dataset_free(data);
    small_world_end(&world);
    assert_int_equal(names.count, small_kind->n_metrics);
    const char *const *expected = aigc__model_kind_named(small_kind->kind)->metrics;
    for (size_t k = 0; k < names.count; k++) assert_string_equal(names.seen[k], expected[k]);
}

int main(void)
{
    const struct CMUnitTest of_vaes[] = {
        cmocka_unit_test(a_vae_with_any_options_goes_on),
        cmocka_unit_test(a_change_of_the_course_is_told),
        cmocka_unit_test(another_configuration_is_named),
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_training_stopped_anywhere_goes_on),
        cmocka_unit_test(a_gan_with_any_options_goes_on),
        cmocka_unit_test(all_of_a_state_is_needed),
        cmocka_unit_test(a_handle_goes_on_without_files),
        cmocka_unit_test(a_new_training_starts_its_average_anew),
        cmocka_unit_test(an_average_may_begin_and_end_with_a_resume),
        cmocka_unit_test(lent_parameters_stay_valid),
        cmocka_unit_test(a_refused_resume_changes_nothing),
        cmocka_unit_test(a_hostile_position_is_refused),
        cmocka_unit_test(bad_numbers_in_a_state_are_named),
        cmocka_unit_test(an_unreachable_state_is_an_error),
        cmocka_unit_test(a_broken_model_is_not_saved),
        cmocka_unit_test(names_outlive_the_model),
    };
    return cmocka_run_group_tests(of_vaes, NULL, NULL) + run_on_all_kinds(tests);
}
