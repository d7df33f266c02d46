"""What a logger adds to a fit with Lightning of 1,000 steps: ours, Aim's, and none, in one sitting.

    .venv-frameworks/bin/python benchmarks/lightning.py [--steps 1000] [--repeats 3]

Each fit is in a process of its own; the best of the repeats counts. Prints seconds of
processor time of the fit alone, all threads of the process together, and microseconds a step over
the fit without a logger.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile

FIT = """
import sys, time, warnings, logging
warnings.simplefilter("ignore")
import lightning as L, torch
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
torch.set_num_threads(1)
class Line(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(2, 1)
    def training_step(self, batch, index):
        loss = self.layer(batch[0]).square().mean()
        self.log("train_loss", loss)
        self.log("train_rate", 0.1)
        return loss
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)
logger = False
if sys.argv[1] != "none":
    from aim.pytorch_lightning import AimLogger
    logger = AimLogger()
data = torch.utils.data.TensorDataset(torch.rand(int(sys.argv[2]), 2))
trainer = L.Trainer(max_epochs=1, logger=logger, log_every_n_steps=1, accelerator="cpu",
    enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)
loader = torch.utils.data.DataLoader(data, batch_size=1)
start = time.process_time()
trainer.fit(Line(), loader)
print("seconds", time.process_time() - start)
"""
COMMANDS = {
    "none": [sys.executable, "-c", FIT, "none"],
    "Aim": [sys.executable, "-c", FIT, "real"],
    "ours": [
        sys.executable,
        "-c",
        f"import aim_compat; aim_compat.install()\n{FIT}",
        "ours",
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    best: dict[str, float] = {}
    for _ in range(options.repeats):
        for name, command in COMMANDS.items():
            with tempfile.TemporaryDirectory() as place:
                done = subprocess.run(
                    [*command, str(options.steps)],
                    cwd=place,
                    capture_output=True,
                    text=True,
                    check=True,
                )
            seconds = float(done.stdout.split()[-1])
            best[name] = min(best.get(name, seconds), seconds)
    for name, seconds in best.items():
        added = (seconds - best["none"]) / options.steps * 1e6
        print(f"{name:5} {seconds:7.3f} s  {added:8.1f} us a step more")


if __name__ == "__main__":
    main()
