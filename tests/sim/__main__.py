"""`python -m tests.sim --seeds 2000`: stories of a whole deployment, each told by its seed; those that
end wrong are printed, and how often each fault was met at each boundary."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from io import StringIO
from os import cpu_count

from connector.log import configure
from tests.sim.coverage import SEEDS, Coverage
from tests.sim.story import Story, tell


def main(argv: list[str] | None = None) -> int:
    """Tell the stories; 1 if one of them ends wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many stories to tell (default: 200)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="tell one story, and print it")
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes")
    options = parser.parse_args(argv)
    be_quiet()
    if options.seed is not None:
        story = tell(options.seed)
        print(story)
        return int(bool(story.wrong))
    seeds = range(options.first, options.first + options.seeds)
    with ProcessPoolExecutor(options.jobs, initializer=be_quiet) as pool:
        return _report(pool.map(tell, seeds, chunksize=8), options.seeds)


def be_quiet() -> None:
    """The story tells what happened; the log of its processes would only drown it."""
    configure("console", "error", StringIO(), lambda: 0)
    gc.freeze()  # what is loaded by now stays


def _report(stories: Iterable[Story], count: int) -> int:
    coverage, failed = Coverage(), list[Story]()
    for place, story in enumerate(stories, 1):
        coverage.add(story)
        if story.wrong:
            failed.append(story)
            print(story, flush=True)
        if place % 100 == 0:
            print(f"{place} of {count} stories told, {len(failed)} ended wrong", flush=True)
    print(f"\n{coverage.table()}")
    lacking = list(coverage.lacking()) if count >= SEEDS else []
    print("\n".join(["", *(f"met too seldom: {what}" for what in lacking)]))
    seeds = ", ".join(str(story.seed) for story in failed[:40])
    print(f"{count} stories, {len(failed)} ended wrong{': seeds ' + seeds if failed else ''}")
    return int(bool(failed or lacking))


if __name__ == "__main__":
    sys.exit(main())
