# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One AWX, and awx_setup run against it with a company's answers."""

from __future__ import annotations

import contextlib
import copy
import json
import pathlib
import subprocess
import sys
import typing as t

from ansible_collections.rollcall.access.tests.integration.awx.awx_http import TOKEN, serving
from ansible_collections.rollcall.access.tests.integration.awx.awx_server import Awx
from ansible_collections.rollcall.access.tests.integration.support.running import (
    CALLBACKS,
    Outcome,
    Running,
    collections_path,
    environment,
    program,
)

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/awx"
CANARY = "s3cret-of-the-ledger"

ANSWERS: dict[str, t.Any] = {
    "rollcall_awx_image": "registry.example/ee:1",
    "rollcall_awx_project_url": "https://git.example/rollcall.git",
    "rollcall_awx_hr_variables": ["BAMBOOHR_KEY"],
    "rollcall_awx_app_variables": ["CODE_TOKEN"],
    "rollcall_awx_app_extra_vars": ["vault_crm_token"],
    "rollcall_awx_secrets": {
        "BAMBOOHR_KEY": f"{CANARY}-hr",
        "CODE_TOKEN": f"{CANARY}-code",
        "vault_crm_token": f"{CANARY}-crm",
    },
    "rollcall_awx_ledger_url": f"postgresql+psycopg://rollcall:{CANARY}@db.example/rollcall",
    "rollcall_awx_ledger_key": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n",
    "rollcall_awx_requestable_apps": ["crm", "code"],
    "rollcall_awx_slices": 4,
    "rollcall_awx_directory": "/data",
    "rollcall_awx_instance_groups": {"emergency_offboard": ["fast", "default"]},
    "rollcall_awx_notifications": [
        {"name": "security", "type": "webhook", "configuration": {"url": "https://chat.example/hook"}},
        {
            "name": "it",
            "type": "slack",
            "configuration": {"token": f"{CANARY}-slack", "channels": ["#it"]},
            "on": ["success"],
        },
    ],
    "rollcall_awx_teams": {"emergency_offboard": ["Security"], "request_access": ["Everybody"]},
    "rollcall_awx_approvers": ["Security"],
}


class Setup:
    """One AWX, and awx_setup run against it."""

    def __init__(self, place: pathlib.Path, others: pathlib.Path, awx: Awx, url: str) -> None:
        self.place, self.others, self.awx, self.url = place, others, awx, url

    def run(self, *arguments: str, token: str = TOKEN, **changes: t.Any) -> Outcome:
        """Run the playbook; ``changes`` are other answers than the usual ones."""
        self.awx.writes.clear()
        answers = self.place / "awx.yml"
        answers.write_text(json.dumps({**copy.deepcopy(ANSWERS), **changes}), encoding="utf-8")
        env = environment(
            self.place,
            self.place,
            {
                "ANSIBLE_COLLECTIONS_PATH": f"{collections_path()}:{self.others}",
                "CONTROLLER_HOST": self.url,
                "CONTROLLER_OAUTH_TOKEN": token,
                "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
                "ANSIBLE_CALLBACKS_ENABLED": "task_results",
                "ROLLCALL_TEST_RESULTS": str(self.place / "results.jsonl"),
                # one process for each module in place of six
                "ANSIBLE_PIPELINING": "1",
                "no_proxy": "127.0.0.1",
            },
        )
        command = [program("ansible-playbook"), "rollcall.access.awx_setup", "-e", f"@{answers}", *arguments]
        return Running(command, self.place, env).wait(900)

    def written(self) -> list[str]:
        return [f"{method} {path.removeprefix('/api/v2/').split('/')[0]}" for method, path, _body in self.awx.writes]


@contextlib.contextmanager
def awx_with_teams(place: pathlib.Path) -> t.Iterator[Setup]:
    """An AWX with an organization of two teams, and two instance groups."""
    fetch = [sys.executable, str(ROOT / "scripts/collections_from_pypi.py"), "awx.awx"]
    others = subprocess.run(fetch, check=True, capture_output=True, text=True).stdout.strip()
    awx = Awx(path.name for path in EXAMPLE.glob("*.yml"))
    for endpoint, body in (
        ("organizations", {"name": "Rollcall"}),
        ("teams", {"name": "Security", "organization": 1}),
        ("teams", {"name": "Everybody", "organization": 1}),
        ("instance_groups", {"name": "default"}),
        ("instance_groups", {"name": "fast"}),
    ):
        awx.answer("POST", f"/api/v2/{endpoint}/", {}, body)
    with serving(awx) as url:
        yield Setup(place, pathlib.Path(others), awx, url)
