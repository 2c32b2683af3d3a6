-- Wrong arguments, dead and forged objects: errors that say what is wrong, nothing else.
local aigc = require "aigc"
local check = require "check"
local case, equal, fails = check.case, check.equal, check.fails

local function closed(object)
    object:close()
    object:close()
    return object
end

local makers = {
    tensor = function() return aigc.tensor{{1, 2}, {3, 4}} end,
    model = function() return check.model() end,
    dataset = function() return check.pictures() end,
    context = function() return aigc.context{threads = 1} end,
    weights = function() return check.weights() end,
}

-- Every method with arguments that are right.
local calls = {
    tensor = {slice = {1, 2}, shape = {}, dtype = {}, reshape = {{4}}, convert = {"u8"}, totable = {}, bytes = {},
        save = {"/nowhere/x.npy"}},
    model = {kind = {}, options = {}, parameters = {}, train = {check.pictures(), check.short()},
        train_step = {aigc.zeros{1, 8, 8, 1}}, evaluate = {check.pictures()}, generate = {{n = 1}},
        encode = {aigc.zeros{1, 8, 8, 1}}, decode = {{0, 0, 0}}, reconstruct = {aigc.zeros{1, 8, 8, 1}},
        interpolate = {nil, nil, {seeds = {1, 2}}}, memory = {"train"}, save = {"/nowhere/m.safetensors"},
        load_weights = {"/nowhere/m.safetensors"}},
    dataset = {info = {}, batch = {{0}}, split = {0.5}, export = {"/nowhere/folder"}},
    context = {cancel = {}, memory = {}, threads = {}, cpu = {}},
    weights = {format = {}, names = {}, entry = {"x"}, read = {"x"}, values = {}, opaque = {}, save = {"/nowhere/x.npz"}},
}

local unpack = table.unpack or unpack

for kind, make in pairs(makers) do
    case("methods of a closed " .. kind .. " are errors", function()
        local object = closed(make())
        for name, arguments in pairs(calls[kind]) do
            fails("the " .. kind .. " is closed", object[name] or aigc.zeros{1}[name], object, unpack(arguments, 1, 3))
        end
        equal(tostring(object), "aigc." .. kind .. " (closed)")
    end)
    case("methods of a " .. kind .. " refuse another self", function()
        for name, arguments in pairs(calls[kind]) do
            local object = make()
            local method = object[name]
            for _, other in ipairs{1, "x", {}, print, io.stdout, coroutine.create(function() end), false} do
                fails(kind .. " expected", method, other, unpack(arguments, 1, 3))
            end
            fails(kind .. " expected", method)
            for other_kind, other in pairs(makers) do
                if other_kind ~= kind then fails(kind .. " expected", method, other(), unpack(arguments, 1, 3)) end
            end
        end
    end)
    case("a forged " .. kind .. " is refused", function()
        local object = make()
        for _, size in ipairs{0, 1, 8, 16, 24, 32, 40, 64} do
            local forged = host.forge(object, size)
            fails(kind .. " expected", object.close, forged)
            fails(kind .. " expected", function() return tostring(forged) end)
            host.finaliser(object)(forged)
        end
        for _, size in ipairs{0, 8, 16, 23, 25, 48} do -- what it holds, in another size
            fails(kind .. " expected", object.close, host.forge(object, size, true))
        end
        host.finaliser(object)(nil)
        host.finaliser(object)(io.stdout)
        object:close()
    end)
    case("the metatable of a " .. kind .. " is hidden", function()
        equal(getmetatable(make()), "aigc." .. kind)
        equal(pcall(setmetatable, make(), {}), false)
    end)
    case("a " .. kind .. " takes no fields", function()
        equal(pcall(function() make().x = 1 end), false)
        equal(make().no_such_method, nil)
    end)
end

case("unknown options: the library's sentence, the same everywhere", function()
    local m, d, t = check.model(), check.pictures(), aigc.zeros{1, 8, 8, 1}
    local text = fails("did you mean 'latent_dim'", aigc.model.create, "vae", {latent_dimm = 2})
    equal(text:find("lua"), nil) -- no place in the script before it
    fails("epoch", m.train, m, d, {epoch = 2})
    fails("sed", m.generate, m, {sed = 2})
    fails("x", m.evaluate, m, d, {x = 1})
    fails("x", m.train_step, m, t, nil, {x = 1})
    fails("x", m.encode, m, t, nil, {x = 1})
    fails("x", m.decode, m, {0, 0, 0}, nil, {x = 1})
    fails("x", m.reconstruct, m, t, nil, {x = 1})
    fails("x", m.interpolate, m, nil, nil, {x = 1})
    fails("x", m.save, m, check.path(".safetensors"), {x = 1})
    fails("x", aigc.context, {x = 1})
    fails("x", aigc.dataset.home_designs, {x = 1})
    fails("x", aigc.dataset.array, t, nil, {x = 1})
    fails("x", aigc.dataset.callback, check.pixels, {1, 8, 8, 1}, {x = 1})
    fails("x", aigc.make_grid, t, {x = 1})
    fails("x", aigc.resize, t, {x = 1})
    fails("x", aigc.save_image, t, check.path(".png"), {x = 1})
    fails("x", aigc.save_grid, t, check.path(".png"), {x = 1})
    fails("x", aigc.save_animation, t, check.path(".png"), {x = 1})
    fails("aigc.tensor has no option 'x'", aigc.tensor, {1}, {x = 1})
    fails("aigc.zeros has no option 'shape'", aigc.zeros, {1}, {shape = 1})
    fails("aigc.read_tensor has no option 'x'", aigc.read_tensor, "x", nil, {x = 1})
end)
case("values of wrong types", function()
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = 2.5})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = "two"})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = true})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = {1, 2}})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = aigc.zeros{1}})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = -1})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = 1e300})
    fails("latent_dim", aigc.model.create, "vae", {latent_dim = 0 / 0})
    fails("option latent_dim cannot be a function", aigc.model.create, "vae", {latent_dim = print})
    fails("option latent_dim cannot be a userdata", aigc.model.create, "vae", {latent_dim = io.stdout})
    fails("option latent_dim cannot be a thread", check.model, {latent_dim = coroutine.create(function() end)})
    fails("option hidden_dim: number 2 of the list is a string", aigc.model.create, "vae", {hidden_dim = {1, "2"}})
    fails("hidden_dim", aigc.model.create, "vae", {hidden_dim = {}})
    fails("loss", aigc.model.create, "vae", {loss = "l1"})
    fails("conditional", aigc.model.create, "vae", {conditional = 3})
end)
case("a list too long is refused", function()
    local list = {}
    for k = 1, 65 do list[k] = k end
    equal(pcall(check.model().generate, check.model(), {seeds = list}), false)
end)
case("names that are none", function()
    fails("a number is none", aigc.model.create, "vae", {3})
    fails("a boolean is none", aigc.model.create, "vae", {[true] = 3})
    fails("zero byte", aigc.model.create, "vae", {["latent_dim\0x"] = 3})
    fails("zero byte", aigc.model.create, "vae", {loss = "bce\0x"})
    fails("zero byte", aigc.read_image, "a\0b.png")
    fails("name", aigc.model.create, "vae", {[("x"):rep(100)] = 3})
    fails("table expected", aigc.model.create, "vae", 3)
    fails("table expected", aigc.model.create, "vae", "latent_dim=3")
    fails("there is no", aigc.model.create, "vea")
    fails("string expected", aigc.model.create)
    fails("string expected", aigc.model.create, {})
end)
case("a dead tensor as an option or argument", function()
    local t = closed(aigc.zeros{1, 3})
    local m = check.model()
    fails("the tensor is closed", m.train_step, m, aigc.zeros{1, 8, 8, 1}, nil, {noise = t})
    fails("the tensor is closed", m.encode, m, t)
    fails("the tensor is closed", m.encode, m, aigc.zeros{1, 8, 8, 1}, t)
    fails("the tensor is closed", aigc.tensor, t)
    fails("the tensor is closed", aigc.make_grid, t)
    fails("the tensor is closed", function() aigc.zeros{1, 3}[1] = t end)
    fails("the tensor is closed", function() return #t end)
    fails("the tensor is closed", function() return t[1] end)
    fails("the tensor is closed", function() t[1] = 1 end)
    fails("the dataset is closed", m.train, m, closed(check.pictures()))
    fails("the dataset is closed", m.train, m, check.pictures(), {validation = closed(check.pictures())})
    fails("the dataset is closed", function() return #closed(check.pictures()) end)
end)
case("arguments of wrong types", function()
    local m, d = check.model(), check.pictures()
    fails("dataset expected, got nil", m.train, m)
    fails("dataset expected, got table", m.train, m, {})
    fails("dataset expected, got userdata", m.train, m, m)
    fails("option validation must be a dataset", m.train, m, d, {validation = m})
    fails("option progress must be a function", m.train, m, d, {progress = "x"})
    fails("option progress must be a function", m.evaluate, m, d, {progress = 1})
    fails("tensor expected", m.encode, m, 3)
    fails("tensor expected", m.encode, m, aigc.zeros{1, 8, 8, 1}, "x")
    fails("labels", m.encode, m, aigc.zeros{1, 8, 8, 1}, {class = 1})
    fails("ragged", m.encode, m, {{1}, {}})
    fails("function expected", aigc.dataset.callback)
    fails("table expected", aigc.dataset.callback, print)
    fails("{count, height, width, channels}", aigc.dataset.callback, print, {1, 2})
    equal(pcall(aigc.dataset.callback, print, {1, -2, 2, 1}), false)
    equal(pcall(aigc.dataset.callback, print, {1, 2147483647, 2147483647, 4}), false)
    equal(pcall(aigc.dataset.callback, print, {1, 2, 2, 7}), false)
    fails("another context", m.train, m, aigc.dataset.home_designs{n = 2, context = aigc.context{threads = 1}})
    equal(pcall(m.encode, m, aigc.zeros{1, 5, 5, 1}), false)
    equal(pcall(m.encode, m, aigc.zeros({1, 8, 8, 1}, {dtype = "i64"})), false)
    equal(pcall(m.decode, m, {0, 0}), false)
    equal(pcall(m.interpolate, m, {0, 0, 0}, nil), false)
end)
case("files that are none", function()
    local path = check.path(".safetensors")
    local file = assert(io.open(path, "wb"))
    file:write(("no model "):rep(10))
    file:close()
    fails(path, aigc.model.load, path)
    fails(path, aigc.read_tensor, path)
    fails(path, aigc.read_image, path)
end)
