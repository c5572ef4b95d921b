//===- Presets.cpp - figures of well-known machines -----------------------===//
//
// The one table. Every figure is the vendor's, from the source above it; where a source states a
// peak with 2:4 sparsity, half of it stands here. What no source states is left out, and the user
// states it: kernel launch times of accelerators, and the efficiencies that programs reach.
//
//===----------------------------------------------------------------------===//

#include "dialects/Sigma/Presets.h"

using namespace mlir::sigma;

static constexpr int64_t GB = 1'000'000'000, GiB = int64_t(1) << 30;
static constexpr int64_t GFLOPS = 1'000'000'000, TFLOPS = 1000 * GFLOPS;

// In the order of the fields: memory, its bandwidth, peaks in fp8, f16, bf16, f32, f64, launch
// time.
static const Preset<AcceleratorFigures> kAccelerators[] = {
    // "NVIDIA A100 Tensor Core GPU" data sheet (2021): bf16 312, f64 (tensor core) 19.5 TFLOPS; no
    // fp8.
    {"a100-sxm-40gb",
     {40 * GB, 1555 * GB, 0, 312 * TFLOPS, 312 * TFLOPS, 19'500 * GFLOPS, 19'500 * GFLOPS}},
    {"a100-sxm-80gb",
     {80 * GB, 2039 * GB, 0, 312 * TFLOPS, 312 * TFLOPS, 19'500 * GFLOPS, 19'500 * GFLOPS}},
    // "NVIDIA H100 Tensor Core GPU" data sheet (2023), column SXM: fp8 3,958 and bf16 1,979 TFLOPS
    // with sparsity.
    {"h100-sxm",
     {80 * GB, 3350 * GB, 1979 * TFLOPS, 989'500 * GFLOPS, 989'500 * GFLOPS, 67 * TFLOPS,
      67 * TFLOPS}},
    // "NVIDIA H200 Tensor Core GPU" data sheet (2024), column SXM: the H100's peaks with larger,
    // faster memory.
    {"h200-sxm",
     {141 * GB, 4800 * GB, 1979 * TFLOPS, 989'500 * GFLOPS, 989'500 * GFLOPS, 67 * TFLOPS,
      67 * TFLOPS}},
    // "NVIDIA Blackwell" data sheet (2025), column HGX B200, per GPU: fp8 9 and bf16 4.5 PFLOPS
    // with sparsity.
    {"b200-sxm",
     {180 * GB, 7700 * GB, 4500 * TFLOPS, 2250 * TFLOPS, 2250 * TFLOPS, 75 * TFLOPS, 37 * TFLOPS}},
    // "NVIDIA GB200 NVL72" data sheet (2024) and "NVIDIA GB300 NVL72" (2025), per GPU of 72, dense.
    {"gb200",
     {186 * GB, 8000 * GB, 5000 * TFLOPS, 2500 * TFLOPS, 2500 * TFLOPS, 80 * TFLOPS, 40 * TFLOPS}},
    {"gb300",
     {279 * GB, 8000 * GB, 5000 * TFLOPS, 2500 * TFLOPS, 2500 * TFLOPS, 80 * TFLOPS, 1300 * GFLOPS}},
    // "NVIDIA HGX Platform" (2025), column HGX B300, per GPU of eight, dense.
    {"b300-sxm",
     {270 * GB, 7700 * GB, 4500 * TFLOPS, 2250 * TFLOPS, 2250 * TFLOPS, 75 * TFLOPS, 1250 * GFLOPS}},
    // "AMD Instinct MI300X Accelerator" data sheet (2023): matrix peaks without sparsity.
    {"mi300x",
     {192 * GB, 5300 * GB, 2'614'900 * GFLOPS, 1'307'400 * GFLOPS, 1'307'400 * GFLOPS,
      163'400 * GFLOPS, 163'400 * GFLOPS}},
    // No data sheet of the 910B is public. Zuo et al. 2025, "Serving Large Language Models on
    // Huawei CloudMatrix384" (arXiv 2506.12708), states 376 TFLOPS, 64 GB and 1.6 TB/s for one of
    // the two dies of a 910C, which are of the 910B's class.
    {"ascend-910b", {64 * GB, 1600 * GB, 0, 376 * TFLOPS, 376 * TFLOPS, 0, 0}},
    // The same paper, for the package of two dies.
    {"ascend-910c", {128 * GB, 3200 * GB, 0, 752 * TFLOPS, 752 * TFLOPS, 0, 0}},
    // One core of a server CPU with AVX-512. Peaks: two 512-bit multiply-add units (Intel,
    // "Optimization Reference Manual"), 64 f32 or 32 f64 FLOP per cycle, at 2.3 GHz. Memory: 8
    // channels of DDR5-5600 (Intel ARK, Xeon Platinum 8592+) over its 64 cores. 4 GiB per core is
    // what clouds rent; a kernel's call takes about 2 us in this project's runtime.
    {"cpu-core-avx512", {4 * GiB, 5'600'000'000, 0, 0, 0, 147'200'000'000, 73'600'000'000, 2000}},
};

// Bandwidth of one device's link away from it and towards it, and latency. Latencies of NVIDIA
// links and networks: NCCL 2.19, src/graph/tuning.cc, ring with protocol Simple; of AMD's: the same
// file of RCCL.
static const Preset<LinkFigures> kLinks[] = {
    // Data sheets as above: 600, 900 and 1,800 GB/s per GPU, both directions together.
    {"nvlink-3", {300 * GB, 300 * GB, 3400}},
    {"nvlink-4", {450 * GB, 450 * GB, 3400}},
    {"nvlink-5", {900 * GB, 900 * GB, 3400}},
    // MI300X data sheet: seven links of 128 GB/s, both directions together, one to each other
    // device of the node.
    {"infinity-fabric-mi300x", {448 * GB, 448 * GB, 4500}},
    // arXiv 2506.12708: the unified bus of a 910C, 196 GB/s per die and direction.
    {"ascend-ub", {392 * GB, 392 * GB, std::nullopt}},
    // InfiniBand Trade Association roadmap: HDR 200 Gb/s, NDR 400 Gb/s, XDR 800 Gb/s per port of
    // four lanes.
    {"infiniband-hdr", {25 * GB, 25 * GB, 14000}},
    {"infiniband-ndr", {50 * GB, 50 * GB, 14000}},
    {"infiniband-xdr", {100 * GB, 100 * GB, 14000}},
};

llvm::ArrayRef<Preset<AcceleratorFigures>> mlir::sigma::acceleratorPresets() {
  return kAccelerators;
}

llvm::ArrayRef<Preset<LinkFigures>> mlir::sigma::linkPresets() { return kLinks; }
