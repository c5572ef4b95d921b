//===- EmitCpp.cpp - LLVM dialect to C++ text -----------------------------===//
//
// Knows the few kinds of ops that the lowering makes. Constants, addresses and integers become
// expressions where they are used, calls and what is used several times become statements; anything
// else is refused.

#include "codegen/Codegen.h"
#include "codegen/ProgramLowering.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::sigma;

static constexpr llvm::StringLiteral kPrologue = R"cpp(
#include "runtime/abi/abi.h"
#include <algorithm>

inline sigma_ptr at(sigma_ptr base, sigma_i64 offset) { return static_cast<char *>(base) + offset; }

)cpp";

static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
}

namespace {
class CppWriter {
public:
  CppWriter(ModuleOp module, StringRef source) : module(module), source(source), out(text) {}

  FailureOr<std::string> write() {
    out << "// " << source << " as C++. A line ends with the place of its op there.\n" << kPrologue;
    for (Operation &op : *module.getBody())
      if (!isa<LLVM::GlobalOp, LLVM::LLVMFuncOp>(op))
        refuse(&op, "the lowering makes no such op");
    for (auto global : module.getOps<LLVM::GlobalOp>())
      if (!textOf(global))
        writeNumbers(global);
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (function.isExternal() && !RuntimeAbi::has(function.getName()))
        out << signature(function, functionName(function)) << ";\n";
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (!function.isExternal())
        writeFunction(function);
    if (!isComplete)
      return failure();
    return text;
  }

private:
  /// Says, of the first such op, why there is no text for it.
  std::string refuse(Operation *op, const Twine &why) {
    if (isComplete)
      op->emitOpError() << "cannot be written as C++: " << why;
    isComplete = false;
    return "";
  }

  // ---- Names and types

  std::string globalName(LLVM::GlobalOp global) {
    std::string name = global.getName().str();
    std::replace(name.begin(), name.end(), '.', '_');
    return isIdentifier(name) ? name : refuse(global, "its name is none there");
  }
  std::string functionName(LLVM::LLVMFuncOp function) {
    SmallVector<StringRef> parts;
    function.getName().split(parts, '.');
    return llvm::all_of(parts, isIdentifier) ? llvm::join(parts, "::")
                                             : refuse(function, "its name is none there");
  }

  std::string typeName(Operation *op, Type type) {
    if (isa<LLVM::LLVMVoidType>(type))
      return "void";
    if (isa<LLVM::LLVMPointerType>(type))
      return "sigma_ptr";
    if (type.isInteger(64))
      return "sigma_i64";
    if (type.isInteger(32))
      return "int";
    if (type.isF64())
      return "sigma_f64";
    std::string spelled;
    llvm::raw_string_ostream(spelled) << type;
    return refuse(op, "there is no type " + spelled);
  }

  /// What the lowering gives to main, and to all others.
  std::pair<std::string, std::string> parameter(LLVM::LLVMFuncOp function, unsigned index) {
    if (function.getName() == "main")
      return index == 0 ? std::pair("int ", "argc") : std::pair("char **", "argv");
    std::string name = index < std::size(kFixedParameters) ? kFixedParameters[index].str()
                                                           : "p" + std::to_string(index);
    if (index == 0)
      return {"sigma_rt ", name};
    return {typeName(function, function.getArgumentTypes()[index]) + " ", name};
  }

  std::string signature(LLVM::LLVMFuncOp function, StringRef name) {
    std::string parameters;
    for (unsigned index = 0; index < function.getNumArguments(); ++index) {
      auto [type, parameterName] = parameter(function, index);
      bool isUsed = function.isExternal() || !function.getArgument(index).use_empty();
      parameters +=
          (index ? ", " : "") + type + (isUsed ? parameterName : "/*" + parameterName + "*/");
    }
    return typeName(function, function.getFunctionType().getReturnType()) + " " + name.str() + "(" +
           parameters + ")";
  }

  // ---- Globals

  static StringAttr textOf(LLVM::GlobalOp global) {
    return dyn_cast_or_null<StringAttr>(global.getValueOrNull());
  }

  void writeNumbers(LLVM::GlobalOp global) {
    auto numbers = dyn_cast_or_null<DenseFPElementsAttr>(global.getValueOrNull());
    if (!numbers || !global.getConstant()) {
      refuse(global, "it holds neither text nor constant numbers");
      return;
    }
    auto all = llvm::map_range(numbers, [&](APFloat value) { return number(global, value); });
    out << "static const sigma_f64 " << globalName(global) << "[] = {" << llvm::join(all, ", ")
        << "};\n";
  }

  std::string quoted(LLVM::GlobalOp global, StringRef bytes) {
    if (!bytes.consume_back(StringRef("\0", 1)) || !global.getConstant())
      return refuse(global, "it is no constant that a zero byte ends");
    std::string result;
    llvm::raw_string_ostream(result).write_escaped(bytes);
    return "\"" + result + "\"";
  }

  std::string number(Operation *op, const APFloat &value) {
    if (!value.isFinite() || &value.getSemantics() != &APFloat::IEEEdouble())
      return refuse(op, "there is no such number");
    char digits[64];
    unsigned size =
        value.convertToHexString(digits, 0, /*UpperCase=*/false, APFloat::rmNearestTiesToEven);
    return std::string(digits, size);
  }

  // ---- Functions

  /// f32.stage0.forward is `forward` in the namespace f32::stage0.
  void writeFunction(LLVM::LLVMFuncOp function) {
    names.clear();
    std::string whole = functionName(function);
    auto [scope, name] = StringRef(whole).rsplit("::");
    out << "\n";
    if (!name.empty())
      out << "namespace " << scope << " {\n";
    out << signature(function, name.empty() ? scope : name) << " {\n";
    writeBlock(function.getBody().front());
    out << "}\n";
    if (!name.empty())
      out << "} // namespace " << scope << "\n";
  }

  void writeBlock(Block &block) {
    for (Operation &op : block)
      writeStatement(&op);
  }

  /// The lowering branches for loops only: into the head, which leaves or goes into the body, and
  /// from the body's end back to the head.
  void writeLoop(LLVM::BrOp branch) {
    Block *head = branch.getDest();
    auto leave = dyn_cast<LLVM::CondBrOp>(head->getTerminator());
    if (!leave || !head->getArguments().empty()) {
      refuse(branch, "it begins no loop");
      return;
    }
    out << "  for (;;) {\n";
    for (Operation &op : head->without_terminator())
      writeStatement(&op);
    out << "  if (!" << expression(leave.getCondition()) << ") break;\n";
    loops.push_back(head);
    writeBlock(*leave.getTrueDest());
    loops.pop_back();
    out << "  }\n";
    writeBlock(*leave.getFalseDest());
  }

  static bool isArithmetic(Operation *op) {
    return isa<LLVM::AddOp, LLVM::SubOp, LLVM::MulOp, LLVM::SMinOp, LLVM::SMaxOp>(op);
  }

  /// Whether anything comes of it.
  static bool isNeeded(Operation *op) {
    return op->hasTrait<OpTrait::IsTerminator>() || !isMemoryEffectFree(op) ||
           llvm::any_of(op->getUsers(), isNeeded);
  }

  void writeStatement(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](LLVM::CallOp call) { writeLine(call, called(call)); })
        .Case([&](LLVM::ReturnOp ret) {
          if (Value value = ret.getArg())
            out << "  return " << expression(value) << ";\n";
        })
        .Case<LLVM::AddOp, LLVM::SubOp, LLVM::MulOp, LLVM::SMinOp, LLVM::SMaxOp>(
            [&](Operation *op) {
              if (isNeeded(op) && !op->hasOneUse())
                writeLine(op, arithmetic(op));
            })
        .Case([&](LLVM::BrOp branch) {
          if (loops.empty() || branch.getDest() != loops.back())
            writeLoop(branch);
        })
        // Written where they are used.
        .Case<LLVM::ConstantOp, LLVM::ZeroOp, LLVM::AddressOfOp, LLVM::GEPOp, LLVM::SExtOp,
              LLVM::TruncOp, LLVM::ICmpOp>([](Operation *) {})
        .Default([&](Operation *op) { refuse(op, "the lowering makes no such op"); });
  }

  /// What computes the op; its result, if anything comes of it, gets a name.
  void writeLine(Operation *op, const std::string &computation) {
    out << "  ";
    if (op->getNumResults() && llvm::any_of(op->getUsers(), isNeeded)) {
      std::string name = "v" + std::to_string(names.size());
      names[op->getResult(0)] = name;
      out << "const " << typeName(op, op->getResult(0).getType()) << " " << name << " = ";
    }
    out << computation << ";";
    if (auto place = op->getLoc()->findInstanceOf<FileLineColLoc>())
      out << " // " << source << ":" << place.getLine();
    out << "\n";
  }

  std::string called(LLVM::CallOp call) {
    auto callee = call.getCallee() ? module.lookupSymbol<LLVM::LLVMFuncOp>(*call.getCallee())
                                   : LLVM::LLVMFuncOp();
    if (!callee)
      return refuse(call, "it calls no function of the module");
    auto arguments =
        llvm::map_range(call.getArgOperands(), [&](Value value) { return expression(value); });
    return functionName(callee) + "(" + llvm::join(arguments, ", ") + ")";
  }

  std::string expression(Value value) {
    if (auto known = names.find(value); known != names.end())
      return known->second;
    if (auto argument = dyn_cast<BlockArgument>(value))
      return parameter(cast<LLVM::LLVMFuncOp>(argument.getOwner()->getParentOp()),
                       argument.getArgNumber())
          .second;
    if (isArithmetic(value.getDefiningOp()))
      return arithmetic(value.getDefiningOp());
    return llvm::TypeSwitch<Operation *, std::string>(value.getDefiningOp())
        .Case([&](LLVM::ConstantOp op) { return constant(op); })
        .Case([&](LLVM::ZeroOp op) {
          return isa<LLVM::LLVMPointerType>(op.getType()) ? "nullptr"
                                                          : refuse(op, "there is no such constant");
        })
        .Case([&](LLVM::AddressOfOp op) { return addressOf(op); })
        .Case([&](LLVM::GEPOp op) { return offset(op); })
        .Case([&](LLVM::ICmpOp op) { return comparison(op); })
        .Case([&](LLVM::SExtOp op) { return converted(op, op.getType(), op.getArg()); })
        .Case([&](LLVM::TruncOp op) { return converted(op, op.getType(), op.getArg()); })
        .Default([&](Operation *op) { return refuse(op, "the lowering makes no such op"); });
  }

  std::string arithmetic(Operation *op) {
    if (!op->getResult(0).getType().isInteger(64))
      return refuse(op, "it computes no sigma_i64");
    std::string a = expression(op->getOperand(0)), b = expression(op->getOperand(1));
    auto infix = [&](StringRef sign) { return "(" + a + " " + sign.str() + " " + b + ")"; };
    auto function = [&](StringRef name) {
      return "std::" + name.str() + "<sigma_i64>(" + a + ", " + b + ")";
    };
    return llvm::TypeSwitch<Operation *, std::string>(op)
        .Case([&](LLVM::AddOp) { return infix("+"); })
        .Case([&](LLVM::SubOp) { return infix("-"); })
        .Case([&](LLVM::MulOp) { return infix("*"); })
        .Case([&](LLVM::SMinOp) { return function("min"); })
        .Case([&](LLVM::SMaxOp) { return function("max"); });
  }

  std::string comparison(LLVM::ICmpOp op) {
    if (op.getPredicate() != LLVM::ICmpPredicate::ne)
      return refuse(op, "the lowering makes no such comparison");
    return "(" + expression(op.getLhs()) + " != " + expression(op.getRhs()) + ")";
  }

  std::string constant(LLVM::ConstantOp op) {
    if (auto integer = dyn_cast<IntegerAttr>(op.getValue()); integer && op.getType().isInteger(64))
      return integer.getValue().isMinSignedValue() ? "INT64_MIN" : std::to_string(integer.getInt());
    if (auto real = dyn_cast<FloatAttr>(op.getValue()))
      return number(op, real.getValue());
    return refuse(op, "there is no such constant");
  }

  std::string addressOf(LLVM::AddressOfOp op) {
    if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(op.getGlobalName()))
      return functionName(function);
    auto global = module.lookupSymbol<LLVM::GlobalOp>(op.getGlobalName());
    if (StringAttr text = textOf(global))
      return quoted(global, text.getValue());
    return "const_cast<sigma_f64 *>(" + globalName(global) +
           ")"; // the ABI's pointers know no const
  }

  std::string offset(LLVM::GEPOp op) {
    if (!op.getElemType().isInteger(8) || op.getDynamicIndices().size() != 1 ||
        op.getRawConstantIndices().size() != 1)
      return refuse(op, "it is no number of bytes");
    return "at(" + expression(op.getBase()) + ", " + expression(op.getDynamicIndices().front()) +
           ")";
  }

  std::string converted(Operation *op, Type type, Value value) {
    return "static_cast<" + typeName(op, type) + ">(" + expression(value) + ")";
  }

  ModuleOp module;
  StringRef source; // what the locations count lines of
  std::string text;
  llvm::raw_string_ostream out;
  llvm::DenseMap<Value, std::string> names; // of results in the function at hand
  SmallVector<Block *> loops;               // heads of those that are being written
  bool isComplete = true;
};
} // namespace

FailureOr<std::string> sigma::emitCpp(ModuleOp module, StringRef source) {
  return CppWriter(module, source).write();
}
