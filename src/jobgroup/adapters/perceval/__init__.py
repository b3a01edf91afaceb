"""Perceval's jobs, executions, results and files of groups.

What reads its texts and files (metadata, jgrp, egrp, connection) does so
without Perceval; the other modules are imported where it is
installed.
"""
