"""The long-lived programs of a page: a shell, a Python and a Lua that run its blocks one after the other.

Each reads the number of a block from its standard input, runs the file block-N.*, with what it prints going to
output-N.txt (Python's standard error, where progress is shown, to errors-N.txt), and answers with one line on
descriptor 9. So `cd`, variables and names live on."""
import os
import pathlib
import queue
import subprocess
import threading

TIMEOUT_S = 150

SHELL = """
set -eu
while read -r docs_number docs_folder; do
    cd "$docs_folder"
    . "$DOCS_BLOCKS/block-$docs_number.sh" >"$DOCS_BLOCKS/output-$docs_number.txt" 2>&1 </dev/null
    printf 'ok %s\\n' "$PWD" >&9
done
"""

PYTHON = """
import os, sys, traceback
answers = 9
names = {"__name__": "__main__"}
while True:
    words = sys.stdin.readline().split(None, 1)
    if not words:
        break
    number, folder = words[0], words[1].rstrip("\\n")
    os.chdir(folder)
    blocks = os.environ["DOCS_BLOCKS"]
    for name, descriptor in (("output", 1), ("errors", 2)):
        out = os.open(f"{blocks}/{name}-{number}.txt", os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(out, descriptor)
        os.close(out)
    answer = "ok"
    try:
        path = f"{blocks}/block-{number}.py"
        exec(compile(open(path, encoding="utf-8").read(), path, "exec"), names)
    except BaseException:
        traceback.print_exc()
        answer = "failed"
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(answers, f"{answer} {os.getcwd()}\\n".encode())
"""

LUA = """
local blocks = os.getenv "DOCS_BLOCKS"
local answers = assert(io.open("/dev/fd/9", "w"))
local load_text = loadstring or load
for line in io.lines() do
    local number, folder = line:match "^(%d+) (.*)$"
    local out = assert(io.open(blocks .. "/output-" .. number .. ".txt", "w"))
    local path = blocks .. "/block-" .. number .. ".lua"
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    io.output(out)
    print = function(...)
        for i = 1, select("#", ...) do out:write(i > 1 and "\\t" or "", tostring((select(i, ...)))) end
        out:write "\\n"
    end
    local chunk, reason = load_text(text, "@" .. path)
    local good = chunk ~= nil
    if good then good, reason = xpcall(chunk, debug.traceback) end
    if not good then out:write(tostring(reason), "\\n") end
    out:close()
    answers:write(good and "ok" or "failed", " ", folder, "\\n")
    answers:flush()
end
"""


class Interpreter:
    """One of the programs above; `run` answers (whether it went well, what was printed, folder it is in now)."""

    def __init__(self, command, suffix, blocks, environment, folder):
        self.suffix = suffix
        self.blocks = pathlib.Path(blocks)
        self.answers = queue.Queue()
        read_end, write_end = os.pipe()

        def prepare():
            os.dup2(write_end, 9)

        # Descriptor 9 carries the answers, so that nothing a block prints can be taken for one.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, cwd=folder, pass_fds=(9, write_end),
                                        preexec_fn=prepare, env=dict(environment, DOCS_BLOCKS=str(blocks)),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        os.close(write_end)
        threading.Thread(target=self._listen, args=(os.fdopen(read_end),), daemon=True).start()

    def _listen(self, stream):
        for line in stream:
            self.answers.put(line.rstrip("\n"))
        self.answers.put(None)

    def _read(self, name):
        path = self.blocks / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def run(self, number, text, folder):
        (self.blocks / f"block-{number}.{self.suffix}").write_text(text, encoding="utf-8")
        answer = None
        try:
            self.process.stdin.write(f"{number} {folder}\n")
            self.process.stdin.flush()
            answer = self.answers.get(timeout=TIMEOUT_S)
        except queue.Empty:
            answer = f"failed: it ran longer than {TIMEOUT_S} s"
            self.process.kill()
        except BrokenPipeError:
            pass
        printed = self._read(f"output-{number}.txt")
        if answer is None or not answer.startswith("ok "):
            printed += self._read(f"errors-{number}.txt")
            if answer and not answer.startswith("failed "):
                printed += answer
            if self.process.poll() is not None or answer is None:
                printed += self.process.stderr.read() or "(the interpreter ended)"
            return False, printed, folder
        return True, printed, answer[3:]

    def close(self):
        """Ends it; answers what it says at its end, if it ends badly."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "it did not end"
        errors = self.process.stderr.read()
        self.process.stderr.close()
        return f"it ended with code {code}: {errors}" if code else None


def shell(program, blocks, environment, folder):
    return Interpreter([program, "-c", SHELL], "sh", blocks, environment, folder)


def python(program, blocks, environment, folder):
    return Interpreter([program, "-c", PYTHON], "py", blocks, environment, folder)


def lua(program, blocks, environment, folder):
    driver = pathlib.Path(blocks) / "driver.lua"
    driver.write_text(LUA)
    return Interpreter([program, str(driver)], "lua", blocks, environment, folder)


STARTS = {"sh": shell, "python": python, "lua": lua}
