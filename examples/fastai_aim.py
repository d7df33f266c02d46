"""A tabular model of fastai, recorded with Aim's callback.

    python examples/fastai_aim.py                  (with Aim)
    python -m aim_compat run examples/fastai_aim.py

The data are made up.
"""

import numpy as np
import pandas as pd
from aim.fastai import AimCallback
from fastai.tabular.all import (
    Categorify,
    CategoryBlock,
    Normalize,
    TabularDataLoaders,
    accuracy,
    set_seed,
    tabular_learner,
)


def rows(count: int) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"size": draw.normal(size=count), "kind": draw.choice(list("abc"), count)})
    table["label"] = np.where((table["size"] > 0) ^ (table["kind"] == "a"), "yes", "no")
    return table


def main() -> None:
    set_seed(0, reproducible=True)
    table = rows(96)
    data = TabularDataLoaders.from_df(
        table,
        procs=[Categorify, Normalize],
        cat_names=["kind"],
        cont_names=["size"],
        y_names="label",
        y_block=CategoryBlock(),
        valid_idx=list(range(80, 96)),
        bs=16,
    )
    learn = tabular_learner(data, layers=[8], metrics=accuracy)
    with learn.no_bar():
        learn.fit_one_cycle(3, 1e-2, cbs=AimCallback(experiment_name="rows"))


if __name__ == "__main__":
    main()
