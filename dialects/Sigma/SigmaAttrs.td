//===- SigmaAttrs.td - attribute kinds of the sigma dialect -*- tablegen -*-===//

#ifndef SIGMA_ATTRS
#define SIGMA_ATTRS

include "dialects/Sigma/SigmaEnums.td"
include "mlir/IR/AttrTypeBase.td"

// An i64 whose accessor is signed, so that the verifier sees a negative value in the input as what it
// is.
def Sigma_I64 : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer attribute">;

// An f64 whose accessor is a double.
def Sigma_F64 : FloatAttrBase<F64, "64-bit float attribute"> {
  let returnType = "double";
  let convertFromStorage = "$_self.getValueAsDouble()";
}

class Sigma_DefaultI64<string value> : DefaultValuedAttr<Sigma_I64, value>;
class Sigma_DefaultF64<string value> : DefaultValuedAttr<Sigma_F64, value>;
def Sigma_OptionalI64 : OptionalAttr<Sigma_I64>;

def Sigma_OptionalF64 : OptionalAttr<Sigma_F64>;

def Sigma_RopeAttr : AttrDef<Sigma_Dialect, "Rope"> {
  let mnemonic = "rope";
  let summary = "rotary position embedding";
  let description = [{
    Pairs of a head's numbers are rotated by an angle that grows with the position (Su et al. 2021): pair i of
    `width` / 2 by position * `base`^(-2i/width). Only the first `width` numbers of a head are rotated
    (partial rotary); 0 means all of them. A scaling stretches the frequencies; its parameters are

    | scaling | parameters |
    | --- | --- |
    | `linear` | `factor` (Chen et al. 2023) |
    | `ntk` | `factor`: the base grows by factor^(width/(width-2)) |
    | `dynamic` | `factor`, `original_positions`: `ntk` for the sequence that is trained |
    | `yarn` | `factor`, `original_positions`; `beta_fast` (32), `beta_slow` (1), `mscale`, `mscale_all_dim`, `attention_factor`, `truncate` (1) (Peng et al. 2023) |
    | `longrope` | `short_factor` and `long_factor`, lists of width/2; `original_positions`; `factor`, `attention_factor` (Ding et al. 2024) |
    | `llama3` | `factor`, `original_positions`, `low_freq_factor`, `high_freq_factor` |

    In an op's clause a plain base is written as a number; everything else in angle brackets:

    ```mlir
    rope 1.0e+04
    rope <base = 1.0e+04, width = 64, yarn = {factor = 4.0e+01, original_positions = 4096}>
    ```

    **Constraints:**
    - `base` is positive and finite.
    - `width` is even and from 0 to 16777216.
    - A scaling has every parameter that it needs.
    - A scaling has no parameter of another name.
    - Parameters are positive, finite numbers.
    - `short_factor` and `long_factor` are lists of equal length.
  }];
  let parameters = (ins "::mlir::FloatAttr":$base, "int64_t":$width,
    EnumParameter<Sigma_RopeScaling>:$scaling, "::mlir::DictionaryAttr":$parameters);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// `#sigma.rope` without its brackets; a plain base is a number.
    static ::mlir::ParseResult parseClause(::mlir::AsmParser &parser, RopeAttr &rope);
    void printClause(::mlir::AsmPrinter &printer) const;

    /// A number among the parameters, or `otherwise`.
    double getNumber(::llvm::StringRef name, double otherwise) const;
    /// Whether the parameter is stated.
    bool has(::llvm::StringRef name) const;

    /// Radians per position of each rotated pair of a head of `headWidth`, for training at `sequence`.
    ::llvm::SmallVector<double> getFrequencies(int64_t headWidth, int64_t sequence) const;
    /// What rotated numbers are multiplied by (YaRN, LongRoPE).
    double getMagnitude() const;
    /// What the softmax scale of DeepSeek's attention is multiplied by (`mscale_all_dim`).
    double getSoftmaxFactor() const;
    /// Numbers of a head of `headWidth` that are rotated.
    int64_t getRotatedWidth(int64_t headWidth) const;
  }];
}

def Sigma_ProjectionListAttr : TypedArrayAttrBase<Sigma_ProjectionAttr, "projections">;

def Sigma_OverlapAttr : AttrDef<Sigma_Dialect, "Overlap"> {
  let mnemonic = "overlap";
  let summary = "what communication hides behind arithmetic";
  let description = [{
    In parts per million of the compute time of the same work; what is beyond is exposed, and nothing overlaps by
    itself. `gradient_ppm`: the reduction of gradients, behind a micro-batch's backward. `parameter_ppm`: the gathering of
    parameters, behind its forward (with ZeRO-3, and backward). `tensor_ppm`: collectives of tensor parallelism. `context_ppm`:
    shifts of keys and values, behind attention. `exchange_ppm`: exchanges of experts. `expert_ppm`: what is left of them,
    behind the other direction, with the schedule `dualpipev`.

    ```mlir
    overlap {gradient_ppm = 800000, expert_ppm = 500000}
    ```

    **Constraints:**
    - Each share is from 0 to 1000000.
  }];
  let parameters = (ins DefaultValuedParameter<"int64_t", "0">:$gradient_ppm,
    DefaultValuedParameter<"int64_t", "0">:$parameter_ppm, DefaultValuedParameter<"int64_t", "0">:$tensor_ppm,
    DefaultValuedParameter<"int64_t", "0">:$context_ppm, DefaultValuedParameter<"int64_t", "0">:$exchange_ppm,
    DefaultValuedParameter<"int64_t", "0">:$expert_ppm);
  let assemblyFormat = "`{` struct(params) `}`";
  let genVerifyDecl = 1;
}

#endif // SIGMA_ATTRS
