"""Real notebook hosts for the tests: JupyterLab, Notebook 7, marimo, in a real browser."""
