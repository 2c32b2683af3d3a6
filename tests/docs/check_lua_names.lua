-- Prints every public name of the module, one a line, as docs/lua.md writes them: "aigc.zeros(", "m:train(".
local aigc = require "aigc"

local function show(prefix, names)
    for name, value in pairs(names) do
        if type(value) == "table" then show(prefix .. name .. ".", value)
        elseif type(name) == "string" and not name:match "^__" then print(prefix .. name .. "(") end
    end
end

local function methods(letter, object)
    local index = debug.getmetatable(object).__index
    if type(index) == "function" then index = select(2, debug.getupvalue(index, 1)) end
    show(letter .. ":", assert(index))
end

show("aigc.", aigc)
methods("c", aigc.context{threads = 1})
methods("d", aigc.dataset.home_designs{n = 4})
methods("m", aigc.model.create "vae")
methods("t", aigc.zeros{1})
