#include "runtime/recovery/Validation.h"
#include "runtime/recovery/Launch.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace sigma::runtime {
namespace {

struct Figure {
  const char *name;
  double NodeFigures::*value;
};
constexpr Figure kFigures[] = {{"FLOP/s", &NodeFigures::flopsPerS},
                               {"bytes/s of memory", &NodeFigures::memoryBytesPerS},
                               {"bytes/s of its link", &NodeFigures::linkBytesPerS}};

double upperMedian(std::vector<double> values) {
  if (values.empty())
    return 0;
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string shortText(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// The worst of a host's ranks.
NodeFigures worstOf(const std::vector<NodeFigures> &ranks, size_t first, size_t count) {
  NodeFigures worst = ranks[first];
  for (size_t i = first; i < first + count; ++i)
    for (const Figure &figure : kFigures)
      worst.*figure.value = std::min(worst.*figure.value, ranks[i].*figure.value);
  // A slot without a partner has no link to show.
  worst.linkBytesPerS = ranks[first].linkBytesPerS;
  return worst;
}

} // namespace

std::map<std::string, std::string> slowNodes(const std::map<std::string, NodeFigures> &figures,
                                             const NodeLimits &limits) {
  std::map<std::string, std::string> slow;
  for (const Figure &figure : kFigures) {
    std::vector<double> values;
    for (const auto &[name, node] : figures)
      if (node.*figure.value > 0)
        values.push_back(node.*figure.value);
    const double median = upperMedian(values), least = limits.least.*figure.value;
    for (const auto &[name, node] : figures) {
      const double value = node.*figure.value;
      if (value == 0 && figure.value == &NodeFigures::linkBytesPerS)
        continue; // it had no partner
      if (value * limits.slowFactor < median)
        slow.emplace(name, "is slow: " + shortText(value) + " " + figure.name + ", the median " +
                               shortText(median));
      else if (value < least)
        slow.emplace(name, "is slow: " + shortText(value) + " " + figure.name + ", at least " +
                               shortText(least) + " is asked");
    }
  }
  return slow;
}

bool Validation::answers(const Host &host) const { return figures.count(host.name) > 0; }

bool Validation::isGood(const Host &host) const {
  return answers(host) && figures.at(host.name).linkBytesPerS > 0 &&
         slowNodes(figures, limits).count(host.name) == 0;
}

void Validation::measure(const std::vector<Pair> &pairs) {
  std::vector<std::vector<std::string>> commands;
  const auto fileOf = [&](size_t i) { return scratch + "." + std::to_string(i); };
  for (size_t i = 0; i < pairs.size(); ++i)
    commands.push_back(command(pairs[i], fileOf(i)));
  launchAll(commands, mostSeconds);
  for (size_t i = 0; i < pairs.size(); ++i) {
    const std::vector<NodeFigures> ranks = readProof(fileOf(i));
    unlink(fileOf(i).c_str());
    if (int64_t(ranks.size()) != slotsOf(pairs[i]))
      continue;
    size_t first = 0;
    for (const Host &host : pairs[i]) {
      const NodeFigures shown = worstOf(ranks, first, size_t(host.slots));
      for (const Figure &figure : kFigures) {
        double &best = figures[host.name].*figure.value;
        best = std::max(best, shown.*figure.value);
      }
      first += size_t(host.slots);
    }
  }
}

/// Two and two, those that answer.
std::vector<Validation::Pair> Validation::pairsOf(const std::vector<Host> &candidates) const {
  std::vector<Pair> pairs;
  for (const Host &host : candidates)
    if (answers(host)) {
      if (pairs.empty() || pairs.back().size() == 2)
        pairs.emplace_back();
      pairs.back().push_back(host);
    }
  if (!pairs.empty() && pairs.back().size() == 1)
    pairs.pop_back();
  return pairs;
}

/// Each that answers, and has not shown that it is good, beside a good one of its own.
std::vector<Validation::Pair> Validation::secondRound(const std::vector<Host> &candidates,
                                                      const std::vector<Host> &others) const {
  std::vector<Host> good = others, doubtful;
  for (const Host &host : candidates)
    if (answers(host))
      (isGood(host) ? good : doubtful).push_back(host);
  std::vector<Pair> pairs;
  for (size_t i = 0; i < std::min(doubtful.size(), good.size()); ++i)
    pairs.push_back({good[i], doubtful[i]});
  return pairs;
}

/// A node that answers alone, and beside nobody where others do, has no link.
bool Validation::isSilent(const Host &host) const {
  const auto hasLink = [](const auto &each) { return each.second.linkBytesPerS > 0; };
  return !answers(host) || (figures.at(host.name).linkBytesPerS == 0 &&
                            std::any_of(figures.begin(), figures.end(), hasLink));
}

void Validation::measureAlone(const std::vector<Host> &candidates) {
  std::vector<Pair> alone;
  for (const Host &host : candidates) {
    figures.erase(host.name);
    alone.push_back({host});
  }
  measure(alone);
}

std::vector<Host> Validation::answering(const std::vector<Host> &candidates) {
  measureAlone(candidates);
  const std::map<std::string, std::string> slow = slowNodes(figures, limits);
  std::vector<Host> good;
  for (const Host &host : candidates)
    if (answers(host) && slow.count(host.name) == 0)
      good.push_back(host);
    else
      figures.erase(host.name);
  return good;
}

std::map<std::string, std::string> Validation::validate(const std::vector<Host> &candidates,
                                                        const std::vector<Host> &others) {
  measureAlone(candidates);
  measure(pairsOf(candidates));
  measure(secondRound(candidates, others));
  const std::map<std::string, std::string> slow = slowNodes(figures, limits);
  std::map<std::string, std::string> wrong;
  for (const Host &host : candidates)
    if (isSilent(host))
      wrong[host.name] = kSilent;
    else if (const auto found = slow.find(host.name); found != slow.end())
      wrong[host.name] = found->second;
  for (const auto &[name, reason] : wrong)
    figures.erase(name); // no part of later medians
  return wrong;
}

} // namespace sigma::runtime
