// RUN: sigma-translate %s --sigma-to-cpp | FileCheck %s

// What is called again and again until a number is 0.

// CHECK:      void rounds(sigma_rt rt, sigma_ptr arena) {
// CHECK-NEXT:   for (;;) {
// CHECK-NEXT:   const sigma_i64 v0 = sigma_next_round(rt, arena);
// CHECK-NEXT:   if (!(v0 != 0)) break;
// CHECK-NEXT:   sigma_fill(rt, 0, at(arena, 100), 100, 0x0p0);
// CHECK-NEXT:   }
// CHECK-NEXT:   sigma_fill(rt, 0, arena, 100, 0x0p0);
// CHECK-NEXT: }

llvm.func @sigma_next_round(!llvm.ptr, !llvm.ptr) -> i64
llvm.func @sigma_fill(!llvm.ptr, i64, !llvm.ptr, i64, f64)
llvm.func @rounds(%rt: !llvm.ptr, %arena: !llvm.ptr) {
  %zero = llvm.mlir.constant(0 : i64) : i64
  %nothing = llvm.mlir.constant(0.0 : f64) : f64
  %count = llvm.mlir.constant(100 : i64) : i64
  %second = llvm.getelementptr %arena[%count] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  llvm.br ^head
^head:
  %round = llvm.call @sigma_next_round(%rt, %arena) : (!llvm.ptr, !llvm.ptr) -> i64
  %more = llvm.icmp "ne" %round, %zero : i64
  llvm.cond_br %more, ^body, ^after
^body:
  llvm.call @sigma_fill(%rt, %zero, %second, %count, %nothing) : (!llvm.ptr, i64, !llvm.ptr, i64, f64) -> ()
  llvm.br ^head
^after:
  llvm.call @sigma_fill(%rt, %zero, %arena, %count, %nothing) : (!llvm.ptr, i64, !llvm.ptr, i64, f64) -> ()
  llvm.return
}
