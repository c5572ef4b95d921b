#!/usr/bin/env python3
"""byte-moe in PyTorch, as a peer: byte_moe_torch.py TEXT STEPS. Prints the losses, then the steps' seconds as JSON.

The same sizes, block, router, balance loss per sequence, AdamW and clipping; one thread; experts run over the tokens that
chose them, one product per expert and matrix.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional

BATCH, SEQUENCE, LAYERS, WIDTH, HEADS, EXPERTS, TOP_K, EXPERT_WIDTH, VOCABULARY = 8, 256, 4, 256, 8, 8, 2, 1024, 256


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


def rotary(x):
    """x [batch, heads, sequence, head width], halves convention."""
    half = x.shape[-1] // 2
    frequency = 10000.0 ** (-torch.arange(half) / half)
    angle = torch.arange(x.shape[-2])[:, None] * frequency
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), -1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = Norm(WIDTH)
        self.query, self.key, self.value, self.output = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
        self.register_buffer("future", torch.ones(SEQUENCE, SEQUENCE, dtype=torch.bool).triu(1))

    def forward(self, x):
        y = self.norm(x)
        q, k, v = (layer(y).view(BATCH, SEQUENCE, HEADS, -1).transpose(1, 2) for layer in (self.query, self.key, self.value))
        scores = rotary(q) @ rotary(k).transpose(-1, -2) * (WIDTH // HEADS) ** -0.5
        mixed = scores.masked_fill(self.future, float("-inf")).softmax(-1) @ v
        return x + self.output(mixed.transpose(1, 2).reshape(BATCH, SEQUENCE, WIDTH))


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.router = Norm(WIDTH), nn.Linear(WIDTH, EXPERTS, bias=False)
        # One parameter per expert: the gradient of a slice of a common one would be as large as all of them.
        self.gate, self.up = (nn.ParameterList(torch.randn(WIDTH, EXPERT_WIDTH) * 0.02 for _ in range(EXPERTS))
                              for _ in range(2))
        self.down = nn.ParameterList(torch.randn(EXPERT_WIDTH, WIDTH) * 0.02 for _ in range(EXPERTS))

    def forward(self, x):
        y = self.norm(x).view(-1, WIDTH)
        scores = self.router(y).softmax(-1)
        weights, chosen = scores.topk(TOP_K, -1)
        weights = weights / weights.sum(-1, keepdim=True)
        out = torch.zeros_like(y)
        for expert in range(EXPERTS):
            token, slot = (chosen == expert).nonzero(as_tuple=True)
            rows = y[token]
            done = (functional.silu(rows @ self.gate[expert]) * (rows @ self.up[expert])) @ self.down[expert]
            out = out.index_add(0, token, done * weights[token, slot, None])
        share = functional.one_hot(chosen, EXPERTS).float().sum(1).view(BATCH, SEQUENCE, EXPERTS).mean(1) / TOP_K
        balance = EXPERTS * (share * scores.view(BATCH, SEQUENCE, EXPERTS).mean(1)).sum(-1).mean()
        return x + out.view_as(x), balance


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(nn.ModuleList((Attention(), Experts())) for _ in range(LAYERS))
        self.norm, self.head = Norm(WIDTH), nn.Linear(WIDTH, VOCABULARY, bias=False)
        for layer in self.modules():
            if isinstance(layer, (nn.Linear, nn.Embedding)):
                nn.init.normal_(layer.weight, std=0.02)

    def forward(self, tokens, targets):
        x, balance = self.table(tokens), 0
        for attention, experts in self.layers:
            x, more = experts(attention(x))
            balance = balance + more
        loss = functional.cross_entropy(self.head(self.norm(x)).view(-1, VOCABULARY), targets.reshape(-1))
        return loss, 1e-2 * balance


def main(text, steps):
    torch.set_num_threads(1)
    torch.manual_seed(1)
    data = torch.frombuffer(bytearray(open(text, "rb").read()), dtype=torch.uint8).long()
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    times = []
    for step in range(steps):
        begin = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 20)
        starts = torch.randint(len(data) - SEQUENCE - 1, (BATCH,))
        rows = torch.stack([data[start:start + SEQUENCE + 1] for start in starts])
        loss, balance = model(rows[:, :-1], rows[:, 1:])
        optimizer.zero_grad()
        (loss + balance).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        times.append(time.perf_counter() - begin)
        print(f"step {step + 1} loss {loss.item():.4f}")
    print(json.dumps(times))


main(sys.argv[1], int(sys.argv[2]))
