"""`recomengine-client`: the command line. What is printed is printed here."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from recomengine_client.client import Client
from recomengine_client.errors import ApiError, NotReached, RecomEngineError
from recomengine_client.progress import Progress
from recomengine_client.push import STDIN, Options, Outcome, Push
from recomengine_client.resuming import Memory, state_dir
from recomengine_client.retrying import Patience
from recomengine_client.upload import CSV, JSON, NDJSON, TSV, XML
from recomengine_client.version import VERSION

REFUSED, USAGE, NOT_REACHED, SOME_REJECTED, INTERRUPTED = 1, 2, 3, 4, 130
SHOWN_LINES = 20
TYPES = {"ndjson": NDJSON, "json": JSON, "csv": CSV, "tsv": TSV, "xml": XML}
WAIT_S = 300.0
RESUME = "Run the same command again to go on; what was sent before adds nothing twice."
EPILOG = (
    "Exit codes: 0 every line was taken; 1 refused, or every line was rejected; 2 the command is wrong, or a file "
    "cannot be read; 3 the server was not reached; 4 done, but some lines were rejected."
)


def main() -> None:
    try:
        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        _end(INTERRUPTED, f"stopped. {RESUME}")
    except NotReached as error:
        _end(NOT_REACHED, f"{error} {RESUME}")
    except ApiError as error:
        known = f" (request {error.request_id})" if error.request_id else ""
        _end(REFUSED, f"the server refuses: {error.detail}{known}")
    except RecomEngineError as error:
        _end(REFUSED, str(error))
    except OSError as error:
        _end(USAGE, f"{error.filename or 'a file'} cannot be read or written: {error.strerror}. Check the path.")
    except ValueError as error:
        _end(USAGE, str(error))


def _end(code: int, message: str) -> NoReturn:
    print(f"recomengine-client: {message}", file=sys.stderr)
    raise SystemExit(code)


def run(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    options = _options(given)
    for name in ("url", "key"):
        if not getattr(given, name):
            raise ValueError(f"Expected --{name}, or RECOMENGINE_{name.upper()} in the environment, got neither.")
    folder = state_dir(os.environ)

    def memory_of(file: Path) -> Memory:
        return Memory(folder, file, given.url, given.key, *options.words)

    if given.restart:
        for file in given.files:
            if file != STDIN:
                memory_of(Path(file)).forget()
    started = time.perf_counter()
    outcome = Outcome(options.kind, names_files=len(given.files) > 1)
    progress = Progress(sys.stderr, _total_bytes(given.files))
    try:
        with Client(given.url, given.key, patience=Patience(attempts=None, total_s=given.wait)) as client:
            Push(client, options, memory_of, lambda line: _say(progress, line)).push(given.files, outcome, progress)
    finally:
        progress.clear()
        if outcome.total:
            _report(outcome, options.kind, time.perf_counter() - started)
    return _code(outcome)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recomengine-client", description="RecomEngine from the command line.")
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    push = commands.add_parser("push", help="send files of products or events", epilog=EPILOG)
    kinds = push.add_subparsers(required=True, dest="kind", metavar="catalog|events")
    for kind, what in (("catalog", "products"), ("events", "events and orders")):
        _add_flags(kinds.add_parser(kind, help=f"files of {what}", epilog=EPILOG), kind)
    return parser


def _add_flags(parser: argparse.ArgumentParser, kind: str) -> None:
    environ = os.environ
    parser.add_argument("files", nargs="+", metavar="FILE", help="CSV, TSV, NDJSON, JSON or XML, plain, .gz or .zst; -")
    parser.add_argument("--url", default=environ.get("RECOMENGINE_URL"), help="of the server [RECOMENGINE_URL]")
    parser.add_argument(
        "--key", default=environ.get("RECOMENGINE_KEY"),
        help="a read-write key; others on this machine see it here, and not in RECOMENGINE_KEY",
    )  # fmt: skip
    parser.add_argument("--type", choices=TYPES, help="what the files are; found from their names")
    parser.add_argument("--format", help="whose format it is, such as shopify; the server finds it from the header")
    parser.add_argument("--map", action="append", default=[], metavar="FROM=TO", help="a column and its field")
    parser.add_argument("--separator", help="between cells: a character, or tab; the server finds it")
    parser.add_argument("--encoding", help="such as windows-1252; the server finds it")
    parser.add_argument(
        "--wait", type=float, default=WAIT_S, metavar="SECONDS", help="for a server that is away or busy [%(default)s]"
    )
    parser.add_argument("--restart", action="store_true", help="send all, whatever an interrupted push has sent")
    if kind == "catalog":
        parser.add_argument("--category-separator", help="between the parts of a category's path")
        parser.add_argument("--mode", choices=("add", "replace"), default="add", help="replace: what the file lacks "
            "becomes unavailable")  # fmt: skip
        parser.add_argument("--force", action="store_true", help="with --mode replace: however much that is")


def _options(given: argparse.Namespace) -> Options:
    """Raises ValueError."""
    replace, force = getattr(given, "mode", "add") == "replace", getattr(given, "force", False)
    if force and not replace:
        raise ValueError("--force goes with --mode replace alone. Add it, or leave --force out.")
    if replace and len(given.files) > 1:
        raise ValueError("With --mode replace the file is the whole catalog. Join the files, and give one.")
    if STDIN in given.files and given.type is None:
        raise ValueError("Standard input has no name that says what it is. Add --type, such as --type ndjson.")
    pairs = [pair.rpartition("=") for pair in given.map]
    if any(not (column and field) for column, _, field in pairs):
        raise ValueError("Expected --map with a column and a field, as in --map Title=name.")
    return Options(
        given.kind, TYPES.get(given.type), given.format, {column: field for column, _, field in pairs},
        given.separator, given.encoding, getattr(given, "category_separator", None), replace, force,
    )  # fmt: skip


def _total_bytes(files: Sequence[str]) -> int | None:
    return None if STDIN in files else sum(Path(file).stat().st_size for file in files)


def _say(progress: Progress, line: str) -> None:
    progress.clear()
    print(line, file=sys.stderr)


def _report(outcome: Outcome, kind: str, seconds: float) -> None:
    print(f"{kind}: {outcome.shown}, in {seconds:.1f} s ({outcome.total / seconds:,.0f}/s)")
    more = [f"and {len(outcome.lines) - SHOWN_LINES} more lines"] if len(outcome.lines) > SHOWN_LINES else []
    for line in (*outcome.lines[:SHOWN_LINES], *more, *outcome.sentences):
        print(line)


def _code(outcome: Outcome) -> int:
    if not outcome.total or outcome.counts["rejected"] == outcome.total:
        return REFUSED
    return SOME_REJECTED if outcome.counts["rejected"] else 0
