"""What Aim keeps of data sets of other libraries: one file a library, imported with it.

Each describes a data set in the field `dataset` of an object; the data itself is not stored.
"""
