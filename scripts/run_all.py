"""Runs `main` of every script in a folder (evaluations or benchmarks), one after another, and fails if one of them fails.

A name that begins with "_" is a part of other scripts and is not run.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import traceback
from pathlib import Path


def run(path: Path, smoke: bool) -> bool:
    """Import one file and call its `main`. True if it came to its end."""
    spec = importlib.util.spec_from_file_location(f"run_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # processes started by the script must find its functions
    print(f"\n== {path}", flush=True)
    start = time.perf_counter()
    try:
        spec.loader.exec_module(module)
        module.main(smoke=True) if smoke else module.main()
    except (Exception, SystemExit):  # a script that gives up must not end the others
        traceback.print_exc()
        return False
    print(f"   {time.perf_counter() - start:.1f} s", flush=True)
    return True


def main() -> None:
    """Parse the folder and the flag."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--skip", nargs="*", default=[], help="names of scripts to leave out")
    ask.add_argument("--smoke", action="store_true", help="small sizes: shows that the scripts run, not how fast")
    given = ask.parse_args()
    failed = [
        path.name
        for path in sorted(given.folder.glob("*.py"))
        if not path.name.startswith("_") and path.stem not in given.skip and not run(path, given.smoke)
    ]
    if failed:
        sys.exit(f"Failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
