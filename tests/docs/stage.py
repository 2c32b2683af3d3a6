"""Installs the built tree into a temporary folder, and the environment in which a reader would meet it there."""
import os
import pathlib
import re
import shutil
import subprocess


class Stage:
    def __init__(self, source, build, folder):
        self.source = pathlib.Path(source)
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        root = self.folder / "stage"
        done = subprocess.run(["meson", "install", "-C", str(self.build), "--no-rebuild", "--quiet", "--destdir",
                               str(root)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError("meson install failed:\n" + done.stdout)
        pc = self._one(root, "aigc.pc")
        prefix = re.search(r"^prefix=(.*)$", pc.read_text(), re.M).group(1)
        self.prefix = pathlib.Path(str(root) + prefix)
        for name in ("aigc.pc", "_installed.py"):  # what names the place where it was to be installed
            path = self._one(root, name, need=False)
            if path:
                path.write_text(re.sub(rf"(?<![\w/]){re.escape(prefix)}\b", str(self.prefix), path.read_text()))
        self.pkgconfig = pc.parent
        self.libdir = pc.parent.parent
        self.lua_module = self._one(root, "aigc.so", need=False)
        package = self._one(root, "__init__.py", need=False)
        self.python_path = package.parent.parent if package else None
        self.environment = self._environment()

    @staticmethod
    def _one(root, name, need=True):
        found = sorted(root.rglob(name))
        if not found and need:
            raise RuntimeError(f"meson install has installed no {name}")
        return found[0] if found else None

    def _environment(self):
        e = dict(os.environ)

        def before(name, path, separator=":"):
            e[name] = f"{path}{separator}{e[name]}" if e.get(name) else str(path)

        before("PATH", self.prefix / "bin")
        before("PKG_CONFIG_PATH", self.pkgconfig)
        before("LD_LIBRARY_PATH", self.libdir)
        before("CMAKE_PREFIX_PATH", self.prefix)
        if self.python_path:
            before("PYTHONPATH", self.python_path)
        if self.lua_module:
            e["LUA_CPATH"] = f"{self.lua_module.parent}/?.so;;"
        e.update(LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1", PYTHONIOENCODING="utf-8", COLUMNS="80")
        for name in ("MAKEFLAGS", "AIGC_LIBRARY"):
            e.pop(name, None)
        return e

    def fixtures(self, work):
        """What pages take for granted: the checkout's examples, and photos/, small rooms in folders by class."""
        photos = self.folder / "photos"
        if not photos.exists():
            self.run(["aigc", "draw", "home-designs", "-n", "60", "--quiet", "-o", str(photos)], self.folder)
        shutil.copytree(photos, pathlib.Path(work) / "photos")
        shutil.copytree(self.source / "examples", pathlib.Path(work) / "examples")

    def run(self, command, work):
        done = subprocess.run(command, cwd=work, env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}")
        return done.stdout
