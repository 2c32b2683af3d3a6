/* One way to say what Lua 5.1 (and LuaJIT) to 5.4 say differently. */
#ifndef AIGC_LUA_COMPAT_H
#define AIGC_LUA_COMPAT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>

#if defined(__GNUC__)
#define AIGCLUA_NORETURN __attribute__((noreturn))
#else
#define AIGCLUA_NORETURN
#endif

#if LUA_VERSION_NUM < 502
#define aigclua_length(L, index) lua_objlen(L, index)
#define aigclua_get_uservalue(L, index) lua_getfenv(L, index)
#define aigclua_set_uservalue(L, index) lua_setfenv(L, index)
#else
#define aigclua_length(L, index) lua_rawlen(L, index)
#define aigclua_get_uservalue(L, index) lua_getuservalue(L, index)
#define aigclua_set_uservalue(L, index) lua_setuservalue(L, index)
#endif

/* Before 5.3 all numbers are doubles: whole ones are exact up to 2^53. */
static inline void aigclua_push_int64(lua_State *L, int64_t value)
{
#if LUA_VERSION_NUM >= 503
    lua_pushinteger(L, (lua_Integer)value);
#else
    lua_pushnumber(L, (lua_Number)value);
#endif
}

#endif
