"""What the three kinds of listing share: drafts, review by four eyes, publication, versions and freshness."""
