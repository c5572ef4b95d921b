// Where the groups of a layout lie among the devices (docs/cost-model.md, "Layout").
#ifndef SIGMA_PLANNER_COST_MESH_H
#define SIGMA_PLANNER_COST_MESH_H

#include "planner/Problem.h"

#include <cstdint>

namespace sigma::planner {

// Ranks of one group: `inner` that lie `stride` apart, `outer` times, `outerStride` apart.
struct RankGroup {
  int64_t inner = 1, stride = 1;
  int64_t outer = 1, outerStride = 1;

  int64_t size() const { return inner * outer; }
};

class Mesh {
public:
  explicit Mesh(const Layout &layout) : layout(layout) {}

  RankGroup group(Group group) const;
  // Ranks that hold the same dense parameters, and the same experts.
  RankGroup denseReplicas() const;
  RankGroup expertReplicas() const;
  // A rank of the first stage, and the same of the last.
  RankGroup ends() const;

  // Devices between a rank of a stage and the same rank of the next.
  int64_t stageStride() const;
  // Stages whose ranks are one block of devices.
  bool stagesAreBlocks() const { return layout.placement == Placement::StagesOutside; }

private:
  // `size` ranks of a stage, `stride` apart as the stage counts them.
  RankGroup place(int64_t size, int64_t stride) const;

  Layout layout;
};

} // namespace sigma::planner

#endif
