#include "base/numbers.h"
#include <jansson.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 400 };

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t count_digits(const char *text, size_t length)
{
    size_t n = 0;
    while (n < length && is_digit(text[n])) n++;
    return n;
}

/* Appends; the caller made sure of the room. */
static char *put(char *to, const char *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

/* "+.5" -> "0.5", "007" -> "7.0", "1.E3" -> "1.0e3": what JSON calls a real number, at most 6 bytes
 * longer. 0 where the text is no number. */
static size_t to_json_real(char *json, const char *text, size_t length)
{
    const char *s = text, *end = text + length;
    char *to = json;
    if (s < end && (*s == '-' || *s == '+')) {
        if (*s == '-') to = put(to, "-", 1);
        s++;
    }
    size_t whole = count_digits(s, (size_t)(end - s));
    const char *const digits = s;
    s += whole;
    const bool has_point = s < end && *s == '.';
    if (has_point) s++;
    const size_t fraction = has_point ? count_digits(s, (size_t)(end - s)) : 0;
    if (whole + fraction == 0) return 0;
    size_t zeros = 0;
    while (zeros + 1 < whole && digits[zeros] == '0') zeros++;
    to = whole ? put(to, digits + zeros, whole - zeros) : put(to, "0", 1);
    to = put(to, ".", 1);
    to = fraction ? put(to, s, fraction) : put(to, "0", 1);
    s += fraction;
    if (s < end && (*s == 'e' || *s == 'E')) {
        const char *const exponent = s++;
        if (s < end && (*s == '-' || *s == '+')) s++;
        const size_t n = count_digits(s, (size_t)(end - s));
        if (n == 0) return 0;
        s += n;
        to = put(to, exponent, (size_t)(s - exponent));
    }
    return s == end ? (size_t)(to - json) : 0;
}

bool aigc__parse_double(const char *text, size_t length, double *out)
{
    char json[TEXT_SIZE];
    if (length > sizeof json - 8) return false;
    const size_t n = to_json_real(json, text, length);
    if (n == 0) return false;
    json_t *number = json_loadb(json, n, JSON_DECODE_ANY, NULL);
    if (!number) return false;
    *out = json_real_value(number);
    json_decref(number);
    return true;
}

bool aigc__parse_int(const char *text, size_t length, int64_t *out)
{
    const bool is_negative = length > 0 && text[0] == '-';
    const size_t start = length > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    if (start == length || count_digits(text + start, length - start) != length - start) return false;
    int64_t value = 0;
    for (size_t i = start; i < length; i++) {
        const int64_t digit = text[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value)) return false;
        if (__builtin_add_overflow(value, is_negative ? -digit : digit, &value)) return false;
    }
    *out = value;
    return true;
}

static size_t dump(char buffer[AIGC__NUMBER_SIZE], const json_t *number, size_t digits)
{
    size_t n = json_dumpb(number, buffer, AIGC__NUMBER_SIZE - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
    if (n >= AIGC__NUMBER_SIZE) n = 0;
    if (n > 2 && buffer[n - 2] == '.' && buffer[n - 1] == '0') n -= 2;
    buffer[n] = '\0';
    return n;
}

/* Digits alone are read more easily than "1e2", up to a number of them. */
static bool is_readable_whole(double value)
{
    return fabs(value) < 1e15 && value == floor(value) && !(value == 0 && signbit(value));
}

const char *aigc__format_double(char buffer[AIGC__NUMBER_SIZE], double value)
{
    if (isnan(value)) return strcpy(buffer, "nan");
    if (isinf(value)) return strcpy(buffer, value < 0 ? "-inf" : "inf");
    if (is_readable_whole(value)) {
        snprintf(buffer, AIGC__NUMBER_SIZE, "%" PRId64, (int64_t)value);
        return buffer;
    }
    json_t *number = json_real(value);
    if (!number) return strcpy(buffer, "?"); /* no memory for 24 bytes */
    for (size_t digits = 1; digits <= 17; digits++) {
        double read = 0;
        const size_t n = dump(buffer, number, digits);
        if (aigc__parse_double(buffer, n, &read) && read == value) break;
    }
    json_decref(number);
    return buffer;
}
