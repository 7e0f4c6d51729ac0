# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The execution environment: what ansible-builder makes of the definition, as far as that goes without a container."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from ansible_collections.rollcall.access.tests.integration.support.running import environment, program

ROOT = pathlib.Path(__file__).resolve().parents[3]


def names(path: pathlib.Path) -> dict[str, str]:
    """Return the packages that a requirements file names, each with its range."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    found = (re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z]+\])?\s*(.*)", line) for line in lines if line)
    return {match[1].lower(): match[2] for match in found if match and not match[0].startswith("-")}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The build context of a checkout in which ``make build`` was run."""
    place = tmp_path_factory.mktemp("image")
    for name in ("execution-environment.yml", "requirements-ee.txt", "bindep.txt"):
        shutil.copy(ROOT / name, place)
    env = environment(place, place, {})
    build = [program("ansible-galaxy"), "collection", "build", "--output-path", str(place / "build")]
    subprocess.run(build, cwd=ROOT, env=env, check=True, capture_output=True, timeout=300)
    create = [program("ansible-builder"), "create", "-f", "execution-environment.yml", "--context", "context"]
    done = subprocess.run(
        [*create, "--output-filename", "Containerfile"],
        cwd=place,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No matches" not in done.stdout + done.stderr
    return place / "context"


def test_ansible_builder_takes_the_definition_and_pins_what_runs_it(context: pathlib.Path) -> None:
    steps = (context / "Containerfile").read_text(encoding="utf-8")
    assert "ansible-core>=2.16,<2.22" in steps
    assert "ansible-runner>=2.4,<3" in steps
    assert "FROM $EE_BASE_IMAGE" in steps


def test_the_image_gets_every_library_that_a_requirements_file_names(context: pathlib.Path) -> None:
    there = names(context / "_build/requirements.txt")
    needed = names(ROOT / "requirements.txt") | names(ROOT / "requirements-connectors.txt")
    assert len(needed) > 15
    assert there == needed


def test_the_image_gets_what_no_wheel_has(context: pathlib.Path) -> None:
    system = (context / "_build/bindep.txt").read_text(encoding="utf-8")
    wanted = {line.split()[0] for line in system.splitlines() if line and not line.startswith("#")}
    assert wanted == {"git", "tzdata", "chromium"}


def test_the_collection_in_the_context_is_the_one_that_is_installed(
    context: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    """As the step of the image does it: in the folder of the build, from requirements.yml."""
    install = [
        program("ansible-galaxy"),
        "collection",
        "install",
        "--offline",
        "-r",
        "requirements.yml",
        "-p",
        str(tmp_path),
    ]
    env = environment(tmp_path, tmp_path, {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path)})
    subprocess.run(install, cwd=context / "_build", env=env, check=True, capture_output=True, timeout=300)
    installed = tmp_path / "ansible_collections/rollcall/access"
    meta = yaml.safe_load((installed / "meta/execution-environment.yml").read_text(encoding="utf-8"))
    for name in meta["dependencies"].values():
        assert (installed / name).is_file()
    assert (installed / "playbooks/awx_setup.yml").is_file()
    assert (installed / "playbooks/awx/defaults.yml").is_file()
