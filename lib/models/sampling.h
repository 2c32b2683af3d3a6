/* What kinds have in common whose pictures are made from latents: the verbs generate, decode and interpolate, rows
 * through a frozen plan a chunk at a time, classes by name. */
#ifndef AIGC_MODELS_SAMPLING_H
#define AIGC_MODELS_SAMPLING_H

#include "models/network.h"

/* Rows that go through a frozen plan at a time, at most. Where products of few rows are computed in another way than
 * those of many, it is one number for all callers, so that a picture does not depend on the others of its call; the
 * other rows are zeros then. */
enum { AIGC__CHUNK = 64 };

/* Where a caller's batch is put as the plans want it: f32 rows, i32 labels. */
typedef struct aigc__staging {
    float *rows;
    int32_t *labels;
    size_t floats, n_labels; /* there is room for */
} aigc__staging_t;

/* A model's latents, and how they become pictures. */
typedef struct aigc__latent_space {
    int64_t dim;
    int64_t height, width, channels;
    int64_t classes; /* 0: the model is not conditional */
    /* The plan (decode, 0, n) of the builder feeds "latents" [n, dim] and of a conditional model "labels" i32
     * [n]; its first fetch is the pictures [n, pixels]. */
    aigc__plan_builder builder;
    int32_t decode;
    bool any_rows; /* no matter how many rows a plan has, they become the same bits: few rows need no company */
    aigc__staging_t *staging;
} aigc__latent_space_t;

static inline aigc__latent_space_t aigc__latent_space(const aigc_model_t *model)
{
    aigc__latent_space_t space;
    model->kind->latent_space(model, &space);
    return space;
}
static inline size_t aigc__space_pixels(const aigc__latent_space_t *space)
{
    return (size_t)(space->height * space->width * space->channels);
}

/* Room for so many numbers and labels. */
aigc_status_t aigc__staging_reserve(aigc_context_t *context, aigc__staging_t *staging, size_t floats, size_t n_labels);
void aigc__staging_free(aigc_context_t *context, aigc__staging_t *staging);
/* Pictures of `pixels` numbers from number `first` on as f32: borrowed from the tensor, or from staging, which must
 * have room. */
const float *aigc__staged_images(const aigc_model_t *model, const aigc__staging_t *staging, const aigc_tensor_t *images,
                                 size_t first, size_t n, size_t pixels);
/* Labels must be there, and within the classes, where the model knows classes. */
aigc_status_t aigc__check_labels(const aigc_model_t *model, const int64_t *labels, size_t n);

/* Rows of one width of which the plan (verb, 0, n) of the builder makes rows of another: its feed is [n, in_width], of
 * a labelled one also "labels" i32 [n], and its first fetch [n, out_width]. */
typedef struct aigc__transfer {
    aigc__plan_builder builder;
    int32_t verb;
    const char *feed;
    size_t in_width, out_width;
    bool any_rows, is_labelled;
    aigc__staging_t *staging;
} aigc__transfer_t;
/* At most AIGC__CHUNK rows; staging has room. */
aigc_status_t aigc__run_chunk(aigc_model_t *model, const aigc__transfer_t *transfer, const float *in,
                              const int64_t *labels, size_t n, float *out);
/* All of the pictures, made f32; staging is given room. Parameters are there. */
aigc_status_t aigc__transfer_images(aigc_model_t *model, const aigc__transfer_t *transfer, const aigc_tensor_t *images,
                                    const int64_t *labels, float *out);
static inline size_t aigc__chunk_part(size_t n, size_t first)
{
    return n - first < AIGC__CHUNK ? n - first : AIGC__CHUNK;
}

/* Parameters, and room for a chunk. */
aigc_status_t aigc__sampling_prepare(aigc_model_t *model);
/* Adds what a chunk of a verb takes: see aigc__model_plan_bytes(). */
aigc_status_t aigc__chunk_memory(aigc_model_t *model, int32_t verb, uint64_t *arena, uint64_t *own);
/* The labels of a call: the caller's, or `own` (to be freed) full of the class that the options name. */
aigc_status_t aigc__choose_labels(aigc_model_t *model, const char *verb, const aigc_options_t *options,
                                  const aigc_tensor_t *given, size_t n, const int64_t **labels, void **own);
/* A new tensor of the pictures of n latents. */
aigc_status_t aigc__decode_latents(aigc_tensor_t **out, aigc_model_t *model, const float *latents,
                                   const int64_t *labels, size_t n);

/* ---- verbs of a kind's row ---- */
aigc_status_t aigc__generate(aigc_tensor_t **images, aigc_model_t *model, const aigc_options_t *options);
aigc_status_t aigc__decode(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *latents,
                           const aigc_tensor_t *labels, const aigc_options_t *options);
aigc_status_t aigc__interpolate(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *from,
                                const aigc_tensor_t *to, const aigc_options_t *options);
/* `n` pictures of seeds 0, 1, ...; classes in turn. `user` is the model: a trainee's. */
aigc_status_t aigc__preview(void *user, aigc_tensor_t **images, size_t n);
/* Bytes that a call of "generate" takes for its pictures and latents. */
aigc_status_t aigc__generate_bytes(aigc_model_t *model, const aigc_options_t *options, uint64_t *bytes);

extern const aigc__option_t aigc__generate_rows[], aigc__interpolate_rows[], aigc__class_rows[];
extern const size_t aigc__generate_row_count, aigc__interpolate_row_count, aigc__class_row_count;

#endif
