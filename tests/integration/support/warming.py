# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports all that a run of one of Ansible's programs would, so that a fork of this process need not do it again."""

from __future__ import annotations

import contextlib
import gc
import importlib
import pathlib
import pkgutil

COLLECTION = "ansible_collections.rollcall.access"
_LIBRARIES = (
    "alembic.command",
    "ansible.cli.adhoc",
    "ansible.cli.inventory",
    "ansible.cli.playbook",
    "ansible.executor.playbook_executor",
    "holidays",
    "jmespath",
    "jsonschema",
    "multiprocessing.popen_fork",
    "multiprocessing.synchronize",
    "requests",
    "sqlalchemy.dialects.sqlite",
)


def warm_up() -> None:
    """Import all that a run would, after ``init_plugin_loader``. What is here by then stays where it is."""
    from ansible.executor import task_queue_manager  # noqa: F401  # for those that are forked from here
    from ansible.plugins import loader

    package = importlib.import_module(f"{COLLECTION}.plugins.module_utils")
    # the connectors' and desks' own libraries are imported when they are used
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations." not in found.name and ".products." not in found.name:
            importlib.import_module(found.name)
    for name in ("connectors.products", "desks.products.zammad"):
        importlib.import_module(f"{package.__name__}.{name}")
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # it imports all of its services when the first is asked for
    importlib.import_module("apprise").Apprise.instantiate("mailto://localhost")
    actions = pathlib.Path(next(iter(importlib.import_module(f"{COLLECTION}.plugins.action").__path__)))
    for path in sorted(actions.glob("[a-z]*.py")):
        loader.action_loader.get(f"rollcall.access.{path.stem}", class_only=True)
    loader.inventory_loader.get("rollcall.access.people", class_only=True)
    for name in ("linear", "free"):
        loader.strategy_loader.get(name, class_only=True)
    plain = (loader.become_loader, loader.shell_loader, loader.vars_loader, loader.callback_loader)
    for plugins in (*plain, loader.connection_loader, loader.inventory_loader):
        list(plugins.all(class_only=True))
    for plugins in (loader.filter_loader, loader.test_loader):
        list(plugins.all())
    for name in ("env", "file"):
        loader.lookup_loader.get(name, class_only=True)
    loader.cache_loader.get("memory", class_only=True)
    for name in ("assert", "normal", "validate_argument_spec"):
        loader.action_loader.get(name, class_only=True)
    # no child looks through it, and so copies it, to find what it could throw away
    gc.collect()
    gc.freeze()
