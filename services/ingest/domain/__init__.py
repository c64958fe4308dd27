"""Pure: what makes two bodies the same report, and what is advised about one. How a body becomes a report is ``shared.report``."""
