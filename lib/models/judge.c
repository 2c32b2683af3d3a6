#include "models/judge.h"
#include "data/transform.h"
#include <stdio.h>
#include <string.h>

/* ---- opening ---- */

static aigc_status_t open_built_in(aigc__judge_t *judge)
{
    static const char network[] = "height=64 width=64 channels=3 classes=1 widths=32,64,64 seed=1";
    aigc_options_t *options = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__options_create(&options));
    AIGC__GOTO(done, aigc__options_parse(options, network));
    AIGC__GOTO(done, aigc__model_create(&judge->model, judge->context, "classifier", options, true));
    snprintf(judge->name, sizeof judge->name, "builtin-1");
done:
    aigc__options_free(options);
    return status;
}

/* The kind, the size of the pictures, and a sum over all parameters. */
static void name_space(aigc__judge_t *judge, aigc__geometry_t geometry)
{
    aigc__store_t *store = aigc__model_sampling_store(judge->model);
    const uint64_t hash =
        aigc__hash_bytes(AIGC__HASH_START, aigc__store_block(store), aigc__store_elements(store) * sizeof(float));
    snprintf(judge->name, sizeof judge->name, "%s-%lldx%lldx%lld-%08llx", judge->model->kind->name,
             (long long)geometry.height, (long long)geometry.width, (long long)geometry.channels,
             (unsigned long long)(hash >> 32 ^ (hash & 0xffffffffu)));
}

static aigc_status_t open_file(aigc__judge_t *judge, const char *path)
{
    AIGC__TRY(aigc__model_load(&judge->model, judge->context, path, NULL));
    if (judge->model->kind->encode == NULL)
        return aigc__fail(AIGC_ERROR_OPTION,
                          "option features: %s holds a model of kind %s, which cannot encode pictures; a classifier's "
                          "and a VAE's can",
                          path, judge->model->kind->name);
    const aigc__geometry_t geometry = judge->model->kind->geometry(judge->model);
    name_space(judge, geometry);
    if (strcmp(judge->model->kind->name, "classifier") == 0) judge->classes = geometry.classes;
    return AIGC_OK;
}

aigc_status_t aigc__judge_open(aigc__judge_t *out, aigc_context_t *context, const char *path)
{
    *out = (aigc__judge_t){.context = context};
    AIGC__TRY(path ? open_file(out, path) : open_built_in(out));
    const aigc__geometry_t g = out->model->kind->geometry(out->model);
    out->dim = (size_t)out->model->kind->code_width(out->model);
    return aigc__tensor_create(&out->pictures, context, AIGC_DTYPE_F32, 4,
                               (int64_t[]){AIGC__JUDGED, g.height, g.width, g.channels});
}

aigc_status_t aigc__judge_bytes(const aigc__judge_t *judge, uint64_t *bytes)
{
    uint64_t encoding = 0;
    AIGC__TRY(judge->model->kind->memory(judge->model, "encode", NULL, &encoding));
    *bytes += encoding + (2 * judge->pictures->count + aigc__store_elements(judge->model->store)) * sizeof(float);
    return AIGC_OK;
}

void aigc__judge_close(aigc__judge_t *judge)
{
    aigc__tensor_release(judge->pictures);
    aigc__model_release(judge->model);
    *judge = (aigc__judge_t){.context = NULL};
}

/* ---- pictures as the judge knows them ---- */

static float rounded(float x) { return (float)(int)((x < 0 ? 0 : x > 1 ? 1 : x) * 255 + 0.5f) / 255; }

/* One pixel to 1, 3 or 4 channels. */
static void convert_pixel(const float *from, int64_t channels, float *to, int64_t wanted)
{
    float rgb[3] = {rounded(from[0]), rounded(from[channels < 3 ? 0 : 1]), rounded(from[channels < 3 ? 0 : 2])};
    const float alpha = channels == 4 ? rounded(from[3]) : 1;
    if (wanted == 4) {
        memcpy(to, rgb, sizeof rgb);
        to[3] = alpha;
        return;
    }
    for (int k = 0; k < 3; k++) rgb[k] = rgb[k] * alpha + 1 - alpha;
    if (wanted == 3)
        memcpy(to, rgb, sizeof rgb);
    else
        to[0] = channels < 3 ? rgb[0] : 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

/* A tile's picture. */
typedef struct conversion {
    aigc__judge_t *judge;
    const float *pictures;
    float *converted; /* [n, height, width, the judge's channels] */
    int64_t height, width, channels;
} conversion_t;

static void convert_tile(void *user, size_t tile, size_t worker)
{
    const conversion_t *c = user;
    const int64_t wanted = c->judge->pictures->shape[3];
    const size_t pixels = (size_t)(c->height * c->width);
    const float *from = c->pictures + tile * pixels * (size_t)c->channels;
    float *to = c->converted + tile * pixels * (size_t)wanted;
    (void)worker;
    for (size_t k = 0; k < pixels; k++, from += c->channels, to += wanted) convert_pixel(from, c->channels, to, wanted);
}

static aigc_status_t resize_all(const conversion_t *c, size_t n)
{
    const int64_t *shape = c->judge->pictures->shape;
    const size_t from = (size_t)(c->height * c->width * shape[3]), to = (size_t)(shape[1] * shape[2] * shape[3]);
    for (size_t i = 0; i < n; i++)
        AIGC__TRY(aigc__resize_f32(&c->judge->context->memory, c->converted + i * from, c->height, c->width,
                                   (float *)c->judge->pictures->data + i * to, shape[1], shape[2], shape[3],
                                   AIGC__FILTER_BILINEAR));
    return AIGC_OK;
}

static aigc_status_t convert(conversion_t *c, size_t n)
{
    const int64_t *shape = c->judge->pictures->shape;
    const bool is_size = c->height == shape[1] && c->width == shape[2];
    aigc__memory_t *memory = &c->judge->context->memory;
    void *block = NULL;
    if (!is_size)
        AIGC__TRY(aigc__memory_alloc(memory, n * (size_t)(c->height * c->width * shape[3]) * sizeof(float), &block));
    c->converted = is_size ? c->judge->pictures->data : block;
    aigc_status_t status = AIGC_OK;
    if (!aigc__pool_run(c->judge->context->pool, convert_tile, c, n))
        status = aigc__fail(AIGC_ERROR_CANCELLED, "the measurement was cancelled");
    if (status == AIGC_OK && !is_size) status = resize_all(c, n);
    aigc__memory_free(memory, block);
    return status;
}

/* ---- judging ---- */

/* What the model says of the first n pictures. */
static aigc_status_t encode_first(aigc__judge_t *judge, size_t n, const aigc_options_t *options, aigc_tensor_t **out)
{
    const int64_t *shape = judge->pictures->shape;
    aigc_tensor_t *first = NULL;
    AIGC__TRY(aigc__tensor_view(&first, judge->pictures, 0, 4, (int64_t[]){(int64_t)n, shape[1], shape[2], shape[3]}));
    const aigc_status_t status = judge->model->kind->encode(out, judge->model, first, NULL, options);
    aigc__tensor_release(first);
    return status;
}

static aigc_status_t count_classes(aigc__judge_t *judge, uint64_t *counts, size_t n)
{
    aigc_options_t *options = NULL;
    aigc_tensor_t *likely = NULL;
    aigc_status_t status;
    AIGC__GOTO(done, aigc__options_create(&options));
    AIGC__GOTO(done, aigc__options_parse(options, "layer=probabilities"));
    AIGC__GOTO(done, encode_first(judge, n, options, &likely));
    for (size_t i = 0; i < n; i++) {
        const float *row = (const float *)likely->data + i * (size_t)judge->classes;
        int64_t best = 0;
        for (int64_t k = 1; k < judge->classes; k++)
            if (row[k] > row[best]) best = k;
        counts[best]++;
    }
done:
    aigc__tensor_release(likely);
    aigc__options_free(options);
    return status;
}

aigc_status_t aigc__judge_pictures(aigc__judge_t *judge, const float *pictures, size_t n, int64_t height, int64_t width,
                                   int64_t channels, float *rows, uint64_t *counts)
{
    conversion_t c = {judge, pictures, NULL, height, width, channels};
    aigc_tensor_t *features = NULL;
    if (!judge->context->kernels->all_finite(pictures, n * (size_t)(height * width * channels)))
        return aigc__fail(AIGC_ERROR_NUMERIC, "the pictures have NaN or infinite values");
    AIGC__TRY(convert(&c, n));
    if (counts) AIGC__TRY(count_classes(judge, counts, n));
    AIGC__TRY(encode_first(judge, n, NULL, &features));
    memcpy(rows, features->data, n * judge->dim * sizeof *rows);
    aigc__tensor_release(features);
    if (judge->context->kernels->all_finite(rows, n * judge->dim)) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_NUMERIC, "the judge's features are not finite: its file is damaged");
}
