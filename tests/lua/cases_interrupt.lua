-- Ctrl-C in the stand-alone interpreter: it sets a hook, which the next call of a Lua or C function meets. These
-- trainings would go on for hours.
local aigc = require "aigc"
local check = require "check"
local case, fails = check.case, check.fails

local forever = {epochs = 1000000, batch_size = 4, samples = 0}

local function train(options, dataset)
    local given = check.short(options)
    for name, value in pairs(forever) do given[name] = value end
    local m = check.model()
    host.interrupt_in(0.1)
    fails("interrupted!", m.train, m, dataset or check.pictures(), given)
    m:train(check.pictures(), check.short()) -- and it goes on
end

case("a training without callbacks is interrupted", function()
    train(nil, aigc.dataset.array(aigc.zeros{16, 8, 8, 1}))
end)
case("a training with progress is interrupted", function()
    local calls = 0
    train{progress = function() calls = calls + 1 end}
end)
case("a training with pictures from a function is interrupted", function()
    train(nil, check.pictures())
end)
