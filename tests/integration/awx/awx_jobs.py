# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX lays them out for ansible-runner: the synced inventory as a script, variables that are data, slices.

Source: awx/main/tasks/jobs.py, awx/main/models/inventory.py and awx/main/utils/safe_yaml.py of
https://github.com/ansible/awx (24; read, not copied). What AWX runs in a container, runs here without one.
"""

# pylint: disable=disallowed-name
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import typing as t

import yaml
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import environment, program

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[3] / "examples/awx"
NOBODY: t.Mapping[str, t.Any] = {"all": {"hosts": []}, "_meta": {"hostvars": {}}}


class _Data(yaml.SafeDumper):
    """Writes every text as !unsafe, as AWX does with extra variables."""


_Data.add_representer(str, lambda dumper, text: dumper.represent_scalar("!unsafe", text))


@dataclasses.dataclass(frozen=True)
class JobResult:
    """What AWX knows of a job when it is over."""

    rc: int
    status: str
    events: tuple[dict[str, t.Any], ...]
    artifacts: dict[str, t.Any]
    folder: pathlib.Path

    @property
    def stdout(self) -> str:
        return (self.folder / "stdout").read_text(encoding="utf-8")

    @property
    def stats(self) -> dict[str, t.Any]:
        (last,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(last["event_data"])

    def succeeded(self) -> JobResult:
        assert (self.rc, self.status) == (0, "successful"), self.stdout
        return self


class Job:
    """A job that ansible-runner runs."""

    def __init__(self, process: subprocess.Popen[str], folder: pathlib.Path) -> None:
        self._process, self._folder = process, folder

    def wait(self, timeout: float = 300) -> JobResult:
        try:
            said, _ = self._process.communicate(timeout=timeout)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        read = {name: (self._folder / name) for name in ("rc", "status")}
        assert all(path.is_file() for path in read.values()), said
        events = [json.loads(path.read_text(encoding="utf-8")) for path in self._folder.glob("job_events/*.json")]
        events.sort(key=lambda event: event["counter"])
        artifacts: dict[str, t.Any] = {}
        for event in events:
            # what set_stats hands on; AWX takes it from the last event
            artifacts.update(event.get("event_data", {}).get("artifact_data", {}))
        rc, status = int(read["rc"].read_text()), read["status"].read_text()
        return JobResult(rc, status, tuple(events), artifacts, self._folder)


class AwxNode:
    """Where AWX runs the jobs of one company; ``env`` is what its credentials inject."""

    def __init__(self, company: CompanyDirectory, place: pathlib.Path, env: t.Mapping[str, str]) -> None:
        self.company, self.place = company, place
        self.env = {**company.env, **env}
        place.mkdir()

    def _environment(self) -> dict[str, str]:
        values = environment(self.place, self.place, {**self.env, "ANSIBLE_HOST_KEY_CHECKING": "False"})
        # whoever runs the tests is not who launched the job
        del values["ROLLCALL_ACTOR"], values["ANSIBLE_CONFIG"]
        return {**values, "PATH": f"{pathlib.Path(program('ansible-runner')).parent}:{os.environ['PATH']}"}

    def _project(self, folder: pathlib.Path) -> pathlib.Path:
        project = folder / "project"
        left_out = shutil.ignore_patterns("ledger.db*", ".ansible")
        shutil.copytree(self.company.path, project, ignore=left_out)
        shutil.copytree(PLAYBOOKS, project, dirs_exist_ok=True, ignore=shutil.ignore_patterns("awx.yml", "*.md"))
        return project

    def sync(self, env: t.Mapping[str, str] | None = None) -> dict[str, t.Any]:
        """Sync the inventory; return what AWX keeps of it. An AssertionError when the sync fails."""
        folder = self.place / "sync"
        project = self._project(folder)
        output = folder / "output.json"
        listing = ["ansible-inventory", "--list", "--export", "-i", "rollcall.yml", "--output", str(output)]
        done = subprocess.run(
            [program(listing[0]), *listing[1:], "--playbook-dir", str(project)],
            cwd=project,
            env={**self._environment(), **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        found = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
        shutil.rmtree(folder)  # the container is gone
        assert done.returncode == 0, done.stdout + done.stderr
        return dict(found)

    def launch(
        self,
        id: int,
        playbook: str,
        inventory: t.Mapping[str, t.Any],
        *,
        answers: t.Mapping[str, t.Any] | None = None,
        part: tuple[int, int] = (1, 1),
        user: str = "ada",
        more: t.Mapping[str, t.Any] | None = None,
    ) -> Job:
        """Start a job as ``user``; ``answers`` are the survey's, ``part`` the slice and how many there are, ``more``
        further variables of AWX."""
        folder = self.place / f"job-{id}"
        self._project(folder)
        for name in ("env", "inventory"):
            (folder / name).mkdir()
        script = folder / "inventory/hosts"
        script.write_text(
            f"#! /usr/bin/env python3\nprint({json.dumps(sliced(inventory, *part))!r})\n", encoding="utf-8"
        )
        script.chmod(0o700)
        template = f"Rollcall {playbook}"
        about = {"job_id": id, "job_launch_type": "manual", "user_name": user, "job_template_name": template}
        if part[1] > 1:
            about |= {"workflow_job_id": 1000 + id, "workflow_job_name": template}
        about |= more or {}
        variables = {
            **(answers or {}),
            **{f"{prefix}_{key}": v for prefix in ("awx", "tower") for key, v in about.items()},
        }
        (folder / "env/extravars").write_text(yaml.dump(variables, Dumper=_Data), encoding="utf-8")
        (folder / "env/settings").write_text(json.dumps({"job_timeout": 280, "suppress_ansible_output": True}))
        # relative to the folder of the project, in which the job runs
        command = [program("ansible-runner"), "run", str(folder), "-p", f"{playbook}.yml", "-i", str(id)]
        process = subprocess.Popen(
            [*command, "--cmdline", "-u root --forks=4"],
            cwd=folder,
            env={**self._environment(), "JOB_ID": str(id), "ANSIBLE_RETRY_FILES_ENABLED": "False"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return Job(process, folder / "artifacts" / str(id))

    def run(self, id: int, playbook: str, inventory: t.Mapping[str, t.Any], **options: t.Any) -> JobResult:
        return self.launch(id, playbook, inventory, **options).wait()


def sliced(inventory: t.Mapping[str, t.Any], number: int, count: int) -> dict[str, t.Any]:
    """Return what the script of a job prints: of all hosts in the order of their names, every ``count``-th one.

    Groups without hosts and variables are left out, but for being children of all, as AWX does.
    """
    values = inventory["_meta"]["hostvars"]
    members = {name: group.get("hosts", []) for name, group in inventory.items() if name != "_meta"}
    names = sorted({host for hosts in members.values() for host in hosts})
    mine = names[number - 1 :: count]
    found: dict[str, t.Any] = {"_meta": {"hostvars": {}}}
    for position, host in enumerate(mine):
        found["_meta"]["hostvars"][host] = {
            **values.get(host, {}),
            "remote_tower_enabled": "true",
            "remote_tower_id": position,
        }
    groups = [name for name in members if name not in ("all", "ungrouped")]
    for name in groups:
        group = {
            "hosts": [host for host in members[name] if host in mine],
            "vars": inventory[name].get("vars"),
            "children": inventory[name].get("children"),
        }
        if any(group.values()):
            found[name] = {key: value for key, value in group.items() if value}
    found["all"] = {"children": groups, "hosts": [], "vars": inventory.get("all", {}).get("vars", {})}
    return found
