/* The set of options from the inside, for the resolver. */
#ifndef AIGC_BASE_OPTIONS_SET_H
#define AIGC_BASE_OPTIONS_SET_H

#include "base/option_table.h"

enum { AIGC__OPTION_NAME_SIZE = 64, AIGC__OPTION_MAX_NUMBERS = 64 };

typedef struct aigc__option_entry aigc__option_entry_t;

struct aigc__option_entry {
    aigc__option_entry_t *next;
    aigc__option_type_t type; /* INT, FLOAT, STRING, INTS, FLOATS or TENSOR */
    size_t n;
    union {
        const int64_t *ints;   /* INT (one), INTS */
        const double *floats;  /* FLOAT (one), FLOATS */
        const char *text;      /* STRING */
        aigc_tensor_t *tensor; /* TENSOR, retained */
    } value;
    char name[AIGC__OPTION_NAME_SIZE];
    char digits[24]; /* INT: as text, for options that are text: the number of a class */
};

struct aigc_options {
    uint32_t kind; /* AIGC__OPTIONS */
    aigc__memory_t memory;
    aigc__option_entry_t *first; /* in the order they were first set */
    aigc__tensor_hold_t hold;
};

#endif
