"""The line of Python that does what a button does: the dashboard teaches the library. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from jobgroup.dashboard.protocol import Json


def line_of(name: str, args: Json, group: str) -> str:
    """The line; nothing for arguments of which no line can be made.

    >>> line_of("rerun", {"positions": [2, 7], "overrides": {"max_shots": 100}}, "g")
    "jg.rerun([2, 7], params={'max_shots': 100})"
    """
    make = _LINES.get(name)
    try:
        return f"jg.{name}()" if make is None else make({"names": [group], **args})
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # the command will say what is wrong
        return ""


def _rerun(args: Json) -> str:
    if args.get("positions") is None:
        return _sending("rerun_failed", args)
    overrides = dict(args.get("overrides", {}))
    params = [f"params={overrides!r}"] * bool(overrides)
    kept = [] if args.get("replace", True) else ["replace=False"]
    return f"jg.rerun({', '.join([_positions(args['positions']), *params, *kept])})"


def _run(args: Json) -> str:
    positions = args.get("positions")
    if positions is None:
        return _sending("run", args)
    return f"jg.start({_positions(positions)})"


def _prioritize(args: Json) -> str:
    positions = list(args["positions"])
    in_order = positions == sorted(positions)  # a range says another order
    return f"jg.prioritize({_positions(positions) if in_order else positions})"


def _sending(verb: str, args: Json) -> str:
    """`run_parallel`, `rerun_failed_sequential` and so on."""
    given = [] if args.get("replace", True) else ["False"]
    if args.get("mode") == "sequential":
        delay = f"{args.get('delay', 0):g}"
        return f"jg.{verb}_sequential({', '.join([delay, *given])})"
    if args.get("mode") == "queue":
        given.append("queue=True")
    return f"jg.{verb}_parallel({', '.join(given)})"


def _cancel(args: Json) -> str:
    positions = args.get("positions")
    return "jg.cancel_all()" if positions is None else f"jg.cancel({_positions(positions)})"


def _for_groups(call: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{call}({names[0]!r})"
    return f"for name in {names!r}: {call}(name)"


def _positions(positions: Sequence[int]) -> str:
    """Return a list, or a range if that is shorter."""
    if len(positions) > 3:
        span = range(min(positions), max(positions) + 1)
        if len(span) == len(positions) and sorted(positions) == list(span):
            return f"range({span.start}, {span.stop})"
    return repr(list(positions))


_LINES: Final[Mapping[str, Callable[[Json], str]]] = {
    "run": _run,
    "rerun": _rerun,
    "prioritize": _prioritize,
    "cancel": _cancel,
    "stop": lambda args: f"jg.stop({'cancel=True' if args.get('cancel') else ''})",
    "resend": lambda args: "; ".join(f"jg[{p}].resend()" for p in args["positions"]),
    "confirm": lambda args: f"jg[{args['position']}].confirm({args['remote_id']!r})",
    "delete": lambda args: _for_groups("JobGroup.delete_job_group", args["names"]),
    "restore": lambda args: _for_groups("JobGroup.restore", args["names"]),
    "open": lambda args: (
        f"jg = JobGroup.open({args['name']!r})" if args.get("name") else "Dashboard()"
    ),
    "describe": lambda args: f"jg.description = {args['text']!r}",
    "define": lambda args: f"jg.define({args['name']!r}, {args['text'] or None!r})",
    "annotate": lambda args: f"jg[{args['position']}].note = {args['text']!r}",
}
