/* Pictures in and out. */
#include "aigclua.h"

static const char *const taken[] = {"context", NULL};

/* aigc.read_image(path, options) -> u8 [1,H,W,C] */
static int read_image(lua_State *L)
{
    aigc_tensor_t *handle = NULL;
    lua_settop(L, 2);
    const char *path = aigclua_check_text(L, 1);
    aigclua_object_t *options = aigclua_check_options(L, 2, taken);
    const aigclua_object_t *context = aigclua_context_of(L, 2);
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = aigc_image_read(&handle, context->handle, path, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

typedef aigc_status_t (*write_fn)(const aigc_tensor_t *images, const char *path, const aigc_options_t *options);

static int write(lua_State *L, write_fn fn)
{
    lua_settop(L, 3);
    const aigclua_object_t *images = aigclua_check_tensor(L, 1, AIGC_DTYPE_F32);
    const char *path = aigclua_check_text(L, 2);
    aigclua_object_t *options = aigclua_check_options(L, 3, NULL);
    const aigc_status_t status = fn(images->handle, path, options->handle);
    aigclua_close(options);
    aigclua_try(L, status);
    return 0;
}

/* aigc.save_image(image, path, options) */
static int save_image(lua_State *L) { return write(L, aigc_image_write); }

/* aigc.save_grid(images, path, options) */
static int save_grid(lua_State *L) { return write(L, aigc_image_write_grid); }

/* aigc.save_animation(images, path, options) */
static int save_animation(lua_State *L) { return write(L, aigc_animation_write); }

typedef aigc_status_t (*change_fn)(aigc_tensor_t **out, const aigc_tensor_t *images, const aigc_options_t *options);

static int change(lua_State *L, change_fn fn)
{
    aigc_tensor_t *handle = NULL;
    lua_settop(L, 2);
    const aigclua_object_t *images = aigclua_check_tensor(L, 1, AIGC_DTYPE_F32);
    aigclua_object_t *options = aigclua_check_options(L, 2, NULL);
    aigclua_object_t *object = aigclua_new(L, &aigclua_tensor);
    const aigc_status_t status = fn(&handle, images->handle, options->handle);
    aigclua_close(options);
    aigclua_keep(L, object, handle, status);
    return 1;
}

/* aigc.make_grid(images, options) -> images */
static int make_grid(lua_State *L) { return change(L, aigc_image_grid); }

/* aigc.resize(images, options) -> images */
static int resize(lua_State *L) { return change(L, aigc_image_resize); }

void aigclua_open_image(lua_State *L)
{
    static const luaL_Reg functions[] = {{"read_image", read_image},
                                         {"save_image", save_image},
                                         {"save_grid", save_grid},
                                         {"save_animation", save_animation},
                                         {"make_grid", make_grid},
                                         {"resize", resize},
                                         {NULL, NULL}};
    aigclua_set_functions(L, functions);
}
