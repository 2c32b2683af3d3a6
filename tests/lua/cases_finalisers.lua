-- Every allocation may collect garbage and so run finalisers: here they close, in the middle of a call, what the call
-- works with. Garbage is collected at every chance, and the n-th collection closes.
local aigc = require "aigc"
local check = require "check"

local function fresh()
    local c = aigc.context{threads = 1}
    local m = check.model{context = c}
    local d = aigc.dataset.callback(function(i) return check.pixels(i), i % 2 end, {4, 8, 8, 1},
        {classes = 2, context = c})
    return {
        c = c, m = m, d = d,
        images = aigc.zeros({2, 8, 8, 1}, {context = c}),
        labels = aigc.tensor({0, 1}, {dtype = "i64", context = c}),
        latents = aigc.zeros({2, 3}, {context = c}),
        half = aigc.zeros({2, 3}, {dtype = "f16", context = c}),
        ints = aigc.zeros({2, 2}, {dtype = "i32", context = c}),
    }
end

-- Closes the objects at the n-th collection from now on.
local function close_at(n, objects)
    local function arm(left)
        check.finaliser(function()
            if left > 1 then return arm(left - 1) end
            for _, object in pairs(objects) do object:close() end
        end)
    end
    arm(n)
end

local calls = {
    context = function(o) aigc.zeros({2}, {context = o.c}) end,
    ["context methods"] = function(o) return o.c:memory(), o.c:cpu(), tostring(o.c) end,
    ["tensor of tables"] = function(o) aigc.tensor({{1, 2}, {3, 4}}, {context = o.c, dtype = "f16"}) end,
    ["tensor of a string"] = function(o) aigc.tensor("abcd", {context = o.c, shape = {2, 2}}) end,
    copy = function(o) aigc.tensor(o.images, {dtype = "u8", shape = {2, 64}}) end,
    read = function(o) aigc.read_tensor("/nowhere.npy", nil, {context = o.c}) end,
    row = function(o) return o.images[1][1] end,
    element = function(o) return o.half[2][3], o.ints[1][1] end,
    ["assign a row"] = function(o) o.latents[1] = o.latents[2] end,
    ["assign another type"] = function(o) o.latents[1] = o.half[2] end,
    ["assign halves"] = function(o) o.half[1] = {1, 2, 3} end,
    ["assign tables"] = function(o) o.ints[1] = {1, 2} end,
    slice = function(o) o.images:slice(1, 1) end,
    reshape = function(o) o.images:reshape{128} end,
    convert = function(o) o.images:convert("u8") end,
    totable = function(o) o.images:totable() end,
    ["halves to tables"] = function(o) o.half:totable() end,
    bytes = function(o) o.images:bytes() end,
    looking = function(o) return #o.images, o.images:shape(), o.images:dtype(), tostring(o.images) end,
    equal = function(o) return o.latents == o.images end,
    save = function(o) o.images:save("/nowhere/x.npy") end,
    array = function(o) aigc.dataset.array(o.images, o.labels, {context = o.c}) end,
    callback = function(o) aigc.dataset.callback(check.pixels, {2, 8, 8, 1}, {context = o.c}) end,
    designs = function(o) aigc.dataset.home_designs{n = 2, height = 16, width = 16, context = o.c} end,
    info = function(o) return o.d:info(), #o.d, tostring(o.d) end,
    batch = function(o) o.d:batch{0, 1} end,
    split = function(o) o.d:split(0.5, "3") end,
    export = function(o) o.d:export("/nowhere/folder") end,
    create = function(o) check.model{context = o.c} end,
    load = function(o) aigc.model.load("/nowhere.safetensors", {context = o.c}) end,
    ["save a model"] = function(o) o.m:save("/nowhere/m.safetensors", {dtype = "f16"}) end,
    train = function(o)
        o.m:train(o.d, {epochs = 2, batch_size = 2, samples = 1, validation = o.d, progress = function() end})
    end,
    ["train step"] = function(o) o.m:train_step(o.images, o.labels, {noise = o.latents}) end,
    evaluate = function(o) o.m:evaluate(o.d, {progress = function() end}) end,
    generate = function(o) o.m:generate{seeds = {1, 2}} end,
    encode = function(o) o.m:encode(o.images, o.labels) end,
    decode = function(o) o.m:decode(o.latents) end,
    ["decode tables"] = function(o) o.m:decode{{1, 2, 3}} end,
    reconstruct = function(o) o.m:reconstruct(o.images) end,
    interpolate = function(o) o.m:interpolate(o.latents[1], o.latents[2], {steps = 2}) end,
    options = function(o) return o.m:options(), o.m:kind(), tostring(o.m) end,
    parameters = function(o) o.m:parameters() end,
    memory = function(o) o.m:memory("train", {batch_size = 2}) end,
    grid = function(o) aigc.make_grid(o.images, {columns = 1}) end,
    ["read an image"] = function(o) aigc.read_image("/nowhere.png", {context = o.c}) end,
    ["save an animation"] = function(o) aigc.save_animation(o.images, "/nowhere/x.png") end,
    ["save an image"] = function(o) aigc.save_image(o.images[1], "/nowhere/x.png") end,
}

for name, call in pairs(calls) do
    check.case(name .. " while finalisers close everything", function()
        for n = 1, 40 do
            local objects = fresh()
            local pause, multiplier = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000)
            collectgarbage() -- only now every allocation is a chance
            close_at(n, objects)
            pcall(call, objects)
            collectgarbage("setpause", pause)
            collectgarbage("setstepmul", multiplier)
            collectgarbage()
            check.equal(host.frames(), 0)
        end
    end)
end
