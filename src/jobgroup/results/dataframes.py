"""Convert tables for dataframe libraries, all of which are optional."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from jobgroup.errors import MissingDependencyError
from jobgroup.results.cells import Cell
from jobgroup.values import as_float

if TYPE_CHECKING:
    from pandas import DataFrame
    from polars import DataFrame as PolarsFrame

Columns = Mapping[str, Sequence[Cell]]
Kind = Literal["bool", "int", "float", "text"]

KINDS: Final[Mapping[str, Kind]] = {
    "job": "int",
    "iteration": "int",
    "attempts": "int",
    "shots": "int",
    "duration_s": "float",
    "count": "int",
    "probability": "float",
}
"""Kinds of columns that may be empty."""

_MAX_INT64: Final = 2**63 - 1


def to_pandas(columns: Columns) -> DataFrame:
    """Return a pandas DataFrame.

    Raises:
        MissingDependencyError: pandas is not installed.
    """
    pd = _needed("pandas", "to_pandas()", "pip install pandas")
    dtypes = {"bool": "boolean", "int": "Int64", "float": "float64", "text": "object"}
    series = {}
    for name, cells in columns.items():
        kind = kind_of(name, cells)
        has_gaps = None in cells
        dtype = kind if kind in ("bool", "int") and not has_gaps else dtypes[kind]
        made = pd.Series(typed(kind, cells), dtype="int64" if dtype == "int" else dtype)
        series[name] = made.infer_objects() if kind == "text" else made
    frame: DataFrame = pd.DataFrame(series)
    return frame


def to_polars(columns: Columns) -> PolarsFrame:
    """Return a polars DataFrame.

    Raises:
        MissingDependencyError: polars is not installed.
    """
    pl = _needed("polars", "to_polars()", "pip install polars")
    dtypes = {"bool": pl.Boolean, "int": pl.Int64, "float": pl.Float64, "text": pl.String}
    kinds = {name: kind_of(name, cells) for name, cells in columns.items()}
    frame: PolarsFrame = pl.DataFrame(
        {name: typed(kinds[name], cells) for name, cells in columns.items()},
        schema={name: dtypes[kind] for name, kind in kinds.items()},
    )
    return frame


def arrow_stream(columns: Columns, requested_schema: Any = None) -> Any:
    """Return an Arrow C stream in a capsule, as the PyCapsule interface defines it.

    Raises:
        MissingDependencyError: nanoarrow is not installed.
    """
    advice = 'pip install "jobgroup[arrow]"'
    na = _needed("nanoarrow", "The Arrow interface", advice)
    streams = import_module("nanoarrow.c_array_stream")
    types = {"bool": na.bool_(), "int": na.int64(), "float": na.float64(), "text": na.string()}
    kinds = {name: kind_of(name, cells) for name, cells in columns.items()}
    schema = na.c_schema(na.struct({name: types[kind] for name, kind in kinds.items()}))
    children = [na.c_array(typed(kinds[n], cells), types[kinds[n]]) for n, cells in columns.items()]
    length = len(next(iter(columns.values()), []))
    rows = na.c_array_from_buffers(schema, length, buffers=[None], children=children)
    stream = streams.CArrayStream.from_c_arrays([rows], schema)
    return stream.__arrow_c_stream__(requested_schema)


def kind_of(name: str, cells: Iterable[Cell]) -> Kind:
    """Return the kind of a column, which is the same for every library.

    >>> kind_of("phi", [1, 0.5, None]), kind_of("shots", [1, None]), kind_of("phi", [1, "off"])
    ('float', 'int', 'text')
    """
    present = [value for value in cells if value is not None]
    kinds = {type(value) for value in present}
    if not kinds:
        return KINDS.get(name, "text")
    if kinds == {bool}:
        return "bool"
    if kinds == {int} and all(-_MAX_INT64 <= value <= _MAX_INT64 for value in present):  # type: ignore[operator]
        return "int"
    return "float" if float in kinds and kinds <= {int, float} else "text"


def typed(kind: Kind, cells: Iterable[Cell]) -> list[Any]:
    """Return cells as values of their column's kind; gaps remain."""
    makers: Mapping[Kind, Callable[[Any], Any]]
    makers = {"bool": bool, "int": int, "float": as_float, "text": str}
    make = makers[kind]
    return [None if value is None else make(value) for value in cells]


def _needed(module: str, what: str, advice: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{what} needs {module}, which is not installed: {advice}. to_csv and to_json work"
            " without it."
        ) from error
