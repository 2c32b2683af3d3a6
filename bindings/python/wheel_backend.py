"""Builds the wheel (PEP 517): the package with a release build of the library inside. Standard library only."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
MESON_OPTIONS = [
    "-Ddefault_library=shared",
    "-Dbuildtype=release",
    "-Dtools=disabled",
    "-Dpython=disabled",
    "-Dlua=disabled",
    "-Ddocs=disabled",
]


def _header(word):
    with open(os.path.join(SOURCE, "include", "aigc", "version.h"), encoding="utf-8") as file:
        text = file.read()
    return [re.search(rf"#define AIGC_{word}_{part} (\d+)", text).group(1) for part in ("MAJOR", "MINOR", "PATCH")]


def _version():
    return ".".join(_header("VERSION"))


def _tag():
    return "py3-none-" + re.sub(r"[^A-Za-z0-9]", "_", sysconfig.get_platform())


def _run(*command):
    """A tool whose words matter only if it fails. Meson is a Python program and must not see pip's empty world."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    except FileNotFoundError:
        raise SystemExit(f"{command[0]} is needed to build the library and is not here") from None
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace"))
        raise SystemExit(f"failed: {' '.join(command)}")


def _built_library(folder):
    """Path and name in the package of a library built in `folder`, without its symbols for debuggers."""
    _run("meson", "setup", folder, SOURCE, *MESON_OPTIONS)
    _run("ninja", "-C", folder)
    major = _header("API_VERSION")[0]
    name = f"libaigc.{major}.dylib" if sys.platform == "darwin" else f"libaigc.so.{major}"
    path = os.path.join(folder, "lib", name)
    _run("strip", "-x", path) if sys.platform == "darwin" else _run("strip", "--strip-unneeded", path)
    return path, f"aigc/{name}"


def _metadata():
    return (
        f"Metadata-Version: 2.1\nName: aigc\nVersion: {_version()}\n"
        "Summary: Train and run generative models on ordinary CPUs\nLicense: MIT\nRequires-Python: >=3.8\n"
        'Provides-Extra: progress\nRequires-Dist: tqdm; extra == "progress"\n'
    )


def _wheel_tags():
    return f"Wheel-Version: 1.0\nGenerator: libaigc\nRoot-Is-Purelib: false\nTag: {_tag()}\n"


def _license():
    with open(os.path.join(SOURCE, "LICENSE"), "rb") as file:
        return file.read()


class _Wheel:
    """A zip file that lists what is in it, with checksums, as wheels do. Its bytes depend on its contents alone."""

    def __init__(self, path):
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._rows = []

    def add(self, name, data, mode=0o644):
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.external_attr = (0o100000 | mode) << 16
        self._zip.writestr(entry, data, zipfile.ZIP_DEFLATED)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self._rows.append(f"{name},sha256={digest},{len(data)}")

    def add_file(self, name, path, mode=0o644):
        with open(path, "rb") as file:
            self.add(name, file.read(), mode)

    def close(self, record):
        rows = "\n".join([*self._rows, f"{record},,", ""])
        self.add(record, rows.encode())
        self._zip.close()


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Spares pip a build to look at the metadata."""
    info = f"aigc-{_version()}.dist-info"
    os.mkdir(os.path.join(metadata_directory, info))
    for name, text in (("METADATA", _metadata()), ("WHEEL", _wheel_tags())):
        with open(os.path.join(metadata_directory, info, name), "w", encoding="utf-8") as file:
            file.write(text)
    return info


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = f"aigc-{_version()}-{_tag()}.whl"
    info = f"aigc-{_version()}.dist-info"
    wheel = _Wheel(os.path.join(wheel_directory, name))
    package = os.path.join(HERE, "aigc")
    for file in sorted(os.listdir(package)):
        if file.endswith((".py", ".pyi", ".typed")):
            wheel.add_file(f"aigc/{file}", os.path.join(package, file))
    with tempfile.TemporaryDirectory() as folder:
        path, inside = _built_library(folder)
        wheel.add_file(inside, path, 0o755)
    wheel.add(f"{info}/METADATA", _metadata().encode())
    wheel.add(f"{info}/licenses/LICENSE", _license())
    wheel.add(f"{info}/WHEEL", _wheel_tags().encode())
    wheel.close(f"{info}/RECORD")
    return name


def build_sdist(sdist_directory, config_settings=None):
    raise SystemExit("the package has no source distribution of its own: build wheels from libaigc's sources")
