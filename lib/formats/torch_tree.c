/* From the values of a pickle to named tensors. */
#include "base/sizes.h"
#include "formats/torch.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_DEPTH = 64, MOST_TENSORS = 1 << 20, PLAIN_VALUES = 64, REPEATED_BYTES = 1 << 26 };

/* Marks of nodes. */
enum { SEEN = 1, IS_TENSOR = 2, ON_THE_WAY = 4 };

typedef struct frame {
    aigc__ref_t ref;
    uint32_t cell;
    size_t path, index;
    bool is_state; /* attributes of an object, some of which a module's names leave out */
    bool is_pairs; /* a list of keys with values */
} frame_t;

typedef struct walk {
    aigc__torch_t *torch;
    aigc__pickle_t *pickle;
    uint64_t visits;
    size_t depth, path, wrapped; /* wrapped: calls around calls */
    frame_t frames[MOST_DEPTH];
    char name[AIGC__WEIGHTS_NAME + 1];
} walk_t;

static aigc_status_t corrupt(const walk_t *w, const char *what)
{
    return aigc__fail(AIGC_ERROR_CORRUPT, "%s: tensor '%.200s': %s", w->torch->source->name, w->name, what);
}

/* ---- names ---- */

static aigc_status_t set_segment(walk_t *w, size_t path, const char *text, size_t length)
{
    const size_t dot = path > 0;
    if (path + dot + length > AIGC__WEIGHTS_NAME)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: a name of more than %d bytes: '%.64s...'", w->torch->source->name,
                          AIGC__WEIGHTS_NAME, w->name);
    if (dot) w->name[path] = '.';
    memcpy(w->name + path + dot, text, length);
    w->path = path + dot + length;
    w->name[w->path] = '\0';
    return AIGC_OK;
}

static aigc_status_t set_number(walk_t *w, size_t path, int64_t number)
{
    char text[24];
    const int length = snprintf(text, sizeof text, "%" PRId64, number);
    return set_segment(w, path, text, (size_t)length);
}

/* A key of a dict as a part of a name; what is neither text nor number by its place. */
static aigc_status_t set_key(walk_t *w, const frame_t *frame, aigc__ref_t key)
{
    const aigc__pickle_node_t *node = aigc__pickle_node(w->pickle, key);
    const char *text = aigc__pickle_text(w->pickle, key);
    if (text) return set_segment(w, frame->path, text, strlen(text));
    return set_number(w, frame->path, node->kind == AIGC__PICKLE_INT ? node->as.integer : (int64_t)frame->index);
}

static aigc_status_t add(walk_t *w, aigc__torch_list_t *list, uint32_t what, const char *otherwise)
{
    aigc__torch_t *t = w->torch;
    const char *name = w->path > 0 ? w->name : otherwise;
    void *items = list->items;
    size_t place = 0;
    if (list->n == MOST_TENSORS)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: more than %d names", t->source->name, MOST_TENSORS);
    AIGC__TRY(aigc__pile_grow(&t->budget, &items, &list->room, list->n + 1, sizeof *list->items));
    list->items = items;
    AIGC__TRY(aigc__texts_add(&t->texts, &t->budget, strlen(name), &place));
    memcpy(t->texts.data + place, name, strlen(name));
    aigc__make_printable(t->texts.data + place, strlen(name) + 1);
    list->items[list->n++] = (aigc__torch_named_t){place, what};
    return AIGC_OK;
}

/* ---- tensors ---- */

/* Sizes and strides; false: not a shape that can be kept. */
static bool read_shape(const aigc__pickle_t *p, aigc__ref_t sizes, aigc__ref_t strides, aigc__torch_tensor_t *tensor)
{
    const aigc__pickle_node_t *a = aigc__pickle_node(p, sizes), *b = aigc__pickle_node(p, strides);
    if (a->kind == AIGC__PICKLE_CALL) sizes = aigc__pickle_item(p, a->as.call.arguments, 0); /* torch.Size((2, 3)) */
    a = aigc__pickle_node(p, sizes);
    if (a->kind != AIGC__PICKLE_TUPLE || b->kind != AIGC__PICKLE_TUPLE || a->count != b->count ||
        a->count > AIGC__WEIGHTS_RANK)
        return false;
    tensor->rank = a->count;
    for (size_t i = 0; i < tensor->rank; i++) {
        int64_t size = 0;
        if (!aigc__pickle_whole(p, aigc__pickle_item(p, sizes, i), 0, &size) || size > INT32_MAX ||
            !aigc__pickle_whole(p, aigc__pickle_item(p, strides, i), 0, &tensor->stride[i]))
            return false;
        tensor->shape[i] = (int32_t)size;
    }
    return true;
}

/* Every element lies in the `bytes` from `first` on; sets the count. */
static aigc_status_t check_extent(const walk_t *w, aigc__torch_tensor_t *tensor, uint64_t bytes)
{
    const size_t width = aigc__element_info(tensor->element)->bits / 8;
    size_t count = 1, last = 0, step = 0, end = 0;
    bool is_empty = false, fits = true;
    for (size_t i = 0; i < tensor->rank; i++) {
        const size_t size = (size_t)tensor->shape[i];
        is_empty |= size == 0;
        fits = fits && aigc__size_multiply(count, size ? size : 1, &count) &&
               aigc__size_multiply(size ? size - 1 : 0, (size_t)tensor->stride[i], &step) &&
               aigc__size_add(last, step, &last);
    }
    tensor->count = is_empty ? 0 : count;
    if (!fits || count > SIZE_MAX / 64) return corrupt(w, "its shape has more numbers than any file");
    if (is_empty) {
        tensor->first = 0;
        return AIGC_OK;
    }
    if (!aigc__size_multiply(last + 1, width, &end) || last + 1 == 0 || tensor->first > bytes ||
        end > bytes - tensor->first)
        return corrupt(w, "it goes beyond the end of its storage");
    if (count > last + 1 && count * width > REPEATED_BYTES && count * width > bytes)
        return aigc__fail(AIGC_ERROR_LIMIT,
                          "%s: tensor '%.200s' repeats few numbers over %zu bytes; at most %d are made of them",
                          w->torch->source->name, w->name, count * width, REPEATED_BYTES);
    return AIGC_OK;
}

static aigc_status_t keep_tensor(walk_t *w, aigc__pickle_node_t *node, const aigc__torch_tensor_t *tensor)
{
    aigc__torch_t *t = w->torch;
    void *tensors = t->tensors;
    if (t->n_tensors == MOST_TENSORS)
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: more than %d tensors", t->source->name, MOST_TENSORS);
    AIGC__TRY(aigc__pile_grow(&t->budget, &tensors, &t->tensor_room, t->n_tensors + 1, sizeof *t->tensors));
    t->tensors = tensors;
    t->tensors[t->n_tensors] = *tensor;
    node->mark |= IS_TENSOR;
    node->as.call.state = (uint32_t)t->n_tensors++;
    return AIGC_OK;
}

static bool find_dtype(const char *name, aigc__element_t *out)
{
    static const struct {
        const char *name;
        aigc__element_t element;
    } dtypes[] = {
        {"float32", AIGC__ELEMENT_F32},
        {"float", AIGC__ELEMENT_F32},
        {"float64", AIGC__ELEMENT_F64},
        {"double", AIGC__ELEMENT_F64},
        {"float16", AIGC__ELEMENT_F16},
        {"half", AIGC__ELEMENT_F16},
        {"bfloat16", AIGC__ELEMENT_BF16},
        {"int64", AIGC__ELEMENT_I64},
        {"long", AIGC__ELEMENT_I64},
        {"int32", AIGC__ELEMENT_I32},
        {"int", AIGC__ELEMENT_I32},
        {"int16", AIGC__ELEMENT_I16},
        {"short", AIGC__ELEMENT_I16},
        {"int8", AIGC__ELEMENT_I8},
        {"uint8", AIGC__ELEMENT_U8},
        {"uint16", AIGC__ELEMENT_U16},
        {"uint32", AIGC__ELEMENT_U32},
        {"uint64", AIGC__ELEMENT_U64},
        {"bool", AIGC__ELEMENT_BOOL},
        {"complex64", AIGC__ELEMENT_C64},
        {"cfloat", AIGC__ELEMENT_C64},
        {"complex128", AIGC__ELEMENT_C128},
        {"cdouble", AIGC__ELEMENT_C128},
        {"float8_e4m3fn", AIGC__ELEMENT_F8_E4M3},
        {"float8_e5m2", AIGC__ELEMENT_F8_E5M2},
        {"float8_e4m3fnuz", AIGC__ELEMENT_F8_E4M3FNUZ},
        {"float8_e8m0fnu", AIGC__ELEMENT_F8_E8M0},
        {"float8_e5m2fnuz", AIGC__ELEMENT_F8_E5M2FNUZ},
    };
    if (!name || strncmp(name, "torch.", 6) != 0) return false;
    for (size_t k = 0; k < sizeof dtypes / sizeof *dtypes; k++)
        if (strcmp(name + 6, dtypes[k].name) == 0) {
            *out = dtypes[k].element;
            return true;
        }
    return false;
}

/* (storage, offset, size, stride, requires_grad, hooks [, dtype, ...]) */
static aigc_status_t rebuild(walk_t *w, aigc__pickle_node_t *node, aigc__ref_t arguments, bool has_dtype,
                             bool *is_known)
{
    const aigc__pickle_t *p = w->pickle;
    aigc__torch_tensor_t tensor = {.rank = 0};
    aigc__torch_slice_t slice;
    int64_t offset = 0;
    size_t skipped = 0;
    AIGC__TRY(aigc__torch_slice(w->torch, aigc__pickle_item(p, arguments, 0), &slice, is_known));
    if (!*is_known) return AIGC_OK;
    tensor.element = slice.element;
    *is_known = aigc__pickle_whole(p, aigc__pickle_item(p, arguments, 1), 0, &offset) &&
                read_shape(p, aigc__pickle_item(p, arguments, 2), aigc__pickle_item(p, arguments, 3), &tensor) &&
                (!has_dtype || find_dtype(aigc__pickle_text(p, aigc__pickle_item(p, arguments, 6)), &tensor.element));
    if (!*is_known) return AIGC_OK;
    tensor.storage = slice.storage;
    if (!aigc__size_multiply((size_t)offset, aigc__element_info(tensor.element)->bits / 8, &skipped))
        return corrupt(w, "it begins beyond the end of its storage");
    tensor.first = skipped;
    AIGC__TRY(check_extent(w, &tensor, slice.bytes));
    tensor.first += slice.first;
    return keep_tensor(w, node, &tensor);
}

/* numpy.dtype('f4', False, True) with the byte order in its state. */
static bool numpy_element(const aigc__pickle_t *p, aigc__ref_t ref, aigc__element_t *element, bool *is_big_endian)
{
    if (!aigc__pickle_calls(p, ref, "numpy.dtype")) return false;
    const aigc__pickle_node_t *node = aigc__pickle_node(p, ref);
    const char *code = aigc__pickle_text(p, aigc__pickle_item(p, node->as.call.arguments, 0));
    const char *order = aigc__pickle_text(p, aigc__pickle_item(p, node->as.call.state, 1));
    *is_big_endian = order && *order == '>';
    bool ignored;
    return code && aigc__element_parse(code, strlen(code), element, &ignored);
}

static void set_strides(aigc__torch_tensor_t *tensor, bool is_fortran)
{
    int64_t stride = 1;
    for (size_t i = 0; i < tensor->rank; i++) {
        const size_t axis = is_fortran ? i : tensor->rank - 1 - i;
        tensor->stride[axis] = stride;
        stride *= tensor->shape[axis] > 0 ? tensor->shape[axis] : 1;
    }
}

static aigc_status_t numpy_array(walk_t *w, aigc__pickle_node_t *node, aigc__ref_t shape, aigc__ref_t dtype,
                                 bool is_fortran, aigc__ref_t bytes, bool *is_known)
{
    const aigc__pickle_t *p = w->pickle;
    const aigc__pickle_node_t *numbers = aigc__pickle_node(p, bytes);
    aigc__torch_tensor_t tensor = {.rank = 0};
    bool is_big_endian = false;
    *is_known = numbers->kind == AIGC__PICKLE_BYTES && numpy_element(p, dtype, &tensor.element, &is_big_endian) &&
                read_shape(p, shape, shape, &tensor);
    if (!*is_known) return AIGC_OK;
    size_t count = 1;
    bool fits = true;
    for (size_t i = 0; i < tensor.rank; i++)
        fits = fits && aigc__size_multiply(count, tensor.shape[i] > 0 ? (size_t)tensor.shape[i] : 1, &count);
    if (!fits || count > SIZE_MAX / 64) return corrupt(w, "its shape has more numbers than any file");
    set_strides(&tensor, is_fortran);
    AIGC__TRY(check_extent(w, &tensor, numbers->as.text.length));
    AIGC__TRY(aigc__torch_add_storage(w->torch, AIGC__TORCH_BYTES, bytes, numbers->as.text.length, is_big_endian,
                                      &tensor.storage));
    return keep_tensor(w, node, &tensor);
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0) return true;
    return false;
}

/* Calls that make a tensor become one, once. `arguments` may be those of a call within. */
static aigc_status_t make_tensor(walk_t *w, aigc__pickle_node_t *node, const char *name, aigc__ref_t arguments,
                                 bool *is_known)
{
    static const char *const arrays[] = {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
                                         NULL};
    static const char *const buffers[] = {"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer", NULL};
    const aigc__pickle_t *p = w->pickle;
    *is_known = false;
    if (strcmp(name, "torch._utils._rebuild_tensor_v2") == 0 || strcmp(name, "torch._utils._rebuild_tensor") == 0)
        return rebuild(w, node, arguments, false, is_known);
    if (strcmp(name, "torch._utils._rebuild_tensor_v3") == 0) return rebuild(w, node, arguments, true, is_known);
    if (is_one_of(name, arrays)) {
        const aigc__ref_t state = node->as.call.state;
        const aigc__ref_t order = aigc__pickle_item(p, state, 3);
        return numpy_array(w, node, aigc__pickle_item(p, state, 1), aigc__pickle_item(p, state, 2),
                           aigc__pickle_node(p, order)->as.integer != 0, aigc__pickle_item(p, state, 4), is_known);
    }
    if (is_one_of(name, buffers)) {
        const char *order = aigc__pickle_text(p, aigc__pickle_item(p, arguments, 3));
        return numpy_array(w, node, aigc__pickle_item(p, arguments, 2), aigc__pickle_item(p, arguments, 1),
                           order && *order == 'F', aigc__pickle_item(p, arguments, 0), is_known);
    }
    return AIGC_OK;
}

/* ---- values ---- */

static bool is_numpy_scalar(const aigc__pickle_t *p, aigc__ref_t ref)
{
    return aigc__pickle_calls(p, ref, "numpy.core.multiarray.scalar") ||
           aigc__pickle_calls(p, ref, "numpy._core.multiarray.scalar");
}

static bool is_plain(const aigc__pickle_t *p, aigc__ref_t ref)
{
    const unsigned kind = aigc__pickle_node(p, ref)->kind;
    return kind <= AIGC__PICKLE_GLOBAL;
}

static bool read_scalar(const aigc__torch_t *t, aigc__ref_t ref, aigc__weights_value_t *out)
{
    const aigc__pickle_t *p = t->pickle;
    const aigc__ref_t arguments = aigc__pickle_node(p, ref)->as.call.arguments,
                      bytes = aigc__pickle_item(p, arguments, 1);
    aigc__element_t element;
    bool is_big_endian = false;
    uint8_t raw[8], number[8];
    double real;
    if (aigc__pickle_node(p, bytes)->kind != AIGC__PICKLE_BYTES ||
        !numpy_element(p, aigc__pickle_item(p, arguments, 0), &element, &is_big_endian))
        return false;
    const size_t width = aigc__element_info(element)->bits / 8;
    if (width > 8 || aigc__element_info(element)->dtype == 0 || aigc__pickle_node(p, bytes)->as.text.length != width ||
        aigc__pickle_bytes(p, &t->pickle_source, bytes, 0, raw, width) != AIGC_OK)
        return false;
    for (size_t i = 0; i < width; i++) number[i] = raw[is_big_endian ? width - 1 - i : i];
    if (element == AIGC__ELEMENT_F64) {
        memcpy(&real, number, sizeof real);
        out->type = "float";
        out->real = real;
        return true;
    }
    union {
        float f;
        int32_t i;
        int64_t l;
        uint8_t b;
        uint16_t h;
    } value = {.l = 0};
    if (aigc__elements_decode(&value, number, element, false, 1) != 1) return false;
    switch (aigc__element_info(element)->dtype) {
    case AIGC_DTYPE_F32:
        out->real = value.f;
        break;
    case AIGC_DTYPE_F16: {
        float wide;
        aigc__convert(t->context->kernels, &wide, AIGC_DTYPE_F32, &value, AIGC_DTYPE_F16, 1);
        out->real = wide;
        break;
    }
    case AIGC_DTYPE_U8:
        out->integer = value.b;
        break;
    case AIGC_DTYPE_I32:
        out->integer = value.i;
        break;
    case AIGC_DTYPE_I64:
        out->integer = value.l;
        break;
    default:
        return false;
    }
    const bool is_real = aigc__element_info(element)->dtype <= AIGC_DTYPE_BF16;
    out->type = is_real ? "float" : element == AIGC__ELEMENT_BOOL ? "bool" : "int";
    if (!is_real) out->real = (double)out->integer;
    return true;
}

void aigc__torch_value(const aigc__torch_t *torch, aigc__ref_t ref, aigc__weights_value_t *out)
{
    const aigc__pickle_t *p = torch->pickle;
    const aigc__pickle_node_t *node = aigc__pickle_node(p, ref);
    switch (node->kind) {
    case AIGC__PICKLE_NONE:
        out->type = "none";
        break;
    case AIGC__PICKLE_BOOL:
    case AIGC__PICKLE_INT:
        out->type = node->kind == AIGC__PICKLE_INT ? "int" : "bool";
        out->integer = node->as.integer;
        out->real = (double)node->as.integer;
        break;
    case AIGC__PICKLE_FLOAT:
        out->type = "float";
        out->real = node->as.real;
        break;
    case AIGC__PICKLE_TEXT:
    case AIGC__PICKLE_GLOBAL:
        out->type = "string";
        out->text = aigc__pickle_text(p, ref);
        break;
    case AIGC__PICKLE_CALL:
        if (is_numpy_scalar(p, ref) && read_scalar(torch, ref, out)) break;
        out->type = "string"; /* torch.device('cpu') */
        out->text = aigc__pickle_text(p, aigc__pickle_item(p, node->as.call.arguments, 0));
        if (!out->text) out->text = "";
        break;
    case AIGC__PICKLE_BYTES:
        out->type = "list";
        out->integer = node->as.text.length;
        break;
    case AIGC__PICKLE_BIG:
        out->type = "string";
        out->text = "a number of more than 64 bits";
        break;
    default:
        out->type = "list";
        out->integer = node->count;
        break;
    }
}

/* ---- the walk ---- */

static const char *const dicts[] = {"collections.OrderedDict", "collections.defaultdict", "collections.Counter",
                                    "builtins.dict",           "__builtin__.dict",        NULL};
static const char *const sequences[] = {"builtins.set",
                                        "builtins.frozenset",
                                        "builtins.list",
                                        "builtins.tuple",
                                        "__builtin__.set",
                                        "__builtin__.frozenset",
                                        "torch.Size",
                                        "__builtin__.list",
                                        "__builtin__.tuple",
                                        "collections.deque",
                                        NULL};
static const char *const wrappers[] = {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
                                       NULL};
/* Parts of others, harmless by themselves. */
static const char *const parts[] = {"numpy.dtype", "_codecs.encode", "torch.storage._load_from_bytes", NULL};

static aigc_status_t too_deep(const walk_t *w)
{
    return aigc__fail(AIGC_ERROR_LIMIT, "%s: pickle: '%.64s...' is nested more than %d levels deep",
                      w->torch->source->name, w->name, MOST_DEPTH);
}

static aigc_status_t enter(walk_t *w, aigc__ref_t ref, bool is_state, bool is_pairs)
{
    aigc__pickle_node_t *node = aigc__pickle_node(w->pickle, ref);
    if (node->mark & ON_THE_WAY || node->count == 0) return AIGC_OK; /* it holds itself, or nothing */
    if (w->depth == MOST_DEPTH) return too_deep(w);
    node->mark |= ON_THE_WAY;
    w->frames[w->depth++] = (frame_t){ref, aigc__pickle_first(w->pickle, ref), w->path, 0, is_state, is_pairs};
    return AIGC_OK;
}

/* Long lists of plain values are told as such. */
static aigc_status_t enter_sequence(walk_t *w, aigc__ref_t ref)
{
    const aigc__pickle_node_t *node = aigc__pickle_node(w->pickle, ref);
    bool all_plain = node->count > PLAIN_VALUES;
    for (uint32_t cell = all_plain ? aigc__pickle_first(w->pickle, ref) : 0; cell && all_plain;
         cell = aigc__pickle_next(w->pickle, ref, cell)) {
        all_plain = is_plain(w->pickle, aigc__pickle_at(w->pickle, cell));
        w->visits++;
    }
    return all_plain ? add(w, &w->torch->values, ref, "value") : enter(w, ref, false, false);
}

static bool is_pair_list(const aigc__pickle_t *p, aigc__ref_t ref)
{
    const aigc__pickle_node_t *first = aigc__pickle_node(p, aigc__pickle_item(p, ref, 0));
    return aigc__pickle_node(p, ref)->kind == AIGC__PICKLE_LIST && first->count == 2 &&
           (first->kind == AIGC__PICKLE_LIST || first->kind == AIGC__PICKLE_TUPLE);
}

/* Attributes: a dict, or with slots a pair of dicts. */
static aigc_status_t enter_state(walk_t *w, aigc__ref_t state)
{
    if (aigc__pickle_node(w->pickle, state)->kind == AIGC__PICKLE_TUPLE) state = aigc__pickle_item(w->pickle, state, 0);
    if (aigc__pickle_node(w->pickle, state)->kind != AIGC__PICKLE_DICT) return AIGC_OK;
    return enter(w, state, true, false);
}

static aigc_status_t visit(walk_t *w, aigc__ref_t ref);

/* What Python would make by a call that is not known. */
static aigc_status_t visit_opaque(walk_t *w, aigc__ref_t ref)
{
    aigc__pickle_node_t *node = aigc__pickle_node(w->pickle, ref);
    if (!(node->mark & SEEN)) AIGC__TRY(add(w, &w->torch->opaque, ref, ""));
    node->mark |= SEEN;
    if (node->kind != AIGC__PICKLE_CALL) return AIGC_OK;
    AIGC__TRY(enter_state(w, node->as.call.state));
    return enter(w, ref, false, false);
}

static aigc_status_t visit_call(walk_t *w, aigc__ref_t ref)
{
    const aigc__pickle_t *p = w->pickle;
    aigc__pickle_node_t *node = aigc__pickle_node(p, ref);
    const aigc__ref_t arguments = node->as.call.arguments, first = aigc__pickle_item(p, arguments, 0);
    const char *name = aigc__pickle_text(p, node->as.call.function);
    bool is_known = false;
    if (node->mark & IS_TENSOR) return add(w, &w->torch->entries, node->as.call.state, "tensor");
    if (!name || aigc__pickle_node(p, node->as.call.function)->kind != AIGC__PICKLE_GLOBAL) return visit_opaque(w, ref);
    if (strcmp(name, "torch._tensor._rebuild_from_type_v2") == 0) {
        const char *inner = aigc__pickle_text(p, first);
        if (inner) AIGC__TRY(make_tensor(w, node, inner, aigc__pickle_item(p, arguments, 2), &is_known));
    } else {
        AIGC__TRY(make_tensor(w, node, name, arguments, &is_known));
    }
    if (is_known) return add(w, &w->torch->entries, node->as.call.state, "tensor");
    aigc__weights_value_t value = {.name = NULL};
    if (is_numpy_scalar(p, ref) && read_scalar(w->torch, ref, &value)) is_known = true;
    if (strcmp(name, "torch.device") == 0) is_known = true;
    if (is_known) {
        node->mark |= SEEN;
        return add(w, &w->torch->values, ref, "value");
    }
    if (is_one_of(name, wrappers) || is_one_of(name, sequences)) {
        if (node->mark & ON_THE_WAY) return AIGC_OK;
        node->mark |= SEEN;
        if (node->count > 0) return enter_sequence(w, ref);
        if (w->wrapped == MOST_DEPTH) return too_deep(w);
        node->mark |= ON_THE_WAY;
        w->wrapped++;
        const aigc_status_t status = visit(w, first);
        w->wrapped--;
        node->mark &= (uint8_t)~ON_THE_WAY;
        return status;
    }
    if (!is_one_of(name, dicts)) return visit_opaque(w, ref);
    node->mark |= SEEN;
    if (node->count == 0 && is_pair_list(p, first)) return enter(w, first, false, true);
    if (node->count == 0 && aigc__pickle_node(p, first)->kind == AIGC__PICKLE_DICT)
        return enter(w, first, false, false);
    return enter(w, ref, false, false);
}

static aigc_status_t visit(walk_t *w, aigc__ref_t ref)
{
    const aigc__pickle_node_t *node = aigc__pickle_node(w->pickle, ref);
    if (++w->visits > 65536 + 4 * (uint64_t)aigc__pickle_count(w->pickle))
        return aigc__fail(AIGC_ERROR_LIMIT, "%s: pickle: its values refer to each other too often",
                          w->torch->source->name);
    switch (node->kind) {
    case AIGC__PICKLE_TUPLE:
    case AIGC__PICKLE_LIST:
    case AIGC__PICKLE_SET:
        return enter_sequence(w, ref);
    case AIGC__PICKLE_DICT:
        return enter(w, ref, false, false);
    case AIGC__PICKLE_CALL:
        return visit_call(w, ref);
    case AIGC__PICKLE_PERSISTENT:
        return visit_opaque(w, ref);
    default:
        return add(w, &w->torch->values, ref, "value");
    }
}

/* A module's parameters, buffers and parts have names without these words in them. */
static bool is_left_out(const frame_t *frame, const char *key)
{
    static const char *const words[] = {"_parameters", "_buffers", "_modules", NULL};
    return frame->is_state && key && is_one_of(key, words);
}

static aigc_status_t step_pair(walk_t *w, frame_t *frame, aigc__ref_t key, aigc__ref_t value)
{
    if (is_left_out(frame, aigc__pickle_text(w->pickle, key))) {
        w->path = frame->path;
        w->name[w->path] = '\0';
    } else {
        AIGC__TRY(set_key(w, frame, key));
    }
    frame->index++;
    return visit(w, value);
}

static aigc_status_t step(walk_t *w)
{
    aigc__pickle_t *p = w->pickle;
    frame_t *frame = &w->frames[w->depth - 1];
    const aigc__pickle_node_t *node = aigc__pickle_node(p, frame->ref);
    const aigc__ref_t item = aigc__pickle_at(p, frame->cell);
    frame->cell = aigc__pickle_next(p, frame->ref, frame->cell);
    if (frame->is_pairs) return step_pair(w, frame, aigc__pickle_item(p, item, 0), aigc__pickle_item(p, item, 1));
    if (!node->has_keys) {
        AIGC__TRY(set_number(w, frame->path, (int64_t)frame->index++));
        return visit(w, item);
    }
    const aigc__ref_t value = frame->cell ? aigc__pickle_at(p, frame->cell) : 0;
    if (frame->cell) frame->cell = aigc__pickle_next(p, frame->ref, frame->cell);
    return step_pair(w, frame, item, value);
}

static aigc_status_t go_through(walk_t *w)
{
    AIGC__TRY(visit(w, aigc__pickle_root(w->pickle)));
    while (w->depth > 0) {
        frame_t *frame = &w->frames[w->depth - 1];
        if (frame->cell) {
            AIGC__TRY(step(w));
            continue;
        }
        aigc__pickle_node(w->pickle, frame->ref)->mark &= (uint8_t)~ON_THE_WAY;
        w->depth--;
    }
    return AIGC_OK;
}

/* What stands in the file but was not met on the way: arguments of other calls. */
static aigc_status_t list_the_rest(walk_t *w)
{
    w->path = 0;
    for (size_t ref = 0; ref < aigc__pickle_count(w->pickle); ref++) {
        const aigc__pickle_node_t *node = aigc__pickle_node(w->pickle, (aigc__ref_t)ref);
        if (node->kind != AIGC__PICKLE_CALL || node->mark & (SEEN | IS_TENSOR)) continue;
        const char *name = aigc__pickle_text(w->pickle, node->as.call.function);
        const bool is_harmless =
            name && (is_one_of(name, parts) || is_one_of(name, dicts) || is_one_of(name, sequences) ||
                     is_one_of(name, wrappers) || strcmp(name, "torch.device") == 0);
        if (!is_harmless) AIGC__TRY(add(w, &w->torch->opaque, (uint32_t)ref, ""));
    }
    return AIGC_OK;
}

aigc_status_t aigc__torch_list(aigc__torch_t *torch)
{
    aigc_status_t status;
    void *block = NULL;
    AIGC__TRY(aigc__memory_alloc_zeroed(&torch->context->memory, sizeof(walk_t), &block));
    walk_t *w = block;
    w->torch = torch;
    w->pickle = torch->pickle;
    AIGC__GOTO(done, go_through(w));
    status = list_the_rest(w);
done:
    aigc__memory_free(&torch->context->memory, block);
    return status;
}
