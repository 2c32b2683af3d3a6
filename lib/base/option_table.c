#include "base/option_table.h"
#include "base/numbers.h"
#include "base/options_set.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- where a value is wrong ---- */

/* One option of one call: what every message names. */
typedef struct place {
    const aigc__option_t *row;
    const char *what;
} place_t;

static bool has_range(const aigc__option_t *row) { return row->minimum != 0 || row->maximum != 0; }

/* "1..65536", ">= 1", "<= 0"; "" where anything goes. */
static void range_text(const aigc__option_t *row, char *text, size_t size)
{
    char low[AIGC__NUMBER_SIZE], high[AIGC__NUMBER_SIZE];
    aigc__format_double(low, row->minimum);
    aigc__format_double(high, row->maximum);
    if (row->type == AIGC__OPTION_CHOICE)
        snprintf(text, size, "%s", row->choices);
    else if (row->type == AIGC__OPTION_BOOL)
        snprintf(text, size, "true|false");
    else if (!has_range(row))
        snprintf(text, size, "%s", "");
    else if (isinf(row->maximum))
        snprintf(text, size, ">= %s", low);
    else if (isinf(row->minimum))
        snprintf(text, size, "<= %s", high);
    else
        snprintf(text, size, "%s..%s", low, high);
}

static const char *type_name(aigc__option_type_t type)
{
    static const char *const names[] = {"int", "float", "bool", "choice", "string", "path", "ints", "floats", "tensor"};
    return names[type];
}

/* What the row wants, in words. */
static const char *expected_text(const aigc__option_t *row, char *text, size_t size)
{
    static const char *const words[] = {"a whole number", "a number",     "",        "", "text", "a path",
                                        "whole numbers",  "numbers", "a tensor"};
    char range[160];
    range_text(row, range, sizeof range);
    snprintf(text, size, "%s%s%s", words[row->type], words[row->type][0] && range[0] ? " " : "", range);
    return text;
}

static aigc_status_t wrong(const place_t *place, const char *found)
{
    char expected[200];
    return aigc__fail(AIGC_ERROR_OPTION, "option '%s' for %s is %.100s; expected %s", place->row->name, place->what, found,
                      expected_text(place->row, expected, sizeof expected));
}

static aigc_status_t wrong_text(const place_t *place, const char *text)
{
    char found[104];
    snprintf(found, sizeof found, "'%.100s'", text);
    return wrong(place, found);
}

static aigc_status_t wrong_number(const place_t *place, double value)
{
    char found[AIGC__NUMBER_SIZE];
    return wrong(place, aigc__format_double(found, value));
}

static aigc_status_t check_float(const place_t *place, double value)
{
    const bool is_inside = !has_range(place->row) || (value >= place->row->minimum && value <= place->row->maximum);
    return isfinite(value) && is_inside ? AIGC_OK : wrong_number(place, value);
}

static aigc_status_t check_int(const place_t *place, int64_t value)
{
    const bool is_inside = !has_range(place->row) ||
                           ((double)value >= place->row->minimum && (double)value <= place->row->maximum);
    char found[AIGC__NUMBER_SIZE];
    snprintf(found, sizeof found, "%" PRId64, value);
    return is_inside ? AIGC_OK : wrong(place, found);
}

/* ---- one value from what a set or a default gives ---- */

static aigc_status_t int_from_float(const place_t *place, double value, int64_t *out)
{
    if (!(value >= -0x1p63 && value < 0x1p63) || value != floor(value)) return wrong_number(place, value);
    *out = (int64_t)value;
    return AIGC_OK;
}

static bool parse_bool(const char *text, int64_t *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes"};
    for (int i = 0; i < 6; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *out = i % 2;
        return true;
    }
    return false;
}

static bool parse_choice(const char *choices, const char *text, int64_t *out)
{
    const size_t length = strlen(text);
    int64_t place = 0;
    for (const char *s = choices;; s++, place++) {
        const size_t n = strcspn(s, "|");
        if (n == length && memcmp(s, text, n) == 0) {
            *out = place;
            return true;
        }
        s += n;
        if (!*s) return false;
    }
}

static aigc_status_t too_many(const place_t *place)
{
    return aigc__fail(AIGC_ERROR_OPTION, "option '%s' for %s has more than %d numbers", place->row->name, place->what,
                      AIGC__OPTION_MAX_NUMBERS);
}

/* "64x48": two numbers, as "64,48". */
static bool parse_pair(const char *text, aigc__ints_t *out)
{
    const size_t first = strspn(text, "0123456789");
    if (first == 0 || text[first] != 'x') return false;
    const char *second = text + first + 1;
    if (!aigc__parse_int(text, first, &out->own[0]) || !aigc__parse_int(second, strlen(second), &out->own[1])) return false;
    out->n = 2;
    return true;
}

/* "7" or "5-9"; a sign may stand before each. */
static bool parse_int_range(const char *text, size_t length, int64_t *low, int64_t *high)
{
    size_t dash = 1;
    while (dash < length && text[dash] != '-') dash++;
    if (!aigc__parse_int(text, dash < length ? dash : length, low)) return false;
    *high = *low;
    return dash >= length || (aigc__parse_int(text + dash + 1, length - dash - 1, high) && *low <= *high);
}

static aigc_status_t ints_from_text(const place_t *place, const char *text, aigc__ints_t *out)
{
    out->n = 0;
    out->values = out->own;
    if (parse_pair(text, out)) return AIGC_OK;
    for (const char *s = text; *s; s += *s == ',') {
        const size_t length = strcspn(s, ",");
        int64_t low = 0, high = 0;
        if (!parse_int_range(s, length, &low, &high) || (s[length] == ',' && !s[length + 1])) return wrong_text(place, text);
        /* `high - low` may overflow; the count is all that matters. */
        if ((uint64_t)high - (uint64_t)low >= AIGC__OPTION_MAX_NUMBERS - out->n) return too_many(place);
        for (int64_t i = 0; i <= high - low; i++) out->own[out->n++] = low + i;
        s += length;
    }
    return AIGC_OK;
}

static aigc_status_t floats_from_text(const place_t *place, const char *text, aigc__floats_t *out)
{
    out->n = 0;
    out->values = out->own;
    for (const char *s = text; *s; s += *s == ',') {
        const size_t length = strcspn(s, ",");
        if (out->n == AIGC__OPTION_MAX_NUMBERS) return too_many(place);
        if (!aigc__parse_double(s, length, &out->own[out->n]) || (s[length] == ',' && !s[length + 1]))
            return wrong_text(place, text);
        out->n++;
        s += length;
    }
    return AIGC_OK;
}

static aigc_status_t fill_from_text(const place_t *place, const char *text, void *value)
{
    switch (place->row->type) {
    case AIGC__OPTION_INT: return aigc__parse_int(text, strlen(text), value) ? AIGC_OK : wrong_text(place, text);
    case AIGC__OPTION_FLOAT: return aigc__parse_double(text, strlen(text), value) ? AIGC_OK : wrong_text(place, text);
    case AIGC__OPTION_BOOL: return parse_bool(text, value) ? AIGC_OK : wrong_text(place, text);
    case AIGC__OPTION_CHOICE: return parse_choice(place->row->choices, text, value) ? AIGC_OK : wrong_text(place, text);
    case AIGC__OPTION_STRING:
    case AIGC__OPTION_PATH: *(const char **)value = *text ? text : NULL; return AIGC_OK;
    case AIGC__OPTION_INTS: return ints_from_text(place, text, value);
    case AIGC__OPTION_FLOATS: return floats_from_text(place, text, value);
    case AIGC__OPTION_TENSOR: break;
    }
    return wrong_text(place, text);
}

static aigc_status_t fill_from_ints(const place_t *place, const int64_t *values, size_t n, void *value)
{
    aigc__ints_t *ints = value;
    aigc__floats_t *floats = value;
    switch (place->row->type) {
    case AIGC__OPTION_INTS:
        ints->values = values;
        ints->n = n;
        return AIGC_OK;
    case AIGC__OPTION_FLOATS:
        for (size_t i = 0; i < n; i++) floats->own[i] = (double)values[i];
        floats->values = floats->own;
        floats->n = n;
        return AIGC_OK;
    case AIGC__OPTION_INT: *(int64_t *)value = n == 1 ? values[0] : 0; break;
    case AIGC__OPTION_FLOAT: *(double *)value = n == 1 ? (double)values[0] : 0; break;
    case AIGC__OPTION_BOOL:
        if (n == 1 && values[0] != 0 && values[0] != 1) return wrong_number(place, (double)values[0]);
        *(int64_t *)value = n == 1 ? values[0] : 0;
        break;
    default: return wrong(place, n == 1 ? "a number" : "several numbers");
    }
    return n == 1 ? AIGC_OK : wrong(place, "several numbers");
}

static aigc_status_t fill_from_floats(const place_t *place, const double *values, size_t n, void *value)
{
    if (place->row->type == AIGC__OPTION_FLOATS) {
        aigc__floats_t *floats = value;
        floats->values = values;
        floats->n = n;
        return AIGC_OK;
    }
    if (place->row->type == AIGC__OPTION_FLOAT && n == 1) {
        *(double *)value = values[0];
        return AIGC_OK;
    }
    int64_t whole[AIGC__OPTION_MAX_NUMBERS];
    for (size_t i = 0; i < n; i++) AIGC__TRY(int_from_float(place, values[i], &whole[i]));
    AIGC__TRY(fill_from_ints(place, whole, n, value));
    if (place->row->type == AIGC__OPTION_INTS) {
        aigc__ints_t *ints = value;
        memcpy(ints->own, whole, n * sizeof whole[0]);
        ints->values = ints->own;
    }
    return AIGC_OK;
}

static aigc_status_t fill_from_entry(const place_t *place, const aigc__option_entry_t *entry, void *value)
{
    if (entry->type == AIGC__OPTION_INT && place->row->type == AIGC__OPTION_STRING)
        return fill_from_text(place, entry->digits, value);
    switch (entry->type) {
    case AIGC__OPTION_INT:
    case AIGC__OPTION_INTS: return fill_from_ints(place, entry->value.ints, entry->n, value);
    case AIGC__OPTION_FLOAT:
    case AIGC__OPTION_FLOATS: return fill_from_floats(place, entry->value.floats, entry->n, value);
    case AIGC__OPTION_TENSOR:
        if (place->row->type != AIGC__OPTION_TENSOR) return wrong(place, "a tensor");
        *(aigc_tensor_t **)value = entry->value.tensor;
        return AIGC_OK;
    default: return fill_from_text(place, entry->value.text, value);
    }
}

static aigc_status_t check_value(const place_t *place, const void *value)
{
    const aigc__ints_t *ints = value;
    const aigc__floats_t *floats = value;
    switch (place->row->type) {
    case AIGC__OPTION_INT: return check_int(place, *(const int64_t *)value);
    case AIGC__OPTION_FLOAT: return check_float(place, *(const double *)value);
    case AIGC__OPTION_INTS:
        for (size_t i = 0; i < ints->n; i++) AIGC__TRY(check_int(place, ints->values[i]));
        return AIGC_OK;
    case AIGC__OPTION_FLOATS:
        for (size_t i = 0; i < floats->n; i++) AIGC__TRY(check_float(place, floats->values[i]));
        return AIGC_OK;
    default: return AIGC_OK;
    }
}

/* Defaults may lie outside the range: a value no user can give says "not given". */
static aigc_status_t fill_default(const aigc__option_t *row, const char *what, void *value)
{
    const place_t place = {row, what};
    const char *text = row->default_value ? row->default_value : "";
    const bool is_number = row->type == AIGC__OPTION_INT || row->type == AIGC__OPTION_BOOL || row->type == AIGC__OPTION_CHOICE;
    if (row->type == AIGC__OPTION_TENSOR)
        *(aigc_tensor_t **)value = NULL;
    else if (!*text && is_number)
        *(int64_t *)value = 0;
    else if (!*text && row->type == AIGC__OPTION_FLOAT)
        *(double *)value = 0;
    else
        return fill_from_text(&place, text, value);
    return AIGC_OK;
}

/* ---- names ---- */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Damerau-Levenshtein distance with neighbours swapped at most once (optimal string alignment); at
 * most 63 bytes of each name count. */
static size_t distance(const char *a, const char *b)
{
    const size_t n = least(strlen(a), AIGC__OPTION_NAME_SIZE - 1), m = least(strlen(b), AIGC__OPTION_NAME_SIZE - 1);
    size_t rows[3][AIGC__OPTION_NAME_SIZE] = {{0}};
    for (size_t j = 0; j <= m; j++) rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const bool is_equal = a[i - 1] == b[j - 1] || (a[i - 1] == '-' && b[j - 1] == '_');
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !is_equal);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = least(row[j], second[j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

static aigc_status_t unknown(const char *name, const char *what, const aigc__option_group_t *groups, size_t n_groups)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t g = 0; g < n_groups; g++) {
        for (size_t i = 0; i < groups[g].n; i++) {
            const size_t d = distance(name, groups[g].rows[i].name);
            if (d >= best) continue;
            best = d;
            nearest = groups[g].rows[i].name;
        }
    }
    /* Further than half of the name it is no slip of the hand. */
    if (nearest && best * 2 <= strlen(name) + 1)
        return aigc__fail(AIGC_ERROR_OPTION, "unknown option '%s' for %s; did you mean '%s'?", name, what, nearest);
    return aigc__fail(AIGC_ERROR_OPTION, "unknown option '%s' for %s", name, what);
}

static void *value_of(const aigc__option_group_t *group, const aigc__option_t *row)
{
    return (char *)group->record + row->offset;
}

static aigc_status_t apply(const aigc__option_entry_t *entry, const char *what, const aigc__option_group_t *groups,
                           size_t n_groups)
{
    bool is_known = false;
    for (size_t g = 0; g < n_groups; g++) {
        for (size_t i = 0; i < groups[g].n; i++) {
            const place_t place = {&groups[g].rows[i], what};
            if (!aigc__option_names_equal(entry->name, place.row->name)) continue;
            is_known = true;
            if (!groups[g].record) continue;
            void *value = value_of(&groups[g], place.row);
            AIGC__TRY(fill_from_entry(&place, entry, value));
            AIGC__TRY(check_value(&place, value));
        }
    }
    return is_known ? AIGC_OK : unknown(entry->name, what, groups, n_groups);
}

aigc_status_t aigc__options_resolve(const aigc_options_t *options, const char *what, const aigc__option_group_t *groups,
                                    size_t n_groups)
{
    for (size_t g = 0; g < n_groups; g++)
        for (size_t i = 0; groups[g].record && i < groups[g].n; i++)
            AIGC__TRY(fill_default(&groups[g].rows[i], what, value_of(&groups[g], &groups[g].rows[i])));
    if (!options) return AIGC_OK;
    for (const aigc__option_entry_t *entry = options->first; entry; entry = entry->next)
        AIGC__TRY(apply(entry, what, groups, n_groups));
    return AIGC_OK;
}

aigc_status_t aigc__option_resolve_one(const aigc_options_t *options, const char *what, const aigc__option_t *row,
                                       aigc__option_value_t *out)
{
    const place_t place = {row, what};
    AIGC__TRY(fill_default(row, what, out));
    for (const aigc__option_entry_t *entry = options ? options->first : NULL; entry; entry = entry->next) {
        if (!aigc__option_names_equal(entry->name, row->name)) continue;
        AIGC__TRY(fill_from_entry(&place, entry, out));
        AIGC__TRY(check_value(&place, out));
    }
    return AIGC_OK;
}

void aigc__option_describe(const aigc__option_t *row, aigc_option_info_t *out)
{
    out->name = row->name;
    out->type = type_name(row->type);
    out->default_value = row->default_value ? row->default_value : "";
    out->help = row->help;
    range_text(row, out->range, sizeof out->range);
}

/* ---- values as text ---- */

static void ints_text(const aigc__ints_t *ints, char *text)
{
    size_t at = 0;
    for (size_t i = 0; i < ints->n && at < AIGC__OPTION_TEXT_SIZE; i++)
        at += (size_t)snprintf(text + at, AIGC__OPTION_TEXT_SIZE - at, "%s%" PRId64, i ? "," : "", ints->values[i]);
}

static void floats_text(const aigc__floats_t *floats, char *text)
{
    char number[AIGC__NUMBER_SIZE];
    size_t at = 0;
    for (size_t i = 0; i < floats->n && at < AIGC__OPTION_TEXT_SIZE; i++)
        at += (size_t)snprintf(text + at, AIGC__OPTION_TEXT_SIZE - at, "%s%s", i ? "," : "",
                               aigc__format_double(number, floats->values[i]));
}

static void choice_text(const char *choices, int64_t place, char *text)
{
    for (; place > 0; place--) choices = strchr(choices, '|') + 1;
    snprintf(text, AIGC__OPTION_TEXT_SIZE, "%.*s", (int)strcspn(choices, "|"), choices);
}

const char *aigc__option_value_text(const aigc__option_t *row, const void *record, char text[AIGC__OPTION_TEXT_SIZE])
{
    const void *value = (const char *)record + row->offset;
    const char *string = NULL;
    text[0] = '\0';
    switch (row->type) {
    case AIGC__OPTION_INT: snprintf(text, AIGC__OPTION_TEXT_SIZE, "%" PRId64, *(const int64_t *)value); break;
    case AIGC__OPTION_FLOAT: aigc__format_double(text, *(const double *)value); break;
    case AIGC__OPTION_BOOL: strcpy(text, *(const int64_t *)value ? "true" : "false"); break;
    case AIGC__OPTION_CHOICE: choice_text(row->choices, *(const int64_t *)value, text); break;
    case AIGC__OPTION_STRING:
    case AIGC__OPTION_PATH:
        string = *(const char *const *)value;
        snprintf(text, AIGC__OPTION_TEXT_SIZE, "%s", string ? string : "");
        break;
    case AIGC__OPTION_INTS: ints_text(value, text); break;
    case AIGC__OPTION_FLOATS: floats_text(value, text); break;
    case AIGC__OPTION_TENSOR: break;
    }
    return text;
}
