#include "arguments.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64 };

const cli_flag_t cli_common_flags[] = {
    {"quiet", NULL, "say nothing but warnings and errors", 'q'},
    {"help", NULL, "print what the command takes", 'h'},
    {NULL, NULL, NULL, 0},
};

/* Levenshtein's distance, by one row of the table. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_BYTES + 1];
    const size_t n = strlen(b);
    if (n > NAME_BYTES || strlen(a) > NAME_BYTES) return NAME_BYTES;
    for (size_t j = 0; j <= n; j++) row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            const size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            const size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = changed < shorter ? changed : shorter;
        }
    }
    return row[n];
}

const char *cli_closer(const char *name, const char *best, const char *candidate)
{
    const size_t distance = edit_distance(name, candidate);
    if (distance > 1 + strlen(name) / 4) return best;
    return best == NULL || distance < edit_distance(name, best) ? candidate : best;
}

bool cli_find_option(const char *verb, const char *kind, const char *name, aigc_option_info_t *out)
{
    out->struct_size = sizeof *out;
    for (size_t i = 0; aigc_option_info(verb, kind, i, out) == AIGC_OK; i++)
        if (strcmp(out->name, name) == 0) return true;
    return false;
}

/* Kinds that a program hands over by a call of its own, not by name. */
static bool is_for_programs(const char *kind) { return strcmp(kind, "array") == 0 || strcmp(kind, "callback") == 0; }

bool cli_kind_at(const char *noun, size_t index, const char **name, const char **help)
{
    for (size_t i = 0; aigc_kind_info(noun, i, name, help) == AIGC_OK; i++)
        if (!is_for_programs(*name) && index-- == 0) return true;
    return false;
}

bool cli_kind_exists(const char *noun, const char *kind)
{
    const char *name = NULL;
    for (size_t i = 0; cli_kind_at(noun, i, &name, NULL); i++)
        if (strcmp(name, kind) == 0) return true;
    return false;
}

static const cli_flag_t *find_in(const cli_flag_t *flags, const char *name, char letter)
{
    for (const cli_flag_t *flag = flags; flag != NULL && flag->name != NULL; flag++)
        if ((letter != 0 && flag->letter == letter) || strcmp(flag->name, name) == 0) return flag;
    return NULL;
}

const cli_flag_t *cli_find_flag(const cli_verb_t *verb, const char *name, char letter)
{
    const cli_flag_t *flag = find_in(verb->flags, name, letter);
    return flag != NULL ? flag : find_in(cli_common_flags, name, letter);
}

/* The better of what was found and this table's row: the first that takes a value, or none with `wants_bool`. */
static bool look_into(const char *verb, const char *kind, const char *name, bool wants_bool, bool found,
                      aigc_option_info_t *best)
{
    aigc_option_info_t row;
    if (!cli_find_option(verb, kind, name, &row)) return found;
    if (found && ((strcmp(best->type, "bool") == 0) == wants_bool || (strcmp(row.type, "bool") == 0) != wants_bool))
        return true;
    *best = row;
    return true;
}

bool cli_next_table(cli_table_walk_t *walk)
{
    for (const cli_table_t *table = walk->verb->tables + walk->n_tables; table->verb != NULL; table++) {
        const bool is_known = table->noun != NULL && walk->kind != NULL && walk->verb->kind_noun != NULL &&
                              strcmp(table->noun, walk->verb->kind_noun) == 0;
        const size_t i = walk->n_kinds++;
        walk->of_verb = table->verb;
        walk->of_kind = is_known ? walk->kind : NULL;
        if (table->noun == NULL || is_known ? i == 0 : cli_kind_at(table->noun, i, &walk->of_kind, NULL)) return true;
        walk->n_tables++;
        walk->n_kinds = 0;
    }
    return false;
}

bool cli_find_in_tables(const cli_verb_t *verb, const char *kind, const char *name, bool wants_bool,
                        aigc_option_info_t *out)
{
    cli_table_walk_t walk = {.verb = verb, .kind = kind};
    bool found = false;
    while (cli_next_table(&walk)) found = look_into(walk.of_verb, walk.of_kind, name, wants_bool, found, out);
    return found;
}

static const char *nearest_in_table(const char *name, const char *best, const char *verb, const char *kind)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    for (size_t i = 0; aigc_option_info(verb, kind, i, &row) == AIGC_OK; i++) best = cli_closer(name, best, row.name);
    return best;
}

static const char *nearest(const cli_verb_t *verb, const char *name)
{
    const char *best = NULL;
    const cli_flag_t *lists[] = {verb->flags, cli_common_flags};
    for (size_t i = 0; i < 2; i++)
        for (const cli_flag_t *flag = lists[i]; flag != NULL && flag->name != NULL; flag++)
            best = cli_closer(name, best, flag->name);
    cli_table_walk_t walk = {.verb = verb};
    while (cli_next_table(&walk)) best = nearest_in_table(name, best, walk.of_verb, walk.of_kind);
    return best;
}

static int unknown_flag(const cli_verb_t *verb, const char *given, const char *name)
{
    const char *near = nearest(verb, name);
    char shown[NAME_BYTES] = "";
    if (near == NULL) return cli_usage("%s: there is no option %s; see 'aigc help %s'", verb->name, given, verb->name);
    for (size_t i = 0; near[i] != '\0' && i + 1 < sizeof shown; i++) shown[i] = near[i] == '_' ? '-' : near[i];
    return cli_usage("%s: there is no option %s; did you mean --%s?", verb->name, given, shown);
}

/* "--latent-dim=20" to "latent_dim"; the value, if there is one in it. */
static const char *split_flag(char *name, const char *flag)
{
    const size_t length = strcspn(flag, "=");
    const size_t kept = length < NAME_BYTES ? length : NAME_BYTES - 1;
    for (size_t i = 0; i < kept; i++) name[i] = flag[i] == '-' ? '_' : flag[i];
    name[kept] = '\0';
    return flag[length] == '=' ? flag + length + 1 : NULL;
}

/* The value of a flag: what stood behind '=', or the next word. */
static int read_value(cli_arguments_t *arguments, int *at, bool takes_value, cli_setting_t *setting)
{
    const char *verb = arguments->verb->name;
    if (!takes_value && setting->value == NULL) setting->value = setting->negated ? "false" : "true";
    if (setting->value == NULL && *at + 1 < arguments->argc && strncmp(arguments->argv[*at + 1], "--", 2) != 0)
        setting->value = arguments->argv[++*at];
    return setting->value == NULL ? cli_usage("%s: %s needs a value", verb, setting->given) : CLI_OK;
}

static int read_flag(cli_arguments_t *arguments, int *at)
{
    const cli_verb_t *verb = arguments->verb;
    const char *given = arguments->argv[*at];
    const bool is_letter = given[1] != '-';
    char *name = arguments->names + arguments->n_settings * NAME_BYTES;
    cli_setting_t setting = {.name = name, .given = given};
    setting.value = split_flag(name, given + (is_letter ? 1 : 2));
    if (is_letter && name[1] != '\0' && setting.value == NULL) { /* -n25 */
        setting.value = given + 2;
        name[1] = '\0';
    }
    const cli_flag_t *flag = cli_find_flag(verb, name, is_letter ? name[0] : '\0');
    aigc_option_info_t row;
    bool takes_value = flag != NULL && flag->value != NULL;
    if (flag != NULL) {
        setting.name = flag->name;
        setting.used = true;
        if (!takes_value && setting.value != NULL) return cli_usage("%s: %s takes no value", verb->name, given);
    } else if (cli_find_in_tables(verb, NULL, name, false, &row)) {
        takes_value = strcmp(row.type, "bool") != 0;
    } else if (strncmp(name, "no_", 3) == 0 && cli_find_in_tables(verb, NULL, name + 3, true, &row) &&
               strcmp(row.type, "bool") == 0 && setting.value == NULL) {
        setting.name = name + 3;
        setting.negated = true;
    } else {
        return unknown_flag(verb, given, name);
    }
    const int code = read_value(arguments, at, takes_value, &setting);
    if (code == CLI_OK) arguments->settings[arguments->n_settings++] = setting;
    return code;
}

static int check_positionals(const cli_arguments_t *arguments)
{
    const cli_verb_t *verb = arguments->verb;
    if (cli_argument(arguments, "help") != NULL) return CLI_OK;
    if (verb->kind_noun != NULL && arguments->n_positionals > 0 &&
        !cli_kind_exists(verb->kind_noun, arguments->positionals[0]))
        return cli_usage("%s: there is no %s kind '%s'; see 'aigc help %s'", verb->name, verb->kind_noun,
                         arguments->positionals[0], verb->name);
    if (arguments->n_positionals < verb->n_positionals)
        return cli_usage("something is missing; use: aigc %s %s", verb->name, verb->synopsis);
    return CLI_OK;
}

static int read_all(cli_arguments_t *arguments)
{
    bool only_positionals = false;
    for (int i = 1; i < arguments->argc; i++) {
        const char *word = arguments->argv[i];
        if (!only_positionals && strcmp(word, "--") == 0) {
            only_positionals = true;
        } else if (!only_positionals && word[0] == '-' && word[1] != '\0') {
            const int code = read_flag(arguments, &i);
            if (code != CLI_OK) return code;
        } else if (arguments->n_positionals < arguments->verb->n_positionals + arguments->verb->n_optional) {
            arguments->positionals[arguments->n_positionals++] = word;
        } else {
            return cli_usage("'%s' is one argument too many; use: aigc %s %s", word, arguments->verb->name,
                             arguments->verb->synopsis);
        }
    }
    return check_positionals(arguments);
}

int cli_arguments_parse(cli_arguments_t *out, const cli_verb_t *verb, int argc, char **argv)
{
    cli_arguments_t arguments = {.verb = verb, .argc = argc, .argv = argv};
    arguments.settings = calloc((size_t)argc, sizeof *arguments.settings);
    arguments.names = calloc((size_t)argc, NAME_BYTES);
    int code = CLI_MEMORY;
    if (arguments.settings == NULL || arguments.names == NULL)
        cli_say("there is no memory left");
    else
        code = read_all(&arguments);
    if (code == CLI_OK)
        *out = arguments;
    else
        cli_arguments_free(&arguments);
    return code;
}

void cli_arguments_free(cli_arguments_t *arguments)
{
    free(arguments->settings);
    free(arguments->names);
}

const char *cli_argument(const cli_arguments_t *arguments, const char *name)
{
    const char *value = NULL;
    for (size_t i = 0; i < arguments->n_settings; i++)
        if (strcmp(arguments->settings[i].name, name) == 0) value = arguments->settings[i].value;
    return value;
}

int cli_apply(cli_arguments_t *arguments, aigc_options_t **set, const char *verb, const char *kind)
{
    aigc_option_info_t row;
    int code = *set == NULL ? cli_check(aigc_options_create(set)) : CLI_OK;
    for (size_t i = 0; i < arguments->n_settings && code == CLI_OK; i++) {
        cli_setting_t *setting = &arguments->settings[i];
        if (cli_find_flag(arguments->verb, setting->name, '\0') != NULL) continue;
        if (!cli_find_option(verb, kind, setting->name, &row)) continue;
        if (setting->negated && strcmp(row.type, "bool") != 0) continue;
        setting->used = true;
        code = cli_check(aigc_options_set_string(*set, setting->name, setting->value));
    }
    return code;
}

int cli_check_applied(const cli_arguments_t *arguments)
{
    for (size_t i = 0; i < arguments->n_settings; i++)
        if (!arguments->settings[i].used)
            return cli_usage("%s: option %s does not belong to these kinds; see 'aigc help %s'", arguments->verb->name,
                             arguments->settings[i].given, arguments->verb->name);
    return CLI_OK;
}
