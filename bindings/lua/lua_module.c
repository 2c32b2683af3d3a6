/* require "aigc" */
#include "aigclua.h"

#if defined(__GNUC__)
#define EXPORTED __attribute__((visibility("default")))
#else
#define EXPORTED
#endif

EXPORTED int luaopen_aigc(lua_State *L);

int luaopen_aigc(lua_State *L)
{
    aigclua_open_objects(L);
    lua_newtable(L);
    aigclua_open_context(L);
    aigclua_open_tensor(L);
    aigclua_open_dataset(L);
    aigclua_open_model(L);
    aigclua_open_image(L);
    aigclua_open_tables(L);
    aigclua_open_weights(L);
    return 1;
}
