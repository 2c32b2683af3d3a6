/* What the program says about itself. */
#ifndef AIGC_CLI_HELP_H
#define AIGC_CLI_HELP_H

#include "arguments.h"
#include <stdio.h>

/* The commands, one a line. */
void cli_help_overview(FILE *stream);

/* All about one; `kind` may be NULL. */
void cli_help_verb(const cli_verb_t *verb, const char *kind);

/* The whole manual page's source on standard output. */
void cli_manual(void);

/* The options reference as Markdown on standard output. */
void cli_options_page(void);

#endif
