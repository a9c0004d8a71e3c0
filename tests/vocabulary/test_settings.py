"""Settings come from the file and the environment; a mistake is named with what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.settings import read_settings


def test_defaults_hold_where_nothing_is_chosen(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {})
    assert settings.home == tmp_path
    assert settings.offline
    assert settings.record_url.endswith("record.sqlite")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text('base_currency = "EUR"\nminimum_cell = 7\n')
    settings = read_settings(tmp_path, {"QUARTERDECK_BASE_CURRENCY": "USD"})
    assert (settings.base_currency, settings.minimum_cell) == ("USD", 7)


def test_an_unknown_setting_is_named_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text("curency = 'EUR'\n")
    with pytest.raises(NotFound, match=r"curency.*base_currency"):
        read_settings(tmp_path, {})


def test_a_wrong_type_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="QUARTERDECK_MINIMUM_CELL"):
        read_settings(tmp_path, {"QUARTERDECK_MINIMUM_CELL": "many"})
