/* The options a model was made with, out of the text aigc_model_config() gives. */
#ifndef AIGC_CLI_CONFIG_TEXT_H
#define AIGC_CLI_CONFIG_TEXT_H

#include "cli.h"

/* Next "name": value of a flat JSON object, the value as text without quotes; false at its end.
 * `*cursor` starts at the text. Both buffers are filled and cut at their sizes. */
bool cli_config_next(const char **cursor, char *name, size_t name_bytes, char *value, size_t value_bytes);

/* One value by name; false where there is none. */
bool cli_config_get(const char *json, const char *name, char *value, size_t value_bytes);

#endif
