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

void aigc__make_printable(char *text, size_t size)
{
    unsigned char *s = (unsigned char *)text;
    size_t left = strlen(text);
    const bool is_full = left + 1 >= size;
    while (left > 0) {
        const size_t n = utf8_length(s, left);
        if (n == 0 && is_full && left < 4 && s[0] >= 0xc2) {
            *s = '\0'; /* a sequence the end of the buffer cut */
            return;
        }
        const bool is_c1 = n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
        if (n == 0 || s[0] < 0x20 || s[0] == 0x7f || is_c1) memset(s, '?', n ? n : 1);
        s += n ? n : 1;
        left -= n ? n : 1;
    }
}

/* The arguments may point into the old sentence, so the new one is finished before it takes the place. */
static void set_message(const char *prefix, const char *rest)
{
    char text[MESSAGE_SIZE];
    const size_t n = strlen(prefix), room = sizeof text - 1 - n, m = strlen(rest);
    memcpy(text, prefix, n);
    memcpy(text + n, rest, m < room ? m : room);
    text[n + (m < room ? m : room)] = '\0';
    aigc__make_printable(text, sizeof text);
    memcpy(message, text, sizeof message);
}

aigc_status_t aigc__fail(aigc_status_t status, const char *format, ...)
{
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    set_message(text, "");
    return status;
}

aigc_status_t aigc__fail_within(aigc_status_t status, const char *format, ...)
{
    char prefix[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(prefix, sizeof prefix, format, arguments);
    va_end(arguments);
    set_message(prefix, message);
    return status;
}

void aigc__failure_copy(char *buffer) { memcpy(buffer, message, sizeof message); }

void aigc__failure_restore(const char *buffer)
{
    memcpy(message, buffer, sizeof message);
    message[MESSAGE_SIZE - 1] = '\0';
}

const char *aigc__failure_text(void) { return message; }
