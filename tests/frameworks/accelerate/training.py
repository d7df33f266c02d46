"""A training loop with Accelerate and the tracker class of `matyan_client`."""

import numpy as np
import torch
from accelerate import Accelerator

from matyan_client.adapters.accelerate import MatyanTracker


def main() -> None:
    torch.manual_seed(0)
    tracker = MatyanTracker("trial", experiment="accelerated", system_tracking_interval=None)
    accelerator = Accelerator(log_with=tracker, cpu=True)
    config = {"lr": 0.1, "optimizer": {"name": "sgd", "nesterov": None}}
    accelerator.init_trackers("project", config=config)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    numbers = torch.rand(16, 2)
    loader = torch.utils.data.DataLoader(numbers, batch_size=8)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    step = 0
    for epoch in range(2):
        for batch in loader:
            loss = torch.nn.functional.mse_loss(model(batch), batch.sum(dim=1, keepdim=True))
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            accelerator.log({"loss": loss, "text": "no number"}, step=step)
            step += 1
        accelerator.log(
            {"mean": loss.detach()},
            step=epoch,
            log_kwargs={"matyan": {"epoch": epoch, "context": {"subset": "val"}}},
        )
    accelerator.log({"without step": 1})
    tracker.log_images({"picture": (np.zeros((2, 2, 3), np.uint8), "black")}, step=1)
    accelerator.get_tracker("matyan", unwrap=True)["noted"] = "by hand"
    accelerator.end_training()


if __name__ == "__main__":
    main()
