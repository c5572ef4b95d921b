"""Rows of published measurements: read, checked, and completed by the rules of docs/validation.md.

A row becomes a Run, which says everything that a prediction needs, or is refused with a reason.
"""

import copy
import csv
import dataclasses
import re
from typing import Optional

import machines
import models

INTEGERS = ["layers", "hidden", "heads", "kv_heads", "ffn", "experts", "topk", "moe_ffn", "seq_len", "devices", "tp",
            "cp", "pp", "vpp", "ep", "etp", "dp", "mbs", "gbs"]
NUMBERS = ["params_b", "step_time_s", "tokens_per_s_per_device", "tflops_per_device", "mfu_pct", "mem_gib"]
TEXTS = ["row_id", "source_key", "model", "arch", "accelerator", "sharding", "precision", "recompute", "schedule",
         "outcome", "note"]
REMARKS = ["source", "source_kind", "verified", "shape_from", "step_time_kind", "mem_kind"]
NEEDED = ["row_id", "source_key", "model", "seq_len", "accelerator", "devices", "gbs"]  # without them, no prediction
COLUMNS = INTEGERS + NUMBERS + TEXTS + REMARKS  # others are not read
ARCHS = ["dense", "moe", "hybrid-moe"]
OUTCOMES = ["ok", "OOM"]
NOTHING = ("", "-", "n/a", "na")  # of a number that is not stated
GIB = 2**30
MOST_LAYERS = 4096  # a plan says something of each


class DataError(Exception):
    """The file is not what it should be; says where."""


class Refusal(Exception):
    """No prediction of this row; says why."""


@dataclasses.dataclass
class Run:
    row: str
    source: str
    name: str  # of the model
    model: models.Model
    machine: machines.Machine
    devices: int
    precision: str  # bf16, fp8 or fp4
    global_batch: int
    layout: dict
    software: str  # whose kernels and overlap: pytorch or megatron
    remat: Optional[str]  # None: not stated
    dispatch: str  # per_choice, or per_node
    captured: bool  # the step is one CUDA graph, of which a host issues nothing
    filled: list  # what the row did not state, and what stands in its place
    seconds: Optional[float] = None
    memory_gib: Optional[float] = None
    memory_kind: str = ""
    oom: bool = False

    @property
    def group(self):
        kind = "moe" if self.model.experts else "dense"
        return kind + (" 16-bit" if self.precision == "bf16" else " 8-bit")

    @property
    def comparable(self):
        """Runs that differ in nothing but their layout."""
        return (self.source, self.name, self.model.sequence, self.devices, self.machine.name, self.precision,
                self.global_batch, self.model.layers)


def read(path, say=lambda text: None):
    """A dictionary of texts for each row, and `where` it is. Lines end as on any system; a byte order mark may lead.
    Columns that are missing or not read are said."""
    line = 1
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
            _check_header(f"{path}:1", reader.fieldnames, say)
            rows = []
            for texts in reader:
                line = reader.line_num
                if None in texts or None in texts.values():
                    raise DataError(f"{path}:{line}: row {texts['row_id'] or '?'}: has "
                                    f"{'more' if None in texts else 'fewer'} fields than the header")
                rows.append({**dict.fromkeys(COLUMNS, ""), **texts, "where": f"{path}:{line}"})
            return rows
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8") from error
    except csv.Error as error:
        raise DataError(f"{path}:{line + 1}: {error}") from error


def _check_header(where, names, say):
    for name in COLUMNS:
        if names.count(name) > 1:
            raise DataError(f"{where}: column {name} is there twice")
    for name in NEEDED:
        if name not in names:
            raise DataError(f"{where}: column {name} is missing")
    missing = [name for name in COLUMNS if name not in names and name not in REMARKS]
    unread = [name for name in names if name and name not in COLUMNS]
    if missing:
        say(f"{where}: not stated by any row, for lack of a column: {', '.join(missing)}")
    if unread:
        say(f"{where}: not read: {', '.join(unread)}")


def _fields(row):
    """Of a row as it was read; empty ones are None."""
    fields = {name: text.strip() or None for name, text in row.items()}
    for name in INTEGERS + NUMBERS:
        if fields[name] and fields[name].lower() in NOTHING:
            fields[name] = None
    fields["outcome"] = fields["outcome"] or "ok"
    for names, kind, allowed in ((INTEGERS, int, "a whole number of at least 1"),
                                 (NUMBERS, float, "a positive number")):
        for name in names:
            if fields[name] is not None:
                fields[name] = _number(row["where"], name, fields[name], kind, allowed)
    for name, values in (("arch", ARCHS), ("outcome", OUTCOMES)):
        if fields[name] is None:
            continue
        fields[name] = next((value for value in values if value.lower() == fields[name].lower()), fields[name])
        if fields[name] not in values:
            raise Refusal(f"{row['where']}: column {name} is '{fields[name]}'; allowed: {', '.join(values)}")
    return fields


def _number(where, name, text, kind, allowed):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e15 or (kind is int and value != int(value)):
        raise Refusal(f"{where}: column {name} is '{text}'; allowed: {allowed}, or nothing")
    return kind(value)


# From a row to a run.


def complete(row):
    row = _fields(row)
    filled = []

    def default(value, instead, name):
        if value is None:
            filled.append(f"{name} {instead}")
        return instead if value is None else value

    for column in ("row_id", "source_key", "model", "accelerator", "devices"):
        if row[column] is None:
            raise Refusal(f"column {column} is empty")
    if row["arch"] == "hybrid-moe":
        raise Refusal("layers that are not attention (Mamba) cannot be said")
    # Without who publishes it: "meta-llama/Meta-Llama-3-8B".
    name = re.sub(r"^meta|[^a-z0-9]", "", row["model"].lower().split("/")[-1])
    model = _model(row, name, default)
    machine = machines.find(row["accelerator"])
    if machine is None:
        raise Refusal(f"no figures of accelerator {row['accelerator']}")
    if model.layers > MOST_LAYERS:
        raise Refusal(f"{model.layers} layers are more than {MOST_LAYERS}")
    precision = _precision(row, machine)
    layout = _layout(row, model, default)
    run = Run(row["row_id"], row["source_key"], row["model"], model, machine, row["devices"], precision,
              layout.pop("global_batch"), layout, _software(row), _remat(row, _software(row)),
              _dispatch(row), _captured(row, layout), filled, oom=row["outcome"] == "OOM")
    if run.remat is None:
        filled.append("recompute none")
    if run.captured:
        filled.append("step captured")
    if layout["etp"] > 1 and model.experts and model.experts.bias:
        model.experts.bias = False  # sigma does not split them
        filled.append("biases of experts none")
    run.seconds = _seconds(row, run)
    if row["mem_gib"]:
        run.memory_gib, run.memory_kind = row["mem_gib"], row["mem_kind"] or ""
    return run


def _model(row, name, default):
    known = [key for key, model in models.PUBLISHED.items()
             if name.startswith(key) and row["hidden"] in (None, model.width)
             and row["arch"] in (None, "moe" if model.experts else "dense")]
    model = copy.deepcopy(models.PUBLISHED[max(known, key=len)]) if known else _unpublished(row, name, default)
    if row["seq_len"] is None:
        raise Refusal("sequence length is not stated")
    model.sequence = row["seq_len"]
    note = row["note"] or ""
    if known:
        whole = model.layers
        model.layers = row["layers"] or whole
        if row["ffn"] and model.ffn:
            model.ffn = row["ffn"]
        if row["kv_heads"] and not model.attention.latent:
            model.attention.kv_heads = row["kv_heads"]
        if model.experts:
            model.experts.count = row["experts"] or model.experts.count
            model.experts.top_k = row["topk"] or model.experts.top_k
            model.experts.width = row["moe_ffn"] or model.experts.width
            if row["experts"] and row["experts"] % model.experts.groups:
                model.experts.groups = model.experts.top_groups = 1
        if model.experts and row["layers"] and row["layers"] < whole:
            # A model cut down keeps one of its dense layers (SimuMax's summary says so of DeepSeek-V3's three).
            model.experts.dense_layers = min(1, model.experts.dense_layers)
    if vocabulary := re.search(r"\bvocab (\d+)", note):
        model.vocabulary = int(vocabulary.group(1))
    model.mtp = _mtp(row, model) if model.mtp else 0
    return model


def _mtp(row, model):
    """Published, but not always trained: what the note says, or else what FLOPs per token say, if both are stated."""
    note, tflops, tokens = row["note"] or "", row["tflops_per_device"], row["tokens_per_s_per_device"]
    if "w/ MTP" in note or "w/o MTP" in note or not (tflops and tokens):
        return model.mtp if "w/ MTP" in note else 0
    stated = tflops * 1e12 / tokens
    counts = {dataclasses.replace(model, mtp=mtp).flops_per_token(whole): mtp
              for mtp in (0, model.mtp) for whole in (False, True)}
    return counts[min(counts, key=lambda flops: abs(flops - stated))]


# Tables that state the size of a whole family, not each feed-forward width: the widths that give the stated parameters.
FAMILY_FFN = {"llamalike": {2048: 8192, 3072: 8192, 4096: 14336, 8192: 28672, 16384: 53248}}
FAMILY_VOCABULARY = {"llamalike": 131072}


def _unpublished(row, name, default):
    for column in ("layers", "hidden", "heads"):
        if row[column] is None:
            raise Refusal(f"column {column} of a model without a published shape is not stated")
    width, heads = row["hidden"], row["heads"]
    if width % heads:
        raise Refusal("heads do not divide hidden")
    family = next((key for key in FAMILY_FFN if name.startswith(key)), None)
    gpt = name.startswith("gpt")
    kv_heads = default(row["kv_heads"], heads, "kv_heads")
    ffn = row["ffn"] or (FAMILY_FFN[family].get(width) if family else None)
    if row["arch"] == "moe" or row["experts"]:
        if not (row["experts"] and row["topk"] and row["moe_ffn"]):
            raise Refusal("experts of a model without a published shape are not stated")
        experts = models.Experts(row["experts"], row["topk"], row["moe_ffn"])
        ffn = 0
    else:
        experts = None
        ffn = default(ffn, 4 * width if gpt else -(-8 * width // 3 // 256) * 256, "ffn")
    vocabulary = FAMILY_VOCABULARY.get(family, 51200 if gpt else 128256)
    attention = models.Attention(heads, kv_heads, width // heads, bias=gpt)
    model = models.Model(width, row["layers"], attention, ffn, vocabulary, gated=not gpt, gpt=gpt, tied=gpt,
                         experts=experts)
    if row["params_b"] and not gpt:  # tied, or not: what the parameters say
        options = [dataclasses.replace(model, tied=tied) for tied in (False, True)]
        model = min(options, key=lambda option: abs(option.parameters() / 1e9 - row["params_b"]))
    return model


def _precision(row, machine):
    text = (row["precision"] or "").upper()
    if re.search(r"FP32|TF32|FLOAT32|32-BIT|INT8", text) and "16" not in text:
        raise Refusal(f"precision {row['precision']} is not one that is fitted: 16, 8 or 4 bits of floating point")
    precision = "fp4" if "FP4" in text else "fp8" if "FP8" in text else "bf16"
    if machine.peak(precision) is None:
        raise Refusal(f"{machine.name} has no {precision}")
    return precision


def _layout(row, model, default):
    layout = {name: default(row[name], 1, name) for name in ("tp", "cp", "pp", "ep")}
    shared = layout["tp"] * layout["cp"] * layout["pp"]
    if row["devices"] % shared:
        raise Refusal("tp x cp x pp does not divide the devices")
    layout["dp"] = default(row["dp"], row["devices"] // shared, "dp")
    if layout["dp"] * shared != row["devices"]:
        raise Refusal("the layout does not multiply out to the devices")
    if row["gbs"] is None:
        raise Refusal("global batch is not stated")
    # Some tables count tokens.
    batch = row["gbs"] // model.sequence if row["gbs"] > 65536 else row["gbs"]
    layout["zero"] = _zero(row, default) if layout["dp"] * layout["cp"] > 1 else 0
    if layout["pp"] > model.layers:
        raise Refusal("more stages than layers")
    if batch == 0:
        raise Refusal("the global batch has fewer tokens than a sequence")
    local = max(1, batch // layout["dp"])
    whole = layout["pp"] == 1 and "local batch" in (row["note"] or "")
    micro = default(row["mbs"], local if whole else 1, "mbs")
    if batch % (layout["dp"] * micro):
        raise Refusal("the global batch does not divide by dp x mbs")
    layout["etp"] = _etp(row, layout, default)
    replicas = layout["tp"] * layout["cp"] * layout["dp"] // (layout["etp"] * layout["ep"])
    layout["expertZero"] = layout["zero"] if model.experts and replicas > 1 else 0
    layout["microBatch"], layout["global_batch"] = micro, batch
    layout["vpp"] = _vpp(row, layout, model, batch // (layout["dp"] * micro), default)
    layout["schedule"] = "interleaved" if layout["vpp"] > 1 else "1f1b"
    return layout


def _zero(row, default):
    text = (row["sharding"] or "").upper()
    for word, stage in (("FSDP", 3), ("ZERO-3", 3), ("ZERO-2", 2), ("ZERO-1", 1), ("DISTRIBUTED OPT", 1),
                        ("ZERO-0", 0), ("DDP", 0)):
        if word in text:
            return stage
    # Megatron-Core overlaps the gathering of parameters only with its distributed optimizer.
    return default(None, 1 if "overlap on" in (row["note"] or "") else 0, "zero")


def _etp(row, layout, default):
    """Before expert tensor parallelism had a size of its own, it was tp."""
    if layout["ep"] == 1 and not row["experts"]:
        return 1
    ranks = layout["tp"] * layout["cp"] * layout["dp"]
    unfolded = layout["tp"] if layout["ep"] * layout["tp"] <= ranks and row["source_key"].startswith("moe-") else 1
    return default(row["etp"], unfolded, "etp")


def _vpp(row, layout, model, micro_batches, default):
    pp = layout["pp"]
    schedule = (row["schedule"] or "").lower()
    if row["vpp"] is None and pp > 1 and schedule != "1f1b":
        # Megatron's users interleave where that works out, usually a layer to a chunk; PyTorch's default is two chunks.
        works = model.layers >= 2 * pp and micro_batches % pp == 0
        if works and schedule:
            return default(None, 2, "vpp")
        return default(None, model.layers // pp if works and model.layers % pp == 0 else 1, "vpp")
    stated = default(row["vpp"], 1, "vpp") if pp > 1 else 1
    if stated > 1 and micro_batches % pp:
        raise Refusal("interleaved: the micro-batches do not divide by pp")
    return min(stated, model.layers // pp)


def split(layers, pp, vpp, mtp=0):
    """Chunks of each stage as [first, end): even; where that does not work out, the embedding, the head and what predicts
    further tokens count as a layer each (Megatron-LM's account_for_embedding_in_pipeline_split,
    _loss_in_pipeline_split), and what is left over goes to the front."""
    pieces = pp * vpp
    if layers % pieces == 0:
        counts = [layers // pieces] * pieces
    else:
        base, extra = divmod(layers + 2 + mtp, pieces)
        counts = [base + (1 if i < extra else 0) for i in range(pieces)]
        counts[0] -= 1
        counts[-1] -= 1 + mtp
        for empty in (0, -1):  # a piece has at least one layer
            while counts[empty] < 1:
                counts[empty] += 1
                counts[counts.index(max(counts))] -= 1
    bounds = [0]
    for count in counts:
        bounds.append(bounds[-1] + count)
    pieces = list(zip(bounds, bounds[1:]))
    return [[list(pieces[chunk * pp + stage]) for chunk in range(vpp)] for stage in range(pp)]


# PyTorch without Megatron's and Transformer Engine's kernels.
PYTORCH = ("torchtitan", "nanotron", "fsdp2", "hugging face", "huggingface", "pytorch fsdp", "llm-foundry", "mosaicml",
           "litgpt", "lightning")


def _words(row):
    return " ".join(row[name] or "" for name in ("source_key", "source", "sharding", "note") if name in row).lower()


def _software(row):
    return "pytorch" if any(word in _words(row) for word in PYTORCH) else "megatron"


# Dispatchers that send a token once to a node; those of Megatron Bridge's tuned recipes.
PER_NODE = ("deepep", "hybridep", "bridge")


def _drops_tokens(row):
    return bool(re.search("token.?drop(?!less)", _words(row)))


def _dispatch(row):
    """Megatron drops tokens with its all-to-all only."""
    known = any(word in _words(row) for word in PER_NODE) and not _drops_tokens(row)
    return "per_node" if known else "per_choice"


def _captured(row, layout):
    """Bridge's recipes that drop tokens, so that shapes are known before, and have one stage do so."""
    return _drops_tokens(row) and "bridge" in _words(row) and layout["pp"] == 1


def _remat(row, software):
    text = (row["recompute"] or "").lower()
    if text.startswith("full"):
        return "full"
    # PyTorch's selective checkpointing recomputes every second product, and all that is not a product.
    if text.startswith("selective") and software == "pytorch":
        return None
    # What Megatron selectively recomputes, the scores, is never kept by attention as sigma has it. What is "not
    # recorded" was left as it is by default.
    if text.startswith(("none", "selective", "not recorded")):
        return "none"
    return None


def _seconds(row, run):
    """The measured step, whatever of it the source states."""
    if run.oom:
        return None
    tokens = run.global_batch * run.model.sequence / run.devices
    if row["step_time_s"]:
        return row["step_time_s"]
    if row["tokens_per_s_per_device"]:
        return tokens / row["tokens_per_s_per_device"]
    flops = tokens * run.model.flops_per_token()
    if row["tflops_per_device"]:
        # Recomputation counts where the source says so: another forward of all layers.
        if "hardware FLOPs" in (row["note"] or ""):
            head = 6 * run.model.vocabulary * run.model.width * tokens
            flops = head + (flops - head) * 4 / 3
        return flops / (row["tflops_per_device"] * 1e12)
    if row["mfu_pct"]:
        return flops / (row["mfu_pct"] / 100 * run.machine.peak("bf16"))
    raise Refusal("no time, throughput or utilization is stated")
