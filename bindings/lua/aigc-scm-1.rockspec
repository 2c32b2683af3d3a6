rockspec_format = "3.0"
package = "aigc"
version = "scm-1"
source = {url = "."} -- built where it lies: luarocks make
description = {
    summary = "Train and run generative models on ordinary CPUs",
    detailed = "The Lua binding of libaigc, which must be installed: luarocks make AIGC_DIR=/usr/local",
    license = "MIT",
}
dependencies = {"lua >= 5.1, < 5.5"}
external_dependencies = {AIGC = {header = "aigc/aigc.h", library = "aigc"}}
build = {
    type = "builtin",
    modules = {
        aigc = {
            sources = {
                "lua_call.c", "lua_context.c", "lua_dataset.c", "lua_image.c", "lua_model.c", "lua_module.c",
                "lua_numbers.c", "lua_object.c", "lua_options.c", "lua_tables.c", "lua_tensor.c",
                "lua_weights.c",
            },
            libraries = {"aigc"},
            incdirs = {"$(AIGC_INCDIR)"},
            libdirs = {"$(AIGC_LIBDIR)"},
        },
    },
}
