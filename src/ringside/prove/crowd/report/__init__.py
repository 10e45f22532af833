"""The report of a crowd: one HTML file with everything in it, to be handed to whoever asked.

The verdict, the merged tally and the moments enter; a page leaves that needs no script, no font and no other file.
"""

from ringside.prove.crowd.report.page import render

__all__ = ["render"]
