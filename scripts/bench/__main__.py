"""`python -m scripts.bench [NAME ...]`: runs the named benchmarks, or all of them."""

import asyncio
import sys

from scripts.bench import assign, bids, live, read, search, splits

ALL = {
    "assign": assign.run,
    "bids": bids.run,
    "live": live.run,
    "read": read.run,
    "search": search.run,
    "splits": splits.run,
}


def main() -> int:
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(ALL)}", file=sys.stderr)
        return 2
    closing = [asyncio.run(ALL[name]()) for name in names]
    print(*closing, sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
