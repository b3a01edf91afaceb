"""Sending and watching: async, on one background event loop per process."""
