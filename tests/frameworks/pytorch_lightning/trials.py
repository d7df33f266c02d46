"""Trainings with Lightning that do not go as planned: `trials.py CASE [ARGUMENT]`."""

import os
import signal
import sys
from pathlib import Path

import torch
from torch.utils.data import DataLoader, TensorDataset

if sys.argv[1] == "older_name":
    import pytorch_lightning as L
else:
    import lightning as L

from aim.pytorch_lightning import AimLogger

ODD = {
    "tensor": torch.tensor(0.5, dtype=torch.bfloat16, requires_grad=True),
    "several": torch.zeros(3),
    "text": "high",
    "none": None,
    "nan": float("nan"),
    "nested": {"deep": torch.tensor([2.0])},
}


class Line(L.LightningModule):
    def __init__(self, odd: bool = False, die_at: int = -1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)

    def training_step(self, batch, index):
        inputs, sums = batch
        loss = torch.nn.functional.mse_loss(self.layer(inputs), sums)
        self.log("train_loss", loss)
        if self.hparams.odd:
            self.logger.log_metrics(ODD, step=self.global_step)
            self.logger.experiment.track(1.0, name="by hand", step=self.global_step)
        if self.global_step == self.hparams.die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", self.layer(batch[0]).mean())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def data(workers: int = 0) -> DataLoader:
    numbers = torch.rand(64, 2, generator=torch.Generator().manual_seed(1))
    sums = numbers.sum(dim=1, keepdim=True)
    spawn = {"multiprocessing_context": "spawn"} if workers > 1 else {}
    return DataLoader(TensorDataset(numbers, sums), batch_size=8, num_workers=workers, **spawn)


def trainer(logger, epochs: int = 2, **options) -> L.Trainer:
    return L.Trainer(
        max_epochs=epochs,
        logger=logger,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )


def quiet(**options) -> AimLogger:
    return AimLogger(system_tracking_interval=None, log_system_params=False, **options)


def main(case: str, argument: str = "") -> None:
    L.seed_everything(0, verbose=False)
    if case == "older_name":
        logger = quiet()
        assert isinstance(logger, L.loggers.Logger)
        trainer(logger).fit(Line(), data())
    elif case == "odd_values":
        trainer(quiet()).fit(Line(odd=True), data())
    elif case == "unwritable":
        trainer(quiet(repo=argument), enable_checkpointing=False).fit(Line(odd=True), data())
        Path("trained").touch()
    elif case == "killed":
        logger = quiet(run_name="long")
        Path("hash").write_text(logger.version)
        trainer(logger).fit(Line(die_at=11), data())
    elif case == "resumed":
        run_hash = Path("hash").read_text()
        (checkpoint,) = Path().rglob(f"*/{run_hash}/checkpoints/*.ckpt")
        logger = quiet(run_hash=run_hash)
        trainer(logger).fit(Line(), data(), ckpt_path=checkpoint)
    elif case == "twice":
        logger = quiet()
        run = logger.experiment
        trainer(logger).fit(Line(), data())
        run.track(1.0, name="after fit")
        other = quiet(experiment="other")
        trainer(other, epochs=1).fit(Line(), data())
        trainer(logger, epochs=1).validate(Line(), data(), verbose=False)
        assert logger.version == run.hash != other.version
        logger.finalize("success")
        logger.finalize("success")
    elif case == "workers":
        for workers in (1, 2):
            trainer(quiet(), epochs=1).fit(Line(), data(workers))
    elif case == "ddp":
        trainer(quiet(), devices=2, strategy="ddp", epochs=1).fit(Line(odd=True), data())
    elif case == "unknown_hash":
        try:
            trainer(quiet(run_hash="nobody")).fit(Line(), data())
        except RuntimeError as exc:
            Path("error").write_text(type(exc).__name__)
    else:
        raise ValueError(case)


if __name__ == "__main__":
    main(*sys.argv[1:])
