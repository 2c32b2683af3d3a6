#include "models/sampling.h"
#include "base/sizes.h"
#include <stddef.h>
#include <string.h>

typedef struct generate_options {
    int64_t n, seed;
    aigc__ints_t seeds;
    const char *class_name;
    double temperature, truncation;
} generate_options_t;

const aigc__option_t aigc__generate_rows[] = {
    {"n", AIGC__OPTION_INT, offsetof(generate_options_t, n), "1", 1, 1e6, NULL,
     "pictures, of seeds seed, seed + 1, ..."},
    {"seed", AIGC__OPTION_INT, offsetof(generate_options_t, seed), "0", 0, 9e18, NULL, "seed of the first picture"},
    {"seeds", AIGC__OPTION_INTS, offsetof(generate_options_t, seeds), "", 0, 9e18, NULL,
     "a picture for each, such as 0,1,4-6; instead of n and seed"},
    {"class", AIGC__OPTION_STRING, offsetof(generate_options_t, class_name), "", 0, 0, NULL,
     "conditional model: name or number of the class (default: all in turn)"},
    {"temperature", AIGC__OPTION_FLOAT, offsetof(generate_options_t, temperature), "1", 0, 10, NULL,
     "deviation of the latents: below 1 more typical, above 1 more unusual"},
    {"truncation", AIGC__OPTION_FLOAT, offsetof(generate_options_t, truncation), "0", 0, 10, NULL,
     "greatest size of a latent's numbers, 0.05 or more, before temperature: larger ones are drawn again, which leaves "
     "typical pictures (0: no limit)"},
};
const size_t aigc__generate_row_count = sizeof aigc__generate_rows / sizeof *aigc__generate_rows;

typedef struct class_options {
    const char *class_name;
} class_options_t;

const aigc__option_t aigc__class_rows[] = {
    {"class", AIGC__OPTION_STRING, offsetof(class_options_t, class_name), "", 0, 0, NULL,
     "conditional model without labels: name or number of the class of all"},
};
const size_t aigc__class_row_count = sizeof aigc__class_rows / sizeof *aigc__class_rows;

typedef struct interpolate_options {
    int64_t steps, mode;
    aigc__ints_t seeds;
    const char *class_name;
} interpolate_options_t;

const aigc__option_t aigc__interpolate_rows[] = {
    {"steps", AIGC__OPTION_INT, offsetof(interpolate_options_t, steps), "8", 2, 100000, NULL,
     "pictures from one end to the other, ends included"},
    {"seeds", AIGC__OPTION_INTS, offsetof(interpolate_options_t, seeds), "0,1", 0, 9e18, NULL,
     "seeds of the ends; more than two: a chain of `steps` pictures each"},
    {"mode", AIGC__OPTION_CHOICE, offsetof(interpolate_options_t, mode), "spherical", 0, 0, "spherical|linear",
     "way through the latent space"},
    {"class", AIGC__OPTION_STRING, offsetof(interpolate_options_t, class_name), "", 0, 0, NULL,
     "conditional model: name or number of the class (default: the first)"},
};
const size_t aigc__interpolate_row_count = sizeof aigc__interpolate_rows / sizeof *aigc__interpolate_rows;

/* ---- staging ---- */

aigc_status_t aigc__staging_reserve(aigc_context_t *context, aigc__staging_t *staging, size_t floats, size_t n_labels)
{
    aigc__memory_t *memory = &context->memory;
    size_t bytes = 0;
    void *rows = NULL, *labels = NULL;
    if (floats > staging->floats) {
        AIGC__TRY(aigc__bytes_of(floats, sizeof *staging->rows, &bytes));
        AIGC__TRY(aigc__memory_alloc(memory, bytes, &rows));
        aigc__memory_free(memory, staging->rows);
        staging->rows = rows;
        staging->floats = floats;
    }
    if (n_labels <= staging->n_labels) return AIGC_OK;
    AIGC__TRY(aigc__bytes_of(n_labels, sizeof *staging->labels, &bytes));
    AIGC__TRY(aigc__memory_alloc(memory, bytes, &labels));
    aigc__memory_free(memory, staging->labels);
    staging->labels = labels;
    staging->n_labels = n_labels;
    return AIGC_OK;
}

void aigc__staging_free(aigc_context_t *context, aigc__staging_t *staging)
{
    aigc__memory_free(&context->memory, staging->rows);
    aigc__memory_free(&context->memory, staging->labels);
    *staging = (aigc__staging_t){.rows = NULL};
}

const float *aigc__staged_images(const aigc_model_t *model, const aigc__staging_t *staging, const aigc_tensor_t *images,
                                 size_t first, size_t n, size_t pixels)
{
    if (images->dtype == AIGC_DTYPE_F32) return (const float *)images->data + first * pixels;
    model->context->kernels->u8_to_f32(staging->rows, (const uint8_t *)images->data + first * pixels, n * pixels);
    return staging->rows;
}

aigc_status_t aigc__check_labels(const aigc_model_t *model, const int64_t *labels, size_t n)
{
    const int64_t classes = model->kind->geometry(model).classes;
    if (classes == 0) return AIGC_OK;
    if (labels == NULL) return aigc__fail(AIGC_ERROR_ARGUMENT, "the model knows classes: labels are needed");
    for (size_t i = 0; i < n; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return aigc__fail(AIGC_ERROR_ARGUMENT, "label %zu is %lld; the model knows classes 0 to %d", i,
                              (long long)labels[i], (int)classes - 1);
    return AIGC_OK;
}

/* ---- chunks ---- */

/* Rows of the plan that so many go through. */
static size_t plan_rows(bool any_rows, size_t n)
{
    enum { FEW = 8 };
    if (!any_rows || n > FEW) return AIGC__CHUNK;
    return n > 1 ? FEW : 1;
}

static size_t chunk_floats(const aigc__latent_space_t *space)
{
    const size_t pixels = aigc__space_pixels(space), dim = (size_t)space->dim;
    return AIGC__CHUNK * (pixels > dim ? pixels : dim);
}

aigc_status_t aigc__sampling_prepare(aigc_model_t *model)
{
    AIGC__TRY(aigc__model_build(model));
    const aigc__latent_space_t space = aigc__latent_space(model);
    return aigc__staging_reserve(model->context, space.staging, chunk_floats(&space),
                                 space.classes > 0 ? AIGC__CHUNK : 0);
}

aigc_status_t aigc__chunk_memory(aigc_model_t *model, int32_t verb, uint64_t *arena, uint64_t *own)
{
    const aigc__latent_space_t space = aigc__latent_space(model);
    static const size_t counts[] = {AIGC__CHUNK, 2, 1};
    for (size_t k = 0; k < (space.any_rows ? sizeof counts / sizeof *counts : 1); k++) {
        const aigc__plan_key_t key = {verb, 0, plan_rows(space.any_rows, counts[k])};
        AIGC__TRY(aigc__model_plan_bytes(model, &key, space.builder, arena, own));
    }
    if (space.staging->floats < chunk_floats(&space)) *own += chunk_floats(&space) * sizeof(float);
    return AIGC_OK;
}

/* The rows in front of staging, the rest of the chunk zero. */
aigc_status_t aigc__run_chunk(aigc_model_t *model, const aigc__transfer_t *t, const float *in, const int64_t *labels,
                              size_t n, float *out)
{
    const size_t all = plan_rows(t->any_rows, n);
    const aigc__plan_key_t key = {t->verb, 0, all};
    float *rows = t->staging->rows;
    aigc__executor_t *executor = NULL;
    if (in != rows) memcpy(rows, in, n * t->in_width * sizeof *in);
    memset(rows + n * t->in_width, 0, (all - n) * t->in_width * sizeof *in);
    AIGC__TRY(aigc__model_executor(model, &key, t->builder, &executor));
    AIGC__TRY(aigc__executor_set_feed(executor, t->feed, rows));
    if (t->is_labelled) {
        for (size_t i = 0; i < all; i++) t->staging->labels[i] = i < n ? (int32_t)labels[i] : 0;
        AIGC__TRY(aigc__executor_set_feed(executor, "labels", t->staging->labels));
    }
    AIGC__TRY(aigc__executor_run(executor, 0, 0));
    memcpy(out, aigc__executor_fetch(executor, 0), n * t->out_width * sizeof *out);
    return AIGC_OK;
}

aigc_status_t aigc__transfer_images(aigc_model_t *model, const aigc__transfer_t *t, const aigc_tensor_t *images,
                                    const int64_t *labels, float *out)
{
    const size_t n = (size_t)images->shape[0];
    if (t->is_labelled) AIGC__TRY(aigc__check_labels(model, labels, n));
    AIGC__TRY(
        aigc__staging_reserve(model->context, t->staging, AIGC__CHUNK * t->in_width, t->is_labelled ? AIGC__CHUNK : 0));
    for (size_t first = 0; first < n; first += AIGC__CHUNK) {
        const size_t part = aigc__chunk_part(n, first);
        AIGC__TRY(aigc__check_cancel(model->context));
        AIGC__TRY(aigc__run_chunk(model, t, aigc__staged_images(model, t->staging, images, first, part, t->in_width),
                                  labels ? labels + first : NULL, part, out + first * t->out_width));
    }
    return AIGC_OK;
}

static aigc_status_t decode_rows(aigc_model_t *model, const float *latents, const int64_t *labels, size_t n, float *out)
{
    const aigc__latent_space_t space = aigc__latent_space(model);
    const aigc__transfer_t t = {
        space.builder,  space.decode,      "latents",    (size_t)space.dim, aigc__space_pixels(&space),
        space.any_rows, space.classes > 0, space.staging};
    AIGC__TRY(aigc__check_labels(model, labels, n));
    for (size_t first = 0; first < n; first += AIGC__CHUNK) {
        AIGC__TRY(aigc__check_cancel(model->context));
        AIGC__TRY(aigc__run_chunk(model, &t, latents + first * t.in_width, labels ? labels + first : NULL,
                                  aigc__chunk_part(n, first), out + first * t.out_width));
    }
    return AIGC_OK;
}

static aigc_status_t new_images(aigc_tensor_t **out, const aigc_model_t *model, size_t n)
{
    const aigc__latent_space_t space = aigc__latent_space(model);
    return aigc__tensor_create_raw(out, model->context, AIGC_DTYPE_F32, 4,
                                   (int64_t[]){(int64_t)n, space.height, space.width, space.channels});
}

static size_t dim_of(const aigc_model_t *model) { return (size_t)aigc__latent_space(model).dim; }

/* ---- classes ---- */

static bool parse_index(const char *text, int64_t *out)
{
    int64_t n = 0;
    for (const char *c = text; *c; c++) {
        if (*c < '0' || *c > '9' || n > 1000000) return false;
        n = n * 10 + (*c - '0');
    }
    *out = n;
    return *text != '\0';
}

/* A name first, then a number. */
static aigc_status_t find_class(const aigc_model_t *model, const char *name, int64_t *out)
{
    const int64_t classes = aigc__latent_space(model).classes;
    if (classes == 0) return aigc__fail(AIGC_ERROR_OPTION, "option class: the model was not trained with classes");
    for (char **known = model->class_names; known && *known; known++)
        if (strcmp(*known, name) == 0) {
            *out = known - model->class_names;
            return AIGC_OK;
        }
    if (parse_index(name, out) && *out < classes) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_OPTION, "option class: there is no class '%s'; the model knows %d, numbers 0 to %d%s",
                      name, (int)classes, (int)classes - 1, model->class_names ? " or by name" : "");
}

static aigc_status_t fill_labels(const aigc_model_t *model, const char *class_name, int64_t *labels, size_t n,
                                 bool in_turn)
{
    const int64_t classes = aigc__latent_space(model).classes;
    int64_t chosen = 0;
    if (class_name) AIGC__TRY(find_class(model, class_name, &chosen));
    for (size_t i = 0; i < n; i++) labels[i] = !class_name && in_turn && classes > 0 ? (int64_t)i % classes : chosen;
    return AIGC_OK;
}

/* Latents and labels of a call, in one block. */
typedef struct codes {
    float *latents;
    int64_t *labels;
} codes_t;

static aigc_status_t allocate_codes(aigc_model_t *model, size_t n, codes_t *out)
{
    const size_t width = dim_of(model);
    size_t latents = 0, labels = 0, bytes = 0;
    void *block = NULL;
    AIGC__TRY(aigc__bytes_of(n, width * sizeof(float), &latents));
    AIGC__TRY(aigc__bytes_aligned(latents, &latents));
    AIGC__TRY(aigc__bytes_of(n, sizeof(int64_t), &labels));
    AIGC__TRY(aigc__bytes_sum(latents, labels, &bytes));
    AIGC__TRY(aigc__memory_alloc(&model->context->memory, bytes, &block));
    out->latents = block;
    out->labels = (int64_t *)(void *)((char *)block + latents);
    return AIGC_OK;
}

/* The labels of a call: the caller's, or `own` (to be freed) full of the class that the options name. */
aigc_status_t aigc__choose_labels(aigc_model_t *model, const char *verb, const aigc_options_t *options,
                                  const aigc_tensor_t *given, size_t n, const int64_t **labels, void **own)
{
    class_options_t named;
    size_t bytes = 0;
    AIGC__TRY(aigc__model_options(model, verb, options, (void *[]){&named}, 1));
    *labels = given ? given->data : NULL;
    if (aigc__latent_space(model).classes > 0 && !given && !named.class_name)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "the model is conditional: give labels, or with option class one class for all");
    if (named.class_name == NULL) return AIGC_OK;
    if (given) return aigc__fail(AIGC_ERROR_OPTION, "option class: there are labels already");
    AIGC__TRY(aigc__bytes_of(n, sizeof **labels, &bytes));
    AIGC__TRY(aigc__memory_alloc(&model->context->memory, bytes, own));
    *labels = *own;
    return fill_labels(model, named.class_name, *own, n, false);
}

/* ---- verbs ---- */

#define LEAST_TRUNCATION 0.05 /* below it nearly all numbers would be drawn again and again */

static size_t count_of(const generate_options_t *given)
{
    return given->seeds.n > 0 ? given->seeds.n : (size_t)given->n;
}

static aigc_status_t generate(aigc_tensor_t **out, aigc_model_t *model, const generate_options_t *given)
{
    const size_t width = dim_of(model), n = count_of(given);
    codes_t codes = {NULL, NULL};
    aigc_tensor_t *images = NULL;
    aigc_status_t status;
    if (given->truncation > 0 && given->truncation < LEAST_TRUNCATION)
        return aigc__fail(AIGC_ERROR_OPTION, "option truncation: it must be 0, or 0.05 and more");
    AIGC__GOTO(done, aigc__sampling_prepare(model));
    AIGC__GOTO(done, allocate_codes(model, n, &codes));
    for (size_t i = 0; i < n; i++) {
        const int64_t seed = given->seeds.n > 0 ? given->seeds.values[i] : (int64_t)((uint64_t)given->seed + i);
        aigc__latents_draw(model->context, codes.latents + i * width, &seed, 1, width, given->temperature,
                           given->truncation);
    }
    AIGC__GOTO(done, fill_labels(model, given->class_name, codes.labels, n, true));
    AIGC__GOTO(done, new_images(&images, model, n));
    AIGC__GOTO(done, decode_rows(model, codes.latents, codes.labels, n, images->data));
    *out = images;
    images = NULL;
done:
    aigc__tensor_release(images);
    aigc__memory_free(&model->context->memory, codes.latents);
    return status;
}

aigc_status_t aigc__generate(aigc_tensor_t **images, aigc_model_t *model, const aigc_options_t *options)
{
    generate_options_t given;
    AIGC__TRY(aigc__model_options(model, "generate", options, (void *[]){&given}, 1));
    return generate(images, model, &given);
}

aigc_status_t aigc__generate_bytes(aigc_model_t *model, const aigc_options_t *options, uint64_t *bytes)
{
    generate_options_t given;
    AIGC__TRY(aigc__model_options(model, "generate", options, (void *[]){&given}, 1));
    const aigc__latent_space_t space = aigc__latent_space(model);
    const uint64_t n = count_of(&given);
    enum { FEW_BLOCKS = 1024 }; /* what the allocator adds to each */
    *bytes +=
        n * ((uint64_t)(aigc__space_pixels(&space) + (size_t)space.dim) * sizeof(float) + sizeof(int64_t)) + FEW_BLOCKS;
    return AIGC_OK;
}

aigc_status_t aigc__preview(void *user, aigc_tensor_t **images, size_t n)
{
    return generate(images, user, &(generate_options_t){.n = (int64_t)n, .temperature = 1});
}

aigc_status_t aigc__decode_latents(aigc_tensor_t **out, aigc_model_t *model, const float *latents,
                                   const int64_t *labels, size_t n)
{
    aigc_tensor_t *made = NULL;
    AIGC__TRY(aigc__sampling_prepare(model));
    AIGC__TRY(new_images(&made, model, n));
    const aigc_status_t status = decode_rows(model, latents, labels, n, made->data);
    if (status == AIGC_OK)
        *out = made;
    else
        aigc__tensor_release(made);
    return status;
}

static aigc_status_t check_latents(const aigc_model_t *model, const aigc_tensor_t *latents, const char *argument)
{
    const int64_t width = aigc__latent_space(model).dim;
    if (latents->dtype != AIGC_DTYPE_F32 || latents->rank < 1 || latents->rank > 2 ||
        latents->shape[latents->rank - 1] != width)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "%s must be an f32 tensor [n,%d]", argument, (int)width);
    return AIGC_OK;
}

aigc_status_t aigc__decode(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *latents,
                           const aigc_tensor_t *labels, const aigc_options_t *options)
{
    const int64_t *chosen = NULL;
    void *own = NULL;
    AIGC__TRY(check_latents(model, latents, "latents"));
    const size_t n = latents->rank == 2 ? (size_t)latents->shape[0] : 1;
    aigc_status_t status = aigc__choose_labels(model, "decode", options, labels, n, &chosen, &own);
    if (status == AIGC_OK) status = aigc__decode_latents(images, model, latents->data, chosen, n);
    aigc__memory_free(&model->context->memory, own);
    return status;
}

/* The ends of the chain, [ends, latent_dim]: given, or drawn from seeds. */
static aigc_status_t chain_ends(aigc_model_t *model, const aigc_tensor_t *from, const aigc_tensor_t *to,
                                const interpolate_options_t *given, float *ends, size_t n)
{
    const size_t width = dim_of(model);
    if (from == NULL) {
        aigc__latents_draw(model->context, ends, given->seeds.values, n, width, 1, 0);
        return AIGC_OK;
    }
    if (from->count != width || to->count != width)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "the ends of an interpolation must be single latents of %zu numbers",
                          width);
    memcpy(ends, from->data, width * sizeof *ends);
    memcpy(ends + width, to->data, width * sizeof *ends);
    return AIGC_OK;
}

static void fill_chain(float *latents, const float *ends, size_t n_ends, size_t steps, size_t width, bool spherical)
{
    for (size_t leg = 0; leg + 1 < n_ends; leg++)
        for (size_t k = 0; k < steps; k++) {
            const double t = (double)k / (double)(steps - 1);
            aigc__latents_between(latents + (leg * steps + k) * width, ends + leg * width, ends + (leg + 1) * width,
                                  width, t, spherical);
        }
}

aigc_status_t aigc__interpolate(aigc_tensor_t **images, aigc_model_t *model, const aigc_tensor_t *from,
                                const aigc_tensor_t *to, const aigc_options_t *options)
{
    interpolate_options_t given;
    codes_t ends = {NULL, NULL}, codes = {NULL, NULL};
    aigc_status_t status;
    AIGC__TRY(aigc__model_options(model, "interpolate", options, (void *[]){&given}, 1));
    if ((from == NULL) != (to == NULL))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "give both ends of the interpolation, or neither");
    const size_t n_ends = from ? 2 : given.seeds.n, steps = (size_t)given.steps;
    if (n_ends < 2) return aigc__fail(AIGC_ERROR_OPTION, "option seeds: an interpolation needs at least two");
    if (from) AIGC__TRY(check_latents(model, from, "from"));
    if (to) AIGC__TRY(check_latents(model, to, "to"));
    AIGC__GOTO(done, aigc__sampling_prepare(model));
    AIGC__GOTO(done, allocate_codes(model, n_ends, &ends));
    AIGC__GOTO(done, chain_ends(model, from, to, &given, ends.latents, n_ends));
    AIGC__GOTO(done, allocate_codes(model, (n_ends - 1) * steps, &codes));
    fill_chain(codes.latents, ends.latents, n_ends, steps, dim_of(model), given.mode == 0);
    AIGC__GOTO(done, fill_labels(model, given.class_name, codes.labels, (n_ends - 1) * steps, false));
    status = aigc__decode_latents(images, model, codes.latents, codes.labels, (n_ends - 1) * steps);
done:
    aigc__memory_free(&model->context->memory, ends.latents);
    aigc__memory_free(&model->context->memory, codes.latents);
    return status;
}
