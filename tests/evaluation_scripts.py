"""Scripts of the folder `evaluations`, for tests that look at them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parents[1] / "evaluations"


def load_evaluation(name: str) -> ModuleType:
    """A script under a name of its own: some are called like folders of tests, which would hide them from one another."""
    spec = importlib.util.spec_from_file_location(f"evaluation_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
