//===- RuntimeAbi.cpp - the runtime's functions, as LLVM sees them --------===//

#include "codegen/RuntimeAbi.h"

using namespace mlir;
using namespace mlir::sigma;

namespace {
// Enumerators are spelled like the C types, so that one list serves both.
enum AbiType {
  sigma_void,
  sigma_rt,
  sigma_ptr,
  sigma_i64,
  sigma_f64,
  sigma_str,
  sigma_step,
  sigma_describe
};

struct AbiFunction {
  StringRef name;
  AbiType result;
  SmallVector<AbiType> parameters;
};
} // namespace

static const AbiFunction *lookup(StringRef name) {
  static const AbiFunction functions[] = {
#define SIGMA_ABI_FUNCTION(result, name, ...) {#name, result, {__VA_ARGS__}},
#include "runtime/abi/abi.def"
  };
  const AbiFunction *found =
      llvm::find_if(functions, [&](const AbiFunction &f) { return f.name == name; });
  return found == std::end(functions) ? nullptr : found;
}

bool RuntimeAbi::has(StringRef name) { return lookup(name); }

static Type llvmType(AbiType type, MLIRContext *context) {
  switch (type) {
  case sigma_void:
    return LLVM::LLVMVoidType::get(context);
  case sigma_i64:
    return IntegerType::get(context, 64);
  case sigma_f64:
    return Float64Type::get(context);
  case sigma_rt:
  case sigma_ptr:
  case sigma_str:
  case sigma_step:
  case sigma_describe:
    return LLVM::LLVMPointerType::get(context);
  }
  llvm_unreachable("unknown ABI type");
}

LLVM::LLVMFuncOp RuntimeAbi::declare(StringRef name) {
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return known;
  const AbiFunction *function = lookup(name);
  assert(function && "no such function in abi.def");
  MLIRContext *context = module.getContext();
  SmallVector<Type> parameters;
  for (AbiType type : function->parameters)
    parameters.push_back(llvmType(type, context));
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  return builder.create<LLVM::LLVMFuncOp>(
      module.getLoc(), name,
      LLVM::LLVMFunctionType::get(llvmType(function->result, context), parameters));
}

Value RuntimeAbi::constants(OpBuilder &builder, Location loc, ArrayRef<double> values) {
  int64_t size = values.size();
  auto list = DenseElementsAttr::get(RankedTensorType::get({size}, builder.getF64Type()), values);
  LLVM::GlobalOp &global = globals[list];
  if (!global) {
    OpBuilder start = OpBuilder::atBlockBegin(module.getBody());
    global = start.create<LLVM::GlobalOp>(
        module.getLoc(), LLVM::LLVMArrayType::get(builder.getF64Type(), size), /*isConstant=*/true,
        LLVM::Linkage::Internal, "constants." + std::to_string(globals.size()), list);
  }
  return builder.create<LLVM::AddressOfOp>(loc, global);
}

Value RuntimeAbi::call(OpBuilder &builder, Location loc, StringRef name, ValueRange arguments) {
  LLVM::LLVMFuncOp function = declare(name);
  assert(TypeRange(arguments) == TypeRange(function.getArgumentTypes()) &&
         "call does not fit abi.def");
  auto call = builder.create<LLVM::CallOp>(loc, function, arguments);
  return call.getNumResults() ? call.getResult() : Value();
}
