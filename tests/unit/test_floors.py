# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No floor imports upwards, only the top knows Ansible, and third-party libraries come through ``library`` alone.

Read from the source of every file below plugins/, so an import inside a function counts like one at the top.
"""

from __future__ import annotations

import ast
import dataclasses
import pathlib
import sys
import typing as t

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = CHECKOUT / "plugins"
COLLECTION = "ansible_collections.rollcall.access."
PACKAGE = f"{COLLECTION}plugins"

# From the ground up. A floor imports from itself and from those before it, but for the pairs in STRANGERS.
# The single files of module_utils form one floor: "tools".
FLOORS = (
    "model",
    "tools",
    "protocols",
    "sources",
    "policy",
    "connectors",
    "ledger",
    "planning",
    "desks",
    "fulfilment",
    "reviews",
    "requesting",
    "reports",
    "company",
    "face",
    "plugin_utils",
    "plugins",
)
TOOLS = frozenset(path.stem for path in (PLUGINS / "module_utils").glob("*.py"))

# (who, whom): what the one must not know of the other although it lies below.
STRANGERS = frozenset(
    {
        ("policy", "sources"),
        ("connectors", "sources"),
        ("connectors", "policy"),
        ("ledger", "sources"),
        ("ledger", "policy"),
        ("ledger", "connectors"),
        ("planning", "sources"),
        ("planning", "connectors"),
        ("planning", "ledger"),
        ("desks", "connectors"),
        ("reviews", "connectors"),
        ("requesting", "connectors"),
        ("requesting", "ledger"),
        ("reports", "connectors"),
        ("reports", "reviews"),
    }
)
# Single files of the tools that a floor must not use.
HTTP = {name for name in TOOLS if name.split("_")[0] == "http"}
FORBIDDEN_TOOLS = {
    "planning": HTTP,
    "policy": HTTP,
    "ledger": HTTP,
    "reports": HTTP,
    "reviews": HTTP,
    "requesting": HTTP,
}
# Libraries that a floor must not ask for.
FORBIDDEN_LIBRARIES = {
    "model": {"*"},
    "policy": {"sqlalchemy", "requests", "urllib3"},
    "connectors": {"alembic"},
    "planning": {"sqlalchemy", "alembic", "requests", "urllib3"},
    "desks": {"sqlalchemy", "alembic"},
    "fulfilment": {"sqlalchemy", "alembic"},
    "reviews": {"sqlalchemy", "alembic", "requests", "urllib3"},
    "requesting": {"sqlalchemy", "alembic", "requests", "urllib3"},
    "reports": {"sqlalchemy", "alembic", "requests", "urllib3"},
    "company": {"sqlalchemy", "alembic", "requests", "urllib3"},
    "face": {"sqlalchemy", "alembic", "requests", "urllib3"},
}


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported name: ``module`` is absolute; ``typing_only`` says that it is never carried out."""

    module: str
    line: int
    typing_only: bool = False


def is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def imports_of(source: str, module: str, *, package: bool = False) -> list[Import]:
    """Return every import in ``source``, the text of ``module`` (its full name; ``package``: of its __init__)."""
    found: list[Import] = []

    def visit(node: ast.AST, typing_only: bool) -> None:
        if isinstance(node, ast.If) and is_type_checking(node.test):
            for child in node.body:
                visit(child, True)
            for child in node.orelse:
                visit(child, typing_only)
            return
        if isinstance(node, ast.Import):
            found.extend(Import(alias.name, node.lineno, typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".")
                parts = parts[: len(parts) - node.level + (1 if package else 0)]
                base = ".".join([*parts, base] if base else parts)
            # "from .. import model" names a module, "from ..model import Person" does not: both read the same way here
            found.extend(Import(f"{base}.{alias.name}", node.lineno, typing_only) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, typing_only)

    visit(ast.parse(source), False)
    return found


def floor_of(module: str) -> str | None:
    """Return the floor on which a module of this collection lies; None for a module of something else."""
    if module != PACKAGE and not module.startswith(f"{PACKAGE}."):
        return None
    parts = module.removeprefix(PACKAGE).strip(".").split(".")
    if parts[0] != "module_utils":
        return "plugin_utils" if parts[0] == "plugin_utils" else "plugins"
    if len(parts) == 1 or parts[1] in TOOLS:
        return "tools"
    return parts[1]


def allowed(importing: str, imported: str) -> bool:
    """Return whether one floor may import from another."""
    return FLOORS.index(imported) <= FLOORS.index(importing) and (importing, imported) not in STRANGERS


def libraries_asked_for(source: str) -> dict[str, int]:
    """Return the names given to ``library(...)``, each with its line."""
    return {
        node.args[0].value: node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "library"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


class File(t.NamedTuple):
    path: pathlib.Path
    module: str
    floor: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(CHECKOUT))

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def imports(self) -> list[Import]:
        return imports_of(self.source, self.module, package=self.path.name == "__init__.py")


def file_at(path: pathlib.Path) -> File:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    module = COLLECTION + ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return File(path, module, floor_of(module) or "")


FILES = [file_at(path) for path in sorted(PLUGINS.rglob("*.py"))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_lies_on_a_known_floor(file: File) -> None:
    assert file.floor in FLOORS, f"{file.name}: give {file.floor!r} its place in FLOORS, or move the file"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_file_imports_upwards(file: File) -> None:
    wrong = []
    for one in file.imports:
        floor = floor_of(one.module)
        if floor is None:
            continue
        tool = one.module.removeprefix(f"{PACKAGE}.module_utils.").split(".")[0]
        if not allowed(file.floor, floor) or (floor == "tools" and tool in FORBIDDEN_TOOLS.get(file.floor, ())):
            wrong.append(f"{file.name}:{one.line}: {file.floor} must know nothing of {one.module}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_only_the_top_knows_ansible(file: File) -> None:
    names = [(one.line, one.module) for one in file.imports if one.module.split(".")[0] == "ansible"]
    if file.floor in ("plugin_utils", "plugins") and "modules" not in file.path.relative_to(PLUGINS).parts:
        return
    # What is sent to another host, the modules and what they import, finds only ansible.module_utils there.
    may = file.floor in ("face", "plugins")
    wrong = [
        f"{file.name}:{line}: {name}" for line, name in names if not (may and name.startswith("ansible.module_utils."))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_third_party_libraries_come_through_library_alone(file: File) -> None:
    wrong = [
        f"{file.name}:{one.line}: {one.module}: use libraries.library"
        for one in file.imports
        if not one.typing_only
        and floor_of(one.module) is None
        and (top := one.module.split(".")[0]) not in sys.stdlib_module_names
        and top not in ("ansible", "ansible_collections")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_floor_asks_for_a_library_that_is_not_its_own(file: File) -> None:
    forbidden = FORBIDDEN_LIBRARIES.get(file.floor, set())
    wrong = [
        f"{file.name}:{line}: {file.floor} has no use for {name}"
        for name, line in libraries_asked_for(file.source).items()
        if "*" in forbidden or name.split(".")[0] in forbidden
    ]
    assert not wrong, "\n".join(wrong)


# The reader itself, so that a rule that cannot fail is noticed.


def test_relative_imports_are_followed_to_their_floor() -> None:
    module = f"{PACKAGE}.module_utils.sources.csv_file"
    found = imports_of("from ..policy.loading import load\nfrom .. import errors\nfrom . import dates\n", module)
    assert [floor_of(one.module) for one in found] == ["policy", "tools", "sources"]


def test_relative_imports_of_a_package_start_in_it() -> None:
    module = f"{PACKAGE}.module_utils.model"
    (found,) = imports_of("from .person import Person\n", module, package=True)
    assert found.module == f"{module}.person.Person"


def test_an_import_inside_a_function_counts() -> None:
    found = imports_of("def f():\n    import yaml\n", PACKAGE)
    assert found == [Import("yaml", 2)]


def test_an_import_for_types_only_is_told_apart() -> None:
    found = imports_of("import typing as t\nif t.TYPE_CHECKING:\n    import sqlalchemy\n", PACKAGE)
    assert [(one.module, one.typing_only) for one in found] == [("typing", False), ("sqlalchemy", True)]


@pytest.mark.parametrize(
    ("importing", "imported"),
    [
        ("model", "tools"),
        ("sources", "policy"),
        ("policy", "sources"),
        ("connectors", "ledger"),
        ("ledger", "connectors"),
        ("planning", "fulfilment"),
        ("company", "face"),
    ],
)
def test_what_the_architecture_forbids_is_forbidden(importing: str, imported: str) -> None:
    assert not allowed(importing, imported)


@pytest.mark.parametrize(
    ("importing", "imported"),
    [("tools", "model"), ("fulfilment", "connectors"), ("company", "ledger"), ("face", "company"), ("plugins", "face")],
)
def test_what_the_architecture_allows_is_allowed(importing: str, imported: str) -> None:
    assert allowed(importing, imported)
