"""Languages: one front-end a folder."""
