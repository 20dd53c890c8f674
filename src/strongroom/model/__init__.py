"""The vocabulary that every room shares: frozen facts, no I/O.

Import names from the module that defines them (``from strongroom.model.finding import Finding``); this package
re-exports nothing, so that a command pays only for what it uses.
"""
