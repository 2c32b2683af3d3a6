#include "base/options_set.h"
#include "base/runtime.h"
#include "base/sizes.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static char plain(char c) { return c == '-' ? '_' : c; }

bool aigc__option_names_equal(const char *a, const char *b)
{
    while (*a && plain(*a) == plain(*b)) {
        a++;
        b++;
    }
    return plain(*a) == plain(*b);
}

aigc_status_t aigc__options_create(aigc_options_t **out)
{
    aigc__memory_t memory;
    void *block = NULL;
    aigc__memory_init(&memory, NULL, 0);
    AIGC__TRY(aigc__memory_alloc_zeroed(&memory, sizeof(aigc_options_t), &block));
    aigc_options_t *options = block;
    options->kind = AIGC__OPTIONS;
    aigc__memory_init(&options->memory, NULL, 0);
    *out = options;
    return AIGC_OK;
}

void aigc__options_hold_tensors(aigc_options_t *options, const aigc__tensor_hold_t *hold) { options->hold = *hold; }

static void free_entry(aigc_options_t *options, aigc__option_entry_t *entry)
{
    if (entry->type == AIGC__OPTION_TENSOR && options->hold.release) options->hold.release(entry->value.tensor);
    aigc__memory_free(&options->memory, entry);
}

static void free_entries(aigc_options_t *options, aigc__option_entry_t *entry)
{
    while (entry) {
        aigc__option_entry_t *next = entry->next;
        free_entry(options, entry);
        entry = next;
    }
}

void aigc__options_free(aigc_options_t *options)
{
    if (!options) return;
    free_entries(options, options->first);
    options->kind = AIGC__DEAD;
    aigc__memory_t memory;
    aigc__memory_init(&memory, NULL, 0);
    aigc__memory_free(&memory, options);
}

/* An entry with `bytes` for its value behind it. */
static aigc_status_t create_entry(aigc_options_t *options, aigc__option_entry_t **out, const char *name, size_t name_length,
                                  aigc__option_type_t type, const void *values, size_t bytes)
{
    if (name_length == 0 || name_length >= AIGC__OPTION_NAME_SIZE)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "an option name of %zu bytes; expected 1..%d", name_length,
                          AIGC__OPTION_NAME_SIZE - 1);
    size_t total = 0;
    void *block = NULL;
    AIGC__TRY(aigc__bytes_sum(sizeof(aigc__option_entry_t) + 1, bytes, &total));
    AIGC__TRY(aigc__memory_alloc_zeroed(&options->memory, total, &block));
    aigc__option_entry_t *entry = block;
    entry->type = type;
    memcpy(entry->name, name, name_length);
    char *value = (char *)(entry + 1);
    if (bytes) memcpy(value, values, bytes);
    entry->value.text = value;
    *out = entry;
    return AIGC_OK;
}

static void insert(aigc_options_t *options, aigc__option_entry_t *entry)
{
    aigc__option_entry_t **place = &options->first;
    while (*place && !aigc__option_names_equal((*place)->name, entry->name)) place = &(*place)->next;
    aigc__option_entry_t *old = *place;
    entry->next = old ? old->next : NULL;
    *place = entry;
    if (old) free_entry(options, old);
}

aigc_status_t aigc__options_set(aigc_options_t *options, const char *name, aigc__option_type_t type, const void *values, size_t n)
{
    if (n > AIGC__OPTION_MAX_NUMBERS)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "%zu numbers for option '%s'; at most %d are possible", n, name,
                          AIGC__OPTION_MAX_NUMBERS);
    aigc__option_entry_t *entry = NULL;
    size_t bytes = n * sizeof(int64_t);
    if (type == AIGC__OPTION_STRING) bytes = strlen(values);
    if (type == AIGC__OPTION_TENSOR) bytes = 0;
    _Static_assert(sizeof(int64_t) == sizeof(double), "one size for both kinds of numbers");
    AIGC__TRY(create_entry(options, &entry, name, strlen(name), type, values, bytes));
    entry->n = n;
    if (type == AIGC__OPTION_INT) snprintf(entry->digits, sizeof entry->digits, "%" PRId64, *entry->value.ints);
    if (type == AIGC__OPTION_TENSOR) {
        entry->value.tensor = (aigc_tensor_t *)values;
        if (options->hold.retain) options->hold.retain(entry->value.tensor);
    }
    insert(options, entry);
    return AIGC_OK;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* One `name=value` or `name="value"` at text[*at]; `*at` moves behind it. */
static aigc_status_t parse_one(aigc_options_t *options, const char *text, size_t *at, aigc__option_entry_t **out)
{
    const char *const name = text + *at;
    const size_t name_length = strcspn(name, "= \t\r\n\"");
    if (name[name_length] != '=' || name_length == 0)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "option text at byte %zu: expected name=value, found '%.*s'", *at,
                          (int)(strcspn(name, " \t\r\n") & 63), name);
    const char *value = name + name_length + 1;
    const bool is_quoted = *value == '"';
    if (is_quoted) value++;
    const size_t length = strcspn(value, is_quoted ? "\"" : " \t\r\n\"");
    const char *end = value + length;
    if (is_quoted ? *end != '"' || (end[1] && !is_blank(end[1])) : *end == '"')
        return aigc__fail(AIGC_ERROR_ARGUMENT, "option text at byte %zu: quotes do not match in the value of '%.*s'", *at,
                          (int)(name_length & 63), name);
    AIGC__TRY(create_entry(options, out, name, name_length, AIGC__OPTION_STRING, value, length));
    *at = (size_t)(end - text) + is_quoted;
    return AIGC_OK;
}

aigc_status_t aigc__options_parse(aigc_options_t *options, const char *text)
{
    aigc__option_entry_t *fresh = NULL, **last = &fresh;
    aigc_status_t status = AIGC_OK;
    for (size_t at = 0;;) {
        while (is_blank(text[at])) at++;
        if (!text[at]) break;
        AIGC__GOTO(failed, parse_one(options, text, &at, last));
        last = &(*last)->next;
    }
    while (fresh) {
        aigc__option_entry_t *entry = fresh;
        fresh = fresh->next;
        insert(options, entry);
    }
    return AIGC_OK;
failed:
    free_entries(options, fresh);
    return status;
}
