"""Rule packs: the law as data, with dates and sources, and the counting of legal periods."""
