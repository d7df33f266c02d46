"""A training loop of one's own in PyTorch: losses, and the distributions of weights and gradients.

    python examples/pytorch_aim.py                 (with Aim)
    python -m aim_compat run examples/pytorch_aim.py

The data are made up.
"""

import torch
from aim import Run
from aim.pytorch import track_gradients_dists, track_params_dists


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU())
        self.norm = torch.nn.BatchNorm1d(8)
        self.last = torch.nn.Linear(8, 1, bias=False)

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        return self.last(self.norm(self.encode(numbers)))


def main() -> None:
    torch.manual_seed(0)
    run = Run(experiment="sums")
    run["hparams"] = {"lr": 0.1, "batch_size": 16}
    model = Network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(6):
        numbers = torch.rand(16, 2)
        loss = torch.nn.functional.mse_loss(model(numbers), numbers.sum(dim=1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        run.track(loss, name="loss", step=step, context={"subset": "train"})
        if step % 2 == 0:
            track_params_dists(model, run)
            track_gradients_dists(model, run)
    run.close()


if __name__ == "__main__":
    main()
