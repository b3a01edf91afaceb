"""Read Perceval's jobs, Executions, results and group files.

The modules metadata, jgrp and egrp work without Perceval. The others need it.
"""
