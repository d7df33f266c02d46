"""A logger for scikit-learn: what a fitted estimator, or search, is and how well it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matyan_client.adapters._lifecycle import (
    DEFAULT_SYSTEM_TRACKING_INTERVAL,
    RunAdapter,
    guarded,
)
from matyan_client.exceptions import MissingFrameworkError
from matyan_client.objects import Figure, Text

try:
    import sklearn  # noqa: F401  # says whether scikit-learn is there
except ImportError as exc:
    raise MissingFrameworkError(
        "sklearn", extra="sklearn", purpose="The adapter for scikit-learn"
    ) from exc

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from matyan_client.repo import Repo

__all__ = ["MatyanLogger"]

_CLASSES_MAX = 100
"""A confusion figure of more classes than this cannot be read, and is left out."""

_ROC_POINTS_MAX = 500


class MatyanLogger(RunAdapter):
    """Records estimators in a run.

    | recorded | as |
    |---|---|
    | class and parameters of an estimator | params `estimator` and `hparams` |
    | scores of a classifier | metrics `accuracy`, `balanced_accuracy`, `precision`, `recall`, `f1` (averaged over classes), and with probabilities `log_loss` and `roc_auc` |
    | scores of a regressor | metrics `r2`, `mae`, `rmse` |
    | a classifier's mistakes | figure `confusion_matrix`; with two classes, and scores, `roc_curve` |
    | a search: each candidate, in order | metrics `mean_test_score`, `std_test_score`, `rank_test_score`, `mean_fit_time`, `mean_score_time` (of several scorings `mean_test_<scoring>` and so on) and text `candidate` |
    | a search: the best | params `best_params`, `best_score`, `best_index` |

    Args:
        repo: see `Run`.
        experiment: see `Run`.
        system_tracking_interval: see `Run`.
        log_system_params: see `Run`.
        capture_terminal_logs: see `Run`.
    """  # noqa: E501  # a table

    def __init__(
        self,
        repo: str | os.PathLike[str] | Repo | None = None,
        experiment: str | None = None,
        system_tracking_interval: float | None = DEFAULT_SYSTEM_TRACKING_INTERVAL,
        log_system_params: bool | None = True,
        capture_terminal_logs: bool | None = True,
    ) -> None:
        self._configure(
            repo, experiment, system_tracking_interval, log_system_params, capture_terminal_logs
        )

    @guarded
    def log_estimator(self, estimator: Any) -> None:
        """Set class and parameters, and of a fitted search its candidates and the best of them."""
        self._set_params({"estimator": type(estimator).__name__})
        self._set_params(estimator.get_params(), "hparams")
        if hasattr(estimator, "cv_results_"):
            self._log_search(estimator)

    @guarded
    def log_scores(
        self, estimator: Any, inputs: Any, targets: Any, *, subset: str = "test", step: Any = None
    ) -> None:
        """Track how well a fitted estimator does.

        Args:
            estimator: a classifier or regressor, or a search or pipeline that ends in one.
            inputs: as its `predict` takes them.
            targets: what `predict` should give.
            subset: which part of the data this is; the context is `{"subset": subset}`.
            step: see `Run.track`.
        """
        from sklearn.base import is_classifier

        scores = _classifier_scores if is_classifier(estimator) else _regressor_scores
        for name, compute in scores(estimator, inputs, targets):
            try:
                value = compute()
            except Exception as exc:  # noqa: BLE001  # of this score; the others are tracked
                self._note_error(f"the score {name!r}", exc)
            else:
                self._track(value, name, step=step, context={"subset": subset})

    @guarded
    def _log_search(self, search: Any) -> None:
        for name in ("best_params", "best_score", "best_index"):
            if hasattr(search, f"{name}_"):  # of several scorings without refit there is none
                self._set_params({name: getattr(search, f"{name}_")})
        results = search.cv_results_
        kinds = ("mean_", "std_test_", "rank_test_")
        series = [name for name in results if name.startswith(kinds)]
        for step, candidate in enumerate(results["params"]):
            self._track(Text(repr(candidate)), "candidate", step=step)
            for name in series:
                self._track(results[name][step], name, step=step)


def _classifier_scores(
    estimator: Any, inputs: Any, targets: Any
) -> Iterator[tuple[str, Callable[[], Any]]]:
    from sklearn import metrics

    found = estimator.predict(inputs)
    average = {"average": "macro", "zero_division": 0}
    yield "accuracy", lambda: metrics.accuracy_score(targets, found)
    yield "balanced_accuracy", lambda: metrics.balanced_accuracy_score(targets, found)
    yield "precision", lambda: metrics.precision_score(targets, found, **average)
    yield "recall", lambda: metrics.recall_score(targets, found, **average)
    yield "f1", lambda: metrics.f1_score(targets, found, **average)
    labels = list(getattr(estimator, "classes_", ()))
    if 0 < len(labels) <= _CLASSES_MAX:
        yield "confusion_matrix", lambda: _confusion(targets, found, labels)
    if hasattr(estimator, "predict_proba"):
        chances = estimator.predict_proba(inputs)
        yield "log_loss", lambda: metrics.log_loss(targets, chances, labels=labels)
        if len(labels) > 2:
            yield (
                "roc_auc",
                lambda: metrics.roc_auc_score(targets, chances, labels=labels, multi_class="ovr"),
            )
            return
        scores = chances[:, -1]
    elif hasattr(estimator, "decision_function") and len(labels) == 2:
        scores = estimator.decision_function(inputs)
    else:
        return
    yield "roc_auc", lambda: metrics.roc_auc_score(targets, scores)
    yield "roc_curve", lambda: _roc(targets, scores, labels[-1])


def _regressor_scores(
    estimator: Any, inputs: Any, targets: Any
) -> Iterator[tuple[str, Callable[[], Any]]]:
    from sklearn import metrics

    found = estimator.predict(inputs)
    yield "r2", lambda: metrics.r2_score(targets, found)
    yield "mae", lambda: metrics.mean_absolute_error(targets, found)
    yield "rmse", lambda: metrics.mean_squared_error(targets, found) ** 0.5


def _confusion(targets: Any, found: Any, labels: list[Any]) -> Figure:
    from sklearn import metrics

    counts = metrics.confusion_matrix(targets, found, labels=labels).tolist()
    names = [str(label) for label in labels]
    heatmap = {
        "type": "heatmap", "x": names, "y": names, "z": counts,
        "colorscale": "Blues", "texttemplate": "%{z}",
    }  # fmt: skip
    layout = {
        "title": {"text": "Confusion matrix"},
        "xaxis": {"title": {"text": "predicted"}, "type": "category"},
        "yaxis": {"title": {"text": "actual"}, "type": "category", "autorange": "reversed"},
    }
    return Figure({"data": [heatmap], "layout": layout})


def _roc(targets: Any, scores: Any, positive: Any) -> Figure:
    from sklearn import metrics

    false, true, _ = metrics.roc_curve(targets, scores, pos_label=positive)
    every = -(-len(false) // _ROC_POINTS_MAX)
    points = sorted({*range(0, len(false), every), len(false) - 1})
    curve = {
        "type": "scatter", "mode": "lines", "name": str(positive),
        "x": false[points].tolist(), "y": true[points].tolist(),
    }  # fmt: skip
    guess = {
        "type": "scatter", "mode": "lines", "name": "chance",
        "x": [0, 1], "y": [0, 1], "line": {"dash": "dash"},
    }  # fmt: skip
    layout = {
        "title": {"text": "ROC"},
        "xaxis": {"title": {"text": "false positive rate"}},
        "yaxis": {"title": {"text": "true positive rate"}},
    }
    return Figure({"data": [curve, guess], "layout": layout})
