/* The options a training was run with, kept in its state file, so that a resume with others is refused where it makes
 * no sense and told of where it changes the course. */
#include "base/failure.h"
#include "models/training.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 16384, VALUE_SIZE = 48 };

static bool is_among(const char *name, const char *const *names)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

/* What these are changes no number of the training; seed and batch size are told by the position. */
static bool is_recorded(const char *name)
{
    static const char *const left_out[] = {"seed",         "batch_size",    "output",  "resume",
                                           "samples",      "samples_every", "quality", "quality_every",
                                           "save_seconds", "cache",         NULL};
    return !is_among(name, left_out);
}

static json_t *record_of(const aigc_model_t *model, const aigc_options_t *options)
{
    json_t *object = json_object();
    char text[AIGC__OPTION_TEXT_SIZE];
    for (size_t t = 0; object && t < model->kind->n_tables; t++) {
        const aigc__verb_table_t *table = &model->kind->tables[t];
        for (size_t k = 0; strcmp(table->verb, "train") == 0 && k < *table->n; k++) {
            const aigc__option_t *row = &table->rows[k];
            if (!is_recorded(row->name) || aigc__model_option_text(options, "train", row, text) != AIGC_OK) continue;
            if (json_object_set_new(object, row->name, json_string(text)) == 0) continue;
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

aigc_status_t aigc__training_record(const aigc_model_t *model, const aigc_options_t *options, char **out)
{
    json_t *object = record_of(model, options);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (text == NULL)
        return aigc__fail(AIGC_ERROR_MEMORY, "there is no memory for the record of the training's options");
    const aigc_status_t status = aigc__memory_copy_string(&model->context->memory, text, out);
    free(text);
    return status;
}

/* ---- comparing ---- */

/* NULL: unreadable, as of another version; then nothing is compared. */
static json_t *parsed(const char *text)
{
    return text && strlen(text) <= LONGEST ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static const char *text_in(const json_t *record, const char *name)
{
    const char *text = json_string_value(json_object_get(record, name));
    return text ? text : "";
}

static bool differs(const json_t *before, const json_t *now, const char *name)
{
    const bool is_told = json_is_string(json_object_get(before, name)) && json_is_string(json_object_get(now, name));
    return is_told && strcmp(text_in(before, name), text_in(now, name)) != 0;
}

static const char *printable(char value[VALUE_SIZE], const char *text)
{
    snprintf(value, VALUE_SIZE, "%s", text);
    aigc__make_printable(value, VALUE_SIZE);
    return value;
}

/* Both kinds of Adam remember the same. */
static bool remembers_the_same(const char *a, const char *b)
{
    return strncmp(a, "adam", 4) == 0 && strncmp(b, "adam", 4) == 0;
}

static const char *reason_to_refuse(const json_t *before, const json_t *now, const char *name)
{
    if (strcmp(name, "discriminator_steps") == 0) return "a step would have another number of pictures";
    if (strcmp(name, "validation_split") == 0) return "it would learn from other pictures";
    const bool is_optimizer = strcmp(name, "optimizer") == 0;
    return is_optimizer && !remembers_the_same(text_in(before, name), text_in(now, name))
               ? "what one optimizer remembers means nothing to the other"
               : NULL;
}

aigc_status_t aigc__training_refuse(const char *before, const char *now)
{
    json_t *theirs = parsed(before), *ours = parsed(now);
    const char *name;
    json_t *value;
    char was[VALUE_SIZE];
    aigc_status_t status = AIGC_OK;
    json_object_foreach(ours, name, value)
    {
        const char *reason = differs(theirs, ours, name) ? reason_to_refuse(theirs, ours, name) : NULL;
        if (reason == NULL) continue;
        status = aigc__fail(AIGC_ERROR_STATE, "the training to resume was run with %s %s, not %s: %s", name,
                            printable(was, text_in(theirs, name)), json_string_value(value), reason);
        break;
    }
    json_decref(theirs);
    json_decref(ours);
    return status;
}

/* More epochs are what a resume is for; they matter where something is to end with the last. */
static bool changes_the_course(const json_t *now, const char *name)
{
    if (strcmp(name, "epochs") != 0) return true;
    const bool has_schedule = strcmp(text_in(now, "schedule"), "constant") != 0;
    const char *noise = text_in(now, "instance_noise");
    return (has_schedule && strcmp(text_in(now, "schedule_steps"), "0") == 0) || (*noise && strcmp(noise, "0") != 0);
}

void aigc__training_tell(const aigc_model_t *model, const char *before, const char *now)
{
    json_t *theirs = parsed(before), *ours = parsed(now);
    const char *name;
    json_t *value;
    char was[VALUE_SIZE], list[400] = "";
    size_t length = 0;
    json_object_foreach(ours, name, value)
    {
        if (!differs(theirs, ours, name) || !changes_the_course(ours, name) || length >= sizeof list) continue;
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s is %s (before: %s)", length ? ", " : "",
                                   name, json_string_value(value), printable(was, text_in(theirs, name)));
    }
    if (length > 0)
        aigc__log(model->context, AIGC_LOG_WARNING, "the training goes on with other options than before: %s", list);
    json_decref(theirs);
    json_decref(ours);
}
