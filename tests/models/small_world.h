/* A small world for tests of models: a context on a counting allocator, a few drawn 8x8 pictures in two
 * classes, and tiny models of every kind. What a test promises of one kind it promises of all: it makes its models with
 * small_model() and is run by run_on_all_kinds(). A new kind, or a network with state of another sort, joins all those
 * tests by a row in small_kinds. */
#ifndef AIGC_TEST_SMALL_WORLD_H
#define AIGC_TEST_SMALL_WORLD_H

#include "support/fault_memory.h"
#include <aigc/aigc.h>

enum { WORLD_SIDE = 8, WORLD_PIXELS = WORLD_SIDE * WORLD_SIDE };

typedef struct small_world {
    test_memory_t memory;
    aigc_context_t *context;
    char folder[64]; /* a fresh temporary folder */
} small_world_t;

/* A model as small as can be, and what training it must not lose. */
typedef struct small_kind {
    const char *name, *kind;
    const char *create; /* options, but for the pictures' size */
    const char *other;  /* more of them: a network that shares some parameters, no more */
    const char *large;  /* more of them: a network whose numbers are most of what it takes */
    const char *train;  /* options with which a training has state of every sort */
    size_t n_metrics;
} small_kind_t;

extern const small_kind_t small_kinds[]; /* a row without a name at the end */
/* The row that run_on_all_kinds() has come to; the first outside of it. */
extern const small_kind_t *small_kind;

struct CMUnitTest;
/* As cmocka_run_group_tests(), once for each row. */
int run_on_all_kinds_of(const struct CMUnitTest *tests, size_t n, int (*setup)(void **), int (*teardown)(void **));
#define run_on_all_kinds(tests) run_on_all_kinds_of(tests, sizeof(tests) / sizeof *(tests), NULL, NULL)

void small_world_begin(small_world_t *world, int threads);
/* With the instructions of that level: false where this machine has none, and there is no world. */
bool small_world_begin_at(small_world_t *world, int threads, const char *cpu);
/* Everything must have been freed: checks that nothing is left, and removes the folder. */
void small_world_end(small_world_t *world);

/* `n` pictures; made in the world's context. */
aigc_tensor_t *small_pictures(small_world_t *world, int64_t n);
aigc_tensor_t *small_labels(small_world_t *world, int64_t n);
aigc_dataset_t *small_dataset(small_world_t *world, int64_t n);
#define SMALL_SIZE "height=8 width=8 channels=1" /* that of the pictures */
/* Of the row's kind and options, and what `more` says. */
aigc_model_t *small_model(small_world_t *world, const char *more);
aigc_status_t small_model_create(aigc_model_t **model, aigc_context_t *context, const char *more);
/* The first row's: a VAE with hidden_dim=16 latent_dim=4. */
aigc_model_t *small_vae(small_world_t *world, const char *more);
/* Options from text and, where not NULL, output=<folder>/<output>. */
aigc_options_t *small_options(const small_world_t *world, const char *text, const char *output);
/* "<folder>/<name>" in a static buffer; four may be in use. */
const char *small_path(const small_world_t *world, const char *name);

/* Whole file, malloc'd. */
char *read_file(const char *path, size_t *size);
int files_equal(const char *a, const char *b);

/* All parameters in one malloc'd array. */
float *copy_parameters(aigc_model_t *model, size_t *n);

#endif
