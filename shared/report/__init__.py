"""The report of an incident: its codes and model, how a body is read into it, and what the other rooms read out of it.

``model`` and ``codes`` are the values, ``read`` the way in (bytes → report, findings or refusal), ``reading`` the pure questions
that router and notifier ask. No I/O and no clock anywhere in this room.
"""
