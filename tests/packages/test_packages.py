"""The contents of the packages, and the wheel that the source package builds."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(kind, source, directory):
    """Build a package of a source tree, and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(directory)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = directory.iterdir()
    return package


def contents(wheel):
    """Return the files of a wheel, as bytes, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """Build the source package of this tree."""
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this tree."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def test_the_source_package_builds_the_same_wheel(sdist, wheel, tmp_path):
    """It contains the front end as built, so a build from it needs no Node.js."""
    with tarfile.open(sdist) as archive:
        checked = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # not in 3.11.2
        archive.extractall(tmp_path / "source", **checked)
    (source,) = (tmp_path / "source").iterdir()
    assert contents(build("wheel", source, tmp_path / "built")) == contents(wheel)


def test_the_wheel_contains_the_package_and_its_licences_only(wheel):
    """Nothing of the tests or the tools gets into a user's environment."""
    names = contents(wheel)
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.startswith("jobgroup-")} == {
        "jobgroup",
        "jobgroup_server",
    }
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "jobgroup/dashboard/static/THIRD_PARTY.txt" in names


def test_the_description_links_only_to_full_addresses(wheel):
    """A package index shows the README, but has none of the files that its links name."""
    (metadata,) = (data for name, data in contents(wheel).items() if name.endswith("METADATA"))
    text = metadata.decode()
    assert "## Nothing lost, nothing paid twice" in text
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert targets
    assert [target for target in targets if not target.startswith("https://")] == []


def test_the_citation_file_names_this_version():
    """The version that people cite is the one that they have."""
    text = (ROOT / "src/jobgroup/__init__.py").read_text()
    version = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)[1]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()
