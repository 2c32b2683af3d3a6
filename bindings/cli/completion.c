#include "completion.h"
#include "verbs.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void add_word(cli_choice_t *choice, const char *word)
{
    const size_t length = strlen(choice->words);
    snprintf(choice->words + length, sizeof choice->words - length, "%s%s", length > 0 ? " " : "", word);
}

/* Kinds of pictures that are named in place of files are those that open without any. */
static bool needs_no_files(const char *kind)
{
    aigc_context_t *context = NULL;
    aigc_dataset_t *dataset = NULL;
    const bool opens = aigc_context_create(&context, NULL) == AIGC_OK &&
                       aigc_dataset_create(&dataset, context, kind, NULL, NULL) == AIGC_OK;
    aigc_dataset_free(dataset);
    aigc_context_free(context);
    return opens;
}

static bool is_wanted(const char *noun, const char *kind, bool only_without_files)
{
    return !only_without_files || strcmp(noun, "dataset") != 0 || needs_no_files(kind);
}

static void add_kinds(cli_choice_t *choice, const char *noun, bool only_without_files)
{
    const char *kind = NULL;
    for (size_t i = 0; cli_kind_at(noun, i, &kind, NULL); i++)
        if (is_wanted(noun, kind, only_without_files)) add_word(choice, kind);
}

bool cli_first_kind(const cli_verb_t *verb, size_t index, const char **kind)
{
    const char *noun = verb->kind_noun;
    for (size_t i = 0; noun != NULL && cli_kind_at(noun, i, kind, NULL); i++)
        if (is_wanted(noun, *kind, true) && index-- == 0) return true;
    return false;
}

/* "bce|mse" */
static void add_choices(cli_choice_t *choice, const char *range)
{
    snprintf(choice->words, sizeof choice->words, "%s", range);
    for (char *c = choice->words; *c != '\0'; c++)
        if (*c == '|') *c = ' ';
}

/* From what the help calls a value: "FILE", "PICTURES", "bash|zsh|fish". */
static void choose_by_name(cli_choice_t *choice, const char *name)
{
    const bool is_pictures = strstr(name, "PICTURES") != NULL;
    *choice = (cli_choice_t){.folders = strcmp(name, "FOLDER") == 0};
    choice->files = is_pictures || strstr(name, "FILE") != NULL;
    if (is_pictures)
        add_kinds(choice, "dataset", true);
    else if (islower((unsigned char)name[0]) && strchr(name, '|') != NULL)
        add_choices(choice, name);
}

static const char *value_name(const char *type)
{
    if (strcmp(type, "path") == 0) return "FILE";
    if (strcmp(type, "choice") == 0) return "NAME";
    return strcmp(type, "string") == 0 ? "TEXT" : "NUMBER";
}

static void set_name(cli_word_t *word, const char *before, const char *name)
{
    snprintf(word->name, sizeof word->name, "%s%s", before, name);
    for (char *c = word->name; *c != '\0'; c++)
        if (*c == '_') *c = '-';
}

static void visit_flags(const cli_flag_t *flags, cli_word_fn visit, void *user)
{
    for (const cli_flag_t *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        cli_word_t word = {.letter = flag->letter, .help = flag->help, .takes_value = flag->value != NULL};
        if (flag->help == NULL) continue;
        set_name(&word, "", flag->name);
        word.value_name = flag->value;
        if (word.takes_value) choose_by_name(&word.value, flag->value);
        visit(&word, user);
    }
}

/* What is written --name and, where it is on unless turned off, --no-name. */
static void visit_option(const cli_verb_t *verb, const char *kind, const char *name, cli_word_fn visit, void *user)
{
    char help[512];
    aigc_option_info_t row;
    cli_word_t word = {.letter = name[1] == '\0' ? name[0] : '\0'};
    if (!cli_find_in_tables(verb, kind, name, false, &row)) return;
    word.takes_value = strcmp(row.type, "bool") != 0;
    word.help = row.help;
    word.value_name = value_name(row.type);
    set_name(&word, "", name);
    if (strcmp(row.type, "choice") == 0) add_choices(&word.value, row.range);
    if (strcmp(row.type, "path") == 0) word.value.files = true;
    visit(&word, user);
    if (!cli_find_in_tables(verb, kind, name, true, &row) || strcmp(row.type, "bool") != 0 ||
        strcmp(row.default_value, "true") != 0)
        return;
    snprintf(help, sizeof help, "off: %s", row.help);
    word = (cli_word_t){.help = help};
    set_name(&word, "no-", name);
    visit(&word, user);
}

/* Whether a table before row `index` of the walk's table, or an earlier row, has the name. */
static bool came_before(const cli_table_walk_t *walk, const char *name)
{
    aigc_option_info_t row;
    cli_table_walk_t earlier = {.verb = walk->verb, .kind = walk->kind};
    while (cli_next_table(&earlier) && (earlier.n_tables != walk->n_tables || earlier.n_kinds != walk->n_kinds))
        if (cli_find_option(earlier.of_verb, earlier.of_kind, name, &row)) return true;
    return false;
}

void cli_each_word(const cli_verb_t *verb, const char *kind, cli_word_fn visit, void *user)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    cli_table_walk_t walk = {.verb = verb, .kind = kind};
    visit_flags(verb->flags, visit, user);
    visit_flags(cli_common_flags, visit, user);
    while (cli_next_table(&walk)) {
        for (size_t i = 0; aigc_option_info(walk.of_verb, walk.of_kind, i, &row) == AIGC_OK; i++) {
            if (strcmp(row.type, "tensor") == 0 || cli_find_flag(verb, row.name, '\0') != NULL) continue;
            if (!came_before(&walk, row.name)) visit_option(verb, kind, row.name, visit, user);
        }
    }
}

/* Word `index` of a synopsis, "[COMMAND [KIND]]" without brackets. */
static void synopsis_word(const char *synopsis, size_t index, char name[24])
{
    const char *blanks = " []";
    const char *at = synopsis + strspn(synopsis, blanks);
    for (; index > 0; index--) {
        at += strcspn(at, blanks);
        at += strspn(at, blanks);
    }
    snprintf(name, 24, "%.*s", (int)strcspn(at, blanks), at);
}

bool cli_argument_choice(const cli_verb_t *verb, size_t index, char name[24], cli_choice_t *out)
{
    if (index >= verb->n_positionals + verb->n_optional) return false;
    synopsis_word(verb->synopsis, index, name);
    choose_by_name(out, name);
    if (strcmp(name, "COMMAND") == 0) {
        for (size_t i = 0; cli_verbs[i] != NULL; i++) add_word(out, cli_verbs[i]->name);
    } else if (strcmp(name, "KIND") == 0) {
        const char *kind = NULL;
        for (size_t i = 0; cli_first_kind(verb, i, &kind); i++) add_word(out, kind);
        if (verb->kind_noun != NULL) return true;
        add_kinds(out, "model", false);
        add_kinds(out, "dataset", false);
    } else if (out->words[0] == '\0') {
        out->files = true;
    }
    return true;
}

int cli_completion(const char *shell)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } scripts[] = {{"bash", cli_completion_bash}, {"zsh", cli_completion_zsh}, {"fish", cli_completion_fish}};
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        if (strcmp(scripts[i].shell, shell) != 0) continue;
        scripts[i].print();
        return CLI_OK;
    }
    return cli_usage("help: there is no completion for '%s'; there is for bash, zsh and fish", shell);
}
