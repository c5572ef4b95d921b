#include "codegen/megatron/Launch.h"

using namespace sigma::megatron;

namespace {

class Printer {
public:
  std::string text;

  void add(const std::string &flag) { text += flag + "\n"; }
  void add(const std::string &flag, const std::string &value) { add(flag + " " + value); }
  void add(const std::string &flag, int64_t value) { add(flag, std::to_string(value)); }
  void add(const std::string &flag, const std::optional<int64_t> &value) {
    if (value)
      add(flag, *value);
  }
  void addSwitch(const std::string &flag, bool value) {
    if (value)
      add(flag);
  }
  void addSize(const std::string &flag, int64_t value) {
    if (value > 1)
      add(flag, value);
  }
};

std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

void printSharding(const Launch &launch, Printer &out) {
  static const char *const kStrategies[] = {"no_shard", "optim", "optim_grads",
                                            "optim_grads_params"};
  out.addSwitch("--use-distributed-optimizer", launch.distributedOptimizer);
  if (launch.fsdp) {
    out.add("--use-megatron-fsdp");
    out.add("--data-parallel-sharding-strategy", kStrategies[launch.shardingStrategy.value_or(0)]);
    // Megatron-LM's FSDP runs with these only.
    out.add("--no-gradient-accumulation-fusion");
    out.add("--ckpt-format fsdp_dtensor");
  }
}

void printRecompute(const Launch &launch, Printer &out) {
  if (launch.recompute == Recompute::None)
    return;
  bool isFull = launch.recompute == Recompute::Full;
  out.add("--recompute-granularity", isFull ? "full" : "selective");
  if (launch.recomputeMethod)
    out.add("--recompute-method",
            *launch.recomputeMethod == RecomputeMethod::Block ? "block" : "uniform");
  out.add("--recompute-num-layers", launch.recomputeLayers);
  if (!launch.recomputeModules.empty())
    out.add("--recompute-modules", join(launch.recomputeModules));
}

} // namespace

std::string sigma::megatron::printLaunch(const Launch &launch) {
  Printer out;
  out.add("--tensor-model-parallel-size", launch.tensorParallel);
  out.addSwitch("--sequence-parallel", launch.sequenceParallel);
  out.addSize("--context-parallel-size", launch.contextParallel);
  if (!launch.cpCommTypes.empty())
    out.add("--cp-comm-type", join(launch.cpCommTypes));
  out.add("--pipeline-model-parallel-size", launch.pipelineParallel);
  out.add("--num-layers-per-virtual-pipeline-stage", launch.layersPerVirtualStage);
  out.add("--num-virtual-stages-per-pipeline-rank", launch.virtualStagesPerRank);
  out.add("--decoder-first-pipeline-num-layers", launch.firstStageLayers);
  out.add("--decoder-last-pipeline-num-layers", launch.lastStageLayers);
  out.addSwitch("--account-for-embedding-in-pipeline-split", launch.accountForEmbedding);
  out.addSwitch("--account-for-loss-in-pipeline-split", launch.accountForLoss);
  if (launch.pipelineLayout)
    out.add("--pipeline-model-parallel-layout", "'" + *launch.pipelineLayout + "'");
  out.addSize("--expert-model-parallel-size", launch.expertParallel);
  out.add("--expert-tensor-parallel-size", launch.expertTensorParallel);
  out.addSwitch("--use-tp-pp-dp-mapping", launch.tpPpDpMapping);
  out.add("--micro-batch-size", launch.microBatch);
  out.add("--global-batch-size", launch.globalBatch);
  printSharding(launch, out);
  printRecompute(launch, out);
  out.addSwitch("--overlap-grad-reduce", launch.overlapGradReduce);
  out.addSwitch("--overlap-param-gather", launch.overlapParamGather);
  out.addSwitch("--tp-comm-overlap", launch.tpCommOverlap);
  return out.text;
}
