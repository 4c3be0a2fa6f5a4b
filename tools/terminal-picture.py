#!/usr/bin/env python3
"""Runs a command on a terminal of its own and draws what it wrote as an SVG: how docs/demo.svg is made. With --captured
it draws a screen that `tmux capture-pane -p -e` has read: how docs/tui.svg is made (tools/tui-picture.sh).

    tools/terminal-picture.py --out docs/demo.svg --shown 'kubectl copilot "…"' \
        --answer '[y/N/e(dit)] ' y --lines 40,12 -- kubectl-copilot --policies builtin "…"

Nothing is drawn but what the command wrote, the command line as --shown, the answers as they were typed, and one line
that says how many lines were left out (--lines). Lines that are wider than the picture are cut and end with "…".
Only Python's own library is used.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata
from dataclasses import dataclass, replace
from fcntl import ioctl
from pathlib import Path
from xml.sax.saxutils import escape

CELL, LINE, SIZE, MARGIN = 7.8, 18, 13, 16
BACKGROUND, FOREGROUND, FAINT = "#1e2127", "#d7dae0", "#8a919e"
COLOURS = {31: "#f0808a", 32: "#98c379", 33: "#e5c07b", 34: "#61afef", 35: "#c678dd", 36: "#56b6c2"}
ESCAPE = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")


@dataclass(frozen=True)
class Style:
    """How a piece of text looks."""

    colour: str = FOREGROUND
    bold: bool = False
    reverse: bool = False


def record(command: list[str], answers: list[tuple[str, str]], columns: int, seconds: float) -> tuple[str, int]:
    """What the command wrote on its terminal, and its exit code. An answer is typed once its prompt stands at the end."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS=str(columns))
        os.environ.pop("NO_COLOR", None)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"cannot run {command[0]}: {error}", flush=True)
            os._exit(127)
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    written, waiting, deadline = b"", list(answers), time.monotonic() + seconds
    try:
        while True:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                sys.exit(f"terminal-picture: the command did not end within {seconds:.0f} s; raise --seconds")
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(terminal, 65536)
            except OSError:  # Linux says so when the other side has closed.
                break
            if not data:
                break
            written += data
            if waiting and written.decode(errors="ignore").endswith(waiting[0][0]):
                os.write(terminal, (waiting.pop(0)[1] + "\n").encode())
    finally:
        os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if waiting:
        sys.exit(f"terminal-picture: the prompt {waiting[0][0]!r} never came; the command ended with {code}")
    return written.decode(errors="replace"), code


def styled(style: Style, codes: str) -> Style:
    """The style after an escape sequence."""
    # One of the first eight colours of the table of 256 is one of the eight colours.
    codes = re.sub(r"38[;:]5[;:]([0-7])(?![0-9])", r"3\1", codes)
    for code in (int(part or 0) for part in codes.split(";")):
        if code == 0:
            style = Style()
        elif code == 1:
            style = replace(style, bold=True)
        elif code == 7:
            style = replace(style, reverse=True)
        elif code == 22:
            style = replace(style, bold=False, colour=FOREGROUND if style.colour == FAINT else style.colour)
        elif code == 27:
            style = replace(style, reverse=False)
        elif code == 39 and style.colour != FAINT:
            style = replace(style, colour=FOREGROUND)
        elif code == 2:
            style = replace(style, colour=FAINT)
        elif code in COLOURS:
            style = replace(style, colour=COLOURS[code])
    return style


def lines_of(text: str) -> list[list[tuple[str, Style]]]:
    """Lines of runs; a run is text of one style."""
    lines: list[list[tuple[str, Style]]] = []
    style = Style()
    for line in text.rstrip("\n").split("\n"):
        runs, at = [], 0
        for match in ESCAPE.finditer(line):
            if match.start() > at:
                runs.append((line[at : match.start()], style))
            if match.group(1) is not None:
                style = styled(style, match.group(1))
            at = match.end()
        if at < len(line):
            runs.append((line[at:], style))
        lines.append(runs)
    return lines


def width(text: str) -> int:
    """Columns that a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if not unicodedata.combining(c))


def cut(runs: list[tuple[str, Style]], columns: int) -> list[tuple[str, Style]]:
    """The line in so many columns."""
    if sum(width(text) for text, _ in runs) <= columns:
        return runs
    kept, left = [], columns - 1
    for text, style in runs:
        while width(text) > left:
            text = text[:-1]
        kept.append((text, style))
        left -= width(text)
    return [*kept, ("…", Style(FAINT))]


def svg(lines: list[list[tuple[str, Style]]], columns: int, title: str) -> str:
    """The picture. Every run says where it begins and how wide it is, so that any monospaced font will do."""
    wide, high = columns * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" '
        f'height="{high:.0f}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" '
        f'font-size="{SIZE}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
    ]
    for row, runs in enumerate(lines):
        y, column = MARGIN + (row + 0.75) * LINE, 0
        for text, style in runs:
            cells, blank = width(text), len(text) - len(text.lstrip(" "))
            if style.reverse:
                out.append(
                    f'<rect x="{MARGIN + column * CELL:.1f}" y="{MARGIN + row * LINE:.1f}" '
                    f'width="{cells * CELL:.1f}" height="{LINE}" fill="{style.colour}"/>'
                )
            shown = text.strip(" ")
            if shown:
                bold = ' font-weight="bold"' if style.bold else ""
                out.append(
                    f'<text xml:space="preserve" x="{MARGIN + (column + blank) * CELL:.1f}" y="{y:.1f}" '
                    f'textLength="{width(shown) * CELL:.1f}" lengthAdjust="spacingAndGlyphs" '
                    f'fill="{BACKGROUND if style.reverse else style.colour}"{bold}>{escape(shown)}</text>'
                )
            column += cells
    return "\n".join([*out, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shown", required=True, help="the command line as a person types it")
    parser.add_argument("--answer", nargs=2, action="append", default=[], metavar=("PROMPT", "TEXT"))
    parser.add_argument("--lines", default="", metavar="FIRST,LAST", help="how many lines to keep at both ends")
    parser.add_argument("--columns", type=int, default=110)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--captured", type=Path, help="draw this screen and run nothing")
    parser.add_argument("command", nargs="*")
    args = parser.parse_args()

    if args.captured:
        lines = lines_of(args.captured.read_text(encoding="utf-8"))
        args.out.write_text(svg([cut(runs, args.columns) for runs in lines], args.columns, args.shown), encoding="utf-8")
        print(f"{args.out}: {len(lines)} lines")
        return
    if not args.command:
        parser.error("a command, or --captured")

    text, code = record(args.command, [tuple(answer) for answer in args.answer], args.columns, args.seconds)
    lines = lines_of(text)
    if args.lines:
        first, last = (int(part) for part in args.lines.split(","))
        left_out = len(lines) - first - last
        if left_out > 0:
            note = [(f"  … {left_out} more lines of the same output", Style(FAINT))]
            lines = [*lines[:first], note, *lines[-last:]]
    lines.insert(0, [("$ ", Style(FAINT)), (args.shown, Style(bold=True))])
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(svg([cut(runs, args.columns) for runs in lines], args.columns, args.shown), encoding="utf-8")
    print(f"{args.out}: {len(lines)} lines, the command ended with {code}")
    sys.exit(code)


if __name__ == "__main__":
    main()
