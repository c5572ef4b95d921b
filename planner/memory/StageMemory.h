// The peak memory of one rank of a stage, by parts (docs/cost-model.md, "Memory"). The one place in
// the search where the formula stands; check/ has its own, and the compiler's static memory plan is
// the judge of both.
#ifndef SIGMA_PLANNER_MEMORY_STAGEMEMORY_H
#define SIGMA_PLANNER_MEMORY_STAGEMEMORY_H

#include "planner/Problem.h"

#include <array>

namespace sigma::planner {

// Parameters that `replicas` ranks hold together under a ZeRO stage.
struct HeldParameters {
  int64_t count = 0; // of one rank, before ZeRO
  int64_t replicas = 1, zero = 0;

  // What one rank keeps or updates, where stages from `from` on share it.
  int64_t share(int64_t from) const;
};

struct StageMemoryInput {
  Layout layout;
  int64_t stage = 0;
  HeldParameters dense, expert;
  int64_t parametersAtEnds = 0; // of the dense ones, what another stage holds, too
  // Kept of all that is in flight; of layers, as if all chunks had the average stage's.
  int64_t layerBytes = 0, embeddingBytes = 0, headBytes = 0;
  int64_t numLayers = 1, largestChunkLayers = 1;
  int64_t transientBytes = 0; // the largest of the pieces, with what each gathers
  int64_t overlapBytes = 0;   // workspace of sums that go on beside backward
  int64_t boundaryBytes = 0, batchBytes = 0;
  // Whether what comes into the last layer is kept as made.
  bool holdsGradient = false;
};

struct StageMemory {
  int64_t parameterBytes = 0, gradientBytes = 0, optimizerBytes = 0, activationBytes = 0,
          transientBytes = 0, bufferBytes = 0;

  int64_t totalBytes() const;
};

// Scratch memory of the sums of gradients, which take at most `chunkBytes` of them at a time: what
// one rank of one stage holds alone needs none. Once a step sums go on beside backward where the
// job has them overlap, else they come after it; what another stage holds, too, comes after it.
int64_t reduceWorkspaceBytes(const Job &job, const StageMemoryInput &input, int64_t chunkBytes);
int64_t overlapWorkspaceBytes(const Job &job, const StageMemoryInput &input, int64_t chunkBytes);

// What a plan puts beside a piece while it works.
struct Surroundings {
  std::array<int64_t, kNumBeside> bytes{}; // by Beside
  int64_t alwaysBytes = 0;                 // of the pieces before and after

  // The most that peaks come to.
  int64_t most(const std::vector<Peak> &peaks) const;
  // No peaks of the piece come to less: whatever it gathers is there at some time.
  int64_t least() const;
};

// Of a piece with so many parameters, `shared` of the dense ones the embedding's; `chunkBytes` as
// above. Gradients between layers are apart.
Surroundings surroundings(const Job &job, const Layout &layout, int64_t dense, int64_t shared,
                          int64_t expert, int64_t chunkBytes);

// Of a piece with so many parameters: what a rank gathers of it while it computes another one, and
// what it sums of it. Nothing unless gathers hide, or sums.
int64_t comingValueBytes(const Job &job, const Layout &layout, int64_t dense, int64_t expert);
int64_t leavingGradientBytes(const Job &job, const Layout &layout, int64_t dense, int64_t expert);

StageMemory stageMemory(const Recipe &recipe, const StageMemoryInput &input);

// Device memory less the margin: what a stage may use.
int64_t usableMemoryBytes(int64_t memoryBytes, int64_t marginPpm);

// The smallest device memory whose usable part is at least `needed`.
int64_t deviceMemoryFor(int64_t needed, int64_t marginPpm);

} // namespace sigma::planner

#endif
