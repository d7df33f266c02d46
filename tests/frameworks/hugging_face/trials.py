"""Trainings by Hugging Face's Trainer that do not go as planned: `trials.py CASE [ARGUMENT]`."""

import os
import signal
import sys
from pathlib import Path

import torch
from aim.hugging_face import AimCallback
from transformers import Trainer, TrainerCallback, TrainingArguments

ODD = {"text": "high", "none": None, "nan": float("nan"), "nested": {"deep": 1.0}, "one_two": 2}


class Line(torch.nn.Module):
    """A model without a config."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, numbers, labels):
        return {"loss": torch.nn.functional.mse_loss(self.layer(numbers).squeeze(-1), labels)}


class Sums(torch.utils.data.Dataset):
    def __init__(self) -> None:
        self.numbers = torch.rand(64, 2, generator=torch.Generator().manual_seed(1))

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> dict:
        return {"numbers": self.numbers[index], "labels": self.numbers[index].sum()}


class Killer(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 11:
            os.kill(os.getpid(), signal.SIGKILL)


class Subclass(AimCallback):
    """As users extend it."""

    def on_log(self, args, state, control, logs=None, **kwargs):
        super().on_log(args, state, control, logs=logs, **kwargs)
        self.experiment.track(state.global_step, name="by hand", step=state.global_step)


def trainer(*callbacks, epochs: int = 2, **options) -> Trainer:
    torch.manual_seed(0)
    args = TrainingArguments(
        output_dir="checkpoints",
        num_train_epochs=epochs,
        per_device_train_batch_size=8,
        logging_steps=1,
        save_strategy="epoch",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        **options,
    )
    return Trainer(model=Line(), args=args, train_dataset=Sums(), callbacks=list(callbacks))


def quiet(kind=AimCallback, **options) -> AimCallback:
    return kind(system_tracking_interval=None, log_system_params=False, **options)


def main(case: str, argument: str = "") -> None:
    if case == "odd_values":
        trained = trainer(quiet(Subclass), epochs=1)
        trained.train()
        trained.log({"eval_only_one": 1.0})
        trained.log(dict(ODD))
    elif case == "unwritable":
        trainer(quiet(repo=argument)).train()
        Path("trained").touch()
    elif case == "killed":
        trainer(quiet(experiment="long"), Killer()).train()
    elif case == "resumed":
        trainer(quiet(experiment="other")).train(resume_from_checkpoint=True)
    elif case == "elsewhere":
        trainer(quiet(repo="elsewhere", experiment="copy")).train(resume_from_checkpoint=True)
    elif case == "twice":
        callback, other = quiet(), quiet(experiment="other")
        trainer(callback, epochs=1).train()
        trainer(other, epochs=1).train()
        trainer(callback, epochs=2).train()
        assert callback.experiment.hash != other.experiment.hash
    else:
        raise ValueError(case)


if __name__ == "__main__":
    main(*sys.argv[1:])
