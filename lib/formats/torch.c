/* PyTorch's containers: the zip archive, the older stream, and pickles with their numbers inside. */
#include "formats/torch.h"
#include "base/sizes.h"
#include "formats/npy.h"
#include "formats/order.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PICKLE = 64 << 20 };

/* ---- storages ---- */

aigc_status_t aigc__torch_add_storage(aigc__torch_t *torch, aigc__torch_place_t place, uint64_t at, uint64_t bytes,
                                      bool is_big_endian, uint32_t *out)
{
    void *storages = torch->storages;
    AIGC__TRY(aigc__pile_grow(&torch->budget, &storages, &torch->storage_room, torch->n_storages + 1,
                              sizeof *torch->storages));
    torch->storages = storages;
    *out = (uint32_t)torch->n_storages;
    torch->storages[torch->n_storages++] = (aigc__torch_storage_t){at, bytes, place, is_big_endian};
    return AIGC_OK;
}

/* torch.FloatStorage, torch.cuda.HalfStorage, torch.storage.UntypedStorage. */
static bool find_class(const char *name, aigc__element_t *out)
{
    static const struct {
        const char *name;
        aigc__element_t element;
    } classes[] = {
        {"FloatStorage", AIGC__ELEMENT_F32},        {"DoubleStorage", AIGC__ELEMENT_F64},
        {"HalfStorage", AIGC__ELEMENT_F16},         {"BFloat16Storage", AIGC__ELEMENT_BF16},
        {"LongStorage", AIGC__ELEMENT_I64},         {"IntStorage", AIGC__ELEMENT_I32},
        {"ShortStorage", AIGC__ELEMENT_I16},        {"CharStorage", AIGC__ELEMENT_I8},
        {"ByteStorage", AIGC__ELEMENT_U8},          {"BoolStorage", AIGC__ELEMENT_BOOL},
        {"ComplexFloatStorage", AIGC__ELEMENT_C64}, {"ComplexDoubleStorage", AIGC__ELEMENT_C128},
        {"UntypedStorage", AIGC__ELEMENT_U8},
    };
    if (!name || strncmp(name, "torch.", 6) != 0) return false;
    const char *last = strrchr(name, '.') + 1;
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++)
        if (strcmp(last, classes[k].name) == 0) {
            *out = classes[k].element;
            return true;
        }
    return false;
}

bool aigc__torch_id(const aigc__pickle_t *p, aigc__ref_t tuple, aigc__torch_id_t *out)
{
    const char *what = aigc__pickle_text(p, aigc__pickle_item(p, tuple, 0));
    const aigc__pickle_node_t *node = aigc__pickle_node(p, tuple);
    const aigc__ref_t view = aigc__pickle_item(p, tuple, 5);
    *out = (aigc__torch_id_t){.view_count = -1};
    out->key = aigc__pickle_text(p, aigc__pickle_item(p, tuple, 2));
    if (node->kind != AIGC__PICKLE_TUPLE || !what || strcmp(what, "storage") != 0 || !out->key ||
        !aigc__pickle_whole(p, aigc__pickle_item(p, tuple, 4), 0, &out->count))
        return false;
    out->is_readable = find_class(aigc__pickle_text(p, aigc__pickle_item(p, tuple, 1)), &out->element);
    if (aigc__pickle_node(p, view)->kind != AIGC__PICKLE_TUPLE) return true;
    return aigc__pickle_whole(p, aigc__pickle_item(p, view, 1), 0, &out->view_first) &&
           aigc__pickle_whole(p, aigc__pickle_item(p, view, 2), 0, &out->view_count);
}

static aigc_status_t bad_storage(const aigc__torch_t *t, const char *key, const char *what)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: the storage '%.64s' %s", t->source->name, key, what);
}

static aigc_status_t find_member(aigc__torch_t *t, const char *key, uint32_t *storage)
{
    char name[AIGC__WEIGHTS_NAME + 16];
    const int length = snprintf(name, sizeof name, "%sdata/%s", t->folder, key);
    const int64_t member =
        length > 0 && (size_t)length < sizeof name && !strchr(key, '/') ? aigc__zip_find(t->zip, name) : -1;
    if (member < 0) return bad_storage(t, key, "is not in the archive");
    if (t->of_member[member] == 0) {
        AIGC__TRY(aigc__torch_add_storage(t, AIGC__TORCH_MEMBER, (uint64_t)member,
                                          aigc__zip_member(t->zip, (size_t)member)->size, t->is_big_endian, storage));
        t->of_member[member] = *storage + 1;
    }
    *storage = t->of_member[member] - 1;
    return AIGC_OK;
}

/* -1: none */
static int64_t find_key(const aigc__torch_t *t, const char *key)
{
    size_t first = 0, end = t->n_keys;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const int order = strcmp(aigc__pickle_text(t->key_list, t->keys[middle]), key);
        if (order == 0) return (int64_t)middle;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return -1;
}

static aigc_status_t find_storage(aigc__torch_t *t, const aigc__torch_id_t *id, uint32_t *storage)
{
    if (t->zip) return find_member(t, id->key, storage);
    const int64_t place = find_key(t, id->key);
    if (place < 0) return bad_storage(t, id->key, "is not in the file");
    *storage = (uint32_t)place;
    return AIGC_OK;
}

/* ---- streams: five pickles, then for each key a count and the numbers ---- */

/* The first is of the number 0x1950a86a20f9469cfc6c. */
static const uint8_t magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

enum { MAGIC_HEAD = 2 + 9 + sizeof magic }; /* protocol, perhaps a frame, the number */

/* Bytes of the pickle of the magic number; 0: it does not begin so. */
static size_t magic_size(const uint8_t *head, size_t n)
{
    if (n < 2 + sizeof magic || head[0] != 0x80) return 0;
    if (memcmp(head + 2, magic, sizeof magic) == 0) return 2 + sizeof magic;
    return n >= MAGIC_HEAD && head[2] == 0x95 && memcmp(head + 11, magic, sizeof magic) == 0 ? MAGIC_HEAD : 0;
}

typedef struct stream {
    aigc__pickle_t *object, *keys;
    uint64_t data; /* where the first count stands */
    bool is_big_endian;
} stream_t;

static size_t begins_stream(const aigc__source_t *source, uint64_t start, uint64_t end)
{
    uint8_t head[MAGIC_HEAD];
    const size_t n = end - start < sizeof head ? (size_t)(end - start) : sizeof head;
    return aigc__source_read(source, start, head, n) == AIGC_OK ? magic_size(head, n) : 0;
}

/* {protocol_version, little_endian, type_sizes} */
static bool says_big_endian(const aigc__pickle_t *p)
{
    const aigc__ref_t root = aigc__pickle_root(p);
    const char *key = NULL;
    for (uint32_t cell = aigc__pickle_first(p, root); cell; cell = aigc__pickle_next(p, root, cell)) {
        const aigc__ref_t ref = aigc__pickle_at(p, cell);
        if (key && strcmp(key, "little_endian") == 0) return aigc__pickle_node(p, ref)->as.integer == 0;
        key = aigc__pickle_text(p, ref);
    }
    return false;
}

static void free_stream(stream_t *stream)
{
    aigc__pickle_free(stream->object);
    aigc__pickle_free(stream->keys);
}

static aigc_status_t read_stream(stream_t *out, aigc__memory_t *memory, const aigc__source_t *source, uint64_t start,
                                 uint64_t end)
{
    aigc__pickle_t *info = NULL;
    uint64_t at = start + begins_stream(source, start, end);
    *out = (stream_t){.data = 0};
    AIGC__TRY(aigc__pickle_read(&info, memory, source, at, end, &at)); /* the version, 1001 */
    aigc__pickle_free(info);
    info = NULL;
    AIGC__TRY(aigc__pickle_read(&info, memory, source, at, end, &at));
    out->is_big_endian = says_big_endian(info);
    aigc__pickle_free(info);
    AIGC__TRY(aigc__pickle_read(&out->object, memory, source, at, end, &at));
    AIGC__TRY(aigc__pickle_read(&out->keys, memory, source, at, end, &at));
    out->data = at;
    return AIGC_OK;
}

/* torch.storage._load_from_bytes(bytes): a stream of one storage. */
static aigc_status_t nested_slice(aigc__torch_t *t, aigc__ref_t ref, aigc__torch_slice_t *out, bool *is_known)
{
    const aigc__pickle_t *p = t->pickle;
    const aigc__ref_t bytes = aigc__pickle_item(p, aigc__pickle_node(p, ref)->as.call.arguments, 0);
    const aigc__pickle_node_t *node = aigc__pickle_node(p, bytes);
    aigc__source_t source = t->pickle_source;
    uint64_t start = node->as.text.place, end = start + node->as.text.length;
    aigc__torch_id_t id = {.count = 0};
    stream_t stream;
    *is_known = false;
    if (node->kind != AIGC__PICKLE_BYTES) return AIGC_OK;
    if (node->decoded) {
        aigc__source_from_memory(&source, source.name, aigc__pickle_decoded(p, bytes), node->as.text.length);
        start = 0;
        end = source.size;
    }
    if (!begins_stream(&source, start, end)) return AIGC_OK;
    aigc_status_t status = read_stream(&stream, &t->context->memory, &source, start, end);
    if (status == AIGC_OK) {
        const aigc__pickle_node_t *root = aigc__pickle_node(stream.object, aigc__pickle_root(stream.object));
        *is_known = root->kind == AIGC__PICKLE_PERSISTENT &&
                    aigc__torch_id(stream.object, root->as.call.arguments, &id) && id.is_readable && id.view_count < 0;
    }
    if (status == AIGC_OK && *is_known) {
        const uint64_t width = aigc__element_info(id.element)->bits / 8, left = end - stream.data;
        *out = (aigc__torch_slice_t){
            .first = stream.data + 8 - start, .bytes = (uint64_t)id.count * width, .element = id.element};
        if (left < 8 || (uint64_t)id.count > (left - 8) / width)
            status = bad_storage(t, id.key, "is shorter than it is said to be");
        else
            status =
                aigc__torch_add_storage(t, AIGC__TORCH_BYTES, bytes, end - start, stream.is_big_endian, &out->storage);
    }
    free_stream(&stream);
    return status;
}

aigc_status_t aigc__torch_slice(aigc__torch_t *t, aigc__ref_t ref, aigc__torch_slice_t *out, bool *is_known)
{
    const aigc__pickle_node_t *node = aigc__pickle_node(t->pickle, ref);
    aigc__torch_id_t id = {.count = 0};
    if (aigc__pickle_calls(t->pickle, ref, "torch.storage._load_from_bytes"))
        return nested_slice(t, ref, out, is_known);
    *is_known = node->kind == AIGC__PICKLE_PERSISTENT && (t->zip || t->key_list) &&
                aigc__torch_id(t->pickle, node->as.call.arguments, &id) && id.is_readable;
    if (!*is_known) return AIGC_OK;
    const uint64_t width = aigc__element_info(id.element)->bits / 8;
    AIGC__TRY(find_storage(t, &id, &out->storage));
    const uint64_t most = t->storages[out->storage].bytes / width;
    if ((uint64_t)id.count > most) return bad_storage(t, id.key, "is shorter than it is said to be");
    if (id.view_count >= 0 && (id.view_first > id.count || id.view_count > id.count - id.view_first))
        return bad_storage(t, id.key, "is shorter than a view of it");
    out->first = (uint64_t)id.view_first * width;
    out->bytes = (uint64_t)(id.view_count >= 0 ? id.view_count : id.count) * width;
    out->element = id.element;
    return AIGC_OK;
}

/* ---- the file ---- */

static void close_torch(void *file)
{
    aigc__torch_t *t = file;
    if (!t) return;
    aigc__memory_t *memory = &t->context->memory;
    aigc__pickle_free(t->pickle);
    aigc__pickle_free(t->key_list);
    aigc__zip_free(t->zip);
    void *const blocks[] = {t->unpacked,      t->keys,         t->of_member,    t->storages,   t->tensors,
                            t->entries.items, t->values.items, t->opaque.items, t->texts.data, (void *)t->folder};
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++) aigc__memory_free(memory, blocks[k]);
    aigc__memory_free(memory, t);
}

static aigc_status_t create(aigc__torch_t **out, aigc_context_t *context, const aigc__source_t *source)
{
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(&context->memory, sizeof(aigc__torch_t), &block));
    *out = block;
    **out = (aigc__torch_t){.context = context, .source = source, .pickle_source = *source};
    return AIGC_OK;
}

static void set_budget(aigc__torch_t *t, uint64_t pickle_bytes)
{
    enum { SMALL = 1 << 18, TIMES = 16 };
    if (pickle_bytes > UINT64_MAX / (2 * TIMES)) pickle_bytes = UINT64_MAX / (2 * TIMES);
    t->budget = (aigc__budget_t){&t->context->memory, t->source->name, 0, SMALL + TIMES * pickle_bytes};
}

/* ---- zip ---- */

/* "folder/" of the first member folder/data.pkl. */
static aigc_status_t find_folder(aigc__torch_t *t, size_t *pickle)
{
    for (*pickle = 0; *pickle < aigc__zip_count(t->zip); ++*pickle) {
        const char *name = aigc__zip_member(t->zip, *pickle)->name, *slash = strchr(name, '/');
        if (!slash || strcmp(slash, "/data.pkl") != 0) continue;
        void *block = NULL;
        const size_t length = (size_t)(slash - name) + 1;
        AIGC__TRY(aigc__memory_alloc(&t->context->memory, length + 1, &block));
        memcpy(block, name, length);
        ((char *)block)[length] = '\0';
        t->folder = block;
        return AIGC_OK;
    }
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "%s: a zip archive, but neither PyTorch's (there is no data.pkl) nor NumPy's (no .npy)",
                      t->source->name);
}

static bool has_member(const aigc__torch_t *t, const char *name, size_t *index)
{
    char path[AIGC__WEIGHTS_NAME + 32];
    snprintf(path, sizeof path, "%s%s", t->folder, name);
    const int64_t found = aigc__zip_find(t->zip, path);
    *index = found < 0 ? 0 : (size_t)found;
    return found >= 0;
}

static aigc_status_t refuse_scripts(const aigc__torch_t *t)
{
    size_t index = 0, length = strlen(t->folder);
    bool is_script = has_member(t, "constants.pkl", &index);
    for (size_t i = 0; i < aigc__zip_count(t->zip) && !is_script; i++) {
        const char *name = aigc__zip_member(t->zip, i)->name;
        is_script = strncmp(name, t->folder, length) == 0 && strncmp(name + length, "code/", 5) == 0;
    }
    if (!is_script) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "%s: a TorchScript archive, which holds a program; save the weights alone: "
                      "torch.save(torch.jit.load('FILE').state_dict(), 'weights.pt')",
                      t->source->name);
}

static aigc_status_t read_byte_order(aigc__torch_t *t)
{
    char text[8] = "";
    size_t index = 0;
    if (!has_member(t, "byteorder", &index)) return AIGC_OK;
    const uint64_t size = aigc__zip_member(t->zip, index)->size;
    AIGC__TRY(aigc__zip_read(t->zip, index, 0, text, size < sizeof text - 1 ? (size_t)size : sizeof text - 1));
    t->is_big_endian = strncmp(text, "big", 3) == 0;
    return AIGC_OK;
}

/* A deflated pickle is inflated once to prove its size, and once to keep it. */
static aigc_status_t unpack(aigc__torch_t *t, size_t index, uint64_t size)
{
    uint8_t last;
    AIGC__TRY(aigc__zip_read(t->zip, index, size - 1, &last, 1));
    AIGC__TRY(aigc__memory_alloc(&t->context->memory, (size_t)size, &t->unpacked));
    AIGC__TRY(aigc__zip_read(t->zip, index, 0, t->unpacked, (size_t)size));
    aigc__source_from_memory(&t->pickle_source, t->source->name, t->unpacked, (size_t)size);
    return AIGC_OK;
}

static aigc_status_t read_archive_pickle(aigc__torch_t *t, size_t index)
{
    const aigc__zip_member_t *member = aigc__zip_member(t->zip, index);
    uint64_t start = member->first, stop = 0;
    if (member->size > MOST_PICKLE)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: a pickle of %" PRIu64 " bytes in an archive; at most %d are read",
                          t->source->name, member->size, MOST_PICKLE);
    set_budget(t, member->size);
    if (!member->is_stored && member->size > 0) {
        AIGC__TRY(unpack(t, index, member->size));
        start = 0;
    }
    return aigc__pickle_read(&t->pickle, &t->context->memory, &t->pickle_source, start, start + member->size, &stop);
}

static aigc_status_t read_archive(aigc__torch_t *t)
{
    size_t pickle = 0;
    void *block = NULL;
    AIGC__TRY(find_folder(t, &pickle));
    AIGC__TRY(refuse_scripts(t));
    AIGC__TRY(read_byte_order(t));
    AIGC__TRY(aigc__memory_alloc_zeroed(&t->context->memory, aigc__zip_count(t->zip) * sizeof(uint32_t), &block));
    t->of_member = block;
    AIGC__TRY(read_archive_pickle(t, pickle));
    return aigc__torch_list(t);
}

static bool zip_known(const uint8_t *head, size_t n, uint64_t size)
{
    (void)size;
    return n >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

/* An archive of arrays only is NumPy's. */
static bool is_npz(const aigc__zip_t *zip)
{
    bool has_array = false;
    for (size_t i = 0; i < aigc__zip_count(zip); i++) {
        const char *name = aigc__zip_member(zip, i)->name;
        const size_t length = strlen(name);
        if (length >= 9 && strcmp(name + length - 9, "/data.pkl") == 0) return false;
        has_array |= length > 4 && strcmp(name + length - 4, ".npy") == 0;
    }
    return has_array || aigc__zip_count(zip) == 0;
}

static aigc_status_t open_zip(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                              const aigc__source_t *source)
{
    aigc__zip_t *zip = NULL;
    aigc__torch_t *t = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__zip_open(&zip, &context->memory, source));
    if (is_npz(zip)) {
        *format = &aigc__weights_npz;
        return aigc__npz_open(out, context, source, zip);
    }
    status = create(&t, context, source);
    if (status != AIGC_OK) {
        aigc__zip_free(zip);
        return status;
    }
    t->zip = zip;
    status = read_archive(t);
    if (status == AIGC_OK)
        *out = t;
    else
        close_torch(t);
    return status;
}

/* ---- streams and plain pickles ---- */

static int compare_keys(const void *things, uint32_t a, uint32_t b)
{
    const aigc__torch_t *t = things;
    return strcmp(aigc__pickle_text(t->key_list, t->keys[a]), aigc__pickle_text(t->key_list, t->keys[b]));
}

/* Element of each storage, where an id tells it, by place in the sorted keys. */
static aigc_status_t tell_elements(const aigc__torch_t *t, uint8_t *elements)
{
    for (size_t ref = 0; ref < aigc__pickle_count(t->pickle); ref++) {
        const aigc__pickle_node_t *node = aigc__pickle_node(t->pickle, (aigc__ref_t)ref);
        aigc__torch_id_t id = {.count = 0};
        if (node->kind != AIGC__PICKLE_PERSISTENT || !aigc__torch_id(t->pickle, node->as.call.arguments, &id)) continue;
        const int64_t place = find_key(t, id.key);
        if (place < 0) continue;
        if (!id.is_readable)
            return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                              "%s: the storage '%.64s' has numbers of a type whose size is not known here",
                              t->source->name, id.key);
        elements[place] = (uint8_t)id.element;
    }
    return AIGC_OK;
}

/* The payloads stand in the order of the list; `order` goes from there to the sorted keys. */
static aigc_status_t place_payloads(aigc__torch_t *t, uint64_t at, bool is_big_endian, const uint8_t *elements,
                                    const uint32_t *places)
{
    uint32_t ignored = 0;
    for (size_t i = 0; i < t->n_keys; i++)
        AIGC__TRY(aigc__torch_add_storage(t, AIGC__TORCH_SPAN, 0, 0, is_big_endian, &ignored));
    for (size_t i = 0; i < t->n_keys; i++) {
        uint8_t head[8];
        uint64_t count = 0;
        const char *key = aigc__pickle_text(t->key_list, t->keys[places[i]]);
        const uint64_t width = aigc__element_info((aigc__element_t)elements[places[i]])->bits / 8;
        AIGC__TRY(aigc__source_read(t->source, at, head, sizeof head));
        for (size_t k = 8; k-- > 0;) count = count << 8 | head[k];
        at += sizeof head;
        if (count > (t->source->size - at) / width) return bad_storage(t, key, "goes beyond the end of the file");
        t->storages[places[i]].at = at;
        t->storages[places[i]].bytes = count * width;
        at += count * width;
    }
    return AIGC_OK;
}

static aigc_status_t read_keys(aigc__torch_t *t, uint64_t data, bool is_big_endian)
{
    const aigc__pickle_t *p = t->key_list;
    const aigc__ref_t root = aigc__pickle_root(p);
    const size_t n = aigc__pickle_node(p, root)->kind == AIGC__PICKLE_LIST ? aigc__pickle_node(p, root)->count : 0;
    void *block = NULL;
    aigc_status_t status;
    AIGC__TRY(aigc__memory_alloc_zeroed(&t->context->memory, n * sizeof *t->keys, &block));
    t->keys = block;
    for (uint32_t cell = n ? aigc__pickle_first(p, root) : 0; cell; cell = aigc__pickle_next(p, root, cell)) {
        t->keys[t->n_keys++] = aigc__pickle_at(p, cell);
        if (aigc__pickle_node(p, aigc__pickle_at(p, cell))->kind != AIGC__PICKLE_TEXT)
            return aigc__fail(AIGC_ERROR_CORRUPT, "%s: a storage's key is no text", t->source->name);
    }
    AIGC__TRY(aigc__memory_alloc_zeroed(&t->context->memory, n * (3 * sizeof(uint32_t) + 1), &block));
    uint32_t *order = block, *sorted = order + n, *places = sorted + n;
    uint8_t *elements = (uint8_t *)(places + n);
    aigc__order(order, sorted, n, compare_keys, t);
    for (size_t i = 0; i < n; i++) sorted[i] = t->keys[order[i]];
    memcpy(t->keys, sorted, n * sizeof *sorted);
    for (size_t i = 0; i < n; i++) places[order[i]] = (uint32_t)i;
    status = AIGC_OK;
    for (size_t i = 1; i < n && status == AIGC_OK; i++)
        if (compare_keys(t, (uint32_t)i - 1, (uint32_t)i) == 0)
            status = bad_storage(t, aigc__pickle_text(p, t->keys[i]), "is there twice");
    memset(elements, AIGC__ELEMENT_U8, n);
    if (status == AIGC_OK) status = tell_elements(t, elements);
    if (status == AIGC_OK) status = place_payloads(t, data, is_big_endian, elements, places);
    aigc__memory_free(&t->context->memory, block);
    return status;
}

static bool stream_known(const uint8_t *head, size_t n, uint64_t size)
{
    (void)size;
    return magic_size(head, n) > 0;
}

static aigc_status_t open_stream(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                                 const aigc__source_t *source)
{
    aigc__torch_t *t = NULL;
    stream_t stream = {.data = 0};
    (void)format;
    AIGC__TRY(create(&t, context, source));
    aigc_status_t status = read_stream(&stream, &context->memory, source, 0, source->size);
    t->pickle = stream.object;
    t->key_list = stream.keys;
    set_budget(t, stream.data);
    if (status == AIGC_OK) status = read_keys(t, stream.data, stream.is_big_endian);
    if (status == AIGC_OK) status = aigc__torch_list(t);
    if (status == AIGC_OK)
        *out = t;
    else
        close_torch(t);
    return status;
}

static bool pickle_known(const uint8_t *head, size_t n, uint64_t size)
{
    (void)size;
    return n >= 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5;
}

static aigc_status_t open_pickle(void **out, const aigc__weights_format_t **format, aigc_context_t *context,
                                 const aigc__source_t *source)
{
    aigc__torch_t *t = NULL;
    uint64_t stop = 0;
    (void)format;
    AIGC__TRY(create(&t, context, source));
    set_budget(t, source->size);
    aigc_status_t status = aigc__pickle_read(&t->pickle, &context->memory, source, 0, source->size, &stop);
    if (status == AIGC_OK) status = aigc__torch_list(t);
    if (status == AIGC_OK)
        *out = t;
    else
        close_torch(t);
    return status;
}

/* ---- the rows ---- */

static size_t count(const void *file) { return ((const aigc__torch_t *)file)->entries.n; }

static void entry(const void *file, size_t index, aigc__weights_entry_t *out)
{
    const aigc__torch_t *t = file;
    const aigc__torch_named_t *named = &t->entries.items[index];
    const aigc__torch_tensor_t *tensor = &t->tensors[named->what];
    const aigc__torch_storage_t *storage = &t->storages[tensor->storage];
    out->name = t->texts.data + named->name;
    out->element = tensor->element;
    out->rank = tensor->rank;
    for (size_t i = 0; i < tensor->rank; i++) {
        out->shape[i] = tensor->shape[i];
        out->stride[i] = tensor->stride[i];
    }
    out->count = tensor->count;
    out->storage = tensor->storage;
    out->first = tensor->first;
    out->is_big_endian = storage->is_big_endian;
    out->is_sequential =
        storage->place == AIGC__TORCH_MEMBER && !aigc__zip_member(t->zip, (size_t)storage->at)->is_stored;
}

static aigc_status_t read(void *file, uint64_t number, uint64_t place, void *to, size_t bytes)
{
    const aigc__torch_t *t = file;
    const aigc__torch_storage_t *storage = &t->storages[number];
    switch (storage->place) {
    case AIGC__TORCH_MEMBER:
        return aigc__zip_read(t->zip, (size_t)storage->at, place, to, bytes);
    case AIGC__TORCH_SPAN:
        return aigc__source_read(&t->pickle_source, storage->at + place, to, bytes);
    default:
        return aigc__pickle_bytes(t->pickle, &t->pickle_source, (aigc__ref_t)storage->at, place, to, bytes);
    }
}

static size_t n_values(const void *file) { return ((const aigc__torch_t *)file)->values.n; }

static void value(const void *file, size_t index, aigc__weights_value_t *out)
{
    const aigc__torch_t *t = file;
    aigc__torch_value(t, t->values.items[index].what, out);
    out->name = t->texts.data + t->values.items[index].name;
}

static size_t n_opaque(const void *file) { return ((const aigc__torch_t *)file)->opaque.n; }

static void opaque(const void *file, size_t index, const char **name, const char **call)
{
    const aigc__torch_t *t = file;
    const aigc__torch_named_t *named = &t->opaque.items[index];
    const aigc__pickle_node_t *node = aigc__pickle_node(t->pickle, named->what);
    *name = t->texts.data + named->name;
    *call = node->kind == AIGC__PICKLE_CALL ? aigc__pickle_text(t->pickle, node->as.call.function) : "a persistent id";
    if (!*call) *call = "what another call returns";
}

const aigc__weights_format_t aigc__weights_torch_zip = {
    "torch zip", zip_known, open_zip, close_torch, count, entry, NULL, read, n_values, value, NULL, n_opaque, opaque};
const aigc__weights_format_t aigc__weights_torch_stream = {
    "torch stream", stream_known, open_stream, close_torch, count,    entry, NULL,
    read,           n_values,     value,       NULL,        n_opaque, opaque};
const aigc__weights_format_t aigc__weights_pickle = {"pickle", pickle_known, open_pickle, close_torch, count,
                                                     entry,    NULL,         read,        n_values,    value,
                                                     NULL,     n_opaque,     opaque};
