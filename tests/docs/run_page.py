#!/usr/bin/env python3
"""Runs every block of a page: run_page.py SOURCE BUILD PAGE

What a page is written in (the blocks of one page share a folder with photos/ in it, as a reader's session would):

  ```sh        run by one `sh -eu`; folder and variables live on
  ```c, ```cpp a program, or a fragment as c_programs.py explains; -Wall -Wextra -Werror; run
  ```python    run in one Python; a first line "# needs torch, PIL" skips the block where these are not there
  ```lua       run in one state of each Lua that has the module
  ```cmake, ```meson   built, as builds.py explains
  ```json      parsed
  ```text      what the block before it prints, as expected.py compares; "```text figure" is only to look at
  ```console   for people: not run, but checked as for_people.py explains

A block that begins with a comment naming a file ("/* vae.c: …", "# rooms.py: …") is put into the folder under that
name. If a later sh block names the file, that is how it is run."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import builds
import c_programs
import expected
import for_people
import interpreters
import pages
import stage as staging

# Commands that stand in sh blocks but are run by something else, and by what.
ELSEWHERE = {
    "sh tests/run.sh": "itself: it is what runs this",
    "sh examples/quickstart.sh": "the step 'quickstart' of tests/run.sh",
}

# Without these a shell block that uses them is skipped.
OPTIONAL_TOOLS = ["c++", "cmake", "luarocks", "pip"]

PROGRAMS = {"c", "c++", "cpp", "python", "lua"}
LANGUAGES = PROGRAMS | {"sh", "cmake", "meson", "json", "text", "console"}


def file_name(block):
    """The file that a block's first line names, or None."""
    match = re.match(r"\s*(?:/\*|//|#|--)\s*([\w-]+\.(?:c|cpp|py|lua|sh|build))\b", block.text)
    return match.group(1) if match else None


def has_modules(program, modules):
    code = "import importlib, sys\nfor m in sys.argv[1:]: importlib.import_module(m)"
    return subprocess.run([program, "-c", code] + list(modules), stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def python_program(wanted=()):
    """The Python that can run most of what needs these sets of modules; another may stand before the system's."""
    candidates = [p for p in (shutil.which("python3"), "/usr/bin/python3") if p and pathlib.Path(p).exists()]
    if not any(wanted):
        return candidates[0]
    return max(candidates, key=lambda p: sum(has_modules(p, needs) for needs in wanted))


class Runner:
    """Runs one page."""

    def __init__(self, page, stage, folder, luas=()):
        self.page = page
        self.luas = luas
        self.stage = stage
        self.blocks = pathlib.Path(folder) / "blocks"
        self.work = pathlib.Path(folder) / "work"
        self.blocks.mkdir()
        self.work.mkdir()
        stage.fixtures(self.work)
        self.folder = str(self.work)
        self.running = {}
        self.ran = 0
        self.skipped = []
        self.python = python_program([set(b.needs) for b in page.blocks if b.language == "python"])

    def _interpreter(self, language, program):
        if program not in self.running:
            start = interpreters.STARTS[language]
            self.running[program] = start(program, self.blocks, self.stage.environment, self.folder)
        return self.running[program]

    def _run_luas(self, block, number):
        """With each of them; a page's text has to hold for all."""
        printed = []
        for lua in self.luas:
            good, text, _ = self._interpreter("lua", lua).run(number, block.text, self.folder)
            if not good:
                return False, f"with {pathlib.Path(lua).name}: {text}"
            printed.append(text)
        return True, printed

    def _is_run_later(self, block, name):
        later = self.page.blocks[self.page.blocks.index(block) + 1:]
        return any(b.language == "sh" and re.search(r"(?<![\w/])(?:\./)?" + re.escape(name), b.text) for b in later)

    def _run_program(self, block, number):
        name = file_name(block)
        if name:
            (pathlib.Path(self.folder) / name).write_text(block.text, encoding="utf-8")
        written_only = name is not None and self._is_run_later(block, name)
        if block.language in ("c++", "cpp") and not shutil.which("c++"):
            return None, "there is no C++ compiler"
        if block.language in ("c", "c++", "cpp"):
            return c_programs.build_and_run(block.language, block.text, number, self.blocks, self.folder, self.stage,
                                            run=not written_only)
        if written_only:
            return True, ""
        if block.language == "python" and self.stage.python_path is None:
            return None, "the Python package is not installed"
        if block.language == "lua":
            return self._run_luas(block, number) if self.luas else (None, "there is no Lua with the module")
        good, printed, _ = self._interpreter("python", self.python).run(number, block.text, self.folder)
        return good, printed

    def _run_shell(self, block, number):
        lines = [line for line in block.text.split("\n") if line.split("#")[0].strip() not in ELSEWHERE]
        if not any(line.split("#")[0].strip() for line in lines):
            return True, ""
        missing = [tool for tool in OPTIONAL_TOOLS if tool in block.text.split() and not shutil.which(tool)]
        if missing:
            return None, f"{', '.join(missing)} is not here"
        good, printed, self.folder = self._interpreter("sh", "sh").run(number, "\n".join(lines), self.folder)
        return good, printed

    def _run(self, block, number):
        """(True, False or, skipped, None; what was printed)."""
        if block.language not in LANGUAGES:
            return False, f"the language {block.language!r} of a block must be one of {', '.join(sorted(LANGUAGES))}"
        if block.needs and not has_modules(self.python, block.needs):
            return None, f"{self.python} has not all of {', '.join(block.needs)}"
        if block.language == "sh":
            return self._run_shell(block, number)
        if block.language in PROGRAMS:
            return self._run_program(block, number)
        if block.language in ("cmake", "meson"):
            return builds.build(block.language, block.text, number, self.blocks, self.stage)
        if block.language == "json":
            documents = block.text.replace("}\n{", "}\n\n{").split("\n\n")  # one, or one a line
            for document in documents:
                json.loads(document)
            return True, ""
        wrong = for_people.Checker(self.stage).console(block.text)
        return wrong is None, wrong or ""

    def _run_all(self):
        printed = None
        for number, block in enumerate(self.page.blocks):
            if block.language == "text":
                if block.words == ["figure"]:
                    continue
                if printed is None:
                    raise pages.PageError(f"{block.where}: no block before it could have printed this; "
                                          "if it is only to look at, write ```text figure")
                for text in printed:
                    wrong = expected.difference(block.text, text)
                    if wrong:
                        raise pages.PageError(f"{block.where}: {wrong}\n---- all of the output\n{text}")
                printed = None
                continue
            good, said = self._run(block, number)
            if good is False:
                raise pages.PageError(f"{block.where} failed:\n{said}")
            if good is None:
                self.skipped.append(f"{block.where}: {said}")
                printed = []
            else:
                self.ran += 1
                printed = [said] if isinstance(said, str) else said
        for program, interpreter in self.running.items():
            wrong = interpreter.close()
            if wrong:
                raise pages.PageError(f"{self.page.name}: at the end of the blocks of {program} {wrong}")

    def run(self):
        try:
            self._run_all()
        finally:
            for interpreter in self.running.values():
                interpreter.process.kill()
                interpreter.process.wait()
        checker = for_people.Checker(self.stage)
        for line, span in self.page.spans():
            wrong = checker.aigc(span.split()[1:]) if re.match(r"aigc [a-z-]", span) else None
            if wrong:
                raise pages.PageError(f"{self.page.name}:{line}: {wrong}")


def run_page(page, stage, luas=()):
    """Runs a page in a fresh folder; answers the runner, raises PageError."""
    with tempfile.TemporaryDirectory(prefix="aigc-docs-") as folder:
        runner = Runner(page, stage, folder, luas)
        runner.run()
        return runner


def lua_programs(stage):
    """The Lua that the module was installed for, and hosts with the module for all others that the build has found."""
    installed = [program for program in ("lua5.4", "lua5.3", "lua5.2", "lua5.1", "luajit", "lua")
                 if stage.lua_module and shutil.which(program) and subprocess.run(
                     [program, "-e", "require 'aigc'"], env=stage.environment, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL).returncode == 0][:1]
    hosts = sorted(path for path in (stage.build / "tests" / "lua").glob("lua_host_*") if path.is_file())
    return installed + [str(path) for path in hosts if path.name.replace("lua_host_", "") not in installed]


def main():
    source, build, name = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="aigc-docs-stage-") as folder:
        stage = staging.Stage(source, build, folder)
        try:
            page = pages.Page(pathlib.Path(source) / name, name)
            luas = lua_programs(stage) if any(block.language == "lua" for block in page.blocks) else []
            runner = run_page(page, stage, luas)
        except pages.PageError as wrong:
            print(wrong)
            return 1
    for line in runner.skipped:
        print("SKIPPED", line)
    names = [pathlib.Path(program).name.replace("lua_host_", "") for program in luas]
    with_luas = f"; Lua blocks with {', '.join(names)}" if names else ""
    print(f"{name}: {runner.ran} blocks run, {len(runner.skipped)} skipped{with_luas}")
    return 77 if runner.skipped and not runner.ran else 0


if __name__ == "__main__":
    sys.exit(main())
