#include "codegen/megatron/Launch.h"
#include "codegen/megatron/OtherFlags.h"

#include <algorithm>
#include <array>
#include <charconv>

using namespace sigma::megatron;

static constexpr std::array<std::string_view, 7> kRecomputeModules = {
    "core_attn", "moe_act", "layernorm", "mla_up_proj", "mlp", "moe", "shared_experts"};

bool sigma::megatron::isRecomputeModule(std::string_view name) {
  return std::find(kRecomputeModules.begin(), kRecomputeModules.end(), name) !=
         kRecomputeModules.end();
}

std::string sigma::megatron::recomputeModuleNames() {
  std::string names;
  for (std::string_view name : kRecomputeModules)
    names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

namespace {

// Larger sizes are no sizes of a training run.
constexpr int64_t kMaxSize = int64_t(1) << 40;

class LaunchReader;
using Read = void (LaunchReader::*)(const Flag &flag);

class LaunchReader {
public:
  LaunchText run(const FlagList &list) {
    result.error = list.error;
    for (const Flag &flag : list.flags)
      if (result.error.message.empty())
        readFlag(flag);
    if (result.error.message.empty())
      requireConsistent();
    if (!result.error.message.empty())
      result.launch = Launch();
    return std::move(result);
  }

private:
  void fail(const Word &at, const std::string &message) {
    if (result.error.message.empty())
      result.error = {message, at.line, at.column};
  }

  void readFlag(const Flag &flag);
  void requireConsistent();

  // The first value; null after an error.
  const Word *value(const Flag &flag) {
    if (flag.values.empty())
      return fail(flag.name, flag.name.text + " needs a value"), nullptr;
    const Word &word = flag.values.front();
    if (word.isUnresolved)
      return fail(word, flag.name.text + " is '" + word.text +
                            "', whose value is not in the text; set it there"),
             nullptr;
    return &word;
  }

  std::optional<int64_t> size(const Flag &flag) {
    const Word *word = value(flag);
    if (!word)
      return {};
    int64_t number = 0;
    const char *end = word->text.data() + word->text.size();
    auto [rest, error] = std::from_chars(word->text.data(), end, number);
    if (error != std::errc() || rest != end || number < 1 || number > kMaxSize) {
      fail(*word, flag.name.text + " is '" + word->text + "'; it must be a positive integer");
      return {};
    }
    return number;
  }

  std::vector<std::string> words(const Flag &flag) {
    std::vector<std::string> texts;
    if (value(flag))
      for (const Word &word : flag.values)
        texts.push_back(word.text);
    return texts;
  }

  // The index among `choices` of the value; fails otherwise.
  std::optional<size_t> choice(const Flag &flag, const std::vector<std::string_view> &choices) {
    const Word *word = value(flag);
    if (!word)
      return {};
    auto found = std::find(choices.begin(), choices.end(), word->text);
    if (found != choices.end())
      return static_cast<size_t>(found - choices.begin());
    std::string names;
    for (std::string_view name : choices)
      names += (names.empty() ? "" : ", ") + std::string(name);
    fail(*word, flag.name.text + " is '" + word->text + "'; allowed: " + names);
    return {};
  }

  template <int64_t Launch::*Field>
  void readSize(const Flag &flag) {
    result.launch.*Field = size(flag).value_or(1);
  }
  template <std::optional<int64_t> Launch::*Field>
  void readOptionalSize(const Flag &flag) {
    result.launch.*Field = size(flag);
  }
  template <bool Launch::*Field>
  void readSwitch(const Flag &) {
    result.launch.*Field = true;
  }

  void readLayout(const Flag &flag) {
    if (const Word *word = value(flag))
      result.launch.pipelineLayout = word->text;
  }

  void readCommTypes(const Flag &flag) { result.launch.cpCommTypes = words(flag); }

  void readStrategy(const Flag &flag) {
    if (auto index = choice(flag, {"no_shard", "optim", "optim_grads", "optim_grads_params"}))
      result.launch.shardingStrategy = static_cast<int64_t>(*index);
  }

  void readGranularity(const Flag &flag) {
    if (auto index = choice(flag, {"selective", "full"}))
      result.launch.recompute = *index ? Recompute::Full : Recompute::Selective;
  }

  void readRecomputeActivations(const Flag &) { result.launch.recompute = Recompute::Selective; }

  void readMethod(const Flag &flag) {
    if (auto index = choice(flag, {"uniform", "block"}))
      result.launch.recomputeMethod = *index ? RecomputeMethod::Block : RecomputeMethod::Uniform;
  }

  void readModules(const Flag &flag) {
    for (const Word &word : flag.values)
      if (!isRecomputeModule(word.text))
        fail(word,
             flag.name.text + " names '" + word.text + "'; allowed: " + recomputeModuleNames());
    result.launch.recomputeModules = words(flag);
  }

  struct Known {
    std::string_view name;
    Read read;
  };
  static const Known kKnown[];

  LaunchText result;
};

const LaunchReader::Known LaunchReader::kKnown[] = {
    {"--tensor-model-parallel-size", &LaunchReader::readSize<&Launch::tensorParallel>},
    {"--context-parallel-size", &LaunchReader::readSize<&Launch::contextParallel>},
    {"--pipeline-model-parallel-size", &LaunchReader::readSize<&Launch::pipelineParallel>},
    {"--expert-model-parallel-size", &LaunchReader::readSize<&Launch::expertParallel>},
    {"--expert-tensor-parallel-size",
     &LaunchReader::readOptionalSize<&Launch::expertTensorParallel>},
    {"--sequence-parallel", &LaunchReader::readSwitch<&Launch::sequenceParallel>},
    {"--cp-comm-type", &LaunchReader::readCommTypes},
    {"--use-tp-pp-dp-mapping", &LaunchReader::readSwitch<&Launch::tpPpDpMapping>},
    {"--pipeline-model-parallel-layout", &LaunchReader::readLayout},
    {"--num-layers-per-virtual-pipeline-stage",
     &LaunchReader::readOptionalSize<&Launch::layersPerVirtualStage>},
    {"--num-virtual-stages-per-pipeline-rank",
     &LaunchReader::readOptionalSize<&Launch::virtualStagesPerRank>},
    {"--decoder-first-pipeline-num-layers",
     &LaunchReader::readOptionalSize<&Launch::firstStageLayers>},
    {"--decoder-last-pipeline-num-layers",
     &LaunchReader::readOptionalSize<&Launch::lastStageLayers>},
    {"--account-for-embedding-in-pipeline-split",
     &LaunchReader::readSwitch<&Launch::accountForEmbedding>},
    {"--account-for-loss-in-pipeline-split", &LaunchReader::readSwitch<&Launch::accountForLoss>},
    {"--micro-batch-size", &LaunchReader::readSize<&Launch::microBatch>},
    {"--global-batch-size", &LaunchReader::readOptionalSize<&Launch::globalBatch>},
    {"--use-distributed-optimizer", &LaunchReader::readSwitch<&Launch::distributedOptimizer>},
    {"--use-megatron-fsdp", &LaunchReader::readSwitch<&Launch::fsdp>},
    {"--use-custom-fsdp", &LaunchReader::readSwitch<&Launch::fsdp>},
    {"--data-parallel-sharding-strategy", &LaunchReader::readStrategy},
    {"--recompute-granularity", &LaunchReader::readGranularity},
    {"--recompute-activations", &LaunchReader::readRecomputeActivations},
    {"--recompute-method", &LaunchReader::readMethod},
    {"--recompute-num-layers", &LaunchReader::readOptionalSize<&Launch::recomputeLayers>},
    {"--recompute-modules", &LaunchReader::readModules},
    {"--overlap-grad-reduce", &LaunchReader::readSwitch<&Launch::overlapGradReduce>},
    {"--overlap-param-gather", &LaunchReader::readSwitch<&Launch::overlapParamGather>},
    {"--tp-comm-overlap", &LaunchReader::readSwitch<&Launch::tpCommOverlap>},
    {"--num-layers", &LaunchReader::readOptionalSize<&Launch::numLayers>},
    {"--num-experts", &LaunchReader::readOptionalSize<&Launch::numExperts>},
    {"--seq-length", &LaunchReader::readOptionalSize<&Launch::sequence>},
    {"--mtp-num-layers", &LaunchReader::readOptionalSize<&Launch::mtpLayers>},
};

void LaunchReader::readFlag(const Flag &flag) {
  for (const Known &known : kKnown)
    if (known.name == flag.name.text)
      return (this->*known.read)(flag);
  if (std::string why = refusalOf(flag.name.text); !why.empty())
    fail(flag.name, flag.name.text + why);
}

// What Megatron-LM itself refuses, or would ignore.
void LaunchReader::requireConsistent() {
  const Launch &launch = result.launch;
  auto failAll = [&](const std::string &message) {
    if (result.error.message.empty())
      result.error = {message};
  };
  if (launch.microBatch == 0)
    failAll("there is no --micro-batch-size, which Megatron-LM requires");
  if (launch.pipelineLayout.has_value() + launch.layersPerVirtualStage.has_value() +
          launch.virtualStagesPerRank.has_value() >
      1)
    failAll("only one of --pipeline-model-parallel-layout, --num-layers-per-virtual-pipeline-stage "
            "and --num-virtual-stages-per-pipeline-rank may be given");
  if (launch.pipelineLayout && (launch.firstStageLayers || launch.lastStageLayers ||
                                launch.accountForEmbedding || launch.accountForLoss))
    failAll("--pipeline-model-parallel-layout excludes --decoder-first-pipeline-num-layers, "
            "--decoder-last-pipeline-num-layers and --account-for-...-in-pipeline-split");
  if ((launch.firstStageLayers || launch.lastStageLayers) && launch.layersPerVirtualStage)
    failAll("with --decoder-first-pipeline-num-layers or --decoder-last-pipeline-num-layers, give "
            "--num-virtual-stages-per-pipeline-rank, not --num-layers-per-virtual-pipeline-stage");
  if (launch.shardingStrategy && !launch.fsdp)
    failAll("--data-parallel-sharding-strategy has no effect without --use-megatron-fsdp");
  if (launch.tensorParallel > 1 && !launch.sequenceParallel)
    failAll("--tensor-model-parallel-size is " + std::to_string(launch.tensorParallel) +
            " without --sequence-parallel; plans have tensor parallelism with it only");
  bool isFull = launch.recompute == Recompute::Full;
  if (isFull && (!launch.recomputeMethod || !launch.recomputeLayers))
    failAll("--recompute-granularity full needs --recompute-method and --recompute-num-layers");
  if (!isFull && (launch.recomputeMethod || launch.recomputeLayers))
    failAll("--recompute-method and --recompute-num-layers need --recompute-granularity full");
  if (launch.recompute != Recompute::Selective && !launch.recomputeModules.empty())
    failAll("--recompute-modules needs --recompute-granularity selective");
  if (launch.recomputeMethod == RecomputeMethod::Uniform && launch.recomputeLayers > 1)
    failAll("--recompute-num-layers is " + std::to_string(*launch.recomputeLayers) +
            " with --recompute-method uniform; plans keep the input of each layer: use 1");
}

} // namespace

LaunchText sigma::megatron::readLaunch(std::string_view text) {
  return LaunchReader().run(readFlags(text));
}
