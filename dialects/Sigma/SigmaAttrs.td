//===- SigmaAttrs.td - attribute kinds of the sigma dialect -*- tablegen -*-===//

#ifndef SIGMA_ATTRS
#define SIGMA_ATTRS

include "dialects/Sigma/SigmaEnums.td"

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

def Sigma_RematListAttr
    : TypedArrayAttrBase<Sigma_RematModeAttr, "one rematerialization mode per layer">;

#endif // SIGMA_ATTRS
