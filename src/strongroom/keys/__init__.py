"""Who wraps and unwraps a data key: one file per kind, listed in ``kinds.KINDS``."""
