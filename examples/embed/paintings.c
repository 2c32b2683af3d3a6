/* What a game does: a model paints pictures at run time, into textures that are the game's own. Also valid C++.
 *
 *   ./paintings [MODEL.safetensors]    (without one it trains a tiny one first) */
#include <aigc/aigc.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_PAINTINGS = 4, SIDE = 64 };

/* The game's heap. Blocks are aligned to 16; worker threads call these, too. */
static void *game_alloc(size_t bytes, void *user) { return (void)user, malloc(bytes); }
static void game_free(void *block, size_t bytes, void *user) { (void)bytes, (void)user, free(block); }

static aigc_status_t get_model(aigc_model_t **model, aigc_context_t *context, aigc_options_t *options, const char *path)
{
    aigc_dataset_t *rooms = NULL;
    if (path != NULL) return aigc_model_load(model, context, path, NULL);
    aigc_status_t status = aigc_dataset_create(&rooms, context, "home-designs", NULL, NULL);
    if (status == AIGC_OK) status = aigc_model_create(model, context, "vae", NULL);
    if (status == AIGC_OK) status = aigc_options_parse(options, "epochs=1");
    if (status == AIGC_OK) status = aigc_model_train(*model, rooms, NULL, options, NULL, NULL);
    aigc_dataset_free(rooms);
    return status;
}

/* Fills a texture; the same seed gives the same painting on every machine of one kind. */
static aigc_status_t paint(uint8_t rgba[SIDE][SIDE][4], aigc_model_t *model, int64_t seed)
{
    aigc_tensor_t *image = NULL, *sized = NULL, *bytes = NULL;
    aigc_options_t *how = NULL, *size = NULL;
    const int64_t *shape = NULL;
    aigc_status_t status = aigc_options_create(&how);
    if (status == AIGC_OK) status = aigc_options_create(&size);
    if (status == AIGC_OK) status = aigc_options_set_int(how, "seed", seed);
    if (status == AIGC_OK) status = aigc_options_parse(size, "height=64 width=64");
    if (status == AIGC_OK) status = aigc_model_generate(&image, model, how);
    if (status == AIGC_OK) status = aigc_image_resize(&sized, image, size);
    if (status == AIGC_OK) status = aigc_tensor_convert(&bytes, sized, AIGC_DTYPE_U8);
    if (status == AIGC_OK) status = aigc_tensor_shape(bytes, NULL, &shape);
    if (status == AIGC_OK) {
        const uint8_t *from = (const uint8_t *)aigc_tensor_data(bytes);
        const int64_t channels = shape[3]; /* 1 gray, 3 RGB, 4 RGBA */
        for (int64_t i = 0; i < SIDE * SIDE; i++)
            for (int64_t c = 0; c < 4; c++)
                rgba[i / SIDE][i % SIDE][c] = c == 3 && channels < 4 ? 255 : from[i * channels + (channels == 1 ? 0 : c)];
    }
    aigc_tensor_release(image);
    aigc_tensor_release(sized);
    aigc_tensor_release(bytes);
    aigc_options_free(how);
    aigc_options_free(size);
    return status;
}

int main(int argc, char **argv)
{
    static uint8_t textures[N_PAINTINGS][SIDE][SIDE][4];
    const aigc_allocator_t heap = {sizeof heap, game_alloc, game_free, NULL};
    aigc_context_t *context = NULL;
    aigc_options_t *limits = NULL, *options = NULL;
    aigc_model_t *model = NULL;
    uint64_t most = 0;
    aigc_status_t status = aigc_options_create(&limits);
    if (status == AIGC_OK) status = aigc_options_create(&options);
    if (status == AIGC_OK) status = aigc_options_parse(limits, "threads=2 memory_limit=268435456");
    if (status == AIGC_OK) status = aigc_context_create_with(&context, &heap, limits);
    if (status == AIGC_OK) status = get_model(&model, context, options, argc > 1 ? argv[1] : NULL);
    for (int i = 0; i < N_PAINTINGS && status == AIGC_OK; i++) status = paint(textures[i], model, i);
    if (status == AIGC_OK) status = aigc_context_memory(context, NULL, &most);
    if (status == AIGC_OK)
        printf("%d paintings of %dx%d; the first pixel is #%02x%02x%02x; at most %.1f MB of memory\n", N_PAINTINGS, SIDE,
               SIDE, textures[0][0][0][0], textures[0][0][0][1], textures[0][0][0][2], (double)most / 1e6);
    else
        fprintf(stderr, "%s\n", aigc_last_error());
    aigc_model_free(model);
    aigc_options_free(limits);
    aigc_options_free(options);
    aigc_context_free(context);
    return status == AIGC_OK ? 0 : 1;
}
