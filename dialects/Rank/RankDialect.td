//===- RankDialect.td - the per-rank program --------------------*- tablegen -*-===//

#ifndef DIALECTS_RANK_RANKDIALECT_TD
#define DIALECTS_RANK_RANKDIALECT_TD

include "mlir/IR/OpBase.td"

def Rank_Dialect : Dialect {
  let name = "rank";
  let cppNamespace = "::mlir::rank";
  let summary = "The static program of one rank";
  let description = [{
    The *how* of a training run: who computes what, when, with which buffers and collectives. One
    `rank.program` per pipeline stage holds the stage's parameters, its tensor-level functions
    (`forward`, and `backward` made by autodiff) and the schedule of one step. Everything is static but the number of rows
    that routing sends to an expert, for which tensors have a capacity and ops take the sizes as a value.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

#endif
