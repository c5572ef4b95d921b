#include "runtime/checkpoint/Checkpointer.h"
#include "runtime/comm/Collect.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace sigma::runtime {

Checkpointer::Checkpointer(sigma_rt rt, const std::string &folder)
    : rt(rt), home(folder), dataCrc(rt->mesh.rank == 0 ? rt->data.checksum() : 0) {
  for (const Tensor *tensor : rt->ownTensors())
    for (const SavedState &state : kSavedStates)
      addItems(*tensor, state);
  int64_t bytes = 0;
  for (Item &item : items) {
    item.bufferOffset = bytes;
    bytes += (item.shard.bytes + 4095) / 4096 * 4096;
  }
  buffer.allocate(bytes);
}

Checkpointer::~Checkpointer() { waitForPublisher(); }

void Checkpointer::addItems(const Tensor &tensor, const SavedState &state) {
  const int64_t bytes = elemBytes(rt->program.elemOf(state.state));
  const std::string dataset = std::string(state.name) + "/" + tensor.name;
  const size_t before = items.size();
  for (HeldBox &saved : tensor.saved(state.state, rt->mesh, bytes)) {
    Shard shard;
    shard.tensor = tensor.name;
    shard.state = state.name;
    shard.file = rankFileName(rt->mesh.rank);
    // A run that cuts through rows is several boxes.
    const size_t number = items.size() - before;
    shard.dataset = number == 0 ? dataset : dataset + "#" + std::to_string(number);
    shard.globalShape = tensor.globalShape(rt->mesh.shape);
    shard.box = std::move(saved.box);
    shard.bytes = shard.box.elements() * bytes;
    items.push_back({std::move(shard), saved.offset, 0});
  }
}

bool Checkpointer::isDue() const {
  const int64_t done = rt->step.number();
  return done % rt->options.checkpointInterval == 0 || done == rt->options.steps ||
         rt->step.stopAgreed;
}

void Checkpointer::endOfStep() {
  if (inFlight && commitDue)
    commit();
  if (!isDue())
    return;
  if (inFlight) // one at a time: the snapshot's memory is still being written
    commit();
  snapshot(rt->step.number());
}

void Checkpointer::save(int64_t done) {
  snapshot(done);
  finish();
}

void Checkpointer::abandon() {
  writer.take();
  waitForPublisher();
  inFlight = commitDue = false;
}

void Checkpointer::finish() {
  if (inFlight)
    commit();
  waitForPublisher();
}

void Checkpointer::waitForPublisher() {
  if (publisher.joinable())
    publisher.join();
}

void Checkpointer::snapshot(int64_t done) {
  const int64_t start = nowNs();
  step = done;
  lossHex = hexFloat(rt->step.loss);
  error.clear();
  inFlight = true;
  commitDue = false;
  const std::string path = home.temporaryPath(step) + "/" + rankFileName(rt->mesh.rank);
  try {
    makeFolder(home.temporaryPath(step));
    std::vector<DatasetSpec> datasets;
    for (const Item &item : items)
      datasets.push_back({item.shard.dataset, item.shard.box.extent});
    const std::vector<int64_t> places =
        items.empty() ? std::vector<int64_t>()
                      : createRankFile(path, rt->program.elemOf(State::Value), datasets);
    std::vector<PayloadPiece> pieces;
    for (size_t i = 0; i < items.size(); ++i) {
      char *copy = buffer.data() + items[i].bufferOffset;
      std::memcpy(copy, rt->arena.data() + items[i].arenaOffset, items[i].shard.bytes);
      pieces.push_back({copy, items[i].shard.bytes, places[i]});
    }
    if (!items.empty())
      writer.start(path, std::move(pieces));
  } catch (const std::exception &failure) {
    error = failure.what();
  }
  stallNs = nowNs() - start;
}

Json Checkpointer::ownReport() {
  PayloadResult result = writer.take();
  if (error.empty())
    error = result.error;
  Json report = {{"error", error},
                 {"stallNs", stallNs},
                 {"writeNs", result.writeNs},
                 {"shards", Json::array()}};
  if (!error.empty() || items.empty())
    return report;
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].shard.crc = result.checksums[i];
    report["shards"].push_back(toJson(items[i].shard));
  }
  const std::string file = rankFileName(rt->mesh.rank);
  struct stat status = {};
  stat((home.temporaryPath(step) + "/" + file).c_str(), &status);
  report["file"] = file;
  report["fileBytes"] = int64_t(status.st_size);
  report["direct"] = result.direct;
  return report;
}

void Checkpointer::commit() {
  const HangWatch::ForDisk patient(rt);
  const std::vector<std::string> reports = gatherStrings(rt, ownReport().dump());
  inFlight = commitDue = false;
  if (rt->mesh.rank == 0)
    commitReports(reports);
}

void Checkpointer::commitReports(const std::vector<std::string> &texts) {
  std::vector<Json> reports;
  std::string failure;
  for (const std::string &text : texts) {
    reports.push_back(Json::parse(text));
    if (failure.empty())
      failure = reports.back()["error"];
  }
  if (!failure.empty())
    return giveUp(step, failure);
  waitForPublisher();
  try {
    publish(reports);
  } catch (const std::exception &problem) {
    giveUp(step, problem.what());
  }
}

void Checkpointer::giveUp(int64_t lost, const std::string &reason) {
  // The run goes on without this checkpoint; the older ones are still there.
  home.discard(lost);
  std::fprintf(stderr, "train: warning: the checkpoint of step %lld was given up: %s\n",
               static_cast<long long>(lost), reason.c_str());
  rt->log.event("fault", {{"kind", "checkpoint-failed"}, {"step", lost}, {"reason", reason}});
}

/// What the log says of a checkpoint; times are the slowest rank's.
static Json summary(const Manifest &manifest, const std::string &path,
                    const std::vector<Json> &reports) {
  int64_t bytes = 0, stall = 0, write = 0;
  bool direct = true;
  for (const Shard &shard : manifest.shards)
    bytes += shard.bytes;
  for (const Json &report : reports) {
    stall = std::max<int64_t>(stall, report["stallNs"]);
    write = std::max<int64_t>(write, report["writeNs"]);
    direct = direct && report.value("direct", true);
  }
  return {{"step", manifest.step}, {"path", path},     {"bytes", bytes},
          {"stallNs", stall},      {"writeNs", write}, {"directIo", direct}};
}

void Checkpointer::publish(const std::vector<Json> &reports) {
  const int64_t start = nowNs();
  const Manifest manifest = describe(reports);
  writeManifest(home.temporaryPath(step), manifest);
  Json event = summary(manifest, home.committedPath(step), reports);
  event["manifestNs"] = nowNs() - start;
  // Syncs and removals wait for the disk, and need neither HDF5 nor MPI.
  publisher = startQuietThread([this, done = step, event]() mutable {
    const int64_t begin = nowNs();
    try {
      syncManifest(home.temporaryPath(done));
      home.commit(done);
      committed = done;
      home.prune(done, rt->options.keep);
      event["commitNs"] = nowNs() - begin;
      rt->log.event("checkpoint", event);
    } catch (const std::exception &problem) {
      giveUp(done, problem.what());
    }
  });
}

Manifest Checkpointer::describe(const std::vector<Json> &reports) const {
  Manifest m;
  m.step = step;
  m.seed = rt->options.seed;
  m.program = rt->program.name;
  m.programHash = rt->program.hash;
  m.elem = elemName(rt->program.elemOf(State::Value));
  m.mesh = rt->mesh.shape;
  m.globalBatch = rt->program.globalBatch;
  m.sequence = rt->program.sequence;
  m.dataBytes = rt->data.bytes();
  m.dataCrc = dataCrc;
  m.lossHex = lossHex;
  for (const Json &report : reports) {
    for (const Json &shard : report["shards"])
      m.shards.push_back(shardFromJson(shard));
    if (report.contains("file"))
      m.fileBytes[report["file"]] = report["fileBytes"];
  }
  return m;
}

} // namespace sigma::runtime
