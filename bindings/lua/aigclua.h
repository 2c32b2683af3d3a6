/* What the parts of the Lua module share. Every function here may raise a Lua error unless it says otherwise.
 *
 * The rules that keep the library safe from Lua's longjmp:
 * - A handle is stored in a userdata at once: the userdata is made first, and nothing between the library's call
 *   and the storing may raise.
 * - Whatever allocates may collect garbage, whatever collects garbage may run the user's finalisers, and these may
 * close anything. So functions keep objects, which live while their userdata is on the stack, and read the handle in
 * the very call of the library: one that was closed meanwhile is NULL, which the library refuses. What is borrowed from
 * a user's object is copied before Lua gets it, or read through a view of our own.
 * - While a call of the library runs, Lua runs only under lua_pcall (lua_call.c). What is raised there waits on the
 *   stack and is raised again after the library has returned. */
#ifndef AIGCLUA_H
#define AIGCLUA_H

#include "lua_compat.h"
#include <aigc/aigc.h>

typedef struct aigclua_call aigclua_call_t;
typedef struct aigclua_object aigclua_object_t;

/* ---- objects: userdata that hold a handle (lua_object.c) ---- */

typedef struct aigclua_type {
    const char *name;
    void (*release)(void *handle);
    uint64_t (*bytes)(void *handle); /* that it may hold; NULL: few */
} aigclua_type_t;

typedef struct aigclua_state aigclua_state_t;

/* A Lua function that makes the pictures of a dataset; its splits share it. */
typedef struct aigclua_source {
    aigclua_call_t *call; /* the one that runs now, or NULL */
    size_t bytes;         /* of a picture */
} aigclua_source_t;

/* What a userdata points to: outside Lua's memory, as Lua 5.1 can lose a userdata without finalising it, when it finds
 * no memory to call the finaliser. The state's list still has it then. */
struct aigclua_object {
    const aigclua_type_t *type;
    void *handle;             /* NULL once closed */
    aigclua_source_t *source; /* of datasets: NULL unless a Lua function makes the pictures */
    uint64_t bytes;
    aigclua_state_t *state;
    aigclua_object_t *next, **linked; /* in the state's list */
};

extern const aigclua_type_t aigclua_context, aigclua_tensor, aigclua_dataset, aigclua_model, aigclua_options,
    aigclua_weights;

/* Once for each Lua state, before the types. */
void aigclua_open_objects(lua_State *L);
/* Make the type's metatable: `methods` end with {NULL, NULL}, as do `meta`; `index` NULL means the methods alone. */
void aigclua_new_type(lua_State *L, const aigclua_type_t *type, const luaL_Reg *methods, const luaL_Reg *meta,
                      lua_CFunction index);
/* Into the table on top of the stack. */
void aigclua_set_functions(lua_State *L, const luaL_Reg *functions);

/* Pushes an object without a handle. Collects garbage where objects hold much: Lua does not know how much. */
aigclua_object_t *aigclua_new(lua_State *L, const aigclua_type_t *type);
/* Gives an object its handle, or NULL. Never raises. */
void aigclua_hold(aigclua_object_t *object, void *handle);
/* The same with the answer of the call that made the handle: raises its failure. */
void aigclua_keep(lua_State *L, aigclua_object_t *object, void *handle, aigc_status_t status);
/* NULL if it is something else. Never raises. A finalised one is as a closed one. */
aigclua_object_t *aigclua_test(lua_State *L, int index, const aigclua_type_t *type);
/* Open or closed. */
aigclua_object_t *aigclua_check(lua_State *L, int index, const aigclua_type_t *type);
/* Open; may be closed as soon as something allocates. */
aigclua_object_t *aigclua_check_open(lua_State *L, int index, const aigclua_type_t *type);
/* Never raises; twice is fine. */
void aigclua_close(aigclua_object_t *object);

/* ---- errors (lua_call.c) ---- */

/* Raises a sentence as it is. */
AIGCLUA_NORETURN void aigclua_fail(lua_State *L, const char *format, ...);
/* Raises the library's sentence unless `status` is AIGC_OK. */
void aigclua_try(lua_State *L, aigc_status_t status);

/* ---- calls that run Lua functions (lua_call.c) ---- */

struct aigclua_call {
    lua_State *L;
    int run, progress; /* places on the stack: of what runs callbacks, of the user's function or nil */
    int failed;        /* the error is on top of the stack */
    struct {
        aigclua_source_t *source;
        aigclua_call_t *outer;
        int function; /* place on the stack */
    } sources[2];
};

/* Before a call of the library that may show progress or ask for pictures of `first` and `second` (places of
 * datasets on the stack; 0 for none). `progress`: place of a function or nil; 0 for none. After it nothing may raise.
 */
void aigclua_call_begin(lua_State *L, aigclua_call_t *call, int progress, int first, int second);
/* After it; raises the callback's error, or that of `status`. */
void aigclua_call_end(aigclua_call_t *call, aigc_status_t status);
/* What the library gets; `user` is the call, or the source. */
int32_t aigclua_on_progress(const aigc_progress_t *progress, void *user);
int32_t aigclua_on_picture(uint8_t *pixels, int64_t *label, uint64_t index, void *user);
void aigclua_push_metrics(lua_State *L, const aigc_metrics_t *metrics);
/* Pushes option progress of the table at `index`, a function or nil; its place on the stack. */
int aigclua_push_progress_option(lua_State *L, int index);

#ifdef AIGCLUA_CHECK_FRAMES
/* Frames of the library on the C stack through which an error raised now would jump. */
extern int aigclua_frames;
#endif

/* ---- options (lua_options.c) ---- */

/* Pushes an object with the options of the table at `index`, or none at nil, apart from those named in `taken`. */
aigclua_object_t *aigclua_check_options(lua_State *L, int index, const char *const *taken);
/* For what the binding itself reads: nil or a table with these names only. */
void aigclua_check_names(lua_State *L, int index, const char *what, const char *const *names);
/* Pushes table[name], or nil where the place holds nil. */
void aigclua_get_option(lua_State *L, int index, const char *name);
int aigclua_is_whole(lua_State *L, int index, int64_t *value);
int64_t aigclua_check_whole(lua_State *L, int index, const char *what);
/* A copy of what may be gone when Lua collects garbage before it copies. */
void aigclua_push_borrowed(lua_State *L, const char *text);
/* A string without zero bytes. */
const char *aigclua_check_text(lua_State *L, int index);
/* Also nil, which gives NULL. */
const char *aigclua_optional_text(lua_State *L, int index);
/* The numbers of a list of whole numbers, in a block of Lua's that is pushed. */
int64_t *aigclua_check_wholes(lua_State *L, int index, const char *what, size_t *n);

/* ---- contexts (lua_context.c) ---- */

/* Of option "context" of the table at `index`, else the default one. Pushes it, so that it lives. */
aigclua_object_t *aigclua_context_of(lua_State *L, int index);

/* ---- tensors (lua_tensor.c, lua_numbers.c) ---- */

/* Nested tables become tensors of the default context: the place on the stack then holds the tensor. */
aigclua_object_t *aigclua_check_tensor(lua_State *L, int index, aigc_dtype_t dtype);
/* Also nil, which gives one without a handle. */
const aigclua_object_t *aigclua_optional_tensor(lua_State *L, int index, aigc_dtype_t dtype);
aigc_dtype_t aigclua_check_dtype(lua_State *L, int index);
/* Push a tensor. */
aigclua_object_t *aigclua_new_zeros(lua_State *L, const aigclua_object_t *context, aigc_dtype_t dtype, size_t rank,
                                    const int64_t *shape);
aigclua_object_t *aigclua_new_converted(lua_State *L, const aigclua_object_t *tensor, aigc_dtype_t dtype);
aigclua_object_t *aigclua_new_view(lua_State *L, const aigclua_object_t *tensor, uint64_t first, size_t rank,
                                   const int64_t *shape);
/* {2, 3} and the like; gives the rank. */
size_t aigclua_check_shape(lua_State *L, int index, int64_t shape[AIGC_MAX_RANK]);

/* Pushes a tensor of a number or of nested tables. `shape` NULL: as the tables are nested. */
aigclua_object_t *aigclua_from_numbers(lua_State *L, int index, const aigclua_object_t *context, aigc_dtype_t dtype,
                                       const size_t *rank, const int64_t *shape);
/* Pushes nested tables, or a number where there are no dimensions. */
void aigclua_push_numbers(lua_State *L, const aigclua_object_t *tensor);
/* Pushes one number. */
void aigclua_push_element(lua_State *L, const aigclua_object_t *tensor, uint64_t index);
/* Sets every number of a tensor that is not the user's from a number, nested tables or a tensor of its shape. */
void aigclua_assign(lua_State *L, const aigclua_object_t *tensor, int index);

/* ---- the parts of the module: each fills the table on top of the stack ---- */

void aigclua_open_context(lua_State *L);
void aigclua_open_tensor(lua_State *L);
void aigclua_open_dataset(lua_State *L);
void aigclua_open_model(lua_State *L);
void aigclua_open_image(lua_State *L);
void aigclua_open_tables(lua_State *L);
void aigclua_open_weights(lua_State *L);

#endif
