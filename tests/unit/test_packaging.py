# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection as it is handed on: the archive, what it needs, and the files that are written by a program."""

from __future__ import annotations

import ast
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import types
import typing as t
import zipfile

import pytest
import yaml

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PLUGINS = CHECKOUT / "plugins"

# import name -> the name to install it by, where the two differ
DISTRIBUTIONS = {"yaml": "pyyaml", "jwt": "pyjwt", "google": "google-auth", "botocore": "boto3"}


def loaded(path: str) -> t.Any:
    return yaml.safe_load((CHECKOUT / path).read_text(encoding="utf-8"))


def script(name: str) -> types.ModuleType:
    """Return a program of scripts/ as a module."""
    if str(CHECKOUT / "scripts") not in sys.path:
        sys.path.append(str(CHECKOUT / "scripts"))  # they import from one another
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / f"scripts/{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def requirements(name: str) -> dict[str, str]:
    """Return the packages that a requirements file names, in lower case, each with its range."""
    found = {}
    for line in (CHECKOUT / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#", 1)[0].strip()
        if line and not line.startswith("-"):
            match = re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", line)
            assert match, f"{name}: {line}"
            found[match[1].lower()] = match[2].strip()
    return found


def run(*command: str | os.PathLike[str], collections: pathlib.Path, **more: t.Any) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_FORCE_COLOR": "0", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ansible", *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **more,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The archive that ``ansible-galaxy collection build`` makes of this checkout."""
    folder = tmp_path_factory.mktemp("archive")
    run("galaxy", "collection", "build", "--output-path", folder, collections=folder, cwd=CHECKOUT)
    (path,) = folder.glob("rollcall-access-*.tar.gz")
    return path


@pytest.fixture(scope="module")
def installed(archive: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A folder of collections into which the archive was installed."""
    folder = tmp_path_factory.mktemp("installed")
    run("galaxy", "collection", "install", "--offline", archive, "-p", folder, collections=folder)
    return folder


@pytest.fixture(scope="module")
def contents(archive: pathlib.Path) -> frozenset[str]:
    with tarfile.open(archive) as tar:
        return frozenset(member.name for member in tar.getmembers() if member.isfile())


def test_the_archive_holds_everything_that_a_run_reads(contents: frozenset[str]) -> None:
    needed = [
        path.relative_to(CHECKOUT).as_posix()
        for folder in ("plugins", "schemas", "roles", "playbooks", "meta", "extensions/eda")
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert needed
    assert not set(needed) - contents


def test_the_archive_holds_the_sample_company_and_the_licence(contents: frozenset[str]) -> None:
    assert {"LICENSE", "README.md", "examples/acme/rollcall.yml", "examples/acme/hr/employees.csv"} <= contents


def test_the_archive_holds_nothing_of_the_workshop(contents: frozenset[str]) -> None:
    kept_out = (".venv/", ".git/", ".ci/", "build/", "scripts/", "tests/unit/", "tests/data/", "tests/integration/")
    caches = re.compile(r"(^|/)(__pycache__|\.(mypy|pytest|ruff)_cache|\.hypothesis)/|\.(pyc|db|tar\.gz)$")
    assert not [name for name in contents if name.startswith(kept_out) or caches.search(name)]


def test_the_installed_collection_documents_its_inventory(installed: pathlib.Path) -> None:
    text = run("doc", "-t", "inventory", "rollcall.access.people", collections=installed)
    assert str(installed) in text


def test_the_installed_collection_documents_every_module(installed: pathlib.Path) -> None:
    listing = run("doc", "-t", "module", "--list", "rollcall.access", collections=installed)
    names = {line.split()[0].removeprefix("rollcall.access.") for line in listing.splitlines() if line.strip()}
    assert names == set(script("generate_action_groups").module_names(PLUGINS / "modules"))


def test_the_archive_carries_the_name_and_version_of_galaxy_yml(archive: pathlib.Path) -> None:
    galaxy = loaded("galaxy.yml")
    assert archive.name == f"{galaxy['namespace']}-{galaxy['name']}-{galaxy['version']}.tar.gz"
    assert (galaxy["namespace"], galaxy["name"], galaxy["license"]) == ("rollcall", "access", ["GPL-3.0-or-later"])


def test_a_version_that_the_code_names_is_that_of_galaxy_yml() -> None:
    version = loaded("galaxy.yml")["version"]
    named = {
        f"{path.relative_to(CHECKOUT)}: {match[1]}"
        for path in PLUGINS.rglob("*.py")
        for match in re.finditer(r"^(?:TOOL_)?VERSION\s*=\s*[\"']([^\"']+)", path.read_text("utf-8"), re.MULTILINE)
        if match[1] != version
    }
    assert not named


def test_the_licence_is_the_third_gpl_in_full() -> None:
    text = (CHECKOUT / "LICENSE").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_every_library_that_the_code_asks_for_is_a_requirement() -> None:
    asked = {
        node.args[0].value.split(".")[0]
        for path in PLUGINS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "library"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert asked
    there = requirements("requirements.txt").keys() | requirements("requirements-connectors.txt").keys()
    assert not {DISTRIBUTIONS.get(name, name).lower() for name in asked} - there


def test_every_requirement_has_a_lower_bound() -> None:
    for file in ("requirements.txt", "requirements-connectors.txt"):
        assert not [name for name, versions in requirements(file).items() if ">=" not in versions]


def test_an_execution_environment_gets_the_same_requirements() -> None:
    named = loaded("meta/execution-environment.yml")["dependencies"]["python"]
    assert named == "requirements-ee.txt"
    assert requirements(named) == requirements("requirements.txt") | requirements("requirements-connectors.txt")
    assert "ansible-core" not in requirements(named)


def test_the_action_group_lists_every_module_and_no_other() -> None:
    generate = script("generate_action_groups")
    assert loaded("meta/runtime.yml")["action_groups"]["all"] == generate.module_names(PLUGINS / "modules")


def test_writing_the_action_group_leaves_the_rest_alone() -> None:
    generate = script("generate_action_groups")
    before = "requires_ansible: '>=2.16.0'\naction_groups:\n  all:\n    - gone\n# kept\nplugin_routing:\n  action: {}\n"
    after = generate.with_group(before, ["one", "two"])
    assert yaml.safe_load(after)["action_groups"]["all"] == ["one", "two"]
    assert after.startswith("requires_ansible: '>=2.16.0'\n")
    assert after.endswith("# kept\nplugin_routing:\n  action: {}\n")
    assert generate.with_group(after, ["one", "two"]) == after


def test_the_action_group_is_added_where_there_is_none() -> None:
    after = script("generate_action_groups").with_group("requires_ansible: '>=2.16.0'\n", ["one"])
    assert yaml.safe_load(after) == {"requires_ansible": ">=2.16.0", "action_groups": {"all": ["one"]}}


def test_the_table_of_capabilities_is_what_the_connectors_implement() -> None:
    generate = script("generate_capabilities")
    operations = importlib.import_module(f"{generate.PACKAGE}.contract").OPERATIONS
    page = (CHECKOUT / "docs/capabilities.md").read_text(encoding="utf-8")
    assert page == generate.page(generate.connector_classes(), operations), "run: make generate"


def test_the_table_of_questions_is_what_the_registry_has() -> None:
    generate = script("generate_questions")
    page = generate.PAGE.read_text(encoding="utf-8")
    assert page == generate.with_table(page, importlib.import_module(generate.REGISTRY).QUESTIONS), "run: make generate"


def python_files() -> list[str]:
    folders = (PLUGINS, CHECKOUT / "extensions", CHECKOUT / "scripts", CHECKOUT / "tests", CHECKOUT / "examples")
    return sorted(str(path.relative_to(CHECKOUT)) for folder in folders for path in folder.rglob("*.py"))


def test_every_python_file_says_whose_it_is_and_under_which_licence() -> None:
    missing = []
    for name in python_files():
        text = (CHECKOUT / name).read_text(encoding="utf-8")
        head = text.splitlines()[:4]
        if text.strip() and not (
            any(line.startswith("# Copyright: the Rollcall contributors") for line in head)
            and "# SPDX-License-Identifier: GPL-3.0-or-later" in head
        ):
            missing.append(name)
    assert not missing


def test_every_line_that_silences_sanity_carries_its_reason() -> None:
    silent = [
        f"{path.name}:{number}"
        for path in sorted((CHECKOUT / "tests/sanity").glob("ignore-*.txt"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip() and not re.search(r"\S+ \S+ # \S.{10,}", line)
    ]
    assert not silent


def test_the_tests_that_are_left_out_are_named(tmp_path: pathlib.Path) -> None:
    left = script("left_to_test_servers")
    assert "Nothing was left" in left.line(tmp_path)
    (tmp_path / "test_pages.py").write_text("def test_one(): ...\n\n\nclass TestMore:\n    def test_two(self): ...\n")
    assert left.line(tmp_path).endswith("test_pages.py (2)")


def test_a_package_is_missing_when_its_program_is() -> None:
    missing = script("install_servers").missing_packages("# servers\nsh dash\nno-such-program-at-all its-package\n")
    assert missing == ["its-package"]


def test_collections_of_others_come_out_of_the_package_that_carries_them(tmp_path: pathlib.Path) -> None:
    fetch = script("collections_from_pypi").fetch
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels/ansible-11.0.0-py3-none-any.whl", "w") as wheel:
        for name in ("awx/awx", "other/one"):
            wheel.writestr(f"ansible_collections/{name}/MANIFEST.json", "{}")
    fetch(["awx.awx"], tmp_path)
    fetch(["awx.awx"], tmp_path)  # there already
    assert [path.parent.name for path in tmp_path.rglob("MANIFEST.json")] == ["awx"]
    for strange in ("no.such", "../../awx.awx", "awx"):
        with pytest.raises(SystemExit):
            fetch([strange], tmp_path)
