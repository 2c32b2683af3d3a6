#!/usr/bin/env python3
"""check_links.py SOURCE: every relative link, anchor and picture of the pages exists, no page or picture is out of
reach from README.md, every page is among the tests, and the Chinese README has the blocks of the English one."""
import pathlib
import re
import sys
import urllib.parse

import pages


def broken(page, root):
    """(line, target, why) of every link of a page that leads nowhere, and the files it leads to."""
    wrong = []
    reached = set()
    for line, target in page.links():
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = urllib.parse.unquote(target).partition("#")
        at = (page.path.parent / path).resolve() if path else page.path.resolve()
        if not at.exists() or root.resolve() not in [at] + list(at.parents):
            wrong.append((line, target, "there is no such file in the repository"))
            continue
        reached.add(at)
        if anchor and at.suffix == ".md" and anchor not in set(pages.Page(at).anchors()):
            wrong.append((line, target, "the page has no such heading"))
    return wrong, reached


def check(root):
    """Sentences about what is wrong."""
    root = pathlib.Path(root)
    known = {page.path.resolve(): page for page in pages.all_pages(root)}
    complaints = []
    links = {}
    for path, page in known.items():
        wrong, links[path] = broken(page, root)
        complaints += [f"{page.name}:{line}: {target}: {why}" for line, target, why in wrong]
    reached = set()
    todo = [(root / "README.md").resolve()]
    while todo:
        path = todo.pop()
        if path not in reached:
            reached.add(path)
            todo += links.get(path, ())
    pictures = {path.resolve() for pattern in ("*.png", "*.svg", "*.jpg") for path in (root / "docs").rglob(pattern)}
    for path in sorted(set(known) | pictures):
        if path not in reached:
            complaints.append(f"{path.relative_to(root.resolve())}: no way of links leads here from README.md")
    return complaints


def blocks_of(page):
    """Language and text of the blocks, without comments."""
    return [(block.language, re.sub(r"\s*(?:(?<!\S)#(?!include).*|/\*.*?\*/)$", "", block.text, flags=re.M))
            for block in page.blocks]


def check_repository(root):
    """What holds for the pages of this project only."""
    listed = (root / "tests" / "docs" / "meson.build").read_text()
    by_name = {page.name: page for page in pages.all_pages(root)}
    complaints = [f"{name}: tests/docs/meson.build does not run it" for name in by_name if f"'{name}'" not in listed]
    if blocks_of(by_name["README.md"]) != blocks_of(by_name["docs/README.zh-CN.md"]):
        complaints.append("docs/README.zh-CN.md: its blocks are not those of README.md")
    return complaints


def main():
    try:
        root = pathlib.Path(sys.argv[1])
        complaints = check(root) + check_repository(root)
    except pages.PageError as wrong:
        complaints = [str(wrong)]
    print("\n".join(complaints) or "all links lead somewhere")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
