/* The shell's face of libaigc: `aigc VERB ...`. Every verb is a cli_verb_t in a file of its own. */
#include "help.h"
#include "progress.h"
#include "verbs.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(const char *format, va_list arguments)
{
    cli_progress_clear();
    fputs("aigc: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void cli_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int cli_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    return CLI_USAGE;
}

int cli_exit_code(aigc_status_t status)
{
    switch (status) {
    case AIGC_OK:
        return CLI_OK;
    case AIGC_ERROR_ARGUMENT:
    case AIGC_ERROR_OPTION:
    case AIGC_ERROR_STATE: /* what was asked does not fit what is there: a resume with another seed */
        return CLI_USAGE;
    case AIGC_ERROR_IO:
    case AIGC_ERROR_CORRUPT:
    case AIGC_ERROR_UNSUPPORTED:
    case AIGC_ERROR_NOT_FOUND:
        return CLI_FILES;
    case AIGC_ERROR_CANCELLED:
        return CLI_CANCELLED;
    case AIGC_ERROR_MEMORY:
    case AIGC_ERROR_LIMIT:
        return CLI_MEMORY;
    case AIGC_ERROR_NUMERIC:
    case AIGC_ERROR_DOMAIN:
        return CLI_NUMERIC;
    default:
        return CLI_INTERNAL;
    }
}

int cli_check(aigc_status_t status)
{
    if (status != AIGC_OK) cli_say("%s", status == AIGC_ERROR_CANCELLED ? "stopped" : aigc_last_error());
    return cli_exit_code(status);
}

static int no_such_verb(const char *name)
{
    const char *near = NULL;
    for (size_t i = 0; cli_verbs[i] != NULL; i++) near = cli_closer(name, near, cli_verbs[i]->name);
    if (near == NULL) return cli_usage("there is no command '%s'; see 'aigc help'", name);
    return cli_usage("there is no command '%s'; did you mean '%s'?", name, near);
}

static int run(int argc, char **argv)
{
    const char *name = argv[0];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0) name = "version";
    const cli_verb_t *verb = cli_find_verb(name);
    if (verb == NULL) return no_such_verb(name);
    cli_arguments_t arguments;
    int code = cli_arguments_parse(&arguments, verb, argc, argv);
    if (code != CLI_OK) return code;
    if (cli_argument(&arguments, "help") != NULL)
        cli_help_verb(verb, verb->kind_noun != NULL && arguments.n_positionals > 0 ? arguments.positionals[0] : NULL);
    else
        code = verb->run(&arguments);
    cli_arguments_free(&arguments);
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        cli_help_overview(stderr);
        return CLI_USAGE;
    }
    const int code = run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cli_say("standard output could not be written");
        return code != CLI_OK ? code : CLI_FILES;
    }
    return code;
}
