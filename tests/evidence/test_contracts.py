"""The contracts are complete, consistent, and refuse what they do not know."""

from __future__ import annotations

import pytest

from quarterdeck.evidence.contracts import PRIVACY, TYPES, _read_contract, get_contract, load_contracts, referenced_key
from quarterdeck.evidence.load import in_order_of_reference
from quarterdeck.evidence.tables import table
from quarterdeck.vocabulary.errors import BadInput, NotFound


def test_there_are_39_tables_of_nine_subjects() -> None:
    contracts = load_contracts()
    assert len(contracts) == 39
    assert len({contract.subject for contract in contracts.values()}) == 9


@pytest.mark.parametrize("name", sorted(load_contracts()))
def test_a_table_has_a_note_a_key_and_described_columns(name: str) -> None:
    contract = get_contract(name)
    assert contract.note.endswith(".")
    assert contract.key
    assert len(set(contract.column_names)) == len(contract.columns)
    for column in contract.columns:
        assert column.type in TYPES
        assert column.privacy in PRIVACY
        assert column.note, f"{name}.{column.name} is not described"
        assert not column.references or referenced_key(contract, column)


def test_every_table_is_an_ibis_table_with_lineage() -> None:
    for name, contract in load_contracts().items():
        assert list(table(name).columns) == [*contract.column_names, "_source", "_file", "_sheet", "_line"]


def test_referenced_tables_come_first() -> None:
    order = in_order_of_reference()
    for contract in load_contracts().values():
        for column in contract.columns:
            assert not column.references or order.index(column.references) < order.index(contract.name)


def test_money_is_exact_and_has_its_currency_beside_it() -> None:
    for contract in load_contracts().values():
        if any(column.type == "money" for column in contract.columns):
            assert "currency" in contract.column_names


def test_health_and_ethnicity_are_of_the_special_category() -> None:
    special = {f"{c.name}.{x.name}" for c in load_contracts().values() for x in c.columns if x.privacy == "special"}
    assert {"subject.race_ethnicity", "subject.death_dt", "adverse_event.aeser", "lab_result_count.n_grade3plus"} <= special


def test_an_unknown_key_is_refused_by_file_and_name() -> None:
    with pytest.raises(BadInput, match=r"sites\.yaml, site: colour"):
        _read_contract("sites.yaml", "site", {"note": "x", "key": [], "columns": {}, "colour": 1})


def test_an_unknown_type_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(BadInput, match="type = number"):
        _read_contract("sites.yaml", "site", {"note": "x", "key": ["a"], "columns": {"a": {"type": "number"}}})


def test_an_unknown_table_names_the_known_ones() -> None:
    with pytest.raises(NotFound, match="budget_line"):
        get_contract("budgets")
