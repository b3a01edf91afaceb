"""Send and poll jobs asynchronously, on one background event loop per process."""
