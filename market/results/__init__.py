"""What is particular to research results and patents (成果)."""
