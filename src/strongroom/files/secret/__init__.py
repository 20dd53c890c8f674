"""Secrets as people make and look at them: values from where they come, the manifest, one value of it."""
