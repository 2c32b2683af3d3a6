/* Tensors: made of tables, strings and files; indexed from 1; views share their memory. */
#include "aigclua.h"
#include <string.h>

static void release_tensor(void *handle) { aigc_tensor_release(handle); }

static uint64_t bytes_of(void *handle)
{
    uint64_t bytes = 0;
    return aigc_tensor_info(handle, NULL, NULL, &bytes) == AIGC_OK ? bytes : 0;
}

const aigclua_type_t aigclua_tensor = {"tensor", release_tensor, bytes_of};

typedef struct layout {
    const aigclua_object_t *tensor;
    aigc_dtype_t dtype;
    size_t rank;
    int64_t shape[AIGC_MAX_RANK];
    uint64_t count, bytes;
} layout_t;

static layout_t check_layout(lua_State *L, int index)
{
    layout_t layout = {.tensor = aigclua_check_open(L, index, &aigclua_tensor)};
    const int64_t *shape = NULL;
    aigclua_try(L, aigc_tensor_info(layout.tensor->handle, &layout.dtype, &layout.count, &layout.bytes));
    aigclua_try(L, aigc_tensor_shape(layout.tensor->handle, &layout.rank, &shape));
    for (size_t k = 0; k < layout.rank; k++) layout.shape[k] = shape[k];
    return layout;
}

/* ---- arguments ---- */

aigc_dtype_t aigclua_check_dtype(lua_State *L, int index)
{
    const char *wanted = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : luaL_typename(L, index);
    const char *name = NULL;
    for (aigc_dtype_t dtype = 1; aigc_dtype_info(dtype, &name, NULL, NULL) == AIGC_OK; dtype++)
        if (strcmp(wanted, name) == 0) return dtype;
    lua_pushliteral(L, "");
    for (aigc_dtype_t dtype = 1; aigc_dtype_info(dtype, &name, NULL, NULL) == AIGC_OK; dtype++) {
        lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1), dtype > 1 ? ", " : "", name);
        lua_replace(L, -2);
    }
    aigclua_fail(L, "there is no element type '%s'; there are %s", wanted, lua_tostring(L, -1));
}

size_t aigclua_check_shape(lua_State *L, int index, int64_t shape[AIGC_MAX_RANK])
{
    luaL_checktype(L, index, LUA_TTABLE);
    const size_t rank = aigclua_length(L, index);
    if (rank > AIGC_MAX_RANK) aigclua_fail(L, "a tensor has at most %d dimensions, not %d", AIGC_MAX_RANK, (int)rank);
    for (size_t k = 0; k < rank; k++) {
        lua_rawgeti(L, index, (int)k + 1);
        shape[k] = aigclua_check_whole(L, -1, "each number of a shape");
        lua_pop(L, 1);
    }
    return rank;
}

aigclua_object_t *aigclua_check_tensor(lua_State *L, int index, aigc_dtype_t dtype)
{
    if (lua_istable(L, index)) {
        const aigclua_object_t *context = aigclua_context_of(L, 0);
        aigclua_from_numbers(L, index, context, dtype, NULL, NULL);
        lua_replace(L, index);
        lua_pop(L, 1);
    }
    return aigclua_check_open(L, index, &aigclua_tensor);
}

const aigclua_object_t *aigclua_optional_tensor(lua_State *L, int index, aigc_dtype_t dtype)
{
    static const aigclua_object_t none = {.handle = NULL};
    return lua_isnoneornil(L, index) ? &none : aigclua_check_tensor(L, index, dtype);
}

/* ---- making ---- */

aigclua_object_t *aigclua_new_zeros(lua_State *L, const aigclua_object_t *context, aigc_dtype_t dtype, size_t rank,
                                    const int64_t *shape)
{
    aigc_tensor_t *handle = NULL;
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_tensor_create(&handle, context->handle, dtype, rank, shape);
    aigclua_keep(L, object, handle, status);
    return object;
}

static void from_string(lua_State *L, const aigclua_object_t *context, aigc_dtype_t dtype, size_t rank,
                        const int64_t *shape)
{
    size_t length = 0, size = 1;
    const char *bytes = lua_tolstring(L, 1, &length);
    aigclua_try(L, aigc_dtype_info(dtype, NULL, &size, NULL));
    const int64_t flat = (int64_t)(length / size);
    aigclua_object_t *object =
        shape ? aigclua_new_zeros(L, context, dtype, rank, shape) : aigclua_new_zeros(L, context, dtype, 1, &flat);
    uint64_t expected = 0;
    aigclua_try(L, aigc_tensor_info(object->handle, NULL, NULL, &expected));
    if (expected != length) aigclua_fail(L, "the string has %d bytes, the tensor %d", (int)length, (int)expected);
    if (length > 0) memcpy(aigc_tensor_data(object->handle), bytes, length);
}

aigclua_object_t *aigclua_new_converted(lua_State *L, const aigclua_object_t *tensor, aigc_dtype_t dtype)
{
    aigc_tensor_t *handle = NULL;
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_tensor_convert(&handle, tensor->handle, dtype);
    aigclua_keep(L, object, handle, status);
    return object;
}

aigclua_object_t *aigclua_new_view(lua_State *L, const aigclua_object_t *tensor, uint64_t first, size_t rank,
                                   const int64_t *shape)
{
    aigc_tensor_t *handle = NULL;
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_tensor_view(&handle, tensor->handle, first, rank, shape);
    aigclua_keep(L, object, handle, status);
    return object;
}

/* aigc.tensor(value, {dtype=, shape=, context=}): of nested tables or a number (f32), a string of bytes (u8), or a
 * tensor, copied (its own type) */
static int tensor(lua_State *L)
{
    static const char *const names[] = {"dtype", "shape", "context", NULL};
    int64_t given[AIGC_MAX_RANK];
    size_t rank = 0;
    lua_settop(L, 2);
    aigclua_check_names(L, 2, "aigc.tensor", names);
    aigclua_get_option(L, 2, "dtype");
    aigclua_get_option(L, 2, "shape");
    const int has_dtype = !lua_isnil(L, 3), has_shape = !lua_isnil(L, 4);
    aigc_dtype_t dtype = has_dtype ? aigclua_check_dtype(L, 3) : AIGC_DTYPE_F32;
    if (has_shape && !lua_istable(L, 4)) aigclua_fail(L, "option shape is a list, not a %s", luaL_typename(L, 4));
    if (has_shape) rank = aigclua_check_shape(L, 4, given);
    const int64_t *shape = has_shape ? given : NULL;
    if (lua_type(L, 1) == LUA_TSTRING) {
        from_string(L, aigclua_context_of(L, 2), has_dtype ? dtype : AIGC_DTYPE_U8, rank, shape);
    } else if (lua_type(L, 1) == LUA_TTABLE || lua_type(L, 1) == LUA_TNUMBER) {
        aigclua_from_numbers(L, 1, aigclua_context_of(L, 2), dtype, has_shape ? &rank : NULL, shape);
    } else {
        const layout_t from = check_layout(L, 1);
        aigclua_object_t *copy = aigclua_new_converted(L, from.tensor, has_dtype ? dtype : from.dtype);
        if (has_shape) aigclua_new_view(L, copy, 0, rank, shape);
    }
    return 1;
}

/* aigc.zeros({2, 3}, {dtype=, context=}) */
static int zeros(lua_State *L)
{
    static const char *const names[] = {"dtype", "context", NULL};
    int64_t shape[AIGC_MAX_RANK];
    lua_settop(L, 2);
    const size_t rank = aigclua_check_shape(L, 1, shape);
    aigclua_check_names(L, 2, "aigc.zeros", names);
    aigclua_get_option(L, 2, "dtype");
    const aigc_dtype_t dtype = lua_isnil(L, 3) ? AIGC_DTYPE_F32 : aigclua_check_dtype(L, 3);
    const aigclua_object_t *context = aigclua_context_of(L, 2);
    aigclua_new_zeros(L, context, dtype, rank, shape);
    return 1;
}

/* aigc.read_tensor(path, name, {context=}) */
static int read_tensor(lua_State *L)
{
    static const char *const names[] = {"context", NULL};
    lua_settop(L, 3);
    const char *path = aigclua_check_text(L, 1), *name = aigclua_optional_text(L, 2);
    aigclua_check_names(L, 3, "aigc.read_tensor", names);
    const aigclua_object_t *context = aigclua_context_of(L, 3);
    aigc_tensor_t *handle = NULL;
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_tensor_read(&handle, context->handle, path, name);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* ---- elements ---- */

/* Position `index` from 1 along the first axis; 0 if there is none such. */
static int64_t check_position(lua_State *L, int index, const layout_t *layout)
{
    const int64_t position = aigclua_check_whole(L, index, "a position in a tensor");
    if (layout->rank == 0) aigclua_fail(L, "a tensor without dimensions has no positions; its number is t:item()");
    return position >= 1 && position <= layout->shape[0] ? position : 0;
}

static aigclua_object_t *new_row(lua_State *L, const layout_t *layout, int64_t position)
{
    const uint64_t row = layout->count / (uint64_t)layout->shape[0];
    return aigclua_new_view(L, layout->tensor, (uint64_t)(position - 1) * row, layout->rank - 1, layout->shape + 1);
}

/* t[i]: a number, a row, or nil outside; t.name: a method */
static int get_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER) {
        lua_settop(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    }
    const layout_t layout = check_layout(L, 1);
    const int64_t position = check_position(L, 2, &layout);
    if (position == 0)
        lua_pushnil(L);
    else if (layout.rank == 1)
        aigclua_push_element(L, layout.tensor, (uint64_t)position - 1);
    else
        new_row(L, &layout, position);
    return 1;
}

static int set_index(lua_State *L)
{
    const layout_t layout = check_layout(L, 1);
    const int64_t position = check_position(L, 2, &layout);
    if (position == 0)
        aigclua_fail(L, "position %s is outside the tensor's 1..%d", lua_tostring(L, 2), (int)layout.shape[0]);
    aigclua_object_t *row = new_row(L, &layout, position);
    aigclua_assign(L, row, 3);
    aigclua_close(row);
    return 0;
}

static int length(lua_State *L)
{
    const layout_t layout = check_layout(L, 1);
    if (layout.rank == 0) aigclua_fail(L, "a tensor without dimensions has no length");
    aigclua_push_int64(L, layout.shape[0]);
    return 1;
}

/* ---- methods ---- */

/* As string.sub has it: negative counts from the end. */
static int64_t from_end(int64_t position, int64_t n) { return position < 0 ? position + n + 1 : position; }

/* t:slice(first, last) */
static int slice(lua_State *L)
{
    int64_t shape[AIGC_MAX_RANK];
    const layout_t layout = check_layout(L, 1);
    if (layout.rank == 0) aigclua_fail(L, "a tensor without dimensions has no slices");
    const int64_t n = layout.shape[0];
    int64_t first = lua_isnoneornil(L, 2) ? 1 : from_end(aigclua_check_whole(L, 2, "the first position"), n);
    int64_t last = lua_isnoneornil(L, 3) ? n : from_end(aigclua_check_whole(L, 3, "the last position"), n);
    if (first < 1) first = 1;
    if (last > n) last = n;
    memcpy(shape, layout.shape, layout.rank * sizeof *shape);
    shape[0] = last >= first ? last - first + 1 : 0;
    const uint64_t row = n > 0 ? layout.count / (uint64_t)n : 0;
    aigclua_new_view(L, layout.tensor, shape[0] > 0 ? (uint64_t)(first - 1) * row : 0, layout.rank, shape);
    return 1;
}

static int get_shape(lua_State *L)
{
    const layout_t layout = check_layout(L, 1);
    lua_createtable(L, (int)layout.rank, 0);
    for (size_t k = 0; k < layout.rank; k++) {
        aigclua_push_int64(L, layout.shape[k]);
        lua_rawseti(L, -2, (int)k + 1);
    }
    return 1;
}

static int get_dtype(lua_State *L)
{
    const char *name = NULL;
    aigclua_try(L, aigc_dtype_info(check_layout(L, 1).dtype, &name, NULL, NULL));
    lua_pushstring(L, name);
    return 1;
}

/* The one -1 of a shape becomes what fits. */
static void infer(lua_State *L, size_t rank, int64_t *shape, uint64_t count)
{
    int64_t *open = NULL;
    uint64_t rest = 1;
    for (size_t k = 0; k < rank; k++) {
        if (shape[k] == -1 && open) aigclua_fail(L, "only one number of a shape can be -1");
        if (shape[k] == -1)
            open = &shape[k];
        else
            rest *= (uint64_t)shape[k];
    }
    if (open == NULL) return;
    if (rest == 0 || count % rest != 0) aigclua_fail(L, "no number in place of -1 fits the tensor's %d", (int)count);
    *open = (int64_t)(count / rest);
}

static int reshape(lua_State *L)
{
    int64_t shape[AIGC_MAX_RANK];
    uint64_t count = 1;
    const layout_t layout = check_layout(L, 1);
    const size_t rank = aigclua_check_shape(L, 2, shape);
    infer(L, rank, shape, layout.count);
    for (size_t k = 0; k < rank; k++) count *= (uint64_t)shape[k];
    if (count != layout.count) aigclua_fail(L, "the tensor's %d numbers do not fill that shape", (int)layout.count);
    aigclua_new_view(L, layout.tensor, 0, rank, shape);
    return 1;
}

static int convert(lua_State *L)
{
    const layout_t layout = check_layout(L, 1);
    aigclua_new_converted(L, layout.tensor, aigclua_check_dtype(L, 2));
    return 1;
}

static int to_table(lua_State *L)
{
    aigclua_push_numbers(L, check_layout(L, 1).tensor);
    return 1;
}

static int to_bytes(lua_State *L)
{
    const layout_t layout = check_layout(L, 1);
    const aigclua_object_t *view = aigclua_new_view(L, layout.tensor, 0, layout.rank, layout.shape);
    lua_pushlstring(L, layout.bytes ? aigc_tensor_data(view->handle) : "", (size_t)layout.bytes);
    return 1;
}

static int item(lua_State *L)
{
    const layout_t layout = check_layout(L, 1);
    if (layout.count != 1) aigclua_fail(L, "t:item() is for tensors of one number, not %d", (int)layout.count);
    aigclua_push_element(L, layout.tensor, 0);
    return 1;
}

static int save(lua_State *L)
{
    const aigclua_object_t *object = aigclua_check_open(L, 1, &aigclua_tensor);
    const char *path = aigclua_check_text(L, 2), *name = aigclua_optional_text(L, 3);
    aigclua_try(L, aigc_tensor_write(object->handle, path, name));
    return 0;
}

static int to_string(lua_State *L)
{
    const char *name = NULL;
    if (aigclua_check(L, 1, &aigclua_tensor)->handle == NULL) {
        lua_pushliteral(L, "aigc.tensor (closed)");
        return 1;
    }
    const layout_t layout = check_layout(L, 1);
    aigclua_try(L, aigc_dtype_info(layout.dtype, &name, NULL, NULL));
    lua_pushfstring(L, "aigc.tensor %s [", name);
    for (size_t k = 0; k < layout.rank; k++) {
        lua_pushfstring(L, k ? ",%d" : "%d", (int)layout.shape[k]);
        lua_concat(L, 2);
    }
    lua_pushliteral(L, "]");
    lua_concat(L, 2);
    return 1;
}

/* The same type, shape and bytes. */
static int equal(lua_State *L)
{
    const aigclua_object_t *first = aigclua_test(L, 1, &aigclua_tensor), *second = aigclua_test(L, 2, &aigclua_tensor);
    int is_equal = 0;
    if (first && second && first->handle && second->handle) {
        const layout_t a = check_layout(L, 1), b = check_layout(L, 2);
        is_equal = a.dtype == b.dtype && a.rank == b.rank && a.bytes == b.bytes &&
                   (a.rank == 0 || memcmp(a.shape, b.shape, a.rank * sizeof *a.shape) == 0) &&
                   (a.bytes == 0 ||
                    memcmp(aigc_tensor_data(first->handle), aigc_tensor_data(second->handle), (size_t)a.bytes) == 0);
    }
    lua_pushboolean(L, is_equal);
    return 1;
}

void aigclua_open_tensor(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"slice", slice},      {"shape", get_shape}, {"dtype", get_dtype}, {"reshape", reshape}, {"convert", convert},
        {"totable", to_table}, {"bytes", to_bytes},  {"item", item},       {"save", save},       {NULL, NULL}};
    static const luaL_Reg meta[] = {
        {"__newindex", set_index}, {"__len", length}, {"__tostring", to_string}, {"__eq", equal}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"tensor", tensor}, {"zeros", zeros}, {"read_tensor", read_tensor}, {NULL, NULL}};
    aigclua_new_type(L, &aigclua_tensor, methods, meta, get_index);
    aigclua_set_functions(L, functions);
}
