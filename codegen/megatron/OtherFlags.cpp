#include "codegen/megatron/OtherFlags.h"

#include <algorithm>

using namespace sigma::megatron;

namespace {

// Flags that change the layout in ways that no plan has.
struct Refused {
  std::string_view name, why;
};

constexpr Refused kRefused[] = {
    {"--batch-size", "Megatron-LM dropped it; use --micro-batch-size"},
    {"--model-parallel-size", "Megatron-LM dropped it; use --tensor-model-parallel-size"},
    {"--checkpoint-activations", "Megatron-LM dropped it; use --recompute-granularity"},
    {"--rampup-batch-size", "the batch of a plan does not change; plan each size by itself"},
    {"--hierarchical-context-parallel-sizes", "use --cp-comm-type p2p or a2a without it"},
    {"--distribute-saved-activations", "sequence parallelism shares them already"},
    {"--use-torch-fsdp2", "use --use-megatron-fsdp"},
    {"--torch-fsdp2-no-reshard-after-forward", "use --use-megatron-fsdp"},
    {"--num-distributed-optimizer-instances", "a plan shards over all replicas"},
    {"--enable-full-sharding-in-hsdp", "a plan shards over all replicas"},
    {"--microbatch-group-size-per-virtual-pipeline-stage", "a plan's groups have pp micro-batches"},
    {"--cpu-offloading-num-layers", "plans do not offload; use recomputation"},
    {"--optimizer-cpu-offload", "plans do not offload; use --use-distributed-optimizer"},
    {"--moe-layer-recompute", "use --recompute-granularity selective --recompute-modules moe"},
    {"--use-mp-args-from-checkpoint-args", "the layout would come from a checkpoint; state it"},
    {"--use-checkpoint-args", "the layout would come from a checkpoint; state it"},
    {"--moe-extended-tp", "Megatron-LM dropped it; use --expert-tensor-parallel-size"},
    {"--standalone-embedding-stage", "a stage of a plan holds layers"},
    {"--yaml-cfg", "the layout would come from another file; give its flags"},
    {"--heterogeneous-layers-config-path", "the layers would come from another file"},
    {"--heterogeneous-layers-config-encoded-json", "the layers would be others than the model's"},
};

// Flags of no concern, although they sound like the layout.
constexpr std::string_view kIgnored[] = {
    "--data-parallel-random-init",
    "--overlap-moe-expert-parallel-comm",
    "--no-scatter-gather-tensors-in-pipeline",
    "--fsdp-double-buffer",
    "--use-parallel-residual",
    "--distrib-optim-fully-reshardable-mem-efficient",
    "--keep-fp8-transpose-cache-when-using-custom-fsdp",
};

// What parts of a name say that a flag changes the layout.
constexpr std::string_view kLayoutWords[] = {"parallel",    "pipeline",   "recompute",
                                             "fsdp",        "shard",      "offload",
                                             "micro-batch", "microbatch", "micro_batch"};

} // namespace

std::string sigma::megatron::refusalOf(std::string_view flag) {
  for (const Refused &refused : kRefused)
    if (refused.name == flag)
      return ": " + std::string(refused.why);
  bool isOfCheckpoints = flag.find("ckpt") != std::string_view::npos;
  if (isOfCheckpoints ||
      std::find(std::begin(kIgnored), std::end(kIgnored), flag) != std::end(kIgnored))
    return {};
  for (std::string_view word : kLayoutWords)
    if (flag.find(word) != std::string_view::npos)
      return " is not known, and '" + std::string(word) + "' says that it changes the layout";
  return {};
}
