"""Tabular: what the formats of tree ensembles and of R share."""
