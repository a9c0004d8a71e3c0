"""Two invented job descriptions of other professions in the published layout: one as Markdown, one as plain text; and the same as HTML, DOCX and PDF."""

from __future__ import annotations

from pathlib import Path

PHARMACIST = """# Job Description: Chief Pharmacist, Regional Hospitals

## Role Purpose Statement
The Chief Pharmacist leads safe, affordable medicine supply for five hospitals. The role answers to the Medical Director for every medicine that reaches a patient.

## Key Performance Indicators
### Quantitative metrics
- Dispensing error rate: below 0.02% of items, reviewed monthly
- Drug budget variance: within 3% per year, reviewed quarterly
- Stock-outs of critical medicines: fewer than 2 per quarter
### Qualitative metrics
- Trust of ward teams: invited early to changes of treatment protocols

## Ideal Personality Traits
### Primary traits
- Careful guardian: checks twice without slowing others
- Calm in shortage: keeps priorities clear
### Supporting traits
- Curious: asks how new medicines work

## Key Responsibilities by Level
### Entry level
- Dispenses and checks medicines under supervision.
### Mid level
- Runs the dispensary of one ward group.
### Senior level
- Leads the pharmacy of one hospital and its stock plan.

## Decision-Making Authority
| Decision | Entry | Mid | Senior |
|---|---|---|---|
| Purchase of medicines | None | Orders up to £2,000 | Contracts up to £75,000 |
| Formulary changes | None | Suggests changes | Recommends to the committee |

## Competency Requirements
### Foundation competencies
- Expert communication with clinicians about risk and benefit of medicines
- Proven leadership of multi-professional teams
- Demonstrated ability to decide on scarce medicines fairly
### Functional (technical) competencies
- Advanced knowledge of clinical pharmacology
- Mastery of aseptic preparation standards
### Digital tools
- Skilled in electronic prescribing (EPMA) governance
- Basic use of stock-forecast software
### Regulatory knowledge
- Comprehensive grasp of the Human Medicines Regulations 2012
- Understanding of controlled drugs law

## Emerging Skills
### Pharmacogenomics
- Reads genetic test results into dose advice
- This quarter: attend a course on pharmacogenomic panels
- Within 6 months: lead a pilot on one ward
- Within 12 months: propose a service to the board

## Qualifications
- Master of Pharmacy degree
- Registration with the General Pharmaceutical Council
- 10+ years of hospital experience, 4 years leading a service
- MBA preferred

## Neurodiversity Notes
### ADHD
- Strengths: thrives in fast ward rounds
- Accommodations: short written summaries after meetings
### Dyslexia
- Accommodations: dictation software and colour-coded labels
### Autism
- Strengths: sees unusual patterns in prescriptions
"""

BRIDGE_ENGINEER = """ROLE PROFILE
Job title: Head of Bridge Maintenance

1. ROLE PURPOSE
Keeps 420 road bridges safe and open. Turns inspection findings into a funded programme of repairs.

2. SUCCESS METRICS
- Bridges with a load restriction: no more than 6 at any time, reviewed quarterly
- Programme cost: within 4% of budget (annual)
- Inspection backlog: 0 overdue principal inspections

3. PERSONALITY TRAITS
- Steady: holds the line when a closure is unpopular
- Practical: prefers a site visit to a slide

4. KEY RESPONSIBILITIES
Mid-level: Plans repairs of a district and supervises contractors.
Senior: Sets the inspection programme and signs load assessments.

5. DECISION AUTHORITY
Entry: may close a footpath in an emergency.
Mid: approves repair orders up to £25k.
Senior: approves contracts up to £400k and temporary closures.

6. COMPETENCY REQUIREMENTS
Core competencies:
- Exceptional judgement of structural risk
- Strong negotiation with contractors and utilities
Technical competencies:
- Expertise in assessment of masonry and steel bridges
- Working knowledge of cathodic protection
Software:
- Proficient in finite element models and bridge management systems
Legislation and standards:
- Deep, current knowledge of the Design Manual for Roads and Bridges

7. EMERGING SKILLS
- Drone inspection and image recognition of cracks
- In 6 months: trial a drone on ten bridges

8. QUALIFICATIONS
- Chartered engineer (CEng)
- Bachelor degree in civil engineering
- 8 to 12 years in structures

9. NEURODIVERSITY NOTES
- ADHD: strength in emergencies; needs planned pauses after call-outs
- Dyslexia: accommodation by drawings instead of long text
"""


def write_text(folder: Path, text: str, suffix: str = ".txt") -> Path:
    """The description as a text file."""
    path = folder / f"role{suffix}"
    path.write_text(text, encoding="utf-8")
    return path


def write_html(folder: Path, markdown: str) -> Path:
    """The Markdown description as HTML with headings, lists and a table."""
    out, in_list, rows = ["<html><head><title>x</title></head><body>"], False, 0
    for line in markdown.splitlines():
        if in_list and not line.startswith("- "):
            out.append("</ul>")
            in_list = False
        if rows and not line.startswith("|"):
            out.append("</table>")
            rows = 0
        if line.startswith("#"):
            depth = len(line) - len(line.lstrip("#"))
            out.append(f"<h{depth}>{line.lstrip('# ')}</h{depth}>")
        elif line.startswith("- "):
            out.append(("" if in_list else "<ul>") + f"<li>{line[2:]}</li>")
            in_list = True
        elif line.startswith("|---"):
            continue
        elif line.startswith("|"):
            tag = "td" if rows else "th"
            out.append(
                ("" if rows else "<table>") + "<tr>" + "".join(f"<{tag}>{c.strip()}</{tag}>" for c in line.strip("|").split("|")) + "</tr>"
            )
            rows += 1
        elif line.strip():
            out.append(f"<p>{line}</p>")
    path = folder / "role.html"
    path.write_text("\n".join([*out, "</body></html>"]), encoding="utf-8")
    return path


def write_docx(folder: Path, markdown: str) -> Path:
    """The Markdown description as DOCX with heading styles, list styles and a table."""
    import docx

    document = docx.Document()
    table = None
    for line in markdown.splitlines():
        if line.startswith("|---"):
            continue
        if line.startswith("|"):
            cells = [c.strip() for c in line.strip("|").split("|")]
            table = table or document.add_table(rows=0, cols=len(cells))
            for cell, text in zip(table.add_row().cells, cells, strict=True):
                cell.text = text
            continue
        table = None
        if line.startswith("#"):
            document.add_heading(line.lstrip("# "), len(line) - len(line.lstrip("#")))
        elif line.startswith("- "):
            document.add_paragraph(line[2:], style="List Bullet")
        elif line.strip():
            document.add_paragraph(line)
    path = folder / "role.docx"
    document.save(str(path))
    return path


def write_pdf(folder: Path, text: str) -> Path:
    """The plain description as PDF, one line per line."""
    import typst

    lines = [line.replace("\\", "\\\\").replace('"', '\\"') for line in text.splitlines()]
    source = "#set page(width: 21cm, height: 29.7cm)\n" + "\n".join(f'#text("{line}") \\' if line else "#v(6pt)" for line in lines)
    (folder / "role.typ").write_text(source, encoding="utf-8")
    path = folder / "role.pdf"
    typst.compile(str(folder / "role.typ"), output=str(path))
    return path
