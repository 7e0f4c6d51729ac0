# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the module of every connector, and its line in meta/runtime.yml, from the connector's class and its example.

A module for one account in one app is the same for every product but for its name, its connector and its words: these
come from the class (the first line of its docstring, its options) and from examples/catalog.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import textwrap
import typing as t

from catalog_examples import example_of

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
MODULES = CHECKOUT / "plugins/modules"
RUNTIME = CHECKOUT / "meta/runtime.yml"
UTILS = "ansible_collections.rollcall.access.plugins.module_utils"

#: The modules of connectors that are not sent to another host: written by hand, with words of their own.
BY_HAND = {"none": "manual", "file": "manual"}
ROUTES = re.compile(r"^  action:\n(?:    .*\n)*", re.MULTILINE)

TEMPLATE = '''\
#!/usr/bin/python
# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by scripts/generate_modules.py: run `make generate` instead of editing.

from __future__ import annotations

DOCUMENTATION = r"""
module: {name}
short_description: Ensure one account in {title}
version_added: 0.1.0
author:
  - The Rollcall contributors (@rollcall)
description:
  - {summary}
  - Ensures that one account is there, suspended or gone, and what it is entitled to, and reads it back.
  - What cannot be done by itself becomes a manual task.{lacks}
{options}
extends_documentation_fragment: [rollcall.access.config, rollcall.access.account, rollcall.access.attributes]
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Sarah has what her new job needs
  rollcall.access.{name}:
    app: {app}
    person: sarah.jones
    state: present{entitlements}
"""

RETURN = r"""
account: {{description: 'The account as it was read back, or as it is known.', returned: when there is one, type: dict}}
changes:
  description: Each change, with id, kind, entitlement, because (why), state (how it ended), detail and task.
  returned: always
  type: list
  elements: dict
tasks: {{description: The ids of the tasks that were opened., returned: always, type: list, elements: str}}
verified: {{description: Whether every change was read back as done., returned: always, type: bool}}
left: {{description: What is neither done nor in somebody's hands., returned: always, type: list, elements: str}}
msg: {{description: 'What happened, in words.', returned: always, type: str}}
"""

{imported}
from {utils}.face.account_module import run_account_module


def main():
    run_account_module({kind})


if __name__ == "__main__":
    main()
'''


def module_text(word: str, kind: t.Any, operations: t.Sequence[str]) -> str:
    """Return the text of one module."""
    key, app = example_of(word)
    first = (kind.__doc__ or "").strip().partition("\n")[0]
    title = first.partition(":")[0].rstrip(".")
    can = kind.operations_for(app.get("connection") or {})
    missing = [operation.replace("_", " ") for operation in operations if operation not in can]
    keys = list(app.get("entitlements") or {})[:2]
    needed = [f"C({name})" for name, need in kind.options.items() if need != "optional"]
    optional = [f"C({name})" for name, need in kind.options.items() if need == "optional"]
    options = f"Its C(connection) needs {', '.join(needed)}" if needed else "Its C(connection) needs nothing"
    options += f"; it may have {', '.join(optional)}." if optional else "."
    return TEMPLATE.format(
        name=f"{word}_account",
        title=_plain(title[:1].lower() + title[1:] if title.startswith(("Any ", "An ", "Accounts ")) else title),
        summary=_quoted(first),
        lacks=f" That is true of {', '.join(missing)}." if missing else "",
        options=_wrapped(options),
        app=key,
        entitlements=f"\n    entitlements: [{', '.join(keys)}]" if keys else "",
        utils=UTILS,
        imported=_imported(kind),
        kind=kind.__name__,
    )


def _imported(kind: t.Any) -> str:
    """Return the import of a connector, as ruff formats it."""
    module = kind.__module__.partition(".connectors.")[2]
    line = f"from {UTILS}.connectors.{module} import {kind.__name__}"
    return line if len(line) <= 120 else f"from {UTILS}.connectors.{module} import (\n    {kind.__name__},\n)"


def _plain(text: str) -> str:
    return text.replace("``", "")


def _quoted(text: str) -> str:
    return "'" + _plain(text).replace("'", "''") + "'"


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(text, 150, break_long_words=False, break_on_hyphens=False)
    return "\n".join(["  - >-", *(f"    {line}" for line in lines)])


def with_routes(text: str, names: t.Iterable[str]) -> str:
    """Return runtime.yml with a route to the one action plugin for each module."""
    lines = "".join(f"    {name}:\n      redirect: rollcall.access.account\n" for name in sorted(names))
    return ROUTES.sub(lambda _: f"  action:\n{lines}", text, count=1)


def wanted() -> dict[pathlib.Path, str]:
    """Return every file that this program writes, with its text."""
    from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry
    from ansible_collections.rollcall.access.plugins.module_utils.connectors.contract import OPERATIONS

    files: dict[pathlib.Path, str] = {}
    names = {f"{word}_account" for word in BY_HAND.values()}
    for word in registry.known():
        if word not in BY_HAND:
            kind = registry.connector_class(word)
            files[MODULES / f"{word}_account.py"] = module_text(word, kind, OPERATIONS)
            names.add(f"{word}_account")
    files[RUNTIME] = with_routes(RUNTIME.read_text(encoding="utf-8"), names)
    return files


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a file is out of date")
    arguments = parser.parse_args()
    result = 0
    for path, text in wanted().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        name = path.relative_to(CHECKOUT)
        if arguments.check:
            print(f"{name} is out of date. Run: make generate", file=sys.stderr)
            result = 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"{name} is written")
    return result


if __name__ == "__main__":
    sys.exit(main())
