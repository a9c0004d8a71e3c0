"""`make evaluate` and `make benchmark` run every script of their folder to its end."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN_ALL = ROOT / "scripts" / "run_all.py"
SCRIPTS = [path for folder in ("evaluations", "benchmarks") for path in sorted((ROOT / folder).glob("*.py")) if path.name[0] != "_"]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"script_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_script_has_a_main_that_needs_nothing_and_leaves_the_command_line_alone(path: Path) -> None:
    main = load(path).main
    inspect.signature(main).bind(**({"smoke": True} if path.parent.name == "benchmarks" else {}))
    assert "parse_args" not in inspect.getsource(main)  # the command line is that of run_all


def test_a_script_that_gives_up_does_not_end_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def main() -> None:\n    raise SystemExit(2)\n")
    (tmp_path / "b.py").write_text("def main() -> None:\n    print('the second ran')\n")
    (tmp_path / "_part.py").write_text("raise RuntimeError('a part of other scripts was run')\n")
    done = subprocess.run([sys.executable, RUN_ALL, tmp_path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "the second ran" in done.stdout
    assert done.stderr.rstrip().endswith("Failed: a.py")
