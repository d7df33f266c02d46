"""Hugging Face data sets described in a run's parameters, as Aim's documentation shows."""

from aim import Run
from aim.hf_dataset import HFDataset
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

features = Features({"text": Value("string"), "label": ClassLabel(names=["neg", "pos"])})
part = Dataset.from_dict({"text": ["good", "bad"], "label": [1, 0]}, features=features)

run = Run(system_tracking_interval=None, capture_terminal_logs=False)
run.name = "described"
for name, data in (("both", DatasetDict({"train": part, "test": part})), ("one", part)):
    run[name] = HFDataset(data)
    run["read back", name] = run[name].storage["dataset"]
    del run[name]
run.close()
