"""What the tests of the Python package share."""

import functools
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("AIGC_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "bindings", "python"))

without_optional = "--plain" in sys.argv
if without_optional:  # as on a machine that has none of them
    sys.argv.remove("--plain")
    for name in ("numpy", "torch", "PIL", "tqdm"):
        sys.modules[name] = None


def optional(name):
    """A module that not every machine has; its tests are left out, and say so, where it is missing."""
    try:
        return __import__(name)
    except ImportError:
        if not without_optional:
            print(f"WITHOUT {name}: it is not installed for {sys.executable}", file=sys.stderr)
        return None


import aigc  # noqa: E402


def small_pictures(n=64):
    return aigc.Dataset.home_designs(n=n, size=16)


# The smallest models of each kind; small_model() makes those of the first, or of the one a test has come to.
KINDS = {
    "vae": {"latent_dim": 4, "hidden_dim": 16},
    "gan": {"latent_dim": 4, "generator_width": 2, "discriminator_width": 2},
}
kind = os.environ.get("AIGC_TEST_KIND", "vae")


def small_model(**options):
    return aigc.Model.create(kind, **{**KINDS[kind], **options})


def of_all_kinds(test):
    """A test that is run with models of each kind, in this process and in programs of their own."""

    @functools.wraps(test)
    def each(self):
        global kind
        for kind in KINDS:
            with self.subTest(kind):
                os.environ["AIGC_TEST_KIND"] = kind
                test(self)
        kind = "vae"
        del os.environ["AIGC_TEST_KIND"]

    return each


def trained_model(**options):
    model = small_model(**options)
    model.train(small_pictures(), epochs=1, batch_size=32, samples=0)
    return model


def run_python(code, *arguments, timeout=60, **named):
    """Runs a program in a Python of its own; gives its exit status and what it wrote."""
    before = f"import sys; sys.path[:0] = {[os.path.dirname(os.path.abspath(__file__)), *sys.path]!r}\n"
    if without_optional:
        before += "sys.argv.append('--plain')\n"
    before += "from support import *\n"
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", before + code, *arguments],
        timeout=timeout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        **named,
    )
    return done.returncode, done.stdout


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def passes(self, code, *arguments, **named):
        """A program in a Python of its own ends well and says "ok" last."""
        status, text = run_python(code, *arguments, **named)
        self.assertEqual(status, 0, text)
        self.assertTrue(text.rstrip().endswith("ok"), text)
        return text


def main():
    unittest.main(verbosity=2)
