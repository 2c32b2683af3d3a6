"""```meson and ```cmake blocks: built in a project of their own, every source they name being examples/vae.c."""
import re
import shutil
import subprocess


def _run(commands, folder, stage):
    printed = ""
    for command in commands:
        done = subprocess.run(command, cwd=folder, env=stage.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=150)
        printed += done.stdout
        if done.returncode:
            return False, printed
    return True, printed


def build(language, text, number, blocks, stage):
    """(whether it went well, what was printed)."""
    folder = blocks / f"build-{number}"
    folder.mkdir()
    cmake = language == "cmake"
    if "project(" not in text:
        head = "cmake_minimum_required(VERSION 3.16)\nproject(page C)\n" if cmake else "project('page', 'c')\n"
        text = head + text
    (folder / ("CMakeLists.txt" if cmake else "meson.build")).write_text(text)
    for source in set(re.findall(r"[\w-]+\.c\b", text)):
        shutil.copy(stage.source / "examples" / "vae.c", folder / source)
    if cmake:
        if not shutil.which("cmake"):
            return None, "cmake is not here"
        return _run([["cmake", "-S", ".", "-B", "b"], ["cmake", "--build", "b"]], folder, stage)
    return _run([["meson", "setup", "--wrap-mode=nodownload", "b"], ["meson", "compile", "-C", "b"]], folder, stage)
