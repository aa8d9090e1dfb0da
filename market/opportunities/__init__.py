"""What is particular to scenario opportunities and technology demands (场景机会、技术需求)."""
