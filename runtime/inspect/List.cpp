#include "runtime/checkpoint/Errors.h"
#include "runtime/checkpoint/Reader.h"
#include "runtime/inspect/Inspect.h"

#include <cstdio>

namespace sigma::runtime {
namespace {

struct Entry {
  std::string path, problem; // empty: the manifest is whole, and every file is there with its size
  Manifest manifest;

  int64_t bytes() const {
    int64_t sum = 0;
    for (const auto &[name, size] : manifest.fileBytes)
      sum += size;
    return sum;
  }
};

Entry entryOf(const std::string &path) {
  Entry entry{path, "", {}};
  try {
    entry.manifest = CheckpointReader(path).manifest();
  } catch (const RejectedCheckpoint &error) {
    entry.problem = error.what();
  }
  return entry;
}

Json jsonOf(const Entry &entry) {
  const Manifest &m = entry.manifest;
  if (!entry.problem.empty())
    return {{"path", entry.path}, {"problem", entry.problem}};
  return {{"path", entry.path},           {"step", m.step},         {"program", m.program},
          {"precision", m.elem},          {"mesh", toJson(m.mesh)}, {"seed", m.seed},
          {"lossHex", m.lossHex},         {"bytes", entry.bytes()}, {"files", m.fileBytes.size()},
          {"tensors", m.tensors().size()}};
}

void print(const Entry &entry) {
  const Manifest &m = entry.manifest;
  if (!entry.problem.empty())
    std::printf("%s: rejected: %s\n", entry.path.c_str(), entry.problem.c_str());
  else
    std::printf("%s: step %lld of %s, %s, %zu tensors in %zu files, %.1f MiB, written by %s\n",
                entry.path.c_str(), static_cast<long long>(m.step), m.program.c_str(),
                m.elem.c_str(), m.tensors().size(), m.fileBytes.size(),
                double(entry.bytes()) / (1 << 20), m.mesh.text().c_str());
}

} // namespace

int list(const ListOptions &options) {
  Json all = Json::array();
  for (const std::string &path : checkpointsAt(options.path)) {
    const Entry entry = entryOf(path);
    if (options.json)
      all.push_back(jsonOf(entry));
    else
      print(entry);
  }
  if (options.json)
    std::printf("%s\n", all.dump(2).c_str());
  return 0;
}

} // namespace sigma::runtime
