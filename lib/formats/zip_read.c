#include "base/sizes.h"
#include "formats/archive.h"
#include "formats/order.h"
#include <inttypes.h>
#include <string.h>
#include <zip.h>

/* A deflated byte stands for at most 1,032. */
enum { MOST_MEMBERS = 1 << 20, MOST_NAME = 1024, LOCAL_HEADER = 30, RATIO = 1032 };

/* libzip's way to a source. */
typedef struct reader {
    const aigc__source_t *source;
    uint64_t place, read_from; /* read_from: where the last reading began */
    aigc_status_t status;      /* of the last reading that failed */
    zip_error_t error;
} reader_t;

struct aigc__zip {
    aigc__memory_t *memory;
    const aigc__source_t *source;
    reader_t reader;
    zip_t *archive;
    aigc__zip_member_t *members;
    size_t n;
    /* the deflated member read last */
    zip_file_t *open;
    size_t open_index;
    uint64_t open_place;
};

static zip_int64_t reader_read(reader_t *reader, void *to, zip_uint64_t bytes)
{
    const uint64_t size = reader->source->size, left = reader->place < size ? size - reader->place : 0;
    if (bytes > left) bytes = left;
    reader->read_from = reader->place;
    reader->status = aigc__source_read(reader->source, reader->place, to, (size_t)bytes);
    if (reader->status != AIGC_OK) {
        zip_error_set(&reader->error, ZIP_ER_READ, 0);
        return -1;
    }
    reader->place += bytes;
    return (zip_int64_t)bytes;
}

static zip_int64_t reader_seek(reader_t *reader, void *data, zip_uint64_t length)
{
    const zip_int64_t place =
        zip_source_seek_compute_offset(reader->place, reader->source->size, data, length, &reader->error);
    if (place < 0) return -1;
    reader->place = (uint64_t)place;
    return 0;
}

static zip_int64_t answer(void *user, void *data, zip_uint64_t length, zip_source_cmd_t command)
{
    reader_t *reader = user;
    switch (command) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                              ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, -1);
    case ZIP_SOURCE_OPEN:
        reader->place = 0;
        return 0;
    case ZIP_SOURCE_READ:
        return reader_read(reader, data, length);
    case ZIP_SOURCE_SEEK:
        return reader_seek(reader, data, length);
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)reader->place;
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *stat = data;
        zip_stat_init(stat);
        stat->size = reader->source->size;
        stat->valid = ZIP_STAT_SIZE;
        return sizeof *stat;
    }
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&reader->error, data, length);
    default:
        zip_error_set(&reader->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* What libzip says, unless reading the file failed, which told its own sentence. */
static aigc_status_t refuse(const aigc__zip_t *zip, const char *member, zip_error_t *error)
{
    const int code = zip_error_code_zip(error);
    if (zip->reader.status != AIGC_OK) return zip->reader.status;
    if (code == ZIP_ER_MEMORY)
        return aigc__fail(AIGC_ERROR_MEMORY, "%s: no memory for the zip archive's directory", zip->source->name);
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: zip archive%s%s: %s", zip->source->name, member ? ", member " : "",
                      member ? member : "", zip_error_strerror(error));
}

static aigc_status_t bad(const aigc__zip_t *zip, const aigc__zip_member_t *member, const char *what)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: zip archive: member '%.200s' %s", zip->source->name, member->name, what);
}

static aigc_status_t open_archive(aigc__zip_t *zip)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_function_create(answer, &zip->reader, &error);
    if (source) zip->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (source && !zip->archive) zip_source_free(source);
    const aigc_status_t status = zip->archive ? AIGC_OK : refuse(zip, NULL, &error);
    zip_error_fini(&error);
    return status;
}

/* ---- members ---- */

static bool is_inside(const char *name)
{
    if (*name == '/' || *name == '\0') return false;
    for (const char *part = name; *part;) {
        const size_t length = strcspn(part, "/\\");
        if (length == 2 && part[0] == '.' && part[1] == '.') return false;
        part += length + (part[length] != '\0');
    }
    return true;
}

/* libzip reads the local header to know where the numbers begin; where it then reads from is that place. */
static aigc_status_t locate(aigc__zip_t *zip, size_t index, aigc__zip_member_t *member)
{
    uint8_t byte = 0;
    aigc_status_t status = AIGC_OK;
    zip_file_t *file = zip_fopen_index(zip->archive, index, ZIP_FL_COMPRESSED);
    if (!file) return refuse(zip, member->name, zip_get_error(zip->archive));
    if (member->packed > 0 && zip_fread(file, &byte, 1) != 1)
        status = refuse(zip, member->name, zip_file_get_error(file));
    zip_fclose(file);
    member->first = member->packed > 0 ? zip->reader.read_from : 0;
    if (status != AIGC_OK) return status;
    if (member->first > zip->source->size || member->packed > zip->source->size - member->first)
        return bad(zip, member, "ends after the file's end");
    return AIGC_OK;
}

static aigc_status_t read_member(aigc__zip_t *zip, size_t index)
{
    enum { NEEDED = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD };
    aigc__zip_member_t *member = &zip->members[index];
    zip_stat_t stat;
    if (zip_stat_index(zip->archive, index, ZIP_FL_ENC_RAW, &stat) != 0 || (stat.valid & NEEDED) != NEEDED)
        return refuse(zip, NULL, zip_get_error(zip->archive));
    *member = (aigc__zip_member_t){stat.name, stat.size, stat.comp_size, 0, stat.comp_method == ZIP_CM_STORE};
    if (!is_inside(stat.name)) return bad(zip, member, "would lie outside of the archive");
    if (strlen(stat.name) > MOST_NAME) return bad(zip, member, "has a name of more than 1,024 bytes");
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
        return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: zip archive: member '%.200s' is encrypted", zip->source->name,
                          stat.name);
    if (!member->is_stored && stat.comp_method != ZIP_CM_DEFLATE)
        return aigc__fail(
            AIGC_ERROR_UNSUPPORTED,
            "%s: zip archive: member '%.200s' is packed by method %u; stored and deflated ones can be read",
            zip->source->name, stat.name, (unsigned)stat.comp_method);
    if (member->packed > zip->source->size) return bad(zip, member, "is larger than the file");
    if (member->is_stored ? member->size != member->packed : member->size / RATIO > member->packed)
        return bad(zip, member, "cannot have the size it is said to have");
    if (aigc__zip_find(zip, stat.name) != (int64_t)index) return bad(zip, member, "is there twice");
    return locate(zip, index, member);
}

static int compare_places(const void *things, uint32_t a, uint32_t b)
{
    const aigc__zip_member_t *members = things;
    return members[a].first != members[b].first ? (members[a].first < members[b].first ? -1 : 1) : 0;
}

/* Before each member is its local header. */
static aigc_status_t check_overlap(aigc__zip_t *zip)
{
    void *block = NULL;
    uint64_t end = 0;
    aigc_status_t status = AIGC_OK;
    AIGC__TRY(aigc__memory_alloc(zip->memory, 2 * zip->n * sizeof(uint32_t), &block));
    uint32_t *order = block;
    aigc__order(order, order + zip->n, zip->n, compare_places, zip->members);
    for (size_t i = 0; i < zip->n && status == AIGC_OK; i++) {
        const aigc__zip_member_t *member = &zip->members[order[i]];
        if (member->packed == 0) continue;
        if (member->first < end + LOCAL_HEADER + strlen(member->name))
            status = bad(zip, member, "overlaps another one");
        end = member->first + member->packed;
    }
    aigc__memory_free(zip->memory, block);
    return status;
}

static aigc_status_t read_members(aigc__zip_t *zip)
{
    void *block = NULL;
    const zip_int64_t n = zip_get_num_entries(zip->archive, 0);
    if (n < 0 || n > MOST_MEMBERS)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: a zip archive of more than %d members", zip->source->name,
                          MOST_MEMBERS);
    zip->n = (size_t)n;
    AIGC__TRY(aigc__memory_alloc_zeroed(zip->memory, zip->n * sizeof *zip->members, &block));
    zip->members = block;
    for (size_t i = 0; i < zip->n; i++) AIGC__TRY(read_member(zip, i));
    return check_overlap(zip);
}

aigc_status_t aigc__zip_open(aigc__zip_t **out, aigc__memory_t *memory, const aigc__source_t *source)
{
    aigc_status_t status;
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(aigc__zip_t), &block));
    aigc__zip_t *zip = block;
    zip->memory = memory;
    zip->source = zip->reader.source = source;
    zip_error_init(&zip->reader.error);
    AIGC__GOTO(fail, open_archive(zip));
    AIGC__GOTO(fail, read_members(zip));
    *out = zip;
    return AIGC_OK;
fail:
    aigc__zip_free(zip);
    return status;
}

void aigc__zip_free(aigc__zip_t *zip)
{
    if (!zip) return;
    if (zip->open) zip_fclose(zip->open);
    if (zip->archive) zip_discard(zip->archive);
    zip_error_fini(&zip->reader.error);
    aigc__memory_free(zip->memory, zip->members);
    aigc__memory_free(zip->memory, zip);
}

size_t aigc__zip_count(const aigc__zip_t *zip) { return zip->n; }

const aigc__zip_member_t *aigc__zip_member(const aigc__zip_t *zip, size_t index) { return &zip->members[index]; }

int64_t aigc__zip_find(const aigc__zip_t *zip, const char *name)
{
    return zip_name_locate(zip->archive, name, ZIP_FL_ENC_RAW);
}

/* ---- bytes ---- */

static void close_member(aigc__zip_t *zip)
{
    if (zip->open) zip_fclose(zip->open);
    zip->open = NULL;
}

/* To the end of a member libzip must be read once more: then it compares the check sum. */
static aigc_status_t inflate_on(aigc__zip_t *zip, void *to, size_t bytes)
{
    const aigc__zip_member_t *member = &zip->members[zip->open_index];
    uint8_t byte;
    zip_int64_t n = 0;
    for (size_t done = 0; done < bytes; done += (size_t)n) {
        n = zip_fread(zip->open, (uint8_t *)to + done, bytes - done);
        if (n < 0) return refuse(zip, member->name, zip_file_get_error(zip->open));
        if (n == 0) return bad(zip, member, "has fewer bytes than it is said to have");
    }
    zip->open_place += bytes;
    if (zip->open_place < member->size) return AIGC_OK;
    n = zip_fread(zip->open, &byte, 1);
    if (n < 0) return refuse(zip, member->name, zip_file_get_error(zip->open));
    return n == 0 ? AIGC_OK : bad(zip, member, "has more bytes than it is said to have");
}

static aigc_status_t inflate_to(aigc__zip_t *zip, size_t index, uint64_t place)
{
    uint8_t passed[4096];
    if (!zip->open || zip->open_index != index || zip->open_place > place) {
        close_member(zip);
        zip->reader.status = AIGC_OK;
        zip->open = zip_fopen_index(zip->archive, index, 0);
        if (!zip->open) return refuse(zip, zip->members[index].name, zip_get_error(zip->archive));
        zip->open_index = index;
        zip->open_place = 0;
    }
    while (zip->open_place < place) {
        const uint64_t left = place - zip->open_place;
        AIGC__TRY(inflate_on(zip, passed, left < sizeof passed ? (size_t)left : sizeof passed));
    }
    return AIGC_OK;
}

aigc_status_t aigc__zip_read(aigc__zip_t *zip, size_t index, uint64_t place, void *to, size_t bytes)
{
    const aigc__zip_member_t *member = &zip->members[index];
    if (place > member->size || bytes > member->size - place)
        return bad(zip, member, "is shorter than what is to be read of it");
    if (bytes == 0) return AIGC_OK;
    if (member->is_stored) return aigc__source_read(zip->source, member->first + place, to, bytes);
    aigc_status_t status = inflate_to(zip, index, place);
    if (status == AIGC_OK) status = inflate_on(zip, to, bytes);
    if (status != AIGC_OK) close_member(zip);
    return status;
}
