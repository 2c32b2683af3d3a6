#include "models/training.h"
#include "data/loader.h"
#include <string.h>

/* One call of aigc__train(): what it holds. */
typedef struct run {
    aigc_model_t *model;
    const aigc__train_options_t *options;
    const aigc__trainee_t *trainee;
    aigc_dataset_t *train, *validation; /* views or retained */
    aigc__loader_t *loader;
    aigc__run_files_t files;
    aigc_progress_fn progress;
    void *user;
    double began, last_report, last_save;
    uint64_t batches, images_here, images_to_do;
    bool dirty; /* steps were done since the last save */
} run_t;

void aigc__metrics_accumulate(aigc_metrics_t *sums, const aigc_metrics_t *metrics, double weight)
{
    for (uint32_t k = 0; k < metrics->count; k++) {
        uint32_t at = 0;
        while (at < sums->count && strcmp(sums->names[at], metrics->names[k]) != 0) at++;
        if (at == sums->count) aigc__metrics_put(sums, metrics->names[k], 0);
        if (at < sums->count) sums->values[at] += metrics->values[k] * weight;
    }
}

void aigc__metrics_mean(aigc_metrics_t *mean, const aigc_metrics_t *sums, double weight)
{
    *mean = *sums;
    for (uint32_t k = 0; k < mean->count; k++) mean->values[k] = weight > 0 ? sums->values[k] / weight : 0;
}

/* ---- progress ---- */

static aigc_status_t report(run_t *run, const aigc_metrics_t *validation, aigc_tensor_t *preview)
{
    aigc_metrics_t mean;
    const aigc__position_t *position = &run->model->position;
    const double now = aigc__now();
    if (run->progress == NULL) return AIGC_OK;
    aigc__metrics_mean(&mean, &position->sums, position->weight);
    mean.struct_size = sizeof mean;
    mean.step = aigc__optimizer_steps(run->model->optimizer);
    const double left = run->images_here > 0
        ? (now - run->began) * (double)(run->images_to_do - run->images_here) / (double)run->images_here : -1;
    const bool between = position->batch == 0 && position->epoch > 0 && run->images_here > 0;
    const aigc_progress_t progress = {
        .struct_size = sizeof progress, .phase = "train",
        .step = between ? run->batches : position->batch, .steps = run->batches,
        .epoch = position->epoch + (between ? 0 : 1), .epochs = (uint64_t)run->options->epochs,
        .images = run->images_here, .seconds = now - run->began, .seconds_left = left,
        .metrics = &mean, .validation = validation, .preview = preview};
    run->last_report = now;
    const int32_t answer = run->progress(&progress, run->user);
    if (answer != 0)
        return aigc__fail(AIGC_ERROR_CANCELLED, "the training was stopped by its progress callback, which returned %d", (int)answer);
    return AIGC_OK;
}

/* ---- saving ---- */

static aigc_status_t save(run_t *run)
{
    if (run->files.model_path == NULL) return AIGC_OK;
    AIGC__TRY(aigc__state_save(run->model, run->files.state_path));
    AIGC__TRY(aigc__model_save(run->model, run->files.model_path, NULL));
    run->last_save = aigc__now();
    run->dirty = false;
    return AIGC_OK;
}

/* A stopped training keeps what it has learnt; the reason it stopped for stays the answer. */
static void save_after_stop(run_t *run)
{
    char sentence[512];
    aigc__failure_copy(sentence);
    atomic_store(&run->model->context->cancelled, 0);
    if (run->dirty && save(run) != AIGC_OK)
        aigc__log(run->model->context, AIGC_LOG_ERROR, "the stopped training could not be saved: %s", aigc__failure_text());
    aigc__failure_restore(sentence);
}

/* ---- setting up ---- */

static aigc_status_t split(run_t *run, aigc_dataset_t *dataset, aigc_dataset_t *validation)
{
    if (validation == NULL && run->options->validation_split > 0)
        return aigc__dataset_split(dataset, 1 - run->options->validation_split, (uint64_t)run->options->seed, &run->train,
                                   &run->validation);
    aigc__dataset_retain(dataset);
    run->train = dataset;
    if (validation) aigc__dataset_retain(validation);
    run->validation = validation;
    return AIGC_OK;
}

static aigc_status_t check_position(const run_t *run)
{
    const aigc__position_t *position = &run->model->position;
    if (position->seed != (uint64_t)run->options->seed)
        return aigc__fail(AIGC_ERROR_STATE, "the training to resume was run with seed %llu, not %lld",
                          (unsigned long long)position->seed, (long long)run->options->seed);
    if (position->batch_size != (uint64_t)run->options->batch_size)
        return aigc__fail(AIGC_ERROR_STATE, "the training to resume was run with batch_size %llu, not %lld",
                          (unsigned long long)position->batch_size, (long long)run->options->batch_size);
    if (position->fingerprint != aigc__dataset_fingerprint(run->train))
        return aigc__fail(AIGC_ERROR_STATE, "the training to resume was run on other pictures (their number, size or classes differ)");
    return AIGC_OK;
}

static aigc_status_t start_fresh(run_t *run)
{
    aigc_model_t *model = run->model;
    AIGC__TRY(aigc__model_set_average(model, run->options->ema > 0));
    aigc__optimizer_t *optimizer = NULL;
    AIGC__TRY(aigc__optimizer_create(&optimizer, model->context, model->store, model->average, run->options->ema));
    aigc__optimizer_free(model->optimizer);
    aigc__model_forget_plans(model); /* they write into the old optimizer's gradients */
    model->optimizer = optimizer;
    model->position = (aigc__position_t){.seed = (uint64_t)run->options->seed, .batch_size = (uint64_t)run->options->batch_size,
                                         .fingerprint = aigc__dataset_fingerprint(run->train)};
    return AIGC_OK;
}

/* From the state file, or from what this handle still holds; without either a training begins. */
static aigc_status_t find_start(run_t *run)
{
    aigc_model_t *model = run->model;
    if (!run->options->resume) return start_fresh(run);
    if (run->files.state_path && aigc__state_exists(model, run->files.state_path)) {
        AIGC__TRY(aigc__state_load(model, run->files.state_path));
    } else if (model->optimizer == NULL || model->position.batch_size == 0) {
        aigc__log(model->context, AIGC_LOG_INFO, "there is no training to resume: a new one begins");
        return start_fresh(run);
    }
    AIGC__TRY(check_position(run));
    aigc__optimizer_set_average(model->optimizer, model->average, run->options->ema);
    return aigc__run_files_keep(&run->files, model->position.epoch);
}

static aigc_status_t open_loader(run_t *run)
{
    const aigc__loader_options_t options = {
        .batch_size = (size_t)run->options->batch_size, .seed = (uint64_t)run->options->seed,
        .shuffle = run->options->shuffle != 0, .flip = run->options->flip != 0,
        .cache_bytes = (uint64_t)run->options->cache, .background = true};
    const aigc__position_t *position = &run->model->position;
    AIGC__TRY(aigc__loader_create(&run->loader, run->train, &options));
    run->batches = aigc__loader_batches(run->loader);
    const uint64_t epochs = (uint64_t)run->options->epochs;
    const uint64_t done = position->epoch * run->train->count + position->batch * (uint64_t)run->options->batch_size;
    run->images_to_do = epochs * run->train->count > done ? epochs * run->train->count - done : 0;
    run->trainee->begin(run->trainee->user, epochs * run->batches);
    return aigc__loader_seek(run->loader, position->epoch, position->batch);
}

/* ---- the loop ---- */

static aigc_status_t name_step(const run_t *run, aigc_status_t status)
{
    if (status != AIGC_ERROR_NUMERIC) return status;
    return aigc__fail_within(status, "training stopped at step %llu: ",
                             (unsigned long long)aigc__optimizer_steps(run->model->optimizer) + 1);
}

static aigc_status_t one_batch(run_t *run)
{
    aigc__batch_t batch;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc__position_t *position = &run->model->position;
    AIGC__TRY(aigc__check_cancel(run->model->context));
    AIGC__TRY(aigc__loader_next(run->loader, &batch));
    const uint64_t step = aigc__optimizer_steps(run->model->optimizer);
    AIGC__TRY(name_step(run, run->trainee->step(run->trainee->user, batch.images, batch.labels, batch.n, step, &metrics)));
    run->model->parameters_version++;
    run->dirty = true;
    aigc__metrics_accumulate(&position->sums, &metrics, (double)batch.n);
    position->weight += (double)batch.n;
    position->images += batch.n;
    position->batch++;
    run->images_here += batch.n;
    if (aigc__now() - run->last_report < 0.05) return AIGC_OK;
    return report(run, NULL, NULL);
}

static aigc_status_t finish_epoch(run_t *run)
{
    aigc_model_t *model = run->model;
    aigc__position_t *position = &model->position;
    aigc_metrics_t means, validation = {.struct_size = sizeof validation};
    aigc_tensor_t *preview = NULL;
    aigc_status_t status = AIGC_OK;
    const uint64_t steps = aigc__optimizer_steps(model->optimizer);
    if (run->validation)
        AIGC__GOTO(done, aigc__measure(model, run->validation, (size_t)run->options->batch_size, run->trainee, "validate",
                                       &validation, NULL, NULL));
    if (run->options->samples > 0 && run->files.model_path)
        AIGC__GOTO(done, run->trainee->preview(run->trainee->user, &preview, (size_t)run->options->samples));
    aigc__metrics_mean(&means, &position->sums, position->weight);
    position->epoch++;
    position->batch = 0;
    AIGC__GOTO(done, aigc__run_files_metrics(&run->files, position, steps, aigc__now() - run->began, &means,
                                             run->validation ? &validation : NULL));
    AIGC__GOTO(done, aigc__run_files_samples(&run->files, position->epoch, preview));
    status = report(run, run->validation ? &validation : NULL, preview);
    position->sums.count = 0;
    position->weight = 0;
done:
    aigc__tensor_release(preview);
    if (status != AIGC_OK) return status;
    const bool due = aigc__now() - run->last_save >= (double)run->options->save_seconds;
    return due || position->epoch >= (uint64_t)run->options->epochs ? save(run) : AIGC_OK;
}

static aigc_status_t loop(run_t *run)
{
    const aigc__position_t *position = &run->model->position;
    while (position->epoch < (uint64_t)run->options->epochs) {
        while (position->batch < run->batches) AIGC__TRY(one_batch(run));
        AIGC__TRY(finish_epoch(run));
    }
    return run->dirty ? save(run) : AIGC_OK;
}

aigc_status_t aigc__train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                          const aigc__train_options_t *options, const aigc__trainee_t *trainee, aigc_progress_fn progress,
                          void *user)
{
    run_t run = {.model = model, .options = options, .trainee = trainee, .progress = progress, .user = user};
    aigc_status_t status;
    AIGC__GOTO(done, split(&run, dataset, validation));
    AIGC__GOTO(done, aigc__model_fit_dataset(model, run.train));
    if (run.validation) AIGC__GOTO(done, aigc__model_fit_dataset(model, run.validation));
    AIGC__GOTO(done, aigc__run_files_open(&run.files, model->context, options->output));
    AIGC__GOTO(done, find_start(&run));
    AIGC__GOTO(done, open_loader(&run));
    run.began = run.last_report = run.last_save = aigc__now();
    status = loop(&run);
    if (status != AIGC_OK) save_after_stop(&run);
done:
    aigc__loader_free(run.loader);
    aigc__run_files_close(&run.files);
    aigc__dataset_release(run.train);
    aigc__dataset_release(run.validation);
    return status;
}

/* ---- measuring ---- */

aigc_status_t aigc__measure(aigc_model_t *model, aigc_dataset_t *dataset, size_t batch_size, const aigc__trainee_t *trainee,
                            const char *phase, aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    const aigc__loader_options_t options = {.batch_size = batch_size, .background = true};
    aigc__loader_t *loader = NULL;
    aigc_metrics_t sums = {.struct_size = sizeof sums};
    double weight = 0;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__loader_create(&loader, dataset, &options));
    AIGC__GOTO(done, aigc__loader_seek(loader, 0, 0));
    const uint64_t batches = aigc__loader_batches(loader);
    const double began = aigc__now();
    for (uint64_t b = 0; b < batches; b++) {
        aigc__batch_t batch;
        aigc_metrics_t one = {.struct_size = sizeof one};
        AIGC__GOTO(done, aigc__check_cancel(model->context));
        AIGC__GOTO(done, aigc__loader_next(loader, &batch));
        AIGC__GOTO(done, trainee->measure(trainee->user, batch.images, batch.labels, batch.n, b, &one));
        aigc__metrics_accumulate(&sums, &one, (double)batch.n);
        weight += (double)batch.n;
        aigc__metrics_mean(metrics, &sums, weight);
        const aigc_progress_t now = {.struct_size = sizeof now, .phase = phase, .step = b + 1, .steps = batches, .epoch = 1,
                                     .epochs = 1, .images = (uint64_t)weight, .seconds = aigc__now() - began,
                                     .seconds_left = -1, .metrics = metrics};
        if (progress && progress(&now, user) != 0) {
            status = aigc__fail(AIGC_ERROR_CANCELLED, "the measurement was stopped by its progress callback");
            goto done;
        }
    }
done:
    aigc__loader_free(loader);
    return status;
}
