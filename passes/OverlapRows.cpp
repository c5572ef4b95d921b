//===- OverlapRows.cpp - rows on their way while other ops of a layer run -===//

#include "passes/Passes.h"
#include "passes/Pieces.h"
#include "passes/Transforms.h"
#include "llvm/ADT/TypeSwitch.h"
#include <deque>

namespace mlir::sigma {
#define GEN_PASS_DEF_OVERLAPROWS
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;
using mlir::sigma::isMovable;
using mlir::sigma::Piece;

/// More would not go faster: the runtime has as many exchanges on their way.
static constexpr size_t kMostStarted = 2;

/// Whether its rows may be on their way while other ops run.
static bool mayStart(Operation *op, LaunchOp launch) {
  auto isOfTensor = [&](Group group) {
    return (group == Group::Tensor || group == Group::ExpertTensor) && launch.getOverlapsTensor() &&
           launch.getGroupSize(group) > 1;
  };
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<AllGatherOp, ReduceScatterOp>([&](auto rows) { return isOfTensor(rows.getGroup()); })
      .Case<GatherExpertRowsOp, ScatterExpertRowsOp>(
          [&](auto) { return isOfTensor(Group::ExpertTensor); })
      .Case([&](AllToAllOp) { return launch.getOverlapsExchanges(); })
      .Default([](Operation *) { return false; });
}

/// Whether other ranks take part in it.
static bool isCollective(Operation *op) {
  if (isa<ExchangeSizesOp, ExchangeRoutesOp, GatherSizesOp>(op))
    return true;
  auto cost = dyn_cast<CostOpInterface>(op);
  return cost && !cost.getCollectives().empty();
}

namespace {
/// An op among others of its piece.
struct Node {
  Operation *op;
  SmallVector<Node *> before = {}; // those that it comes after
  bool leadsToCollective = false;  // or is one
  bool isDone = false, isOnItsWay = false;
};

/// The ops of a piece that follow each other, in a new order. Weights and constants among them stay
/// where they are, and thus come first.
class Section {
public:
  Section(ArrayRef<Operation *> ops, Operation *end, LaunchOp launch)
      : end(end), launch(launch), builder(end) {
    for (Operation *op : ops) {
      nodes.push_back({op, {}});
      nodeOf[op] = &nodes.back();
    }
    for (Node &node : nodes)
      addBefore(node);
    for (Node &node : llvm::reverse(nodes)) {
      node.leadsToCollective |= isCollective(node.op);
      if (node.leadsToCollective)
        for (Node *other : node.before)
          other->leadsToCollective = true;
    }
  }

  void reorder() {
    for (size_t left = nodes.size(); left > 0;)
      if (Node *next = choose()) {
        place(*next);
        --left;
      } else {
        waitForOldest();
      }
    while (!started.empty())
      waitForOldest();
  }

private:
  void addBefore(Node &node) {
    for (Value operand : node.op->getOperands())
      if (Operation *source = operand.getDefiningOp())
        if (Node *other = nodeOf.lookup(source))
          node.before.push_back(other);
    mlir::sigma::eachParameterAddedTo(*node.op,
                                      [&](StringRef name) { follow(lastAdding[name], node); });
    if (isCollective(node.op))
      follow(lastCollective, node);
    if (isa<ObjectiveOp>(node.op))
      follow(lastObjective, node);
  }

  static void follow(Node *&last, Node &node) {
    if (last)
      node.before.push_back(last);
    last = &node;
  }

  /// A collective that has begun is enough for the next one, but not for those that read it.
  bool isReady(const Node &node) const {
    const bool isRoom = started.size() < kMostStarted || !mayStart(node.op, launch);
    return isRoom && llvm::all_of(node.before, [&](Node *other) {
             return other->isDone && !(other->isOnItsWay && reads(node, *other));
           });
  }

  static bool reads(const Node &node, const Node &other) {
    return llvm::any_of(node.op->getOperands(),
                        [&](Value operand) { return operand.getDefiningOp() == other.op; });
  }

  Node *choose() {
    for (bool leads : {true, false})
      for (Node &node : nodes)
        if (!node.isDone && node.leadsToCollective == leads && isReady(node))
          return &node;
    return nullptr;
  }

  void place(Node &node) {
    node.op->moveBefore(end);
    node.isDone = true;
    if (!mayStart(node.op, launch))
      return;
    node.isOnItsWay = true;
    started.push_back(&node);
  }

  /// Where nothing else could be done meanwhile, it need not be started.
  void waitForOldest() {
    Node &node = *started.front();
    started.pop_front();
    node.isOnItsWay = false;
    if (end->getPrevNode() == node.op)
      return;
    node.op->setAttr(kStartedAttr, builder.getUnitAttr());
    builder.create<WaitOp>(node.op->getLoc(), node.op->getResult(0));
  }

  Operation *end;
  LaunchOp launch;
  OpBuilder builder;
  std::deque<Node> nodes;
  llvm::DenseMap<Operation *, Node *> nodeOf;
  llvm::StringMap<Node *> lastAdding; // to the gradients of a parameter
  Node *lastCollective = nullptr, *lastObjective = nullptr;
  std::deque<Node *> started;
};

/// Of consecutive ops of one piece, with the op behind them.
struct Run {
  SmallVector<Operation *> ops;
  Operation *end;
};
} // namespace

static SmallVector<Run> runsOf(FuncOp func) {
  SmallVector<Run> runs;
  std::optional<Piece> last;
  mlir::sigma::PieceWalk walk(func);
  for (Operation &op : func.getBody().front().without_terminator()) {
    if (isMovable(op))
      continue;
    const Piece piece = walk.at(op);
    if (!(last == piece)) {
      if (!runs.empty())
        runs.back().end = &op;
      runs.push_back({{}, func.getReturn()});
    }
    last = piece;
    runs.back().ops.push_back(&op);
  }
  return runs;
}

void mlir::sigma::overlapRows(ProgramOp program) {
  LaunchOp launch = program.getLaunchOp();
  if (!launch.getOverlapsTensor() && !launch.getOverlapsExchanges())
    return;
  for (auto func : program.getBody().getOps<FuncOp>())
    for (const Run &run : runsOf(func))
      Section(run.ops, run.end, launch).reorder();
}

namespace {
struct OverlapRows : mlir::sigma::impl::OverlapRowsBase<OverlapRows> {
  void runOnOperation() override { mlir::sigma::overlapRows(getOperation()); }
};
} // namespace
