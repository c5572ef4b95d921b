#include "runtime/Program.h"
#include "runtime/data/Initialize.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cstring>

namespace sigma::runtime {

static void require(bool good, const std::string &what) {
  if (!good)
    throw FaultError("program", "the program's description does not fit together: " + what,
                     SIGMA_EXIT_FAULT);
}

static int64_t endOf(const HeldBox &held, const Runtime &rt) {
  return held.offset + held.box.elements() * elemBytes(rt.program.elem);
}

static void checkTensor(const Runtime &rt, const Tensor &tensor) {
  require(tensor.stage >= 0 && tensor.stage < rt.mesh.shape.pp, tensor.name + ": stage");
  require(tensor.split < int64_t(tensor.local.size()), tensor.name + ": split dimension");
  require(tensor.zero >= 0 && tensor.zero <= 3 && tensor.begin >= 0, tensor.name + ": ZeRO stage");
  require(tensor.zero == 0 || tensor.part > 0, tensor.name + ": part of a flat");
  for (const State state : kTensorStates)
    for (const HeldBox &held : tensor.held(state, rt.mesh, elemBytes(rt.program.elem)))
      require(held.offset >= 0 && endOf(held, rt) <= rt.stages[tensor.stage].arenaBytes,
              tensor.name + ": arena offset");
}

void checkDescription(Runtime &rt) {
  const Program &p = rt.program;
  require(p.elem == SIGMA_F32 || p.elem == SIGMA_F64, "element type");
  const MeshShape &mesh = rt.mesh.shape;
  for (const int64_t degree : {mesh.pp, mesh.tp, mesh.cp, mesh.dp, mesh.etp, mesh.ep})
    require(degree > 0, "mesh");
  require(mesh.ranksPerStage() % (mesh.etp * mesh.ep) == 0, "mesh of experts");
  require(p.microBatch > 0 && p.globalBatch > 0 && p.globalBatch % (mesh.dp * p.microBatch) == 0,
          "batch");
  require(p.sequence > 0 && p.sequence % (mesh.tp * mesh.cp) == 0, "sequence");
  std::sort(rt.stages.begin(), rt.stages.end(),
            [](const Stage &a, const Stage &b) { return a.index < b.index; });
  require(int64_t(rt.stages.size()) == mesh.pp, "number of stages");
  for (int64_t i = 0; i < mesh.pp; ++i)
    require(rt.stages[i].index == i && rt.stages[i].step, "stage " + std::to_string(i));
  for (const Tensor &tensor : rt.tensors)
    checkTensor(rt, tensor);
}

Json listTensors(const Runtime &rt) {
  Json list = Json::array();
  for (const Tensor &tensor : rt.tensors)
    list.push_back({{"name", tensor.name},
                    {"stage", tensor.stage},
                    {"shape", tensor.globalShape(rt.mesh.shape)},
                    {"localShape", tensor.local},
                    {"arenaOffset", tensor.value},
                    {"expert", tensor.expert},
                    {"splitDim", tensor.split}});
  return list;
}

int64_t endOfTensors(const Runtime &rt) {
  int64_t end = 0;
  for (const Tensor *tensor : rt.ownTensors())
    for (const State state : kTensorStates)
      for (const HeldBox &held : tensor->held(state, rt.mesh, elemBytes(rt.program.elem)))
        end = std::max(end, endOf(held, rt));
  return end;
}

void clearGradients(Runtime &rt) {
  const int64_t bytes = elemBytes(rt.program.elem);
  for (const Tensor *tensor : rt.ownTensors())
    for (const HeldBox &held : tensor->held(State::Gradient, rt.mesh, bytes))
      std::memset(rt.arena.data() + held.offset, 0, held.box.elements() * bytes);
}

void initializeTensors(Runtime &rt) {
  const int64_t elem = rt.program.elem, bytes = elemBytes(elem);
  for (const Tensor *tensor : rt.ownTensors())
    for (const State state : kTensorStates)
      for (const HeldBox &held : tensor->held(state, rt.mesh, bytes)) {
        char *place = rt.arena.data() + held.offset;
        if (state == State::Value)
          initializeBox(*tensor, tensor->globalShape(rt.mesh.shape), held.box, rt.options.seed,
                        elem, place);
        else
          std::memset(place, 0, held.box.elements() * bytes);
      }
}

} // namespace sigma::runtime
