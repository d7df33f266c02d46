"""An agent of Stable-Baselines3 that learns to keep a pole upright, recorded with Aim's callback.

python examples/sb3_aim.py                     (with Aim)
python -m aim_compat run examples/sb3_aim.py
"""

from aim.sb3 import AimCallback
from stable_baselines3 import A2C


def main() -> None:
    agent = A2C("MlpPolicy", "CartPole-v1", n_steps=8, seed=0, device="cpu")
    agent.learn(total_timesteps=160, log_interval=5, callback=AimCallback(experiment_name="pole"))


if __name__ == "__main__":
    main()
