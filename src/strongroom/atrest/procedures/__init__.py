"""What a plan about encryption at rest does besides editing files: one file per procedure, as ``PROCEDURE``."""
