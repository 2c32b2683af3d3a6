-- What the cases share: named cases, expectations that say what failed, small models and data.
local aigc = require "aigc"
local check = {n = 0, failed = 0}

function check.case(name, fn)
    check.n = check.n + 1
    local ok, message = xpcall(fn, function(e) return type(e) == "string" and debug.traceback(e, 2) or e end)
    if ok and host.frames() ~= 0 then ok, message = false, "an error jumped over the library" end
    if ok then return end
    check.failed = check.failed + 1
    io.stderr:write("FAILED: ", name, "\n", tostring(message), "\n")
end

function check.equal(found, expected, what)
    if found ~= expected then
        error((what or "value") .. " is " .. tostring(found) .. ", not " .. tostring(expected), 2)
    end
end

function check.near(found, expected, tolerance)
    if not (math.abs(found - expected) <= (tolerance or 1e-6)) then
        error("value is " .. tostring(found) .. ", not about " .. tostring(expected), 2)
    end
end

-- Lists of numbers, also nested.
function check.same(found, expected)
    if type(expected) ~= "table" then
        if found ~= expected then error("found " .. tostring(found) .. ", not " .. tostring(expected), 2) end
        return
    end
    if type(found) ~= "table" or #found ~= #expected then error("found another table", 2) end
    for k = 1, #expected do check.same(found[k], expected[k]) end
end

-- The call fails with a string that has all the words.
function check.fails(words, fn, ...)
    local ok, message = pcall(fn, ...)
    if ok then error("no error with '" .. words .. "'", 2) end
    if type(message) ~= "string" then error("the error is a " .. type(message), 2) end
    if not message:find(words, 1, true) then error("the error is '" .. message .. "', without '" .. words .. "'", 2) end
    return message
end

function check.pixels(index) return string.rep(string.char(index * 7 % 256), 64) end

function check.pictures(n, options)
    return aigc.dataset.callback(check.pixels, {n or 8, 8, 8, 1}, options)
end

-- The smallest networks of all kinds; those of check.kind are what check.model() makes.
check.kinds = {
    {name = "vae", options = {hidden_dim = 12, latent_dim = 3}},
    {name = "gan", options = {generator_width = 2, discriminator_width = 2, latent_dim = 3}},
}
check.kind = check.kinds[1]

function check.model(options)
    local given = {height = 8, width = 8, channels = 1, seed = 1}
    for name, value in pairs(check.kind.options) do given[name] = value end
    for name, value in pairs(options or {}) do given[name] = value end
    return aigc.model.create(check.kind.name, given)
end

-- Options of a short training.
function check.short(options)
    local given = {epochs = 2, batch_size = 4, samples = 0}
    for name, value in pairs(options or {}) do given[name] = value end
    return given
end

function check.contents(path)
    local file = assert(io.open(path, "rb"))
    local bytes = file:read("*a")
    file:close()
    return bytes
end

-- An object whose collection calls fn.
function check.finaliser(fn)
    if newproxy then
        local proxy = newproxy(true)
        getmetatable(proxy).__gc = fn
        return proxy
    end
    return setmetatable({}, {__gc = fn})
end

local paths = {}

-- A path that is gone at the end.
function check.path(suffix)
    local path = os.tmpname()
    os.remove(path)
    paths[#paths + 1] = path .. suffix
    return path .. suffix
end

function check.finish()
    for _, path in ipairs(paths) do os.remove(path) end
    print(check.n .. " cases, " .. check.failed .. " failed")
    if check.failed > 0 then error("some cases failed", 0) end
end

-- A file of weights with one tensor.
function check.weights()
    local path = check.path(".npy")
    aigc.tensor{1, 2}:save(path)
    return aigc.open_weights(path)
end

return check
