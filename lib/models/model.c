#include "models/network.h"
#include "base/sizes.h"
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

aigc_status_t aigc__model_create(aigc_model_t **out, aigc_context_t *context, const char *kind, const aigc_options_t *options)
{
    aigc_model_t *model = NULL;
    const aigc__model_kind_t *row = aigc__model_kind_named(kind);
    if (row == NULL) return AIGC_ERROR_NOT_FOUND;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof *model, (void **)&model));
    model->kind_tag = AIGC__MODEL;
    model->references = 1;
    model->context = context;
    model->kind = row;
    model->parameters_version = 1;
    aigc__context_retain(context);
    aigc_status_t status;
    AIGC__GOTO(fail, aigc__store_create(&model->store, context));
    AIGC__GOTO(fail, row->create(model, options));
    if (aigc__geometry_known(row->geometry(model))) AIGC__GOTO(fail, aigc__model_build(model));
    *out = model;
    return AIGC_OK;
fail:
    aigc__model_release(model);
    return status;
}

void aigc__model_retain(aigc_model_t *model) { atomic_fetch_add(&model->references, 1); }

static void free_class_names(aigc_model_t *model, char **names)
{
    if (names == NULL) return;
    for (char **name = names; *name; name++) aigc__memory_free(&model->context->memory, *name);
    aigc__memory_free(&model->context->memory, names);
}

void aigc__model_release(aigc_model_t *model)
{
    if (model == NULL || atomic_fetch_sub(&model->references, 1) != 1) return;
    aigc_context_t *context = model->context;
    aigc__model_forget_plans(model);
    aigc__optimizer_free(model->optimizer);
    aigc__store_free(model->average);
    aigc__store_free(model->store);
    model->kind->free(model);
    free_class_names(model, model->class_names);
    aigc__memory_free(&context->memory, model->config_json);
    model->kind_tag = AIGC__DEAD;
    aigc__memory_free(&context->memory, model);
    aigc__context_release(context);
}

/* ---- building ---- */

bool aigc__geometry_known(aigc__geometry_t geometry) { return geometry.height > 0 && geometry.width > 0 && geometry.channels > 0; }

/* Drawn from the context-independent seed the kind's create table holds; every kind has `seed`. */
static uint64_t initial_seed(aigc_model_t *model)
{
    for (size_t t = 0; t < model->kind->n_tables; t++) {
        const aigc__verb_table_t *table = &model->kind->tables[t];
        if (strcmp(table->verb, "create") != 0) continue;
        for (size_t k = 0; k < *table->n; k++)
            if (strcmp(table->rows[k].name, "seed") == 0)
                return *(const uint64_t *)(const void *)((const char *)model->kind->config(model) + table->rows[k].offset);
    }
    return 0;
}

/* After a failure, parameters of shapes that were not reached must not bind the next attempt. */
static void forget_declared(aigc_model_t *model)
{
    char sentence[512];
    aigc__store_t *fresh = NULL;
    aigc__failure_copy(sentence);
    if (aigc__store_create(&fresh, model->context) == AIGC_OK) {
        aigc__store_free(model->store);
        model->store = fresh;
    }
    aigc__failure_restore(sentence);
}

aigc_status_t aigc__model_build(aigc_model_t *model)
{
    aigc__graph_t *graph = NULL;
    aigc_status_t status;
    if (aigc__store_sealed(model->store)) return AIGC_OK;
    if (!aigc__geometry_known(model->kind->geometry(model)))
        return aigc__fail(AIGC_ERROR_STATE,
                          "the model has no image size yet: train it, or give height, width and channels when creating it");
    AIGC__GOTO(done, aigc__graph_create(&graph, &model->context->memory));
    AIGC__GOTO(done, model->kind->declare(model, graph));
    AIGC__GOTO(done, aigc__graph_status(graph));
    AIGC__GOTO(done, aigc__store_seal(model->store, initial_seed(model)));
done:
    aigc__graph_free(graph);
    if (status != AIGC_OK) forget_declared(model);
    return status;
}

aigc_status_t aigc__model_set_class_names(aigc_model_t *model, const char *const *names, int64_t n)
{
    aigc__memory_t *memory = &model->context->memory;
    char **copy = NULL;
    size_t bytes = 0;
    AIGC__TRY(aigc__bytes_of((size_t)n + 1, sizeof *copy, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, bytes, (void **)&copy));
    for (int64_t k = 0; k < n; k++) {
        const aigc_status_t status = aigc__memory_copy_string(memory, names[k], &copy[k]);
        if (status != AIGC_OK) {
            free_class_names(model, copy);
            return status;
        }
    }
    free_class_names(model, model->class_names);
    model->class_names = copy;
    return AIGC_OK;
}

static aigc__geometry_t merged(aigc__geometry_t told, aigc__geometry_t data)
{
    return (aigc__geometry_t){told.height ? told.height : data.height, told.width ? told.width : data.width,
                              told.channels ? told.channels : data.channels, told.classes ? told.classes : data.classes};
}

/* What the model was told must agree with the data; what it was not told is taken from the data. */
static aigc_status_t fit(aigc_model_t *model, aigc__geometry_t data)
{
    const aigc__geometry_t had = model->kind->geometry(model);
    if (!aigc__store_sealed(model->store)) {
        model->kind->set_geometry(model, merged(had, data));
        const aigc_status_t status = aigc__model_build(model);
        if (status != AIGC_OK) {
            model->kind->set_geometry(model, had);
            return status;
        }
    }
    const aigc__geometry_t want = model->kind->geometry(model);
    if (want.height == data.height && want.width == data.width && want.channels == data.channels) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_ARGUMENT, "the model works on %dx%dx%d pictures (height, width, channels), these are %dx%dx%d",
                      (int)want.height, (int)want.width, (int)want.channels, (int)data.height, (int)data.width, (int)data.channels);
}

aigc_status_t aigc__model_fit_images(aigc_model_t *model, const aigc_tensor_t *images)
{
    return fit(model, (aigc__geometry_t){images->shape[1], images->shape[2], images->shape[3], 0});
}

aigc_status_t aigc__model_fit_dataset(aigc_model_t *model, aigc_dataset_t *dataset)
{
    const aigc__geometry_t data = {dataset->height, dataset->width, dataset->channels, dataset->classes};
    AIGC__TRY(fit(model, data));
    const aigc__geometry_t want = model->kind->geometry(model);
    if (want.classes > 0 && data.classes > want.classes)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the model knows %d classes, the data have %d", (int)want.classes, (int)data.classes);
    if (want.classes > 0 && data.classes == 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the model is conditional on %d classes, the data have no labels", (int)want.classes);
    if (want.classes > 0 && dataset->class_names && model->class_names == NULL)
        return aigc__model_set_class_names(model, (const char *const *)dataset->class_names, data.classes);
    return AIGC_OK;
}

aigc__store_t *aigc__model_sampling_store(aigc_model_t *model) { return model->average ? model->average : model->store; }

aigc_status_t aigc__model_set_average(aigc_model_t *model, bool wanted)
{
    if (wanted == (model->average != NULL)) return AIGC_OK;
    aigc__store_t *average = NULL;
    if (wanted) AIGC__TRY(aigc__store_clone(&average, model->store));
    aigc__model_forget_plans(model); /* executors hold the old choice */
    if (model->optimizer) aigc__optimizer_set_average(model->optimizer, NULL, 0);
    aigc__store_free(model->average);
    model->average = average;
    return AIGC_OK;
}

/* ---- options ---- */

aigc_status_t aigc__model_options(const aigc_model_t *model, const char *verb, const aigc_options_t *options,
                                  void *const *records, size_t n_records)
{
    enum { GROUPS = 4, WHAT = 64 };
    aigc__option_group_t groups[GROUPS];
    char what[WHAT];
    size_t n = 0;
    for (size_t t = 0; t < model->kind->n_tables && n < GROUPS; t++) {
        const aigc__verb_table_t *table = &model->kind->tables[t];
        if (strcmp(table->verb, verb) != 0) continue;
        groups[n] = (aigc__option_group_t){table->rows, *table->n, n < n_records ? records[n] : NULL};
        n++;
    }
    const size_t length = strlen(verb);
    memcpy(what, verb, length);
    what[length] = ' ';
    strcpy(what + length + 1, model->kind->name);
    return aigc__options_resolve(options, what, groups, n);
}

/* ---- metrics ---- */

void aigc__metrics_clear(aigc_metrics_t *metrics) { metrics->count = 0; }

void aigc__metrics_put(aigc_metrics_t *metrics, const char *name, double value)
{
    if (metrics->count >= AIGC_MAX_METRICS) return;
    metrics->names[metrics->count] = name;
    metrics->values[metrics->count++] = value;
}

double aigc__metrics_get(const aigc_metrics_t *metrics, const char *name)
{
    for (uint32_t k = 0; k < metrics->count; k++)
        if (strcmp(metrics->names[k], name) == 0) return metrics->values[k];
    return (double)__builtin_nanf("");
}
