"""Technology managers (技术经理人): their profiles, their assignment to an interest, and their signed introductions."""
