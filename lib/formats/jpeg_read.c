/* JPEG through libjpeg(-turbo). libjpeg reports failure by error_exit, which must not return: it jumps
 * to call_library(), and between that and libjpeg there is no frame of ours but callbacks, which hold
 * nothing. */
#include "base/sizes.h"
#include "formats/jpeg.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

enum {
    BUFFER_SIZE = 16384,
    MOST_SCANS = 100,    /* progressive files have about ten; each scan walks the whole picture */
    JPEG_SLACK = 1 << 20 /* libjpeg's own tables and row buffers */
};

typedef struct job {
    struct jpeg_decompress_struct jpeg; /* its callbacks find the job by this being first */
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr input;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    const aigc__source_t *source;
    aigc__memory_t *memory;
    uint64_t offset; /* of the byte after the buffer */
    aigc_status_t status;
    int orientation;
    uint8_t *row;
    uint8_t buffer[BUFFER_SIZE];
} job_t;

typedef enum step { STEP_CREATE, STEP_HEADER, STEP_START, STEP_ROW, STEP_FINISH } step_t;

static job_t *job_of(j_common_ptr jpeg) { return (job_t *)(void *)jpeg; }

static aigc_status_t status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY: return AIGC_ERROR_MEMORY;
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW:
    case JERR_NO_BACKING_STORE: return AIGC_ERROR_LIMIT;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED: return AIGC_ERROR_UNSUPPORTED;
    default: return AIGC_ERROR_CORRUPT;
    }
}

static void on_error(j_common_ptr jpeg)
{
    job_t *job = job_of(jpeg);
    char text[JMSG_LENGTH_MAX];
    if (job->status == AIGC_OK) {
        jpeg->err->format_message(jpeg, text);
        job->status = aigc__fail(status_of(jpeg->err->msg_code), "%s: JPEG before byte %" PRIu64 ": %s",
                                 job->source->name, job->offset - job->input.bytes_in_buffer, text);
    }
    longjmp(job->failed, 1);
}

/* A warning after which pixels are made up is an error here. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level >= 0) return;
    switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_MUST_RESYNC:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_JPEG_EOF: on_error(jpeg); break;
    default: break;
    }
}

static void on_progress(j_common_ptr jpeg)
{
    job_t *job = job_of(jpeg);
    if (job->jpeg.input_scan_number <= MOST_SCANS) return;
    job->status = aigc__fail(AIGC_ERROR_LIMIT, "%s: a JPEG of more than %d scans", job->source->name, MOST_SCANS);
    on_error(jpeg);
}

static void on_start(j_decompress_ptr jpeg) { (void)jpeg; }

static boolean on_fill(j_decompress_ptr jpeg)
{
    job_t *job = job_of((j_common_ptr)jpeg);
    const uint64_t left = job->source->size - job->offset;
    const size_t now = left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE;
    if (now == 0)
        job->status = aigc__fail(AIGC_ERROR_CORRUPT, "%s: the JPEG is cut off: it ends at byte %" PRIu64,
                                 job->source->name, job->source->size);
    else
        job->status = aigc__source_read(job->source, job->offset, job->buffer, now);
    if (job->status != AIGC_OK) on_error((j_common_ptr)jpeg);
    job->offset += now;
    job->input.next_input_byte = job->buffer;
    job->input.bytes_in_buffer = now;
    return TRUE;
}

static void on_skip(j_decompress_ptr jpeg, long bytes)
{
    job_t *job = job_of((j_common_ptr)jpeg);
    if (bytes <= 0) return;
    const uint64_t skip = (uint64_t)bytes, left = job->source->size - job->offset;
    if (skip <= job->input.bytes_in_buffer) {
        job->input.next_input_byte += skip;
        job->input.bytes_in_buffer -= (size_t)skip;
        return;
    }
    const uint64_t beyond = skip - job->input.bytes_in_buffer;
    job->offset += beyond < left ? beyond : left;
    job->input.bytes_in_buffer = 0;
}

static void create(job_t *job)
{
    jpeg_create_decompress(&job->jpeg);
    job->input = (struct jpeg_source_mgr){.init_source = on_start,
                                          .fill_input_buffer = on_fill,
                                          .skip_input_data = on_skip,
                                          .resync_to_restart = jpeg_resync_to_restart,
                                          .term_source = on_start};
    job->jpeg.src = &job->input;
    job->progress.progress_monitor = on_progress;
    job->jpeg.progress = &job->progress;
    jpeg_save_markers(&job->jpeg, JPEG_APP0 + 1, 0xffff);
}

static aigc_status_t call_library(job_t *job, step_t step)
{
    if (setjmp(job->failed)) return job->status;
    switch (step) {
    case STEP_CREATE: create(job); break;
    case STEP_HEADER: jpeg_read_header(&job->jpeg, TRUE); break;
    case STEP_START: jpeg_start_decompress(&job->jpeg); break;
    case STEP_ROW: jpeg_read_scanlines(&job->jpeg, &job->row, 1); break;
    case STEP_FINISH: jpeg_finish_decompress(&job->jpeg); break;
    }
    return job->status;
}

/* Every block of 8 x 8 coefficients costs at least one bit, so a header cannot ask for more of them
 * than the file has bits; libjpeg's whole-picture arrays (2 bytes a coefficient) are capped by that. */
static aigc_status_t check_declared_size(job_t *job)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    uint64_t blocks = 0;
    AIGC__TRY(aigc__pixels_check_size(job->source, jpeg->image_width, jpeg->image_height));
    for (int i = 0; i < jpeg->num_components; i++)
        blocks += (uint64_t)jpeg->comp_info[i].width_in_blocks * jpeg->comp_info[i].height_in_blocks;
    if (blocks / 8 > job->source->size)
        return aigc__fail(AIGC_ERROR_CORRUPT,
                          "%s: declares %u x %u pixels, more than a file of %" PRIu64 " bytes can hold",
                          job->source->name, jpeg->image_width, jpeg->image_height, job->source->size);
    const uint64_t whole = blocks * DCTSIZE2 * sizeof(JCOEF);
    jpeg->mem->max_memory_to_use = (long)(whole + whole / 4 + JPEG_SLACK);
    return AIGC_OK;
}

static aigc_status_t choose_colors(job_t *job)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: jpeg->out_color_space = JCS_GRAYSCALE; return AIGC_OK;
    case JCS_RGB:
    case JCS_YCbCr: jpeg->out_color_space = JCS_RGB; return AIGC_OK;
    case JCS_CMYK:
    case JCS_YCCK: jpeg->out_color_space = JCS_CMYK; return AIGC_OK;
    default:
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: a JPEG of %d components that are no known colours",
                          job->source->name, jpeg->num_components);
    }
}

/* Printing inks to screen colours in place, without a colour profile. Adobe stores them inverted. */
static size_t cmyk_to_rgb(uint8_t *row, size_t width, bool is_inverted)
{
    const uint8_t *from = row;
    uint8_t *to = row;
    const uint8_t flip = is_inverted ? 0 : 255;
    for (size_t x = 0; x < width; x++, from += 4, to += 3) {
        const uint32_t black = from[3] ^ flip;
        for (size_t k = 0; k < 3; k++) to[k] = (uint8_t)(((from[k] ^ flip) * black + 127) / 255);
    }
    return width * 3;
}

static aigc_status_t read_rows(job_t *job, aigc__pixel_rows_t *rows)
{
    struct jpeg_decompress_struct *jpeg = &job->jpeg;
    const size_t width = jpeg->output_width, full = width * (size_t)jpeg->output_components;
    const bool is_cmyk = jpeg->out_color_space == JCS_CMYK;
    AIGC__TRY(aigc__bytes_of(is_cmyk ? width * 3 : full, jpeg->output_height, &rows->total));
    while (jpeg->output_scanline < jpeg->output_height) {
        AIGC__TRY(aigc__pixel_rows_room(rows, full));
        job->row = rows->data + rows->used;
        AIGC__TRY(call_library(job, STEP_ROW));
        rows->used += is_cmyk ? cmyk_to_rgb(job->row, width, jpeg->saw_Adobe_marker) : full;
    }
    return AIGC_OK;
}

static int orientation_of(const job_t *job)
{
    for (jpeg_saved_marker_ptr marker = job->jpeg.marker_list; marker; marker = marker->next) {
        const int orientation = aigc__exif_orientation(marker->data, marker->data_length);
        if (orientation != 1) return orientation;
    }
    return 1;
}

static aigc_status_t read_pixels(job_t *job, aigc__pixels_t *out)
{
    aigc__pixel_rows_t rows = {.memory = job->memory};
    aigc_status_t status;
    AIGC__GOTO(fail, read_rows(job, &rows));
    *out = (aigc__pixels_t){job->jpeg.output_height, job->jpeg.output_width,
                            job->jpeg.out_color_space == JCS_GRAYSCALE ? 1 : 3, rows.data};
    return call_library(job, STEP_FINISH);
fail:
    aigc__memory_free(job->memory, rows.data);
    return status;
}

static aigc_status_t decode(job_t *job, aigc__pixels_t *pixels)
{
    AIGC__TRY(call_library(job, STEP_CREATE));
    AIGC__TRY(call_library(job, STEP_HEADER));
    AIGC__TRY(check_declared_size(job));
    AIGC__TRY(choose_colors(job));
    job->orientation = orientation_of(job);
    AIGC__TRY(call_library(job, STEP_START));
    return read_pixels(job, pixels);
}

aigc_status_t aigc__jpeg_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                              const aigc__pixel_request_t *request)
{
    aigc__pixels_t pixels = {0};
    aigc_status_t status;
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(job_t), &block));
    job_t *job = block;
    job->source = source;
    job->memory = memory;
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_error;
    job->errors.emit_message = on_message;
    AIGC__GOTO(end, decode(job, &pixels));
    AIGC__GOTO(end, aigc__pixels_orient(&pixels, memory, job->orientation));
    AIGC__GOTO(end, aigc__pixels_convert(&pixels, memory, request));
    *out = pixels;
    pixels.data = NULL;
end:
    aigc__memory_free(memory, pixels.data);
    jpeg_destroy_decompress(&job->jpeg);
    aigc__memory_free(memory, job);
    return status;
}
