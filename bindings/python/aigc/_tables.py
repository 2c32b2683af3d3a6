"""The library's tables of kinds, verbs and options, and docstrings made of them."""

from __future__ import annotations

from _collections_abc import Mapping
from ctypes import byref, c_char_p, sizeof
from types import MethodType

from ._errors import NotFoundError, last_error
from ._library import OptionInfo, lib
from ._values import text_of


def _rows(function, *arguments):
    """Names and help of what a function numbers from 0."""
    index, rows = 0, {}
    while True:
        name, help_text = c_char_p(), c_char_p()
        status = function(*arguments, index, byref(name), byref(help_text))
        if status:
            if index == 0 or status != NotFoundError.status:
                raise last_error(status)
            return rows
        rows[name.value.decode()] = help_text.value.decode()
        index += 1


def kinds(noun: str) -> dict[str, str]:
    """Names of the kinds of a noun, "model" or "dataset", each with one line about it."""
    return _rows(lib.aigc_kind_info, text_of(noun, "noun"))


def verbs(kind: str | None = None) -> dict[str, str]:
    """Names of the verbs of a kind (None: of those that need none), each with one line about it."""
    return _rows(lib.aigc_verb_info, None if kind is None else text_of(kind, "kind"))


class Option:
    """One row of a table."""

    def __init__(self, info: OptionInfo) -> None:
        self.name = info.name.decode()
        self.type = info.type.decode()
        self.default = info.default_value.decode()
        self.range = info.range.decode()
        self.help = info.help.decode()

    def __repr__(self) -> str:
        return f"aigc.Option({self.name!r}: {self.type}, default {self.default!r}, range {self.range!r}: {self.help})"

    def head(self) -> str:
        return f"{python_name(self.name)}={self.default or 'None'}"

    def limits(self) -> str:
        """What it may be: "int 1..10", "bce|mse"."""
        if self.type == "bool" or not self.range:
            return self.type
        return self.range if self.type == "choice" else f"{self.type} {self.range}"


def python_name(name: str) -> str:
    """Python's own words get an underscore behind, as is usual."""
    from keyword import iskeyword

    name = name.replace("-", "_")
    return name + "_" if iskeyword(name) else name


class OptionTable(Mapping):
    """The options of one verb, by name; prints as a table."""

    def __init__(self, verb: str, kind: str | None = None) -> None:
        self.verb, self.kind = verb, kind
        self._rows = {}
        info = OptionInfo(struct_size=sizeof(OptionInfo))
        verb_text, kind_text = text_of(verb, "verb"), None if kind is None else text_of(kind, "kind")
        while True:
            status = lib.aigc_option_info(verb_text, kind_text, len(self._rows), byref(info))
            if status:
                break
            option = Option(info)
            self._rows[option.name] = option
        if status != NotFoundError.status or (not self._rows and verb not in verbs(kind)):
            raise last_error(status)

    def __getitem__(self, name: str) -> Option:
        return self._rows[name.rstrip("_") if name not in self._rows else name]

    def __iter__(self):
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def lines(self, width: int = 100):
        from textwrap import wrap

        rows = [(option.head(), option.limits(), option.help) for option in self._rows.values()]
        first = max((len(row[0]) for row in rows), default=0)
        second = min(max((len(row[1]) for row in rows), default=0), 28)
        for head, limits, help_text in rows:
            start = f"  {head:<{first}}  {limits:<{second}}  "
            yield from wrap(help_text, width, initial_indent=start, subsequent_indent=" " * (first + second + 6)) or [
                start
            ]

    def __repr__(self) -> str:
        title = self.verb if self.kind is None else f"{self.kind}, {self.verb}"
        return "\n".join([f"Options of {title}:", *(self.lines() if self else ["  none"])])


class OptionTables(Mapping):
    """The option tables of a kind by verb; prints them all."""

    def __init__(self, kind: str | None = None) -> None:
        self.kind = kind
        self._verbs = verbs(kind)

    def __getitem__(self, verb: str) -> OptionTable:
        if verb not in self._verbs:
            raise KeyError(verb)
        return OptionTable(verb, self.kind)

    def __iter__(self):
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)

    def __repr__(self) -> str:
        return "\n\n".join(
            f"{verb}: {about}\n" + "\n".join(self[verb].lines() if self[verb] else ["  no options"])
            for verb, about in self._verbs.items()
        )


def options(kind: str | None = None, verb: str | None = None) -> OptionTables | OptionTable:
    """The options of a kind, such as "vae" or "folder": of all its verbs, or of one.

    Without a kind: of what has none, such as "context" or "image-write". The answer prints as a table;
    options("vae")["train"]["epochs"] is one option, with name, type, default, range and help.
    """
    return OptionTables(kind) if verb is None else OptionTable(verb, kind)


def _tables_of(noun: str | None, verb: str):
    """The tables that a method's options can come from."""
    if noun is None:
        yield OptionTable(verb)
    elif noun in ("model", "dataset"):
        for kind in kinds(noun):
            if verb in verbs(kind):
                yield OptionTable(verb, kind)
    else:
        yield OptionTable(verb, noun)


def options_text(noun: str | None, verb: str) -> str:
    try:
        return "\n\n".join(repr(table) for table in _tables_of(noun, verb))
    except ImportError as error:  # no library: help() should still work
        return f"Options: {error}"


class verb:
    """A function whose docstring ends with the library's own tables of its options."""

    def __init__(self, function, tables, is_of_class: bool = False) -> None:
        self.__wrapped__ = function
        self.__name__, self.__qualname__ = function.__name__, function.__qualname__
        self.__module__ = function.__module__
        self._text, self._tables, self._is_of_class = function.__doc__, tables, is_of_class

    def __call__(self, *arguments, **named):
        return self.__wrapped__(*arguments, **named)

    def __get__(self, owner, owner_type=None):
        if self._is_of_class:
            return MethodType(self, owner_type or type(owner))
        return self if owner is None else MethodType(self, owner)

    @property
    def __doc__(self) -> str:
        from inspect import cleandoc

        return "\n\n".join([cleandoc(self._text)] + [options_text(*table) for table in self._tables])


def takes_options(*tables):
    """Decorates what takes the options of tables, each given as noun ("model", "dataset", None or a kind) and verb."""
    return lambda function: verb(function, tables)


def class_takes_options(*tables):
    """The same for methods of a class; classmethod() would copy the docstring, and so load the library, at once."""
    return lambda function: verb(function, tables, is_of_class=True)
