"""The KMS v2 API of Kubernetes: its messages, compiled when the package is built (``hatch_build.py``), and a client."""
