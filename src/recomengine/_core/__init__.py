"""The compiled core: kernels over numpy arrays. It imports numpy and nothing of the rest. See README.md here."""
