/* Trains a variational autoencoder on pictures and writes a grid of new ones:
 *
 *   cc vae.c -o vae $(pkg-config --cflags --libs aigc)
 *   ./vae photos/ new.png        (a folder, an IDX file, or home-designs) */
#include <aigc/aigc.h>
#include <stdio.h>

static int32_t show(const aigc_progress_t *progress, void *user)
{
    (void)user;
    if (progress->step == progress->steps && progress->metrics->count > 0)
        printf("epoch %d: %s %.1f nats per image\n", (int)progress->epoch, progress->metrics->names[0],
               progress->metrics->values[0]);
    return 0; /* anything else stops the training */
}

int main(int argc, char **argv)
{
    const char *pictures_path = argc > 1 ? argv[1] : "home-designs", *output = argc > 2 ? argv[2] : "new.png";
    aigc_context_t *context = NULL;
    aigc_dataset_t *pictures = NULL;
    aigc_model_t *model = NULL;
    aigc_options_t *training = NULL, *sampling = NULL;
    aigc_tensor_t *images = NULL;

    aigc_status_t status = aigc_context_create(&context, NULL);
    if (status == AIGC_OK) status = aigc_dataset_create(&pictures, context, "auto", pictures_path, NULL);
    if (status == AIGC_OK) status = aigc_model_create(&model, context, "vae", NULL);
    if (status == AIGC_OK) status = aigc_options_create(&training);
    if (status == AIGC_OK) status = aigc_options_parse(training, "epochs=3 output=vae.safetensors");
    if (status == AIGC_OK) status = aigc_model_train(model, pictures, NULL, training, show, NULL);
    if (status == AIGC_OK) status = aigc_options_create(&sampling);
    if (status == AIGC_OK) status = aigc_options_parse(sampling, "n=64");
    if (status == AIGC_OK) status = aigc_model_generate(&images, model, sampling);
    if (status == AIGC_OK) status = aigc_image_write_grid(images, output, NULL);
    if (status != AIGC_OK) fprintf(stderr, "%s\n", aigc_last_error());

    aigc_tensor_release(images);
    aigc_options_free(training);
    aigc_options_free(sampling);
    aigc_model_free(model);
    aigc_dataset_free(pictures);
    aigc_context_free(context);
    return status == AIGC_OK ? 0 : 1;
}
