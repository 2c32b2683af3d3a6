"""Reads a Markdown page as far as its tests need it: fenced blocks, headings, links, code spans."""
import pathlib
import re


class PageError(Exception):
    """What is wrong with a page, with the line it is on."""


class Block:
    """A fenced block: its language, the words after it, its text and the line of its fence."""

    def __init__(self, info, text, line, page):
        words = info.split()
        self.language = words[0] if words else ""
        self.words = words[1:]
        self.text = text
        self.line = line
        self.page = page

    @property
    def where(self):
        return f"{self.page}:{self.line} ({self.language})"

    @property
    def needs(self):
        """Modules named in a first line "# needs torch, numpy"."""
        match = re.match(r"#\s*needs\s+([\w, ]+)", self.text)
        return re.findall(r"\w+", match.group(1)) if match else []


class Page:
    def __init__(self, path, name=None):
        self.path = pathlib.Path(path)
        self.name = name or self.path.name
        self.lines = self.path.read_text(encoding="utf-8").split("\n")
        self.blocks = []
        self.prose = []  # (line number, text) outside of blocks
        self._read()

    def _read(self):
        fence = None
        body = []
        for number, line in enumerate(self.lines, 1):
            if fence is None:
                opened = re.match(r"( *)(`{3,}|~{3,})([^`]*)$", line)
                if opened:
                    fence, info, start = opened.group(2), opened.group(3).strip(), number
                    indent = len(opened.group(1))
                    body = []
                else:
                    self.prose.append((number, line))
            elif re.match(r" *" + fence[0] + "{%d,} *$" % len(fence), line):
                self.blocks.append(Block(info, "\n".join(body) + "\n", start, self.name))
                fence = None
            else:
                body.append(line[indent:] if line[:indent].isspace() else line)
        if fence is not None:
            raise PageError(f"{self.name}:{start}: this block has no end")
        self._refuse_indented_code()

    def _refuse_indented_code(self):
        """Code that is only indented has no language, so nobody could tell what to do with it."""
        content = 0  # where the text of the list item that we are in begins
        previous = ""
        for number, line in self.prose:
            if line.strip():
                item = re.match(r"( *)([-*+]|\d+[.)]) +", line)
                indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
                if not previous.strip() and indent >= content + 4 and not (item and indent <= content + 3):
                    raise PageError(f"{self.name}:{number}: an indented block; write it between ``` with its language")
                if item:
                    content = item.end()
                elif indent < content and not previous.strip():
                    content = 0
            previous = line

    def headings(self):
        for _, line in self.prose:
            match = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
            if match:
                yield match.group(1)

    def anchors(self):
        """Anchors of the headings as GitHub makes them, and those written as <a id=…>."""
        seen = {}
        for heading in self.headings():
            text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = seen.get(slug, 0)
            seen[slug] = count + 1
            yield f"{slug}-{count}" if count else slug
        for _, line in self.prose:
            yield from re.findall(r"""<a (?:id|name)=["']([^"']+)""", line)

    def links(self):
        """(line, target) of every link and picture, references and HTML included."""
        defined = {}
        for number, line in self.prose:
            match = re.match(r" {0,3}\[([^\]]+)\]:\s*(\S+)", line)
            if match:
                defined[match.group(1).lower()] = match.group(2)
                yield number, match.group(2)
        for number, line in self.prose:
            bare = re.sub(r"(`+)(?:(?!\1).)+\1", "``", line)
            for match in re.finditer(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", bare):
                yield number, match.group(1)
            for match in re.finditer(r"\[([^\]\[]+)\]\[([^\]]*)\]", bare):
                label = (match.group(2) or match.group(1)).lower()
                if label not in defined:
                    raise PageError(f"{self.name}:{number}: the link [{label}] is not defined")
            for match in re.finditer(r"""(?:src|href)=["']([^"']+)""", bare):
                yield number, match.group(1)

    def spans(self):
        """(line, text) of every `code span`, over line ends, too."""
        numbers = [n for n, _ in self.prose]
        text = "\n".join(line for _, line in self.prose)
        for match in re.finditer(r"(?<!`)(`+)(?!`)((?:(?!\n\n).)+?)(?<!`)\1(?!`)", text, re.S):
            yield numbers[text.count("\n", 0, match.start())], " ".join(match.group(2).split())


def all_pages(root):
    """Every page of the documentation, named as a reader of the repository sees it."""
    root = pathlib.Path(root)
    paths = [root / "README.md"] + sorted((root / "docs").glob("**/*.md"))
    return [Page(path, str(path.relative_to(root))) for path in paths]
