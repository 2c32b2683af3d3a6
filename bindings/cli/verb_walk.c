/* The way through the latents of many seeds and back to the first, as an animation. */
#include "session.h"
#include "verbs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 24 };

/* Where the walk goes: --seeds, or what the model's table says. */
static const char *seeds_of(const cli_session_t *session, aigc_option_info_t *row)
{
    const char *given = cli_argument(session->arguments, "seeds");
    if (given != NULL) return given;
    return cli_find_option("interpolate", session->kind, "seeds", row) ? row->default_value : "";
}

/* "1-6" to "1-6,1": the last leg leads back, so that the film has no seam. What does not begin with a number is left
 * for the library to refuse in the user's own words. */
static int close_ring(const cli_session_t *session, aigc_options_t *options)
{
    aigc_option_info_t row = {.struct_size = sizeof row};
    const char *seeds = seeds_of(session, &row);
    const size_t length = strlen(seeds), digits = strspn(seeds, "0123456789");
    if (digits == 0) return CLI_OK;
    if (seeds[digits] == '\0') return cli_usage("walk: one seed is no way; give --seeds at least two");
    if (seeds[length - 1] == ',') return CLI_OK;
    char *ring = malloc(length + 1 + digits + 1);
    if (ring == NULL) {
        cli_say("there is no memory for the seeds");
        return CLI_MEMORY;
    }
    snprintf(ring, length + 1 + digits + 1, "%s,%.*s", seeds, (int)digits, seeds);
    const int code = cli_check(aigc_options_set_string(options, "seeds", ring));
    free(ring);
    return code;
}

/* Every leg ends with the picture that the next one begins with, and the last with the very first: `steps` of each
 * leg's steps + 1 stay, moved together. Their number comes back. */
static int64_t drop_ends(aigc_tensor_t *images, const int64_t *shape, size_t steps)
{
    const size_t picture = (size_t)(shape[1] * shape[2] * shape[3]), legs = (size_t)shape[0] / (steps + 1);
    float *pixels = aigc_tensor_data(images);
    for (size_t leg = 1; leg < legs; leg++)
        memmove(pixels + leg * steps * picture, pixels + leg * (steps + 1) * picture, steps * picture * sizeof *pixels);
    return (int64_t)(legs * steps);
}

static int write_film(const cli_session_t *session, aigc_tensor_t *images, size_t steps, const aigc_options_t *options)
{
    const int64_t *shape = NULL;
    aigc_tensor_t *frames = NULL;
    int code = cli_check(aigc_tensor_shape(images, NULL, &shape));
    if (code != CLI_OK) return code;
    const int64_t n = drop_ends(images, shape, steps), of_frames[] = {n, shape[1], shape[2], shape[3]};
    code = cli_check(aigc_tensor_wrap(&frames, session->context, aigc_tensor_data(images), AIGC_DTYPE_F32, 4, of_frames,
                                      NULL, NULL));
    if (code == CLI_OK) code = cli_check(aigc_animation_write(frames, session->output, options));
    if (code == CLI_OK) cli_tell(session, "written: %s, %lld pictures", session->output, (long long)n);
    aigc_tensor_release(frames);
    return code;
}

static int walk(cli_session_t *session, size_t steps)
{
    static const char *const suffixes[] = {".png", ".apng", NULL};
    cli_arguments_t *arguments = session->arguments;
    aigc_options_t *way = NULL, *film = NULL;
    aigc_tensor_t *images = NULL;
    int code = cli_check_suffix(session, "animations", suffixes);
    if (code == CLI_OK) code = cli_load_model(session, arguments->positionals[0]);
    if (code == CLI_OK) code = cli_apply(arguments, &way, "interpolate", session->kind);
    if (code == CLI_OK) code = cli_apply(arguments, &film, "animation-write", NULL);
    if (code == CLI_OK) code = cli_check_applied(arguments);
    if (code == CLI_OK) code = close_ring(session, way);
    if (code == CLI_OK) code = cli_check(aigc_options_set_int(way, "steps", (int64_t)steps + 1));
    if (code == CLI_OK) code = cli_check(aigc_model_interpolate(&images, session->model, NULL, NULL, way));
    if (code == CLI_OK) code = write_film(session, images, steps, film);
    aigc_tensor_release(images);
    aigc_options_free(way);
    aigc_options_free(film);
    return code;
}

static int run_walk(cli_arguments_t *arguments)
{
    cli_session_t session;
    uint64_t steps = STEPS;
    int code = cli_count(arguments, "steps", steps, &steps);
    if (code != CLI_OK) return code;
    code = cli_session_open(&session, arguments);
    if (code == CLI_OK) code = walk(&session, (size_t)steps);
    cli_session_close(&session);
    return code;
}

static const cli_flag_t flags[] = {
    {"output", "FILE", "a .png or .apng file; needed", 'o'},
    {"steps", "COUNT", "pictures from each seed to the next, the next one's own not counted (24)", 0},
    {NULL, NULL, NULL, 0},
};

const cli_verb_t cli_verb_walk = {
    .name = "walk",
    .synopsis = "MODEL -o FILE.png --seeds 1-6 [OPTIONS]",
    .summary = "make an animation of the way past many seeds and back",
    .details =
        "The file is an animated PNG, which browsers play. The last leg leads from the last seed to the first, so "
        "that it repeats without a seam.",
    .example = "aigc walk model.safetensors --seeds 1-6 --steps 24 -o walk.png",
    .n_positionals = 1,
    .flags = flags,
    .tables = {{"interpolate", "model", "Way", false},
               {"animation-write", NULL, "Animation", false},
               CLI_TABLE_CONTEXT},
    .run = run_walk,
};
