"""Trains a model of models.py in PyTorch, from a checkpoint of sigma's, on the same batches."""

import json
import pathlib

import h5py
import torch
from torch import distributed, nn

from data import Text
from network import Network

STATES = ("value", "first_moment", "second_moment")
TYPES = {"f32": torch.float32, "f64": torch.float64, "bf16": torch.bfloat16}


def read_checkpoint(folder):
    """name -> state -> tensor, of a checkpoint that one rank wrote."""
    folder = pathlib.Path(folder)
    with h5py.File(folder / "manifest.h5") as file:
        shards = json.loads(bytes(file["manifest"][()]))["shards"]
    tensors = {}
    with h5py.File(folder / "rank-0000.h5") as file:
        for shard in shards:
            tensors.setdefault(shard["tensor"], {})[shard["state"]] = torch.from_numpy(file[shard["dataset"]][()])
    return tensors


def parts_of(name, tensor):
    """One leaf per expert: the gradient of a slice of a common tensor would be as large as all of it."""
    return list(tensor.clone().unbind(0)) if ".expert_" in name else [tensor.clone()]


def is_trained(name):
    return not name.endswith("selection_bias")


def in_f64(saved):
    """The same, with the weights that a step in bf16 reads."""
    def weight(name, value):
        return value.bfloat16() if is_trained(name) else value

    return {name: {state: (weight(name, tensor) if state == "value" else tensor).double() for state, tensor in states.items()}
            for name, states in saved.items()}


class Trainer:
    """Continues what a checkpoint saved after `finished` steps; `ranks` processes share each batch. Leaves have the type that is
    saved; of bf16 that is f32."""

    def __init__(self, model, text, saved, finished, precision, rank=0, ranks=1):
        self.model, self.finished, self.rank, self.ranks = model, finished, rank, ranks
        self.text = Text(text, model.sequence)
        self.leaves = {name: parts_of(name, states["value"]) for name, states in saved.items()}
        for name in filter(is_trained, self.leaves):
            for leaf in self.leaves[name]:
                leaf.requires_grad_()
        self.network = Network(model, {name: leaves if ".expert_" in name else leaves[0]
                                       for name, leaves in self.leaves.items()}, TYPES[precision])
        self.optimizer = self.make_optimizer(saved)

    def trained(self):
        return [leaf for name in filter(is_trained, self.leaves) for leaf in self.leaves[name]]

    def make_optimizer(self, saved):
        matrices = [leaf for leaf in self.trained() if leaf.dim() > 1]
        others = [leaf for leaf in self.trained() if leaf.dim() == 1]
        optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": self.model.weight_decay},
                                       {"params": others, "weight_decay": 0.0}], betas=self.model.betas, eps=1e-8)
        for name in filter(is_trained, self.leaves):
            moments = (parts_of(name, saved[name][state]) for state in STATES[1:])
            for leaf, first, second in zip(self.leaves[name], *moments):
                optimizer.state[leaf] = {"step": torch.tensor(float(self.finished)), "exp_avg": first, "exp_avg_sq": second}
        return optimizer

    def update(self):
        for group in self.optimizer.param_groups:
            group["lr"] = self.model.learning_rate * min(1.0, (self.finished + 1) / self.model.warmup)
        nn.utils.clip_grad_norm_(self.trained(), self.model.clip)
        self.optimizer.step()
        for name, (load, rate) in self.network.loads.items():
            self.leaves[name][0] += rate * torch.sign(load.to(torch.float64).mean() - load)

    def reduce_gradients(self):
        for leaf in self.trained():
            distributed.all_reduce(leaf.grad)
            leaf.grad /= self.ranks

    def step(self):
        """Returns the loss and the sum of the further terms, of the rank's share of the batch."""
        batch = self.text.batch(self.finished, self.model.batch)[self.rank::self.ranks]
        loss, further = self.network(torch.from_numpy(batch))
        self.optimizer.zero_grad(set_to_none=True)
        (loss + further).backward()
        if self.ranks > 1:
            self.reduce_gradients()
        self.update()
        self.finished += 1
        return loss.item(), float(further)

    def value(self, name):
        return joined(name, [leaf.detach() for leaf in self.leaves[name]])

    def gradient(self, name):
        """Of the last step, after clipping."""
        return joined(name, [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in self.leaves[name]])


def joined(name, leaves):
    return torch.stack(leaves) if ".expert_" in name else leaves[0]
