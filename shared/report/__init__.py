"""The report of an incident: its codes and model, how a body is read into it, and what the other rooms read out of it.

``model`` and ``codes`` are the values, ``read`` the way in (bytes → report, findings or refusal), ``reading`` the pure questions
that router and notifier ask. ``sealed`` is what the vault keeps of it, and ``store`` reads that back: the one I/O of this room. No clock.
"""
