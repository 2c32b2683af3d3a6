/* Userdata that hold a handle of the library. */
#include "aigclua.h"
#include <stdlib.h>
#include <string.h>

/* One for each Lua state, in its registry. */
struct aigclua_state {
    aigclua_object_t *objects;
    uint64_t bytes, limit; /* that objects hold; at which garbage is collected */
    int is_closing;
};

static const uint64_t least_limit = 64 << 20;

typedef struct box {
    const aigclua_type_t *type;
    const aigclua_state_t *state; /* outlives every box: Lua frees memory after the last finaliser */
    aigclua_object_t *object;     /* NULL once finalised */
} box_t;

static const char state_key = 0;

static void free_object(aigclua_object_t *object)
{
    aigclua_close(object);
    *object->linked = object->next;
    if (object->next) object->next->linked = object->linked;
    free(object);
}

/* Made before any object, so finalised after them when the state closes. What finalisers made meanwhile, Lua does not
 * finalise any more: it is let go here. After it every object is as a finalised one. */
static int close_state(lua_State *L)
{
    aigclua_state_t *state = lua_touserdata(L, 1);
    if (state == NULL || aigclua_length(L, 1) != sizeof *state) return 0;
    state->is_closing = 1;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is freed is linked no more */
    while (state->objects) free_object(state->objects);
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
    aigclua_state_t *state = lua_newuserdata(L, sizeof *state);
    memset(state, 0, sizeof *state);
    state->limit = least_limit;
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

/* __gc, also more than once. */
static int finalise(lua_State *L)
{
    const aigclua_type_t *type = lua_touserdata(L, lua_upvalueindex(1));
    if (aigclua_test(L, 1, type) == NULL) return 0;
    box_t *box = lua_touserdata(L, 1);
    if (box->object && !box->state->is_closing) free_object(box->object);
    box->object = NULL;
    return 0;
}

/* t:close(), and __close, which is given an error besides. */
static int close_method(lua_State *L)
{
    aigclua_close(aigclua_check(L, 1, lua_touserdata(L, lua_upvalueindex(1))));
    return 0;
}

/* table[name] = fn, which knows the type; the table is on top of the stack. */
static void set_typed(lua_State *L, const char *name, lua_CFunction fn, const aigclua_type_t *type)
{
    lua_pushlightuserdata(L, (void *)type);
    lua_pushcclosure(L, fn, 1);
    lua_setfield(L, -2, name);
}

static void push_metatable(lua_State *L, const aigclua_type_t *type)
{
    lua_pushlightuserdata(L, (void *)type);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

void aigclua_new_type(lua_State *L, const aigclua_type_t *type, const luaL_Reg *methods, const luaL_Reg *meta,
                      lua_CFunction index)
{
    push_metatable(L, type);
    const int is_open = !lua_isnil(L, -1);
    lua_pop(L, 1);
    if (is_open) return; /* the module is loaded again: objects of before stay what they are */
    lua_pushlightuserdata(L, (void *)type);
    lua_newtable(L);
    aigclua_set_functions(L, meta);
    set_typed(L, "__gc", finalise, type);
    set_typed(L, "__close", close_method, type);
    lua_newtable(L);
    aigclua_set_functions(L, methods);
    set_typed(L, "close", close_method, type);
    if (index) lua_pushcclosure(L, index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushfstring(L, "aigc.%s", type->name);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "__name");
    lua_setfield(L, -2, "__metatable");
    lua_rawset(L, LUA_REGISTRYINDEX);
}

static void link_object(aigclua_object_t *object, aigclua_object_t **first)
{
    object->next = *first;
    object->linked = first;
    if (object->next) object->next->linked = &object->next;
    *first = object;
}

/* As Lua paces itself: again when twice as much is held. */
static void collect(lua_State *L, aigclua_state_t *state)
{
    lua_gc(L, LUA_GCCOLLECT, 0);
    state->limit = state->bytes > least_limit / 2 ? 2 * state->bytes : least_limit;
}

aigclua_object_t *aigclua_new(lua_State *L, const aigclua_type_t *type)
{
    luaL_checkstack(L, 4, "too many objects");
    lua_pushlightuserdata(L, (void *)&state_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    aigclua_state_t *state = lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (state->is_closing) aigclua_fail(L, "nothing can be made any more: the Lua state is closing");
    if (state->bytes > state->limit) collect(L, state);
    box_t *box = lua_newuserdata(L, sizeof *box);
    *box = (box_t){type, state, NULL};
    push_metatable(L, type);
    lua_setmetatable(L, -2);
    box->object = calloc(1, sizeof *box->object);
    if (box->object == NULL) aigclua_fail(L, "not enough memory");
    box->object->type = type;
    box->object->state = state;
    link_object(box->object, &state->objects);
    return box->object;
}

/* By metatable, size and contents: a foreign userdata that was given our metatable is none of ours. */
aigclua_object_t *aigclua_test(lua_State *L, int index, const aigclua_type_t *type)
{
    static const aigclua_object_t finalised = {.handle = NULL};
    const box_t *box = lua_touserdata(L, index);
    if (lua_type(L, index) != LUA_TUSERDATA || aigclua_length(L, index) != sizeof *box) return NULL;
    if (!lua_getmetatable(L, index)) return NULL;
    push_metatable(L, type);
    const int is_ours = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (!is_ours || box->type != type) return NULL;
    return box->object && !box->state->is_closing ? box->object : (aigclua_object_t *)&finalised;
}

aigclua_object_t *aigclua_check(lua_State *L, int index, const aigclua_type_t *type)
{
    aigclua_object_t *object = aigclua_test(L, index, type);
    if (object == NULL)
        luaL_argerror(L, index, lua_pushfstring(L, "aigc %s expected, got %s", type->name, luaL_typename(L, index)));
    return object;
}

aigclua_object_t *aigclua_check_open(lua_State *L, int index, const aigclua_type_t *type)
{
    aigclua_object_t *object = aigclua_check(L, index, type);
    if (object->handle == NULL) aigclua_fail(L, "the %s is closed", type->name);
    return object;
}

/* Does not write to one that has no handle: the finalised one is constant. */
void aigclua_close(aigclua_object_t *object)
{
    void *handle = object->handle;
    if (handle == NULL) return;
    object->handle = NULL;
    object->state->bytes -= object->bytes;
    object->type->release(handle);
}

void aigclua_hold(aigclua_object_t *object, void *handle)
{
    object->handle = handle;
    object->bytes = handle && object->type->bytes ? object->type->bytes(handle) : 0;
    object->state->bytes += object->bytes;
}

void aigclua_keep(lua_State *L, aigclua_object_t *object, void *handle, aigc_status_t status)
{
    aigclua_hold(object, handle);
    aigclua_try(L, status);
}
