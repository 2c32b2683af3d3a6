/* IDX, by Y. LeCun's description of the MNIST files: bytes 0, 0, type, number of dimensions; then the
 * dimensions as big-endian u32; then the numbers, big-endian. Usually inside gzip. */
#include "formats/idx.h"
#include "base/sizes.h"
#include "tensor/elements.h"
#include <inttypes.h>
#include <string.h>
#include <zlib.h>

enum { INPUT_SIZE = 16384, GZIP_RATIO = 1032 };

/* The bytes of the file, or what gzip makes of them. */
typedef struct stream {
    const aigc__source_t *source;
    aigc__memory_t *memory;
    uint64_t offset; /* of the next byte to take from the source */
    bool is_gzip, is_open, is_done;
    z_stream zlib;
    uint8_t *input; /* INPUT_SIZE bytes, gzip only */
} stream_t;

typedef struct header {
    aigc__element_t element;
    size_t rank, count, file_bytes; /* file_bytes: of the numbers as the file holds them */
    int64_t shape[AIGC_MAX_RANK];
} header_t;

static voidpf on_alloc(voidpf memory, uInt items, uInt size)
{
    size_t bytes;
    void *block;
    if (aigc__bytes_of(items, size, &bytes) != AIGC_OK) return Z_NULL;
    return aigc__memory_alloc(memory, bytes, &block) == AIGC_OK ? block : Z_NULL;
}

static void on_free(voidpf memory, voidpf block) { aigc__memory_free(memory, block); }

static void stream_close(stream_t *stream)
{
    if (stream->is_open) inflateEnd(&stream->zlib);
    aigc__memory_free(stream->memory, stream->input);
    *stream = (stream_t){.source = stream->source, .memory = stream->memory};
}

/* Also where it fails, stream_close() is to be called. */
static aigc_status_t stream_open(stream_t *stream, aigc__memory_t *memory, const aigc__source_t *source)
{
    uint8_t magic[2];
    void *block;
    *stream = (stream_t){.source = source, .memory = memory};
    AIGC__TRY(aigc__source_read(source, 0, magic, sizeof magic));
    stream->is_gzip = magic[0] == 0x1f && magic[1] == 0x8b;
    if (!stream->is_gzip) return AIGC_OK;
    AIGC__TRY(aigc__memory_alloc(memory, INPUT_SIZE, &block));
    stream->input = block;
    stream->zlib.zalloc = on_alloc;
    stream->zlib.zfree = on_free;
    stream->zlib.opaque = memory;
    if (inflateInit2(&stream->zlib, 16 + MAX_WBITS) != Z_OK) return aigc__fail(AIGC_ERROR_MEMORY, "no memory for zlib");
    stream->is_open = true;
    return AIGC_OK;
}

static aigc_status_t refill(stream_t *stream)
{
    const uint64_t left = stream->source->size - stream->offset;
    const size_t now = left < INPUT_SIZE ? (size_t)left : INPUT_SIZE;
    if (now == 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the gzip data is cut off at byte %" PRIu64, stream->source->name,
                          stream->source->size);
    AIGC__TRY(aigc__source_read(stream->source, stream->offset, stream->input, now));
    stream->offset += now;
    stream->zlib.next_in = stream->input;
    stream->zlib.avail_in = (uInt)now;
    return AIGC_OK;
}

static aigc_status_t inflate_some(stream_t *stream)
{
    if (stream->zlib.avail_in == 0) AIGC__TRY(refill(stream));
    const int code = inflate(&stream->zlib, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) return aigc__fail(AIGC_ERROR_MEMORY, "%s: no memory for zlib", stream->source->name);
    stream->is_done = code == Z_STREAM_END;
    if (code == Z_OK || code == Z_STREAM_END) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: broken gzip data before byte %" PRIu64 ": %s", stream->source->name,
                      stream->offset - stream->zlib.avail_in,
                      stream->zlib.msg ? stream->zlib.msg : "it makes no progress");
}

static aigc_status_t stream_read(stream_t *stream, void *buffer, size_t bytes)
{
    if (!stream->is_gzip) {
        AIGC__TRY(aigc__source_read(stream->source, stream->offset, buffer, bytes));
        stream->offset += bytes;
        return AIGC_OK;
    }
    uint8_t *to = buffer;
    while (bytes > 0) {
        const size_t now = bytes < INPUT_SIZE ? bytes : INPUT_SIZE;
        if (stream->is_done)
            return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the gzip data ends %zu bytes too early", stream->source->name,
                              bytes);
        stream->zlib.next_out = to;
        stream->zlib.avail_out = (uInt)now;
        AIGC__TRY(inflate_some(stream));
        const size_t got = now - stream->zlib.avail_out;
        to += got;
        bytes -= got;
    }
    return AIGC_OK;
}

/* Nothing may follow the numbers; gzip's check sum is looked at here. */
static aigc_status_t stream_end(stream_t *stream)
{
    uint8_t extra;
    bool is_over = false;
    while (stream->is_gzip && !stream->is_done && !is_over) {
        stream->zlib.next_out = &extra;
        stream->zlib.avail_out = 1;
        AIGC__TRY(inflate_some(stream));
        is_over = stream->zlib.avail_out == 0;
    }
    if (!is_over && stream->offset - stream->zlib.avail_in == stream->source->size) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the file goes on after the numbers its header declares",
                      stream->source->name);
}

static aigc_status_t find_element(const stream_t *stream, uint8_t code, aigc__element_t *out)
{
    switch (code) {
    case 0x08: *out = AIGC__ELEMENT_U8; return AIGC_OK;
    case 0x09: *out = AIGC__ELEMENT_I8; return AIGC_OK;
    case 0x0b: *out = AIGC__ELEMENT_I16; return AIGC_OK;
    case 0x0c: *out = AIGC__ELEMENT_I32; return AIGC_OK;
    case 0x0d: *out = AIGC__ELEMENT_F32; return AIGC_OK;
    case 0x0e: *out = AIGC__ELEMENT_F64; return AIGC_OK;
    default:
        return aigc__fail(AIGC_ERROR_CORRUPT,
                          "%s: IDX element type 0x%02x at byte 2; 0x08, 0x09, 0x0b to 0x0e are known",
                          stream->source->name, (unsigned)code);
    }
}

static aigc_status_t read_shape(stream_t *stream, header_t *header)
{
    const char *name = stream->source->name;
    for (size_t i = 0; i < header->rank; i++) {
        uint8_t b[4];
        AIGC__TRY(stream_read(stream, b, sizeof b));
        header->shape[i] = (int64_t)b[0] << 24 | (int64_t)b[1] << 16 | (int64_t)b[2] << 8 | b[3];
        if (header->shape[i] > INT32_MAX)
            return aigc__fail(AIGC_ERROR_LIMIT, "%s: IDX dimension %zu is %" PRId64 "; at most 2147483647 can be held",
                              name, i, header->shape[i]);
    }
    if (aigc__shape_count(header->rank, header->shape, &header->count) != AIGC_OK ||
        aigc__bytes_of(header->count, aigc__element_info(header->element)->bits / 8, &header->file_bytes) != AIGC_OK)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: the IDX header declares more numbers than can be held", name);
    return AIGC_OK;
}

static aigc_status_t read_header(stream_t *stream, header_t *header)
{
    const aigc__source_t *source = stream->source;
    uint8_t head[4];
    AIGC__TRY(stream_read(stream, head, sizeof head));
    if (head[0] || head[1])
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: not an IDX file: it begins with bytes %02x %02x instead of 00 00",
                          source->name, (unsigned)head[0], (unsigned)head[1]);
    AIGC__TRY(find_element(stream, head[2], &header->element));
    header->rank = head[3];
    if (header->rank == 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: an IDX file of 0 dimensions (byte 3)", source->name);
    if (header->rank > AIGC_MAX_RANK)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: an IDX file of %zu dimensions; at most %d can be read",
                          source->name, header->rank, AIGC_MAX_RANK);
    AIGC__TRY(read_shape(stream, header));
    const uint64_t size = source->size, most = stream->is_gzip ? (size + 1) * GZIP_RATIO : size - stream->offset;
    if (header->file_bytes > most)
        return aigc__fail(AIGC_ERROR_CORRUPT,
                          "%s: the IDX header declares %zu bytes, more than a file of %" PRIu64 " bytes can hold",
                          source->name, header->file_bytes, size);
    return AIGC_OK;
}

/* Numbers of the stream -> `to`, or nowhere where it is NULL. */
static aigc_status_t read_numbers(stream_t *stream, const header_t *header, void *to, void *piece)
{
    const aigc__element_info_t *info = aigc__element_info(header->element);
    const size_t width = info->bits / 8, step = aigc__dtype_bytes(info->dtype), room = AIGC__ELEMENTS_PIECE / width;
    for (size_t done = 0; done < header->count;) {
        const size_t left = header->count - done, now = left < room ? left : room;
        AIGC__TRY(stream_read(stream, piece, now * width));
        if (to) aigc__elements_decode((uint8_t *)to + done * step, piece, header->element, true, now);
        done += now;
    }
    return stream_end(stream);
}

/* A header inside gzip is believed at once only as far as 1 MiB and four times the file; beyond that
 * the whole stream is walked first. */
static bool must_prove(const stream_t *stream, const header_t *header)
{
    const size_t step = aigc__dtype_bytes(aigc__element_info(header->element)->dtype);
    return stream->is_gzip && header->count > ((1u << 19) + stream->source->size * 4) / step;
}

static aigc_status_t read_checked(aigc_tensor_t **out, aigc_context_t *context, stream_t *stream, void *piece)
{
    header_t header;
    aigc_tensor_t *tensor;
    AIGC__TRY(read_header(stream, &header));
    if (must_prove(stream, &header)) {
        const aigc__source_t *source = stream->source;
        AIGC__TRY(read_numbers(stream, &header, NULL, piece));
        stream_close(stream);
        AIGC__TRY(stream_open(stream, &context->memory, source));
        AIGC__TRY(read_header(stream, &header));
    }
    const aigc_dtype_t dtype = aigc__element_info(header.element)->dtype;
    AIGC__TRY(aigc__tensor_create_raw(&tensor, context, dtype, header.rank, header.shape));
    const aigc_status_t status = read_numbers(stream, &header, tensor->data, piece);
    if (status == AIGC_OK)
        *out = tensor;
    else
        aigc__tensor_release(tensor);
    return status;
}

aigc_status_t aigc__idx_read(aigc_tensor_t **out, aigc_context_t *context, const aigc__source_t *source)
{
    stream_t stream = {.memory = &context->memory};
    void *piece = NULL;
    aigc_status_t status;
    AIGC__GOTO(end, aigc__memory_alloc(&context->memory, AIGC__ELEMENTS_PIECE, &piece));
    AIGC__GOTO(end, stream_open(&stream, &context->memory, source));
    AIGC__GOTO(end, read_checked(out, context, &stream, piece));
end:
    stream_close(&stream);
    aigc__memory_free(&context->memory, piece);
    return status;
}

bool aigc__idx_known(const aigc__source_t *source)
{
    uint8_t head[4];
    if (source->size < sizeof head || aigc__source_read(source, 0, head, sizeof head) != AIGC_OK) return false;
    if (head[0] == 0x1f && head[1] == 0x8b) return true;
    return head[0] == 0 && head[1] == 0 && head[2] >= 0x08 && head[2] <= 0x0e && head[2] != 0x0a && head[3] >= 1;
}
