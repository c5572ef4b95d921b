//===- Splits.h - what of a block can be split over ranks -------*- C++ -*-===//

#ifndef DIALECTS_SIGMA_SPLITS_H
#define DIALECTS_SIGMA_SPLITS_H

#include <cstdint>

namespace mlir::sigma {

/// Numbers that degrees of parallelism must divide; 0 where any degree does.
struct Splits {
  int64_t tensor = 0;       // by tp: heads, widths, vocabulary
  int64_t expertTensor = 0; // by etp: widths of experts
  int64_t heads = 0;        // by tp x cp, where context parallelism is all-to-all
  bool context = true;      // whether ranks may share a sequence: cp above 1

  /// What both can be split by.
  Splits operator&(const Splits &other) const;
};

} // namespace mlir::sigma

#endif // DIALECTS_SIGMA_SPLITS_H
