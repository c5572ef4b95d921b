//===- Choices.cpp - what a job pins and forbids --------------------------===//

#include "dialects/Sigma/Choices.h"

#include "dialects/Sigma/EnumAssembly.h"
#include "dialects/Sigma/VerifyHelpers.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr int64_t kMaxZero = 3;

ArrayRef<StringRef> choices::sizeNames() {
  static const StringRef names[] = {"tp",  "pp", "vpp",  "dp",          "ep",
                                    "etp", "cp", "zero", "expert_zero", "micro_batch"};
  return names;
}

static bool isSize(StringRef name) { return llvm::is_contained(choices::sizeNames(), name); }

bool choices::isZeroStage(StringRef size) { return size == "zero" || size == "expert_zero"; }

bool choices::isDegree(StringRef size) {
  return isSize(size) && !isZeroStage(size) && size != "micro_batch";
}

namespace {
/// A choice among the cases of an enumeration.
struct EnumChoice {
  StringRef name;
  SmallVector<StringRef> spellings;
  ParseResult (*parse)(OpAsmParser &, Attribute &);
  bool (*isCase)(Attribute);
};
} // namespace

template <typename AttrT>
static EnumChoice enumChoice(StringRef name) {
  return {name, enumSpellings<decltype(AttrT().getValue())>(),
          [](OpAsmParser &parser, Attribute &value) -> ParseResult {
            AttrT attr;
            if (parseEnum(parser, attr))
              return failure();
            value = attr;
            return success();
          },
          [](Attribute value) { return isa<AttrT>(value); }};
}

/// In the order of printing, after the sizes.
static ArrayRef<EnumChoice> enumChoices() {
  static const EnumChoice all[] = {enumChoice<ScheduleAttr>(choices::kSchedule),
                                   enumChoice<RematModeAttr>(choices::kRemat)};
  return all;
}

/// Null for a size.
static const EnumChoice *findEnum(StringRef name) {
  auto found = llvm::find_if(enumChoices(), [&](const EnumChoice &e) { return e.name == name; });
  return found == enumChoices().end() ? nullptr : found;
}

static SmallVector<StringRef> allNames() {
  SmallVector<StringRef> names(choices::sizeNames());
  for (const EnumChoice &choice : enumChoices())
    names.push_back(choice.name);
  return names;
}

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
    if (!isSize(name) && !findEnum(name))
      return parser.emitError(loc) << "expected " << what << " to be one of "
                                   << llvm::join(allNames(), ", ") << "; got: " << name;
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

static ParseResult parseSizes(OpAsmParser &parser, Attribute &value) {
  SmallVector<int64_t> sizes;
  auto parseSize = [&] { return parser.parseInteger(sizes.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseSize))
    return failure();
  value = parser.getBuilder().getDenseI64ArrayAttr(sizes);
  return success();
}

static ParseResult parseCases(OpAsmParser &parser, const EnumChoice &choice, Attribute &value) {
  SmallVector<Attribute> cases;
  auto parseCase = [&] { return choice.parse(parser, cases.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseCase))
    return failure();
  value = parser.getBuilder().getArrayAttr(cases);
  return success();
}

ParseResult choices::parsePins(OpAsmParser &parser, DictionaryAttr &pins) {
  auto parseValue = [&](StringRef name, Attribute &value) -> ParseResult {
    if (const EnumChoice *choice = findEnum(name))
      return choice->parse(parser, value);
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
    const EnumChoice *choice = findEnum(name);
    return choice ? parseCases(parser, *choice, value) : parseSizes(parser, value);
  };
  return parseChoices(parser, "forbid", parseValue, forbids);
}

static void printValue(OpAsmPrinter &printer, Attribute value) {
  if (auto mode = dyn_cast<RematModeAttr>(value)) {
    printer.printKeywordOrString(stringifyEnum(mode.getValue()));
  } else if (auto schedule = dyn_cast<ScheduleAttr>(value)) {
    printer.printKeywordOrString(stringifyEnum(schedule.getValue()));
  } else if (auto size = dyn_cast<IntegerAttr>(value)) {
    printer << size.getInt();
  } else if (auto sizes = dyn_cast<DenseI64ArrayAttr>(value)) {
    printer << '[';
    llvm::interleaveComma(sizes.asArrayRef(), printer);
    printer << ']';
  } else if (auto cases = dyn_cast<ArrayAttr>(value)) {
    printer << '[';
    llvm::interleaveComma(cases, printer, [&](Attribute one) { printValue(printer, one); });
    printer << ']';
  }
}

static void printChoices(OpAsmPrinter &printer, DictionaryAttr choices) {
  SmallVector<StringRef> names = allNames();
  llvm::erase_if(names, [&](StringRef name) { return !choices.contains(name); });
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
  if (choices::isZeroStage(name))
    return requireInRange(job, field.str(), size, 0, kMaxZero);
  return requirePositive(job, field.str(), size);
}

/// What is wrong with a value that no text can state, only an attribute in generic form.
static LogicalResult refuseValue(Operation *job, StringRef field, NamedAttribute choice,
                                 StringRef size, StringRef ofEnum) {
  InFlightDiagnostic diag = job->emitOpError() << field << " " << choice.getName().strref() << " = "
                                               << choice.getValue() << " must be ";
  if (const EnumChoice *known = findEnum(choice.getName()))
    return diag << ofEnum << " " << llvm::join(known->spellings, ", ");
  return diag << size << " of " << llvm::join(choices::sizeNames(), ", ");
}

static LogicalResult verifyPin(Operation *job, NamedAttribute pin) {
  StringRef name = pin.getName();
  auto size = dyn_cast<IntegerAttr>(pin.getValue());
  if (isSize(name) && size && size.getType().isInteger(64))
    return verifySize(job, "pin " + name, name, size.getInt());
  const EnumChoice *choice = findEnum(name);
  if (choice && choice->isCase(pin.getValue()))
    return success();
  return refuseValue(job, "pin", pin, "an i64", "one of");
}

static LogicalResult verifyForbid(Operation *job, NamedAttribute forbid) {
  StringRef name = forbid.getName();
  auto requireAny = [&](bool any) -> LogicalResult {
    if (any)
      return success();
    return job->emitOpError() << "forbid " << name << " must name at least one value";
  };
  if (auto sizes = dyn_cast<DenseI64ArrayAttr>(forbid.getValue()); sizes && isSize(name)) {
    for (int64_t size : sizes.asArrayRef())
      if (failed(verifySize(job, "forbid " + name, name, size)))
        return failure();
    return requireAny(!sizes.empty());
  }
  const EnumChoice *choice = findEnum(name);
  auto cases = dyn_cast<ArrayAttr>(forbid.getValue());
  if (!choice || !cases || !llvm::all_of(cases, choice->isCase))
    return refuseValue(job, "forbid", forbid, "an array of i64", "an array of");
  llvm::SmallDenseSet<Attribute> distinct(cases.begin(), cases.end());
  if (distinct.size() == choice->spellings.size())
    return job->emitOpError() << "forbid " << name << " must leave one of "
                              << llvm::join(choice->spellings, ", ");
  return requireAny(!cases.empty());
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
