"""The engine sends and watches jobs asynchronously, on one background event loop per process."""
