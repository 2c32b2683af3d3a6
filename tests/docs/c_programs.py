"""C and C++ blocks: complete programs as they are, fragments in a main() that has what they use.

A fragment is a block without main(). What it uses and does not make itself is made before it, as the table PRELUDE
says; calls that answer a status and stand alone are checked; functions and #include lines go before main(). What the
prelude knows of is freed at the end."""
import re
import subprocess

# name, declaration, how it is made, what frees it; in the order in which one needs the other.
PRELUDE = [
    ("context", "aigc_context_t *context = NULL;",
     "aigc_context_create(&context, NULL);", "aigc_context_free(context);"),
    ("pictures", "aigc_dataset_t *pictures = NULL;",
     'aigc_dataset_create(&pictures, context, "auto", "photos/", NULL);', "aigc_dataset_free(pictures);"),
    ("validation", "aigc_dataset_t *validation = NULL;",
     'aigc_dataset_create(&validation, context, "auto", "photos/", NULL);', "aigc_dataset_free(validation);"),
    ("options", "aigc_options_t *options = NULL;",
     "aigc_options_create(&options);", "aigc_options_free(options);"),
    ("quickly", "aigc_options_t *quickly = NULL;",
     'aigc_options_create(&quickly); aigc_options_parse(quickly, "epochs=1 batch_size=16");',
     "aigc_options_free(quickly);"),
    ("model", "aigc_model_t *model = NULL;",
     'aigc_model_create(&model, context, "vae", NULL); aigc_model_train(model, pictures, NULL, quickly, NULL, NULL);',
     "aigc_model_free(model);"),
    ("images", "aigc_tensor_t *images = NULL;",
     "aigc_model_generate(&images, model, NULL);", "aigc_tensor_release(images);"),
    ("latents", "aigc_tensor_t *latents = NULL;",
     "aigc_model_encode(&latents, model, images, NULL, NULL);", "aigc_tensor_release(latents);"),
    ("tensor", "aigc_tensor_t *tensor = NULL;",
     "aigc_tensor_create(&tensor, context, AIGC_DTYPE_F32, 2, (const int64_t[]){2, 3});",
     "aigc_tensor_release(tensor);"),
    ("status", "aigc_status_t status = AIGC_OK;", "", "(void)status;"),
]
NEEDS = {"pictures": ["context"], "validation": ["context"], "model": ["context", "pictures", "quickly"],
         "images": ["model"], "latents": ["images"], "tensor": ["context"]}

TOP = r"""#include <aigc/aigc.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void docs_check(aigc_status_t status, const char *what)
{
    if (status == AIGC_OK) return;
    fprintf(stderr, "%s: %s\n", what, aigc_last_error());
    exit(1);
}
"""


def status_calls(include_folder):
    """Names of the functions that answer a status."""
    text = "".join(path.read_text() for path in sorted(include_folder.glob("aigc/*.h")))
    return set(re.findall(r"AIGC_API aigc_status_t (aigc_\w+)\(", text))


def _blank_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def _checked(body, calls):
    """Puts every statement that is only a call with a status into docs_check()."""
    bare = _blank_comments(body)
    out = []
    at = 0
    for match in re.finditer(r"(?:^|(?<=[;{}\n]))[ \t]*(aigc_\w+)\(", bare):
        start = match.start(1)
        before = bare[:start].rstrip()
        if match.group(1) not in calls or start < at or (before and before[-1] not in ";{}"):
            continue
        end = bare.index(";", start)
        out.append(body[at:start] + f'docs_check({body[start:end]}, "{match.group(1)}");')
        at = end + 1
    return "".join(out) + body[at:]


def _split_functions(text):
    """What must stand outside of a function (#include, #define, functions, types), and the rest."""
    outside = []

    def take(match):
        outside.append(match.group().rstrip("\n"))
        return "\n" * match.group().count("\n")

    text = re.sub(r"^#.*\n", take, text, flags=re.M)
    text = re.sub(r"^(?:static |typedef |struct |enum )[^;{}]*\{\n.*?^\}[^\n]*\n", take, text, flags=re.M | re.S)
    text = re.sub(r"^(?!static|typedef|struct|enum)[a-z]\w*(?: \*?|\s+)\w+\([^;{}]*\)\n\{\n.*?^\}\n", take, text,
                  flags=re.M | re.S)
    return "\n".join(outside), text


def _declares(body, name):
    return re.search(r"\b\w+_t\b[^;()]*[\s*]" + name + r"\b\s*[=;,\[]", body) is not None


def _makes(body, name):
    return re.search(r"\b(?:aigc_\w+)\(&" + name + r"\b|[^.>\w*]" + name + r"\s*=[^=]", body) is not None


def whole_program(text, calls):
    """The text itself if it has a main(), else a program around it."""
    if re.search(r"\bmain\s*\(", text):
        return text
    outside, body = _split_functions(text)
    bare = _blank_comments(body)
    used = {name for name, *_ in PRELUDE if re.search(r"(?<![.>\w\"])" + name + r"\b", bare)
            and not _declares(bare, name)}
    missing = {name for name in used if not _makes(bare, name)}
    for name in reversed([n for n, *_ in PRELUDE]):
        if name in missing:
            missing.update(n for n in NEEDS.get(name, []) if not _makes(bare, n) and not _declares(bare, n))
    rows = [row for row in PRELUDE if row[0] in used | missing]
    lines = [row[1] for row in rows] + [_checked(row[2], calls) for row in rows if row[0] in missing and row[2]]
    ends = [row[3] for row in reversed(rows)] + ["return 0;"]
    return (f"{TOP}\n{outside}\n\nint main(void)\n{{\n" + "\n".join(lines) + f"\n{{\n{_checked(body, calls)}\n}}\n"
            + "\n".join(ends) + "\n}\n")


def build_and_run(language, text, number, blocks, folder, stage, run=True):
    """(whether it went well, what was printed); without `run` it is only looked at by the compiler."""
    suffix, compiler, standard = ("c", "cc", "-std=c11") if language == "c" else ("cpp", "c++", "-std=c++17")
    source = blocks / f"block-{number}.{suffix}"
    program = blocks / f"block-{number}"
    source.write_text(whole_program(text, status_calls(stage.prefix / "include")), encoding="utf-8")
    flags = stage.run(["pkg-config", "--cflags", "--libs", "aigc"], folder).split()
    output = ["-o", str(program)] if run else ["-fsyntax-only"]
    steps = [[compiler, standard, "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", str(source)] + output +
             flags + ["-lm", "-pthread"]]
    if run:
        steps.append([str(program)])
    for step in steps:
        done = subprocess.run(step, cwd=folder, env=stage.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=150)
        if done.returncode:
            return False, f"{done.stdout}({step[0]} ended with code {done.returncode}; the program is this)\n" + \
                source.read_text(encoding="utf-8")
    return True, done.stdout
