"""Artifacts: reads model files of every format without loading, importing or running anything of theirs."""
