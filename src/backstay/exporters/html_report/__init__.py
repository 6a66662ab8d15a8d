"""The HTML report: views of a report, the templates that show them, and the pictures."""
