/* Models. */
#include "aigclua.h"
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static void release_model(void *handle) { aigc_model_free(handle); }

const aigclua_type_t aigclua_model = {"model", release_model, NULL};

static const char *const taken_by_making[] = {"context", NULL};
static const char *const taken_by_train[] = {"progress", "validation", NULL};
static const char *const taken_by_evaluate[] = {"progress", NULL};

/* ---- making, files ---- */

typedef aigc_status_t (*make_fn)(aigc_model_t **out, aigc_context_t *context, const char *text,
                                 const aigc_options_t *options);

static int make(lua_State *L, make_fn fn)
{
    aigc_model_t *handle = NULL;
    lua_settop(L, 2);
    const char *text = aigclua_check_text(L, 1);
    aigclua_object_t *options = aigclua_check_options(L, 2, taken_by_making);
    const aigclua_object_t *context = aigclua_context_of(L, 2);
    aigclua_object_t *object = aigclua_new(L, &aigclua_model);
    const aigc_status_t status = fn(&handle, context->handle, text, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* aigc.model.create(kind, options) */
static int create(lua_State *L) { return make(L, aigc_model_create); }

/* aigc.model.load(path, options) */
static int load(lua_State *L) { return make(L, aigc_model_load); }

typedef aigc_status_t (*file_fn)(aigc_model_t *model, const char *path, const aigc_options_t *options);

static int use_file(lua_State *L, file_fn fn)
{
    lua_settop(L, 3);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const char *path = aigclua_check_text(L, 2);
    aigclua_object_t *options = aigclua_check_options(L, 3, NULL);
    const aigc_status_t status = fn(model->handle, path, options->handle);
    aigclua_close(options);
    aigclua_try(L, status);
    return 0;
}

/* m:save(path, options) */
static int save(lua_State *L) { return use_file(L, aigc_model_save); }

/* m:load_weights(path, options) */
static int load_weights(lua_State *L) { return use_file(L, aigc_model_load_weights); }

/* ---- training ---- */

/* m:train(dataset, {epochs=3, progress=function, validation=dataset}) */
static int train(lua_State *L)
{
    aigclua_call_t call;
    lua_settop(L, 3);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const aigclua_object_t *dataset = aigclua_check_open(L, 2, &aigclua_dataset), *validation = NULL;
    const int progress = aigclua_push_progress_option(L, 3);
    aigclua_get_option(L, 3, "validation");
    const int validating = lua_isnil(L, -1) ? 0 : lua_gettop(L);
    if (validating && !aigclua_test(L, validating, &aigclua_dataset))
        aigclua_fail(L, "option validation must be a dataset, not a %s", luaL_typename(L, validating));
    if (validating) validation = aigclua_check_open(L, validating, &aigclua_dataset);
    aigclua_object_t *options = aigclua_check_options(L, 3, taken_by_train);
    aigclua_call_begin(L, &call, progress, 2, validating);
    const aigc_status_t status =
        aigc_model_train(model->handle, dataset->handle, validation ? validation->handle : NULL, options->handle,
                         aigclua_on_progress, &call);
    aigclua_close(options);
    aigclua_call_end(&call, status);
    return 0;
}

/* m:evaluate(dataset, {progress=function}) -> metrics */
static int evaluate(lua_State *L)
{
    aigclua_call_t call;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    lua_settop(L, 3);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const aigclua_object_t *dataset = aigclua_check_open(L, 2, &aigclua_dataset);
    const int progress = aigclua_push_progress_option(L, 3);
    aigclua_object_t *options = aigclua_check_options(L, 3, taken_by_evaluate);
    aigclua_call_begin(L, &call, progress, 2, 0);
    const aigc_status_t status =
        aigc_model_evaluate(model->handle, dataset->handle, options->handle, &metrics, aigclua_on_progress, &call);
    aigclua_close(options);
    aigclua_call_end(&call, status);
    aigclua_push_metrics(L, &metrics);
    return 1;
}

/* m:train_step(images, labels, options) -> metrics */
static int train_step(lua_State *L)
{
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    lua_settop(L, 4);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const aigclua_object_t *images = aigclua_check_tensor(L, 2, AIGC_DTYPE_F32);
    const aigclua_object_t *labels = aigclua_optional_tensor(L, 3, AIGC_DTYPE_I64);
    aigclua_object_t *options = aigclua_check_options(L, 4, NULL);
    const aigc_status_t status =
        aigc_model_train_step(model->handle, images->handle, labels->handle, options->handle, &metrics);
    aigclua_close(options);
    aigclua_try(L, status);
    aigclua_push_metrics(L, &metrics);
    return 1;
}

/* ---- pictures and latents ---- */

/* m:generate{n=25, seed=7} -> images */
static int generate(lua_State *L)
{
    aigc_tensor_t *handle = NULL;
    lua_settop(L, 2);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    aigclua_object_t *options = aigclua_check_options(L, 2, NULL);
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_model_generate(&handle, model->handle, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

typedef aigc_status_t (*map_fn)(aigc_tensor_t **out, aigc_model_t *model, const aigc_tensor_t *a,
                                const aigc_tensor_t *b, const aigc_options_t *options);

static int map(lua_State *L, map_fn fn, aigc_dtype_t second)
{
    aigc_tensor_t *handle = NULL;
    lua_settop(L, 4);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const aigclua_object_t *a = second == AIGC_DTYPE_I64 ? aigclua_check_tensor(L, 2, AIGC_DTYPE_F32)
                                                         : aigclua_optional_tensor(L, 2, AIGC_DTYPE_F32);
    const aigclua_object_t *b = aigclua_optional_tensor(L, 3, second);
    aigclua_object_t *options = aigclua_check_options(L, 4, NULL);
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = fn(&handle, model->handle, a->handle, b->handle, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* m:encode(images, labels, options) -> latents */
static int encode(lua_State *L) { return map(L, aigc_model_encode, AIGC_DTYPE_I64); }

/* m:decode(latents, labels, options) -> images */
static int decode(lua_State *L) { return map(L, aigc_model_decode, AIGC_DTYPE_I64); }

/* m:reconstruct(images, labels, options) -> images */
static int reconstruct(lua_State *L) { return map(L, aigc_model_reconstruct, AIGC_DTYPE_I64); }

/* m:interpolate(from, to, options) -> images */
static int interpolate(lua_State *L) { return map(L, aigc_model_interpolate, AIGC_DTYPE_F32); }

/* ---- looking inside ---- */

static const char *kind_of(lua_State *L, const aigclua_object_t *model)
{
    const char *kind = NULL;
    aigclua_try(L, aigc_model_config(model->handle, &kind, NULL));
    return kind;
}

static int get_kind(lua_State *L)
{
    lua_pushstring(L, kind_of(L, aigclua_check_open(L, 1, &aigclua_model)));
    return 1;
}

/* Lua reads numbers as the C library's locale writes them, the library always with a point. */
static void push_float(lua_State *L, const char *text)
{
    lua_pushstring(L, text);
    if (!lua_isnumber(L, -1)) {
        luaL_gsub(L, text, ".", localeconv()->decimal_point);
        lua_replace(L, -2);
    }
    if (!lua_isnumber(L, -1)) return;
    lua_pushnumber(L, lua_tonumber(L, -1));
    lua_replace(L, -2);
}

static void push_number(lua_State *L, const char *text, int is_int)
{
    if (is_int)
        aigclua_push_int64(L, (int64_t)strtoll(text, NULL, 10));
    else
        push_float(L, text);
}

/* "400,200" as {400, 200} */
static void push_list(lua_State *L, const char *text, int is_int)
{
    lua_newtable(L);
    for (int n = 1; *text; n++) {
        const size_t length = strcspn(text, ",");
        lua_pushlstring(L, text, length);
        push_number(L, lua_tostring(L, -1), is_int);
        lua_rawseti(L, -3, n);
        lua_pop(L, 1);
        text += length + (text[length] == ',' ? 1 : 0);
    }
}

/* The text of an option as what its type says. */
static void push_value(lua_State *L, const char *type, const char *text)
{
    if (strcmp(type, "int") == 0 || strcmp(type, "float") == 0)
        push_number(L, text, *type == 'i');
    else if (strcmp(type, "ints") == 0 || strcmp(type, "floats") == 0)
        push_list(L, text, *type == 'i');
    else if (strcmp(type, "bool") == 0)
        lua_pushboolean(L, strcmp(text, "true") == 0);
    else
        lua_pushstring(L, text);
}

/* m:options() -> the options it was made with, by name */
static int get_options(lua_State *L)
{
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const char *kind = kind_of(L, model), *value = NULL;
    aigc_status_t status;
    lua_newtable(L);
    for (size_t k = 0; (status = aigc_model_option(model->handle, k, NULL, &value)) == AIGC_OK; k++) {
        aigc_option_info_t info = {.struct_size = sizeof info};
        aigclua_push_borrowed(L, value);
        aigclua_try(L, aigc_option_info("create", kind, k, &info));
        push_value(L, info.type, lua_tostring(L, -1));
        lua_setfield(L, -3, info.name);
        lua_pop(L, 1);
    }
    if (status != AIGC_ERROR_NOT_FOUND) aigclua_try(L, status);
    return 1;
}

/* m:parameters() -> tensors over the live numbers, by name */
static int parameters(lua_State *L)
{
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    lua_newtable(L);
    for (size_t k = 0;; k++) {
        const char *name = NULL;
        aigc_tensor_t *handle = NULL;
        aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
        const aigc_status_t status = aigc_model_parameter(model->handle, k, &name, &handle);
        if (status == AIGC_ERROR_NOT_FOUND) break;
        aigclua_keep(L, object, handle, status);
        lua_pushstring(L, name);
        lua_insert(L, -2);
        lua_rawset(L, -3);
    }
    lua_pop(L, 1);
    return 1;
}

/* m:memory(verb, options) -> bytes */
static int memory(lua_State *L)
{
    uint64_t bytes = 0;
    lua_settop(L, 3);
    const aigclua_object_t *model = aigclua_check_open(L, 1, &aigclua_model);
    const char *verb = aigclua_check_text(L, 2);
    aigclua_object_t *options = aigclua_check_options(L, 3, NULL);
    const aigc_status_t status = aigc_model_memory(model->handle, verb, options->handle, &bytes);
    aigclua_close(options);
    aigclua_try(L, status);
    aigclua_push_int64(L, (int64_t)bytes);
    return 1;
}

static int to_string(lua_State *L)
{
    aigc_model_t *model = aigclua_check(L, 1, &aigclua_model)->handle;
    const char *kind = NULL;
    if (model == NULL)
        lua_pushliteral(L, "aigc.model (closed)");
    else if (aigc_model_config(model, &kind, NULL) != AIGC_OK)
        lua_pushliteral(L, "aigc.model (busy)");
    else
        lua_pushfstring(L, "aigc.model %s", kind);
    return 1;
}

void aigclua_open_model(lua_State *L)
{
    static const luaL_Reg methods[] = {{"train", train},
                                       {"train_step", train_step},
                                       {"evaluate", evaluate},
                                       {"generate", generate},
                                       {"encode", encode},
                                       {"decode", decode},
                                       {"kind", get_kind},
                                       {"reconstruct", reconstruct},
                                       {"options", get_options},
                                       {"interpolate", interpolate},
                                       {"memory", memory},
                                       {"parameters", parameters},
                                       {"save", save},
                                       {"load_weights", load_weights},
                                       {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", to_string}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"create", create}, {"load", load}, {NULL, NULL}};
    aigclua_new_type(L, &aigclua_model, methods, meta, NULL);
    lua_newtable(L);
    aigclua_set_functions(L, functions);
    lua_setfield(L, -2, "model");
}
