"""Notifier's rules: values in, values out. No clock, no chance, no input or output; ``now`` is an argument."""
