"""A forecast of a made-up series: Prophet's settings and the errors of the forecast, tracked.

Run it with Aim, or with `python -m aim_compat run examples/prophet_aim.py`.
"""

import numpy as np
import pandas as pd
from aim.prophet import AimLogger
from prophet import Prophet

days = pd.date_range("2024-01-01", periods=120)
rng = np.random.default_rng(0)
values = 10 + 0.05 * np.arange(120) + np.sin(np.arange(120) * 2 * np.pi / 7)
history = pd.DataFrame({"ds": days, "y": values + rng.normal(0, 0.1, 120)})

model = Prophet(weekly_seasonality=True, daily_seasonality=False, yearly_seasonality=False)
logger = AimLogger(prophet_model=model, experiment="forecast")

model.fit(history[:100], seed=0)
forecast = model.predict(history[["ds"]])
errors = (forecast["yhat"] - history["y"]).abs()
logger.track_metrics({"mae": errors[:100].mean()}, context={"subset": "train"})
logger.track_metrics({"mae": errors[100:].mean(), "worst": errors[100:].max()})
