"""Train a small network on handwritten digits with six settings, track everything, find the best.

    python digits_aim.py [--epochs 15]

Runs go to the repository of the working directory, models to ./models.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from aim import Distribution, Figure, Image, Repo, Run, Text
from PIL import Image as PILImage
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

HIDDEN = (16, 64)
RATES = (0.02, 0.1, 0.5)
BATCH = 64


class Network:
    """One hidden layer, ReLU, softmax; plain numpy."""

    def __init__(self, hidden: int, rng: np.random.Generator) -> None:
        self.weights = [
            rng.normal(0, np.sqrt(2 / 64), (64, hidden)),
            rng.normal(0, np.sqrt(2 / hidden), (hidden, 10)),
        ]
        self.biases = [np.zeros(hidden), np.zeros(10)]

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        hidden = np.maximum(x @ self.weights[0] + self.biases[0], 0)
        scores = hidden @ self.weights[1] + self.biases[1]
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return hidden, scores / scores.sum(axis=1, keepdims=True)

    def step(self, x: np.ndarray, y: np.ndarray, rate: float) -> None:
        hidden, probabilities = self.forward(x)
        error = probabilities.copy()
        error[np.arange(len(y)), y] -= 1
        error /= len(y)
        back = (error @ self.weights[1].T) * (hidden > 0)
        self.weights[1] -= rate * hidden.T @ error
        self.biases[1] -= rate * error.sum(axis=0)
        self.weights[0] -= rate * x.T @ back
        self.biases[0] -= rate * back.sum(axis=0)

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        probabilities = self.forward(x)[1]
        loss = -np.log(probabilities[np.arange(len(y)), y] + 1e-12).mean()
        return float(loss), float((probabilities.argmax(axis=1) == y).mean())


def digit(pixels: np.ndarray, label: int) -> Image:
    """One digit, enlarged."""
    picture = PILImage.fromarray((pixels.reshape(8, 8) * 255).astype("uint8"))
    return Image(picture.resize((64, 64), PILImage.Resampling.NEAREST), caption=f"a {label}")


def confusion_picture(truth: np.ndarray, guess: np.ndarray) -> Image:
    """The confusion matrix, one cell a pixel, enlarged."""
    counts = confusion_matrix(truth, guess, labels=range(10)).astype(float)
    shares = counts / counts.sum(axis=1, keepdims=True)
    picture = PILImage.fromarray((255 - 255 * shares).astype("uint8"))
    return Image(picture.resize((200, 200), PILImage.Resampling.NEAREST), caption="row: truth")


def train(hidden: int, rate: float, epochs: int, data: list[np.ndarray], models: Path) -> None:
    """One run."""
    x_train, x_val, y_train, y_val = data
    rng = np.random.default_rng(7)
    network = Network(hidden, rng)

    run = Run(experiment="digits", system_tracking_interval=None)
    run.name = f"{hidden} units, rate {rate}"
    run.description = "A hidden layer between 64 pixels and 10 digits."
    run.add_tag("numpy")
    run["hparams"] = {"lr": rate, "hidden": hidden, "batch_size": BATCH, "epochs": epochs}
    run["dataset"] = {"name": "digits", "train": len(x_train), "val": len(x_val)}

    samples = [digit(x_train[i], int(y_train[i])) for i in range(8)]
    run.track(samples, name="samples", step=0, context={"subset": "train"})

    subsets = {"train": (x_train, y_train), "val": (x_val, y_val)}
    for epoch in range(epochs):
        order = rng.permutation(len(x_train))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            network.step(x_train[batch], y_train[batch], rate)
        for subset, (x, y) in subsets.items():
            loss, accuracy = network.evaluate(x, y)
            run.track(loss, name="loss", step=epoch, epoch=epoch, context={"subset": subset})
            run.track(
                {"accuracy": accuracy, "error": 1 - accuracy},
                step=epoch,
                epoch=epoch,
                context={"subset": subset},
            )
        for layer, weights in enumerate(network.weights):
            run.track(
                Distribution(weights.ravel(), bin_count=32),
                name="weights",
                step=epoch,
                context={"layer": layer},
            )

    guess = network.forward(x_val)[1].argmax(axis=1)
    run.track(confusion_picture(y_val, guess), name="confusion", context={"subset": "val"})
    wrong = np.flatnonzero(guess != y_val)
    for i in wrong[:5]:
        run.track(
            Text(f"digit {i}: took a {y_val[i]} for a {guess[i]}"),
            name="mistakes",
            context={"subset": "val"},
        )
    bars = go.Figure(go.Bar(x=list(range(10)), y=np.bincount(y_val[wrong], minlength=10)))
    bars.update_layout(title="mistakes by digit")
    run.track(Figure(bars), name="mistakes_by_digit")

    model = models / f"model-{hidden}-{rate}.npz"
    np.savez(model, *network.weights, *network.biases)
    run.set_artifacts_uri((models / "kept").as_uri())
    run.log_artifact(str(model), name="model.npz")

    run["result"] = {"val_accuracy": float((guess == y_val).mean()), "mistakes": len(wrong)}
    run.close()


def report() -> None:
    """Ask the repository what came out."""
    repo = Repo.default_repo()

    print(f"\n{'run':22} {'lr':>5} {'hidden':>6} {'best val':>9} {'at':>3} {'last loss':>10}")
    rows = []
    query = "metric.name == 'accuracy' and metric.context.subset == 'val'"
    for metrics in repo.query_metrics(query).iter_runs():
        for metric in metrics:
            run, (_, accuracies) = metric.run, metric.values.sparse_numpy()
            steps, (ordered, *_) = metric.data.numpy()
            _, (losses, *_) = run.get_metric("loss", metric.context).data.numpy()
            rows.append(
                (
                    float(accuracies.max()),
                    f"{run.name:22} {run['hparams', 'lr']:>5} {run['hparams', 'hidden']:>6} "
                    f"{accuracies.max():>9.4f} {int(steps[ordered.argmax()]):>3} "
                    f"{losses[-1]:>10.4f}",
                )
            )
    for _, row in sorted(rows, reverse=True):
        print(row)

    query = (
        "run.experiment == 'digits' and run.hparams.lr <= 0.1 "
        "and run.metrics['accuracy', {'subset': 'val'}].last > 0.9"
    )
    found = [item.run for item in repo.query_runs(query).iter_runs()]
    print(f"\n{len(found)} runs with a rate of at most 0.1 ended above 90 %:")
    for run in sorted(found, key=lambda run: -run["result", "val_accuracy"]):
        print(f"  {run.name:22} {run['result', 'val_accuracy']:.4f}  {run.hash}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    epochs = parser.parse_args().epochs

    digits = load_digits()
    data = train_test_split(digits.data / 16, digits.target, test_size=0.25, random_state=0)
    models = Path("models").absolute()
    models.mkdir(exist_ok=True)
    for hidden, rate in itertools.product(HIDDEN, RATES):
        train(hidden, rate, epochs, data, models)
        print(f"trained {hidden} units at rate {rate}")
    report()


if __name__ == "__main__":
    main()
