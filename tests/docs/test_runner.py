#!/usr/bin/env python3
"""test_runner.py SOURCE BUILD: pages with one planted mistake each must fail, and for that reason; good ones not."""
import copy
import pathlib
import sys
import tempfile

import check_links
import check_names
import pages
import run_page
import stage as staging


def block(language, text):
    return f"```{language}\n{text}\n```\n"


# What the page has, the page, and words of the complaint.
MISTAKES = [
    ("a command that fails", block("sh", "true\nfalse | true\naigc info nothing.safetensors"), "nothing.safetensors"),
    ("a command that fails inside", block("sh", "false\ntrue"), "(sh) failed"),
    ("a variable nobody set", block("sh", 'echo "$nobody"'), "nobody"),
    ("another output", block("sh", "echo one") + block("text", "two"), "expected the line 'two', found 'one'"),
    ("less output", block("sh", "echo one") + block("text", "one\ntwo"), "the output ended"),
    ("more output", block("sh", "printf 'one\\ntwo\\n'") + block("text", "one"), "goes on"),
    ("another number", block("sh", "echo loss 12.5") + block("text", "loss 12.6"), "found 'loss 12.5'"),
    ("output of nothing", block("text", "one"), "could have printed this"),
    ("a second output", block("sh", "echo one") + block("text", "one") + block("text", "one"), "could have printed"),
    ("an exception", block("python", "x = 1") + block("python", "assert x == 2"), "AssertionError"),
    ("an exit", block("python", "import sys; sys.exit(0)"), "(python) failed"),
    ("a syntax error", block("python", "def"), "SyntaxError"),
    ("a warning", block("c", "int main(void) { int unused; return 0; }"), "unused"),
    ("a warning in C++", block("cpp", "int main() { int unused; return 0; }"), "unused"),
    ("a program that fails", block("c", "int main(void) { return 3; }"), "ended with code 3"),
    ("a call that fails", block("c", 'aigc_dataset_create(&pictures, context, "auto", "no/", NULL);'), "no/"),
    ("an unknown name", block("c", "aigc_model_sing(model);"), "aigc_model_sing"),
    ("a language nobody knows", block("bash", "true"), "the language 'bash'"),
    ("no language", block("", "true"), "the language ''"),
    ("an indented block", "Run\n\n    aigc version\n", "an indented block"),
    ("an indented block in a list", "- Run\n\n      aigc version\n", "an indented block"),
    ("a block without an end", "```sh\ntrue\n", "no end"),
    ("an unknown verb", block("console", "aigc dance model.safetensors"), "no such verb"),
    ("an unknown option", block("console", "$ aigc generate m.safetensors --colour 3"), "no such option"),
    ("a verb in the text", "Use `aigc sing x`.\n", "no such verb"),
    ("an option in the text", "Use `aigc train vae x --epoch 3`.\n", "no such option"),
    ("a file that is not there", block("console", "sh examples/nothing.sh"), "no such file"),
    ("a program nobody builds", block("console", "build/tests/bench/bench_nothing"), "no such file"),
    ("an option of no script", block("console", "tests/bench/compare --build build --nothing"), "no such option"),
    ("an option of no build", block("console", "meson setup build -Dnothing=true"), "no such option"),
    ("broken JSON", block("json", '{"a": }'), "Expecting"),
    ("a build that fails", block("meson", "executable('a', 'a.c', dependencies: dependency('aigcc'))"), "aigcc"),
]

LUA_MISTAKES = [
    ("an error", block("lua", 'x = "mine"') + block("lua", "error(x)"), "mine"),
    ("a syntax error of Lua", block("lua", "x = = 1"), "'='"),
]

GOOD = [
    ("state lives on", block("sh", "n=3\nmkdir a\ncd a") + block("sh", "echo $n >n; basename $PWD")
     + block("text", "a") + block("python", "assert open('n').read() == '3\\n'\nm = 4") + block("python", "print(m)")
     + block("text", "4"), 4),
    ("numbers that vary", block("sh", "printf 'loss 12.5 after 3 s\\nx\\ny\\nend\\n'")
     + block("text", "loss ~99.123 after 3 s\n...\nend"), 1),
    ("a fragment", block("c", '#include <stddef.h>\n'
                         'static int32_t hear(const aigc_progress_t *progress, void *user)\n{\n'
                         '    (void)user;\n    return progress->step > 9;\n}\n\n'
                         'aigc_options_parse(options, "epochs=1"); /* the shortest */\n'
                         'aigc_model_train(model, pictures, NULL, options, hear, NULL);\n'
                         'aigc_image_write_grid(images, "new.png", NULL);') + block("sh", "test -s new.png"), 2),
    ("a file by name", block("c", '/* say.c: says it */\n#include <stdio.h>\nint main(void) { return puts("it") < 0; }')
     + block("sh", "cc say.c -o say\n./say") + block("text", "it"), 2),
    ("classes of photos", block("sh", "ls photos | head -n 2") + block("text", "bedroom\nfloor plan"), 1),
    ("things for people", block("console", "sudo apt install gcc meson\nmeson setup build -Dtests=true\n"
                                "aigc train vae photos/ -o m.safetensors --epochs 3   # your pictures\n"
                                "build/tests/bench/bench_gemm --threads 1"), 1),
    ("what is missing is skipped", block("python", "# needs a_module_nobody_has\nassert False")
     + block("text", "one") + block("sh", "true"), 1),
    ("a drawing", block("text figure", "o--o"), 0),
    ("lists of any depth", "- one\n\n  two\n\n  - three\n\n    four\n", 0),
]

LINK_MISTAKES = [
    ("a file that is not there", {"README.md": "[a](docs/a.md)"}, "no such file"),
    ("a heading that is not there", {"README.md": "# One\n[a](#two)"}, "no such heading"),
    ("a heading of another page", {"README.md": "[a](docs/a.md#b)", "docs/a.md": "# A"}, "no such heading"),
    ("a picture that is not there", {"README.md": '<img src="docs/a.png">'}, "no such file"),
    ("a page out of reach", {"README.md": "# One", "docs/a.md": "# A"}, "docs/a.md: no way"),
    ("a picture out of reach", {"README.md": "# One", "docs/a.svg": "<svg/>"}, "docs/a.svg: no way"),
    ("a reference to nothing", {"README.md": "[a][b]"}, "not defined"),
    ("outside of the repository", {"README.md": "[a](../x.md)", "../x.md": ""}, "no such file"),
]


def complaint_of(text, stage, folder, luas):
    """What the runner says of a page, None if nothing; and how many blocks it ran."""
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    try:
        return None, run_page.run_page(pages.Page(path), stage, luas).ran
    except (pages.PageError, ValueError) as wrong:
        return str(wrong), 0


def check_pages(stage, folder):
    luas = run_page.lua_programs(stage)
    wrong = []
    for what, text, words in MISTAKES + (LUA_MISTAKES if luas else []):
        complaint, _ = complaint_of(text, stage, folder, luas)
        if complaint is None or words not in complaint:
            wrong.append(f"{what}: expected a complaint with {words!r}, found {complaint!r}")
    for what, text, blocks in GOOD:
        complaint, ran = complaint_of(text, stage, folder, luas)
        if complaint or ran != blocks:
            wrong.append(f"{what}: expected {blocks} good blocks, found {ran} and {complaint}")
    return wrong


def check_bad_links(folder):
    wrong = []
    for number, (what, files, words) in enumerate(LINK_MISTAKES):
        root = folder / f"links-{number}" / "root"
        (root / "docs").mkdir(parents=True)
        for name, text in files.items():
            (root / name).write_text(text, encoding="utf-8")
        try:
            complaint = "\n".join(check_links.check(root))
        except pages.PageError as found:
            complaint = str(found)
        if words not in complaint:
            wrong.append(f"{what}: expected a complaint with {words!r}, found {complaint!r}")
    return wrong


def check_anchors(folder):
    path = folder / "anchors.md"
    path.write_text("# C++ and `C`\n## 一键 运行\n## One\n## One\n# a_b: c-d!\n", encoding="utf-8")
    found = list(pages.Page(path).anchors())
    wanted = ["c-and-c", "一键-运行", "one", "one-1", "a_b-c-d"]
    return [] if found == wanted else [f"anchors: expected {wanted}, found {found}"]


def check_bad_names(stage, folder):
    """A name left out, a wrong argument and an invented name in each reference."""
    root = folder / "names"
    (root / "docs").mkdir(parents=True)
    for name, changes in (("python.md", [("`Tensor.tolist()`", "it"), ("Model.generate(n=None", "Model.generate(n=1"),
                                         ("`Tensor.item()`", "`Tensor.item()`, `Tensor.sing()`")]),
                          ("lua.md", [("`t:item()`", "it"), ("`t:dtype()`", "`t:dtype()`, `t:sing()`")])):
        text = (stage.source / "docs" / name).read_text(encoding="utf-8")
        for old, new in changes:
            text = text.replace(old, new)
        (root / "docs" / name).write_text(text, encoding="utf-8")
    said = []
    broken = copy.copy(stage)
    broken.source = root
    if stage.python_path:
        said += check_names.python_complaints(broken)
    programs = run_page.lua_programs(stage)
    if programs:
        said += check_names.lua_complaints(broken, programs[0])
    words = ["Tensor.tolist is missing", "Model.generate(n=1", "Tensor.sing is on"] * bool(stage.python_path)
    words += ["t:item() is missing", "t:sing() is on"] * bool(programs)
    return [f"names: expected a complaint with {w!r}, found {said}" for w in words if not any(w in s for s in said)]


def main():
    with tempfile.TemporaryDirectory(prefix="aigc-docs-test-") as name:
        folder = pathlib.Path(name)
        wrong = check_bad_links(folder) + check_anchors(folder)
        stage = staging.Stage(sys.argv[1], sys.argv[2], folder)
        wrong += check_bad_names(stage, folder) + check_pages(stage, folder)
    print("\n".join(wrong) or "every planted mistake was found")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
