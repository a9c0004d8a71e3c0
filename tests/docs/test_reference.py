"""Whatever is public is documented: the reference is what the product says of itself, and no link in the docs leads nowhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_reference", ROOT / "scripts" / "write_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = load_script()


@pytest.mark.parametrize("page", sorted(REFERENCE.PAGES))
def test_the_reference_says_what_the_product_says(page: str) -> None:
    written = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert written == REFERENCE.PAGES[page](), f"{page} is out of date: run `make reference`"


def test_every_setting_has_a_sentence() -> None:
    from dataclasses import fields

    from quarterdeck.vocabulary.settings import Settings

    assert set(REFERENCE.SETTINGS) == {field.name for field in fields(Settings)}


def test_every_command_explains_itself_and_its_options() -> None:
    import typer

    from quarterdeck.cli.main import app

    silent = []
    for path, command in REFERENCE._walk(typer.main.get_command(app), ()):
        if not (command.help or "").strip():
            silent.append(" ".join(path))
        silent += [f"{' '.join(path)} {p.name}" for p in command.params if p.param_type_name == "option" and not getattr(p, "help", None)]
    assert silent == []


@pytest.mark.parametrize("page", sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))
def test_no_link_in_the_docs_leads_nowhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    missing = [
        target
        for target in targets
        if "://" not in target and not target.startswith("mailto:") and not (ROOT / page).parent.joinpath(target).exists()
    ]
    assert missing == []


def test_the_glossary_names_each_term_once_in_order() -> None:
    rows = [
        line.split("|")[1].strip() for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ][1:]
    assert len(rows) == len(set(rows)), [row for row in rows if rows.count(row) > 1]
