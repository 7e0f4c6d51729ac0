# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the modules that a catalog names as connectors, on the controller, from within an action plugin."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from .templates import as_data, as_plain

_LOCAL = "ansible.builtin.local"
_ANY_MODULE = "ansible.legacy.normal"


class OwnModules:
    """Modules by their full names, each call as a task of its own would make it: with its action plugin if it has one.

    Packets are carried out in threads, and nothing that runs a module is promised to be safe there: one call at a time.
    What ansible-core keeps in context variables is that of the thread that made this object.
    """

    def __init__(self, action: ActionBase, variables: t.Mapping[str, t.Any]) -> None:
        self._action = action
        self._variables = variables
        self._loaders = action._shared_loader_obj
        self._context = contextvars.copy_context()
        self._lock = threading.Lock()

    def exists(self, name: str) -> bool:
        """Return whether there is a module or an action plugin of this full name on the controller."""
        if self._loaders.action_loader.has_plugin(name):
            return True
        return bool(self._loaders.module_loader.find_plugin_with_context(name).resolved)

    def run(self, name: str, arguments: t.Mapping[str, t.Any], *, check: bool) -> dict[str, t.Any]:
        """Return what the module returns. What keeps it from running is a failed result, too."""
        with self._lock:
            return self._context.run(self._run, name, arguments, check)

    def _run(self, name: str, arguments: t.Mapping[str, t.Any], check: bool) -> dict[str, t.Any]:
        try:
            plugin = self._plugin(name, arguments, check)
            try:
                result = plugin.run(task_vars=self._task_variables())
            finally:
                plugin.cleanup()
        except AnsibleConnectionFailure as error:
            return {"unreachable": True, "msg": str(error)}
        except AnsibleError as error:
            return {"failed": True, "msg": str(error)}
        except Exception as error:  # an action plugin of somebody's own may raise anything; it concerns this app alone
            return {"failed": True, "msg": f"{type(error).__name__}: {error}"}
        plain: dict[str, t.Any] = as_plain(result)
        return plain

    def _plugin(self, name: str, arguments: t.Mapping[str, t.Any], check: bool) -> t.Any:
        action = self._action
        task = action._task.copy()
        task.action = name
        # HR's and an app's texts are never templates, whatever an action plugin does with its arguments
        task.args = as_data(dict(arguments))
        # whoever runs with --check changes nothing, whatever was asked for here
        task.check_mode = check or bool(action._task.check_mode)
        task.diff = False
        task.no_log = True
        task.async_val = 0
        task.delegate_to = None
        loaders = self._loaders
        connection = loaders.connection_loader.get(_LOCAL, action._play_context, os.devnull)
        handler = name if loaders.action_loader.has_plugin(name) else _ANY_MODULE
        return loaders.action_loader.get(
            handler,
            task=task,
            connection=connection,
            play_context=action._play_context,
            loader=action._loader,
            templar=action._templar,
            shared_loader_obj=loaders,
        )

    def _task_variables(self) -> dict[str, t.Any]:
        return {
            **self._variables,
            "ansible_connection": _LOCAL,
            # the Python that runs Ansible, as for the implicit localhost
            "ansible_python_interpreter": sys.executable,
        }
