// RUN: sigma-translate %s --sigma-to-cpp --split-input-file --verify-diagnostics

// C++ text is written for what the lowering makes, and refused for all else.

llvm.func @quotient(%rt: !llvm.ptr, %a: i64) -> i64 {
  // expected-error @+1 {{'llvm.sdiv' op cannot be written as C++: the lowering makes no such op}}
  %0 = llvm.sdiv %a, %a : i64
  llvm.return %0 : i64
}

// -----

llvm.func @narrow_sum(%rt: !llvm.ptr, %a: i32) -> i32 {
  // expected-error @+1 {{'llvm.add' op cannot be written as C++: it computes no sigma_i64}}
  %0 = llvm.add %a, %a : i32
  llvm.return %0 : i32
}

// -----

llvm.func @jump(%rt: !llvm.ptr) {
  // expected-error @+1 {{'llvm.br' op cannot be written as C++: it begins no loop}}
  llvm.br ^next
^next:
  llvm.return
}

// -----

// expected-error @+1 {{'llvm.func' op cannot be written as C++: its name is none there}}
llvm.func @"a-b"(%rt: !llvm.ptr) {
  llvm.return
}

// -----

// expected-error @+1 {{'llvm.func' op cannot be written as C++: there is no type vector<4xf32>}}
llvm.func @wide(%rt: !llvm.ptr, %x: vector<4xf32>) {
  llvm.return
}

// -----

// expected-error @+1 {{'llvm.mlir.global' op cannot be written as C++: it holds neither text nor constant numbers}}
llvm.mlir.global internal @state(0 : i64) : i64

// -----

// expected-error @+1 {{'llvm.mlir.global' op cannot be written as C++: its name is none there}}
llvm.mlir.global internal constant @"7"(dense<1.0> : tensor<2xf64>) : !llvm.array<2 x f64>

// -----

// expected-error @+1 {{'llvm.mlir.global' op cannot be written as C++: there is no such number}}
llvm.mlir.global internal constant @x(dense<1.0> : tensor<2xf32>) : !llvm.array<2 x f32>

// -----

llvm.func @sigma_add_objective(!llvm.ptr, i64, !llvm.ptr, f64, i64)
llvm.func @infinite(%rt: !llvm.ptr, %value: !llvm.ptr) {
  %0 = llvm.mlir.constant(0 : i64) : i64
  // expected-error @+1 {{'llvm.mlir.constant' op cannot be written as C++: there is no such number}}
  %1 = llvm.mlir.constant(0x7FF0000000000000 : f64) : f64
  llvm.call @sigma_add_objective(%rt, %0, %value, %1, %0) : (!llvm.ptr, i64, !llvm.ptr, f64, i64) -> ()
  llvm.return
}

// -----

llvm.func @sigma_wait_send(!llvm.ptr, i64, i64)
llvm.func @narrow(%rt: !llvm.ptr) {
  // expected-error @+1 {{'llvm.mlir.constant' op cannot be written as C++: there is no such constant}}
  %0 = llvm.mlir.constant(0 : i32) : i32
  %1 = llvm.sext %0 : i32 to i64
  llvm.call @sigma_wait_send(%rt, %1, %1) : (!llvm.ptr, i64, i64) -> ()
  llvm.return
}

// -----

llvm.func @sigma_copy(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
llvm.func @strided(%rt: !llvm.ptr, %arena: !llvm.ptr) {
  %0 = llvm.mlir.constant(8 : i64) : i64
  // expected-error @+1 {{'llvm.getelementptr' op cannot be written as C++: it is no number of bytes}}
  %1 = llvm.getelementptr %arena[%0] : (!llvm.ptr, i64) -> !llvm.ptr, f32
  llvm.call @sigma_copy(%rt, %1, %arena, %0) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
  llvm.return
}

// -----

llvm.func @through(%rt: !llvm.ptr) {
  // expected-error @+1 {{'llvm.call' op cannot be written as C++: it calls no function of the module}}
  llvm.call %rt() : !llvm.ptr, () -> ()
  llvm.return
}
