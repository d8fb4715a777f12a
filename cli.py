"""The door: runs the same `main` as the installed `accord`.

    python cli.py COMMAND …

Every command lives in a file of its own name in `connector/cli/` (`accord sync` is in
`connector/cli/sync.py`); `connector/cli/__init__.py` lists them. All Python is in `connector/`; `mappings/`
and `rules/` are data to edit.
"""

import sys

from connector.cli import main

if __name__ == "__main__":
    sys.exit(main())
