// RUN: sigma-opt %s | FileCheck %s
// RUN: sigma-opt %s | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --mlir-print-op-generic | sigma-opt | FileCheck %s
// RUN: sigma-opt %s --emit-bytecode | sigma-opt | FileCheck %s

// Defaults are not printed, clauses come back in one order.
// CHECK-LABEL: sigma.model @defaults sequence 256 {
// CHECK-NEXT:    sigma.embedding vocabulary 256 width 128
// CHECK-NEXT:    sigma.repeat 4 {
// CHECK-NEXT:      sigma.attention heads 8 kv_heads 2 head_width 16 rope 1.000000e+04
// CHECK-NEXT:      sigma.moe experts 8 top_k 2 width 512 router softmax
// CHECK-NEXT:    }
// CHECK-NEXT:    sigma.head untied
// CHECK-NEXT:  }
sigma.model @defaults sequence 256 norm_epsilon 1.0e-6 init_std 0.02 {
  sigma.embedding vocabulary 256 width 128
  sigma.repeat 4 {
    sigma.attention heads 8 kv_heads 2 head_width 16 rope 10000.0
    sigma.moe experts 8 top_k 2 width 512 router softmax shared 0 shared_width 0 balance_loss 0.0
  }
  sigma.head untied
}

// CHECK-LABEL: sigma.model @everything sequence 4096 norm_epsilon 1.000000e-05 init_std 1.250000e-02 {
// CHECK:         sigma.repeat 1 {
// CHECK-NEXT:      sigma.attention heads 8 kv_heads 8 head_width 16 rope 1.000000e+06 qk_norm
// CHECK-NEXT:      sigma.mlp width 1024
// CHECK-NEXT:    }
// CHECK-NEXT:    sigma.repeat 2 {
// CHECK-NEXT:      sigma.attention
// CHECK-NEXT:      sigma.moe experts 96 top_k 8 width 512 router sigmoid
// CHECK-SAME:          normalize shared 1 shared_width 1024 balance_loss 1.000000e-03
// CHECK-NEXT:    }
// CHECK-NEXT:    sigma.head untied
sigma.model @everything sequence 4096 norm_epsilon 1.0e-5 init_std 0.0125 {
  sigma.embedding vocabulary 256 width 128
  sigma.repeat 1 {
    sigma.attention heads 8 kv_heads 8 head_width 16 rope 1.0e6 qk_norm
    sigma.mlp width 1024
  }
  sigma.repeat 2 {
    sigma.attention heads 8 kv_heads 8 head_width 16 rope 1.0e6
    sigma.moe experts 96 top_k 8 width 512 router sigmoid
        balance_loss 1.0e-3 shared_width 1024 shared 1 normalize
  }
  sigma.head untied
}

// Attributes that the dialect does not know stay.
// CHECK-LABEL: sigma.model @foreign sequence 8 attributes {note = "from config.json"} {
// CHECK-NEXT:    sigma.embedding vocabulary 2 width 2 {source = "wte"}
// CHECK-NEXT:    sigma.repeat 1 attributes {kind = "dense"} {
sigma.model @foreign sequence 8 attributes {note = "from config.json"} {
  sigma.embedding vocabulary 2 width 2 {source = "wte"}
  sigma.repeat 1 attributes {kind = "dense"} {
    sigma.attention heads 1 kv_heads 1 head_width 2 rope 10000.0
    sigma.mlp width 2
  }
  sigma.head untied
}
