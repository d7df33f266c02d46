"""A training by two processes, each with Aim's callback: `training.py PORT`."""

import sys
import time
from pathlib import Path

import torch
from aim.distributed_hugging_face import AimCallback
from transformers import Trainer, TrainerCallback, TrainingArguments


class Line(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, numbers, labels):
        return {"loss": torch.nn.functional.mse_loss(self.layer(numbers).squeeze(-1), labels)}


class UntilMeasured(TrainerCallback):
    """So short a training waits until the second process was measured once."""

    def __init__(self, recorder: AimCallback) -> None:
        self.recorder = recorder

    def on_train_end(self, args, state, control, **kwargs):
        measured, give_up = Path("measured"), time.monotonic() + 60
        while not measured.exists() and time.monotonic() < give_up:
            if state.is_world_process_zero and any(
                "rank" in str(context)
                for _, context, _ in self.recorder.experiment.iter_metrics_info()
            ):
                measured.touch()
            time.sleep(0.05)


def main(port: int) -> None:
    torch.manual_seed(0)
    numbers = torch.rand(64, 2)
    args = TrainingArguments(
        output_dir="checkpoints",
        num_train_epochs=2,
        per_device_train_batch_size=8,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    callback = AimCallback(
        port, experiment="two", system_tracking_interval=0.1, workers_only_on_rank_0=False
    )
    Trainer(
        model=Line(),
        args=args,
        train_dataset=[{"numbers": each, "labels": each.sum()} for each in numbers],
        callbacks=[UntilMeasured(callback), callback],
    ).train()


if __name__ == "__main__":
    main(int(sys.argv[1]))
