"""Real Aim and the drop-in, given the same calls in the same order, and compared after each.

`recipes` writes values down as data, `driver` carries out a call on whichever subject it is given,
`oracle` does so in a process of real Aim, `vocabulary` makes up the calls, `differences` holds what
we know to differ, and `judge` compares.
"""
