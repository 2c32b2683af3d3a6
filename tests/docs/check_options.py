#!/usr/bin/env python3
"""check_options.py SOURCE PROGRAM: docs/options.md is what the program prints now."""
import difflib
import pathlib
import subprocess
import sys


def main():
    page = pathlib.Path(sys.argv[1]) / "docs" / "options.md"
    stored = page.read_text(encoding="utf-8").split("\n")
    printed = subprocess.run([sys.argv[2], "help", "--options"], stdout=subprocess.PIPE, check=True,
                             encoding="utf-8").stdout.split("\n")
    difference = list(difflib.unified_diff(stored, printed, "docs/options.md", "aigc help --options", lineterm="", n=1))
    print("\n".join(difference) if difference else "docs/options.md is up to date")
    if difference:
        print("renew it with: aigc help --options >docs/options.md")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
