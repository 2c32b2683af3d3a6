#include "formats/jpeg.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include <jerror.h>

enum { BUFFER_SIZE = 16384, FULL_COLOUR_QUALITY = 90 };

typedef struct job {
    struct jpeg_compress_struct jpeg; /* its callbacks find the job by this being first */
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr output;
    jmp_buf failed;
    aigc__saver_t *saver;
    const aigc__pixels_t *pixels;
    int quality;
    aigc_status_t status;
    uint8_t *row;
    uint8_t buffer[BUFFER_SIZE];
} job_t;

typedef enum step { STEP_START, STEP_ROW, STEP_FINISH } step_t;

static job_t *job_of(j_common_ptr jpeg) { return (job_t *)(void *)jpeg; }

static void on_error(j_common_ptr jpeg)
{
    job_t *job = job_of(jpeg);
    char text[JMSG_LENGTH_MAX];
    if (job->status == AIGC_OK) {
        jpeg->err->format_message(jpeg, text);
        job->status = aigc__fail(jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? AIGC_ERROR_MEMORY : AIGC_ERROR_ARGUMENT,
                                 "writing a JPEG: %s", text);
    }
    longjmp(job->failed, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    (void)jpeg;
    (void)level;
}

static void on_begin(j_compress_ptr jpeg)
{
    job_t *job = job_of((j_common_ptr)jpeg);
    job->output.next_output_byte = job->buffer;
    job->output.free_in_buffer = BUFFER_SIZE;
}

static void write_out(job_t *job, size_t bytes)
{
    job->status = aigc__saver_write(job->saver, job->buffer, bytes);
    if (job->status != AIGC_OK) on_error((j_common_ptr)&job->jpeg);
}

static boolean on_full(j_compress_ptr jpeg)
{
    write_out(job_of((j_common_ptr)jpeg), BUFFER_SIZE);
    on_begin(jpeg);
    return TRUE;
}

static void on_finish(j_compress_ptr jpeg)
{
    job_t *job = job_of((j_common_ptr)jpeg);
    write_out(job, BUFFER_SIZE - job->output.free_in_buffer);
}

static void start(job_t *job)
{
    struct jpeg_compress_struct *jpeg = &job->jpeg;
    jpeg_create_compress(jpeg);
    job->output = (struct jpeg_destination_mgr){
        .init_destination = on_begin, .empty_output_buffer = on_full, .term_destination = on_finish};
    jpeg->dest = &job->output;
    jpeg->image_width = (JDIMENSION)job->pixels->width;
    jpeg->image_height = (JDIMENSION)job->pixels->height;
    jpeg->input_components = (int)job->pixels->channels;
    jpeg->in_color_space = job->pixels->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, job->quality, TRUE);
    if (job->quality >= FULL_COLOUR_QUALITY) jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(jpeg, TRUE);
}

static aigc_status_t call_library(job_t *job, step_t step)
{
    if (setjmp(job->failed)) return job->status;
    switch (step) {
    case STEP_START: start(job); break;
    case STEP_ROW: jpeg_write_scanlines(&job->jpeg, &job->row, 1); break;
    case STEP_FINISH: jpeg_finish_compress(&job->jpeg); break;
    }
    return job->status;
}

static aigc_status_t check(const aigc__pixels_t *pixels, int quality)
{
    if (pixels->width < 1 || pixels->height < 1 || pixels->width > AIGC__PICTURE_SIDE ||
        pixels->height > AIGC__PICTURE_SIDE)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "a JPEG of %" PRId64 " x %" PRId64 " pixels: each side is 1 to %d",
                          pixels->width, pixels->height, AIGC__PICTURE_SIDE);
    if (pixels->channels != 1 && pixels->channels != 3)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "a JPEG of %" PRId64 " channels: 1 or 3 can be written (it has no transparency)",
                          pixels->channels);
    if (quality < 1 || quality > 100)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "JPEG quality %d: 1 to 100 is possible", quality);
    return AIGC_OK;
}

aigc_status_t aigc__jpeg_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__pixels_t *pixels, int quality)
{
    aigc_status_t status;
    void *block;
    AIGC__TRY(check(pixels, quality));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(job_t), &block));
    job_t *job = block;
    job->saver = saver;
    job->pixels = pixels;
    job->quality = quality;
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_error;
    job->errors.emit_message = on_message;
    AIGC__GOTO(end, call_library(job, STEP_START));
    for (int64_t y = 0; y < pixels->height; y++) {
        job->row = pixels->data + y * pixels->width * pixels->channels;
        AIGC__GOTO(end, call_library(job, STEP_ROW));
    }
    AIGC__GOTO(end, call_library(job, STEP_FINISH));
end:
    jpeg_destroy_compress(&job->jpeg);
    aigc__memory_free(memory, job);
    return status;
}
