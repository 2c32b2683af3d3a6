#include "models/training.h"
#include "data/loader.h"
#include "models/evaluation.h"
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
    char *record; /* of this call's options, until the model has it */
    double began, last_report, last_save;
    uint64_t batches, images_here, images_to_do;
    aigc__pace_t pace;
    aigc__course_t course;
    bool is_dirty; /* the files may be behind the model */
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

aigc_status_t aigc__take_gradients(aigc_model_t *model, aigc__executor_t *executor, size_t fetch, uint32_t part)
{
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
        if (parameter->role == AIGC__TRAINED && parameter->part == part)
            AIGC__TRY(aigc__executor_set_fetch(executor, fetch++, aigc__optimizer_gradient(model->optimizer, k)));
    }
    return AIGC_OK;
}

/* ---- progress ---- */

/* What a report tells beside the clock. */
typedef struct moment {
    uint64_t epoch, step; /* from 1; within the epoch */
    const aigc_metrics_t *means, *validation;
    aigc_tensor_t *preview;
} moment_t;

static aigc_metrics_t means_so_far(const run_t *run)
{
    const aigc__position_t *position = &run->model->position;
    aigc_metrics_t means;
    aigc__metrics_mean(&means, &position->sums, position->weight);
    means.struct_size = sizeof means;
    means.step = aigc__optimizer_steps(run->model->optimizer, 0);
    return means;
}

static const char *judgement(const run_t *run, const aigc_metrics_t *means)
{
    return run->trainee->judge ? run->trainee->judge(run->trainee->user, means) : NULL;
}

static aigc_status_t report(run_t *run, const moment_t *moment)
{
    const double now = aigc__now(), seconds = now - run->began;
    if (run->progress == NULL) return AIGC_OK;
    const uint64_t epochs = (uint64_t)run->options->epochs, done = run->model->position.epoch;
    const double left =
        aigc__pace_left(&run->pace, run->images_to_do - run->images_here, epochs > done ? epochs - done : 0,
                        run->validation ? run->validation->count : 0);
    const aigc_progress_t progress = {.struct_size = sizeof progress,
                                      .phase = "train",
                                      .step = moment->step,
                                      .steps = run->batches,
                                      .epoch = moment->epoch,
                                      .epochs = epochs,
                                      .images = run->images_here,
                                      .seconds = seconds,
                                      .seconds_left = left,
                                      .metrics = moment->means,
                                      .validation = moment->validation,
                                      .preview = moment->preview,
                                      .verdict = run->course.text[0] ? run->course.text : NULL};
    run->last_report = now;
    const int32_t answer = run->progress(&progress, run->user);
    if (answer != 0)
        return aigc__fail(AIGC_ERROR_CANCELLED, "the training was stopped by its progress callback, which returned %d",
                          (int)answer);
    return AIGC_OK;
}

/* ---- saving ---- */

/* What is broken is not put in the place of what was good. */
static aigc_status_t save(run_t *run)
{
    if (run->files.model_path == NULL) return AIGC_OK;
    if (aigc__model_check_finite(run->model, true, aigc__store_block(run->model->store)) != AIGC_OK)
        return aigc__fail_within(AIGC_ERROR_NUMERIC, "nothing is saved after step %llu: parameter ",
                                 (unsigned long long)aigc__optimizer_steps(run->model->optimizer, 0));
    AIGC__TRY(aigc__state_save(run->model, run->files.state_path));
    AIGC__TRY(aigc__model_save(run->model, run->files.model_path, NULL));
    run->last_save = aigc__now();
    run->is_dirty = false;
    return AIGC_OK;
}

/* A stopped training keeps what it has learnt; the reason it stopped for stays the answer. */
static void save_after_stop(run_t *run)
{
    char sentence[512];
    aigc__failure_copy(sentence);
    if (run->is_dirty && save(run) != AIGC_OK)
        aigc__log(run->model->context, AIGC_LOG_ERROR, "the stopped training could not be saved: %s",
                  aigc__failure_text());
    aigc__failure_restore(sentence);
}

/* ---- setting up ---- */

static aigc_status_t split(run_t *run, aigc_dataset_t *dataset, aigc_dataset_t *validation)
{
    const double part = run->options->validation_split;
    if (validation && part > 0)
        return aigc__fail(AIGC_ERROR_OPTION, "option validation_split: there are pictures for validation already");
    if (part > 0)
        return aigc__dataset_split(dataset, 1 - part, (uint64_t)run->options->seed, &run->train, &run->validation);
    aigc__dataset_retain(dataset);
    run->train = dataset;
    if (validation) aigc__dataset_retain(validation);
    run->validation = validation;
    return AIGC_OK;
}

/* One picture is a copy of it, not a kind of pictures. */
static aigc_status_t check_count(const run_t *run, const aigc_dataset_t *dataset)
{
    const unsigned long long n = run->train->count, all = dataset->count;
    if (run->validation && run->validation->count == 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "there are no pictures for validation");
    if (n >= 2) return AIGC_OK;
    if (n < all)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "of %llu pictures validation_split leaves %llu to learn from; at least 2 "
                          "are needed",
                          all, n);
    return aigc__fail(AIGC_ERROR_ARGUMENT, "there are too few pictures to learn from: %llu; at least 2 are needed", n);
}

static aigc_status_t fit(run_t *run)
{
    AIGC__TRY(aigc__model_fit_dataset(run->model, run->train));
    if (run->validation == NULL) return AIGC_OK;
    const aigc_status_t status = aigc__model_fit_dataset(run->model, run->validation);
    return status == AIGC_OK ? AIGC_OK : aigc__fail_within(status, "the pictures for validation: ");
}

static aigc_status_t open_loader(run_t *run)
{
    const aigc__train_options_t *given = run->options;
    const aigc__loader_options_t options = {.batch_size = (size_t)given->batch_size,
                                            .seed = (uint64_t)given->seed,
                                            .shuffle = given->shuffle != 0,
                                            .flip = given->flip != 0,
                                            .cache_bytes = (uint64_t)given->cache,
                                            .background = true};
    AIGC__TRY(aigc__loader_create(&run->loader, run->train, &options));
    run->batches = aigc__loader_batches(run->loader);
    return run->trainee->begin(run->trainee->user, (uint64_t)given->epochs * run->batches);
}

/* Training goes on bit for bit only where it was. */
static aigc_status_t check_position(const run_t *run, const aigc__position_t *position)
{
    if (position->seed != (uint64_t)run->options->seed)
        return aigc__fail(AIGC_ERROR_STATE, "the training to resume was run with seed %llu, not %lld",
                          (unsigned long long)position->seed, (long long)run->options->seed);
    if (position->batch_size != (uint64_t)run->options->batch_size)
        return aigc__fail(AIGC_ERROR_STATE, "the training to resume was run with batch_size %llu, not %lld",
                          (unsigned long long)position->batch_size, (long long)run->options->batch_size);
    if (position->fingerprint != aigc__dataset_fingerprint(run->train))
        return aigc__fail(AIGC_ERROR_STATE,
                          "the training to resume was run on other pictures (their number, size or classes differ)");
    if (position->batch > run->batches)
        return aigc__fail(AIGC_ERROR_CORRUPT, "the training to resume stands at batch %llu of %llu",
                          (unsigned long long)position->batch, (unsigned long long)run->batches);
    return AIGC_OK;
}

/* What the kind chooses by itself, as in the earlier part of the training where there is one. */
static aigc_status_t choose(const run_t *run)
{
    const aigc_model_t *model = run->model;
    aigc__position_t stored;
    const aigc__position_t *earlier = NULL;
    bool is_there = false;
    if (run->trainee->choose == NULL) return AIGC_OK;
    if (run->options->resume && run->files.state_path)
        AIGC__TRY(aigc__state_find(model, run->files.state_path, &is_there));
    if (is_there) AIGC__TRY(aigc__state_peek(&stored, model, run->files.state_path));
    if (is_there)
        earlier = &stored;
    else if (run->options->resume && model->optimizer && model->position.batch_size > 0)
        earlier = &model->position;
    return run->trainee->choose(run->trainee->user, earlier, run->train->count);
}

/* Where to go on: a state file's position (then `state` is filled), or what this handle still holds; else NULL. */
static aigc_status_t find_earlier(run_t *run, aigc__state_t *state, const aigc__position_t **position)
{
    const aigc_model_t *model = run->model;
    bool is_there = false;
    *position = NULL;
    if (!run->options->resume) return AIGC_OK;
    if (run->files.state_path) AIGC__TRY(aigc__state_find(model, run->files.state_path, &is_there));
    if (is_there) AIGC__TRY(aigc__state_read(state, model, run->files.state_path, run->options->ema > 0));
    if (is_there)
        *position = &state->position;
    else if (model->optimizer && model->position.batch_size > 0)
        *position = &model->position;
    else
        aigc__log(model->context, AIGC_LOG_INFO, "there is no training to resume: a new one begins");
    return AIGC_OK;
}

static aigc_status_t make_new(const run_t *run, aigc__state_t *state)
{
    state->position = (aigc__position_t){.seed = (uint64_t)run->options->seed,
                                         .batch_size = (uint64_t)run->options->batch_size,
                                         .fingerprint = aigc__dataset_fingerprint(run->train)};
    return aigc__optimizer_create(&state->optimizer, run->model->context, run->model->store, NULL, 0);
}

/* The model changes last, when nothing can fail any more. */
static aigc_status_t start(run_t *run)
{
    aigc_model_t *model = run->model;
    const bool averages = run->options->ema > 0;
    const aigc__position_t *earlier = NULL;
    aigc__state_t state = {.optimizer = NULL};
    aigc_status_t status;
    AIGC__GOTO(done, find_earlier(run, &state, &earlier));
    const char *const before = earlier == &model->position ? model->training_record : state.record;
    AIGC__GOTO(done, aigc__training_record(model, model->train_options, &run->record));
    if (earlier) AIGC__GOTO(done, aigc__training_refuse(before, run->record));
    if (earlier) AIGC__GOTO(done, check_position(run, earlier));
    if (earlier)
        AIGC__GOTO(done, aigc__run_files_keep(&run->files, earlier->epoch));
    else
        AIGC__GOTO(done, make_new(run, &state));
    if (averages) AIGC__GOTO(done, aigc__model_reserve_average(model));
    const aigc__position_t from = earlier ? *earlier : state.position;
    const bool at_end = from.batch == run->batches; /* stopped while looking back */
    AIGC__GOTO(done, aigc__loader_seek(run->loader, from.epoch + at_end, at_end ? 0 : from.batch));
    const bool goes_on = earlier == &model->position; /* with all the handle holds */
    run->is_dirty = earlier != NULL; /* the state is saved before the model, which may have failed then */
    if (earlier) aigc__training_tell(model, before, run->record);
    aigc__memory_free(&model->context->memory, model->training_record);
    model->training_record = run->record;
    run->record = NULL;
    if (!goes_on) aigc__state_adopt(model, &state);
    aigc__model_use_average(model, averages,
                            state.average || goes_on ? state.average : aigc__store_block(model->store));
    aigc__optimizer_set_average(model->optimizer, model->average, run->options->ema);
    const uint64_t count = run->train->count, all = (uint64_t)run->options->epochs * count;
    const uint64_t past =
        at_end ? (from.epoch + 1) * count : from.epoch * count + from.batch * (uint64_t)run->options->batch_size;
    run->images_to_do = all > past ? all - past : 0;
done:
    aigc__state_free(model, &state);
    return status;
}

/* ---- samples ---- */

/* Steps of this training up to its position, those before a resume included. */
static uint64_t steps_done(const run_t *run)
{
    const aigc__position_t *position = &run->model->position;
    return position->epoch * run->batches + position->batch;
}

/* By the position alone, so that a resumed training draws the same grids. */
static bool samples_are_due(const run_t *run)
{
    const uint64_t every = (uint64_t)run->options->samples_every;
    const bool is_watched = run->files.model_path || run->progress;
    const bool is_end = run->model->position.batch == run->batches;
    return run->trainee->preview && run->options->samples > 0 && is_watched &&
           (every == 0 ? is_end : steps_done(run) % every == 0);
}

static aigc_status_t draw_samples(run_t *run, aigc_tensor_t **preview)
{
    const aigc__trainee_t *trainee = run->trainee;
    AIGC__TRY(trainee->preview(trainee->user, preview, (size_t)run->options->samples));
    if (run->options->samples_every > 0)
        return aigc__run_files_samples(&run->files, "step", 8, steps_done(run), *preview);
    return aigc__run_files_samples(&run->files, "epoch", 4, run->model->position.epoch + 1, *preview);
}

static aigc_status_t report_step(run_t *run, aigc_tensor_t *preview)
{
    const aigc__position_t *position = &run->model->position;
    const aigc_metrics_t means = means_so_far(run);
    aigc__course_step(&run->course, judgement(run, &means));
    return report(run, &(moment_t){position->epoch + 1, position->batch, &means, NULL, preview});
}

/* Between two steps: the position stays, so that what fails or is cancelled in here is drawn again by a resume. It is
 * not told again, or a callback that stops at each preview would never get on. */
static aigc_status_t sample_on_the_way(run_t *run)
{
    const aigc__position_t *position = &run->model->position;
    const bool is_between = position->batch > 0 && position->batch < run->batches;
    aigc_tensor_t *preview = NULL;
    if (!is_between || !samples_are_due(run)) return AIGC_OK;
    aigc_status_t status = draw_samples(run, &preview);
    if (status == AIGC_OK && run->images_here > 0) status = report_step(run, preview);
    aigc__tensor_release(preview);
    return status;
}

/* ---- the loop ---- */

static aigc_status_t name_step(const run_t *run, aigc_status_t status)
{
    if (status != AIGC_ERROR_NUMERIC) return status;
    return aigc__fail_within(status, "training stopped at step %llu: ",
                             (unsigned long long)aigc__optimizer_steps(run->model->optimizer, 0) + 1);
}

static aigc_status_t one_batch(run_t *run)
{
    aigc__batch_t batch;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    aigc__position_t *position = &run->model->position;
    AIGC__TRY(aigc__check_cancel(run->model->context));
    AIGC__TRY(aigc__loader_next(run->loader, &batch));
    const uint64_t step = aigc__optimizer_steps(run->model->optimizer, 0);
    AIGC__TRY(
        name_step(run, run->trainee->step(run->trainee->user, batch.images, batch.labels, batch.n, step, &metrics)));
    run->is_dirty = true;
    aigc__metrics_accumulate(&position->sums, &metrics, (double)batch.n);
    position->weight += (double)batch.n;
    position->images += batch.n;
    position->batch++;
    run->images_here += batch.n;
    aigc__pace_step(&run->pace, aigc__now(), batch.n);
    const bool is_last = position->batch == run->batches; /* told once, with the epoch's end */
    if (is_last || aigc__now() - run->last_report < 0.05 || samples_are_due(run)) return AIGC_OK;
    return report_step(run, NULL);
}

/* How good the pictures are by now, beside the numbers of the epoch. Seeds and pictures are the same each time. */
static aigc_status_t measure_quality(run_t *run, aigc_metrics_t *means)
{
    const int64_t n = run->options->quality;
    const uint64_t epoch = run->model->position.epoch + 1;
    const bool is_last = epoch >= (uint64_t)run->options->epochs;
    const aigc__evaluate_options_t options = {.samples = n, .pictures = n, .neighbours = 3, .is_repeated = true};
    if (n == 0 || (epoch % (uint64_t)run->options->quality_every != 0 && !is_last)) return AIGC_OK;
    return aigc__evaluate_samples(run->model, run->train, &options, means, NULL, NULL);
}

static aigc_status_t check_quality(const run_t *run)
{
    const int64_t n = run->options->quality;
    if (n > 0 && run->model->kind->latent_space == NULL)
        return aigc__fail(AIGC_ERROR_OPTION, "option quality: a %s makes no pictures", run->model->kind->name);
    if (n == 1) return aigc__fail(AIGC_ERROR_OPTION, "option quality: at least 2 pictures are needed");
    return AIGC_OK;
}

/* What is measured, drawn and written at the end of an epoch. A failure or a cancel in here leaves the position
 * before the end, and a resume does all of it again. */
static aigc_status_t look_back(run_t *run, aigc_metrics_t *means, aigc_metrics_t *validation, aigc_tensor_t **preview)
{
    const aigc__position_t *position = &run->model->position;
    AIGC__TRY(measure_quality(run, means));
    if (run->validation)
        AIGC__TRY(aigc__measure(run->model, run->validation, (size_t)run->options->batch_size, run->trainee, "validate",
                                validation, NULL, NULL));
    validation->step = means->step;
    if (samples_are_due(run)) AIGC__TRY(draw_samples(run, preview));
    return aigc__run_files_metrics(&run->files, position->epoch + 1, position->images, aigc__now() - run->began, means,
                                   run->validation ? validation : NULL);
}

static aigc_status_t finish_epoch(run_t *run)
{
    aigc__position_t *position = &run->model->position;
    aigc_metrics_t validation = {.struct_size = sizeof validation};
    aigc_metrics_t means = means_so_far(run);
    aigc_tensor_t *preview = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, look_back(run, &means, &validation, &preview));
    position->epoch++;
    position->batch = 0;
    position->sums.count = 0;
    position->weight = 0;
    run->is_dirty = true;
    aigc__pace_look(&run->pace, aigc__now());
    aigc__course_epoch(&run->course, judgement(run, &means), &means, run->validation ? &validation : NULL);
    const moment_t end = {position->epoch, run->batches, &means, run->validation ? &validation : NULL, preview};
    AIGC__GOTO(done, report(run, &end));
    const bool is_due = aigc__now() - run->last_save >= (double)run->options->save_seconds;
    if (is_due || position->epoch >= (uint64_t)run->options->epochs) status = save(run);
    run->pace.mark = aigc__now();
done:
    aigc__tensor_release(preview);
    return status;
}

static aigc_status_t loop(run_t *run)
{
    const aigc__position_t *position = &run->model->position;
    while (position->epoch < (uint64_t)run->options->epochs) {
        while (position->batch < run->batches) {
            AIGC__TRY(sample_on_the_way(run));
            AIGC__TRY(one_batch(run));
        }
        AIGC__TRY(finish_epoch(run));
    }
    return run->is_dirty ? save(run) : AIGC_OK;
}

aigc_status_t aigc__train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                          const aigc__train_options_t *options, const aigc__trainee_t *trainee,
                          aigc_progress_fn progress, void *user)
{
    run_t run = {.model = model, .options = options, .trainee = trainee, .progress = progress, .user = user};
    aigc_status_t status;
    AIGC__GOTO(done, split(&run, dataset, validation));
    AIGC__GOTO(done, check_count(&run, dataset));
    AIGC__GOTO(done, check_quality(&run));
    AIGC__GOTO(done, aigc__run_files_open(&run.files, model->context, options->output));
    AIGC__GOTO(done, fit(&run));
    AIGC__GOTO(done, choose(&run));
    AIGC__GOTO(done, open_loader(&run));
    AIGC__GOTO(done, start(&run));
    run.began = run.last_report = run.last_save = aigc__now();
    aigc__pace_begin(&run.pace, run.began);
    status = loop(&run);
    if (status != AIGC_OK) save_after_stop(&run);
done:
    aigc__memory_free(&model->context->memory, run.record);
    aigc__loader_free(run.loader);
    aigc__run_files_close(&run.files);
    aigc__dataset_release(run.train);
    aigc__dataset_release(run.validation);
    return status;
}

/* ---- measuring ---- */

aigc_status_t aigc__measure(aigc_model_t *model, aigc_dataset_t *dataset, size_t batch_size,
                            const aigc__trainee_t *trainee, const char *phase, aigc_metrics_t *metrics,
                            aigc_progress_fn progress, void *user)
{
    const aigc__loader_options_t options = {.batch_size = batch_size, .background = true};
    aigc__loader_t *loader = NULL;
    aigc_metrics_t sums = {.struct_size = sizeof sums};
    double weight = 0, last_report = aigc__now();
    const double began = last_report;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__loader_create(&loader, dataset, &options));
    const uint64_t batches = aigc__loader_batches(loader);
    for (uint64_t b = 0; b < batches; b++) {
        aigc__batch_t batch;
        aigc_metrics_t one = {.struct_size = sizeof one};
        AIGC__GOTO(done, aigc__check_cancel(model->context));
        AIGC__GOTO(done, aigc__loader_next(loader, &batch));
        AIGC__GOTO(done, trainee->measure(trainee->user, batch.images, batch.labels, batch.n, b, &one));
        aigc__metrics_accumulate(&sums, &one, (double)batch.n);
        weight += (double)batch.n;
        aigc__metrics_mean(metrics, &sums, weight);
        const double now = aigc__now();
        if (progress == NULL || (b + 1 < batches && now - last_report < 0.05)) continue;
        last_report = now;
        const aigc_progress_t so_far = {.struct_size = sizeof so_far,
                                        .phase = phase,
                                        .step = b + 1,
                                        .steps = batches,
                                        .epoch = 1,
                                        .epochs = 1,
                                        .images = (uint64_t)weight,
                                        .seconds = now - began,
                                        .seconds_left = (now - began) * (double)(batches - b - 1) / (double)(b + 1),
                                        .metrics = metrics};
        const int32_t answer = progress(&so_far, user);
        if (answer == 0) continue;
        status = aigc__fail(AIGC_ERROR_CANCELLED,
                            "the measurement was stopped by its progress callback, which returned %d", (int)answer);
        goto done;
    }
done:
    aigc__loader_free(loader);
    return status;
}
