"""``jobgroup cloud``: the embedded cloud from a terminal, a building block for a command line."""

from __future__ import annotations

import argparse
import sys

from jobgroup.cloud.server import MAX_PORT, serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=_port, default=0, help="port to listen on (default: a free one)"
    )
    parser.add_argument("--token", help="token that clients must send (default: made up, printed)")
    parser.add_argument(
        "--directory", help="where jobs are kept (default: temporary, gone when it stops)"
    )
    parser.add_argument(
        "--max-queue", type=int, default=1000, help="jobs waiting and running (default: 1000)"
    )
    parser.add_argument(
        "--max-concurrent",
        type=int,
        help="jobs running at once (default: 8; with --dask twice the cluster's threads, if more)",
    )
    parser.add_argument("--workers", type=int, help="processes that execute payloads (default: 1)")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="scheduler of a Dask cluster, which executes the payloads"
    )
    parser.add_argument("--json", action="store_true", help="print url and token as a line of JSON")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {MAX_PORT}")
    return port


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM, and return the exit code: 1 where it cannot begin."""
    try:
        serve(
            port=arguments.port,
            token=arguments.token,
            directory=arguments.directory,
            max_queue=arguments.max_queue,
            max_concurrent=arguments.max_concurrent,
            workers=arguments.workers,
            dask=arguments.dask,
            as_json=arguments.json,
        )
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="jobgroup cloud", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args(argv))


if __name__ == "__main__":
    raise SystemExit(main())
