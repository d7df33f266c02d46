"""aim-mlflow converts what mlflow has recorded; a second conversion adds only what is new."""

import logging

import mlflow
from aim import Repo
from aim.sdk.utils import clean_repo_path
from aimlflow.utils import convert_existing_logs
from aimlflow.watcher import MLFlowWatcher
from PIL import Image

logging.disable(logging.WARNING)
TRACKING = "sqlite:///mlflow.db"
mlflow.set_tracking_uri(TRACKING)
mlflow.create_experiment("first", artifact_location="artifacts")
mlflow.set_experiment("first")
with mlflow.start_run(run_name="trained", description="what it is about"):
    mlflow.log_params({"lr": 0.1, "layers": [1, 2], "name": "x"})
    mlflow.set_tag("kind", "trial")
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metric("negative", -1.5)
    mlflow.log_text("some text", "notes/a.txt")
    mlflow.log_text("<p>not converted</p>", "page.html")
    mlflow.log_dict({"a": 1}, "b.json")
    mlflow.log_image(Image.new("RGB", (2, 3), (1, 2, 3)), "picture.png")
with mlflow.start_run(run_name="empty"):
    pass

repo = Repo.from_path(clean_repo_path(".") or Repo.default_repo_path(), init=True)
convert_existing_logs(repo, TRACKING, excluded_artifacts=())
with mlflow.start_run(run_name="later"):
    mlflow.log_metric("loss", 5.0, step=7)
convert_existing_logs(repo, TRACKING, experiment="first", excluded_artifacts=("*.json",))

with mlflow.start_run(run_name="watched"):
    mlflow.log_metric("loss", 6.0)
    watcher = MLFlowWatcher(repo, TRACKING, exclude_artifacts=())
    watcher._last_watch_time = 0
    watcher._process_runs()
watcher._process_runs()
