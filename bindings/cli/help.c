#include "help.h"
#include "completion.h"
#include "page.h"
#include "progress.h"
#include "verbs.h"
#include <string.h>
#include <unistd.h>

enum { WIDTH_OTHERWISE = 80, WIDTH_MOST = 110, EXAMPLE_BYTES = 256 };

void cli_help_overview(FILE *stream)
{
    fputs("aigc trains generative models on this computer's CPU and makes pictures with them.\n\n"
          "use: aigc COMMAND ...\n\n",
          stream);
    for (size_t i = 0; cli_verbs[i] != NULL; i++)
        fprintf(stream, "  %-13s%s\n", cli_verbs[i]->name, cli_verbs[i]->summary);
    fputs("\nWhat a command takes: aigc help COMMAND, or aigc COMMAND --help.\n"
          "To begin with:\n"
          "  aigc train vae home-designs -o model.safetensors\n"
          "  aigc generate model.safetensors -o designs.png\n",
          stream);
}

/* The example; about `kind` where the command takes such a one as its first argument. */
static void put_example(const cli_page_t *page, const cli_verb_t *verb, const char *kind)
{
    char text[EXAMPLE_BYTES];
    const size_t before = strlen("aigc ") + strlen(verb->name) + 1;
    cli_page_heading(page, "Example");
    if (kind == NULL || verb->kind_noun == NULL || !cli_kind_exists(verb->kind_noun, kind)) {
        cli_page_literal(page, verb->example);
        return;
    }
    const char *after = verb->example + before + strcspn(verb->example + before, " ");
    snprintf(text, sizeof text, "%.*s%s%s", (int)before, verb->example, kind, after);
    cli_page_literal(page, text);
}

static cli_page_t terminal_page(void)
{
    const size_t width = cli_terminal_width(STDOUT_FILENO, WIDTH_OTHERWISE);
    return (cli_page_t){.width = (width < WIDTH_MOST ? width : WIDTH_MOST) - 1};
}

void cli_help_verb(const cli_verb_t *verb, const char *kind)
{
    const cli_page_t page = terminal_page();
    printf("use: aigc %s%s%s\n%s\n", verb->name, verb->synopsis[0] != '\0' ? " " : "", verb->synopsis, verb->summary);
    cli_page_verb(&page, verb, kind);
    cli_page_heading(&page, "Always");
    cli_page_item(&page, "-q, --quiet", cli_common_flags[0].help);
    cli_page_item(&page, "-h, --help", cli_common_flags[1].help);
    if (verb->example != NULL) put_example(&page, verb, kind);
}

static int help_without_verb(void)
{
    const cli_page_t page = terminal_page();
    cli_help_overview(stdout);
    cli_page_heading(&page, "Kinds of models");
    cli_page_kinds(&page, "model");
    cli_page_heading(&page, "Kinds of pictures");
    cli_page_kinds(&page, "dataset");
    cli_page_heading(&page, "Exit codes");
    cli_page_exit_codes(&page);
    return CLI_OK;
}

static int print_and_return(void (*print)(void))
{
    print();
    return CLI_OK;
}

static int run_help(cli_arguments_t *arguments)
{
    const char *shell = cli_argument(arguments, "completion");
    if (shell != NULL) return cli_completion(shell);
    if (cli_argument(arguments, "man") != NULL) return print_and_return(cli_manual);
    if (cli_argument(arguments, "options") != NULL) return print_and_return(cli_options_page);
    if (arguments->n_positionals == 0) return help_without_verb();
    const cli_verb_t *verb = cli_find_verb(arguments->positionals[0]);
    const char *kind = arguments->n_positionals > 1 ? arguments->positionals[1] : NULL;
    if (verb == NULL) return cli_usage("there is no command '%s'; see 'aigc help'", arguments->positionals[0]);
    if (kind != NULL && !cli_kind_exists("model", kind) && !cli_kind_exists("dataset", kind))
        return cli_usage("there is no kind '%s'; see 'aigc help'", kind);
    cli_help_verb(verb, kind);
    return CLI_OK;
}

static const cli_flag_t flags[] = {
    {"man", NULL, "print the manual page's source", 0},
    {"options", NULL, "print every option there is as a page of Markdown", 0},
    {"completion", "bash|zsh|fish", "print the script that teaches a shell to complete commands", 0},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_help = {
    .name = "help",
    .synopsis = "[COMMAND [KIND]]",
    .summary = "say what a command takes, from the library's option tables",
    .flags = flags,
    .n_optional = 2,
    .run = run_help,
};
