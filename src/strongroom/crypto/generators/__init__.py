"""What makes new secret values: one file per kind, listed in ``kinds.GENERATORS``.

Every value comes from the operating system's generator (``secrets``, ``cryptography``); none is derived from a time, a
name or another value. They stand in ``crypto``, so that what writes secrets to files and what rotates them share them.
"""
