//! Pure functions from files to Kubernetes objects.
