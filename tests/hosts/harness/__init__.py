"""Real notebook hosts for the tests: JupyterLab, Notebook 7 and marimo, in a real browser."""
