#include "help.h"
#include "page.h"
#include "session.h"
#include "verbs.h"

static void section(const char *name) { printf(".SH %s\n", name); }

/* What several commands take is said once. */
static const cli_verb_t shared = {
    .flags = cli_common_flags,
    .tables = {CLI_TABLE_PICTURES, CLI_TABLE_GRID, CLI_TABLE_WRITE, CLI_TABLE_CONTEXT},
};

/* ".PP" and which of the shared tables a command takes. */
static void name_shared(const cli_verb_t *verb)
{
    const char *between = ".PP\nAlso options of: ";
    for (const cli_table_t *table = verb->tables; table->verb != NULL; table++) {
        if (!table->shared) continue;
        printf("%s\\fB%s\\fR", between, table->heading);
        between = ", ";
    }
    if (*between == ',') puts(".");
}

static void commands(const cli_page_t *page)
{
    char text[512];
    for (size_t i = 0; cli_verbs[i] != NULL; i++) {
        const cli_verb_t *verb = cli_verbs[i];
        printf(".SS aigc %s %s\n", verb->name, verb->synopsis);
        snprintf(text, sizeof text, "%c%s.", verb->summary[0] - 'a' + 'A', verb->summary + 1);
        cli_page_paragraph(page, text);
        cli_page_verb(page, verb, NULL);
        name_shared(verb);
        if (verb->example != NULL) cli_page_literal(page, verb->example);
    }
}

void cli_manual(void)
{
    const cli_page_t page = {.manual = true, .leaves_out_shared = true}, with_shared = {.manual = true};
    const uint32_t version = aigc_version();
    printf(".TH AIGC 1 \"\" \"libaigc %u.%u.%u\" \"User Commands\"\n", version >> 16, version >> 8 & 255,
           version & 255);
    puts(".ad l"); /* a line that is one list of choices has no spaces to stretch */
    section("NAME");
    puts("aigc \\- train generative models on the CPU and make pictures with them");
    section("SYNOPSIS");
    puts("\\fBaigc\\fR \\fICOMMAND\\fR [\\fIARGUMENT\\fR ...] [\\fB\\-\\-option\\fR \\fIVALUE\\fR ...]");
    section("DESCRIPTION");
    cli_page_paragraph(&page,
                       "PICTURES is a folder of PNG and JPEG files, sub-folders being classes; an IDX file, gzipped "
                       "or not; or the name of a kind of pictures that needs no files. Options may be written "
                       "with - or _, and with = before the value. Results go to standard output, messages to "
                       "standard error.");
    section("KINDS OF MODELS");
    cli_page_kinds(&page, "model");
    section("KINDS OF PICTURES");
    cli_page_kinds(&page, "dataset");
    section("COMMANDS");
    commands(&page);
    section("OPTIONS OF SEVERAL COMMANDS");
    cli_page_verb(&with_shared, &shared, NULL);
    section("EXIT STATUS");
    cli_page_exit_codes(&page);
}
