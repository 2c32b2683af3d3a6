/* The state file: parameters, moments, average and position of a training in one safetensors file.
 * Nothing in it depends on time, threads or this run's options that do not change results, so equal
 * trainings leave equal bytes. */
#include "base/numbers.h"
#include "base/sizes.h"
#include "formats/safetensors.h"
#include "formats/weight_files.h"
#include "models/training.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 160, POSITION_SIZE = 2048 };
enum { BLOCK_PARAMETERS, BLOCK_FIRST_MOMENT, BLOCK_SECOND_MOMENT, BLOCK_AVERAGE, BLOCKS };

static const char *const prefixes[BLOCKS] = {"parameter.", "moment1.", "moment2.", "average."};

static float *block_data(const aigc_model_t *model, int block, size_t index)
{
    switch (block) {
    case BLOCK_PARAMETERS:
        return aigc__store_data(model->store, index);
    case BLOCK_FIRST_MOMENT:
        return aigc__optimizer_moment(model->optimizer, 1, index);
    case BLOCK_SECOND_MOMENT:
        return aigc__optimizer_moment(model->optimizer, 2, index);
    default:
        return aigc__store_data(model->average, index);
    }
}

/* ---- position to JSON and back; 64-bit numbers as text, for readers that have only doubles ---- */

static aigc_status_t position_json(const aigc_model_t *model, char text[POSITION_SIZE])
{
    const aigc__position_t *p = &model->position;
    char number[AIGC__NUMBER_SIZE];
    int length =
        snprintf(text, POSITION_SIZE,
                 "{\"version\":1,\"epoch\":%llu,\"batch\":%llu,\"steps\":%llu,\"images\":%llu,\"batch_size\":%llu,"
                 "\"seed\":\"%llu\",\"fingerprint\":\"%llu\",\"weight\":%llu,\"sums\":{",
                 (unsigned long long)p->epoch, (unsigned long long)p->batch,
                 (unsigned long long)aigc__optimizer_steps(model->optimizer, 0), (unsigned long long)p->images,
                 (unsigned long long)p->batch_size, (unsigned long long)p->seed, (unsigned long long)p->fingerprint,
                 (unsigned long long)p->weight);
    for (uint32_t k = 0; k < p->sums.count && length > 0 && length < POSITION_SIZE; k++)
        length += snprintf(text + length, POSITION_SIZE - (size_t)length, "%s\"%s\":\"%s\"", k ? "," : "",
                           p->sums.names[k], aigc__format_double(number, p->sums.values[k]));
    if (length > 0 && length < POSITION_SIZE) length += snprintf(text + length, POSITION_SIZE - (size_t)length, "}");
    for (uint32_t part = 1; part < aigc__store_parts(model->store) && length > 0 && length < POSITION_SIZE; part++)
        length += snprintf(text + length, POSITION_SIZE - (size_t)length, ",\"steps%d\":%llu", (int)part + 1,
                           (unsigned long long)aigc__optimizer_steps(model->optimizer, part));
    for (uint32_t k = 0; k < p->n_own && length > 0 && length < POSITION_SIZE; k++)
        length += snprintf(text + length, POSITION_SIZE - (size_t)length, "%s\"%s\"%s", k ? "," : ",\"own\":[",
                           aigc__format_double(number, p->own[k]), k + 1 == p->n_own ? "]" : "");
    if (length < 0 || length + 2 > POSITION_SIZE)
        return aigc__fail(AIGC_ERROR_LIMIT, "the training's position is longer than its record");
    memcpy(text + length, "}", 2);
    return AIGC_OK;
}

/* As JSON integer or as text; false where it is neither. */
static bool get_number(const json_t *object, const char *name, uint64_t *out)
{
    const json_t *value = json_object_get(object, name);
    const char *digit = json_string_value(value);
    *out = 0;
    if (json_is_integer(value)) *out = (uint64_t)json_integer_value(value);
    if (json_is_integer(value)) return json_integer_value(value) >= 0;
    if (digit == NULL || *digit == '\0') return false;
    for (; *digit; digit++) {
        if (*digit < '0' || *digit > '9') return false;
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (uint64_t)(*digit - '0'), out))
            return false;
    }
    return true;
}

/* Only names the kind uses, so that they are static strings. */
static bool get_sums(const json_t *object, const aigc_model_t *model, aigc_metrics_t *sums)
{
    for (const char *const *name = model->kind->metrics; *name; name++) {
        const json_t *value = json_object_get(object, *name);
        double number = 0;
        if (value == NULL) continue;
        if (!json_is_string(value)) return false;
        if (!aigc__parse_double(json_string_value(value), json_string_length(value), &number)) return false;
        aigc__metrics_put(sums, *name, number);
    }
    return json_is_object(object) && sums->count == json_object_size(object);
}

/* The kind's own numbers, as text; older files have none. */
static bool get_own(const json_t *list, aigc__position_t *p)
{
    const size_t n = json_array_size(list);
    if (list == NULL) return true;
    if (!json_is_array(list) || n > AIGC__POSITION_OWN) return false;
    for (size_t k = 0; k < n; k++) {
        const json_t *value = json_array_get(list, k);
        if (!json_is_string(value)) return false;
        if (!aigc__parse_double(json_string_value(value), json_string_length(value), &p->own[k])) return false;
        if (p->own[k] - p->own[k] != 0) return false;
    }
    p->n_own = (uint32_t)n;
    return true;
}

/* Of the first part "steps", of the next "steps2", and so on. */
static bool get_steps(const json_t *object, const aigc_model_t *model, uint64_t steps[AIGC__PARTS])
{
    char name[24] = "steps";
    for (uint32_t part = 0; part < aigc__store_parts(model->store); part++) {
        if (part > 0) snprintf(name, sizeof name, "steps%d", (int)part + 1);
        if (!get_number(object, name, &steps[part])) return false;
    }
    return true;
}

static aigc_status_t parse_position(const char *text, const aigc_model_t *model, aigc__position_t *p,
                                    uint64_t steps[AIGC__PARTS])
{
    uint64_t version = 0, weight = 0;
    json_t *object = text && strlen(text) < POSITION_SIZE ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    *p = (aigc__position_t){.epoch = 0};
    const bool is_good = get_number(object, "version", &version) && version == 1 &&
                         get_number(object, "epoch", &p->epoch) && get_number(object, "batch", &p->batch) &&
                         get_steps(object, model, steps) && get_number(object, "images", &p->images) &&
                         get_number(object, "batch_size", &p->batch_size) && get_number(object, "seed", &p->seed) &&
                         get_number(object, "fingerprint", &p->fingerprint) && get_number(object, "weight", &weight) &&
                         get_sums(json_object_get(object, "sums"), model, &p->sums) &&
                         get_own(json_object_get(object, "own"), p);
    p->weight = (double)weight;
    json_decref(object);
    return is_good ? AIGC_OK
                   : aigc__fail(AIGC_ERROR_CORRUPT,
                                "the position of the training is missing, damaged or of a newer version");
}

/* ---- saving ---- */

typedef struct part_list {
    aigc__safetensors_part_t *parts;
    char (*names)[NAME_SIZE];
    size_t n;
} part_list_t;

static void list_parts(const aigc_model_t *model, part_list_t *list)
{
    for (int block = 0; block < BLOCKS; block++) {
        if (block == BLOCK_AVERAGE && model->average == NULL) continue;
        for (size_t k = 0; k < aigc__store_count(model->store); k++) {
            const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
            if (parameter->role != AIGC__TRAINED && (block == BLOCK_FIRST_MOMENT || block == BLOCK_SECOND_MOMENT))
                continue;
            char *name = list->names[list->n];
            snprintf(name, NAME_SIZE, "%s%s", prefixes[block], parameter->name);
            list->parts[list->n++] = (aigc__safetensors_part_t){name,
                                                                AIGC_DTYPE_F32,
                                                                parameter->shape.rank,
                                                                parameter->shape.dims,
                                                                block_data(model, block, k),
                                                                AIGC_DTYPE_F32,
                                                                NULL};
        }
    }
}

aigc_status_t aigc__state_save(aigc_model_t *model, const char *path)
{
    aigc__memory_t *memory = &model->context->memory;
    aigc__model_metadata_t metadata = {.n = 0};
    part_list_t list = {.n = 0};
    char position[POSITION_SIZE];
    void *parts = NULL, *names = NULL;
    const size_t n = BLOCKS * aigc__store_count(model->store);
    aigc_status_t status;
    AIGC__GOTO(done, position_json(model, position));
    AIGC__GOTO(done, aigc__model_metadata(model, &metadata));
    aigc__model_metadata_add(&metadata, "aigc.position", position);
    if (model->training_record) aigc__model_metadata_add(&metadata, "aigc.training", model->training_record);
    AIGC__GOTO(done, aigc__memory_alloc(memory, n * sizeof *list.parts, &parts));
    AIGC__GOTO(done, aigc__memory_alloc(memory, n * sizeof *list.names, &names));
    list.parts = parts;
    list.names = names;
    list_parts(model, &list);
    status = aigc__model_write_parts(model, path, list.parts, list.n, &metadata);
done:
    aigc__memory_free(memory, parts);
    aigc__memory_free(memory, names);
    aigc__model_metadata_free(model, &metadata);
    return status;
}

/* ---- loading ---- */

/* What is there and cannot be reached must not be taken for nothing: a new training would be saved over it. */
aigc_status_t aigc__state_find(const aigc_model_t *model, const char *path, bool *is_there)
{
    uint32_t mode;
    const aigc__file_calls_t *calls = model->context->files;
    int result = 0;
    do result = calls->mode(calls->user, path, &mode);
    while (result == -EINTR);
    *is_there = result >= 0;
    return result >= 0 || result == -ENOENT ? AIGC_OK : aigc__io_fail("look for the training state", path, result);
}

/* "latent_dim is 64 here and 100 in the file, ...": what differs between two configurations. */
static void list_differences(const char *ours, const char *theirs, char *text, size_t size)
{
    enum { LONGEST = 16384 };
    json_t *here = json_loads(ours, 0, NULL), *there = strlen(theirs) <= LONGEST ? json_loads(theirs, 0, NULL) : NULL;
    const char *name;
    json_t *value;
    size_t length = 0;
    text[0] = '\0';
    json_object_foreach(here, name, value)
    {
        const json_t *other = json_object_get(there, name);
        if (json_equal(value, (json_t *)other) || length >= size) continue;
        char *own = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT),
             *their = other ? json_dumps(other, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
        length += (size_t)snprintf(text + length, size - length, "%s%s is %.60s here and %.60s in the file",
                                   length ? ", " : "", name, own ? own : "?", their ? their : "not told");
        free(own);
        free(their);
    }
    if (length == 0) snprintf(text, size, "it was written by another version");
    json_decref(here);
    json_decref(there);
}

/* The model must be what the file was saved from: same kind, same configuration. */
static aigc_status_t check_config(const aigc_model_t *model, aigc_weights_t *file)
{
    char *config = NULL, differences[400];
    const char *kind = aigc__weights_metadata(file, "aigc.kind"), *theirs = aigc__weights_metadata(file, "aigc.config");
    if (kind && theirs && aigc__model_kind_named(kind) && strcmp(kind, model->kind->name) != 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "this is the training state of a %s, not of a %s",
                          aigc__model_kind_named(kind)->name, model->kind->name);
    if (kind == NULL || theirs == NULL || strcmp(kind, model->kind->name) != 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "this is no training state of a %s", model->kind->name);
    AIGC__TRY(aigc__model_config_json(model, &config));
    const bool is_same = strcmp(config, theirs) == 0;
    aigc_status_t status = AIGC_OK;
    if (!is_same) {
        list_differences(config, theirs, differences, sizeof differences);
        status = aigc__fail(AIGC_ERROR_STATE, "the training to resume has another configuration: %s", differences);
    }
    aigc__memory_free(&model->context->memory, config);
    return status;
}

/* The entries under a prefix into `block`, laid out like the store. */
static aigc_status_t read_block(const aigc_model_t *model, aigc_weights_t *file, int which, float *block)
{
    const bool with_state = which == BLOCK_PARAMETERS || which == BLOCK_AVERAGE;
    aigc_status_t status = aigc__model_read_block(model, file, prefixes[which], with_state, false, block);
    if (status == AIGC_OK) status = aigc__model_check_finite(model, with_state, block);
    return status == AIGC_OK ? AIGC_OK : aigc__fail_within(status, "the tensors %s*: ", prefixes[which]);
}

static aigc_status_t read_new_block(const aigc_model_t *model, aigc_weights_t *file, int which, float **out)
{
    void *block = NULL;
    size_t bytes = 0;
    AIGC__TRY(aigc__bytes_of(aigc__store_elements(model->store), sizeof **out, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(&model->context->memory, bytes, &block));
    *out = block;
    return read_block(model, file, which, block);
}

/* A mean of squares: its root is taken. */
static aigc_status_t check_squares(const float *squares, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (squares[i] < 0)
            return aigc__fail(AIGC_ERROR_CORRUPT, "the tensors %s*: a mean of squares is negative",
                              prefixes[BLOCK_SECOND_MOMENT]);
    return AIGC_OK;
}

static bool has_average(const aigc_model_t *model, aigc_weights_t *file)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%s%s", prefixes[BLOCK_AVERAGE], aigc__store_parameter(model->store, 0)->name);
    return aigc__weights_find(file, name) >= 0;
}

static aigc_status_t read_state(aigc__state_t *out, const aigc_model_t *model, aigc_weights_t *file, bool with_average)
{
    uint64_t steps[AIGC__PARTS] = {0};
    AIGC__TRY(check_config(model, file));
    AIGC__TRY(parse_position(aigc__weights_metadata(file, "aigc.position"), model, &out->position, steps));
    const char *record = aigc__weights_metadata(file, "aigc.training");
    if (record) AIGC__TRY(aigc__memory_copy_string(&model->context->memory, record, &out->record));
    AIGC__TRY(aigc__optimizer_create(&out->optimizer, model->context, model->store, NULL, 0));
    for (uint32_t part = 0; part < AIGC__PARTS; part++) aigc__optimizer_set_steps(out->optimizer, part, steps[part]);
    float *first = aigc__optimizer_moments(out->optimizer, 1), *second = aigc__optimizer_moments(out->optimizer, 2);
    AIGC__TRY(read_block(model, file, BLOCK_FIRST_MOMENT, first));
    AIGC__TRY(read_block(model, file, BLOCK_SECOND_MOMENT, second));
    AIGC__TRY(check_squares(second, aigc__store_trained(model->store)));
    AIGC__TRY(read_new_block(model, file, BLOCK_PARAMETERS, &out->parameters));
    return with_average && has_average(model, file) ? read_new_block(model, file, BLOCK_AVERAGE, &out->average)
                                                    : AIGC_OK;
}

aigc_status_t aigc__state_read(aigc__state_t *out, const aigc_model_t *model, const char *path, bool with_average)
{
    aigc_weights_t *file = NULL;
    *out = (aigc__state_t){.optimizer = NULL};
    AIGC__TRY(aigc__weights_open(&file, model->context, path));
    const aigc_status_t status = read_state(out, model, file, with_average);
    if (status != AIGC_OK) aigc__fail_within(status, "'%.200s': ", path);
    aigc__weights_free(file);
    return status;
}

aigc_status_t aigc__state_peek(aigc__position_t *out, const aigc_model_t *model, const char *path)
{
    uint64_t steps[AIGC__PARTS] = {0};
    aigc_weights_t *file = NULL;
    AIGC__TRY(aigc__weights_open(&file, model->context, path));
    aigc_status_t status = check_config(model, file);
    if (status == AIGC_OK) status = parse_position(aigc__weights_metadata(file, "aigc.position"), model, out, steps);
    if (status != AIGC_OK) aigc__fail_within(status, "'%.200s': ", path);
    aigc__weights_free(file);
    return status;
}

void aigc__state_adopt(aigc_model_t *model, aigc__state_t *state)
{
    if (state->parameters)
        memcpy(aigc__store_block(model->store), state->parameters, aigc__store_elements(model->store) * sizeof(float));
    aigc__optimizer_free(model->optimizer);
    model->optimizer = state->optimizer;
    state->optimizer = NULL;
    model->position = state->position;
    model->parameters_version++;
}

void aigc__state_free(const aigc_model_t *model, aigc__state_t *state)
{
    aigc__memory_t *memory = &model->context->memory;
    aigc__optimizer_free(state->optimizer);
    aigc__memory_free(memory, state->parameters);
    aigc__memory_free(memory, state->average);
    aigc__memory_free(memory, state->record);
    *state = (aigc__state_t){.optimizer = NULL};
}
