/* What the library says about itself: options, kinds, version. */
#include "aigclua.h"

static void set_text(lua_State *L, const char *name, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* Pushes an array of {name, type, default, help, range}. */
static void push_options(lua_State *L, const char *kind, const char *verb)
{
    aigc_option_info_t info = {.struct_size = sizeof info};
    aigc_status_t status;
    size_t n = 0;
    lua_newtable(L);
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
