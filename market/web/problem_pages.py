"""The pages that a problem's `type` resolves to: what happened and what to do, in both languages."""

from html import escape

from litestar import MediaType, Response, Router, get
from litestar.params import FromPath

from market.errors import NotFound, every_error

PAGES = {error.slug(): error for error in every_error()}

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Release Hall</title>
<style>body{{font:1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem;color:#1c2430;
background:#fff}}code{{background:#eef1f5;padding:.1rem .3rem;border-radius:.2rem}}
@media (prefers-color-scheme:dark){{body{{color:#e6e9ee;background:#12161c}}code{{background:#232a34}}}}</style></head>
<body>{body}</body>
</html>
"""


@get(
    "/problems", opt={"public": True}, media_type=MediaType.HTML, sync_to_thread=False, summary="All problems"
)
def list_problems() -> Response[str]:
    """Every problem type with its status."""
    items = "".join(
        f'<li><code>{error.status}</code> <a href="/problems/{slug}">{escape(error.title_en())}</a> '
        f'<span lang="zh-Hans">{escape(error.title_zh)}</span></li>'
        for slug, error in sorted(PAGES.items(), key=lambda item: (item[1].status, item[0]))
    )
    return _page("Problems", f"<h1>Problems</h1><ul>{items}</ul>")


@get(
    "/problems/{slug:str}",
    opt={"public": True},
    media_type=MediaType.HTML,
    sync_to_thread=False,
    summary="A problem",
)
def read_problem(slug: FromPath[str]) -> Response[str]:
    """What the problem means and what to do about it."""
    error = PAGES.get(slug)
    if error is None:
        raise NotFound("there is no problem of this type")
    title = error.title_en()
    body = (
        f'<h1>{escape(title)}</h1><p lang="zh-Hans">{escape(error.title_zh)}</p>'
        f"<p>HTTP status <code>{error.status}</code>, type <code>{escape(slug)}</code>.</p>"
        f'<p>{escape(error.remedy)}</p><p><a href="/problems">All problems</a></p>'
    )
    return _page(title, body)


def _page(title: str, body: str) -> Response[str]:
    return Response(PAGE.format(title=escape(title), body=body), media_type=MediaType.HTML)


router = Router("/", route_handlers=[list_problems, read_problem], include_in_schema=False)
