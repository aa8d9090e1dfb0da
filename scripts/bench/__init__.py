"""Benchmarks: each compares two things in one run and closes in one line `NAME ratio=X.XX (what / beside what)`."""
