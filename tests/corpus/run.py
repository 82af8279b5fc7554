"""Runs public pipelines, written for Mage, through the `baton` binary. docs/development/corpus.md says how.

scripts/corpus.sh                         those with small requirements
scripts/corpus.sh --only S01,S03          some
scripts/corpus.sh --clones ~/clones       from clones that are there, by the names of their repositories
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from projects import CASES, Case
from web import StandIn, host_of

# Variables that would change what a run does.
_OWN = ("BATON_", "ENV", "MAGE_", "POSTGRES_", "AWS_", "GOOGLE_")
_MOST_WORDS = 2_000


class Corpus:
    """Where everything is."""

    def __init__(self, baton: Path, folder: Path, clones: Path | None) -> None:
        self.baton = baton
        self.folder = folder
        self.clones = clones
        self.work = folder / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.web = StandIn(self.work, [host_of(address) for case in CASES for address in case.pages])

    def checked_out(self, case: Case) -> Path:
        """The files of the repository at the commit, in a folder with its name."""
        name = case.repository.rpartition("/")[2]
        target = self.work / case.name / name
        target.mkdir(parents=True)
        clone = self.clones / name if self.clones else self.folder / "clones" / name
        if self.clones is None and not clone.is_dir():
            _git("init", "--quiet", "--bare", str(clone))
        if not _has(clone, case.commit):
            if self.clones is not None:
                raise FileNotFoundError(f"{clone} does not hold commit {case.commit} of {case.repository}")
            address = f"https://github.com/{case.repository}"
            _git("-C", str(clone), "fetch", "--quiet", "--depth", "1", address, case.commit)
        archive = subprocess.Popen(["git", "-C", str(clone), "archive", case.commit], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", str(target)], stdin=archive.stdout, check=True)
        if archive.wait() != 0:
            raise FileNotFoundError(f"{clone} lacks files of commit {case.commit}")
        return target

    def environ(self) -> dict[str, str]:
        """The variables of a run."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
        kept = {name: os.environ[name] for name in ("BATON_UV",) if name in os.environ}
        home = {"BATON_HOME": str(self.folder / "home"), "BATON_SENSOR_POLL_SECONDS": "1", "NO_COLOR": "1"}
        return {**inherited, **kept, **home, **self.web.environ()}

    def run(self, case: Case) -> None:
        """Run the pipeline and check what came of it; raises if it is not what it must be."""
        root = self.checked_out(case)
        if case.pins:
            with (root / case.requirements).open("a") as lines:
                lines.write("\n".join(["", *case.pins, ""]))
        project = str(root / case.project)
        folder = self.work / case.name
        named = [part for block in case.blocks for part in ("--block", block)]
        self.web.serve(case.pages)
        summary = self._drive(["run", project, case.pipeline, "--json", *named, *case.options], folder)
        failed = [block for block in summary["blocks"] if block.get("error")]
        assert summary["status"] == "completed", json.dumps(failed or summary)[:_MOST_WORDS]

        def output(name: str) -> Any:
            block, _, part = name.partition(":")
            more = ["--name", part] if part else []
            command = [str(self.baton), "output", project, case.pipeline, block, "--format", "json", *more]
            shown = subprocess.run(command, cwd=folder, env=self.environ(), capture_output=True, text=True, check=False)
            assert shown.returncode == 0, shown.stderr[-_MOST_WORDS:]
            return json.loads(shown.stdout)

        case.check(output, folder)

    def _drive(self, arguments: Sequence[str], folder: Path) -> dict[str, Any]:
        """The summary of a run. Once it has begun, its environment is there, and the network ends."""
        with (folder / "stderr").open("w+") as errors:
            process = subprocess.Popen(
                [str(self.baton), *arguments],
                cwd=folder,
                env=self.environ(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
            last = ""
            for line in process.stdout or ():
                self.web.close()
                last = line
            process.wait()
            errors.seek(0)
            assert last, errors.read()[-_MOST_WORDS:]
        summary: dict[str, Any] = json.loads(last)
        assert "blocks" in summary, last[:_MOST_WORDS]
        return summary


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def _has(clone: Path, commit: str) -> bool:
    if not clone.is_dir():
        return False
    found = subprocess.run(
        ["git", "-C", str(clone), "cat-file", "-e", f"{commit}^{{commit}}"], capture_output=True, check=False
    )
    return found.returncode == 0


def main() -> int:
    """Run what is asked for; 1 if something is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baton", type=Path, required=True, help="the binary")
    parser.add_argument("--folder", type=Path, required=True, help="where clones and environments are kept")
    parser.add_argument("--clones", type=Path, help="a folder of clones; without it they are fetched from GitHub")
    parser.add_argument("--only", help="such as S01,S03")
    parser.add_argument("--all", action="store_true", help="also those whose requirements are a gigabyte")
    arguments = parser.parse_args()
    wanted = set(arguments.only.split(",")) if arguments.only else None
    cases = (
        [case for case in CASES if case.name in wanted]
        if wanted
        else [case for case in CASES if arguments.all or not case.is_large]
    )
    corpus = Corpus(arguments.baton.resolve(), arguments.folder.resolve(), arguments.clones)
    failed = 0
    for case in cases:
        begun = time.monotonic()
        try:
            corpus.run(case)
            outcome = "ok"
        except Exception as error:  # noqa: BLE001 -- the others are tried, too
            outcome = f"FAILED: {type(error).__name__}: {error}"
            failed += 1
        part = f" ({', '.join(case.blocks)})" if case.blocks else ""
        seconds = time.monotonic() - begun
        print(f"{case.name}  {case.repository} {case.pipeline}{part}: {outcome}  [{seconds:.1f} s]", flush=True)
    print(f"{len(cases) - failed} of {len(cases)} pipelines did what they must.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
