"""Write the lines of Python that do the same as the page's buttons. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from jobgroup.dashboard.protocol import Json


def line_of(name: str, args: Json, group: str) -> str:
    """Return the line of Python; "" if there is none for the arguments.

    >>> line_of("rerun", {"positions": [2, 7], "overrides": {"max_shots": 100}}, "g")
    "jg.rerun([2, 7], params={'max_shots': 100})"
    """
    make = _LINES.get(name)
    try:
        return f"jg.{name}()" if make is None else make({"names": [group], **args})
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # the command reports what is wrong
        return ""


def _rerun(args: Json) -> str:
    if not _names_jobs(args):
        return _sending("rerun_failed", args)
    overrides = dict(args.get("overrides", {}))
    given = [
        _jobs(args),
        *[f"params={overrides!r}"] * bool(overrides),
        *([] if args.get("replace", True) else ["replace=False"]),
        *([f"delay={args.get('delay', 0):g}"] if args.get("mode") == "sequential" else []),
    ]
    return f"jg.rerun({', '.join(given)})"


def _run(args: Json) -> str:
    if not _names_jobs(args):
        return _sending("run", args)
    if args.get("mode") == "sequential":
        return f"jg.start({_jobs(args)}, delay={args.get('delay', 0):g})"
    return f"jg.run_parallel({', '.join([f'jobs={_jobs(args)}', *_queue(args)])})"


def _queue(args: Json) -> list[str]:
    if args.get("mode") != "queue":
        return []
    at_once = args.get("concurrent_job_count")
    return ["queue=True", *[f"concurrent_job_count={at_once}"] * (at_once is not None)]


def _names_jobs(args: Json) -> bool:
    return "state" in args or args.get("positions") is not None


def _jobs(args: Json) -> str:
    if "state" in args:
        return f"jg.jobs(state={args['state']!r})"
    return _positions(args["positions"])


def _of_jobs(verb: str, args: Json, *more: str) -> str:
    """Return a call for the given jobs, or for all jobs if none are given."""
    named = [_jobs(args)] if _names_jobs(args) else []
    return f"jg.{verb}({', '.join([*named, *more])})"


def _repeat(args: Json) -> str:
    numbers = (f"{name}={args[name]}" for name in ("to", "times") if name in args)
    return _of_jobs("repeat", args, *numbers)


def _annotate(args: Json) -> str:
    positions = args["positions"] if "positions" in args else [args["position"]]
    if len(positions) == 1:
        return f"jg[{positions[0]}].note = {args['text']!r}"
    return f"for p in {_positions(positions)}: jg[p].note = {args['text']!r}"


def _prioritize(args: Json) -> str:
    positions = list(args["positions"])
    in_order = positions == sorted(positions)  # a range would change the order
    return f"jg.prioritize({_positions(positions) if in_order else positions})"


def _sending(verb: str, args: Json) -> str:
    """Return a call of a method that sends, such as `run_parallel`."""
    given = [] if args.get("replace", True) else ["False"]
    if args.get("mode") == "sequential":
        delay = f"{args.get('delay', 0):g}"
        return f"jg.{verb}_sequential({', '.join([delay, *given])})"
    return f"jg.{verb}_parallel({', '.join([*given, *_queue(args)])})"


def _cancel(args: Json) -> str:
    return _of_jobs("cancel", args) if _names_jobs(args) else "jg.cancel_all()"


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
    "repeat": _repeat,
    "remove": lambda args: f"jg.remove({_jobs(args)})",
    "prioritize": _prioritize,
    "cancel": _cancel,
    "stop": lambda args: f"jg.stop({'cancel=True' if args.get('cancel') else ''})",
    "resend": lambda args: "; ".join(f"jg[{p}].resend()" for p in args["positions"]),
    "confirm": lambda args: f"jg[{args['position']}].confirm({args['remote_id']!r})",
    "delete": lambda args: _for_groups("JobGroup.delete_job_group", args["names"]),
    "restore": lambda args: _for_groups("JobGroup.restore", args["names"]),
    "export": lambda args: "; ".join(
        f"JobGroup.open({name!r}).export({name + '.jobgroup'!r})" for name in args["names"]
    ),
    "open": lambda args: (
        f"jg = JobGroup.open({args['name']!r})" if args.get("name") else "Dashboard()"
    ),
    "describe": lambda args: f"jg.description = {args['text']!r}",
    "define": lambda args: f"jg.define({args['name']!r}, {args['text'] or None!r})",
    "annotate": _annotate,
    "keep": lambda args: f"jg.cache.enabled = {bool(args.get('keep'))}",
}
