#include "runtime/checkpoint/Loader.h"
#include "runtime/ResidentMemory.h"
#include "runtime/Runtime.h"
#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Folder.h"
#include "runtime/checkpoint/Reader.h"
#include "runtime/comm/Collect.h"
#include "runtime/health/Fault.h"

#include <cstdio>
#include <filesystem>
#include <set>

namespace sigma::runtime {
namespace {

std::string text(const Shape &shape) {
  std::string out;
  for (const int64_t extent : shape)
    out += (out.empty() ? "" : "x") + std::to_string(extent);
  return out;
}

template <class T>
void same(const std::string &where, const char *what, const T &saved, const T &own) {
  if (saved == own)
    return;
  throw UserError(where + ": the checkpoint is of another run: its " + what + " is " +
                  Json(saved).dump() + ", this run's is " + Json(own).dump());
}

/// A checkpoint of any plan of this model may be loaded, of nothing else.
void checkOrigin(sigma_rt rt, const std::string &path, const Manifest &manifest) {
  same<std::string>(path, "precision", manifest.elem, elemName(rt->program.elemOf(State::Value)));
  same<int64_t>(path, "seed", manifest.seed, rt->options.seed);
  same<int64_t>(path, "global batch", manifest.globalBatch, rt->program.globalBatch);
  same<int64_t>(path, "sequence length", manifest.sequence, rt->program.sequence);
  std::map<std::string, Shape> saved = manifest.tensors();
  for (const Tensor &tensor : rt->tensors) {
    const auto found = saved.find(tensor.name);
    if (found == saved.end())
      throw UserError(path + ": the checkpoint is of another model: it has no tensor " +
                      tensor.name);
    same<std::string>(path, ("shape of " + tensor.name).c_str(), text(found->second),
                      text(tensor.globalShape(rt->mesh.shape)));
  }
  std::set<std::string> own;
  for (const Tensor &tensor : rt->tensors)
    own.insert(tensor.name);
  for (const auto &[name, shape] : saved)
    if (!own.count(name))
      throw UserError(path + ": the checkpoint is of another model: this program has no tensor " +
                      name);
}

void warnOfOtherData(sigma_rt rt, const std::string &path, const Manifest &manifest) {
  if (rt->mesh.rank != 0 ||
      (manifest.dataBytes == rt->data.bytes() && manifest.dataCrc == rt->data.checksum()))
    return;
  const std::string reason = "the run was started on another data file (" +
                             std::to_string(manifest.dataBytes) + " bytes) than " +
                             rt->options.data + " (" + std::to_string(rt->data.bytes()) + " bytes)";
  std::fprintf(stderr, "train: warning: %s: %s\n", path.c_str(), reason.c_str());
  rt->log.event("fault", {{"kind", "data-changed"}, {"path", path}, {"reason", reason}});
}

/// What the step reads is the saved value, rounded.
void loadCopy(sigma_rt rt, CheckpointReader &reader, const Tensor &tensor) {
  const int64_t elem = rt->program.elemOf(State::Copy);
  for (const HeldBox &held : tensor.held(State::Copy, rt->mesh, elemBytes(elem)))
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      std::vector<Wide<T>> values(held.box.elements());
      reader.read(tensor.name, "value", held.box, reinterpret_cast<char *>(values.data()));
      rt->kernels<T>().narrow(values.data(), reinterpret_cast<T *>(rt->arena.data() + held.offset),
                              int64_t(values.size()));
    });
}

LoadedCheckpoint load(sigma_rt rt, const std::string &path) {
  CheckpointReader reader(path);
  int64_t elements = 0;
  checkOrigin(rt, path, reader.manifest());
  for (const Tensor *tensor : rt->ownTensors()) {
    for (const SavedState &state : kSavedStates)
      for (const HeldBox &held : tensor->held(state.state, rt->mesh, reader.elemBytes())) {
        reader.read(tensor->name, state.name, held.box, rt->arena.data() + held.offset);
        elements += held.box.elements();
      }
    loadCopy(rt, reader, *tensor);
  }
  warnOfOtherData(rt, path, reader.manifest());
  return {reader.manifest().step, reader.manifest().lossHex, elements * reader.elemBytes()};
}

enum Outcome { Good, Rejected, Refused };

void reportRejected(sigma_rt rt, const std::string &path, const std::string &reason) {
  std::fprintf(stderr, "train: warning: checkpoint rejected: %s\n", reason.c_str());
  rt->log.event("fault", {{"kind", "checkpoint-rejected"}, {"path", path}, {"reason", reason}});
}

/// Rank 0 says what the ranks found, each reason once.
void report(sigma_rt rt, const std::string &path, const std::vector<std::string> &reasons) {
  const std::set<std::string> unique(reasons.begin(), reasons.end());
  for (const std::string &reason : unique)
    if (!reason.empty())
      reportRejected(rt, path, reason);
}

/// The tracker is only a hint, but one that leads nowhere means that somebody removed a checkpoint.
void reportLostTracker(sigma_rt rt, const CheckpointFolder &folder) {
  const std::string path = folder.path() + "/LATEST";
  if (rt->mesh.rank != 0 || !std::filesystem::exists(path))
    return;
  const int64_t latest = folder.latestStep();
  if (latest < 0)
    reportRejected(rt, path, path + " names no checkpoint");
  else if (!std::filesystem::exists(folder.committedPath(latest)))
    reportRejected(rt, path,
                   path + " names a checkpoint that is missing: " + folder.committedPath(latest));
}

} // namespace

LoadedCheckpoint loadNewest(sigma_rt rt, const CheckpointFolder &folder) {
  reportLostTracker(rt, folder);
  const Json names = Json::parse(broadcastString(rt, Json(folder.candidates()).dump()));
  const int64_t before = residentBytes();
  for (const std::string name : names) {
    const std::string path = folder.path() + "/" + name;
    LoadedCheckpoint loaded;
    std::string reason;
    Outcome outcome = Good;
    try {
      loaded = load(rt, path);
    } catch (const RejectedCheckpoint &error) {
      outcome = Rejected;
      reason = error.what();
    } catch (const UserError &error) {
      outcome = Refused;
      reason = error.what();
    }
    const int64_t worst = largestOf(rt, outcome);
    if (worst == Good) {
      const int64_t growth = largestOf(rt, peakResidentBytes() - before),
                    share = largestOf(rt, loaded.bytes);
      if (rt->mesh.rank == 0)
        rt->log.event("loaded", {{"step", loaded.step},
                                 {"path", path},
                                 {"shareBytes", share},
                                 {"growthBytes", growth}});
      return loaded;
    }
    if (worst == Refused)
      throw UserError(outcome == Refused ? reason : path + ": another rank refused the checkpoint");
    report(rt, path, gatherStrings(rt, reason));
  }
  return {};
}

} // namespace sigma::runtime
