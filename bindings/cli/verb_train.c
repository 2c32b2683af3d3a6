#include "session.h"
#include "verbs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_quoted(const char *word)
{
    if (strpbrk(word, " \t\n\"'\\$`*?[]#~=%&;|<>(){}!") == NULL && word[0] != '\0') {
        fprintf(stderr, " %s", word);
        return;
    }
    fputs(" '", stderr);
    for (; *word != '\0'; word++) fputs(*word == '\'' ? "'\\''" : (const char[]){*word, '\0'}, stderr);
    fputc('\'', stderr);
}

static void say_how_to_resume(const cli_arguments_t *arguments)
{
    fputs("aigc: to go on where this stopped: aigc", stderr);
    for (int i = 0; i < arguments->argc; i++) put_quoted(arguments->argv[i]);
    if (cli_argument(arguments, "resume") == NULL) fputs(" --resume", stderr);
    fputc('\n', stderr);
}

static int train(cli_session_t *session, aigc_dataset_t *pictures, aigc_dataset_t *validation, aigc_options_t *options)
{
    int code = cli_check(aigc_options_set_string(options, "output", session->output));
    if (code != CLI_OK) return code;
    const aigc_status_t status =
        aigc_model_train(session->model, pictures, validation, options, cli_progress_show, &session->progress);
    cli_progress_end(&session->progress);
    code = cli_check(status);
    if (code == CLI_OK) cli_tell(session, "the model is in %s", session->output);
    if (code == CLI_CANCELLED && session->progress.started) say_how_to_resume(session->arguments);
    return code;
}

/* Losses of a game between two networks do not say how good the pictures are: there they are measured as it goes, some
 * times in all, so that the many short epochs of little data stay short. */
static int choose_quality(const cli_arguments_t *arguments, aigc_options_t *options, const char *kind)
{
    enum { PICTURES = 200, TIMES = 25 };
    if (strcmp(kind, "gan") != 0 || cli_argument(arguments, "quality") != NULL) return CLI_OK;
    int code = cli_check(aigc_options_set_int(options, "quality", PICTURES));
    const char *given = cli_argument(arguments, "epochs");
    const long long epochs = given == NULL ? 0 : strtoll(given, NULL, 10);
    if (code == CLI_OK && epochs > TIMES && cli_argument(arguments, "quality_every") == NULL)
        code = cli_check(aigc_options_set_int(options, "quality_every", epochs / TIMES));
    return code;
}

static int run_train(cli_arguments_t *arguments)
{
    cli_session_t session;
    aigc_dataset_t *pictures = NULL, *validation = NULL;
    aigc_options_t *create_options = NULL, *train_options = NULL;
    const char *kind = arguments->positionals[0], *validation_source = cli_argument(arguments, "validation");
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = cli_apply(arguments, &create_options, "create", kind);
    if (code == CLI_OK) code = cli_apply(arguments, &train_options, "train", kind);
    if (code == CLI_OK) code = choose_quality(arguments, train_options, kind);
    if (code == CLI_OK) code = cli_check(aigc_options_check(create_options, "create", kind));
    if (code == CLI_OK) code = cli_check(aigc_options_check(train_options, "train", kind));
    if (code == CLI_OK) code = cli_open_pictures(&session, arguments->positionals[1], &pictures);
    if (code == CLI_OK && validation_source != NULL) code = cli_open_pictures(&session, validation_source, &validation);
    if (code == CLI_OK) code = cli_check(aigc_model_create(&session.model, session.context, kind, create_options));
    if (code == CLI_OK) code = train(&session, pictures, validation, train_options);
    aigc_options_free(create_options);
    aigc_options_free(train_options);
    aigc_dataset_free(validation);
    aigc_dataset_free(pictures);
    cli_session_close(&session);
    return code;
}

static const cli_flag_t flags[] = {
    {"output", "FILE", "where the model goes (.safetensors); needed", 'o'},
    {"validation", "PICTURES", "measure on these after every epoch", 0},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_train = {
    .name = "train",
    .synopsis = "KIND PICTURES -o MODEL.safetensors [OPTIONS]",
    .summary = "train a new model on pictures",
    .details = "KIND is a kind of model. PICTURES is a folder of PNG and JPEG files (sub-folders are classes), an IDX "
               "file, gzipped or not, or a kind of pictures that needs no files. An option of several parts, such as "
               "--seed, goes to all of them. Ctrl-C stops and keeps what was "
               "learned; the same command with --resume goes on, and warns of options that change its course. Beside "
               "the model stand NAME.metrics.jsonl (one line "
               "an epoch), NAME.samples/ and, to resume, NAME.state.safetensors.",
    .example = "aigc train vae home-designs -o model.safetensors --epochs 20 --samples 36",
    .n_positionals = 2,
    .kind_noun = "model",
    .flags = flags,
    .tables = {{"create", "model", "Model", false},
               {"train", "model", "Training", false},
               CLI_TABLE_PICTURES,
               CLI_TABLE_CONTEXT},
    .run = run_train,
};
