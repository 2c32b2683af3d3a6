#include "base/failure.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 512 };

static _Thread_local char message[MESSAGE_SIZE];

/* Length of the valid UTF-8 sequence at `s` that fits in `left` bytes, 0 where there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    const unsigned char c = s[0];
    const size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (n == 0 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f)) return 0;
    if ((c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f)) return 0;
    return n;
}

/* Text from files may hold anything: a terminal must be able to print the message. */
static void make_printable(char *text)
{
    unsigned char *s = (unsigned char *)text;
    size_t left = strlen(text);
    while (left > 0) {
        const size_t n = utf8_length(s, left);
        const bool is_cut = n == 0 && left < 4 && text[MESSAGE_SIZE - 2] != '\0' && s[0] >= 0xc2;
        if (is_cut) {
            *s = '\0';
            return;
        }
        const bool is_c1 = n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
        if (n == 0 || s[0] < 0x20 || s[0] == 0x7f || is_c1) s[n == 2 ? 1 : 0] = '?';
        if (is_c1) s[0] = '?';
        s += n ? n : 1;
        left -= n ? n : 1;
    }
}

aigc_status_t aigc__fail(aigc_status_t status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    make_printable(message);
    return status;
}

aigc_status_t aigc__fail_within(aigc_status_t status, const char *format, ...)
{
    char inner[MESSAGE_SIZE];
    va_list arguments;
    memcpy(inner, message, sizeof inner);
    va_start(arguments, format);
    const int prefix = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (prefix >= 0 && (size_t)prefix < sizeof message) snprintf(message + prefix, sizeof message - (size_t)prefix, "%s", inner);
    make_printable(message);
    return status;
}

void aigc__failure_copy(char *buffer) { memcpy(buffer, message, sizeof message); }

void aigc__failure_restore(const char *buffer)
{
    memcpy(message, buffer, sizeof message);
    message[MESSAGE_SIZE - 1] = '\0';
}

const char *aigc__failure_text(void) { return message; }
