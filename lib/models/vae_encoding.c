/* The way from pictures to latents, and there and back. */
#include "models/vae.h"

static aigc_status_t encode_rows(aigc_model_t *model, const aigc_tensor_t *images, const int64_t *labels, float *out)
{
    const aigc__latent_space_t space = aigc__latent_space(model);
    const aigc__transfer_t t = {space.builder,     AIGC__VAE_ENCODE, "images",          aigc__space_pixels(&space),
                                (size_t)space.dim, space.any_rows,   space.classes > 0, space.staging};
    return aigc__transfer_images(model, &t, images, labels, out);
}

static aigc_status_t encode(aigc_tensor_t **latents, aigc_model_t *model, const aigc_tensor_t *images,
                            const int64_t *labels)
{
    aigc_tensor_t *made = NULL;
    AIGC__TRY(aigc__sampling_prepare(model));
    AIGC__TRY(aigc__tensor_create_raw(&made, model->context, AIGC_DTYPE_F32, 2,
                                      (int64_t[]){images->shape[0], aigc__latent_space(model).dim}));
    const aigc_status_t status = encode_rows(model, images, labels, made->data);
    if (status == AIGC_OK)
        *latents = made;
    else
        aigc__tensor_release(made);
    return status;
}

aigc_status_t aigc__vae_encode(aigc_tensor_t **latents, aigc_model_t *model, const aigc_tensor_t *images,
                               const aigc_tensor_t *labels, const aigc_options_t *options)
{
    const int64_t *chosen = NULL;
    void *own = NULL;
    aigc_status_t status =
        aigc__choose_labels(model, "encode", options, labels, (size_t)images->shape[0], &chosen, &own);
    if (status == AIGC_OK) status = encode(latents, model, images, chosen);
    aigc__memory_free(&model->context->memory, own);
    return status;
}

aigc_status_t aigc__vae_reconstruct(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *images,
                                    const aigc_tensor_t *labels, const aigc_options_t *options)
{
    const size_t n = (size_t)images->shape[0];
    const int64_t *chosen = NULL;
    void *own = NULL;
    aigc_tensor_t *latents = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__choose_labels(model, "reconstruct", options, labels, n, &chosen, &own));
    AIGC__GOTO(done, encode(&latents, model, images, chosen));
    status = aigc__decode_latents(out, model, latents->data, chosen, n);
done:
    aigc__tensor_release(latents);
    aigc__memory_free(&model->context->memory, own);
    return status;
}
