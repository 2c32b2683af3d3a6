/* The verbs that look at pictures with a model: encode, reconstruct. */
#include "session.h"
#include "verbs.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 64, IN_A_ROW = 8 };

/* What the verbs have in common: a model, its options for the verb, pictures. */
typedef struct inputs {
    cli_session_t session;
    aigc_options_t *options;
    aigc_dataset_t *pictures;
    uint64_t count; /* of pictures wanted */
} inputs_t;

/* `n_default` 0: all pictures. */
static int open_inputs(inputs_t *inputs, cli_arguments_t *arguments, bool makes_images, uint64_t n_default)
{
    *inputs = (inputs_t){.options = NULL};
    int code = cli_session_open(&inputs->session, arguments);
    if (code == CLI_OK) code = cli_count(arguments, "n", n_default, &inputs->count);
    if (code == CLI_OK && makes_images) code = cli_prepare_images(&inputs->session);
    if (code == CLI_OK) code = cli_load_model(&inputs->session, arguments->positionals[0]);
    if (code == CLI_OK) code = cli_apply(arguments, &inputs->options, arguments->verb->name, inputs->session.kind);
    if (code == CLI_OK) code = cli_open_pictures(&inputs->session, arguments->positionals[1], &inputs->pictures);
    if (code != CLI_OK) return code;
    const uint64_t all = aigc_dataset_count(inputs->pictures);
    if (all == 0) return cli_usage("%s holds no pictures", arguments->positionals[1]);
    if (inputs->count == 0 || inputs->count > all) inputs->count = all;
    return CLI_OK;
}

static void close_inputs(inputs_t *inputs)
{
    aigc_options_free(inputs->options);
    aigc_dataset_free(inputs->pictures);
    cli_session_close(&inputs->session);
}

/* Copies all of `part` into `whole` from row `row` on; their other dimensions are the same. */
static int copy_rows(aigc_tensor_t *whole, uint64_t row, aigc_tensor_t *part)
{
    const int64_t *shape = NULL;
    uint64_t bytes = 0;
    int code = cli_check(aigc_tensor_shape(part, NULL, &shape));
    if (code == CLI_OK) code = cli_check(aigc_tensor_info(part, NULL, NULL, &bytes));
    if (code == CLI_OK && shape[0] > 0)
        memcpy((char *)aigc_tensor_data(whole) + row * (bytes / (uint64_t)shape[0]), aigc_tensor_data(part), bytes);
    return code;
}

/* Latents of pictures first..first+n-1 into their rows of `*all`, which the first call makes. */
static int encode_batch(inputs_t *inputs, uint64_t first, size_t n, aigc_tensor_t **all)
{
    aigc_tensor_t *images = NULL, *labels = NULL, *latents = NULL;
    const int64_t *shape = NULL;
    size_t rank = 0;
    int code = cli_read_pictures(inputs->pictures, first, n, false, &images, &labels);
    if (code == CLI_OK)
        code = cli_check(aigc_model_encode(&latents, inputs->session.model, images, labels, inputs->options));
    if (code == CLI_OK) code = cli_check(aigc_tensor_shape(latents, &rank, &shape));
    if (code == CLI_OK && *all == NULL) {
        int64_t whole[AIGC_MAX_RANK] = {(int64_t)inputs->count};
        memcpy(whole + 1, shape + 1, (rank - 1) * sizeof *shape);
        code = cli_check(aigc_tensor_create(all, inputs->session.context, AIGC_DTYPE_F32, rank, whole));
    }
    if (code == CLI_OK) code = copy_rows(*all, first, latents);
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    aigc_tensor_release(latents);
    return code;
}

static int run_encode(cli_arguments_t *arguments)
{
    inputs_t inputs;
    aigc_tensor_t *latents = NULL;
    int code = open_inputs(&inputs, arguments, false, 0);
    for (uint64_t first = 0; first < inputs.count && code == CLI_OK; first += BATCH)
        code = encode_batch(&inputs, first, (size_t)(inputs.count - first < BATCH ? inputs.count - first : BATCH),
                            &latents);
    if (code == CLI_OK) code = cli_check(aigc_tensor_write(latents, inputs.session.output, "latents"));
    if (code == CLI_OK) cli_tell(&inputs.session, "%" PRIu64 " latents in %s", inputs.count, inputs.session.output);
    aigc_tensor_release(latents);
    close_inputs(&inputs);
    return code;
}

/* Rows of originals, each over the row of their reconstructions; cells left over are black. */
static int interleave(inputs_t *inputs, aigc_tensor_t *originals, aigc_tensor_t *copies, size_t columns,
                      aigc_tensor_t **out)
{
    const int64_t *shape = NULL;
    uint64_t bytes = 0;
    int code = cli_check(aigc_tensor_shape(originals, NULL, &shape));
    if (code == CLI_OK) code = cli_check(aigc_tensor_info(originals, NULL, NULL, &bytes));
    if (code != CLI_OK) return code;
    const size_t n = (size_t)shape[0], image_bytes = (size_t)bytes / n, rows = (n + columns - 1) / columns;
    const int64_t whole[4] = {(int64_t)(2 * rows * columns), shape[1], shape[2], shape[3]};
    code = cli_check(aigc_tensor_create(out, inputs->session.context, AIGC_DTYPE_F32, 4, whole));
    for (size_t i = 0; i < n && code == CLI_OK; i++) {
        char *at = (char *)aigc_tensor_data(*out) + (2 * (i / columns) * columns + i % columns) * image_bytes;
        memcpy(at, (const char *)aigc_tensor_data(originals) + i * image_bytes, image_bytes);
        memcpy(at + columns * image_bytes, (const char *)aigc_tensor_data(copies) + i * image_bytes, image_bytes);
    }
    return code;
}

static int write_reconstructions(inputs_t *inputs, aigc_tensor_t *originals, aigc_tensor_t *copies)
{
    uint64_t columns = 0;
    aigc_tensor_t *both = NULL;
    if (cli_writes_each(&inputs->session)) return cli_write_images(&inputs->session, copies, 0);
    int code = cli_count(inputs->session.arguments, "columns", IN_A_ROW, &columns);
    if (columns > inputs->count) columns = inputs->count;
    if (code == CLI_OK) code = interleave(inputs, originals, copies, (size_t)columns, &both);
    if (code == CLI_OK) code = cli_write_images(&inputs->session, both, (size_t)columns);
    aigc_tensor_release(both);
    return code;
}

static int run_reconstruct(cli_arguments_t *arguments)
{
    inputs_t inputs;
    aigc_tensor_t *images = NULL, *labels = NULL, *copies = NULL;
    int code = open_inputs(&inputs, arguments, true, 3 * IN_A_ROW);
    if (code == CLI_OK) code = cli_read_pictures(inputs.pictures, 0, (size_t)inputs.count, true, &images, &labels);
    if (code == CLI_OK)
        code = cli_check(aigc_model_reconstruct(&copies, inputs.session.model, images, labels, inputs.options));
    if (code == CLI_OK) code = write_reconstructions(&inputs, images, copies);
    aigc_tensor_release(images);
    aigc_tensor_release(labels);
    aigc_tensor_release(copies);
    close_inputs(&inputs);
    return code;
}

static const cli_flag_t encode_flags[] = {
    {"output", "FILE", "where the latents go (.npy or .safetensors); needed", 'o'},
    {"n", "COUNT", "only the first so many pictures", 'n'},
    {NULL, NULL, NULL, 0},
};

static const cli_flag_t reconstruct_flags[] = {
    {"output", "FILE",
     "a .png or .jpg file for a grid, rows of originals over their reconstructions; FOLDER/ for the "
     "reconstructions alone, a file each; needed",
     'o'},
    {"n", "COUNT", "how many pictures, taken evenly from all (default 24)", 'n'},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_encode = {
    .name = "encode",
    .synopsis = "MODEL PICTURES -o LATENTS.npy [OPTIONS]",
    .summary = "write the latents of pictures",
    .example = "aigc encode model.safetensors rooms -o latents.npy",
    .n_positionals = 2,
    .flags = encode_flags,
    .tables = {{"encode", "model", "Latents", false}, CLI_TABLE_PICTURES, CLI_TABLE_CONTEXT},
    .run = run_encode,
};

const cli_verb_t cli_verb_reconstruct = {
    .name = "reconstruct",
    .synopsis = "MODEL PICTURES -o IMAGE [-n COUNT] [OPTIONS]",
    .summary = "show pictures over what the model makes of them",
    .example = "aigc reconstruct model.safetensors rooms -o reconstructions.png",
    .n_positionals = 2,
    .flags = reconstruct_flags,
    .tables = {{"reconstruct", "model", "Images", false},
               CLI_TABLE_PICTURES,
               CLI_TABLE_GRID,
               CLI_TABLE_WRITE,
               CLI_TABLE_CONTEXT},
    .run = run_reconstruct,
};
