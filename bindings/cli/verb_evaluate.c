/* The verbs that measure: evaluate, compare. */
#include "session.h"
#include "verbs.h"
#include <stdio.h>
#include <string.h>

/* What a number is, behind it. */
static const char *meaning(const char *metric)
{
    static const struct {
        const char *metric, *text;
    } meanings[] = {
        {"loss", "nats per image"},
        {"reconstruction", "nats per image"},
        {"kl", "nats per image"},
        {"accuracy", "of the pictures are told apart"},
        {"frechet", "0 is best"},
        {"kid", "0 is best"},
        {"precision", "of the made pictures could be real ones"},
        {"recall", "of the real pictures could have been made"},
        {"least_class", "of the made pictures are of the rarest class"},
        {"most_class", "of the made pictures are of the most frequent class"},
        {"made", "pictures looked at"},
        {"real", "pictures looked at"},
    };
    for (size_t k = 0; k < sizeof meanings / sizeof *meanings; k++)
        if (strcmp(meanings[k].metric, metric) == 0) return meanings[k].text;
    return "";
}

static bool is_count(const char *metric) { return strcmp(metric, "made") == 0 || strcmp(metric, "real") == 0; }

static void print_metrics(const aigc_metrics_t *metrics)
{
    for (uint32_t i = 0; i < metrics->count; i++)
        printf("%-16s %.*f %s\n", metrics->names[i], is_count(metrics->names[i]) ? 0 : 4, metrics->values[i],
               meaning(metrics->names[i]));
    if (metrics->space[0] != '\0')
        printf("%-16s %s is the feature space; other spaces give other numbers\n", "features", metrics->space);
}

static int finish(cli_session_t *session, int code, const aigc_metrics_t *metrics)
{
    cli_progress_clear();
    if (code == CLI_OK) print_metrics(metrics);
    cli_session_close(session);
    return code;
}

static int run_evaluate(cli_arguments_t *arguments)
{
    cli_session_t session;
    aigc_options_t *options = NULL;
    aigc_dataset_t *pictures = NULL;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = cli_load_model(&session, arguments->positionals[0]);
    if (code == CLI_OK) code = cli_apply(arguments, &options, "evaluate", session.kind);
    if (code == CLI_OK) code = cli_open_pictures(&session, arguments->positionals[1], &pictures);
    if (code == CLI_OK)
        code = cli_check(
            aigc_model_evaluate(session.model, pictures, options, &metrics, cli_progress_show, &session.progress));
    aigc_dataset_free(pictures);
    aigc_options_free(options);
    return finish(&session, code, &metrics);
}

static int run_compare(cli_arguments_t *arguments)
{
    cli_session_t session;
    aigc_options_t *options = NULL;
    aigc_dataset_t *made = NULL, *real = NULL;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = cli_apply(arguments, &options, "compare", NULL);
    if (code == CLI_OK) code = cli_open_pictures(&session, arguments->positionals[0], &made);
    if (code == CLI_OK) code = cli_open_pictures(&session, arguments->positionals[1], &real);
    if (code == CLI_OK)
        code = cli_check(aigc_dataset_compare(made, real, options, &metrics, cli_progress_show, &session.progress));
    aigc_dataset_free(made);
    aigc_dataset_free(real);
    aigc_options_free(options);
    return finish(&session, code, &metrics);
}

const cli_verb_t cli_verb_evaluate = {
    .name = "evaluate",
    .synopsis = "MODEL PICTURES [OPTIONS]",
    .summary = "measure a model's losses, and how good the pictures are that it makes",
    .details =
        "Pictures that the model makes are held against real ones in a feature space, the built-in one or that of "
        "a model file (--features). Numbers of different feature spaces, or of different numbers of pictures, do "
        "not compare.",
    .example = "aigc evaluate model.safetensors test-pictures",
    .n_positionals = 2,
    .tables = {{"evaluate", "model", "Measuring", false}, CLI_TABLE_PICTURES, CLI_TABLE_CONTEXT},
    .run = run_evaluate,
};

const cli_verb_t cli_verb_compare = {
    .name = "compare",
    .synopsis = "MADE REAL [OPTIONS]",
    .summary = "measure how far made pictures are from real ones",
    .details = "Both are folders of pictures, IDX files or names of built-in pictures, whatever program made them.",
    .example = "aigc compare made rooms",
    .n_positionals = 2,
    .tables = {{"compare", NULL, "Measuring", false}, CLI_TABLE_PICTURES, CLI_TABLE_CONTEXT},
    .run = run_compare,
};
