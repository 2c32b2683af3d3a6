#include "base/sizes.h"
#include "formats/safetensors.h"
#include "models/network.h"
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct save_options {
    int64_t dtype;
} save_options_t;

const aigc__option_t aigc__save_rows[] = {
    {"dtype", AIGC__OPTION_CHOICE, offsetof(save_options_t, dtype), "f32", 0, 0, "f32|f16|bf16", "number format of the parameters in the file"},
};
const size_t aigc__save_row_count = sizeof aigc__save_rows / sizeof *aigc__save_rows;

typedef struct load_options {
    const char *prefix;
    int64_t strict, finite;
} load_options_t;

const aigc__option_t aigc__load_weights_rows[] = {
    {"prefix", AIGC__OPTION_STRING, offsetof(load_options_t, prefix), "", 0, 0, NULL, "text before every name in the file, such as model."},
    {"strict", AIGC__OPTION_BOOL, offsetof(load_options_t, strict), "true", 0, 0, NULL, "tensors the model does not have are an error"},
    {"finite", AIGC__OPTION_BOOL, offsetof(load_options_t, finite), "true", 0, 0, NULL, "NaN and infinity are an error"},
};
const size_t aigc__load_weights_row_count = sizeof aigc__load_weights_rows / sizeof *aigc__load_weights_rows;

const size_t aigc__no_rows = 0;

/* ---- configuration to JSON and back ---- */

static json_t *ints_to_json(const aigc__ints_t *ints)
{
    json_t *array = json_array();
    for (size_t k = 0; k < ints->n; k++) json_array_append_new(array, json_integer(ints->values[k]));
    return array;
}

/* The text of choice number `place`. */
static json_t *choice_to_json(const char *choices, int64_t place)
{
    for (; place > 0; place--) choices = strchr(choices, '|') + 1;
    return json_stringn(choices, strcspn(choices, "|"));
}

static json_t *value_to_json(const aigc__option_t *row, const void *record)
{
    const void *value = (const char *)record + row->offset;
    switch (row->type) {
    case AIGC__OPTION_INT: return json_integer(*(const int64_t *)value);
    case AIGC__OPTION_FLOAT: return json_real(*(const double *)value);
    case AIGC__OPTION_BOOL: return json_boolean(*(const int64_t *)value);
    case AIGC__OPTION_CHOICE: return choice_to_json(row->choices, *(const int64_t *)value);
    case AIGC__OPTION_INTS: return ints_to_json(value);
    default: return NULL; /* paths and tensors are no part of what a model is */
    }
}

static aigc_status_t json_to_text(aigc__memory_t *memory, json_t *json, char **out)
{
    char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(json);
    if (text == NULL) return aigc__fail(AIGC_ERROR_MEMORY, "there is no memory for the model's configuration");
    const aigc_status_t status = aigc__memory_copy_string(memory, text, out);
    free(text);
    return status;
}

aigc_status_t aigc__model_config_json(aigc_model_t *model, char **out)
{
    json_t *object = json_object();
    const void *record = model->kind->config(model);
    for (size_t t = 0; t < model->kind->n_tables; t++) {
        const aigc__verb_table_t *table = &model->kind->tables[t];
        for (size_t k = 0; k < *table->n && strcmp(table->verb, "create") == 0; k++) {
            json_t *value = value_to_json(&table->rows[k], record);
            if (value && json_object_set_new(object, table->rows[k].name, value) != 0) {
                json_decref(object);
                return aigc__fail(AIGC_ERROR_MEMORY, "there is no memory for the model's configuration");
            }
        }
    }
    return json_to_text(&model->context->memory, object, out);
}

static aigc_status_t class_names_json(aigc_model_t *model, char **out)
{
    json_t *array = json_array();
    for (char **name = model->class_names; name && *name; name++) json_array_append_new(array, json_string(*name));
    return json_to_text(&model->context->memory, array, out);
}

/* An option set from one JSON value; AIGC_ERROR_CORRUPT for what is no option value. */
static aigc_status_t json_to_option(aigc_options_t *options, const char *name, const json_t *value)
{
    enum { LARGEST = 64 };
    int64_t ints[LARGEST];
    if (json_is_integer(value)) ints[0] = json_integer_value(value);
    if (json_is_boolean(value)) ints[0] = json_is_true(value);
    if (json_is_integer(value) || json_is_boolean(value)) return aigc__options_set(options, name, AIGC__OPTION_INT, ints, 1);
    if (json_is_real(value)) return aigc__options_set(options, name, AIGC__OPTION_FLOAT, &(double){json_real_value(value)}, 1);
    if (json_is_string(value)) return aigc__options_set(options, name, AIGC__OPTION_STRING, json_string_value(value), 1);
    const size_t n = json_array_size(value);
    if (!json_is_array(value) || n > LARGEST)
        return aigc__fail(AIGC_ERROR_CORRUPT, "the model's configuration has no usable value for '%s'", name);
    for (size_t k = 0; k < n; k++) {
        const json_t *item = json_array_get(value, k);
        if (!json_is_integer(item)) return aigc__fail(AIGC_ERROR_CORRUPT, "the model's configuration has no usable value for '%s'", name);
        ints[k] = json_integer_value(item);
    }
    return aigc__options_set(options, name, AIGC__OPTION_INTS, ints, n);
}

static aigc_status_t config_to_options(const char *text, aigc_options_t *options)
{
    json_error_t error;
    const char *name;
    json_t *value;
    aigc_status_t status = AIGC_OK;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(object)) {
        json_decref(object);
        return aigc__fail(AIGC_ERROR_CORRUPT, "the model's configuration is not a JSON object");
    }
    json_object_foreach(object, name, value)
    {
        status = json_to_option(options, name, value);
        if (status != AIGC_OK) break;
    }
    json_decref(object);
    return status;
}

/* ---- metadata ---- */

static void add_pair(aigc__model_metadata_t *metadata, const char *key, const char *value)
{
    metadata->pairs[metadata->n][0] = key;
    metadata->pairs[metadata->n++][1] = value;
}

aigc_status_t aigc__model_metadata(aigc_model_t *model, aigc__model_metadata_t *out)
{
    *out = (aigc__model_metadata_t){.n = 0};
    AIGC__TRY(aigc__model_config_json(model, &out->config));
    add_pair(out, "format", "pt");
    add_pair(out, "aigc.kind", model->kind->name);
    add_pair(out, "aigc.config", out->config);
    if (model->class_names == NULL) return AIGC_OK;
    const aigc_status_t status = class_names_json(model, &out->class_names);
    if (status == AIGC_OK) add_pair(out, "aigc.class_names", out->class_names);
    else aigc__model_metadata_free(model, out);
    return status;
}

void aigc__model_metadata_free(aigc_model_t *model, aigc__model_metadata_t *metadata)
{
    aigc__memory_free(&model->context->memory, metadata->config);
    aigc__memory_free(&model->context->memory, metadata->class_names);
}

static aigc_status_t read_class_names(aigc_model_t *model, const char *text)
{
    json_error_t error;
    const int64_t classes = model->kind->geometry(model).classes;
    const char *names[256];
    json_t *array = json_loads(text, 0, &error);
    aigc_status_t status = AIGC_OK;
    const size_t n = json_array_size(array);
    bool is_good = json_is_array(array) && (int64_t)n == classes && n <= sizeof names / sizeof *names;
    for (size_t k = 0; is_good && k < n; k++) {
        names[k] = json_string_value(json_array_get(array, k));
        is_good = names[k] != NULL;
    }
    if (is_good) status = aigc__model_set_class_names(model, names, classes);
    json_decref(array);
    return is_good ? status : aigc__fail(AIGC_ERROR_CORRUPT, "the model's class names are not a list of %d names", (int)classes);
}

aigc_status_t aigc__model_from_metadata(aigc_model_t **out, aigc_context_t *context, const struct aigc__safetensors *file)
{
    const char *kind = aigc__safetensors_metadata(file, "aigc.kind");
    const char *config = aigc__safetensors_metadata(file, "aigc.config");
    const char *names = aigc__safetensors_metadata(file, "aigc.class_names");
    aigc_options_t *options = NULL;
    aigc_model_t *model = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__options_create(&options));
    if (kind == NULL) {
        for (size_t k = 0; kind == NULL && aigc__model_kind(k); k++)
            if (aigc__model_kind(k)->recognise && aigc__model_kind(k)->recognise(file, options)) kind = aigc__model_kind(k)->name;
        if (kind == NULL) {
            status = aigc__fail(AIGC_ERROR_UNSUPPORTED, "the file names no model kind and its tensors fit none: create a model and "
                                                        "use aigc_model_load_weights()");
            goto done;
        }
    } else if (config) {
        AIGC__GOTO(done, config_to_options(config, options));
    }
    AIGC__GOTO(done, aigc__model_create(&model, context, kind, options));
    AIGC__GOTO(done, aigc__model_build(model));
    if (names) AIGC__GOTO(done, read_class_names(model, names));
    *out = model;
    model = NULL;
done:
    aigc__model_release(model);
    aigc__options_free(options);
    return status;
}

/* ---- parameters ---- */

/* A list in a message: as many names as fit. */
typedef struct listing {
    char text[160];
    size_t length, n, shown;
} listing_t;

static void list(listing_t *listing, const char *name)
{
    const size_t length = strlen(name);
    listing->n++;
    if (listing->length + length + 3 > sizeof listing->text) return;
    if (listing->length) {
        memcpy(listing->text + listing->length, ", ", 2);
        listing->length += 2;
    }
    memcpy(listing->text + listing->length, name, length + 1);
    listing->length += length;
    listing->shown++;
}

/* The entry of parameter `name`, or -1. The prefix is put before it. */
static int64_t find_entry(const struct aigc__safetensors *file, const char *prefix, const char *name)
{
    char full[1200];
    const size_t a = strlen(prefix), b = strlen(name);
    if (a + b >= sizeof full) return -1;
    memcpy(full, prefix, a);
    memcpy(full + a, name, b + 1);
    return aigc__safetensors_find(file, full);
}

static bool shape_fits(const aigc__safetensors_entry_t *entry, const aigc__shape_t *shape)
{
    if (entry->rank != shape->rank) return false;
    for (uint32_t k = 0; k < shape->rank; k++)
        if (entry->shape[k] != shape->dims[k]) return false;
    return true;
}

static void list_misshaped(listing_t *listing, const aigc__parameter_t *parameter, const aigc__safetensors_entry_t *entry)
{
    char text[160], want[96], have[96];
    aigc__shape_text(want, parameter->shape.rank, parameter->shape.dims);
    aigc__shape_text(have, entry->rank < AIGC_MAX_RANK ? entry->rank : AIGC_MAX_RANK, entry->shape);
    const char *const parts[] = {parameter->name, " ", have, " for ", want};
    size_t length = 0;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        const size_t n = strlen(parts[k]);
        if (length + n >= sizeof text) break;
        memcpy(text + length, parts[k], n);
        length += n;
    }
    text[length] = '\0';
    list(listing, text);
}

static bool is_wanted(const aigc_model_t *model, const char *prefix, const char *name)
{
    const size_t length = strlen(prefix);
    return strncmp(name, prefix, length) == 0 && aigc__store_find(model->store, name + length) >= 0;
}

static aigc_status_t check_entries(const aigc_model_t *model, const struct aigc__safetensors *file, const char *prefix, bool strict)
{
    listing_t missing = {.n = 0}, misshaped = {.n = 0}, unexpected = {.n = 0};
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
        const int64_t index = find_entry(file, prefix, parameter->name);
        if (index < 0) list(&missing, parameter->name);
        else if (!shape_fits(aigc__safetensors_entry(file, (size_t)index), &parameter->shape))
            list_misshaped(&misshaped, parameter, aigc__safetensors_entry(file, (size_t)index));
    }
    for (size_t k = 0; strict && k < aigc__safetensors_count(file); k++) {
        const char *name = aigc__safetensors_entry(file, k)->name;
        if (!is_wanted(model, prefix, name)) list(&unexpected, name);
    }
    if (missing.n + misshaped.n + unexpected.n == 0) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CORRUPT, "the file does not fit the model: %zu missing (%s%s), %zu of another shape (%s%s), %zu unexpected (%s%s)",
                      missing.n, missing.text, missing.shown < missing.n ? ", ..." : "", misshaped.n, misshaped.text,
                      misshaped.shown < misshaped.n ? ", ..." : "", unexpected.n, unexpected.text,
                      unexpected.shown < unexpected.n ? ", ..." : "");
}

aigc_status_t aigc__model_read_block(const aigc_model_t *model, const struct aigc__safetensors *file, const char *prefix,
                                     bool strict, float *block)
{
    AIGC__TRY(check_entries(model, file, prefix, strict));
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
        const int64_t index = find_entry(file, prefix, parameter->name);
        AIGC__TRY(aigc__safetensors_read_f32(file, (size_t)index, block + parameter->first));
    }
    return AIGC_OK;
}

static aigc_status_t check_finite(const aigc_model_t *model, const float *block)
{
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
        if (!model->context->kernels->all_finite(block + parameter->first, parameter->count))
            return aigc__fail(AIGC_ERROR_NUMERIC, "%s has NaN or infinite values", parameter->name);
    }
    return AIGC_OK;
}

/* ---- the verbs ---- */

aigc_status_t aigc__model_load_weights(aigc_model_t *model, const char *path, const aigc_options_t *options)
{
    load_options_t given;
    aigc__source_t source = {0};
    aigc__safetensors_t *file = NULL;
    void *block = NULL;
    size_t bytes = 0;
    aigc_status_t status;
    AIGC__TRY(aigc__model_options(model, "load_weights", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_build(model));
    AIGC__GOTO(done, aigc__source_open(&source, model->context->files, path));
    AIGC__GOTO(done, aigc__safetensors_open(&file, model->context, &source));
    AIGC__GOTO(done, aigc__bytes_of(aigc__store_elements(model->store), sizeof(float), &bytes));
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(&model->context->memory, bytes, &block));
    AIGC__GOTO(done, aigc__model_read_block(model, file, given.prefix ? given.prefix : "", given.strict != 0, block));
    if (given.finite) AIGC__GOTO(done, check_finite(model, block));
    memcpy(aigc__store_block(model->store), block, bytes);
    if (model->average) memcpy(aigc__store_block(model->average), block, bytes);
    model->parameters_version++;
done:
    if (status != AIGC_OK) aigc__fail_within(status, "'%s': ", path);
    aigc__memory_free(&model->context->memory, block);
    aigc__safetensors_free(file);
    aigc__source_close(&source);
    return status;
}

/* Epochs and steps the parameters were trained for, for a reader's information. */
static void read_trained(aigc_model_t *model, const struct aigc__safetensors *file)
{
    const char *epochs = aigc__safetensors_metadata(file, "aigc.epochs");
    uint64_t n = 0;
    for (; epochs && *epochs >= '0' && *epochs <= '9' && n < 1000000000; epochs++) n = n * 10 + (uint64_t)(*epochs - '0');
    model->position.epoch = n;
}

aigc_status_t aigc__model_load(aigc_model_t **out, aigc_context_t *context, const char *path, const aigc_options_t *options)
{
    aigc__source_t source = {0};
    aigc__safetensors_t *file = NULL;
    aigc_model_t *model = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__options_resolve(options, "load", NULL, 0));
    AIGC__GOTO(done, aigc__source_open(&source, context->files, path));
    AIGC__GOTO(done, aigc__safetensors_open(&file, context, &source));
    AIGC__GOTO(done, aigc__model_from_metadata(&model, context, file));
    AIGC__GOTO(done, aigc__model_read_block(model, file, "", true, aigc__store_block(model->store)));
    read_trained(model, file);
    *out = model;
    model = NULL;
done:
    if (status != AIGC_OK) aigc__fail_within(status, "'%s': ", path);
    aigc__model_release(model);
    aigc__safetensors_free(file);
    aigc__source_close(&source);
    return status;
}

static void number_text(char *text, uint64_t n)
{
    char digits[24];
    size_t length = 0;
    do digits[length++] = (char)('0' + n % 10);
    while (n /= 10);
    while (length) *text++ = digits[--length];
    *text = '\0';
}

aigc_status_t aigc__model_save(aigc_model_t *model, const char *path, const aigc_options_t *options)
{
    static const aigc_dtype_t dtypes[] = {AIGC_DTYPE_F32, AIGC_DTYPE_F16, AIGC_DTYPE_BF16};
    save_options_t given;
    aigc__model_metadata_t metadata = {.n = 0};
    aigc__safetensors_part_t *parts = NULL;
    aigc__saver_t *saver = NULL;
    char epochs[24];
    aigc_status_t status;
    AIGC__TRY(aigc__model_options(model, "save", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_build(model));
    aigc__store_t *store = aigc__model_sampling_store(model);
    const size_t n = aigc__store_count(store);
    AIGC__GOTO(done, aigc__model_metadata(model, &metadata));
    number_text(epochs, model->position.epoch);
    add_pair(&metadata, "aigc.epochs", epochs);
    AIGC__GOTO(done, aigc__memory_alloc(&model->context->memory, n * sizeof *parts, (void **)&parts));
    for (size_t k = 0; k < n; k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(store, k);
        parts[k] = (aigc__safetensors_part_t){parameter->name, dtypes[given.dtype], parameter->shape.rank, parameter->shape.dims,
                                              aigc__store_data(store, k), AIGC_DTYPE_F32};
    }
    AIGC__GOTO(done, aigc__saver_begin(&saver, &model->context->memory, model->context->files, path));
    AIGC__GOTO(done, aigc__safetensors_write(saver, model->context, parts, n, (const char *const(*)[2])metadata.pairs, metadata.n));
    status = aigc__saver_commit(saver);
    saver = NULL;
done:
    aigc__saver_abort(saver);
    aigc__memory_free(&model->context->memory, parts);
    aigc__model_metadata_free(model, &metadata);
    return status;
}
