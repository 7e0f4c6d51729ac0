# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a run is about apps and nothing else, or about the ledger alone: then nobody has to be a host, however many
people there are."""

from __future__ import annotations

import os
import pathlib
import re
import typing as t

from ..module_utils.libraries import library

yaml = library("yaml")

#: These playbooks of the collection play over apps, or over nothing but localhost; people are data, which a task reads
#: at once.
PLAYBOOKS = frozenset({"reconcile", "discover", "compare", "gaps"})

#: These read the ledger and, of git, catalog and policy: neither HR nor any host is needed.
FROM_LEDGER = frozenset({"ask"})

_COLLECTION = "rollcall.access."
_OURS = pathlib.Path(__file__).resolve().parents[2] / "playbooks"
#: what a limit may name that is an app, or a group of apps
_APPS = re.compile(r"[!&]?(app\.|apps$|connector_|tier_)")
_BETWEEN = re.compile(r"[,:]")


def about_apps_only(playbooks: t.Sequence[t.Any], limit: str | None) -> bool:
    """Return whether all of ``playbooks`` (as on the command line) play over apps, and ``limit`` names no person.

    A playbook of somebody's own counts where it only imports those of the collection that do: what any other play would
    do with people is not for us to know.
    """
    if limit and not all(_APPS.match(term.strip()) for term in _BETWEEN.split(limit)):
        return False
    return bool(playbooks) and all(_plays(str(name), PLAYBOOKS | FROM_LEDGER) for name in playbooks)


def from_ledger_only(playbooks: t.Sequence[t.Any]) -> bool:
    """Return whether all of ``playbooks`` ask the ledger and nothing else: HR need not be read, and may be broken."""
    return bool(playbooks) and all(_plays(str(name), FROM_LEDGER) for name in playbooks)


def _plays(name: str, known: frozenset[str]) -> bool:
    """Return whether a playbook is one of ours that is ``known``, or imports such ones alone."""
    if name.removeprefix(_COLLECTION) in known and name.startswith(_COLLECTION):
        return True
    file = pathlib.Path(os.path.realpath(name))
    if file.parent == _OURS and file.stem in known:
        return True
    try:
        plays = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        # tags of Ansible, or no file: everybody is made
        return False
    return isinstance(plays, list) and bool(plays) and all(_imports_ours(play, known) for play in plays)


def _imports_ours(play: t.Any, known: frozenset[str]) -> bool:
    if not isinstance(play, dict):
        return False
    imported = play.get("import_playbook") or play.get("ansible.builtin.import_playbook")
    return isinstance(imported, str) and imported.startswith(_COLLECTION) and _plays(imported, known)
