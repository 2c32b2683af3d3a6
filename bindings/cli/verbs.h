/* Every verb of the program; adding one is a file and a line in verbs.c. */
#ifndef AIGC_CLI_VERBS_H
#define AIGC_CLI_VERBS_H

#include "arguments.h"

extern const cli_verb_t cli_verb_train, cli_verb_generate, cli_verb_interpolate, cli_verb_walk, cli_verb_decode,
    cli_verb_encode, cli_verb_reconstruct, cli_verb_evaluate, cli_verb_compare, cli_verb_draw, cli_verb_convert,
    cli_verb_info, cli_verb_help, cli_verb_version;

/* In the order of the help; ends with NULL. */
extern const cli_verb_t *const cli_verbs[];

const cli_verb_t *cli_find_verb(const char *name);

#endif
