"""The crash check: bids of many clients while databases and processes are killed, then every acknowledged one is looked for."""
