#include "verbs.h"
#include <stdio.h>

static int run_version(cli_arguments_t *arguments)
{
    (void)arguments;
    puts(aigc_build_info());
    return CLI_OK;
}

const cli_verb_t cli_verb_version = {
    .name = "version",
    .synopsis = "",
    .summary = "print the library's version and what is built into it",
    .run = run_version,
};
