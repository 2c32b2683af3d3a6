"""Every function and record has in Python the types that the headers give it."""

import ctypes
import os
import re
import unittest

from support import SOURCE, aigc, main
from aigc import _errors, _library

NUMBERS = {
    "int32_t": ctypes.c_int32,
    "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64,
    "double": ctypes.c_double,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "uint8_t": ctypes.c_uint8,
    "void": None,
    "aigc_status_t": ctypes.c_int32,
    "aigc_dtype_t": ctypes.c_int32,
}
CALLBACKS = {
    "aigc_log_fn": _library.LogFunction,
    "aigc_release_fn": _library.ReleaseFunction,
    "aigc_dataset_fn": _library.DatasetFunction,
    "aigc_progress_fn": _library.ProgressFunction,
}
RECORDS = {
    "aigc_option_info_t": _library.OptionInfo,
    "aigc_weights_entry_t": _library.WeightsEntry,
    "aigc_weights_value_t": _library.WeightsValue,
    "aigc_metrics_t": _library.Metrics,
    "aigc_progress_t": _library.ProgressRecord,
}
HANDLES = {f"aigc_{noun}_t" for noun in ("context", "tensor", "options", "dataset", "model", "weights")}
LEFT_OUT = {"aigc_context_create_with", "aigc_options_parse"}  # own allocators, and what keyword arguments do


def headers():
    folder = os.path.join(SOURCE, "include", "aigc")
    text = ""
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text += file.read()
    return re.sub(r"^\s*#.*$", "", re.sub(r"/\*.*?\*/", " ", text, flags=re.S), flags=re.M), text


def ctype_of(words):
    """The ctypes type of a C type, which is spelled without its variable's name."""
    words = words.replace("const", " ").strip()
    name, stars = words.rstrip("* "), words.count("*")
    if name in CALLBACKS and not stars:
        return CALLBACKS[name]
    if name in HANDLES or (name == "void" and stars):
        kind, stars = ctypes.c_void_p, stars - 1
    elif name == "char" and stars:
        kind, stars = ctypes.c_char_p, stars - 1
    else:
        kind = RECORDS[name] if name in RECORDS else NUMBERS[name]
    for _ in range(stars):
        kind = ctypes.POINTER(kind)
    return kind


def split_variable(words):
    """Type and name of `const char *name` or `double values[MAX]`."""
    match = re.fullmatch(r"(.*?)(\w+)(?:\[(\w+)\])?", words.strip(), re.S)
    return match.group(1), match.group(2), match.group(3)


class Headers(unittest.TestCase):
    code, text = headers()

    def constant(self, name):
        return int(name) if name.isdigit() else int(re.search(rf"{name} = (-?\d+)", self.code).group(1))

    def functions(self):
        for result, name, arguments in re.findall(r"AIGC_API ([\w\s]+[*\s])(aigc_\w+)\(([^)]*)\);", self.code):
            if name in LEFT_OUT:
                continue
            kinds = (
                ()
                if arguments.strip() == "void"
                else tuple(ctype_of(split_variable(argument)[0]) for argument in arguments.split(","))
            )
            yield name, (ctype_of(result), kinds)

    def test_every_function_has_the_types_of_its_header(self):
        declared = dict(self.functions())
        self.assertGreater(len(declared), 60)
        self.assertEqual(set(declared), set(_library.PROTOTYPES))
        for name, (result, arguments) in _library.PROTOTYPES.items():
            with self.subTest(name):
                self.assertEqual(declared[name], (result, tuple(arguments)))
                function = getattr(_library.lib, name)
                self.assertIs(function.restype, result)
                self.assertEqual(tuple(function.argtypes), tuple(arguments))

    def test_callbacks_have_the_types_of_their_headers(self):
        found = re.findall(r"typedef (\w+) \(\*(aigc_\w+_fn)\)\(([^)]*)\);", self.code)
        self.assertEqual({name for _, name, _ in found}, set(CALLBACKS))
        for result, name, arguments in found:
            with self.subTest(name):
                self.assertEqual(CALLBACKS[name]._restype_, ctype_of(result))
                self.assertEqual(
                    tuple(CALLBACKS[name]._argtypes_),
                    tuple(ctype_of(split_variable(argument)[0]) for argument in arguments.split(",")),
                )

    def test_records_have_the_fields_of_their_headers(self):
        for name, record in RECORDS.items():
            body = re.search(r"typedef struct \w+ \{([^}]*)\} " + name, self.code).group(1)
            fields = []
            for line in filter(None, map(str.strip, body.split(";"))):
                first, *others = line.split(",")
                kind, field, length = split_variable(first)
                for field in [field, *map(str.strip, others)]:
                    base = ctypes.c_char if kind.strip() == "char" else ctype_of(kind)
                    fields.append((field, base * self.constant(length) if length else base))
            self.assertEqual(record._fields_, fields, name)

    def test_every_status_has_its_class(self):
        statuses = dict(re.findall(r"(AIGC_ERROR_\w+) = (-\d+)", self.code))
        self.assertEqual({int(status) for status in statuses.values()}, set(_errors.CLASSES))
        for name, status in statuses.items():
            self.assertEqual(_library.lib.aigc_status_name(int(status)), name.encode())
            word = "".join(map(str.capitalize, name.split("_")[2:]))
            expected = {"Memory": "OutOfMemory", "Io": "File"}.get(word, word) + "Error"
            self.assertEqual(_errors.CLASSES[int(status)].__name__, expected)
            self.assertIs(getattr(aigc, expected), _errors.CLASSES[int(status)])

    def test_the_interface_has_the_major_version_the_package_is_for(self):
        self.assertEqual(int(re.search(r"AIGC_API_VERSION_MAJOR (\d+)", self.text).group(1)), _library.API_MAJOR)
        project = [re.search(rf"AIGC_VERSION_{part} (\d+)", self.text).group(1) for part in ("MAJOR", "MINOR", "PATCH")]
        self.assertEqual(aigc.__version__, ".".join(project))


if __name__ == "__main__":
    main()
