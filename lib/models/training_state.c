/* The state file: parameters, moments, average and position of a training in one safetensors file.
 * Nothing in it depends on time, threads or this run's options that do not change results, so equal
 * trainings leave equal bytes. */
#include "base/numbers.h"
#include "base/sizes.h"
#include "formats/safetensors.h"
#include "models/training.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = 160, POSITION_SIZE = 2048 };


enum { BLOCK_PARAMETERS, BLOCK_FIRST_MOMENT, BLOCK_SECOND_MOMENT, BLOCK_AVERAGE, BLOCKS };

static const char *const prefixes[BLOCKS] = {"parameter.", "moment1.", "moment2.", "average."};

static float *block_data(const aigc_model_t *model, int block, size_t index)
{
    switch (block) {
    case BLOCK_PARAMETERS: return aigc__store_data(model->store, index);
    case BLOCK_FIRST_MOMENT: return aigc__optimizer_moment(model->optimizer, 1, index);
    case BLOCK_SECOND_MOMENT: return aigc__optimizer_moment(model->optimizer, 2, index);
    default: return aigc__store_data(model->average, index);
    }
}

/* ---- position to JSON and back; 64-bit numbers as text, for readers that have only doubles ---- */

static aigc_status_t position_json(const aigc_model_t *model, char text[POSITION_SIZE])
{
    const aigc__position_t *p = &model->position;
    char number[AIGC__NUMBER_SIZE];
    int length = snprintf(text, POSITION_SIZE,
                          "{\"version\":1,\"epoch\":%llu,\"batch\":%llu,\"steps\":%llu,\"images\":%llu,\"batch_size\":%llu,"
                          "\"seed\":\"%llu\",\"fingerprint\":\"%llu\",\"weight\":%llu,\"sums\":{",
                          (unsigned long long)p->epoch, (unsigned long long)p->batch,
                          (unsigned long long)aigc__optimizer_steps(model->optimizer), (unsigned long long)p->images,
                          (unsigned long long)p->batch_size, (unsigned long long)p->seed, (unsigned long long)p->fingerprint,
                          (unsigned long long)p->weight);
    for (uint32_t k = 0; k < p->sums.count && length > 0 && length < POSITION_SIZE; k++)
        length += snprintf(text + length, POSITION_SIZE - (size_t)length, "%s\"%s\":\"%s\"", k ? "," : "", p->sums.names[k],
                           aigc__format_double(number, p->sums.values[k]));
    if (length < 0 || length + 3 > POSITION_SIZE) return aigc__fail(AIGC_ERROR_LIMIT, "the training's position is longer than its record");
    memcpy(text + length, "}}", 3);
    return AIGC_OK;
}

/* A whole number below 2^63, as JSON integer or as text; false where it is neither. */
static bool get_number(const json_t *object, const char *name, uint64_t *out)
{
    const json_t *value = json_object_get(object, name);
    int64_t number = 0;
    if (json_is_integer(value)) number = json_integer_value(value);
    else if (!json_is_string(value)) return false;
    else {
        *out = 0;
        const char *text = json_string_value(value);
        const size_t length = strlen(text);
        if (length == 0 || length > 20) return false;
        for (size_t k = 0; k < length; k++) {
            if (text[k] < '0' || text[k] > '9') return false;
            if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, (uint64_t)(text[k] - '0'), out)) return false;
        }
        return true;
    }
    *out = (uint64_t)number;
    return number >= 0;
}

static bool get_sums(const json_t *object, aigc__position_t *p)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const uint32_t k = p->sums.count;
        double number;
        if (k >= AIGC_MAX_METRICS || strlen(name) >= sizeof p->sum_names[0] || !json_is_string(value)) return false;
        if (!aigc__parse_double(json_string_value(value), json_string_length(value), &number)) return false;
        strcpy(p->sum_names[k], name);
        p->sums.values[k] = number;
        p->sums.count++;
    }
    return true;
}

static aigc_status_t parse_position(const char *text, aigc__position_t *p, uint64_t *steps)
{
    json_error_t error;
    uint64_t version = 0, weight = 0;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    *p = (aigc__position_t){.epoch = 0};
    const bool is_good = get_number(object, "version", &version) && version == 1 && get_number(object, "epoch", &p->epoch) &&
                         get_number(object, "batch", &p->batch) && get_number(object, "steps", steps) &&
                         get_number(object, "images", &p->images) && get_number(object, "batch_size", &p->batch_size) &&
                         get_number(object, "seed", &p->seed) && get_number(object, "fingerprint", &p->fingerprint) &&
                         get_number(object, "weight", &weight) && get_sums(json_object_get(object, "sums"), p);
    p->weight = (double)weight;
    json_decref(object);
    return is_good ? AIGC_OK : aigc__fail(AIGC_ERROR_CORRUPT, "the training position in the file is damaged or of a newer version");
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
            char *name = list->names[list->n];
            snprintf(name, NAME_SIZE, "%s%s", prefixes[block], parameter->name);
            list->parts[list->n++] = (aigc__safetensors_part_t){name, AIGC_DTYPE_F32, parameter->shape.rank, parameter->shape.dims,
                                                                block_data(model, block, k), AIGC_DTYPE_F32};
        }
    }
}

static aigc_status_t write_state(aigc_model_t *model, const char *path, const part_list_t *list,
                                 const aigc__model_metadata_t *metadata)
{
    aigc__saver_t *saver = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__saver_begin(&saver, &model->context->memory, model->context->files, path));
    status = aigc__safetensors_write(saver, model->context, list->parts, list->n, (const char *const(*)[2])metadata->pairs, metadata->n);
    if (status == AIGC_OK) return aigc__saver_commit(saver);
    aigc__saver_abort(saver);
    return status;
}

aigc_status_t aigc__state_save(aigc_model_t *model, const char *path)
{
    aigc__memory_t *memory = &model->context->memory;
    aigc__model_metadata_t metadata = {.n = 0};
    part_list_t list = {.n = 0};
    char position[POSITION_SIZE];
    const size_t n = BLOCKS * aigc__store_count(model->store);
    aigc_status_t status;
    AIGC__GOTO(done, position_json(model, position));
    AIGC__GOTO(done, aigc__model_metadata(model, &metadata));
    metadata.pairs[metadata.n][0] = "aigc.position";
    metadata.pairs[metadata.n++][1] = position;
    AIGC__GOTO(done, aigc__memory_alloc(memory, n * sizeof *list.parts, (void **)&list.parts));
    AIGC__GOTO(done, aigc__memory_alloc(memory, n * sizeof *list.names, (void **)&list.names));
    list_parts(model, &list);
    status = write_state(model, path, &list, &metadata);
done:
    aigc__memory_free(memory, list.parts);
    aigc__memory_free(memory, list.names);
    aigc__model_metadata_free(model, &metadata);
    return status;
}

/* ---- loading ---- */

bool aigc__state_exists(const aigc_model_t *model, const char *path)
{
    uint32_t mode;
    const aigc__file_calls_t *calls = model->context->files;
    return calls->mode(calls->user, path, &mode) >= 0;
}

/* The model must be what the file was saved from: same kind, same configuration. */
static aigc_status_t check_config(aigc_model_t *model, const aigc__safetensors_t *file)
{
    char *config = NULL;
    const char *kind = aigc__safetensors_metadata(file, "aigc.kind"), *theirs = aigc__safetensors_metadata(file, "aigc.config");
    if (kind == NULL || theirs == NULL || strcmp(kind, model->kind->name) != 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "this is no training state of a %s", model->kind->name);
    AIGC__TRY(aigc__model_config_json(model, &config));
    const bool is_same = strcmp(config, theirs) == 0;
    aigc_status_t status = AIGC_OK;
    if (!is_same) status = aigc__fail(AIGC_ERROR_STATE, "the training to resume has another configuration: %.200s, not %.200s", theirs, config);
    aigc__memory_free(&model->context->memory, config);
    return status;
}

/* Reads block after block into `blocks`, BLOCKS of the store's size. */
static aigc_status_t read_blocks(const aigc_model_t *model, const aigc__safetensors_t *file, float *blocks, bool has_average)
{
    const size_t elements = aigc__store_elements(model->store);
    for (int block = 0; block < BLOCKS; block++) {
        if (block == BLOCK_AVERAGE && !has_average) continue;
        AIGC__TRY(aigc__model_read_block(model, file, prefixes[block], false, blocks + (size_t)block * elements));
        if (!model->context->kernels->all_finite(blocks + (size_t)block * elements, elements))
            return aigc__fail(AIGC_ERROR_NUMERIC, "the %s* tensors of the training state have NaN or infinite values", prefixes[block]);
    }
    return AIGC_OK;
}

/* Nothing in here can fail: the model changes as a whole. */
static void take_over(aigc_model_t *model, const float *blocks, aigc__optimizer_t *optimizer, const aigc__position_t *position,
                      uint64_t steps)
{
    const size_t elements = aigc__store_elements(model->store);
    aigc__optimizer_free(model->optimizer);
    model->optimizer = optimizer;
    for (int block = 0; block < BLOCKS; block++) {
        if (block == BLOCK_AVERAGE && model->average == NULL) continue;
        memcpy(block_data(model, block, 0), blocks + (size_t)block * elements, elements * sizeof(float));
    }
    aigc__optimizer_set_steps(optimizer, steps);
    model->position = *position;
    for (uint32_t k = 0; k < model->position.sums.count; k++) model->position.sums.names[k] = model->position.sum_names[k];
    model->parameters_version++;
}

static aigc_status_t load_state(aigc_model_t *model, const aigc__safetensors_t *file)
{
    const bool has_average = aigc__safetensors_count(file) > 3 * aigc__store_count(model->store);
    const char *text = aigc__safetensors_metadata(file, "aigc.position");
    aigc__position_t position;
    aigc__optimizer_t *optimizer = NULL;
    void *blocks = NULL;
    uint64_t steps = 0;
    size_t bytes = 0;
    aigc_status_t status;
    AIGC__TRY(check_config(model, file));
    if (text == NULL) return aigc__fail(AIGC_ERROR_CORRUPT, "the training state has no position");
    AIGC__TRY(parse_position(text, &position, &steps));
    AIGC__GOTO(done, aigc__bytes_of(aigc__store_elements(model->store), BLOCKS * sizeof(float), &bytes));
    AIGC__GOTO(done, aigc__memory_alloc_zeroed(&model->context->memory, bytes, &blocks));
    AIGC__GOTO(done, read_blocks(model, file, blocks, has_average));
    AIGC__GOTO(done, aigc__optimizer_create(&optimizer, model->context, model->store, NULL, 0));
    AIGC__GOTO(done, aigc__model_set_average(model, has_average));
    aigc__model_forget_plans(model); /* they write into the old optimizer's gradients */
    take_over(model, blocks, optimizer, &position, steps);
    optimizer = NULL;
done:
    aigc__optimizer_free(optimizer);
    aigc__memory_free(&model->context->memory, blocks);
    return status;
}

aigc_status_t aigc__state_load(aigc_model_t *model, const char *path)
{
    aigc__source_t source = {0};
    aigc__safetensors_t *file = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__source_open(&source, model->context->files, path));
    AIGC__GOTO(done, aigc__safetensors_open(&file, model->context, &source));
    status = load_state(model, file);
done:
    if (status != AIGC_OK) aigc__fail_within(status, "'%s': ", path);
    aigc__safetensors_free(file);
    aigc__source_close(&source);
    return status;
}
