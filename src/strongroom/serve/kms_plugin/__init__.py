"""A KMS v2 plugin: encrypts the data keys of an API server under a key that stays where it is.

https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/ and
https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3299-kms-v2-improvements.
"""
