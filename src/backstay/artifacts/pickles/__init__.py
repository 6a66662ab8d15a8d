"""Pickles: an abstract machine that runs pickles without building, importing or calling anything."""
