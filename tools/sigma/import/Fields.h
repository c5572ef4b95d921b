//===- Fields.h - reads the fields of a configuration -------------*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_FIELDS_H
#define TOOLS_SIGMA_IMPORT_FIELDS_H

#include "tools/sigma/import/Diagnostics.h"
#include "tools/sigma/import/Json.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"

namespace sigma::config {

/// The largest size of anything that the dialect takes.
inline constexpr int64_t kMaxSize = 1 << 24;

/// A key and what its absence means. Without a key the flag is never read.
struct Flag {
  llvm::StringRef key;
  bool otherwise = false;
};

/// Which value was taken, and from where.
struct Origin {
  std::string path, value;
  unsigned line;   // 0: no line says it
  std::string why; // of a value that no line says
};

/// An object and its path from the root.
struct Scope {
  const Value *object;
  std::string path; // "$.text_config"
};

/// What reading has left behind, whichever object the fields were in.
struct Record {
  std::vector<Origin> origins;
  llvm::DenseSet<const Value *> read;
  std::vector<Scope> objects; // whose keys must all be read

  void add(const Scope &scope) {
    if (llvm::none_of(objects, [&](const Scope &known) { return known.object == scope.object; }))
      objects.push_back(scope);
  }
};

/// Typed access to the fields of one object, or of several that hold the fields of one model. A
/// field has all names of namesOf(). What is wrong is reported once, and reading goes on with a
/// harmless value.
class Fields {
public:
  Fields(std::vector<Scope> scopes, Record &record, Diagnostics &diagnostics)
      : scopes(std::move(scopes)), record(record), diagnostics(diagnostics) {
    for (const Scope &scope : this->scopes)
      record.add(scope);
  }

  /// Sizes are integers from 1 to kMaxSize.
  int64_t size(llvm::StringRef key);
  int64_t size(llvm::StringRef key, int64_t otherwise,
               llvm::StringRef why = "default of the architecture");
  /// None: `null`, or absent where `absent` is none.
  std::optional<int64_t> sizeOrNull(llvm::StringRef key,
                                    std::optional<int64_t> absent = std::nullopt);
  /// Counts may be 0.
  int64_t count(llvm::StringRef key, int64_t otherwise);
  /// One count for each layer: a number for all, or a list of `layers` numbers.
  std::vector<int64_t> countPerLayer(llvm::StringRef key, int64_t otherwise, int64_t layers);

  bool flag(const Flag &flag);
  double positive(llvm::StringRef key, double otherwise);
  /// None: `null`, or absent where `absent` is none.
  std::optional<double> positiveOrNull(llvm::StringRef key,
                                       std::optional<double> absent = std::nullopt);
  double notNegative(llvm::StringRef key, double otherwise);
  std::string word(llvm::StringRef key, llvm::StringRef otherwise);
  std::vector<double> positives(llvm::StringRef key);
  std::vector<std::string> words(llvm::StringRef key, int64_t length);
  /// Layer numbers, or null when the field is absent.
  std::optional<std::vector<int64_t>> indices(llvm::StringRef key, int64_t below);
  /// 0 and 1 for each layer, or null when the field is absent.
  std::optional<std::vector<int64_t>> zerosAndOnes(llvm::StringRef key, int64_t length);
  /// The fields of an object; none when the field is absent or null.
  std::optional<Fields> object(llvm::StringRef key);

  /// Present and not null. Does not count as reading.
  bool has(llvm::StringRef key) const { return peek(key) != nullptr; }
  /// The value of a field that is there and not null.
  const Value *peek(llvm::StringRef key) const;
  /// The field has no meaning here, whatever it holds.
  void skip(llvm::StringRef key, llvm::StringRef why);
  /// Where a field stands; the beginning of the object when it is absent.
  size_t offset(llvm::StringRef key) const;
  Place place(llvm::StringRef key) const { return diagnostics.place(offset(key)); }
  llvm::StringRef file() const { return diagnostics.file(); }

  /// "$.key: value …; supported: …"
  void refuse(llvm::StringRef key, const llvm::Twine &supported);
  /// The field says that the model has `feature`.
  void refuseFeature(llvm::StringRef key, llvm::StringRef feature);
  void warn(llvm::StringRef key, const llvm::Twine &message);
  /// Notes a value that follows from others.
  void derive(llvm::StringRef key, const llvm::Twine &value, llvm::StringRef why);

  bool failed() const { return diagnostics.failed(); }

private:
  struct Found {
    const Member *member = nullptr;
    std::string path;
  };
  std::vector<Found> findAll(llvm::StringRef key) const;
  /// The field's value, marked as read, or null; names that disagree are refused.
  const Value *take(llvm::StringRef key);
  Found choose(llvm::StringRef key) const;
  std::optional<int64_t> integer(const Value &value, int64_t least, int64_t most) const;
  std::optional<int64_t> takeInteger(llvm::StringRef key, int64_t least);
  std::optional<double> takeNumber(llvm::StringRef key, llvm::StringRef supported,
                                   bool (*isGood)(double));
  const Value *takeList(llvm::StringRef key, llvm::StringRef supported,
                        std::optional<size_t> length);
  std::vector<int64_t> integers(llvm::StringRef key, const Value &list, int64_t least, int64_t most,
                                llvm::StringRef supported);

  std::vector<Scope> scopes;
  Record &record;
  Diagnostics &diagnostics;
};

} // namespace sigma::config

#endif
