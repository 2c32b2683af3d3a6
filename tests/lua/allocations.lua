-- Every call of the module with Lua's allocator failing at allocation 1, 2, ...: no crash, nothing left behind, no
-- error that jumps over the library.
local aigc = require "aigc"
local check = require "check"

local function live() return (aigc.default_context():memory()) end

local m, d = check.model(), check.pictures(4)
local labelled = aigc.dataset.callback(function(i) return check.pixels(i), i % 2 end, {4, 8, 8, 1}, {classes = 2})
local images = d:batch{0, 1}
local latents = m:encode(images)
local half = latents:convert("f16")
local numbers = aigc.tensor{{1, 2}, {3, 4}}
local npz = check.path(".npz")
local npy, png, safetensors = check.path(".npy"), check.path(".png"), check.path(".safetensors")
numbers:save(npy)
aigc.save_image(images[1], png)
m:save(safetensors)
local c = aigc.context{threads = 1}

local function nothing() end

local scenarios = {
    {"context", function() aigc.context{threads = 1, cpu = "auto"} end},
    {"context methods", function() c:memory() c:threads() c:cpu() tostring(c) end},
    {"tensor of tables", function() aigc.tensor({{1, 2}, {3, 4}}, {dtype = "i32", shape = {4}}) end},
    {"tensor of halves", function() aigc.tensor({1, 2}, {dtype = "f16"}) end},
    {"tensor of a string", function() aigc.tensor("abcd", {dtype = "f32"}) end},
    {"copy", function() aigc.tensor(numbers, {dtype = "u8", shape = {4}}) end},
    {"zeros", function() aigc.zeros({2, 2}, {dtype = "u8"}) end},
    {"read_tensor", function() aigc.read_tensor(npy) end},
    {"rows", function() return numbers[1][2], #numbers[2] end},
    {"half element", function() return half[1][1] end},
    {"assign", function() numbers[1] = {5, 6} numbers[2] = 3 numbers[1] = numbers[2] end},
    {"assign halves", function() half[1] = {1, 2, 3} half[2] = 3 end},
    {"slice", function() numbers:slice(1, 1) numbers:reshape{4} numbers:convert("u8") end},
    {"totable", function() numbers:totable() half:totable() numbers:shape() numbers:dtype() end},
    {"bytes", function() numbers:bytes() tostring(numbers) aigc.zeros{1}:item() end},
    {"tensor save", function() numbers:save(npy) end},
    {"bad dtype", function() pcall(aigc.zeros, {1}, {dtype = "f64"}) end},
    {"ragged", function() pcall(aigc.tensor, {{1}, {2, 3}}) end},
    {"home designs", function() aigc.dataset.home_designs{n = 2, height = 16, width = 16} end},
    {"array", function() aigc.dataset.array(images, {0, 1}) end},
    {"callback", function() aigc.dataset.callback(nothing, {4, 8, 8, 1}, {classes = 2}) end},
    {"info", function() labelled:info() return #labelled, tostring(labelled) end},
    {"batch", function() labelled:batch{0, 1} end},
    {"split", function() d:split(0.5, "7") end},
    {"create", function() check.model{hidden_dim = {4, 3}, loss = "mse", sigma = 0.5} end},
    {"create fails", function() pcall(aigc.model.create, "vae", {hidden_dim = {}, latent_dimm = 2}) end},
    {"load", function() aigc.model.load(safetensors) end},
    {"save", function() m:save(safetensors, {dtype = "f32"}) end},
    {"load_weights", function() m:load_weights(safetensors) end},
    {"train", function() m:train(labelled, check.short{epochs = 1}) end},
    {"train with progress", function()
        local function progress(p) return p.images > 99 end
        m:train(d, check.short{epochs = 2, samples = 1, validation = labelled, progress = progress})
    end},
    {"train and fail", function() pcall(m.train, m, d, check.short{progress = function() error("x") end}) end},
    {"train_step", function() m:train_step(images, nil, {noise = latents, learning_rate = 1e-3}) end},
    {"evaluate", function() m:evaluate(labelled, {progress = nothing}) end},
    {"generate", function() m:generate{seeds = {1, 2}, temperature = 0.5} end},
    {"encode", function() m:encode(images, {0, 1}) end},
    {"decode", function() m:decode{{0, 0, 0}, {1, 1, 1}} end},
    {"reconstruct", function() m:reconstruct(images) end},
    {"interpolate", function() m:interpolate({0, 0, 1}, {1, 0, 0}, {steps = 2}) end},
    {"model options", function() m:options() m:kind() tostring(m) m:memory("train", {batch_size = 4}) end},
    {"parameters", function() m:parameters() end},
    {"pictures", function() aigc.read_image(png, {channels = 3}) aigc.save_image(images[1], png) end},
    {"grids", function() aigc.make_grid(images, {columns = 1}) aigc.save_grid(images, png) end},
    {"animation", function() aigc.save_animation(images, png, {loops = 1}) end},
    {"resize", function() aigc.resize(images, {height = 4, width = 4}) end},
    {"tables", function() aigc.options("vae", "generate") aigc.kinds("model") aigc.version() aigc.build_info() end},
    {"all tables", function() tostring(aigc.options("vae").generate) end},
    {"weights", function()
        local w = aigc.open_weights(safetensors)
        w:names() w:entry("fc1.weight") w:values() w:opaque() w:format() tostring(w)
        w:read("fc1.bias", "f16") w:save(npz, {select = "fc1."})
        return #w
    end},
    {"default context", function() return aigc.default_context() end},
}

local total = host.open_failing()
for _, scenario in ipairs(scenarios) do
    local ok, runs = pcall(host.sweep, scenario[2], live)
    if not ok then
        io.stderr:write("FAILED: ", scenario[1], ": ", tostring(runs), "\n")
        check.failed = check.failed + 1
    else
        total = total + runs
    end
    check.n = check.n + 1
end
print(total .. " runs")
check.finish()
