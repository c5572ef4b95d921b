//===- SigmaOps.cpp - assembly of the sigma ops, and what models say -------===//

#include "dialects/Sigma/SigmaOps.h"
#include "dialects/Rank/RankOps.h"

#include "dialects/Sigma/Choices.h"
#include "dialects/Sigma/EnumAssembly.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
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
using rank::parseChunks;
using rank::printChunks;

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
