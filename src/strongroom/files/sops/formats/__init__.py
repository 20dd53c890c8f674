"""The formats of SOPS documents: one file each, listed in ``FORMATS``."""
