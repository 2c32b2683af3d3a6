/* What may stand where in a command line, read off the verbs and option tables; and the scripts that tell a shell. */
#ifndef AIGC_CLI_COMPLETION_H
#define AIGC_CLI_COMPLETION_H

#include "arguments.h"

/* What a word may be. */
typedef struct cli_choice {
    char words[512]; /* separated by blanks; "": any text */
    bool files, folders;
} cli_choice_t;

/* A flag or option as it is written, without dashes. */
typedef struct cli_word {
    char name[72];
    char letter; /* 0: none */
    const char *help;
    bool takes_value;
    const char *value_name;
    cli_choice_t value;
} cli_word_t;

typedef void (*cli_word_fn)(const cli_word_t *word, void *user);

/* Visits every flag and option of a command once; with `kind`, where the command begins with one, its own only. */
void cli_each_word(const cli_verb_t *verb, const char *kind, cli_word_fn visit, void *user);

/* What argument `index` of a command may be, and what the help calls it; false past the last. */
bool cli_argument_choice(const cli_verb_t *verb, size_t index, char name[24], cli_choice_t *out);

/* Kind `index` of those that a command may begin with; false past the last. */
bool cli_first_kind(const cli_verb_t *verb, size_t index, const char **kind);

/* The scripts, on standard output. */
void cli_completion_bash(void);
void cli_completion_zsh(void);
void cli_completion_fish(void);

/* The script for a shell by name; CLI_USAGE where there is none. */
int cli_completion(const char *shell);

#endif
