/* What a model is, as JSON in a file's metadata, and back. Files are hostile: how long a text may be, and how
 * many values it may have, is bounded before the parser sees it. */
#include "base/sizes.h"
#include "formats/weight_files.h"
#include "models/network.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_LONGEST = 16384 };

/* ---- configuration to JSON and back ---- */

static json_t *ints_to_json(const aigc__ints_t *ints)
{
    json_t *array = json_array();
    for (size_t k = 0; array && k < ints->n; k++) {
        if (json_array_append_new(array, json_integer(ints->values[k])) == 0) continue;
        json_decref(array);
        return NULL;
    }
    return array;
}

/* The text of choice number `place`. */
static json_t *choice_to_json(const char *choices, int64_t place)
{
    for (; place > 0; place--) choices = strchr(choices, '|') + 1;
    return json_stringn(choices, strcspn(choices, "|"));
}

/* NULL: no memory. */
static json_t *value_to_json(const aigc__option_t *row, const void *record)
{
    const void *value = (const char *)record + row->offset;
    switch (row->type) {
    case AIGC__OPTION_FLOAT:
        return json_real(*(const double *)value);
    case AIGC__OPTION_BOOL:
        return json_boolean(*(const int64_t *)value);
    case AIGC__OPTION_CHOICE:
        return choice_to_json(row->choices, *(const int64_t *)value);
    case AIGC__OPTION_INTS:
        return ints_to_json(value);
    default:
        return json_integer(*(const int64_t *)value); /* what a model is has numbers and choices only */
    }
}

static aigc_status_t json_to_text(aigc__memory_t *memory, json_t *json, char **out)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(json);
    if (text == NULL) return aigc__fail(AIGC_ERROR_MEMORY, "there is no memory for the model's configuration");
    const aigc_status_t status = aigc__memory_copy_string(memory, text, out);
    free(text);
    return status;
}

aigc_status_t aigc__model_config_json(const aigc_model_t *model, char **out)
{
    const aigc__verb_table_t *table = aigc__model_create_table(model->kind);
    const void *record = model->kind->config(model);
    json_t *object = json_object();
    for (size_t k = 0; k < *table->n; k++) {
        if (json_object_set_new(object, table->rows[k].name, value_to_json(&table->rows[k], record)) == 0) continue;
        json_decref(object);
        object = NULL;
    }
    return json_to_text(&model->context->memory, object, out);
}

static aigc_status_t unusable(const char *name)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "the configuration has no usable value for '%s'", name);
}

static aigc_status_t json_to_option(aigc_options_t *options, const char *name, const json_t *value)
{
    enum { LARGEST = 64 };
    int64_t ints[LARGEST];
    const size_t n = json_array_size(value);
    if (json_is_real(value))
        return aigc__options_set(options, name, AIGC__OPTION_FLOAT, &(double){json_real_value(value)}, 1);
    if (json_is_string(value))
        return aigc__options_set(options, name, AIGC__OPTION_STRING, json_string_value(value), 1);
    if (json_is_integer(value) || json_is_boolean(value)) {
        ints[0] = json_is_integer(value) ? json_integer_value(value) : json_is_true(value);
        return aigc__options_set(options, name, AIGC__OPTION_INT, ints, 1);
    }
    if (!json_is_array(value) || n > LARGEST) return unusable(name);
    for (size_t k = 0; k < n; k++) {
        const json_t *item = json_array_get(value, k);
        if (!json_is_integer(item)) return unusable(name);
        ints[k] = json_integer_value(item);
    }
    return aigc__options_set(options, name, AIGC__OPTION_INTS, ints, n);
}

static aigc_status_t config_to_options(const char *text, aigc_options_t *options)
{
    const char *name;
    json_t *value, *object = strlen(text) <= CONFIG_LONGEST ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    aigc_status_t status = AIGC_OK;
    if (!json_is_object(object)) {
        json_decref(object);
        return aigc__fail(AIGC_ERROR_CORRUPT, "the configuration is not a JSON object of at most %d bytes",
                          CONFIG_LONGEST);
    }
    json_object_foreach(object, name, value)
    {
        status = json_to_option(options, name, value);
        if (status != AIGC_OK) break;
    }
    json_decref(object);
    return status;
}

/* ---- class names ---- */

static aigc_status_t class_names_json(aigc_model_t *model, char **out)
{
    json_t *array = json_array();
    for (char **name = model->class_names; array && *name; name++) {
        if (json_array_append_new(array, json_string(*name)) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return json_to_text(&model->context->memory, array, out);
}

static size_t count_commas(const char *text)
{
    size_t n = 0;
    bool is_string = false;
    for (; *text; text++) {
        if (is_string && text[0] == '\\' && text[1])
            text++;
        else if (*text == '"')
            is_string = !is_string;
        else
            n += !is_string && *text == ',';
    }
    return n;
}

static aigc_status_t take_class_names(aigc_model_t *model, const json_t *array)
{
    aigc__memory_t *memory = &model->context->memory;
    const size_t n = json_array_size(array);
    void *block = NULL;
    size_t bytes = 0;
    bool is_good = json_is_array(array);
    AIGC__TRY(aigc__bytes_of(n, sizeof(char *), &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &block));
    const char **names = block;
    for (size_t k = 0; k < n; k++) {
        names[k] = json_string_value(json_array_get(array, k));
        is_good = is_good && names[k];
    }
    const aigc_status_t status = is_good ? aigc__model_set_class_names(model, names, n)
                                         : aigc__fail(AIGC_ERROR_CORRUPT, "the class names are not a list of texts");
    aigc__memory_free(memory, names);
    return status;
}

aigc_status_t aigc__model_read_class_names(aigc_model_t *model, struct aigc_weights *file)
{
    const char *text = aigc__weights_metadata(file, "aigc.class_names");
    const int64_t classes = model->kind->geometry(model).classes;
    if (text == NULL) return AIGC_OK;
    if (count_commas(text) >= (size_t)classes)
        return aigc__fail(AIGC_ERROR_CORRUPT, "there are more class names than the %lld classes", (long long)classes);
    json_t *array = json_loads(text, 0, NULL);
    const aigc_status_t status = take_class_names(model, array);
    json_decref(array);
    return status;
}

/* ---- metadata ---- */

void aigc__model_metadata_add(aigc__model_metadata_t *metadata, const char *key, const char *value)
{
    metadata->pairs[metadata->n][0] = key;
    metadata->pairs[metadata->n++][1] = value;
}

aigc_status_t aigc__model_metadata(aigc_model_t *model, aigc__model_metadata_t *out)
{
    *out = (aigc__model_metadata_t){.n = 0};
    AIGC__TRY(aigc__model_config_json(model, &out->config));
    aigc__model_metadata_add(out, "format", "pt");
    aigc__model_metadata_add(out, "aigc.kind", model->kind->name);
    aigc__model_metadata_add(out, "aigc.config", out->config);
    if (model->class_names == NULL) return AIGC_OK;
    AIGC__TRY(class_names_json(model, &out->class_names));
    aigc__model_metadata_add(out, "aigc.class_names", out->class_names);
    return AIGC_OK;
}

void aigc__model_metadata_free(aigc_model_t *model, aigc__model_metadata_t *metadata)
{
    aigc__memory_free(&model->context->memory, metadata->config);
    aigc__memory_free(&model->context->memory, metadata->class_names);
}

/* Kind and create options of a file: from its metadata, else from its tensors. */
static aigc_status_t find_kind(struct aigc_weights *file, aigc_options_t *options, const char **kind)
{
    const char *config = aigc__weights_metadata(file, "aigc.config");
    bool is_mine = false;
    *kind = aigc__weights_metadata(file, "aigc.kind");
    if (*kind && config) return config_to_options(config, options);
    if (*kind) return aigc__fail(AIGC_ERROR_CORRUPT, "the file tells its kind but no configuration");
    for (size_t k = 0; !is_mine && aigc__model_kind(k); k++) {
        *kind = aigc__model_kind(k)->name;
        if (aigc__model_kind(k)->recognise) AIGC__TRY(aigc__model_kind(k)->recognise(file, options, &is_mine));
    }
    if (is_mine) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "the file names no model kind and its tensors fit none: create a model and use "
                      "aigc_model_load_weights()");
}

/* What is wrong with a call's options is, where they come from a file, wrong with the file. */
static aigc_status_t blame_file(aigc_status_t status)
{
    if (status == AIGC_ERROR_NOT_FOUND) return AIGC_ERROR_UNSUPPORTED;
    const bool is_option = status == AIGC_ERROR_OPTION || status == AIGC_ERROR_ARGUMENT || status == AIGC_ERROR_STATE;
    return is_option ? aigc__fail_within(AIGC_ERROR_CORRUPT, "its configuration makes no model: ") : status;
}

aigc_status_t aigc__model_from_metadata(aigc_model_t **out, aigc_context_t *context, struct aigc_weights *file)
{
    const char *kind = NULL;
    aigc_options_t *options = NULL;
    aigc_model_t *model = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__options_create(&options));
    AIGC__GOTO(done, find_kind(file, options, &kind));
    AIGC__GOTO(done, aigc__model_create(&model, context, kind, options, false));
    AIGC__GOTO(done, aigc__model_declare(model));
    *out = model;
    model = NULL;
done:
    aigc__model_release(model);
    aigc__options_free(options);
    return status == AIGC_OK ? AIGC_OK : blame_file(status);
}
