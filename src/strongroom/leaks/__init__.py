"""Secret values where they should not be: candidates, recognition, and files that are credentials as a whole.

``candidates`` turns what was read into named values, ``recognise`` says what they are, ``files`` looks at whole files.
"""
