/** @file
 *  Datasets: pictures (and class labels) by index, whatever they come from. */
#ifndef AIGC_DATASET_H
#define AIGC_DATASET_H

#include <aigc/options.h>

AIGC_BEGIN_DECLS

/** Pictures by index; made by aigc_dataset_create() and its siblings. */
typedef struct aigc_dataset aigc_dataset_t;

/** Open a dataset.
 *  @param kind    "folder" (PNG and JPEG files below a folder; class = first sub-folder, where
 *                 every picture lies in one), "idx" (an
 *                 IDX image file, gzipped or not), "home-designs" (rooms drawn from a seed), or
 *                 "auto": by looking at `source`, a path or the name of a kind that needs none
 *  @param source  path; NULL for kinds that need none
 *  @param options verb "dataset" with this kind. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_create(aigc_dataset_t **out, aigc_context_t *context, const char *kind,
                                           const char *source, const aigc_options_t *options);

/** A dataset over tensors (kind "array").
 *  @param images  u8 or f32 [N,H,W,C], retained, not copied
 *  @param labels  i64 or i32 [N] counting classes from 0, or NULL. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_create_array(aigc_dataset_t **out, aigc_context_t *context, aigc_tensor_t *images,
                                                 aigc_tensor_t *labels, const aigc_options_t *options);

/** Fills one picture: `pixels` has H*W*C bytes; `*label` may be left at 0. Called in training and evaluation from a
 *  background thread, unless option background is false, otherwise from the caller's; one call at a time. Non-zero makes
 *  the running call fail with AIGC_ERROR_CANCELLED. */
typedef int32_t (*aigc_dataset_fn)(uint8_t *pixels, int64_t *label, uint64_t index, void *user);

/** A dataset whose pictures a callback makes (kind "callback").
 *  @param shape    {count, H, W, C}
 *  @param options  verb "dataset" with this kind: classes; background (true), false: `fn` is only called in the thread
 *                  that makes a call, also of its splits. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_create_callback(aigc_dataset_t **out, aigc_context_t *context, const int64_t *shape,
                                                    aigc_dataset_fn fn, void *user, const aigc_options_t *options);

/** NULL is fine; splits of a dataset keep what they need. Since 0.1. */
AIGC_API void aigc_dataset_free(aigc_dataset_t *dataset);

/** Two views by a seeded draw: `first` gets the fraction (0..1, rounded, at least one picture each).
 *  @param seed  the same seed gives the same split. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_split(aigc_dataset_t *dataset, double fraction, uint64_t seed, aigc_dataset_t **first,
                                          aigc_dataset_t **second);

/** Number of pictures; 0 for a bad handle. Since 0.1. */
AIGC_API uint64_t aigc_dataset_count(const aigc_dataset_t *dataset);

/** Height, width, channels of each picture and number of classes (0: no labels). Pointers may be NULL. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_info(const aigc_dataset_t *dataset, int64_t *height, int64_t *width,
                                         int64_t *channels, int64_t *classes);

/** Name of a class, borrowed while the dataset lives; the number as text where it has none.
 *  @return AIGC_ERROR_NOT_FOUND past the last. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_class_name(const aigc_dataset_t *dataset, int64_t index, const char **name);

/** Pictures by index as f32 [n,H,W,C] 0..1 and their labels as i64 [n].
 *  @param labels  may be NULL; receives NULL where the dataset has none. Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_batch(aigc_dataset_t *dataset, const int64_t *indices, size_t n,
                                          aigc_tensor_t **images, aigc_tensor_t **labels);

/** Write every picture as PNG into a folder (made if missing), class by sub-folder where there are
 *  labels. Each file is whole or not there; unlike saved models they may be lost with the power in the next seconds.
 *  Since 0.1. */
AIGC_API aigc_status_t aigc_dataset_export(aigc_dataset_t *dataset, const char *folder);

AIGC_END_DECLS

#endif
