"""What ``strongroom at-rest`` joins: sources, clusters, etcd, plans."""
