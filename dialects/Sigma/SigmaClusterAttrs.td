//===- SigmaClusterAttrs.td - attribute kinds of clusters --*- tablegen -*-===//

#ifndef SIGMA_CLUSTER_ATTRS
#define SIGMA_CLUSTER_ATTRS

include "dialects/Sigma/SigmaAttrs.td"

def Sigma_CollectiveAlgorithm : Sigma_Enum<"CollectiveAlgorithm", "how a tier reduces", [
  I32EnumAttrCase<"Ring", 0, "ring">,
  I32EnumAttrCase<"Tree", 1, "tree">
]>;
def Sigma_CollectiveAlgorithmAttr
    : EnumAttr<Sigma_Dialect, Sigma_CollectiveAlgorithm, "collective_algorithm"> {
  let description = [{
    Of an all-reduce among n units. `ring`: 2(n-1) hops, each byte crosses a link 2(n-1)/n times (Patarasuk and
    Yuan 2009). `tree`: 2 log2(n) hops up and down a double binary tree, each byte crosses a link twice (Sanders,
    Speck and Träff 2009).
  }];
}

def Sigma_Distribution : Sigma_Enum<"Distribution", "distribution of a relative jitter", [
  I32EnumAttrCase<"Normal", 0, "normal">,
  I32EnumAttrCase<"LogNormal", 1, "lognormal">,
  I32EnumAttrCase<"Gamma", 2, "gamma">
]>;
def Sigma_DistributionAttr : EnumAttr<Sigma_Dialect, Sigma_Distribution, "distribution"> {
  let description = [{
    With the mean of what it is relative to, and the stated standard deviation.
  }];
}

def Sigma_SpikeLength : Sigma_Enum<"SpikeLength", "distribution of the length of a spike", [
  I32EnumAttrCase<"Fixed", 0, "fixed">,
  I32EnumAttrCase<"Exponential", 1, "exponential">
]>;
def Sigma_SpikeLengthAttr : EnumAttr<Sigma_Dialect, Sigma_SpikeLength, "spike_length"> {
  let description = [{
    `fixed`: every spike is as long. `exponential`: the stated length is the mean.
  }];
}

def Sigma_EfficiencyAttr : AttrDef<Sigma_Dialect, "Efficiency"> {
  let mnemonic = "efficiency";
  let summary = "part of a peak that ops of a size reach";
  let description = [{
    Points of a curve: size of the op (FLOPs; bytes where the peak is a bandwidth) and parts per million of the
    peak. Between two points it is linear in the size, beyond the ends constant. One number holds for every size.

    ```mlir
    matmul_efficiency_ppm 700000
    matmul_efficiency_ppm [1000000000: 250000, 100000000000: 700000]
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$sizes, ArrayRefParameter<"int64_t">:$ppms);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// `#sigma.efficiency` without its brackets.
    static ::mlir::ParseResult parseClause(::mlir::AsmParser &parser, EfficiencyAttr &efficiency);
    void printClause(::mlir::AsmPrinter &printer) const;
  }];
}

#endif // SIGMA_CLUSTER_ATTRS
