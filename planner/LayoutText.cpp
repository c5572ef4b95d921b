#include "planner/LayoutText.h"

#include <algorithm>
#include <map>
#include <vector>

using namespace sigma::planner;

static std::string str(int64_t value) { return std::to_string(value); }

std::string sigma::planner::formatLayout(const Layout &layout, const std::string &separator) {
  std::string text;
  auto add = [&](const std::string &item) { text += (text.empty() ? "" : separator) + item; };
  auto addAxis = [&](Axis axis, const std::string &more = {}) {
    if (layout.get(axis) > 1)
      add(axisName(axis) + (" " + str(layout.get(axis))) + more);
  };
  addAxis(Axis::Tp);
  addAxis(Axis::Cp, std::string(" ") + contextKindName(layout.contextKind));
  addAxis(Axis::Pp);
  addAxis(Axis::Vpp);
  addAxis(Axis::Dp);
  addAxis(Axis::Ep, " (edp " + str(layout.edp()) + ")");
  addAxis(Axis::Etp);
  if (layout.zero > 0)
    add("zero " + str(layout.zero));
  if (layout.expertZero > 0)
    add("expert zero " + str(layout.expertZero));
  add("micro-batch " + str(layout.microBatch) + " x " + str(layout.numMicroBatches));
  if (layout.pp > 1)
    add(scheduleName(layout.schedule));
  if (layout.placement != Placement::StagesOutside)
    add(placementName(layout.placement));
  return text;
}

std::string sigma::planner::formatRemat(const StagePlan &stage) {
  std::map<std::string, int64_t> counts;
  for (const std::string &mode : stage.remat)
    if (mode != "none")
      ++counts[mode];
  std::string text;
  for (const auto &[mode, count] : counts)
    text += (text.empty() ? "" : ", ") + mode + " " + str(count);
  return text.empty() ? "-" : text;
}

namespace {

using Row = std::vector<std::string>;

// More chunks than this are counted, not listed.
constexpr size_t kListedChunks = 2;

std::string layersOfOne(const StagePlan &stage) {
  if (stage.chunks.size() > kListedChunks)
    return str(stage.numLayers()) + " in " + str(int64_t(stage.chunks.size())) + " chunks";
  std::string text;
  for (const LayerRange &chunk : stage.chunks)
    text += (text.empty() ? "" : ", ") + str(chunk.first) + ".." + str(chunk.end);
  return text;
}

std::string layersOfMany(const StagePlan &first, const StagePlan &last) {
  if (first.chunks.size() == 1)
    return str(first.chunks[0].first) + ".." + str(last.chunks[0].end) + ", " +
           str(first.numLayers()) + " each";
  return str(first.numLayers()) + " each in " + str(int64_t(first.chunks.size())) + " chunks";
}

bool holdAsMany(const StagePlan &a, const StagePlan &b) {
  return std::equal(a.chunks.begin(), a.chunks.end(), b.chunks.begin(), b.chunks.end(),
                    [](const LayerRange &x, const LayerRange &y) { return x.size() == y.size(); });
}

Row cellsOf(const StagePlan &stage, const std::vector<StageColumn> &columns) {
  Row cells;
  for (const StageColumn &column : columns)
    cells.push_back(column.cell(stage));
  return cells;
}

std::vector<Row> foldStages(const Plan &plan, const std::vector<StageColumn> &columns) {
  std::vector<Row> rows;
  for (size_t first = 0, end; first < plan.stages.size(); first = end) {
    Row cells = cellsOf(plan.stages[first], columns);
    end = first + 1;
    while (end < plan.stages.size() && holdAsMany(plan.stages[first], plan.stages[end]) &&
           cellsOf(plan.stages[end], columns) == cells)
      ++end;
    bool isOne = end == first + 1;
    std::string number = str(int64_t(first)) + (isOne ? "" : ".." + str(int64_t(end - 1)));
    std::string layers = isOne ? layersOfOne(plan.stages[first])
                               : layersOfMany(plan.stages[first], plan.stages[end - 1]);
    cells.insert(cells.begin(), {number, layers});
    rows.push_back(cells);
  }
  return rows;
}

bool isNothing(const std::string &cell) { return cell == "-" || cell == "0 ns" || cell == "0 B"; }

} // namespace

std::string sigma::planner::formatStages(const Plan &plan,
                                         const std::vector<StageColumn> &columns) {
  std::vector<Row> rows = foldStages(plan, columns);
  Row header = {"stage", "layers"};
  for (const StageColumn &column : columns)
    header.push_back(column.header);
  std::vector<std::string> lines(rows.size() + 1);
  rows.insert(rows.begin(), header);
  for (size_t column = 0; column < header.size(); ++column) {
    size_t width = 0;
    bool isEmpty = true;
    for (size_t row = 0; row < rows.size(); ++row) {
      width = std::max(width, rows[row][column].size());
      isEmpty &= row == 0 || isNothing(rows[row][column]);
    }
    if (isEmpty)
      continue;
    for (size_t row = 0; row < rows.size(); ++row) {
      std::string padding(width - rows[row][column].size(), ' ');
      lines[row] +=
          "  " + (column == 1 ? rows[row][column] + padding : padding + rows[row][column]);
    }
  }
  std::string text;
  for (const std::string &line : lines)
    text += line + "\n";
  return text;
}
