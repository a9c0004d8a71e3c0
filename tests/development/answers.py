"""Invented interview answers with the elements a careful reader finds in them, written after the cues: plain, terse, "we" only, stuffed, rambling."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """An answer, its kind, its level and what it holds."""

    id: str
    question: str
    kind: str
    level: int
    elements: tuple[str, ...]
    text: str


ANSWERS = (
    Answer(
        "v1",
        "vendor",
        "plain",
        3,
        ("baseline", "rootcause", "trade", "governance", "outcome"),
        "In 2024 our central laboratory returned results late in two phase III trials. I had the turnaround times charted for nine months and compared them with the service level in the contract: 6.5 days against 3. The underlying reason was a courier hub that closed at noon. I proposed a longer contract in exchange for a dedicated night shift and a 5% fee holdback. We reviewed the figures in a weekly call. By March the average fell to 2.8 days.",
    ),
    Answer(
        "v2",
        "vendor",
        "plain",
        1,
        (),
        "I have worked with many vendors. Good communication is the key, and I always try to treat them as partners. If there is a problem I call them and we find a solution together.",
    ),
    Answer(
        "v3",
        "vendor",
        "plain",
        4,
        ("baseline", "rootcause", "interests", "trade", "governance", "outcome", "compliance"),
        "Two years ago our largest CRO asked for £3.1 million in change orders on four studies. I benchmarked its unit costs and its query rates against two other suppliers and traced most of the claims back to our own late protocol amendments. I knew they needed a predictable pipeline before their year end, and I had a second vendor qualified, so walking away was possible. We agreed a volume commitment in return for capped change orders and named lead CRAs, with 10% of fees at risk on database lock. I chaired a monthly steering committee with an escalation route, and our oversight plan showed inspectors how we as sponsor remained responsible. Change orders fell from £3.1 million to £0.9 million and all four databases locked on time. I learned to fix our amendments first.",
    ),
    Answer(
        "v4",
        "vendor",
        "we",
        2,
        ("baseline", "governance"),
        "We looked at the KPIs of the imaging vendor last spring, as reads were late. We held weekly review meetings with them until it was better.",
    ),
    Answer(
        "i1",
        "inspection",
        "plain",
        2,
        ("trigger", "capa"),
        "Last year the MHRA gave us a major finding because training records were missing at three sites. I worked with QA on the answer. We retrained the site staff and updated the SOP. The inspectors were satisfied.",
    ),
    Answer(
        "i2",
        "inspection",
        "plain",
        3,
        ("trigger", "contain", "notify", "rootcause", "outcome"),
        "In June 2023 a monitor discovered that 17 participants had been dosed outside the allowed window. I suspended dosing at the site the same day and the medical monitor reviewed all 17 for harm. I reported the serious breach to the MHRA on day six and informed the ethics committee. The five whys led us to a calendar tool that ignored time zones; four other studies had the same fault. All 14 actions were closed within 75 days.",
    ),
    Answer(
        "i3",
        "inspection",
        "terse",
        3,
        ("trigger", "contain", "rootcause", "capa", "outcome"),
        "FDA 2022: 2 major observations, late SAE reports. Paused enrolment 9 days. Root cause: handover vendor-sponsor, 3 studies. CAPA: 8 actions, owners named. Closed in 60 days, re-inspection 0 findings.",
    ),
    Answer(
        "i4",
        "inspection",
        "rambling",
        1,
        (),
        "Inspections are always an exciting time, and I have seen a few in my career. Everybody is nervous, and there is a lot of coffee. You have to stay calm and be polite, and it helps when people know each other. I remember that one of the inspectors was very interested in history and we talked about that at lunch. In the end it usually turns out better than one fears.",
    ),
    Answer(
        "d1",
        "decision",
        "plain",
        3,
        ("stakes", "evidence", "criteria", "decide", "monitor", "outcome"),
        "In autumn 2024 a supplier failed and drug for two of our five trials was short by 30%. The options were to slow both or to stop recruiting in one. My team's simulation gave a range of 8 to 20 weeks until new stock. I had set the criterion before: participants on treatment first, then value at filing. I decided to pause recruitment in the smaller trial and reviewed it every two weeks, with a plan B in a second depot. Nobody missed a dose and the larger trial finished 3 weeks early.",
    ),
    Answer(
        "d2",
        "decision",
        "plain",
        2,
        ("stakes", "decide"),
        "We had to decide whether to open a new country for a trial that recruited slowly. There was not much information. I decided to go for Poland because I knew good sites there. It helped the trial.",
    ),
    Answer(
        "d3",
        "decision",
        "plain",
        0,
        (),
        "Such decisions are taken by the executive committee. I prepare the slides when they ask for them.",
    ),
    Answer(
        "d4",
        "decision",
        "stuffed",
        1,
        (),
        "Options, trade-offs, scenario planning, Monte Carlo, confidence intervals, decision rules, NPV, stakeholder alignment, CFO, CMO, leading indicators, contingency plan, checkpoints, lessons learned, 20% savings.",
    ),
    Answer(
        "t1",
        "talent",
        "plain",
        3,
        ("diagnose", "design", "develop", "difficult", "outcome"),
        "When I took over the group in 2022, the engagement survey stood at 54 and turnover was 24%. I mapped the skills of all nine managers, then split the group into two regions with clear roles. Each manager had a mentor and a development plan. One manager was underperforming; after three honest conversations and an improvement plan he moved to a specialist post. Engagement rose to 71 in eighteen months and turnover dropped to 9%.",
    ),
    Answer(
        "t2",
        "talent",
        "plain",
        4,
        ("diagnose", "design", "develop", "succession", "difficult", "culture", "outcome"),
        "Three years ago I inherited a department of 62 with attrition of 22% and spans of 15 direct reports. Exit interviews told me that people were afraid to raise problems. I restructured into four hubs, rewrote the roles of the leads, and let each lead present to the executive committee. We drew up a succession plan with a deputy for every critical role. Two leads were in open conflict; I mediated and one took another role. I opened each meeting with a mistake of mine and thanked people in public for bad news. Attrition fell from 22% to 6% and three of the leads were promoted within two years. Next time I would fix the spans first.",
    ),
    Answer(
        "t3",
        "talent",
        "terse",
        3,
        ("diagnose", "design", "develop", "succession", "outcome"),
        "Joined 2021: attrition 21%, 2 open lead posts. Talent review of 12. New structure: 3 regions. Coach + stretch project each. Successor named for 5 critical roles. 2023: attrition down to 8%, 2 promoted.",
    ),
    Answer("t4", "talent", "we", 2, ("develop",), "We started a mentoring programme last year and people liked it a lot."),
)
