/* Walking a large JSON object member by member: jansson parses each key and each value, never the
 * whole, so memory is bounded by the text and one value. */
#ifndef AIGC_FORMATS_JSON_MEMBERS_H
#define AIGC_FORMATS_JSON_MEMBERS_H

#include "base/failure.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef struct aigc__json_cursor {
    const char *name; /* of the source, for messages */
    char *text;       /* changed: decoded strings replace their quoted form */
    size_t length, place;
    uint64_t start; /* of the text in the source */
    bool is_first;  /* no member of the innermost object was taken yet */
} aigc__json_cursor_t;

/* Steps into the object at the cursor, after looking over the whole of it: closed, at most `depth`
 * levels of {} and [] deep; `*members` is how many it has. AIGC_ERROR_CORRUPT. */
aigc_status_t aigc__json_enter(aigc__json_cursor_t *cursor, size_t depth, size_t *members);
/* The next key, zero-terminated, kept in the text; NULL after the last, when the object was left. */
aigc_status_t aigc__json_next_key(aigc__json_cursor_t *cursor, const char **key);
/* The value at the cursor; json_decref it. */
aigc_status_t aigc__json_take_value(aigc__json_cursor_t *cursor, json_t **value);
/* The string at the cursor, zero-terminated, kept in the text. */
aigc_status_t aigc__json_take_string(aigc__json_cursor_t *cursor, const char **text);
/* Only blanks are left. */
aigc_status_t aigc__json_check_end(aigc__json_cursor_t *cursor);

/* CORRUPT, naming source and place. */
aigc_status_t aigc__json_unexpected(const aigc__json_cursor_t *cursor, const char *expected);

#endif
