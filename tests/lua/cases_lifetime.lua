-- When objects end: closed twice, finalised twice, in any order, with the state, by <close>.
local aigc = require "aigc"
local check = require "check"
local case, equal, fails, same = check.case, check.equal, check.fails, check.same

local prelude = [[
local aigc = require "aigc"
local function pixels(i) return ("x"):rep(64) end
local function context() return aigc.context{threads = 2} end
local c = context()
local function make(what)
    if what == 1 then return aigc.dataset.callback(pixels, {8, 8, 8, 1}, {context = c}) end
    if what == 2 then
        local options = {height = 8, width = 8, channels = 1, latent_dim = 2, context = c}
        for name, value in pairs(sizes) do options[name] = value end
        return aigc.model.create(kind, options)
    end
    if what == 3 then return aigc.zeros({4, 8, 8, 1}, {context = c}) end
    return context()
end
]]

local sizes = "local kind, sizes = '" .. check.kind.name .. "', {}\n"
for name, value in pairs(check.kind.options) do sizes = sizes .. ("sizes.%s = %d\n"):format(name, value) end

local function runs(code)
    local ok, message = host.state(sizes .. prelude .. code)
    if not ok then error(message, 2) end
end

local function orders(list, at, out)
    at, out = at or 1, out or {}
    if at > #list then
        out[#out + 1] = {list[1], list[2], list[3], list[4]}
        return out
    end
    for k = at, #list do
        list[at], list[k] = list[k], list[at]
        orders(list, at + 1, out)
        list[at], list[k] = list[k], list[at]
    end
    return out
end

for _, o in ipairs(orders{1, 2, 3, 4}) do
    case("a state closes with objects made in order " .. table.concat(o), function()
        runs(("local o = {make(%d), make(%d), make(%d), make(%d)}\nkept = o"):format(o[1], o[2], o[3], o[4]))
    end)
    case("objects are dropped in order " .. table.concat(o), function()
        local objects = {check.pictures(), check.model(), aigc.zeros{2, 2}, aigc.context{threads = 1}}
        objects[2]:train(objects[1], check.short{epochs = 1})
        for _, k in ipairs(o) do
            objects[k] = false
            collectgarbage()
            collectgarbage()
        end
    end)
end

case("finalisers may run twice", function()
    for _, object in ipairs{aigc.zeros{1}, check.model(), check.pictures(), aigc.context{threads = 1}} do
        local finalise = host.finaliser(object)
        finalise(object)
        finalise(object)
        object:close()
        fails("is closed", object.shape or object.kind or object.cpu or object.info, object)
        finalise(object)
    end
end)
case("finalisers take what comes", function()
    local finalise = host.finaliser(aigc.zeros{1})
    for _, other in ipairs{1, "x", {}, print, io.stdout, check.model()} do finalise(other) end
    finalise()
    finalise(nil)
end)
case("rows and parameters outlive what they are of", function()
    local m = check.model()
    local _, p = next(m:parameters())
    while #p:shape() < 2 do
        _, p = next(m:parameters(), _)
    end
    local shape = p:shape()
    m:close()
    m = nil
    collectgarbage()
    collectgarbage()
    same(p:shape(), shape)
    local row = p[1]
    p:close()
    p = nil
    collectgarbage()
    equal(#row, shape[2])
    local d = aigc.dataset.array(aigc.zeros{2, 4, 4, 1})
    collectgarbage()
    same((d:batch{0}):shape(), {1, 4, 4, 1})
end)
case("a dataset in a training may be forgotten", function()
    local m = check.model()
    m:train(check.pictures(), check.short{progress = function() collectgarbage() end})
end)
case("a state closes after errors", function()
    runs[[
        local m, d = make(2), make(1)
        pcall(m.train, m, d, {progress = function() error("x") end})
        pcall(m.train, m, d, {x = 1})
        pcall(aigc.tensor, {{1}, {}})
    ]]
end)
case("a state closes while a coroutine waits with objects", function()
    runs[[
        co = coroutine.wrap(function()
            local m, d = make(2), make(1)
            coroutine.yield()
            m:train(d)
        end)
        co()
    ]]
end)
case("objects are used from another finaliser", function()
    runs[[
        local function finaliser(fn)
            if newproxy then
                local p = newproxy(true)
                getmetatable(p).__gc = fn
                return p
            end
            return setmetatable({}, {__gc = fn})
        end
        local t, m, d = make(3), make(2), make(1)
        before = finaliser(function()
            pcall(function() return t[1] end)
            pcall(m.generate, m)
            pcall(m.train, m, d, {epochs = 1})
            pcall(tostring, t)
            t:close()
        end)
        local calls = 0
        local function drop()
            local a = make(3)
            finaliser(function()
                pcall(function() a[1] = 1 end)
                a:close()
                calls = calls + 1
            end)
        end
        drop()
        collectgarbage()
        collectgarbage()
        assert(calls == 1)
    ]]
end)
case("objects are made by finalisers while the state closes", function()
    runs[[
        local function finaliser(fn)
            if newproxy then
                local p = newproxy(true)
                getmetatable(p).__gc = fn
                return p
            end
            return setmetatable({}, {__gc = fn})
        end
        after = finaliser(function()
            kept = {aigc.zeros{10}, make(2), make(1), context()}
            kept[2]:train(kept[3], {epochs = 1})
        end)
    ]]
end)
case("finalisers from before the module see closed objects", function()
    local ok, message = host.state[[
        local function finaliser(fn)
            if newproxy then
                local p = newproxy(true)
                getmetatable(p).__gc = fn
                return p
            end
            return setmetatable({}, {__gc = fn})
        end
        local aigc
        early = finaliser(function()
            local ok, message = pcall(function() return #object end)
            if ok or not message:find("closed") then print("FAILED", ok, message) os.exit(1) end
            ok, message = pcall(aigc.zeros, {1})
            if ok or not message:find("closing") then print("FAILED", ok, message) os.exit(1) end
            object:close()
        end)
        aigc = require "aigc"
        object = aigc.zeros{3}
    ]]
    equal(ok, true, message)
end)
case("the module is required again", function()
    runs[[
        local t = make(3)
        package.loaded.aigc = nil
        local again = require "aigc"
        assert(again ~= aigc and #t == 4 and again.tensor(t) == t)
    ]]
end)
case("states do not know each other", function()
    runs "aigc.default_context()"
    runs "aigc.default_context()"
    equal(#aigc.zeros{3}, 3)
end)
case("<close> closes", function()
    if tonumber(_VERSION:match("%d+%.%d+")) < 5.4 then return end
    local chunk = assert(load[[
        local aigc = ...
        local kept
        do
            local t <close> = aigc.zeros{3}
            kept = t
        end
        assert(tostring(kept) == "aigc.tensor (closed)")
        pcall(function()
            local c <close> = aigc.context{threads = 1}
            kept = c
            error("x")
        end)
        assert(tostring(kept) == "aigc.context (closed)")
    ]])
    chunk(aigc)
end)
case("large tensors that nobody holds are collected in time", function()
    local c = aigc.context{threads = 1}
    local kept = aigc.zeros({1000, 1000}, {context = c})
    for _ = 1, 100 do
        local t = aigc.zeros({1000, 1000}, {context = c})
        t[1][1] = 1
    end
    local _, peak = c:memory()
    assert(peak < 150e6, peak)
    equal(#kept, 1000)
end)
case("two hundred lives leave nothing", function()
    local function live() return (aigc.default_context():memory()) end
    local function one()
        local m, d = check.model(), check.pictures()
        m:train(d, check.short{epochs = 1})
        m:generate{n = 2}
        local a, b = d:split(0.5)
        a:batch{0}
    end
    one()
    collectgarbage()
    collectgarbage()
    local before = live()
    for _ = 1, 10 do
        for _ = 1, 20 do one() end
        collectgarbage()
        collectgarbage()
        equal(live(), before, "memory")
    end
end)
