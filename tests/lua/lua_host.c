/* A host program with the module linked in: runs a test script and gives it the table `host`, by which it can let
 * Lua's allocator fail, forge userdata and close whole Lua states.
 *
 *     lua_host_5.4 script.lua arguments... */
#include "aigclua.h"
#include <lualib.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int luaopen_aigc(lua_State *L);

/* ---- an allocator that fails ---- */

typedef struct failing {
    lua_Alloc alloc;
    void *user;
    long countdown; /* allocations until the first that fails; 0: none does */
    long failures;  /* how many fail then */
    long failed;
} failing_t;

static failing_t failing;

/* Frees and shrinks, which Lua relies on, never fail. */
static void *allocate(void *user, void *block, size_t old_size, size_t new_size)
{
    failing_t *self = user;
    const size_t held = block ? old_size : 0;
    if (new_size > held && self->countdown > 0 && --self->countdown == 0) {
        self->failed++;
        self->countdown = self->failed < self->failures ? 1 : 0;
        return NULL;
    }
    return self->alloc(self->user, block, old_size, new_size);
}

static void fail_at(long allocation, long failures)
{
    failing.countdown = allocation;
    failing.failures = failures;
    failing.failed = 0;
}

static lua_Number call_number(lua_State *L, int function)
{
    lua_pushvalue(L, function);
    lua_call(L, 0, 1);
    const lua_Number number = lua_tonumber(L, -1);
    lua_pop(L, 1);
    return number;
}

static void collect(lua_State *L)
{
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCCOLLECT, 0);
    lua_gc(L, LUA_GCSTOP, 0); /* LuaJIT's collections start it again */
}

/* Runs the function at 1 with allocation k failing; 1 once no allocation failed any more. */
static int sweep_one(lua_State *L, long k, long failures)
{
    collect(L);
    const lua_Number before = call_number(L, 2);
    lua_pushvalue(L, 1);
    fail_at(k, failures);
    const int status = lua_pcall(L, 0, 0, 0);
    const long failed = failing.failed;
    fail_at(0, 0);
    if (aigclua_frames != 0) luaL_error(L, "allocation %d: an error jumped over the library", (int)k);
    if (status != 0 && failed == 0) return lua_error(L);
    if (status != 0) lua_pop(L, 1);
    collect(L);
    const lua_Number after = call_number(L, 2);
    if (after != before) luaL_error(L, "allocation %d: %d bytes before, %d after", (int)k, (int)before, (int)after);
    return failed == 0;
}

/* host.sweep(fn, live) -> runs: calls fn with allocation 1, 2, ... failing, alone (Lua's second try included) and with
 * all that follow, until none fails; live() must give the same number before and after each. */
static int sweep(lua_State *L)
{
    static const long failures[] = {2, 1000000};
    lua_Integer runs = 0;
    lua_settop(L, 2);
    lua_pushvalue(L, 1);
    lua_call(L, 0, 0); /* what the library keeps from a first call on */
    for (int mode = 0; mode < 2; mode++)
        for (long k = 1; runs++, !sweep_one(L, k, failures[mode]); k++) {
        }
    lua_gc(L, LUA_GCRESTART, 0);
    lua_pushinteger(L, runs);
    return 1;
}

/* ---- Lua states ---- */

static int in_panic(lua_State *L)
{
    fprintf(stderr, "an error nobody caught: %s\n", lua_tostring(L, -1));
    return 0;
}

static void set_field(lua_State *L, const char *table, const char *name, lua_CFunction fn)
{
    lua_getglobal(L, table);
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, fn);
    lua_setfield(L, -2, name);
    lua_pop(L, 2);
}

static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();
    if (L == NULL) return NULL;
    lua_atpanic(L, in_panic);
    luaL_openlibs(L);
    set_field(L, "package", "aigc", luaopen_aigc);
    return L;
}

/* host.state(code) -> ok, message: runs it in a state of its own, and closes that. */
static int run_state(lua_State *L)
{
    const char *code = luaL_checkstring(L, 1);
    lua_State *other = new_state();
    if (other == NULL) return luaL_error(L, "no Lua state");
    const int is_fine = luaL_loadstring(other, code) == 0 && lua_pcall(other, 0, 0, 0) == 0;
    lua_pushboolean(L, is_fine);
    lua_pushstring(L, is_fine ? "" : lua_tostring(other, -1));
    lua_close(other);
    return 2;
}

/* host.open_failing() -> runs: opens the module in new states while allocations fail. */
static int open_failing(lua_State *L)
{
    int done = 0;
    lua_Integer runs = 0;
    for (long k = 1; !done; k++, runs++) {
        lua_State *other = luaL_newstate();
        if (other == NULL) return luaL_error(L, "no Lua state");
        lua_atpanic(other, in_panic);
        luaL_openlibs(other);
        failing_t before = failing;
        failing.alloc = lua_getallocf(other, &failing.user);
        lua_setallocf(other, allocate, &failing);
        lua_getglobal(other, "tostring");
        lua_pushcfunction(other, luaopen_aigc);
        fail_at(k, 1000000);
        const int status = lua_pcall(other, 0, 0, 0);
        done = failing.failed == 0;
        fail_at(0, 0);
        lua_setallocf(other, failing.alloc, failing.user);
        lua_close(other);
        failing = before;
        if (done && status != 0) return luaL_error(L, "the module does not open");
    }
    lua_pushinteger(L, runs);
    return 1;
}

/* ---- Ctrl-C, as the stand-alone interpreters have it ---- */

static lua_State *interrupted;

static void stop(lua_State *L, lua_Debug *record)
{
    (void)record;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

static void on_interrupt(int number)
{
    signal(number, SIG_DFL);
    lua_sethook(interrupted, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKCOUNT, 1);
}

/* host.interrupt_in(seconds): another process sends SIGINT. */
static int interrupt_in(lua_State *L)
{
    const double seconds = luaL_checknumber(L, 1);
    const struct timespec wait = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    const pid_t here = getpid();
    interrupted = L;
    signal(SIGINT, on_interrupt);
    const pid_t child = fork();
    if (child < 0) return luaL_error(L, "no process");
    if (child > 0) return 0;
    nanosleep(&wait, NULL);
    kill(here, SIGINT);
    _exit(0);
}

/* ---- what scripts cannot do ---- */

static int frames(lua_State *L)
{
    lua_pushinteger(L, aigclua_frames);
    return 1;
}

/* host.thread(): the same as before in the same thread */
static int thread(lua_State *L)
{
    static _Thread_local char here;
    lua_pushlightuserdata(L, &here);
    return 1;
}

/* host.forge(object, bytes): a foreign userdata with the object's metatable, filled with what the object holds. */
static int forge(lua_State *L)
{
    const size_t size = (size_t)luaL_checkinteger(L, 2), held = aigclua_length(L, 1);
    const int filled = lua_toboolean(L, 3);
    char *block = lua_newuserdata(L, size);
    memset(block, 0x5a, size);
    if (filled) memcpy(block, lua_touserdata(L, 1), size < held ? size : held);
    if (lua_getmetatable(L, 1)) lua_setmetatable(L, -2);
    return 1;
}

/* host.finaliser(object) -> its __gc, whatever hides its metatable */
static int finaliser(lua_State *L)
{
    if (!lua_getmetatable(L, 1)) return 0;
    lua_getfield(L, -1, "__gc");
    return 1;
}

static const luaL_Reg functions[] = {
    {"sweep", sweep}, {"state", run_state},     {"open_failing", open_failing}, {"frames", frames},
    {"forge", forge}, {"finaliser", finaliser}, {"interrupt_in", interrupt_in}, {"thread", thread},
    {NULL, NULL}};

/* package.path = FOLDER/?.lua */
static void set_path(lua_State *L, const char *script)
{
    const char *slash = strrchr(script, '/');
    lua_getglobal(L, "package");
    lua_pushlstring(L, script, slash ? (size_t)(slash - script) + 1 : 0);
    lua_pushliteral(L, "?.lua");
    lua_concat(L, 2);
    lua_setfield(L, -2, "path");
    lua_pop(L, 1);
}

int main(int argc, char **argv)
{
    lua_State *L = new_state();
    if (L == NULL || argc < 2) return 2;
    set_path(L, argv[1]);
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    lua_setglobal(L, "host");
    failing.alloc = lua_getallocf(L, &failing.user);
    lua_setallocf(L, allocate, &failing);
    int status = luaL_loadfile(L, argv[1]);
    for (int k = 2; k < argc; k++) lua_pushstring(L, argv[k]);
    if (status == 0) status = lua_pcall(L, argc - 2, 0, 0);
    if (status != 0) fprintf(stderr, "%s\n", lua_tostring(L, -1));
    lua_close(L);
    return status == 0 && aigclua_frames == 0 ? 0 : 1;
}
