"""Files that stand inside a value: one module per format, listed in ``embedded.FORMATS``.

Each module declares ``FORMAT`` and one function that takes a text and gives its leaves, or None where the text is not
in the format beyond doubt.
"""
