/* Every option there is, as a page of Markdown. */
#include "help.h"
#include <string.h>

/* In a cell of a table '|' would end it, and '<' could begin a tag. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|<*", *text) != NULL) putchar('\\');
        putchar(*text);
    }
}

static void put_code(const char *text)
{
    if (*text == '\0') return;
    putchar('`');
    for (; *text != '\0'; text++) fputs(*text == '|' ? "\\|" : (const char[]){*text, '\0'}, stdout);
    putchar('`');
}

static void put_row(const aigc_option_info_t *row)
{
    fputs("| ", stdout);
    put_code(row->name);
    printf(" | %s | ", row->type);
    put_code(row->default_value);
    fputs(" | ", stdout);
    put_code(row->range);
    fputs(" | ", stdout);
    put_cell(row->help);
    puts(" |");
}

static void put_options(const char *verb, const char *kind)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    if (aigc_option_info(verb, kind, 0, &row) != AIGC_OK) {
        puts("\nNo options.");
        return;
    }
    puts("\n| option | type | default | range | what it does |\n| --- | --- | --- | --- | --- |");
    for (size_t i = 0; aigc_option_info(verb, kind, i, &row) == AIGC_OK; i++) put_row(&row);
}

static void put_verbs(const char *kind)
{
    const char *verb = NULL, *help = NULL;
    for (size_t i = 0; aigc_verb_info(kind, i, &verb, &help) == AIGC_OK; i++) {
        printf("\n### %s%s%s\n\n%c%s.\n", kind != NULL ? kind : "", kind != NULL ? ": " : "", verb, help[0] - 'a' + 'A',
               help + 1);
        put_options(verb, kind);
    }
}

static void put_kinds(const char *noun, const char *heading)
{
    const char *kind = NULL, *help = NULL;
    printf("\n## %s\n", heading);
    for (size_t i = 0; aigc_kind_info(noun, i, &kind, &help) == AIGC_OK; i++) {
        printf("\n**%s**: %s.\n", kind, help);
        put_verbs(kind);
    }
}

void cli_options_page(void)
{
    puts(
        "# Options\n\n"
        "What `aigc help --options` prints: every option of every verb, from the library's own tables. In C an option\n"
        "is set by `aigc_options_set_...()`, in Python it is a keyword argument, in Lua a field of a table, in the "
        "shell\n"
        "a flag (`--latent-dim 20`). `-` and `_` in names are the same. Lists are written `400,200`, ranges of whole\n"
        "numbers in them `4-6`. No default: it is not set, or follows from the rest as the text says.");
    puts("\n## Without a kind");
    put_verbs(NULL);
    put_kinds("model", "Models");
    put_kinds("dataset", "Datasets");
}
