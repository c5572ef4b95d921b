//===- Shard.cpp - parallelism of experts as explicit collectives ---------===//

#include "mlir/IR/IRMapping.h"
#include "passes/Passes.h"
#include "passes/Transforms.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::sigma {
#define GEN_PASS_DEF_SHARD
#include "passes/Passes.h.inc"
} // namespace mlir::sigma

using namespace mlir;
using namespace mlir::rank;

/// Rounds after the first keep nothing for backward, which makes all of it again: with a quarter of
/// the rows, that takes about no more memory than the first round's own gradients.
constexpr int64_t kLaterRoundParts = 4;

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
  /// One exchange, or a later round of it.
  struct Exchange {
    Value sizes;                   // of the global experts
    Value sent, begins;            // of these, what is sent, and from which rows on
    Value table, localSizes;       // what arrives
    Value gatherTable;             // null without tensor parallelism of experts
    Value routes, rounds;          // null where there is room for all
    Value source, here;            // rows before dispatch, and behind it
    int64_t capacity;              // rows between dispatch and collect
    int64_t laterCapacity;         // the same in rounds after the first
    int64_t expectedRows;          // of those, under even routing
    int64_t rows;                  // before dispatch and after collect
    SmallVector<Operation *> work; // between dispatch and collect
  };

  void retypeWeight(WeightOp weight) {
    auto parameter =
        weight->getParentOfType<ProgramOp>().lookupSymbol<ParameterOp>(weight.getParameter());
    weight.getResult().setType(parameter.getTensorType());
  }

  static RankedTensorType indices(OpBuilder &builder, ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, builder.getI32Type());
  }

  void lowerDispatch(DispatchOp dispatch) {
    OpBuilder builder(dispatch);
    const int64_t rows = dispatch.getRows().getType().getDimSize(0);
    Exchange exchange{};
    exchange.sizes = exchange.sent = exchange.localSizes = dispatch.getSizes();
    exchange.source = exchange.here = dispatch.getRows();
    exchange.capacity = exchange.expectedRows = exchange.rows = rows;
    if (ep > 1)
      exchangeSizes(builder, dispatch, exchange);
    sendToExperts(builder, dispatch, exchange);
    expertRows.insert(exchange.here);
    dispatch.getResult().replaceAllUsesWith(exchange.here);
    exchanges[dispatch.getSizes()] = exchange;
    dispatch.erase();
  }

  /// The experts of one rank have room for the planned share of an even load, or for every row that
  /// there may be. Where the plan has less than that, what comes beyond it goes in later rounds.
  void exchangeSizes(OpBuilder &builder, Operation *origin, Exchange &exchange) {
    const int64_t experts = cast<RankedTensorType>(exchange.sizes.getType()).getNumElements();
    const int64_t worst =
        ep * std::min(exchange.rows, int64_t(launch.getStreamTokens()) * (experts / ep));
    auto ppm = launch.getExpertCapacityPpm();
    const int64_t planned =
        ppm ? int64_t((__int128(exchange.rows) * *ppm + 999999) / 1000000) : worst;
    exchange.capacity = std::min(worst, planned);
    if (exchange.capacity < worst)
      return exchangeRoutes(builder, origin, exchange, experts);
    auto tables = builder.create<ExchangeSizesOp>(
        origin->getLoc(), indices(builder, {ep, experts / ep}), indices(builder, {experts / ep}),
        exchange.sizes, exchange.capacity);
    copyOrigin(origin, tables);
    exchange.table = tables.getTable();
    exchange.localSizes = tables.getLocalSizes();
  }

  void exchangeRoutes(OpBuilder &builder, Operation *origin, Exchange &exchange, int64_t experts) {
    exchange.laterCapacity = (exchange.capacity + kLaterRoundParts - 1) / kLaterRoundParts;
    auto routes = builder.create<ExchangeRoutesOp>(
        origin->getLoc(), indices(builder, {ep, experts / ep + 1}), indices(builder, {1}),
        exchange.sizes, exchange.capacity, exchange.laterCapacity);
    copyOrigin(origin, routes);
    exchange.routes = routes.getRoutes();
    exchange.rounds = routes.getRounds();
    beginRound(builder, origin, exchange, exchange.capacity);
  }

  void beginRound(OpBuilder &builder, Operation *origin, Exchange &exchange,
                  int64_t firstCapacity) {
    const int64_t experts = cast<RankedTensorType>(exchange.sizes.getType()).getNumElements();
    auto round = builder.create<RoundOp>(
        origin->getLoc(), exchange.sizes.getType(), indices(builder, {ep}),
        indices(builder, {ep, experts / ep}), indices(builder, {experts / ep}), exchange.sizes,
        exchange.routes, firstCapacity, exchange.laterCapacity);
    copyOrigin(origin, round);
    exchange.sent = round.getSent();
    exchange.begins = round.getBegins();
    exchange.table = round.getTable();
    exchange.localSizes = round.getLocalSizes();
  }

  void sendToExperts(OpBuilder &builder, Operation *origin, Exchange &exchange) {
    if (ep > 1) {
      auto rowsOp = builder.create<AllToAllOp>(
          origin->getLoc(), withRows(exchange.here.getType(), exchange.capacity), exchange.here,
          exchange.sent, exchange.table, exchange.begins, Direction::Dispatch, exchange.rows);
      copyOrigin(origin, rowsOp);
      exchange.here = rowsOp;
    }
    if (etp > 1)
      gatherExpertRows(builder, origin, exchange);
  }

  void gatherExpertRows(OpBuilder &builder, Operation *origin, Exchange &exchange) {
    const Location loc = origin->getLoc();
    const int64_t experts = cast<RankedTensorType>(exchange.localSizes.getType()).getNumElements();
    exchange.capacity *= etp;
    exchange.expectedRows *= etp;
    auto sizes = builder.create<GatherSizesOp>(
        loc, indices(builder, {etp, experts}), exchange.localSizes.getType(),
        exchange.rounds ? exchange.rounds.getType() : Type(), exchange.localSizes, exchange.rounds);
    auto rowsOp = builder.create<GatherExpertRowsOp>(
        loc, withRows(exchange.here.getType(), exchange.capacity), exchange.here, sizes.getTable(),
        exchange.expectedRows);
    copyOrigin(origin, sizes);
    copyOrigin(origin, rowsOp);
    exchange.gatherTable = sizes.getTable();
    exchange.localSizes = sizes.getAllSizes();
    exchange.rounds = sizes.getMostRounds();
    exchange.here = rowsOp;
  }

  LogicalResult lowerCollect(CollectOp collect) {
    OpBuilder builder(collect);
    auto found = exchanges.find(collect.getSizes());
    if (found == exchanges.end())
      return collect.emitOpError() << "has no rank.dispatch with the same sizes before it";
    const Exchange &exchange = found->second;
    Value back = scatterExpertRows(builder, collect, collect.getRows(), exchange);
    if (exchange.routes)
      back = collectRounds(builder, collect, back, exchange);
    else if (ep > 1)
      back = collectRows(builder, collect, back, exchange);
    collect.getResult().replaceAllUsesWith(back);
    collect.erase();
    return success();
  }

  Value scatterExpertRows(OpBuilder &builder, CollectOp collect, Value rows,
                          const Exchange &exchange) {
    if (etp == 1)
      return rows;
    auto scatter = builder.create<ScatterExpertRowsOp>(
        collect.getLoc(), withRows(rows.getType(), exchange.capacity / etp), rows,
        exchange.gatherTable, exchange.expectedRows);
    copyOrigin(collect, scatter);
    return scatter;
  }

  static Value collectRows(OpBuilder &builder, CollectOp collect, Value rows,
                           const Exchange &exchange) {
    auto rowsOp = builder.create<AllToAllOp>(
        collect.getLoc(), withRows(rows.getType(), exchange.rows), rows, exchange.sent,
        exchange.table, exchange.begins, Direction::Collect, exchange.rows);
    copyOrigin(collect, rowsOp);
    return rowsOp;
  }

  Value collectRounds(OpBuilder &builder, CollectOp collect, Value rows, const Exchange &first) {
    const SmallVector<Value> inputs = inputsOfRounds(first);
    auto rounds = builder.create<CollectRoundsOp>(
        collect.getLoc(), withRows(rows.getType(), first.rows), rows, first.sent, first.table,
        first.begins, first.rounds, inputs, first.rows, IntegerAttr());
    copyOrigin(collect, rounds);
    Block &body = rounds.getBody().emplaceBlock();
    IRMapping mapping;
    for (Value input : inputs)
      mapping.map(input, body.addArgument(input.getType(), input.getLoc()));
    writeLaterRound(collect, first, mapping, OpBuilder::atBlockEnd(&body));
    return rounds;
  }

  /// Rows that are copies of tokens are copied again: they are not kept until backward.
  static Operation *copyOfTokens(const Exchange &exchange) {
    return exchange.source.getDefiningOp<GatherRowsOp>();
  }

  SmallVector<Value> inputsOfRounds(const Exchange &first) {
    llvm::SetVector<Value> inputs;
    inputs.insert(first.sizes);
    inputs.insert(first.routes);
    if (Operation *copy = copyOfTokens(first))
      inputs.insert(copy->operand_begin(), copy->operand_end());
    else
      inputs.insert(first.source);
    for (Operation *op : first.work)
      for (Value operand : op->getOperands())
        if (operand != first.localSizes && !expertRows.contains(operand))
          inputs.insert(operand);
    return inputs.takeVector();
  }

  /// The same as in the first round, of fewer rows.
  void writeLaterRound(CollectOp collect, const Exchange &first, IRMapping &mapping,
                       OpBuilder builder) {
    if (Operation *copy = copyOfTokens(first))
      builder.clone(*copy, mapping);
    Exchange later = first;
    later.capacity = first.laterCapacity;
    later.expectedRows = first.rows;
    later.sizes = mapping.lookup(first.sizes);
    later.routes = mapping.lookup(first.routes);
    later.rounds = Value();
    later.here = mapping.lookup(first.source);
    beginRound(builder, collect, later, first.capacity / etp);
    sendToExperts(builder, collect, later);
    mapping.map(first.here, later.here);
    mapping.map(first.localSizes, later.localSizes);
    for (Operation *op : first.work)
      for (Value result : builder.clone(*op, mapping)->getResults())
        result.setType(withRows(result.getType(), later.capacity));
    Value back = mapping.lookup(collect.getRows());
    back = scatterExpertRows(builder, collect, back, later);
    back = collectRows(builder, collect, back, later);
    builder.create<YieldOp>(collect.getLoc(), back);
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
        exchange->second.work.push_back(&op);
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
