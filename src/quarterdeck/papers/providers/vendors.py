"""Vendors as facts: adjusted scorecards, priced levers, promises, and what the record holds of change orders, selections and meetings.

What the record says may change later (a promise is settled); such facts carry the moment they were read at, so that they compute again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from quarterdeck.papers.facts import Fact, Value
from quarterdeck.vendors import actions
from quarterdeck.vendors.catalogue import get_metric
from quarterdeck.vendors.contracts import price_exit, read_contracts, split_value
from quarterdeck.vendors.negotiation import Lever, Outlook, Position, prepare_position
from quarterdeck.vendors.queries import read_vendor_names
from quarterdeck.vendors.review import BusinessReview, Scorecard, prepare_review, read_slips, tally_promises
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.reading import Scope

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record
    from quarterdeck.record.models.vendors import VendorCommitment

UNITS = {"share": "share", "days": "days", "rate": "number"}
WORSE, BETTER = ("worse than average", "worst of all"), ("better than average",)
MOMENT = "%Y%m%dT%H%M%S"


class VendorProvider:
    """`vendor:V/standing`, `vendor:V/card/METRIC`, `vendor:V/position`, `vendor:V/lever/NAME`, `vendor:V/promises@MOMENT`, `vendor:V/promise/ID@MOMENT`."""

    prefix = "vendor"

    def __init__(self, snapshot: Snapshot, record: Record | None) -> None:
        self._snapshot, self._record = snapshot, record

    def find(self, key: str) -> Fact | None:
        """One of the facts above, or None."""
        vendor, _, what = key.partition("/")
        if vendor not in read_vendor_names(self._snapshot):
            return None
        kind, _, name = what.partition("/")
        if kind == "standing":
            return self._standing(vendor)
        if kind == "card":
            return next((self._card(vendor, card) for card in self.cards(vendor) if card.metric == name), None)
        if kind.startswith("promise"):
            return self._promise(vendor, kind, name)
        position = self.position(vendor)
        if position is None or kind not in ("position", "lever"):
            return None
        if kind == "position":
            return self._position(vendor, position)
        return next((self._lever(vendor, position, lever) for lever in position.levers if lever.name == name), None)

    def facts(self) -> Iterable[Fact]:
        """None are offered unasked: they are expensive, and each vendor's paper asks for its own."""
        return ()

    def cards(self, vendor: str) -> tuple[Scorecard, ...]:
        """Adjusted metrics of one vendor, the most doubtful first."""
        return self._review(vendor).scorecard

    def position(self, vendor: str) -> Position | None:
        """The negotiation position on the running contract that earns most from delay; None where no contract with units runs."""
        incentives = self._review(vendor).incentives
        if not incentives:
            return None
        slips, today = read_slips(self._snapshot, vendor), self._snapshot.data_cut
        return self._snapshot.cached(("papers.position", vendor), lambda: prepare_position(incentives[0][0], Outlook(slips), today))

    def promises(self, vendor: str, moment: datetime) -> list[VendorCommitment]:
        """Promises of either side, those broken first, as they stood at a moment."""
        if self._record is None:
            return []
        found = [_as_of(promise, moment) for promise in actions.read_promises(self._record, vendor)]
        return sorted(found, key=lambda p: (("broken", "open", "kept", "withdrawn").index(p.state), p.due, p.id))

    def _review(self, vendor: str) -> BusinessReview:
        # The web room keeps the same review under the same key.
        return self._snapshot.cached(("vendor review", vendor), lambda: prepare_review(self._snapshot, vendor))

    def _standing(self, vendor: str) -> Fact:
        cards = self.cards(vendor)
        worse, better = (sum(card.effect.verdict in words for card in cards) for words in (WORSE, BETTER))
        parts: dict[str, tuple[Value, str]] = {"compared": (float(len(cards)), "number"), "better": (float(better), "number")}
        return self._fact(vendor, "standing", "adjusted metrics on which it is worse than its peers", float(worse), "number", None, parts)

    def _card(self, vendor: str, card: Scorecard) -> Fact:
        unit, effect = UNITS[card.kind], card.effect
        parts: dict[str, tuple[Value, str]] = {
            "title": (card.title, "text"), "raw": (effect.raw, unit), "verdict": (effect.verdict, "text"), "p_better": (effect.p_better_than_average, "probability"),
            "trials": (float(effect.n_studies), "number"), "group": (get_metric(card.metric).group, "text"),
        }  # fmt: skip
        interval = Interval(effect.low, effect.high, 0.9)
        return self._fact(vendor, f"card/{card.metric}", f"{card.title}, adjusted for case mix", effect.adjusted, unit, interval, parts)

    def _position(self, vendor: str, position: Position) -> Fact:
        contract = next(c for c in read_contracts(self._snapshot, vendor) if c.id == position.contract_id)
        money = position.incentive.per_month
        parts: dict[str, tuple[Value, str]] = {
            "contract": (contract.id, "name"), "trial": (contract.study_id, "name"), "walk_away": (float(price_exit(contract, self._snapshot.data_cut).amount), contract.currency),
            "share_of_value": (position.incentive.share_of_value, "share"), "time_share": (split_value(contract).time, "share"), "slip": (position.expected_slip, "months"),
            **{f"assumption_{i}": (words, "text") for i, words in enumerate(position.assumptions, 1)},
        }  # fmt: skip
        label = f"what a month of slip earns on contract {contract.id}"
        return self._fact(vendor, "position", label, float(money.amount), money.currency, None, parts)

    def _lever(self, vendor: str, position: Position, lever: Lever) -> Fact:
        parts: dict[str, tuple[Value, str]] = {
            "ask": (lever.ask, "text"), "give": (lever.give, "text"), "evidence": (lever.evidence, "text"), "p_worth_it": (lever.p_worth_it, "probability"),
            "name": (lever.name, "text"),
        }  # fmt: skip
        label = f"what the {lever.name} is worth on contract {position.contract_id}"
        return self._fact(vendor, f"lever/{lever.name}", label, float(lever.value.amount), lever.value.currency, lever.interval, parts)

    def _promise(self, vendor: str, kind: str, name: str) -> Fact | None:
        stem, _, moment = (name or kind).partition("@")
        try:
            promises = self.promises(vendor, datetime.strptime(moment, MOMENT).replace(tzinfo=UTC))
        except ValueError:
            return None
        if kind != "promise":
            return self._tally(vendor, kind, promises)
        promise = next((p for p in promises if p.id == stem), None)
        if promise is None:
            return None
        parts: dict[str, tuple[Value, str]] = {
            "owner": (promise.owner, "text"), "due": (promise.due, "date"), "state": (promise.state, "text"), "by": ("the vendor" if promise.promised_by == "vendor" else "us", "text"),
        }  # fmt: skip
        if promise.outcome:
            parts["outcome"] = (promise.outcome, "text")
        return self._fact(vendor, f"promise/{name}", "a promise of a business review", promise.words, "text", None, parts)

    def _tally(self, vendor: str, what: str, promises: list[VendorCommitment]) -> Fact:
        parts: dict[str, tuple[Value, str]] = {}
        for side, tally in tally_promises(promises, self._snapshot.data_cut).items():
            counts = {"kept": tally.kept, "broken": tally.broken, "overdue": tally.overdue, "open": tally.open}
            parts |= {f"{side}_{state}": (float(count), "number") for state, count in counts.items()}
        return self._fact(vendor, what, "promises of business reviews", float(len(promises)), "number", None, parts)

    def _fact(
        self, vendor: str, key: str, label: str, value: Value, unit: str, interval: Interval | None, parts: Mapping[str, tuple[Value, str]]
    ) -> Fact:
        state = self._snapshot
        name = read_vendor_names(state)[vendor]
        return Fact(
            f"vendor:{vendor}/{key}", f"{label}, {name}", value, unit, interval, parts, Scope("vendor", vendor), state.data_cut, state.id,
            source="the record of promises" if key.startswith("promise") else "vendors compared with equal work" if key.startswith(("card", "standing")) else "the contract's own units",
        )  # fmt: skip


def _as_of(promise: VendorCommitment, moment: datetime) -> VendorCommitment:
    """The promise as it stood: what was settled later was still open."""
    settled = promise.settled_at
    if settled is not None and (settled if settled.tzinfo else settled.replace(tzinfo=UTC)) > moment:
        promise.state, promise.outcome, promise.settled_at = "open", "", None
    return promise


class ChangeOrderProvider:
    """`review:ID`: what may be disputed of one reviewed change order; `review:ID/line/N`: one line, with prices, cause and objections."""

    prefix = "review"

    def __init__(self, snapshot: Snapshot, record: Record | None) -> None:
        self._snapshot, self._record = snapshot, record

    def find(self, key: str) -> Fact | None:
        """One review or one of its lines."""
        name, _, line = key.partition("/line/")
        entry = next((e for e in self._entries() if e.id == name), None)
        if entry is None:
            return None
        if not line:
            return self._review(entry)
        found = next((one for one in entry.result["lines"] if str(one["line"]["source_line"]) == line), None)
        return None if found is None else self._line(entry, found)

    def facts(self) -> Iterable[Fact]:
        """Every review, the newest first."""
        return [self._review(entry) for entry in self._entries()]

    def of_vendor(self, vendor: str) -> str:
        """The fact of the newest review of a vendor's contracts; "" where there is none."""
        own = {contract.id for contract in read_contracts(self._snapshot, vendor)}
        return next((f"review:{entry.id}" for entry in self._entries() if entry.contract_id in own), "")

    def lines(self, review: str) -> list[str]:
        """The facts of its lines, in the order of the file."""
        entry = next((e for e in self._entries() if f"review:{e.id}" == review), None)
        return [] if entry is None else [f"{review}/line/{one['line']['source_line']}" for one in entry.result["lines"]]

    def _entries(self) -> list[Any]:
        return [] if self._record is None else actions.read_change_orders(self._record)

    def _review(self, entry: Any) -> Fact:
        result, currency = entry.result, str(entry.result["currency"])
        total, disputable = float(result["total"]["amount"]), float(result["disputable"]["amount"])
        parts: dict[str, tuple[Value, str]] = {
            "total": (total, currency), "share": (float(result["disputable_share"]), "share"), "accepted": (float(Decimal(str(total)) - Decimal(str(disputable))), currency),
            "effect_on_value": (float(result["effect_on_value"]), "share"), "contract": (entry.contract_id, "name"), "file": (entry.file_name, "name"), "lines": (float(len(result["lines"])), "number"),
            "reviewed_at": (entry.reviewed_at.date(), "date"), **{f"notice_{i}": (words, "text") for i, words in enumerate(result.get("notices", ()), 1)},
        }  # fmt: skip
        if (year := result.get("effect_on_year")) is not None:
            parts["effect_on_year"] = (float(year), "share")
        for cause, money in result["by_cause"]:
            parts[f"cause_{cause}"] = (float(money["amount"]), currency)
        return Fact(
            f"review:{entry.id}", f"what may be disputed of {entry.file_name}", disputable, currency, parts=parts, snapshot=entry.snapshot, source=f"{entry.file_name}, matched to contract {entry.contract_id}",
        )  # fmt: skip

    def _line(self, entry: Any, matched: Mapping[str, Any]) -> Fact:
        line, currency = matched["line"], str(entry.result["currency"])
        amount = float(line["amount"])
        disputable = min(amount, sum(float(o["amount"]) for o in matched["objections"])) if amount > 0 else 0.0
        parts: dict[str, tuple[Value, str]] = {
            "description": (line["description"], "text"), "quantity": (float(line["quantity"]), "number"), "unit_price": (float(line["unit_price"]), currency),
            "disputable": (disputable, currency), "cause": (str(matched["cause"]).replace("_", " "), "text"), "assumed_by": (matched["assumed_by"], "text"),
        }  # fmt: skip
        if matched["unit"]:
            parts |= {"unit": (matched["unit"]["name"], "text"), "contract_price": (float(matched["unit"]["price"]), currency)}
        if matched["precedent"] is not None:
            parts |= {"precedent": (float(matched["precedent"]), currency), "n_precedents": (float(matched["n_precedents"]), "number")}
        if matched["objections"]:
            parts["why"] = ("; ".join(o["words"] for o in matched["objections"]), "text")
        place = f"{entry.file_name}, line {line['source_line']}"
        return Fact(
            f"review:{entry.id}/line/{line['source_line']}", place, amount, currency, parts=parts, snapshot=entry.snapshot, source=place
        )


class SelectionProvider:
    """`selection:ID`: who was chosen and why; `selection:ID/bid/VENDOR`: one bid under the same futures; `selection:ID/weight/CRITERION`."""

    prefix = "selection"

    def __init__(self, snapshot: Snapshot, record: Record | None) -> None:
        self._record, self._names = record, read_vendor_names(snapshot)

    def find(self, key: str) -> Fact | None:
        """One selection, one of its bids, or one weight."""
        name, _, what = key.partition("/")
        entry = next((e for e in self._entries() if e.id == name), None)
        if entry is None:
            return None
        kind, _, which = what.partition("/")
        if kind == "bid":
            return next((self._bid(entry, bid) for bid in entry.comparison["outcomes"] if bid["vendor"] == which), None)
        if kind == "weight":
            return next((self._weight(entry, weight) for weight in entry.comparison["weights"] if weight[0] == which), None)
        return self._selection(entry)

    def facts(self) -> Iterable[Fact]:
        """Every selection, the newest first."""
        return [self._selection(entry) for entry in self._entries()]

    def of_vendor(self, vendor: str, name: str) -> str:
        """The newest selection of a vendor, by its identifier or name; "" where there is none."""
        return next((f"selection:{entry.id}" for entry in self._entries() if entry.chosen_vendor in (vendor, name)), "")

    def bids(self, selection: str) -> list[str]:
        """The facts of its bids, the best score first."""
        return [f"{selection}/bid/{bid['vendor']}" for bid in self._comparison(selection).get("outcomes", ())]

    def weights(self, selection: str) -> list[str]:
        """The facts of its weights."""
        return [f"{selection}/weight/{name}" for name, _ in self._comparison(selection).get("weights", ())]

    def _comparison(self, selection: str) -> Mapping[str, Any]:
        return next((entry.comparison for entry in self._entries() if f"selection:{entry.id}" == selection), {})

    def _entries(self) -> list[Any]:
        return [] if self._record is None else actions.read_selections(self._record)

    def _selection(self, entry: Any) -> Fact:
        parts: dict[str, tuple[Value, str]] = {
            "title": (entry.title, "text"), "bidder": (entry.chosen_vendor, "name"), "rationale": (entry.rationale, "text"), "risk_tier": (entry.risk_tier, "text"), "oversight_plan": (entry.oversight_plan, "text"),
            "subcontractors": (entry.subcontractors or "none named", "text"), "decided_at": (entry.decided_at.date(), "date"), "bids": (float(len(entry.comparison.get("outcomes", ()))), "number"),
        }  # fmt: skip
        won = dict(entry.comparison.get("share_of_weights_won", ()))
        if entry.chosen_vendor in won:
            parts["weights_won"] = (float(won[entry.chosen_vendor]), "share")
        return Fact(
            f"selection:{entry.id}",
            f"the vendor chosen for {entry.title}",
            self._name(entry.chosen_vendor),
            "name",
            parts=parts,
            source="the record of selections",
        )

    def _bid(self, entry: Any, bid: Mapping[str, Any]) -> Fact:
        cost, currency = bid["cost_median"], str(bid["cost_median"]["currency"])
        parts: dict[str, tuple[Value, str]] = {
            "vendor": (self._name(bid["vendor"]), "name"), "as_bid": (float(bid["as_bid"]["amount"]), currency), "normalised": (float(bid["normalised"]["amount"]), currency), "months": (float(bid["months_median"]), "months"),
            "months_high": (float(bid["months_high"]), "months"), "p_cheapest": (float(bid["p_cheapest"]), "probability"), "score": (float(bid["score"]), "ratio"),
        }  # fmt: skip
        interval = Interval(float(bid["cost_low"]["amount"]), float(bid["cost_high"]["amount"]), 0.8)
        return Fact(
            f"selection:{entry.id}/bid/{bid['vendor']}", f"expected cost of the bid of {self._name(bid['vendor'])}", float(cost["amount"]), currency, interval, parts, source="bids simulated under the same futures",
        )  # fmt: skip

    def _weight(self, entry: Any, weight: Any) -> Fact:
        name, value = weight
        parts: dict[str, tuple[Value, str]] = {"criterion": (name, "text")}
        flip = next((f for f in entry.comparison["flips"] if f[0] == name), None)
        if flip and flip[1] is not None:
            parts |= {"turns_at": (float(flip[1]), "share"), "turns_to": (self._name(flip[2]), "name")}
        return Fact(
            f"selection:{entry.id}/weight/{name}",
            f"weight of {name}",
            float(value),
            "share",
            parts=parts,
            source="the weights of the bid room",
        )

    def _name(self, vendor: str) -> str:
        """What a bidder is called: a known vendor's name, else what the bid says."""
        return self._names.get(vendor, vendor)


class MeetingProvider:
    """`meeting:ID`: what was said in a business review or a negotiation; `meeting:ID/promise/ID`: what was promised there."""

    prefix = "meeting"

    def __init__(self, record: Record | None) -> None:
        self._record = record

    def find(self, key: str) -> Fact | None:
        """One meeting, or one promise made in it."""
        if self._record is None:
            return None
        name, _, promise = key.partition("/promise/")
        held = actions.read_review(self._record, name)
        if held is None:
            return None
        if not promise:
            parts: dict[str, tuple[Value, str]] = {"held_on": (held.held_on, "date"), "vendor": (held.vendor_id, "name")}
            return Fact(
                f"meeting:{name}",
                "what was said in the meeting",
                held.summary or "no summary was noted",
                "text",
                parts=parts,
                source="the record of business reviews",
            )
        made = next((p for p in actions.read_promises(self._record, held.vendor_id) if p.id == promise and p.review_id == name), None)
        if made is None:
            return None
        parts = {
            "owner": (made.owner, "text"),
            "due": (made.due, "date"),
            "by": ("the vendor" if made.promised_by == "vendor" else "us", "text"),
        }
        return Fact(f"meeting:{key}", "what was promised in the meeting", made.words, "text", parts=parts, source="the record of promises")

    def facts(self) -> Iterable[Fact]:
        """None are offered unasked."""
        return ()

    def promises(self, meeting: str) -> list[str]:
        """The facts of what was promised there."""
        name = meeting.removeprefix("meeting:")
        held = actions.read_review(self._record, name) if self._record is not None else None
        if held is None or self._record is None:
            return []
        return [f"{meeting}/promise/{p.id}" for p in actions.read_promises(self._record, held.vendor_id) if p.review_id == name]


def providers(snapshot: Snapshot, record: Record | None) -> list[Any]:
    """All of this module's."""
    return [
        VendorProvider(snapshot, record),
        ChangeOrderProvider(snapshot, record),
        SelectionProvider(snapshot, record),
        MeetingProvider(record),
    ]
