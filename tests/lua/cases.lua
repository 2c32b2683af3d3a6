-- Runs all cases of the module.
local check = require "check"
for _, name in ipairs{"cases_surface", "cases_tensor", "cases_errors", "cases_callbacks", "cases_lifetime"} do require(name) end
check.finish()
