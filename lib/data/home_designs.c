/* Kind "home-designs": furnished rooms and floor plans, drawn. Picture `index` of a seed is a function
 * of these two numbers, the same bytes at every time and on every machine; class = index modulo the
 * number of classes, so that they come evenly. */
#include "data/home_scene.h"
#include "data/pictures.h"
#include "formats/pixels.h"
#include <inttypes.h>
#include <string.h>

enum { MIN_SIDE = 16, MAX_SIDE = 256 };

typedef struct home_options {
    aigc__size_options_t size;
    int64_t channels, n, seed, style;
} home_options_t;

#define AT(member) offsetof(home_options_t, member)
static const aigc__option_t rows[] = {
    {"n", AIGC__OPTION_INT, AT(n), "4000", 1, 1e9, NULL, "how many pictures"},
    {"size", AIGC__OPTION_INTS, AT(size.size), "32", MIN_SIDE, MAX_SIDE, NULL,
     "picture size: one number, HEIGHTxWIDTH or HEIGHT,WIDTH"},
    {"height", AIGC__OPTION_INT, AT(size.height), "0", 0, MAX_SIDE, NULL, "picture height in pixels (0: by size)"},
    {"width", AIGC__OPTION_INT, AT(size.width), "0", 0, MAX_SIDE, NULL, "picture width in pixels (0: by size)"},
    {"channels", AIGC__OPTION_INT, AT(channels), "3", 1, 3, NULL, "3 RGB, 1 gray"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL, "other numbers give other pictures"},
    {"style", AIGC__OPTION_CHOICE, AT(style), "both", 0, 0, "rooms|plans|both", "furnished rooms, floor plans or both"},
};
#undef AT

typedef struct design {
    const char *name;
    void (*draw)(aigc__scene_t *scene);
} design_t;

enum { DESIGNS = 5, ROOMS = 4 };
static const design_t designs[DESIGNS] = {{"living room", aigc__home_living_room},
                                          {"bedroom", aigc__home_bedroom},
                                          {"kitchen", aigc__home_kitchen},
                                          {"study", aigc__home_study},
                                          {"floor plan", aigc__home_floor_plan}};

typedef struct home {
    aigc__canvas_t canvas; /* square, as large as the picture's longer side; the middle is cut out */
    uint8_t *rgb;          /* of the canvas */
    uint64_t seed;
    const design_t *designs;
} home_t;

static aigc_status_t name_classes(aigc_dataset_t *dataset, size_t n)
{
    const home_t *home = dataset->implementation;
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(&dataset->context->memory, n * sizeof(char *), &block));
    dataset->class_names = block;
    dataset->classes = (int64_t)n;
    for (size_t i = 0; i < n; i++)
        AIGC__TRY(aigc__memory_copy_string(&dataset->context->memory, home->designs[i].name, &dataset->class_names[i]));
    return AIGC_OK;
}

static aigc_status_t set_size(aigc_dataset_t *dataset, const home_options_t *given)
{
    AIGC__TRY(aigc__size_resolve(&given->size, &dataset->height, &dataset->width));
    if (dataset->height < MIN_SIDE || dataset->width < MIN_SIDE)
        return aigc__fail(AIGC_ERROR_OPTION,
                          "home-designs of %" PRId64 " x %" PRId64 " pixels (height x width); the smallest side is %d",
                          dataset->height, dataset->width, MIN_SIDE);
    if (given->channels == 2) return aigc__fail(AIGC_ERROR_OPTION, "option 'channels' is 2; expected 1 or 3");
    dataset->channels = given->channels;
    return AIGC_OK;
}

static aigc_status_t open_home(aigc_dataset_t *dataset, const char *source, const aigc_options_t *options)
{
    aigc__memory_t *memory = &dataset->context->memory;
    home_options_t given;
    const aigc__option_group_t group = {rows, sizeof rows / sizeof rows[0], &given};
    void *block;
    (void)source;
    AIGC__TRY(aigc__options_resolve(options, "dataset home-designs", &group, 1));
    AIGC__TRY(set_size(dataset, &given));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(home_t), &block));
    home_t *home = dataset->implementation = block;
    const size_t side = (size_t)(dataset->height > dataset->width ? dataset->height : dataset->width);
    AIGC__TRY(aigc__canvas_init(&home->canvas, memory, side));
    AIGC__TRY(aigc__memory_alloc(memory, side * side * 3, &block));
    home->rgb = block;
    home->seed = (uint64_t)given.seed;
    home->designs = given.style == 1 ? designs + ROOMS : designs;
    dataset->count = (uint64_t)given.n;
    const int64_t identity[2] = {given.seed, given.style};
    for (size_t i = 0; i < 16; i++)
        dataset->identity =
            aigc__hash_bytes(dataset->identity, &(uint8_t){(uint8_t)((uint64_t)identity[i / 8] >> 8 * (i % 8))}, 1);
    return name_classes(dataset, given.style == 0 ? ROOMS : given.style == 1 ? 1 : DESIGNS);
}

static uint8_t gray(const uint8_t *rgb)
{
    return (uint8_t)((299u * rgb[0] + 587u * rgb[1] + 114u * rgb[2] + 500) / 1000);
}

static aigc_status_t fetch_home(aigc_dataset_t *dataset, uint64_t index, void *pixels, int64_t *label)
{
    home_t *home = dataset->implementation;
    const size_t side = home->canvas.size, height = (size_t)dataset->height, width = (size_t)dataset->width;
    aigc__scene_t scene = {.canvas = &home->canvas};
    /* Edges that meet inside a pixel let a little of what was there before through. */
    aigc__canvas_clear(&home->canvas, aigc__color(0xd8d2c8));
    *label = (int64_t)(index % (uint64_t)dataset->classes);
    aigc__random_init(&scene.random, (aigc__stream_t){home->seed, AIGC__STREAM_DRAWING, (uint32_t)index});
    home->designs[*label].draw(&scene);
    aigc__home_finish(&scene);
    aigc__canvas_write(&home->canvas, home->rgb);
    uint8_t *to = pixels;
    for (size_t y = 0; y < height; y++) {
        const uint8_t *from = home->rgb + (((side - height) / 2 + y) * side + (side - width) / 2) * 3;
        if (dataset->channels == 3) memcpy(to + y * width * 3, from, width * 3);
        for (size_t x = 0; dataset->channels == 1 && x < width; x++) to[y * width + x] = gray(from + x * 3);
    }
    return AIGC_OK;
}

static void close_home(aigc_dataset_t *dataset)
{
    home_t *home = dataset->implementation;
    if (!home) return;
    aigc__canvas_free(&home->canvas);
    aigc__memory_free(&dataset->context->memory, home->rgb);
    aigc__memory_free(&dataset->context->memory, home);
}

const aigc__dataset_kind_t aigc__dataset_kind_home_designs = {.name = "home-designs",
                                                              .help =
                                                                  "furnished rooms and floor plans, drawn from a seed",
                                                              .options = rows,
                                                              .n_options = sizeof rows / sizeof rows[0],
                                                              .open = open_home,
                                                              .fetch = fetch_home,
                                                              .close = close_home};
