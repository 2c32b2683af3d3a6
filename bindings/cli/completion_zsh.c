#include "completion.h"
#include "verbs.h"
#include <stdio.h>

/* Inside '...', where ':', ']' and '\' mean something to _arguments. */
static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (*text == ':' || *text == '[' || *text == ']' || *text == '\\')
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

/* ":what it is:what it may be" */
static void put_choice(const char *name, const cli_choice_t *choice)
{
    const bool has_words = choice->words[0] != '\0';
    putchar(':');
    put_text(name);
    if (has_words && choice->files)
        printf(": _aigc_or_files %s", choice->words);
    else if (has_words)
        printf(":(%s)", choice->words);
    else
        fputs(choice->folders ? ":_files -/" : choice->files ? ":_files" : ": ", stdout);
}

static void put_word(const cli_word_t *word, void *user)
{
    (void)user;
    const bool has_letter = word->letter != '\0', is_long = word->name[1] != '\0';
    const char *short_end = word->takes_value ? "+" : "", *long_end = word->takes_value ? "=" : "";
    fputs(" \\\n                ", stdout);
    if (has_letter && is_long)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", word->letter, word->name, word->letter, short_end, word->name, long_end);
    else if (has_letter)
        printf("'-%c%s[", word->letter, short_end);
    else
        printf("'--%s%s[", word->name, long_end);
    put_text(word->help);
    putchar(']');
    if (word->takes_value) put_choice(word->value_name, &word->value);
    putchar('\'');
}

static void put_case(const cli_verb_t *verb, const char *kind)
{
    char name[24];
    cli_choice_t choice;
    printf("        %s.%s)\n            _arguments -S", verb->name, kind != NULL ? kind : "*");
    for (size_t i = 0; cli_argument_choice(verb, i, name, &choice); i++) {
        printf(" \\\n                '%zu%s", i + 1, i < verb->n_positionals ? "" : ":");
        put_choice(name, &choice);
        putchar('\'');
    }
    cli_each_word(verb, kind, put_word, NULL);
    puts(" ;;");
}

void cli_completion_zsh(void)
{
    puts("#compdef aigc\n# Completion of aigc for zsh, printed by: aigc help --completion zsh\n\n"
         "_aigc_or_files()\n{\n    local names=\"$*\"\n"
         "    _alternative \"names:name:($names)\" 'files:file:_files'\n}\n\n"
         "_aigc()\n{\n"
         "    local context state state_descr line curcontext=$curcontext\n"
         "    typeset -A opt_args\n"
         "    _arguments -C '(- *)--help[say what there is]' '(- *)--version[print the version]' \\\n"
         "        '1:command:->command' '*::argument:->argument' && return\n"
         "    case $state in\n"
         "    command)\n        local -a commands=(");
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        printf("            '%s:", cli_verbs[i]->name);
        put_text(cli_verbs[i]->summary);
        puts("'");
    }
    puts("        )\n        _describe -t commands command commands ;;\n"
         "    argument)\n        case $words[1].$words[2] in");
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        const char *kind = NULL;
        for (size_t j = 0; cli_first_kind(cli_verbs[i], j, &kind); j++) put_case(cli_verbs[i], kind);
        put_case(cli_verbs[i], NULL);
    }
    puts("        esac ;;\n    esac\n}\n\n"
         "if [[ $funcstack[1] == _aigc ]]; then _aigc \"$@\"; else compdef _aigc aigc; fi");
}
