"""The types of Secrets, listed in ``kinds.KINDS``: what each is made from, and what a cluster asks of it."""
