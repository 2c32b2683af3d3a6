"""Checks what is only shown: ```console blocks and `aigc …` in the text. Nothing is run but `aigc help`.

Every file named must exist in the repository (of a program under build/ its source), every `aigc` verb in its help and
every option in the help of its verb; meson options are those of meson_options.txt."""
import re
import shlex

# What stands for the reader's own.
_PLACEHOLDER = re.compile(r"^[A-Z_]+$|[<>*$…]|\.\.\.|://")
# Options of meson itself that the pages name.
_MESON_OPTIONS = {"buildtype", "default_library", "prefix", "debug", "b_sanitize", "b_lto", "optimization", "werror",
                  "libdir"}


class Checker:
    def __init__(self, stage):
        self.stage = stage
        self.root = stage.source
        self.help_texts = {}
        self.meson_options = _MESON_OPTIONS | set(
            re.findall(r"option\('(\w+)'", (self.root / "meson_options.txt").read_text()))

    def _help(self, verb):
        if verb not in self.help_texts:
            self.help_texts[verb] = self.stage.run(["aigc", "help"] + ([verb] if verb else []), self.root)
        return self.help_texts[verb]

    def aigc(self, words):
        """What is wrong with a command line of the program, or None."""
        verbs = re.findall(r"^  (\w+) ", self._help(""), re.M)
        if not words or words[0].startswith("-"):
            unknown = [w for w in words if w.startswith("--") and w not in ("--help", "--version")]
            return f"aigc {unknown[0]}: no such option" if unknown else None
        verb = words[0]
        if verb not in verbs:
            return f"aigc {verb}: `aigc help` knows no such verb"
        known = self._help(verb)
        for word in words[1:]:
            option = re.match(r"--(?:no-)?([\w-]+)", word) or re.match(r"-([a-zA-Z])$", word)
            if option and not re.search(r"(?<![\w-])--?(?:\[no-\])?" + re.escape(option.group(1)) + r"(?![\w-])",
                                        known):
                return f"aigc {verb} {word}: `aigc help {verb}` knows no such option"
        if verb == "help" and len(words) > 1 and not words[1].startswith("-") and words[1] not in verbs:
            return f"aigc help {words[1]}: no such verb"
        return None

    def _path(self, word):
        """What is wrong with a word if it names a file of the repository, or None."""
        word = word.split("=", 1)[-1]
        if "/" not in word or word.startswith(("-", "/", "~", "out/")) or _PLACEHOLDER.search(word):
            return None
        at = re.sub(r"^build/", "", word)
        built = (self.stage.build / at).exists() or (self.root / f"{at}.c").exists()
        return None if built or (self.root / word).exists() else f"{word}: there is no such file"

    def _script_option(self, script, word):
        text = (self.root / script).read_text()
        return None if word in text else f"{script} {word}: the script has no such option"

    def command(self, line):
        """What is wrong with one shown command line, or None."""
        for part in re.split(r"\s*(?:&&|\|\||;|\|)\s*", line):
            words = shlex.split(part, comments=True)
            while words and (words[0] == "sudo" or re.match(r"\w+=", words[0])):
                words = words[1:]
            if not words:
                continue
            wrong = self.aigc(words[1:]) if words[0] == "aigc" else self._others(words)
            if wrong:
                return wrong
        return None

    def _others(self, words):
        script = words[1] if words[0] in ("sh", "python3", "lua") and len(words) > 1 else words[0]
        if (self.root / script).is_file() and not script.startswith("build/"):
            for word in words[1:]:
                if word.startswith("-") and self._script_option(script, word.split("=")[0]):
                    return self._script_option(script, word.split("=")[0])
        if words[0] == "meson":
            for option in re.findall(r"(?:^| )-D(\w+)", " ".join(words)):
                if option not in self.meson_options:
                    return f"-D{option}: meson_options.txt knows no such option"
        for word in words:
            wrong = self._path(word)
            if wrong:
                return wrong
        return None

    def console(self, text):
        for line in re.sub(r"\\\n", " ", text).split("\n"):
            wrong = self.command(re.sub(r"^[$#] ", "", line)) if line.strip() else None
            if wrong:
                return wrong
        return None
