#include "formats/npy_header.h"
#include <inttypes.h>
#include <string.h>

typedef struct cursor {
    const char *name, *text;
    size_t length, place, start; /* start: of the text in the file */
} cursor_t;

typedef struct word {
    const char *text;
    size_t length;
} word_t;

static aigc_status_t unexpected(const cursor_t *c, const char *expected)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: .npy header, byte %zu: %s expected", c->name, c->start + c->place,
                      expected);
}

static char peek(const cursor_t *c) { return c->place < c->length ? c->text[c->place] : '\0'; }

static void skip_blanks(cursor_t *c)
{
    while (peek(c) == ' ' || peek(c) == '\t' || peek(c) == '\n' || peek(c) == '\r') c->place++;
}

/* Steps over `symbol` and the blanks around it, if it is next. */
static bool take(cursor_t *c, char symbol)
{
    skip_blanks(c);
    if (c->place >= c->length || peek(c) != symbol) return false;
    c->place++;
    skip_blanks(c);
    return true;
}

static bool take_text(cursor_t *c, const char *text)
{
    const size_t n = strlen(text);
    if (c->length - c->place < n || memcmp(c->text + c->place, text, n) != 0) return false;
    c->place += n;
    return true;
}

/* 'text' or "text", without escapes. */
static aigc_status_t parse_quoted(cursor_t *c, word_t *out)
{
    const char quote = peek(c);
    if (quote != '\'' && quote != '"') return unexpected(c, "a quoted text");
    const size_t first = ++c->place;
    while (c->place < c->length && peek(c) != quote && peek(c) != '\\') c->place++;
    if (peek(c) != quote) return unexpected(c, "the closing quote");
    *out = (word_t){c->text + first, c->place - first};
    c->place++;
    return AIGC_OK;
}

static bool is_word(const word_t *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

static aigc_status_t parse_descr(cursor_t *c, aigc__npy_header_t *out)
{
    word_t word;
    if (peek(c) == '[')
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: a structured .npy array cannot be read", c->name);
    AIGC__TRY(parse_quoted(c, &word));
    if (aigc__element_parse(word.text, word.length, &out->element, &out->is_big_endian)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: .npy elements of type '%.*s' cannot be read%s", c->name,
                      word.length < 32 ? (int)word.length : 32, word.text,
                      word.length > 0 && word.text[word.length > 1] == 'O' ? " (Python objects)" : "");
}

static aigc_status_t parse_bool(cursor_t *c, bool *out)
{
    *out = take_text(c, "True");
    return *out || take_text(c, "False") ? AIGC_OK : unexpected(c, "True or False");
}

static aigc_status_t parse_dimension(cursor_t *c, int64_t *out)
{
    const size_t first = c->place;
    int64_t value = 0;
    for (; peek(c) >= '0' && peek(c) <= '9'; c->place++) {
        value = value * 10 + (peek(c) - '0');
        if (value > INT32_MAX)
            return aigc__fail(AIGC_ERROR_LIMIT, "%s: .npy header, byte %zu: a dimension above 2147483647", c->name,
                              c->start + first);
    }
    if (c->place == first) return unexpected(c, "a dimension");
    if (peek(c) == 'L') c->place++; /* written by Python 2 */
    *out = value;
    return AIGC_OK;
}

/* (), (3,), (3, 4) */
static aigc_status_t parse_shape(cursor_t *c, aigc__npy_header_t *out)
{
    if (!take(c, '(')) return unexpected(c, "the shape's '('");
    while (!take(c, ')')) {
        if (out->rank == AIGC__NPY_RANK)
            return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: an .npy array of more than %d dimensions", c->name,
                              AIGC__NPY_RANK);
        AIGC__TRY(parse_dimension(c, &out->shape[out->rank++]));
        const bool has_comma = take(c, ',');
        if (!has_comma && (peek(c) != ')' || out->rank == 1)) return unexpected(c, "',' in the shape");
    }
    return AIGC_OK;
}

enum { SEEN_DESCR = 1, SEEN_ORDER = 2, SEEN_SHAPE = 4, SEEN_ALL = 7 };

static aigc_status_t parse_entry(cursor_t *c, aigc__npy_header_t *out, unsigned *seen)
{
    word_t key;
    AIGC__TRY(parse_quoted(c, &key));
    if (!take(c, ':')) return unexpected(c, "':'");
    const unsigned now = is_word(&key, "descr")           ? SEEN_DESCR
                         : is_word(&key, "fortran_order") ? SEEN_ORDER
                         : is_word(&key, "shape")         ? SEEN_SHAPE
                                                          : 0;
    if (now == 0 || *seen & now) return unexpected(c, "before here: each of descr, fortran_order and shape once");
    *seen |= now;
    return now == SEEN_DESCR   ? parse_descr(c, out)
           : now == SEEN_ORDER ? parse_bool(c, &out->is_fortran)
                               : parse_shape(c, out);
}

aigc_status_t aigc__npy_parse(aigc__npy_header_t *out, const char *name, const char *text, size_t length, size_t at)
{
    cursor_t c = {name, text, length, 0, at};
    unsigned seen = 0;
    *out = (aigc__npy_header_t){0};
    if (!take(&c, '{')) return unexpected(&c, "'{'");
    while (!take(&c, '}')) {
        AIGC__TRY(parse_entry(&c, out, &seen));
        if (!take(&c, ',') && peek(&c) != '}') return unexpected(&c, "',' or '}'");
    }
    skip_blanks(&c);
    if (c.place < c.length) return unexpected(&c, "nothing more");
    if (seen != SEEN_ALL) return unexpected(&c, "before here: all of descr, fortran_order and shape");
    return AIGC_OK;
}
