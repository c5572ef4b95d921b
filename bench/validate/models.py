"""Shapes of the models that rows name, and their text in sigma's model dialect.

A published model has its published shape; what a row states (layers, heads, …) goes before it, because sources cut
models down. A model that nobody published is a GPT (its name says so) or a Llama.
"""

import dataclasses
from typing import Optional


@dataclasses.dataclass
class Attention:
    heads: int
    kv_heads: int
    head_width: int
    bias: bool = False
    qk_norm: bool = False
    window: Optional[int] = None  # of every second layer
    sinks: bool = False
    latent: Optional[dict] = None  # q_rank, kv_rank, nope_width, rope_width, value_width


@dataclasses.dataclass
class Experts:
    count: int
    top_k: int
    width: int
    shared_width: int = 0
    dense_layers: int = 0  # how many layers come before the first with experts
    groups: int = 1
    top_groups: int = 1  # that a token's experts are from
    bias: bool = False  # of experts and router
    limit: Optional[float] = None  # of a clamped SwiGLU


@dataclasses.dataclass
class Model:
    width: int
    layers: int
    attention: Attention
    ffn: int  # of dense layers; 0 where there are none
    vocabulary: int
    sequence: int = 4096
    gated: bool = True
    gpt: bool = False  # LayerNorm with bias, biases, learned positions
    tied: bool = False
    experts: Optional[Experts] = None
    mtp: int = 0  # modules that predict further tokens

    @property
    def dense_layers(self):
        return self.experts.dense_layers if self.experts else self.layers

    # Parameters and FLOPs serve to read what a source counted, never to predict.

    def attention_parameters(self):
        a, h = self.attention, self.width
        if not a.latent:
            return h * a.head_width * (2 * a.heads + 2 * a.kv_heads)
        m = a.latent
        query_width = a.heads * (m["nope_width"] + m["rope_width"])
        query = (h + query_width) * m["q_rank"] if m["q_rank"] else h * query_width
        key_value = h * (m["kv_rank"] + m["rope_width"]) + m["kv_rank"] * a.heads * (m["nope_width"] + m["value_width"])
        return query + key_value + a.heads * m["value_width"] * h

    def matrices(self, active):
        """Parameters of all matrix products but the vocabulary's; of a token's experts only, if `active`."""
        dense = self.dense_layers * self.matrices_per_width() * self.ffn
        rest = (self.layers - self.dense_layers) * self.feed_forward(active)
        return self.layers * self.attention_parameters() + dense + rest

    def matrices_per_width(self):
        return (3 if self.gated else 2) * self.width

    def feed_forward(self, active):
        """Of the last layer."""
        if not (e := self.experts):
            return self.matrices_per_width() * self.ffn
        experts = (e.top_k if active else e.count) * e.width + e.shared_width
        return self.matrices_per_width() * experts + self.width * e.count

    def parameters(self):
        return self.matrices(active=False) + (1 if self.tied else 2) * self.vocabulary * self.width

    def flops_per_token(self, whole_square=True):
        """Of forward and backward as Megatron-LM counts them: the square of scores or half of it, no recomputation."""
        a = self.attention
        key, value = a.head_width, a.head_width
        if a.latent:
            key, value = a.latent["nope_width"] + a.latent["rope_width"], a.latent["value_width"]
        scores = self.sequence * a.heads * (key + value) * (1 if whole_square else 0.5)
        modules = self.attention_parameters() + self.feed_forward(active=True) + 2 * self.width**2 + scores
        return 6 * (self.matrices(active=True) + self.layers * scores + self.mtp * modules
                    + (1 + self.mtp) * self.vocabulary * self.width)

    def text(self, name):
        lines = [f"sigma.model @{name} sequence {self.sequence}" + (" norm layer" if self.gpt else "") + " {"]
        positions = f" positions {self.sequence}" if self.gpt else ""
        lines.append(f"  sigma.embedding vocabulary {self.vocabulary} width {self.width}{positions}")
        dense = self.mlp_text()
        lines += self.repeat_text(self.dense_layers, dense)
        if self.experts:
            lines += self.repeat_text(self.layers - self.dense_layers, self.moe_text())
        if self.mtp:
            lines += [f"  sigma.mtp {self.mtp} {{", "    " + self.attention_text(False),
                      "    " + (self.moe_text() if self.experts else dense), "  }"]
        lines.append("  sigma.head " + ("tied" if self.tied else "untied"))
        return "\n".join(lines + ["}"])

    def repeat_text(self, count, feed_forward):
        if count == 0:
            return []
        if not self.attention.window:
            return [f"  sigma.repeat {count} {{", "    " + self.attention_text(False), "    " + feed_forward, "  }"]
        lines = [f"  sigma.repeat {count // 2} {{", "    " + self.attention_text(True), "    " + feed_forward,
                 "    " + self.attention_text(False), "    " + feed_forward, "  }"]
        return lines + (self.repeat_text_once(feed_forward) if count % 2 else [])

    def repeat_text_once(self, feed_forward):
        return ["  sigma.repeat 1 {", "    " + self.attention_text(True), "    " + feed_forward, "  }"]

    def attention_text(self, windowed):
        a = self.attention
        if a.latent:
            sizes = " ".join(f"{key} {value}" for key, value in a.latent.items() if value)
            return f"sigma.latent_attention heads {a.heads} {sizes} rope 1.0e4"
        text = f"sigma.attention heads {a.heads} kv_heads {a.kv_heads} head_width {a.head_width}"
        if not self.gpt:
            text += " rope 5.0e5"
        if a.qk_norm:
            text += " qk_norm"
        if a.bias:
            text += " bias [query, key, value, output]"
        if a.sinks:
            text += " sinks"
        return text + (f" window {a.window}" if windowed else "")

    def mlp_text(self):
        gelu = "" if self.gated else " activation gelu"
        return f"sigma.mlp width {self.ffn}{gelu}" + (" bias" if self.gpt else "")

    def moe_text(self):
        e = self.experts
        shared = f" shared 1 shared_width {e.shared_width}" if e.shared_width else ""
        bias = " router_bias bias" if e.bias else ""
        groups = f" groups {e.groups} top_groups {e.top_groups}" if e.groups > 1 else ""
        activation = f" activation clamped_swiglu limit {e.limit}" if e.limit else ""
        return (f"sigma.moe experts {e.count} top_k {e.top_k} width {e.width} router softmax normalize"
                f"{groups}{bias}{activation}{shared}")


def _latent(q_rank):
    return {"q_rank": q_rank, "kv_rank": 512, "nope_width": 128, "rope_width": 64, "value_width": 128}


def _llama(width, layers, heads, kv_heads, ffn, vocabulary=128256):
    return Model(width, layers, Attention(heads, kv_heads, width // heads), ffn, vocabulary)


def _gpt(width, layers, heads):
    return Model(width, layers, Attention(heads, heads, width // heads, bias=True), 4 * width, 51200, gated=False, gpt=True,
                 tied=True)


def _qwen3(width, layers, heads, ffn):
    return Model(width, layers, Attention(heads, 8, 128, qk_norm=True), ffn, 151936)


def _moe(width, layers, attention, vocabulary, experts, ffn=0, mtp=0):
    return Model(width, layers, attention, ffn, vocabulary, experts=experts, mtp=mtp)


def _gpt_oss_attention():
    return Attention(64, 8, 64, bias=True, window=128, sinks=True)


def _gpt_oss_experts(count):
    return Experts(count, 4, 2880, bias=True, limit=7.0)


# By the start of the name, letters and digits only. Figures: each model's config.json.
PUBLISHED = {
    "llama38b": _llama(4096, 32, 32, 8, 14336),
    "llama318b": _llama(4096, 32, 32, 8, 14336),
    "llama370b": _llama(8192, 80, 64, 8, 28672),
    "llama3170b": _llama(8192, 80, 64, 8, 28672),
    "llama31405b": _llama(16384, 126, 128, 8, 53248),
    "llama3405b": _llama(16384, 126, 128, 8, 53248),
    "llama27b": _llama(4096, 32, 32, 32, 11008, 32000),
    "llama213b": _llama(5120, 40, 40, 40, 13824, 32000),
    "llama270b": _llama(8192, 80, 64, 8, 28672, 32000),
    "llama3370b": _llama(8192, 80, 64, 8, 28672),
    "llama321b": dataclasses.replace(_llama(2048, 16, 32, 8, 8192), tied=True),
    "llama323b": dataclasses.replace(_llama(3072, 28, 24, 8, 8192), tied=True),
    "llama7b": _llama(4096, 32, 32, 32, 11008, 32000),
    "llama13b": _llama(5120, 40, 40, 40, 13824, 32000),
    "llama30b": _llama(6656, 60, 52, 52, 17920, 32000),
    "llama33b": _llama(6656, 60, 52, 52, 17920, 32000),
    "llama65b": _llama(8192, 80, 64, 64, 22016, 32000),
    "mistral7b": _llama(4096, 32, 32, 8, 14336, 32000),
    "qwen2514b": _llama(5120, 48, 40, 8, 13824, 152064),
    "qwen2532b": _llama(5120, 64, 40, 8, 27648, 152064),
    "qwen2572b": _llama(8192, 80, 64, 8, 29568, 152064),
    "qwen38b": _qwen3(4096, 36, 32, 12288),
    "qwen314b": _qwen3(5120, 40, 40, 17408),
    "qwen332b": _qwen3(5120, 64, 64, 25600),
    "gpt3175b": _gpt(12288, 96, 96),
    "llama38x70b": _moe(8192, 80, Attention(64, 8, 128), 128256, Experts(8, 2, 28672)),
    "mixtral8x7b": _moe(4096, 32, Attention(32, 8, 128), 32000, Experts(8, 2, 14336)),
    "mixtral8x22bg8t8": _moe(6144, 56, Attention(48, 8, 128), 32768, Experts(64, 8, 2048)),
    "mixtral8x22b": _moe(6144, 56, Attention(48, 8, 128), 32768, Experts(8, 2, 16384)),
    "qwen257b": _moe(3584, 28, Attention(28, 4, 128), 151936, Experts(64, 8, 2560, 20480)),
    "qwen330b": _moe(2048, 48, Attention(32, 4, 128, qk_norm=True), 151936, Experts(128, 8, 768)),
    "qwen3235b": _moe(4096, 94, Attention(64, 4, 128, qk_norm=True), 151936, Experts(128, 8, 1536)),
    "gptoss20b": _moe(2880, 24, _gpt_oss_attention(), 201088, _gpt_oss_experts(32)),
    "gptoss120b": _moe(2880, 36, _gpt_oss_attention(), 201088, _gpt_oss_experts(128)),
    "olmoe": _moe(2048, 16, Attention(16, 16, 128, qk_norm=True), 50304, Experts(64, 8, 1024)),
    "deepseekmoe16b": _moe(2048, 28, Attention(16, 16, 128), 102400, Experts(64, 6, 1408, 2 * 1408, 1), ffn=10944),
    "deepseekv2lite": _moe(2048, 27, Attention(16, 16, 192, latent=_latent(0)), 102400,
                           Experts(64, 6, 1408, 2 * 1408, 1), ffn=10944),
    "deepseekv2": _moe(5120, 60, Attention(128, 128, 192, latent=_latent(1536)), 102400,
                       Experts(160, 6, 1536, 2 * 1536, 1, groups=8, top_groups=3), ffn=12288),
    "deepseekv3": _moe(7168, 61, Attention(128, 128, 192, latent=_latent(1536)), 129280,
                       Experts(256, 8, 2048, 2048, 3, groups=8, top_groups=4), ffn=18432, mtp=1),
    "deepseekr1": _moe(7168, 61, Attention(128, 128, 192, latent=_latent(1536)), 129280,
                       Experts(256, 8, 2048, 2048, 3, groups=8, top_groups=4), ffn=18432, mtp=1),
    "kimik2": _moe(7168, 61, Attention(64, 64, 192, latent=_latent(1536)), 163840,
                   Experts(384, 8, 2048, 2048, 1), ffn=18432),
}
