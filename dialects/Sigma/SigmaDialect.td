//===- SigmaDialect.td - the sigma dialect -----------------*- tablegen -*-===//

#ifndef SIGMA_DIALECT
#define SIGMA_DIALECT

include "mlir/IR/OpBase.td"

def Sigma_Dialect : Dialect {
  let name = "sigma";
  let cppNamespace = "::mlir::sigma";
  let summary = "What is to be trained, on what, and how the work was split";
  let description = [{
    The dialect states three inputs and one decision, all of them symbols of the enclosing module
    and none of them with SSA values:

    - `sigma.model`: the layers of a Mixture-of-Experts transformer;
    - `sigma.cluster`: the machines, their links, their noise and their failures;
    - `sigma.job`: one training run of a model on a cluster, with what the user fixed;
    - `sigma.plan`: the layout that was decided for a job, made by the pass
      `sigma-plan-parallelism` or by hand.

    Quantities of the cluster and of plans are integers, and the unit is the end of the name:
    `_bytes`, `_ns`, `_bytes_per_s`, `_flops_per_s`, `_ppm` (parts per million). Hyperparameters
    of training are `f64`. An attribute that has its default value is not printed.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Sigma_Op<string mnemonic, list<Trait> traits = []> : Op<Sigma_Dialect, mnemonic, traits>;

#endif // SIGMA_DIALECT
