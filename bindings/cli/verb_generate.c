/* The verbs that make pictures of numbers: generate, interpolate, decode. */
#include "session.h"
#include "verbs.h"

/* Makes the images with the loaded model and the verb's options. */
typedef int (*make_fn)(const cli_session_t *session, const aigc_options_t *options, aigc_tensor_t **images);

/* `columns` of the grid; 0: as square as it goes. */
static int make_images(cli_arguments_t *arguments, make_fn make, size_t columns)
{
    cli_session_t session;
    aigc_tensor_t *images = NULL;
    aigc_options_t *options = NULL;
    int code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = cli_prepare_images(&session);
    if (code == CLI_OK) code = cli_load_model(&session, arguments->positionals[0]);
    if (code == CLI_OK) code = cli_apply(arguments, &options, arguments->verb->name, session.kind);
    if (code == CLI_OK) code = cli_check_applied(arguments);
    if (code == CLI_OK) code = make(&session, options, &images);
    if (code == CLI_OK) code = cli_write_images(&session, images, columns);
    aigc_tensor_release(images);
    aigc_options_free(options);
    cli_session_close(&session);
    return code;
}

static int generate(const cli_session_t *session, const aigc_options_t *options, aigc_tensor_t **images)
{
    return cli_check(aigc_model_generate(images, session->model, options));
}

static int run_generate(cli_arguments_t *arguments) { return make_images(arguments, generate, 0); }

static int interpolate(const cli_session_t *session, const aigc_options_t *options, aigc_tensor_t **images)
{
    return cli_check(aigc_model_interpolate(images, session->model, NULL, NULL, options));
}

/* A strip for each pair of seeds. */
static int run_interpolate(cli_arguments_t *arguments)
{
    uint64_t steps = 8;
    const int code = cli_count(arguments, "steps", steps, &steps);
    return code != CLI_OK ? code : make_images(arguments, interpolate, (size_t)steps);
}

static int decode(const cli_session_t *session, const aigc_options_t *options, aigc_tensor_t **images)
{
    const char *path = session->arguments->positionals[1];
    aigc_tensor_t *latents = NULL;
    int code = cli_check(aigc_tensor_read(&latents, session->context, path, NULL));
    if (code == CLI_OK) code = cli_check(aigc_model_decode(images, session->model, latents, NULL, options));
    aigc_tensor_release(latents);
    return code;
}

static int run_decode(cli_arguments_t *arguments) { return make_images(arguments, decode, 0); }

static const cli_flag_t flags[] = {
    {"output", "FILE",
     "a .png or .jpg file for all images in a grid (without --columns about square); FOLDER/ for a file each; "
     "needed",
     'o'},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_generate = {
    .name = "generate",
    .synopsis = "MODEL -o IMAGE [-n COUNT] [--seeds 0,1,4-6] [OPTIONS]",
    .summary = "make new images",
    .example = "aigc generate model.safetensors -n 64 -o designs.png",
    .n_positionals = 1,
    .flags = flags,
    .tables = {{"generate", "model", "Images", false}, CLI_TABLE_GRID, CLI_TABLE_WRITE, CLI_TABLE_CONTEXT},
    .run = run_generate,
};

const cli_verb_t cli_verb_interpolate = {
    .name = "interpolate",
    .synopsis = "MODEL -o IMAGE --seeds 1,2 [OPTIONS]",
    .summary = "make the images on the way from one seed's to another's",
    .example = "aigc interpolate model.safetensors --seeds 1,2 --steps 10 -o strip.png",
    .n_positionals = 1,
    .flags = flags,
    .tables = {{"interpolate", "model", "Interpolation", false}, CLI_TABLE_GRID, CLI_TABLE_WRITE, CLI_TABLE_CONTEXT},
    .run = run_interpolate,
};

const cli_verb_t cli_verb_decode = {
    .name = "decode",
    .synopsis = "MODEL LATENTS.npy -o IMAGE [OPTIONS]",
    .summary = "make the images of latents that encode wrote",
    .example = "aigc decode model.safetensors latents.npy -o images.png",
    .n_positionals = 2,
    .flags = flags,
    .tables = {{"decode", "model", "Images", false}, CLI_TABLE_GRID, CLI_TABLE_WRITE, CLI_TABLE_CONTEXT},
    .run = run_decode,
};
