"""A small network fitted, tested and used by PyTorch Lightning, recorded with Aim's logger.

    python examples/pytorch_lightning_aim.py       (with Aim)
    python -m aim_compat run examples/pytorch_lightning_aim.py

The data are made up.
"""

import lightning as L
import torch
from aim.pytorch_lightning import AimLogger
from torch.utils.data import DataLoader, TensorDataset


class Line(L.LightningModule):
    """Learns the sum of two numbers."""

    def __init__(self, rate: float = 0.1, sizes: tuple = (2, 8, 1)) -> None:
        super().__init__()
        self.save_hyperparameters()
        first, hidden, last = sizes
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(first, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, last)
        )

    def loss(self, batch, subset: str) -> torch.Tensor:
        inputs, sums = batch
        loss = torch.nn.functional.mse_loss(self.layers(inputs), sums)
        self.log(f"{subset}_loss", loss)
        return loss

    def training_step(self, batch, index: int) -> torch.Tensor:
        return self.loss(batch, "train")

    def validation_step(self, batch, index: int) -> None:
        self.loss(batch, "val")

    def test_step(self, batch, index: int) -> None:
        self.loss(batch, "test")

    def predict_step(self, batch, index: int) -> torch.Tensor:
        return self.layers(batch[0])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)


def sums(count: int, seed: int) -> DataLoader:
    numbers = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed))
    return DataLoader(TensorDataset(numbers, numbers.sum(dim=1, keepdim=True)), batch_size=8)


def main() -> None:
    L.seed_everything(0, verbose=False)
    logger = AimLogger(experiment="sums", run_name="two numbers")
    trainer = L.Trainer(
        max_epochs=3,
        logger=logger,
        log_every_n_steps=2,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    model = Line()
    trainer.fit(model, sums(64, seed=1), sums(16, seed=2))
    trainer.test(model, sums(16, seed=3))
    logger.log_metrics({"sums_checked": len(trainer.predict(model, sums(16, seed=4)))}, step=0)
    logger.experiment.add_tag("example")


if __name__ == "__main__":
    main()
