/** @file
 *  Options go by name. Every verb of every kind declares its options once, in one table with type,
 * default, range and help; aigc_option_info() reads that table. */
#ifndef AIGC_OPTIONS_H
#define AIGC_OPTIONS_H

#include <aigc/tensor.h>

AIGC_BEGIN_DECLS

/** An empty set of options; frees with aigc_options_free(). Names are checked where the set is
 *  used; in names '-' and '_' are the same. Text is understood for options of every type but tensor. Needs no context. Since 0.1. */
AIGC_API aigc_status_t aigc_options_create(aigc_options_t **out);

/** NULL is fine. Since 0.1. */
AIGC_API void aigc_options_free(aigc_options_t *options);

/** Set one option; a second setting of the same name replaces the first. Strings and arrays are
 *  copied, tensors retained. Since 0.1.
 *  @return AIGC_OK; AIGC_ERROR_ARGUMENT (NULL, a name over 63 bytes, more than 64 numbers); AIGC_ERROR_MEMORY */
AIGC_API aigc_status_t aigc_options_set_int(aigc_options_t *options, const char *name, int64_t value);

/** As aigc_options_set_int(). Since 0.1. */
AIGC_API aigc_status_t aigc_options_set_float(aigc_options_t *options, const char *name, double value);

/** As aigc_options_set_int(), from UTF-8 text that is copied. Since 0.1. */
AIGC_API aigc_status_t aigc_options_set_string(aigc_options_t *options, const char *name, const char *value);

/** As aigc_options_set_int(), a list of 0..64 numbers. Since 0.1. */
AIGC_API aigc_status_t aigc_options_set_ints(aigc_options_t *options, const char *name, const int64_t *values, size_t n);

/** As aigc_options_set_ints(). Since 0.1. */
AIGC_API aigc_status_t aigc_options_set_floats(aigc_options_t *options, const char *name, const double *values, size_t n);

/** As aigc_options_set_int(), for options such as train_step's `noise`; retains the tensor. Since 0.1. */
AIGC_API aigc_status_t aigc_options_set_tensor(aigc_options_t *options, const char *name, aigc_tensor_t *value);

/** Set several from text: "latent_dim=20 hidden_dim=400,200 loss=bce seeds=0,1,4-6"; values with
 *  blanks in double quotes. Numbers are read in the C locale, whatever the host's. Since 0.1. */
AIGC_API aigc_status_t aigc_options_parse(aigc_options_t *options, const char *text);

/** Whether the tables of a verb and kind (as in aigc_option_info()) would take these options: names, types, ranges, and
 *  that no option is given which another choice beside it makes meaningless. So a program can tell its user before
 *  pictures are read. Some things only the call itself can know, such as how many pictures there are.
 *  @param options  may be NULL
 *  @return AIGC_OK; AIGC_ERROR_OPTION; AIGC_ERROR_NOT_FOUND: no such verb or kind. Any thread. Since 0.1. */
AIGC_API aigc_status_t aigc_options_check(const aigc_options_t *options, const char *verb, const char *kind);

/** What one row of a table says. The pointers are to static strings. */
typedef struct aigc_option_info {
    size_t struct_size;        /**< sizeof(aigc_option_info_t), set by the caller */
    const char *name;          /**< "latent_dim" */
    const char *type;          /**< "int", "float", "bool", "choice", "string", "path", "ints", "floats", "tensor" */
    const char *default_value; /**< as text; "" for none */
    const char *help;          /**< one line */
    char range[160];           /**< "1..65536", "bce|mse"; "" where anything goes */
} aigc_option_info_t;

/** Row `index` of the option table of a verb ("context", "dataset", "create", "train", "generate", ...)
 *  and kind (NULL for verbs without one).
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND: no such verb or kind, or past the last row. Since 0.1. */
AIGC_API aigc_status_t aigc_option_info(const char *verb, const char *kind, size_t index, aigc_option_info_t *out);

/** Name and one-line description of verb `index` that has an option table: of a model or dataset kind, or with NULL of
 *  those without a kind; `help` may be NULL. So that programs can show every table there is.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND: no such kind, or past its last verb. Since 0.1. */
AIGC_API aigc_status_t aigc_verb_info(const char *kind, size_t index, const char **name, const char **help);

/** Name and one-line description of kind `index` of a noun ("model", "dataset"); `help` may be NULL.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND: no such noun, or past the last kind. Since 0.1. */
AIGC_API aigc_status_t aigc_kind_info(const char *noun, size_t index, const char **name, const char **help);

AIGC_END_DECLS

#endif
