"""mmengine's `AimVisBackend`, on its own, behind a `Visualizer`, and in a `Runner` that trains."""

import numpy as np
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.visualization import AimVisBackend, Visualizer

torch.manual_seed(0)
QUIET = {"system_tracking_interval": None, "capture_terminal_logs": False}

backend = AimVisBackend(save_dir="work/first", init_kwargs={"repo": ".", **QUIET})
assert backend.experiment is backend.experiment
backend.add_config(Config({"a": 1, "b": {"b1": [0, 1], "none": None}, "path": "x/y"}))
backend.add_image("picture", np.arange(27, dtype=np.uint8).reshape(3, 3, 3), step=4)
backend.add_scalar("mAP", 0.6)
backend.add_scalar("from torch", torch.tensor(1.5), step=2)
backend.add_scalar("from numpy", np.float64(2.5), step=3)
backend.add_scalars({"loss": 0.1, "acc": np.array(0.8)}, step=5)
backend.close()

visualizer = Visualizer(
    vis_backends=[{"type": "AimVisBackend", "init_kwargs": {"experiment": "two", **QUIET}}],
    save_dir="work/second",
)
visualizer.add_scalar("loss", 0.25, step=1)
visualizer.add_image("shown", np.zeros((2, 4, 3), dtype=np.uint8), step=1)
visualizer.close()


class Toy(BaseModel):
    """A linear model with mmengine's calling convention."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 1)

    def forward(self, inputs, targets, mode="loss"):
        return {"loss": torch.nn.functional.mse_loss(self.linear(inputs), targets)}


def collated(items):
    return {key: torch.stack([item[key] for item in items]) for key in items[0]}


data = [{"inputs": torch.tensor([float(i), 1.0]), "targets": torch.tensor([1.0])} for i in range(4)]
Runner(
    model=Toy(),
    work_dir="work/third",
    train_dataloader={
        "dataset": data,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": collated,
        "batch_size": 2,
    },
    train_cfg={"by_epoch": True, "max_epochs": 2},
    optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.01}},
    default_hooks={"logger": {"type": "LoggerHook", "interval": 1}},
    visualizer={
        "type": "Visualizer",
        "name": "trained",
        "vis_backends": [
            {"type": "AimVisBackend", "init_kwargs": {"experiment": "three", **QUIET}}
        ],
    },
    experiment_name="trained",
    randomness={"seed": 0},
).train()
