/* How far a long call is: a line redrawn on a terminal, one line an epoch elsewhere. */
#ifndef AIGC_CLI_PROGRESS_H
#define AIGC_CLI_PROGRESS_H

#include "cli.h"

typedef struct cli_progress {
    bool quiet;
    bool started;   /* something was reported */
    uint64_t epoch; /* the finished one that `summary` is about; 0: none */
    char summary[512];
} cli_progress_t;

/* An aigc_progress_fn; `user` is a cli_progress_t. */
int32_t cli_progress_show(const aigc_progress_t *progress, void *user);

/* The last epoch's line; the bar goes. */
void cli_progress_end(cli_progress_t *progress);

/* Takes a drawn bar off the terminal, before something else is written. */
void cli_progress_clear(void);

/* Columns of the terminal on a descriptor; `otherwise` where it is none. */
size_t cli_terminal_width(int descriptor, size_t otherwise);

#endif
