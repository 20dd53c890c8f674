"""One-way sealing: ``bitnami.com/v1alpha1`` SealedSecret objects, as ``kubeseal`` makes them."""
