/* Datasets. */
#include "aigclua.h"
#include <stdlib.h>
#include <string.h>

static void release_dataset(void *handle) { aigc_dataset_free(handle); }

const aigclua_type_t aigclua_dataset = {"dataset", release_dataset, NULL};

static const char *const taken[] = {"context", NULL};

/* ---- making ---- */

/* Pushes a dataset of a kind; `source` may be NULL, options are at `index`. */
static int make(lua_State *L, const char *kind, const char *source, int index)
{
    aigc_dataset_t *handle = NULL;
    aigclua_object_t *options = aigclua_check_options(L, index, taken);
    const aigclua_object_t *context = aigclua_context_of(L, index);
    aigclua_object_t *object = aigclua_new(L, &aigclua_dataset);
    const aigc_status_t status = aigc_dataset_create(&handle, context->handle, kind, source, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* aigc.dataset.create(kind, source, options) */
static int create(lua_State *L)
{
    lua_settop(L, 3);
    return make(L, aigclua_check_text(L, 1), aigclua_optional_text(L, 2), 3);
}

/* aigc.dataset.KIND(source, options), or of kinds without a source (options) */
static int create_kind(lua_State *L)
{
    const char *kind = lua_tostring(L, lua_upvalueindex(1));
    lua_settop(L, 2);
    if (lua_istable(L, 1) && lua_isnil(L, 2)) return make(L, kind, NULL, 1);
    return make(L, kind, aigclua_optional_text(L, 1), 2);
}

/* aigc.dataset.array(images, labels, options) */
static int create_array(lua_State *L)
{
    aigc_dataset_t *handle = NULL;
    lua_settop(L, 3);
    const aigclua_object_t *images = aigclua_check_tensor(L, 1, AIGC_DTYPE_F32);
    const aigclua_object_t *labels = aigclua_optional_tensor(L, 2, AIGC_DTYPE_I64);
    aigclua_object_t *options = aigclua_check_options(L, 3, taken);
    const aigclua_object_t *context = aigclua_context_of(L, 3);
    aigclua_object_t *object = aigclua_new(L, &aigclua_dataset);
    const aigc_status_t status =
        aigc_dataset_create_array(&handle, context->handle, images->handle, labels->handle, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* Pushes a dataset without a handle and gives it {source, function}: the table is shared with its splits. */
static aigclua_object_t *new_with_source(lua_State *L, int function, size_t bytes)
{
    aigclua_object_t *object = aigclua_new(L, &aigclua_dataset);
    lua_createtable(L, 2, 0);
    aigclua_source_t *source = lua_newuserdata(L, sizeof *source);
    *source = (aigclua_source_t){NULL, bytes};
    lua_rawseti(L, -2, 1);
    lua_pushvalue(L, function);
    lua_rawseti(L, -2, 2);
    aigclua_set_uservalue(L, -2);
    object->source = source;
    return object;
}

/* aigc.dataset.callback(function(index) -> pixels [, label], {count, height, width, channels}, options). A Lua state
 * has one thread: the library must not call from one of its own. */
static int create_callback(lua_State *L)
{
    int64_t shape[AIGC_MAX_RANK];
    aigc_dataset_t *handle = NULL;
    lua_settop(L, 3);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    if (aigclua_check_shape(L, 2, shape) != 4) aigclua_fail(L, "the shape must be {count, height, width, channels}");
    aigclua_object_t *options = aigclua_check_options(L, 3, taken);
    aigclua_try(L, aigc_options_set_string(options->handle, "background", "false"));
    const aigclua_object_t *context = aigclua_context_of(L, 3);
    const size_t bytes = (size_t)shape[1] * (size_t)shape[2] * (size_t)shape[3]; /* what overflows is refused below */
    aigclua_object_t *object = new_with_source(L, 1, bytes);
    const aigc_status_t status = aigc_dataset_create_callback(&handle, context->handle, shape, aigclua_on_picture,
                                                              object->source, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* ---- methods ---- */

static int length(lua_State *L)
{
    aigclua_push_int64(L, (int64_t)aigc_dataset_count(aigclua_check_open(L, 1, &aigclua_dataset)->handle));
    return 1;
}

static void set_count(lua_State *L, const char *name, int64_t value)
{
    aigclua_push_int64(L, value);
    lua_setfield(L, -2, name);
}

/* d:info() -> {height, width, channels, classes = {names}} */
static int info(lua_State *L)
{
    const aigclua_object_t *dataset = aigclua_check_open(L, 1, &aigclua_dataset);
    int64_t height = 0, width = 0, channels = 0, classes = 0;
    const char *name = NULL;
    aigclua_try(L, aigc_dataset_info(dataset->handle, &height, &width, &channels, &classes));
    lua_createtable(L, 0, 4);
    set_count(L, "height", height);
    set_count(L, "width", width);
    set_count(L, "channels", channels);
    lua_createtable(L, (int)classes, 0);
    for (int64_t k = 0; k < classes; k++) {
        aigclua_try(L, aigc_dataset_class_name(dataset->handle, k, &name));
        aigclua_push_borrowed(L, name);
        lua_rawseti(L, -2, (int)k + 1);
    }
    lua_setfield(L, -2, "classes");
    return 1;
}

/* d:batch{indices from 0} -> images, labels or nil */
static int batch(lua_State *L)
{
    aigclua_call_t call;
    aigc_tensor_t *images = NULL, *labels = NULL;
    size_t n = 0;
    const aigclua_object_t *dataset = aigclua_check_open(L, 1, &aigclua_dataset);
    const int64_t *indices = aigclua_check_wholes(L, 2, "indices", &n);
    aigclua_object_t *images_object = aigclua_new(L, &aigclua_tensor), *labels_object = aigclua_new(L, &aigclua_tensor);
    const int place = lua_gettop(L);
    aigclua_call_begin(L, &call, 0, 1, 0);
    const aigc_status_t status = aigc_dataset_batch(dataset->handle, indices, n, &images, &labels);
    aigclua_hold(images_object, images);
    aigclua_hold(labels_object, labels);
    aigclua_call_end(&call, status);
    lua_settop(L, place);
    if (labels == NULL) {
        lua_pop(L, 1);
        lua_pushnil(L);
    }
    return 2;
}

/* A number or text of digits, as numbers beyond 2^53 are no Lua numbers everywhere. */
static uint64_t check_seed(lua_State *L, int index)
{
    if (lua_type(L, index) == LUA_TSTRING) {
        const char *text = lua_tostring(L, index);
        char *end = NULL;
        const unsigned long long seed = strtoull(text, &end, 10);
        if (*text < '0' || *text > '9' || *end) aigclua_fail(L, "seed '%s' is no whole number", text);
        return seed;
    }
    const int64_t seed = lua_isnoneornil(L, index) ? 0 : aigclua_check_whole(L, index, "the seed");
    if (seed < 0) aigclua_fail(L, "the seed must not be negative");
    return (uint64_t)seed;
}

/* Splits keep the Lua function that makes the pictures. */
static aigclua_object_t *new_split(lua_State *L, const aigclua_object_t *of)
{
    aigclua_object_t *object = aigclua_new(L, &aigclua_dataset);
    if (of->source) {
        aigclua_get_uservalue(L, 1);
        aigclua_set_uservalue(L, -2);
        object->source = of->source;
    }
    return object;
}

/* d:split(fraction, seed) -> two datasets */
static int split(lua_State *L)
{
    aigc_dataset_t *first = NULL, *second = NULL;
    const aigclua_object_t *dataset = aigclua_check_open(L, 1, &aigclua_dataset);
    const double fraction = (double)luaL_checknumber(L, 2);
    const uint64_t seed = check_seed(L, 3);
    aigclua_object_t *first_object = new_split(L, dataset), *second_object = new_split(L, dataset);
    const aigc_status_t status = aigc_dataset_split(dataset->handle, fraction, seed, &first, &second);
    aigclua_hold(first_object, first);
    aigclua_hold(second_object, second);
    aigclua_try(L, status);
    return 2;
}

/* d:export(folder) */
static int export(lua_State *L)
{
    aigclua_call_t call;
    const aigclua_object_t *dataset = aigclua_check_open(L, 1, &aigclua_dataset);
    const char *folder = aigclua_check_text(L, 2);
    lua_settop(L, 2);
    aigclua_call_begin(L, &call, 0, 1, 0);
    aigclua_call_end(&call, aigc_dataset_export(dataset->handle, folder));
    return 0;
}

/* d:compare(real, {progress=function}) -> metrics */
static int compare(lua_State *L)
{
    static const char *const taken_by_compare[] = {"progress", NULL};
    aigclua_call_t call;
    aigc_metrics_t metrics = {.struct_size = sizeof metrics};
    lua_settop(L, 3);
    const aigclua_object_t *made = aigclua_check_open(L, 1, &aigclua_dataset);
    const aigclua_object_t *real = aigclua_check_open(L, 2, &aigclua_dataset);
    const int progress = aigclua_push_progress_option(L, 3);
    aigclua_object_t *options = aigclua_check_options(L, 3, taken_by_compare);
    aigclua_call_begin(L, &call, progress, 1, 2);
    const aigc_status_t status =
        aigc_dataset_compare(made->handle, real->handle, options->handle, &metrics, aigclua_on_progress, &call);
    aigclua_close(options);
    aigclua_call_end(&call, status);
    aigclua_push_metrics(L, &metrics);
    return 1;
}

static int to_string(lua_State *L)
{
    int64_t height = 0, width = 0, channels = 0;
    const aigc_dataset_t *dataset = aigclua_check(L, 1, &aigclua_dataset)->handle;
    if (dataset == NULL || aigc_dataset_info(dataset, &height, &width, &channels, NULL) != AIGC_OK)
        lua_pushliteral(L, "aigc.dataset (closed)");
    else
        lua_pushfstring(L, "aigc.dataset of %d pictures %dx%dx%d", (int)aigc_dataset_count(dataset), (int)height,
                        (int)width, (int)channels);
    return 1;
}

/* ---- the table aigc.dataset ---- */

/* table[kind with '_' for '-'] = function(source, options) */
static void set_kind(lua_State *L, const char *kind)
{
    lua_pushstring(L, kind);
    lua_pushcclosure(L, create_kind, 1);
    luaL_gsub(L, kind, "-", "_");
    lua_insert(L, -2);
    lua_rawset(L, -3);
}

void aigclua_open_dataset(lua_State *L)
{
    static const luaL_Reg methods[] = {{"info", info},     {"batch", batch},     {"split", split},
                                       {"export", export}, {"compare", compare}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__len", length}, {"__tostring", to_string}, {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"create", create}, {"array", create_array}, {"callback", create_callback}, {NULL, NULL}};
    const char *kind = NULL;
    aigclua_new_type(L, &aigclua_dataset, methods, meta, NULL);
    lua_newtable(L);
    for (size_t k = 0; aigc_kind_info("dataset", k, &kind, NULL) == AIGC_OK; k++) set_kind(L, kind);
    set_kind(L, "auto");
    aigclua_set_functions(L, functions);
    lua_setfield(L, -2, "dataset");
}
