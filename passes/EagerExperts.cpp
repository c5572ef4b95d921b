//===- EagerExperts.cpp - experts as frameworks run them, step by step ----===//

#include "passes/EagerExperts.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

static constexpr llvm::StringLiteral kBytesAttr = "sigma.step_bytes",
                                     kKernelsAttr = "sigma.step_kernels";

// How often the steps read or write rows as wide as the op's matrix. Counted in Megatron-LM of
// 2025, TEGroupedMLP, which lets PyTorch run them one by one.
//
// The limit: both halves clamped and put together, and their activation. Back: that of the
// activation; of a clamp on one side and of one on both, comparisons, their masks of a byte and the
// choice by them; and the halves put together.
constexpr int64_t kClampedPasses = 4 + 4 + 3, kClampedGradPasses = 5 + 4 + 7 + 4;
// The last bias: times each row's weight; added; the experts' parts put together. Back: parts put
// together; gradient times weight, and summed; gradient times bias, and summed.
constexpr int64_t kBiasPasses = 1 + 3 + 2, kBiasGradPasses = 2 + 3 + 3;

/// `passes` over the rows of `matrix` that routing sends.
static void mark(Operation *op, Value matrix, int64_t rows, int64_t passes, int64_t kernels) {
  auto type = cast<RankedTensorType>(matrix.getType());
  Builder builder(op->getContext());
  op->setAttr(kBytesAttr,
              builder.getI64IntegerAttr(passes * rows * (tensorBytes(type) / type.getDimSize(0))));
  op->setAttr(kKernelsAttr, builder.getI64IntegerAttr(kernels));
}

/// Those of the first products are added by the products themselves.
static bool isOfLastProduct(AddBiasOp op) {
  return llvm::none_of(op.getResult().getUsers(),
                       [](Operation *user) { return isa<ActivationOp>(user); });
}
static bool isOfLastProduct(BiasGradOp op) {
  return !op.getGradient().getDefiningOp<ActivationGradOp>();
}

template <typename Op>
static void markActivation(Op op, Value matrix, int64_t passes) {
  if (op.getSizes() && op.getKind() == Activation::ClampedSilu)
    mark(op, matrix, *op.getExpectedRows(), passes, 1);
}

template <typename Op>
static void markBias(Op op, Value matrix, int64_t passes) {
  if (!op.getSizes())
    return;
  const int64_t experts = op.getSizes().getType().getNumElements();
  mark(op, matrix, *op.getExpectedRows(), isOfLastProduct(op) ? passes : 0,
       isOfLastProduct(op) ? experts : 0);
}

void mlir::sigma::runExpertsEagerly(ProgramOp program) {
  program.walk([](Operation *op) {
    if (auto activation = dyn_cast<ActivationOp>(op))
      markActivation(activation, activation.getResult(), kClampedPasses);
    else if (auto gradient = dyn_cast<ActivationGradOp>(op))
      markActivation(gradient, gradient.getGate(), kClampedGradPasses);
    else if (auto bias = dyn_cast<AddBiasOp>(op))
      markBias(bias, bias.getResult(), kBiasPasses);
    else if (auto gradient = dyn_cast<BiasGradOp>(op))
      markBias(gradient, gradient.getGradient(), kBiasGradPasses);
  });
}

static int64_t markedOr(CostOpInterface op, StringRef name, int64_t own) {
  auto marked = op->getAttrOfType<IntegerAttr>(name);
  return marked ? marked.getInt() : own;
}

int64_t mlir::sigma::stepBytes(CostOpInterface op) {
  return markedOr(op, kBytesAttr, op.getBytes());
}
int64_t mlir::sigma::stepKernels(CostOpInterface op) {
  return markedOr(op, kKernelsAttr, op.getKernels());
}
