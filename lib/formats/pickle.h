/* Python's pickles (protocols 2 to 5) as inert values. A pickle is a program for a stack machine that can call anything
 * Python has; here a call stays what it is, a name with arguments, and nothing is ever imported or run.
 * Opcodes: CPython, Lib/pickletools.py. */
#ifndef AIGC_FORMATS_PICKLE_H
#define AIGC_FORMATS_PICKLE_H

#include "base/files.h"
#include "formats/pile.h"

typedef struct aigc__pickle aigc__pickle_t;

/* A value of it. What is used twice is one value: values form a graph, which may have cycles. */
typedef uint32_t aigc__ref_t;

typedef enum aigc__pickle_kind {
    AIGC__PICKLE_NONE,
    AIGC__PICKLE_BOOL,   /* integer */
    AIGC__PICKLE_INT,    /* integer */
    AIGC__PICKLE_BIG,    /* a whole number beyond 64 bits */
    AIGC__PICKLE_FLOAT,  /* real */
    AIGC__PICKLE_TEXT,   /* place, length: in the texts */
    AIGC__PICKLE_BYTES,  /* place, length: in the source, or in the texts where `decoded` */
    AIGC__PICKLE_GLOBAL, /* place, length: "module.name" in the texts */
    AIGC__PICKLE_TUPLE,  /* items; the same below */
    AIGC__PICKLE_LIST,
    AIGC__PICKLE_SET,
    AIGC__PICKLE_DICT,      /* key, value, key, value, ... */
    AIGC__PICKLE_CALL,      /* of function with arguments, a tuple; what was set on the result: items and state */
    AIGC__PICKLE_PERSISTENT /* arguments: the id */
} aigc__pickle_kind_t;

typedef struct aigc__pickle_node {
    uint8_t kind, decoded;
    uint8_t has_keys; /* its items are keys and values */
    uint8_t mark;     /* the reader's own */
    uint32_t count;   /* of items, keys and values both counted */
    union {
        int64_t integer;
        double real;
        struct {
            uint32_t function, arguments, state;
            uint32_t last; /* of what has items: cell of the last one, whose next is the first; 0: there is none */
        } call;
        struct {
            uint64_t place;
            uint32_t length;
        } text;
    } as;
} aigc__pickle_node_t;

/* Evaluates the pickle that begins at `start` and must end by `end`; `*stop` is the byte after it. Memory is bounded by
 * its size. AIGC_ERROR_CORRUPT, AIGC_ERROR_UNSUPPORTED (an opcode of protocol 0), AIGC_ERROR_LIMIT. */
aigc_status_t aigc__pickle_read(aigc__pickle_t **out, aigc__memory_t *memory, const aigc__source_t *source,
                                uint64_t start, uint64_t end, uint64_t *stop);
void aigc__pickle_free(aigc__pickle_t *pickle);

aigc__ref_t aigc__pickle_root(const aigc__pickle_t *pickle);
size_t aigc__pickle_count(const aigc__pickle_t *pickle); /* of values, numbered from 0 */
aigc__pickle_node_t *aigc__pickle_node(const aigc__pickle_t *pickle, aigc__ref_t ref);

/* Items as a list: the first cell and the next one, 0 past the last. */
uint32_t aigc__pickle_first(const aigc__pickle_t *pickle, aigc__ref_t ref);
uint32_t aigc__pickle_next(const aigc__pickle_t *pickle, aigc__ref_t ref, uint32_t cell);
aigc__ref_t aigc__pickle_at(const aigc__pickle_t *pickle, uint32_t cell);
/* Item `index`; None past the last, and of what has no items. For short ones. */
aigc__ref_t aigc__pickle_item(const aigc__pickle_t *pickle, aigc__ref_t ref, size_t index);

/* A text, or the name of a global; NULL of anything else. May hold zeros: compare strlen() with the length. */
const char *aigc__pickle_text(const aigc__pickle_t *pickle, aigc__ref_t ref);
/* Whether it is a call of this name. */
bool aigc__pickle_calls(const aigc__pickle_t *pickle, aigc__ref_t ref, const char *name);
/* A whole number of `least` or more; false where it is not one. */
bool aigc__pickle_whole(const aigc__pickle_t *pickle, aigc__ref_t ref, int64_t least, int64_t *out);
/* Where the bytes of a BYTES value that is `decoded` lie. */
const void *aigc__pickle_decoded(const aigc__pickle_t *pickle, aigc__ref_t ref);
/* Exactly the bytes of a BYTES value from `first` on; they are in it. */
aigc_status_t aigc__pickle_bytes(const aigc__pickle_t *pickle, const aigc__source_t *source, aigc__ref_t ref,
                                 uint64_t first, void *to, size_t bytes);

#endif
