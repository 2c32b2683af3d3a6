/* Options from tables, and the checks of arguments that go with them. */
#include "aigclua.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void release_options(void *handle) { aigc_options_free(handle); }

const aigclua_type_t aigclua_options = {"options", release_options, NULL};

int aigclua_is_whole(lua_State *L, int index, int64_t *value)
{
    if (lua_type(L, index) != LUA_TNUMBER) return 0;
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, index)) {
        *value = (int64_t)lua_tointeger(L, index);
        return 1;
    }
#endif
    const double number = (double)lua_tonumber(L, index), limit = 9223372036854775808.0; /* 2^63 */
    if (!(number >= -limit && number < limit) || floor(number) != number) return 0;
    *value = (int64_t)number;
    return 1;
}

int64_t aigclua_check_whole(lua_State *L, int index, const char *what)
{
    int64_t value = 0;
    if (aigclua_is_whole(L, index, &value)) return value;
    if (lua_type(L, index) == LUA_TNUMBER)
        lua_pushvalue(L, index);
    else
        lua_pushfstring(L, "a %s", luaL_typename(L, index));
    aigclua_fail(L, "%s must be a whole number, not %s", what, lua_tostring(L, -1));
}

void aigclua_push_borrowed(lua_State *L, const char *text)
{
    char copy[2048];
    snprintf(copy, sizeof copy, "%s", text);
    lua_pushstring(L, copy);
}

const char *aigclua_check_text(lua_State *L, int index)
{
    size_t length = 0;
    const char *text = luaL_checklstring(L, index, &length);
    if (strlen(text) != length) luaL_argerror(L, index, "a text with a zero byte in it");
    return text;
}

const char *aigclua_optional_text(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) ? NULL : aigclua_check_text(L, index);
}

int64_t *aigclua_check_wholes(lua_State *L, int index, const char *what, size_t *n)
{
    luaL_checktype(L, index, LUA_TTABLE);
    *n = aigclua_length(L, index);
    int64_t *values = lua_newuserdata(L, (*n ? *n : 1) * sizeof *values);
    for (size_t k = 0; k < *n; k++) {
        lua_rawgeti(L, index, (int)k + 1);
        if (!aigclua_is_whole(L, -1, &values[k]))
            aigclua_fail(L, "%s: number %d of the list is no whole number", what, (int)k + 1);
        lua_pop(L, 1);
    }
    return values;
}

/* ---- one value of a table ---- */

static aigc_status_t set_number(lua_State *L, aigc_options_t *options, const char *name, int index)
{
    int64_t whole = 0;
    if (aigclua_is_whole(L, index, &whole)) return aigc_options_set_int(options, name, whole);
    return aigc_options_set_float(options, name, (double)lua_tonumber(L, index));
}

static aigc_status_t set_string(lua_State *L, aigc_options_t *options, const char *name, int index)
{
    size_t length = 0;
    const char *text = lua_tolstring(L, index, &length);
    if (strlen(text) != length) aigclua_fail(L, "option %s: the text has a zero byte in it", name);
    return aigc_options_set_string(options, name, text);
}

/* As ints if all are whole, else as floats. */
static aigc_status_t set_list(lua_State *L, aigc_options_t *options, const char *name, int index)
{
    const size_t n = aigclua_length(L, index);
    int64_t *ints = lua_newuserdata(L, (n ? n : 1) * (sizeof *ints + sizeof(double)));
    double *floats = (double *)(ints + n);
    size_t n_whole = 0;
    for (size_t k = 0; k < n; k++) {
        lua_rawgeti(L, index, (int)k + 1);
        if (lua_type(L, -1) != LUA_TNUMBER)
            aigclua_fail(L, "option %s: number %d of the list is a %s", name, (int)k + 1, luaL_typename(L, -1));
        n_whole += aigclua_is_whole(L, -1, &ints[k]) ? 1 : 0;
        floats[k] = (double)lua_tonumber(L, -1);
        lua_pop(L, 1);
    }
    const aigc_status_t status = n_whole == n ? aigc_options_set_ints(options, name, ints, n)
                                              : aigc_options_set_floats(options, name, floats, n);
    lua_pop(L, 1);
    return status;
}

static aigc_status_t set_tensor(lua_State *L, aigc_options_t *options, const char *name, int index)
{
    if (!aigclua_test(L, index, &aigclua_tensor))
        aigclua_fail(L, "option %s cannot be a %s", name, luaL_typename(L, index));
    return aigc_options_set_tensor(options, name, aigclua_check_open(L, index, &aigclua_tensor)->handle);
}

static aigc_status_t set_option(lua_State *L, aigc_options_t *options, const char *name, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        return aigc_options_set_string(options, name, lua_toboolean(L, index) ? "true" : "false");
    case LUA_TNUMBER:
        return set_number(L, options, name, index);
    case LUA_TSTRING:
        return set_string(L, options, name, index);
    case LUA_TTABLE:
        return set_list(L, options, name, index);
    default:
        return set_tensor(L, options, name, index);
    }
}

/* ---- tables ---- */

static int is_among(const char *name, const char *const *names)
{
    for (; names && *names; names++)
        if (strcmp(name, *names) == 0) return 1;
    return 0;
}

/* The key at `index`, which stays a string as lua_next() needs it. */
static const char *check_name(lua_State *L, int index)
{
    size_t length = 0;
    if (lua_type(L, index) != LUA_TSTRING) aigclua_fail(L, "options have names: a %s is none", luaL_typename(L, index));
    const char *name = lua_tolstring(L, index, &length);
    if (strlen(name) != length) aigclua_fail(L, "option %s...: the name has a zero byte in it", name);
    return name;
}

aigclua_object_t *aigclua_check_options(lua_State *L, int index, const char *const *taken)
{
    const int has_table = !lua_isnoneornil(L, index);
    aigc_options_t *options = NULL;
    if (has_table) luaL_checktype(L, index, LUA_TTABLE);
    aigclua_object_t *object = aigclua_new(L, &aigclua_options);
    const aigc_status_t status = aigc_options_create(&options);
    aigclua_keep(L, object, options, status);
    if (!has_table) return object;
    luaL_checkstack(L, 8, "too many options");
    lua_pushnil(L);
    while (lua_next(L, index)) {
        const int value = lua_gettop(L);
        const char *name = check_name(L, value - 1);
        if (!is_among(name, taken)) aigclua_try(L, set_option(L, options, name, value));
        lua_pop(L, 1);
    }
    return object;
}

void aigclua_check_names(lua_State *L, int index, const char *what, const char *const *names)
{
    if (lua_isnoneornil(L, index)) return;
    luaL_checktype(L, index, LUA_TTABLE);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        const char *name = check_name(L, -2);
        if (!is_among(name, names)) aigclua_fail(L, "%s has no option '%s'", what, name);
        lua_pop(L, 1);
    }
}

void aigclua_get_option(lua_State *L, int index, const char *name)
{
    if (index == 0 || lua_isnoneornil(L, index)) {
        lua_pushnil(L);
        return;
    }
    luaL_checktype(L, index, LUA_TTABLE);
    lua_pushstring(L, name);
    lua_rawget(L, index);
}
