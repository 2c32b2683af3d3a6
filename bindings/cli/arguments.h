/* The command line: positional arguments, the program's own flags, and flags that are option names. */
#ifndef AIGC_CLI_ARGUMENTS_H
#define AIGC_CLI_ARGUMENTS_H

#include "cli.h"

enum { CLI_MAX_POSITIONALS = 3, CLI_MAX_TABLES = 6 };

/* A flag the program itself understands. It hides an option of the same name. */
typedef struct cli_flag {
    const char *name;
    const char *value; /* what the value is called in the help; NULL: none is taken */
    const char *help;  /* NULL: hidden */
    char letter;       /* 0: none */
} cli_flag_t;

/* An option table of the library that a verb draws on. */
typedef struct cli_table {
    const char *verb;
    const char *noun;    /* "model", "dataset": there is a table for each kind of it; NULL: only one */
    const char *heading; /* in the help */
    bool shared;         /* by several verbs */
} cli_table_t;

typedef struct cli_arguments cli_arguments_t;

typedef struct cli_verb {
    const char *name;
    const char *synopsis; /* after the name */
    const char *summary;
    const char *details; /* NULL: none */
    const char *example;     /* with a kind_noun: "aigc NAME KIND ...", good for every kind */
    size_t n_positionals;    /* that must be there */
    size_t n_optional;       /* that may follow */
    const char *kind_noun;   /* the first argument is a kind of this noun; NULL: it is not */
    const cli_flag_t *flags; /* ends with a NULL name; NULL: none */
    cli_table_t tables[CLI_MAX_TABLES];
    int (*run)(cli_arguments_t *arguments);
} cli_verb_t;

typedef struct cli_setting {
    const char *name; /* as the tables write it, with underscores */
    const char *given;
    const char *value;
    bool negated; /* --no-NAME: only for options that are on or off */
    bool used;
} cli_setting_t;

struct cli_arguments {
    const cli_verb_t *verb;
    const char *positionals[CLI_MAX_POSITIONALS];
    size_t n_positionals;
    cli_setting_t *settings;
    size_t n_settings;
    char *names; /* storage of the settings' names */
    int argc;
    char **argv;
};

/* Flags every verb has. */
extern const cli_flag_t cli_common_flags[];

/* Reads argv (from the verb's name on). On failure nothing needs to be freed. */
int cli_arguments_parse(cli_arguments_t *out, const cli_verb_t *verb, int argc, char **argv);
void cli_arguments_free(cli_arguments_t *arguments);

/* Value of one of the program's own flags, "true" for one without a value; NULL if not given. */
const char *cli_argument(const cli_arguments_t *arguments, const char *name);

/* Puts every given flag that table (verb, kind) has into the set, which is created if NULL. */
int cli_apply(cli_arguments_t *arguments, aigc_options_t **set, const char *verb, const char *kind);

/* A usage error for the first flag that no applied table had; call it before the work begins. */
int cli_check_applied(const cli_arguments_t *arguments);

/* The flag that hides an option of this name in the verb; NULL: none does. */
const cli_flag_t *cli_find_flag(const cli_verb_t *verb, const char *name, char letter);

/* Looks up one row by name. */
bool cli_find_option(const char *verb, const char *kind, const char *name, aigc_option_info_t *out);

/* Goes through the option tables of a command. */
typedef struct cli_table_walk {
    const cli_verb_t *verb;
    const char *kind;              /* of the kind that the command begins with; NULL: tables of every kind */
    const char *of_verb, *of_kind; /* the table reached */
    size_t n_tables, n_kinds;      /* passed so far */
} cli_table_walk_t;

bool cli_next_table(cli_table_walk_t *walk);

/* The row meant by --name: one that takes a value is preferred, or with `wants_bool` one that is on or off. */
bool cli_find_in_tables(const cli_verb_t *verb, const char *kind, const char *name, bool wants_bool,
                        aigc_option_info_t *out);

/* The candidate that differs least from `name`, if it is close enough to be meant; else NULL. */
const char *cli_closer(const char *name, const char *best, const char *candidate);

/* Kind `index` of those that can be named in a command; `help` may be NULL. False past the last. */
bool cli_kind_at(const char *noun, size_t index, const char **name, const char **help);

/* Whether `noun` has this kind. */
bool cli_kind_exists(const char *noun, const char *kind);

#endif
