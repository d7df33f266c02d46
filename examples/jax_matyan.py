"""Linear regression in JAX: metrics that come out of `jit`, and how the parameters move.

python examples/jax_matyan.py
"""

import jax
import jax.numpy as jnp

from matyan_client.adapters.jax import MatyanLogger

config = {"rate": 0.5, "steps": 20}
inputs = jax.random.normal(jax.random.key(0), (64, 3))
targets = inputs @ jnp.array([1.0, -2.0, 0.5]) + 0.25
params = {"weights": jnp.zeros(3), "bias": jnp.zeros(())}


def loss_of(params):
    return jnp.mean((inputs @ params["weights"] + params["bias"] - targets) ** 2)


@jax.jit
def update(params):
    loss, gradients = jax.value_and_grad(loss_of)(params)
    moved = jax.tree.map(lambda p, g: p - config["rate"] * g, params, gradients)
    largest = jax.tree.map(lambda g: jnp.abs(g).max(), gradients)
    return moved, {"loss": loss, "gradient": largest}


logger = MatyanLogger(experiment="regression")
logger.log_params(config)
for step in range(config["steps"]):
    params, metrics = update(params)
    logger.log_metrics(metrics, step=step)
    logger.log_distributions(params, step=step)
logger.close()
