// RUN: not sigma-opt %s --sigma-rank-to-llvm 2>&1 | FileCheck %s

// CHECK: error: the module has 0 rank.launch ops; codegen takes exactly one
