/** @file
 *  All of the interface. */

/** @mainpage
 * libaigc: train and run generative models on ordinary CPUs. The tour, shortest way first:
 *
 * @code{.c}
 *   aigc_context_t *context = NULL;   // threads and memory
 *   aigc_dataset_t *rooms = NULL;     // pictures
 *   aigc_model_t *model = NULL;       // a network and its training
 *   aigc_tensor_t *images = NULL;     // numbers
 *
 *   aigc_context_create(&context, NULL);
 *   aigc_dataset_create(&rooms, context, "home-designs", NULL, NULL);
 *   aigc_model_create(&model, context, "vae", NULL);
 *   aigc_model_train(model, rooms, NULL, NULL, NULL, NULL);
 *   aigc_model_generate(&images, model, NULL);
 *   aigc_image_write_grid(images, "designs.png", NULL);
 * @endcode
 *
 * Every fallible call returns an aigc_status_t: 0, or a negative code whose full sentence aigc_last_error() gives.
 * Results leave through pointers, new handles through the first; on failure what they point to is left untouched.
 * NULL options mean defaults. Handles may be freed in any order; freeing NULL is fine. A context and what belongs to
 * it is used from one thread at a time; only aigc_context_cancel() may be called from any thread or from a signal
 * handler.
 *
 * In the order in which one needs them: context.h, dataset.h, model.h, options.h, image.h, tensor.h,
 * weights.h, status.h, version.h. */
#ifndef AIGC_AIGC_H
#define AIGC_AIGC_H

#include <aigc/status.h>
#include <aigc/version.h>
#include <aigc/context.h>
#include <aigc/tensor.h>
#include <aigc/options.h>
#include <aigc/image.h>
#include <aigc/dataset.h>
#include <aigc/model.h>
#include <aigc/weights.h>

#endif
