// What Megatron-LM's flags say about how a job is laid out, under the names of its argument parser
// (Megatron-Core 0.12 to 0.14).
#ifndef CODEGEN_MEGATRON_LAUNCH_H
#define CODEGEN_MEGATRON_LAUNCH_H

#include "codegen/megatron/Flags.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sigma::megatron {

enum class Recompute { None, Selective, Full };
enum class RecomputeMethod { Uniform, Block };

struct Launch {
  int64_t tensorParallel = 1, contextParallel = 1, pipelineParallel = 1, expertParallel = 1;
  std::optional<int64_t> expertTensorParallel; // Megatron-LM's default: as tensorParallel
  bool sequenceParallel = false;
  std::vector<std::string> cpCommTypes; // empty: p2p
  bool tpPpDpMapping = false;

  // At most one of the first three; the default is an even split.
  std::optional<std::string> pipelineLayout;
  std::optional<int64_t> layersPerVirtualStage, virtualStagesPerRank;
  std::optional<int64_t> firstStageLayers, lastStageLayers;
  bool accountForEmbedding = false, accountForLoss = false;

  int64_t microBatch = 0; // 0: not said
  std::optional<int64_t> globalBatch;

  bool distributedOptimizer = false, fsdp = false;
  std::optional<int64_t> shardingStrategy; // as a ZeRO stage; of --use-megatron-fsdp

  Recompute recompute = Recompute::None;
  std::optional<RecomputeMethod> recomputeMethod;
  std::optional<int64_t> recomputeLayers;
  std::vector<std::string> recomputeModules; // empty: core_attn

  bool overlapGradReduce = false, overlapParamGather = false, tpCommOverlap = false;

  // Of the model; only compared.
  std::optional<int64_t> numLayers, numExperts, sequence, mtpLayers;
};

// What Megatron-LM recomputes selectively.
bool isRecomputeModule(std::string_view name);
// Their names, separated by commas.
std::string recomputeModuleNames();

struct LaunchText {
  Launch launch;
  TextError error; // then nothing else is set
};

// Reads a command line, a script or a list of arguments (Flags.h). Flags that say nothing about the
// layout are passed over; those that change it and that Launch has no place for are refused.
LaunchText readLaunch(std::string_view text);

// One flag on a line, quoted as shells and xargs read it.
std::string printLaunch(const Launch &launch);

} // namespace sigma::megatron

#endif
