/* Userdata that hold a handle of the library. */
#include "aigclua.h"
#include <string.h>

/* One for each Lua state, in its registry. */
typedef struct state {
    aigclua_object_t *objects;
    int is_closing;
} state_t;

static const char state_key = 0;

/* Made before any object, so finalised after them when the state closes. What finalisers made meanwhile, Lua does not
 * finalise any more: it is let go here. */
static int close_state(lua_State *L)
{
    state_t *state = lua_touserdata(L, 1);
    if (state == NULL || aigclua_length(L, 1) != sizeof *state) return 0;
    state->is_closing = 1;
    while (state->objects) aigclua_close(state->objects);
    return 0;
}

void aigclua_open_objects(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&state_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    const int is_open = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (is_open) return;
    lua_pushlightuserdata(L, (void *)&state_key);
    state_t *state = lua_newuserdata(L, sizeof *state);
    memset(state, 0, sizeof *state);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, close_state);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

void aigclua_set_functions(lua_State *L, const luaL_Reg *functions)
{
    for (; functions->name; functions++) {
        lua_pushcfunction(L, functions->func);
        lua_setfield(L, -2, functions->name);
    }
}

static int finalise(lua_State *L)
{
    const aigclua_type_t *type = lua_touserdata(L, lua_upvalueindex(1));
    aigclua_object_t *object = aigclua_test(L, 1, type);
    if (object) aigclua_close(object);
    return 0;
}

void aigclua_new_type(lua_State *L, const aigclua_type_t *type, const luaL_Reg *methods, const luaL_Reg *meta,
                      lua_CFunction index)
{
    lua_pushlightuserdata(L, (void *)type);
    lua_newtable(L);
    aigclua_set_functions(L, meta);
    lua_pushlightuserdata(L, (void *)type);
    lua_pushcclosure(L, finalise, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__close");
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    aigclua_set_functions(L, methods);
    lua_pushlightuserdata(L, (void *)type);
    lua_pushcclosure(L, aigclua_close_method, 1);
    lua_setfield(L, -2, "close");
    if (index) lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushfstring(L, "aigc.%s", type->name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__name");
    lua_setfield(L, -2, "__metatable");
    lua_rawset(L, LUA_REGISTRYINDEX);
}

static void push_metatable(lua_State *L, const aigclua_type_t *type)
{
    lua_pushlightuserdata(L, (void *)type);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

static void link_object(aigclua_object_t *object, aigclua_object_t **first)
{
    object->next = *first;
    object->linked = first;
    if (object->next) object->next->linked = &object->next;
    *first = object;
}

aigclua_object_t *aigclua_new(lua_State *L, const aigclua_type_t *type)
{
    luaL_checkstack(L, 4, "too many objects");
    lua_pushlightuserdata(L, (void *)&state_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    state_t *state = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (state->is_closing) aigclua_fail(L, "nothing can be made any more: the Lua state is closing");
    aigclua_object_t *object = lua_newuserdata(L, sizeof *object);
    memset(object, 0, sizeof *object);
    object->type = type;
    push_metatable(L, type);
    lua_setmetatable(L, -2);
    link_object(object, &state->objects);
    return object;
}

/* By metatable, size and contents: a foreign userdata that was given our metatable is none of ours. */
aigclua_object_t *aigclua_test(lua_State *L, int index, const aigclua_type_t *type)
{
    aigclua_object_t *object = lua_touserdata(L, index);
    if (lua_type(L, index) != LUA_TUSERDATA || aigclua_length(L, index) != sizeof *object) return NULL;
    if (!lua_getmetatable(L, index)) return NULL;
    push_metatable(L, type);
    const int is_ours = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return is_ours && object->type == type ? object : NULL;
}

aigclua_object_t *aigclua_check(lua_State *L, int index, const aigclua_type_t *type)
{
    aigclua_object_t *object = aigclua_test(L, index, type);
    if (object == NULL)
        luaL_argerror(L, index, lua_pushfstring(L, "aigc %s expected, got %s", type->name, luaL_typename(L, index)));
    return object;
}

void *aigclua_handle(lua_State *L, int index, const aigclua_type_t *type)
{
    void *handle = aigclua_check(L, index, type)->handle;
    if (handle == NULL) aigclua_fail(L, "the %s is closed", type->name);
    return handle;
}

void aigclua_close(aigclua_object_t *object)
{
    void *handle = object->handle;
    object->handle = NULL;
    if (object->linked) {
        *object->linked = object->next;
        if (object->next) object->next->linked = object->linked;
        object->linked = NULL;
    }
    if (handle) object->type->release(handle);
}

int aigclua_close_method(lua_State *L)
{
    aigclua_close(aigclua_check(L, 1, lua_touserdata(L, lua_upvalueindex(1))));
    return 0;
}
