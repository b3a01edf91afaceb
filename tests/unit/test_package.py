"""The package's exports, the imports of its modules, and the truth of its examples."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import jobgroup
from jobgroup import errors

SOURCE = Path(jobgroup.__file__).parent
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(SOURCE)], "jobgroup."))
SCRIPTS = ("jobgroup.demo.", "jobgroup.__main__")  # importing these modules runs them


def test_all_equals_the_public_names():
    """`__all__` equals the public names of the namespace, and every one can be imported."""
    public = {
        name
        for name, value in vars(jobgroup).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and str(getattr(value, "__module__", "")).startswith("jobgroup")
    }
    lazy = {"Dashboard", "__version__"}
    assert public | lazy == set(jobgroup.__all__)
    assert len(jobgroup.__all__) == len(set(jobgroup.__all__))
    for name in jobgroup.__all__:
        assert getattr(jobgroup, name) is not None
    assert set(jobgroup.__all__) <= set(dir(jobgroup))


def test_an_unknown_name_is_an_attribute_error():
    """The package raises AttributeError like any module."""
    with pytest.raises(AttributeError, match="no_such"):
        jobgroup.no_such  # noqa: B018


def test_the_tree_of_errors_equals_the_docstring():
    """The docstring shows every error below its parent, and no other."""
    drawn, path = {}, []
    for line in (errors.__doc__ or "").splitlines():
        name = next((w for w in line.split() if w.endswith("Error")), None)
        if name is None:
            continue
        depth = line.index(name) // 4
        path = [*path[:depth], name]
        drawn[name] = path[-2] if depth else None
    assert set(drawn) == set(errors.__all__)
    for name, parent in drawn.items():
        kind = getattr(errors, name)
        assert kind.__doc__
        if parent:
            assert issubclass(kind, getattr(errors, parent)), name


def test_the_import_loads_nothing_optional():
    """Optional and heavy modules are imported only when they are used."""
    heavy = ("perceval", "starlette", "uvicorn", "pandas", "IPython", "anywidget", "keyring")
    heavy += ("dask", "distributed", "rich", "argcomplete", "tenacity")
    heavy += ("jobgroup.cloud", "jobgroup.doctor", "jobgroup.results.drawing")
    script = (
        "import sys; import jobgroup.cli; from jobgroup import JobGroup, RemoteJob\n"
        f"print([n for n in {heavy!r} if n in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert out.stdout == "[]\n"


FLOORS = {
    "errors": 0,
    "compatibility": 0,
    "decoding": 0,
    "fingerprint": 0,
    "status": 0,
    "logs": 0,
    "rounding": 0,
    "values": 0,
    "words": 0,
    "origin": 0,
    "perceval_settings": 0,
    "retry": 0,
    "search": 0,
    "secret": 0,
    "system": 0,
    "tracebacks": 0,
    "store": 1,
    "providers": 1,
    "adapters": 1,
    "credentials": 1,
    "proxies": 1,
    "engine": 2,
    "token_pipe": 2,
    "references": 3,
    "job": 3,
    "state": 3,
    "catalog": 3,
    "results": 3,
    "doctor": 4,
    "jupyter_servers": 4,
    "group": 4,
    "dashboard": 5,
    "cli": 5,
    "demo": 5,
    "testing": 5,
    "__main__": 6,
}
APART = {"store", "providers", "adapters", "credentials", "proxies"}


def _imports(path):
    """Return jobgroup's modules that a file imports, including those imported inside functions."""
    package = "jobgroup." + ".".join(path.relative_to(SOURCE).with_suffix("").parts[:-1])
    nodes = [ast.parse(path.read_text("utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("jobgroup"))
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.rstrip(".").split(".")
                base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [base])])
            if base == "jobgroup":
                yield from (f"jobgroup.{a.name}" for a in node.names)
            elif base.startswith("jobgroup."):
                yield base
        nodes.extend(ast.iter_child_nodes(node))


def _may_import(part, other):
    if part == other or (part, other) in {("cli", "cloud"), ("demo", "cloud")}:
        return True
    if (part, other) == ("group", "dashboard"):  # shows a group in a notebook
        return True
    if part == "cloud":
        return other == "decoding"
    if (part, other) == ("adapters", "store"):  # JobSpec.to_new_job
        return True
    if other == "cloud" or {part, other} <= APART:
        return False
    return FLOORS.get(other, FLOORS["cli"]) <= FLOORS[part]  # otherwise a name of the package


def test_modules_of_the_engine_have_no_import_cycle():
    """There is no cycle among them, not even through an import inside a function."""
    modules = {path.stem: path for path in (SOURCE / "engine").glob("*.py")}
    needs = {
        name: {
            other
            for node in _imports_at_run_time(ast.parse(path.read_text(encoding="utf-8")))
            for other in modules
            if node.module == f"jobgroup.engine.{other}"
        }
        for name, path in modules.items()
    }
    while needs:
        free = {name for name, others in needs.items() if not others & needs.keys()}
        assert free, f"a circle among {sorted(needs)}"
        for name in free:
            del needs[name]


def _imports_at_run_time(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            yield child
        elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            yield from _imports_at_run_time(child)


def test_imports_point_downwards():
    """No module imports from a layer above its own; modules of the lower layers are independent."""
    wrong = []
    for path in SOURCE.rglob("*.py"):
        part = path.relative_to(SOURCE).with_suffix("").parts[0]
        wrong.extend(
            f"{path.relative_to(SOURCE)} imports {imported}"
            for imported in (_imports(path) if part != "__init__" else ())
            if not _may_import(part, imported.partition(".")[2].partition(".")[0])
        )
    assert wrong == []


def test_only_the_store_uses_sql():
    """No other part opens a database, except the embedded cloud, which has its own."""
    users = {
        path.relative_to(SOURCE).parts[0]
        for path in SOURCE.rglob("*.py")
        if "sqlite3" in path.read_text("utf-8")
    }
    assert users <= {"store", "cloud"}


def test_no_statement_numbers_its_placeholders():
    """Python treats ?1 as a name: 3.12 warns about values in a sequence, and 3.14 rejects them."""
    for path in [*(SOURCE / "store").rglob("*.py"), *(SOURCE / "cloud").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.search(r"\?\d", node.value), f"{path.name}:{node.lineno}"


@pytest.mark.parametrize("name", [m for m in MODULES if not m.startswith(SCRIPTS)])
def test_docstring_examples_run(name):
    """Every module describes its purpose, and its examples produce the output that they show."""
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module).failed == 0
