"""What the machine can say: names, contexts, values, keys, queries, as Hypothesis strategies.

Pools are small so that calls meet: the same series with another kind of value, the same context in
another spelling, a query about what was really tracked.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from differential.recipes import Recipe

__all__ = [
    "contexts",
    "epochs",
    "keys",
    "loops",
    "names",
    "param_values",
    "run_queries",
    "sequence_queries",
    "steps",
    "tags",
    "texts",
    "track_values",
    "tracked_dicts",
    "whole_steps",
]

names = st.sampled_from(["loss", "acc", "loss/val 1.0", "é"])
tags = st.sampled_from(["a", "baseline", "two words", "é", "v1.0"])
texts = st.sampled_from(["", "a", "baseline", "two words", "é\n", "Run: x"])

contexts: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        {},
        {"subset": "train"},
        {"subset": "val"},
        {"subset": "val", "fold": 1},
        {"fold": 1, "subset": "val"},
        {"fold": 1.0, "subset": "val"},
        {"fold": True, "subset": "val"},
        {"nested": {"x": [1, 2], "y": None}},
        {"fold": None},
        {1: "x"},
        "train",
        ["x"],
        5,
    ]
)

whole_steps = st.one_of(st.none(), st.none(), st.integers(0, 12))
steps = st.one_of(whole_steps, st.sampled_from([2.0, 1.5, True, 2**40]))
"""For numbers only: objects at odd steps are refused half-way, and views of them are filled up from
step 0, which at 2**40 takes the memory there is."""
epochs = st.one_of(st.none(), st.integers(0, 5), st.sampled_from([1.5, 0.25]))

_floats = st.floats(allow_subnormal=False, width=32)
_numbers: st.SearchStrategy[Any] = st.one_of(
    st.integers(-5, 5),
    _floats,
    st.booleans(),
    st.sampled_from(
        [
            2**62,
            float("nan"),
            float("inf"),
            float("-inf"),
            1e300,
            Recipe("float32", 0.5),
            Recipe("float64", 0.5),
            Recipe("int64", 3),
            Recipe("bool_", True),
            Recipe("array", 2.5),
            Recipe("array", [2.5]),
            Recipe("array", [[4]]),
        ]
    ),
)
_objects = st.sampled_from(
    [
        Recipe("image", 0),
        Recipe("image", 200),
        Recipe("text", "hello"),
        Recipe("text", ""),
        Recipe("audio", [0, 1, -1]),
        Recipe("distribution", [1.0, 2.0, 3.0]),
        Recipe("figure", 2),
    ]
)
_lists = st.sampled_from(
    [
        [Recipe("image", 0), Recipe("image", 9)],
        [Recipe("text", "a"), Recipe("text", "b")],
        (Recipe("text", "a"),),
        [Recipe("audio", [5])],
        [],
    ]
)
_refused = st.sampled_from(
    [
        None,
        "0.5",
        b"1",
        Recipe("decimal", "1.5"),
        Recipe("fraction", "1/2"),
        Recipe("complex", "1j"),
        Recipe("array", [1.0, 2.0]),
        Recipe("array", []),
        Recipe("set", [1]),
        Recipe("class", "object"),
    ]
)
track_values = st.one_of(_numbers, _numbers, _numbers, _objects, _lists, _refused)
loops = st.lists(_numbers, min_size=2, max_size=6)
tracked_dicts = st.dictionaries(names, st.one_of(_numbers, _numbers, _objects, _refused))

_key = st.sampled_from(["lr", "hp", "opt", "a.b", "é", "name", 0, 1, -1, 7])
keys: st.SearchStrategy[Any] = st.one_of(
    _key,
    _key,
    st.lists(_key, min_size=2, max_size=3).map(tuple),
    st.sampled_from([..., (), ("hp", "lr"), ("hp", "opt", "name"), ["lr"], True]),
    st.sampled_from([1.5, None, b"x", ("lr", None), ("lr", 1.5)]),
)

_leaves: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, 0.1, 1e-3, "adam", "", "é", b"\x00ab"]),
    _floats,
)
_trees: st.SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2).map(tuple),
        st.dictionaries(st.sampled_from(["lr", "opt", "name", "a.b", "é", 0, 1, -1]), inner),
    ),
    max_leaves=5,
)
param_values = st.one_of(
    _trees,
    _trees,
    st.sampled_from(
        [
            Recipe("text", "hi"),
            {"o": Recipe("text", "hi"), "i": [Recipe("image", 3)]},
            Recipe("class", "int"),
            {"model": Recipe("class", "object"), "lr": 0.1},
            Recipe("decimal", "1.5"),
            {1.5: "float key"},
            {"lr": {None: 1}},
        ]
    ),
)

_run_parts = st.sampled_from(
    [
        "run.lr == 0.1",
        "run.lr != None",
        "run.lr > 0",
        "run.hp.lr == 0.1",
        "run['hp', 'lr'] == 0.1",
        "run.hp.opt.name == 'adam'",
        "run['a.b'] == 1",
        "run.opt == 'adam'",
        "run.opt in ['adam', '']",
        "run.hp",
        "not run.hp",
        "run.lr is None",
        "len(run.hp) > 1",
        "'lr' in run.hp",
        "run[0] == 1",
        "run.name.startswith('Run')",
        "run.name == 'baseline'",
        "'base' in run.name",
        "run['name'] == 'adam'",
        "run.description == 'two words'",
        "run.description == None",
        "run.experiment == 'default'",
        "run.experiment == 'e1'",
        "run.archived",
        "run.archived == False",
        "'a' in run.tags",
        "len(run.tags) > 1",
        "run.tags == []",
        "run.active",
        "run.duration >= 0",
        "run.created_at > datetime(2020, 1, 1)",
        "run.end_time > run.creation_time",
        "run.metrics['loss'].last > 0",
        "run.metrics['loss'].last_step >= 1",
        "run.metrics['acc', {'subset': 'val'}].max > 1",
        "run.metrics['loss', {'subset': 'train'}].min < 1",
        "run.metrics['loss'].first == 0",
        "any([t == 'a' for t in run.tags])",
        "run.hash == 'x'",
        "run.nope.deep == 1",
        "1 / 0",
        "True",
    ]
)
_series_parts = st.sampled_from(
    [
        "{s}.name == 'loss'",
        "{s}.name in ('acc', 'é')",
        "{s}.name.startswith('loss')",
        "'o' in {s}.name",
        "{s}.context.subset == 'train'",
        "{s}.context['subset'] == 'val'",
        "{s}.context.fold == 1",
        "{s}.context == {{}}",
        "{s}.context == {{'subset': 'train'}}",
        "'subset' in {s}.context",
        "{s}.context.nested.x == [1, 2]",
        "{s}.last > 0",
        "{s}.last_step >= 2",
        "{s}.first_step == 0",
        "{s}.min < 0",
        "{s}.max >= 1",
        "{s}.first == 1",
        "{s}.run.lr == 0.1",
        "{s}.nope == None",
    ]
)


def _combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def join(left: str, right: str, how: str) -> str:
        return how.format(left=left, right=right)

    joined = st.builds(
        join,
        parts,
        parts,
        st.sampled_from(
            [
                "{left} and {right}",
                "{left} or {right}",
                "not ({left}) and {right}",
                "({left}) == ({right})",
            ]
        ),
    )
    return st.one_of(parts, parts, joined, st.sampled_from(["", "run.lr ==", "nope"]))


run_queries = _combined(_run_parts)

KINDS = ("metrics", "images", "texts", "distributions", "audios", "figure_objects")


def sequence_queries(kind: str) -> st.SearchStrategy[str]:
    """Queries for `repo.query_<kind>`."""
    variable = {"metrics": "metric", "figure_objects": "figures"}.get(kind, kind)
    parts = _series_parts.map(lambda text: text.format(s=variable))
    return _combined(st.one_of(parts, parts, _run_parts))
