/* What nearly every verb does: a context, a model, pictures, and results written to files. */
#ifndef AIGC_CLI_SESSION_H
#define AIGC_CLI_SESSION_H

#include "arguments.h"
#include "progress.h"

typedef struct cli_session {
    cli_arguments_t *arguments;
    aigc_context_t *context;
    aigc_model_t *model;
    const char *kind;                             /* of the model, borrowed from it */
    const char *output;                           /* of --output; NULL where the verb has none */
    aigc_options_t *grid_options, *write_options; /* of the images that cli_write_images() writes */
    cli_progress_t progress;
} cli_session_t;

/* Tables that several verbs have. */
#define CLI_TABLE_CONTEXT                                                                                              \
    {                                                                                                                  \
        "context", NULL, "Computing", true                                                                             \
    }
#define CLI_TABLE_PICTURES                                                                                             \
    {                                                                                                                  \
        "dataset", "dataset", "Pictures", true                                                                         \
    }
#define CLI_TABLE_GRID                                                                                                 \
    {                                                                                                                  \
        "image-grid", NULL, "Image grid", true                                                                         \
    }
#define CLI_TABLE_WRITE                                                                                                \
    {                                                                                                                  \
        "image-write", NULL, "Image file", true                                                                        \
    }

/* A context with the given options; Ctrl-C and SIGTERM cancel it, a second one kills. Where the verb
 * has --output, it must be given. */
int cli_session_open(cli_session_t *session, cli_arguments_t *arguments);
void cli_session_close(cli_session_t *session);

/* Tells what was done, unless --quiet. */
void cli_tell(const cli_session_t *session, const char *format, ...) __attribute__((format(printf, 2, 3)));

int cli_load_model(cli_session_t *session, const char *path);

/* For verbs that write images: reads how, before the work begins. */
int cli_prepare_images(cli_session_t *session);

/* PICTURES. Where a model is loaded, its picture size is the dataset's default. All other tables are
 * applied before: a flag that belongs to none is found here. */
int cli_open_pictures(cli_session_t *session, const char *source, aigc_dataset_t **out);

/* Pictures first..first+n-1, or with `spread` n of them evenly from the whole. `labels` as in
 * aigc_dataset_batch(). */
int cli_read_pictures(aigc_dataset_t *dataset, uint64_t first, size_t n, bool spread, aigc_tensor_t **images,
                      aigc_tensor_t **labels);

/* Whether --output names a folder for single files. */
bool cli_writes_each(const cli_session_t *session);

/* Writes f32 [N,H,W,C] to --output: a grid, or single files where it ends in '/'. `columns` is for a
 * grid that is not told otherwise; 0: as square as it goes. */
int cli_write_images(cli_session_t *session, aigc_tensor_t *images, size_t columns);

/* A usage error unless --output ends in one of the suffixes, the last of which is followed by NULL: before the work
 * begins. `what` is what is written. */
int cli_check_suffix(const cli_session_t *session, const char *what, const char *const *suffixes);

/* A whole number of 1 or more of one of the program's own flags. */
int cli_count(const cli_arguments_t *arguments, const char *name, uint64_t otherwise, uint64_t *out);

#endif
