#include "base/sizes.h"
#include "formats/order.h"
#include "formats/safetensors.h"
#include "formats/safetensors_limits.h"
#include "formats/weight_files.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef struct text {
    aigc__memory_t *memory;
    char *data;
    size_t used, capacity;
} text_t;

typedef struct job {
    aigc__saver_t *saver;
    aigc_context_t *context;
    const aigc__safetensors_part_t *parts;
    size_t n;
    const char *const (*metadata)[2];
    size_t n_metadata;
    uint32_t *order, *scratch;
    text_t header;
} job_t;

static aigc_status_t make_room(text_t *text, size_t bytes)
{
    size_t needed, doubled;
    AIGC__TRY(aigc__bytes_sum(text->used, bytes, &needed));
    if (needed <= text->capacity) return AIGC_OK;
    AIGC__TRY(aigc__bytes_of(needed, 2, &doubled));
    void *block = text->data;
    AIGC__TRY(aigc__memory_resize(text->memory, doubled, &block));
    text->data = block;
    text->capacity = doubled;
    return AIGC_OK;
}

static aigc_status_t append(text_t *text, const char *more)
{
    const size_t n = strlen(more);
    AIGC__TRY(make_room(text, n));
    memcpy(text->data + text->used, more, n);
    text->used += n;
    return AIGC_OK;
}

static aigc_status_t append_number(text_t *text, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    return append(text, digits);
}

/* In quotes, escaped. */
static aigc_status_t append_string(text_t *text, const char *string)
{
    json_t *json = json_string_nocheck(string);
    if (!json) return aigc__fail(AIGC_ERROR_MEMORY, "no memory for the JSON header");
    const size_t n = json_dumpb(json, NULL, 0, JSON_ENCODE_ANY);
    aigc_status_t status;
    if (n == 0) {
        status = aigc__fail(AIGC_ERROR_ARGUMENT, "writing safetensors: '%.64s' is not UTF-8", string);
    } else {
        status = make_room(text, n);
        if (status == AIGC_OK) text->used += json_dumpb(json, text->data + text->used, n, JSON_ENCODE_ANY);
    }
    json_decref(json);
    return status;
}

/* ---- what is to be written ---- */

static const char *dtype_name(aigc_dtype_t dtype)
{
    switch (dtype) {
    case AIGC_DTYPE_F32:
        return "F32";
    case AIGC_DTYPE_F16:
        return "F16";
    case AIGC_DTYPE_BF16:
        return "BF16";
    case AIGC_DTYPE_U8:
        return "U8";
    case AIGC_DTYPE_I32:
        return "I32";
    case AIGC_DTYPE_I64:
        return "I64";
    default:
        return NULL;
    }
}

static bool is_floating(aigc_dtype_t dtype)
{
    return dtype == AIGC_DTYPE_F32 || dtype == AIGC_DTYPE_F16 || dtype == AIGC_DTYPE_BF16;
}

static bool is_possible(const aigc__safetensors_part_t *part)
{
    return part->poured ? part->poured->element < AIGC__ELEMENT_C128 : dtype_name(part->dtype) != NULL;
}

static const char *element_name(const aigc__safetensors_part_t *part)
{
    return part->poured ? aigc__element_info(part->poured->element)->name : dtype_name(part->dtype);
}

static uint32_t bits_of(const aigc__safetensors_part_t *part)
{
    return part->poured ? aigc__element_info(part->poured->element)->bits
                        : 8 * (uint32_t)aigc__dtype_bytes(part->dtype);
}

/* Of its numbers in the file. */
static aigc_status_t bytes_of(const aigc__safetensors_part_t *part, size_t *bytes)
{
    size_t count;
    if (part->poured) {
        *bytes = (size_t)(part->poured->count * bits_of(part) / 8);
        return AIGC_OK;
    }
    AIGC__TRY(aigc__shape_count(part->rank, part->shape, &count));
    return aigc__bytes_of(count, aigc__dtype_bytes(part->dtype), bytes);
}

static aigc_status_t check_part(const aigc__safetensors_part_t *part)
{
    size_t count;
    if (strcmp(part->name, "__metadata__") == 0 || strlen(part->name) > AIGC__SAFETENSORS_NAME)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "writing safetensors: no tensor can be named '%.64s' (%zu bytes)",
                          part->name, strlen(part->name));
    if (part->poured && !is_possible(part))
        return aigc__fail(
            AIGC_ERROR_UNSUPPORTED,
            "writing safetensors: tensor '%s' has numbers of type %s, which it does not have; .npz and .pt do",
            part->name, element_name(part));
    if (part->poured) return AIGC_OK;
    if (!is_possible(part))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "writing safetensors: tensor '%s' has unknown dtype %d", part->name,
                          (int)part->dtype);
    if (part->dtype != part->source_dtype && !(is_floating(part->dtype) && is_floating(part->source_dtype)))
        return aigc__fail(AIGC_ERROR_ARGUMENT, "writing safetensors: tensor '%s' cannot be written as %s", part->name,
                          dtype_name(part->dtype));
    return aigc__shape_count(part->rank, part->shape, &count);
}

static int compare_names(const void *things, uint32_t a, uint32_t b)
{
    const aigc__safetensors_part_t *parts = things;
    return strcmp(parts[a].name, parts[b].name);
}

/* The widest elements first, so that every tensor lies aligned. */
static int compare_layout(const void *things, uint32_t a, uint32_t b)
{
    const aigc__safetensors_part_t *parts = things;
    const uint32_t left = bits_of(&parts[a]), right = bits_of(&parts[b]);
    return left != right ? (left > right ? -1 : 1) : compare_names(things, a, b);
}

static aigc_status_t check(job_t *job)
{
    if (job->n > AIGC__SAFETENSORS_MOST)
        return aigc__fail(AIGC_ERROR_LIMIT, "writing safetensors: %zu tensors; at most %d are possible", job->n,
                          AIGC__SAFETENSORS_MOST);
    for (size_t i = 0; i < job->n; i++) AIGC__TRY(check_part(&job->parts[i]));
    aigc__order(job->order, job->scratch, job->n, compare_names, job->parts);
    for (size_t i = 1; i < job->n; i++)
        if (compare_names(job->parts, job->order[i - 1], job->order[i]) == 0)
            return aigc__fail(AIGC_ERROR_ARGUMENT, "writing safetensors: two tensors are named '%s'",
                              job->parts[job->order[i]].name);
    for (size_t i = 0; i < job->n_metadata; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(job->metadata[i][0], job->metadata[k][0]) == 0)
                return aigc__fail(AIGC_ERROR_ARGUMENT, "writing safetensors: the metadata has the key '%s' twice",
                                  job->metadata[i][0]);
    return AIGC_OK;
}

/* ---- header ---- */

static aigc_status_t append_metadata(job_t *job)
{
    text_t *text = &job->header;
    AIGC__TRY(append(text, "\"__metadata__\":{"));
    for (size_t i = 0; i < job->n_metadata; i++) {
        if (i > 0) AIGC__TRY(append(text, ","));
        AIGC__TRY(append_string(text, job->metadata[i][0]));
        AIGC__TRY(append(text, ":"));
        AIGC__TRY(append_string(text, job->metadata[i][1]));
    }
    return append(text, "}");
}

/* One tensor's line; `*place` is where its numbers begin and becomes where they end. */
static aigc_status_t append_part(text_t *text, const aigc__safetensors_part_t *part, size_t *place)
{
    size_t bytes;
    AIGC__TRY(bytes_of(part, &bytes));
    AIGC__TRY(append_string(text, part->name));
    AIGC__TRY(append(text, ":{\"dtype\":\""));
    AIGC__TRY(append(text, element_name(part)));
    AIGC__TRY(append(text, "\",\"shape\":["));
    for (size_t i = 0; i < part->rank; i++) {
        if (i > 0) AIGC__TRY(append(text, ","));
        AIGC__TRY(append_number(text, (uint64_t)part->shape[i]));
    }
    AIGC__TRY(append(text, "],\"data_offsets\":["));
    AIGC__TRY(append_number(text, *place));
    AIGC__TRY(aigc__bytes_sum(*place, bytes, place));
    AIGC__TRY(append(text, ","));
    AIGC__TRY(append_number(text, *place));
    return append(text, "]}");
}

static aigc_status_t write_header(job_t *job)
{
    text_t *text = &job->header;
    size_t place = 0;
    AIGC__TRY(append(text, "{"));
    if (job->n_metadata > 0) AIGC__TRY(append_metadata(job));
    for (size_t i = 0; i < job->n; i++) {
        if (text->used > 1) AIGC__TRY(append(text, ","));
        AIGC__TRY(append_part(text, &job->parts[job->order[i]], &place));
    }
    AIGC__TRY(append(text, "}"));
    while (text->used % 8 != 0) AIGC__TRY(append(text, " "));
    if (text->used > AIGC__SAFETENSORS_HEADER)
        return aigc__fail(AIGC_ERROR_LIMIT, "writing safetensors: a header of %zu bytes; at most %d are possible",
                          text->used, AIGC__SAFETENSORS_HEADER);
    uint8_t length[8];
    for (size_t i = 0; i < 8; i++) length[i] = (uint8_t)((uint64_t)text->used >> (8 * i));
    AIGC__TRY(aigc__saver_write(job->saver, length, sizeof length));
    return aigc__saver_write(job->saver, text->data, text->used);
}

/* ---- numbers ---- */

static aigc_status_t write_converted(job_t *job, const aigc__safetensors_part_t *part, size_t count)
{
    enum { PIECE = 16384 };
    aigc__memory_t *memory = &job->context->memory;
    const size_t step = aigc__dtype_bytes(part->source_dtype), width = aigc__dtype_bytes(part->dtype);
    void *piece;
    AIGC__TRY(aigc__memory_alloc(memory, PIECE * sizeof(float), &piece));
    aigc_status_t status = AIGC_OK;
    for (size_t done = 0; done < count;) {
        const size_t now = count - done < PIECE ? count - done : PIECE;
        aigc__convert(job->context->kernels, piece, part->dtype, (const uint8_t *)part->data + done * step,
                      part->source_dtype, now);
        AIGC__GOTO(end, aigc__saver_write(job->saver, piece, now * width));
        done += now;
    }
end:
    aigc__memory_free(memory, piece);
    return status;
}

static aigc_status_t put(void *saver, const void *bytes, size_t n) { return aigc__saver_write(saver, bytes, n); }

static aigc_status_t write_part(job_t *job, const aigc__safetensors_part_t *part)
{
    size_t count, bytes;
    if (part->poured) return aigc__pour(part->poured, put, job->saver);
    AIGC__TRY(aigc__shape_count(part->rank, part->shape, &count));
    if (part->dtype != part->source_dtype) return write_converted(job, part, count);
    AIGC__TRY(aigc__bytes_of(count, aigc__dtype_bytes(part->dtype), &bytes));
    return bytes > 0 ? aigc__saver_write(job->saver, part->data, bytes) : AIGC_OK;
}

static aigc_status_t write_all(job_t *job)
{
    AIGC__TRY(check(job));
    aigc__order(job->order, job->scratch, job->n, compare_layout, job->parts);
    AIGC__TRY(write_header(job));
    for (size_t i = 0; i < job->n; i++) AIGC__TRY(write_part(job, &job->parts[job->order[i]]));
    return AIGC_OK;
}

aigc_status_t aigc__safetensors_write(aigc__saver_t *saver, aigc_context_t *context,
                                      const aigc__safetensors_part_t *parts, size_t n, const char *const (*metadata)[2],
                                      size_t n_metadata)
{
    job_t job = {saver, context, parts, n, metadata, n_metadata, NULL, NULL, {&context->memory, NULL, 0, 0}};
    aigc_status_t status;
    size_t bytes;
    void *block;
    AIGC__TRY(aigc__bytes_of(n, 2 * sizeof *job.order, &bytes));
    AIGC__TRY(aigc__memory_alloc(&context->memory, bytes, &block));
    job.order = block;
    job.scratch = job.order + n;
    status = write_all(&job);
    aigc__memory_free(&context->memory, job.header.data);
    aigc__memory_free(&context->memory, job.order);
    return status;
}
