/* Option tables and the sets users fill. A table row names an option, its type, default, range and
 * where its value goes in a plain struct; resolving a set against tables fills the structs. */
#ifndef AIGC_BASE_OPTION_TABLE_H
#define AIGC_BASE_OPTION_TABLE_H

#include "base/memory.h"
#include <aigc/options.h>

typedef enum aigc__option_type {
    AIGC__OPTION_INT,    /* int64_t */
    AIGC__OPTION_FLOAT,  /* double */
    AIGC__OPTION_BOOL,   /* int64_t 0 or 1; text "true", "false", "1", "0", "yes", "no" */
    AIGC__OPTION_CHOICE, /* int64_t, the place in `choices` */
    AIGC__OPTION_STRING, /* const char *, NULL where the default is "" */
    AIGC__OPTION_PATH,   /* the same; shells complete it as a file */
    AIGC__OPTION_INTS,   /* aigc__ints_t; text "1,2,5-9", or "64x48" for two */
    AIGC__OPTION_FLOATS, /* aigc__floats_t */
    AIGC__OPTION_TENSOR  /* aigc_tensor_t *, borrowed, NULL where not given */
} aigc__option_type_t;

/* Numbers are borrowed from the set, or from `own` where they come from a default or a range text. */
typedef struct aigc__ints {
    const int64_t *values;
    size_t n;
    int64_t own[64];
} aigc__ints_t;

typedef struct aigc__floats {
    const double *values;
    size_t n;
    double own[64];
} aigc__floats_t;

typedef struct aigc__option {
    const char *name;
    aigc__option_type_t type;
    size_t offset;             /* of the value in the record */
    const char *default_value; /* as text */
    double minimum, maximum;   /* of a number or of each of several; both 0: anything */
    const char *choices;       /* "bce|mse" */
    const char *help;
} aigc__option_t;

/* A table and the record it fills. */
typedef struct aigc__option_group {
    const aigc__option_t *rows;
    size_t n;
    void *record; /* NULL: only the names are known here, values are filled elsewhere */
} aigc__option_group_t;

/* Fills every record from defaults, then from the set (may be NULL). No allocation. Strings, tensors
 * and long arrays in the records are borrowed from the set.
 * AIGC_ERROR_OPTION: a name in no group (the nearest one is offered), a wrong type, out of range.
 * `what` names the call in the message: "train vae". Integers are accepted for floats, floats that
 * are whole for integers, text for everything. */
aigc_status_t aigc__options_resolve(const aigc_options_t *options, const char *what, const aigc__option_group_t *groups,
                                    size_t n_groups);

/* Room for the value of any row. */
typedef union aigc__option_value {
    int64_t integer;
    double number;
    const char *text;
    aigc__ints_t ints;
    aigc__floats_t floats;
    aigc_tensor_t *tensor;
} aigc__option_value_t;

/* The value of one row as aigc__options_resolve() would find it; names that are not the row's are passed over. */
aigc_status_t aigc__option_resolve_one(const aigc_options_t *options, const char *what, const aigc__option_t *row,
                                       aigc__option_value_t *out);

/* '-' and '_' are the same. */
bool aigc__option_names_equal(const char *a, const char *b);

/* A row as the public record. */
void aigc__option_describe(const aigc__option_t *row, aigc_option_info_t *out);

enum { AIGC__OPTION_TEXT_SIZE = 64 * 26 };
/* The value in the record as text that reads back as the same; "" for a tensor. Returns text, cut at its size. */
const char *aigc__option_value_text(const aigc__option_t *row, const void *record, char text[AIGC__OPTION_TEXT_SIZE]);

/* ---- the set: name, type and value; used by api/ and by code that builds sets ---- */
aigc_status_t aigc__options_create(aigc_options_t **out);
void aigc__options_free(aigc_options_t *options);
/* Type INT, FLOAT, INTS, FLOATS: `n` numbers; STRING: the text; TENSOR: the tensor itself, which is
 * retained. With a name set before, the new value takes its place.
 * AIGC_ERROR_ARGUMENT: a name of no or over 63 bytes, over 64 numbers; AIGC_ERROR_MEMORY. */
aigc_status_t aigc__options_set(aigc_options_t *options, const char *name, aigc__option_type_t type, const void *values,
                                size_t n);
/* "name=value name=\"two words\"": every one of them is set, or on AIGC_ERROR_ARGUMENT none. */
aigc_status_t aigc__options_parse(aigc_options_t *options, const char *text);

/* Tensors are opaque here: how to hold and let go of one is told by the tensor layer's functions. */
typedef struct aigc__tensor_hold {
    void (*retain)(aigc_tensor_t *);
    void (*release)(aigc_tensor_t *);
} aigc__tensor_hold_t;
void aigc__options_hold_tensors(aigc_options_t *options, const aigc__tensor_hold_t *hold);

#endif
