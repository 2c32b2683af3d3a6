/* Model files: parameters in and out by name and shape. */
#include "base/sizes.h"
#include "formats/safetensors.h"
#include "formats/weight_files.h"
#include "models/network.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef struct save_options {
    int64_t dtype;
} save_options_t;

const aigc__option_t aigc__save_rows[] = {
    {"dtype", AIGC__OPTION_CHOICE, offsetof(save_options_t, dtype), "f32", 0, 0, "f32|f16|bf16",
     "number format of the parameters in the file"},
};
const size_t aigc__save_row_count = sizeof aigc__save_rows / sizeof *aigc__save_rows;

typedef struct load_options {
    const char *prefix;
    int64_t strict, finite;
} load_options_t;

const aigc__option_t aigc__load_rows[AIGC__LOAD_ROWS] = {
    {"finite", AIGC__OPTION_BOOL, offsetof(load_options_t, finite), "true", 0, 0, NULL,
     "NaN and infinity are an error"},
};

const aigc__option_t aigc__load_weights_rows[] = {
    {"prefix", AIGC__OPTION_STRING, offsetof(load_options_t, prefix), "", 0, 0, NULL,
     "text before every name in the file, such as model."},
    {"strict", AIGC__OPTION_BOOL, offsetof(load_options_t, strict), "true", 0, 0, NULL,
     "tensors that the file or the model lacks are an error; if not, the model keeps what the file does not have"},
    {"finite", AIGC__OPTION_BOOL, offsetof(load_options_t, finite), "true", 0, 0, NULL,
     "NaN and infinity are an error"},
};
const size_t aigc__load_weights_row_count = sizeof aigc__load_weights_rows / sizeof *aigc__load_weights_rows;

/* ---- what a file has and what a model wants ---- */

/* A list in a message: as many names as fit. */
typedef struct listing {
    char text[160];
    size_t length, n, shown;
} listing_t;

/* false: full */
static bool list(listing_t *listing, const char *name)
{
    const int length = snprintf(listing->text + listing->length, sizeof listing->text - listing->length, "%s%s",
                                listing->length ? ", " : "", name);
    listing->n++;
    if (length < 0 || (size_t)length >= sizeof listing->text - listing->length) {
        listing->text[listing->length] = '\0';
        return false;
    }
    listing->length += (size_t)length;
    listing->shown++;
    return true;
}

static const char *dots(const listing_t *listing)
{
    return listing->shown == listing->n ? "" : listing->shown ? ", ..." : "...";
}

/* How a file's names stand to a model's: "<prefix><name>", or of one player's file the name without the player's. */
typedef struct fit {
    const aigc_model_t *model;
    aigc_weights_t *file;
    const char *prefix, *player;
    bool with_state, strict;
    bool may_miss; /* what the file does not have is no error, unless it has nothing */
} fit_t;

static bool is_meant(const fit_t *fit, const aigc__parameter_t *parameter)
{
    return (parameter->role == AIGC__TRAINED || fit->with_state) &&
           strncmp(parameter->name, fit->player, strlen(fit->player)) == 0;
}

/* The entry of a parameter that is meant, or -1. */
static int64_t find_entry(const fit_t *fit, const aigc__parameter_t *parameter, aigc__weights_entry_t *entry)
{
    char full[1200]; /* names in files have at most 1024 bytes */
    const int length = snprintf(full, sizeof full, "%s%s", fit->prefix, parameter->name + strlen(fit->player));
    const int64_t index = length < 0 || (size_t)length >= sizeof full ? -1 : aigc__weights_find(fit->file, full);
    if (index >= 0) aigc__weights_entry(fit->file, (size_t)index, entry);
    return index;
}

static bool shape_fits(const aigc__weights_entry_t *entry, const aigc__shape_t *shape)
{
    if (entry->rank != shape->rank) return false;
    for (uint32_t k = 0; k < shape->rank; k++)
        if (entry->shape[k] != shape->dims[k]) return false;
    return true;
}

static void list_misshaped(listing_t *listing, const aigc__parameter_t *parameter, const aigc__weights_entry_t *entry)
{
    char text[160], want[96], have[96];
    aigc__shape_text(want, parameter->shape.rank, parameter->shape.dims);
    aigc__shape_text(have, entry->rank < AIGC_MAX_RANK ? entry->rank : AIGC_MAX_RANK, entry->shape);
    snprintf(text, sizeof text, "%.60s %.40s for %.40s", parameter->name, have, want);
    list(listing, text);
}

static bool is_wanted(const fit_t *fit, const char *name)
{
    char full[1200];
    const size_t length = strlen(fit->prefix);
    if (strncmp(name, fit->prefix, length) != 0) return false;
    snprintf(full, sizeof full, "%s%s", fit->player, name + length);
    return aigc__store_find(fit->model->store, full) >= 0;
}

/* Ends when the list is full: a file may have a million names. */
static void list_unexpected(listing_t *listing, const fit_t *fit)
{
    for (size_t k = 0; k < aigc__weights_count(fit->file); k++) {
        aigc__weights_entry_t entry;
        aigc__weights_entry(fit->file, k, &entry);
        if (!is_wanted(fit, entry.name) && !list(listing, entry.name)) return;
    }
}

/* Whether the file has the model's first name behind something else, which a prefix would name. */
static bool find_prefix(const fit_t *fit, char prefix[80])
{
    const char *wanted = aigc__store_parameter(fit->model->store, 0)->name;
    for (size_t k = 0; k < aigc__weights_count(fit->file) && k < 100000; k++) {
        aigc__weights_entry_t entry;
        aigc__weights_entry(fit->file, k, &entry);
        const size_t length = strlen(entry.name), more = strlen(wanted);
        if (length <= more || length - more >= 80 || strcmp(entry.name + length - more, wanted) != 0) continue;
        snprintf(prefix, 80, "%.*s", (int)(length - more), entry.name);
        return true;
    }
    return false;
}

static aigc_status_t check_fit(const fit_t *fit)
{
    listing_t missing = {.n = 0}, misshaped = {.n = 0}, unexpected = {.n = 0};
    char prefix[80], hint[160] = "";
    size_t matched = 0;
    for (size_t k = 0; k < aigc__store_count(fit->model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(fit->model->store, k);
        aigc__weights_entry_t entry;
        if (!is_meant(fit, parameter)) continue;
        const bool is_there = find_entry(fit, parameter, &entry) >= 0;
        if (is_there)
            matched++;
        else if (parameter->role != AIGC__COUNTER)
            list(&missing, parameter->name);
        if (is_there && !shape_fits(&entry, &parameter->shape)) list_misshaped(&misshaped, parameter, &entry);
    }
    if (fit->strict && matched < aigc__weights_count(fit->file)) {
        list_unexpected(&unexpected, fit);
        unexpected.n = aigc__weights_count(fit->file) - matched;
    }
    const bool lacks = missing.n > 0 && (!fit->may_miss || matched == 0);
    if (!lacks && misshaped.n + unexpected.n == 0) return AIGC_OK;
    if (matched == 0 && find_prefix(fit, prefix))
        snprintf(hint, sizeof hint, " (its names begin with '%s': see option prefix)", prefix);
    return aigc__fail(
        AIGC_ERROR_CORRUPT,
        "the file does not fit the model%s: %zu missing (%s%s), %zu of another shape (%s%s), %zu unexpected (%s%s)",
        hint, missing.n, missing.text, dots(&missing), misshaped.n, misshaped.text, dots(&misshaped), unexpected.n,
        unexpected.text, dots(&unexpected));
}

static aigc_status_t read_fit(const fit_t *fit, float *block)
{
    for (size_t k = 0; k < aigc__store_count(fit->model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(fit->model->store, k);
        aigc__weights_entry_t entry;
        if (!is_meant(fit, parameter)) continue;
        const int64_t index = find_entry(fit, parameter, &entry);
        if (index < 0 && parameter->role == AIGC__COUNTER && !fit->may_miss)
            memset(block + parameter->first, 0, parameter->count * sizeof *block);
        if (index < 0) continue; /* a counter, or what may be missing */
        AIGC__TRY(aigc__weights_read_f32(fit->file, (size_t)index, block + parameter->first));
    }
    return AIGC_OK;
}

aigc_status_t aigc__model_check_entries(const aigc_model_t *model, struct aigc_weights *file, const char *prefix,
                                        bool with_state, bool strict)
{
    return check_fit(&(fit_t){model, file, prefix, "", with_state, strict, false});
}

aigc_status_t aigc__model_read_block(const aigc_model_t *model, struct aigc_weights *file, const char *prefix,
                                     bool with_state, bool strict, float *block)
{
    const fit_t fit = {model, file, prefix, "", with_state, strict, false};
    AIGC__TRY(check_fit(&fit));
    return read_fit(&fit, block);
}

/* A file with none of the model's names may be of one player: the one more of whose names and shapes it has. */
static void choose_player(fit_t *fit)
{
    const char *best = "";
    size_t most = 0;
    fit->player = "";
    if (!fit->model->kind->players) return;
    for (const char *const *next = fit->model->kind->players;; next++) {
        size_t n = 0;
        for (size_t k = 0; k < aigc__store_count(fit->model->store); k++) {
            const aigc__parameter_t *parameter = aigc__store_parameter(fit->model->store, k);
            aigc__weights_entry_t entry;
            if (is_meant(fit, parameter) && find_entry(fit, parameter, &entry) >= 0)
                n += *fit->player == '\0' || shape_fits(&entry, &parameter->shape);
        }
        if (n > most) {
            most = n;
            best = fit->player;
        }
        if (*best == '\0' && most > 0) break; /* whole names */
        if (!*next) break;
        fit->player = *next;
    }
    fit->player = best;
}

aigc_status_t aigc__model_check_finite(const aigc_model_t *model, bool with_state, const float *block)
{
    for (size_t k = 0; k < aigc__store_count(model->store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(model->store, k);
        if (parameter->role != AIGC__TRAINED && !with_state) continue;
        if (!model->context->kernels->all_finite(block + parameter->first, parameter->count))
            return aigc__fail(AIGC_ERROR_NUMERIC, "%s has NaN or infinite values", parameter->name);
    }
    return AIGC_OK;
}

/* ---- loading ---- */

/* Hands `status` through; the sentence of a failure after the opening, which told it, begins with the file. */
static aigc_status_t close_file(aigc_weights_t *file, aigc_status_t status, const char *path)
{
    if (status != AIGC_OK && file) aigc__fail_within(status, "'%.200s': ", path);
    aigc__weights_free(file);
    return status;
}

aigc_status_t aigc__model_load_weights(aigc_model_t *model, const char *path, const aigc_options_t *options)
{
    load_options_t given;
    fit_t fit = {.model = model, .with_state = true};
    void *block = NULL;
    size_t bytes = 0;
    aigc_status_t status;
    AIGC__TRY(aigc__model_options(model, "load_weights", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_build(model));
    AIGC__TRY(aigc__weights_open(&fit.file, model->context, path));
    fit.prefix = given.prefix ? given.prefix : "";
    fit.strict = given.strict != 0;
    fit.may_miss = !fit.strict;
    choose_player(&fit);
    AIGC__GOTO(done, check_fit(&fit));
    AIGC__GOTO(done, aigc__bytes_of(aigc__store_elements(model->store), sizeof(float), &bytes));
    AIGC__GOTO(done, aigc__memory_alloc(&model->context->memory, bytes, &block));
    memcpy(block, aigc__store_block(model->average ? model->average : model->store), bytes);
    AIGC__GOTO(done, read_fit(&fit, block));
    if (given.finite) AIGC__GOTO(done, aigc__model_check_finite(model, true, block));
    memcpy(aigc__store_block(model->store), block, bytes);
    if (model->average) memcpy(aigc__store_block(model->average), block, bytes);
    model->parameters_version++;
done:
    aigc__memory_free(&model->context->memory, block);
    return close_file(fit.file, status, path);
}

/* Epochs the parameters were trained for, for a reader's information. */
static void read_epochs(aigc_model_t *model, const aigc_weights_t *file)
{
    const char *text = aigc__weights_metadata(file, "aigc.epochs");
    uint64_t n = 0;
    for (; text && *text >= '0' && *text <= '9' && n < 1000000000; text++) n = n * 10 + (uint64_t)(*text - '0');
    model->position.epoch = n;
}

/* The file must have every number that its configuration asks for before memory is taken for them. */
aigc_status_t aigc__model_load(aigc_model_t **out, aigc_context_t *context, const char *path,
                               const aigc_options_t *options)
{
    load_options_t given;
    fit_t fit = {.prefix = "", .with_state = true, .strict = true};
    aigc_model_t *model = NULL;
    aigc_status_t status;
    const aigc__option_group_t group = {aigc__load_rows, AIGC__LOAD_ROWS, &given};
    AIGC__TRY(aigc__options_resolve(options, "load", &group, 1));
    AIGC__TRY(aigc__weights_open(&fit.file, context, path));
    AIGC__GOTO(done, aigc__model_from_metadata(&model, context, fit.file));
    fit.model = model;
    choose_player(&fit);
    AIGC__GOTO(done, check_fit(&fit));
    AIGC__GOTO(done, aigc__model_read_class_names(model, fit.file));
    AIGC__GOTO(done, aigc__model_build(model));
    AIGC__GOTO(done, read_fit(&fit, aigc__store_block(model->store)));
    if (given.finite) AIGC__GOTO(done, aigc__model_check_finite(model, true, aigc__store_block(model->store)));
    read_epochs(model, fit.file);
    *out = model;
    model = NULL;
done:
    aigc__model_release(model);
    return close_file(fit.file, status, path);
}

/* ---- saving ---- */

/* f16 ends at 65504, and what is rounded beyond would be read back as infinity. */
static aigc_status_t check_f16(const aigc__store_t *store)
{
    for (size_t k = 0; k < aigc__store_count(store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(store, k);
        const float *numbers = aigc__store_data(store, k);
        for (size_t i = 0; i < parameter->count; i++)
            if (numbers[i] >= 65520 || numbers[i] <= -65520)
                return aigc__fail(AIGC_ERROR_NUMERIC, "%s has numbers beyond the range of f16; save as bf16 or f32",
                                  parameter->name);
    }
    return AIGC_OK;
}

aigc_status_t aigc__model_write_parts(aigc_model_t *model, const char *path, const aigc__safetensors_part_t *parts,
                                      size_t n, const aigc__model_metadata_t *metadata)
{
    aigc__saver_t *saver = NULL;
    AIGC__TRY(aigc__saver_begin(&saver, &model->context->memory, model->context->files, path));
    const aigc_status_t status =
        aigc__safetensors_write(saver, model->context, parts, n, (const char *const(*)[2])metadata->pairs, metadata->n);
    if (status == AIGC_OK) return aigc__saver_commit(saver);
    aigc__saver_abort(saver);
    return status;
}

/* `counts` holds the counters as whole numbers. */
static void list_parts(const aigc__store_t *store, aigc_dtype_t dtype, aigc__safetensors_part_t *parts, int64_t *counts)
{
    for (size_t k = 0; k < aigc__store_count(store); k++) {
        const aigc__parameter_t *parameter = aigc__store_parameter(store, k);
        parts[k] = (aigc__safetensors_part_t){
            parameter->name, dtype, parameter->shape.rank, parameter->shape.dims, aigc__store_data(store, k),
            AIGC_DTYPE_F32,  NULL};
        if (parameter->role != AIGC__COUNTER || parameter->count != 1) continue;
        const float count = aigc__store_data(store, k)[0];
        counts[k] = count > 0 && count < 1e9f ? (int64_t)count : 0;
        parts[k].dtype = parts[k].source_dtype = AIGC_DTYPE_I64;
        parts[k].data = &counts[k];
    }
}

aigc_status_t aigc__model_save(aigc_model_t *model, const char *path, const aigc_options_t *options)
{
    static const aigc_dtype_t dtypes[] = {AIGC_DTYPE_F32, AIGC_DTYPE_F16, AIGC_DTYPE_BF16};
    save_options_t given;
    aigc__model_metadata_t metadata = {.n = 0};
    void *block = NULL;
    char epochs[24];
    aigc_status_t status;
    AIGC__TRY(aigc__model_options(model, "save", options, (void *[]){&given}, 1));
    AIGC__TRY(aigc__model_build(model));
    aigc__store_t *store = aigc__model_sampling_store(model);
    const size_t n = aigc__store_count(store);
    const aigc_dtype_t dtype = dtypes[given.dtype];
    if (dtype == AIGC_DTYPE_F16) AIGC__TRY(check_f16(store));
    AIGC__GOTO(done, aigc__model_metadata(model, &metadata));
    snprintf(epochs, sizeof epochs, "%" PRIu64, model->position.epoch);
    aigc__model_metadata_add(&metadata, "aigc.epochs", epochs);
    AIGC__GOTO(done, aigc__memory_alloc(&model->context->memory,
                                        n * (sizeof(aigc__safetensors_part_t) + sizeof(int64_t)), &block));
    aigc__safetensors_part_t *parts = block;
    list_parts(store, dtype, parts, (int64_t *)(void *)(parts + n));
    status = aigc__model_write_parts(model, path, parts, n, &metadata);
done:
    aigc__memory_free(&model->context->memory, block);
    aigc__model_metadata_free(model, &metadata);
    return status;
}
