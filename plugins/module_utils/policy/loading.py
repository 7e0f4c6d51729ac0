# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads everything under ``access/``. What is wrong is found all at once and raised as one PolicyError."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ..errors import PolicyError
from ..model import AccessException, Cover, Finding, Lock, is_module_name
from .catalog_files import CatalogReader, ConnectionProblems
from .desk_files import DeskProblems
from .exception_files import read_exceptions, read_locks
from .grants import GrantReader
from .policy_files import PolicyReader
from .problems import Problems
from .values import Access, Catalog, Policy

Directory = t.Union[str, pathlib.Path]
Options = t.Mapping[str, t.Mapping[str, str]]


def load_catalog(
    directory: Directory,
    *,
    known_connectors: t.Collection[str] | None = None,
    connection_options: Options | None = None,
    connection_problems: ConnectionProblems | None = None,
    desk_problems: DeskProblems | None = None,
) -> Catalog:
    """Return the catalog.

    ``known_connectors`` are the words that ``connector`` may be, besides a module by its full name; None: any.
    ``connection_options`` is connector -> option -> required, optional or secret; a connector that is not in it is not
    checked. ``connection_problems`` finds what else is wrong with a connection, and
    ``desk_problems`` with a desk. Raises PolicyError, as all functions here, with every error in ``findings``.
    """
    problems = Problems()
    catalog = CatalogReader(problems, known_connectors, connection_options, connection_problems, desk_problems).read(
        directory
    )
    problems.stop_if_any()
    return catalog


def load_sound_apps(
    directory: Directory,
    *,
    known_connectors: t.Collection[str],
    connection_options: Options | None = None,
    connection_problems: ConnectionProblems | None = None,
    desk_problems: DeskProblems | None = None,
) -> tuple[Catalog, tuple[Finding, ...]]:
    """Return the apps of a catalog that can be used, and what is wrong with the rest. Raises nothing for what it says.

    For an emergency: a slip in one app's entry must not keep somebody's account alive in all the others.
    """
    problems = Problems()
    try:
        catalog = CatalogReader(
            problems, known_connectors, connection_options, connection_problems, desk_problems
        ).read(directory)
    except PolicyError as error:
        return Catalog(), tuple(error.findings) or (Finding("catalog", "error", error.message, where=error.where),)
    usable = {
        key: app
        for key, app in catalog.apps.items()
        if app.connector in known_connectors or is_module_name(app.connector)
    }
    return dataclasses.replace(catalog, apps=usable), tuple(problems.findings)


def load_policy(
    directory: Directory,
    *,
    catalog: Catalog | None = None,
    known_attributes: t.Collection[str] | None = None,
    commit: str = "",
) -> Policy:
    """Return the policy.

    Apps and entitlements are looked up in ``catalog``. ``known_attributes`` are HR's further columns (a person's fields
    are always known); None, when HR cannot be read: any. ``commit`` is what ``git_commit`` says of the directory.
    """
    problems = Problems()
    policy = PolicyReader(problems, GrantReader.of(problems, catalog), known_attributes, commit).read(directory)
    problems.stop_if_any()
    return policy


def load_exceptions(directory: Directory, *, catalog: Catalog | None = None) -> tuple[AccessException, ...]:
    """Return the exceptions; none where there is no such directory."""
    return load_exceptions_and_cover(directory, catalog=catalog)[0]


def load_exceptions_and_cover(
    directory: Directory, *, catalog: Catalog | None = None
) -> tuple[tuple[AccessException, ...], tuple[Cover, ...]]:
    """Return the exceptions, and who stands in for whom; none where there is no such directory."""
    problems = Problems()
    found = read_exceptions(directory, problems, GrantReader.of(problems, catalog))
    problems.stop_if_any()
    return found


def load_locks(directory: Directory) -> tuple[Lock, ...]:
    """Return the locks; none where there is no such directory."""
    problems = Problems()
    locks = read_locks(directory, problems)
    problems.stop_if_any()
    return locks


def load_access(
    catalog: Directory,
    policy: Directory,
    exceptions: Directory,
    locks: Directory,
    *,
    known_connectors: t.Collection[str] | None = None,
    connection_options: Options | None = None,
    connection_problems: ConnectionProblems | None = None,
    desk_problems: DeskProblems | None = None,
    known_attributes: t.Collection[str] | None = None,
    commit: str = "",
) -> Access:
    """Return all four, or raise one PolicyError with what is wrong in any of them."""
    problems = Problems()
    catalog_reader = CatalogReader(problems, known_connectors, connection_options, connection_problems, desk_problems)
    read_catalog = catalog_reader.read(catalog)
    # Of an app that is itself faulty the name is known: rules that use it are not to blame.
    grants = GrantReader(problems, catalog_reader.names)
    read_policy = PolicyReader(problems, grants, known_attributes, commit).read(policy)
    read, covers = read_exceptions(exceptions, problems, grants)
    access = Access(read_catalog, read_policy, read, read_locks(locks, problems), covers)
    problems.stop_if_any()
    return access
