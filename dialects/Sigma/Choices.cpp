//===- Choices.cpp - what a job pins and forbids --------------------------===//

#include "dialects/Sigma/Choices.h"

#include "dialects/Sigma/EnumAssembly.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr llvm::StringLiteral kZero = "zero";
static constexpr int64_t kMaxZero = 3;

ArrayRef<StringRef> choices::sizeNames() {
  static const StringRef names[] = {"tp",  "pp", "vpp", "dp",         "ep",
                                    "etp", "cp", kZero, "micro_batch"};
  return names;
}

static bool isSize(StringRef name) { return llvm::is_contained(choices::sizeNames(), name); }

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

using ParseValue = llvm::function_ref<ParseResult(StringRef name, Attribute &value)>;

/// choices ::= `{` choice (`,` choice)* `}`   choice ::= name `=` value, each name at most once
static ParseResult parseChoices(OpAsmParser &parser, StringRef what, ParseValue parseValue,
                                DictionaryAttr &choices) {
  NamedAttrList list;
  auto parseChoice = [&]() -> ParseResult {
    StringRef name;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return failure();
    if (!isSize(name) && name != choices::kRemat)
      return parser.emitError(loc)
             << "expected " << what << " to be one of " << llvm::join(choices::sizeNames(), ", ")
             << ", " << choices::kRemat << "; got: " << name;
    if (list.get(name))
      return parser.emitError(loc) << what << " " << name << " is given twice";
    Attribute value;
    if (parseValue(name, value))
      return failure();
    list.append(name, value);
    return success();
  };
  if (parser.parseLBrace() || parser.parseCommaSeparatedList(parseChoice) || parser.parseRBrace())
    return failure();
  choices = list.getDictionary(parser.getContext());
  return success();
}

static ParseResult parseRematMode(OpAsmParser &parser, Attribute &value) {
  RematModeAttr mode;
  if (parseEnum(parser, mode))
    return failure();
  value = mode;
  return success();
}

static ParseResult parseSizes(OpAsmParser &parser, Attribute &value) {
  SmallVector<int64_t> sizes;
  auto parseSize = [&] { return parser.parseInteger(sizes.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseSize))
    return failure();
  value = parser.getBuilder().getDenseI64ArrayAttr(sizes);
  return success();
}

static ParseResult parseRematModes(OpAsmParser &parser, Attribute &value) {
  SmallVector<Attribute> modes;
  auto parseMode = [&] { return parseRematMode(parser, modes.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseMode))
    return failure();
  value = parser.getBuilder().getArrayAttr(modes);
  return success();
}

ParseResult choices::parsePins(OpAsmParser &parser, DictionaryAttr &pins) {
  auto parseValue = [&](StringRef name, Attribute &value) -> ParseResult {
    if (name == kRemat)
      return parseRematMode(parser, value);
    int64_t size = 0;
    if (parser.parseInteger(size))
      return failure();
    value = parser.getBuilder().getI64IntegerAttr(size);
    return success();
  };
  return parseChoices(parser, "pin", parseValue, pins);
}

ParseResult choices::parseForbids(OpAsmParser &parser, DictionaryAttr &forbids) {
  auto parseValue = [&](StringRef name, Attribute &value) {
    return name == kRemat ? parseRematModes(parser, value) : parseSizes(parser, value);
  };
  return parseChoices(parser, "forbid", parseValue, forbids);
}

static void printValue(OpAsmPrinter &printer, Attribute value) {
  if (auto mode = dyn_cast<RematModeAttr>(value)) {
    printer << stringifyEnum(mode.getValue());
  } else if (auto size = dyn_cast<IntegerAttr>(value)) {
    printer << size.getInt();
  } else if (auto sizes = dyn_cast<DenseI64ArrayAttr>(value)) {
    printer << '[';
    llvm::interleaveComma(sizes.asArrayRef(), printer);
    printer << ']';
  } else if (auto modes = dyn_cast<ArrayAttr>(value)) {
    printer << '[';
    llvm::interleaveComma(modes, printer, [&](Attribute mode) { printValue(printer, mode); });
    printer << ']';
  }
}

static void printChoices(OpAsmPrinter &printer, DictionaryAttr choices) {
  SmallVector<StringRef> names;
  for (StringRef name : choices::sizeNames())
    if (choices.contains(name))
      names.push_back(name);
  if (choices.contains(choices::kRemat))
    names.push_back(choices::kRemat);
  printer << '{';
  llvm::interleaveComma(names, printer, [&](StringRef name) {
    printer << name << " = ";
    printValue(printer, choices.get(name));
  });
  printer << '}';
}

void choices::printPins(OpAsmPrinter &printer, DictionaryAttr pins) { printChoices(printer, pins); }
void choices::printForbids(OpAsmPrinter &printer, DictionaryAttr forbids) {
  printChoices(printer, forbids);
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

static LogicalResult verifySize(Operation *job, const Twine &field, StringRef name, int64_t size) {
  if (name == kZero)
    return requireInRange(job, field.str(), size, 0, kMaxZero);
  return requirePositive(job, field.str(), size);
}

static LogicalResult verifyPin(Operation *job, NamedAttribute pin) {
  StringRef name = pin.getName();
  auto size = dyn_cast<IntegerAttr>(pin.getValue());
  if (isSize(name) && size && size.getType().isInteger(64))
    return verifySize(job, "pin " + name, name, size.getInt());
  if (name == choices::kRemat && isa<RematModeAttr>(pin.getValue()))
    return success();
  return job->emitOpError() << "pin " << name << " = " << pin.getValue()
                            << " is neither a known size nor a rematerialization mode";
}

static LogicalResult verifyForbid(Operation *job, NamedAttribute forbid) {
  StringRef name = forbid.getName();
  if (auto sizes = dyn_cast<DenseI64ArrayAttr>(forbid.getValue()); sizes && isSize(name)) {
    if (sizes.empty())
      return job->emitOpError() << "forbid " << name << " must name at least one value";
    for (int64_t size : sizes.asArrayRef())
      if (failed(verifySize(job, "forbid " + name, name, size)))
        return failure();
    return success();
  }
  auto modes = dyn_cast<ArrayAttr>(forbid.getValue());
  if (name != choices::kRemat || !modes ||
      !llvm::all_of(modes, [](Attribute mode) { return isa<RematModeAttr>(mode); }))
    return job->emitOpError() << "forbid " << name << " = " << forbid.getValue()
                              << " is neither sizes nor rematerialization modes";
  if (modes.empty())
    return job->emitOpError() << "forbid " << name << " must name at least one value";
  for (RematMode mode : {RematMode::None, RematMode::Full})
    if (!llvm::is_contained(modes, RematModeAttr::get(job->getContext(), mode)))
      return success();
  return job->emitOpError() << "forbid " << name << " must leave one of "
                            << llvm::join(enumSpellings<RematMode>(), ", ");
}

static bool forbids(Attribute values, Attribute value) {
  if (auto sizes = dyn_cast<DenseI64ArrayAttr>(values))
    return llvm::is_contained(sizes.asArrayRef(), cast<IntegerAttr>(value).getInt());
  return llvm::is_contained(cast<ArrayAttr>(values), value);
}

LogicalResult choices::verify(Operation *job, DictionaryAttr pins, DictionaryAttr forbidden) {
  if (pins)
    for (NamedAttribute pin : pins)
      if (failed(verifyPin(job, pin)))
        return failure();
  if (forbidden)
    for (NamedAttribute forbid : forbidden)
      if (failed(verifyForbid(job, forbid)))
        return failure();
  if (!pins || !forbidden)
    return success();
  for (NamedAttribute pin : pins)
    if (Attribute values = forbidden.get(pin.getName()); values && forbids(values, pin.getValue()))
      return job->emitOpError() << "pins and forbids the same value of " << pin.getName().strref();
  return success();
}
