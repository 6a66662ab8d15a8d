"""Answers customers' questions from the product manuals."""
