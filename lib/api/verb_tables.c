#include "api/verb_tables.h"
#include "formats/weight_files.h"
#include "models/evaluation.h"
#include <stddef.h>
#include <string.h>

#define AT(member) offsetof(aigc__context_options_t, member)
static const aigc__option_t context_rows[] = {
    {"threads", AIGC__OPTION_INT, AT(threads), "0", 0, 1024, NULL, "threads that compute (0: one per available core)"},
    {"memory_limit", AIGC__OPTION_INT, AT(memory_limit), "0", 0, 9e18, NULL, "most bytes to use (0: no limit)"},
    {"cpu", AIGC__OPTION_CHOICE, AT(cpu), "auto", 0, 0, "auto|c|avx2|avx512|neon", "instruction set to use"},
};
#undef AT

#define AT(member) offsetof(aigc__image_read_options_t, member)
static const aigc__option_t image_read_rows[] = {
    {"channels", AIGC__OPTION_INT, AT(channels), "0", 0, 4, NULL, "0 as in the file, 1 gray, 3 RGB, 4 RGBA"},
    {"background", AIGC__OPTION_STRING, AT(background), "white", 0, 0, NULL,
     "laid under alpha where it is not kept: white, black or #rrggbb"},
};
#undef AT

#define AT(member) offsetof(aigc__image_write_options_t, member)
static const aigc__option_t image_write_rows[] = {
    {"quality", AIGC__OPTION_INT, AT(quality), "92", 1, 100, NULL, "JPEG: 100 is best and largest"},
    {"compression", AIGC__OPTION_INT, AT(compression), "6", 0, 9, NULL, "PNG: 9 is smallest and slowest"},
};
#undef AT

#define AT(member) offsetof(aigc__image_grid_options_t, member)
static const aigc__option_t image_grid_rows[] = {
    {"columns", AIGC__OPTION_INT, AT(columns), "8", 1, 65536, NULL, "pictures in a row"},
    {"padding", AIGC__OPTION_INT, AT(padding), "2", 0, 1024, NULL, "pixels between and around pictures"},
    {"pad_value", AIGC__OPTION_FLOAT, AT(pad_value), "0", 0, 1, NULL, "brightness of the padding"},
    {"normalize", AIGC__OPTION_BOOL, AT(normalize), "false", 0, 0, NULL, "stretch the values to 0..1"},
    {"value_range", AIGC__OPTION_FLOATS, AT(value_range), "", 0, 0, NULL,
     "normalize: low,high (default: the smallest and largest value)"},
};
#undef AT

#define AT(member) offsetof(aigc__image_resize_options_t, member)
static const aigc__option_t image_resize_rows[] = {
    {"height", AIGC__OPTION_INT, AT(height), "64", 1, 16384, NULL, "pixels"},
    {"width", AIGC__OPTION_INT, AT(width), "64", 1, 16384, NULL, "pixels"},
    {"filter", AIGC__OPTION_CHOICE, AT(filter), "area", 0, 0, "area|lanczos|bilinear|nearest",
     "how pixels are weighted"},
};
#undef AT

#define AT(member) offsetof(aigc__animation_write_options_t, member)
static const aigc__option_t animation_write_rows[] = {
    {"frames_per_second", AIGC__OPTION_FLOAT, AT(frames_per_second), "24", 0.01, 1000, NULL,
     "pictures shown in a second"},
    {"loops", AIGC__OPTION_INT, AT(loops), "0", 0, 2147483647, NULL, "how often it plays (0: for ever)"},
    {"compression", AIGC__OPTION_INT, AT(compression), "6", 0, 9, NULL, "9 is smallest and slowest"},
};
#undef AT

#define AT(member) offsetof(aigc__weights_options_t, member)
static const aigc__option_t weights_rows[] = {
    {"strict", AIGC__OPTION_BOOL, AT(strict), "false", 0, 0, NULL,
     "values that only Python could make are an error instead of being listed"},
};
#undef AT

#define AT(member) offsetof(aigc__convert_options_t, member)
static const aigc__option_t convert_rows[] = {
    {"select", AIGC__OPTION_STRING, AT(select), "", 0, 0, NULL,
     "take the tensors whose names begin so; several beginnings with commas between"},
    {"rename", AIGC__OPTION_STRING, AT(rename), "", 0, 0, NULL,
     "OLD=NEW: names that begin with OLD begin with NEW; several with commas between, the first that fits counts"},
    {"dtype", AIGC__OPTION_CHOICE, AT(dtype), "as-is", 0, 0, "as-is|f32|f16|bf16",
     "what floating-point numbers become; others stay as they are"},
};
#undef AT

#define ROWS(rows) rows, sizeof rows / sizeof *rows
static const struct {
    const char *verb;
    const aigc__option_t *rows;
    size_t n;
} tables[] = {
    {"context", ROWS(context_rows)},           {"image-read", ROWS(image_read_rows)},
    {"image-write", ROWS(image_write_rows)},   {"image-grid", ROWS(image_grid_rows)},
    {"image-resize", ROWS(image_resize_rows)}, {"animation-write", ROWS(animation_write_rows)},
    {"load", ROWS(aigc__load_rows)},           {"compare", ROWS(aigc__compare_rows)},
    {"weights", ROWS(weights_rows)},           {"convert", ROWS(convert_rows)},
};

aigc__option_group_t aigc__verb_group(const char *verb, void *record)
{
    for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
        if (strcmp(tables[k].verb, verb) == 0) return (aigc__option_group_t){tables[k].rows, tables[k].n, record};
    return (aigc__option_group_t){NULL, 0, NULL};
}

const char *aigc__verb_without_kind(size_t index)
{
    return index < sizeof tables / sizeof *tables ? tables[index].verb : NULL;
}

const char *aigc__verb_help(const char *verb)
{
    static const struct {
        const char *verb, *help;
    } helps[] = {
        {"context", "threads, memory and processor that everything made in a context uses"},
        {"image-read", "read a PNG or JPEG file"},
        {"image-write", "write a PNG or JPEG file; also of aigc_image_write_grid()"},
        {"image-grid", "arrange pictures in rows; also of aigc_image_write_grid()"},
        {"image-resize", "make pictures of another size"},
        {"animation-write", "write pictures as the frames of an animated PNG file"},
        {"load", "read a model file"},
        {"compare", "measure how far made pictures are from real ones"},
        {"weights", "open a file of weights: PyTorch's, NumPy's, safetensors"},
        {"convert", "write weights to another file"},
        {"dataset", "open pictures to train on"},
        {"create", "make a new model"},
        {"train", "learn from a dataset, for some epochs"},
        {"train_step", "learn from one batch of pictures"},
        {"evaluate", "measure the losses on a dataset, and how good made pictures are"},
        {"generate", "make new pictures"},
        {"interpolate", "make the pictures between two latents"},
        {"encode", "turn pictures into latents"},
        {"decode", "turn latents into pictures"},
        {"reconstruct", "encode pictures and decode them again"},
        {"save", "write a model file"},
        {"load_weights", "read parameters from a file into a model"},
    };
    for (size_t k = 0; k < sizeof helps / sizeof *helps; k++)
        if (strcmp(helps[k].verb, verb) == 0) return helps[k].help;
    return "";
}
