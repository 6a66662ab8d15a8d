"""Rules on what is taken in from others: models, data, packages, servers."""
