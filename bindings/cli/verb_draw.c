#include "session.h"
#include "verbs.h"

static int run_draw(cli_arguments_t *arguments)
{
    cli_session_t session;
    aigc_dataset_t *dataset = NULL;
    aigc_options_t *options = NULL;
    const char *kind = arguments->positionals[0];
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = cli_apply(arguments, &options, "dataset", kind);
    if (code == CLI_OK) code = cli_check_applied(arguments);
    if (code == CLI_OK) code = cli_check(aigc_dataset_create(&dataset, session.context, kind, NULL, options));
    if (code == CLI_OK) code = cli_check(aigc_dataset_export(dataset, session.output));
    if (code == CLI_OK)
        cli_tell(&session, "%llu pictures in %s", (unsigned long long)aigc_dataset_count(dataset), session.output);
    aigc_options_free(options);
    aigc_dataset_free(dataset);
    cli_session_close(&session);
    return code;
}

static const cli_flag_t flags[] = {
    {"output", "FOLDER", "where the pictures go; made if missing; needed", 'o'},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_draw = {
    .name = "draw",
    .synopsis = "KIND -n COUNT -o FOLDER [OPTIONS]",
    .summary = "write the pictures of a kind that needs no files",
    .example = "aigc draw home-designs -n 100 --height 64 --width 64 -o rooms",
    .n_positionals = 1,
    .kind_noun = "dataset",
    .flags = flags,
    .tables = {CLI_TABLE_PICTURES, CLI_TABLE_CONTEXT},
    .run = run_draw,
};
