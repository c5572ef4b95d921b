//===- Shard.cpp - parallelism of experts as explicit collectives ---------===//

#include "passes/Passes.h"
#include "passes/Transforms.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_SHARD
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

static RankedTensorType withRows(Type type, int64_t rows) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = rows;
  return RankedTensorType::get(shape, tensor.getElementType());
}

namespace {
/// Rewrites one forward function for `ep` ranks that have different experts, and `etp` that have a
/// part of each. Expansion has split the widths of experts already.
class ExpertSharding {
public:
  ExpertSharding(LaunchOp launch) : launch(launch), ep(launch.getEp()), etp(launch.getEtp()) {}

  LogicalResult shardParameters(ProgramOp program) {
    for (auto parameter : program.getBody().getOps<ParameterOp>()) {
      if (!parameter.getExpert())
        continue;
      int64_t experts = parameter.getTensorType().getDimSize(0);
      if (experts % ep != 0)
        return parameter.emitOpError()
               << "has " << experts << " experts; ep, " << ep << ", must divide them";
      parameter.setType(withRows(parameter.getType(), experts / ep));
    }
    return success();
  }

  LogicalResult shardFunction(FuncOp func) {
    for (Operation &op : llvm::make_early_inc_range(func.getBody().front())) {
      if (auto weight = dyn_cast<WeightOp>(op))
        retypeWeight(weight);
      else if (auto dispatch = dyn_cast<DispatchOp>(op))
        lowerDispatch(dispatch);
      else if (auto collect = dyn_cast<CollectOp>(op)) {
        if (failed(lowerCollect(collect)))
          return failure();
      } else if (llvm::any_of(op.getOperands(), [&](Value v) { return expertRows.contains(v); }))
        retypeExpertOp(op);
    }
    return success();
  }

private:
  struct Exchange {
    Value table, localSizes;
    Value gatherTable;    // null without tensor parallelism of experts
    int64_t capacity;     // rows between dispatch and collect
    int64_t expectedRows; // of those, under even routing
    int64_t rows;         // before dispatch and after collect
  };

  void retypeWeight(WeightOp weight) {
    auto parameter =
        weight->getParentOfType<ProgramOp>().lookupSymbol<ParameterOp>(weight.getParameter());
    weight.getResult().setType(parameter.getTensorType());
  }

  /// Rows that the experts of one rank can take: the planned share of an even load, at most every
  /// row there is.
  int64_t capacity(int64_t rows, int64_t experts, int64_t tokens) {
    int64_t worst = ep * std::min(rows, tokens * (experts / ep));
    auto ppm = launch.getExpertCapacityPpm();
    return ppm ? std::min<int64_t>(worst, (__int128(rows) * *ppm + 999999) / 1000000) : worst;
  }

  void lowerDispatch(DispatchOp dispatch) {
    OpBuilder builder(dispatch);
    int64_t rows = dispatch.getRows().getType().getDimSize(0);
    Value here = dispatch.getRows();
    Exchange exchange{Value(), dispatch.getSizes(), Value(), rows, rows, rows};
    if (ep > 1)
      here = sendToExperts(builder, dispatch, here, exchange);
    if (etp > 1)
      here = gatherExpertRows(builder, dispatch, here, exchange);
    exchanges[dispatch.getSizes()] = exchange;
    expertRows.insert(here);
    dispatch.getResult().replaceAllUsesWith(here);
    dispatch.erase();
  }

  Value sendToExperts(OpBuilder &builder, DispatchOp dispatch, Value here, Exchange &exchange) {
    Value sizes = dispatch.getSizes();
    int64_t experts = dispatch.getSizes().getType().getNumElements();
    exchange.capacity = capacity(exchange.rows, experts, launch.getStreamTokens());
    auto table = RankedTensorType::get({ep, experts / ep}, builder.getI32Type());
    auto local = RankedTensorType::get({experts / ep}, builder.getI32Type());
    auto tables =
        builder.create<ExchangeSizesOp>(dispatch.getLoc(), table, local, sizes, exchange.capacity);
    auto rowsOp = builder.create<AllToAllOp>(
        dispatch.getLoc(), withRows(here.getType(), exchange.capacity), here, sizes,
        tables.getTable(), Direction::Dispatch, exchange.rows);
    copyOrigin(dispatch, tables);
    copyOrigin(dispatch, rowsOp);
    exchange.table = tables.getTable();
    exchange.localSizes = tables.getLocalSizes();
    return rowsOp;
  }

  Value gatherExpertRows(OpBuilder &builder, DispatchOp dispatch, Value here, Exchange &exchange) {
    int64_t experts = cast<RankedTensorType>(exchange.localSizes.getType()).getNumElements();
    exchange.capacity *= etp;
    exchange.expectedRows *= etp;
    auto table = RankedTensorType::get({etp, experts}, builder.getI32Type());
    auto sizes = builder.create<GatherSizesOp>(dispatch.getLoc(), table,
                                               exchange.localSizes.getType(), exchange.localSizes);
    auto rowsOp = builder.create<GatherExpertRowsOp>(dispatch.getLoc(),
                                                     withRows(here.getType(), exchange.capacity),
                                                     here, sizes.getTable(), exchange.expectedRows);
    copyOrigin(dispatch, sizes);
    copyOrigin(dispatch, rowsOp);
    exchange.gatherTable = sizes.getTable();
    exchange.localSizes = sizes.getAllSizes();
    return rowsOp;
  }

  LogicalResult lowerCollect(CollectOp collect) {
    OpBuilder builder(collect);
    auto found = exchanges.find(collect.getSizes());
    if (found == exchanges.end())
      return collect.emitOpError() << "has no rank.dispatch with the same sizes before it";
    const Exchange &exchange = found->second;
    Value back = collect.getRows();
    if (etp > 1) {
      auto scatter = builder.create<ScatterExpertRowsOp>(
          collect.getLoc(), withRows(back.getType(), exchange.capacity / etp), back,
          exchange.gatherTable, exchange.expectedRows);
      copyOrigin(collect, scatter);
      back = scatter;
    }
    if (ep > 1) {
      auto rowsOp = builder.create<AllToAllOp>(
          collect.getLoc(), withRows(back.getType(), exchange.rows), back, collect.getSizes(),
          exchange.table, Direction::Collect, exchange.rows);
      copyOrigin(collect, rowsOp);
      back = rowsOp;
    }
    collect.getResult().replaceAllUsesWith(back);
    collect.erase();
    return success();
  }

  /// An op between dispatch and collect: its rows are those of the local experts.
  void retypeExpertOp(Operation &op) {
    int64_t rows = 0, expectedRows = 0;
    for (OpOperand &operand : op.getOpOperands()) {
      auto exchange = exchanges.find(operand.get());
      if (exchange != exchanges.end()) {
        rows = exchange->second.capacity;
        expectedRows = exchange->second.expectedRows;
        operand.set(exchange->second.localSizes);
      }
    }
    if (op.hasAttr(kExpectedRowsAttr))
      op.setAttr(kExpectedRowsAttr, Builder(&op).getI64IntegerAttr(expectedRows));
    for (Value result : op.getResults()) {
      result.setType(withRows(result.getType(), rows));
      expertRows.insert(result);
    }
  }

  static void copyOrigin(Operation *from, Operation *to) {
    for (StringRef name : {kLayerAttr, kModuleAttr})
      if (Attribute value = from->getAttr(name))
        to->setAttr(name, value);
  }

  LaunchOp launch;
  int64_t ep, etp;
  llvm::DenseMap<Value, Exchange> exchanges; // by the sizes of the global experts
  llvm::DenseSet<Value> expertRows;
};
} // namespace

LogicalResult mlir::sigma::shardExperts(ProgramOp program) {
  LaunchOp launch = program.getLaunchOp();
  SmallVector<FuncOp> forwards = program.getForwards();
  if (int64_t(forwards.size()) != program.getNumChunks())
    return program.emitOpError() << "has no @" << functionName(kForward, forwards.size())
                                 << "; run sigma-expand-blocks first";
  if (launch.getEp() == 1 && launch.getEtp() == 1) {
    program.walk([](Operation *op) {
      if (isa<DispatchOp, CollectOp>(op)) {
        op->getResult(0).replaceAllUsesWith(op->getOperand(0));
        op->erase();
      }
    });
    return success();
  }
  ExpertSharding sharding(launch);
  if (failed(sharding.shardParameters(program)))
    return failure();
  for (FuncOp forward : forwards)
    if (failed(sharding.shardFunction(forward)))
      return failure();
  return success();
}

namespace {
struct Shard : mlir::sigma::impl::ShardBase<Shard> {
  void runOnOperation() override {
    if (failed(mlir::sigma::shardExperts(getOperation())))
      signalPassFailure();
  }
};
} // namespace
