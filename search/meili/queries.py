"""Request bodies for one search and the page made from the answers; knows JSON shapes, not the connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from search.codes import as_identifier
from search.facets import in_order, own_facets
from search.filters import Eq, Not, without
from search.folding import fold, has_han, plain
from search.fusion import HEAD, with_meaning
from search.highlight import Range, snippet
from search.meili.conditions import scope
from search.meili.settings import EMBEDDER
from search.port import FacetCount, Hit, SearchPage, SearchRequest, Sort, Viewer
from search.schema import FIELDS, likeness
from search.semantic import NEIGHBOURS, PERHAPS_RELATED, least_cosine

Json = dict[str, Any]

# Private-use characters: they occur in no listing, and what they enclose is data, never markup.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SORTS = {
    Sort.NEWEST: ["published_at:desc", "id:asc"],
    Sort.CONFIRMED: ["confirmed_at:desc", "id:asc"],
    Sort.PRICE_ASC: ["currency_place:asc", "price:asc", "id:asc"],
    Sort.PRICE_DESC: ["currency_place:asc", "price:desc", "id:asc"],
}


@dataclass(frozen=True)
class Asked:
    """The queries of one request: by words, then by meaning if that is asked, then one for each filtered facet."""

    request: SearchRequest
    index: str
    queries: list[Json]
    by_meaning: bool
    own: tuple[str, ...]

    def page(self, answers: Sequence[Json]) -> SearchPage:
        """The page made of the answers, one for each query."""
        words, rest = answers[0], list(answers[1:])
        meaning = rest.pop(0) if self.by_meaning else None
        counts = words.get("facetDistribution", {}) | {
            name: found for answer in rest for name, found in answer["facetDistribution"].items()
        }
        request = self.request
        scored = request.sort is Sort.RELEVANCE and bool(self.queries[0]["q"].strip())
        hits = tuple(_hit(answer, request, scored=scored) for answer in words["hits"])
        total = int(words["estimatedTotalHits"])
        if meaning is not None:
            least = _ranking_score(least_cosine(words_found=bool(hits)))
            answers_near = (answer for answer in meaning["hits"] if answer["_rankingScore"] >= least)
            near = tuple(_hit(answer, request, scored=True) for answer in answers_near)
            total += len({hit.id for hit in near} - {hit.id for hit in hits})
            hits = _fused(hits, near)[request.offset : request.offset + request.limit]
        return SearchPage(
            hits=hits,
            total=total,
            total_is_exact=False,
            facets={facet: _counts(facet, counts) for facet in dict.fromkeys(request.facets)},
            generation=self.index,
            took_ms=float(sum(answer.get("processingTimeMs", 0) for answer in answers)),
        )


def ask(request: SearchRequest, index: str, vector: list[float] | None = None) -> Asked:
    """`vector` is the meaning of the text, where it is to be looked for as well."""
    text = query_text(request.text)
    own = own_facets(request.facets, request.filter)
    free = [FIELDS[facet].attribute for facet in dict.fromkeys(request.facets) if facet not in own]
    words: Json = {"indexUid": index, "q": text, "matchingStrategy": _strategy(request), **_locales(text)}
    hits = {"filter": scope(request.viewer, request.filter), **_shown(request)}
    main = words | hits | {"facets": free, "offset": request.offset, "limit": request.limit}
    if sort := _sort(request, text):
        main["sort"] = sort
    queries = [main]
    if vector is not None:
        # both orders are needed from the top to be merged
        main |= {"offset": 0, "limit": max(HEAD, request.offset + request.limit)}
        queries.append({"indexUid": index, **hits, **_meaning(vector)})
    for facet in own:
        kept = scope(request.viewer, without(request.filter, facet))
        queries.append(words | {"filter": kept, "facets": [FIELDS[facet].attribute], "limit": 0})
    return Asked(request, index, queries, vector is not None, own)


def wants_meaning(request: SearchRequest) -> bool:
    """Numbers have no meaning, and who asks for all words or another order wants just that."""
    text = query_text(request.text).strip()
    relaxed = request.sort is Sort.RELEVANCE and request.match == "relaxed"
    return relaxed and bool(text) and as_identifier(fold(request.text)) is None


def ask_similar(source: Json, id_: str, viewer: Viewer, index: str, limit: int) -> list[Json]:
    """One query for each keyword and title: together they would be more than the ten words that are read."""
    texts = [text for phrase in likeness(source) if (text := plain(phrase).strip())]
    return [
        {
            "indexUid": index,
            "q": f"{text} ",
            "filter": scope(viewer, Not(Eq("id", id_))),
            "matchingStrategy": "last",
            "attributesToRetrieve": ["id", "rev", "source"],
            "showRankingScore": True,
            "limit": limit,
            **_locales(text),
        }
        for text in texts
    ]


def query_text(text: str) -> str:
    """What is left of the text once nothing in it means anything to the query language."""
    return as_identifier(fold(text)) or plain(text)


def plain_hit(answer: Json) -> Hit:
    return Hit(answer["id"], answer.get("_rankingScore"), answer["rev"], answer["source"])


def _shown(request: SearchRequest) -> Json:
    return {
        "attributesToRetrieve": ["id", "rev", "source"],
        "attributesToHighlight": list(dict.fromkeys(request.highlight)),
        "highlightPreTag": _OPEN,
        "highlightPostTag": _CLOSE,
        "showRankingScore": True,
    }


def _meaning(vector: list[float]) -> Json:
    return {
        "vector": vector,
        "hybrid": {"embedder": EMBEDDER, "semanticRatio": 1.0},
        "rankingScoreThreshold": _ranking_score(PERHAPS_RELATED),
        "limit": NEIGHBOURS,
    }


def _ranking_score(cosine: float) -> float:
    """The server scores a cosine as its place between -1 and 1."""
    return (1 + cosine) / 2


def _fused(words: tuple[Hit, ...], meaning: tuple[Hit, ...]) -> tuple[Hit, ...]:
    by_id = {hit.id: hit for hit in (*meaning, *words)}  # a hit by words has its marks
    order = with_meaning([hit.id for hit in words], [hit.id for hit in meaning])
    return tuple(replace(by_id[id_], score=score) for id_, score in order)


def _strategy(request: SearchRequest) -> str:
    """Relaxed gives up the commonest words first, so that one unknown word does not empty the page."""
    return "all" if request.match == "all" else "frequency"


def _locales(text: str) -> Json:
    """Chinese is named, because short texts are taken for Japanese; other text is left to detection."""
    return {"locales": ["cmn"]} if has_han(text) else {}


def _hit(answer: Json, request: SearchRequest, *, scored: bool) -> Hit:
    source = answer["source"]
    formatted = answer.get("_formatted", {})
    highlights = {
        name: snippet(source[name], _ranges(formatted.get(name, "")), request.crop)
        for name in request.highlight
        if source.get(name)
    }
    return Hit(
        answer["id"], answer.get("_rankingScore") if scored else None, answer["rev"], source, highlights
    )


def _ranges(formatted: str) -> list[Range]:
    """Where the marked parts are in the text without marks, which is as long as the original."""
    ranges: list[Range] = []
    at = start = 0
    for char in formatted:
        if char == _OPEN:
            start = at
        elif char == _CLOSE:
            ranges.append((start, at))
        else:
            at += 1
    return ranges


def _sort(request: SearchRequest, text: str) -> list[str]:
    if request.sort is Sort.RELEVANCE:
        return [] if text.strip() else _SORTS[Sort.NEWEST]
    return _SORTS[request.sort]


def _counts(facet: str, distribution: Json) -> tuple[FacetCount, ...]:
    counts = distribution.get(FIELDS[facet].attribute, {})
    number = FIELDS[facet].is_number
    return in_order(
        FacetCount(int(float(value)) if number else value, int(count)) for value, count in counts.items()
    )
