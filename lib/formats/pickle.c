#include "formats/pickle.h"
#include <inttypes.h>
#include <string.h>

/* T1's limits; the budget bounds most files long before. */
enum { MOST_STACK = 1 << 20, MOST_NODES = 1 << 22, MOST_NAME = 1024, MOST_LONG = 1 << 16, WINDOW = 4096 };

/* Values that every pickle begins with, so that small numbers take no memory. */
enum { REF_NONE, REF_FALSE, REF_TRUE, REF_NUMBERS, NUMBERS = 256 };

typedef struct cell {
    aigc__ref_t item;
    uint32_t next;
} cell_t;

struct aigc__pickle {
    aigc__budget_t budget;
    aigc__pickle_node_t *nodes;
    cell_t *cells; /* the first is nobody's */
    aigc__texts_t texts;
    size_t n_nodes, node_room, n_cells, cell_room;
    aigc__ref_t root;
};

/* While it is evaluated. */
typedef struct machine {
    aigc__pickle_t *pickle;
    const aigc__source_t *source;
    uint64_t place, end, op; /* of the opcode, for messages */
    uint64_t seen;           /* where the window begins */
    size_t window;           /* bytes in it */
    uint8_t bytes[WINDOW];
    aigc__ref_t *stack, *memo;
    uint32_t *marks; /* depths of the stack */
    size_t n_stack, stack_room, n_memo, memo_room, n_marks, mark_room;
} machine_t;

static aigc_status_t bad(const machine_t *m, const char *what)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: pickle, byte %" PRIu64 ": %s", m->source->name, m->op, what);
}

static aigc_status_t too_many(const machine_t *m, const char *what, int most)
{
    return aigc__fail(AIGC_ERROR_LIMIT, "%s: pickle, byte %" PRIu64 ": more than %d %s", m->source->name, m->op, most,
                      what);
}

/* ---- bytes in ---- */

/* The next n bytes, at most WINDOW, valid until the next call. */
static aigc_status_t take(machine_t *m, size_t n, const uint8_t **out)
{
    if (n > m->end - m->place) return bad(m, "the pickle ends within an opcode, or without STOP");
    if (m->place < m->seen || m->place + n > m->seen + m->window) {
        const uint64_t left = m->end - m->place;
        m->window = left < WINDOW ? (size_t)left : WINDOW;
        m->seen = m->place;
        AIGC__TRY(aigc__source_read(m->source, m->seen, m->bytes, m->window));
    }
    *out = m->bytes + (m->place - m->seen);
    m->place += n;
    return AIGC_OK;
}

/* Little-endian, of 1 to 8 bytes. */
static aigc_status_t take_number(machine_t *m, size_t width, uint64_t *out)
{
    const uint8_t *b = NULL;
    AIGC__TRY(take(m, width, &b));
    *out = 0;
    for (size_t i = width; i-- > 0;) *out = *out << 8 | b[i];
    return AIGC_OK;
}

/* The length of what follows; it is there. */
static aigc_status_t take_length(machine_t *m, size_t width, uint64_t *out)
{
    AIGC__TRY(take_number(m, width, out));
    if (*out > m->end - m->place) return bad(m, "a text or bytes are longer than what is left of the file");
    if (*out > UINT32_MAX) return bad(m, "a text or bytes of more than 4 GiB");
    return AIGC_OK;
}

static aigc_status_t take_text(machine_t *m, size_t length, size_t *place)
{
    aigc__pickle_t *p = m->pickle;
    AIGC__TRY(aigc__texts_add(&p->texts, &p->budget, length, place));
    if (length <= WINDOW) {
        const uint8_t *b = NULL;
        AIGC__TRY(take(m, length, &b));
        memcpy(p->texts.data + *place, b, length);
        return AIGC_OK;
    }
    AIGC__TRY(aigc__source_read(m->source, m->place, p->texts.data + *place, length));
    m->place += length;
    return AIGC_OK;
}

/* ---- values and the stack ---- */

static aigc_status_t add_node(machine_t *m, aigc__pickle_kind_t kind, aigc__ref_t *out)
{
    aigc__pickle_t *p = m->pickle;
    void *nodes = p->nodes;
    if (p->n_nodes == MOST_NODES) return too_many(m, "values", MOST_NODES);
    AIGC__TRY(aigc__pile_grow(&p->budget, &nodes, &p->node_room, p->n_nodes + 1, sizeof *p->nodes));
    p->nodes = nodes;
    p->nodes[p->n_nodes] = (aigc__pickle_node_t){.kind = (uint8_t)kind};
    *out = (aigc__ref_t)p->n_nodes++;
    return AIGC_OK;
}

static aigc_status_t add_item(machine_t *m, aigc__ref_t to, aigc__ref_t item)
{
    aigc__pickle_t *p = m->pickle;
    void *cells = p->cells;
    if (p->n_cells == MOST_NODES) return too_many(m, "items", MOST_NODES);
    AIGC__TRY(aigc__pile_grow(&p->budget, &cells, &p->cell_room, p->n_cells + 1, sizeof *p->cells));
    p->cells = cells;
    const uint32_t cell = (uint32_t)p->n_cells++;
    aigc__pickle_node_t *node = &p->nodes[to];
    p->cells[cell] = (cell_t){item, node->as.call.last ? p->cells[node->as.call.last].next : cell};
    if (node->as.call.last) p->cells[node->as.call.last].next = cell;
    node->as.call.last = cell;
    node->count++;
    return AIGC_OK;
}

static aigc_status_t push(machine_t *m, aigc__ref_t ref)
{
    void *stack = m->stack;
    if (m->n_stack == MOST_STACK) return too_many(m, "values on the stack", MOST_STACK);
    AIGC__TRY(aigc__pile_grow(&m->pickle->budget, &stack, &m->stack_room, m->n_stack + 1, sizeof *m->stack));
    m->stack = stack;
    m->stack[m->n_stack++] = ref;
    return AIGC_OK;
}

static size_t floor_of(const machine_t *m) { return m->n_marks > 0 ? m->marks[m->n_marks - 1] : 0; }

static aigc_status_t pop(machine_t *m, aigc__ref_t *out)
{
    if (m->n_stack <= floor_of(m)) return bad(m, "nothing is on the stack");
    *out = m->stack[--m->n_stack];
    return AIGC_OK;
}

static aigc_status_t top(const machine_t *m, aigc__ref_t *out)
{
    if (m->n_stack <= floor_of(m)) return bad(m, "nothing is on the stack");
    *out = m->stack[m->n_stack - 1];
    return AIGC_OK;
}

static aigc_status_t push_new(machine_t *m, aigc__pickle_kind_t kind)
{
    aigc__ref_t ref = 0;
    AIGC__TRY(add_node(m, kind, &ref));
    return push(m, ref);
}

static aigc__pickle_node_t *newest(const machine_t *m) { return &m->pickle->nodes[m->stack[m->n_stack - 1]]; }

static aigc_status_t push_integer(machine_t *m, int64_t value)
{
    if (value >= 0 && value < NUMBERS) return push(m, REF_NUMBERS + (aigc__ref_t)value);
    AIGC__TRY(push_new(m, AIGC__PICKLE_INT));
    newest(m)->as.integer = value;
    return AIGC_OK;
}

static aigc_status_t push_mark(machine_t *m)
{
    void *marks = m->marks;
    if (m->n_marks == MOST_STACK) return too_many(m, "marks", MOST_STACK);
    AIGC__TRY(aigc__pile_grow(&m->pickle->budget, &marks, &m->mark_room, m->n_marks + 1, sizeof *m->marks));
    m->marks = marks;
    m->marks[m->n_marks++] = (uint32_t)m->n_stack;
    return AIGC_OK;
}

/* What lies above the last mark, which goes; the values are taken off the stack and stay where they are. */
static aigc_status_t pop_mark(machine_t *m, const aigc__ref_t **items, size_t *n)
{
    if (m->n_marks == 0) return bad(m, "no MARK is on the stack");
    const size_t from = m->marks[--m->n_marks];
    *items = m->stack ? m->stack + from : NULL; /* NULL: nothing was ever pushed */
    *n = m->n_stack - from;
    m->n_stack = from;
    return AIGC_OK;
}

/* ---- opcodes: plain values ---- */

/* Little-endian two's complement. */
static aigc_status_t op_long(machine_t *m, size_t width)
{
    uint64_t length = 0, value = 0;
    const uint8_t *b = NULL;
    AIGC__TRY(take_length(m, width, &length));
    if (length > 8) {
        if (length > MOST_LONG) return bad(m, "a whole number of more than 65,536 bytes");
        m->place += length;
        return push_new(m, AIGC__PICKLE_BIG);
    }
    if (length == 0) return push_integer(m, 0);
    AIGC__TRY(take(m, (size_t)length, &b));
    const bool is_negative = b[length - 1] >= 0x80;
    for (size_t i = 8; i-- > 0;) value = value << 8 | (i < length ? b[i] : is_negative ? 0xffu : 0u);
    return push_integer(m, (int64_t)value);
}

static aigc_status_t op_float(machine_t *m)
{
    const uint8_t *b = NULL;
    uint64_t bits = 0;
    AIGC__TRY(take(m, 8, &b));
    for (size_t i = 0; i < 8; i++) bits = bits << 8 | b[i];
    AIGC__TRY(push_new(m, AIGC__PICKLE_FLOAT));
    memcpy(&newest(m)->as.real, &bits, sizeof bits);
    return AIGC_OK;
}

static aigc_status_t push_text(machine_t *m, aigc__pickle_kind_t kind, size_t place, size_t length)
{
    AIGC__TRY(push_new(m, kind));
    aigc__pickle_node_t *node = newest(m);
    node->as.text.place = place;
    node->as.text.length = (uint32_t)length;
    return AIGC_OK;
}

static aigc_status_t op_text(machine_t *m, size_t width)
{
    uint64_t length = 0;
    size_t place = 0;
    AIGC__TRY(take_length(m, width, &length));
    AIGC__TRY(take_text(m, (size_t)length, &place));
    return push_text(m, AIGC__PICKLE_TEXT, place, (size_t)length);
}

static aigc_status_t op_bytes(machine_t *m, size_t width)
{
    uint64_t length = 0;
    AIGC__TRY(take_length(m, width, &length));
    const uint64_t place = m->place;
    m->place += length;
    return push_text(m, AIGC__PICKLE_BYTES, (size_t)place, (size_t)length);
}

static aigc_status_t take_line(machine_t *m, char line[MOST_NAME], size_t *length)
{
    const uint8_t *b = NULL;
    for (*length = 0;; ++*length) {
        AIGC__TRY(take(m, 1, &b));
        if (*b == '\n') return AIGC_OK;
        if (*length == MOST_NAME) return bad(m, "a name of more than 1,024 bytes");
        line[*length] = (char)*b;
    }
}

static aigc_status_t push_global(machine_t *m, const char *module, size_t n_module, const char *name, size_t n_name)
{
    aigc__pickle_t *p = m->pickle;
    size_t place = 0;
    AIGC__TRY(aigc__texts_add(&p->texts, &p->budget, n_module + 1 + n_name, &place));
    memcpy(p->texts.data + place, module, n_module);
    p->texts.data[place + n_module] = '.';
    memcpy(p->texts.data + place + n_module + 1, name, n_name);
    return push_text(m, AIGC__PICKLE_GLOBAL, place, n_module + 1 + n_name);
}

static aigc_status_t op_global(machine_t *m)
{
    char module[MOST_NAME], name[MOST_NAME];
    size_t n_module = 0, n_name = 0;
    AIGC__TRY(take_line(m, module, &n_module));
    AIGC__TRY(take_line(m, name, &n_name));
    return push_global(m, module, n_module, name, n_name);
}

static aigc_status_t op_stack_global(machine_t *m)
{
    aigc__pickle_t *p = m->pickle;
    char text[2][MOST_NAME];
    size_t length[2];
    for (size_t k = 2; k-- > 0;) {
        aigc__ref_t ref = 0;
        AIGC__TRY(pop(m, &ref));
        const aigc__pickle_node_t *node = &p->nodes[ref];
        if (node->kind != AIGC__PICKLE_TEXT) return bad(m, "a global is named by something else than texts");
        length[k] = node->as.text.length;
        if (length[k] > MOST_NAME) return bad(m, "a name of more than 1,024 bytes");
        memcpy(text[k], p->texts.data + node->as.text.place, length[k]);
    }
    return push_global(m, text[0], length[0], text[1], length[1]);
}

/* ---- opcodes: containers ---- */

static aigc_status_t push_tuple(machine_t *m, size_t n)
{
    aigc__ref_t tuple = 0;
    if (m->n_stack < floor_of(m) + n) return bad(m, "nothing is on the stack");
    m->n_stack -= n;
    AIGC__TRY(add_node(m, AIGC__PICKLE_TUPLE, &tuple));
    for (size_t i = 0; i < n; i++) AIGC__TRY(add_item(m, tuple, m->stack[m->n_stack + i]));
    return push(m, tuple);
}

static aigc_status_t op_marked(machine_t *m, aigc__pickle_kind_t kind)
{
    const aigc__ref_t *items = NULL;
    size_t n = 0;
    aigc__ref_t ref = 0;
    AIGC__TRY(pop_mark(m, &items, &n));
    AIGC__TRY(add_node(m, kind, &ref));
    for (size_t i = 0; i < n; i++) AIGC__TRY(add_item(m, ref, items[i]));
    return push(m, ref);
}

/* Items can be put into what is on the top: `kind` itself, or what a call made, whose class may be one of that kind. */
static aigc_status_t container(const machine_t *m, aigc__pickle_kind_t kind, aigc__ref_t *out)
{
    AIGC__TRY(top(m, out));
    const unsigned is = m->pickle->nodes[*out].kind;
    if (is != (unsigned)kind && is != AIGC__PICKLE_CALL) return bad(m, "items are put into what can hold none");
    return AIGC_OK;
}

static aigc_status_t op_items(machine_t *m, aigc__pickle_kind_t kind)
{
    const aigc__ref_t *items = NULL;
    size_t n = 0;
    aigc__ref_t to = 0;
    AIGC__TRY(pop_mark(m, &items, &n));
    AIGC__TRY(container(m, kind, &to));
    if (kind == AIGC__PICKLE_DICT && n % 2) return bad(m, "a key has no value");
    if (kind == AIGC__PICKLE_DICT) m->pickle->nodes[to].has_keys = 1;
    for (size_t i = 0; i < n; i++) AIGC__TRY(add_item(m, to, items[i]));
    return AIGC_OK;
}

static aigc_status_t op_item(machine_t *m, aigc__pickle_kind_t kind)
{
    aigc__ref_t key = 0, value = 0, to = 0;
    AIGC__TRY(pop(m, &value));
    if (kind == AIGC__PICKLE_DICT) AIGC__TRY(pop(m, &key));
    AIGC__TRY(container(m, kind, &to));
    if (kind == AIGC__PICKLE_DICT) {
        m->pickle->nodes[to].has_keys = 1;
        AIGC__TRY(add_item(m, to, key));
    }
    return add_item(m, to, value);
}

/* ---- opcodes: calls, none of which is made ---- */

/* _codecs.encode(text, 'latin1') is how protocol 2 writes bytes: a character each. What is not that stays a call. */
static aigc_status_t decode_bytes(machine_t *m, aigc__ref_t function, aigc__ref_t arguments, aigc__ref_t ref)
{
    aigc__pickle_t *p = m->pickle;
    const char *name = aigc__pickle_text(p, function),
               *codec = aigc__pickle_text(p, aigc__pickle_item(p, arguments, 1));
    const aigc__ref_t from = aigc__pickle_item(p, arguments, 0);
    if (!name || !codec || strcmp(name, "_codecs.encode") != 0 || p->nodes[from].kind != AIGC__PICKLE_TEXT ||
        (strcmp(codec, "latin1") != 0 && strcmp(codec, "latin-1") != 0))
        return AIGC_OK;
    const size_t length = p->nodes[from].as.text.length;
    size_t place = 0, n = 0;
    AIGC__TRY(aigc__texts_add(&p->texts, &p->budget, length, &place));
    const uint8_t *text = (const uint8_t *)p->texts.data + p->nodes[from].as.text.place;
    uint8_t *to = (uint8_t *)p->texts.data + place;
    for (size_t i = 0; i < length; i++) {
        unsigned value = text[i];
        if (value >= 0x80) {
            if (value < 0xc2 || value > 0xc3 || i + 1 == length) return AIGC_OK;
            value = (value & 3) << 6 | (text[++i] & 0x3fu);
        }
        to[n++] = (uint8_t)value;
    }
    p->nodes[ref] = (aigc__pickle_node_t){.kind = AIGC__PICKLE_BYTES, .decoded = 1};
    p->nodes[ref].as.text.place = place;
    p->nodes[ref].as.text.length = (uint32_t)n;
    return AIGC_OK;
}

static aigc_status_t push_call(machine_t *m, aigc__ref_t function, aigc__ref_t arguments)
{
    aigc__ref_t ref = 0;
    if (m->pickle->nodes[arguments].kind != AIGC__PICKLE_TUPLE) return bad(m, "arguments that are no tuple");
    AIGC__TRY(add_node(m, AIGC__PICKLE_CALL, &ref));
    m->pickle->nodes[ref].as.call.function = function;
    m->pickle->nodes[ref].as.call.arguments = arguments;
    AIGC__TRY(decode_bytes(m, function, arguments, ref));
    return push(m, ref);
}

static aigc_status_t op_call(machine_t *m, bool has_names)
{
    aigc__ref_t function = 0, arguments = 0, names = 0;
    if (has_names) AIGC__TRY(pop(m, &names));
    AIGC__TRY(pop(m, &arguments));
    AIGC__TRY(pop(m, &function));
    return push_call(m, function, arguments);
}

/* Sets attributes of what is on the top: only what calls made has any that matter here. */
static aigc_status_t op_build(machine_t *m)
{
    aigc__ref_t state = 0, to = 0;
    AIGC__TRY(pop(m, &state));
    AIGC__TRY(top(m, &to));
    aigc__pickle_node_t *node = &m->pickle->nodes[to];
    if (node->kind == AIGC__PICKLE_CALL) node->as.call.state = state;
    return AIGC_OK;
}

static aigc_status_t op_persistent(machine_t *m)
{
    aigc__ref_t id = 0;
    AIGC__TRY(pop(m, &id));
    AIGC__TRY(push_new(m, AIGC__PICKLE_PERSISTENT));
    newest(m)->as.call.arguments = id;
    return AIGC_OK;
}

/* ---- opcodes: the memo, which numbers from 0 on ---- */

static aigc_status_t put(machine_t *m, uint64_t index)
{
    aigc__ref_t ref = 0;
    void *memo = m->memo;
    AIGC__TRY(top(m, &ref));
    if (index > m->n_memo) return bad(m, "the memo is numbered with gaps");
    AIGC__TRY(aigc__pile_grow(&m->pickle->budget, &memo, &m->memo_room, (size_t)index + 1, sizeof *m->memo));
    m->memo = memo;
    m->memo[index] = ref;
    if (index == m->n_memo) m->n_memo++;
    return AIGC_OK;
}

static aigc_status_t op_put(machine_t *m, size_t width)
{
    uint64_t index = 0;
    AIGC__TRY(take_number(m, width, &index));
    return put(m, index);
}

static aigc_status_t op_get(machine_t *m, size_t width)
{
    uint64_t index = 0;
    AIGC__TRY(take_number(m, width, &index));
    if (index >= m->n_memo) return bad(m, "the memo has no such number");
    return push(m, m->memo[index]);
}

static aigc_status_t op_duplicate(machine_t *m)
{
    aigc__ref_t ref = 0;
    AIGC__TRY(top(m, &ref));
    return push(m, ref);
}

/* Takes a mark where nothing lies above it. */
static aigc_status_t op_pop(machine_t *m)
{
    aigc__ref_t ref = 0;
    if (m->n_marks > 0 && m->n_stack == floor_of(m)) {
        m->n_marks--;
        return AIGC_OK;
    }
    return pop(m, &ref);
}

static aigc_status_t op_number(machine_t *m, size_t width, bool is_signed)
{
    uint64_t value = 0;
    AIGC__TRY(take_number(m, width, &value));
    return push_integer(m, is_signed ? (int32_t)(uint32_t)value : (int64_t)value);
}

static aigc_status_t op_protocol(machine_t *m)
{
    uint64_t version = 0;
    AIGC__TRY(take_number(m, 1, &version));
    if (version >= 2 && version <= 5) return AIGC_OK;
    return aigc__fail(AIGC_ERROR_UNSUPPORTED, "%s: a pickle of protocol %" PRIu64 "; 2 to 5 can be read",
                      m->source->name, version);
}

static aigc_status_t op_frame(machine_t *m)
{
    uint64_t length = 0;
    AIGC__TRY(take_number(m, 8, &length));
    return length <= m->end - m->place ? AIGC_OK : bad(m, "a frame is longer than what is left of the file");
}

static aigc_status_t op_pop_mark(machine_t *m)
{
    const aigc__ref_t *items = NULL;
    size_t n = 0;
    return pop_mark(m, &items, &n);
}

static aigc_status_t unknown(const machine_t *m, uint8_t op)
{
    static const char others[] =
        "FILSVgiopPd\x82\x83\x84\x97\x98"; /* of protocols 0 and 1; extensions; buffers apart */
    if (op == 0 || !strchr(others, op)) return bad(m, "there is no such opcode");
    return aigc__fail(AIGC_ERROR_UNSUPPORTED,
                      "%s: pickle, byte %" PRIu64
                      ": opcode 0x%02x is not read: protocols 2 to 5, without extensions, are",
                      m->source->name, m->op, (unsigned)op);
}

static aigc_status_t step(machine_t *m, uint8_t op)
{
    switch (op) {
    case 0x80:
        return op_protocol(m);
    case 0x95:
        return op_frame(m);
    case 'N':
        return push(m, REF_NONE);
    case 0x88:
        return push(m, REF_TRUE);
    case 0x89:
        return push(m, REF_FALSE);
    case 'J':
        return op_number(m, 4, true);
    case 'K':
        return op_number(m, 1, false);
    case 'M':
        return op_number(m, 2, false);
    case 0x8a:
        return op_long(m, 1);
    case 0x8b:
        return op_long(m, 4);
    case 'G':
        return op_float(m);
    case 'X':
        return op_text(m, 4);
    case 0x8c:
        return op_text(m, 1);
    case 0x8d:
        return op_text(m, 8);
    case 'T':
        return op_text(m, 4);
    case 'U':
        return op_text(m, 1);
    case 'B':
        return op_bytes(m, 4);
    case 'C':
        return op_bytes(m, 1);
    case 0x8e:
    case 0x96:
        return op_bytes(m, 8);
    case 'c':
        return op_global(m);
    case 0x93:
        return op_stack_global(m);
    case '(':
        return push_mark(m);
    case ')':
        return push_tuple(m, 0);
    case 0x85:
        return push_tuple(m, 1);
    case 0x86:
        return push_tuple(m, 2);
    case 0x87:
        return push_tuple(m, 3);
    case 't':
        return op_marked(m, AIGC__PICKLE_TUPLE);
    case 'l':
        return op_marked(m, AIGC__PICKLE_LIST);
    case 0x91:
        return op_marked(m, AIGC__PICKLE_SET);
    case ']':
        return push_new(m, AIGC__PICKLE_LIST);
    case '}':
        return push_new(m, AIGC__PICKLE_DICT);
    case 0x8f:
        return push_new(m, AIGC__PICKLE_SET);
    case 'a':
        return op_item(m, AIGC__PICKLE_LIST);
    case 'e':
        return op_items(m, AIGC__PICKLE_LIST);
    case 0x90:
        return op_items(m, AIGC__PICKLE_SET);
    case 's':
        return op_item(m, AIGC__PICKLE_DICT);
    case 'u':
        return op_items(m, AIGC__PICKLE_DICT);
    case 'R':
    case 0x81:
        return op_call(m, false);
    case 0x92:
        return op_call(m, true);
    case 'b':
        return op_build(m);
    case 'Q':
        return op_persistent(m);
    case 'q':
        return op_put(m, 1);
    case 'r':
        return op_put(m, 4);
    case 0x94:
        return put(m, m->n_memo);
    case 'h':
        return op_get(m, 1);
    case 'j':
        return op_get(m, 4);
    case '0':
        return op_pop(m);
    case '1':
        return op_pop_mark(m);
    case '2':
        return op_duplicate(m);
    default:
        return unknown(m, op);
    }
}

/* ---- the whole ---- */

static aigc_status_t begin(machine_t *m)
{
    aigc__pickle_t *p = m->pickle;
    aigc__ref_t ref = 0;
    AIGC__TRY(add_node(m, AIGC__PICKLE_NONE, &ref));
    for (int64_t k = 0; k < 2; k++) {
        AIGC__TRY(add_node(m, AIGC__PICKLE_BOOL, &ref));
        p->nodes[ref].as.integer = k;
    }
    for (int64_t k = 0; k < NUMBERS; k++) {
        AIGC__TRY(add_node(m, AIGC__PICKLE_INT, &ref));
        p->nodes[ref].as.integer = k;
    }
    AIGC__TRY(add_item(m, REF_NONE, REF_NONE)); /* cell 0 means none */
    p->nodes[REF_NONE] = (aigc__pickle_node_t){.kind = AIGC__PICKLE_NONE};
    return AIGC_OK;
}

static aigc_status_t run(machine_t *m)
{
    const uint8_t *op = NULL;
    AIGC__TRY(begin(m));
    m->op = m->place;
    AIGC__TRY(take(m, 2, &op));
    if (op[0] != 0x80) return bad(m, "a pickle begins with its protocol");
    m->place -= 2;
    for (;;) {
        m->op = m->place;
        AIGC__TRY(take(m, 1, &op));
        if (*op == '.') break;
        AIGC__TRY(step(m, *op));
    }
    AIGC__TRY(pop(m, &m->pickle->root));
    return m->n_stack == 0 && m->n_marks == 0 ? AIGC_OK : bad(m, "values are left on the stack");
}

aigc_status_t aigc__pickle_read(aigc__pickle_t **out, aigc__memory_t *memory, const aigc__source_t *source,
                                uint64_t start, uint64_t end, uint64_t *stop)
{
    enum { SMALL = 1 << 18, TIMES = 16 };
    const uint64_t size = end - start;
    aigc_status_t status;
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(memory, sizeof(aigc__pickle_t) + sizeof(machine_t), &block));
    aigc__pickle_t *pickle = block;
    machine_t *m = (machine_t *)(void *)(pickle + 1);
    pickle->budget =
        (aigc__budget_t){memory, source->name, 0, SMALL + (size < UINT64_MAX / TIMES ? TIMES * size : size)};
    m->pickle = pickle;
    m->source = source;
    m->place = m->seen = start;
    m->end = end;
    status = run(m);
    aigc__memory_free(memory, m->stack);
    aigc__memory_free(memory, m->memo);
    aigc__memory_free(memory, m->marks);
    pickle->budget.used -= m->stack_room * sizeof *m->stack + m->memo_room * sizeof *m->memo;
    pickle->budget.used -= m->mark_room * sizeof *m->marks;
    if (status == AIGC_OK) {
        *stop = m->place;
        *out = pickle;
    } else {
        aigc__pickle_free(pickle);
    }
    return status;
}

void aigc__pickle_free(aigc__pickle_t *pickle)
{
    if (!pickle) return;
    aigc__memory_t *memory = pickle->budget.memory;
    aigc__memory_free(memory, pickle->nodes);
    aigc__memory_free(memory, pickle->cells);
    aigc__memory_free(memory, pickle->texts.data);
    aigc__memory_free(memory, pickle);
}

/* ---- looking at it ---- */

aigc__ref_t aigc__pickle_root(const aigc__pickle_t *pickle) { return pickle->root; }

size_t aigc__pickle_count(const aigc__pickle_t *pickle) { return pickle->n_nodes; }

aigc__pickle_node_t *aigc__pickle_node(const aigc__pickle_t *pickle, aigc__ref_t ref) { return &pickle->nodes[ref]; }

uint32_t aigc__pickle_first(const aigc__pickle_t *pickle, aigc__ref_t ref)
{
    const uint32_t last = pickle->nodes[ref].as.call.last;
    return last ? pickle->cells[last].next : 0;
}

uint32_t aigc__pickle_next(const aigc__pickle_t *pickle, aigc__ref_t ref, uint32_t cell)
{
    return cell == pickle->nodes[ref].as.call.last ? 0 : pickle->cells[cell].next;
}

aigc__ref_t aigc__pickle_at(const aigc__pickle_t *pickle, uint32_t cell) { return pickle->cells[cell].item; }

aigc__ref_t aigc__pickle_item(const aigc__pickle_t *pickle, aigc__ref_t ref, size_t index)
{
    uint32_t cell = aigc__pickle_first(pickle, ref);
    for (; cell && index > 0; index--) cell = aigc__pickle_next(pickle, ref, cell);
    return cell ? pickle->cells[cell].item : REF_NONE;
}

const char *aigc__pickle_text(const aigc__pickle_t *pickle, aigc__ref_t ref)
{
    const aigc__pickle_node_t *node = &pickle->nodes[ref];
    const bool is_text = node->kind == AIGC__PICKLE_TEXT || node->kind == AIGC__PICKLE_GLOBAL;
    return is_text ? pickle->texts.data + node->as.text.place : NULL;
}

bool aigc__pickle_calls(const aigc__pickle_t *pickle, aigc__ref_t ref, const char *name)
{
    const aigc__pickle_node_t *node = &pickle->nodes[ref];
    if (node->kind != AIGC__PICKLE_CALL) return false;
    const char *text = aigc__pickle_text(pickle, node->as.call.function);
    return text && pickle->nodes[node->as.call.function].kind == AIGC__PICKLE_GLOBAL && strcmp(text, name) == 0;
}

bool aigc__pickle_whole(const aigc__pickle_t *pickle, aigc__ref_t ref, int64_t least, int64_t *out)
{
    const aigc__pickle_node_t *node = &pickle->nodes[ref];
    if (node->kind != AIGC__PICKLE_INT || node->as.integer < least) return false;
    *out = node->as.integer;
    return true;
}

const void *aigc__pickle_decoded(const aigc__pickle_t *pickle, aigc__ref_t ref)
{
    return pickle->texts.data + pickle->nodes[ref].as.text.place;
}

aigc_status_t aigc__pickle_bytes(const aigc__pickle_t *pickle, const aigc__source_t *source, aigc__ref_t ref,
                                 uint64_t first, void *to, size_t bytes)
{
    const aigc__pickle_node_t *node = &pickle->nodes[ref];
    if (!node->decoded) return aigc__source_read(source, node->as.text.place + first, to, bytes);
    memcpy(to, pickle->texts.data + node->as.text.place + first, bytes);
    return AIGC_OK;
}
