#include "api/call.h"
#include "models/evaluation.h"
#include <stddef.h>
#include <string.h>

aigc_status_t aigc_model_create(aigc_model_t **out, aigc_context_t *context, const char *kind,
                                const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(kind, "kind"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, aigc__model_create(out, context, kind, options, true));
}

aigc_status_t aigc_model_load(aigc_model_t **out, aigc_context_t *context, const char *path,
                              const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(&call, context));
    return aigc__call_end(&call, aigc__model_load(out, context, path, options));
}

void aigc_model_free(aigc_model_t *model)
{
    if (model && aigc__check_handle(model, AIGC__MODEL, "model") == AIGC_OK) aigc__model_release(model);
}

/* Every verb: a live model, live options, and the way in. A callback may free what it likes: the model lives
 * until end(). */
static aigc_status_t begin(aigc__call_t *call, aigc_model_t *model, const aigc_options_t *options)
{
    AIGC__TRY(aigc__check_handle(model, AIGC__MODEL, "model"));
    AIGC__TRY(aigc__check_options(options));
    AIGC__TRY(aigc__call_begin(call, model->context));
    aigc__model_retain(model);
    return AIGC_OK;
}

static aigc_status_t end(const aigc__call_t *call, aigc_model_t *model, aigc_status_t status)
{
    aigc__model_release(model);
    return aigc__call_end(call, status);
}

static aigc_status_t unsupported(const aigc_model_t *model, const char *verb)
{
    return aigc__fail(AIGC_ERROR_UNSUPPORTED, "a model of kind %s cannot %s", model->kind->name, verb);
}

aigc_status_t aigc_model_load_weights(aigc_model_t *model, const char *path, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(begin(&call, model, options));
    return end(&call, model, aigc__model_load_weights(model, path, options));
}

aigc_status_t aigc_model_save(aigc_model_t *model, const char *path, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(path, "path"));
    AIGC__TRY(begin(&call, model, options));
    return end(&call, model, aigc__model_save(model, path, options));
}

/* ---- arguments ---- */

static aigc_status_t check_metrics(const aigc_metrics_t *metrics)
{
    const size_t first_version = offsetof(aigc_metrics_t, space);
    if (metrics && metrics->struct_size < first_version)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "metrics->struct_size is %zu, not %zu", metrics->struct_size,
                          sizeof *metrics);
    return AIGC_OK;
}

/* The caller's record keeps its size, which may be an earlier or a later version's. */
static void give_metrics(aigc_metrics_t *to, aigc_metrics_t from)
{
    from.struct_size = to->struct_size;
    memcpy(to, &from, from.struct_size < sizeof from ? from.struct_size : sizeof from);
}

/* Its threads, lock and cancel flag are its context's. */
static aigc_status_t check_dataset(const aigc_model_t *model, const aigc_dataset_t *dataset, const char *argument)
{
    AIGC__TRY(aigc__check_handle(dataset, AIGC__DATASET, argument));
    if (dataset->context == model->context) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT, "argument '%s' belongs to another context than the model", argument);
}

static aigc_status_t check_labels(const aigc_tensor_t *labels, int64_t n)
{
    if (labels == NULL) return AIGC_OK;
    AIGC__TRY(aigc__check_handle(labels, AIGC__TENSOR, "labels"));
    if (labels->dtype != AIGC_DTYPE_I64 || labels->rank != 1 || labels->shape[0] != n)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "labels must be an i64 tensor [%lld]", (long long)n);
    return AIGC_OK;
}

static aigc_status_t check_pictures(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels)
{
    AIGC__TRY(aigc__check_handle(images, AIGC__TENSOR, "images"));
    AIGC__TRY(aigc__check_images(images, "images"));
    if (images->shape[0] < 1) return aigc__fail(AIGC_ERROR_ARGUMENT, "images has no pictures");
    AIGC__TRY(check_labels(labels, images->shape[0]));
    return aigc__model_fit_images(model, images);
}

/* ---- training ---- */

aigc_status_t aigc_model_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                               const aigc_options_t *options, aigc_progress_fn progress, void *user)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_handle(model, AIGC__MODEL, "model"));
    AIGC__TRY(check_dataset(model, dataset, "dataset"));
    if (validation) AIGC__TRY(check_dataset(model, validation, "validation"));
    AIGC__TRY(begin(&call, model, options));
    model->train_options = options;
    const aigc_status_t status = model->kind->train
                                     ? model->kind->train(model, dataset, validation, options, progress, user)
                                     : unsupported(model, "train");
    model->train_options = NULL;
    return end(&call, model, status);
}

static aigc_status_t train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc_metrics_t own = {.struct_size = sizeof own};
    if (model->kind->train_step == NULL) return unsupported(model, "train_step");
    AIGC__TRY(check_pictures(model, images, labels));
    AIGC__TRY(model->kind->train_step(model, images, labels, options, &own));
    own.step = aigc__optimizer_steps(model->optimizer, 0);
    if (metrics) give_metrics(metrics, own);
    return AIGC_OK;
}

aigc_status_t aigc_model_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                    const aigc_options_t *options, aigc_metrics_t *metrics)
{
    aigc__call_t call;
    AIGC__TRY(check_metrics(metrics));
    AIGC__TRY(begin(&call, model, options));
    return end(&call, model, train_step(model, images, labels, options, metrics));
}

aigc_status_t aigc_model_evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                                  aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    aigc__call_t call;
    aigc_metrics_t own = {.struct_size = sizeof own};
    AIGC__TRY(aigc__check_pointer(metrics, "metrics"));
    AIGC__TRY(check_metrics(metrics));
    AIGC__TRY(aigc__check_handle(model, AIGC__MODEL, "model"));
    AIGC__TRY(check_dataset(model, dataset, "dataset"));
    AIGC__TRY(begin(&call, model, options));
    aigc__dataset_retain(dataset); /* a callback may free it */
    const aigc_status_t status = model->kind->evaluate
                                     ? model->kind->evaluate(model, dataset, options, &own, progress, user)
                                     : unsupported(model, "evaluate");
    own.step = model->optimizer ? aigc__optimizer_steps(model->optimizer, 0) : 0;
    if (status == AIGC_OK) give_metrics(metrics, own);
    aigc__dataset_release(dataset);
    return end(&call, model, status);
}

aigc_status_t aigc_dataset_compare(aigc_dataset_t *made, aigc_dataset_t *real, const aigc_options_t *options,
                                   aigc_metrics_t *metrics, aigc_progress_fn progress, void *user)
{
    aigc__call_t call;
    aigc_metrics_t own = {.struct_size = sizeof own};
    AIGC__TRY(aigc__check_handle(made, AIGC__DATASET, "made"));
    AIGC__TRY(aigc__check_handle(real, AIGC__DATASET, "real"));
    AIGC__TRY(aigc__check_pointer(metrics, "metrics"));
    AIGC__TRY(check_metrics(metrics));
    AIGC__TRY(aigc__check_options(options));
    if (made->context != real->context)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "argument 'real' belongs to another context than 'made'");
    AIGC__TRY(aigc__call_begin(&call, made->context));
    aigc__dataset_retain(made); /* a callback may free what it likes */
    aigc__dataset_retain(real);
    const aigc_status_t status = aigc__compare(made, real, options, &own, progress, user);
    if (status == AIGC_OK) give_metrics(metrics, own);
    aigc__dataset_release(real);
    aigc__dataset_release(made);
    return aigc__call_end(&call, status);
}

/* ---- sampling ---- */

aigc_status_t aigc_model_generate(aigc_tensor_t **images, aigc_model_t *model, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(images, "images"));
    AIGC__TRY(begin(&call, model, options));
    return end(&call, model,
               model->kind->generate ? model->kind->generate(images, model, options) : unsupported(model, "generate"));
}

aigc_status_t aigc_model_encode(aigc_tensor_t **latents, aigc_model_t *model, const aigc_tensor_t *images,
                                const aigc_tensor_t *labels, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(latents, "latents"));
    AIGC__TRY(begin(&call, model, options));
    aigc_status_t status = model->kind->encode ? check_pictures(model, images, labels) : unsupported(model, "encode");
    if (status == AIGC_OK) status = model->kind->encode(latents, model, images, labels, options);
    return end(&call, model, status);
}

static aigc_status_t check_latents(const aigc_tensor_t *latents, const aigc_tensor_t *labels)
{
    AIGC__TRY(aigc__check_handle(latents, AIGC__TENSOR, "latents"));
    return check_labels(labels, latents->rank == 2 ? latents->shape[0] : 1);
}

aigc_status_t aigc_model_decode(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *latents,
                                const aigc_tensor_t *labels, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(images, "images"));
    AIGC__TRY(begin(&call, model, options));
    aigc_status_t status = model->kind->decode ? check_latents(latents, labels) : unsupported(model, "decode");
    if (status == AIGC_OK) status = model->kind->decode(images, model, latents, labels, options);
    return end(&call, model, status);
}

aigc_status_t aigc_model_reconstruct(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *images,
                                     const aigc_tensor_t *labels, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(begin(&call, model, options));
    aigc_status_t status =
        model->kind->reconstruct ? check_pictures(model, images, labels) : unsupported(model, "reconstruct");
    if (status == AIGC_OK) status = model->kind->reconstruct(out, model, images, labels, options);
    return end(&call, model, status);
}

aigc_status_t aigc_model_interpolate(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *from,
                                     const aigc_tensor_t *to, const aigc_options_t *options)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(images, "images"));
    if (from) AIGC__TRY(aigc__check_handle(from, AIGC__TENSOR, "from"));
    if (to) AIGC__TRY(aigc__check_handle(to, AIGC__TENSOR, "to"));
    AIGC__TRY(begin(&call, model, options));
    return end(&call, model,
               model->kind->interpolate ? model->kind->interpolate(images, model, from, to, options)
                                        : unsupported(model, "interpolate"));
}

/* ---- looking inside ---- */

/* A parameter tensor in a user's hands keeps the model, and tells it that numbers may change. */
static void parameter_released(void *data, void *user)
{
    aigc_model_t *model = user;
    (void)data;
    model->parameters_version++;
    atomic_fetch_sub(&model->tensors_out, 1);
    aigc__model_release(model);
}

static aigc_status_t lend_parameter(aigc_model_t *model, size_t index, const char **name, aigc_tensor_t **tensor)
{
    AIGC__TRY(aigc__model_build(model));
    aigc__store_t *store = aigc__model_sampling_store(model);
    if (index >= aigc__store_count(store))
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "the model has %zu parameters, no number %zu", aigc__store_count(store),
                          index);
    const aigc__parameter_t *parameter = aigc__store_parameter(store, index);
    if (tensor) {
        AIGC__TRY(aigc__tensor_wrap(tensor, model->context, aigc__store_data(store, index), AIGC_DTYPE_F32,
                                    parameter->shape.rank, parameter->shape.dims, parameter_released, model));
        atomic_fetch_add(&model->tensors_out, 1);
        aigc__model_retain(model);
    }
    if (name) *name = parameter->name;
    return AIGC_OK;
}

aigc_status_t aigc_model_parameter(aigc_model_t *model, size_t index, const char **name, aigc_tensor_t **tensor)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, model, NULL));
    return end(&call, model, lend_parameter(model, index, name, tensor));
}

aigc_status_t aigc_model_config(aigc_model_t *model, const char **kind, const char **json)
{
    aigc__call_t call;
    char *text = NULL;
    AIGC__TRY(begin(&call, model, NULL));
    const aigc_status_t status = aigc__model_config_json(model, &text);
    if (status != AIGC_OK) return end(&call, model, status);
    aigc__memory_free(&model->context->memory, model->config_json);
    model->config_json = text;
    if (kind) *kind = model->kind->name;
    if (json) *json = text;
    return end(&call, model, AIGC_OK);
}

static aigc_status_t lend_option(aigc_model_t *model, size_t index, const char **name, const char **value)
{
    const aigc__verb_table_t *table = aigc__model_create_table(model->kind);
    if (index >= *table->n)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "the model has %zu options, no number %zu", *table->n, index);
    if (name) *name = table->rows[index].name;
    if (value) *value = aigc__option_value_text(&table->rows[index], model->kind->config(model), model->option_text);
    return AIGC_OK;
}

aigc_status_t aigc_model_option(aigc_model_t *model, size_t index, const char **name, const char **value)
{
    aigc__call_t call;
    AIGC__TRY(begin(&call, model, NULL));
    return end(&call, model, lend_option(model, index, name, value));
}

aigc_status_t aigc_model_memory(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes)
{
    aigc__call_t call;
    AIGC__TRY(aigc__check_pointer(verb, "verb"));
    AIGC__TRY(aigc__check_pointer(bytes, "bytes"));
    AIGC__TRY(begin(&call, model, options));
    return end(&call, model,
               model->kind->memory ? model->kind->memory(model, verb, options, bytes)
                                   : unsupported(model, "tell its memory"));
}
