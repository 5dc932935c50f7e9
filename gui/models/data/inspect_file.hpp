// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <functional>
#include <stdexcept>
#include <vector>

namespace kvroof::gui {

/// Magnitudes of one side of the cache, keys or values, of one head.
struct InspectPlane {
  QString side;  // "keys" or "values"
  int layer = 0;
  int head = 0;
  std::size_t numTokens = 0;    // rows of cells; a cell may stand for several tokens
  std::size_t numChannels = 0;  // columns of cells
  std::size_t tokensPerCell = 1;
  std::vector<float> magnitudes;  // [cell of tokens, channel]: mean absolute value
  std::vector<float> kept;  // [cell of tokens, channel]: share that survived; empty without a mask
};

/// What `kvroof inspect` wrote: docs/viewer.md describes the file.
struct InspectFile {
  QString path;
  QString source;  // model or generator the cache came from
  QString rule;    // pruning rule of the mask; "" when there is none
  std::vector<InspectPlane> planes;
};

/// what() is a sentence for people that names the file.
class InspectError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Whether a file begins as an inspect file, not as a trace. What is no plain file is not opened.
bool isInspect(const QString& path);

/// Asked every few milliseconds, by the thread that reads.
using IsCancelled = std::function<bool()>;

/// Throws InspectError when the file cannot be read, is no inspect file, is of a newer schema, its
/// numbers do not fit its shapes, or reading was cancelled.
InspectFile readInspect(const QString& path, const IsCancelled& isCancelled = {});

}  // namespace kvroof::gui
