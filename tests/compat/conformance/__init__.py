"""Machinery of the conformance suite: one body of cases, two subjects, goldens and a ledger.

`case` collects the cases, `subject` opens what they are about, `normalise` is the only place where
an observation loses anything, `goldens` and `ledger` hold expectations, `verdict` judges.
"""
