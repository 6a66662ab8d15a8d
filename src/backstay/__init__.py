"""Backstay: AI Security Posture Management in one graph."""

__version__ = "0.1.0"
