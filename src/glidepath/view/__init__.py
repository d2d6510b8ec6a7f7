"""The terminal, figures and reports: everything that is looked at."""
