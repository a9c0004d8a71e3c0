"""A file whose first line is blank is refused with its line and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.evidence.delimited import sniff
from quarterdeck.vocabulary.errors import BadInput


@pytest.mark.parametrize("first", ["", "  ", ",,"])
def test_a_blank_header_line_is_named_with_the_way_out(tmp_path: Path, first: str) -> None:
    path = tmp_path / "study.csv"
    path.write_text(f"{first}\nstudy_id,phase\nA1,P2\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"line 1.*header_row"):
        sniff(path)
