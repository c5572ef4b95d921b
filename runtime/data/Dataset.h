// The training data: a file whose bytes are tokens. Which bytes a step sees is a function of (seed,
// step, sample) alone.
#ifndef SIGMA_RUNTIME_DATA_DATASET_H
#define SIGMA_RUNTIME_DATA_DATASET_H

#include <cstdint>
#include <string>

namespace sigma::runtime {

/// Tokens, and the token that follows each of them.
class Sample {
public:
  explicit Sample(const uint8_t *text) : text(text) {}
  int32_t token(int64_t position) const { return text[position]; }
  int32_t target(int64_t position) const { return text[position + 1]; }

private:
  const uint8_t *text;
};

class Dataset {
public:
  Dataset() = default;
  Dataset(const Dataset &) = delete;
  Dataset &operator=(const Dataset &) = delete;
  ~Dataset();

  /// Maps the file. Throws UserError, naming the file, when it cannot serve.
  void open(const std::string &path, int64_t sequence, int64_t vocabulary, uint64_t seed);

  /// The sample with this global number, of `sequence` tokens.
  Sample sample(int64_t number) const;

  int64_t windows() const { return (size - 1) / sequence; }
  int64_t bytes() const { return size; }
  /// Of the whole file: tells one data file from another when a run resumes.
  uint32_t checksum() const;

private:
  const uint8_t *text = nullptr;
  int64_t size = 0, sequence = 1;
  uint64_t seed = 0;
};

} // namespace sigma::runtime

#endif
