/* NAME.index.json: which of several files beside it has which tensor, as Hugging Face's tools write it. */
#include "base/sizes.h"
#include "formats/json_members.h"
#include "formats/weight_files.h"
#include <stdio.h>
#include <string.h>

enum { MOST_TEXT = 64 << 20, MOST_SHARDS = 4096, MOST_PATH = 4096, LEAST_MEMBER = 6 };

typedef struct place {
    const char *name;
    uint32_t shard, index;
} place_t;

typedef struct shards {
    aigc_context_t *context; /* borrowed */
    const aigc__source_t *source;
    char *text; /* the JSON; names live in it, decoded */
    size_t text_bytes;
    place_t *places;
    size_t n;
    struct {
        const char *name;
        aigc_weights_t *weights;
    } * shards;
    size_t n_shards;
} shards_t;

static void close_shards(void *file)
{
    shards_t *s = file;
    if (!s) return;
    aigc__memory_t *memory = &s->context->memory;
    for (size_t i = 0; i < s->n_shards; i++) aigc__weights_free(s->shards[i].weights);
    aigc__memory_free(memory, s->shards);
    aigc__memory_free(memory, s->places);
    aigc__memory_free(memory, s->text);
    aigc__memory_free(memory, s);
}

/* JSON whose first object has a weight_map before long. */
static bool known(const uint8_t *head, size_t n, uint64_t size)
{
    static const char word[] = "\"weight_map\"";
    size_t at = 0;
    (void)size;
    while (at < n && (head[at] == ' ' || head[at] == '\t' || head[at] == '\r' || head[at] == '\n')) at++;
    if (at == n || head[at] != '{') return false;
    for (; at + sizeof word - 1 <= n; at++)
        if (memcmp(head + at, word, sizeof word - 1) == 0) return true;
    return false;
}

/* A file in the folder of the index, whatever the index says. */
static aigc_status_t open_shard(shards_t *s, const char *name, aigc_weights_t **out)
{
    char path[MOST_PATH];
    const char *own = s->source->name, *last = aigc__path_name(own);
    if (!s->source->calls)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: an index of shards must be a file beside them", own);
    if (*name == '\0' || strchr(name, '/') || strchr(name, '\\') || strcmp(name, "..") == 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the shard '%.64s' does not lie in the folder of the index", own,
                          name);
    const int length = snprintf(path, sizeof path, "%.*s%s", (int)(last - own), own, name);
    if (length < 0 || (size_t)length >= sizeof path || strcmp(last, name) == 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: '%.64s' cannot be a shard", own, name);
    aigc__source_t source = {0};
    uint8_t head[AIGC__WEIGHTS_HEAD];
    AIGC__TRY(aigc__source_open(&source, s->context->files, path));
    const size_t n = source.size < sizeof head ? (size_t)source.size : sizeof head;
    const aigc_status_t status = aigc__source_read(&source, 0, head, n);
    if (status == AIGC_OK && !known(head, n, source.size)) return aigc__weights_open_source(out, s->context, source);
    aigc__source_close(&source);
    if (status != AIGC_OK) return status;
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the shard '%.64s' is an index itself", own, name);
}

static aigc_status_t find_shard(shards_t *s, const char *name, uint32_t *out)
{
    void *block = s->shards;
    for (size_t i = s->n_shards; i-- > 0;)
        if (strcmp(s->shards[i].name, name) == 0) {
            *out = (uint32_t)i;
            return AIGC_OK;
        }
    if (s->n_shards == MOST_SHARDS)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: more than %d shards", s->source->name, MOST_SHARDS);
    AIGC__TRY(aigc__memory_resize(&s->context->memory, (s->n_shards + 1) * sizeof *s->shards, &block));
    s->shards = block;
    s->shards[s->n_shards].weights = NULL;
    s->shards[s->n_shards].name = name;
    *out = (uint32_t)s->n_shards++;
    return open_shard(s, name, &s->shards[*out].weights);
}

static aigc_status_t add_place(shards_t *s, const char *name, const char *shard)
{
    place_t *place = &s->places[s->n];
    place->name = name;
    AIGC__TRY(find_shard(s, shard, &place->shard));
    const int64_t index = aigc__weights_find(s->shards[place->shard].weights, name);
    if (index < 0)
        return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the shard '%.64s' has no tensor '%.200s'", s->source->name, shard,
                          name);
    place->index = (uint32_t)index;
    s->n++;
    return AIGC_OK;
}

static aigc_status_t parse_map(shards_t *s, aigc__json_cursor_t *cursor)
{
    size_t members = 0, bytes = 0;
    void *block = NULL;
    const char *name = NULL, *shard = NULL;
    if (s->places) return aigc__json_unexpected(cursor, "only one weight_map");
    AIGC__TRY(aigc__json_enter(cursor, 1, &members));
    if (members > s->text_bytes / LEAST_MEMBER + 1) return aigc__json_unexpected(cursor, "less colons");
    AIGC__TRY(aigc__bytes_of(members, sizeof *s->places, &bytes));
    AIGC__TRY(aigc__memory_alloc_zeroed(&s->context->memory, bytes, &block));
    s->places = block;
    for (;;) {
        AIGC__TRY(aigc__json_next_key(cursor, &name));
        if (!name) return AIGC_OK;
        AIGC__TRY(aigc__json_take_string(cursor, &shard));
        AIGC__TRY(add_place(s, name, shard));
    }
}

static aigc_status_t parse(shards_t *s)
{
    aigc__json_cursor_t cursor = {s->source->name, s->text, s->text_bytes, 0, 0, true};
    size_t members = 0;
    const char *key = NULL;
    json_t *value = NULL;
    AIGC__TRY(aigc__json_enter(&cursor, 4, &members));
    for (;;) {
        AIGC__TRY(aigc__json_next_key(&cursor, &key));
        if (!key) break;
        if (strcmp(key, "weight_map") == 0) {
            AIGC__TRY(parse_map(s, &cursor));
            continue;
        }
        AIGC__TRY(aigc__json_take_value(&cursor, &value));
        json_decref(value);
    }
    AIGC__TRY(aigc__json_check_end(&cursor));
    return s->places ? AIGC_OK : aigc__json_unexpected(&cursor, "before here: a weight_map");
}

static aigc_status_t open_shards(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                                 const aigc__source_t *source)
{
    void *block = NULL, *text = NULL;
    aigc_status_t status;
    (void)format;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(shards_t), &block));
    shards_t *s = block;
    s->context = context;
    s->source = source;
    AIGC__GOTO(fail, aigc__source_read_all(source, &context->memory, MOST_TEXT, &text, &s->text_bytes));
    s->text = text;
    AIGC__GOTO(fail, parse(s));
    *out = s;
    return AIGC_OK;
fail:
    close_shards(s);
    return status;
}

static size_t count(const void *file) { return ((const shards_t *)file)->n; }

static void entry(const void *file, size_t index, aigc__weights_entry_t *out)
{
    const shards_t *s = file;
    const place_t *place = &s->places[index];
    aigc__weights_entry(s->shards[place->shard].weights, place->index, out);
    out->name = place->name;
    out->storage |= (uint64_t)place->shard << 32;
}

static aigc_status_t read(void *file, uint64_t storage, uint64_t place, void *to, size_t bytes)
{
    aigc_weights_t *weights = ((shards_t *)file)->shards[storage >> 32].weights;
    return weights->format->read(weights->file, storage & UINT32_MAX, place, to, bytes);
}

const aigc__weights_format_t aigc__weights_shards = {
    "safetensors index", known, open_shards, close_shards, count, entry, NULL, read, NULL, NULL, NULL, NULL, NULL};
