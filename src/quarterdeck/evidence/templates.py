"""Templates a person can fill: per subject one workbook with a sheet per table, or one CSV per table, each column explained."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from quarterdeck.evidence.contracts import Column, Contract, load_contracts

FORMATS = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number, decimal point",
    "money": "amount, decimal point, currency in its own column",
    "rate": "rate, decimal point",
    "date": "date, 2026-03-14",
    "timestamp": "date and time in UTC, 2026-03-14T09:30Z",
    "boolean": "yes or no",
    "list": "texts separated by semicolons",
    "country": "country, two letters (GB)",
    "currency": "currency, three letters (GBP)",
}


def describe_format(column: Column) -> str:
    """What may stand in a column, in words."""
    words = "one of: " + ", ".join(column.codes) if column.codes else FORMATS[column.type]
    unit = f" [{column.unit}]" if column.unit and column.unit != "currency" else ""
    low, high = column.minimum, column.maximum
    bounds = (
        f", {low:g} to {high:g}"
        if low is not None and high is not None and column.unit not in ("1-5",)
        else f", {low:g} or more"
        if low == 0 and high is None
        else ""
    )
    return words + unit + bounds


def describe_need(column: Column) -> str:
    """Whether a column must be filled."""
    return "may be empty" if column.may_be_empty else "needed: part of the key" if column.is_key else "optional"


def write_templates(folder: Path, kind: str = "both", tables: Sequence[str] = ()) -> list[Path]:
    """Writes XLSX (one per subject, with a sheet "How to fill" first) and CSV templates with a README. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    contracts = [contract for contract in load_contracts().values() if not tables or contract.name in tables]
    written: list[Path] = []
    if kind in ("xlsx", "both"):
        subjects = sorted({contract.subject for contract in contracts})
        written += [_write_workbook(folder / f"{name}.xlsx", [c for c in contracts if c.subject == name]) for name in subjects]
    if kind in ("csv", "both"):
        written += [_write_csv(folder / "csv" / f"{contract.name}.csv", contract) for contract in contracts]
        written.append(_write_guide(folder / "csv" / "README.md", contracts))
    return written


def _write_workbook(path: Path, contracts: Sequence[Contract]) -> Path:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    guide = book.active
    assert guide is not None
    guide.title = "How to fill"
    guide.append(["Sheet", "Column", "What it is", "What may stand there", "Needed", "Privacy class"])
    for contract in contracts:
        guide.append([contract.name, "", contract.note])
        for column in contract.columns:
            guide.append([contract.name, column.name, column.note, describe_format(column), describe_need(column), column.privacy])
    for cell in guide[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEF", (22, 26, 60, 60, 22, 16), strict=True):
        guide.column_dimensions[letter].width = width
    guide.freeze_panes = "A2"
    for contract in contracts:
        sheet = book.create_sheet(contract.name)
        for number, column in enumerate(contract.columns, start=1):
            cell = sheet.cell(1, number, column.name)
            cell.font = Font(bold=column.is_key)
            cell.alignment = Alignment(wrap_text=False)
            cell.comment = Comment(f"{column.note}\n{describe_format(column)}\n{describe_need(column)}", "Quarterdeck")
            sheet.column_dimensions[get_column_letter(number)].width = max(12, len(column.name) + 2)
        sheet.freeze_panes = "A2"
    book.save(path)
    return path


def _write_csv(path: Path, contract: Contract) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerow(contract.column_names)
    return path


def _write_guide(path: Path, contracts: Sequence[Contract]) -> Path:
    lines = [
        "# Templates",
        "",
        "One file per table. Keep the first line; fill rows below; leave out columns you do not have (but those marked needed).",
        "",
    ]
    for contract in contracts:
        lines += [
            f"## {contract.name}.csv",
            "",
            contract.note,
            "",
            "| column | what it is | what may stand there | needed | privacy class |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| {c.name} | {c.note} | {describe_format(c)} | {describe_need(c)} | {c.privacy} |" for c in contract.columns]
        lines.append("")
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
