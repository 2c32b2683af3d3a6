/* Weights of PyTorch, NumPy and safetensors. */
#include "aigclua.h"

static void release_weights(void *handle) { aigc_weights_free(handle); }

const aigclua_type_t aigclua_weights = {"weights", release_weights, NULL};

/* aigc.open_weights(path, options) */
static int open_weights(lua_State *L)
{
    static const char *const taken[] = {"context", NULL};
    aigc_weights_t *handle = NULL;
    lua_settop(L, 2);
    const char *path = aigclua_check_text(L, 1);
    aigclua_object_t *options = aigclua_check_options(L, 2, taken);
    const aigclua_object_t *context = aigclua_context_of(L, 2);
    aigclua_object_t *object = aigclua_new(L, &aigclua_weights);
    const aigc_status_t status = aigc_weights_open(&handle, context->handle, path, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

static int length(lua_State *L)
{
    uint64_t tensors = 0;
    aigclua_try(L, aigc_weights_info(aigclua_check_open(L, 1, &aigclua_weights)->handle, NULL, &tensors, NULL, NULL));
    aigclua_push_int64(L, (int64_t)tensors);
    return 1;
}

/* w:format() */
static int format(lua_State *L)
{
    const char *name = NULL;
    aigclua_try(L, aigc_weights_info(aigclua_check_open(L, 1, &aigclua_weights)->handle, &name, NULL, NULL, NULL));
    lua_pushstring(L, name);
    return 1;
}

/* w:names() -> the tensors' names, in the file's order */
static int names(lua_State *L)
{
    const aigclua_object_t *weights = aigclua_check_open(L, 1, &aigclua_weights);
    aigc_weights_entry_t entry = {.struct_size = sizeof entry};
    uint64_t tensors = 0;
    aigclua_try(L, aigc_weights_info(weights->handle, NULL, &tensors, NULL, NULL));
    lua_newtable(L);
    for (uint64_t i = 0; i < tensors; i++) {
        aigclua_try(L, aigc_weights_tensor(weights->handle, i, &entry));
        aigclua_push_borrowed(L, entry.name);
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* w:entry(name) -> {element, shape, storage}, or nil where there is no such tensor */
static int entry_of(lua_State *L)
{
    const aigclua_object_t *weights = aigclua_check_open(L, 1, &aigclua_weights);
    const char *name = aigclua_check_text(L, 2);
    aigc_weights_entry_t entry = {.struct_size = sizeof entry};
    uint64_t index = 0;
    const aigc_status_t status = aigc_weights_find(weights->handle, name, &index);
    if (status == AIGC_ERROR_NOT_FOUND) return 0;
    aigclua_try(L, status);
    aigclua_try(L, aigc_weights_tensor(weights->handle, index, &entry));
    lua_createtable(L, 0, 3);
    lua_pushstring(L, entry.element);
    lua_setfield(L, -2, "element");
    aigclua_push_int64(L, (int64_t)entry.storage);
    lua_setfield(L, -2, "storage");
    lua_createtable(L, (int)entry.rank, 0);
    for (uint32_t i = 0; i < entry.rank; i++) {
        aigclua_push_int64(L, entry.shape[i]);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -2, "shape");
    return 1;
}

/* w:read(name, dtype) -> a tensor; both may be nil */
static int read(lua_State *L)
{
    aigc_tensor_t *handle = NULL;
    lua_settop(L, 3);
    const aigclua_object_t *weights = aigclua_check_open(L, 1, &aigclua_weights);
    const char *name = aigclua_optional_text(L, 2);
    const aigc_dtype_t dtype = lua_isnil(L, 3) ? 0 : aigclua_check_dtype(L, 3);
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_weights_read(&handle, weights->handle, name, dtype);
    aigclua_keep(L, object, handle, status);
    return 1;
}

static void push_value(lua_State *L, const aigc_weights_value_t *value)
{
    switch (value->type[0]) {
    case 'i':
        aigclua_push_int64(L, value->integer);
        break;
    case 'f':
        lua_pushnumber(L, (lua_Number)value->real);
        break;
    case 'b':
        lua_pushboolean(L, value->integer != 0);
        break;
    default:
        aigclua_push_borrowed(L, value->text);
        break;
    }
}

/* w:values() -> {name = number, text or boolean}; what is None is left out, of long lists a text says their length */
static int values(lua_State *L)
{
    const aigclua_object_t *weights = aigclua_check_open(L, 1, &aigclua_weights);
    aigc_weights_value_t value = {.struct_size = sizeof value};
    uint64_t n = 0;
    aigclua_try(L, aigc_weights_info(weights->handle, NULL, NULL, &n, NULL));
    lua_newtable(L);
    for (uint64_t i = 0; i < n; i++) {
        aigclua_try(L, aigc_weights_value(weights->handle, i, &value));
        if (value.type[0] == 'n') continue;
        aigclua_push_borrowed(L, value.name);
        aigclua_try(L, aigc_weights_value(weights->handle, i, &value));
        push_value(L, &value);
        lua_rawset(L, -3);
    }
    return 1;
}

/* w:opaque() -> list of {name, call} */
static int opaque(lua_State *L)
{
    const aigclua_object_t *weights = aigclua_check_open(L, 1, &aigclua_weights);
    const char *name = NULL, *call = NULL;
    uint64_t n = 0;
    aigclua_try(L, aigc_weights_info(weights->handle, NULL, NULL, NULL, &n));
    lua_newtable(L);
    for (uint64_t i = 0; i < n; i++) {
        lua_createtable(L, 0, 2);
        aigclua_try(L, aigc_weights_opaque(weights->handle, i, &name, NULL));
        aigclua_push_borrowed(L, name);
        lua_setfield(L, -2, "name");
        aigclua_try(L, aigc_weights_opaque(weights->handle, i, NULL, &call));
        aigclua_push_borrowed(L, call);
        lua_setfield(L, -2, "call");
        lua_rawseti(L, -2, (int)i + 1);
    }
    return 1;
}

/* w:save(path, options) */
static int save(lua_State *L)
{
    lua_settop(L, 3);
    const aigclua_object_t *weights = aigclua_check_open(L, 1, &aigclua_weights);
    const char *path = aigclua_check_text(L, 2);
    aigclua_object_t *options = aigclua_check_options(L, 3, NULL);
    const aigc_status_t status = aigc_weights_write(weights->handle, path, options->handle);
    aigclua_close(options);
    aigclua_try(L, status);
    return 0;
}

static int to_string(lua_State *L)
{
    const char *name = NULL;
    uint64_t tensors = 0;
    const aigc_weights_t *weights = aigclua_check(L, 1, &aigclua_weights)->handle;
    if (weights == NULL || aigc_weights_info(weights, &name, &tensors, NULL, NULL) != AIGC_OK)
        lua_pushliteral(L, "aigc.weights (closed)");
    else
        lua_pushfstring(L, "aigc.weights of %d tensors, %s", (int)tensors, name);
    return 1;
}

void aigclua_open_weights(lua_State *L)
{
    static const luaL_Reg methods[] = {{"format", format}, {"names", names},   {"entry", entry_of}, {"read", read},
                                       {"values", values}, {"opaque", opaque}, {"save", save},      {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__len", length}, {"__tostring", to_string}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"open_weights", open_weights}, {NULL, NULL}};
    aigclua_new_type(L, &aigclua_weights, methods, meta, NULL);
    aigclua_set_functions(L, functions);
}
