"""Perceval's jobs, Executions, results and group files.

Metadata, jgrp and egrp are read without Perceval; the other modules need it installed.
"""
