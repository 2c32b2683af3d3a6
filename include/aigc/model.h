/** @file
 *  Models by kind: one noun, few verbs. What a kind cannot do returns AIGC_ERROR_UNSUPPORTED. */
#ifndef AIGC_MODEL_H
#define AIGC_MODEL_H

#include <aigc/dataset.h>

AIGC_BEGIN_DECLS

/** A network and its training; made by aigc_model_create() or aigc_model_load(). */
typedef struct aigc_model aigc_model_t;

/** Limits of #aigc_metrics_t. */
enum {
    AIGC_MAX_METRICS = 16 /**< most numbers in one set */
};

/** Named numbers of one step, epoch or evaluation. Losses are in nats per image. */
typedef struct aigc_metrics {
    size_t struct_size; /**< sizeof(aigc_metrics_t), set by the caller */
    uint64_t step;      /**< optimizer steps done so far */
    uint32_t count;     /**< names and values that are filled in */
    uint32_t reserved;  /**< 0 */
    const char *names[AIGC_MAX_METRICS]; /**< static strings */
    double values[AIGC_MAX_METRICS];     /**< in the order of the names */
    char space[64]; /**< feature space of distances among the numbers, else ""; numbers of different spaces do not compare.
                     *   Since 0.4 */
} aigc_metrics_t;

/** Where a long call stands. `phase` is a static string: "train", "evaluate". */
typedef struct aigc_progress {
    size_t struct_size;      /**< sizeof(aigc_progress_t) of the library */
    const char *phase;       /**< what is going on */
    uint64_t step;           /**< steps done within the epoch */
    uint64_t steps;          /**< steps of the epoch */
    uint64_t epoch;          /**< from 1 */
    uint64_t epochs;         /**< how many there will be */
    uint64_t images;         /**< seen so far in this call */
    double seconds;          /**< since the call began */
    double seconds_left;     /**< estimated; negative while unknown */
    const aigc_metrics_t *metrics; /**< running means over the epoch so far */
    const aigc_metrics_t *validation; /**< at an epoch's end where there are validation pictures; else NULL */
    aigc_tensor_t *preview;  /**< sample images, at the end of an epoch or every `samples_every` steps; borrowed, mostly NULL */
    const char *verdict;     /**< how it goes, in a few words for a person ("falling, was 251.0", "even game", "distance
                                  12.3 (was 15.1), better"); borrowed; NULL: nothing to say. Since API 0.4 */
} aigc_progress_t;

/** Called from the thread that made the call, at most every 50 ms and at every epoch's end. Non-zero
 *  stops: the call returns AIGC_ERROR_CANCELLED and aigc_last_error() quotes the number. May look at
 *  tensors, free handles and call aigc_context_cancel(); what else works on the context is refused with
 *  AIGC_ERROR_STATE. */
typedef int32_t (*aigc_progress_fn)(const aigc_progress_t *progress, void *user);

/** A new, untrained model.
 *  @param kind     "vae", "gan", "classifier"
 *  @param options  verb "create" with this kind. Where height, width or channels are not given, the
 *                  network is built when the first training (or encoding) shows the pictures; until then verbs that
 *                  need it return AIGC_ERROR_STATE.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND: no such kind; AIGC_ERROR_OPTION; AIGC_ERROR_MEMORY. Since 0.1. */
AIGC_API aigc_status_t aigc_model_create(aigc_model_t **out, aigc_context_t *context, const char *kind,
                                         const aigc_options_t *options);

/** Read a model from its safetensors file; or, from any file that aigc_weights_open() reads, a state dict of PyTorch that
 *  is known by its names: the classic VAE, a DCGAN's generator (the discriminator is new then). Memory is taken for what
 *  the file proves to hold, not for what it claims.
 *  @param options  verb "load": finite (NaN and infinity are an error)
 *  @return AIGC_OK; AIGC_ERROR_IO; AIGC_ERROR_CORRUPT; AIGC_ERROR_UNSUPPORTED; ... one message lists
 *          all missing, unexpected and mis-shaped tensors. Since 0.1. */
AIGC_API aigc_status_t aigc_model_load(aigc_model_t **out, aigc_context_t *context, const char *path,
                                       const aigc_options_t *options);

/** Fill a model's parameters by name and shape from any file that aigc_weights_open() reads. One message lists all
 *  missing, unexpected and mis-shaped tensors. A file of one player of a GAN alone, with the names of that network's own
 *  state dict, fills that player.
 *  @param options  verb "load_weights": prefix, strict (false: what the file lacks stays, what it has too much is passed
 *                  over), finite. On failure the model is as before. Since 0.1. */
AIGC_API aigc_status_t aigc_model_load_weights(aigc_model_t *model, const char *path, const aigc_options_t *options);

/** Write the model, whole or not at all; what stood at `path` survives any failure.
 *  @param options  verb "save": dtype ("f32", "f16", "bf16"). Since 0.1. */
AIGC_API aigc_status_t aigc_model_save(aigc_model_t *model, const char *path, const aigc_options_t *options);

/** Train. With option `output` it also writes: after every epoch a line of NAME.metrics.jsonl and
 *  NAME.samples/epoch-NNNN.png, or every `samples_every` steps NAME.samples/step-NNNNNNNN.png; at the end, when
 *  stopped, and on the way every `save_seconds` the model and NAME.state.safetensors (to resume). With option `ema` everything but training itself uses the
 *  moving average of the parameters.
 *  @param validation  may be NULL
 *  @param options     verb "train" with this kind
 *  @return AIGC_OK; AIGC_ERROR_CANCELLED (resumable); AIGC_ERROR_NUMERIC (step and tensor named, the
 *          last good state kept); ... Since 0.1. */
AIGC_API aigc_status_t aigc_model_train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                                        const aigc_options_t *options, aigc_progress_fn progress, void *user);

/** One optimizer step on the caller's batch.
 *  @param images   f32 or u8 [n,H,W,C]
 *  @param labels   i64 [n] for a conditional model, else NULL
 *  @param options  verb "train_step" with this kind; vae: those of the optimizer, beta, seed, and `noise`,
 *                  an f32 tensor [n,latent_dim] used instead of drawn numbers
 *  @param metrics  may be NULL
 *  After the first call with the same n nothing is allocated. On failure the parameters are as
 *  before the step. Since 0.1. */
AIGC_API aigc_status_t aigc_model_train_step(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                             const aigc_options_t *options, aigc_metrics_t *metrics);

/** Measure on a dataset without learning. A vae tells loss, reconstruction and kl, always with beta 1, so that loss is
 *  the negative ELBO; a classifier loss and accuracy (0..1). Of a vae and a gan pictures are made too and held against
 *  those of the dataset, unless option samples is 0: see aigc_dataset_compare() for these numbers. The same seed gives the
 *  same numbers on any number of threads.
 *  @param metrics  needed
 *  @param options  verb "evaluate" with this kind: samples, pictures, seed, features, neighbours, batch_size. Since 0.1. */
AIGC_API aigc_status_t aigc_model_evaluate(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                                           aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);

/** Measure how far made pictures are from real ones. In metrics:
 *  - `frechet`: the Frechet distance of Gaussians fitted to the features of both sets (known as FID where the features
 *    are those of a certain network); 0 is best;
 *  - `kid`: the kernel distance, unbiased, so that it may be a little below 0, also of few pictures; 0 is best;
 *  - `precision`, the part of the made pictures that could be real ones, and `recall`, the part of the real ones that
 *    could have been made, both 0..1;
 *  - `least_class`, `most_class`: where the features are a classifier's, the part of the made pictures that it takes for
 *    the rarest and for the most frequent class;
 *  - `made` and `real`: how many pictures were looked at.
 *
 *  All of it is relative to the feature space that metrics->space names: the built-in one, or by option features a file's.
 *  @param made, real  of one context; of any sizes and channels
 *  @param options     verb "compare" without a kind: samples, pictures, features, neighbours
 *  @param metrics     needed
 *  @return AIGC_ERROR_ARGUMENT: less than two pictures; ... Since 0.4. */
AIGC_API aigc_status_t aigc_dataset_compare(aigc_dataset_t *made, aigc_dataset_t *real, const aigc_options_t *options,
                                            aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);

/** New images f32 [n,H,W,C] 0..1; the same seed gives the same picture in any batch and on any
 *  number of threads. @param options verb "generate": n, seed or seeds, class, temperature. Since 0.1. */
AIGC_API aigc_status_t aigc_model_generate(aigc_tensor_t **images, aigc_model_t *model, const aigc_options_t *options);

/** Images [n,H,W,C] f32 or u8 to latents f32 [n,latent_dim] (vae: the means). A conditional model needs labels as in
 *  train_step, or for all of them the option class; the same below. @param options verb "encode". Since 0.1. */
AIGC_API aigc_status_t aigc_model_encode(aigc_tensor_t **latents, aigc_model_t *model, const aigc_tensor_t *images,
                                         const aigc_tensor_t *labels, const aigc_options_t *options);

/** Latents f32 [n,latent_dim] or [latent_dim] to images f32 [n,H,W,C]. @param labels  i64 [n] for a
 *  conditional model, else NULL. @param options verb "decode". Since 0.1. */
AIGC_API aigc_status_t aigc_model_decode(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *latents,
                                         const aigc_tensor_t *labels, const aigc_options_t *options);

/** Encode and decode. @param options verb "reconstruct". Since 0.1. */
AIGC_API aigc_status_t aigc_model_reconstruct(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *images,
                                              const aigc_tensor_t *labels, const aigc_options_t *options);

/** `steps` images on the way from one latent to another, ends included.
 *  @param from, to  f32 [latent_dim] or [1,latent_dim]; both NULL: drawn from option `seeds`
 *  @param options   verb "interpolate": steps, seeds, mode ("spherical", "linear"), class. Since 0.1. */
AIGC_API aigc_status_t aigc_model_interpolate(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *from,
                                              const aigc_tensor_t *to, const aigc_options_t *options);

/** Parameter `index`: its name (borrowed) and a tensor over the live numbers, retained for the
 *  caller, who releases it. Writing to it changes the model; where training keeps a moving average,
 *  it is the average that is lent. Either pointer may be NULL.
 *  @return AIGC_ERROR_NOT_FOUND past the last. Since 0.1. */
AIGC_API aigc_status_t aigc_model_parameter(aigc_model_t *model, size_t index, const char **name, aigc_tensor_t **tensor);

/** Kind and options as JSON text, borrowed until the next call on the model. Since 0.1. */
AIGC_API aigc_status_t aigc_model_config(aigc_model_t *model, const char **kind, const char **json);

/** Option `index` of those the model was created with, as its table has them (aigc_option_info() of verb "create" and the
 *  model's kind has the type), sizes learned from pictures included; the value as text that aigc_options_set_string() takes.
 *  Both are borrowed until the next call on the model; either pointer may be NULL.
 *  @return AIGC_ERROR_NOT_FOUND past the last. Since 0.1. */
AIGC_API aigc_status_t aigc_model_option(aigc_model_t *model, size_t index, const char **name, const char **value);

/** Bytes a verb ("train", "generate", "encode", "decode") will need beyond what is held now, before
 *  doing it, without what the caller's pictures take. @param options as for the verb. Since 0.1. */
AIGC_API aigc_status_t aigc_model_memory(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes);

/** NULL is fine. Since 0.1. */
AIGC_API void aigc_model_free(aigc_model_t *model);

AIGC_END_DECLS

#endif
