"""Prove: what will hold, found out before the night. The crowd plays as viewers do; the check reads as a judge does."""
