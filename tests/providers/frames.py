"""The output of tools that show an error's local variables: rich, IPython, trackers."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.traceback import Traceback


def chain(error: BaseException | None, seen: set[int] | None = None) -> Iterator[BaseException]:
    """Yield an error and all its causes and contexts, even those that Python does not print."""
    seen = set() if seen is None else seen
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for other in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        yield from chain(other, seen)


def shown(error: BaseException, *, but: str) -> str:
    """Return every text that such a tool prints for an error.

    Args:
        error: error that was raised.
        but: file whose frames are left out, because this test created the secret.
    """
    texts = []
    for each in chain(error):
        texts += [repr(each), str(each), repr(vars(each))]
        step = each.__traceback__
        while step is not None:
            frame = step.tb_frame
            if frame.f_code.co_filename != but:
                texts.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
                texts += [f"{name} = {value!r}" for name, value in frame.f_locals.items()]
            step = step.tb_next
        inner = each.__traceback__
        while inner is not None and inner.tb_frame.f_code.co_filename == but:
            inner = inner.tb_next
        if inner is not None:
            console = Console(file=io.StringIO(), record=True, width=5000)
            console.print(
                Traceback.from_exception(
                    type(each),
                    each,
                    inner,
                    show_locals=True,
                    locals_max_length=None,
                    locals_max_string=None,
                    max_frames=0,
                )
            )
            texts.append(console.export_text())
    return "\n".join(texts)
