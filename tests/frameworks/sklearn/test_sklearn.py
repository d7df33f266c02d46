"""scikit-learn's estimators and searches with our logger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TEST = {"subset": "test"}


@pytest.fixture
def logger(tmp_path: Path) -> Any:
    from matyan_client.adapters.sklearn import MatyanLogger

    made = MatyanLogger(
        tmp_path,
        experiment="estimators",
        system_tracking_interval=None,
        log_system_params=False,
        capture_terminal_logs=False,
    )
    yield made
    made.close()


def lasts(run: Any) -> dict[str, float]:
    return {each["name"]: each["last_value"] for each in run.metrics()}


def figures(run: Any) -> list[str]:
    return sorted(each["name"] for each in run.collect_sequence_info("figures")["figures"])


def halves(loader: Any) -> tuple[Any, Any, Any, Any]:
    from sklearn.model_selection import train_test_split

    found: tuple[Any, Any, Any, Any] = tuple(
        train_test_split(*loader(return_X_y=True), random_state=0)
    )
    return found


def test_a_classifier_of_two_classes(logger: Any) -> None:
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train_x, test_x, train_y, test_y = halves(load_breast_cancer)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(train_x, train_y)
    logger.log_estimator(model)
    logger.log_scores(model, train_x, train_y, subset="train")
    logger.log_scores(model, test_x, test_y)
    run = logger.experiment
    assert logger.tracking_errors == 0
    assert run.get_param(("estimator",)) == "Pipeline"
    assert run.get_param(("hparams", "logisticregression__C")) == 0.5
    found = {each["name"]: each["last_value"] for each in run.metrics() if each["context"] == TEST}
    assert found == pytest.approx(
        {
            "accuracy": model.score(test_x, test_y),
            "balanced_accuracy": 0.9633,
            "precision": 0.9607,
            "recall": 0.9633,
            "f1": 0.9620,
            "log_loss": 0.0884,
            "roc_auc": roc_auc_score(test_y, model.predict_proba(test_x)[:, 1]),
        },
        abs=0.02,
    )
    assert len(run.metrics()) == 14
    assert figures(run) == ["confusion_matrix"] * 2 + ["roc_curve"] * 2


def test_a_search(logger: Any) -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeClassifier

    train_x, test_x, train_y, test_y = halves(load_digits)
    grid = {"max_depth": [2, 8], "criterion": ["gini", "entropy"]}
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), grid, cv=2)
    search.fit(train_x, train_y)
    logger.log_estimator(search)
    logger.log_scores(search, test_x, test_y, step=7)
    run = logger.experiment
    assert logger.tracking_errors == 0
    assert run.get_param(("best_params",)) == search.best_params_
    assert run.get_param(("best_score",)) == pytest.approx(search.best_score_)
    assert run.get_param(("best_index",)) == int(search.best_index_)
    assert run.get_param(("hparams", "param_grid")) == grid
    series = run.read_series("mean_test_score")
    assert list(series.values) == pytest.approx(list(search.cv_results_["mean_test_score"]))
    texts = run.collect_sequence_info("texts")["texts"]
    assert [(each["name"], each["count"]) for each in texts] == [("candidate", 4)]
    assert run.get_metric("accuracy", TEST)["last_step"] == 7
    assert {"roc_auc", "log_loss", "rank_test_score", "std_test_score", "mean_fit_time"} <= set(
        lasts(run)
    )
    assert figures(run) == ["confusion_matrix"]


def test_a_regressor_without_all_scores(logger: Any) -> None:
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge

    train_x, test_x, train_y, test_y = halves(load_diabetes)
    model = Ridge().fit(train_x, train_y)
    logger.log_scores(model, test_x, test_y)
    assert lasts(logger.experiment) == pytest.approx(
        {"r2": model.score(test_x, test_y), "mae": 46.0, "rmse": 58.0}, rel=0.1
    )


def test_what_cannot_be_scored_ends_nothing(logger: Any) -> None:
    from sklearn.svm import SVC

    inputs, targets = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    model = SVC(kernel="linear").fit(inputs, targets)
    logger.log_scores(model, inputs, targets)
    logger.log_scores(model, inputs, [0, 0, 0, 0], subset="one class")
    logger.log_scores(SVC(), inputs, targets)  # not fitted
    logger.log_scores(model, inputs, targets[:2])  # of another length
    logger.log_estimator(object())
    logger.log_scores(None, None, None)
    run = logger.experiment
    assert run.get_metric("roc_auc", TEST)["last_value"] == 1.0
    assert logger.tracking_errors > 5
    assert figures(run).count("roc_curve") >= 1
