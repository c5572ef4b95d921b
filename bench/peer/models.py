"""The models that the peer knows, written down a second time: sizes, not code."""

import dataclasses
import pathlib
from typing import Optional, Tuple, Union

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Yarn:
    """Peng et al. 2023, with DeepSeek's mscale equal to its mscale_all_dim."""
    factor: float
    original_positions: int
    mscale: float
    beta_fast: float = 32.0
    beta_slow: float = 1.0


@dataclasses.dataclass(frozen=True)
class Llama3:
    """Grattafiori et al. 2024."""
    factor: float
    original_positions: int
    low_freq_factor: float
    high_freq_factor: float


@dataclasses.dataclass(frozen=True)
class Rope:
    base: float
    scaling: Union[Yarn, Llama3, None] = None


@dataclasses.dataclass(frozen=True)
class Attention:
    heads: int
    kv_heads: int
    head_width: int
    rope: Rope


@dataclasses.dataclass(frozen=True)
class LatentAttention:
    heads: int
    nope_width: int
    rope_width: int
    value_width: int
    rope: Rope


@dataclasses.dataclass(frozen=True)
class Mlp:
    pass


@dataclasses.dataclass(frozen=True)
class Moe:
    experts: int
    top_k: int
    score: str  # softmax, sigmoid
    scaling: float = 1.0
    groups: int = 1
    top_groups: int = 1
    shared: int = 0
    balance_loss: float = 0.0
    bias_update_rate: Optional[float] = None  # None: no selection bias


Layer = Tuple[Union[Attention, LatentAttention], Union[Mlp, Moe]]


@dataclasses.dataclass(frozen=True)
class Model:
    """A pre-norm transformer on bytes and the job that trains it: `job` of `spec`."""
    spec: pathlib.Path
    job: str
    batch: int
    sequence: int
    layers: Tuple[Layer, ...]
    learning_rate: float
    warmup: int
    further_token: Optional[Layer] = None
    further_token_loss: float = 0.3
    norm_epsilon: float = 1e-6
    betas: Tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.1
    clip: float = 1.0


ARCHITECTURES = ROOT / "test/Inputs/architectures.mlir"
LATENT = LatentAttention(4, 8, 4, 6, Rope(1e4, Yarn(40.0, 8, 1.0)))
DEEPSEEK_MOE = Moe(8, 3, "sigmoid", scaling=2.5, groups=4, top_groups=2, shared=1, bias_update_rate=1e-3)

MODELS = {
    "byte-moe": Model(ROOT / "examples/byte-moe.mlir", "run", 8, 256,
                      ((Attention(8, 8, 32, Rope(1e4)), Moe(8, 2, "softmax", balance_loss=1e-2)),) * 4, 1e-3, 20),
    "moe-100m": Model(ROOT / "examples/moe-100m.mlir", "run", 4, 512,
                      ((Attention(8, 4, 64, Rope(1e4)), Moe(8, 2, "softmax", balance_loss=1e-2)),) * 8, 1e-3, 20),
    "deepseek": Model(ARCHITECTURES, "deepseek_v3_job", 4, 16, ((LATENT, Mlp()), (LATENT, DEEPSEEK_MOE)), 1e-2, 2,
                      further_token=(LATENT, DEEPSEEK_MOE)),
    "dense": Model(ARCHITECTURES, "llama_3_1_job", 4, 16,
                   ((Attention(4, 2, 8, Rope(5e5, Llama3(8.0, 8, 1.0, 4.0))), Mlp()),) * 2, 1e-2, 2, norm_epsilon=1e-5),
}
