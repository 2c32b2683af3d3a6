#include "formats/json_members.h"
#include <inttypes.h>
#include <string.h>

aigc_status_t aigc__json_unexpected(const aigc__json_cursor_t *cursor, const char *expected)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: JSON header, byte %" PRIu64 ": %s expected", cursor->name,
                      cursor->start + cursor->place, expected);
}

static void skip_blanks(aigc__json_cursor_t *c)
{
    while (c->place < c->length && (c->text[c->place] == ' ' || c->text[c->place] == '\n' ||
                                    c->text[c->place] == '\t' || c->text[c->place] == '\r'))
        c->place++;
}

static bool take(aigc__json_cursor_t *c, char symbol)
{
    skip_blanks(c);
    if (c->place == c->length || c->text[c->place] != symbol) return false;
    c->place++;
    return true;
}

/* The place after the string that begins at `at`; the text's length where it is not closed. */
static size_t string_end(const aigc__json_cursor_t *c, size_t at)
{
    for (at++; at < c->length && c->text[at] != '"'; at++)
        if (c->text[at] == '\\') at++;
    return at < c->length ? at + 1 : c->length;
}

static aigc_status_t look_over(const aigc__json_cursor_t *cursor, size_t depth, size_t *members)
{
    size_t level = 0, n = 0;
    for (size_t at = cursor->place; at < cursor->length;) {
        const char symbol = cursor->text[at];
        if (symbol == '"') {
            at = string_end(cursor, at);
            continue;
        }
        if (symbol == '{' || symbol == '[') level++;
        if ((symbol == '}' || symbol == ']') && level > 0) level--;
        if (symbol == ':' && level == 1) n++;
        at++;
        if (level > depth)
            return aigc__fail(AIGC_ERROR_CORRUPT, "%s: JSON header, byte %" PRIu64 ": nested more than %zu levels deep",
                              cursor->name, cursor->start + at, depth);
        if (level == 0 && symbol == '}') {
            *members = n;
            return AIGC_OK;
        }
    }
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the JSON header is not closed", cursor->name);
}

aigc_status_t aigc__json_enter(aigc__json_cursor_t *cursor, size_t depth, size_t *members)
{
    skip_blanks(cursor);
    if (cursor->place == cursor->length || cursor->text[cursor->place] != '{')
        return aigc__json_unexpected(cursor, "'{'");
    AIGC__TRY(look_over(cursor, depth, members));
    cursor->place++;
    cursor->is_first = true;
    return AIGC_OK;
}

aigc_status_t aigc__json_take_value(aigc__json_cursor_t *cursor, json_t **value)
{
    json_error_t error;
    skip_blanks(cursor);
    *value = json_loadb(cursor->text + cursor->place, cursor->length - cursor->place,
                        JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (*value) {
        cursor->place += (size_t)error.position;
        return AIGC_OK;
    }
    if (json_error_code(&error) == json_error_out_of_memory)
        return aigc__fail(AIGC_ERROR_MEMORY, "%s: no memory for the JSON header", cursor->name);
    const uint64_t at = cursor->start + cursor->place + (error.position > 0 ? (uint64_t)error.position : 0);
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: JSON header, byte %" PRIu64 ": %s", cursor->name, at, error.text);
}

/* A decoded string with its terminating zero is shorter than the quoted one it came from. */
aigc_status_t aigc__json_take_string(aigc__json_cursor_t *cursor, const char **text)
{
    json_t *value;
    skip_blanks(cursor);
    const size_t first = cursor->place;
    if (first == cursor->length || cursor->text[first] != '"') return aigc__json_unexpected(cursor, "a string");
    AIGC__TRY(aigc__json_take_value(cursor, &value));
    const size_t length = json_string_length(value);
    memcpy(cursor->text + first, json_string_value(value), length);
    cursor->text[first + length] = '\0';
    *text = cursor->text + first;
    json_decref(value);
    return AIGC_OK;
}

aigc_status_t aigc__json_next_key(aigc__json_cursor_t *cursor, const char **key)
{
    *key = NULL;
    if (take(cursor, '}')) {
        cursor->is_first = false;
        return AIGC_OK;
    }
    if (!cursor->is_first && !take(cursor, ',')) return aigc__json_unexpected(cursor, "',' or '}'");
    cursor->is_first = false;
    AIGC__TRY(aigc__json_take_string(cursor, key));
    return take(cursor, ':') ? AIGC_OK : aigc__json_unexpected(cursor, "':'");
}

aigc_status_t aigc__json_check_end(aigc__json_cursor_t *cursor)
{
    skip_blanks(cursor);
    return cursor->place == cursor->length ? AIGC_OK : aigc__json_unexpected(cursor, "nothing more");
}
