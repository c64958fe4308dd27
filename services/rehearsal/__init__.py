"""The rehearsal: a period's incidents once more on a virtual clock, by the rules that decide them in earnest, under one policy or another.

It reads the pure rooms of router and notifier and holds no rule of its own; what people do is a model (``people``). Nobody is told.
"""
