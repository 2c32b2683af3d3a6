#include "api/call.h"
#include "api/verb_tables.h"
#include "models/network.h"
#include <string.h>

static const aigc__tensor_hold_t tensor_hold = {aigc__tensor_retain, aigc__tensor_release};

aigc_status_t aigc_options_create(aigc_options_t **out)
{
    AIGC__TRY(aigc__check_pointer(out, "out"));
    AIGC__TRY(aigc__options_create(out));
    aigc__options_hold_tensors(*out, &tensor_hold);
    return AIGC_OK;
}

void aigc_options_free(aigc_options_t *options)
{
    if (options && aigc__check_handle(options, AIGC__OPTIONS, "options") == AIGC_OK) aigc__options_free(options);
}

static aigc_status_t set(aigc_options_t *options, const char *name, aigc__option_type_t type, const void *values,
                         size_t n)
{
    AIGC__TRY(aigc__check_handle(options, AIGC__OPTIONS, "options"));
    AIGC__TRY(aigc__check_pointer(name, "name"));
    if (n > 0) AIGC__TRY(aigc__check_pointer(values, "value"));
    return aigc__options_set(options, name, type, values, n);
}

aigc_status_t aigc_options_set_int(aigc_options_t *options, const char *name, int64_t value)
{
    return set(options, name, AIGC__OPTION_INT, &value, 1);
}

aigc_status_t aigc_options_set_float(aigc_options_t *options, const char *name, double value)
{
    return set(options, name, AIGC__OPTION_FLOAT, &value, 1);
}

aigc_status_t aigc_options_set_string(aigc_options_t *options, const char *name, const char *value)
{
    return set(options, name, AIGC__OPTION_STRING, value, 1);
}

aigc_status_t aigc_options_set_ints(aigc_options_t *options, const char *name, const int64_t *values, size_t n)
{
    return set(options, name, AIGC__OPTION_INTS, values, n);
}

aigc_status_t aigc_options_set_floats(aigc_options_t *options, const char *name, const double *values, size_t n)
{
    return set(options, name, AIGC__OPTION_FLOATS, values, n);
}

aigc_status_t aigc_options_set_tensor(aigc_options_t *options, const char *name, aigc_tensor_t *value)
{
    AIGC__TRY(aigc__check_handle(value, AIGC__TENSOR, "value"));
    return set(options, name, AIGC__OPTION_TENSOR, value, 1);
}

aigc_status_t aigc_options_parse(aigc_options_t *options, const char *text)
{
    AIGC__TRY(aigc__check_handle(options, AIGC__OPTIONS, "options"));
    AIGC__TRY(aigc__check_pointer(text, "text"));
    return aigc__options_parse(options, text);
}

/* ---- the tables ---- */

/* Row `index` of several tables one after another; NULL past the last. */
static const aigc__option_t *model_row(const aigc__model_kind_t *kind, const char *verb, size_t index, bool *has_verb)
{
    for (size_t t = 0; t < kind->n_tables; t++) {
        const aigc__verb_table_t *table = &kind->tables[t];
        if (strcmp(table->verb, verb) != 0) continue;
        *has_verb = true;
        if (index < *table->n) return &table->rows[index];
        index -= *table->n;
    }
    return NULL;
}

static aigc_status_t find_row(const char *verb, const char *kind, size_t index, const aigc__option_t **out)
{
    bool has_verb = false;
    *out = NULL;
    if (kind == NULL) {
        const aigc__option_group_t group = aigc__verb_group(verb, NULL);
        has_verb = group.n > 0;
        if (index < group.n) *out = &group.rows[index];
    } else if (strcmp(verb, "dataset") == 0) {
        const aigc__dataset_kind_t *row = aigc__dataset_kind_named(kind);
        if (row == NULL) return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no dataset kind '%s'", kind);
        has_verb = true;
        if (index < row->n_options) *out = &row->options[index];
    } else {
        const aigc__model_kind_t *row = aigc__model_kind_named(kind);
        if (row == NULL) return AIGC_ERROR_NOT_FOUND;
        *out = model_row(row, verb, index, &has_verb);
    }
    if (*out) return AIGC_OK;
    if (!has_verb)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no verb '%s'%s%s", verb,
                          kind ? " of kind " : " without a kind", kind ? kind : "");
    return aigc__fail(AIGC_ERROR_NOT_FOUND, "'%s' has no option number %zu", verb, index);
}

aigc_status_t aigc_option_info(const char *verb, const char *kind, size_t index, aigc_option_info_t *out)
{
    const aigc__option_t *row = NULL;
    AIGC__TRY(aigc__check_pointer(verb, "verb"));
    AIGC__TRY(aigc__check_pointer(out, "out"));
    if (out->struct_size < sizeof *out)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "out->struct_size is %zu, not %zu", out->struct_size, sizeof *out);
    AIGC__TRY(find_row(verb, kind, index, &row));
    const aigc__fp_state_t state = aigc__fp_enter();
    aigc__option_describe(row, out);
    aigc__fp_leave(state);
    return AIGC_OK;
}

/* Of a table without a kind, or of a kind of datasets. */
static aigc_status_t check_rows(const aigc_options_t *options, const char *what, const aigc__option_t *rows, size_t n)
{
    aigc__option_value_t value;
    AIGC__TRY(aigc__options_resolve(options, what, &(aigc__option_group_t){rows, n, NULL}, 1));
    for (size_t k = 0; k < n; k++) AIGC__TRY(aigc__option_resolve_one(options, what, &rows[k], &value));
    return AIGC_OK;
}

static aigc_status_t check_options(const aigc_options_t *options, const char *verb, const char *kind)
{
    const aigc__option_group_t group = aigc__verb_group(verb, NULL);
    const aigc__model_kind_t *model = NULL;
    if (kind == NULL && group.rows) return check_rows(options, verb, group.rows, group.n);
    if (kind && strcmp(verb, "dataset") == 0) {
        const aigc__dataset_kind_t *dataset = aigc__dataset_kind_named(kind);
        if (dataset) return check_rows(options, kind, dataset->options, dataset->n_options);
    } else if (kind) {
        model = aigc__model_kind_named(kind);
    }
    if (model && aigc__model_has_verb(model, verb)) return aigc__model_check_options(model, verb, options);
    return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no option table '%s'%s%s", verb, kind ? " of kind " : "",
                      kind ? kind : "");
}

aigc_status_t aigc_options_check(const aigc_options_t *options, const char *verb, const char *kind)
{
    AIGC__TRY(aigc__check_pointer(verb, "verb"));
    AIGC__TRY(aigc__check_options(options));
    aigc__fp_state_t state = aigc__fp_enter();
    const aigc_status_t status = check_options(options, verb, kind);
    aigc__fp_leave(state);
    return status;
}

/* A verb may have several tables; it counts where the first of them stands. */
static bool is_first_table(const aigc__model_kind_t *kind, size_t table)
{
    for (size_t k = 0; k < table; k++)
        if (strcmp(kind->tables[k].verb, kind->tables[table].verb) == 0) return false;
    return true;
}

static const char *model_verb(const aigc__model_kind_t *kind, size_t index)
{
    for (size_t k = 0; k < kind->n_tables; k++)
        if (is_first_table(kind, k) && index-- == 0) return kind->tables[k].verb;
    return NULL;
}

aigc_status_t aigc_verb_info(const char *kind, size_t index, const char **name, const char **help)
{
    const char *found = NULL;
    AIGC__TRY(aigc__check_pointer(name, "name"));
    if (kind == NULL) {
        found = aigc__verb_without_kind(index);
    } else if (aigc__dataset_kind_named(kind)) {
        if (index == 0) found = "dataset";
    } else {
        const aigc__model_kind_t *row = aigc__model_kind_named(kind);
        if (row == NULL) return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no kind '%s' of models or datasets", kind);
        found = model_verb(row, index);
    }
    if (found == NULL)
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no verb number %zu %s%s", index,
                          kind ? "of kind " : "without a kind", kind ? kind : "");
    *name = found;
    if (help) *help = aigc__verb_help(found);
    return AIGC_OK;
}

aigc_status_t aigc_kind_info(const char *noun, size_t index, const char **name, const char **help)
{
    AIGC__TRY(aigc__check_pointer(noun, "noun"));
    AIGC__TRY(aigc__check_pointer(name, "name"));
    const char *found = NULL, *text = NULL;
    if (strcmp(noun, "model") == 0) {
        const aigc__model_kind_t *kind = aigc__model_kind(index);
        if (kind) found = kind->name, text = kind->help;
    } else if (strcmp(noun, "dataset") == 0) {
        const aigc__dataset_kind_t *kind = aigc__dataset_kind(index);
        if (kind) found = kind->name, text = kind->help;
    } else {
        return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no noun '%s'; the nouns are model and dataset", noun);
    }
    if (found == NULL) return aigc__fail(AIGC_ERROR_NOT_FOUND, "there is no %s kind number %zu", noun, index);
    *name = found;
    if (help) *help = text;
    return AIGC_OK;
}
