"""The web frame: one layout, one sign-in, one set of headers, sizes, refusals and limits around every service's routes.

Read ``app`` first: it shows the order in which a request passes through. ``frame`` is what a service's pages are built with.
"""
