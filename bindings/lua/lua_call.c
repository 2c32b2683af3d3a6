/* Errors, and Lua functions that the library calls.
 *
 * The stack of a running call, from its C function's arguments on:
 *
 *     ... | run | source functions ... | [error]
 *
 * A callback pushes copies of `run`, of the user's function and a light pointer, none of which needs memory, and
 * goes through lua_pcall; whatever can fail happens inside `run`. */
#include "aigclua.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct request {
    void (*body)(lua_State *L, struct request *request); /* finds the user's function at place 1 */
    const aigc_progress_t *progress;
    const aigclua_source_t *source;
    uint8_t *pixels;
    int64_t *label;
    uint64_t index;
    int stop;
} request_t;

#ifdef AIGCLUA_CHECK_FRAMES
#include <stdio.h>
int aigclua_frames = 0;

static void frames_must_be(int expected)
{
    if (aigclua_frames == expected) return;
    fprintf(stderr, "a Lua error would jump over %d frames of the library\n", aigclua_frames);
    abort();
}
#define FRAMES(statement) statement
#else
#define FRAMES(statement) (void)0
#endif

AIGCLUA_NORETURN static void raise(lua_State *L)
{
    FRAMES(frames_must_be(0));
    lua_error(L);
    abort(); /* not reached: Lua does not declare that lua_error() never returns */
}

void aigclua_fail(lua_State *L, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    raise(L);
}

void aigclua_try(lua_State *L, aigc_status_t status)
{
    if (status == AIGC_OK) return;
    lua_pushstring(L, aigc_last_error());
    raise(L);
}

int aigclua_push_progress_option(lua_State *L, int index)
{
    aigclua_get_option(L, index, "progress");
    if (!lua_isnil(L, -1) && !lua_isfunction(L, -1))
        aigclua_fail(L, "option progress must be a function, not a %s", luaL_typename(L, -1));
    return lua_gettop(L);
}

/* ---- the protected side ---- */

static void set_count(lua_State *L, const char *name, uint64_t value)
{
    aigclua_push_int64(L, (int64_t)value);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, double value)
{
    lua_pushnumber(L, (lua_Number)value);
    lua_setfield(L, -2, name);
}

void aigclua_push_metrics(lua_State *L, const aigc_metrics_t *metrics)
{
    lua_createtable(L, 0, metrics ? (int)metrics->count : 0);
    for (uint32_t k = 0; metrics && k < metrics->count; k++) set_number(L, metrics->names[k], metrics->values[k]);
    if (metrics == NULL || metrics->space[0] == '\0') return;
    lua_pushstring(L, metrics->space);
    lua_setfield(L, -2, "space");
}

static void push_progress(lua_State *L, const aigc_progress_t *progress)
{
    lua_createtable(L, 0, 12);
    lua_pushstring(L, progress->phase);
    lua_setfield(L, -2, "phase");
    set_count(L, "step", progress->step);
    set_count(L, "steps", progress->steps);
    set_count(L, "epoch", progress->epoch);
    set_count(L, "epochs", progress->epochs);
    set_count(L, "images", progress->images);
    set_number(L, "seconds", progress->seconds);
    if (progress->seconds_left >= 0) set_number(L, "seconds_left", progress->seconds_left);
    aigclua_push_metrics(L, progress->metrics);
    lua_setfield(L, -2, "metrics");
    if (progress->validation) {
        aigclua_push_metrics(L, progress->validation);
        lua_setfield(L, -2, "validation");
    }
    if (progress->verdict) {
        lua_pushstring(L, progress->verdict);
        lua_setfield(L, -2, "verdict");
    }
    if (progress->preview) {
        aigclua_object_t *preview = aigclua_new(L, &aigclua_tensor);
        aigc_tensor_retain(progress->preview);
        aigclua_hold(preview, progress->preview);
        lua_setfield(L, -2, "preview");
    }
}

/* Without a function of the user's there still was a call, at which Lua looks for hooks: that is how the stand-alone
 * interpreter learns of Ctrl-C. */
static void show_progress(lua_State *L, request_t *request)
{
    if (lua_isnil(L, 1)) return;
    lua_pushvalue(L, 1);
    push_progress(L, request->progress);
    lua_call(L, 1, 1);
    request->stop = lua_toboolean(L, -1);
}

static void take_pixels(lua_State *L, int index, const request_t *request)
{
    const size_t expected = request->source->bytes;
    const void *bytes = NULL;
    size_t found = 0;
    if (lua_type(L, index) == LUA_TSTRING) {
        bytes = lua_tolstring(L, index, &found);
    } else if (aigclua_test(L, index, &aigclua_tensor)) {
        aigc_tensor_t *tensor = aigclua_check_open(L, index, &aigclua_tensor)->handle;
        aigc_dtype_t dtype = 0;
        uint64_t size = 0;
        aigclua_try(L, aigc_tensor_info(tensor, &dtype, NULL, &size));
        if (dtype != AIGC_DTYPE_U8) aigclua_fail(L, "the dataset's function gave a tensor that is not u8");
        bytes = aigc_tensor_data(tensor);
        found = (size_t)size;
    } else {
        aigclua_fail(L, "the dataset's function gave a %s; expected a string of bytes or a u8 tensor",
                     luaL_typename(L, index));
    }
    if (found != expected)
        aigclua_fail(L, "the dataset's function gave %d bytes for a picture of %d", (int)found, (int)expected);
    if (found > 0) memcpy(request->pixels, bytes, found);
}

static void make_picture(lua_State *L, request_t *request)
{
    lua_pushvalue(L, 1);
    aigclua_push_int64(L, (int64_t)request->index);
    lua_call(L, 1, 2);
    take_pixels(L, -2, request);
    if (!lua_isnil(L, -1) && !aigclua_is_whole(L, -1, request->label))
        aigclua_fail(L, "the dataset's function gave a label that is no whole number");
}

static int run(lua_State *L)
{
    request_t *request = lua_touserdata(L, 2);
    request->body(L, request);
    return 0;
}

/* ---- the library's side ---- */

static int32_t protect(aigclua_call_t *call, int function, request_t *request)
{
    lua_State *L = call->L;
    if (call->failed) return 1;
    lua_pushvalue(L, call->run);
    if (function)
        lua_pushvalue(L, function);
    else
        lua_pushnil(L);
    lua_pushlightuserdata(L, request);
    FRAMES(const int frames = aigclua_frames);
    FRAMES(aigclua_frames = 0);
    call->failed = lua_pcall(L, 2, 0, 0) != 0;
    FRAMES(frames_must_be(0));
    FRAMES(aigclua_frames = frames);
    return call->failed || request->stop;
}

int32_t aigclua_on_progress(const aigc_progress_t *progress, void *user)
{
    aigclua_call_t *call = user;
    request_t request = {.body = show_progress, .progress = progress};
    return protect(call, call->progress, &request);
}

int32_t aigclua_on_picture(uint8_t *pixels, int64_t *label, uint64_t index, void *user)
{
    aigclua_source_t *source = user;
    aigclua_call_t *call = source->call;
    request_t request = {.body = make_picture, .source = source, .pixels = pixels, .label = label, .index = index};
    if (call == NULL) return 1;
    const int k = call->sources[0].source == source ? 0 : 1;
    return protect(call, call->sources[k].function, &request);
}

/* Pushes the function that makes the pictures of the dataset at `index`. */
static void push_source(lua_State *L, aigclua_call_t *call, int k, int index)
{
    const aigclua_object_t *dataset = index ? aigclua_test(L, index, &aigclua_dataset) : NULL;
    if (dataset == NULL || dataset->source == NULL) return;
    aigclua_get_uservalue(L, index);
    lua_rawgeti(L, -1, 1); /* the source lives as long as it is on the stack */
    lua_rawgeti(L, -2, 2);
    call->sources[k].source = dataset->source;
    call->sources[k].function = lua_gettop(L);
}

void aigclua_call_begin(lua_State *L, aigclua_call_t *call, int progress, int first, int second)
{
    memset(call, 0, sizeof *call);
    call->L = L;
    call->progress = progress;
    luaL_checkstack(L, 3 * LUA_MINSTACK, "too deep a call");
    lua_pushcfunction(L, run);
    call->run = lua_gettop(L);
    push_source(L, call, 0, first);
    push_source(L, call, 1, second);
    for (int k = 0; k < 2; k++) {
        aigclua_source_t *source = call->sources[k].source;
        if (source == NULL) continue;
        call->sources[k].outer = source->call;
        source->call = call;
    }
    FRAMES(aigclua_frames++);
}

void aigclua_call_end(aigclua_call_t *call, aigc_status_t status)
{
    FRAMES(aigclua_frames--);
    for (int k = 1; k >= 0; k--)
        if (call->sources[k].source) call->sources[k].source->call = call->sources[k].outer;
    if (call->failed) raise(call->L);
    aigclua_try(call->L, status);
}
