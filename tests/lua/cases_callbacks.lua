-- Lua functions that the library calls: what they see, raise, yield and close.
local aigc = require "aigc"
local check = require "check"
local case, equal, fails, same = check.case, check.equal, check.fails, check.same

local function train(progress, options)
    local m, d = check.model(), check.pictures()
    local given = check.short(options)
    given.progress = progress
    m:train(d, given)
end

case("progress says where a training stands", function()
    local calls, last = 0, nil
    train(function(p)
        calls = calls + 1
        last = p
    end, {epochs = 3, samples = 4})
    assert(calls >= 3)
    equal(last.phase, "train")
    equal(last.epoch, 3)
    equal(last.epochs, 3)
    equal(last.step, last.steps)
    equal(last.steps, 2)
    equal(last.images, 24)
    assert(last.seconds >= 0 and last.metrics.loss > 0)
    equal(last.validation, nil)
    same(last.preview:shape(), {4, 8, 8, 1}) -- it may be kept
end)
case("validation is measured", function()
    local last
    train(function(p) last = p end, {validation = check.pictures(4)})
    assert(last.validation.loss > 0)
end)
case("evaluate has progress, too", function()
    local phase
    check.model():evaluate(check.pictures(), {progress = function(p) phase = p.phase end})
    equal(phase, "evaluate")
end)
case("a true answer stops", function()
    for _, answer in ipairs{true, 1, 0, "stop", {}} do
        fails("stopped by its progress callback", train, function() return answer end)
    end
    train(function() return false end)
    train(function() return nil end)
    train(function() end)
    local m = check.model()
    fails("progress callback", m.evaluate, m, check.pictures(), {progress = function() return true end})
end)
case("an error in progress comes out as it was", function()
    local thrown = {}
    local ok, caught = pcall(train, function() error(thrown) end)
    equal(ok, false)
    equal(caught, thrown)
    fails("mine", train, function() error("mine", 0) end)
    fails("attempt to", train, function() return nil + 1 end)
    local nothing = {pcall(train, function() error() end)}
    equal(nothing[1], false)
    equal(nothing[2], nil)
end)
case("progress is not called again after an error", function()
    local calls = 0
    pcall(train, function()
        calls = calls + 1
        error("x")
    end, {epochs = 50})
    equal(calls, 1)
end)
case("a model trains on after an error and a stop", function()
    local m, d = check.model(), check.pictures()
    pcall(m.train, m, d, check.short{progress = function() error("x") end})
    pcall(m.train, m, d, check.short{progress = function() return true end})
    m:train(d, check.short())
end)
case("a yield in progress is an error", function()
    local co = coroutine.wrap(function() return pcall(train, function() coroutine.yield(1) end) end)
    local ok, message = co()
    equal(ok, false)
    assert(tostring(message):find("yield"), message)
    equal(host.frames(), 0)
end)
case("a training runs in a coroutine, and coroutines in its callback", function()
    local co = coroutine.wrap(function()
        local sum = 0
        train(function()
            for k in coroutine.wrap(function() for k = 1, 3 do coroutine.yield(k) end end) do sum = sum + k end
        end)
        coroutine.yield(sum)
        return "done"
    end)
    assert(co() >= 12)
    equal(co(), "done")
end)
case("progress may close everything", function()
    for _, at in ipairs{1, 2} do
        local c = aigc.context{threads = 2}
        local m = aigc.model.create("vae", {hidden_dim = 8, latent_dim = 2, context = c})
        local d = aigc.dataset.home_designs{n = 8, height = 16, width = 16, context = c}
        local v = aigc.dataset.home_designs{n = 4, height = 16, width = 16, context = c}
        m:train(d, {epochs = 3, samples = 2, batch_size = 4, validation = v, progress = function(p)
            if p.epoch < at then return end
            m:close() d:close() v:close() c:close()
            if p.preview then p.preview:close() end
            collectgarbage()
        end})
        fails("the model is closed", m.generate, m)
    end
end)
case("calls on the context are refused inside, not harmful", function()
    local m, d = check.model(), check.pictures()
    local t = aigc.tensor{{1, 2}, {3, 4}}
    local seen = 0
    m:train(d, check.short{epochs = 1, progress = function()
        for _, fn in ipairs{function() m:generate() end, function() m:train(d) end, function() aigc.zeros{1} end,
            function() d:batch{0} end, function() m:kind() end, function() t:convert("u8") end} do
            fails("callback", fn)
        end
        equal(t[2][1], 3)
        t[1] = {8, 9}
        equal(#d, 8)
        equal(tostring(m), "aigc.model (busy)")
        local other = aigc.context{threads = 1}
        equal(aigc.zeros({2}, {context = other})[1], 0)
        seen = seen + 1
    end})
    assert(seen >= 1)
    equal(t[1][2], 9)
end)
case("another model trains inside a callback", function()
    local trained = 0
    train(function()
        local c = aigc.context{threads = 1}
        local m = aigc.model.create("vae", {hidden_dim = 4, latent_dim = 2, context = c})
        local d = aigc.dataset.callback(check.pixels, {4, 8, 8, 1}, {context = c})
        m:train(d, check.short{epochs = 1, progress = function() trained = trained + 1 end})
        fails("inner", m.train, m, d, check.short{progress = function() error("inner", 0) end})
    end)
    assert(trained >= 2)
end)
case("cancel from a callback", function()
    fails("cancel", train, function() aigc.default_context():cancel() end, {epochs = 5})
    pcall(check.model().train, check.model(), check.pictures(), check.short())
end)
case("garbage is collected in callbacks", function()
    train(function()
        for _ = 1, 20 do local _ = {tostring({})} end
        collectgarbage()
        collectgarbage()
    end)
end)
case("deep recursion in a callback is an error", function()
    local function deeper(n) return 1 + deeper(n + 1) end
    fails("overflow", train, function() deeper(1) end)
end)
case("error objects with __tostring and huge strings", function()
    fails("x", train, function() error(("x"):rep(100000), 0) end)
end)

-- ---- pictures from a function ----

local function pictures(fn, options) return aigc.dataset.callback(fn, {6, 8, 8, 1}, options) end

case("pictures are strings or u8 tensors", function()
    local t = aigc.tensor(check.pixels(1), {shape = {8, 8, 1}})
    local d = pictures(function(index) return index % 2 == 0 and check.pixels(1) or t end)
    local images = d:batch{0, 1}
    equal(images[1] == images[2], true)
    check.near(images[1][1][1][1], 7 / 255)
end)
case("the function gets indices from 0", function()
    local seen = {}
    pictures(function(index)
        seen[#seen + 1] = index
        return check.pixels(index)
    end):batch{5, 0, 5}
    same(seen, {5, 0, 5})
end)
case("what is no picture is refused", function()
    local t = aigc.zeros{64}
    local gone = aigc.tensor(check.pixels(1))
    gone:close()
    for words, answer in pairs{["gave a number"] = 3, ["63 bytes for a picture of 64"] = ("x"):rep(63),
        ["gave a table"] = {1}, ["not u8"] = t, ["is closed"] = gone} do
        local d = pictures(function() return answer end)
        fails(words, d.batch, d, {0})
        fails(words, check.model().train, check.model(), d, check.short())
    end
    local d = pictures(function() end)
    fails("gave a nil", d.batch, d, {0})
end)
case("labels are checked", function()
    for _, label in ipairs{2, -1} do
        local d = pictures(function(i) return check.pixels(i), label end, {classes = 2})
        fails("label", d.batch, d, {0})
    end
    local d = pictures(function(i) return check.pixels(i), "1" end, {classes = 2})
    fails("label that is no whole number", d.batch, d, {0})
    d = pictures(function(i) return check.pixels(i), 0.5 end, {classes = 2})
    fails("label that is no whole number", d.batch, d, {0})
    d = pictures(function(i) return check.pixels(i) end, {classes = 2})
    same(select(2, d:batch{0}):totable(), {0})
end)
case("an error in the function comes out of every call", function()
    local thrown = {}
    local d = pictures(function() error(thrown) end)
    local m = check.model()
    for _, call in ipairs{function() d:batch{0} end, function() m:train(d, check.short()) end,
        function() m:evaluate(d) end, function() d:export(check.path("")) end,
        function() m:train(check.pictures(), check.short{validation = d}) end} do
        local ok, caught = pcall(call)
        equal(ok, false)
        equal(caught, thrown)
    end
end)
case("a yield in the function is an error", function()
    local d = pictures(function() coroutine.yield() end)
    local ok, message = coroutine.wrap(function() return pcall(d.batch, d, {0}) end)()
    equal(ok, false)
    assert(tostring(message):find("yield"))
end)
case("training calls the function in this thread, whatever is asked", function()
    local here, calls = host.thread(), 0
    local d = pictures(function(i)
        equal(host.thread(), here)
        calls = calls + 1
        return check.pixels(i)
    end, {background = true})
    local m = check.model()
    local a, b = d:split(0.5)
    m:train(d, check.short{epochs = 3, validation = b})
    m:train(a, check.short{validation_split = 0.4})
    m:evaluate(b)
    assert(calls >= 12)
end)
case("the function may close its dataset, model and context", function()
    local c = aigc.context{threads = 1}
    local d, m
    local n = 0
    d = aigc.dataset.callback(function(i)
        n = n + 1
        d:close()
        if m then m:close() end
        c:close()
        collectgarbage()
        return check.pixels(i)
    end, {6, 8, 8, 1}, {context = c})
    local images = d:batch{0, 1, 2}
    same(images:shape(), {3, 8, 8, 1})
    equal(n, 3)
    c = aigc.context{threads = 1}
    m = aigc.model.create("vae", {hidden_dim = 4, latent_dim = 2, context = c})
    d = aigc.dataset.callback(function(i)
        d:close() m:close() c:close()
        return check.pixels(i)
    end, {6, 8, 8, 1}, {context = c})
    m:train(d, check.short())
    fails("the model is closed", m.kind, m)
end)
case("the function may ask nothing of its own dataset", function()
    local d
    d = pictures(function(i)
        fails("callback", d.batch, d, {0})
        fails("callback", d.split, d, 0.5)
        equal(#d, 6)
        return check.pixels(i)
    end)
    d:batch{0, 1}
end)
case("splits go on when the dataset is closed and forgotten", function()
    local calls = 0
    local d = pictures(function(i)
        calls = calls + 1
        return check.pixels(i)
    end)
    local a, b = d:split(0.5)
    d:close()
    d = nil
    collectgarbage()
    collectgarbage()
    local first, second = a:split(0.5)
    a:close()
    a = nil
    collectgarbage()
    first:batch{0}
    second:batch{0}
    b:batch{0}
    check.model():train(b, check.short{validation = first})
    assert(calls > 3)
end)
case("a function that holds its dataset is collected with it", function()
    local seen = setmetatable({}, {__mode = "k"})
    do
        local d
        local function fn(i) return check.pixels(i), d end
        d = pictures(fn)
        seen[fn] = true
    end
    for _ = 1, 4 do collectgarbage() end
    equal(next(seen), nil)
end)
case("errors of progress and pictures in one training", function()
    local d = pictures(function(i)
        if i == 3 then error("picture", 0) end
        return check.pixels(i)
    end)
    local m = check.model()
    local ok, message = pcall(m.train, m, d, check.short{epochs = 40, progress = function() error("progress", 0) end})
    equal(ok, false)
    assert(message == "picture" or message == "progress")
end)
