/* The chunks are written here and not by libpng, which knows none of the three that make a PNG an animation:
 *
 *     signature, IHDR, acTL, then for each frame fcTL and its pixels, IEND
 *
 * The first frame's pixels lie in IDAT, all others in fdAT, which is IDAT with a number in front. Those numbers and the
 * ones of fcTL are one row, so that a reader sees what is missing or out of place. Every frame is whole and replaces
 * the one before it: a decoder needs no memory of earlier ones. */
#include "formats/apng.h"
#include "base/sizes.h"
#include "formats/pixels.h"
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

enum {
    N_FILTERS = 5,
    NUMBER_BYTES = 4,   /* in front of the data in fdAT */
    PIECE_BYTES = 32768 /* packed bytes of a chunk */
};

static const int64_t largest_number = 0x7fffffff; /* of every number in the file */

struct aigc__apng {
    aigc__memory_t *memory;
    aigc__saver_t *saver;
    aigc__apng_recipe_t recipe;
    size_t row_bytes;
    int64_t n_written;
    int64_t number; /* the next of fcTL and fdAT */
    z_stream zlib;
    bool is_open;
    aigc_status_t status;  /* of zlib's first failed allocation */
    uint8_t *no_row;       /* zeros: what the first row has above it */
    uint8_t *best, *trial; /* the filter's number and the filtered row */
    uint8_t chunk[NUMBER_BYTES + PIECE_BYTES];
};

/* ---- chunks ---- */

static uint8_t *put_u16(uint8_t *to, uint32_t value)
{
    *to++ = (uint8_t)(value >> 8);
    *to++ = (uint8_t)value;
    return to;
}

static uint8_t *put_u32(uint8_t *to, int64_t value)
{
    return put_u16(put_u16(to, (uint32_t)value >> 16), (uint32_t)value & 0xffff);
}

static aigc_status_t write_chunk(const aigc__apng_t *apng, const char *type, const uint8_t *data, size_t size)
{
    uint8_t head[8], sum[4];
    memcpy(put_u32(head, (int64_t)size), type, 4);
    uLong crc = crc32(0, head + 4, 4);
    if (size > 0) crc = crc32(crc, data, (uInt)size); /* without data it would give its own beginning */
    put_u32(sum, (int64_t)crc);
    AIGC__TRY(aigc__saver_write(apng->saver, head, sizeof head));
    AIGC__TRY(aigc__saver_write(apng->saver, data, size));
    return aigc__saver_write(apng->saver, sum, sizeof sum);
}

static aigc_status_t write_head(const aigc__apng_t *apng)
{
    const aigc__apng_recipe_t *recipe = &apng->recipe;
    const uint8_t color = recipe->channels == 1 ? 0 : recipe->channels == 3 ? 2 : 6;
    uint8_t size[13], frames[8];
    AIGC__TRY(aigc__saver_write(apng->saver, "\x89PNG\r\n\x1a\n", 8));
    memcpy(put_u32(put_u32(size, recipe->width), recipe->height), (const uint8_t[]){8, color, 0, 0, 0}, 5);
    AIGC__TRY(write_chunk(apng, "IHDR", size, sizeof size));
    put_u32(put_u32(frames, recipe->n_frames), recipe->loops);
    return write_chunk(apng, "acTL", frames, sizeof frames);
}

static aigc_status_t next_number(aigc__apng_t *apng, uint8_t *to)
{
    if (apng->number > largest_number)
        return aigc__fail(AIGC_ERROR_LIMIT,
                          "the frames need more than the %" PRId64 " chunks that an animation can have",
                          largest_number);
    put_u32(to, apng->number++);
    return AIGC_OK;
}

static aigc_status_t write_frame_control(aigc__apng_t *apng)
{
    const aigc__apng_recipe_t *recipe = &apng->recipe;
    uint8_t data[26] = {0}; /* the frame's place, what becomes of it and how it is laid over: all 0 */
    AIGC__TRY(next_number(apng, data));
    put_u32(put_u32(data + 4, recipe->width), recipe->height);
    put_u16(put_u16(data + 20, recipe->delay_numerator), recipe->delay_denominator);
    return write_chunk(apng, "fcTL", data, sizeof data);
}

/* ---- filters ---- */

static uint8_t distance(int a, int b) { return (uint8_t)(a < b ? b - a : a - b); }

/* The neighbour nearest to left + up - corner. */
static uint8_t paeth(uint8_t left, uint8_t up, uint8_t corner)
{
    const int to_left = distance(up, corner), to_up = distance(left, corner);
    const int sum = left + up - 2 * corner, to_corner = sum < 0 ? -sum : sum;
    if (to_left <= to_up && to_left <= to_corner) return left;
    return to_up <= to_corner ? up : corner;
}

static uint8_t predict(int filter, uint8_t left, uint8_t up, uint8_t corner)
{
    switch (filter) {
    case 1:
        return left;
    case 2:
        return up;
    case 3:
        return (uint8_t)((left + up) / 2);
    case 4:
        return paeth(left, up, corner);
    default:
        return 0;
    }
}

/* `to` gets the filter's number and the row; the sum of the filtered bytes' sizes as signed ones comes back. */
static uint64_t filter_row(const aigc__apng_t *apng, uint8_t *to, int filter, const uint8_t *row, const uint8_t *above)
{
    const size_t step = (size_t)apng->recipe.channels;
    uint64_t sum = 0;
    to[0] = (uint8_t)filter;
    for (size_t i = 0; i < apng->row_bytes; i++) {
        const uint8_t left = i < step ? 0 : row[i - step], corner = i < step ? 0 : above[i - step];
        const uint8_t rest = (uint8_t)(row[i] - predict(filter, left, above[i], corner));
        to[i + 1] = rest;
        sum += rest < 128 ? rest : 256u - rest;
    }
    return sum;
}

/* Into `best`: the filter whose bytes are the smallest, a good guess at what packs best, says the
 * specification under filter selection. */
static void choose_filter(aigc__apng_t *apng, const uint8_t *row, const uint8_t *above)
{
    uint64_t least = UINT64_MAX;
    for (int filter = 0; filter < N_FILTERS; filter++) {
        const uint64_t sum = filter_row(apng, apng->trial, filter, row, above);
        if (sum >= least) continue;
        uint8_t *worse = apng->best;
        apng->best = apng->trial;
        apng->trial = worse;
        least = sum;
    }
}

/* ---- packing ---- */

static voidpf on_alloc(voidpf user, uInt items, uInt size)
{
    aigc__apng_t *apng = user;
    size_t bytes = 0;
    void *block = NULL;
    aigc_status_t status = aigc__bytes_of(items, size, &bytes);
    if (status == AIGC_OK) status = aigc__memory_alloc(apng->memory, bytes, &block);
    if (apng->status == AIGC_OK) apng->status = status;
    return status == AIGC_OK ? block : Z_NULL;
}

static void on_free(voidpf user, voidpf block)
{
    const aigc__apng_t *apng = user;
    aigc__memory_free(apng->memory, block);
}

static aigc_status_t open_stream(aigc__apng_t *apng)
{
    apng->zlib.zalloc = on_alloc;
    apng->zlib.zfree = on_free;
    apng->zlib.opaque = apng;
    const int code =
        deflateInit2(&apng->zlib, apng->recipe.compression, Z_DEFLATED, MAX_WBITS, MAX_MEM_LEVEL - 1, Z_FILTERED);
    apng->is_open = code == Z_OK;
    if (apng->is_open) return AIGC_OK;
    return apng->status != AIGC_OK ? apng->status : aigc__fail(AIGC_ERROR_MEMORY, "no memory for zlib");
}

/* Packed bytes begin behind the place of the number. */
static void empty_piece(aigc__apng_t *apng)
{
    apng->zlib.next_out = apng->chunk + NUMBER_BYTES;
    apng->zlib.avail_out = PIECE_BYTES;
}

static aigc_status_t write_piece(aigc__apng_t *apng)
{
    const size_t size = PIECE_BYTES - apng->zlib.avail_out;
    if (size == 0) return AIGC_OK;
    empty_piece(apng);
    if (apng->n_written == 0) return write_chunk(apng, "IDAT", apng->chunk + NUMBER_BYTES, size);
    AIGC__TRY(next_number(apng, apng->chunk));
    return write_chunk(apng, "fdAT", apng->chunk, NUMBER_BYTES + size);
}

/* A piece left without room is written and zlib asked again, for it may hold back more. */
static aigc_status_t pack(aigc__apng_t *apng, uint8_t *bytes, size_t size, int flush)
{
    apng->zlib.next_in = bytes;
    apng->zlib.avail_in = (uInt)size;
    for (;;) {
        deflate(&apng->zlib, flush);
        if (apng->zlib.avail_out > 0) return AIGC_OK;
        AIGC__TRY(write_piece(apng));
    }
}

/* ---- the whole ---- */

static aigc_status_t check_recipe(const aigc__apng_recipe_t *recipe)
{
    const int64_t channels = recipe->channels;
    if (recipe->width < 1 || recipe->height < 1 || recipe->width > AIGC__PICTURE_SIDE ||
        recipe->height > AIGC__PICTURE_SIDE)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "an animation of %" PRId64 " x %" PRId64 " pixels: each side is 1 to %d",
                          recipe->width, recipe->height, AIGC__PICTURE_SIDE);
    if (channels != 1 && channels != 3 && channels != 4)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "an animation of %" PRId64 " channels: 1, 3 or 4 can be written",
                          channels);
    if (recipe->n_frames < 1 || recipe->n_frames > largest_number)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "an animation of %" PRId64 " frames: 1 to %" PRId64 " can be written",
                          recipe->n_frames, largest_number);
    if (recipe->loops < 0 || recipe->loops > largest_number)
        return aigc__fail(AIGC_ERROR_ARGUMENT,
                          "an animation that plays %" PRId64 " times: 0 to %" PRId64 " is possible", recipe->loops,
                          largest_number);
    if (recipe->compression < 0 || recipe->compression > 9)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "PNG compression %d: 0 to 9 is possible", recipe->compression);
    return AIGC_OK;
}

/* Three rows in one block. The side is at most AIGC__PICTURE_SIDE, so nothing here overflows. */
static aigc_status_t allocate_rows(aigc__apng_t *apng)
{
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(apng->memory, 3 * apng->row_bytes + 2, &block));
    apng->no_row = block;
    apng->best = apng->no_row + apng->row_bytes;
    apng->trial = apng->best + apng->row_bytes + 1;
    return AIGC_OK;
}

aigc_status_t aigc__apng_begin(aigc__apng_t **out, aigc__saver_t *saver, aigc__memory_t *memory,
                               const aigc__apng_recipe_t *recipe)
{
    aigc__apng_t *apng;
    void *block;
    aigc_status_t status;
    AIGC__TRY(check_recipe(recipe));
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof *apng, &block));
    apng = block;
    apng->memory = memory;
    apng->saver = saver;
    apng->recipe = *recipe;
    apng->row_bytes = (size_t)(recipe->width * recipe->channels);
    AIGC__GOTO(fail, allocate_rows(apng));
    AIGC__GOTO(fail, open_stream(apng));
    AIGC__GOTO(fail, write_head(apng));
    *out = apng;
    return AIGC_OK;
fail:
    aigc__apng_free(apng);
    return status;
}

aigc_status_t aigc__apng_frame(aigc__apng_t *apng, const uint8_t *pixels)
{
    const uint8_t *above = apng->no_row;
    if (apng->n_written >= apng->recipe.n_frames)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "more frames than the %" PRId64 " announced", apng->recipe.n_frames);
    AIGC__TRY(write_frame_control(apng));
    deflateReset(&apng->zlib);
    empty_piece(apng);
    for (int64_t y = 0; y < apng->recipe.height; y++) {
        choose_filter(apng, pixels, above);
        AIGC__TRY(pack(apng, apng->best, apng->row_bytes + 1, Z_NO_FLUSH));
        above = pixels;
        pixels += apng->row_bytes;
    }
    AIGC__TRY(pack(apng, NULL, 0, Z_FINISH));
    AIGC__TRY(write_piece(apng));
    apng->n_written++;
    return AIGC_OK;
}

aigc_status_t aigc__apng_end(aigc__apng_t *apng)
{
    if (apng->n_written < apng->recipe.n_frames)
        return aigc__fail(AIGC_ERROR_ARGUMENT, "%" PRId64 " frames of the %" PRId64 " announced", apng->n_written,
                          apng->recipe.n_frames);
    return write_chunk(apng, "IEND", NULL, 0);
}

void aigc__apng_free(aigc__apng_t *apng)
{
    if (apng == NULL) return;
    if (apng->is_open) deflateEnd(&apng->zlib);
    aigc__memory_free(apng->memory, apng->no_row);
    aigc__memory_free(apng->memory, apng);
}
