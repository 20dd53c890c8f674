"""Who can reach which secret, by which steps: RBAC evaluated exactly, ways of access, the graph and its questions."""
