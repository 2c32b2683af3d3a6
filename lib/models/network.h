/* Models from the inside: the handle, the table of kinds, and what all kinds share. */
#ifndef AIGC_MODELS_NETWORK_H
#define AIGC_MODELS_NETWORK_H

#include "data/pictures.h"
#include "graph/plan.h"
#include "optim/optimizer.h"
#include <aigc/model.h>

/* Height, width, channels and classes (0: none) of the pictures a model works on. */
typedef struct aigc__geometry {
    int64_t height, width, channels, classes;
} aigc__geometry_t;

/* One option table of a verb; a verb may have several. */
typedef struct aigc__verb_table {
    const char *verb;
    const aigc__option_t *rows;
    const size_t *n; /* where the number of rows is kept */
} aigc__verb_table_t;

/* An option that is read only where a choice beside it is one of some: "hidden_dim" where "architecture" is "mlp|..".
 * With another choice it would be passed over in silence, so giving it is an error. */
typedef struct aigc__option_need {
    const char *option, *choice, *values;
} aigc__option_need_t;

struct aigc__latent_space;
struct aigc_weights;
struct aigc__safetensors_part;

/* A kind: one row. Verbs it cannot do are NULL. Arguments were checked by kind-independent code:
 * images are f32 [n,H,W,C] of the model's geometry, labels i64 [n] within the classes or NULL. */
typedef struct aigc__model_kind {
    const char *name;
    const char *help;
    const aigc__verb_table_t *tables;
    size_t n_tables;
    const aigc__option_need_t *needs; /* beside those of the optimizers; ends with a NULL option; or NULL */
    const char *const *metrics;       /* names of all numbers its training tells; NULL after the last */
    const char *const
        *players; /* beginnings of names that a file of one network alone leaves out; NULL after the last */

    /* Resolves the create options into model->network. */
    aigc_status_t (*create)(aigc_model_t *model, const aigc_options_t *options);
    void (*free)(aigc_model_t *model);
    /* The record that the create table describes: the model's configuration. */
    void *(*config)(const aigc_model_t *model);
    aigc__geometry_t (*geometry)(const aigc_model_t *model); /* any of height, width, channels 0: not known yet */
    void (*set_geometry)(aigc_model_t *model, aigc__geometry_t geometry); /* a kind without labels leaves classes out */
    /* Appends all networks to a scratch graph so that the store learns every parameter. */
    aigc_status_t (*declare)(aigc_model_t *model, aigc__graph_t *graph);
    /* See models/sampling.h. NULL: pictures are not made from latents. */
    void (*latent_space)(const aigc_model_t *model, struct aigc__latent_space *out);
    /* Options with which a foreign file's tensors would fit, where they are of this kind. May be NULL. */
    aigc_status_t (*recognise)(const struct aigc_weights *file, aigc_options_t *options, bool *is_mine);

    aigc_status_t (*train)(aigc_model_t *model, aigc_dataset_t *dataset, aigc_dataset_t *validation,
                           const aigc_options_t *options, aigc_progress_fn progress, void *user);
    aigc_status_t (*train_step)(aigc_model_t *model, const aigc_tensor_t *images, const aigc_tensor_t *labels,
                                const aigc_options_t *options, aigc_metrics_t *metrics);
    aigc_status_t (*evaluate)(aigc_model_t *model, aigc_dataset_t *dataset, const aigc_options_t *options,
                              aigc_metrics_t *metrics, aigc_progress_fn progress, void *user);
    aigc_status_t (*generate)(aigc_tensor_t **images, aigc_model_t *model, const aigc_options_t *options);
    aigc_status_t (*encode)(aigc_tensor_t **latents, aigc_model_t *model, const aigc_tensor_t *images,
                            const aigc_tensor_t *labels, const aigc_options_t *options);
    int64_t (*code_width)(
        const aigc_model_t *model); /* numbers of a picture that encode gives; NULL where it is NULL */
    aigc_status_t (*decode)(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *latents,
                            const aigc_tensor_t *labels, const aigc_options_t *options);
    aigc_status_t (*reconstruct)(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *images,
                                 const aigc_tensor_t *labels, const aigc_options_t *options);
    aigc_status_t (*interpolate)(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *from,
                                 const aigc_tensor_t *to, const aigc_options_t *options);
    aigc_status_t (*memory)(aigc_model_t *model, const char *verb, const aigc_options_t *options, uint64_t *bytes);
} aigc__model_kind_t;

/* ---- plans of a model, made once per (verb, batch) ---- */

typedef struct aigc__plan_key {
    int32_t verb, variant;
    size_t n; /* batch */
} aigc__plan_key_t;

enum { AIGC__MAX_FETCHES = 512, AIGC__PLANS = 8 };

typedef struct aigc__plan_recipe {
    aigc__id_t fetches[AIGC__MAX_FETCHES];
    size_t n_fetches;
    size_t n_external; /* the last so many fetches are written to memory of the caller's */
    bool frozen;       /* uses the averaged parameters where there are some, folded once */
    bool assigns;      /* computes what the graph assigns to state: aigc__executor_commit() is due after a good step */
} aigc__plan_recipe_t;

/* Appends what the key asks for and fills the recipe. */
typedef aigc_status_t (*aigc__plan_builder)(aigc_model_t *model, const aigc__plan_key_t *key, aigc__graph_t *graph,
                                            aigc__plan_recipe_t *recipe);

typedef struct aigc__plan_entry {
    aigc__plan_key_t key;
    bool frozen;
    aigc__plan_t *plan;
    aigc__executor_t *executor; /* NULL until asked for, and after the arena moved */
    uint64_t parameters_seen;   /* model->parameters_version it was folded at */
    uint64_t used;
} aigc__plan_entry_t;

typedef struct aigc__plan_cache {
    aigc__plan_entry_t entries[AIGC__PLANS];
    uint64_t clock;
    void *arena; /* one for all plans: they never run at the same time */
    uint64_t arena_bytes;
} aigc__plan_cache_t;

enum { AIGC__POSITION_OWN = 8 };

/* Where a training stands, so that it can go on bit for bit. */
typedef struct aigc__position {
    uint64_t epoch, batch;                  /* epochs done, batches done in the next one */
    uint64_t seed, batch_size, fingerprint; /* of the training it belongs to */
    uint64_t images;                        /* seen in all */
    double weight;                          /* images in the sums below: means over the epoch so far */
    aigc_metrics_t sums;
    double own[AIGC__POSITION_OWN]; /* of the kind: what its steps go on from, beside parameters; saved and resumed */
    uint32_t n_own;
} aigc__position_t;

struct aigc_model {
    uint32_t kind_tag; /* AIGC__MODEL */
    _Atomic uint32_t references;
    aigc_context_t *context; /* retained */
    const aigc__model_kind_t *kind;
    void *network;                /* the kind's own */
    aigc__store_t *store;         /* sealed once the geometry is known */
    aigc__store_t *average;       /* moving average used for everything but training; or NULL */
    aigc__store_t *average_store; /* what `average` is when it is there; kept, since users' tensors may look into it */
    aigc__optimizer_t *optimizer;
    aigc__plan_cache_t plans;
    _Atomic uint64_t parameters_version;      /* grows whenever parameters change */
    _Atomic uint32_t tensors_out;             /* parameter tensors in users' hands: parameters may change any time */
    aigc__position_t position;                /* of the training that was stopped or finished last */
    const aigc_options_t *train_options;      /* of the call of train that is going on; borrowed */
    char *training_record;                    /* the options of the training that `position` is of; or NULL */
    char **class_names;                       /* of the first classes, printable; NULL after the last; or NULL */
    char *config_json;                        /* what aigc_model_config() lent last */
    char option_text[AIGC__OPTION_TEXT_SIZE]; /* what aigc_model_option() lent last */
};

const aigc__model_kind_t *aigc__model_kind(size_t index); /* NULL past the last */
const aigc__model_kind_t *aigc__model_kind_named(const char *name);

/* `builds`: the parameters are made at once where the geometry is known. */
aigc_status_t aigc__model_create(aigc_model_t **out, aigc_context_t *context, const char *kind,
                                 const aigc_options_t *options, bool builds);
void aigc__model_retain(aigc_model_t *model);
void aigc__model_release(aigc_model_t *model);

/* The record's table, "create". */
const aigc__verb_table_t *aigc__model_create_table(const aigc__model_kind_t *kind);

enum { AIGC__LARGEST_SIDE = 4096 }; /* pixels of a picture's height and width */
bool aigc__geometry_known(aigc__geometry_t geometry);
/* Names and shapes of all parameters, without memory for their numbers: the store is not sealed.
 * AIGC_ERROR_STATE with advice while the geometry is not known. */
aigc_status_t aigc__model_declare(aigc_model_t *model);
/* The parameters themselves, if they are not there yet. On failure the model is as before. */
aigc_status_t aigc__model_build(aigc_model_t *model);
/* The same after taking what is not given from a dataset; AIGC_ERROR_ARGUMENT where the two disagree. */
aigc_status_t aigc__model_fit_dataset(aigc_model_t *model, aigc_dataset_t *dataset);
aigc_status_t aigc__model_fit_images(aigc_model_t *model, const aigc_tensor_t *images); /* [n,H,W,C] */
/* What is not printable in a name becomes '?'; long names are cut. */
aigc_status_t aigc__model_set_class_names(aigc_model_t *model, const char *const *names, size_t n);

/* The store that sampling uses. */
aigc__store_t *aigc__model_sampling_store(aigc_model_t *model);
/* Makes room for a moving average, without using it yet. */
aigc_status_t aigc__model_reserve_average(aigc_model_t *model);
/* Begins (there must be room) or drops the average. `values` NULL: goes on with the one there is, or starts as
 * a copy of the parameters. */
void aigc__model_use_average(aigc_model_t *model, bool wanted, const float *values);

/* The executor for a key, ready to be fed. */
aigc_status_t aigc__model_executor(aigc_model_t *model, const aigc__plan_key_t *key, aigc__plan_builder builder,
                                   aigc__executor_t **out);
/* Beyond what is held: raises `*arena` to what the shared arena must grow by for the key's plan, and adds to `*own`
 * what its executor takes beside. */
aigc_status_t aigc__model_plan_bytes(aigc_model_t *model, const aigc__plan_key_t *key, aigc__plan_builder builder,
                                     uint64_t *arena, uint64_t *own);
void aigc__model_forget_plans(aigc_model_t *model);

/* Resolves a verb's options against all tables of the kind; records[k] belongs to the k-th table of that verb. */
aigc_status_t aigc__model_options(const aigc_model_t *model, const char *verb, const aigc_options_t *options,
                                  void *const *records, size_t n_records);

bool aigc__model_has_verb(const aigc__model_kind_t *kind, const char *verb);
/* Whether aigc__model_options() would take these, needs included: without a model, so before pictures are looked at. */
aigc_status_t aigc__model_check_options(const aigc__model_kind_t *kind, const char *verb,
                                        const aigc_options_t *options);

/* A row of a verb's tables, or NULL; and the text of its value in a set (NULL: of its default). */
const aigc__option_t *aigc__model_option_row(const aigc__model_kind_t *kind, const char *verb, const char *name);
aigc_status_t aigc__model_option_text(const aigc_options_t *options, const char *what, const aigc__option_t *row,
                                      char text[AIGC__OPTION_TEXT_SIZE]);

/* Makes numbers of an option the configuration's own: they are kept longer than the options they may point into.
 * AIGC_ERROR_OPTION unless there are 1 to 64 of them. */
aigc_status_t aigc__keep_ints(aigc__ints_t *ints, const char *option, const char *what);

/* ---- model files ---- */
enum { AIGC__METADATA = 8 };

/* What the model file and the state file say about the model: pairs for __metadata__, and the texts
 * they own. */
typedef struct aigc__model_metadata {
    const char *pairs[AIGC__METADATA][2];
    size_t n;
    char *config, *class_names;
} aigc__model_metadata_t;
/* To be freed whether it fails or not. */
aigc_status_t aigc__model_metadata(aigc_model_t *model, aigc__model_metadata_t *out);
void aigc__model_metadata_free(aigc_model_t *model, aigc__model_metadata_t *metadata);
void aigc__model_metadata_add(aigc__model_metadata_t *metadata, const char *key, const char *value); /* borrowed */
/* A whole file of them, or none. */
aigc_status_t aigc__model_write_parts(aigc_model_t *model, const char *path, const struct aigc__safetensors_part *parts,
                                      size_t n, const aigc__model_metadata_t *metadata);
/* A model of the kind and configuration that a file tells, its parameters declared but not made: what the file
 * claims must be proven by aigc__model_check_entries() first. AIGC_ERROR_CORRUPT, AIGC_ERROR_UNSUPPORTED. */
aigc_status_t aigc__model_from_metadata(aigc_model_t **out, aigc_context_t *context, struct aigc_weights *file);
/* The class names of the metadata, where there are some. */
aigc_status_t aigc__model_read_class_names(aigc_model_t *model, struct aigc_weights *file);
/* Whether the entries "<prefix><name>" are those of the declared parameters; of the trained ones only, unless
 * `with_state`. Counters may be missing: older files lack them. One message lists what is missing and mis-shaped,
 * and with `strict` what is there but not wanted. */
aigc_status_t aigc__model_check_entries(const aigc_model_t *model, struct aigc_weights *file, const char *prefix,
                                        bool with_state, bool strict);
/* Fills `block` (laid out like the store's) with the entries, after checking them. */
aigc_status_t aigc__model_read_block(const aigc_model_t *model, struct aigc_weights *file, const char *prefix,
                                     bool with_state, bool strict, float *block);

aigc_status_t aigc__model_load(aigc_model_t **out, aigc_context_t *context, const char *path,
                               const aigc_options_t *options);
aigc_status_t aigc__model_load_weights(aigc_model_t *model, const char *path, const aigc_options_t *options);
aigc_status_t aigc__model_save(aigc_model_t *model, const char *path, const aigc_options_t *options);
/* The configuration as JSON, the create options by name; frees with aigc__memory_free. */
aigc_status_t aigc__model_config_json(const aigc_model_t *model, char **out);
/* AIGC_ERROR_NUMERIC where a parameter of such a block is NaN or infinite. */
aigc_status_t aigc__model_check_finite(const aigc_model_t *model, bool with_state, const float *block);

enum { AIGC__LOAD_ROWS = 1 };
extern const aigc__option_t aigc__save_rows[], aigc__load_rows[AIGC__LOAD_ROWS], aigc__load_weights_rows[];
extern const size_t aigc__save_row_count, aigc__load_weights_row_count;

/* ---- latents ---- */
/* Row i of `out` [n,dim]: normal numbers of the stream that seeds[i] names, times temperature. Those above `truncation`
 * in size are drawn again before that, from the stream's further numbers; 0: none is. */
void aigc__latents_draw(const aigc_context_t *context, float *out, const int64_t *seeds, size_t n, size_t dim,
                        double temperature, double truncation);
/* The point at t of 0..1 between a and b: along the great circle, or straight. */
void aigc__latents_between(float *out, const float *a, const float *b, size_t dim, double t, bool spherical);

/* ---- metrics ---- */
void aigc__metrics_clear(aigc_metrics_t *metrics);
void aigc__metrics_put(aigc_metrics_t *metrics, const char *name, double value); /* ignored past AIGC_MAX_METRICS */

#endif
