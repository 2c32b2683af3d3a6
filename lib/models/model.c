#include "base/sizes.h"
#include "models/network.h"
#include <stdio.h>
#include <string.h>

#define MODEL_KIND(name) extern const aigc__model_kind_t aigc__model_kind_##name;
#include "models/model_kinds.def"
#undef MODEL_KIND

static const aigc__model_kind_t *const kinds[] = {
#define MODEL_KIND(name) &aigc__model_kind_##name,
#include "models/model_kinds.def"
#undef MODEL_KIND
};

const aigc__model_kind_t *aigc__model_kind(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? kinds[index] : NULL;
}

const aigc__model_kind_t *aigc__model_kind_named(const char *name)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (strcmp(kinds[k]->name, name) == 0) return kinds[k];
    aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no model kind '%s'; the kinds are listed by aigc_kind_info()", name);
    return NULL;
}

aigc_status_t aigc__model_create(aigc_model_t **out, aigc_context_t *context, const char *kind,
                                 const aigc_options_t *options, bool builds)
{
    const aigc__model_kind_t *row = aigc__model_kind_named(kind);
    void *block = NULL;
    if (row == NULL) return AIGC_ERROR_NOT_FOUND;
    if (builds) AIGC__TRY(aigc__model_check_options(row, "create", options)); /* files tell all options there are */
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc_model_t), &block));
    aigc_model_t *model = block;
    model->kind_tag = AIGC__MODEL;
    model->references = 1;
    model->context = context;
    model->kind = row;
    model->parameters_version = 1;
    aigc__context_retain(context);
    aigc_status_t status;
    AIGC__GOTO(fail, aigc__store_create(&model->store, context));
    AIGC__GOTO(fail, row->create(model, options));
    if (builds && aigc__geometry_known(row->geometry(model))) AIGC__GOTO(fail, aigc__model_build(model));
    *out = model;
    return AIGC_OK;
fail:
    aigc__model_release(model);
    return status;
}

void aigc__model_retain(aigc_model_t *model) { atomic_fetch_add(&model->references, 1); }

static void free_class_names(aigc__memory_t *memory, char **names)
{
    for (char **name = names; name && *name; name++) aigc__memory_free(memory, *name);
    aigc__memory_free(memory, names);
}

void aigc__model_release(aigc_model_t *model)
{
    if (model == NULL || atomic_fetch_sub(&model->references, 1) != 1) return;
    aigc_context_t *context = model->context;
    aigc__model_forget_plans(model);
    aigc__optimizer_free(model->optimizer);
    aigc__store_free(model->average_store);
    aigc__store_free(model->store);
    model->kind->free(model);
    free_class_names(&context->memory, model->class_names);
    aigc__memory_free(&context->memory, model->config_json);
    aigc__memory_free(&context->memory, model->training_record);
    model->kind_tag = AIGC__DEAD;
    aigc__memory_free(&context->memory, model);
    aigc__context_release(context);
}

/* ---- building ---- */

bool aigc__geometry_known(aigc__geometry_t geometry)
{
    return geometry.height > 0 && geometry.width > 0 && geometry.channels > 0;
}

const aigc__verb_table_t *aigc__model_create_table(const aigc__model_kind_t *kind)
{
    const aigc__verb_table_t *table = kind->tables;
    while (strcmp(table->verb, "create") != 0) table++;
    return table;
}

/* Every kind has `seed` among its create options. */
static uint64_t initial_seed(aigc_model_t *model)
{
    const aigc__option_t *row = aigc__model_create_table(model->kind)->rows;
    while (strcmp(row->name, "seed") != 0) row++;
    return (uint64_t) * (const int64_t *)(const void *)((const char *)model->kind->config(model) + row->offset);
}

/* Into a store of its own, so that an attempt that fails binds no later one. */
aigc_status_t aigc__model_declare(aigc_model_t *model)
{
    aigc__graph_t *graph = NULL;
    aigc__store_t *fresh = NULL, *const before = model->store;
    aigc_status_t status;
    if (!aigc__geometry_known(model->kind->geometry(model)))
        return aigc__fail(
            AIGC_ERROR_STATE,
            "the model has no image size yet: train it, or give height, width and channels when creating it");
    AIGC__GOTO(done, aigc__graph_create(&graph, &model->context->memory));
    AIGC__GOTO(done, aigc__store_create(&fresh, model->context));
    model->store = fresh;
    status = model->kind->declare(model, graph);
    if (status == AIGC_OK)
        fresh = before;
    else
        model->store = before;
done:
    aigc__graph_free(graph);
    aigc__store_free(fresh);
    return status;
}

aigc_status_t aigc__model_build(aigc_model_t *model)
{
    if (aigc__store_sealed(model->store)) return AIGC_OK;
    AIGC__TRY(aigc__model_declare(model));
    const aigc_status_t status = aigc__store_seal(model->store, initial_seed(model));
    if (status == AIGC_OK) return AIGC_OK;
    return aigc__fail_within(status, "a network of %zu parameters: ", aigc__store_parameters(model->store));
}

/* ---- class names ---- */

enum { CLASS_NAME_SIZE = 256 };

/* Names of folders may be any bytes; model files are UTF-8. */
static const char *printable(char text[CLASS_NAME_SIZE], const char *name)
{
    snprintf(text, CLASS_NAME_SIZE, "%s", name);
    aigc__make_printable(text, CLASS_NAME_SIZE);
    return text;
}

aigc_status_t aigc__model_set_class_names(aigc_model_t *model, const char *const *names, size_t n)
{
    aigc__memory_t *memory = &model->context->memory;
    char text[CLASS_NAME_SIZE];
    void *block = NULL;
    size_t bytes = 0;
    aigc_status_t status;
    AIGC__TRY(aigc__bytes_of(n + 1, sizeof(char *), &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, bytes, &block));
    char **copy = block;
    for (size_t k = 0; k < n; k++)
        AIGC__GOTO(fail, aigc__memory_copy_string(memory, printable(text, names[k]), &copy[k]));
    free_class_names(memory, model->class_names);
    model->class_names = copy;
    return AIGC_OK;
fail:
    free_class_names(memory, copy);
    return status;
}

/* Data without names call their classes by number. */
static bool is_number(const char *name, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    return strcmp(name, text) == 0;
}

/* A class must not become another one because a folder is missing or was renamed. */
static aigc_status_t check_class_names(const aigc_model_t *model, const aigc_dataset_t *dataset)
{
    char text[CLASS_NAME_SIZE];
    for (int64_t k = 0; k < dataset->classes && model->class_names[k]; k++) {
        const char *known = model->class_names[k], *theirs = printable(text, dataset->class_names[k]);
        if (strcmp(known, theirs) != 0 && !is_number(known, k) && !is_number(theirs, k))
            return aigc__fail(AIGC_ERROR_ARGUMENT,
                              "class %lld of the model is '%s', of the data '%s'; the names must be the same, "
                              "in the same order",
                              (long long)k, known, theirs);
    }
    return AIGC_OK;
}

static aigc_status_t fit_classes(aigc_model_t *model, const aigc_dataset_t *dataset)
{
    const int64_t classes = model->kind->geometry(model).classes;
    if (classes == 0) return AIGC_OK;
    if (dataset->classes > classes)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the model knows %lld classes, the data have %lld", (long long)classes,
                          (long long)dataset->classes);
    if (dataset->classes == 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the model is conditional on %lld classes, the data have no labels",
                          (long long)classes);
    if (model->class_names) return check_class_names(model, dataset);
    return aigc__model_set_class_names(model, (const char *const *)dataset->class_names, (size_t)dataset->classes);
}

/* ---- fitting to data ---- */

static aigc__geometry_t merged(aigc__geometry_t told, aigc__geometry_t data)
{
    return (aigc__geometry_t){told.height ? told.height : data.height, told.width ? told.width : data.width,
                              told.channels ? told.channels : data.channels,
                              told.classes ? told.classes : data.classes};
}

/* What the model was told must agree with the data; what it was not told is taken from the data. */
static aigc_status_t fit(aigc_model_t *model, aigc__geometry_t data)
{
    const aigc__geometry_t had = model->kind->geometry(model);
    if (data.height > AIGC__LARGEST_SIDE || data.width > AIGC__LARGEST_SIDE)
        return aigc__fail(AIGC_ERROR_LIMIT, "pictures of %lldx%lld (height, width); a model's are at most %dx%d",
                          (long long)data.height, (long long)data.width, AIGC__LARGEST_SIDE, AIGC__LARGEST_SIDE);
    const aigc__geometry_t want = merged(had, data);
    if (want.height != data.height || want.width != data.width || want.channels != data.channels)
        return aigc__fail(
            AIGC_ERROR_ARGUMENT,
            "the model works on %lldx%lldx%lld pictures (height, width, channels), these are %lldx%lldx%lld",
            (long long)want.height, (long long)want.width, (long long)want.channels, (long long)data.height,
            (long long)data.width, (long long)data.channels);
    if (aigc__store_sealed(model->store)) return AIGC_OK;
    model->kind->set_geometry(model, want);
    const aigc_status_t status = aigc__model_build(model);
    if (status != AIGC_OK) model->kind->set_geometry(model, had);
    return status;
}

aigc_status_t aigc__model_fit_images(aigc_model_t *model, const aigc_tensor_t *images)
{
    return fit(model, (aigc__geometry_t){images->shape[1], images->shape[2], images->shape[3], 0});
}

aigc_status_t aigc__model_fit_dataset(aigc_model_t *model, aigc_dataset_t *dataset)
{
    const aigc__geometry_t data = {dataset->height, dataset->width, dataset->channels, dataset->classes};
    AIGC__TRY(fit(model, data));
    return fit_classes(model, dataset);
}

/* ---- the moving average ---- */

aigc__store_t *aigc__model_sampling_store(aigc_model_t *model)
{
    return model->average ? model->average : model->store;
}

aigc_status_t aigc__model_reserve_average(aigc_model_t *model)
{
    return model->average_store ? AIGC_OK : aigc__store_clone(&model->average_store, model->store);
}

void aigc__model_use_average(aigc_model_t *model, bool wanted, const float *values)
{
    if (wanted && !values && !model->average) values = aigc__store_block(model->store);
    if (wanted && values)
        memcpy(aigc__store_block(model->average_store), values, aigc__store_elements(model->store) * sizeof(float));
    aigc__store_t *const next = wanted ? model->average_store : NULL;
    if (next != model->average) aigc__model_forget_plans(model); /* executors hold the store they were made for */
    model->average = next;
    model->parameters_version++;
}

/* ---- metrics ---- */

void aigc__metrics_clear(aigc_metrics_t *metrics) { metrics->count = 0; }

void aigc__metrics_put(aigc_metrics_t *metrics, const char *name, double value)
{
    if (metrics->count >= AIGC_MAX_METRICS) return;
    metrics->names[metrics->count] = name;
    metrics->values[metrics->count++] = value;
}
