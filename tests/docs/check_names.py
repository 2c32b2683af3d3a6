#!/usr/bin/env python3
"""check_names.py SOURCE BUILD: docs/python.md and docs/lua.md have every public name of the installed bindings, and
none that is not there. Exit code 77: neither is built."""
import pathlib
import re
import subprocess
import sys
import tempfile

import pages
import run_page
import stage as staging

HERE = pathlib.Path(__file__).parent


def python_complaints(stage):
    done = subprocess.run([run_page.python_program(), str(HERE / "check_python_names.py"), str(stage.source)],
                          env=stage.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.splitlines() if done.returncode else []


def lua_complaints(stage, program):
    done = subprocess.run([program, str(HERE / "check_lua_names.lua")], env=stage.environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    names = set(done.stdout.split("\n")) - {""}
    if done.returncode or not {"m:train(", "aigc.dataset.folder("} <= names:
        return [f"check_lua_names.lua: {done.stdout}"]
    spans = {span for _, span in pages.Page(stage.source / "docs" / "lua.md").spans()}
    described = {m.group() for m in (re.match(r"(?:aigc\.[\w.]+|[cdmt]:\w+)\(", span) for span in spans) if m}
    return ([f"docs/lua.md: {name}) is missing" for name in sorted(names - described)] +
            [f"docs/lua.md: {name}) is on the page but not in the module" for name in sorted(described - names)])


def main():
    wrong, looked = [], []
    with tempfile.TemporaryDirectory(prefix="aigc-docs-names-") as folder:
        stage = staging.Stage(sys.argv[1], sys.argv[2], folder)
        if stage.python_path:
            looked.append("Python")
            wrong += python_complaints(stage)
        programs = run_page.lua_programs(stage)
        if programs:
            looked.append("Lua")
            wrong += lua_complaints(stage, programs[0])
    print("\n".join(wrong) or f"every name is on its page: {' and '.join(looked)}")
    if len(looked) < 2:
        print(f"SKIPPED: only {looked} of the bindings is here")
    return 1 if wrong else 0 if looked else 77


if __name__ == "__main__":
    sys.exit(main())
