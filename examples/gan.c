/* Trains a generative adversarial network on pictures and writes a grid of new ones:
 *
 *   cc gan.c -o gan $(pkg-config --cflags --libs aigc)
 *   ./gan photos/ new.png 30     (a folder, an IDX file, or home-designs; the grid; epochs) */
#include <aigc/aigc.h>
#include <stdio.h>

static int32_t show(const aigc_progress_t *progress, void *user)
{
    const aigc_metrics_t *metrics = progress->metrics;
    (void)user;
    if (progress->step != progress->steps || metrics->count < 4) return 0;
    printf("epoch %d:", (int)progress->epoch);
    for (int32_t k = 0; k < 4; k++) printf(" %s %.2f", metrics->names[k], metrics->values[k]);
    putchar('\n');
    return 0; /* anything else stops the training */
}

int main(int argc, char **argv)
{
    const char *pictures_path = argc > 1 ? argv[1] : "home-designs", *output = argc > 2 ? argv[2] : "new.png";
    aigc_context_t *context = NULL;
    aigc_dataset_t *pictures = NULL;
    aigc_model_t *model = NULL;
    aigc_options_t *small = NULL, *options = NULL, *grid = NULL;
    aigc_tensor_t *images = NULL;

    aigc_status_t status = aigc_context_create(&context, NULL);
    if (status == AIGC_OK) status = aigc_dataset_create(&pictures, context, "auto", pictures_path, NULL);
    if (status == AIGC_OK) status = aigc_options_create(&small);
    if (status == AIGC_OK) status = aigc_options_parse(small, "generator_width=16 discriminator_width=16");
    if (status == AIGC_OK) status = aigc_model_create(&model, context, "gan", small);
    if (status == AIGC_OK) status = aigc_options_create(&options);
    if (status == AIGC_OK) status = aigc_options_parse(options, "epochs=10 output=gan.safetensors");
    if (status == AIGC_OK && argc > 3) status = aigc_options_set_string(options, "epochs", argv[3]);
    if (status == AIGC_OK) status = aigc_model_train(model, pictures, NULL, options, show, NULL);
    if (status == AIGC_OK) status = aigc_options_create(&grid);
    if (status == AIGC_OK) status = aigc_options_parse(grid, "n=64");
    if (status == AIGC_OK) status = aigc_model_generate(&images, model, grid);
    if (status == AIGC_OK) status = aigc_image_write_grid(images, output, NULL);
    if (status != AIGC_OK) fprintf(stderr, "%s\n", aigc_last_error());

    aigc_tensor_release(images);
    aigc_options_free(grid);
    aigc_options_free(options);
    aigc_options_free(small);
    aigc_model_free(model);
    aigc_dataset_free(pictures);
    aigc_context_free(context);
    return status == AIGC_OK ? 0 : 1;
}
