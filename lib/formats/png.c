/* PNG through libpng. libpng reports failure by a long jump: call_reader() and call_writer() are the
 * only functions it lands in, and between them and libpng there is no frame of ours but the callbacks
 * below, which hold nothing. */
#include "base/sizes.h"
#include "formats/pixels.h"
#include <inttypes.h>
#include <png.h>
#include <setjmp.h>
#include <string.h>

typedef struct job {
    const char *name;
    aigc__memory_t *memory;
    const aigc__source_t *source;
    uint64_t offset;
    aigc__saver_t *saver;
    aigc_status_t status; /* of the first failure */
    png_structp png;
    png_infop info;
    const aigc__pixels_t *pixels; /* to write */
    int compression;
    uint8_t *row;
} job_t;

typedef enum step { STEP_HEADER, STEP_TRANSFORMS, STEP_ROW, STEP_END } step_t;

static void keep_status(job_t *job, aigc_status_t status)
{
    if (job->status == AIGC_OK) job->status = status;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t bytes)
{
    job_t *job = png_get_mem_ptr(png);
    void *block;
    const aigc_status_t status = aigc__memory_alloc(job->memory, bytes, &block);
    if (status == AIGC_OK) return block;
    keep_status(job, status);
    return NULL;
}

static void on_free(png_structp png, png_voidp block)
{
    job_t *job = png_get_mem_ptr(png);
    aigc__memory_free(job->memory, block);
}

static void on_error(png_structp png, png_const_charp text)
{
    job_t *job = png_get_error_ptr(png);
    if (job->status == AIGC_OK && job->saver)
        job->status = aigc__fail(AIGC_ERROR_ARGUMENT, "writing a PNG: %s", text);
    else if (job->status == AIGC_OK)
        job->status =
            aigc__fail(AIGC_ERROR_CORRUPT, "%s: broken PNG before byte %" PRIu64 ": %s", job->name, job->offset, text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep buffer, size_t bytes)
{
    job_t *job = png_get_io_ptr(png);
    keep_status(job, aigc__source_read(job->source, job->offset, buffer, bytes));
    if (job->status != AIGC_OK) png_error(png, "read failed");
    job->offset += bytes;
}

static void on_write(png_structp png, png_bytep buffer, size_t bytes)
{
    job_t *job = png_get_io_ptr(png);
    keep_status(job, aigc__saver_write(job->saver, buffer, bytes));
    if (job->status != AIGC_OK) png_error(png, "write failed");
}

static void on_flush(png_structp png) { (void)png; }

static aigc_status_t out_of_memory(const job_t *job)
{
    return job->status != AIGC_OK ? job->status : aigc__fail(AIGC_ERROR_MEMORY, "no memory for libpng");
}

/* ---- reading ---- */

static void set_transforms(job_t *job)
{
    const int color = png_get_color_type(job->png, job->info);
    const bool has_alpha = (color & PNG_COLOR_MASK_ALPHA) || png_get_valid(job->png, job->info, PNG_INFO_tRNS);
    png_set_expand(job->png);
    png_set_scale_16(job->png);
    if (has_alpha && !(color & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(job->png);
    png_read_update_info(job->png, job->info);
}

/* Everything but pixels, palette and transparency is skipped unread: no colour profile, text or gamma
 * is parsed. A wrong check sum is an error in those, too. */
static void set_policy(job_t *job)
{
    png_set_read_fn(job->png, job, on_read);
    png_set_user_limits(job->png, AIGC__PICTURE_SIDE, AIGC__PICTURE_SIDE);
    png_set_chunk_malloc_max(job->png, 0); /* would refuse long chunks that are skipped anyway */
    png_set_crc_action(job->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
}

static aigc_status_t call_reader(job_t *job, step_t step)
{
    if (setjmp(png_jmpbuf(job->png))) return job->status;
    switch (step) {
    case STEP_HEADER:
        set_policy(job);
        png_read_info(job->png, job->info);
        break;
    case STEP_TRANSFORMS: set_transforms(job); break;
    case STEP_ROW: png_read_row(job->png, job->row, NULL); break;
    case STEP_END: png_read_end(job->png, NULL); break;
    }
    return job->status;
}

/* IHDR from the file itself: an oversized picture is told as such before libpng sees it. */
static aigc_status_t check_declared_size(const aigc__source_t *source)
{
    uint8_t h[24];
    AIGC__TRY(aigc__source_read(source, 0, h, sizeof h));
    if (memcmp(h, "\x89PNG\r\n\x1a\n", 8) != 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: not a PNG file", source->name);
    if (memcmp(h + 12, "IHDR", 4) != 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: broken PNG: no IHDR chunk at byte 8", source->name);
    const uint32_t width = png_get_uint_32(h + 16), height = png_get_uint_32(h + 20);
    return aigc__pixels_check_size(source, width, height);
}

/* deflate cannot make more than 1032 bytes of one. */
static aigc_status_t check_declared_bytes(const job_t *job)
{
    const uint64_t width = png_get_image_width(job->png, job->info), height = png_get_image_height(job->png, job->info);
    const uint64_t bits = (uint64_t)png_get_bit_depth(job->png, job->info) * png_get_channels(job->png, job->info);
    const uint64_t bytes = width * height * bits / 8;
    if (bytes / 1032 <= job->source->size) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CORRUPT,
                      "%s: declares %" PRIu64 " x %" PRIu64 " pixels, more than a file of %" PRIu64 " bytes can hold",
                      job->name, width, height, job->source->size);
}

static size_t pass_columns(uint32_t width, int pass) { return (size_t)PNG_PASS_COLS((int)width, pass); }

/* 0 for a pass without columns: the file has no bytes for it. */
static size_t pass_rows(uint32_t width, uint32_t height, int pass)
{
    return pass_columns(width, pass) > 0 ? (size_t)PNG_PASS_ROWS((int)height, pass) : 0;
}

/* An interlaced file holds seven small pictures one after the other; out of `from` into their places. */
static void deinterlace(uint8_t *to, const uint8_t *from, uint32_t width, uint32_t height, size_t channels)
{
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++) {
        const size_t columns = pass_columns(width, pass), rows = pass_rows(width, height, pass);
        for (size_t y = 0; y < rows; y++) {
            uint8_t *row = to + PNG_ROW_FROM_PASS_ROW(y, pass) * width * channels;
            for (size_t x = 0; x < columns; x++, from += channels)
                memcpy(row + PNG_COL_FROM_PASS_COL(x, pass) * channels, from, channels);
        }
    }
}

/* One pass of `n` rows. libpng always fills a full row, also where a pass is narrower. */
static aigc_status_t read_rows(job_t *job, aigc__pixel_rows_t *rows, size_t n, size_t row_bytes, size_t full_row_bytes)
{
    for (size_t y = 0; y < n; y++) {
        AIGC__TRY(aigc__pixel_rows_room(rows, full_row_bytes));
        job->row = rows->data + rows->used;
        AIGC__TRY(call_reader(job, STEP_ROW));
        rows->used += row_bytes;
    }
    return AIGC_OK;
}

static aigc_status_t read_passes(job_t *job, aigc__pixel_rows_t *rows, uint32_t width, uint32_t height, size_t channels)
{
    const size_t full = width * channels;
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        AIGC__TRY(read_rows(job, rows, pass_rows(width, height, pass), pass_columns(width, pass) * channels, full));
    void *block;
    AIGC__TRY(aigc__memory_alloc(job->memory, rows->used, &block));
    deinterlace(block, rows->data, width, height, channels);
    aigc__memory_free(job->memory, rows->data);
    rows->data = block;
    return AIGC_OK;
}

static aigc_status_t read_pixels(job_t *job, aigc__pixels_t *out)
{
    const uint32_t width = png_get_image_width(job->png, job->info), height = png_get_image_height(job->png, job->info);
    const size_t channels = png_get_channels(job->png, job->info), full = width * channels;
    const bool is_interlaced = png_get_interlace_type(job->png, job->info) != PNG_INTERLACE_NONE;
    aigc__pixel_rows_t rows = {.memory = job->memory};
    aigc_status_t status;
    AIGC__GOTO(fail, aigc__bytes_of(full, height, &rows.total));
    if (is_interlaced)
        AIGC__GOTO(fail, read_passes(job, &rows, width, height, channels));
    else
        AIGC__GOTO(fail, read_rows(job, &rows, height, full, full));
    AIGC__GOTO(fail, call_reader(job, STEP_END));
    *out = (aigc__pixels_t){height, width, (int64_t)channels, rows.data};
    return AIGC_OK;
fail:
    aigc__memory_free(job->memory, rows.data);
    return status;
}

aigc_status_t aigc__png_read(aigc__pixels_t *out, aigc__memory_t *memory, const aigc__source_t *source,
                             const aigc__pixel_request_t *request)
{
    job_t job = {.name = source->name, .memory = memory, .source = source};
    aigc__pixels_t pixels = {0};
    aigc_status_t status;
    AIGC__TRY(check_declared_size(source));
    job.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job, on_alloc, on_free);
    if (!job.png) return out_of_memory(&job);
    job.info = png_create_info_struct(job.png);
    if (!job.info) {
        status = out_of_memory(&job);
        goto end;
    }
    AIGC__GOTO(end, call_reader(&job, STEP_HEADER));
    AIGC__GOTO(end, check_declared_bytes(&job));
    AIGC__GOTO(end, call_reader(&job, STEP_TRANSFORMS));
    AIGC__GOTO(end, read_pixels(&job, &pixels));
    AIGC__GOTO(end, aigc__pixels_convert(&pixels, memory, request));
    *out = pixels;
    pixels.data = NULL;
end:
    aigc__memory_free(memory, pixels.data);
    png_destroy_read_struct(&job.png, &job.info, NULL);
    return status;
}

/* ---- writing ---- */

static void write_header(job_t *job)
{
    const int64_t channels = job->pixels->channels;
    const int color = channels == 1   ? PNG_COLOR_TYPE_GRAY
                      : channels == 3 ? PNG_COLOR_TYPE_RGB
                                      : PNG_COLOR_TYPE_RGB_ALPHA;
    png_set_write_fn(job->png, job, on_write, on_flush);
    png_set_compression_level(job->png, job->compression);
    png_set_IHDR(job->png, job->info, (png_uint_32)job->pixels->width, (png_uint_32)job->pixels->height, 8, color,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(job->png, job->info);
}

static aigc_status_t call_writer(job_t *job, step_t step)
{
    if (setjmp(png_jmpbuf(job->png))) return job->status;
    switch (step) {
    case STEP_HEADER: write_header(job); break;
    case STEP_TRANSFORMS: break;
    case STEP_ROW: png_write_row(job->png, job->row); break;
    case STEP_END: png_write_end(job->png, job->info); break;
    }
    return job->status;
}

static aigc_status_t check_writable(const aigc__pixels_t *pixels, int compression)
{
    const int64_t channels = pixels->channels;
    if (pixels->width < 1 || pixels->height < 1 || pixels->width > AIGC__PICTURE_SIDE ||
        pixels->height > AIGC__PICTURE_SIDE)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "a PNG of %" PRId64 " x %" PRId64 " pixels: each side is 1 to %d",
                          pixels->width, pixels->height, AIGC__PICTURE_SIDE);
    if (channels != 1 && channels != 3 && channels != 4)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "a PNG of %" PRId64 " channels: 1, 3 or 4 can be written", channels);
    if (compression < 0 || compression > 9)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "PNG compression %d: 0 to 9 is possible", compression);
    return AIGC_OK;
}

aigc_status_t aigc__png_write(aigc__saver_t *saver, aigc__memory_t *memory, const aigc__pixels_t *pixels,
                              int compression)
{
    job_t job = {.memory = memory, .saver = saver, .pixels = pixels, .compression = compression};
    aigc_status_t status;
    AIGC__TRY(check_writable(pixels, compression));
    job.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job, on_alloc, on_free);
    if (!job.png) return out_of_memory(&job);
    job.info = png_create_info_struct(job.png);
    if (!job.info) {
        status = out_of_memory(&job);
        goto end;
    }
    AIGC__GOTO(end, call_writer(&job, STEP_HEADER));
    for (int64_t y = 0; y < pixels->height; y++) {
        job.row = pixels->data + y * pixels->width * pixels->channels;
        AIGC__GOTO(end, call_writer(&job, STEP_ROW));
    }
    AIGC__GOTO(end, call_writer(&job, STEP_END));
end:
    png_destroy_write_struct(&job.png, &job.info);
    return status;
}
