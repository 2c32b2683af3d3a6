/* Option tables of the verbs that belong to no kind. */
#ifndef AIGC_API_VERB_TABLES_H
#define AIGC_API_VERB_TABLES_H

#include "base/option_table.h"

typedef struct aigc__context_options {
    int64_t threads, memory_limit, cpu;
} aigc__context_options_t;

typedef struct aigc__image_read_options {
    int64_t channels;
    const char *background;
} aigc__image_read_options_t;

typedef struct aigc__image_write_options {
    int64_t quality, compression;
} aigc__image_write_options_t;

typedef struct aigc__image_grid_options {
    int64_t columns, padding, normalize;
    double pad_value;
    aigc__floats_t value_range;
} aigc__image_grid_options_t;

typedef struct aigc__image_resize_options {
    int64_t height, width, filter;
} aigc__image_resize_options_t;

typedef struct aigc__animation_write_options {
    double frames_per_second;
    int64_t loops, compression;
} aigc__animation_write_options_t;

typedef struct aigc__weights_options {
    int64_t strict;
} aigc__weights_options_t;

/* The table of a verb with the record to fill; n 0 where there is no such verb. */
aigc__option_group_t aigc__verb_group(const char *verb, void *record);

/* Name of the verb with place `index` among those of no kind; NULL past the last. */
const char *aigc__verb_without_kind(size_t index);

/* One line about what a verb of any kind does; "" where there is no such verb. */
const char *aigc__verb_help(const char *verb);

#endif
