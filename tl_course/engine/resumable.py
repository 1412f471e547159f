"""How does training go on where it was after a crash, as if nothing had happened?

A run is cut into segments. At the start of each, dropout's random numbers are set from the seed and
the step, and at its end the weights and the optimizer's state are handed out to be kept: so a run
that was killed and goes on ends with the very numbers of one that was not.
"""

import numpy as np

SEGMENT = 100  # steps: what a crash can cost


def train(network, images, labels, plan, *, seed, weights=None, state=None, keep=None):
    """Train a compiled network in place, by a `transfer.Schedule`.

    images: one a label, an array that can be indexed, such as features in memory or in a file.
    weights: how much a picture of each class counts, float (classes,); None: all the same.
    state: what `keep` was given last, to go on from there. keep: a function of (the number of
    steps done, {name: array}), called after each segment.
    """
    network.optimizer.build(network.trainable_variables)
    step = 0 if state is None else _restore(network, state)
    batches = plan.batches(np.arange(len(labels)), seed=seed)
    rates = plan.rates()
    counts = np.ones(int(np.max(labels)) + 1) if weights is None else np.asarray(weights)
    while step < plan.steps:
        _set_dropout(network, seed, step)
        end = min(step + SEGMENT, plan.steps)
        for batch, rate in zip(batches[step:end], rates[step:end], strict=True):
            network.optimizer.learning_rate = rate
            chosen = labels[batch]
            network.train_on_batch(images[batch], chosen, sample_weight=counts[chosen])
        step = end
        if keep:
            keep(step, _state_of(network, step))


def _set_dropout(network, seed, step):
    for layer in network.layers:
        if hasattr(layer, "seed_generator"):
            layer.seed_generator.state.assign([seed, step])


def _variables(network):
    """What changes in training, in a fixed order: weights, then the optimizer's numbers."""
    return [*network.trainable_variables, *network.optimizer.variables]


def _state_of(network, step):
    arrays = {f"v{k}": np.asarray(v) for k, v in enumerate(_variables(network))}
    return {"step": np.array(step), **arrays}


def _restore(network, state):
    for k, variable in enumerate(_variables(network)):
        variable.assign(state[f"v{k}"])
    return int(state["step"])
