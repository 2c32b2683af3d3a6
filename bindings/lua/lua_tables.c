/* What the library says about itself: options, kinds, version. */
#include "aigclua.h"
#include <stdio.h>

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

static const char *field(lua_State *L, int index, const char *name)
{
    lua_getfield(L, index, name);
    const char *text = lua_tostring(L, -1);
    return text ? text : "";
}

/* A line an option, so that print() shows them. */
static int options_to_string(lua_State *L)
{
    char line[640];
    luaL_checktype(L, 1, LUA_TTABLE);
    const int n = (int)aigclua_length(L, 1);
    lua_settop(L, 1);
    lua_pushliteral(L, "");
    for (int k = 1; k <= n; k++) {
        lua_rawgeti(L, 1, k);
        const int row = lua_gettop(L);
        snprintf(line, sizeof line, "%s%-18s %-7s %-12s %-28s %s", k > 1 ? "\n" : "", field(L, row, "name"),
                 field(L, row, "type"), field(L, row, "default"), field(L, row, "range"), field(L, row, "help"));
        lua_settop(L, 2);
        lua_pushstring(L, line);
        lua_concat(L, 2);
    }
    return 1;
}

/* Pushes an array of {name, type, default, help, range}, which prints as a table. */
static void push_options(lua_State *L, const char *kind, const char *verb)
{
    aigc_option_info_t info = {.struct_size = sizeof info};
    aigc_status_t status;
    size_t n = 0;
    luaL_checkstack(L, 8, "too many options");
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, options_to_string);
    lua_setfield(L, -2, "__tostring");
    lua_setmetatable(L, -2);
    for (; (status = aigc_option_info(verb, kind, n, &info)) == AIGC_OK; n++) {
        lua_createtable(L, 0, 5);
        set_text(L, "name", info.name);
        set_text(L, "type", info.type);
        set_text(L, "default", info.default_value);
        set_text(L, "help", info.help);
        set_text(L, "range", info.range);
        lua_rawseti(L, -2, (int)n + 1);
    }
    if (status != AIGC_ERROR_NOT_FOUND || n == 0) aigclua_try(L, status);
}

/* aigc.options(kind, verb) -> its options; aigc.options(kind) -> those of all its verbs, by verb. A kind of nil stands
 * for the verbs without one. */
static int options(lua_State *L)
{
    const char *kind = aigclua_optional_text(L, 1), *verb = aigclua_optional_text(L, 2);
    aigc_status_t status;
    if (verb) {
        push_options(L, kind, verb);
        return 1;
    }
    lua_newtable(L);
    for (size_t k = 0; (status = aigc_verb_info(kind, k, &verb, NULL)) == AIGC_OK; k++) {
        push_options(L, kind, verb);
        lua_setfield(L, -2, verb);
    }
    if (verb == NULL) aigclua_try(L, status);
    return 1;
}

/* aigc.kinds(noun) -> array of {name, help} */
static int kinds(lua_State *L)
{
    const char *noun = aigclua_check_text(L, 1), *name = NULL, *help = NULL;
    aigc_status_t status;
    size_t n = 0;
    lua_newtable(L);
    for (; (status = aigc_kind_info(noun, n, &name, &help)) == AIGC_OK; n++) {
        lua_createtable(L, 0, 2);
        set_text(L, "name", name);
        set_text(L, "help", help);
        lua_rawseti(L, -2, (int)n + 1);
    }
    if (n == 0) aigclua_try(L, status);
    return 1;
}

static int version(lua_State *L)
{
    const uint32_t number = aigc_version();
    lua_pushfstring(L, "%d.%d.%d", (int)(number >> 16), (int)(number >> 8 & 255), (int)(number & 255));
    return 1;
}

static int build_info(lua_State *L)
{
    lua_pushstring(L, aigc_build_info());
    return 1;
}

void aigclua_open_tables(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"options", options}, {"kinds", kinds}, {"version", version}, {"build_info", build_info}, {NULL, NULL}};
    aigclua_set_functions(L, functions);
}
