#include "bench/planner/Report.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace sigma::bench;

static constexpr int kWrongCommandLine = 2;

Options::Options(int argc, char **argv, const std::string &usage,
                 std::vector<std::pair<std::string, int64_t>> defaults)
    : values(std::move(defaults)) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--json") {
      json = true;
      continue;
    }
    const bool isHelp = argument == "--help";
    auto option = std::find_if(values.begin(), values.end(), [&](const auto &value) {
      return argument.rfind("--" + value.first + "=", 0) == 0;
    });
    char *end = nullptr;
    if (option != values.end())
      option->second = strtoll(argument.c_str() + option->first.size() + 3, &end, 10);
    if (end && *end == 0 && end[-1] != '=' && option->second >= 0)
      continue;
    fprintf(isHelp ? stdout : stderr, "%s%s\n",
            isHelp ? "" : ("error: " + argument + " is no option\n").c_str(), usage.c_str());
    exit(isHelp ? 0 : kWrongCommandLine);
  }
}

int64_t Options::get(const std::string &name) const {
  const auto option = std::find_if(values.begin(), values.end(),
                                   [&](const auto &value) { return value.first == name; });
  return option->second;
}

static std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text)
    result += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return result + "\"";
}

static void printJson(const std::vector<Row> &rows, bool isRight) {
  printf("{\"ok\": %s, \"rows\": [", isRight ? "true" : "false");
  for (const Row &row : rows) {
    printf("%s\n  {\"name\": %s", &row == &rows.front() ? "" : ",", quoted(row.name).c_str());
    for (const auto &[name, value] : row.figures)
      printf(", %s: %lld", quoted(name).c_str(), static_cast<long long>(value));
    printf(", \"mismatches\": %zu, \"seconds\": %.1f, \"complaints\": [", row.complaints.size(),
           row.seconds);
    for (const std::string &complaint : row.complaints)
      printf("%s%s", &complaint == &row.complaints.front() ? "" : ", ", quoted(complaint).c_str());
    printf("]}");
  }
  printf("\n]}\n");
}

static void printTable(const std::vector<Row> &rows, bool isRight) {
  constexpr size_t kMostComplaints = 10;
  for (const Row &row : rows) {
    printf("%s\n", row.name.c_str());
    for (const auto &[name, value] : row.figures)
      printf("  %-44s %10lld\n", name.c_str(), static_cast<long long>(value));
    printf("  %-44s %10zu\n  %-44s %10.1f\n", "mismatches", row.complaints.size(), "seconds",
           row.seconds);
    for (size_t i = 0; i < std::min(row.complaints.size(), kMostComplaints); ++i)
      printf("  MISMATCH %s\n", row.complaints[i].c_str());
  }
  printf("%s\n", isRight ? "ok" : "FAILED");
}

int sigma::bench::report(const Options &options, const std::vector<Row> &rows) {
  const bool isRight =
      std::all_of(rows.begin(), rows.end(), [](const Row &row) { return row.complaints.empty(); });
  options.json ? printJson(rows, isRight) : printTable(rows, isRight);
  return isRight ? 0 : 1;
}
