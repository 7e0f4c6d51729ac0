# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A company's directory, made for one test from a template, with the commands that people give in it."""

from __future__ import annotations

import json
import pathlib
import shutil
import types
import typing as t
import uuid

from .forked import ONCE, PROGRAMS, Forked, forks
from .running import CALLBACKS, Outcome, Running, environment, program
from .scim import TOKEN, ScimServer, Tenant

#: No further environment.
NOTHING: t.Mapping[str, str] = types.MappingProxyType({})

#: Settings for Ansible that are the same in many runs.
SHARED = ("ANSIBLE_CONNECTION_PLUGINS",)


class CompanyDirectory:
    """A copy of a template (``rollcall.yml``, ``access/``, ``hr/``), whose SCIM apps are tenants of its own.

    In the template, the connection of an app reads::

        base_url: "{{ lookup('env', 'SCIM_APPS') }}hub/v2"
        token: "{{ lookup('env', 'SCIM_TOKEN') }}"

    and ``tenant("hub")`` is that app. ``env`` is what every program is started with; a test may add to it.

    A run is a fork of a process that has imported everything (``forked.py``), unless it gets settings of its own for
    Ansible or Python, or ``from_the_start`` says that here programs import everything themselves, as users' do.
    """

    from_the_start = False

    def __init__(self, template: pathlib.Path, place: pathlib.Path, server: ScimServer) -> None:
        self.path = place / "company"
        shutil.copytree(template, self.path)
        self._server = server
        self._home = place / "ansible"
        # not counted: a test file that imports this one by another name has a copy, which would count from one again
        self._prefix = f"c{uuid.uuid4().hex[:12]}-"
        self.env: dict[str, str] = {}
        self.point_to(server.port)

    def point_to(self, port: int) -> None:
        """Reach the apps through another port: a proxy that stands before the server."""
        self.env |= {"SCIM_APPS": f"http://127.0.0.1:{port}/{self._prefix}", "SCIM_TOKEN": TOKEN}

    def tenant(self, app: str) -> Tenant:
        return self._server.tenant(self._prefix + app)

    @property
    def ledger(self) -> pathlib.Path:
        return self.path / "ledger.db"

    def write(self, name: str, content: str | bytes) -> pathlib.Path:
        """Write a file of the company, in place of what is there."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file in one place. It is an AssertionError when ``old`` is not there exactly once."""
        text = self.read(name)
        assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
        self.write(name, text.replace(old, new))

    # what people do in it

    def playbook(self, name: str, *arguments: str, env: t.Mapping[str, str] = NOTHING, timeout: float = 600) -> Outcome:
        """Run ``ansible-playbook rollcall.access.<name> -i rollcall.yml`` and wait for it."""
        return self.start_playbook(name, *arguments, env=env).wait(timeout)

    def start_playbook(self, name: str, *arguments: str, env: t.Mapping[str, str] = NOTHING) -> Running | Forked:
        """The same without waiting. A name with a dot is taken as it is: a collection's playbook or a file."""
        full = name if "." in name else f"rollcall.access.{name}"
        return self._start(["ansible-playbook", full, "-i", "rollcall.yml", *arguments], env)

    def inventory(self, *, env: t.Mapping[str, str] = NOTHING) -> dict[str, t.Any]:
        """Return what ``ansible-inventory --list`` shows."""
        shown = self._start(["ansible-inventory", "-i", "rollcall.yml", "--list"], env).wait().succeeded().stdout
        return json.loads(shown, object_hook=_plain)

    def command(self, *words: str, env: t.Mapping[str, str] = NOTHING, timeout: float = 600) -> Outcome:
        """Run one of Ansible's programs in the company's directory."""
        return self._start(words, env).wait(timeout)

    def _start(self, command: t.Sequence[str], env: t.Mapping[str, str]) -> Running | Forked:
        given = self._environment(env)
        own = any(name.startswith(ONCE) and name not in SHARED for name in (*self.env, *env))
        if command[0] not in PROGRAMS or own or self.from_the_start:
            return Running([program(command[0]), *command[1:]], self.path, given)
        return forks(given).start([program(command[0]), *command[1:]], self.path, given)

    def _environment(self, env: t.Mapping[str, str]) -> dict[str, str]:
        self._home.mkdir(exist_ok=True)
        extra = {
            **self.env,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "task_results",
            "ROLLCALL_TEST_RESULTS": str(self._home / "results.jsonl"),
            **env,
        }
        return environment(self._home, self.path, extra)


def _plain(values: dict[str, t.Any]) -> t.Any:
    """Ansible writes a text that is no template as {"__ansible_unsafe": text}; return the text."""
    return values["__ansible_unsafe"] if values.keys() == {"__ansible_unsafe"} else values
