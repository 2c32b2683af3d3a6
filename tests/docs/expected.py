"""Compares what a block printed with the ```text block that follows it.

Lines are compared one by one, runs of blanks count as one. A number with "~" before it may be any number. A line "..."
stands for any number of lines, "..." within a line for any text."""
import re

NUMBER = r"-?(?:inf|nan|[0-9][0-9,]*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)"


def _line_pattern(line):
    pieces = re.split(r"(~\s*" + NUMBER + r"|\.\.\.|\s+)", line.strip())
    out = []
    for piece in pieces:
        if piece.startswith("~") and len(piece) > 1:
            out.append(r"~?\s*" + NUMBER)
        elif piece == "...":
            out.append(".*")
        elif piece and piece.isspace():
            out.append(r"\s+")
        else:
            out.append(re.escape(piece))
    return re.compile("".join(out))


def difference(expected, printed):
    """None where they agree, otherwise a sentence with the first line that does not."""
    want = expected.rstrip("\n").split("\n")
    have = [line.rstrip() for line in printed.rstrip("\n").split("\n")]
    at = 0
    skipping = False
    for line in want:
        if line.strip() == "...":
            skipping = True
            continue
        pattern = _line_pattern(line)
        while skipping and at < len(have) and not pattern.fullmatch(have[at].strip()):
            at += 1
        if at >= len(have):
            return f"expected the line {line!r}, but the output ended"
        if not pattern.fullmatch(have[at].strip()):
            return f"expected the line {line!r}, found {have[at]!r}"
        at += 1
        skipping = False
    if not skipping and at < len(have):
        return f"the output goes on where the page's ends: {have[at]!r}"
    return None
