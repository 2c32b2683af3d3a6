/* A page of text for the terminal or as manual page source. */
#ifndef AIGC_CLI_PAGE_H
#define AIGC_CLI_PAGE_H

#include "arguments.h"

typedef struct cli_page {
    bool manual;            /* troff with the man macros; else plain text */
    bool leaves_out_shared; /* option tables that several verbs have */
    size_t width;           /* of the terminal */
} cli_page_t;

void cli_page_heading(const cli_page_t *page, const char *text);
void cli_page_paragraph(const cli_page_t *page, const char *text);
/* Set as it stands. */
void cli_page_literal(const cli_page_t *page, const char *text);
/* A term and what it means. */
void cli_page_item(const cli_page_t *page, const char *term, const char *text);

/* A verb's page: its own flags, then its tables; `kind` may be NULL. */
void cli_page_verb(const cli_page_t *page, const cli_verb_t *verb, const char *kind);

/* Kinds of a noun, one an item. */
void cli_page_kinds(const cli_page_t *page, const char *noun);

/* Exit codes, one an item. */
void cli_page_exit_codes(const cli_page_t *page);

#endif
