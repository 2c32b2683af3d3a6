/* Options of a kind's verbs: resolved against its tables, and checked against one another. */
#include "models/network.h"
#include "models/training.h"
#include <stdio.h>
#include <string.h>

enum { GROUPS = 4, WHAT_SIZE = 64 };

/* The tables of a verb; records[k] belongs to the k-th. How many. */
static size_t groups_of(const aigc__model_kind_t *kind, const char *verb, void *const *records, size_t n_records,
                        aigc__option_group_t groups[GROUPS])
{
    size_t n = 0;
    for (size_t t = 0; t < kind->n_tables && n < GROUPS; t++) {
        const aigc__verb_table_t *table = &kind->tables[t];
        if (strcmp(table->verb, verb) != 0) continue;
        groups[n] = (aigc__option_group_t){table->rows, *table->n, n < n_records ? records[n] : NULL};
        n++;
    }
    return n;
}

static const char *name_call(char what[WHAT_SIZE], const aigc__model_kind_t *kind, const char *verb)
{
    snprintf(what, WHAT_SIZE, "%s %s", verb, kind->name);
    return what;
}

const aigc__option_t *aigc__model_option_row(const aigc__model_kind_t *kind, const char *verb, const char *name)
{
    for (size_t t = 0; t < kind->n_tables; t++)
        for (size_t k = 0; strcmp(kind->tables[t].verb, verb) == 0 && k < *kind->tables[t].n; k++)
            if (strcmp(kind->tables[t].rows[k].name, name) == 0) return &kind->tables[t].rows[k];
    return NULL;
}

aigc_status_t aigc__model_option_text(const aigc_options_t *options, const char *what, const aigc__option_t *row,
                                      char text[AIGC__OPTION_TEXT_SIZE])
{
    aigc__option_t alone = *row;
    aigc__option_value_t value;
    AIGC__TRY(aigc__option_resolve_one(options, what, row, &value));
    alone.offset = 0;
    aigc__option_value_text(&alone, &value, text);
    return AIGC_OK;
}

static bool is_among(const char *values, const char *value)
{
    const size_t length = strlen(value);
    for (const char *s = values; *s; s += strcspn(s, "|"), s += *s == '|')
        if (strcspn(s, "|") == length && memcmp(s, value, length) == 0) return true;
    return false;
}

/* What is given as it is without being given does no harm. */
static aigc_status_t check_need(const aigc__model_kind_t *kind, const char *verb, const aigc_options_t *options,
                                const aigc__option_need_t *need)
{
    const aigc__option_t *row = aigc__model_option_row(kind, verb, need->option),
                         *choice = aigc__model_option_row(kind, verb, need->choice);
    char what[WHAT_SIZE], given[AIGC__OPTION_TEXT_SIZE], standard[AIGC__OPTION_TEXT_SIZE];
    if (row == NULL || choice == NULL) return AIGC_OK;
    name_call(what, kind, verb);
    AIGC__TRY(aigc__model_option_text(options, what, row, given));
    AIGC__TRY(aigc__model_option_text(NULL, what, row, standard));
    if (strcmp(given, standard) == 0) return AIGC_OK;
    AIGC__TRY(aigc__model_option_text(options, what, choice, given));
    if (is_among(need->values, given)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_OPTION, "option '%s' for %s has no effect with %s=%s; it belongs to %s=%s", row->name,
                      what, choice->name, given, choice->name, need->values);
}

static aigc_status_t check_needs(const aigc__model_kind_t *kind, const char *verb, const aigc_options_t *options)
{
    const aigc__option_need_t *const lists[] = {kind->needs, aigc__optimizer_needs};
    for (size_t k = 0; options && k < sizeof lists / sizeof *lists; k++)
        for (const aigc__option_need_t *need = lists[k]; need && need->option; need++)
            AIGC__TRY(check_need(kind, verb, options, need));
    return AIGC_OK;
}

aigc_status_t aigc__model_options(const aigc_model_t *model, const char *verb, const aigc_options_t *options,
                                  void *const *records, size_t n_records)
{
    aigc__option_group_t groups[GROUPS];
    char what[WHAT_SIZE];
    const size_t n = groups_of(model->kind, verb, records, n_records, groups);
    AIGC__TRY(aigc__options_resolve(options, name_call(what, model->kind, verb), groups, n));
    return strcmp(verb, "create") == 0 ? AIGC_OK : check_needs(model->kind, verb, options);
}

bool aigc__model_has_verb(const aigc__model_kind_t *kind, const char *verb)
{
    aigc__option_group_t groups[GROUPS];
    return groups_of(kind, verb, NULL, 0, groups) > 0;
}

aigc_status_t aigc__model_check_options(const aigc__model_kind_t *kind, const char *verb, const aigc_options_t *options)
{
    aigc__option_group_t groups[GROUPS];
    aigc__option_value_t value;
    char what[WHAT_SIZE];
    const size_t n = groups_of(kind, verb, NULL, 0, groups);
    AIGC__TRY(aigc__options_resolve(options, name_call(what, kind, verb), groups, n));
    for (size_t g = 0; options && g < n; g++)
        for (size_t k = 0; k < groups[g].n; k++)
            AIGC__TRY(aigc__option_resolve_one(options, what, &groups[g].rows[k], &value));
    return check_needs(kind, verb, options);
}

aigc_status_t aigc__keep_ints(aigc__ints_t *ints, const char *option, const char *what)
{
    if (ints->n == 0 || ints->n > sizeof ints->own / sizeof *ints->own)
        return aigc__fail(AIGC_ERROR_OPTION, "option %s: give 1 to 64 %s", option, what);
    memmove(ints->own, ints->values, ints->n * sizeof *ints->own);
    ints->values = ints->own;
    return AIGC_OK;
}
