#include "models/evaluation.h"
#include "base/sizes.h"
#include "data/loader.h"
#include "models/judge.h"
#include "models/sampling.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BY_DEFAULT = 10000 };

#define AT(member) offsetof(aigc__evaluate_options_t, member)
#define COMMON_ROWS                                                                                                    \
    {"pictures",                                                                                                       \
     AIGC__OPTION_INT,                                                                                                 \
     AT(pictures),                                                                                                     \
     "10000",                                                                                                          \
     2,                                                                                                                \
     1e9,                                                                                                              \
     NULL,                                                                                                             \
     "real pictures that are looked at, at most; taken evenly from all"},                                              \
        {"neighbours",                                                                                                 \
         AIGC__OPTION_INT,                                                                                             \
         AT(neighbours),                                                                                               \
         "3",                                                                                                          \
         1,                                                                                                            \
         AIGC__MOST_NEIGHBOURS,                                                                                        \
         NULL,                                                                                                         \
         "precision and recall: a picture reaches as far as its so-many-th nearest neighbour of its own set"},         \
    {                                                                                                                  \
        "features", AIGC__OPTION_PATH, AT(features), "", 0, 0, NULL,                                                   \
            "model file whose encoding is the feature space: a classifier's or a VAE's (default: a built-in one)"      \
    }

const aigc__option_t aigc__evaluate_rows[] = {
    {"samples", AIGC__OPTION_INT, AT(samples), "-1", -1, 1e9, NULL,
     "pictures that are made (-1: as many as real ones are looked at; 0: none, only losses are measured)"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL,
     "seed of the first made picture, the others follow; names other random numbers too"},
    COMMON_ROWS,
};
const size_t aigc__evaluate_row_count = sizeof aigc__evaluate_rows / sizeof *aigc__evaluate_rows;

const aigc__option_t aigc__compare_rows[AIGC__COMPARE_ROWS] = {
    {"samples", AIGC__OPTION_INT, AT(samples), "10000", 2, 1e9, NULL,
     "made pictures that are looked at, at most; taken evenly from all"},
    COMMON_ROWS,
};

#undef COMMON_ROWS
#undef AT

/* A call's work. */
typedef struct evaluation {
    aigc_context_t *context;
    const aigc__evaluate_options_t *options;
    aigc__judge_t judge;
    aigc__features_t real, made;
    uint64_t *counts; /* of the judge's classes among the made pictures; NULL: it has none */
    int64_t *classes; /* of the real pictures; NULL where nobody asks */
    aigc_metrics_t *metrics;
    aigc_progress_fn progress;
    void *user;
    double began, last_report;
    uint64_t done, all; /* pictures */
} evaluation_t;

/* ---- progress ---- */

static aigc_status_t report(evaluation_t *e, size_t n)
{
    const double now = aigc__now();
    e->done += n;
    if (e->progress == NULL || (e->done < e->all && now - e->last_report < 0.05)) return AIGC_OK;
    e->last_report = now;
    const double seconds = now - e->began;
    const aigc_progress_t so_far = {.struct_size = sizeof so_far,
                                    .phase = "evaluate",
                                    .step = e->done,
                                    .steps = e->all,
                                    .epoch = 1,
                                    .epochs = 1,
                                    .images = e->done,
                                    .seconds = seconds,
                                    .seconds_left = seconds * (double)(e->all - e->done) / (double)e->done,
                                    .metrics = e->metrics};
    const int32_t answer = e->progress(&so_far, e->user);
    if (answer == 0) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CANCELLED, "the measurement was stopped by its progress callback, which returned %d",
                      (int)answer);
}

/* ---- features ---- */

static aigc_status_t new_features(evaluation_t *e, size_t n, aigc__features_t *out)
{
    size_t bytes = 0;
    void *block = NULL;
    AIGC__TRY(aigc__bytes_of(n, e->judge.dim * sizeof(float), &bytes));
    AIGC__TRY(aigc__memory_alloc(&e->context->memory, bytes, &block));
    *out = (aigc__features_t){block, n, e->judge.dim};
    return AIGC_OK;
}

/* Some pictures of a dataset, taken evenly from all. */
static aigc_status_t even_view(aigc_dataset_t *dataset, size_t n, aigc_dataset_t **out)
{
    aigc__memory_t *memory = &dataset->context->memory;
    size_t bytes = 0;
    void *block = NULL;
    AIGC__TRY(aigc__bytes_of(n, sizeof(uint64_t), &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    uint64_t *indices = block;
    const uint64_t whole = dataset->count / n, rest = dataset->count % n;
    for (uint64_t i = 0; i < n; i++) indices[i] = i * whole + i * rest / n;
    const aigc_status_t status = aigc__dataset_view(out, dataset, indices, n);
    aigc__memory_free(memory, block);
    return status;
}

/* Features of a dataset's pictures, and their classes and what the judge takes them for where those are wanted. */
static aigc_status_t look_at(evaluation_t *e, aigc_dataset_t *view, aigc__features_t *features, int64_t *classes,
                             uint64_t *counts)
{
    const aigc__loader_options_t options = {.batch_size = AIGC__JUDGED, .background = true};
    aigc__loader_t *loader = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__loader_create(&loader, view, &options));
    for (size_t first = 0; first < features->n;) {
        aigc__batch_t batch;
        AIGC__GOTO(done, aigc__check_cancel(e->context));
        AIGC__GOTO(done, aigc__loader_next(loader, &batch));
        AIGC__GOTO(done, aigc__judge_pictures(&e->judge, batch.images, batch.n, view->height, view->width,
                                              view->channels, features->rows + first * features->dim, counts));
        if (classes) memcpy(classes + first, batch.labels, batch.n * sizeof *classes);
        first += batch.n;
        AIGC__GOTO(done, report(e, batch.n));
    }
done:
    aigc__loader_free(loader);
    return status;
}

static aigc_status_t look_evenly(evaluation_t *e, aigc_dataset_t *dataset, aigc__features_t *features, int64_t *classes,
                                 uint64_t *counts)
{
    aigc_dataset_t *view = NULL;
    AIGC__TRY(even_view(dataset, features->n, &view));
    const aigc_status_t status = look_at(e, view, features, classes, counts);
    aigc__dataset_release(view);
    return status;
}

/* Made pictures first..first+n-1 of a model. */
static aigc_status_t make(const evaluation_t *e, aigc_model_t *model, size_t first, size_t n, aigc_tensor_t **out)
{
    const aigc__latent_space_t space = aigc__latent_space(model);
    const size_t dim = (size_t)space.dim;
    int64_t seeds[AIGC__JUDGED], labels[AIGC__JUDGED];
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc(&e->context->memory, n * dim * sizeof(float), &block));
    for (size_t i = 0; i < n; i++) {
        seeds[i] = (int64_t)((uint64_t)e->options->seed + first + i);
        labels[i] = e->classes ? e->classes[(first + i) % e->real.n] : 0;
    }
    aigc__latents_draw(e->context, block, seeds, n, dim, 1, 0);
    const aigc_status_t status = aigc__decode_latents(out, model, block, labels, n);
    aigc__memory_free(&e->context->memory, block);
    return status;
}

static aigc_status_t look_at_made(evaluation_t *e, aigc_model_t *model)
{
    for (size_t first = 0; first < e->made.n; first += AIGC__JUDGED) {
        const size_t n = e->made.n - first < AIGC__JUDGED ? e->made.n - first : AIGC__JUDGED;
        aigc_tensor_t *images = NULL;
        AIGC__TRY(aigc__check_cancel(e->context));
        AIGC__TRY(make(e, model, first, n, &images));
        const aigc_status_t status =
            aigc__judge_pictures(&e->judge, images->data, n, images->shape[1], images->shape[2], images->shape[3],
                                 e->made.rows + first * e->made.dim, e->counts);
        aigc__tensor_release(images);
        if (status != AIGC_OK) return aigc__fail_within(status, "made pictures: ");
        AIGC__TRY(report(e, n));
    }
    return AIGC_OK;
}

/* ---- numbers ---- */

static void put_shares(const evaluation_t *e)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (int64_t k = 0; k < e->judge.classes; k++) {
        if (e->counts[k] < least) least = e->counts[k];
        if (e->counts[k] > most) most = e->counts[k];
    }
    aigc__metrics_put(e->metrics, "least_class", (double)least / (double)e->made.n);
    aigc__metrics_put(e->metrics, "most_class", (double)most / (double)e->made.n);
}

static aigc_status_t put_numbers(evaluation_t *e)
{
    double frechet = 0;
    aigc__likeness_t likeness;
    AIGC__TRY(aigc__frechet_distance(e->context, &e->real, &e->made, &frechet));
    AIGC__TRY(aigc__likeness(e->context, &e->real, &e->made, (size_t)e->options->neighbours, &likeness));
    aigc__metrics_put(e->metrics, "frechet", frechet);
    aigc__metrics_put(e->metrics, "kid", likeness.kernel_distance);
    aigc__metrics_put(e->metrics, "precision", likeness.precision);
    aigc__metrics_put(e->metrics, "recall", likeness.recall);
    if (e->counts) put_shares(e);
    aigc__metrics_put(e->metrics, "made", (double)e->made.n);
    aigc__metrics_put(e->metrics, "real", (double)e->real.n);
    memcpy(e->metrics->space, e->judge.name, sizeof e->metrics->space);
    return AIGC_OK;
}

/* ---- the calls ---- */

static uint64_t at_most(uint64_t n, int64_t most) { return n < (uint64_t)most ? n : (uint64_t)most; }

static aigc_status_t open(evaluation_t *e, uint64_t real, uint64_t made)
{
    void *block = NULL;
    if (real < 2 || made < 2)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "distances are between sets of two pictures and more; here are %llu real and %llu made ones",
                          (unsigned long long)real, (unsigned long long)made);
    AIGC__TRY(aigc__judge_open(&e->judge, e->context, e->options->features));
    AIGC__TRY(new_features(e, (size_t)real, &e->real));
    AIGC__TRY(new_features(e, (size_t)made, &e->made));
    if (!e->options->is_repeated && (real <= e->judge.dim || made <= e->judge.dim))
        aigc__log(e->context, AIGC_LOG_INFO,
                  "the feature space has %zu dimensions: with no more pictures than that, frechet is larger than it "
                  "would be with many",
                  e->judge.dim);
    e->began = e->last_report = aigc__now();
    e->all = real + made;
    if (e->judge.classes == 0) return AIGC_OK;
    AIGC__TRY(aigc__memory_alloc_zeroed(&e->context->memory, (size_t)e->judge.classes * sizeof(uint64_t), &block));
    e->counts = block;
    return AIGC_OK;
}

static void close(evaluation_t *e)
{
    aigc__memory_t *memory = &e->context->memory;
    aigc__memory_free(memory, e->real.rows);
    aigc__memory_free(memory, e->made.rows);
    aigc__memory_free(memory, e->counts);
    aigc__memory_free(memory, e->classes);
    aigc__judge_close(&e->judge);
}

static aigc_status_t reserve_classes(evaluation_t *e)
{
    size_t bytes = 0;
    void *block = NULL;
    AIGC__TRY(aigc__bytes_of(e->real.n, sizeof(int64_t), &bytes));
    AIGC__TRY(aigc__memory_alloc(&e->context->memory, bytes, &block));
    e->classes = block;
    return AIGC_OK;
}

aigc_status_t aigc__evaluate_samples(aigc_model_t *model, aigc_dataset_t *dataset,
                                     const aigc__evaluate_options_t *options, aigc_metrics_t *metrics,
                                     aigc_progress_fn progress, void *user)
{
    evaluation_t e = {
        .context = model->context, .options = options, .metrics = metrics, .progress = progress, .user = user};
    const uint64_t real = at_most(dataset->count, options->pictures);
    aigc_status_t status;
    if (options->samples == 0) return AIGC_OK;
    AIGC__GOTO(done, open(&e, real, options->samples < 0 ? real : (uint64_t)options->samples));
    if (aigc__latent_space(model).classes > 0) AIGC__GOTO(done, reserve_classes(&e));
    AIGC__GOTO(done, look_evenly(&e, dataset, &e.real, e.classes, NULL));
    AIGC__GOTO(done, look_at_made(&e, model));
    status = put_numbers(&e);
done:
    close(&e);
    return status;
}

aigc_status_t aigc__evaluate_bytes(aigc_model_t *model, size_t n, uint64_t *bytes)
{
    enum { STRIPE = 256, SQUARES = 4, SMALL_THINGS = 1 << 20 }; /* of metrics/: rows of products, matrices of doubles */
    const aigc__latent_space_t space = aigc__latent_space(model);
    aigc__judge_t judge;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__judge_open(&judge, model->context, NULL));
    const uint64_t dim = judge.dim, pictures = (uint64_t)AIGC__JUDGED * aigc__space_pixels(&space);
    const uint64_t distances = SQUARES * (dim + 1) * dim * sizeof(double) + (uint64_t)STRIPE * n * sizeof(float);
    *bytes += 2 * n * dim * sizeof(float) + distances + 4 * pictures * sizeof(float) + SMALL_THINGS;
    status = aigc__judge_bytes(&judge, bytes);
done:
    aigc__judge_close(&judge);
    return status;
}

aigc_status_t aigc__evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                             aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    aigc__evaluate_options_t given = {.is_repeated = false};
    AIGC__TRY(aigc__model_options(model, "evaluate", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_fit_dataset(model, dataset));
    if (given.samples == 0)
        return aigc__fail(AIGC_ERROR_OPTION, "option samples: without made pictures nothing of a %s can be measured",
                          model->kind->name);
    return aigc__evaluate_samples(model, dataset, &given, metrics, progress, user);
}

aigc_status_t aigc__compare(aigc_dataset_t *made, aigc_dataset_t *real, const aigc_options_t *options,
                            aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    aigc__evaluate_options_t given = {.seed = 0};
    evaluation_t e = {
        .context = made->context, .options = &given, .metrics = metrics, .progress = progress, .user = user};
    const aigc__option_group_t group = {aigc__compare_rows, AIGC__COMPARE_ROWS, &given};
    aigc_status_t status;
    AIGC__TRY(aigc__options_resolve(options, "compare", &group, 1));
    AIGC__GOTO(done, open(&e, at_most(real->count, given.pictures), at_most(made->count, given.samples)));
    AIGC__GOTO(done, look_evenly(&e, real, &e.real, NULL, NULL));
    AIGC__GOTO(done, look_evenly(&e, made, &e.made, NULL, e.counts));
    status = put_numbers(&e);
done:
    close(&e);
    return status;
}
