"""What must not leave does not leave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.assistant.redaction import find_residue, redact

SECRETS = ("Dr Ann Lee", "ann.lee@clinic.org", "+44 20 7946 0958", "SUBJ-00123", "0X126-004", "QD-007", "123-456", "https://clinic.org/x")


@pytest.mark.parametrize("secret", SECRETS)
def test_identifiers_and_contacts_are_taken_out(secret: str) -> None:
    redacted = redact(f"Please ask {secret} about it.")
    assert secret not in redacted.text
    assert redacted.residue == ()
    assert redacted.restore(redacted.text) == f"Please ask {secret} about it."


def test_names_of_the_evidence_base_are_taken_out_whatever_their_case() -> None:
    redacted = redact("NORTHFIELD RESEARCH and Northfield Research", ["Northfield Research"])
    assert "orthfield" not in redacted.text.lower().replace("⟪name", "")


def test_a_surname_that_remains_blocks_the_call() -> None:
    assert redact("Osterfeld said so", ["Maria Osterfeld"]).residue == ("Osterfeld",)


def test_a_name_spelt_with_gaps_is_still_found() -> None:
    assert find_residue("N o r t h f i e l d  Research", ["Northfield Research"])


@given(st.lists(st.sampled_from(SECRETS), min_size=1, max_size=4), st.text(alphabet="abc defg,.", max_size=30))
def test_any_mixture_comes_back_as_it_was(secrets: list[str], filler: str) -> None:
    text = filler.join(f" {secret} " for secret in secrets)
    redacted = redact(text)
    assert redacted.restore(redacted.text) == text
    assert not any(secret in redacted.text for secret in secrets)
