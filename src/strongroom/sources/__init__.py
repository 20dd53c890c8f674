"""Where facts come from: files and folders, standard input, kustomize roots, Helm charts."""
