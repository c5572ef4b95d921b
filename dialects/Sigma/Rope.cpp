//===- Rope.cpp - rotary position embedding and its scalings --------------===//

#include "dialects/Sigma/SigmaAttrs.h"
#include "dialects/Sigma/SigmaDialect.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace mlir::sigma;

//===----------------------------------------------------------------------===//
// What a scaling's parameters are
//===----------------------------------------------------------------------===//

namespace {
struct ScalingParameters {
  RopeScaling scaling;
  SmallVector<StringRef, 4> required, optional;
};
} // namespace

static const ScalingParameters &parametersOf(RopeScaling scaling) {
  static const ScalingParameters all[] = {
      {RopeScaling::None, {}, {}},
      {RopeScaling::Linear, {"factor"}, {}},
      {RopeScaling::Ntk, {"factor"}, {}},
      {RopeScaling::Dynamic, {"factor", "original_positions"}, {}},
      {RopeScaling::Yarn,
       {"factor", "original_positions"},
       {"beta_fast", "beta_slow", "mscale", "mscale_all_dim", "attention_factor", "truncate"}},
      {RopeScaling::LongRope,
       {"short_factor", "long_factor", "original_positions"},
       {"factor", "attention_factor"}},
      {RopeScaling::Llama3,
       {"factor", "original_positions", "low_freq_factor", "high_freq_factor"},
       {}}};
  return *llvm::find_if(all, [&](const auto &entry) { return entry.scaling == scaling; });
}

static bool isList(StringRef name) { return name == "short_factor" || name == "long_factor"; }

static std::optional<double> numberOf(Attribute attr) {
  if (auto real = dyn_cast<FloatAttr>(attr))
    return real.getValueAsDouble();
  if (auto integer = dyn_cast<IntegerAttr>(attr))
    return static_cast<double>(integer.getValue().getSExtValue());
  return std::nullopt;
}

static bool isPositive(double value) { return value > 0 && std::isfinite(value); }

/// `truncate` is a flag, 0 or 1.
static bool isValidNumber(StringRef name, Attribute attr) {
  std::optional<double> number = numberOf(attr);
  return number && (name == "truncate" ? *number == 0 || *number == 1 : isPositive(*number));
}

static bool isValidList(Attribute attr) {
  auto list = dyn_cast<ArrayAttr>(attr);
  return list && llvm::all_of(list, [](Attribute item) {
           return numberOf(item) && isPositive(*numberOf(item));
         });
}

using EmitError = function_ref<InFlightDiagnostic()>;

static LogicalResult verifyParameter(EmitError emitError, const ScalingParameters &known,
                                     NamedAttribute parameter) {
  StringRef name = parameter.getName().strref();
  if (!llvm::is_contained(known.required, name) && !llvm::is_contained(known.optional, name))
    return emitError() << "rope scaling " << stringifyEnum(known.scaling) << " has no parameter "
                       << name;
  if (isList(name) ? isValidList(parameter.getValue())
                   : isValidNumber(name, parameter.getValue()))
    return success();
  return emitError() << "rope parameter " << name << " must be "
                     << (isList(name)          ? "a list of positive, finite numbers"
                         : name == "truncate" ? "0 or 1"
                                              : "a positive, finite number")
                     << ", got: " << parameter.getValue();
}

static LogicalResult verifyParameters(EmitError emitError, const ScalingParameters &known,
                                      DictionaryAttr parameters) {
  for (NamedAttribute parameter : parameters)
    if (failed(verifyParameter(emitError, known, parameter)))
      return failure();
  for (StringRef name : known.required)
    if (!parameters.contains(name))
      return emitError() << "rope scaling " << stringifyEnum(known.scaling) << " needs parameter "
                         << name;
  if (known.scaling != RopeScaling::LongRope)
    return success();
  size_t shortLength = parameters.getAs<ArrayAttr>("short_factor").size();
  size_t longLength = parameters.getAs<ArrayAttr>("long_factor").size();
  if (shortLength == longLength)
    return success();
  return emitError() << "rope parameters short_factor and long_factor must be of equal length, got: "
                     << shortLength << " and " << longLength;
}

LogicalResult RopeAttr::verify(EmitError emitError, FloatAttr base, int64_t width,
                               RopeScaling scaling, DictionaryAttr parameters) {
  if (!isPositive(base.getValueAsDouble()))
    return emitError() << "rope base must be positive and finite, got: "
                       << base.getValueAsDouble();
  if (width < 0 || width > 1 << 24 || width % 2 != 0)
    return emitError() << "rope width must be even and from 0 to " << (1 << 24)
                       << ", got: " << width;
  return verifyParameters(emitError, parametersOf(scaling), parameters);
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

/// Null, after an error at `loc`, when the verifier refuses the parts.
static RopeAttr makeRope(AsmParser &parser, SMLoc loc, FloatAttr base, int64_t width,
                         RopeScaling scaling, DictionaryAttr parameters) {
  auto emitError = [&] { return parser.emitError(loc); };
  return RopeAttr::getChecked(EmitError(emitError), parser.getContext(), base, width, scaling,
                              parameters);
}

/// body ::= `<` `base` `=` float (`,` `width` `=` int)? (`,` scaling `=` dictionary)? `>`
static ParseResult parseBody(AsmParser &parser, RopeAttr &rope) {
  SMLoc loc = parser.getCurrentLocation();
  Builder &builder = parser.getBuilder();
  FloatAttr base;
  int64_t width = 0;
  RopeScaling scaling = RopeScaling::None;
  DictionaryAttr parameters = builder.getDictionaryAttr({});
  if (parser.parseLess() || parser.parseKeyword("base") || parser.parseEqual() ||
      parser.parseAttribute(base, builder.getF64Type()))
    return failure();
  while (succeeded(parser.parseOptionalComma())) {
    SMLoc keyLoc = parser.getCurrentLocation();
    StringRef key;
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return failure();
    std::optional<RopeScaling> kind = symbolizeEnum<RopeScaling>(key);
    if (key == "width" && width == 0 && scaling == RopeScaling::None) {
      if (parser.parseInteger(width))
        return failure();
    } else if (kind && *kind != RopeScaling::None && scaling == RopeScaling::None) {
      scaling = *kind;
      if (parser.parseAttribute(parameters))
        return failure();
    } else {
      return parser.emitError(keyLoc) << "expected width or one scaling (linear, ntk, dynamic, "
                                         "yarn, longrope, llama3); got: "
                                      << key;
    }
  }
  if (parser.parseGreater())
    return failure();
  rope = makeRope(parser, loc, base, width, scaling, parameters);
  return success(static_cast<bool>(rope));
}

static void printBody(AsmPrinter &printer, RopeAttr rope) {
  printer << "<base = ";
  printer.printAttributeWithoutType(rope.getBase());
  if (rope.getWidth() != 0)
    printer << ", width = " << rope.getWidth();
  if (rope.getScaling() != RopeScaling::None)
    printer << ", " << stringifyEnum(rope.getScaling()) << " = " << rope.getParameters();
  printer << ">";
}

Attribute RopeAttr::parse(AsmParser &parser, Type) {
  RopeAttr rope;
  return failed(parseBody(parser, rope)) ? Attribute() : rope;
}
void RopeAttr::print(AsmPrinter &printer) const { printBody(printer, *this); }

/// clause ::= float | body | attribute
ParseResult RopeAttr::parseClause(AsmParser &parser, RopeAttr &rope) {
  SMLoc loc = parser.getCurrentLocation();
  Builder &builder = parser.getBuilder();
  Attribute attr;
  // `<` begins no attribute of its own, so it is not taken for one here.
  OptionalParseResult found = parser.parseOptionalAttribute(attr, builder.getF64Type());
  if (!found.has_value())
    return parseBody(parser, rope);
  if (failed(*found))
    return failure();
  if ((rope = llvm::dyn_cast<RopeAttr>(attr)))
    return success();
  auto base = llvm::dyn_cast<FloatAttr>(attr);
  if (!base)
    return parser.emitError(loc) << "expected rope to be a number or <base = …>";
  rope = makeRope(parser, loc, base, /*width=*/0, RopeScaling::None,
                  builder.getDictionaryAttr({}));
  return success(static_cast<bool>(rope));
}

void RopeAttr::printClause(AsmPrinter &printer) const {
  if (getWidth() == 0 && getScaling() == RopeScaling::None)
    printer.printAttributeWithoutType(getBase());
  else
    printBody(printer, *this);
}

//===----------------------------------------------------------------------===//
// Frequencies
//===----------------------------------------------------------------------===//

bool RopeAttr::has(StringRef name) const { return getParameters().contains(name); }

double RopeAttr::getNumber(StringRef name, double otherwise) const {
  Attribute attr = getParameters().get(name);
  return attr ? *numberOf(attr) : otherwise;
}

int64_t RopeAttr::getRotatedWidth(int64_t headWidth) const {
  return getWidth() == 0 ? headWidth : getWidth();
}

/// base^(-2i/width) of every pair i.
static SmallVector<double> plainFrequencies(double base, int64_t width) {
  SmallVector<double> frequencies;
  for (int64_t i = 0; i < width / 2; ++i)
    frequencies.push_back(std::pow(base, -2.0 * double(i) / double(width)));
  return frequencies;
}

/// The base that leaves the fastest pair as it is and slows the slowest by `factor`. One pair alone
/// is the fastest.
static double stretchedBase(double base, double factor, int64_t width) {
  return width > 2 ? base * std::pow(factor, double(width) / double(width - 2)) : base;
}

/// Pairs that turn often within the original positions keep their frequency, those that turn
/// rarely are slowed by `factor`, and between them it is blended (Peng et al. 2023, 3.2).
static void scaleYarn(RopeAttr rope, MutableArrayRef<double> frequencies, int64_t width) {
  double original = rope.getNumber("original_positions", 0), factor = rope.getNumber("factor", 1);
  double logBase = std::log(rope.getBase().getValueAsDouble());
  auto pairThatTurns = [&](double rotations) {
    return double(width) * std::log(original / (rotations * 2 * M_PI)) / (2 * logBase);
  };
  double low = pairThatTurns(rope.getNumber("beta_fast", 32));
  double high = pairThatTurns(rope.getNumber("beta_slow", 1));
  if (rope.getNumber("truncate", 1) != 0) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, double(width - 1));
  double range = low == high ? 0.001 : high - low;
  for (auto [i, frequency] : llvm::enumerate(frequencies)) {
    double slowed = std::clamp((double(i) - low) / range, 0.0, 1.0);
    frequency = frequency / factor * slowed + frequency * (1 - slowed);
  }
}

/// Long waves are stretched, short ones kept, those between blended (Grattafiori et al. 2024).
static void scaleLlama3(RopeAttr rope, MutableArrayRef<double> frequencies) {
  double original = rope.getNumber("original_positions", 0), factor = rope.getNumber("factor", 1);
  double low = rope.getNumber("low_freq_factor", 1), high = rope.getNumber("high_freq_factor", 1);
  for (double &frequency : frequencies) {
    double turns = original * frequency / (2 * M_PI);
    double kept = turns >= high  ? 1
                  : turns <= low ? 0
                                 : (turns - low) / (high - low);
    frequency = (1 - kept) * frequency / factor + kept * frequency;
  }
}

static void scaleLongRope(RopeAttr rope, MutableArrayRef<double> frequencies, int64_t sequence) {
  bool isLong = double(sequence) > rope.getNumber("original_positions", 0);
  auto factors = rope.getParameters().getAs<ArrayAttr>(isLong ? "long_factor" : "short_factor");
  for (auto [frequency, factor] : llvm::zip(frequencies, factors))
    frequency /= *numberOf(factor);
}

SmallVector<double> RopeAttr::getFrequencies(int64_t headWidth, int64_t sequence) const {
  int64_t width = getRotatedWidth(headWidth);
  double base = getBase().getValueAsDouble(), factor = getNumber("factor", 1);
  if (getScaling() == RopeScaling::Ntk)
    base = stretchedBase(base, factor, width);
  if (getScaling() == RopeScaling::Dynamic) {
    double beyond = std::max(1.0, double(sequence) / getNumber("original_positions", 1));
    base = stretchedBase(base, factor * beyond - (factor - 1), width);
  }
  SmallVector<double> frequencies = plainFrequencies(base, width);
  if (getScaling() == RopeScaling::Linear)
    for (double &frequency : frequencies)
      frequency /= factor;
  if (getScaling() == RopeScaling::Yarn)
    scaleYarn(*this, frequencies, width);
  if (getScaling() == RopeScaling::Llama3)
    scaleLlama3(*this, frequencies);
  if (getScaling() == RopeScaling::LongRope)
    scaleLongRope(*this, frequencies, sequence);
  return frequencies;
}

/// YaRN's temperature (Peng et al. 2023, 3.4) for attention over `factor` times the length.
static double yarnScale(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

double RopeAttr::getMagnitude() const {
  if (has("attention_factor"))
    return getNumber("attention_factor", 1);
  double factor = getNumber("factor", 1);
  if (getScaling() == RopeScaling::Yarn && has("mscale") && has("mscale_all_dim"))
    return yarnScale(factor, getNumber("mscale", 1)) /
           yarnScale(factor, getNumber("mscale_all_dim", 1));
  if (getScaling() == RopeScaling::Yarn)
    return yarnScale(factor, 1);
  if (getScaling() == RopeScaling::LongRope && factor > 1)
    return std::sqrt(1 + std::log(factor) / std::log(getNumber("original_positions", 0)));
  return 1;
}

double RopeAttr::getSoftmaxFactor() const {
  if (!has("mscale_all_dim"))
    return 1;
  double scale = yarnScale(getNumber("factor", 1), getNumber("mscale_all_dim", 1));
  return scale * scale;
}
