#include "completion.h"
#include "verbs.h"
#include <stdio.h>

/* What the cases below say becomes what bash offers. "<files>" and "<folders>" stand for themselves. */
static const char tail[] =
    "_aigc()\n"
    "{\n"
    "    local current=${COMP_WORDS[COMP_CWORD]} command= kind= option= word choice\n"
    "    local -i at arguments=0\n"
    "    for ((at = 1; at < COMP_CWORD; at++)); do\n"
    "        word=${COMP_WORDS[at]}\n"
    "        if [[ -z $command ]]; then command=$word\n"
    "        elif [[ $word == '=' ]]; then continue\n"
    "        elif [[ -n $option ]]; then option=\n"
    "        elif [[ $word == -* ]]; then _aigc_choice \"$command.$kind\" \"$word\" >/dev/null && option=$word\n"
    "        else arguments+=1; ((arguments > 1)) || kind=$word\n"
    "        fi\n"
    "    done\n"
    "    [[ $current != '=' ]] || current=\n"
    "    if [[ -n $option ]]; then choice=$(_aigc_choice \"$command.$kind\" \"$option\")\n"
    "    elif [[ -z $command ]]; then choice=$_aigc_commands\n"
    "    elif [[ $current == -* ]]; then choice=$(_aigc_options \"$command.$kind\")\n"
    "    else\n"
    "        choice=$(_aigc_choice \"$command.$kind\" $((arguments + 1))) ||\n"
    "            choice=$(_aigc_options \"$command.$kind\")\n"
    "    fi\n"
    "    word=${choice//<*>/}\n"
    "    mapfile -t COMPREPLY < <(compgen -W \"$word\" -- \"$current\")\n"
    "    case $choice in\n"
    "    *'<files>'*)\n"
    "        # without a word that fits, bash's own completion of file names does better\n"
    "        ((${#COMPREPLY[@]} == 0)) || {\n"
    "            compopt -o filenames\n"
    "            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$current\")\n"
    "        } ;;\n"
    "    *'<folders>'*) compopt +o default -o dirnames ;;\n"
    "    *) compopt +o default ;;\n"
    "    esac\n"
    "}\n"
    "complete -o default -F _aigc aigc";

static void put_option(const cli_word_t *word, void *user)
{
    (void)user;
    if (word->letter != '\0') printf(" -%c", word->letter);
    if (word->name[1] != '\0') printf(" --%s", word->name);
}

static bool is_any_text(const cli_choice_t *choice)
{
    return choice->words[0] == '\0' && !choice->files && !choice->folders;
}

static void put_choice(const cli_choice_t *choice)
{
    printf(") echo '%s%s%s' ;;\n", choice->words, choice->files ? " <files>" : "", choice->folders ? " <folders>" : "");
}

static void put_value(const cli_word_t *word, void *user)
{
    (void)user;
    if (!word->takes_value || is_any_text(&word->value)) return;
    fputs("        ", stdout);
    if (word->letter != '\0') printf("-%c%s", word->letter, word->name[1] != '\0' ? " | " : "");
    if (word->name[1] != '\0') printf("--%s", word->name);
    put_choice(&word->value);
}

/* Those that take what cannot be foreseen. */
static void put_free(const cli_word_t *word, void *user)
{
    (void)user;
    if (!word->takes_value || !is_any_text(&word->value)) return;
    if (word->letter != '\0') printf(" | -%c", word->letter);
    if (word->name[1] != '\0') printf(" | --%s", word->name);
}

static void put_options_of(const cli_verb_t *verb, const char *kind)
{
    printf("    %s.%s) echo '", verb->name, kind != NULL ? kind : "*");
    cli_each_word(verb, kind, put_option, NULL);
    puts("' ;;");
}

static void put_choices_of(const cli_verb_t *verb, const char *kind)
{
    char name[24];
    cli_choice_t choice;
    printf("    %s.%s) case $2 in\n", verb->name, kind != NULL ? kind : "*");
    for (size_t i = 0; cli_argument_choice(verb, i, name, &choice); i++) {
        printf("        %zu", i + 1);
        put_choice(&choice);
    }
    cli_each_word(verb, kind, put_value, NULL);
    fputs("        ''", stdout);
    cli_each_word(verb, kind, put_free, NULL);
    puts(") ;;\n        *) return 1 ;;\n        esac ;;");
}

/* A case for every command, and before it one for each kind that it may begin with. */
static void put_cases(void (*put)(const cli_verb_t *verb, const char *kind))
{
    puts("    case $1 in");
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        const char *kind = NULL;
        for (size_t j = 0; cli_first_kind(cli_verbs[i], j, &kind); j++) put(cli_verbs[i], kind);
        put(cli_verbs[i], NULL);
    }
    puts("    *) return 1 ;;\n    esac");
}

void cli_completion_bash(void)
{
    puts("# Completion of aigc for bash, printed by: aigc help --completion bash");
    fputs("_aigc_commands='--help --version", stdout);
    for (size_t i = 0; cli_verbs[i] != NULL; i++) printf(" %s", cli_verbs[i]->name);
    puts("'\n\n# COMMAND.KIND: all its options\n_aigc_options()\n{");
    put_cases(put_options_of);
    puts("}\n\n# COMMAND.KIND OPTION|NUMBER: what the value or the argument may be; fails where none is taken\n"
         "_aigc_choice()\n{");
    put_cases(put_choices_of);
    puts("}\n");
    puts(tail);
}
