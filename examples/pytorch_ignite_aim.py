"""A small network trained by PyTorch Ignite, recorded with Aim's logger.

    python examples/pytorch_ignite_aim.py          (with Aim)
    python -m aim_compat run examples/pytorch_ignite_aim.py

The data are made up.
"""

import torch
from aim.pytorch_ignite import AimLogger
from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import global_step_from_engine
from ignite.metrics import MeanAbsoluteError, MeanSquaredError
from torch.utils.data import DataLoader, TensorDataset


def sums(count: int, seed: int) -> DataLoader:
    numbers = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed))
    return DataLoader(TensorDataset(numbers, numbers.sum(dim=1, keepdim=True)), batch_size=8)


def main() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    shrink = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    trainer = create_supervised_trainer(model, optimizer, torch.nn.functional.mse_loss)
    metrics = {"mse": MeanSquaredError(), "mae": MeanAbsoluteError()}
    evaluator = create_supervised_evaluator(model, metrics)
    train, val = sums(64, seed=1), sums(16, seed=2)

    logger = AimLogger(experiment="sums")
    logger.log_params({"model": "two layers", "batch_size": 8, "optimizer": {"lr": 0.1}})
    logger.attach_output_handler(
        trainer,
        event_name=Events.ITERATION_COMPLETED(every=2),
        tag="train",
        output_transform=lambda loss: {"loss": loss},
    )
    logger.attach_output_handler(
        evaluator,
        event_name=Events.EPOCH_COMPLETED,
        tag="val",
        metric_names=["mse", "mae"],
        global_step_transform=global_step_from_engine(trainer),
    )
    logger.attach_opt_params_handler(trainer, Events.EPOCH_COMPLETED, optimizer=optimizer)

    @trainer.on(Events.EPOCH_COMPLETED)
    def evaluate(engine) -> None:
        evaluator.run(val)
        shrink.step()

    with logger:
        trainer.run(train, max_epochs=3)
    logger.experiment["finished"] = True


if __name__ == "__main__":
    main()
