/* u64 length N, little-endian; N bytes of JSON; the numbers, without holes, to the end of the file. */
#include "base/sizes.h"
#include "formats/json_members.h"
#include "formats/order.h"
#include "formats/safetensors.h"
#include "formats/safetensors_limits.h"
#include "formats/weight_files.h"
#include "tensor/elements.h"
#include <inttypes.h>
#include <string.h>

typedef struct record {
    aigc__safetensors_entry_t entry;
    aigc__element_t element;
} record_t;

/* Places in the header's text. */
typedef struct pair {
    uint32_t key, value;
} pair_t;

/* The shortest members, with a comma, that can be right: "":{"dtype":"U8","shape":[],"data_offsets":[0,0]}
 * and "":"". A text cannot have more, whatever its colons suggest. */
enum { LEAST_TENSOR = 50, LEAST_PAIR = 6 };

struct aigc__safetensors {
    aigc_context_t *context; /* retained */
    const aigc__source_t *source;
    char *header; /* the JSON text; names and metadata live in it, decoded */
    size_t header_bytes;
    record_t *records;  /* as listed */
    uint32_t *by_place; /* file order -> record */
    uint32_t *by_name;  /* sorted by name -> file order */
    size_t n;
    pair_t *metadata;
    uint32_t *by_key; /* sorted by key -> pair */
    size_t n_metadata;
};

static uint64_t load_u64(const uint8_t *b)
{
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | b[i];
    return value;
}

static aigc_status_t read_header(aigc__safetensors_t *file)
{
    const aigc__source_t *source = file->source;
    uint8_t head[8];
    void *block;
    AIGC__TRY(aigc__source_read(source, 0, head, sizeof head));
    const uint64_t n = load_u64(head);
    if (n > source->size - 8)
        return aigc__fail(AIGC_ERROR_CORRUPT,
                          "%s: the safetensors header is said to have %" PRIu64 " bytes, the file has %" PRIu64,
                          source->name, n, source->size);
    if (n > AIGC__SAFETENSORS_HEADER)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: a safetensors header of %" PRIu64 " bytes; at most %d are read",
                          source->name, n, AIGC__SAFETENSORS_HEADER);
    AIGC__TRY(aigc__memory_alloc(&file->context->memory, (size_t)n, &block));
    file->header = block;
    file->header_bytes = (size_t)n;
    return aigc__source_read(source, 8, file->header, file->header_bytes);
}

static aigc_status_t alloc_array(aigc__safetensors_t *file, size_t n, size_t each, void **out)
{
    size_t bytes;
    AIGC__TRY(aigc__bytes_of(n, each, &bytes));
    return aigc__memory_alloc_zeroed(&file->context->memory, bytes, out);
}

static int compare_names(const void *things, uint32_t a, uint32_t b)
{
    const char *const *names = things;
    return strcmp(names[a], names[b]);
}

/* Empty tensors before the one that begins at the same byte. */
static int compare_places(const void *things, uint32_t a, uint32_t b)
{
    const record_t *records = things;
    const aigc__safetensors_entry_t *left = &records[a].entry, *right = &records[b].entry;
    if (left->first != right->first) return left->first < right->first ? -1 : 1;
    return left->bytes != right->bytes ? (left->bytes < right->bytes ? -1 : 1) : 0;
}

static const char *key_of(const aigc__safetensors_t *file, uint32_t pair)
{
    return file->header + file->metadata[pair].key;
}

static int compare_keys(const void *things, uint32_t a, uint32_t b)
{
    return strcmp(key_of(things, a), key_of(things, b));
}

/* Room for `members` was claimed by colons alone. */
static aigc_status_t check_members(const aigc__safetensors_t *file, size_t members, size_t least, const char *what)
{
    if (members > AIGC__SAFETENSORS_MOST)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: %zu %s; at most %d are read", file->source->name, members, what,
                          AIGC__SAFETENSORS_MOST);
    if (members > file->header_bytes / least + 2)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: %zu %s cannot be in a header of %zu bytes", file->source->name,
                          members, what, file->header_bytes);
    return AIGC_OK;
}

/* ---- metadata ---- */

static aigc_status_t sort_metadata(aigc__safetensors_t *file)
{
    void *block;
    AIGC__TRY(alloc_array(file, 2 * file->n_metadata, sizeof *file->by_key, &block));
    file->by_key = block;
    aigc__order(file->by_key, file->by_key + file->n_metadata, file->n_metadata, compare_keys, file);
    for (size_t i = 1; i < file->n_metadata; i++)
        if (compare_keys(file, file->by_key[i - 1], file->by_key[i]) == 0)
            return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the metadata has the key '%s' twice", file->source->name,
                              key_of(file, file->by_key[i]));
    return AIGC_OK;
}

static aigc_status_t parse_metadata(aigc__safetensors_t *file, aigc__json_cursor_t *cursor)
{
    size_t members;
    void *block;
    const char *key, *value;
    if (file->metadata) return aigc__json_unexpected(cursor, "only one __metadata__");
    AIGC__TRY(aigc__json_enter(cursor, 1, &members));
    AIGC__TRY(check_members(file, members, LEAST_PAIR, "entries of metadata"));
    AIGC__TRY(alloc_array(file, members, sizeof *file->metadata, &block));
    file->metadata = block;
    for (;;) {
        AIGC__TRY(aigc__json_next_key(cursor, &key));
        if (!key) return sort_metadata(file);
        AIGC__TRY(aigc__json_take_string(cursor, &value));
        file->metadata[file->n_metadata++] = (pair_t){(uint32_t)(key - file->header), (uint32_t)(value - file->header)};
    }
}

/* ---- entries ---- */

static aigc_status_t bad_entry(const aigc__safetensors_t *file, const char *name, const char *what)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: tensor '%s': %s", file->source->name, name, what);
}

static aigc_status_t parse_dtype(const aigc__safetensors_t *file, record_t *record, const json_t *json)
{
    const char *dtype = json_string_value(json);
    if (!dtype) return bad_entry(file, record->entry.name, "a text is expected as dtype");
    for (int i = 0; i < AIGC__ELEMENT_C128; i++)
        if (strcmp(dtype, aigc__element_info((aigc__element_t)i)->name) == 0) {
            record->element = (aigc__element_t)i;
            record->entry.dtype = aigc__element_info(record->element)->name;
            return AIGC_OK;
        }
    return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: tensor '%s': unknown dtype '%.32s'", file->source->name,
                      record->entry.name, dtype);
}

static aigc_status_t parse_shape(const aigc__safetensors_t *file, aigc__safetensors_entry_t *entry, const json_t *json)
{
    const size_t rank = json_array_size(json);
    if (!json_is_array(json)) return bad_entry(file, entry->name, "a list is expected as shape");
    if (rank > sizeof entry->shape / sizeof *entry->shape)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: tensor '%s': %zu dimensions; at most 8 are read",
                          file->source->name, entry->name, rank);
    entry->rank = (uint32_t)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *dimension = json_array_get(json, i);
        entry->shape[i] = json_integer_value(dimension);
        if (!json_is_integer(dimension) || entry->shape[i] < 0)
            return bad_entry(file, entry->name, "a dimension is no whole number from 0");
        if (entry->shape[i] > INT32_MAX)
            return aigc__fail(AIGC_ERROR_LIMIT,
                              "%s: tensor '%s': a dimension of %" PRId64 "; at most 2147483647 can be held",
                              file->source->name, entry->name, entry->shape[i]);
    }
    return AIGC_OK;
}

static aigc_status_t parse_offsets(const aigc__safetensors_t *file, aigc__safetensors_entry_t *entry,
                                   const json_t *json)
{
    const json_t *begin = json_array_get(json, 0), *end = json_array_get(json, 1);
    const json_int_t first = json_integer_value(begin), last = json_integer_value(end);
    if (json_array_size(json) != 2 || !json_is_integer(begin) || !json_is_integer(end) || first < 0)
        return bad_entry(file, entry->name, "two whole numbers from 0 are expected as data_offsets");
    if (last < first) return bad_entry(file, entry->name, "it ends before it begins");
    entry->first = (uint64_t)first;
    entry->bytes = (uint64_t)last - (uint64_t)first;
    return AIGC_OK;
}

/* The product of the dimensions times the bits of an element is what the offsets span. */
static aigc_status_t check_bytes(const aigc__safetensors_t *file, record_t *record)
{
    aigc__safetensors_entry_t *entry = &record->entry;
    size_t count = 1, bits;
    bool is_empty = false, fits = true;
    for (size_t i = 0; i < entry->rank; i++) {
        is_empty |= entry->shape[i] == 0;
        fits = fits && aigc__size_multiply(count, entry->shape[i] ? (size_t)entry->shape[i] : 1, &count);
    }
    if (!fits || !aigc__size_multiply(count, aigc__element_info(record->element)->bits, &bits))
        return bad_entry(file, entry->name, "its shape has more numbers than any file");
    entry->count = is_empty ? 0 : count;
    if (is_empty) bits = 0;
    if (bits % 8) return bad_entry(file, entry->name, "its numbers do not fill whole bytes");
    if (bits / 8 != entry->bytes)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: tensor '%s': shape and dtype make %zu bytes, its offsets %" PRIu64,
                          file->source->name, entry->name, bits / 8, entry->bytes);
    return AIGC_OK;
}

static aigc_status_t parse_fields(const aigc__safetensors_t *file, record_t *record, const json_t *json)
{
    if (!json_is_object(json)) return bad_entry(file, record->entry.name, "an object is expected");
    AIGC__TRY(parse_dtype(file, record, json_object_get(json, "dtype")));
    AIGC__TRY(parse_shape(file, &record->entry, json_object_get(json, "shape")));
    AIGC__TRY(parse_offsets(file, &record->entry, json_object_get(json, "data_offsets")));
    return check_bytes(file, record);
}

static aigc_status_t parse_entry(aigc__safetensors_t *file, aigc__json_cursor_t *cursor, const char *name)
{
    record_t *record = &file->records[file->n];
    json_t *json;
    if (strlen(name) > AIGC__SAFETENSORS_NAME)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: tensor '%.64s...': its name has %zu bytes; at most %d are read",
                          file->source->name, name, strlen(name), AIGC__SAFETENSORS_NAME);
    AIGC__TRY(aigc__json_take_value(cursor, &json));
    record->entry.name = name;
    const aigc_status_t status = parse_fields(file, record, json);
    json_decref(json);
    if (status == AIGC_OK) file->n++;
    return status;
}

static aigc_status_t parse_header(aigc__safetensors_t *file)
{
    aigc__json_cursor_t cursor = {file->source->name, file->header, file->header_bytes, 0, 8, true};
    size_t members;
    void *block;
    const char *name;
    if (file->header_bytes == 0 || file->header[0] != '{') return aigc__json_unexpected(&cursor, "'{'");
    AIGC__TRY(aigc__json_enter(&cursor, AIGC__SAFETENSORS_DEPTH, &members));
    AIGC__TRY(check_members(file, members, LEAST_TENSOR, "tensors"));
    AIGC__TRY(alloc_array(file, members, sizeof *file->records, &block));
    file->records = block;
    for (;;) {
        AIGC__TRY(aigc__json_next_key(&cursor, &name));
        if (!name) return aigc__json_check_end(&cursor);
        if (strcmp(name, "__metadata__") == 0)
            AIGC__TRY(parse_metadata(file, &cursor));
        else
            AIGC__TRY(parse_entry(file, &cursor, name));
    }
}

/* ---- the whole ---- */

/* In file order every tensor begins where the one before ends, and the last ends with the file. */
static aigc_status_t check_places(aigc__safetensors_t *file)
{
    const uint64_t data = 8 + (uint64_t)file->header_bytes, size = file->source->size - data;
    uint64_t expected = 0;
    for (size_t i = 0; i < file->n; i++) {
        aigc__safetensors_entry_t *entry = &file->records[file->by_place[i]].entry;
        if (entry->first != expected)
            return aigc__fail(AIGC_ERROR_CORRUPT,
                              "%s: tensor '%s' begins at byte %" PRIu64 " of the data; %" PRIu64 " is expected",
                              file->source->name, entry->name, entry->first, expected);
        if (entry->bytes > size - expected)
            return aigc__fail(AIGC_ERROR_CORRUPT, "%s: tensor '%s' ends after the file's end (%" PRIu64 " bytes)",
                              file->source->name, entry->name, file->source->size);
        expected += entry->bytes;
        entry->first += data;
    }
    if (expected == size) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: %" PRIu64 " bytes after the last tensor belong to none",
                      file->source->name, size - expected);
}

/* `names` in file order. */
static aigc_status_t check_names(const aigc__safetensors_t *file, const char *const *names)
{
    for (size_t i = 1; i < file->n; i++)
        if (compare_names(names, file->by_name[i - 1], file->by_name[i]) == 0)
            return aigc__fail(AIGC_ERROR_CORRUPT, "%s: two tensors are named '%s'", file->source->name,
                              names[file->by_name[i]]);
    return AIGC_OK;
}

/* The names lie side by side while they are sorted: with a million of them every step saved counts. */
static aigc_status_t sort_names(aigc__safetensors_t *file, uint32_t *scratch)
{
    void *block;
    AIGC__TRY(alloc_array(file, file->n, sizeof(const char *), &block));
    const char **names = block;
    for (size_t i = 0; i < file->n; i++) names[i] = aigc__safetensors_entry(file, i)->name;
    aigc__order(file->by_name, scratch, file->n, compare_names, names);
    const aigc_status_t status = check_names(file, names);
    aigc__memory_free(&file->context->memory, block);
    return status;
}

static aigc_status_t sort_entries(aigc__safetensors_t *file)
{
    void *block;
    AIGC__TRY(alloc_array(file, 3 * file->n, sizeof *file->by_place, &block));
    file->by_place = block;
    file->by_name = file->by_place + file->n;
    uint32_t *scratch = file->by_name + file->n;
    aigc__order(file->by_place, scratch, file->n, compare_places, file->records);
    AIGC__TRY(check_places(file));
    return sort_names(file, scratch);
}

aigc_status_t aigc__safetensors_open(aigc__safetensors_t **out, aigc_context_t *context, const aigc__source_t *source)
{
    aigc_status_t status;
    void *block;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc__safetensors_t), &block));
    aigc__safetensors_t *file = block;
    aigc__context_retain(context);
    file->context = context;
    file->source = source;
    AIGC__GOTO(fail, read_header(file));
    AIGC__GOTO(fail, parse_header(file));
    AIGC__GOTO(fail, sort_entries(file));
    *out = file;
    return AIGC_OK;
fail:
    aigc__safetensors_free(file);
    return status;
}

void aigc__safetensors_free(aigc__safetensors_t *file)
{
    if (!file) return;
    aigc_context_t *context = file->context;
    aigc__memory_t *memory = &context->memory;
    aigc__memory_free(memory, file->header);
    aigc__memory_free(memory, file->records);
    aigc__memory_free(memory, file->by_place);
    aigc__memory_free(memory, file->metadata);
    aigc__memory_free(memory, file->by_key);
    aigc__memory_free(memory, file);
    aigc__context_release(context);
}

/* Also of a file that was cut: what it lacks is for the reader to say. */
bool aigc__safetensors_known(const uint8_t *head, size_t n, uint64_t size)
{
    (void)size;
    if (n < 9) return false;
    const uint64_t header = load_u64(head);
    return header > 1 && header <= AIGC__SAFETENSORS_HEADER && head[8] == '{';
}

size_t aigc__safetensors_count(const aigc__safetensors_t *file) { return file->n; }

const aigc__safetensors_entry_t *aigc__safetensors_entry(const aigc__safetensors_t *file, size_t index)
{
    return &file->records[file->by_place[index]].entry;
}

int64_t aigc__safetensors_find(const aigc__safetensors_t *file, const char *name)
{
    size_t first = 0, end = file->n;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const int order = strcmp(aigc__safetensors_entry(file, file->by_name[middle])->name, name);
        if (order == 0) return file->by_name[middle];
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return -1;
}

const char *aigc__safetensors_metadata(const aigc__safetensors_t *file, const char *key)
{
    size_t first = 0, end = file->n_metadata;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const uint32_t pair = file->by_key[middle];
        const int order = strcmp(key_of(file, pair), key);
        if (order == 0) return file->header + file->metadata[pair].value;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

/* ---- the row ---- */

static aigc_status_t open_row(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                              const aigc__source_t *source)
{
    aigc__safetensors_t *file = NULL;
    (void)format;
    AIGC__TRY(aigc__safetensors_open(&file, context, source));
    *out = file;
    return AIGC_OK;
}

static void free_row(void *file) { aigc__safetensors_free(file); }

static size_t count(const void *file) { return aigc__safetensors_count(file); }

static void entry(const void *file, size_t index, aigc__weights_entry_t *out)
{
    const aigc__safetensors_t *from = file;
    const record_t *record = &from->records[from->by_place[index]];
    out->name = record->entry.name;
    out->element = record->element;
    out->rank = record->entry.rank;
    memcpy(out->shape, record->entry.shape, out->rank * sizeof *out->shape);
    aigc__weights_set_dense(out);
    out->storage = index;
    out->first = record->entry.first;
}

static int64_t find(const void *file, const char *name) { return aigc__safetensors_find(file, name); }

static aigc_status_t read_row(void *file, uint64_t storage, uint64_t place, void *to, size_t bytes)
{
    (void)storage;
    return aigc__source_read(((const aigc__safetensors_t *)file)->source, place, to, bytes);
}

static const char *metadata(const void *file, const char *key) { return aigc__safetensors_metadata(file, key); }

static size_t n_values(const void *file) { return ((const aigc__safetensors_t *)file)->n_metadata; }

static void value(const void *file, size_t index, aigc__weights_value_t *out)
{
    const aigc__safetensors_t *from = file;
    out->name = key_of(from, from->by_key[index]);
    out->type = "string";
    out->text = from->header + from->metadata[from->by_key[index]].value;
}

const aigc__weights_format_t aigc__weights_safetensors = {"safetensors", aigc__safetensors_known,
                                                          open_row,      free_row,
                                                          count,         entry,
                                                          find,          read_row,
                                                          n_values,      value,
                                                          metadata,      NULL,
                                                          NULL};
