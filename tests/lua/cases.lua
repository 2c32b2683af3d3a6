-- Runs the cases whose names are given, or all.
local check = require "check"
local names = {...}
if #names == 0 then
    names = {"cases_surface", "cases_tensor", "cases_errors", "cases_callbacks", "cases_lifetime",
        "cases_finalisers", "cases_interrupt"}
end
for _, name in ipairs(names) do require(name) end
check.finish()
