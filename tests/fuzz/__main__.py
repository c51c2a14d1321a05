"""`python -m tests.fuzz [TARGET …] [-runs=N] [-max_total_time=S]`: coverage-guided fuzzing of every decoder, by atheris.

``--product`` alone prints the targets that a shop runs: all but the emulators.  Without a target all of them, one after the
other, each in a process of its own, which begins with what the target's emulator really says.  A finding is written to
``build/fuzz/`` and told; exit status 1.  Other options are libFuzzer's.
"""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import atheris

with redirect_stderr(StringIO()), atheris.instrument_imports(include=["drivers"], enable_loader_override=False):
    from drivers.registry import find, models
    from tests.fuzz.targets import Target, seeds, targets

    for each in models():
        find(each)

FINDINGS = Path("build/fuzz")
DEFAULT_RUNS = "-runs=20000"


def main(arguments: list[str]) -> int:
    options = [each for each in arguments if each.startswith("-")] or [DEFAULT_RUNS]
    known = targets()
    if arguments == ["--product"]:
        print(*(name for name in known if not name.startswith("emulator.")))
        return 0
    names = [each for each in arguments if not each.startswith("-")] or list(known)
    unknown = sorted(set(names) - known.keys())
    if unknown:
        print(f"There is no target {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    failed = [name for name in names if not _is_clean(name, known[name], options)]
    print(f"{len(names)} targets, {len(failed)} with findings: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _is_clean(name: str, target: Target, options: list[str]) -> bool:
    """Fuzz it in a child; what libFuzzer says is told only if it found something."""
    corpus, log = FINDINGS / "corpus" / name, FINDINGS / f"{name}.log"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    child = os.fork()
    if not child:
        _fuzz(target, log, [f"-artifact_prefix={FINDINGS}/{name}-", "-rss_limit_mb=2048", "-timeout=20", *options, str(corpus)])
    _, status = os.waitpid(child, 0)
    told = log.read_text(errors="replace")
    is_clean = status == 0
    print(f"{name}: {told.splitlines()[-1] if is_clean and told else told[-4000:]}", flush=True)
    return is_clean


def _fuzz(target: Target, log: Path, options: list[str]) -> None:
    """Never returns: libFuzzer ends the process."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
