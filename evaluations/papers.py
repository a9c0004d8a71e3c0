"""The check of finished papers: 500 random mutations in DOCX, PPTX and PDF, and false alarms on the unmodified papers of demo portfolios.

Run: python evaluations/papers.py [--mutations 500] [--seeds 20]
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from paper_builders import MADE_AT, sample_facts
from paper_mutations import KINDS, damage_file
from quarterdeck.papers.check import check_document
from quarterdeck.papers.desk import Desk, open_desk
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.render import render_paper
from quarterdeck.papers.template import get_template, load_templates
from quarterdeck.record.database import open_record
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from vendor_records import fill_vendor_record

FORMATS = ("docx", "pptx", "pdf")


def main(mutations: int = 500, seeds: int = 20, first_seed: int = 1, home: Path | None = None) -> None:
    """Print both tables; `home` is an installation to mutate the board paper of, otherwise that of a sample portfolio."""
    with tempfile.TemporaryDirectory() as folder:
        if mutations:
            print_mutations(home, mutations)
        if seeds:
            print_alarms(Path(folder), range(first_seed, first_seed + seeds))


def print_mutations(home: Path | None, count: int) -> None:
    """Mutations by format and kind: how many were named."""
    if home is None:
        facts = sample_facts()
        paper = draft_paper(get_template("board-paper"), facts)
        files = render_paper(paper, facts, MADE_AT, FORMATS).files
    else:
        desk = open_at(home)
        paper = desk.draft("board-paper")
        files = desk.render(paper, FORMATS).files
    rng = random.Random(20261122)
    named: Counter[tuple[str, str]] = Counter()
    tried: Counter[tuple[str, str]] = Counter()
    start = time.perf_counter()
    while sum(tried.values()) < count:
        file_format, kind = rng.choice(FORMATS), rng.choice(KINDS)
        damage = damage_file(files[file_format], file_format, kind, rng, paper)
        if damage is None:
            continue
        document = read_bytes(damage.content, f"x.{file_format}")
        result = desk.check(document, "x") if home else check_document(document, "x", lambda snapshot: facts, lambda read: "")
        tried[file_format, kind] += 1
        named[file_format, kind] += not result.is_clean
        if sum(tried.values()) % 50 == 0:
            print(f"{sum(named.values())} of {sum(tried.values())} named", flush=True)
        if result.is_clean:
            print(f"MISSED {file_format} {kind} {damage.place}: {damage.before[:80]!r} -> {damage.after[:80]!r}")
    print(f"\nMutations named, of those made ({time.perf_counter() - start:.0f} s):")
    print("format  " + "  ".join(f"{kind:>10}" for kind in KINDS))
    for file_format in FORMATS:
        print(f"{file_format:<7} " + "  ".join(f"{named[file_format, kind]:>4} of {tried[file_format, kind]:>3}" for kind in KINDS))
    print(f"all: {sum(named.values())} of {sum(tried.values())}")


def print_alarms(folder: Path, seeds: range) -> None:
    """Unmodified papers of demo portfolios: every template, every main format."""
    alarms = files = papers = 0
    for seed in seeds:
        home = make_demo_home(folder / f"seed-{seed}", seed)
        desk = open_at(home)
        assert desk.record is not None
        fill_vendor_record(desk.record, desk.snapshot, "V03", folder, datetime.now(UTC))
        desk = open_at(home)
        for template in load_templates().values():
            if template.free_form:
                continue
            try:
                paper = desk.draft(template.id, Scope("vendor", "V03") if template.about == "vendor" else Scope())
            except QuarterdeckError as error:
                print(f"seed {seed}, {template.id}: {error.message}")
                continue
            papers += 1
            rendered = desk.render(paper, ("docx", "pptx", "pdf", "html", "xlsx"))
            for file_format, content in rendered.files.items():
                result = desk.check(read_bytes(content, f"x.{file_format}"), f"{template.id}.{file_format}")
                files += 1
                alarms += not result.is_clean
                for finding in result.errors[:2]:
                    print(
                        f"ALARM seed {seed} {template.id}.{file_format} {finding.place}: {finding.kind} {finding.found!r} {finding.message}"
                    )
        print(f"seed {seed}: {files} files so far, {alarms} alarms", flush=True)
        shutil.rmtree(folder / f"seed-{seed}")
    print(f"\nFalse alarms on unmodified papers: {alarms} of {files} files ({papers} papers, {len(seeds)} demo seeds)")


def make_demo_home(folder: Path, seed: int) -> Path:
    """A small demo portfolio loaded through the users' door."""
    from quarterdeck.demo.options import DemoOptions
    from quarterdeck.demo.run import make_demo
    from quarterdeck.evidence.store import Store

    home = folder / "home"
    make_demo(DemoOptions(trials=14, scale=0.3, seed=seed, snapshots=1), folder, Store(Settings(home=home).evidence_dir), lambda line: None)
    return home


def open_at(home: Path) -> Desk:
    """The desk of an installation, now."""
    settings = Settings(home=home, organisation="Harbour Therapeutics (invented)")
    return open_desk(settings, None, open_record(settings), datetime.now(UTC))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="An installation to mutate the board paper of; default: a sample portfolio.")
    chosen = parser.parse_args()
    main(chosen.mutations, chosen.seeds, chosen.first_seed, chosen.home)
