/* aigc.context, and the default one, made at first use and kept in the Lua state. */
#include "aigclua.h"

static void release_context(void *handle) { aigc_context_free(handle); }

const aigclua_type_t aigclua_context = {"context", release_context, NULL};

static const char default_key = 0;

static aigclua_object_t *new_context(lua_State *L, const aigc_options_t *options)
{
    aigc_context_t *context = NULL;
    aigclua_object_t *object = aigclua_new(L, &aigclua_context);
    const aigc_status_t status = aigc_context_create(&context, options);
    aigclua_keep(L, object, context, status);
    return object;
}

/* aigc.context{threads=2} */
static int create(lua_State *L)
{
    lua_settop(L, 1);
    aigclua_object_t *options = aigclua_check_options(L, 1, NULL);
    new_context(L, options->handle);
    aigclua_close(options);
    return 1;
}

/* Pushes the default context: a new one where there is none or the user closed it. */
static aigclua_object_t *default_context(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&default_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    aigclua_object_t *object = aigclua_test(L, -1, &aigclua_context);
    if (object && object->handle) return object;
    lua_pop(L, 1);
    object = new_context(L, NULL);
    lua_pushlightuserdata(L, (void *)&default_key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    return object;
}

static int get_default(lua_State *L)
{
    default_context(L);
    return 1;
}

aigclua_object_t *aigclua_context_of(lua_State *L, int index)
{
    luaL_checkstack(L, 8, "too many objects");
    aigclua_get_option(L, index, "context");
    if (!lua_isnil(L, -1)) {
        if (!aigclua_test(L, -1, &aigclua_context))
            aigclua_fail(L, "option context must be a context, not a %s", luaL_typename(L, -1));
        return aigclua_check_open(L, lua_gettop(L), &aigclua_context);
    }
    lua_pop(L, 1);
    return default_context(L);
}

static int cancel(lua_State *L)
{
    aigc_context_cancel(aigclua_check_open(L, 1, &aigclua_context)->handle);
    return 0;
}

/* c:memory() -> bytes held now, and at most so far */
static int memory(lua_State *L)
{
    uint64_t live = 0, peak = 0;
    aigclua_try(L, aigc_context_memory(aigclua_check_open(L, 1, &aigclua_context)->handle, &live, &peak));
    aigclua_push_int64(L, (int64_t)live);
    aigclua_push_int64(L, (int64_t)peak);
    return 2;
}

static int threads(lua_State *L)
{
    uint32_t n = 0;
    aigclua_try(L, aigc_context_info(aigclua_check_open(L, 1, &aigclua_context)->handle, &n, NULL));
    aigclua_push_int64(L, n);
    return 1;
}

static int cpu(lua_State *L)
{
    const char *name = NULL;
    aigclua_try(L, aigc_context_info(aigclua_check_open(L, 1, &aigclua_context)->handle, NULL, &name));
    lua_pushstring(L, name);
    return 1;
}

static int to_string(lua_State *L)
{
    aigclua_object_t *object = aigclua_check(L, 1, &aigclua_context);
    uint32_t n = 0;
    const char *name = NULL;
    if (object->handle == NULL || aigc_context_info(object->handle, &n, &name) != AIGC_OK)
        lua_pushliteral(L, "aigc.context (closed)");
    else
        lua_pushfstring(L, "aigc.context threads=%d cpu=%s", (int)n, name);
    return 1;
}

void aigclua_open_context(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"cancel", cancel}, {"memory", memory}, {"threads", threads}, {"cpu", cpu}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", to_string}, {NULL, NULL}};
    static const luaL_Reg nothing[] = {{NULL, NULL}};
    static const luaL_Reg functions[] = {{"context", create}, {"default_context", get_default}, {NULL, NULL}};
    aigclua_new_type(L, &aigclua_context, methods, meta, NULL);
    aigclua_new_type(L, &aigclua_options, nothing, nothing, NULL);
    aigclua_set_functions(L, functions);
}
