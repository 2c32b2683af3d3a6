/* Numbers between Lua and tensors: one at a time and as nested tables. */
#include "aigclua.h"
#include <string.h>

typedef struct cursor {
    aigc_dtype_t dtype;
    size_t rank;
    const int64_t *shape;
    void *data;
    uint64_t next; /* element */
} cursor_t;

/* Of a tensor that is not the user's, or for as long as nothing allocates. */
static cursor_t cursor_of(lua_State *L, const aigclua_object_t *object)
{
    aigc_tensor_t *tensor = object->handle;
    cursor_t cursor = {.data = aigc_tensor_data(tensor)};
    aigclua_try(L, aigc_tensor_info(tensor, &cursor.dtype, NULL, NULL));
    aigclua_try(L, aigc_tensor_shape(tensor, &cursor.rank, &cursor.shape));
    return cursor;
}

static int is_half(aigc_dtype_t dtype) { return dtype == AIGC_DTYPE_F16 || dtype == AIGC_DTYPE_BF16; }

/* ---- to Lua ---- */

static void push_at(lua_State *L, const cursor_t *from, uint64_t index)
{
    switch (from->dtype) {
    case AIGC_DTYPE_U8:
        aigclua_push_int64(L, ((const uint8_t *)from->data)[index]);
        break;
    case AIGC_DTYPE_I32:
        aigclua_push_int64(L, ((const int32_t *)from->data)[index]);
        break;
    case AIGC_DTYPE_I64:
        aigclua_push_int64(L, ((const int64_t *)from->data)[index]);
        break;
    default:
        lua_pushnumber(L, (lua_Number)((const float *)from->data)[index]);
        break;
    }
}

static void push_nested(lua_State *L, cursor_t *from, size_t level)
{
    if (level == from->rank) {
        push_at(L, from, from->next++);
        return;
    }
    const int64_t n = from->shape[level];
    luaL_checkstack(L, 4, "too deeply nested");
    lua_createtable(L, (int)n, 0);
    for (int64_t k = 0; k < n; k++) {
        push_nested(L, from, level + 1);
        lua_rawseti(L, -2, (int)k + 1);
    }
}

/* Pushes a tensor of our own with the numbers of `tensor`, and gives a cursor over it. */
static cursor_t own_numbers(lua_State *L, const aigclua_object_t *tensor)
{
    int64_t shape[AIGC_MAX_RANK] = {0};
    const cursor_t of = cursor_of(L, tensor);
    if (of.rank > 0) memcpy(shape, of.shape, of.rank * sizeof *shape);
    return cursor_of(L, is_half(of.dtype) ? aigclua_new_converted(L, tensor, AIGC_DTYPE_F32)
                                          : aigclua_new_view(L, tensor, 0, of.rank, shape));
}

void aigclua_push_numbers(lua_State *L, const aigclua_object_t *tensor)
{
    cursor_t from = own_numbers(L, tensor);
    push_nested(L, &from, 0);
    lua_remove(L, -2);
}

void aigclua_push_element(lua_State *L, const aigclua_object_t *tensor, uint64_t index)
{
    cursor_t from = cursor_of(L, tensor);
    if (!is_half(from.dtype)) {
        push_at(L, &from, index);
        return;
    }
    const aigclua_object_t *one = aigclua_new_view(L, tensor, index, 0, NULL);
    from = cursor_of(L, aigclua_new_converted(L, one, AIGC_DTYPE_F32));
    push_at(L, &from, 0);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

/* ---- from Lua ---- */

static void store_whole(lua_State *L, const cursor_t *to, int index, int64_t low, int64_t high)
{
    const char *name = NULL;
    int64_t value = 0;
    const int is_whole = aigclua_is_whole(L, index, &value);
    if (!is_whole || value < low || value > high) {
        aigclua_try(L, aigc_dtype_info(to->dtype, &name, NULL, NULL));
        lua_pushvalue(L, index);
        aigclua_fail(L, "%s is no number of type %s", lua_tostring(L, -1), name);
    }
    switch (to->dtype) {
    case AIGC_DTYPE_U8:
        ((uint8_t *)to->data)[to->next] = (uint8_t)value;
        break;
    case AIGC_DTYPE_I32:
        ((int32_t *)to->data)[to->next] = (int32_t)value;
        break;
    default:
        ((int64_t *)to->data)[to->next] = value;
        break;
    }
}

/* The number at `index` as the cursor's next element. */
static void store(lua_State *L, cursor_t *to, int index)
{
    if (lua_type(L, index) != LUA_TNUMBER) aigclua_fail(L, "a tensor holds numbers, not a %s", luaL_typename(L, index));
    switch (to->dtype) {
    case AIGC_DTYPE_U8:
        store_whole(L, to, index, 0, UINT8_MAX);
        break;
    case AIGC_DTYPE_I32:
        store_whole(L, to, index, INT32_MIN, INT32_MAX);
        break;
    case AIGC_DTYPE_I64:
        store_whole(L, to, index, INT64_MIN, INT64_MAX);
        break;
    default:
        ((float *)to->data)[to->next] = (float)lua_tonumber(L, index);
        break;
    }
    to->next++;
}

/* The lengths of the first of each level. */
static size_t nested_shape(lua_State *L, int index, int64_t shape[AIGC_MAX_RANK])
{
    const int top = lua_gettop(L);
    size_t rank = 0;
    luaL_checkstack(L, AIGC_MAX_RANK + 4, "too deeply nested");
    lua_pushvalue(L, index);
    while (lua_istable(L, -1)) {
        if (rank == AIGC_MAX_RANK) aigclua_fail(L, "tables nested more than %d deep are no tensor", AIGC_MAX_RANK);
        shape[rank++] = (int64_t)aigclua_length(L, -1);
        lua_rawgeti(L, -1, 1);
    }
    lua_settop(L, top);
    return rank;
}

/* Visits the numbers of the nested tables on top of the stack: checks that they have the cursor's shape, and stores
 * them where it has data. */
static void walk(lua_State *L, cursor_t *to, size_t level)
{
    if (level == to->rank) {
        if (lua_istable(L, -1)) aigclua_fail(L, "the tables are ragged: one is nested deeper than the first");
        if (to->data) store(L, to, lua_gettop(L));
        return;
    }
    if (!lua_istable(L, -1))
        aigclua_fail(L, "the tables are ragged: a %s where a table of %d was expected", luaL_typename(L, -1),
                     (int)to->shape[level]);
    const int64_t n = (int64_t)aigclua_length(L, -1);
    if (n != to->shape[level])
        aigclua_fail(L, "the tables are ragged: one of %d where %d were expected", (int)n, (int)to->shape[level]);
    luaL_checkstack(L, 4, "too deeply nested");
    for (int64_t k = 0; k < n; k++) {
        lua_rawgeti(L, -1, (int)k + 1);
        walk(L, to, level + 1);
        lua_pop(L, 1);
    }
}

static uint64_t count_of(size_t rank, const int64_t *shape)
{
    uint64_t count = 1;
    for (size_t k = 0; k < rank; k++) count *= (uint64_t)shape[k];
    return count;
}

/* Half floats are rounded by the library: numbers go there by way of f32. */
aigclua_object_t *aigclua_from_numbers(lua_State *L, int index, const aigclua_object_t *context, aigc_dtype_t dtype,
                                       const size_t *rank, const int64_t *shape)
{
    int64_t found[AIGC_MAX_RANK];
    const size_t n = nested_shape(L, index, found);
    cursor_t check = {.rank = n, .shape = found};
    lua_pushvalue(L, index);
    walk(L, &check, 0);
    if (shape && count_of(*rank, shape) != count_of(n, found))
        aigclua_fail(L, "%d numbers do not fill the given shape", (int)count_of(n, found));
    aigclua_object_t *object = aigclua_new_zeros(L, context, is_half(dtype) ? AIGC_DTYPE_F32 : dtype, shape ? *rank : n,
                                                 shape ? shape : found);
    cursor_t to = cursor_of(L, object);
    to.rank = n;
    to.shape = found;
    lua_pushvalue(L, index);
    walk(L, &to, 0);
    lua_pop(L, 1);
    if (is_half(dtype)) {
        aigclua_new_converted(L, object, dtype);
        lua_replace(L, -2);
    }
    lua_remove(L, -2);
    return lua_touserdata(L, -1);
}

/* ---- assignment ---- */

static int same_shape(const cursor_t *a, const cursor_t *b)
{
    return a->rank == b->rank && (a->rank == 0 || memcmp(a->shape, b->shape, a->rank * sizeof *a->shape) == 0);
}

static void assign_tensor(lua_State *L, const aigclua_object_t *tensor, const aigclua_object_t *value)
{
    const cursor_t to = cursor_of(L, tensor);
    cursor_t from = cursor_of(L, value);
    uint64_t bytes = 0;
    if (!same_shape(&to, &from)) aigclua_fail(L, "the tensor has another shape than the part it is assigned to");
    if (from.dtype != to.dtype) from = cursor_of(L, aigclua_new_converted(L, value, to.dtype));
    aigclua_try(L, aigc_tensor_info(tensor->handle, NULL, NULL, &bytes));
    if (bytes > 0) memmove(to.data, from.data, (size_t)bytes);
}

static void assign_number(lua_State *L, cursor_t *to, uint64_t count, int index)
{
    for (uint64_t k = 0; k < count; k++) store(L, to, index);
}

void aigclua_assign(lua_State *L, const aigclua_object_t *tensor, int index)
{
    const int top = lua_gettop(L);
    cursor_t to = cursor_of(L, tensor);
    uint64_t count = 0;
    aigclua_try(L, aigc_tensor_info(tensor->handle, NULL, &count, NULL));
    if (aigclua_test(L, index, &aigclua_tensor)) {
        assign_tensor(L, tensor, aigclua_check_open(L, index, &aigclua_tensor));
    } else if (is_half(to.dtype)) {
        const aigclua_object_t *context = aigclua_context_of(L, 0);
        const aigclua_object_t *numbers = aigclua_new_zeros(L, context, AIGC_DTYPE_F32, to.rank, to.shape);
        aigclua_assign(L, numbers, index);
        assign_tensor(L, tensor, numbers);
    } else if (lua_istable(L, index)) {
        cursor_t check = {.rank = to.rank, .shape = to.shape};
        lua_pushvalue(L, index);
        walk(L, &check, 0);
        walk(L, &to, 0);
    } else {
        assign_number(L, &to, count, index);
    }
    lua_settop(L, top);
}
