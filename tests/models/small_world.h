/* A small world for tests of models: a context on a counting allocator, a few drawn 8x8 pictures in two
 * classes, and a tiny VAE. */
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

void small_world_begin(small_world_t *world, int threads);
/* Everything must have been freed: checks that nothing is left, and removes the folder. */
void small_world_end(small_world_t *world);

/* `n` pictures; made in the world's context. */
aigc_tensor_t *small_pictures(small_world_t *world, int64_t n);
aigc_tensor_t *small_labels(small_world_t *world, int64_t n);
aigc_dataset_t *small_dataset(small_world_t *world, int64_t n);
/* hidden_dim=16 latent_dim=4 and what `more` says. */
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
