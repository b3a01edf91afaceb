"""Blocking calls that wait for the engine's loop."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from jobgroup.engine.interrupt import wait_for


class EndsWithTheTick(Future):
    """Work that ends between the end of a wait and the next check."""

    def __init__(self, end) -> None:
        super().__init__()
        self._end = end

    def result(self, timeout=None):
        if not self.done():
            self._end(self)
            raise TimeoutError
        return super().result(timeout)


def test_work_that_ends_with_a_tick_does_not_time_out():
    """Without a limit there is no timeout, whenever the work ends."""
    future = EndsWithTheTick(lambda f: f.set_result("done"))
    assert wait_for(future, on_tick=lambda: None) == "done"


def test_a_timeout_of_the_work_itself_is_raised():
    """`wait(timeout)` raises a timeout error with a message."""
    future = EndsWithTheTick(lambda f: f.set_exception(TimeoutError("3 jobs have not ended")))
    with pytest.raises(TimeoutError, match="3 jobs"):
        wait_for(future, on_tick=lambda: None)
