//===- RankCollectiveOps.td - what ranks of a stage do together -*- tablegen -*-===//
//
// Each is an op of forward with a gradient rule of its own (docs/decisions/0002): what is the gradient of a gathered whole on
// each rank adds up to the gradient of a rank's part, and the other way round. Those with `started` wait for nobody: their result
// is there after the rank.wait of it, and until then what they read is in use.

#ifndef DIALECTS_RANK_RANKCOLLECTIVEOPS_TD
#define DIALECTS_RANK_RANKCOLLECTIVEOPS_TD

include "dialects/Rank/RankComputeOps.td"

//===----------------------------------------------------------------------===//
// Tensor and context parallelism
//===----------------------------------------------------------------------===//

class Rank_RowsCollectiveOp<string mnemonic, list<string> methods, list<Trait> traits>
    : Rank_CostedOp<mnemonic, !listconcat(["getBytes", "getCollectives"], methods), !listconcat([Pure], traits)> {
  let arguments = (ins Rank_FloatMatrix:$input, Rank_GroupAttr:$group, DefaultValuedAttr<Rank_I64, "1">:$blocks,
      UnitAttr:$started);
  let results = (outs Rank_FloatMatrix:$result);
  let assemblyFormat = "$input `over` $group attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}
def Rank_AllGatherOp
    : Rank_RowsCollectiveOp<"all_gather", [], [DeclareOpInterfaceMethods<DifferentiableOpInterface, ["isRepeatedInBackward"]>]> {
  let summary = "the rows of all ranks of a group";
  let description = [{
    Of each of `blocks` equal blocks of rows (a sequence each) by itself: the block's rows of the first rank, of the second,
    and so on. Backward gathers again what it needs and keeps the rank's own rows only, as Megatron-LM's sequence
    parallelism does (Korthikanti et al. 2022).

    **Constraints:**
    - the result has as many times the rows of `input` as `group` has ranks, and its columns.
    - `blocks` divides the rows of `input`.
    - if it is `started`, the result has one rank.wait.
  }];
}
def Rank_ReduceScatterOp : Rank_RowsCollectiveOp<"reduce_scatter", ["getWorkspaceBytes"], [Rank_Differentiable]> {
  let summary = "sums over the ranks of a group; each keeps its part of the rows";
  let description = [{
    The parts are those that all_gather joins.

    **Constraints:**
    - `input` has as many times the rows of the result as `group` has ranks, and its columns.
    - `blocks` divides the rows of the result.
    - if it is `started`, the result has one rank.wait.
  }];
}

class Rank_ContextExchangeOp<string mnemonic>
    : Rank_CostedOp<mnemonic, ["getCollectives"], [Pure, Rank_Differentiable]> {
  let arguments = (ins Rank_FloatMatrix:$input, DefaultValuedAttr<Rank_I64, "1">:$blocks);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_GatherSequenceOp : Rank_ContextExchangeOp<"gather_sequence"> {
  let summary = "all-to-all of the context group: all columns of a share of the rows to a share of the columns of all rows";
  let description = [{
    Of each of `blocks` sequences by itself (Jacobs et al. 2023). The first rank gets the first part of the columns.

    **Constraints:**
    - the result has cp times the rows of `input` and a cp-th of its columns, which cp divides.
    - `blocks` divides the rows of `input`.
  }];
}
def Rank_SplitSequenceOp : Rank_ContextExchangeOp<"split_sequence"> {
  let summary = "the inverse of gather_sequence";
  let description = [{
    **Constraints:**
    - the result has a cp-th of the rows of `input`, which cp divides, and cp times its columns.
    - `blocks` divides the rows of the result.
  }];
}

//===----------------------------------------------------------------------===//
// Expert parallelism: dispatch and collect are placed by expand, the collectives by sigma-shard
//===----------------------------------------------------------------------===//

class Rank_LogicalExchangeOp<string mnemonic> : Rank_Op<mnemonic, [Pure, AllTypesMatch<["rows", "result"]>,
                                                                   HasParent<"FuncOp">]> {
  let description = "`sizes` has the rows of each expert.";
  let assemblyFormat = "$rows `,` $sizes attr-dict `:` type($rows) `,` type($sizes)";
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexVector:$sizes);
  let results = (outs Rank_FloatMatrix:$result);
}
def Rank_DispatchOp : Rank_LogicalExchangeOp<"dispatch"> {
  let summary = "rows go to their experts, wherever these are; gone after sigma-shard";
}
def Rank_CollectOp : Rank_LogicalExchangeOp<"collect"> {
  let summary = "rows come back from their experts; gone after sigma-shard";
}

def Rank_ExchangeSizesOp : Rank_MemoryOp<"exchange_sizes"> {
  let summary = "tells each rank of the ep group how many rows it will get";
  let description = [{
    `table` is [ep, local experts], `local_sizes` its sum over sources. More rows than `capacity` is a fault.

    **Constraints:**
    - `table` is [ep, local experts] with the launch's ep, `local_sizes` has the local experts, `sizes` ep times as many.
    - `capacity` is not negative.
  }];
  let arguments = (ins Rank_IndexVector:$sizes, Rank_I64:$capacity);
  let results = (outs Rank_IndexMatrix:$table, Rank_IndexVector:$local_sizes);
  let hasVerifier = 1;
}
def Rank_AllToAllOp : Rank_CostedOp<"all_to_all", ["getBytes", "getCollectives", "getWorkspaceBytes"],
                                    [Pure, Rank_Differentiable]> {
  let summary = "uneven token exchange over the ep group";
  let description = [{
    `dispatch`: rows in order of the global expert to rows of the local experts, expert-major, sources in order.
    `collect`: its inverse. Those for each rank of the group follow each other, or begin where `begins` says; `collect`
    leaves what lies between them as it is.

    **Constraints:**
    - `table` is [ep, local experts] with the launch's ep, `sizes` has ep times the local experts.
    - `begins` has one entry for each rank of the ep group.
    - `rows` and the result have one width; `expected_rows` is not negative.
    - if it is `started`, the result has one rank.wait.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexVector:$sizes, Rank_IndexMatrix:$table,
      Optional<Rank_IndexVector>:$begins, Rank_DirectionAttr:$direction, Rank_I64:$expected_rows, UnitAttr:$started);
  let results = (outs Rank_FloatMatrix:$result);
  let extraClassDeclaration = [{
    /// The last exchange of the rounds that this one, a dispatch, begins; null if there is one round.
    CollectRoundsOp getCollectRounds();
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Rounds: rows that are more than the experts of a rank have room for go there in several
//===----------------------------------------------------------------------===//

def Rank_ExchangeRoutesOp : Rank_CostedOp<"exchange_routes", ["getBytes"], [Pure]> {
  let summary = "tells the ranks of the ep group who sends how many rows to whom, and how many rounds that takes";
  let description = [{
    The rows for a rank are counted in the order of the ranks that send them. The first round takes `capacity` of them, each
    later one `later_capacity`: no rank gets more. `rounds` is what the rank with the most rows needs, the same number on all
    ranks. `routes` has a row for each rank of the group: how many rows that rank sends to each local expert, and how many ranks
    before this one send to that rank.

    **Constraints:**
    - `routes` is [ep, local experts + 1] with the launch's ep, `sizes` has ep times the local experts; `rounds` is one number.
    - `capacity` and `later_capacity` are positive.
  }];
  let arguments = (ins Rank_IndexVector:$sizes, Rank_I64:$capacity, Rank_I64:$later_capacity);
  let results = (outs Rank_IndexMatrix:$routes, Rank_IndexVector:$rounds);
  let hasVerifier = 1;
}
def Rank_RoundOp : Rank_ComputeOp<"round", [Pure]> {
  let summary = "what goes to whom in a round: the first, or, in rank.collect_rounds, the one at hand";
  let description = [{
    Of the rows that `sizes` counts, those of the round: `sent` for each global expert, for each rank from row `begins` on.
    `table` and `local_sizes` are what arrives, as in exchange_sizes. Its cost is in that of exchange_routes.

    **Constraints:**
    - `routes`, `capacity` and `later_capacity` are as in exchange_routes.
    - `sent` has the entries of `sizes`, `begins` one for each rank of the ep group, `table` is [ep, local experts] and
      `local_sizes` has the local experts.
  }];
  let arguments = (ins Rank_IndexVector:$sizes, Rank_IndexMatrix:$routes, Rank_I64:$capacity, Rank_I64:$later_capacity);
  let results = (outs Rank_IndexVector:$sent, Rank_IndexVector:$begins, Rank_IndexMatrix:$table,
      Rank_IndexVector:$local_sizes);
  let hasVerifier = 1;
}
def Rank_CollectRoundsOp
    : Rank_CostedOp<"collect_rounds", ["getBytes", "getCollectives", "getWorkspaceBytes"],
                    [IsolatedFromAbove, RecursiveMemoryEffects, SingleBlock, Rank_Differentiable]> {
  let summary = "collects the rows of the first round, and runs the later ones";
  let description = [{
    As all_to_all collects. Then the body runs once for each round after the first, as there are `rounds`: it sends, computes
    and collects the rows of that round, and keeps nothing. What it yields is the same memory as the result, of which each
    round writes its own rows. Costs are those of one round. `body_bytes`, set by sigma-plan-memory, is the memory of the
    body's values.

    **Constraints:**
    - `table`, `sizes` and `begins` are as in all_to_all; `rounds` is one number; `expected_rows` is not negative.
    - the body takes the `inputs` and yields the type of the result.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexVector:$sizes, Rank_IndexMatrix:$table, Rank_IndexVector:$begins,
      Rank_IndexVector:$rounds, Variadic<Rank_Tensor>:$inputs, Rank_I64:$expected_rows, OptionalAttr<Rank_I64>:$body_bytes);
  let results = (outs Rank_FloatMatrix:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results) $body";
  let extraClassDeclaration = [{
    YieldOp getYield();
  }];
  let hasVerifier = 1;
}
def Rank_YieldOp : Rank_Op<"yield", [Pure, Terminator, HasParent<"CollectRoundsOp">]> {
  let summary = "the rows that a round collects";
  let arguments = (ins Rank_FloatMatrix:$rows);
  let assemblyFormat = "$rows attr-dict `:` type($rows)";
}

//===----------------------------------------------------------------------===//
// Tensor parallelism of experts: every rank of the group has a part of each expert's width, and works on all rows
//===----------------------------------------------------------------------===//

def Rank_GatherSizesOp : Rank_CostedOp<"gather_sizes", ["getBytes"], [Pure]> {
  let summary = "tells each rank of the etp group how many rows the others have for each expert";
  let description = [{
    `table` is [etp, local experts], `all_sizes` its sum over the ranks. `most_rounds` is the most `rounds` of all of them.

    **Constraints:**
    - `table` is [etp, local experts] with the launch's etp; `sizes` and `all_sizes` have the local experts.
    - `rounds` and `most_rounds` go together, and are one number each.
  }];
  let arguments = (ins Rank_IndexVector:$sizes, Optional<Rank_IndexVector>:$rounds);
  let results = (outs Rank_IndexMatrix:$table, Rank_IndexVector:$all_sizes, Optional<Rank_IndexVector>:$most_rounds);
  let hasVerifier = 1;
}
class Rank_ExpertRowsOp<string mnemonic, list<string> methods>
    : Rank_CostedOp<mnemonic, !listconcat(["getBytes", "getCollectives"], methods), [Pure, Rank_Differentiable]> {
  let arguments = (ins Rank_FloatMatrix:$rows, Rank_IndexMatrix:$table, Rank_I64:$expected_rows, UnitAttr:$started);
  let results = (outs Rank_FloatMatrix:$result);
  let hasVerifier = 1;
}
def Rank_GatherExpertRowsOp : Rank_ExpertRowsOp<"gather_expert_rows", []> {
  let summary = "the rows of each expert of all ranks of the etp group, expert-major, ranks in order";
  let description = [{
    `expected_rows` is the number of rows that a rank ends with, under even routing.

    **Constraints:**
    - `table` has one row for each rank of the etp group.
    - the result has etp times the rows of `rows`, and its columns; `expected_rows` is not negative.
    - if it is `started`, the result has one rank.wait.
  }];
}
def Rank_ScatterExpertRowsOp : Rank_ExpertRowsOp<"scatter_expert_rows", ["getWorkspaceBytes"]> {
  let summary = "sums over the ranks of the etp group; each keeps its own rows of each expert";
  let description = [{
    `expected_rows` is the number of rows that a rank begins with, under even routing.

    **Constraints:**
    - `table` has one row for each rank of the etp group.
    - `rows` has etp times the rows of the result, and its columns; `expected_rows` is not negative.
    - if it is `started`, the result has one rank.wait.
  }];
}

def Rank_WaitOp : Rank_Op<"wait", [HasParent<"FuncOp">]> {
  let summary = "waits until the rows of a collective that was started are there";
  let description = [{
    **Constraints:**
    - `rows` come from a collective that is `started`.
    - nothing reads `rows` before.
  }];
  let arguments = (ins Rank_FloatMatrix:$rows);
  let assemblyFormat = "$rows attr-dict `:` type($rows)";
  let hasVerifier = 1;
}

#endif
