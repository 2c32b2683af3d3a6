#include "session.h"
#include "verbs.h"

static int run_convert(cli_arguments_t *arguments)
{
    cli_session_t session;
    aigc_weights_t *weights = NULL;
    aigc_options_t *open_options = NULL, *options = NULL;
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = cli_apply(arguments, &open_options, "weights", NULL);
    if (code == CLI_OK) code = cli_apply(arguments, &options, "convert", NULL);
    if (code == CLI_OK) code = cli_check_applied(arguments);
    if (code == CLI_OK)
        code = cli_check(aigc_weights_open(&weights, session.context, arguments->positionals[0], open_options));
    if (code == CLI_OK) code = cli_check(aigc_weights_write(weights, session.output, options));
    if (code == CLI_OK) cli_tell(&session, "%s is written", session.output);
    aigc_weights_free(weights);
    aigc_options_free(options);
    aigc_options_free(open_options);
    cli_session_close(&session);
    return code;
}

static const cli_flag_t flags[] = {
    {"output", "FILE", "where the weights go; needed", 'o'},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_convert = {
    .name = "convert",
    .synopsis = "FILE -o FILE [OPTIONS]",
    .summary = "write weights to another kind of file",
    .details =
        "The first FILE is of PyTorch (.pt, .pth, .ckpt, .bin), a pickle, .safetensors, an .index.json with its "
        "shards, .npz or .npy; what it is shows in its content. The second is .safetensors, .npz, or .pt, .pth, "
        ".ckpt or .bin, which PyTorch loads as a state dict. Numbers are kept to the bit, unless --dtype is given.",
    .example = "aigc convert vgg19.pth -o vgg19.safetensors --select features.",
    .n_positionals = 1,
    .flags = flags,
    .tables = {{"convert", NULL, "Weights", false}, {"weights", NULL, "Reading", false}, CLI_TABLE_CONTEXT},
    .run = run_convert,
};
