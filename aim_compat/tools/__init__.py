"""Tools for moving scripts written for Aim: `aim-compat check` and `aim-compat rewrite`.

They read scripts and never run or import them.

    files.py      finding, reading and replacing files
    notebooks.py  the Python in a notebook, and putting it back
    values.py     what an expression can be, as far as Aim is concerned
    aim_types.py  what Aim's members give
    scopes.py     names and what they hold, branch by branch
    names.py      every use of Aim in a module, with its place
    verdicts.py   what the table says of a use
    check.py      the report
    edits.py      what to change in a text
    rewrite.py    changing files
    commands.py   the command line
"""
