"""accelerate with `log_with="aim"`: a training loop that logs scalars and images."""

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.tracking import AimTracker
from accelerate.utils import LoggerType, is_aim_available
from PIL import Image

assert is_aim_available()
torch.manual_seed(0)
accelerator = Accelerator(log_with="aim", project_dir=".")
assert LoggerType.AIM in accelerator.log_with
accelerator.init_trackers(
    "trial",
    config={"lr": 0.1, "layers": [2, 1], "optimizer": {"name": "sgd", "momentum": None}},
    init_kwargs={"aim": {"experiment": "accelerated", "system_tracking_interval": None}},
)
tracker = accelerator.get_tracker("aim")
assert isinstance(tracker, AimTracker)

model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
targets = inputs.sum(dim=1, keepdim=True)
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(inputs, targets), batch_size=2)
model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
step = 0
for epoch in range(2):
    for batch, wanted in loader:
        loss = torch.nn.functional.mse_loss(model(batch), wanted)
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        accelerator.log({"loss": loss.item(), "seen": step}, step=step)
        step += 1
    accelerator.log(
        {"accuracy": np.float32(0.5), "mean": loss.detach()},
        step=epoch,
        log_kwargs={"aim": {"epoch": epoch, "context": {"subset": "val"}}},
    )
accelerator.log({"without step": 1})

picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
tracker.log_images({"array": picture, "captioned": (picture, "what it is")}, step=1)
tracker.log_images(
    {"pil": Image.fromarray(picture)},
    step=2,
    kwargs={"aim_image": {"format": "jpeg", "quality": 90}, "track": {"context": {"of": "pil"}}},
)
tracker.tracker.add_tag("from accelerate")
accelerator.get_tracker("aim", unwrap=True)["noted"] = "by hand"
accelerator.end_training()
