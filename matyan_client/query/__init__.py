"""MatyanQL: a Python expression, judged for truth per run or per sequence.

Parsed into a tree through an allow-list (`syntax`), evaluated by closures on a budget
(`evaluate`), with the parts an index can answer offered as predicates (`pushdown`). Another
language over the same records is another `Dialect`. Nothing here runs user text as Python code.
"""

from __future__ import annotations

from matyan_client.query.dialect import Dialect
from matyan_client.query.matyanql import MATYANQL
from matyan_client.query.names import NAMES
from matyan_client.query.operations import get_attribute as plain_attribute
from matyan_client.query.operations import get_item as plain_item
from matyan_client.query.proxy import Proxy
from matyan_client.query.pushdown import Predicate
from matyan_client.query.query import Query, parse

__all__ = [
    "MATYANQL",
    "NAMES",
    "Dialect",
    "Predicate",
    "Proxy",
    "Query",
    "parse",
    "plain_attribute",
    "plain_item",
]
