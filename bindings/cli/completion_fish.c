#include "completion.h"
#include "verbs.h"
#include <stdio.h>
#include <string.h>

static const char head[] =
    "# Completion of aigc for fish, printed by: aigc help --completion fish\n"
    "\n"
    "# COMMAND: the line is of this command. COMMAND KIND...: and names one of these kinds.\n"
    "function __aigc_is\n"
    "    set -l words (commandline -opc)\n"
    "    test \"$words[2]\" = $argv[1]; or return 1\n"
    "    test (count $argv) -eq 1; and return 0\n"
    "    for kind in $argv[2..-1]\n"
    "        contains -- $kind $words; and return 0\n"
    "    end\n"
    "    return 1\n"
    "end\n"
    "\n"
    "# NUMBER: argument NUMBER comes next; the command itself is 0.\n"
    "function __aigc_at\n"
    "    set -l arguments 0\n"
    "    set -l is_value no\n"
    "    for word in (commandline -opc)[2..-1]\n"
    "        if test $is_value = yes\n"
    "            set is_value no\n"
    "        else if not string match -q -- '-*' $word\n"
    "            set arguments (math $arguments + 1)\n"
    "        else if not string match -q -- '*=*' $word; and not contains -- $word $__aigc_switches\n"
    "            set is_value yes\n"
    "        end\n"
    "    end\n"
    "    test $arguments -eq $argv[1]\n"
    "end\n";

/* Inside '...' */
static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text);
    }
}

static void put_choice(const cli_choice_t *choice, bool needs_value)
{
    const bool has_files = choice->files || choice->folders;
    printf(has_files ? " -%sF" : needs_value ? " -%sf" : " -f%s", needs_value ? "r" : "");
    if (choice->words[0] != '\0') printf(" -a '%s'", choice->words);
}

typedef struct search {
    const char *name;
    bool found;
} search_t;

static void compare(const cli_word_t *word, void *user)
{
    search_t *search = user;
    if (strcmp(word->name, search->name) == 0) search->found = true;
}

/* Kinds the word belongs to, where it does not belong to all: " vae gan". */
static void put_kinds(const cli_verb_t *verb, const char *name)
{
    char kinds[512] = "";
    bool in_all = true;
    const char *kind = NULL;
    for (size_t i = 0; verb->kind_noun != NULL && cli_kind_at(verb->kind_noun, i, &kind, NULL); i++) {
        search_t search = {.name = name};
        cli_each_word(verb, kind, compare, &search);
        in_all = in_all && search.found;
        if (search.found) snprintf(kinds + strlen(kinds), sizeof kinds - strlen(kinds), " %s", kind);
    }
    if (!in_all) fputs(kinds, stdout);
}

static void put_word(const cli_word_t *word, void *user)
{
    const cli_verb_t *verb = user;
    printf("complete -c aigc -n '__aigc_is %s", verb->name);
    put_kinds(verb, word->name);
    putchar('\'');
    if (word->letter != '\0') printf(" -s %c", word->letter);
    if (word->name[1] != '\0') printf(" -l %s", word->name);
    if (word->takes_value) put_choice(&word->value, true);
    fputs(" -d '", stdout);
    put_text(word->help);
    puts("'");
}

static void put_switch(const cli_word_t *word, void *user)
{
    (void)user;
    if (word->takes_value) return;
    if (word->letter != '\0') printf(" -%c", word->letter);
    printf(" --%s", word->name);
}

static void put_verb(const cli_verb_t *verb)
{
    char name[24];
    cli_choice_t choice;
    printf("\ncomplete -c aigc -f -n '__aigc_at 0' -a %s -d '", verb->name);
    put_text(verb->summary);
    puts("'");
    for (size_t i = 0; cli_argument_choice(verb, i, name, &choice); i++) {
        printf("complete -c aigc -n '__aigc_is %s; and __aigc_at %zu'", verb->name, i + 1);
        put_choice(&choice, false);
        putchar('\n');
    }
    cli_each_word(verb, NULL, put_word, (void *)(uintptr_t)verb);
}

void cli_completion_fish(void)
{
    puts(head);
    fputs("set -g __aigc_switches", stdout);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) cli_each_word(cli_verbs[i], NULL, put_switch, NULL);
    puts("\n\ncomplete -c aigc -f\n"
         "complete -c aigc -n '__aigc_at 0' -l help -d 'say what there is'\n"
         "complete -c aigc -n '__aigc_at 0' -l version -d 'print the version'");
    for (size_t i = 0; cli_verbs[i] != NULL; i++) put_verb(cli_verbs[i]);
}
