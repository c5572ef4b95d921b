// RUN: sigma-translate %s --sigma-to-cpp | FileCheck %s

// An integer that is used once stands where it is used; one of several uses gets a name; of what is not used nothing is left.

// CHECK:      void own(sigma_rt rt, sigma_ptr arena) {
// CHECK-NEXT:   const sigma_i64 v0 = sigma_group_index(rt, 4);
// CHECK-NEXT:   const sigma_i64 v1 = (v0 * 100);
// CHECK-NEXT:   sigma_fill(rt, 0, at(arena, v1), std::max<sigma_i64>((std::min<sigma_i64>(150, (v1 + 100)) - v1), 0), 0x0p0);
// CHECK-NEXT:   sigma_group_index(rt, 4);
// CHECK-NEXT: }

llvm.func @sigma_group_index(!llvm.ptr, i64) -> i64
llvm.func @sigma_fill(!llvm.ptr, i64, !llvm.ptr, i64, f64)
llvm.func @own(%rt: !llvm.ptr, %arena: !llvm.ptr) {
  %zero = llvm.mlir.constant(0 : i64) : i64
  %nothing = llvm.mlir.constant(0.0 : f64) : f64
  %group = llvm.mlir.constant(4 : i64) : i64
  %part = llvm.mlir.constant(100 : i64) : i64
  %all = llvm.mlir.constant(150 : i64) : i64
  %index = llvm.call @sigma_group_index(%rt, %group) : (!llvm.ptr, i64) -> i64
  %first = llvm.mul %index, %part : i64
  %end = llvm.add %first, %part : i64
  %last = llvm.intr.smin(%all, %end) : (i64, i64) -> i64
  %size = llvm.sub %last, %first : i64
  %count = llvm.intr.smax(%size, %zero) : (i64, i64) -> i64
  %address = llvm.getelementptr %arena[%first] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  llvm.call @sigma_fill(%rt, %zero, %address, %count, %nothing) : (!llvm.ptr, i64, !llvm.ptr, i64, f64) -> ()
  %again = llvm.call @sigma_group_index(%rt, %group) : (!llvm.ptr, i64) -> i64
  %unused = llvm.mul %again, %part : i64
  %neither = llvm.add %unused, %unused : i64
  llvm.return
}
