# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write ``action_groups.all`` of meta/runtime.yml from the modules that exist; ``--check`` only says whether it holds.

The group lets ``module_defaults: group/rollcall.access.all`` set the connection once for every module. The rest of
meta/runtime.yml is written by hand and left as it is.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
RUNTIME = CHECKOUT / "meta/runtime.yml"
MODULES = CHECKOUT / "plugins/modules"

# From the key to the next key of the same level, or to the end.
BLOCK = re.compile(r"^action_groups:.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def module_names(folder: pathlib.Path) -> list[str]:
    """Return the names of the modules in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


def with_group(text: str, names: list[str]) -> str:
    """Return the text of runtime.yml with the group ``all`` holding exactly ``names``."""
    lines = ["action_groups:", "  all: # written by scripts/generate_action_groups.py"]
    lines += [f"    - {name}" for name in names]
    block = "\n".join(lines) + "\n"
    if BLOCK.search(text):
        return BLOCK.sub(lambda _: block, text, count=1)
    return text.rstrip("\n") + "\n" + block


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where the file is out of date")
    arguments = parser.parse_args()
    names = module_names(MODULES)
    if not names:
        print(f"{MODULES.relative_to(CHECKOUT)}: there is no module to put into the group", file=sys.stderr)
        return 1
    before = RUNTIME.read_text(encoding="utf-8")
    after = with_group(before, names)
    if before == after:
        return 0
    if arguments.check:
        print("meta/runtime.yml: action_groups.all does not list plugins/modules. Run: make generate", file=sys.stderr)
        return 1
    RUNTIME.write_text(after, encoding="utf-8")
    print(f"meta/runtime.yml: action_groups.all holds {len(names)} modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
