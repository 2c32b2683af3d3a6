/* The training service: what training is for every kind of model. Batches, epochs, validation, progress,
 * metrics, samples, saving and resuming; a kind only says what one step is. */
#ifndef AIGC_MODELS_TRAINING_H
#define AIGC_MODELS_TRAINING_H

#include "models/network.h"

/* Options every kind's training has. */
typedef struct aigc__train_options {
    int64_t epochs, batch_size, seed; /* batch_size 0: the kind's to choose */
    int64_t shuffle, flip, resume;
    int64_t samples, samples_every, quality, quality_every, save_seconds, cache;
    double validation_split, ema; /* ema negative: none, unless the kind chooses one before it calls aigc__train() */
    const char *output;
} aigc__train_options_t;

extern const aigc__option_t aigc__train_rows[];
extern const size_t aigc__train_row_count;
/* Into aigc__optimizer_settings_t. */
extern const aigc__option_t aigc__optimizer_rows[];
extern const size_t aigc__optimizer_row_count;
extern const aigc__option_need_t aigc__optimizer_needs[];

/* What a kind does. Images are f32 [n,H,W,C], labels i64 [n]. Metrics come cleared. */
typedef struct aigc__trainee {
    /* One optimizer step; `step` counts from 0 and keys the random numbers. On failure the parameters
     * are as before. */
    aigc_status_t (*step)(void *user, const float *images, const int64_t *labels, size_t n, uint64_t step,
                          aigc_metrics_t *metrics);
    /* The same losses without learning; `batch` keys the random numbers. */
    aigc_status_t (*measure)(void *user, const float *images, const int64_t *labels, size_t n, uint64_t batch,
                             aigc_metrics_t *metrics);
    /* Sample pictures of fixed seeds. NULL: the model makes none. */
    aigc_status_t (*preview)(void *user, aigc_tensor_t **images, size_t n);
    /* Told of the training to go on with (or NULL) and of how many pictures there are, before anything else; may choose
     * the batch_size of the options it gave to aigc__train(). May be NULL. */
    aigc_status_t (*choose)(void *user, const aigc__position_t *earlier, uint64_t pictures);
    /* Told how many steps the whole training has, for schedules; may refuse it with AIGC_ERROR_OPTION. */
    aigc_status_t (*begin)(void *user, uint64_t total_steps);
    /* In a few words, how it goes by means of a training's numbers; NULL where they do not tell. NULL: the first number
     * is a loss, of which less is better. */
    const char *(*judge)(void *user, const aigc_metrics_t *means);
    void *user;
} aigc__trainee_t;

/* Trains. model->optimizer and model->average are made here (or kept when resuming). */
aigc_status_t aigc__train(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                          const aigc__train_options_t *options, const aigc__trainee_t *trainee,
                          aigc_progress_fn progress, void *user);

/* Means over a whole dataset by trainee->measure, batches of `batch_size` in order. */
aigc_status_t aigc__measure(aigc_model_t *model, aigc_dataset_t *dataset, size_t batch_size,
                            const aigc__trainee_t *trainee, const char *phase, aigc_metrics_t *metrics,
                            aigc_progress_fn progress, void *user);

/* The next run of the executor writes the gradients of a part's parameters, its fetches from `fetch` on in the store's
 * order, into the optimizer's block. */
aigc_status_t aigc__take_gradients(aigc_model_t *model, aigc__executor_t *executor, size_t fetch, uint32_t part);

/* Gradients of a goal by a part's trained parameters, in the store's order: into the recipe's places behind its
 * n_fetches, which is for the caller to raise by n_external in the end. A second goal's are added to the first's: each
 * goal's way back comes right after its way there, so that what one keeps for it is gone before the other begins. */
aigc_status_t aigc__add_gradients(aigc__graph_t *graph, aigc__store_t *store, aigc__id_t goal, uint32_t part,
                                  bool is_first, aigc__plan_recipe_t *recipe);

/* sums += metrics * weight, and the means of such sums. */
void aigc__metrics_accumulate(aigc_metrics_t *sums, const aigc_metrics_t *metrics, double weight);
void aigc__metrics_mean(aigc_metrics_t *mean, const aigc_metrics_t *sums, double weight);

/* ---- training_course.c: how fast a training goes, and how well ---- */

typedef struct aigc__pace {
    double mark;            /* when the last step or look ended */
    double seconds, images; /* of steps, the late ones mostly */
    double look;            /* seconds from an epoch's last step to the next epoch */
    uint64_t looks;
    size_t batch; /* pictures of a step that counts; 0: none was made */
} aigc__pace_t;

void aigc__pace_begin(aigc__pace_t *pace, double now);
void aigc__pace_step(aigc__pace_t *pace, double now, size_t images);
void aigc__pace_look(aigc__pace_t *pace, double now);
/* Seconds for so many pictures and ends of epochs, each of which measures `measured` pictures; negative: unknown. */
double aigc__pace_left(const aigc__pace_t *pace, uint64_t images, uint64_t looks, uint64_t measured);

typedef struct aigc__course {
    char text[96]; /* in a few words; empty: nothing to say yet */
    double distance, loss, validation;
    uint64_t epochs, rises; /* rises: epochs in a row in which only the validation's loss rose */
    bool has_distance;
} aigc__course_t;

/* `judgement`: the kind's words, or NULL. A number named "frechet", the distance of made pictures from real ones, says
 * more than those wherever it is measured. */
void aigc__course_epoch(aigc__course_t *course, const char *judgement, const aigc_metrics_t *means,
                        const aigc_metrics_t *validation);
void aigc__course_step(aigc__course_t *course, const char *judgement);

/* ---- training_state.c: everything a training needs to go on, in one safetensors file ---- */

/* Read from a file, or made for a new training, and not taken over yet. */
typedef struct aigc__state {
    aigc__optimizer_t *optimizer; /* with moments and steps */
    float *parameters, *average;  /* laid out like the store; NULL: none */
    aigc__position_t position;
    char *record; /* see below; NULL: none, from an older file */
} aigc__state_t;

aigc_status_t aigc__state_save(aigc_model_t *model, const char *path);
/* Whether there is a file to read. AIGC_ERROR_IO where that cannot be told. */
aigc_status_t aigc__state_find(const aigc_model_t *model, const char *path, bool *is_there);
/* Of a model of the same kind and configuration. To be freed whether it fails or not. */
aigc_status_t aigc__state_read(aigc__state_t *out, const aigc_model_t *model, const char *path, bool with_average);
/* Its position alone. */
aigc_status_t aigc__state_peek(aigc__position_t *out, const aigc_model_t *model, const char *path);
/* Into the model, as a whole: nothing in it can fail. Empties the state. */
void aigc__state_adopt(aigc_model_t *model, aigc__state_t *state);
void aigc__state_free(const aigc_model_t *model, aigc__state_t *state);

/* ---- training_record.c: the options of a training as JSON, kept with its state ---- */
aigc_status_t aigc__training_record(const aigc_model_t *model, const aigc_options_t *options, char **out);
/* AIGC_ERROR_STATE where a training with the options of `before` (NULL: not known) cannot go on with those of `now`. */
aigc_status_t aigc__training_refuse(const char *before, const char *now);
/* A sentence to the log about those that change its course. */
void aigc__training_tell(const aigc_model_t *model, const char *before, const char *now);

/* ---- run_files.c: what a training leaves beside its model ---- */
typedef struct aigc__run_files {
    aigc_context_t *context;
    char *model_path, *state_path, *metrics_path, *samples_folder;
    char *lines; /* the metrics file's text so far */
    size_t lines_size;
} aigc__run_files_t;

/* Names the files, makes the model's folder, and proves that it can be written to. `output` NULL: all
 * of these do nothing. */
aigc_status_t aigc__run_files_open(aigc__run_files_t *files, aigc_context_t *context, const char *output);
void aigc__run_files_close(aigc__run_files_t *files);
/* Keeps the lines of the first `epochs` epochs of an earlier run. */
aigc_status_t aigc__run_files_keep(aigc__run_files_t *files, uint64_t epochs);
/* The line of an epoch, numbers from 1. */
aigc_status_t aigc__run_files_metrics(aigc__run_files_t *files, uint64_t epoch, uint64_t images, double seconds,
                                      const aigc_metrics_t *train, const aigc_metrics_t *validation);
/* A grid of pictures, named "<unit>-<number>" with so many digits at least. */
aigc_status_t aigc__run_files_samples(aigc__run_files_t *files, const char *unit, int digits, uint64_t number,
                                      const aigc_tensor_t *images);

#endif
