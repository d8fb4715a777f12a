"""`python -m tests.sim --seeds 2000`: random stories, each told by its seed; the first that ends wrong is
printed."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from io import StringIO
from os import cpu_count

from connector.log import configure
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
        return _report(pool.map(tell, seeds, chunksize=4), options.seeds)


def be_quiet() -> None:
    """The story tells what happened; the log of its processes would only drown it."""
    configure("console", "error", StringIO(), lambda: 0)


def _report(stories: Iterable[Story], count: int) -> int:
    met: Counter[tuple[str, str]] = Counter()
    failed = []
    for place, story in enumerate(stories, 1):
        met += story.met
        failed += [story] if story.wrong else []
        if place % 50 == 0:
            print(f"{place} of {count} stories told, {len(failed)} ended wrong", flush=True)
    for story in failed[:1]:
        print(story)
    print("\nmet, by fault and boundary:")
    for (fault, boundary), times in sorted(met.items()):
        print(f"  {fault:20} {boundary:50} {times:6}")
    seeds = ", ".join(str(story.seed) for story in failed[:20])
    print(f"{count} stories, {len(failed)} ended wrong{': seeds ' + seeds if failed else ''}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
