#include "runtime/Report.h"
#include "runtime/Program.h"
#include "runtime/ResidentMemory.h"
#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Host.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace sigma::runtime {

// mpirun gives each rank a terminal of its own, which is nobody's screen.
Report::Report(Runtime &rt, const std::string &products, int64_t resumed)
    : rt(rt), terminal(isatty(STDOUT_FILENO) && !launched()) {
  const List<double> pids = gatherDoubles(&rt, {double(getpid())});
  const std::vector<uint64_t> arenas =
      gatherNumbers(&rt, rt.mesh.world, {uint64_t(reinterpret_cast<uintptr_t>(rt.arena.data()))});
  const std::vector<std::string> hosts = gatherStrings(&rt, hostName());
  const int64_t peak = largestOf(&rt, peakResidentBytes());
  if (rt.mesh.rank != 0)
    return;
  const Program &p = rt.program;
  rt.log.event("start",
               {{"program", p.name},
                {"programHash", p.hash},
                {"abiVersion", SIGMA_ABI_VERSION},
                {"precision", elemName(p.elem)},
                {"ranks", rt.mesh.size},
                {"mesh", toJson(rt.mesh.shape)},
                {"globalBatch", p.globalBatch},
                {"microBatch", p.microBatch},
                {"sequence", p.sequence},
                {"seed", rt.options.seed},
                {"data", {{"path", rt.options.data}, {"bytes", rt.data.bytes()}}},
                {"steps", rt.options.steps},
                {"resumedFrom", resumed},
                {"kernels",
                 {{"device", rt.device->name}, {"instructionLevel", rt.device->instructionLevel}}},
                {"products", products},
                {"arenaBytes", rt.plannedPeakBytes()},
                {"plannedPeakBytes", rt.plannedPeakBytes()},
                {"peakResidentBytes", peak},
                {"predictedStepNs", p.predictedStepNs},
                {"pids", std::vector<int64_t>(pids.begin(), pids.end())},
                {"arenas", arenas},
                {"hosts", hosts}});
  if (!rt.options.quiet)
    std::printf("%s: %d ranks (%s), %s, kernels %s, products by %s%s\n", p.name.c_str(),
                rt.mesh.size, rt.mesh.shape.text().c_str(), elemName(p.elem),
                rt.device->instructionLevel, products.c_str(),
                resumed ? (", resumed from step " + std::to_string(resumed)).c_str() : "");
}

static double tokensPerSecond(const Runtime &rt, int64_t stepTimeNs) {
  return double(rt.program.tokensPerStep()) * 1e9 / double(std::max<int64_t>(stepTimeNs, 1));
}

void Report::step(StepTime time) {
  if (rt.mesh.rank != 0)
    return;
  const StepState &s = rt.step;
  rt.log.write({{"step", s.number()},
                {"loss", s.loss},
                {"lossHex", hexFloat(s.loss)},
                {"balanceLoss", s.balanceLoss},
                {"gradNorm", s.gradientNorm},
                {"learningRate", s.learningRate},
                {"stepTimeNs", time.wallNs},
                {"processorTimeNs", time.processorNs},
                {"tokens", rt.program.tokensPerStep()},
                {"tokensPerSecond", tokensPerSecond(rt, time.wallNs)},
                {"compute", s.computeShare},
                {"communication", s.communicationShare},
                {"wait", s.waitShare},
                {"processor", s.leastRan},
                {"loadDeviation", s.loadDeviation},
                {"arenaBytes", rt.plannedPeakBytes()},
                {"plannedPeakBytes", rt.plannedPeakBytes()}});
  spikes.add(&rt);
  human(time.wallNs);
}

void Report::human(int64_t stepTimeNs) {
  const StepState &s = rt.step;
  const bool last = s.number() == rt.options.steps || s.stopAgreed;
  const int64_t now = nowNs();
  if (rt.options.quiet || (!last && !terminal && now - lastHumanNs < 1000000000))
    return;
  lastHumanNs = now;
  std::printf(
      "step %8lld/%lld  loss %10.6f  balance %9.6f  norm %10.4f  lr %.3e  %9.1f ms  %9.0f tok/s\n",
      static_cast<long long>(s.number()), static_cast<long long>(rt.options.steps), s.loss,
      s.balanceLoss, s.gradientNorm, s.learningRate, double(stepTimeNs) / 1e6,
      tokensPerSecond(rt, stepTimeNs));
  std::fflush(stdout);
}

void Report::end(const std::string &lossHex) {
  const int64_t measured = largestOf(&rt, rt.arena.touchedEnd(endOfTensors(rt)));
  const int64_t peak = largestOf(&rt, peakResidentBytes());
  if (rt.mesh.rank != 0)
    return;
  rt.log.event("end", {{"steps", rt.options.steps},
                       {"lossHex", lossHex},
                       {"lastCheckpoint", rt.checkpointer ? rt.checkpointer->lastStep() : 0},
                       {"arenaBytes", rt.plannedPeakBytes()},
                       {"measuredArenaBytes", measured},
                       {"peakResidentBytes", peak}});
}

} // namespace sigma::runtime
