//===- SigmaOps.cpp - assembly and helpers of the sigma ops ---------------===//

#include "dialects/Sigma/SigmaOps.h"

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/EnumAssembly.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <numeric>

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// Custom assembly
//===----------------------------------------------------------------------===//

template <typename AttrT>
static void printEnum(OpAsmPrinter &printer, Operation *, AttrT attr) {
  printer.printKeywordOrString(stringifyEnum(attr.getValue()));
}

/// list ::= `[` (case (`,` case)*)? `]`
template <typename AttrT>
static ParseResult parseEnumList(OpAsmParser &parser, ArrayAttr &list) {
  SmallVector<Attribute> cases;
  auto parseCase = [&]() -> ParseResult {
    AttrT value;
    if (parseEnum(parser, value))
      return failure();
    cases.push_back(value);
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseCase))
    return failure();
  list = parser.getBuilder().getArrayAttr(cases);
  return success();
}

template <typename AttrT>
static void printEnumList(OpAsmPrinter &printer, ArrayAttr list) {
  printer << '[';
  llvm::interleaveComma(list.getAsRange<AttrT>(), printer,
                        [&](AttrT value) { printer << stringifyEnum(value.getValue()); });
  printer << ']';
}

/// modes ::= `[` (mode (`,` mode)*)? `]`   mode ::= keyword | string
static ParseResult parseRematList(OpAsmParser &parser, ArrayAttr &remat) {
  SmallVector<Attribute> modes;
  auto parseMode = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name))
      return failure();
    modes.push_back(parser.getBuilder().getStringAttr(name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseMode))
    return failure();
  remat = parser.getBuilder().getArrayAttr(modes);
  return success();
}
static void printRematList(OpAsmPrinter &printer, Operation *, ArrayAttr remat) {
  printer << '[';
  llvm::interleaveComma(remat.getAsValueRange<StringAttr>(), printer,
                        [&](StringRef mode) { printer.printKeywordOrString(mode); });
  printer << ']';
}

/// chunks ::= chunk (`,` chunk)*   chunk ::= first `to` end
static ParseResult parseChunks(OpAsmParser &parser, DenseI64ArrayAttr &firsts,
                               DenseI64ArrayAttr &ends) {
  SmallVector<int64_t> first, end;
  auto parseChunk = [&]() -> ParseResult {
    return failure(parser.parseInteger(first.emplace_back()) || parser.parseKeyword("to") ||
                   parser.parseInteger(end.emplace_back()));
  };
  if (parser.parseCommaSeparatedList(parseChunk))
    return failure();
  firsts = parser.getBuilder().getDenseI64ArrayAttr(first);
  ends = parser.getBuilder().getDenseI64ArrayAttr(end);
  return success();
}
static void printChunks(OpAsmPrinter &printer, StageOp stage, DenseI64ArrayAttr,
                        DenseI64ArrayAttr) {
  llvm::interleaveComma(stage.getChunks(), printer, [&](StageOp::Chunk chunk) {
    printer << chunk.first << " to " << chunk.end;
  });
}

static ParseResult parseProjections(OpAsmParser &parser, ArrayAttr &projections) {
  return parseEnumList<ProjectionAttr>(parser, projections);
}
static void printProjections(OpAsmPrinter &printer, Operation *, ArrayAttr projections) {
  printEnumList<ProjectionAttr>(printer, projections);
}

static ParseResult parseRope(OpAsmParser &parser, RopeAttr &rope) {
  return RopeAttr::parseClause(parser, rope);
}
static void printRope(OpAsmPrinter &printer, Operation *, RopeAttr rope) {
  rope.printClause(printer);
}

/// qk-norm ::= (`per_head` | `full_width` | `l2`)?   The first is meant when nothing stands there.
static ParseResult parseQkNorm(OpAsmParser &parser, QkNormAttr &norm) {
  StringRef keyword;
  QkNorm kind = QkNorm::PerHead;
  if (succeeded(parser.parseOptionalKeyword(&keyword, enumSpellings<QkNorm>())))
    kind = *symbolizeEnum<QkNorm>(keyword);
  norm = QkNormAttr::get(parser.getContext(), kind);
  return success();
}
static void printQkNorm(OpAsmPrinter &printer, Operation *, QkNormAttr norm) {
  if (norm.getValue() != QkNorm::PerHead)
    printer << stringifyEnum(norm.getValue());
}

static ParseResult parseEfficiency(OpAsmParser &parser, EfficiencyAttr &efficiency) {
  return EfficiencyAttr::parseClause(parser, efficiency);
}
static void printEfficiency(OpAsmPrinter &printer, Operation *, EfficiencyAttr efficiency) {
  efficiency.printClause(printer);
}

/// `#sigma.overlap` without its name.
static ParseResult parseOverlap(OpAsmParser &parser, OverlapAttr &overlap) {
  overlap = dyn_cast_or_null<OverlapAttr>(OverlapAttr::parse(parser, Type()));
  return success(overlap != nullptr);
}
static void printOverlap(OpAsmPrinter &printer, Operation *, OverlapAttr overlap) {
  overlap.print(printer);
}

static ParseResult parsePins(OpAsmParser &parser, DictionaryAttr &pins) {
  return choices::parsePins(parser, pins);
}
static void printPins(OpAsmPrinter &printer, Operation *, DictionaryAttr pins) {
  choices::printPins(printer, pins);
}

static ParseResult parseForbids(OpAsmParser &parser, DictionaryAttr &forbids) {
  return choices::parseForbids(parser, forbids);
}
static void printForbids(OpAsmPrinter &printer, Operation *, DictionaryAttr forbids) {
  choices::printForbids(printer, forbids);
}

#define GET_OP_CLASSES
#include "dialects/Sigma/SigmaOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Helpers. They are meant for verified ops, and return null where the op they look for is missing.
//===----------------------------------------------------------------------===//

template <typename OpT>
static OpT firstOf(Block *body) {
  auto ops = body->getOps<OpT>();
  return ops.empty() ? OpT() : *ops.begin();
}

int64_t ModelOp::getNumLayers() {
  int64_t numLayers = 0;
  for (RepeatOp repeat : getBody()->getOps<RepeatOp>())
    numLayers += repeat.getCount() * repeat.getLayers().size();
  return numLayers;
}

SmallVector<Layer, 4> ModelOp::getLayers() {
  SmallVector<Layer, 4> layers;
  for (RepeatOp repeat : getBody()->getOps<RepeatOp>())
    for (int64_t i = 0; i < repeat.getCount(); ++i)
      llvm::append_range(layers, repeat.getLayers());
  return layers;
}

Layer ModelOp::getLayer(int64_t index) {
  assert(index >= 0 && "layers are numbered from 0");
  for (RepeatOp repeat : getBody()->getOps<RepeatOp>()) {
    SmallVector<Layer, 4> period = repeat.getLayers();
    int64_t layers = repeat.getCount() * period.size();
    if (index < layers)
      return period[index % period.size()];
    index -= layers;
  }
  llvm_unreachable("the model has fewer layers");
}

EmbeddingOp ModelOp::getEmbedding() { return firstOf<EmbeddingOp>(getBody()); }
HeadOp ModelOp::getHead() { return firstOf<HeadOp>(getBody()); }
MtpOp ModelOp::getMtp() { return firstOf<MtpOp>(getBody()); }

int64_t ModelOp::getExpertsDivisor() {
  int64_t divisor = 0;
  walk([&](MoeOp moe) { divisor = std::gcd(divisor, moe.getExperts()); });
  return divisor;
}

bool sigma::sharesEmbedding(ModelOp model) {
  return model.getHead().getTying() == HeadTying::Tied || model.getMtp();
}

MoeOp Layer::getMoe() { return dyn_cast<MoeOp>(*feedForward); }

bool Layer::isEquivalentTo(Layer other) {
  auto same = [](Operation *a, Operation *b) {
    return OperationEquivalence::isEquivalentTo(a, b, OperationEquivalence::IgnoreLocations);
  };
  return same(attention, other.attention) && same(feedForward, other.feedForward);
}

static SmallVector<Layer, 4> layersOf(Block *body) {
  SmallVector<Layer, 4> layers;
  for (auto it = body->begin(), end = body->end(); it != end; ++it) {
    BlockOpInterface attention = cast<BlockOpInterface>(*it++);
    layers.push_back({attention, cast<BlockOpInterface>(*it)});
  }
  return layers;
}
SmallVector<Layer, 4> RepeatOp::getLayers() { return layersOf(getBody()); }
SmallVector<Layer, 4> MtpOp::getLayers() { return layersOf(getBody()); }

bool AttentionOp::hasBias(Projection projection) {
  return getBias() && llvm::any_of(getBias()->getAsRange<ProjectionAttr>(),
                                   [&](auto attr) { return attr.getValue() == projection; });
}

AdamWOp JobOp::getOptimizer() { return firstOf<AdamWOp>(getBody()); }

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
