#include "config_text.h"
#include <string.h>

static void append(char *buffer, size_t bytes, size_t *length, char c)
{
    if (*length + 1 < bytes) buffer[(*length)++] = c;
    buffer[*length] = '\0';
}

/* From the opening quote to past the closing one. */
static const char *read_string(const char *at, char *out, size_t bytes)
{
    size_t length = 0;
    out[0] = '\0';
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0') at++;
        append(out, bytes, &length, *at);
    }
    return *at == '"' ? at + 1 : at;
}

/* A number, word or array, to the comma or brace after it. */
static const char *read_plain(const char *at, char *out, size_t bytes)
{
    size_t length = 0, depth = 0;
    out[0] = '\0';
    for (; *at != '\0' && (depth > 0 || (*at != ',' && *at != '}')); at++) {
        if (*at == '[' || *at == '{') depth++;
        if (*at == ']' || *at == '}') depth--;
        if (strchr("[]\" \n", *at) == NULL) append(out, bytes, &length, *at);
    }
    return at;
}

bool cli_config_next(const char **cursor, char *name, size_t name_bytes, char *value, size_t value_bytes)
{
    const char *at = strchr(*cursor, '"');
    if (at == NULL) return false;
    at = read_string(at, name, name_bytes);
    at += strspn(at, ": \n");
    *cursor = *at == '"' ? read_string(at, value, value_bytes) : read_plain(at, value, value_bytes);
    return true;
}

bool cli_config_get(const char *json, const char *name, char *value, size_t value_bytes)
{
    char found[64];
    while (cli_config_next(&json, found, sizeof found, value, value_bytes))
        if (strcmp(found, name) == 0) return true;
    return false;
}
