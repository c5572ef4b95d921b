"""An independent implementation in PyTorch of the models in models.py, on parameters that have sigma's logical names.

In bf16, weights are rounded where they are read, activations where they are made; products, statistics, softmax, the router and the
loss are computed in f32, and so are their gradients. (The processor's own bf16 products in PyTorch 1.13 round their sums, too.)
"""

import math

import torch
from torch.nn import functional

from models import Attention, LatentAttention, Llama3, Mlp, Yarn


class Scope:
    """Parameters whose names begin alike: Scope(p, "layers.0.moe.")["router"]."""

    def __init__(self, parameters, prefix=""):
        self.parameters, self.prefix = parameters, prefix

    def __getitem__(self, name):
        return self.parameters[self.prefix + name]

    def inner(self, name):
        return Scope(self.parameters, f"{self.prefix}{name}.")


class Rounded:
    """Parameters as the network reads them; the gradient is that of what is rounded."""

    def __init__(self, leaves, dtype):
        self.leaves, self.dtype = leaves, dtype

    def __getitem__(self, name):
        leaf = self.leaves[name]
        if self.dtype != torch.bfloat16 or name.endswith("selection_bias"):
            return leaf
        return [straight_through(part) for part in leaf] if isinstance(leaf, list) else straight_through(leaf)


def straight_through(x):
    return x + (x.bfloat16().float() - x).detach()


def wide(x):
    return x.float() if x.dtype == torch.bfloat16 else x


def product(x, matrix):
    return (wide(x) @ wide(matrix)).to(x.dtype)


def norm(x, weight, epsilon):
    y = wide(x)
    return (y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + epsilon) * weight).to(x.dtype)


# ---- Positions ------------------------------------------------------------------------------------


def yarn(frequency, base, scaling):
    pairs = len(frequency)
    turns = lambda beta: pairs * math.log(scaling.original_positions / (2 * math.pi * beta)) / math.log(base)
    low, high = max(math.floor(turns(scaling.beta_fast)), 0), min(math.ceil(turns(scaling.beta_slow)), 2 * pairs - 1)
    slowed = ((torch.arange(pairs, dtype=torch.float64) - low) / (high - low or 1e-3)).clamp(0, 1)
    return frequency * (1 - slowed) + frequency / scaling.factor * slowed


def llama3(frequency, scaling):
    turns = scaling.original_positions * frequency / (2 * math.pi)
    kept = ((turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor)).clamp(0, 1)
    return frequency * kept + frequency / scaling.factor * (1 - kept)


def angles(rope, width, sequence):
    """Cosine and sine [sequence, width / 2], in f64."""
    frequency = rope.base ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)
    if isinstance(rope.scaling, Yarn):
        frequency = yarn(frequency, rope.base, rope.scaling)
    if isinstance(rope.scaling, Llama3):
        frequency = llama3(frequency, rope.scaling)
    angle = torch.arange(sequence, dtype=torch.float64)[:, None] * frequency
    return angle.cos(), angle.sin()


def rotate(x, table):
    """x [..., sequence, width]: halves convention."""
    cosine, sine = (part.to(wide(x).dtype) for part in table)
    a, b = wide(x).chunk(2, -1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), -1).to(x.dtype)


# ---- Attention ------------------------------------------------------------------------------------


def heads_of(x, heads):
    """[batch, sequence, heads * width] -> [batch, heads, sequence, width]"""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def attend(q, k, v, scale):
    future = torch.ones(q.shape[-2], q.shape[-2], dtype=torch.bool).triu(1)
    scores = (wide(q) @ wide(k).transpose(-1, -2) * scale).masked_fill(future, float("-inf"))
    probabilities = scores.softmax(-1)
    if v.dtype == torch.bfloat16:  # not so their gradient, as in FlashAttention (Dao et al. 2022): the softmax's is a small difference of it
        probabilities = straight_through(probabilities)
    return (probabilities @ wide(v)).to(v.dtype).transpose(1, 2).flatten(2)


def plain_attention(p, kind, y, _):
    q, k, v = (heads_of(product(y, p[name]), heads)
               for name, heads in (("query", kind.heads), ("key", kind.kv_heads), ("value", kind.kv_heads)))
    table = angles(kind.rope, kind.head_width, y.shape[1])
    k, v = (x.repeat_interleave(kind.heads // kind.kv_heads, 1) for x in (rotate(k, table), v))
    return product(attend(rotate(q, table), k, v, kind.head_width ** -0.5), p["output"])


def latent_attention(p, kind, y, epsilon):
    table = angles(kind.rope, kind.rope_width, y.shape[1])
    query = product(norm(product(y, p["query_down"]), p["query_norm"], epsilon), p["query_up"])
    latent = norm(product(y, p["key_value_down"]), p["key_value_norm"], epsilon)
    q_rope, q_nope = heads_of(query, kind.heads).split((kind.rope_width, kind.nope_width), -1)
    k_rope = rotate(heads_of(product(y, p["key_rope"]), 1), table).expand(-1, kind.heads, -1, -1)
    k_nope, v = (heads_of(product(latent, p[name]), kind.heads) for name in ("key_up", "value_up"))
    temperature = 1 + 0.1 * kind.rope.scaling.mscale * math.log(kind.rope.scaling.factor)
    mixed = attend(torch.cat((q_nope, rotate(q_rope, table)), -1), torch.cat((k_nope, k_rope), -1), v,
                   temperature ** 2 * (kind.nope_width + kind.rope_width) ** -0.5)
    return product(mixed, p["output"])


# ---- Feed forward ---------------------------------------------------------------------------------


def gated(x, gate, up, down):
    hidden = functional.silu(wide(product(x, gate))) * wide(product(x, up))
    return product(hidden.to(x.dtype), down)


def choose(scores, bias, kind):
    ranked = scores.detach() if bias is None else scores.detach() + bias
    if kind.top_groups < kind.groups:
        grouped = ranked.unflatten(-1, (kind.groups, -1))
        kept = grouped.topk(2, -1)[0].sum(-1).topk(kind.top_groups, -1)[1]
        allowed = torch.zeros(grouped.shape[:2], dtype=torch.bool).scatter(1, kept, True)
        ranked = grouped.masked_fill(~allowed[..., None], float("-inf")).flatten(1)
    return ranked.topk(kind.top_k, -1)[1]


def balance_loss(scores, chosen, kind, shape):
    """Per sequence: DeepSeek-V3, equations 17 to 20."""
    slots = functional.one_hot(chosen, kind.experts).to(scores.dtype).sum(1)
    share = slots.view(*shape, -1).mean(1) / kind.top_k
    probability = (scores / scores.sum(-1, keepdim=True)).view(*shape, -1).mean(1)
    return kind.balance_loss * kind.experts * (share * probability).sum(-1).mean()


def route(p, kind, rows, loads):
    logits = wide(rows) @ p["router"]
    scores = logits.softmax(-1) if kind.score == "softmax" else logits.sigmoid()
    if kind.bias_update_rate is None:
        return scores, choose(scores, None, kind)
    chosen = choose(scores, p["selection_bias"], kind)
    loads[p.prefix + "selection_bias"] = (chosen.flatten().bincount(minlength=kind.experts), kind.bias_update_rate)
    return scores, chosen


def moe(p, kind, y, loads):
    rows = y.flatten(0, 1)
    scores, chosen = route(p, kind, rows, loads)
    weights = scores.gather(1, chosen)
    weights = weights / weights.sum(-1, keepdim=True) * kind.scaling
    out = torch.zeros_like(wide(rows))
    for expert, matrices in enumerate(zip(p["expert_gate"], p["expert_up"], p["expert_down"])):
        token, slot = (chosen == expert).nonzero(as_tuple=True)
        out = out.index_add(0, token, wide(gated(rows[token], *matrices)) * weights[token, slot, None])
    out = out.to(rows.dtype)
    for one in range(kind.shared):
        out = out + gated(rows, *(p[f"shared_{one}_{name}"] for name in ("gate", "up", "down")))
    balance = balance_loss(scores, chosen, kind, y.shape[:2]) if kind.balance_loss else 0
    return out.view_as(y), balance


# ---- The model ------------------------------------------------------------------------------------


class Network:
    """loss, further terms = network(tokens and one more of each sequence)"""

    def __init__(self, model, parameters, dtype):
        self.model, self.parameters, self.dtype = model, Scope(Rounded(parameters, dtype)), dtype
        self.loads = {}  # name of a selection bias -> what its experts got, and its rate

    def norm(self, x, weight):
        return norm(x, weight, self.model.norm_epsilon)

    def layer(self, p, kinds, x):
        attention, feed_forward = kinds
        at = p.inner("attention")
        run = {Attention: plain_attention, LatentAttention: latent_attention}[type(attention)]
        x = x + run(at, attention, self.norm(x, at["norm"]), self.model.norm_epsilon)
        if isinstance(feed_forward, Mlp):
            at = p.inner("mlp")
            return x + gated(self.norm(x, at["norm"]), at["gate"], at["up"], at["down"]), 0
        at = p.inner("moe")
        added, balance = moe(at, feed_forward, self.norm(x, at["norm"]), self.loads)
        return x + added, balance

    def entropy(self, x, targets):
        logits = product(x, self.parameters["head.output"])
        return functional.cross_entropy(wide(logits).flatten(0, 1), targets.flatten(), ignore_index=-1, reduction="sum")

    def further_token(self, x, targets):
        """DeepSeek-V3, equations 21 to 25: the token after the next one."""
        p, table = self.parameters.inner("mtp.0"), self.parameters["embedding.table"]
        at = p.inner("input")
        x = (product(self.norm(x, at["stream_norm"]), at["stream_projection"]) +
             product(self.norm(table[targets].to(self.dtype), at["token_norm"]), at["token_projection"]))
        x, balance = self.layer(p, self.model.further_token, x)
        after = torch.cat((targets[:, 1:], torch.full_like(targets[:, :1], -1)), 1)
        loss = self.entropy(self.norm(x, p["output.norm"]), after) / targets.numel()
        return self.model.further_token_loss * loss + balance

    def __call__(self, rows):
        tokens, targets = rows[:, :-1], rows[:, 1:]
        x, further = self.parameters["embedding.table"][tokens].to(self.dtype), 0
        for index, kinds in enumerate(self.model.layers):
            x, balance = self.layer(self.parameters.inner(f"layers.{index}"), kinds, x)
            further = further + balance
        if self.model.further_token:
            further = further + self.further_token(x, targets)
        loss = self.entropy(self.norm(x, self.parameters["head.norm"]), targets) / targets.numel()
        return loss, further
