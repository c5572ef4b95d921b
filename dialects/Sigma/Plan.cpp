//===- Plan.cpp - what the ops of jobs and plans say ----------------------===//

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/SigmaOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// Jobs
//===----------------------------------------------------------------------===//

AdamWOp JobOp::getOptimizer() {
  auto optimizers = getBody()->getOps<AdamWOp>();
  return optimizers.empty() ? AdamWOp() : *optimizers.begin();
}

ModelOp JobOp::lookupModel() {
  return SymbolTable::lookupNearestSymbolFrom<ModelOp>(*this, getModelAttr());
}
ClusterOp JobOp::lookupCluster() {
  return SymbolTable::lookupNearestSymbolFrom<ClusterOp>(*this, getClusterAttr());
}

int64_t JobOp::getTrainedSequence() {
  std::optional<int64_t> stated = getSequence();
  return stated ? *stated : lookupModel().getSequence();
}

std::optional<int64_t> JobOp::getPinned(StringRef size) {
  auto value = getPin() ? getPin()->getAs<IntegerAttr>(size) : IntegerAttr();
  return value ? std::optional<int64_t>(value.getInt()) : std::nullopt;
}

std::optional<RematMode> JobOp::getPinnedRemat() {
  auto value = getPin() ? getPin()->getAs<RematModeAttr>(choices::kRemat) : RematModeAttr();
  return value ? std::optional<RematMode>(value.getValue()) : std::nullopt;
}

void JobOp::setPinned(StringRef choice, Attribute value) {
  NamedAttrList pins(getPin().value_or(DictionaryAttr()));
  pins.set(choice, value);
  setPinAttr(pins.getDictionary(getContext()));
}

ArrayRef<int64_t> JobOp::getForbidden(StringRef size) {
  auto values = getForbid() ? getForbid()->getAs<DenseI64ArrayAttr>(size) : DenseI64ArrayAttr();
  return values ? values.asArrayRef() : ArrayRef<int64_t>();
}

std::optional<Schedule> JobOp::getPinnedSchedule() {
  auto value = getPin() ? getPin()->getAs<ScheduleAttr>(choices::kSchedule) : ScheduleAttr();
  return value ? std::optional<Schedule>(value.getValue()) : std::nullopt;
}

/// Whether the job forbids a case of an enumeration.
static bool forbidsCase(JobOp job, StringRef choice, Attribute value) {
  auto cases = job.getForbid() ? job.getForbid()->getAs<ArrayAttr>(choice) : ArrayAttr();
  return cases && llvm::is_contained(cases, value);
}
bool JobOp::forbids(Schedule schedule) {
  return forbidsCase(*this, choices::kSchedule, ScheduleAttr::get(getContext(), schedule));
}
bool JobOp::forbids(RematMode mode) {
  return forbidsCase(*this, choices::kRemat, RematModeAttr::get(getContext(), mode));
}

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

SmallVector<StageOp, 4> PlanOp::getStages() {
  return llvm::to_vector<4>(getBody()->getOps<StageOp>());
}
JobOp PlanOp::lookupJob() {
  return SymbolTable::lookupNearestSymbolFrom<JobOp>(*this, getJobAttr());
}

SmallVector<std::pair<int64_t, int64_t>> PlanOp::getChunkOrder() {
  SmallVector<std::pair<int64_t, int64_t>> order;
  for (int64_t v = 0; v < getVpp() * getPp(); ++v) {
    int64_t chunk = v / getPp(), position = v % getPp();
    bool goesBack = getSchedule() == Schedule::DualPipeV && chunk == 1;
    order.push_back({goesBack ? getPp() - 1 - position : position, chunk});
  }
  return order;
}

int64_t PlanOp::getSize(StringRef name) {
  return llvm::StringSwitch<int64_t>(name)
      .Case("tp", getTp())
      .Case("cp", getCp())
      .Case("pp", getPp())
      .Case("vpp", getVpp())
      .Case("dp", getDp())
      .Case("ep", getEp())
      .Case("etp", getEtp())
      .Case("zero", getZero())
      .Case("expert_zero", getExpertZero())
      .Case("micro_batch", getMicroBatch());
}

SmallVector<StageOp::Chunk, 2> StageOp::getChunks() {
  SmallVector<Chunk, 2> chunks;
  for (auto [first, end] : llvm::zip(getFirstLayers(), getEndLayers()))
    chunks.push_back({first, end});
  return chunks;
}

SmallVector<int64_t> StageOp::getLayers() {
  SmallVector<int64_t> layers;
  for (Chunk chunk : getChunks())
    for (int64_t layer = chunk.first; layer < chunk.end; ++layer)
      layers.push_back(layer);
  return layers;
}

StringRef StageOp::getRematMode(int64_t i) { return cast<StringAttr>(getRemat()[i]).getValue(); }
