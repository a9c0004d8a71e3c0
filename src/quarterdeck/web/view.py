"""One request as a page sees it: who reads, which facts, how they like to read; and how an answer is made of a template and values.

A page hands over its tables, charts, readings and findings once. Exports, pictures, the plain-text view and the check that every
number in prose is cited all come from what was handed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from markupsafe import Markup

from quarterdeck.charts import theme
from quarterdeck.charts.base import NARROW, WIDE, Chart
from quarterdeck.charts.picture import draw_png, draw_sparkline, draw_svg
from quarterdeck.charts.sparkline import Sparkline
from quarterdeck.record import accounts
from quarterdeck.record.permissions import ROLES, SINGLE_USER, Actor, check_permission, is_permitted
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.web import inside, plain_text, render, security
from quarterdeck.web.deck import Deck
from quarterdeck.web.discovery import navigation
from quarterdeck.web.preferences import CHOICES, Preferences, read_preferences
from quarterdeck.web.tables import Table, page_table, plain, sort_table, table_of_chart, words, write_csv, write_xlsx

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

ANONYMOUS = Actor("", "Nobody")
PREFERENCES = "/preferences"
SHOWN_ROWS = 40  # of a data table beside a chart; the export holds all
EXPORTS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class View:
    """Handed to every page. `view.snapshot` opens the facts at first use and raises NotFound where there are none yet."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.deck: Deck = request.app.state.deck
        self.settings = self.deck.settings
        self.record = self.deck.record
        self.needs_login = self.deck.needs_login()
        self.actor = self._find_actor()
        self.preferences = read_preferences(self.record, self.actor.id) if self.actor.id and not self.actor.is_machine else Preferences()
        self.as_of: str | None = request.query_params.get("as_of") or request.cookies.get(security.AS_OF_COOKIE) or None
        self.sections: list[tuple[str, str]] = []
        self.tables: dict[str, Table] = {}
        self.charts: dict[str, Chart] = {}
        self._snapshot: Snapshot | None = None
        self._browser = security.browser_of(request)

    # -- who and what

    @property
    def snapshot(self) -> Snapshot:
        """The facts this page is about."""
        if self._snapshot is None:
            self._snapshot = self.deck.open_snapshot(self.as_of or self.request.scope.get(inside.FACTS))
        return self._snapshot

    @property
    def has_facts(self) -> bool:
        """Whether anything was loaded yet."""
        return bool(self.deck.store.current_id())

    @property
    def today(self) -> date:
        """The day the facts end. What a page says of the facts never asks the clock."""
        return self.snapshot.data_cut

    def now(self) -> datetime:
        """This moment, for what is written and for what somebody is to do next. A page that asks is kept for a short time only."""
        self.request.state.is_short_lived = True
        return self.deck.now()

    @property
    def is_latest(self) -> bool:
        """Whether the reader looks at the newest facts."""
        return self.has_facts and self.snapshot.id == self.deck.store.current_id()

    @property
    def is_asked_inside(self) -> bool:
        """Whether no reader asks, but the deck itself, which prepares the page for readers."""
        return inside.INSIDE in self.request.scope

    @property
    def is_signed_in(self) -> bool:
        """Whether pages know who reads (in an installation without accounts: always)."""
        return bool(self.actor.id)

    @property
    def covers_portfolio(self) -> bool:
        """Whether the reader may see all trials."""
        return is_permitted(self.actor, "portfolio.read")

    def may(self, action: str, scope: Scope = Scope()) -> bool:
        """Whether the reader may do this; templates use it to leave out what would be refused."""
        return is_permitted(self.actor, action, scope)

    def require(self, action: str, scope: Scope = Scope()) -> None:
        """Raises NotPermitted with the sentence that says who may."""
        check_permission(self.actor, action, scope)

    def may_read_study(self, study_id: str) -> bool:
        """Whether a role of the reader covers this trial, its programme or the portfolio."""
        if is_permitted(self.actor, "page.read", Scope("study", study_id)):
            return True
        programme = self.programmes().get(study_id, "")
        return bool(programme) and any(grant.scope == Scope("programme", programme) for grant in self.actor.grants)

    def programmes(self) -> Mapping[str, str]:
        """The programme (the product) of each trial."""
        query = "SELECT study_id, coalesce(product, '') AS programme FROM study ORDER BY study_id"
        return self.snapshot.cached(
            "web.programmes", lambda: {row["study_id"]: row["programme"] for row in self.snapshot.query(query).to_pylist()}
        )

    # -- addresses

    def url(self, **changes: object) -> str:
        """The address of this page with some of its query changed (None takes a part away)."""
        query = dict(self.request.query_params) | {key: str(value) for key, value in changes.items() if value is not None}
        for key in (key for key, value in changes.items() if value is None):
            query.pop(key, None)
        return f"{self.request.url.path}?{urlencode(query)}" if query else self.request.url.path

    def href(self, path: str, **query: object) -> str:
        """Another page's address that keeps the facts the reader chose in the address (the cookie keeps them otherwise)."""
        wanted = {key: str(value) for key, value in query.items() if value not in (None, "")}
        if chosen := self.request.query_params.get("as_of"):
            wanted["as_of"] = chosen
        return f"{path}{'&' if '?' in path else '?'}{urlencode(wanted)}" if wanted else path

    def export(self, table: str, kind: str) -> str:
        """The address of a table as a file."""
        return self.url(table=table, **{"as": kind})

    def picture_url(self, chart: str, kind: str) -> str:
        """The address of a chart as a picture, its data or its specification."""
        return self.url(chart=chart, **{"as": kind})

    def number_href(self, reading: Reading) -> str:
        """The page that says where a reading comes from."""
        return self.href("/number", id=reading.id)

    @property
    def form_token(self) -> str:
        """What a form must carry."""
        return security.form_token(self.request.app.state.secret, self._browser)

    @property
    def navigation(self) -> Sequence[Any]:
        """Groups and entries."""
        return navigation()

    # -- pieces that templates ask for

    def picture(self, name: str) -> Markup | None:
        """The drawn chart in both widths, or None where it is still to be drawn and the page should not wait."""
        pair = self.deck.pictures.get(self.charts[name])
        if pair is None:
            self.request.state.awaits_pictures = True  # made again once the picture is there
            return None
        return self._both(pair)

    def sparkline(self, chart: Sparkline) -> Markup:
        """A small picture for a table cell."""
        return Markup(draw_sparkline(chart))  # noqa: S704  built from numbers, its text escaped by the drawer

    shown_rows = SHOWN_ROWS

    def chart_table(self, name: str) -> Table:
        """A chart's data table."""
        chart = self.charts[name]
        return table_of_chart(f"{name}-data", chart.title, chart.rows())

    def begin_section(self, identifier: str, heading: str) -> bool:
        """Whether this section is to be shown: all of them, but in quiet mode one at a time."""
        self.sections.append((identifier, heading))
        return not self.is_quiet or len(self.sections) == self.section_number

    @property
    def is_quiet(self) -> bool:
        """Whether the reader sees one section at a time."""
        return self.preferences.quiet == "on"

    @property
    def section_number(self) -> int:
        """Which section is open in quiet mode, from 1."""
        text = self.request.query_params.get("section", "1")
        return int(text) if text.isdigit() and 0 < int(text) < 1000 else 1

    def paragraphs(self, text: str) -> list[str]:
        """Prose in the pieces the reader likes."""
        return render.sentence_chunks(text, 2 if self.preferences.chunks == "short" else 100)

    # -- answers

    def page(
        self,
        template: str,
        *,
        finding: str,
        tables: Iterable[Table] = (),
        charts: Mapping[str, Chart] | None = None,
        readings: Iterable[Reading] = (),
        findings: Iterable[Finding] = (),
        cites: Iterable[object] = (),
        status: int = 200,
        needs_facts: bool = True,
        **context: Any,
    ) -> Response:
        """The page, or what was asked of it: a table as a file, a chart as a picture, the text, the values it cites.

        `finding` is the title. Every number in prose must occur in a table, chart, reading or finding handed over, or in `cites`.
        """
        finding = finding.rstrip(".")
        if needs_facts:
            _ = self.snapshot
        self.tables = {table.name: self._arranged(table) for table in tables}
        self.charts = dict(charts or {})
        readings, findings, cites = list(readings), list(findings), list(cites)
        kind = self.request.query_params.get("as", "")
        if name := self.request.query_params.get("table"):
            return self._export(_pick(self.tables, name, "table"), kind)
        if name := self.request.query_params.get("chart"):
            return self._picture(name, _pick(self.charts, name, "chart"), kind)
        if kind == "values":
            return JSONResponse(self._cited(finding, readings, findings, cites))
        context |= {
            "view": self,
            "finding": finding,
            "tables": self.tables,
            "charts": self.charts,
            "readings": readings,
            "findings": findings,
        }
        html = render.render(template, context)
        if self._is_for_speech(kind):
            text, links, forms = plain_text.to_text(html), plain_text.find_links(html), plain_text.find_forms(html)
            html = render.render("plain.html", {"view": self, "finding": finding, "text": text, "links": links, "forms": forms})
        return HTMLResponse(html, status_code=status)

    def _is_for_speech(self, kind: str) -> bool:
        """Whether the page is read out. The page where this is switched off stays whole."""
        if self.request.url.path == PREFERENCES:
            return False
        return kind == "text" or (kind == "" and self.preferences.view == "text" and self.request.method == "GET")

    def redirect(self, address: str) -> Response:
        """After a form: the page that shows what became of it."""
        return Response(status_code=303, headers={"location": address})

    def _arranged(self, table: Table) -> Table:
        name, _, by = self.request.query_params.get("sort", "").partition(":")
        if name == table.name and by:
            table = sort_table(table, by)
        if table.total is not None:
            return table
        name, _, page = self.request.query_params.get("rows", "").partition(":")
        return page_table(
            table, int(page) if name == table.name and page.isdigit() and len(page) < 8 else 1, table.size or self.preferences.rows_a_page
        )

    def _export(self, table: Table, kind: str) -> Response:
        if kind not in EXPORTS:
            raise BadInput("A table is exported as a file of a kind", thing=kind or "none", allowed=list(EXPORTS))
        content = write_csv(table) if kind == "csv" else write_xlsx(table, self.facts_notes())
        return Response(
            content, media_type=EXPORTS[kind], headers={"content-disposition": f'attachment; filename="{render.anchor(table.name)}.{kind}"'}
        )

    def facts_notes(self) -> list[str]:
        """Which facts an export shows."""
        if not self.has_facts:
            return []
        snapshot = self.snapshot
        return [f"Facts as at {wording.day(snapshot.data_cut)}", f"Snapshot {snapshot.id}, taken {wording.moment(snapshot.taken_at)}"]

    def _picture(self, name: str, chart: Chart, kind: str) -> Response:
        chosen = self.request.query_params.get("theme", "light")
        if chosen not in theme.THEMES:
            raise BadInput("There is no such theme", thing=chosen, allowed=list(theme.THEMES))
        width = NARROW if self.request.query_params.get("width") == "narrow" else WIDE
        file = render.anchor(name)
        if kind == "svg":
            return Response(
                draw_svg(chart, width, chosen),
                media_type="image/svg+xml",
                headers={"content-disposition": f'inline; filename="{file}.svg"'},
            )
        if kind == "png":
            return Response(
                draw_png(chart, width, chosen), media_type="image/png", headers={"content-disposition": f'inline; filename="{file}.png"'}
            )
        if kind == "json":
            return JSONResponse(chart.specification(width))
        if kind == "fragment":
            return HTMLResponse(f'<div class="picture">{self._both(self.deck.pictures.draw(chart))}</div>')
        if kind in EXPORTS:
            return self._export(table_of_chart(file, chart.title, chart.rows()), kind)
        raise BadInput("A chart comes in a kind", thing=kind or "none", allowed="svg, png, json, csv, xlsx")

    @staticmethod
    def _both(pair: tuple[str, str]) -> Markup:
        return Markup(f'<div class="wide">{pair[0]}</div><div class="narrow">{pair[1]}</div>')  # noqa: S704  drawn by us, its text escaped by the drawer

    def _cited(self, title: str, readings: list[Reading], findings: list[Finding], cites: list[object]) -> dict[str, object]:
        """All values a sentence of this page may use, in words, for the walk that checks prose against them."""
        cited: list[str] = [words(cite) for cite in cites]
        for table in self.tables.values():
            cited.append(str(table.count))
            units = {column.key: column.unit for column in table.columns}
            for row in table.rows:
                for key, value in row.items():
                    cited += [words(value, units.get(key, "")), str(plain(value))]
                    cited += [value.sub] if hasattr(value, "sub") else []
        for chart in self.charts.values():
            unit, rows = str(getattr(chart, "unit", "")), chart.rows()
            cited += [words(value, unit if isinstance(value, float) else "") for row in rows for value in row.values()]
            # What a method says of itself (its levels, its number of futures) is cited by saying it.
            cited += [chart.method, str(len(rows)), str(SHOWN_ROWS), wording.share(float(getattr(chart, "level", 0.0)), 0)]
        for reading in [*readings, *(reading for finding in findings for reading in finding.readings)]:
            cited += values_of(reading)
        for finding in findings:
            cited += [f"{key} {words(value)} {value}" for key, value in finding.facts.items()]
        if self.has_facts:
            cited += [*self.facts_notes(), self.snapshot.id]
        return {"title": title, "values": cited}

    def _find_actor(self) -> Actor:
        if (asker := self.request.scope.get(inside.INSIDE)) is not None:
            return asker  # type: ignore[no-any-return]  # the preparer, which asks from within the process
        if not self.needs_login:
            return SINGLE_USER
        token = self.request.cookies.get(security.SESSION_COOKIE, "")
        return (accounts.actor_of_session(self.record, token, self.deck.now()) if token else None) or ANONYMOUS


def values_of(reading: Reading) -> list[str]:
    """What prose may say of a reading: value, interval, numerator, denominator, target, probability, drivers, period."""
    unit = reading.unit
    parts = [words(reading), reading.target, *(words(drive, unit) for _, drive in reading.drivers), *(what for what, _ in reading.drivers)]
    parts += [words(part) for part in (reading.numerator, reading.denominator) if part is not None]
    parts += [wording.interval(reading.interval, unit)] if reading.interval else []
    parts += [wording.chance(reading.p_target)] if reading.p_target is not None else []
    parts += [wording.period(reading.period)] if reading.period else []
    parts += [wording.day(reading.as_of)] if reading.as_of else []
    return [*parts, str(reading.scope), *(f"{key} {words(value)}" for key, value in reading.details.items())]


@dataclass(frozen=True, slots=True)
class Permit:
    """A dependency of a route: who may use it. `any_scope` routes admit a role for one trial and leave out what it does not cover."""

    action: str
    any_scope: bool = False

    def __call__(self, request: Request) -> View:
        view = View(request)
        if not view.is_signed_in:
            raise SignInNeeded(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        study_id = request.path_params.get("study_id")
        if self.any_scope:
            if not any(is_permitted(replace(view.actor, grants=(grant,)), self.action, grant.scope) for grant in view.actor.grants):
                view.require(self.action)
        elif study_id is None:
            view.require(self.action)
        elif not self._covers_study(view, study_id):
            view.require(self.action, Scope("study", study_id))
        return view

    def _covers_study(self, view: View, study_id: str) -> bool:
        scopes = [Scope("study", study_id)]
        if any(grant.scope.level == "programme" for grant in view.actor.grants) and view.has_facts:
            scopes.append(Scope("programme", view.programmes().get(study_id, "")))
        return any(is_permitted(view.actor, self.action, scope) for scope in scopes)


class SignInNeeded(Exception):
    """Nobody is signed in: the reader is led to the sign-in page and back to where they wanted to go."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted


def permit(action: str, any_scope: bool = False) -> Any:
    """The parameter of a route that says who may: `view: View = permit("page.read")`."""
    return Depends(Permit(action, any_scope))


def reading_roles(actor: Actor) -> list[str]:
    """The actor's roles in words, for the account page."""
    return [f"{grant.role} for {grant.scope}" for grant in sorted(actor.grants, key=lambda g: ROLES.index(g.role))]


def _pick(things: Mapping[str, Any], name: str, kind: str) -> Any:
    if name not in things:
        raise NotFound(f"This page has no such {kind}", thing=name, allowed=list(things) or "none")
    return things[name]


__all__ = ["CHOICES", "NotPermitted", "Permit", "PlainTextResponse", "SignInNeeded", "View", "permit"]
