//===- SigmaOps.cpp - assembly and helpers of the sigma ops ---------------===//

#include "dialects/Sigma/SigmaOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <numeric>
#include <string>

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// Custom assembly
//===----------------------------------------------------------------------===//

/// All spellings of an enumeration, in order. Cases are numbered from 0.
template <typename EnumT>
static SmallVector<StringRef> enumSpellings() {
  SmallVector<StringRef> spellings;
  for (uint32_t i = 0;; ++i) {
    StringRef spelling = stringifyEnum(static_cast<EnumT>(i));
    if (spelling.empty())
      return spellings;
    spellings.push_back(spelling);
  }
}

/// Parses an enumeration as its bare keyword, or as a string where the spelling is no keyword.
template <typename AttrT>
static ParseResult parseEnum(AsmParser &parser, AttrT &attr) {
  using EnumT = decltype(attr.getValue());
  std::string keyword;
  SMLoc loc = parser.getCurrentLocation();
  bool found = succeeded(parser.parseOptionalKeywordOrString(&keyword));
  std::optional<EnumT> value;
  if (found)
    value = symbolizeEnum<EnumT>(keyword);
  if (!value) {
    InFlightDiagnostic diag = parser.emitError(loc)
                              << "expected " << AttrT::getMnemonic() << " to be one of "
                              << llvm::join(enumSpellings<EnumT>(), ", ");
    return found ? diag << "; got: " << keyword : diag;
  }
  attr = AttrT::get(parser.getContext(), *value);
  return success();
}

template <typename AttrT>
static void printEnum(OpAsmPrinter &printer, Operation *, AttrT attr) {
  printer.printKeywordOrString(stringifyEnum(attr.getValue()));
}

/// pins ::= `{` pin (`,` pin)* `}`   pin ::= name `=` value, each name at most once
static ParseResult parsePins(OpAsmParser &parser, IntegerAttr &pp, IntegerAttr &dp, IntegerAttr &ep,
                             IntegerAttr &microBatch, RematModeAttr &remat) {
  auto parseSize = [&](IntegerAttr &attr) -> ParseResult {
    int64_t size = 0;
    if (parser.parseInteger(size))
      return failure();
    attr = parser.getBuilder().getI64IntegerAttr(size);
    return success();
  };
  auto parsePin = [&]() -> ParseResult {
    StringRef name;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    IntegerAttr *size = name == "pp"            ? &pp
                        : name == "dp"          ? &dp
                        : name == "ep"          ? &ep
                        : name == "micro_batch" ? &microBatch
                                                : nullptr;
    if (!size && name != "remat")
      return parser.emitError(loc)
             << "expected pin to be one of pp, dp, ep, micro_batch, remat; got: " << name;
    if (size ? static_cast<bool>(*size) : static_cast<bool>(remat))
      return parser.emitError(loc) << "pin " << name << " is given twice";
    return size ? parseSize(*size) : parseEnum(parser, remat);
  };
  return parser.parseLBrace() || parser.parseCommaSeparatedList(parsePin) || parser.parseRBrace()
             ? failure()
             : success();
}

static void printPins(OpAsmPrinter &printer, Operation *, IntegerAttr pp, IntegerAttr dp,
                      IntegerAttr ep, IntegerAttr microBatch, RematModeAttr remat) {
  SmallVector<std::string> pins;
  auto add = [&](StringRef name, const std::string &value) {
    pins.push_back((name + " = " + value).str());
  };
  const std::pair<StringRef, IntegerAttr> sizes[] = {
      {"pp", pp}, {"dp", dp}, {"ep", ep}, {"micro_batch", microBatch}};
  for (auto [name, size] : sizes)
    if (size)
      add(name, std::to_string(size.getInt()));
  if (remat)
    add("remat", stringifyEnum(remat.getValue()).str());
  printer << '{' << llvm::join(pins, ", ") << '}';
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

static ParseResult parseRematList(OpAsmParser &parser, ArrayAttr &remat) {
  return parseEnumList<RematModeAttr>(parser, remat);
}
static void printRematList(OpAsmPrinter &printer, Operation *, ArrayAttr remat) {
  printEnumList<RematModeAttr>(printer, remat);
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

AcceleratorOp ClusterOp::getAccelerator() { return firstOf<AcceleratorOp>(getBody()); }
SmallVector<TierOp, 4> ClusterOp::getTiers() {
  return llvm::to_vector<4>(getBody()->getOps<TierOp>());
}
NoiseOp ClusterOp::getNoise() { return firstOf<NoiseOp>(getBody()); }
FailuresOp ClusterOp::getFailures() { return firstOf<FailuresOp>(getBody()); }

int64_t AcceleratorOp::getPeakFlopsPerS(Precision precision) {
  switch (precision) {
  case Precision::F32:
    return getPeakF32FlopsPerS();
  case Precision::BF16:
    return getPeakBf16FlopsPerS();
  case Precision::F64:
    return getPeakF64FlopsPerS();
  }
  llvm_unreachable("unknown precision");
}

AdamWOp JobOp::getOptimizer() { return firstOf<AdamWOp>(getBody()); }

ModelOp JobOp::lookupModel() {
  return SymbolTable::lookupNearestSymbolFrom<ModelOp>(*this, getModelAttr());
}
ClusterOp JobOp::lookupCluster() {
  return SymbolTable::lookupNearestSymbolFrom<ClusterOp>(*this, getClusterAttr());
}

SmallVector<StageOp, 4> PlanOp::getStages() {
  return llvm::to_vector<4>(getBody()->getOps<StageOp>());
}
JobOp PlanOp::lookupJob() {
  return SymbolTable::lookupNearestSymbolFrom<JobOp>(*this, getJobAttr());
}

RematMode StageOp::getRematMode(int64_t i) { return cast<RematModeAttr>(getRemat()[i]).getValue(); }
