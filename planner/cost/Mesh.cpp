#include "planner/cost/Mesh.h"

#include <algorithm>

using namespace sigma::planner;

RankGroup Mesh::place(int64_t size, int64_t stride) const {
  if (stagesAreBlocks())
    return {size, stride, 1, 1};
  // Ranks of a stage lie in blocks of tp x cp, one in each pipeline.
  const int64_t block = layout.tp * layout.cp;
  const int64_t inner = std::clamp<int64_t>(block / stride, 1, size), outer = size / inner;
  const int64_t innerStride = inner > 1 ? stride : 1;
  return {inner, innerStride, outer, outer > 1 ? std::max(block, stride) * layout.pp : 1};
}

RankGroup Mesh::group(Group group) const {
  switch (group) {
  case Group::Tensor:
    return place(layout.tp, 1);
  case Group::Context:
    return place(layout.cp, layout.tp);
  case Group::ExpertTensor:
    return place(layout.etp, 1);
  case Group::Expert:
    return place(layout.ep, layout.etp);
  }
  return {};
}

RankGroup Mesh::denseReplicas() const { return place(layout.cp * layout.dp, layout.tp); }

RankGroup Mesh::expertReplicas() const { return place(layout.edp(), layout.etp * layout.ep); }

RankGroup Mesh::ends() const {
  return layout.pp > 1 ? RankGroup{2, (layout.pp - 1) * stageStride()} : RankGroup();
}

int64_t Mesh::stageStride() const {
  return stagesAreBlocks() ? layout.ranksPerStage() : layout.tp * layout.cp;
}
