"""Numbered editions: scenario opportunity lists (场景机会清单) and innovation product catalogues (创新产品目录)."""
