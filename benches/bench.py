"""What the cases share: where they run, what they found, and how that is shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import projects
from measure import Command, Timing, compare


@dataclass
class Row:
    """One line of the table."""

    what: str
    measure: str
    baton: float
    unit: str
    plain: float | None = None
    fastest: float | None = None
    target: str = ""

    @property
    def ratio(self) -> float | None:
        """Baton beside plain Python."""
        return self.baton / self.plain if self.plain else None


@dataclass
class Bench:
    """Where and how to measure."""

    baton: Path
    scratch: Path
    quick: bool
    rows: list[Row] = field(default_factory=list)
    python: str = ""

    @property
    def project(self) -> Path:
        """The project that most cases share."""
        return self.scratch / "bench"

    def command(self, *arguments: str) -> Command:
        """A call of Baton with the benchmark's own state folder."""
        environment = {"BATON_HOME": str(self.scratch / "home"), "NO_COLOR": "1"}
        return Command([str(self.baton), *arguments], environment)

    def run(self, pipeline: str, *options: str) -> Command:
        """A run of one pipeline of the project."""
        return self.command("run", str(self.project), pipeline, "--json", *options)

    def script(self, name: str, code: str) -> Command:
        """A plain Python process of the same interpreter."""
        path = self.scratch / f"{name}.py"
        path.write_text(code)
        return Command([self.python, str(path)])

    def size(self, full: int, quick: int) -> int:
        """The size of a case."""
        return quick if self.quick else full

    def prepare(self) -> None:
        """Makes the environment for blocks and learns which interpreter it has."""
        projects.new_project(self.project)
        answer = self.scratch / "interpreter.txt"
        projects.write_pipeline(self.project, "interpreter", projects.interpreter_block(answer))
        [made] = compare([self.run("interpreter")], 0, 1)
        self.python = answer.read_text()
        note(f"environment made in {made.median:.1f} s; interpreter {self.python}")

    def add(
        self, what: str, baton: Timing, plain: Timing | None = None, target: str = "", measure: str = "wall, cold start"
    ) -> None:
        """Notes how long something took."""
        plain_median = plain.median if plain else None
        self.rows.append(Row(what, measure, baton.median, "s", plain_median, baton.fastest, target))


def table(rows: list[Row]) -> str:
    """The results as Markdown."""
    lines = [
        "| What | Measured | Baton, median | Fastest | Plain Python | Ratio | At most |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        cells = [row.what, row.measure, quantity(row.baton, row.unit), quantity(row.fastest, row.unit)]
        cells += [quantity(row.plain, row.unit), f"{row.ratio:.2f}" if row.ratio else "", row.target]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def quantity(value: float | None, unit: str) -> str:
    """A number as people read it."""
    if value is None:
        return ""
    rounded = {"MB": f"{value:.0f} MB", "ms": f"{value:.1f} ms", "%": f"{value:.2f} %", "/s": f"{value:.0f} a second"}
    return rounded.get(unit, f"{value:.3f} s")


def note(text: str) -> None:
    """Tells what goes on, apart from the results."""
    print(f"   {text}", file=sys.stderr, flush=True)
