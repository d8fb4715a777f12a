"""`python -m tests.sim.mutants`: mistakes planted on purpose in the running code, and the seed under which
the simulation finds each. One that it does not find says that the simulation is too weak."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count

import pytest

from tests.sim.__main__ import be_quiet
from tests.sim.plant import MISTAKES
from tests.sim.story import tell

SEEDS = 200


def main(argv: list[str] | None = None) -> int:
    """Plant every mistake; 1 if one of them is not found."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.mutants", description=__doc__)
    parser.add_argument("--only", action="append", help="the name of a mistake (again for more)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many to try (default: {SEEDS})")
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes")
    options = parser.parse_args(argv)
    names = options.only or list(MISTAKES)
    lost = 0
    with ProcessPoolExecutor(options.jobs, initializer=be_quiet) as pool:
        for name, found in zip(names, pool.map(find, names, [options.seeds] * len(names)), strict=True):
            lost += found is None
            seed, why = found or ("none", "NOT FOUND")
            print(f"{name:46} seed {seed!s:>4}  {why}", flush=True)
    print(f"{len(names)} mistakes, {lost} not found within {options.seeds} seeds")
    return int(lost > 0)


def find(name: str, seeds: int) -> tuple[int, str] | None:
    """The first seed under which a mistake shows, and what is wrong then; None if there is none."""
    with pytest.MonkeyPatch.context() as patch:
        MISTAKES[name](patch)
        for seed in range(seeds):
            try:
                story = tell(seed)
            except Exception as error:  # noqa: BLE001 (a mistake may show as anything)
                return seed, f"{type(error).__name__}: {error}"
            if story.wrong:
                return seed, story.wrong[0]
    return None


if __name__ == "__main__":
    sys.exit(main())
