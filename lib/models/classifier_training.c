/* One step of a classifier, and measuring it: what the training service asks of a kind. */
#include "models/classifier.h"
#include <stddef.h>

typedef struct evaluate_options {
    int64_t batch_size;
} evaluate_options_t;

const aigc__option_t aigc__classifier_evaluate_rows[] = {
    {"batch_size", AIGC__OPTION_INT, offsetof(evaluate_options_t, batch_size), "128", 1, 65536, NULL,
     "pictures at a time"},
};
const size_t aigc__classifier_evaluate_row_count =
    sizeof aigc__classifier_evaluate_rows / sizeof *aigc__classifier_evaluate_rows;

/* The first two are fetches of the plans. */
enum { LOSS, ACCURACY, NUMBERS, GRADIENT_NORM = NUMBERS };
const char *const aigc__classifier_metrics[] = {"loss", "accuracy", "gradient_norm", NULL};

static aigc__classifier_t *classifier_of(const aigc_model_t *model) { return model->network; }

static size_t pixels_of(const aigc_model_t *model)
{
    const aigc__classifier_config_t *c = &classifier_of(model)->config;
    return (size_t)(c->height * c->width * c->channels);
}

static void put_numbers(const aigc__executor_t *executor, aigc_metrics_t *metrics)
{
    for (size_t k = 0; k < NUMBERS; k++)
        aigc__metrics_put(metrics, aigc__classifier_metrics[k],
                          (double)*(const float *)aigc__executor_fetch(executor, k));
}

static aigc_status_t prepare(aigc_model_t *model, int32_t verb, const float *images, const int64_t *labels, size_t n,
                             aigc__executor_t **out)
{
    aigc__staging_t *staging = &classifier_of(model)->staging;
    AIGC__TRY(aigc__check_labels(model, labels, n));
    AIGC__TRY(aigc__staging_reserve(model->context, staging, 0, n));
    AIGC__TRY(aigc__model_executor(model, &(aigc__plan_key_t){verb, 0, n}, aigc__classifier_plan, out));
    for (size_t i = 0; i < n; i++) staging->labels[i] = (int32_t)labels[i];
    AIGC__TRY(aigc__executor_set_feed(*out, "images", images));
    return aigc__executor_set_feed(*out, "labels", staging->labels);
}

static aigc_status_t name_bad_loss(const aigc_model_t *model, const float *images, size_t n)
{
    if (!model->context->kernels->all_finite(images, n * pixels_of(model)))
        return aigc__fail(AIGC_ERROR_NUMERIC, "the pictures of the batch have NaN or infinite values");
    if (aigc__model_check_finite(model, true, aigc__store_block(model->store)) != AIGC_OK)
        return aigc__fail_within(AIGC_ERROR_NUMERIC, "parameter ");
    return aigc__fail(AIGC_ERROR_NUMERIC, "the loss is not finite although pictures and parameters are");
}

static aigc_status_t step(void *user, const float *images, const int64_t *labels, size_t n, uint64_t number,
                          aigc_metrics_t *metrics)
{
    aigc_model_t *model = user;
    aigc__executor_t *executor = NULL;
    double norm = 0;
    AIGC__TRY(prepare(model, AIGC__CLASSIFIER_TRAIN, images, labels, n, &executor));
    AIGC__TRY(aigc__take_gradients(model, executor, NUMBERS, 0));
    AIGC__TRY(aigc__executor_run(executor, 0, (uint32_t)number));
    const float loss = *(const float *)aigc__executor_fetch(executor, LOSS);
    if (loss - loss != 0) return name_bad_loss(model, images, n);
    AIGC__TRY(aigc__optimizer_step(model->optimizer, 0, &classifier_of(model)->settings, &norm));
    aigc__executor_commit(executor, model->average, aigc__optimizer_decay(model->optimizer, 0));
    model->parameters_version++;
    put_numbers(executor, metrics);
    aigc__metrics_put(metrics, aigc__classifier_metrics[GRADIENT_NORM], norm);
    return AIGC_OK;
}

static aigc_status_t measure(void *user, const float *images, const int64_t *labels, size_t n, uint64_t batch,
                             aigc_metrics_t *metrics)
{
    aigc_model_t *model = user;
    aigc__executor_t *executor = NULL;
    AIGC__TRY(prepare(model, AIGC__CLASSIFIER_MEASURE, images, labels, n, &executor));
    AIGC__TRY(aigc__executor_run(executor, 0, (uint32_t)batch));
    put_numbers(executor, metrics);
    return AIGC_OK;
}

static aigc_status_t begin(void *user, uint64_t total_steps)
{
    aigc__schedule_t *schedule = &classifier_of(user)->settings.schedule;
    if (schedule->total == 0) schedule->total = (int64_t)total_steps;
    return aigc__schedule_check(schedule);
}

static aigc__trainee_t trainee_of(aigc_model_t *model)
{
    return (aigc__trainee_t){.step = step, .measure = measure, .begin = begin, .user = model};
}

aigc_status_t aigc__classifier_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                                     const aigc_options_t *options, aigc_progress_fn progress, void *user)
{
    aigc__train_options_t given;
    const aigc__trainee_t trainee = trainee_of(model);
    AIGC__TRY(aigc__model_options(model, "train", options, (void *[]){&given, &classifier_of(model)->settings}, 2));
    if (given.batch_size == 0) given.batch_size = 64;
    return aigc__train(model, dataset, validation, &given, &trainee, progress, user);
}

aigc_status_t aigc__classifier_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                          const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc__classifier_t *classifier = classifier_of(model);
    const size_t n = (size_t)images->shape[0];
    AIGC__TRY(aigc__model_options(model, "train_step", options, (void *[]){&classifier->settings}, 1));
    AIGC__TRY(aigc__schedule_check(&classifier->settings.schedule));
    if (model->optimizer == NULL)
        AIGC__TRY(aigc__optimizer_create(&model->optimizer, model->context, model->store, NULL, 0));
    if (images->dtype != AIGC_DTYPE_F32)
        AIGC__TRY(aigc__staging_reserve(model->context, &classifier->staging, n * pixels_of(model), 0));
    return step(model, aigc__staged_images(model, &classifier->staging, images, 0, n, pixels_of(model)),
                labels ? labels->data : NULL, n, aigc__optimizer_steps(model->optimizer, 0), metrics);
}

aigc_status_t aigc__classifier_evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                                        aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    evaluate_options_t given;
    const aigc__trainee_t trainee = trainee_of(model);
    AIGC__TRY(aigc__model_options(model, "evaluate", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_fit_dataset(model, dataset));
    return aigc__measure(model, dataset, (size_t)given.batch_size, &trainee, "evaluate", metrics, progress, user);
}
