#include "page.h"
#include <stdio.h>
#include <string.h>

enum { TERM_COLUMNS = 30, TEXT_BYTES = 1024 };

static void put_troff(const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", stdout);
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '|') /* many choices may go on several lines */
            fputs("|\\:", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
        if (*text == '\n' && (text[1] == '.' || text[1] == '\'')) fputs("\\&", stdout);
    }
}

/* Letters of a word that go on one line of `room`: all, or where it has too many the choices a|b|c up to a bar. */
static size_t word_part(const char *text, size_t room)
{
    const size_t length = strcspn(text, " ");
    size_t part = length;
    while (part > room && part > 1) {
        part--;
        while (part > 1 && text[part - 1] != '|') part--;
    }
    return part > 1 ? part : length;
}

/* Words into lines of `width`, from `column` on; further lines start at `indent`. */
static void put_wrapped(const char *text, size_t column, size_t indent, size_t width)
{
    while (*text != '\0') {
        const size_t length = word_part(text, width - indent);
        if (column > indent && column + 1 + length > width) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)length, text);
        column += length;
        text += length + strspn(text + length, " ");
    }
    putchar('\n');
}

void cli_page_heading(const cli_page_t *page, const char *text)
{
    if (page->manual) {
        fputs(".PP\n\\fB", stdout);
        put_troff(text);
        puts("\\fR");
    } else {
        printf("\n%s\n", text);
    }
}

void cli_page_paragraph(const cli_page_t *page, const char *text)
{
    if (page->manual) {
        puts(".PP");
        put_troff(text);
        putchar('\n');
    } else {
        put_wrapped(text, 0, 0, page->width);
    }
}

void cli_page_literal(const cli_page_t *page, const char *text)
{
    if (page->manual) {
        puts(".PP\n.RS 4\n.nf");
        put_troff(text);
        puts("\n.fi\n.RE");
    } else {
        printf("  %s\n", text);
    }
}

void cli_page_item(const cli_page_t *page, const char *term, const char *text)
{
    if (page->manual) {
        puts(".TP");
        fputs("\\fB", stdout);
        put_troff(term);
        puts("\\fR");
        put_troff(text);
        putchar('\n');
        return;
    }
    const size_t length = strlen(term);
    if (length + 4 > TERM_COLUMNS)
        printf("  %s\n%*s", term, TERM_COLUMNS, "");
    else
        printf("  %-*s", TERM_COLUMNS - 2, term);
    put_wrapped(text, TERM_COLUMNS, TERM_COLUMNS, page->width);
}

static const char *value_name(const aigc_option_info_t *row)
{
    if (strcmp(row->type, "choice") == 0 && strlen(row->range) < TERM_COLUMNS) return row->range;
    if (strcmp(row->type, "ints") == 0) return "N,N-N";
    if (strcmp(row->type, "floats") == 0) return "X,X";
    if (strcmp(row->type, "int") == 0) return "N";
    if (strcmp(row->type, "float") == 0) return "X";
    return strcmp(row->type, "path") == 0 ? "FILE" : "TEXT";
}

/* `--latent-dim N` and "size of a latent (1..65536; default 20)". */
static void put_option(const cli_page_t *page, const aigc_option_info_t *row)
{
    char term[TEXT_BYTES], text[TEXT_BYTES];
    const bool is_bool = strcmp(row->type, "bool") == 0;
    const char *value = value_name(row);
    const char *range = is_bool || value == row->range ? "" : row->range;
    const bool is_on = is_bool && strcmp(row->default_value, "true") == 0;
    const char *standard = is_on ? "on" : is_bool ? "" : row->default_value;
    snprintf(term, sizeof term, "%s%s%s%s",
             is_on                  ? "--[no-]"
             : row->name[1] == '\0' ? "-"
                                    : "--",
             row->name, is_bool ? "" : " ", is_bool ? "" : value);
    for (char *c = term; *c != '\0' && *c != ' '; c++)
        if (*c == '_') *c = '-';
    const bool bracket = range[0] != '\0' || standard[0] != '\0';
    snprintf(text, sizeof text, "%s%s%s%s%s%s%s", row->help, bracket ? " (" : "", range,
             range[0] != '\0' && standard[0] != '\0' ? "; " : "", standard[0] != '\0' ? "default " : "", standard,
             bracket ? ")" : "");
    cli_page_item(page, term, text);
}

static void put_flags(const cli_page_t *page, const cli_flag_t *flags)
{
    char term[TEXT_BYTES];
    for (const cli_flag_t *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        if (flag->help == NULL) continue;
        const char letter[] = {'-', flag->letter, ',', ' ', '\0'};
        snprintf(term, sizeof term, "%s%s%s%s%s", flag->letter != 0 && flag->name[1] != '\0' ? letter : "",
                 flag->name[1] == '\0' ? "-" : "--", flag->name, flag->value != NULL ? " " : "",
                 flag->value != NULL ? flag->value : "");
        for (char *c = term; *c != '\0' && (*c != ' ' || c[-1] == ','); c++)
            if (*c == '_') *c = '-';
        cli_page_item(page, term, flag->help);
    }
}

/* Whether all kinds of the noun have this option, and mean the same by it. */
static bool in_all_kinds(const cli_table_t *table, const aigc_option_info_t *row)
{
    aigc_option_info_t other = {.struct_size = sizeof other};
    const char *kind = NULL;
    for (size_t i = 0; cli_kind_at(table->noun, i, &kind, NULL); i++) {
        if (!cli_find_option(table->verb, kind, row->name, &other)) return false;
        if (strcmp(row->help, other.help) != 0 || strcmp(row->range, other.range) != 0 ||
            strcmp(row->default_value, other.default_value) != 0)
            return false;
    }
    return true;
}

typedef enum rows { ROWS_ALL, ROWS_SHARED, ROWS_OWN } rows_t;

/* The rows of one table that no flag of the program hides. ROWS_SHARED: those every kind has;
 * ROWS_OWN: the others. The heading comes with the first row. */
static void put_rows(const cli_page_t *page, const cli_verb_t *verb, const cli_table_t *table, const char *kind,
                     rows_t which, const char *heading)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    bool first = true;
    for (size_t i = 0; aigc_option_info(table->verb, kind, i, &row) == AIGC_OK; i++) {
        if (cli_find_flag(verb, row.name, '\0') != NULL) continue;
        if (strcmp(row.type, "tensor") == 0) continue;
        if (which != ROWS_ALL && in_all_kinds(table, &row) != (which == ROWS_SHARED)) continue;
        if (first) cli_page_heading(page, heading);
        first = false;
        put_option(page, &row);
    }
}

static void put_table(const cli_page_t *page, const cli_verb_t *verb, const cli_table_t *table, const char *kind)
{
    char heading[TEXT_BYTES];
    const char *name = NULL;
    const bool one_kind = table->noun == NULL || (kind != NULL && cli_kind_exists(table->noun, kind));
    if (one_kind) {
        put_rows(page, verb, table, table->noun != NULL ? kind : NULL, ROWS_ALL, table->heading);
        return;
    }
    if (cli_kind_at(table->noun, 0, &name, NULL)) /* the shared rows are in any kind's table */
        put_rows(page, verb, table, name, ROWS_SHARED, table->heading);
    for (size_t i = 0; cli_kind_at(table->noun, i, &name, NULL); i++) {
        snprintf(heading, sizeof heading, "%s: %s", table->heading, name);
        put_rows(page, verb, table, name, ROWS_OWN, heading);
    }
}

void cli_page_verb(const cli_page_t *page, const cli_verb_t *verb, const char *kind)
{
    if (verb->details != NULL) {
        if (!page->manual) putchar('\n');
        cli_page_paragraph(page, verb->details);
    }
    if (verb->flags != NULL && verb->flags->help != NULL) {
        if (!page->manual) cli_page_heading(page, "Flags");
        put_flags(page, verb->flags);
    }
    for (const cli_table_t *table = verb->tables; table->verb != NULL; table++)
        if (!table->shared || !page->leaves_out_shared) put_table(page, verb, table, kind);
}

void cli_page_kinds(const cli_page_t *page, const char *noun)
{
    const char *name = NULL, *help = NULL;
    for (size_t i = 0; cli_kind_at(noun, i, &name, &help); i++) cli_page_item(page, name, help);
}

void cli_page_exit_codes(const cli_page_t *page)
{
    static const char *const codes[][2] = {
        {"0", "done"},
        {"1", "something went wrong inside"},
        {"2", "usage: an argument or option makes no sense"},
        {"3", "input or output: a file is missing, unreadable, corrupt, unsupported or cannot be written"},
        {"4", "cancelled by Ctrl-C or SIGTERM"},
        {"5", "out of memory, or a limit would be exceeded"},
        {"6", "numbers became NaN or infinite"},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) cli_page_item(page, codes[i][0], codes[i][1]);
}
