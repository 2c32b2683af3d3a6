/* What the parts of the program share: its exit codes, and how failures become them. */
#ifndef AIGC_CLI_H
#define AIGC_CLI_H

#include <aigc/aigc.h>
#include <stdbool.h>

enum { CLI_OK = 0, CLI_INTERNAL = 1, CLI_USAGE = 2, CLI_FILES = 3, CLI_CANCELLED = 4, CLI_MEMORY = 5, CLI_NUMERIC = 6 };

/* One line "aigc: ..." on standard error, below or over a progress line. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and CLI_USAGE. */
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

int cli_exit_code(aigc_status_t status);

/* 0 for AIGC_OK; otherwise says the library's sentence and returns the exit code. */
int cli_check(aigc_status_t status);

#endif
