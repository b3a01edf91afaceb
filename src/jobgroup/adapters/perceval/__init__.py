"""Perceval's jobs, executions, results and files of groups.

The modules that read its texts and files (metadata, jgrp, egrp, connection) work without Perceval;
the others are imported only if it is installed.
"""
