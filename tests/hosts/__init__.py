"""Tests in notebook hosts. As a package, they can share one browser (`scope="package"`)."""
