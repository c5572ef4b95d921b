//===- ProgramLowering.h - shared by the lowerings of a program ---*- C++ -*-===//

#ifndef CODEGEN_PROGRAMLOWERING_H
#define CODEGEN_PROGRAMLOWERING_H

#include "codegen/RuntimeAbi.h"
#include "dialects/Rank/RankOps.h"
#include "runtime/abi/abi.h"

namespace mlir::sigma {

/// Emits LLVM ops at one insertion point, with the few constants and addresses that calls are made
/// of.
class Emitter {
public:
  Emitter(RuntimeAbi &abi, OpBuilder builder, Location loc)
      : abi(abi), builder(builder), loc(loc) {}

  Value i64(int64_t value) {
    return builder.create<LLVM::ConstantOp>(loc, builder.getI64Type(),
                                            builder.getI64IntegerAttr(value));
  }
  Value f64(double value) {
    return builder.create<LLVM::ConstantOp>(loc, builder.getF64Type(),
                                            builder.getF64FloatAttr(value));
  }
  Value null() { return builder.create<LLVM::ZeroOp>(loc, pointerType()); }
  Value address(Value base, int64_t offset) { return address(base, i64(offset)); }
  Value address(Value base, Value offset) {
    return builder.create<LLVM::GEPOp>(loc, pointerType(), builder.getI8Type(), base,
                                       ValueRange{offset});
  }
  Value add(Value a, Value b) { return builder.create<LLVM::AddOp>(loc, a, b); }
  Value sub(Value a, Value b) { return builder.create<LLVM::SubOp>(loc, a, b); }
  Value mul(Value a, Value b) { return builder.create<LLVM::MulOp>(loc, a, b); }
  Value min(Value a, Value b) { return builder.create<LLVM::SMinOp>(loc, a, b); }
  Value max(Value a, Value b) { return builder.create<LLVM::SMaxOp>(loc, a, b); }
  /// The address of numbers that are the same in every call.
  Value constants(ArrayRef<double> values) { return abi.constants(builder, loc, values); }
  Value call(StringRef name, ValueRange arguments) {
    return abi.call(builder, loc, name, arguments);
  }
  /// Calls `body` again and again while the number that `next` computes is not 0.
  void loop(llvm::function_ref<Value()> next, llvm::function_ref<void()> body) {
    Region &region = *builder.getInsertionBlock()->getParent();
    Block *head = &region.emplaceBlock(), *again = &region.emplaceBlock(),
          *after = &region.emplaceBlock();
    builder.create<LLVM::BrOp>(loc, head);
    builder.setInsertionPointToEnd(head);
    Value number = next(), zero = i64(0);
    Value goesOn = builder.create<LLVM::ICmpOp>(loc, LLVM::ICmpPredicate::ne, number, zero);
    builder.create<LLVM::CondBrOp>(loc, goesOn, again, after);
    builder.setInsertionPointToEnd(again);
    body();
    builder.create<LLVM::BrOp>(loc, head);
    builder.setInsertionPointToEnd(after);
  }
  Type pointerType() { return LLVM::LLVMPointerType::get(builder.getContext()); }

  /// In the trace, what follows is of the kind, until `endSpan`.
  void beginSpan(Value rt, int64_t kind, int64_t chunk = -1, int64_t microBatch = -1) {
    call("sigma_begin_span", {rt, i64(kind), i64(chunk), i64(microBatch)});
  }
  void endSpan(Value rt) { call("sigma_end_span", {rt}); }

  void setLocation(Location location) { loc = location; }

  RuntimeAbi &abi;
  OpBuilder builder;
  Location loc;
};

/// In the trace, ops in a row that are of a kind.
class SpanOfRun {
public:
  SpanOfRun(Emitter &emit, Value rt, int64_t kind) : emit(emit), rt(rt), kind(kind) {}

  /// Before each op: whether it is of the kind.
  void next(bool isOfKind) {
    if (isOfKind && !isOpen)
      emit.beginSpan(rt, kind);
    else if (!isOfKind && isOpen)
      emit.endSpan(rt);
    isOpen = isOfKind;
  }

private:
  Emitter &emit;
  Value rt;
  int64_t kind;
  bool isOpen = false;
};

/// SIGMA_F32, SIGMA_F64 or SIGMA_BF16.
int64_t elementCode(Type elementType);

/// The runtime's group of the ranks that sum gradients over an axis.
int64_t groupCode(rank::Axis axis);

/// Name of a function of a stage: several stages and precisions may be linked into one program.
std::string symbolName(rank::ProgramOp program, StringRef function);

/// What every function of a stage takes first: runtime, arena, transient memory. The step takes the
/// first two.
inline constexpr StringLiteral kFixedParameters[] = {"rt", "arena", "transient"};

/// Whether the function starts sums of gradients.
bool startsSums(rank::FuncOp func);

/// `arena`: the stage's memory.
void lowerStart(Emitter &emit, Value rt, Value arena, rank::StartReduceOp op);

/// Lowers a rank.func to `void (kFixedParameters..., (slot, ends)..., arguments..., results...)`,
/// all pointers, with both parts of each residual that it takes and gives. The values that were
/// kept for it are no arguments: they lie there.
void lowerFunction(rank::FuncOp func, RuntimeAbi &abi);

/// Lowers the schedule to `void step(rt, arena)`.
void lowerSchedule(rank::ProgramOp program, RuntimeAbi &abi);

/// Adds `void sigma_describe_<precision>(rt)`.
void emitDescription(ModuleOp module, RuntimeAbi &abi, StringRef programHash);

/// Adds main.
void emitEntryPoint(ModuleOp module, RuntimeAbi &abi);

} // namespace mlir::sigma

#endif
