"""Agents that work through the support inbox."""
