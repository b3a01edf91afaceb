"""Perceval's jobs, executions, results and files of groups.

What reads its texts and files (facts, archives, groups, execution_groups, packed, clouds) does so
without Perceval; jobs, executions, results, composition and ideal are imported where it is
installed.
"""
