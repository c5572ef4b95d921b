#include "runtime/Trace.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Collect.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace sigma::runtime;

/// Room for a step, so that it allocates nothing.
constexpr size_t kSpans = 1 << 16;

static const char *nameOf(SpanKind kind) {
  static const char *const names[] = {"forward",
                                      "recompute",
                                      "backward",
                                      "input gradient",
                                      "weight gradient",
                                      "update",
                                      "send",
                                      "receive",
                                      "tensor collective",
                                      "context exchange",
                                      "all-to-all",
                                      "gather parameters",
                                      "reduce gradients",
                                      "exchange of scalars",
                                      "wait"};
  return names[int64_t(kind)];
}

void Trace::start() {
  spans.clear();
  besides.clear();
  open.clear();
  spans.reserve(kSpans);
  open.reserve(kSpans);
  on = true;
  startNs = nowNs();
}

void Trace::begin(SpanKind kind, int64_t chunk, int64_t microBatch) {
  if (!on)
    return;
  open.push_back(spans.size());
  spans.push_back({kind, chunk, microBatch, nowNs() - startNs, 0});
}

void Trace::end() {
  if (!on)
    return;
  spans[open.back()].endNs = nowNs() - startNs;
  open.pop_back();
}

void Trace::beside(SpanKind kind, int64_t beginNs) {
  if (on)
    besides.push_back({kind, -1, -1, std::max<int64_t>(beginNs - startNs, 0), nowNs() - startNs});
}

std::string Trace::events(int64_t stage, int rank) const {
  std::string text = Json{{"ph", "M"},
                          {"name", "thread_name"},
                          {"pid", stage},
                          {"tid", rank},
                          {"args", {{"name", "rank " + std::to_string(rank)}}}}
                         .dump();
  for (const Span &span : spans) {
    Json event = {{"ph", "X"},
                  {"name", nameOf(span.kind)},
                  {"pid", stage},
                  {"tid", rank},
                  {"ts", double(span.beginNs) / 1e3},
                  {"dur", double(span.endNs - span.beginNs) / 1e3}};
    if (span.microBatch >= 0)
      event["args"] = {{"microBatch", span.microBatch}, {"chunk", span.chunk}};
    text += ",\n" + event.dump();
  }
  for (size_t i = 0; i < besides.size(); ++i)
    for (const auto &[phase, ns] : {std::pair("b", besides[i].beginNs), {"e", besides[i].endNs}})
      text += ",\n" + Json{{"ph", phase},
                           {"cat", "beside"},
                           {"id", std::to_string(rank) + "." + std::to_string(i)},
                           {"name", nameOf(besides[i].kind)},
                           {"pid", stage},
                           {"tid", rank},
                           {"ts", double(ns) / 1e3}}
                          .dump();
  return text;
}

static std::string temporary(const std::string &path) { return path + ".tmp"; }

void sigma::runtime::checkTraceFile(const std::string &path) {
  if (std::filesystem::is_directory(path) || !std::ofstream(temporary(path)))
    throw UserError("the trace " + path + " cannot be written");
  std::remove(temporary(path).c_str());
}

static std::string stageNames(const Runtime &rt) {
  std::string text;
  for (int64_t stage = 0; stage < rt.mesh.shape.pp; ++stage)
    text += Json{{"ph", "M"},
                 {"name", "process_name"},
                 {"pid", stage},
                 {"args", {{"name", "stage " + std::to_string(stage)}}}}
                .dump() +
            ",\n";
  return text;
}

void sigma::runtime::writeTrace(sigma_rt rt) {
  const std::vector<std::string> all =
      gatherStrings(rt, rt->trace.events(rt->mesh.ppIndex, rt->mesh.rank));
  if (rt->mesh.rank != 0)
    return;
  const std::string &path = rt->options.trace;
  std::ofstream file(temporary(path));
  file << "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" << stageNames(*rt);
  for (size_t rank = 0; rank < all.size(); ++rank)
    file << (rank ? ",\n" : "") << all[rank];
  file << "\n]}\n";
  file.close();
  if (file && std::rename(temporary(path).c_str(), path.c_str()) == 0)
    return;
  std::remove(temporary(path).c_str());
  std::fprintf(stderr, "train: warning: the trace %s cannot be written\n", path.c_str());
}

void sigma_begin_span(sigma_rt rt, sigma_i64 kind, sigma_i64 chunk, sigma_i64 microBatch) {
  rt->trace.begin(SpanKind(kind), chunk, microBatch);
}

void sigma_end_span(sigma_rt rt) { rt->trace.end(); }
