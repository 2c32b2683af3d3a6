-- Runs the cases whose names are given, or all.
local check = require "check"
local names = {...}
if #names == 0 then
    names = {"cases_surface", "cases_tensor", "cases_errors", "cases_callbacks", "cases_lifetime",
        "cases_finalisers", "cases_interrupt"}
end
local of_all_kinds = {cases_lifetime = true, cases_finalisers = true, cases_interrupt = true}
for _, name in ipairs(names) do
    for k = 1, of_all_kinds[name] and #check.kinds or 1 do
        check.kind = check.kinds[k]
        package.loaded[name] = nil
        require(name)
    end
    check.kind = check.kinds[1]
end
check.finish()
