"""Entry points, each short: checks, benchmarks and tools of the people who build and run the hall."""
