"""Makes the listings of the demo market from public data files; knows their columns, and nothing of the database.

    python -m scripts.make_demo --source FOLDER

FOLDER holds nasa_t2, sbir_topics, csl, nsfc_codes and ipc. What is chosen, tagged and translated by hand stands in
market/demo/sources; the same input makes the same lines. Nothing is claimed that the source does not say.
"""

import argparse
import csv
import gzip
import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from market.demo.library import drawn
from scripts.demo_words import Codes, Record, plain, region, shortened, table

TARGET = Path(__file__).parent.parent / "market" / "demo" / "data"

NO_USER = "Re-listed as a demo; terms and dates are invented, and its author is no user of this hall."
PATENTS = f"NASA patent portfolio, US Government work in the public domain. {NO_USER}"
PROJECTS = f"NASA TechPort, US Government work in the public domain. {NO_USER}"
SOFTWARE = f"NASA open source software catalogue, US Government work in the public domain. {NO_USER}"
TOPICS = f"US Air Force SBIR/STTR topics of 2015, US Government work in the public domain, CC0. {NO_USER}"
PAPERS = (
    "题目、摘要和关键词取自 CSL 中文科学文献数据集（ydli-ai/CSL），Apache-2.0；学科代码由演示数据标注；"
    "演示用挂牌：权利人为虚构机构，并非论文作者单位，交易条件为虚构。"
)

SPDX = {
    "NASA Open Source": "NASA-1.3",
    "Apache-2.0": "Apache-2.0",
    "MIT": "MIT",
    "BSD-3-Clause": "BSD-3-Clause",
}
ARMS = re.compile(
    r"\bITAR\b|export.control|weapon|missile|munition|warhead|lethal|\bbomb|\bkill|countermeasure|\bthreats?\b"
    r"|\bcombat|warfight|fighter|explosive|\bjamm|electronic warfare|hypersonic|nuclear|targeting|\bstrike|enem"
    r"|adversar|tactical|surveillance|reconnaissance|\bISR\b|moving target|command and control|\bHPM\b|\bFMV\b"
    r"|persistent infrared|electromagnetic disruption|sensor exploitation",
    re.IGNORECASE,
)
"""Topics that speak of arms or of export control stay out of a demo that anybody may publish."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, help="the folder of the public data files")
    parser.add_argument("--target", type=Path, default=TARGET, help="where the listings are written")
    given = parser.parse_args()
    for name, records in made(given.source).items():
        path = given.target / f"{name}.jsonl.gz"
        path.write_bytes(packed(records))
        print(f"{path.name}: {len(records)} listings, {path.stat().st_size} bytes")


def made(source: Path) -> dict[str, list[Record]]:
    """All listings by file, each file in the order of its keys."""
    known = Codes(source)
    files = {
        "results": [*patents(source, known), *projects(source, known), *papers(source, known)],
        "products": list(software(source, known)),
        "opportunities": list(topics(source, known)),
    }
    return {name: sorted(records, key=lambda record: str(record["key"])) for name, records in files.items()}


def packed(records: list[Record]) -> bytes:
    """One JSON object a line, compressed without a name or a time, so that equal listings are equal bytes."""
    lines = "".join(json.dumps(record, ensure_ascii=False, sort_keys=True) + "\n" for record in records)
    return gzip.compress(lines.encode(), mtime=0)


def patents(source: Path, known: Codes) -> Iterator[Record]:
    """Granted patents that run until 2031 or later, one of each title; the file has no abstract, so we give facts."""
    with (source / "nasa_t2" / "NASA_Patents_original.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    seen: set[str] = set()
    for row in sorted(rows, key=lambda row: row["Patent Number"]):
        number, title, expires = (
            row["Patent Number"],
            plain(row["Title"]).rstrip("."),
            _day(row["Patent Expiration Date"]),
        )
        if row["Status"] != "Issued" or expires is None or expires.year < 2031 or len(number) != 7:
            continue
        if title.lower() not in seen:
            seen.add(title.lower())
            yield _patent(row, title, expires, known)


def _day(text: str) -> date | None:
    """A date as 05/25/2031; None for an empty field and for 0000-00-00."""
    try:
        return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a day has no time zone
    except ValueError:
        return None


def _patent(row: dict[str, str], title: str, expires: date, known: Codes) -> Record:
    number, application = row["Patent Number"], row["Application SN"].replace(",", "")
    key = f"nasa-patent-{number}"
    facts = (
        f"United States patent {number}, granted on application {application}. NASA lists it as issued, under case "
        f"{row['Case Number']} of the {row['Center']}, with an expiry date of {expires.isoformat()}. The source gives "
        "a title and no abstract: what the invention does and covers stands in the patent itself."
    )
    right = {
        "kind": "invention",
        "office": "US",
        "application_number": application,
        "grant_number": number,
        "status": "granted",
        "expires_on": expires.isoformat(),
        "owners": ["NASA"],
    }
    modes = [["ordinary_licence"], ["ordinary_licence", "exclusive_licence"], ["ordinary_licence", "trial"]]
    content = _offer(modes[drawn(key, 0, 2)]) | {
        "title": known.title(key, title),
        "summary": {"en": facts},
        "ip_rights": [right],
        "contributors": [{"name": f"The inventors named in US patent {number}", "confirmed": True}],
        "region": region(row["Center"]),
        "source_url": f"https://patents.google.com/patent/US{number}",
        "attribution": PATENTS,
    }
    return {"key": key, "owner": "archive", "content": content | known.tags(title)}


def _offer(modes: list[str]) -> Record:
    """What every result made from public data is offered on."""
    return {
        "kind": "result",
        "modes": modes,
        "price": {"mode": "on_request"},
        "export_class": "free",
        "secrecy_attested": True,
    }


def projects(source: Path, known: Codes) -> Iterator[Record]:
    """TechPort projects with the readiness level that TechPort states."""
    with (source / "nasa_t2" / "techport_25_projects.json").open(encoding="utf-8") as file:
        found: list[Record] = json.load(file)
    for project in found:
        key, title = f"techport-{project['id']}", plain(project["title"])
        lead = project["leadOrganization"]
        level = int(project["technologyMaturityCurrent"])
        told = (
            f"NASA TechPort, last updated {project['lastUpdated']}, states level {level} "
            f"(begun at {project['technologyMaturityStart']}, aimed at {project['technologyMaturityEnd']})."
        )
        closing = plain(project.get("closeoutSummary") or "")
        content = _offer(["co_development", "ordinary_licence"]) | {
            "title": known.title(key, title),
            "summary": {"en": plain(project["description"])},
            "benefits": {"en": plain(project["benefits"])},
            "maturity": {
                "scale": "NASA",
                "level": level,
                "evidence": {"en": f"{told}\n{closing}" if closing else told},
            },
            "funding": {"state_funded": True, "programme": project["responsibleProgram"]},
            "keywords": {"en": sorted({plain(area["title"]) for area in project["primaryTas"]})},
            "contributors": [
                {"name": f"The project team named in TechPort, led by {lead['name']}", "confirmed": True}
            ],
            "region": f"US-{lead['state']}",
            "source_url": f"https://techport.nasa.gov/view/{project['id']}",
            "attribution": PROJECTS,
        }
        yield {"key": key, "owner": "archive", "content": content | known.tags(title)}


def papers(source: Path, known: Codes) -> Iterator[Record]:
    """The papers that our table names, with its codes; authors and affiliations are not in the data set."""
    with (source / "csl" / "csl_2000.jsonl").open(encoding="utf-8") as file:
        found: dict[str, Record] = {paper["id"]: paper for paper in map(json.loads, file)}
    for row in table("papers"):
        paper, discipline = found[row["id"]], row["discipline"]
        if discipline not in known.disciplines:
            raise ValueError(f"not an NSFC code: {discipline}")
        english = {"en": row["title_en"]} if row["title_en"] else {}
        content = _offer(["co_development", "ordinary_licence"]) | {
            "title": {"zh-Hans": plain(paper["title"])} | english,
            "summary": {"zh-Hans": plain(paper["abstract"])},
            "keywords": {"zh-Hans": [plain(word) for word in paper["keywords"]]},
            "discipline": [discipline],
            "industry": row["industry"].split(),
            "ipc": known.checked(row["ipc"].split()),
            "contributors": [{"name": "来源论文作者（数据集未载姓名）", "confirmed": True}],
            "attribution": PAPERS,
        }
        yield {"key": row["id"], "owner": _owner(row["id"], discipline), "content": content}


def _owner(key: str, discipline: str) -> str:
    """Which invented organisation lists a paper: by its field."""
    if discipline[0] == "H" or discipline in ("C07", "C10"):
        return "hospital"
    if discipline[0] in "ABCD":
        return "institute"
    return "new_rd_body" if drawn(key, 0, 3) == 0 else "university"


def software(source: Path, known: Codes) -> Iterator[Record]:
    """The programs that our table names, with their own descriptions and licences; the addresses of people stay out."""
    with (source / "nasa_t2" / "nasa_software_catalog.json").open(encoding="utf-8") as file:
        found: dict[str, Record] = {program["Software"]: program for program in reversed(json.load(file))}
    for row in table("software"):
        program = found[row["name"]]
        slug = re.sub(r"[^a-z0-9]+", "-", row["name"].lower()).strip("-")
        key = f"nasa-software-{slug}"
        licences = sorted(set(program["License"]))
        spdx = SPDX.get(licences[0]) if len(licences) == 1 else None
        told = f"Offered under: {', '.join(licences)}, as the catalogue of NASA states."
        free = {
            "mode": "fixed",
            "amount": {"amount": "0.00", "currency": "USD"},
            "basis": {"en": f"{told} No fee."},
        }
        content = {
            "kind": "product",
            "title": known.title(key, row["name"]),
            "summary": {"en": plain(program["Description"])},
            "keywords": {"en": _labels(program)},
            "industry": ["65"],
            "is_service": False,
            "modes": ["ordinary_licence"],
            "licence": spdx,
            "price": free if spdx else {"mode": "on_request", "basis": {"en": told}},
            "region": region(program["NASA Center"]),
            "source_url": _address(program),
            "attribution": SOFTWARE,
        }
        yield {"key": key, "owner": "archive", "content": content}


def _labels(program: Record) -> list[str]:
    """The catalogue's own labels, without those that only say whose program it is; the machine-made ones stay out."""
    common = {"nasa", "open source", "github", "sourceforge", program["NASA Center"].lower()}
    labels = [plain(label) for label in program["Categories"]]
    return [label for label in labels if label.lower() not in common and not label.startswith("project::")][
        :10
    ]


def _address(program: Record) -> str:
    for address in (program["External Link"], program["Public Code Repo"]):
        if address.startswith(("https://", "http://")):
            return str(address)
    return f"https://{program['Public Code Repo']}"


def topics(source: Path, known: Codes) -> Iterator[Record]:
    """Topics that are whole and speak of no arms; the phases are what is needed, step by step."""
    with (source / "sbir_topics" / "sbir_2015_topics.jsonl").open(encoding="utf-8") as file:
        found: list[Record] = [json.loads(line) for line in file]
    for topic in found:
        phases = sorted(
            (plain(phase) for phase in topic["phases"]), key=lambda phase: phase.partition(":")[0]
        )
        text = "\n".join((topic["title"], topic["objective"], topic["description"], *phases))
        whole = len(phases) == 3 and all(phase.endswith(".") for phase in phases)
        if (
            topic["title"]
            and whole
            and not ARMS.search(text)
            and not {"Weapons", "ITAR", "Battlespace"} & set(topic["areas"])
        ):
            yield _topic(topic, phases, known)


def _topic(topic: Record, phases: list[str], known: Codes) -> Record:
    key, title = f"sbir-{topic['topic_number']}", plain(topic["title"])
    days = drawn(key, 30, 160)
    first, second = phases[0].partition(":")[2].strip(), phases[1].partition(":")[2].strip()
    unstated = "not stated in the source"
    content = {
        "kind": "opportunity",
        "opportunity_type": "demand",
        "title": known.title(key, title),
        "summary": {"en": plain(topic["objective"])},
        "problem": {"en": plain(topic["description"])},
        "needs": {"en": "\n\n".join(phases)},
        "kpis": [
            {"name": {"en": "Result of phase I"}, "target": shortened(first, 300), "baseline": unstated},
            {"name": {"en": "Result of phase II"}, "target": shortened(second, 300), "baseline": unstated},
        ],
        "keywords": {"en": [plain(word) for word in topic["keywords"]][:12]},
        "budget_none": True,
        "award_rule": {
            "en": "Answers are compared by technical merit for phase I (a rule of the demo, not of the source)."
        },
        "ip_terms": "solver",
        "region": "US",
        "source_url": plain(topic["url"]),
        "attribution": TOPICS,
    }
    times = {"deadline_days": days, "questions_days": days // 2}
    return {"key": key, "owner": "archive", "content": content | known.tags(title)} | times


if __name__ == "__main__":
    main()
