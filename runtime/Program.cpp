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

/// f(what the rank holds of it, where that ends) for all of a state.
template <class F>
static void eachHeld(const Runtime &rt, const Tensor &tensor, State state, F f) {
  const int64_t bytes = elemBytes(rt.program.elemOf(state));
  for (const HeldBox &held : tensor.held(state, rt.mesh, bytes))
    f(held, held.offset + held.box.elements() * bytes);
}

static void checkTensor(const Runtime &rt, const Tensor &tensor) {
  require(tensor.stage >= 0 && tensor.stage < rt.mesh.shape.pp, tensor.name + ": stage");
  require(tensor.split < int64_t(tensor.local.size()), tensor.name + ": split dimension");
  require(tensor.zero >= 0 && tensor.zero <= 3 && tensor.begin >= 0, tensor.name + ": ZeRO stage");
  require(tensor.zero == 0 || tensor.part > 0, tensor.name + ": part of a flat");
  for (const State state : kTensorStates)
    eachHeld(rt, tensor, state, [&](const HeldBox &held, int64_t end) {
      require(held.offset >= 0 && end <= rt.stages[tensor.stage].arenaBytes,
              tensor.name + ": arena offset");
    });
}

void checkDescription(Runtime &rt) {
  const Program &p = rt.program;
  require(p.elem == SIGMA_F32 || p.elem == SIGMA_F64 || p.elem == SIGMA_BF16, "element type");
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

Json describeJob(const Runtime &rt) {
  const Program &p = rt.program;
  const Optimizer &o = rt.optimizer;
  Json tensors = Json::object();
  for (const Tensor &tensor : rt.tensors)
    tensors[tensor.name] = tensor.globalShape(rt.mesh.shape);
  const Json job = {
      {"precision", elemName(p.elem)},
      {"globalBatch", p.globalBatch},
      {"sequence", p.sequence},
      {"vocabulary", p.vocabulary},
      {"optimizer",
       {o.learningRate, o.warmupSteps, o.beta1, o.beta2, o.epsilon, o.weightDecay, o.gradientClip}},
      {"tensors", tensors}};
  return {{"ranks", rt.mesh.shape.size()}, {"job", job}};
}

int64_t endOfTensors(const Runtime &rt) {
  int64_t end = 0;
  for (const Tensor *tensor : rt.ownTensors())
    for (const State state : kTensorStates)
      eachHeld(rt, *tensor, state,
               [&](const HeldBox &, int64_t ownEnd) { end = std::max(end, ownEnd); });
  return end;
}

void clearGradients(Runtime &rt) {
  for (const Tensor *tensor : rt.ownTensors())
    eachHeld(rt, *tensor, State::Gradient, [&](const HeldBox &held, int64_t end) {
      std::memset(rt.arena.data() + held.offset, 0, end - held.offset);
    });
}

void initializeTensors(Runtime &rt) {
  for (const Tensor *tensor : rt.ownTensors())
    for (const State state : kTensorStates)
      eachHeld(rt, *tensor, state, [&](const HeldBox &held, int64_t end) {
        char *place = rt.arena.data() + held.offset;
        if (state == State::Value || state == State::Copy)
          initializeBox(*tensor, tensor->globalShape(rt.mesh.shape), held.box, rt.options.seed,
                        rt.program.elemOf(state), place);
        else
          std::memset(place, 0, end - held.offset);
      });
}

} // namespace sigma::runtime
