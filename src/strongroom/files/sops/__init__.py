"""SOPS documents, as the program ``sops`` 3.11 reads and writes them; the layout of a file is kept."""
