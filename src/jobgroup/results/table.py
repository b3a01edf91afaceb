"""Define `Table`, whose rows can be shown, selected and exported without a dataframe library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self, overload

from jobgroup.errors import UnknownColumnError
from jobgroup.results import dataframes, export, rendering
from jobgroup.results.cells import Cell

if TYPE_CHECKING:
    from pandas import DataFrame
    from polars import DataFrame as PolarsFrame

Path = str | os.PathLike[str]


class Table:
    """A table of named columns. Cells are numbers, strings, booleans, or None for a gap.

    Index a table with a number to get a row, or with a name to get a column. For dataframe
    libraries, use `to_pandas`, `to_polars`, or the Arrow PyCapsule interface.

    Args:
        columns: cells of each column, by name; all columns have the same length.
        chosen: names of the columns to show and export, in order, or one name; None for all
            columns.
        title: text that is shown with the table.

    Raises:
        UnknownColumnError: a chosen column does not exist.

    >>> table = Table({"phi": [0.0, 0.5], "status": ["success", "error"]}, title="2 jobs")
    >>> table["phi"], table[1]
    ([0.0, 0.5], {'phi': 0.5, 'status': 'error'})
    >>> table
    phi  status
      0  success
    0.5  error
    2 jobs
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[Cell]],
        *,
        chosen: Sequence[str] | None = None,
        title: str = "",
    ) -> None:
        self._known = {name: list(cells) for name, cells in columns.items()}
        self.title = title
        if isinstance(chosen, str):
            chosen = [chosen]
        self.columns = list(self._known if chosen is None else chosen)
        for name in self.columns:
            self._column(name)

    @property
    def available_columns(self) -> list[str]:
        """Names of all columns, shown or not."""
        return list(self._known)

    def select(self, *names: str | Sequence[str]) -> Self:
        """Return the same rows with other columns, in this order.

        Args:
            names: names of columns, or one list of them.

        Raises:
            UnknownColumnError: a column does not exist; the message lists the existing ones.
        """
        flat = [each for name in names for each in ([name] if isinstance(name, str) else name)]
        for name in flat:
            self._column(name)
        other = type(self).__new__(type(self))
        vars(other).update(vars(self), columns=flat)
        return other

    def _column(self, name: str) -> list[Cell]:
        if name not in self._known:
            raise UnknownColumnError(
                f"There is no column {name!r:.80}. Columns are: {', '.join(self._known)}."
            )
        return self._known[name]

    def __len__(self) -> int:
        return len(next(iter(self._known.values()), []))

    @overload
    def __getitem__(self, key: str) -> list[Cell]: ...
    @overload
    def __getitem__(self, key: int) -> dict[str, Cell]: ...
    @overload
    def __getitem__(self, key: slice) -> list[dict[str, Cell]]: ...
    def __getitem__(
        self, key: str | int | slice
    ) -> list[Cell] | dict[str, Cell] | list[dict[str, Cell]]:
        if isinstance(key, str):
            return list(self._column(key))
        if isinstance(key, slice):
            return [self._row(i) for i in range(len(self))[key]]
        return self._row(range(len(self))[key])

    def __iter__(self) -> Iterator[dict[str, Cell]]:
        return map(self._row, range(len(self)))

    def _row(self, index: int) -> dict[str, Cell]:
        return {name: self._known[name][index] for name in self.columns}

    def _shown(self) -> dict[str, list[Cell]]:
        return {name: self._known[name] for name in self.columns}

    def __repr__(self) -> str:
        return rendering.as_text(self._shown(), self.title)

    def _repr_html_(self) -> str:
        return rendering.as_html(self._shown(), self.title)

    def to_pandas(self) -> DataFrame:
        """Return a pandas DataFrame. Whole numbers stay integers, even in columns with gaps.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        return dataframes.to_pandas(self._shown())

    def to_polars(self) -> PolarsFrame:
        """Return a polars DataFrame.

        Raises:
            MissingDependencyError: polars is not installed.
        """
        return dataframes.to_polars(self._shown())

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Return the table as an Arrow stream, for any library that accepts one.

        Raises:
            MissingDependencyError: nanoarrow is not installed (``jobgroup[arrow]``).
        """
        return dataframes.arrow_stream(self._shown(), requested_schema)

    def to_csv(self, path: Path, *, overwrite: bool = False) -> None:
        """Write comma-separated values. Text that a spreadsheet would run as a formula is escaped.

        The file is in UTF-8 and begins with a byte order mark, which spreadsheets need to detect
        the encoding. In Python, read it with ``encoding="utf-8-sig"``.

        Raises:
            OutputExistsError: the file exists, and `overwrite` is not True.
            StorageError: the file could not be written; nothing was changed.
        """
        export.write(path, export.as_csv(self._shown()), overwrite=overwrite, marked=True)

    def to_json(self, path: Path, *, overwrite: bool = False) -> None:
        """Write a JSON list with one object per row, in ASCII. NaN becomes null.

        Raises:
            OutputExistsError: the file exists, and `overwrite` is not True.
            StorageError: the file could not be written; nothing was changed.
        """
        export.write(path, export.as_json(self._shown()), overwrite=overwrite)
