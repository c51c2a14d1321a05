"""What boxes keep to go on alone: parts of many features, page by page, and what changed since (docs/adr/0016, 0021)."""
