#!/usr/bin/env python3
"""check_python_names.py SOURCE: docs/python.md has every public name of the package, with its arguments, and no other.

Needs the package and the library on PYTHONPATH and AIGC_LIBRARY or LD_LIBRARY_PATH; run by check_names.py."""
import ast
import inspect
import pathlib
import re
import sys

import aigc
import pages

# What exceptions and mappings have from Python itself is not ours to document.
INHERITED = {name for kind in (Exception, OSError, dict) for name in dir(kind)}


def public_members(kind):
    """Names a class defines, or an ancestor of ours does."""
    ours = [c for c in kind.__mro__ if c.__module__.split(".")[0] == "aigc"]
    return sorted({name for c in ours for name in vars(c) if not name.startswith("_")} - (
        INHERITED if issubclass(kind, Exception) else {"get", "items", "keys", "values"}))


def described(page):
    """name -> arguments (None if only named) of every code span that is a name of the package."""
    found = {}
    for _, span in page.spans():
        match = re.match(r"(?:aigc\.)?([A-Za-z_][\w.]*)(\(.*\))?$", span)
        if match:
            name, arguments = match.groups()
            if name not in found or arguments:
                found.setdefault(name, None)
                if found[name] is None:
                    found[name] = arguments
    return found


def arguments_of(text):
    """Names, kinds and defaults of the arguments in "(a, *, b=1)"."""
    parsed = ast.parse(f"def f{text}: pass").body[0].args
    names = [a.arg for a in parsed.args] + ["*" + a.arg for a in [parsed.vararg] if a]
    names += [a.arg for a in parsed.kwonlyargs] + ["**" + a.arg for a in [parsed.kwarg] if a]
    defaults = [ast.unparse(d) for d in parsed.defaults + [d for d in parsed.kw_defaults if d]]
    return names, defaults


def arguments_in(function):
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name not in ("self", "cls")]
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return ([stars.get(p.kind, "") + p.name for p in parameters],
            [repr(p.default) for p in parameters if p.default is not inspect.Parameter.empty])


def complaints(page):
    found = described(page)
    known = {name: getattr(aigc, name) for name in aigc.__all__}
    for name, thing in list(known.items()):
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            for member in public_members(thing):
                known[f"{name}.{member}"] = inspect.getattr_static(thing, member)
    for name, thing in sorted(known.items()):
        if name not in found:
            yield f"{name} is missing"
            continue
        owner = name.rpartition(".")[0]
        target = getattr(getattr(aigc, owner), name.rpartition(".")[2]) if owner else thing
        if not callable(target) or inspect.isclass(target) and found[name] is None or name == "progress_bar":
            continue
        if found[name] is None:
            yield f"{name} stands there without its arguments"
        elif arguments_of(found[name]) != arguments_in(target):
            yield f"{name}{found[name]} is really {arguments_in(target)}"
    for name in sorted(found):
        head, _, member = name.partition(".")
        if head in known and member and name not in known and not hasattr(getattr(aigc, head), member) and \
                not re.search(rf"self\.{member}\b", inspect.getsource(getattr(aigc, head))):
            yield f"{name} is on the page but not in the package"


def main():
    page = pages.Page(pathlib.Path(sys.argv[1]) / "docs" / "python.md", "docs/python.md")
    wrong = list(complaints(page))
    print("\n".join(f"docs/python.md: {line}" for line in wrong) or "docs/python.md has every name of the package")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
